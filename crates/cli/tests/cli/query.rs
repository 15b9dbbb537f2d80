//! `query`, `activity`, `trace`.

use crate::support::{Done, Log, actions, day, has_word, time};

/// One event of input.
fn line(action: &str, actor: &str, outcome: &str, more: &str) -> String {
    format!(
        r#"{{"type":"data.read","actor":{{"id":"{actor}","type":"user"}},"action":"{action}","outcome":"{outcome}"{more}}}"#
    ) + "\n"
}

/// Two sealed days and one that is not, a few events each.
fn asked() -> Log {
    let log = Log::new();
    for n in 0..3 {
        let lines = [
            line(&format!("a{n}"), "ada", "success", ""),
            line(&format!("b{n}"), "bob", "failure", r#","labels":{"team":"=1+1"}"#),
            line(
                &format!("c{n}"),
                "ada",
                "blocked",
                r#","resource":{"type":"file","id":"ledger-1"}"#,
            ),
        ];
        log.feed(&time(n, 14), ["record"], lines.concat().as_bytes()).exits(0);
        if n < 2 {
            log.at(&time(n + 1, 2), ["seal"]).exits(0);
        }
    }
    log
}

fn query(log: &Log, args: &[&str]) -> Done {
    log.at(&time(2, 15), ["query", "--format", "json", "--purpose", "test"].iter().chain(args))
}

/// Without what the queries themselves left in the log.
fn found(log: &Log, args: &[&str]) -> Vec<String> {
    let more = ["--not", "type=log.accessed"];
    let args: Vec<_> = args.iter().chain(&more).copied().collect();
    let mut found = actions(&query(log, &args).exits(0).out);
    // Events of one command have one time.
    found.sort();
    found
}

#[test]
fn flags_add_up_and_values_are_alternatives() {
    let log = asked();
    assert_eq!(found(&log, &["--actor", "bob"]), ["b0", "b1", "b2"]);
    assert_eq!(found(&log, &["--actor", "ada", "--outcome", "blocked"]), ["c0", "c1", "c2"]);
    let two = ["--outcome", "blocked", "--outcome", "failure", "--until", "2026-11-16"];
    assert_eq!(found(&log, &two), ["b0", "c0"]);
    assert_eq!(found(&log, &["--since", "2026-11-18"]), ["a2", "b2", "c2"]);
    let between = ["--since", "2026-11-17T14:00:00.000Z", "--until", "2026-11-17T14:00:00.000Z"];
    assert_eq!(found(&log, &between), ["a1", "b1", "c1"]);
    assert_eq!(found(&log, &["--days", "2026-11-16..2026-11-16"]), ["a0", "b0", "c0"]);
    let any = ["--any", "actor=bob", "--any", "resource=file:ledger-1", "--not", "outcome=failure"];
    assert_eq!(found(&log, &any), ["c0", "c1", "c2"]);
    assert_eq!(found(&log, &["--label", "team", "--days", "2026-11-16"]), ["b0"]);
    assert_eq!(found(&log, &["--text", "LEDGER-1", "--days", "2026-11-16"]), ["c0"]);
    assert_eq!(found(&log, &["--service", "video-api"]).len(), 9);
    assert_eq!(found(&log, &["--service", "other"]), [""; 0]);
    query(&log, &["--not", "otcome=x"]).exits(2).says("is not a field");
    query(&log, &["--since", "yesterday"]).exits(2).says("YYYY-MM-DD");
    query(&log, &["--outcome", "bad"]).exits(2).says("expected one of");
    query(&log, &["--limit", "0"]).exits(2);
}

#[test]
fn times_are_those_of_entries_and_not_of_their_batch() {
    let log = Log::new();
    let at = |n: u32| {
        let more = format!(r#","time":"2026-11-16T1{n}:00:00.000Z""#);
        line(&format!("t{n}"), "ada", "success", &more)
    };
    let lines: String = (0..4).map(at).collect();
    log.feed(&time(0, 14), ["record"], lines.as_bytes()).exits(0);
    let (first, last) = ("2026-11-16T11:00:00.000Z", "2026-11-16T12:00:00.000Z");
    assert_eq!(found(&log, &["--since", first, "--until", last]), ["t1", "t2"]);
    assert_eq!(found(&log, &["--since", last]), ["t2", "t3"]);
    assert_eq!(found(&log, &["--until", first]), ["t0", "t1"]);
}

#[test]
fn pages_tables_and_sheets() {
    let log = asked();
    let first = query(&log, &["--limit", "2", "--order", "newest", "--actor", "ada"]).exits(0);
    assert_eq!(actions(&first.out).len(), 2);
    let next = first.err.split("--after ").nth(1).unwrap().split_whitespace().next().unwrap();
    let args = ["--limit", "2", "--order", "newest", "--actor", "ada", "--after", next];
    let second = query(&log, &args).exits(0);
    let mut both = [actions(&first.out), actions(&second.out)].concat();
    both.sort();
    assert_eq!(both, ["a1", "a2", "c1", "c2"]);
    assert!(first.err.contains("not sealed yet"), "{first:#?}");

    let stored = query(&log, &["--stored", "--actor", "ada"]).exits(0);
    assert_eq!(actions(&stored.out), ["a0", "c0", "a1", "c1", "a2", "c2"]);
    query(&log, &["--stored", "--limit", "3"]).exits(2);

    let now = time(2, 15);
    let sheet = log.at(&now, ["query", "--actor", "bob", "--format", "csv"]).exits(0).out;
    let rows: Vec<&str> = sheet.lines().collect();
    assert!(rows.len() == 4 && rows[0].starts_with("time,id,type,action,outcome"), "{sheet}");
    assert!(rows[1].contains("data.read,b0,failure") && rows[1].contains("2026-11-16"), "{sheet}");
    assert!(rows[3].contains("not sealed"), "{sheet}");
    let none = log.at(&now, ["query", "--actor", "eve", "--format", "csv"]).exits(0).out;
    assert_eq!(none.lines().count(), 1, "the head alone");
    let text = log.at(&now, ["query", "--actor", "bob"]).exits(0).out;
    assert!(text.contains("data.read") && text.contains("user:bob"), "{text}");
}

#[test]
fn a_formula_stays_text() {
    let log = Log::new();
    let formula = line("=HYPERLINK(1)", "@SUM(A1)", "success", "");
    log.feed(&time(0, 14), ["record"], formula.as_bytes()).exits(0);
    let sheet = log.at(&time(0, 15), ["query", "--format", "csv"]).exits(0).out;
    assert!(sheet.contains(",'=HYPERLINK(1),") && sheet.contains(",'@SUM(A1),"), "{sheet}");
}

#[test]
fn a_person_is_found_under_pseudonyms_before_and_after_a_rotation() {
    let log = Log::new();
    let config = std::fs::read_to_string(log.path("dayseal.toml")).unwrap();
    let config = config + "\n[privacy]\npseudonyms = true\n";
    std::fs::write(log.path("dayseal.toml"), config).unwrap();
    let more = r#","privacy":{"purpose":"p","subject":"ada"},"tenant":"acme""#;
    let lines = [line("a", "ada", "success", more), line("b", "bob", "success", "")].concat();
    log.feed(&time(0, 14), ["record"], lines.as_bytes()).exits(0);
    log.at(&time(0, 15), ["rotate", "log-secret"]).exits(0);
    log.feed(&time(0, 16), ["record"], lines.as_bytes()).exits(0);
    let ask = |args: &[&str]| {
        log.at(&time(0, 17), ["query", "--format", "json"].iter().chain(args)).exits(0).out
    };
    let by_actor = ask(&["--actor", "ada"]);
    assert_eq!(actions(&by_actor), ["a", "a"]);
    assert!(!has_word(&by_actor, "ada"), "the log holds pseudonyms");
    assert_eq!(actions(&ask(&["--subject", "ada"])), ["a", "a"]);
    assert_eq!(actions(&ask(&["--subject", "bob"])), [""; 0]);
    // As it is written: one secret's pseudonym, one entry.
    let entry: serde_json::Value = serde_json::from_str(by_actor.lines().next().unwrap()).unwrap();
    let pseudonym = entry["actor"]["id"].as_str().unwrap();
    assert_eq!(actions(&ask(&["--actor", pseudonym])), ["a"]);
    // What was asked for does not stand in the log.
    let all = log.at(&time(0, 17), ["cat", &day(0)]).exits(0).out;
    assert!(all.contains("log.accessed") && all.contains("\"access.filters\":\"actor\""), "{all}");
    assert!(!has_word(&all, "ada") && !has_word(&all, "bob"), "{all}");
    let activity = log.at(&time(0, 17), ["activity", "ada", "--json"]).exits(0).out;
    let activity: serde_json::Value = serde_json::from_str(&activity).unwrap();
    assert_eq!(activity["total_events"], 2);
}

#[test]
fn what_an_actor_did() {
    let log = asked();
    let done = log.at(&time(2, 15), ["activity", "ada", "--days", "1", "--json"]).exits(0);
    let a: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&a["actor_id"], &a["period_days"]), (&"ada".into(), &1.into()));
    // The first of the three days is over a day ago, the second too by an hour.
    assert_eq!((&a["total_events"], &a["not_sealed"]), (&2.into(), &2.into()));
    let done = log.at(&time(2, 15), ["activity", "ada", "--json"]).exits(0);
    let a: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(a["by_type"], serde_json::json!({ "data.read": 6 }));
    assert_eq!(a["by_outcome"], serde_json::json!({ "success": 3, "blocked": 3 }));
    assert_eq!(a["last_activity"], "2026-11-18T14:00:00.000Z");
    let text = log.at(&time(2, 15), ["activity", "ada"]).exits(0);
    text.prints("entries        6").prints("last           2026-11-18");
    log.at(&time(2, 15), ["activity", "eve"]).exits(0).prints("entries        0");
}

