//! `record` and `cat`: what goes in comes out, what breaks a rule is named and left out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{FIRST, Log, actions, event, time};

fn cat(log: &Log) -> String {
    log.at(&time(1, 3), ["cat", FIRST]).exits(0).out
}

#[test]
fn bad_lines_are_named_and_good_ones_kept() {
    let log = Log::new();
    let secret = "hunter2hunter2";
    let mut input = Vec::new();
    input.extend_from_slice(event("first").as_bytes());
    input.extend_from_slice(b"\n   \n\t\r\n");
    input.extend_from_slice(b"not json\n");
    input.extend_from_slice(event("crlf").trim_end().as_bytes());
    input.extend_from_slice(b"\r\n\xff\xfe\n");
    input.extend_from_slice(event("x").replace("outcome", secret).as_bytes());
    input.extend_from_slice(event("y").replace("\"user\"", &format!("[\"{secret}\"]")).as_bytes());
    input.extend_from_slice(b"{\"type\":\"log.started\"}\n[1]\n");
    input.extend_from_slice(event("last").trim_end().as_bytes());
    let done = log.feed(&time(0, 14), ["record"], &input).exits(1);
    let refused: Vec<_> = done.err.lines().filter(|l| l.contains("refused: ")).collect();
    let starts = [5, 7, 8, 9, 10, 11].map(|n| format!("stdin:{n}: refused: "));
    assert_eq!(refused.len(), starts.len(), "{done:#?}");
    for (line, start) in refused.iter().zip(&starts) {
        assert!(line.starts_with(start.as_str()), "{line}, expected {start}");
        assert!(line.len() < 700 && !line.ends_with("`re"), "{line}");
    }
    let done = done.says("recorded 3 entries in 1 batch").says("refused 6 lines");
    // The name of an unknown field is shown, a value never.
    assert_eq!(done.err.matches(secret).count(), 1, "{done:#?}");
    assert_eq!(actions(&cat(&log)), ["first", "crlf", "last"]);
}

#[test]
fn a_line_of_seventeen_mebibytes_is_refused_and_the_next_one_kept() {
    let log = Log::new();
    let long = event(&"x".repeat(17 * 1024 * 1024));
    let input = [event("before"), long, event("after")].concat();
    let done = log.feed(&time(0, 14), ["record"], input.as_bytes()).exits(1);
    let done = done.says("stdin:2: refused: longer than 16777216 bytes");
    assert!(done.err.len() < 1_000);
    assert_eq!(actions(&cat(&log)), ["before", "after"]);
}

#[test]
fn many_bad_lines_are_counted_and_not_all_shown() {
    let log = Log::new();
    let done = log.feed(&time(0, 14), ["record"], "no\n".repeat(250).as_bytes()).exits(1);
    assert_eq!(done.err.matches("refused: ").count(), 100);
    done.says("more refused lines are counted").says("refused 250 lines");
}

#[test]
fn files_and_standard_input_in_the_order_given() {
    let log = Log::new();
    fs::write(log.home("a"), event("a").repeat(2) + "bad\n").unwrap();
    fs::write(log.home("b"), event("b")).unwrap();
    let args = ["record", "a", "-", "b"];
    let done = log.feed(&time(0, 14), args, (event("stdin") + "bad\n").as_bytes()).exits(1);
    done.says("a:3: refused").says("stdin:2: refused");
    assert_eq!(actions(&cat(&log)), ["a", "a", "stdin", "b"]);
}

#[test]
fn a_missing_file_records_nothing() {
    let log = Log::new();
    fs::write(log.home("a"), event("a")).unwrap();
    log.at(&time(0, 14), ["record", "a", "none"]).exits(2).says("cannot read none");
    log.at(&time(0, 14), ["record", "a", "log"]).exits(2).says("log is a directory");
    assert_eq!(log.batches(), Vec::<String>::new());
    // Nothing to record is no failure, and stores nothing.
    log.at(&time(0, 14), ["record"]).exits(0).says("recorded 0 entries in 0 batches");
    assert_eq!(log.batches(), Vec::<String>::new());
}

#[test]
fn service_and_tenant() {
    let log = Log::new();
    let args = ["record", "--service", "billing", "--tenant", "acme"];
    log.feed(&time(0, 14), args, event("a").as_bytes()).exits(0);
    let entry: serde_json::Value = serde_json::from_str(&cat(&log)).unwrap();
    assert_eq!(entry["service"]["name"], "billing");
    assert_eq!(entry["tenant"], "acme");
    log.at(&time(0, 14), ["show", &log.batches()[0]]).exits(0).prints("service      billing");
    log.at(&time(0, 14), ["record", "--service", "Not A Name"]).exits(2).says("--service");
}

