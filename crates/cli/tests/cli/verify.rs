//! `verify`: each exit code, the memory, ranges, going on.

use std::fs;

use crate::support::{Log, run, time};

#[test]
fn each_exit_code() {
    let log = Log::sealed(2);
    log.verify(&[]).exits(0).prints("all that was asked was checked and holds");

    let altered = log.copy();
    altered.flip(&altered.batches()[0], 800);
    altered.verify(&[]).exits(1).prints("altered_object").prints("result: ALTERED");

    log.verify(&["--days", "soon"]).exits(2).says("--days");

    let blind = log.copy();
    fs::remove_file(blind.path("policy")).unwrap();
    blind.verify(&["--level", "objects"]).exits(3).prints("not authenticated");

    let incomplete = log.copy();
    fs::remove_file(incomplete.evidence(&incomplete.batches()[0])).unwrap();
    incomplete.verify(&[]).exits(4).prints("missing_object").prints("result: INCOMPLETE");

    let rolled_back = log.copy();
    for key in ["checkpoints/2026-11-17", "manifests/2026-11-17.ndjson"] {
        fs::remove_file(rolled_back.evidence(key)).unwrap();
    }
    rolled_back.verify(&[]).exits(5).prints("rolled_back");
}

#[test]
fn of_several_findings_the_gravest_decides() {
    let log = Log::sealed(2);
    fs::remove_file(log.evidence(&log.batches()[0])).unwrap();
    log.verify(&[]).exits(4);
    log.flip(&log.batches()[0], 800);
    log.verify(&[]).exits(1).prints("missing_object").prints("altered_object");
}

#[test]
fn levels_find_what_they_say() {
    let log = Log::sealed(2);
    log.flip(&log.batches()[0], 800);
    log.verify(&["--level", "chain"]).exits(3).prints("NOT PROVED");
    log.verify(&["--level", "listing"]).exits(3);
    log.verify(&["--level", "objects"]).exits(1);
    log.verify(&["--level", "entries"]).exits(1);
}

#[test]
fn without_keys_entries_are_not_proved() {
    let log = Log::sealed(2);
    fs::remove_file(log.path("keys.json")).unwrap();
    log.verify(&[]).exits(3).prints("no data keys were given");
}

#[test]
fn the_known_head_is_written_once_asked_for_and_moves_on() {
    let log = Log::sealed(1);
    let now = time(1, 3);
    let known = ["verify", "--known-head", "head"];
    log.at(&now, known).exits(3).says("the known head head is missing");
    assert!(!log.home("head").exists(), "never made in silence");
    log.at(&now, ["verify", "--first-run"]).exits(2);
    log.at(&now, ["verify", "--known-head", "head", "--first-run"]).exits(0);
    let first = fs::read(log.home("head")).unwrap();
    assert_eq!(first, fs::read(log.evidence("checkpoints/2026-11-16")).unwrap());
    log.at(&now, ["verify", "--known-head", "head", "--first-run"]).exits(2).says("exists");

    log.record_day(1);
    log.at(&time(2, 2), ["seal"]).exits(0);
    log.verify(&["--known-head", "head"]).exits(0);
    let second = fs::read(log.home("head")).unwrap();
    assert_eq!(second, fs::read(log.evidence("checkpoints/2026-11-17")).unwrap());

    // Everything rolled back, the state root with it: only this head knows.
    for key in ["checkpoints/2026-11-17", "manifests/2026-11-17.ndjson"] {
        fs::remove_file(log.evidence(key)).unwrap();
    }
    for head in fs::read_dir(log.path("state/heads")).unwrap() {
        fs::write(head.unwrap().path(), &first).unwrap();
    }
    log.verify(&["--known-head", "head"]).exits(5).prints("rolled_back");
    assert_eq!(fs::read(log.home("head")).unwrap(), second, "the memory stays");
}

#[test]
fn a_known_head_that_is_none_is_refused() {
    let log = Log::sealed(2);
    fs::write(log.home("head"), "nonsense").unwrap();
    log.verify(&["--known-head", "head"]).exits(3).says("does not verify");
    // Of another log: its signature is by nobody the policy knows.
    let other = Log::sealed(1);
    let head = fs::read(other.evidence("checkpoints/2026-11-16")).unwrap();
    fs::write(log.home("head"), &head).unwrap();
    log.verify(&["--known-head", "head"]).exits(3).says("does not verify");
    assert_eq!(fs::read(log.home("head")).unwrap(), head);
    fs::remove_file(log.path("policy")).unwrap();
    log.verify(&["--known-head", "head"]).exits(2).says("--known-head needs a policy");
}

