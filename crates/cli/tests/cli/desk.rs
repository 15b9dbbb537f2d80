//! `get`, `prove`, `verify-proof`.

use std::fs;

use crate::support::{Done, Log, actions, day, dayseal, event, run, time};

/// The stored lines of a day, without those that say that they were read here.
fn lines(log: &Log, now: &str, n: u32) -> Vec<String> {
    let out = log.at(now, ["cat", &day(n)]).exits(0).out;
    out.lines().filter(|line| !line.contains(r#""action":"cat""#)).map(str::to_owned).collect()
}

fn id(line: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    event["id"].as_str().unwrap().to_owned()
}

#[test]
fn get_finds_what_is_sealed_and_what_is_not() {
    let log = Log::sealed(2);
    log.record_day(2);
    let now = time(2, 15);
    let line = lines(&log, &now, 1).remove(1);
    let done = log.at(&now, ["get", &id(&line), "--json"]).exits(0);
    assert_eq!(done.out.trim_end(), line, "the stored bytes");
    // Its own day, the day before and the day after have a batch each; the times exclude none by a day.
    log.at(&now, ["get", &id(&line)]).exits(0).prints("sealed by 2026-11-17").prints("b1");
    // The reading of the log stands there as well.
    let line = lines(&log, &now, 2).into_iter().find(|line| line.contains("\"a2\"")).unwrap();
    log.at(&now, ["get", &id(&line)]).exits(0).prints("NOT SEALED YET").prints("\"a2\"");
    let other = "019aa0f2-0000-7000-8000-000000000000";
    let done = log.at(&now, ["get", other]).exits(4).prints("no entry").says("--full");
    assert!(done.err.contains("read 0 entries in 0 batches"), "{done:#?}");
    let done = log.at(&now, ["get", other, "--full"]).exits(4);
    assert!(!done.err.contains("left out"), "{done:#?}");
    log.at(&now, ["get", "nonsense"]).exits(2).says("UUIDv7");
}

#[test]
fn an_id_that_does_not_fit_its_time_is_found_if_asked_for() {
    let log = Log::new();
    let id = "019aa0f2-0000-7000-8000-000000000000";
    let line = event("old").replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    log.feed(&time(0, 14), ["record"], line.as_bytes()).exits(0);
    log.at(&time(1, 2), ["seal"]).exits(0);
    log.at(&time(1, 3), ["get", id]).exits(4).says("1 left out");
    log.at(&time(1, 3), ["get", id, "--full"]).exits(0).prints("\"old\"");
}

#[test]
fn what_was_imported_long_after_it_happened_is_found() {
    let log = Log::new();
    // Happened on the first day, recorded on the third: the id has the time of what happened.
    let id = "01a1e1de-3a80-7000-8000-00000000abcd";
    let head = format!(r#"{{"id":"{id}","time":"2026-11-16T01:00:00.000Z","#);
    log.feed(&time(2, 14), ["record"], event("old").replacen('{', &head, 1).as_bytes()).exits(0);
    log.record_day(1);
    log.at(&time(3, 2), ["seal"]).exits(0);
    let done = log.at(&time(3, 3), ["get", id]).exits(0).prints("sealed by 2026-11-18");
    // The day around the id was read as well, and all three days looked at.
    done.prints("\"old\"").says("of 3 days");
}

#[test]
fn an_entry_recorded_twice_stands_twice() {
    let log = Log::new();
    let id = "01a1e9f1-c700-7f1e-a382-217eebe1bbf5";
    let line = event("twice").replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    for n in [0, 1] {
        log.feed(&time(n, 14), ["record"], line.as_bytes()).exits(0);
        log.at(&time(n + 1, 2), ["seal"]).exits(0);
    }
    let count = |done: Done| done.out.matches("\"twice\"").count();
    assert_eq!(count(log.at(&time(2, 3), ["get", id, "--full"]).exits(0)), 1);
    assert_eq!(count(log.at(&time(2, 3), ["get", id, "--full", "--all"]).exits(0)), 2);
}

#[test]
fn a_manifest_that_nobody_signed_hides_nothing_in_silence() {
    let log = Log::sealed(2).copy();
    let now = time(2, 3);
    let found = id(&lines(&log, &now, 0)[0]);
    let path = log.evidence("manifests/2026-11-16.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    // The batch's line is cut out.
    fs::write(&path, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let done = log.at(&now, ["get", &found]).exits(1);
    assert!(done.err.contains("manifests/2026-11-16.ndjson"), "{done:#?}");
}

#[test]
fn a_proof_needs_the_policy_and_nothing_else() {
    let log = Log::sealed(2);
    let now = time(2, 3);
    let line = lines(&log, &now, 1).remove(0);
    let (full, redacted) = (log.home("full.proof"), log.home("redacted.proof"));
    let (f, r) = (full.to_str().unwrap(), redacted.to_str().unwrap());
    log.at(&now, ["prove", &id(&line), "--out", f]).exits(0);
    log.at(&now, ["prove", &id(&line), "--out", f]).exits(2).says("exists");
    log.at(&now, ["prove", &id(&line), "--redact", "--out", r]).exits(0);
    let bytes = fs::read_to_string(&full).unwrap();
    assert!(bytes.contains(&format!("\nentry {line}\n")), "{bytes}");
    assert!(!fs::read_to_string(&redacted).unwrap().contains("data.read"));

    let policy = log.home("auditor.policy");
    fs::copy(log.path("policy"), &policy).unwrap();
    fs::remove_dir_all(log.path("evidence")).unwrap();
    let check = |path: &str, more: &[&str]| {
        let args = ["verify-proof", path, "--policy", policy.to_str().unwrap()];
        run(dayseal().current_dir(log.home("")).args(args).args(more), b"")
    };
    let done = check(f, &[]).exits(0).prints("\"a1\"").prints("result: the proof holds");
    let leaf = done.out.lines().find(|l| l.contains(" leaf ")).unwrap().to_owned();
    check(r, &[]).exits(0).prints("does not show").prints(&leaf);
    let json = check(f, &["--json"]).exits(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["entry"], serde_json::from_str::<serde_json::Value>(&line).unwrap());

    let altered = log.home("altered.proof");
    fs::write(&altered, bytes.replacen("\"a1\"", "\"a2\"", 1)).unwrap();
    check(altered.to_str().unwrap(), &[]).exits(1).says("does not lead").prints("DOES NOT HOLD");
    fs::write(&altered, bytes.replacen("proof v1", "proof v2", 1)).unwrap();
    check(altered.to_str().unwrap(), &[]).exits(3).prints("NOT CHECKED");
    check("nowhere", &[]).exits(2);
    // Another log's policy: its keys signed nothing here.
    let other = Log::new();
    let mut command = dayseal();
    command.args(["verify-proof", f, "--policy"]).arg(other.path("policy"));
    run(&mut command, b"").exits(1).says("no signature by a known key");
    run(dayseal().current_dir(log.home("")).args(["verify-proof", f]), b"").exits(2).says("policy");
}

#[test]
fn what_is_not_sealed_has_no_proof_yet() {
    let log = Log::sealed(1);
    log.record_day(1);
    let now = time(1, 15);
    let line = lines(&log, &now, 1).remove(0);
    let done = log.at(&now, ["prove", &id(&line)]).exits(3).says("not sealed yet");
    assert!(done.err.contains("2026-11-18T01:00:00.000Z"), "{done:#?}");
}

#[test]
fn who_read_what_and_why_stands_in_the_log() {
    let log = Log::sealed(1);
    let now = time(1, 3);
    let line = lines(&log, &now, 0).remove(0);
    log.at(&now, ["get", &id(&line), "--purpose", "ticket 4711"]).exits(0);
    log.at(&now, ["prove", &id(&line)]).exits(0);
    let mut entries = lines(&log, &now, 1);
    // A stream each, so in any order.
    entries.sort_by_key(|line| !line.contains(r#""action":"get""#));
    assert_eq!(actions(&(entries.join("\n") + "\n")), ["get", "prove"]);
    let access: serde_json::Value = serde_json::from_str(&entries[0]).unwrap();
    assert_eq!(access["type"], "log.accessed");
    assert_eq!(access["access_reason"], "ticket 4711");
    assert_eq!(access["resource"]["id"], id(&line));
    assert_eq!(access["labels"]["access.entries"], "1");
    // An auditor has the policy and the keys, and no configuration: told, and not stopped.
    let mut command = dayseal();
    let path = |name: &str| log.path(name).to_str().unwrap().to_owned();
    command.args(["get", &id(&line), "--evidence", &path("evidence")]);
    command.args(["--policy", &path("policy"), "--keys", &path("keys.json")]);
    let done = run(command.current_dir(log.home("")).env("DAYSEAL_NOW", &now), b"");
    done.exits(0).says("not recorded in the log").prints("\"a0\"");
    assert_eq!(lines(&log, &now, 1).len(), 2);
}