#[test]
fn what_cat_prints_can_be_recorded_again_byte_for_byte() {
    let log = Log::new();
    let odd = event("caf\u{e9} \u{1f512} \\\"quoted\\\"")
        .replace("}\n", ",\"labels\":{\"b\":\"1\",\"a\":\"2\"}}\n");
    let input = [event("plain"), odd].concat().repeat(500);
    log.feed(&time(0, 14), ["record"], input.as_bytes()).exits(0);
    let first = cat(&log);
    assert_eq!(first.lines().count(), 1_000);
    // Ids and times are there now: the second log must hold the very bytes.
    let other = Log::new();
    other.feed(&time(0, 14), ["record"], first.as_bytes()).exits(0);
    assert!(cat(&other) == first, "an entry changed on its way");
}

#[test]
fn a_store_that_cannot_take_entries_is_exit_3() {
    let log = Log::new();
    fs::write(log.path("blocked"), "a file").unwrap();
    let evidence = log.path("blocked/evidence");
    let args = ["--evidence", evidence.to_str().unwrap(), "record"];
    log.feed(&time(0, 14), args, event("a").as_bytes()).exits(3).says("blocked/evidence");
    log.at(&time(0, 14), ["--evidence", "none", "record"]).exits(3).says("none");
    // The place of the day's objects is taken.
    fs::write(log.evidence("entries"), "a file").unwrap();
    for args in [&["record"][..], &["record", "--durable"]] {
        let done = log.feed(&time(0, 14), args, event("plaintext-marker").as_bytes()).exits(3);
        let done = done.says("not stored").says("entries");
        assert_eq!(done.out, "", "an acknowledgement of nothing");
        assert!(!done.err.contains("plaintext-marker"), "{done:#?}");
        assert!(!done.err.contains("recorded 1"), "{done:#?}");
    }
}

#[test]
fn a_read_only_directory_is_exit_3() {
    let log = Log::new();
    let evidence = log.path("evidence");
    fs::set_permissions(&evidence, fs::Permissions::from_mode(0o555)).unwrap();
    let enforced = fs::write(evidence.join("probe"), "").is_err();
    let done = log.feed(&time(0, 14), ["record"], event("a").as_bytes());
    fs::set_permissions(&evidence, fs::Permissions::from_mode(0o755)).unwrap();
    // The superuser is above modes; then there is nothing to see here.
    if enforced {
        done.exits(3).says("not stored");
    }
}

#[test]
fn evidence_holds_no_plaintext() {
    let log = Log::new();
    log.feed(&time(0, 14), ["record"], event("plaintext-marker").as_bytes()).exits(0);
    let bytes = fs::read(log.evidence(&log.batches()[0])).unwrap();
    assert!(!bytes.windows(16).any(|w| w == b"plaintext-marker"));
}

/// An event with a secret, a card number, an address of mail and labels.
const PRIVATE: &str = r#"{"type":"data.read","actor":{"id":"u-1","type":"user"},"action":"open","outcome":"success","labels":{"note":"4111 1111 1111 1111 of ada@example.com","api_key":"k-1"},"source":{"address":"203.0.113.7"}}"#;

#[test]
fn secrets_do_not_get_in() {
    let log = Log::new();
    log.feed(&time(0, 14), ["record"], PRIVATE.as_bytes()).exits(0).says("redacted 3 texts");
    let line = cat(&log);
    for (secret, stored) in [
        ("4111 1111", r#""note":"[redacted:card] of ada@example.com""#),
        ("k-1", r#""api_key":"[redacted:secret]""#),
        ("203.0.113.7", r#""address":"203.0.113.0/24""#),
        ("\0", r#"{"path":"labels.note","rule":"card"}"#),
    ] {
        assert!(line.contains(stored) && !line.contains(secret), "{line}");
    }
}

#[test]
fn redaction_can_be_strict_or_off() {
    let log = Log::new();
    let strict = ["record", "--redaction", "strict", "--declare-label", "note"];
    log.feed(&time(0, 14), strict, PRIVATE.as_bytes()).exits(0);
    let line = cat(&log);
    assert!(line.contains(r#""note":"[redacted:card] of [redacted:email]""#), "{line}");
    assert!(line.contains(r#""api_key":"[redacted:undeclared]""#), "{line}");

    let log = Log::new();
    let off = ["record", "--redaction", "off", "--json"];
    log.feed(&time(0, 14), off, PRIVATE.as_bytes()).exits(0).prints(r#""redacted": 0"#);
    assert!(cat(&log).contains("4111 1111 1111 1111 of ada@example.com"));

    let usage = ["record", "--declare-label", "note"];
    log.feed(&time(0, 14), usage, b"").exits(2).says("--declare-label needs --redaction strict");
}