#[test]
fn a_range_of_days() {
    let log = Log::sealed(4);
    log.flip(&log.batches()[0], 800);
    let verify = |days: &str| log.at(&time(4, 3), ["verify", "--days", days]);
    verify("..").exits(1);
    verify("2026-11-16").exits(1).prints("days 2026-11-16 to 2026-11-16");
    verify("..2026-11-17").exits(1);
    verify("2026-11-17..").exits(0).prints("days 2026-11-17 to 2026-11-19");
    verify("2026-11-18..2026-11-18").prints("days 2026-11-18 to 2026-11-18");
    verify("2026-11-18..2026-11-17").exits(2).says("is after");
    verify("2026-11-17..2026-13-01").exits(2).says("--days");
    // Nothing found where days should be is no success.
    verify("2026-12-01..2026-12-02").exits(3).prints("no sealed day in the range");
}

#[test]
fn going_on_from_saved_progress() {
    let log = Log::sealed(3);
    let now = time(3, 3);
    let resume = ["verify", "--resume", "progress"];
    // Nothing saved yet: a whole run; it removes the file at its end.
    log.at(&now, resume).exits(0);
    assert!(!log.home("progress").exists());

    let mut walk: serde_json::Value = walk_of(&log, "2026-11-17");
    fs::write(log.home("progress"), walk.to_string()).unwrap();
    let done = log.at(&now, resume).exits(0).prints("days 2026-11-16 to 2026-11-18");
    assert!(done.out.contains("3 days"), "{done:#?}");
    assert!(!log.home("progress").exists());

    // Of another log, level or version: refused, and kept.
    walk["origin"] = "audit.example.com/other".into();
    fs::write(log.home("progress"), walk.to_string()).unwrap();
    log.at(&now, resume).exits(2).says("another log");
    assert!(log.home("progress").exists());
    walk["origin"] = crate::support::ORIGIN.into();
    fs::write(log.home("progress"), walk.to_string()).unwrap();
    let args = ["verify", "--resume", "progress", "--level", "chain"];
    log.at(&now, args).exits(2).says("another level");
    fs::write(log.home("progress"), "{}").unwrap();
    log.at(&now, resume).exits(2).says("delete it");
}

/// Progress as `verify --resume` saves it, after `day`: it saves every two seconds, so the shape is
/// made here from what the chain says.
fn walk_of(log: &Log, day: &str) -> serde_json::Value {
    let show = |key: &str| log.at(&time(3, 3), ["--json", "show", key]).exits(0).out;
    let head: serde_json::Value =
        serde_json::from_str(&show(&format!("checkpoints/{day}"))).unwrap();
    let manifest = show(&format!("manifests/{day}.ndjson"));
    let record: serde_json::Value = serde_json::from_str(manifest.lines().next().unwrap()).unwrap();
    // A verifier that stops: one that cannot write its report leaves the file of its last save.
    serde_json::json!({
        "v": 1, "origin": head["origin"], "level": "entries", "policy": policy_digest(log),
        "first": "2026-11-16", "last": day, "tip": [head["size"], head["root"]],
        "manifest": digest(&fs::read(log.evidence(&format!("manifests/{day}.ndjson"))).unwrap()),
        "sealed_at": record["sealed_at"], "boundaries": [[day, head["size"], head["root"]]],
        "kept": [["2026-11-16", "2027-11-17"], [day, record["keep_until"]]],
        "unlisted": {}, "gaps": [], "late": {}, "heard": {"video-api": day}, "late_days": 3,
        "findings": [], "more_findings": 0,
        "totals": {
            "days": 2, "records": 2, "batches": 2, "entries": 4, "listed": 2, "objects": 2,
            "bytes": 2000, "opened": 4, "expired": 0, "late": 0, "streams_closed": 2,
            "streams_open": 0, "awaiting_seal": 0
        }
    })
}

fn policy_digest(log: &Log) -> String {
    digest(&fs::read(log.path("policy")).unwrap())
}

/// SHA-256, by the tool that every system has.
fn digest(bytes: &[u8]) -> String {
    let out = run(
        std::process::Command::new("sha256sum")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped()),
        bytes,
    );
    out.out[..64].to_owned()
}

#[test]
fn a_closed_pipe_hides_no_verdict() {
    let log = Log::sealed(2);
    log.flip(&log.batches()[0], 800);
    let mut command = log.command(["verify"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command.env("DAYSEAL_NOW", time(2, 3)).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn control_characters_of_strangers_do_not_reach_the_terminal() {
    let log = Log::sealed(1);
    fs::write(log.evidence("entries/2026-11-16/\u{1b}[2Jx"), "hello").unwrap();
    let done = log.at(&time(1, 3), ["verify"]).exits(1);
    assert!(!done.out.contains('\u{1b}') && !done.err.contains('\u{1b}'), "{done:#?}");
    let done = log.at(&time(1, 3), ["cat", "2026-11-16"]).exits(1);
    assert!(!done.out.contains('\u{1b}') && !done.err.contains('\u{1b}'), "{done:#?}");
}
