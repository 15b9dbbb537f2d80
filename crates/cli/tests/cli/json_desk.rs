//! `--json` of the auditor's desk: the contract of docs/cli.md, field by field.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::{Log, day, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Activity {
    v: u8,
    actor_id: String,
    period_days: u32,
    total_events: u64,
    by_type: BTreeMap<String, u64>,
    by_outcome: BTreeMap<String, u64>,
    first_activity: Option<String>,
    last_activity: Option<String>,
    not_sealed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proven {
    v: u8,
    origin: String,
    size: u64,
    root: String,
    leaf_index: u64,
    record: Value,
    index: u64,
    leaf: String,
    entry: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    v: u8,
    about: Option<About>,
    head: Option<Head>,
    days: u64,
    batches: u64,
    entries: u64,
    expired: u64,
    removed: u64,
    findings: Vec<Value>,
    more_findings: u64,
    exit_code: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    v: u8,
    origin: String,
    first: String,
    last: String,
    entries: String,
    made_at: String,
    made_by: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    day: String,
    size: u64,
    root: String,
}

fn ask<T: DeserializeOwned>(log: &Log, args: &[&str]) -> T {
    let done = log.at(&time(1, 3), args.iter().chain(&["--json"])).exits(0);
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn activity_proof_and_bundle() {
    let log = Log::sealed(1);
    let a: Activity = ask(&log, &["activity", "u-1"]);
    assert_eq!((a.v, a.actor_id.as_str(), a.period_days, a.total_events), (1, "u-1", 30, 2));
    assert_eq!((a.by_type["data.read"], a.by_outcome["success"], a.not_sealed), (2, 2, 0));
    assert!(a.first_activity.is_some() && a.last_activity.is_some());
    let none: Activity = ask(&log, &["activity", "eve"]);
    assert_eq!((none.total_events, none.last_activity), (0, None));

    let line =
        log.at(&time(1, 3), ["cat", &day(0)]).exits(0).out.lines().nth(1).unwrap().to_owned();
    let entry: Value = serde_json::from_str(&line).unwrap();
    let file = log.home("entry.proof").to_str().unwrap().to_owned();
    for (more, shown) in [(&[][..], true), (&["--redact"][..], false)] {
        let args = ["prove", entry["id"].as_str().unwrap(), "--out", &file];
        log.at(&time(1, 3), args.iter().chain(more)).exits(0);
        let p: Proven = ask(&log, &["verify-proof", &file]);
        assert_eq!((p.v, p.size, p.leaf_index, p.index), (1, 2, 1, 1));
        assert_eq!(
            (p.root.len(), p.leaf.len(), p.origin.as_str()),
            (64, 64, "audit.example.com/cli")
        );
        assert_eq!(p.record["entries"], 2);
        assert_eq!(p.entry, shown.then(|| entry.clone()));
        std::fs::remove_file(&file).unwrap();
    }

    let out = log.home("bundle").to_str().unwrap().to_owned();
    log.at(&time(1, 3), ["bundle", "--days", &day(0), "--out", &out]).exits(0);
    let b: Bundle = ask(&log, &["verify-bundle", &out]);
    assert_eq!((b.v, b.exit_code, b.more_findings, b.expired, b.removed), (1, 0, 0, 0, 0));
    assert_eq!((b.days, b.batches, b.entries, b.findings.len()), (1, 1, 2, 0));
    let (about, head) = (b.about.unwrap(), b.head.unwrap());
    assert_eq!((about.v, about.entries.as_str()), (1, "shown"));
    assert_eq!((about.first, about.last), (day(0), day(0)));
    assert_eq!((about.made_at, about.origin.as_str()), (time(1, 3), "audit.example.com/cli"));
    assert!(about.made_by.starts_with("dayseal "));
    assert_eq!((head.day, head.size, head.root.len()), (day(0), 2, 64));
}
