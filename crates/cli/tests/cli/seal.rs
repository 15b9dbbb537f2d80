//! `seal`.

use std::fs;

use crate::support::{Log, day, time};

#[test]
fn nothing_then_one_then_many() {
    let log = Log::new();
    log.record_day(0);
    log.at(&time(0, 15), ["seal"]).exits(0).prints("nothing to seal");
    // Within the grace of an hour, unless asked for less.
    log.at(&format!("{}T00:30:00.000Z", day(1)), ["seal"]).exits(0).prints("nothing to seal");
    log.at(&format!("{}T00:30:00.000Z", day(1)), ["seal", "--grace", "5"])
        .exits(0)
        .prints("sealed 2026-11-16: 2 entries in 1 batch");
    log.at(&time(1, 2), ["seal"]).exits(0).prints("the newest sealed day is 2026-11-16");
    log.record_day(3);
    let done = log.at(&time(5, 2), ["seal"]).exits(0);
    let sealed: Vec<_> = done.out.lines().map(|l| &l[..17]).collect();
    assert_eq!(sealed, [1, 2, 3, 4].map(|n| format!("sealed {}", day(n))));
    log.at(&time(5, 2), ["verify"]).exits(0);
}

#[test]
fn through_a_day() {
    let log = Log::new();
    log.record_day(0);
    log.at(&time(5, 2), ["seal", "--through", &day(1)]).exits(0);
    assert!(log.evidence("checkpoints/2026-11-17").exists());
    assert!(!log.evidence("checkpoints/2026-11-18").exists());
    log.at(&time(2, 9), ["seal", "--through", &day(2)]).exits(2).says("has not ended");
}

#[test]
fn a_late_batch_is_said() {
    let log = Log::sealed(1);
    log.record_day(0);
    log.at(&time(2, 2), ["seal"]).exits(0).prints("1 late batch");
    log.verify(&[]).exits(0);
}

#[test]
fn a_stray_object_does_not_stop_a_day() {
    let log = Log::new();
    log.record_day(0);
    fs::write(log.evidence("entries/2026-11-16/notes.txt"), "hello").unwrap();
    log.at(&time(1, 2), ["seal"]).exits(0).prints("1 stray object");
    log.at(&time(1, 3), ["verify"]).exits(1).prints("stray_object");
}

#[test]
fn a_half_done_seal_is_finished() {
    let log = Log::sealed(2);
    fs::remove_file(log.evidence("checkpoints/2026-11-17")).unwrap();
    log.at(&time(2, 2), ["seal"]).exits(0);
    log.verify(&[]).exits(0);
}

#[test]
fn a_rolled_back_log_is_not_sealed_again() {
    let log = Log::sealed(2);
    for key in ["checkpoints/2026-11-17", "manifests/2026-11-17.ndjson"] {
        fs::remove_file(log.evidence(key)).unwrap();
    }
    log.at(&time(2, 2), ["seal"]).exits(5).says("dayseal: ");
    fs::remove_dir_all(log.path("state/heads")).unwrap();
    let done = log.at(&time(2, 2), ["seal"]);
    assert!(done.code != 0 && !log.evidence("checkpoints/2026-11-17").exists(), "{done:#?}");
}

#[test]
fn an_altered_chain_is_not_sealed_on() {
    let log = Log::sealed(2);
    log.flip("checkpoints/2026-11-17", 30);
    log.at(&time(3, 2), ["seal"]).exits(1).says("2026-11-17");
    let log = Log::sealed(2);
    log.flip("manifests/2026-11-17.ndjson", 30);
    log.at(&time(3, 2), ["seal"]).exits(1).says("2026-11-17");
}
