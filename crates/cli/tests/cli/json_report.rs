//! `report --json`: the contract of docs/report.md, field by field.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Log, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Report {
    v: u8,
    at: String,
    origin: String,
    evidence: String,
    first: String,
    last: String,
    statistics: Statistics,
    reading: Reading,
    /// As of `verify --json`, whose own test has it.
    verification: Value,
    calendar: Vec<DayFacts>,
    retention: Retention,
    holds: Holds,
    unmasked: Option<Unmasked>,
    settings: Option<Value>,
    checks: Vec<Check>,
    frameworks: Vec<Framework>,
    counts: Counts,
    exit_code: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Statistics {
    entries: u64,
    sealed: u64,
    not_sealed: u64,
    people: u64,
    people_as_pseudonyms: u64,
    outcomes: Tally,
    types: Ranking<Named>,
    known_types: BTreeMap<String, u64>,
    actors: Ranking<ActorRow>,
    actor_types: BTreeMap<String, u64>,
    services: Ranking<Named>,
    tenants: Ranking<Named>,
    days: BTreeMap<String, Tally>,
    hours: [u64; 24],
    severities: BTreeMap<String, u64>,
    redactions: Ranking<Plain>,
    durations: Latency,
    changes: u64,
    ai: Ai,
    fields: Fields,
    processing: Processing,
    access: BTreeMap<String, Access>,
    erasures: Erasures,
    reviews: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Tally {
    entries: u64,
    success: u64,
    failure: u64,
    blocked: u64,
    deferred: u64,
    unknown: u64,
    success_rate: Option<f64>,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Ranking<T> {
    distinct: u64,
    exact: bool,
    at_most_short: u64,
    others: u64,
    top: Vec<T>,
}

// Flattened structs cannot refuse unknown fields: each row is written out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Named {
    name: String,
    entries: u64,
    success: u64,
    failure: u64,
    blocked: u64,
    deferred: u64,
    unknown: u64,
    success_rate: Option<f64>,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct ActorRow {
    name: String,
    r#type: String,
    entries: u64,
    success: u64,
    failure: u64,
    blocked: u64,
    deferred: u64,
    unknown: u64,
    success_rate: Option<f64>,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct AgentRow {
    name: String,
    entries: u64,
    success: u64,
    failure: u64,
    blocked: u64,
    deferred: u64,
    unknown: u64,
    success_rate: Option<f64>,
    first: Option<String>,
    last: Option<String>,
    recent: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Step {
    time: String,
    r#type: String,
    action: String,
    duration_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Plain {
    name: String,
    entries: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Latency {
    entries: u64,
    min_ms: Option<u64>,
    mean_ms: Option<u64>,
    p50_ms: Option<u64>,
    p90_ms: Option<u64>,
    p99_ms: Option<u64>,
    max_ms: Option<u64>,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Bucket {
    from_ms: u64,
    below_ms: Option<u64>,
    entries: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Ai {
    calls: Tally,
    input_tokens: u64,
    output_tokens: u64,
    models: Ranking<Named>,
    latency: Latency,
    first_token: Latency,
    agents: Ranking<AgentRow>,
    safety_passed: u64,
    safety_failed: u64,
    blocked: u64,
    detectors: Ranking<Plain>,
    stages: BTreeMap<String, u64>,
    oversight_required: u64,
    decisions: BTreeMap<String, u64>,
    decisions_without_reviewer: u64,
    fields: AiFields,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct AiFields {
    calls: u64,
    with_provider: u64,
    with_model: u64,
    with_end: u64,
    with_safety: u64,
    complete: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Fields {
    access: u64,
    access_with_source: u64,
    access_with_resource: u64,
    access_with_both: u64,
    from_the_future: u64,
    with_clock: u64,
    largest_offset_ms: u64,
    delay: Latency,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Processing {
    entries: u64,
    complete: u64,
    without_purpose: u64,
    without_legal_basis: u64,
    activities: Vec<Activity>,
    others: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Activity {
    purpose: Option<String>,
    legal_basis: Option<String>,
    categories: Vec<String>,
    recipients: Vec<String>,
    transfers: Vec<String>,
    entries: u64,
    without_categories: u64,
    without_recipients: u64,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Access {
    all: Tally,
    with_reason: u64,
    with_resource: u64,
    actors: Ranking<ActorRow>,
    actions: Ranking<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Erasures {
    requested: u64,
    completed: u64,
    open: Vec<OpenErasure>,
    open_count: u64,
    too_many: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct OpenErasure {
    receipt: String,
    time: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Reading {
    batches: u64,
    expired: u64,
    problems: u64,
    problem_texts: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct DayFacts {
    day: String,
    state: String,
    findings: u64,
    known: u64,
    sealed_at: Option<String>,
    seal_delay_ms: Option<u64>,
    keep_until: Option<String>,
    counts: Option<Value>,
    removals: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Retention {
    floor_days: u32,
    shortest_days: Option<i32>,
    longest_days: Option<i32>,
    oldest_day: Option<String>,
    next_expiry: Option<String>,
    objects: Option<u64>,
    bytes: Option<u64>,
    content_days: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Holds {
    standing: Vec<Value>,
    released: u64,
    differences: Option<Vec<String>>,
    unread: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Unmasked {
    entries: u64,
    rules: BTreeMap<String, u64>,
    examples: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Check {
    id: String,
    title: String,
    status: Status,
    detail: String,
    evidence: Value,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Pass,
    Warn,
    Fail,
    NotApplicable,
    NotCovered,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Framework {
    id: String,
    title: String,
    note: String,
    controls: Vec<Control>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that they are there is the test")]
struct Control {
    id: String,
    title: String,
    asks: String,
    source: String,
    standing: String,
    status: Status,
    checks: Vec<String>,
    settings: Vec<String>,
    settings_checked: bool,
    beyond: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    passed: usize,
    warnings: usize,
    failed: usize,
    not_applicable: usize,
    not_covered: usize,
}

#[test]
fn report() {
    let log = Log::sealed(2);
    let rich = [
        r#"{"type":"ai.generation.completed","actor":{"id":"a","type":"agent"},"agent":{"id":"qa"},"action":"chat","outcome":"success","ai":{"provider":"openai","model_requested":"m","latency_ms":12,"first_token_ms":3},"safety":{"passed":false,"stage":"input","detectors":["d"]}}"#,
        r#"{"type":"privacy.processing","actor":{"id":"g","type":"service"},"action":"p","outcome":"success","privacy":{"purpose":"p","legal_basis":"consent","categories":["c"],"recipients":["r"],"transfer_region":"US"},"data_class":["pii"]}"#,
        r#"{"type":"data.read","actor":{"id":"u","type":"user"},"action":"r","outcome":"success","data_class":["phi"],"resource":{"type":"x","id":"1"}}"#,
        r#"{"type":"privacy.erasure.requested","actor":{"id":"u","type":"user"},"action":"e","outcome":"deferred","privacy":{"subject":"s"}}"#,
        r#"{"type":"review.completed","actor":{"id":"u","type":"user"},"action":"r","outcome":"success","oversight":{"decision":"approved","reviewer":"u"},"labels":{"note":"token=s3cr3t9876543210"}}"#,
    ];
    log.feed(&time(2, 4), ["record"], (rich.join("\n") + "\n").as_bytes()).exits(0);
    let done = log.at(&time(2, 5), ["report", "--json"]);
    assert_eq!(done.code, 6, "{done:#?}");
    let r: Report =
        serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e} in {}", done.out));
    assert_eq!(
        (r.v, r.exit_code, r.first.as_str(), r.last.as_str()),
        (1, 6, "2026-11-16", "2026-11-18")
    );
    let s = &r.statistics;
    assert_eq!((s.entries, s.sealed, s.not_sealed), (9, 4, 5));
    assert_eq!(s.ai.agents.top[0].recent.len(), 1);
    assert_eq!((s.processing.activities.len(), s.erasures.open.len()), (1, 1));
    assert_eq!(s.access.keys().collect::<Vec<_>>(), ["chd", "phi", "pii", "secret", "special"]);
    assert_eq!((s.access["phi"].actors.top.len(), s.redactions.top.len()), (1, 1));
    let states: Vec<_> = r.calendar.iter().map(|d| d.state.as_str()).collect();
    assert_eq!(states, ["holds", "holds", "open"]);
    assert_eq!(r.retention.shortest_days, Some(366));
    assert!(r.settings.is_none() && r.holds.differences.as_ref().is_some_and(Vec::is_empty));
    let controls: Vec<_> = r.frameworks.iter().flat_map(|f| &f.controls).collect();
    let of = |status| controls.iter().filter(|c| c.status == status).count();
    let c = &r.counts;
    assert_eq!(
        (c.passed, c.warnings, c.failed),
        (of(Status::Pass), of(Status::Warn), of(Status::Fail))
    );
    assert_eq!(
        (c.not_applicable, c.not_covered),
        (of(Status::NotApplicable), of(Status::NotCovered))
    );
    for control in controls {
        for id in &control.checks {
            assert!(r.checks.iter().any(|c| c.id == *id), "{}: no check {id}", control.id);
        }
    }
}
