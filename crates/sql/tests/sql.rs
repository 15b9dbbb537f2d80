//! Statements over a log: the same rows as without pruning, nothing but reading, bounded memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use dayseal_auditor::find::{LogReader, Orders, Tally};
use dayseal_auditor::query::{Hit, People, Query, Scan};
use dayseal_chain::read::BatchReader;
use dayseal_format::event::{
    Actor, Agent, AiCall, Event, EventDraft, Outcome, Resource, Severity, Trace,
};
use dayseal_sql::arrow::array::RecordBatch;
use dayseal_sql::arrow::util::display::{ArrayFormatter, FormatOptions};
use dayseal_sql::{ScanFailed, Settings, Source, SqlError, run};
use dayseal_testkit::{TestLog, day, noon};
use futures_util::TryStreamExt as _;
use tokio::runtime::Handle;

#[derive(Debug)]
struct Log {
    log: TestLog,
    runtime: Handle,
    seen: Mutex<(Vec<Query>, Tally)>,
}

impl Source for Log {
    fn run(&self, query: &Query, each: &mut dyn FnMut(Hit) -> bool) -> Result<(), ScanFailed> {
        let origin = self.log.settings.origin.clone();
        let allowed = self.log.policy.wrapping_keys.clone();
        let evidence = &*self.log.evidence;
        let reader = LogReader {
            evidence,
            state: Some(&*self.log.state),
            batches: BatchReader::new(evidence, &*self.log.keys, origin.clone(), allowed),
            origin: origin.clone(),
            keys: self.log.policy.verifier_keys.clone(),
            orders: Orders::of(self.log.policy.officers.clone()),
            first_day: self.log.policy.first_day,
            now: noon(day("2026-11-18")),
        };
        let mut scan = Scan::new(
            &reader,
            query,
            People::new(origin, vec![*self.log.keys.log_secret().unwrap().expose()]).as_written(),
        );
        let told = |problem| panic!("{problem:?}");
        self.runtime.block_on(scan.all(told, each)).unwrap();
        let mut seen = self.seen.lock().unwrap();
        seen.0.push(query.clone());
        seen.1.add(&scan.tally);
        Ok(())
    }
}

/// Event `n`: its fields differ from the next one's in many ways.
fn event(n: u32) -> EventDraft {
    let pick = |of: &[&'static str]| of[n as usize % of.len()];
    let outcome = [Outcome::Success, Outcome::Failure, Outcome::Blocked][n as usize % 3];
    let mut event = Event::builder(pick(&["data.read", "ai.generation.completed"]))
        .actor(Actor::user(pick(&["ada", "bob", "cleo"])))
        .action(pick(&["get", "chat", "list", "f-1"]))
        .outcome(outcome)
        .trace(Trace::new(pick(&["t1", "t2"])))
        .label("team", pick(&["red", "blue", "=1+1"]));
    if n.is_multiple_of(2) {
        event = event
            .resource(Resource::new(pick(&["file", "f-1", "gpt"])).id(pick(&["f-1", "file"])))
            .severity(Severity::High);
    }
    if n % 4 == 1 {
        let ai = AiCall::new("openai", pick(&["gpt", "o1"]))
            .model_answered("gpt")
            .input_tokens(n.into());
        event = event
            .ai(ai)
            .agent(Agent { name: Some("a-1".into()), ..Agent::new(pick(&["a-1", "a-2"])) });
    }
    event.build().unwrap()
}

/// Three days of two batches, the last day open.
async fn log() -> Arc<Log> {
    let log = TestLog::new("2026-11-16").await;
    for (n, on) in ["2026-11-16", "2026-11-17", "2026-11-18"].into_iter().enumerate() {
        for half in 0..2 {
            let at = noon(day(on)).saturating_add(half * 3_600_000);
            let recorder = log.recorder(at);
            for k in 0..12 {
                let event = event(n as u32 * 24 + half as u32 * 12 + k);
                recorder.record(event).await.unwrap();
            }
            recorder.close().await.unwrap();
        }
        if n < 2 {
            log.seal(on).await.unwrap();
        }
    }
    Arc::new(Log { log, runtime: Handle::current(), seen: Mutex::default() })
}

async fn rows(log: &Arc<Log>, sql: &str) -> Result<Vec<Vec<String>>, SqlError> {
    let origin = log.log.settings.origin.clone();
    let secret = *log.log.keys.log_secret().unwrap().expose();
    let people = People::new(origin, vec![secret]);
    let source = Arc::clone(log) as Arc<dyn Source>;
    let answer = run(sql, source, people, Settings { memory: 64 << 20 }).await?;
    let batches: Vec<RecordBatch> = answer.try_collect().await.map_err(SqlError::Run)?;
    let mut rows = Vec::new();
    for batch in &batches {
        let options = FormatOptions::default();
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|at| columns.iter().map(|c| c.value(at).to_string()).collect::<Vec<_>>()),
        );
    }
    Ok(rows)
}

