//! `health`: for people, for monitors, its exit codes.

use std::fs;

use serde::Deserialize;

use crate::json::Counts;
use crate::support::{Log, day, event, time};

/// The contract of docs/cli.md, field by field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    v: u8,
    origin: String,
    at: String,
    exit_code: i32,
    problems: Vec<Problem>,
    last_seal: Option<LastSeal>,
    waiting: Option<(String, String)>,
    overdue: Option<(String, String)>,
    hours: Vec<Hour>,
    spanning: u64,
    newest_batch: Option<NewestBatch>,
    late: u64,
    late_waiting: u64,
    streams: Vec<Streams>,
    services: Vec<Service>,
    requests: u64,
    unread: u64,
    safety: Option<Safety>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Problem {
    code: String,
    exit_code: i32,
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastSeal {
    day: String,
    sealed_at: String,
    age_seconds: u64,
    counts: Counts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hour {
    hour: String,
    entries: u64,
    batches: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewestBatch {
    time: String,
    age_seconds: u64,
    service: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Streams {
    day: String,
    open: u64,
    closed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    last_heard: Option<String>,
    silent_days: u32,
    max_silent_days: u32,
    silent: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Safety {
    failures: u64,
    by_hour: Vec<u64>,
}

fn ask(log: &Log, now: &str, more: &[&str], exit: i32) -> Health {
    let args = ["health", "--json", "--hours", "16"];
    let done = log.at(now, args.iter().chain(more)).exits(exit);
    let health: Health = serde_json::from_str(&done.out).unwrap();
    assert_eq!(health.exit_code, exit);
    health
}

#[test]
fn the_json_is_a_contract() {
    let log = Log::sealed(1);
    let policy = fs::read_to_string(log.path("policy")).unwrap();
    fs::write(log.path("policy"), policy + "service video-api max-silent-days 2\n").unwrap();
    let h = ask(&log, &time(1, 3), &[], 0);
    assert_eq!((h.v, h.origin.as_str(), h.at), (1, "audit.example.com/cli", time(1, 3)));
    assert!(h.problems.is_empty() && h.waiting.is_none() && h.overdue.is_none());
    let seal = h.last_seal.unwrap();
    assert_eq!((seal.day, seal.sealed_at, seal.age_seconds), (day(0), time(1, 2), 3_600));
    let c = seal.counts;
    assert_eq!((c.batches, c.entries, c.streams_closed, c.streams_open), (1, 2, 1, 0));
    assert_eq!((c.late, c.strays, c.gaps, c.conflicts, c.bytes > 0), (0, 0, 0, 0, true));
    assert_eq!((h.hours.len(), h.spanning), (16, 0));
    assert_eq!((&*h.hours[2].hour, h.hours[2].entries, h.hours[2].batches), (&*time(0, 14), 2, 1));
    assert_eq!(h.hours.iter().map(|h| h.entries).sum::<u64>(), 2);
    let newest = h.newest_batch.unwrap();
    assert_eq!((newest.time, newest.age_seconds), (time(0, 14), 13 * 3_600));
    assert_eq!(newest.service, "video-api");
    assert_eq!((h.late, h.late_waiting, h.unread, h.requests), (0, 0, 0, 6));
    let streams: Vec<_> = h.streams.iter().map(|s| (&*s.day, s.open, s.closed)).collect();
    assert_eq!(streams, [(&*day(0), 0, 1), (&*day(1), 0, 0)]);
    let [s] = &h.services[..] else { panic!("{:?}", h.services) };
    assert_eq!((&*s.name, s.last_heard.as_deref(), s.silent), ("video-api", Some(&*day(0)), false));
    assert_eq!((s.silent_days, s.max_silent_days), (0, 2));
    assert!(h.safety.is_none());

    // Four days on, with a day that nobody sealed.
    log.record_day(1);
    let h = ask(&log, &time(5, 3), &[], 4);
    assert_eq!((h.waiting, h.overdue), (Some((day(1), day(4))), Some((day(1), day(3)))));
    assert_eq!((h.services[0].last_heard.clone(), h.services[0].silent), (Some(day(1)), true));
    let problems: Vec<_> = h.problems.iter().map(|p| (&*p.code, p.exit_code)).collect();
    assert_eq!(problems, [("overdue", 4), ("silent", 4)]);
    assert!(h.problems[1].detail.contains("video-api: last heard of on 2026-11-17"));
}

#[test]
fn it_needs_no_key_and_records_nothing() {
    let log = Log::sealed(1);
    fs::remove_file(log.path("keys.json")).unwrap();
    let before = log.batches();
    let done = log.at(&time(1, 3), ["health"]).exits(0).prints("result: well (exit code 0)");
    let done = done.prints("2026-11-16 at 2026-11-17T02:00:00.000Z, 60 min ago: 2 entries");
    let done =
        done.prints("failures not counted").prints("    2026-11-16T14:00Z             2  ####");
    assert_eq!((log.batches(), &*done.err), (before, ""));
    // Asked for what it cannot do, it says so, and the rest.
    let done = log.at(&time(1, 3), ["health", "--safety"]).exits(3);
    done.says("safety failures are not counted").prints("NOT WELL (exit code 3)");
}

#[test]
fn safety_failures_are_counted_and_the_reading_recorded() {
    let log = Log::new();
    let failed =
        event("bad").replacen('{', r#"{"safety":{"passed":false,"detectors":["pii"]},"#, 1);
    let input = [failed.clone(), event("good"), failed].concat();
    log.feed(&time(0, 14), ["record"], input.as_bytes()).exits(0);
    log.at(&time(1, 2), ["seal"]).exits(0);
    let h = ask(&log, &time(1, 3), &["--safety", "--purpose", "review"], 0);
    let safety = h.safety.unwrap();
    assert_eq!((safety.failures, safety.by_hour.len(), safety.by_hour[2]), (2, 16, 2));
    let done =
        log.at(&time(1, 4), ["query", "--type", "log.accessed", "--format", "json"]).exits(0);
    assert!(done.out.contains("\"health\"") && done.out.contains("review"), "{done:#?}");
    log.at(&time(1, 3), ["health", "--safety"]).exits(0).prints("2 failed safety");
}

#[test]
fn what_is_altered_is_not_well() {
    let log = Log::sealed(1).copy();
    let path = log.evidence("manifests/2026-11-16.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let h = ask(&log, &time(1, 3), &[], 1);
    assert_eq!((h.problems.len(), &*h.problems[0].code, h.last_seal.is_none()), (1, "day", true));
    log.at(&time(1, 3), ["health"]).exits(1).prints("last seal     none to rely on");
    fs::remove_file(log.path("policy")).unwrap();
    log.at(&time(1, 3), ["health"]).exits(2).says("no policy");
}
