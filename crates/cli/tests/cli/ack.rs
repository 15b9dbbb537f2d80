//! `record --durable` and `ack`.

use std::fs;

use crate::support::{Log, event, time};

/// A log with three acknowledged entries in a file.
fn acknowledged() -> Log {
    let log = Log::new();
    let input = [event("a"), event("b"), event("c")].concat();
    let done = log.feed(&time(0, 14), ["record", "--durable"], input.as_bytes()).exits(0);
    assert_eq!(done.out.lines().count(), 3);
    fs::write(log.home("acks"), done.out).unwrap();
    log
}

#[test]
fn acknowledged_then_sealed() {
    let log = acknowledged();
    let done = log.at(&time(0, 15), ["ack", "acks"]).exits(0);
    assert_eq!(done.out.matches("stored, not sealed yet").count(), 3);
    log.at(&time(1, 2), ["seal"]).exits(0);
    let done = log.at(&time(1, 3), ["ack", "acks"]).exits(0);
    assert_eq!(done.out.matches("stored, sealed by 2026-11-16").count(), 3);
    // The same from standard input, and without keys.
    fs::remove_file(log.path("keys.json")).unwrap();
    let acks = fs::read(log.home("acks")).unwrap();
    log.feed(&time(1, 3), ["ack", "-"], &acks).exits(0).prints("sealed by 2026-11-16");
}

#[test]
fn acknowledgements_come_in_the_order_of_the_input() {
    let log = Log::new();
    let input: String = (0..300).map(|n| event(&format!("n{n}"))).collect();
    let done = log.feed(&time(0, 14), ["record", "--durable"], input.as_bytes()).exits(0);
    let places: Vec<_> = done
        .out
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap())
        .map(|a| (a["seq"].as_u64().unwrap(), a["index"].as_u64().unwrap()))
        .collect();
    assert_eq!(places.len(), 300);
    assert!(places.is_sorted() && places.windows(2).all(|w| w[0] != w[1]), "{places:?}");
}

#[test]
fn a_bad_line_among_durable_ones() {
    let log = Log::new();
    let input = [event("a"), "bad\n".into(), event("b")].concat();
    let done = log.feed(&time(0, 14), ["record", "--durable"], input.as_bytes()).exits(1);
    assert_eq!(done.says("stdin:2: refused").out.lines().count(), 2);
}

#[test]
fn a_lost_tail_is_missing() {
    let log = acknowledged();
    fs::remove_file(log.evidence(&log.batches()[0])).unwrap();
    let done = log.at(&time(0, 15), ["ack", "acks"]).exits(4);
    assert_eq!(done.out.matches("MISSING").count(), 3);
    // The seal cannot know, and verifies; who kept the acknowledgements knows.
    log.at(&time(1, 2), ["seal"]).exits(0);
    log.at(&time(1, 3), ["verify"]).exits(0);
    log.at(&time(1, 3), ["ack", "acks"]).exits(4);
}

#[test]
fn what_is_gone_after_its_time_is_expired() {
    let log = acknowledged();
    log.at(&time(1, 2), ["seal"]).exits(0);
    for batch in log.batches() {
        fs::remove_file(log.evidence(&batch)).unwrap();
    }
    // Kept for 366 days: on the last of them it is missing.
    log.at("2027-11-17T23:00:00.000Z", ["ack", "acks"]).exits(4).prints("MISSING");
    let later = "2027-11-18T00:00:00.000Z";
    log.at(later, ["ack", "acks"]).exits(0).prints("expired");
    // What no seal ever listed did not expire.
    let acks = fs::read_to_string(log.home("acks")).unwrap().replace("\"seq\":0", "\"seq\":9");
    log.feed(later, ["ack", "-"], acks.as_bytes()).exits(4).prints("MISSING");
    // The manifest goes too, later; the newest says which days are over.
    let far = "2027-11-20T08:00:00.000Z";
    log.at(far, ["seal"]).exits(0);
    fs::remove_file(log.evidence("manifests/2026-11-16.ndjson")).unwrap();
    log.at(far, ["ack", "acks"]).exits(0).prints("expired");
}

