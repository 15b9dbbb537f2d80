//! The commands.

pub(crate) mod ack;
pub(crate) mod activity;
pub(crate) mod bundle;
pub(crate) mod cat;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod content;
mod destroy;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod health;
pub(crate) mod hold;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod init;
pub(crate) mod officer;
pub(crate) mod policy;
pub(crate) mod prove;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod removal;
pub(crate) mod report;
pub(crate) mod retention;
pub(crate) mod rotate;
pub(crate) mod seal;
pub(crate) mod show;
#[cfg(feature = "sql")]
pub(crate) mod sql;
pub(crate) mod subject;
pub(crate) mod tail;
pub(crate) mod trace;
pub(crate) mod verify;
pub(crate) mod verify_bundle;
pub(crate) mod verify_proof;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces a file in one step: a reader sees the old bytes or the new, never half.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a file that must not exist yet.
pub(crate) fn create_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}
