//! Writes `tests/vectors/` anew: `cargo run -p dayseal-tests --example make_vectors [DIR]`.
//!
//! Folders that it makes are emptied first; others are left alone.

use std::collections::BTreeSet;
use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let dir = std::env::args_os().nth(1).map_or_else(default, PathBuf::from);
    let files = dayseal_tests::vectors::generate();
    let folders: BTreeSet<_> = files.keys().filter_map(|k| k.split('/').next()).collect();
    for folder in folders {
        let folder = dir.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
    }
    for (name, bytes) in &files {
        fs::write(dir.join(name), bytes)?;
    }
    println!("{} files", files.len());
    Ok(())
}
