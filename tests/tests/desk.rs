//! Finding and proving entries: through expiry, erasure, late batches and versions put over sealed ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_auditor::bundle::{BundleOptions, Show, verify_bundle, write_bundle};
use dayseal_auditor::find::{Found, IdSearch, LogReader, Opened, Orders, Problem, Tally};
use dayseal_auditor::prove::{ProveError, prove};
use dayseal_auditor::query::{Filter, Hit, Order, Page, People, Query, Scan};
use dayseal_chain::read::BatchReader;
use dayseal_chain::verify::FindingCode as Code;
use dayseal_format::batch::Entries;
use dayseal_format::content::{self, ContentKey, ContentObject, ContentRecord, Field, FrameDraft};
use dayseal_format::event::{
    Actor, Content, ContentDigest, ContentItem, Defaults, Event, EventId, Outcome, Service,
};
use dayseal_format::{BatchKey, Digest, EntryProof, StreamId, UnixMillis};
use dayseal_keys::Signer as _;
use dayseal_testkit::{TestLog, day, noon};

/// A reader of a test log at noon of a day.
fn reader<'a>(log: &'a TestLog, on: &str) -> LogReader<'a> {
    let origin = log.settings.origin.clone();
    let allowed = log.policy.wrapping_keys.clone();
    LogReader {
        evidence: &*log.evidence,
        state: Some(&*log.state),
        batches: BatchReader::new(&*log.evidence, &*log.keys, origin.clone(), allowed),
        origin,
        keys: log.policy.verifier_keys.clone(),
        orders: Orders::of(log.policy.officers.clone()),
        first_day: log.policy.first_day,
        now: noon(day(on)),
    }
}

async fn search(log: &LogReader<'_>, id: EventId) -> (Option<Found>, Tally, Vec<Problem>) {
    let mut problems = Vec::new();
    let search = IdSearch { id, full: false, all: false };
    let (found, tally) = search.run(log, |p| problems.push(p)).await.unwrap();
    (found.into_iter().next(), tally, problems)
}

/// The ids of a batch's entries.
async fn ids(log: &TestLog, key: &BatchKey) -> Vec<EventId> {
    let lines = log.entries(key).await;
    lines.iter().map(|line| Event::decode(line).unwrap().id).collect()
}

/// The proof of an entry, written and read again.
async fn proof(log: &LogReader<'_>, id: EventId) -> Vec<u8> {
    let (found, _, problems) = search(log, id).await;
    assert!(problems.is_empty(), "{problems:?}");
    prove(log, &found.unwrap()).await.unwrap().encode()
}

fn holds(log: &TestLog, bytes: &[u8]) -> bool {
    let proof = EntryProof::parse(bytes).unwrap();
    proof.verify(&log.settings.origin, &log.policy.verifier_keys).is_ok()
}

#[tokio::test]
async fn every_entry_of_a_log_is_found_and_proven() {
    let log = TestLog::new("2026-11-16").await;
    let mut all = Vec::new();
    for (n, on) in ["2026-11-16", "2026-11-17", "2026-11-18"].into_iter().enumerate() {
        for stream in 0..4 {
            let keys = log.fill(10 * n as u8 + stream, on, u32::from(stream)).await;
            for key in keys {
                all.extend(ids(&log, &key).await);
            }
        }
        log.seal(on).await.unwrap();
    }
    assert_eq!(all.len(), 3 * 6 * 3);
    let desk = reader(&log, "2026-11-19");
    let mut leaves = std::collections::BTreeSet::new();
    for id in all {
        let bytes = proof(&desk, id).await;
        let proof = EntryProof::parse(&bytes).unwrap();
        let proven = proof.verify(&desk.origin, &desk.keys).unwrap();
        assert_eq!(proven.event.unwrap().id, id);
        leaves.insert((proof.proof.index, proof.index));
        // No other entry's place will do.
        let other = EntryProof { index: (proof.index + 1) % 3, ..proof };
        assert!(other.verify(&desk.origin, &desk.keys).is_err());
    }
    assert_eq!(leaves.len(), 3 * 6 * 3, "each at a place of its own");
}

