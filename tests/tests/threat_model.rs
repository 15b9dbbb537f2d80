//! `docs/threat-model.md` names a test for each threat: they exist, and what is marked † does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::fs;
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All code of the tests that the page may name.
fn tests() -> String {
    let folders = ["tests/tests", "crates/cli/tests/cli", "crates/auditor/tests/erase"]
        .map(|f| top().join(f));
    let files = folders.iter().flat_map(|f| fs::read_dir(f).unwrap()).map(|f| f.unwrap().path());
    let code = files.filter(|f| f.extension().is_some_and(|e| e == "rs"));
    code.map(|f| fs::read_to_string(f).unwrap()).collect()
}

#[test]
fn every_threat_has_the_test_it_names() {
    let page = fs::read_to_string(top().join("docs/threat-model.md")).unwrap();
    let tests = tests();
    let rows = page.lines().filter(|l| l.starts_with("| ") && l.split(" | ").count() == 6);
    let rows = rows.map(|l| l.trim_matches(['|', ' ']));
    let cells = rows.filter_map(|row| row.rsplit_once(" | ")).map(|(_, last)| last);
    let mut named = 0;
    for cell in cells {
        let mut parts = cell.split('`');
        parts.next();
        while let (Some(name), Some(behind)) = (parts.next(), parts.next()) {
            // `vectors` is a file of them; other words in backticks are no test names.
            if !name.contains('_') || name == "vectors" || name.contains('.') {
                continue;
            }
            let exists = tests.contains(&format!("fn {name}("));
            let to_come = behind.starts_with('†');
            assert!(exists != to_come, "{name}: exists: {exists}, marked as to come: {to_come}");
            named += 1;
        }
    }
    assert!(named > 40, "only {named} names found: the page's form changed");
}
