//! `index`, and searches by hints.

use std::fs;

use serde::Deserialize;

use crate::support::{Log, event, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    v: u8,
    indexed: Vec<Indexed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Indexed {
    day: String,
    batches: u64,
    hinted: u64,
    unread: u64,
    bytes: u64,
    too_long: bool,
    unchanged: bool,
}

/// Ten days, of which one has an entry of Grace.
fn log() -> Log {
    let log = Log::new();
    for n in 0..10 {
        log.record_day(n);
        if n == 4 {
            log.feed(&time(n, 15), ["record"], event("grace").as_bytes()).exits(0);
        }
        log.at(&time(n + 1, 2), ["seal"]).exits(0);
    }
    log
}

/// What a search for her read and left out, by standard error.
fn search(log: &Log, more: &[&str]) -> String {
    let args = ["query", "--any", "action=grace"].iter().chain(more);
    log.at(&time(10, 9), args).exits(0).prints("grace").says("1 entry fits").err
}

#[test]
fn a_search_reads_what_hints_leave() {
    let log = log();
    let by_index = search(&log, &[]);
    assert!(by_index.contains("in 1 batch of") && by_index.contains("left out by their hints"));
    assert!(!by_index.contains("headers"), "{by_index}");
    // Its own record of the reading is a batch of today, which is looked at as well.
    let all = search(&log, &["--full"]);
    assert!(all.contains("in 12 batches of") && !all.contains("left out by their hints"), "{all}");

    fs::remove_dir_all(log.path("state/index")).unwrap();
    let by_headers = search(&log, &[]);
    assert!(by_headers.contains("in 1 batch of"), "{by_headers}");
    assert!(by_headers.contains("11 of their headers read for it"), "{by_headers}");

    log.at(&time(10, 9), ["index", "--days", "2026-11-17.."])
        .exits(0)
        .prints("indexed 9 days, 9 of them anew: 10 of 10 batches with hints");
    let done = log.at(&time(10, 9), ["index", "--json"]).exits(0);
    let answer: Answer = serde_json::from_str(&done.out).unwrap();
    assert_eq!((answer.v, answer.indexed.len()), (1, 10));
    let anew: Vec<_> = answer.indexed.iter().filter(|d| !d.unchanged).map(|d| &*d.day).collect();
    assert_eq!(anew, ["2026-11-16"]);
    for day in &answer.indexed {
        let batches = if day.day == "2026-11-20" { 2 } else { 1 };
        assert_eq!((day.batches, day.hinted, day.unread), (batches, batches, 0), "{day:?}");
        assert!(day.bytes > 289 && !day.too_long, "{day:?}");
    }
    assert!(!search(&log, &[]).contains("headers"));

    // Nonsense in the place of one hides nothing, and is replaced.
    let log = log.copy();
    fs::write(log.path("state/index/2026-11-20"), "nonsense").unwrap();
    assert!(search(&log, &[]).contains("2 of their headers read for it"));
    log.at(&time(10, 9), ["index"]).exits(0).prints("indexed 10 days, 1 of them anew");
    assert!(!search(&log, &[]).contains("headers"));
}

#[test]
fn an_index_of_a_day_that_was_changed_is_not_made() {
    let log = log().copy();
    let path = log.path("evidence/manifests/2026-11-18.ndjson");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace("\"entries\":2", "\"entries\":3")).unwrap();
    log.at(&time(10, 9), ["index"]).exits(3).says("2026-11-18").prints("indexed 9 days");
}

#[test]
fn verify_holds_hints_against_the_entries() {
    let log = log();
    log.at(&time(10, 9), ["verify", "--level", "entries", "--no-progress"])
        .exits(0)
        .prints("hints")
        .prints("of 11 batches, made again from the entries");
    let shallow = log.at(&time(10, 9), ["verify", "--level", "objects", "--no-progress"]).exits(3);
    assert!(!shallow.out.contains("hints"), "{shallow:#?}");
}
