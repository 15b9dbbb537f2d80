//! Hints end to end: what a producer writes, the sealer copies, a search leaves unread, and a verifier holds against
//! the entries. Spec: `docs/spec/hints.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use bytes::Bytes;
use dayseal::AuditLog;
use dayseal_auditor::find::{LogReader, Orders, Tally};
use dayseal_auditor::query::{Filter, Order, Page, People, Query, Scan};
use dayseal_chain::index::Indexer;
use dayseal_chain::read::BatchReader;
use dayseal_chain::verify::{CheckState, FindingCode, Silent, VerifyOptions};
use dayseal_format::batch::Entries;
use dayseal_format::event::{
    Actor, Correlation, Defaults, Event, EventDraft, EventId, Outcome, Resource, Service, Trace,
};
use dayseal_format::hints::{Field, HintKeys, Place};
use dayseal_format::index::{Index, IndexWriter, index_key};
use dayseal_format::names::manifest_key;
use dayseal_format::{Day, Digest, Level, StreamId};
use dayseal_store::{Condition, Store};
use dayseal_testkit::{TestLog, day, noon};
use proptest::prelude::*;

const FIRST: &str = "2026-11-02";
const TODAY: &str = "2026-11-20";

/// A reader of the log at noon of [`TODAY`], with or without its state root.
fn reader(log: &TestLog, with_state: bool) -> LogReader<'_> {
    let origin = log.settings.origin.clone();
    let allowed = log.policy.wrapping_keys.clone();
    LogReader {
        evidence: &*log.evidence,
        state: with_state.then_some(&*log.state as &dyn Store),
        batches: BatchReader::new(&*log.evidence, &*log.keys, origin.clone(), allowed),
        origin,
        keys: log.policy.verifier_keys.clone(),
        orders: Orders::of(log.policy.officers.clone()),
        first_day: log.policy.first_day,
        now: noon(day(TODAY)),
    }
}

fn people(log: &TestLog) -> People {
    let secret = *log.keys.log_secret().unwrap().expose();
    People::new(log.settings.origin.clone(), vec![secret])
}

/// What a query finds, and how much it read for it.
async fn found(log: &TestLog, query: &Query, with_state: bool) -> (Vec<EventId>, Tally) {
    let reader = reader(log, with_state);
    let mut scan = Scan::new(&reader, query, people(log));
    let mut ids = Vec::new();
    let each = |hit: dayseal_auditor::query::Hit| {
        ids.push(hit.event.id);
        true
    };
    scan.all(|p| panic!("{p}"), each).await.unwrap();
    ids.sort_unstable();
    // A page of it all is the same.
    let mut paged = Scan::new(&reader, query, people(log));
    let page = Page { order: Order::Newest, limit: 10_000, after: None };
    let (hits, _) = paged.page(page, |p| panic!("{p}")).await.unwrap();
    let mut again: Vec<_> = hits.iter().map(|h| h.event.id).collect();
    again.sort_unstable();
    assert_eq!(ids, again);
    assert_eq!(scan.tally, paged.tally);
    (ids, scan.tally)
}

fn query(all: &[&str], any: &[&str], not: &[&str]) -> Query {
    let terms = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect();
    Query {
        filter: Filter { all: terms(all), any: terms(any), not: terms(not) },
        ..Query::default()
    }
}

fn read(actor: &str, tenant: &str, resource: &str, trace: u32) -> EventDraft {
    Event::builder("data.read")
        .actor(Actor::user(actor).session(format!("s-{}", trace % 5)))
        .action("open")
        .outcome(if trace.is_multiple_of(3) { Outcome::Failure } else { Outcome::Success })
        .resource(Resource::new("video").id(resource))
        .trace(Trace::new(format!("t-{trace}")))
        .correlation(Correlation::default().conversation(format!("c-{}", trace / 4)))
        .label("team", format!("team-{}", trace % 2))
        .tenant(tenant)
        .build()
        .unwrap()
}

async fn record(log: &AuditLog, events: impl IntoIterator<Item = EventDraft>) {
    for event in events {
        log.record(event).await.unwrap();
    }
    log.flush().await.unwrap();
}