#[test]
fn a_journey_and_an_intent_without_a_result() {
    let log = Log::new();
    let id = |n: u32| format!("01a1e9f1-c700-7000-8000-{n:012}");
    let step = |n: u32, kind: &str, outcome: &str, span: &str, cause: Option<u32>| {
        let cause = cause
            .map_or(String::new(), |c| format!(r#","correlation":{{"parent_event":"{}"}}"#, id(c)));
        format!(
            r#"{{"id":"{}","time":"2026-11-16T13:00:0{n}.000Z","type":"{kind}","actor":{{"id":"api","type":"service"}},"action":"s{n}","outcome":"{outcome}","trace":{{"trace_id":"t1","span_id":"{span}"}}{cause}}}"#,
            id(n)
        ) + "\n"
    };
    let lines = [
        step(1, "operation.started", "deferred", "x", None),
        step(2, "data.read", "success", "y", Some(1)),
        step(3, "operation.started", "deferred", "z", Some(1)),
        step(4, "operation.completed", "success", "x", Some(1)),
        line("other", "ada", "success", r#","trace":{"trace_id":"t2"}"#),
    ];
    log.feed(&time(0, 14), ["record"], lines.concat().as_bytes()).exits(0);
    let done = log.at(&time(0, 15), ["trace", "t1"]).exits(0).says("1 intent has no result");
    let marks: Vec<&str> = done.out.lines().map(|l| l[..10].trim()).collect();
    assert_eq!(marks, ["intent", "", "NO RESULT", "result"], "{done:#?}");
    let json = log.at(&time(0, 15), ["trace", "t1", "--json"]).exits(0).out;
    let steps: Vec<serde_json::Value> =
        json.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(steps[2]["step"], "open");
    assert_eq!(steps[2]["entry"]["action"], "s3");
    log.at(&time(0, 15), ["trace", "t9"]).exits(4);
}