#[tokio::test]
async fn a_proof_outlives_its_entry() {
    let log = TestLog::new("2026-11-16").await;
    let keys = log.fill(1, "2026-11-16", 2).await;
    log.seal("2026-11-16").await.unwrap();
    let id = ids(&log, &keys[1]).await[0];
    let before = proof(&reader(&log, "2026-11-17"), id).await;
    assert!(holds(&log, &before));

    assert!(log.evidence.remove(&keys[1].to_string()));
    // Before its time it is missing, after it expired; found is it neither way.
    let (found, tally, problems) = search(&reader(&log, "2026-12-01"), id).await;
    assert!(found.is_none() && matches!(problems[..], [Problem::Missing { .. }]), "{problems:?}");
    assert_eq!((tally.expired, tally.problems), (0, 1));
    let keep_until = log.manifest(day("2026-11-16")).await.0.keep_until;
    let last = reader(&log, &keep_until.to_string());
    assert_eq!(search(&last, id).await.1.expired, 0, "on its last day it must still be there");
    let over = reader(&log, &keep_until.next().unwrap().to_string());
    assert_eq!(search(&over, id).await.1.expired, 1);
    let (found, tally, problems) = search(&reader(&log, "2027-11-30"), id).await;
    assert!(found.is_none() && problems.is_empty(), "{problems:?}");
    assert_eq!((tally.read, tally.expired), (1, 1));
    assert!(holds(&log, &before), "it needs nothing of the log");
}

#[tokio::test]
async fn a_proof_outlives_a_lawful_removal() {
    let mut log = TestLog::new("2026-11-16").await;
    let officer = log.officer("dpo");
    log.policy.officers.push(officer.verifier_key().clone());
    let key = log.fill(1, "2026-11-16", 1).await[0];
    log.seal("2026-11-16").await.unwrap();
    let id = ids(&log, &key).await[0];
    let before = proof(&reader(&log, "2026-11-17"), id).await;
    log.order(&officer, key, "2026-11-17").await;
    log.seal("2026-11-17").await.unwrap();
    assert!(log.evidence.remove(&key.to_string()));
    assert_eq!(log.verify("2026-11-17").await.totals.removed, 1);
    assert!(holds(&log, &before));
}

#[tokio::test]
async fn a_proof_outlives_the_content() {
    let log = TestLog::new("2026-11-16").await;
    let mut stream = log.stream(1, "2026-11-16").await;
    let now = stream.header.first_time;
    let id = EventId::from_parts(now, [7; 10]);
    let (field, text) = (Field::Input, b"what Ada asked".to_vec());
    let nonce = [9; 32];
    let record = ContentRecord { entry: id, field, media_type: None, nonce, content: text };
    let digest = ContentDigest(record.digest(&log.settings.origin).0);
    let item = ContentItem::commitment(record.content.len() as u64, digest);
    let event = Event::builder("ai.generation.completed")
        .actor(Actor::user("ada"))
        .action("chat")
        .outcome(Outcome::Success)
        .content(Content { input: Some(item), ..Content::default() })
        .id(id)
        .build()
        .unwrap()
        .complete(Defaults::new(id, now, &Service::new("tests")))
        .unwrap();
    let (mut lines, mut line) = (Entries::new(), Vec::new());
    event.encode(&mut line);
    lines.push(&line).unwrap();
    let batch = stream.encode(&lines, true);
    log.store(&stream, &batch).await;
    let zero = Digest([0; 32]);
    let header = content::Header {
        commitment: zero,
        day: day("2026-11-16"),
        key_id: "local:00".into(),
        mac: zero,
        origin: log.settings.origin.clone(),
        parts: 0,
        root: zero,
        salt: zero,
        seq: 0,
        stream: StreamId([1; 16]),
        wrapped_key: vec![1; 80],
    };
    let (key, frame) = (
        ContentKey::new([3; 32]),
        FrameDraft { subjects: vec!["ada".into()], records: vec![record.clone()] },
    );
    let object = content::encode(header, &[frame], &key, &[5; 32]).unwrap();
    log.seal("2026-11-16").await.unwrap();

    let desk = reader(&log, "2026-11-17");
    let before = proof(&desk, id).await;
    // While the content is there, the proven entry binds it.
    let shown = ContentObject::parse(&object).unwrap().open(&key).unwrap();
    let proven = EntryProof::parse(&before).unwrap().verify(&desk.origin, &desk.keys).unwrap();
    let bound = proven.event.unwrap().content.clone().unwrap().input.unwrap().digest.unwrap();
    assert_eq!(bound.0, shown[0].digest(&desk.origin).0);

    let erased = ContentObject::parse(&object).unwrap().erase("ada", id).unwrap();
    assert!(ContentObject::parse(&erased).unwrap().open(&key).unwrap().is_empty());
    assert!(holds(&log, &before));
    assert_eq!(proof(&desk, id).await, before, "and is made again, the same bytes");
}