/// Fifteen sealed days of six batches, three streams each, and two open days; Grace once, on the ninth.
async fn quarter() -> TestLog {
    let log = TestLog::new(FIRST).await;
    let mut trace = 0;
    for (n, on) in day(FIRST).through(day("2026-11-18")).enumerate() {
        for stream in 0..3 {
            let recorder = log.recorder(noon(on));
            for batch in 0..2 {
                let events = (0..8).map(|i| {
                    trace += 1;
                    let grace = (n, stream, batch, i) == (8, 1, 1, 4);
                    let actor = if grace { "grace".into() } else { format!("u-{}", trace % 50) };
                    read(&actor, ["acme", "zeta"][i % 2], &format!("v:{}", trace % 9), trace)
                });
                record(&recorder, events.collect::<Vec<_>>()).await;
            }
            recorder.close().await.unwrap();
        }
    }
    log.seal("2026-11-16").await.unwrap();
    log
}

#[tokio::test]
async fn a_rare_actor_is_found_in_few_batches() {
    let log = quarter().await;
    let rare = query(&["actor=grace"], &[], &[]);
    let (ids, all) = found(&log, &Query { full: true, ..rare.clone() }, true).await;
    assert_eq!((ids.len(), all.read, all.pruned), (1, 102, 0));
    for with_state in [true, false] {
        let (same, tally) = found(&log, &rare, with_state).await;
        assert_eq!(same, ids);
        assert_eq!(tally.read + tally.pruned, all.read);
        // Once in 4,096 times a batch is read for nothing.
        assert!(tally.read <= 3, "{tally:?}");
        // Without indexes the headers of sealed days are read.
        assert_eq!(tally.headers, if with_state { 0 } else { 90 });
    }
    // A log without entries of hers says so from hints alone.
    let (none, tally) = found(&log, &query(&["actor=nobody"], &[], &[]), true).await;
    assert!(none.is_empty() && tally.read <= 2, "{tally:?}");
    // What hints cannot tell reads all.
    for asked in [query(&["text=v:3"], &[], &[]), query(&[], &[], &["actor=grace"])] {
        assert_eq!(found(&log, &asked, true).await.1.read, all.read);
    }
}

#[tokio::test]
async fn searches_by_hints_find_what_full_ones_do() {
    let log = quarter().await;
    for asked in [
        query(&["actor=u-7", "actor=u-8"], &[], &[]),
        query(&["actor=grace", "actor=nobody"], &[], &[]),
        query(&["actor=nobody", "actor=grace"], &[], &[]),
        query(&["actor=u-7", "tenant=zeta"], &[], &[]),
        query(&["trace=t-100"], &[], &[]),
        query(&["conversation=c-30", "outcome=failure"], &[], &[]),
        query(&["resource=video:v:3", "session=s-1"], &[], &["actor=u-2"]),
        query(&["resource=v:3"], &["actor=grace", "actor=u-1"], &[]),
        query(&["type=data.", "label=team=team-1"], &["trace=t-5", "text=t-6"], &[]),
        query(&["label=team", "actor-type=user", "action=open"], &[], &[]),
        query(&["actor=u-7", "subject=ada"], &[], &[]),
    ] {
        let (expected, all) = found(&log, &Query { full: true, ..asked.clone() }, true).await;
        for with_state in [true, false] {
            let (ids, tally) = found(&log, &asked, with_state).await;
            assert_eq!(ids, expected, "{asked:?}");
            assert_eq!(tally.read + tally.pruned, all.read);
        }
    }
}

/// Puts other bytes in the place of a day's index.
async fn replace(log: &TestLog, on: Day, bytes: Vec<u8>) {
    let key = index_key(on);
    let tag = log.state.head(&key, None).await.unwrap().etag;
    let digest = Digest::of(&bytes);
    let put = log.state.put(&key, Bytes::from(bytes), digest.as_bytes(), Condition::Matches(tag));
    put.await.unwrap();
}

