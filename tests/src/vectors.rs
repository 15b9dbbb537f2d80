//! The test vectors of `tests/vectors/`, made from nothing: no clock, no random generator, and none
//! of `dayseal-format`, so that the vectors are a second reading of `docs/spec/`.
//!
//! The bytes of good batches depend on zstd's encoder; `Cargo.lock` pins its version, and the files
//! are checked in. A newer zstd may change them: then the old files stay, under their names, and the
//! generator's move to new ones.

mod batches;
mod contents;
mod entry_proofs;
mod hints;
mod manifests;
mod mini;
mod notes;
mod privacy;
mod statements;
mod tables;
mod texts;

use std::collections::BTreeMap;

/// Name of the table of each folder.
pub const INDEX: &str = "INDEX.tsv";

const INDEX_HEAD: &str =
    "# file\texpect\tinputs; made by `cargo run -p dayseal-tests --example make_vectors`\n";

/// All vectors: path below `tests/vectors/` and contents.
pub fn generate() -> BTreeMap<String, Vec<u8>> {
    let mut set = Set::default();
    batches::add(&mut set);
    contents::add(&mut set);
    entry_proofs::add(&mut set);
    hints::add(&mut set);
    manifests::add(&mut set);
    notes::add(&mut set);
    texts::add(&mut set);
    tables::add(&mut set);
    privacy::add(&mut set);
    statements::add(&mut set);
    let mut files = set.files;
    for (folder, lines) in set.index {
        let text = INDEX_HEAD.to_owned() + &lines.concat();
        files.insert(format!("{folder}/{INDEX}"), text.into_bytes());
    }
    files
}

/// Vectors being collected.
#[derive(Default)]
struct Set {
    files: BTreeMap<String, Vec<u8>>,
    index: BTreeMap<String, Vec<String>>,
}

impl Set {
    /// One case: `expect` is `success` or a failure code, `inputs` are `name=value` without spaces.
    fn case(
        &mut self,
        folder: &str,
        name: &str,
        bytes: impl Into<Vec<u8>>,
        expect: &str,
        inputs: &[(&str, &str)],
    ) {
        let inputs: Vec<_> = inputs.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let line = format!("{name}\t{expect}\t{}\n", inputs.join(" "));
        self.index.entry(folder.to_owned()).or_default().push(line);
        let old = self.files.insert(format!("{folder}/{name}"), bytes.into());
        assert!(old.is_none(), "{folder}/{name} is made twice");
    }
}
