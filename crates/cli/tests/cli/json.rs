//! `--json`: the contract of docs/cli.md. These structs are that page, field by field; an unknown
//! or missing field fails.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::support::{Log, ORIGIN, event, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Init {
    v: u8,
    origin: String,
    first_day: String,
    evidence: String,
    state: String,
    content: Option<String>,
    config: String,
    keys: Option<String>,
    policy: String,
    signing_key: Option<String>,
    verifier_keys: Vec<String>,
    wrapping_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    v: u8,
    recorded: u64,
    refused: u64,
    batches: u64,
    bytes: u64,
    content_bytes: u64,
    redacted: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    v: u8,
    origin: String,
    day: String,
    stream: String,
    seq: u32,
    digest: String,
    index: u32,
    entry: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    v: u8,
    sealed: Vec<SealedDay>,
    newest: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedDay {
    day: String,
    counts: Counts,
    size: u64,
    adopted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    pub(crate) batches: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) late: u64,
    pub(crate) strays: u64,
    pub(crate) gaps: u64,
    pub(crate) conflicts: u64,
    pub(crate) streams_closed: u64,
    pub(crate) streams_open: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    v: u8,
    origin: String,
    evidence: String,
    authenticated: bool,
    level: String,
    required: Option<String>,
    at: String,
    first: Option<String>,
    last: Option<String>,
    head: Option<Head>,
    integrity: Verdict,
    completeness: Verdict,
    anchoring: Verdict,
    checks: Vec<Check>,
    findings: Vec<Finding>,
    more_findings: u64,
    known: Vec<(Finding, String)>,
    totals: Totals,
    exit_code: i32,
    held: Held,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    holds: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    day: String,
    size: u64,
    root: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerdictState {
    Holds,
    Failed,
    NotChecked,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    state: VerdictState,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CheckState {
    Checked,
    NotChecked,
    Failed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    name: String,
    state: CheckState,
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    id: String,
    code: String,
    day: Option<String>,
    object: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Hints {
    held: u64,
    closed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Contents {
    items: u64,
    present: u64,
    erased: u64,
    expired: u64,
    closed: u64,
    untold: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Totals {
    days: u64,
    records: u64,
    batches: u64,
    entries: u64,
    listed: u64,
    objects: u64,
    bytes: u64,
    opened: u64,
    contents: Contents,
    hints: Hints,
    expired: u64,
    expired_days: u64,
    removed: u64,
    awaiting_removal: u64,
    late: u64,
    streams_closed: u64,
    streams_open: u64,
    awaiting_seal: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    v: u8,
    entry: String,
    state: AckState,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AckState {
    Sealed(String),
    Stored,
    NotSealed,
    Expired,
    Removed(String),
    Missing,
    Altered,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    v: u8,
    origin: String,
    verifier_keys: Vec<String>,
    wrapping_keys: Vec<String>,
    officers: Vec<String>,
    first_day: String,
    retention_floor_days: u32,
    content_days: Option<u32>,
    require: String,
    max_seal_hours: u32,
    services: BTreeMap<String, u32>,
    known_findings: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyCheck {
    v: u8,
    valid: bool,
    origin: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    origin: String,
    size: u64,
    root: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct BatchHeader {
    origin: String,
    service: String,
    day: String,
    stream: String,
    seq: u32,
    previous: Option<String>,
    after: Option<String>,
    entries: u32,
    first_time: String,
    last_time: String,
    root: String,
    wrapped_key: String,
    key_id: String,
    salt: String,
    commitment: String,
    hints: Option<String>,
    #[serde(default)]
    last: bool,
}

#[track_caller]
fn parse<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

#[test]
fn init_and_policy() {
    let log = Log::new();
    let now = time(0, 8);
    let args = ["init", "b", "--json", "--origin", "audit.example.com/b"];
    let made: Init = parse(&log.at(&now, args).exits(0).out);
    assert_eq!((made.v, made.origin.as_str()), (1, "audit.example.com/b"));
    assert_eq!(made.first_day, "2026-11-16");
    assert_eq!(made.content.as_deref(), Some("content"));
    assert!(made.evidence.starts_with("file:///") && made.state.ends_with("/state"));
    for path in [&made.config, made.keys.as_ref().unwrap(), &made.policy] {
        assert!(log.home(path).is_file(), "{path}");
    }
    let policy: Policy = parse(&log.at(&now, ["policy", "print", "--json"]).exits(0).out);
    assert_eq!((policy.v, policy.origin.as_str()), (1, ORIGIN));
    // One that wraps data keys, one that wraps content keys.
    assert_eq!((policy.verifier_keys.len(), policy.wrapping_keys.len()), (1, 2));
    assert!(policy.officers.is_empty() && policy.content_days.is_none());
    assert_eq!((made.verifier_keys.len(), made.signing_key), (1, None));
    assert!(
        matches!(&made.wrapping_keys[..], [a, b] if a != b && a.starts_with("local:") && b.starts_with("local:"))
    );
    assert_eq!((policy.first_day.as_str(), policy.require.as_str()), ("2026-11-16", "entries"));
    assert_eq!((policy.retention_floor_days, policy.max_seal_hours), (366, 26));
    assert!(policy.services.is_empty() && policy.known_findings.is_empty());
    let check: PolicyCheck = parse(&log.at(&now, ["policy", "check", "--json"]).exits(0).out);
    assert_eq!((check.v, check.valid, check.origin.as_str()), (1, true, ORIGIN));
}

#[test]
fn record_seal_ack_and_show() {
    let log = Log::new();
    let now = time(0, 14);
    let input = [event("a"), "bad\n".into()].concat();
    let done = log.feed(&now, ["record", "--json"], input.as_bytes()).exits(1);
    let r: Record = parse(&done.out);
    assert_eq!(r.content_bytes, 0);
    assert_eq!((r.v, r.recorded, r.refused, r.batches), (1, 1, 1, 1));
    assert!(r.bytes > 0);

    // Acknowledgements on standard output, the summary as one line on standard error.
    let done = log.feed(&now, ["record", "--json", "--durable"], event("b").as_bytes()).exits(0);
    let r: Record = parse(done.err.trim_end());
    assert_eq!((r.recorded, r.refused, r.redacted), (1, 0, 0));
    let ack: Acknowledgement = parse(done.out.trim_end());
    assert_eq!((ack.v, ack.origin.as_str(), ack.day.as_str()), (1, ORIGIN, "2026-11-16"));
    assert_eq!((ack.seq, ack.index), (0, 0));
    assert_eq!((ack.stream.len(), ack.digest.len(), ack.entry.len()), (32, 64, 36));
    let state = |now: &str| -> Ack {
        parse(&log.feed(now, ["ack", "-", "--json"], done.out.as_bytes()).out)
    };
    let answer = state(&now);
    assert_eq!((answer.v, answer.entry, answer.state), (1, ack.entry, AckState::Stored));

    let s: Seal = parse(&log.at(&now, ["seal", "--json"]).exits(0).out);
    assert!(s.v == 1 && s.sealed.is_empty() && s.newest.is_none());
    let s: Seal = parse(&log.at(&time(1, 2), ["seal", "--json"]).exits(0).out);
    let day = &s.sealed[0];
    assert_eq!((day.day.as_str(), day.size, day.adopted), ("2026-11-16", 3, false));
    let c = &day.counts;
    assert_eq!((c.batches, c.entries, c.late, c.strays), (2, 2, 0, 0));
    assert_eq!((c.gaps, c.conflicts, c.streams_closed + c.streams_open), (0, 0, 2));
    assert!(c.bytes > 0);
    assert_eq!(s.newest.as_deref(), Some("2026-11-16"));
    assert_eq!(state(&time(1, 3)).state, AckState::Sealed("2026-11-16".into()));
    fs::remove_file(log.evidence(&ack_key(&log, &ack.stream))).unwrap();
    assert_eq!(state(&time(1, 3)).state, AckState::Missing);

    // One document a line: leaf records, then the checkpoint.
    let shown = log.at(&now, ["show", "2026-11-16", "--json"]).exits(0).out;
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 4);
    let kinds = lines[..3].iter().map(|l| parse::<serde_json::Value>(l)["kind"].clone());
    assert_eq!(kinds.collect::<Vec<_>>(), ["day", "batch", "batch"]);
    let checkpoint: Checkpoint = parse(lines[3]);
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), (ORIGIN, 3));
    assert_eq!(checkpoint.root.len(), 64);
    let header: BatchHeader = parse(&log.at(&now, ["show", "--json", &log.batches()[0]]).out);
    assert_eq!((header.origin.as_str(), header.entries), (ORIGIN, 1));
}

fn ack_key(log: &Log, stream: &str) -> String {
    log.batches().into_iter().find(|k| k.contains(stream)).unwrap()
}

#[test]
fn verify() {
    let log = Log::sealed(2);
    let r: Report = parse(&log.verify(&["--json"]).exits(0).out);
    assert_eq!((r.v, r.origin.as_str(), r.authenticated, r.exit_code), (1, ORIGIN, true, 0));
    assert!(r.evidence.starts_with("file:///"));
    assert_eq!((r.level.as_str(), r.required.as_deref()), ("entries", Some("entries")));
    assert_eq!(r.at, time(2, 3));
    assert_eq!((r.first.as_deref(), r.last.as_deref()), (Some("2026-11-16"), Some("2026-11-17")));
    assert!(r.held.holds.is_empty());
    let head = r.head.unwrap();
    assert_eq!((head.day.as_str(), head.size, head.root.len()), ("2026-11-17", 4, 64));
    for verdict in [&r.integrity, &r.completeness, &r.anchoring] {
        assert!(matches!(verdict.state, VerdictState::Holds), "{verdict:?}");
        assert!(!verdict.reason.is_empty());
    }
    assert!(r.checks.iter().any(|c| matches!(c.state, CheckState::Checked)));
    assert!(r.checks.iter().any(|c| matches!(c.state, CheckState::NotChecked)));
    assert!(r.checks.iter().all(|c| !c.name.is_empty() && !c.detail.is_empty()));
    assert!(r.findings.is_empty() && r.known.is_empty() && r.more_findings == 0);
    assert_eq!((r.totals.days, r.totals.entries, r.totals.opened), (2, 4, 4));

    log.flip(&log.batches()[0], 800);
    let r: Report = parse(&log.verify(&["--json"]).exits(1).out);
    assert_eq!(r.exit_code, 1);
    assert!(matches!(r.integrity.state, VerdictState::Failed));
    assert!(r.checks.iter().any(|c| matches!(c.state, CheckState::Failed)), "{:?}", r.checks);
    let finding = &r.findings[0];
    assert_eq!(
        (finding.code.as_str(), finding.day.as_deref()),
        ("altered_object", Some("2026-11-16"))
    );
    assert!(finding.object.contains(&log.batches()[0]) && !finding.detail.is_empty());

    // A finding that the policy knows is shown and does not count.
    let policy = fs::read_to_string(log.path("policy")).unwrap();
    let known = format!("{policy}known-finding {} disk fault, ticket 17\n", finding.id);
    fs::write(log.path("policy"), known).unwrap();
    let r: Report = parse(&log.verify(&["--json"]).out);
    assert_eq!(r.known.len(), 1, "{r:#?}");
    assert!(r.known[0].1.contains("disk fault"));
    assert!(!r.findings.iter().any(|f| f.id == r.known[0].0.id));
}