#[tokio::test]
async fn no_index_however_damaged_hides_an_entry() {
    let log = quarter().await;
    let rare = query(&["actor=grace"], &[], &[]);
    let (expected, _) = found(&log, &rare, true).await;
    let on = day("2026-11-10");
    let origin = &log.settings.origin;
    let manifest = Digest::of(&log.bytes(&manifest_key(on)).await);
    let good = log.state.get(&index_key(on), None, 1 << 20).await.unwrap().bytes.to_vec();
    let items: Vec<_> =
        Index::parse(&good, origin, on, &manifest).unwrap().items().map(Option::unwrap).collect();
    assert_eq!(items.len(), 6);
    let write = |manifest: &Digest, items: &[&[u8]]| {
        let mut index = IndexWriter::new(origin, on, manifest);
        items.iter().for_each(|item| index.push(Some(item)));
        index.finish()
    };
    let turned: Vec<&[u8]> = items.iter().rev().copied().collect();
    let one = vec![items[0]; 6];
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (what, bytes) in [
        ("in another order", write(&manifest, &turned)),
        ("all of one batch", write(&manifest, &one)),
        ("of another manifest", write(&Digest::of(b"other"), &items)),
        ("cut", write(&manifest, &items[..2])),
        ("without items", write(&manifest, &[])),
        ("with items of nothing", write(&manifest, &[&b"\x01"[..]; 6])),
        ("a byte changed", flipped),
        ("no index", b"nothing".to_vec()),
    ] {
        replace(&log, on, bytes).await;
        assert_eq!(found(&log, &rare, true).await.0, expected, "{what}");
        // Made anew it is what it was.
        let indexer = Indexer::new(&*log.evidence, &*log.state, origin, &log.policy.verifier_keys);
        let made = indexer.make(on).await.unwrap();
        assert_eq!((made.batches, made.hinted, made.unread, made.unchanged), (6, 6, 0, false));
        let again = log.state.get(&index_key(on), None, 1 << 20).await.unwrap().bytes;
        assert_eq!(again, good, "{what}");
        assert!(indexer.make(on).await.unwrap().unchanged);
    }
}

#[tokio::test]
async fn two_batches_of_one_number_are_always_read() {
    // A forked producer: stream and number are the same, so the hints of one open as those of the other.
    let log = TestLog::new(FIRST).await;
    let keys = HintKeys::derive(log.keys.log_secret().unwrap().expose(), &log.settings.origin);
    let mut stored = Vec::new();
    for actor in ["ada", "grace"] {
        let mut stream = log.stream(1, FIRST).await;
        let line = line(actor);
        stream.header.hints =
            keys.make(&Place { entries: 1, ..Place::of(&stream.header) }, [&line[..]]);
        let mut lines = Entries::new();
        lines.push(&line).unwrap();
        let batch = stream.encode(&lines, true);
        log.store(&stream, &batch).await;
        stored.push(batch.header.hints.unwrap());
    }
    log.seal(FIRST).await.unwrap();
    let on = day(FIRST);
    let manifest = Digest::of(&log.bytes(&manifest_key(on)).await);
    for other in stored {
        // Whoever can write to the state root puts one's hints beside both.
        let mut index = IndexWriter::new(&log.settings.origin, on, &manifest);
        index.push(Some(&other));
        index.push(Some(&other));
        replace(&log, on, index.finish()).await;
        for actor in ["actor=ada", "actor=grace"] {
            assert_eq!(found(&log, &query(&[actor], &[], &[]), true).await.0.len(), 1, "{actor}");
        }
    }
}

fn line(actor: &str) -> Vec<u8> {
    let at = noon(day(FIRST));
    let (id, service) = (EventId::from_parts(at, [actor.len() as u8; 10]), Service::new("tests"));
    let event = read(actor, "acme", "v:1", 1).complete(Defaults::new(id, at, &service)).unwrap();
    let mut line = Vec::new();
    event.encode(&mut line);
    line
}