#[tokio::test]
async fn a_late_batch_is_first_not_sealed_and_then_proven_by_a_later_day() {
    let log = TestLog::new("2026-11-16").await;
    log.fill(1, "2026-11-16", 1).await;
    log.seal("2026-11-16").await.unwrap();
    let late = log.fill(2, "2026-11-16", 1).await;
    let id = ids(&log, &late[0]).await[0];
    let desk = reader(&log, "2026-11-17");
    let (found, ..) = search(&desk, id).await;
    let found = found.unwrap();
    assert_eq!(found.batch.sealed, None);
    assert!(matches!(prove(&desk, &found).await, Err(ProveError::NotSealed { .. })));
    log.seal("2026-11-17").await.unwrap();
    let desk = reader(&log, "2026-11-18");
    let (found, _, problems) = search(&desk, id).await;
    assert!(problems.is_empty());
    assert_eq!(found.unwrap().batch.sealed.unwrap().by, day("2026-11-17"));
    assert!(holds(&log, &proof(&desk, id).await));
}

#[tokio::test]
async fn an_id_may_be_a_day_younger_than_what_happened() {
    let log = TestLog::new("2026-11-16").await;
    let mut stream = log.stream(1, "2026-11-16").await;
    let (mut lines, time) = (Entries::new(), stream.header.first_time);
    let mut ids = Vec::new();
    for ms in [0, 86_400_000, 86_400_001] {
        let id = EventId::from_parts(time.saturating_add(ms), [7; 10]);
        let mut line = Vec::new();
        let event =
            dayseal_testkit::event("u-1").complete(Defaults::new(id, time, &Service::new("tests")));
        event.unwrap().encode(&mut line);
        lines.push(&line).unwrap();
        ids.push(id);
    }
    let batch = stream.encode(&lines, true);
    log.store(&stream, &batch).await;
    let desk = reader(&log, "2026-11-17");
    let mut found = Vec::new();
    for id in ids {
        found.push(search(&desk, id).await.0.is_some());
    }
    assert_eq!(found, [true, true, false]);
}

#[tokio::test]
async fn what_is_put_over_a_sealed_object_hides_nothing() {
    let log = TestLog::new("2026-11-16").await;
    let keys = log.fill(1, "2026-11-16", 1).await;
    log.seal("2026-11-16").await.unwrap();
    let id = ids(&log, &keys[0]).await[1];
    let desk = reader(&log, "2026-11-17");
    let before = proof(&desk, id).await;
    log.evidence.overwrite(&keys[0].to_string(), "junk");
    log.evidence.overwrite("manifests/2026-11-16.ndjson", "{}\n");
    log.evidence.overwrite("checkpoints/2026-11-16", "junk");
    assert_eq!(proof(&desk, id).await, before);
    log.evidence.delete(&keys[0].to_string());
    assert_eq!(proof(&desk, id).await, before);
}

#[tokio::test]
async fn a_manifest_that_was_not_signed_is_told_and_not_used() {
    let log = TestLog::with(dayseal_store::MemoryStore::without_versions(), "2026-11-16").await;
    let keys = log.fill(1, "2026-11-16", 1).await;
    log.seal("2026-11-16").await.unwrap();
    let id = ids(&log, &keys[0]).await[0];
    let desk = reader(&log, "2026-11-17");
    let name = "manifests/2026-11-16.ndjson";
    let text = String::from_utf8(log.bytes(name).await).unwrap();
    // Consistent in itself, and another than the signed one.
    let sealed_at = text.split("\"sealed_at\":\"").nth(1).unwrap()[..24].to_owned();
    let later = text.replacen(&sealed_at, "2026-11-17T02:00:00.000Z", 1);
    assert_ne!(later, text);
    log.evidence.overwrite(name, later);
    let (_, tally, problems) = search(&desk, id).await;
    assert!(matches!(problems[..], [Problem::Day(_), ..]), "{problems:?}");
    assert!(tally.problems > 0);
    let outcome = problems.iter().map(Problem::outcome).min().unwrap();
    assert_eq!(outcome.exit_code(), 1);
}

