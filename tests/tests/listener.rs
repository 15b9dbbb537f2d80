//! What verification opens is heard, and a scan reads the rest: together every entry once, as a scan alone has it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use dayseal_auditor::find::{LogReader, Orders, Taken, Tally};
use dayseal_auditor::query::{Hit, People, Query, Scan};
use dayseal_chain::read::BatchReader;
use dayseal_chain::verify::{Listener, Silent};
use dayseal_chain::{Verifier, VerifyOptions};
use dayseal_format::event::{Event, EventId};
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_format::record::{BatchRecord, DayRecord, Record};
use dayseal_format::{BatchKey, Day, Level};
use dayseal_store::Store;
use dayseal_testkit::{FaultStore, Operation, TestLog, day, noon};

const DAYS: [&str; 5] = ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20"];

/// Four sealed days with late batches, and a fifth that is not sealed.
async fn log() -> (TestLog, Vec<BatchKey>) {
    let log = TestLog::new(DAYS[0]).await;
    let (mut keys, mut held) = (Vec::new(), Vec::new());
    for (n, on) in DAYS.into_iter().enumerate() {
        for stream in 0..3 {
            keys.extend(log.fill(10 * n as u8 + stream, on, u32::from(stream) + 1).await);
        }
        // Of the first two days one batch each lands later.
        let mut late = log.stream(200 + n as u8, on).await;
        let batch = late.next(2, true);
        held.push((late.key(&batch), batch.bytes));
        match n {
            1 | 3 => log.land(&held[n - 1].0, &held[n - 1].1).await,
            _ => {}
        }
        if n < 4 {
            log.seal(on).await.unwrap();
        }
    }
    keys.extend([held[0].0, held[2].0]);
    (log, keys)
}

/// An entry, and where it stands.
type Place = (BatchKey, EventId);

/// Keeps what it hears.
struct Heard {
    days: RangeInclusive<Day>,
    taken: Taken,
    entries: Vec<Place>,
    sealed: Vec<Day>,
}

impl Listener for Heard {
    type Heard = Vec<EventId>;

    fn hear(
        &self,
    ) -> impl Fn(&mut Vec<EventId>, &BatchRecord, &Event) + Clone + Send + Sync + 'static {
        |ids, _, event| ids.push(event.id)
    }

    fn sealed(&mut self, head: &DayRecord, records: &[Record]) {
        let batches = records.iter().filter(|r| matches!(r, Record::Batch(_))).count();
        assert_eq!(head.counts.batches, batches as u64);
        self.sealed.push(head.day);
    }

    fn batch(&mut self, sealed_by: Day, batch: &BatchRecord, ids: Vec<EventId>) {
        if self.days.contains(&sealed_by) {
            self.taken.batch(sealed_by, batch.key, ids.len() as u64);
            self.entries.extend(ids.into_iter().map(|id| (batch.key, id)));
        }
    }

    fn day(&mut self, sealed_by: Day) {
        self.taken.day(sealed_by);
    }
}

/// Verifies some days, and keeps what is heard.
async fn heard(
    log: &TestLog,
    store: &dyn Store,
    (first, last): (&str, &str),
    jobs: usize,
) -> Heard {
    let (first, last) = (day(first), day(last));
    let mut options = VerifyOptions::new(Level::Entries, noon(day(DAYS[4])));
    (options.first, options.last) = (Some(first), (last < day(DAYS[4])).then_some(last));
    (options.jobs, options.first_run) = (jobs, true);
    let (state, opener) = (Some(&*log.state as _), Some(&*log.keys as _));
    let verifier = Verifier::new(store, state, Some(&log.policy), opener, options).await.unwrap();
    let (entries, sealed) = (Vec::new(), Vec::new());
    let mut heard = Heard { days: first..=last, taken: Taken::default(), entries, sealed };
    verifier.run_with(&mut heard, &Silent).await.unwrap();
    heard
}

/// What a scan of some days finds, but for what is taken.
async fn scanned(
    log: &TestLog,
    store: &dyn Store,
    (first, last): (&str, &str),
    taken: &Taken,
) -> (Vec<Place>, Tally, Vec<String>) {
    let origin = log.settings.origin.clone();
    let allowed = log.policy.wrapping_keys.clone();
    let reader = LogReader {
        evidence: store,
        state: Some(&*log.state),
        batches: BatchReader::new(store, &*log.keys, origin.clone(), allowed),
        origin: origin.clone(),
        keys: log.policy.verifier_keys.clone(),
        orders: Orders::of(log.policy.officers.clone()),
        first_day: log.policy.first_day,
        now: noon(day(DAYS[4])),
    };
    let query = Query { days: Some((day(first), day(last))), ..Query::default() };
    let mut scan = Scan::new(&reader, &query, People::new(origin, Vec::new())).without(taken);
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let each = |hit: Hit| {
        found.push((hit.key, hit.event.id));
        true
    };
    scan.all(|problem| problems.push(problem.to_string()), each).await.unwrap();
    (found, scan.tally, problems)
}