async fn ok(log: &Arc<Log>, sql: &str) -> Vec<Vec<String>> {
    rows(log, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_down_changes_no_answer() {
    let log = log().await;
    assert_eq!(ok(&log, "select count(*) from entries").await, [["72"]]);
    for (condition, some) in [
        ("time >= '2026-11-17'", true),
        ("time > '2026-11-16T12:00:00Z'", true),
        ("time > '2026-11-16T12:00:00.000001Z' and time < '2026-11-17T13:00:00Z'", true),
        ("time = '2026-11-17T13:00:00Z'", true),
        ("time between '2026-11-16T12:30:00Z' and '2026-11-17T12:00:00Z'", true),
        ("time < '1960-01-01'", false),
        ("time > '1960-01-01'", true),
        ("day = '2026-11-17'", true),
        ("day in ('2026-11-16', '2026-11-18')", true),
        ("day > '2026-11-16' and day <= '2026-11-17'", true),
        ("day > '2026-11-17' and day < '2026-11-17'", false),
        ("day is null", false),
        ("sealed_by is null", true),
        ("type = 'data.read'", true),
        ("type = 'data.'", false),
        ("type like 'data.%'", true),
        ("action = 'get' and outcome <> 'success'", true),
        ("outcome in ('failure', 'blocked')", true),
        ("outcome not in ('failure', 'blocked')", true),
        ("outcome = 'failure' or outcome = 'blocked'", true),
        ("outcome = 'failure' and outcome = 'blocked'", false),
        ("not (outcome = 'failure')", true),
        ("severity = 'high'", true),
        ("severity <> 'high'", false),
        ("severity is null", true),
        // A type is no id, a name no agent's id, an answering model none that was asked for.
        ("resource = 'f-1'", true),
        ("resource = 'file:f-1'", false),
        ("resource = 'file' and resource_type = 'file'", false),
        ("agent = 'a-1'", false),
        ("agent = 'a-2'", true),
        ("model = 'gpt'", false),
        ("model = 'o1' and model_answered = 'gpt'", true),
        ("trace = 't1' and provider = 'openai'", false),
        ("trace = 't2' and provider = 'openai'", true),
        ("tenant = 'default' and actor_type = 'user'", true),
        ("recorder = 'tests'", true),
        ("recorder = 'other'", false),
        ("recorder = 'no such name!'", false),
        ("service = 'tests' and labels['team'] = '=1+1'", true),
        ("actor = 'ada'", false),
        ("same_person(actor, tenant, 'ada')", true),
        ("input_tokens > 10 and latency_ms is null", true),
    ] {
        let pushed = ok(&log, &format!("select id from entries where {condition}")).await;
        // In a projection nothing is pushed down.
        let all = ok(&log, &format!("select id, ({condition}) is true from entries")).await;
        let pushed: BTreeSet<String> = pushed.into_iter().map(|row| row[0].clone()).collect();
        let plain: BTreeSet<String> =
            all.into_iter().filter(|row| row[1] == "true").map(|row| row[0].clone()).collect();
        assert_eq!(pushed, plain, "{condition}");
        assert_eq!(!plain.is_empty(), some, "{condition}: {}", plain.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_cannot_answer_stay_unread() {
    let log = log().await;
    for (condition, read) in [
        ("true", 6),
        ("day = '2026-11-16'", 2),
        ("time >= '2026-11-18T12:30:00Z'", 1),
        ("time < '2026-11-16T12:30:00Z' and actor = 'x'", 0),
        ("trace = 't1' and outcome = 'blocked'", 6),
        ("trace = 't9'", 0),
        ("outcome = 'deferred' and labels['team'] = 'red'", 0),
        ("recorder = 'other'", 0),
        ("time >= '2026-11-18T12:30:00Z' or day = '2026-11-16'", 6),
    ] {
        *log.seen.lock().unwrap() = Default::default();
        ok(&log, &format!("select count(*) from entries where {condition}")).await;
        assert_eq!(log.seen.lock().unwrap().1.read, read, "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_hold_what_the_entry_holds() {
    let log = log().await;
    let found = ok(
        &log,
        "select time, type, outcome, severity, resource_type, resource, labels['team'], day, \
         sealed_by, place, input_tokens, entry from entries \
         where day = '2026-11-17' order by id, place limit 1000",
    )
    .await;
    assert_eq!(found.len(), 24);
    for row in &found {
        let event = Event::decode(row[11].as_bytes()).unwrap();
        let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
        let wanted = [
            event.time.to_string().replace(".000Z", "Z"),
            event.kind.to_string(),
            event.outcome.to_string(),
            text(event.severity.map(Severity::as_str)),
            text(event.resource.as_ref().map(|r| &*r.kind)),
            text(event.resource.as_ref().and_then(|r| r.id.as_deref())),
            event.labels["team"].clone(),
            "2026-11-17".to_owned(),
            "2026-11-17".to_owned(),
        ];
        assert_eq!(row[..9], wanted);
        let tokens = event.ai.as_ref().and_then(|a| a.usage?.input);
        assert_eq!(row[10], tokens.map(|t| t.to_string()).unwrap_or_default());
    }
    let places: BTreeSet<_> = found.iter().map(|row| row[9].clone()).collect();
    assert_eq!(places.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_reading_the_table() {
    let log = log().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let (path, out) = (file.display(), folder.path().join("out.csv"));
    let out = out.display();
    for statement in [
        format!("copy entries to '{out}' stored as csv"),
        format!("copy (select 1) to '{out}'"),
        format!("explain analyze copy entries to '{out}'"),
        format!("create external table t stored as csv location '{path}'"),
        format!("create external table t (a int) stored as csv location 'file://{path}'"),
        "create table t as select * from entries".into(),
        "create view t as select * from entries".into(),
        "create schema s".into(),
        "drop table entries".into(),
        "insert into entries select * from entries".into(),
        "delete from entries".into(),
        "update entries set actor = 'x'".into(),
        "set datafusion.catalog.information_schema = false".into(),
        "prepare p as select 1".into(),
        "begin".into(),
        format!("select * from '{path}'"),
        format!("select * from \"{path}\""),
        format!("select * from 'file://{path}'"),
        format!("select * from read_csv('{path}')"),
        format!("select (select count(*) from '{path}') from entries"),
        "select 1; drop table entries".into(),
        "no sql at all".into(),
        "select nothing from entries".into(),
    ] {
        match rows(&log, &statement).await {
            Err(SqlError::Statement(_)) => {}
            other => panic!("{statement}: {other:?}"),
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(log.seen.lock().unwrap().0.is_empty(), "the log was read");
    assert_eq!(ok(&log, "describe entries").await.len(), dayseal_sql::columns().fields().len());
    assert_eq!(ok(&log, "explain select count(*) from entries").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_and_nothing_is_spilled() {
    let log = log().await;
    let source = Arc::clone(&log) as Arc<dyn Source>;
    let people = People::new(log.log.settings.origin.clone(), Vec::new());
    let big =
        "select a.entry, b.entry, c.entry from entries a, entries b, entries c order by 1, 2, 3";
    let answer = run(big, source, people, Settings { memory: 1 << 20 }).await.unwrap();
    let failed = answer.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(failed.to_string().contains("Resources exhausted"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_ends_the_search() {
    let log = log().await;
    let found = ok(&log, "select id from entries where outcome = 'blocked' limit 2").await;
    assert_eq!(found.len(), 2);
}