#[tokio::test]
async fn a_bundle_says_what_had_expired() {
    let log = TestLog::new("2026-11-16").await;
    let keys = log.fill(1, "2026-11-16", 3).await;
    log.seal("2026-11-16").await.unwrap();
    assert!(log.evidence.remove(&keys[1].to_string()));
    let desk = reader(&log, "2027-11-30");
    let home = tempfile::tempdir().unwrap();
    let top = home.path().join("bundle");
    let options = BundleOptions {
        first: day("2026-11-16"),
        last: day("2026-11-16"),
        show: Show::Shown,
        made_by: "tests".into(),
        policy: None,
        report: None,
    };
    let written = write_bundle(&desk, &top, &options, |p| panic!("{p}")).await.unwrap();
    assert_eq!((written.batches, written.entries, written.absent), (2, 6, 1));
    let report = verify_bundle(&top, &log.policy, desk.now).await.unwrap();
    assert_eq!((report.exit_code, report.expired, report.entries), (0, 1, 6), "{report:#?}");
    // To one whose clock says that it must still be there, it is missing.
    let earlier: UnixMillis = noon(day("2026-12-01"));
    let report = verify_bundle(&top, &log.policy, earlier).await.unwrap();
    assert_eq!(report.exit_code, 4, "{report:#?}");
}

#[tokio::test]
async fn what_an_officer_ordered_away_is_removed_and_not_missing() {
    let mut log = TestLog::new("2026-11-16").await;
    let officer = log.officer("dpo");
    let keys = log.fill(1, "2026-11-16", 4).await;
    log.seal("2026-11-16").await.unwrap();
    let gone = ids(&log, &keys[1]).await[0];
    // Sealed with a later day than those that the search and the bundle look at.
    log.order(&officer, keys[1], "2026-11-19").await;
    for on in ["2026-11-17", "2026-11-18", "2026-11-19"] {
        log.seal(on).await.unwrap();
    }
    for key in [&keys[1], &keys[2]] {
        assert!(log.evidence.remove(&key.to_string()));
    }
    let missing = |problems: &[Problem]| {
        problems.iter().filter(|p| matches!(p, Problem::Missing { .. })).count()
    };
    // An order of nobody the policy knows excuses nothing.
    let (_, tally, problems) = search(&reader(&log, "2026-11-20"), gone).await;
    assert_eq!((tally.removed, tally.problems, missing(&problems)), (0, 2, 2));

    log.policy.officers.push(officer.verifier_key().clone());
    let desk = reader(&log, "2026-11-20");
    let (found, tally, problems) = search(&desk, gone).await;
    assert!(found.is_none());
    assert_eq!((tally.read, tally.removed, tally.problems, missing(&problems)), (2, 1, 1, 1));
    let query = Query::default();
    let mut scan = Scan::new(&desk, &query, People::new(desk.origin.clone(), Vec::new()));
    let mut problems = Vec::new();
    scan.all(|p| problems.push(p), |_| true).await.unwrap();
    assert_eq!((scan.tally.read, scan.tally.removed, missing(&problems)), (2, 1, 1));

    let home = tempfile::tempdir().unwrap();
    let top = home.path().join("bundle");
    let options = BundleOptions {
        first: day("2026-11-16"),
        last: day("2026-11-16"),
        show: Show::Shown,
        made_by: "tests".into(),
        policy: None,
        report: None,
    };
    let written = write_bundle(&desk, &top, &options, |_| ()).await.unwrap();
    assert_eq!((written.batches, written.absent), (2, 2));
    let check = async |policy: &dayseal_format::Policy| {
        let report = verify_bundle(&top, policy, desk.now).await.unwrap();
        let codes: Vec<Code> = report.findings.iter().map(|f| f.code).collect();
        (report.removed, report.exit_code, codes)
    };
    assert_eq!(check(&log.policy).await, (1, 4, vec![Code::MissingObject]));
    let mut other = log.policy.clone();
    other.officers.clear();
    let expected = vec![Code::MissingObject, Code::UnapprovedRemoval];
    assert_eq!(check(&other).await, (0, 1, expected.clone()));
    // Another batch's order, its sum put right.
    let own = top.join(format!("removals/{}", keys[1].digest));
    let note = std::fs::read(&own).unwrap();
    let entries = top.join("entries/2026-11-16.txt");
    let text = std::fs::read_to_string(&entries).unwrap();
    let lie = text.replace(&format!("{} missing", keys[2]), &format!("{} removed", keys[2]));
    assert_ne!(text, lie);
    std::fs::write(&entries, &lie).unwrap();
    let other = top.join(format!("removals/{}", keys[2].digest));
    std::fs::write(&other, &note).unwrap();
    let sums = std::fs::read_to_string(top.join("SHA256SUMS")).unwrap();
    let line = |name: &str| format!("{}  removals/{name}\n", Digest::of(&note));
    let mut lines: Vec<String> = sums.lines().map(|l| format!("{l}\n")).collect();
    lines.push(line(&keys[2].digest.to_string()));
    lines.sort_by_key(|l| l[66..].to_owned());
    let (before, after) = (Digest::of(text.as_bytes()), Digest::of(lie.as_bytes()));
    let sums = lines.concat().replace(&before.to_string(), &after.to_string());
    std::fs::write(top.join("SHA256SUMS"), sums).unwrap();
    assert_eq!(check(&log.policy).await, (1, 1, vec![Code::UnapprovedRemoval]));
    std::fs::remove_file(own).unwrap();
    let (removed, exit, codes) = check(&log.policy).await;
    assert_eq!((removed, exit), (0, 1));
    assert!(codes.contains(&Code::MissingObject), "{codes:?}");
}