/// Reads of each object.
fn counting(log: &TestLog) -> (FaultStore, Arc<Mutex<Vec<String>>>) {
    let read = Arc::new(Mutex::new(Vec::new()));
    let seen = read.clone();
    let store = FaultStore::new(log.evidence.clone(), move |operation, key, _| {
        if operation == Operation::Get {
            seen.lock().unwrap().push(key.to_owned());
        }
        None
    });
    (store, read)
}

#[tokio::test]
async fn a_batch_is_read_once() {
    let (log, keys) = log().await;
    let (store, read) = counting(&log);
    let all = (DAYS[0], DAYS[4]);
    let heard = heard(&log, &store, all, 4).await;
    let (rest, tally, problems) = scanned(&log, &store, all, &heard.taken).await;
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(
        (heard.entries.len(), rest.len()),
        (4 * 18 + 2 * 2, 18),
        "the fifth day is not sealed"
    );
    assert_eq!((tally.entries, tally.read, tally.days), (94, keys.len() as u64, 5));
    let read = read.lock().unwrap();
    let reads = |key: &str| read.iter().filter(|k| *k == key).count();
    for key in &keys {
        // Of what is not sealed the header is read too, for what it claims.
        let expected = if key.day == day(DAYS[4]) { 2 } else { 1 };
        assert_eq!(reads(&key.to_string()), expected, "{key}");
    }
    // By the walk, and for the stream that its late batch belongs to; the scan needs it no more.
    assert_eq!(reads(&manifest_key(day(DAYS[0]))), 2);
}

#[tokio::test]
async fn entries_come_in_order_whatever_is_read_first() {
    let (log, _) = log().await;
    let all = (DAYS[0], DAYS[4]);
    let one = heard(&log, &*log.evidence, all, 1).await.entries;
    let mut order = Vec::new();
    for on in &DAYS[..4] {
        for record in log.manifest(day(on)).await.1 {
            if let Record::Batch(b) = record {
                order.push(b.key);
            }
        }
    }
    let mut batches: Vec<_> = one.iter().map(|(key, _)| *key).collect();
    batches.dedup();
    assert_eq!(batches, order);
    for seed in 0..8 {
        let slow = FaultStore::yielding(log.evidence.clone(), seed);
        assert_eq!(heard(&log, &slow, all, 1 + seed as usize).await.entries, one, "seed {seed}");
    }
}

#[tokio::test]
async fn heard_and_scanned_are_what_a_scan_alone_has() {
    type Tamper = fn(&TestLog, &[BatchKey]);
    // What is done, and the day that is not signed any more.
    let cases: [(&str, Option<usize>, Tamper); 9] = [
        ("nothing", None, |_, _| {}),
        ("a batch is gone", None, |log, keys| assert!(log.evidence.remove(&keys[1].to_string()))),
        ("a batch is hidden", None, |log, keys| log.evidence.delete(&keys[8].to_string())),
        ("another version over a batch", None, |log, keys| {
            drop(log.evidence.overwrite(&keys[2].to_string(), &b"x"[..]));
        }),
        ("a late batch is gone", None, |log, keys| {
            assert!(log.evidence.remove(&keys[30].to_string()));
        }),
        ("a manifest is gone", Some(1), |log, _| {
            assert!(log.evidence.remove(&manifest_key(day(DAYS[1]))));
        }),
        ("a checkpoint is gone", Some(2), |log, _| {
            assert!(log.evidence.remove(&checkpoint_key(day(DAYS[2]))));
        }),
        ("the newest checkpoint is gone", Some(3), |log, _| {
            assert!(log.evidence.remove(&checkpoint_key(day(DAYS[3]))));
        }),
        ("a batch that is not sealed is none", None, |log, keys| {
            let last = keys.iter().find(|key| key.day == day(DAYS[4])).unwrap();
            log.evidence.remove(&last.to_string());
            drop(log.evidence.overwrite(&last.to_string(), &b"x"[..]));
        }),
    ];
    for (case, unsigned, tamper) in cases {
        let (log, keys) = log().await;
        tamper(&log, &keys);
        for days in [(0, 4), (0, 0), (1, 2), (2, 4), (3, 3), (4, 4)] {
            let signed = (days.0..=days.1).filter(|n| *n < 4 && Some(*n) != unsigned);
            let signed: Vec<_> = signed.map(|n| day(DAYS[n])).collect();
            let (store, days) = (&*log.evidence, (DAYS[days.0], DAYS[days.1]));
            let alone = scanned(&log, store, days, &Taken::default()).await;
            let heard = heard(&log, store, days, 3).await;
            assert_eq!(heard.sealed, signed, "{case}, {days:?}");
            let (rest, tally, problems) = scanned(&log, store, days, &heard.taken).await;
            let count = heard.entries.len() + rest.len();
            let both: BTreeSet<Place> = heard.entries.into_iter().chain(rest).collect();
            assert_eq!(both.len(), count, "{case}, {days:?}: an entry twice");
            assert_eq!(both, alone.0.into_iter().collect(), "{case}, {days:?}");
            assert_eq!((tally, problems), (alone.1, alone.2), "{case}, {days:?}");
        }
    }
}