#[tokio::test]
async fn a_producer_that_leaves_its_entries_out_is_found() {
    let secret = |log: &TestLog| *log.keys.log_secret().unwrap().expose();
    for (what, hinted, under_other, code) in [
        ("true", "ada", false, None),
        ("of other entries", "grace", false, Some(FindingCode::HintsMismatch)),
        ("under another secret", "ada", true, None),
    ] {
        let log = TestLog::new(FIRST).await;
        let secret = if under_other { [9; 32] } else { secret(&log) };
        let keys = HintKeys::derive(&secret, &log.settings.origin);
        let mut stream = log.stream(1, FIRST).await;
        let place = Place { entries: 1, ..Place::of(&stream.header) };
        stream.header.hints = keys.make(&place, [&line(hinted)[..]]);
        let mut lines = Entries::new();
        lines.push(&line("ada")).unwrap();
        let batch = stream.encode(&lines, true);
        let key = log.store(&stream, &batch).await;
        log.seal(FIRST).await.unwrap();

        let options = VerifyOptions::new(Level::Entries, noon(day("2026-11-03")));
        let at_hand =
            HintKeys::derive(log.keys.log_secret().unwrap().expose(), &log.settings.origin);
        let verifier = log.verifier(options).await.with_hint_keys(vec![at_hand]);
        let report = verifier.run(&Silent).await.unwrap();
        let codes: Vec<_> = report.findings.iter().map(|f| (f.code, f.object.clone())).collect();
        assert_eq!(
            codes,
            code.map(|c| (c, key.to_string())).into_iter().collect::<Vec<_>>(),
            "{what}"
        );
        assert_eq!(report.exit_code, u8::from(code.is_some()), "{what}");
        assert_eq!(report.totals.opened, 1, "{what}");
        let check = report.checks.iter().find(|c| c.name == "hints").unwrap();
        let expected = match (code, under_other) {
            (Some(_), _) => CheckState::Failed,
            (None, true) => CheckState::NotChecked,
            (None, false) => CheckState::Checked,
        };
        assert_eq!(check.state, expected, "{what}: {}", check.detail);

        // Her entry is passed by until all is read.
        let asked = query(&["actor=ada"], &[], &[]);
        let seen = found(&log, &asked, true).await.0.len();
        assert_eq!(seen, usize::from(code.is_none()), "{what}");
        assert_eq!(found(&log, &Query { full: true, ..asked }, true).await.0.len(), 1, "{what}");
    }
    // Without the secret nothing is said to have been compared.
    let log = quarter().await;
    let report = log.verify("2026-11-18").await;
    let check = report.checks.iter().find(|c| c.name == "hints").unwrap();
    assert!(check.state == CheckState::NotChecked && check.detail.contains("no log secret"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever entries a batch has, its hints deny no value of theirs.
    #[test]
    fn hints_deny_nothing_that_is_there(
        people in proptest::collection::vec(("[ -~]{1,12}|\\PC{1,6}", 0u32..5_000, "[a-z]{1,3}"), 1..200),
        secret in any::<[u8; 32]>(),
    ) {
        let origin = "audit.example.com/any".parse().unwrap();
        let keys = HintKeys::derive(&secret, &origin);
        let place = Place { stream: StreamId([1; 16]), seq: 3, entries: people.len() as u32 };
        let at = noon(day(FIRST));
        let mut lines = Vec::new();
        let mut kept = Vec::new();
        for (n, (actor, trace, tenant)) in people.iter().enumerate() {
            let draft = Event::builder("data.read")
                .actor(Actor::user(actor))
                .action("open")
                .outcome(Outcome::Success)
                .trace(Trace::new(format!("t{trace}")))
                .tenant(tenant)
                .build();
            // Names that no event may have are the event's to refuse.
            let Ok(draft) = draft else { continue };
            let id = EventId::from_parts(at, [n as u8; 10]);
            let service = Service::new("tests");
            let defaults = Defaults::new(id, at, &service);
            let Ok(event) = draft.complete(defaults) else { continue };
            let mut line = Vec::new();
            event.encode(&mut line);
            kept.push((event.actor.id.clone(), *trace, tenant.clone()));
            lines.push(line);
        }
        let sealed = keys.make(&place, lines.iter().map(Vec::as_slice)).unwrap();
        prop_assert!(sealed.len() <= dayseal_format::batch::MAX_HINTS);
        let hints = keys.open(&place, &sealed).unwrap();
        for (actor, trace, tenant) in &kept {
            prop_assert!(hints.may_have(&keys, Field::Actor, actor));
            let trace = format!("t{trace}");
            prop_assert!(hints.may_have(&keys, Field::Trace, &trace));
            prop_assert!(hints.may_have(&keys, Field::Tenant, tenant));
        }
    }
}