#[tokio::test]
async fn orders_are_found_in_whatever_order_batches_are_missed() {
    let mut log = TestLog::new("2026-11-16").await;
    let officer = log.officer("dpo");
    log.policy.officers.push(officer.verifier_key().clone());
    let mut gone = Vec::new();
    for (n, on) in ["2026-11-16", "2026-11-17"].into_iter().enumerate() {
        let key = log.fill(n as u8, on, 1).await[0];
        gone.push(key);
        // Recorded by the seal that lists the batch.
        log.order(&officer, key, on).await;
        log.seal(on).await.unwrap();
        assert!(log.evidence.remove(&key.to_string()));
    }
    for order in [[0, 1], [1, 0]] {
        let desk = reader(&log, "2026-11-20");
        for key in order.map(|n| gone[n]) {
            let catalog = desk.catalog(key.day..=key.day, |_| true).await.unwrap();
            let opened = desk.open(&catalog.batches[0]).await;
            assert!(matches!(opened, Opened::Removed(_)), "{key}: {opened:?}");
        }
    }
}

/// A log whose entries have times all over, some of them equal, in batches of several days.
async fn scattered() -> TestLog {
    let log = TestLog::new("2026-11-16").await;
    let mut n = 0u64;
    for (at, on) in ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"].into_iter().enumerate()
    {
        let mut stream = log.stream(at as u8, on).await;
        for batch in 0..5 {
            let mut lines = Entries::new();
            let mut times = Vec::new();
            for _ in 0..7 {
                n += 1;
                // Up to three days before the batch's day, a minute apart, by a fixed shuffle.
                let minutes = (n * 7_919 % 4_320) as i64 / 30 * 30;
                let time = noon(day(on)).saturating_add(-minutes * 60_000);
                let mut random = [0; 10];
                random[2..].copy_from_slice(&(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes());
                let id = EventId::from_parts(time, random);
                let outcome = if n.is_multiple_of(3) { Outcome::Failure } else { Outcome::Success };
                let event = Event::builder(if n.is_multiple_of(2) {
                    "data.read"
                } else {
                    "ai.tool.executed"
                })
                .actor(Actor::user(format!("u-{}", n % 5)))
                .action("x")
                .outcome(outcome)
                .time(time)
                .build()
                .unwrap()
                .complete(Defaults::new(id, noon(day(on)), &Service::new("tests")))
                .unwrap();
                times.push(time);
                let mut line = Vec::new();
                event.encode(&mut line);
                lines.push(&line).unwrap();
            }
            stream.header.first_time = *times.iter().min().unwrap();
            stream.header.last_time = *times.iter().max().unwrap();
            let batch = stream.encode(&lines, batch == 4);
            log.store(&stream, &batch).await;
        }
        if on != "2026-11-19" {
            log.seal(on).await.unwrap();
        }
    }
    log
}

/// Everything that fits, by definition: read as it is stored, sorted here.
async fn naive(desk: &LogReader<'_>, query: &Query, order: Order) -> Vec<EventId> {
    let everything = Query::default();
    let mut scan = Scan::new(desk, &everything, People::new(desk.origin.clone(), vec![]));
    let mut hits = Vec::new();
    let keep = |hit: Hit| {
        hits.push(hit);
        true
    };
    scan.all(|p| panic!("{p}"), keep).await.unwrap();
    assert_eq!(hits.len(), 4 * 5 * 7);
    let mut people = People::new(desk.origin.clone(), vec![]);
    hits.retain(|h| {
        query.filter.fits(&h.event, &h.line, &mut people)
            && query.since.is_none_or(|t| h.event.time >= t)
            && query.until.is_none_or(|t| h.event.time <= t)
    });
    hits.sort_by_key(|h| (h.event.time, h.event.id));
    if order == Order::Newest {
        hits.reverse();
    }
    hits.iter().map(|h| h.event.id).collect()
}

#[tokio::test]
async fn pages_put_together_are_the_whole_in_order() {
    let log = scattered().await;
    let desk = reader(&log, "2026-11-19");
    let at = |text: &str| text.parse::<UnixMillis>().unwrap();
    let filter = |terms: &[&str]| Filter {
        all: terms.iter().map(|t| t.parse().unwrap()).collect(),
        ..Filter::default()
    };
    let queries = [
        Query::default(),
        Query {
            filter: filter(&["outcome=failure", "actor=u-1", "actor=u-2"]),
            ..Query::default()
        },
        Query {
            filter: filter(&["type=ai."]),
            since: Some(at("2026-11-15T00:00:00.000Z")),
            until: Some(at("2026-11-17T11:30:00.000Z")),
            ..Query::default()
        },
        Query { filter: filter(&["actor=nobody"]), ..Query::default() },
    ];
    for query in &queries {
        for order in [Order::Oldest, Order::Newest] {
            let expected = naive(&desk, query, order).await;
            for limit in [6, 33, 1_000] {
                let (mut found, mut after, mut read) = (Vec::new(), None, Vec::new());
                loop {
                    let people = People::new(desk.origin.clone(), vec![]);
                    let mut scan = Scan::new(&desk, query, people);
                    let page = Page { order, limit, after };
                    let (hits, next) = scan.page(page, |p| panic!("{p}")).await.unwrap();
                    assert!(hits.len() == limit || next.is_none());
                    found.extend(hits.iter().map(|h| h.event.id));
                    read.push(scan.tally.read);
                    assert!(scan.tally.read + scan.tally.skipped == 20, "{:?}", scan.tally);
                    match next {
                        // A cursor goes through text.
                        Some(next) => after = Some(next.to_string().parse().unwrap()),
                        None => break,
                    }
                }
                assert_eq!(found, expected, "{query:?} {order:?} by {limit}");
            }
        }
    }
    assert!(!naive(&desk, &queries[2], Order::Oldest).await.is_empty());
}

#[tokio::test]
async fn a_page_reads_no_more_than_can_hold_it() {
    let log = TestLog::new("2026-11-16").await;
    for on in ["2026-11-16", "2026-11-17", "2026-11-18"] {
        log.fill(1, on, 1).await;
        log.fill(2, on, 1).await;
        log.seal(on).await.unwrap();
    }
    let desk = reader(&log, "2026-11-19");
    let query = Query::default();
    for (order, on) in [(Order::Oldest, "2026-11-16"), (Order::Newest, "2026-11-18")] {
        let mut scan = Scan::new(&desk, &query, People::new(desk.origin.clone(), vec![]));
        let page = Page { order, limit: 2, after: None };
        let (hits, next) = scan.page(page, |p| panic!("{p}")).await.unwrap();
        assert!(hits.iter().all(|h| h.sealed == Some(day(on))) && next.is_some());
        // Both batches of its day: their times are equal.
        assert_eq!((scan.tally.read, scan.tally.skipped), (2, 4));
    }
    // Times exclude batches before anything of them is read; so does the service.
    let since = Some(noon(day("2026-11-18")));
    let times = Query { since, ..Query::default() };
    let service = Query { services: vec!["other".parse().unwrap()], ..Query::default() };
    for (query, read) in [(times, 2), (service, 0)] {
        let mut scan = Scan::new(&desk, &query, People::new(desk.origin.clone(), vec![]));
        scan.all(|p| panic!("{p}"), |_| true).await.unwrap();
        assert_eq!(scan.tally.read, read);
    }
}
