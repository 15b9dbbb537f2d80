//! `show`.

use std::fs;

use crate::support::{Log, actions, time};

#[test]
fn a_day_its_objects_and_a_file() {
    let log = Log::sealed(2);
    let now = time(2, 3);
    let done = log.at(&now, ["show", "2026-11-16"]).exits(0);
    done.prints("manifest of 2026-11-16").prints("2 entries in 1 batches").prints("checkpoint of");
    log.at(&now, ["show", "checkpoints/2026-11-16"]).exits(0).prints("leaves       2");
    log.at(&now, ["show", "manifests/2026-11-17.ndjson"]).exits(0).prints("leaves       2 before");
    let key = &log.batches()[0];
    log.at(&now, ["show", key]).exits(0).prints("service      video-api").prints(key);
    fs::copy(log.evidence(key), log.home("some.batch")).unwrap();
    // A local file needs no log.
    fs::remove_dir_all(log.path("evidence")).unwrap();
    log.at(&now, ["show", "some.batch"]).exits(0).prints(key);
}

#[test]
fn an_entry_by_its_id() {
    let log = Log::sealed(2);
    let now = time(2, 3);
    let entries = log.at(&now, ["cat", "2026-11-17"]).exits(0).out;
    assert_eq!(actions(&entries), ["a1", "b1"]);
    let line = entries.lines().nth(1).unwrap();
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    let id = entry["id"].as_str().unwrap();
    log.at(&now, ["show", id]).exits(0).prints("entry 1 of entries/2026-11-17/").prints("b1");
    let json = log.at(&now, ["show", id, "--json"]).exits(0).out;
    assert_eq!(json.trim_end(), line, "the stored bytes");
    let other = "019aa0f2-0000-7000-8000-000000000000";
    log.at(&now, ["show", other]).exits(4).prints("no entry");
}

#[test]
fn what_is_not_there_or_nothing() {
    let log = Log::sealed(1);
    let now = time(1, 3);
    log.at(&now, ["show", "nonsense"]).exits(2).says("neither a day");
    log.at(&now, ["show", "2026-12-24"]).exits(3).says("manifests/2026-12-24.ndjson");
    log.at(&now, ["show", "entries/../../keys.json"]).exits(2);
    fs::write(log.home("text"), "hello").unwrap();
    log.at(&now, ["show", "text"]).exits(2).says("neither a batch");
    let key = &log.batches()[0];
    let bytes = fs::read(log.evidence(key)).unwrap();
    fs::write(log.home("cut"), &bytes[..bytes.len() - 1]).unwrap();
    let done = log.at(&now, ["show", "cut"]);
    assert!(matches!(done.code, 1..=3) && done.err.starts_with("dayseal: "), "{done:#?}");
}

#[test]
fn cat_goes_on_behind_a_bad_batch() {
    let log = Log::new();
    log.record_day(0);
    log.record_day(0);
    log.flip(&log.batches()[0], 700);
    let done = log.at(&time(1, 3), ["cat", "2026-11-16"]).exits(1);
    assert_eq!(actions(&done.out), ["a0", "b0"]);
    done.says(&log.batches()[0]);
    log.at(&time(1, 3), ["cat", "2026-12-24"]).exits(0);
}