#[test]
fn what_an_officer_ordered_away_is_removed() {
    let log = acknowledged();
    let officer = log.at(&time(0, 15), ["officer", "new", "dpo", "--out", "dpo.json"]).exits(0).out;
    log.at(&time(1, 2), ["seal"]).exits(0);
    let batch = log.batches().remove(0);
    let order = ["removal", "order", "--object", &batch, "--reason", "case 7", "--basis", "court"];
    let signed = ["--officer", "dpo", "--sign-with", "dpo.json"];
    let policy = fs::read_to_string(log.path("policy")).unwrap();
    let line = officer.lines().find(|l| l.contains("officer audit")).unwrap().trim();
    fs::write(log.path("policy"), format!("{policy}{line}\n")).unwrap();
    log.at(&time(1, 4), order.iter().chain(&signed)).exits(0);
    fs::remove_file(log.evidence(&batch)).unwrap();
    // Nothing sealed says so yet.
    log.at(&time(1, 5), ["ack", "acks"]).exits(4).prints("MISSING");
    log.at(&time(2, 2), ["seal"]).exits(0);
    log.at(&time(2, 3), ["ack", "acks"]).exits(0).prints("order, which 2026-11-17 records");
    let json = log.at(&time(2, 3), ["ack", "acks", "--json"]).exits(0);
    assert_eq!(json.out.matches(r#""state":{"removed":"2026-11-17"}"#).count(), 3);
    log.at(&time(2, 3), ["query"]).exits(0).says("1 removed by order");
    // An order that no officer of the policy signed excuses nothing.
    fs::write(log.path("policy"), policy).unwrap();
    log.at(&time(2, 3), ["ack", "acks"]).exits(4).prints("MISSING");
    log.at(&time(2, 3), ["query"]).exits(4).says("is missing");
}

#[test]
fn an_altered_batch_is_altered() {
    let log = acknowledged();
    log.at(&time(1, 2), ["seal"]).exits(0);
    log.flip(&log.batches()[0], 700);
    let done = log.at(&time(1, 3), ["ack", "acks"]).exits(1);
    assert_eq!(done.out.matches("ALTERED").count(), 3);
}

#[test]
fn a_batch_that_no_seal_took_up_in_time_is_not_sealed() {
    let log = acknowledged();
    let batch = log.evidence(&log.batches()[0]);
    let bytes = fs::read(&batch).unwrap();
    fs::remove_file(&batch).unwrap();
    // Sealed without it, until its window is over; then it is put back.
    log.at(&time(6, 2), ["seal"]).exits(0);
    fs::write(&batch, bytes).unwrap();
    log.at(&time(6, 3), ["ack", "acks"]).exits(4).prints("NOT SEALED");
}

#[test]
fn what_is_no_acknowledgement_is_named_with_its_line() {
    let log = acknowledged();
    let acks = fs::read_to_string(log.home("acks")).unwrap();
    let now = time(0, 15);
    log.feed(&now, ["ack", "-"], format!("{acks}\nnonsense\n").as_bytes()).exits(2).says("-:5: ");
    let newer = acks.replace("\"v\":1", "\"v\":2");
    log.feed(&now, ["ack", "-"], newer.as_bytes()).exits(3).says("-:1: ").says("version 2");
    let spaced = acks.replacen(":1,", ": 1,", 1);
    log.feed(&now, ["ack", "-"], spaced.as_bytes()).exits(2).says("encoding");
    let foreign = acks.replace("audit.example.com/cli", "audit.example.com/other");
    log.feed(&now, ["ack", "-"], foreign.as_bytes()).exits(2).says("another log");
    log.at(&now, ["ack", "none"]).exits(2).says("cannot read none");
}
