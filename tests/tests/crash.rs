//! The fault matrix: whatever request fails, or is the last before the process dies, running again
//! ends in one whole log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dayseal::{AuditLog, Limits};
use dayseal_chain::index::read_index;
use dayseal_chain::{SealError, create_log};
use dayseal_format::names::manifest_key;
use dayseal_format::{BatchKey, Day, Digest};
use dayseal_keys::{DataKeySource, LocalKeys};
use dayseal_store::{ErrorKind, MemoryStore, Store};
use dayseal_testkit::{Fault, FaultStore, ManualClock, Operation, TestLog, day, event, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
const FAULTS: [Fault; 3] = [Fault::Fail, Fault::FailAfter, Fault::Die];

/// Two days: a stream that lacks a batch on the first, the batch landing on the second.
struct Scenario {
    log: TestLog,
    late: (BatchKey, Vec<u8>),
}

impl Scenario {
    async fn new() -> Self {
        let log = TestLog::new(D1).await;
        let mut stream = log.stream(1, D1).await;
        let first = stream.next(2, false);
        let held_back = stream.next(2, false);
        let last = stream.next(2, true);
        log.store(&stream, &first).await;
        let late = (stream.key(&held_back), held_back.bytes);
        log.store(&stream, &last).await;
        log.fill(2, D1, 2).await;
        log.fill(3, D2, 2).await;
        Self { log, late }
    }

    /// All that the sealer does on two days, in one go.
    async fn run(&self, evidence: &dyn Store, state: &dyn Store) -> Result<(), SealError> {
        self.log.seal_in(evidence, state, D1).await?;
        self.log.land(&self.late.0, &self.late.1).await;
        self.log.seal_in(evidence, state, D2).await?;
        Ok(())
    }

    /// Runs until it ends or its process dies; whether it returned `Ok`.
    async fn run_faulty(&self, evidence: &FaultStore, state: &FaultStore) -> bool {
        tokio::select! {
            ended = self.run(evidence, state) => ended.is_ok(),
            () = evidence.died() => false,
            () = state.died() => false,
        }
    }

    /// How many of the two days have no index of their manifest.
    async fn unindexed(&self) -> usize {
        let mut lacking = 0;
        for on in [day(D1), day(D2)] {
            let origin = &self.log.settings.origin;
            let manifest = self.log.evidence.get(&manifest_key(on), None, 1 << 20).await;
            let Ok(manifest) = manifest else { continue };
            let digest = Digest::of(&manifest.bytes);
            lacking +=
                usize::from(read_index(&*self.log.state, origin, on, &digest).await.is_none());
        }
        lacking
    }

    /// Everything that must be true in the end, whatever happened on the way.
    async fn is_whole(&self, what: &str) {
        self.is_sealed(what).await;
        assert_eq!(self.unindexed().await, 0, "{what}");
    }

    /// The same without what is derived.
    async fn is_sealed(&self, what: &str) {
        let report = self.log.verify(D2).await;
        assert_eq!(report.findings, [], "{what}");
        assert_eq!(report.exit_code, 0, "{what}");
        let t = report.totals;
        assert_eq!((t.days, t.batches, t.late, t.opened), (2, 7, 1, 18), "{what}");
        let stored = self.log.keys_below("entries/").await;
        let stored = stored.iter().map(|k| (k.parse().unwrap(), 1)).collect::<BTreeMap<_, _>>();
        assert_eq!(self.log.sealed_batches(day(D2)).await, stored, "{what}");
        assert_eq!(self.log.head().await, self.log.checkpoint(day(D2)).await, "{what}");
        for prefix in ["manifests/", "checkpoints/"] {
            let versions = self.log.evidence.list(prefix, None).await.unwrap().entries;
            let keys: BTreeSet<_> = versions.iter().map(|e| &e.key).collect();
            assert_eq!(versions.len(), keys.len(), "{what}: more than one version");
        }
    }
}

#[tokio::test]
async fn the_sealer_finishes_what_any_fault_left() {
    let counting = Scenario::new().await;
    let none = |store: &Arc<MemoryStore>| FaultStore::new(store.clone(), |_, _, _| None);
    let (evidence, state) = (none(&counting.log.evidence), none(&counting.log.state));
    assert!(counting.run_faulty(&evidence, &state).await);
    counting.is_whole("no fault").await;
    let requests = [evidence.requests(), state.requests()];
    assert!(requests[0] > 20 && requests[1] >= 4, "{requests:?}");
    eprintln!("evidence: {} requests, state: {}; each in three ways", requests[0], requests[1]);

    for (root, count) in requests.into_iter().enumerate() {
        for number in 0..count {
            for fault in FAULTS {
                let what = format!("{fault:?} of request {number} to root {root}");
                let s = Scenario::new().await;
                let faulty = |n, store: &Arc<MemoryStore>| match n == root {
                    true => FaultStore::at(store.clone(), number, fault),
                    false => none(store),
                };
                let (evidence, state) = (faulty(0, &s.log.evidence), faulty(1, &s.log.state));
                let ended = s.run_faulty(&evidence, &state).await;
                // A lost answer is looked up by the same run, and an index holds up no seal: nothing else passes.
                if ended {
                    s.is_sealed(&what).await;
                }
                s.run(&*s.log.evidence, &*s.log.state)
                    .await
                    .unwrap_or_else(|e| panic!("{what}: running again: {e}"));
                s.is_whole(&what).await;
                // And a third time changes nothing.
                let before = s.log.keys_below("").await;
                s.run(&*s.log.evidence, &*s.log.state).await.unwrap();
                assert_eq!(s.log.keys_below("").await, before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn faults_again_and_again_still_end() {
    // Every run dies a few requests later than the one before.
    let s = Scenario::new().await;
    for number in 0.. {
        let evidence = FaultStore::at(s.log.evidence.clone(), number, Fault::Die);
        let state = FaultStore::at(s.log.state.clone(), number / 4, Fault::FailAfter);
        if s.run_faulty(&evidence, &state).await {
            break;
        }
        assert!(number < 200, "never gets through");
    }
    s.is_whole("one fault a run").await;
}

/// What a producer's run left behind.
struct Produced {
    log: TestLog,
    accepted: BTreeSet<String>,
    acknowledged: Vec<dayseal::Acknowledgement>,
    reported: u32,
    failures: u64,
}

/// Records 10 events, some of them durably, over a store that fails as planned.
async fn produce(
    plan: impl Fn(Operation, &str, u64) -> Option<Fault> + Send + Sync + 'static,
) -> (Produced, u64) {
    let log = TestLog::new(D1).await;
    let sent: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let noted = sent.clone();
    let store = Arc::new(FaultStore::new(log.evidence.clone(), move |operation, key, n| {
        *noted.lock().unwrap().entry(key.to_owned()).or_default() += 1;
        plan(operation, key, n)
    }));
    let keys: Arc<dyn DataKeySource> = log.keys.clone();
    let audit = AuditLog::builder(log.settings.origin.clone(), "video-api".parse().unwrap())
        .store(store.clone())
        .keys(keys)
        .clock(Arc::new(ManualClock::new(noon(day(D1)))))
        .limits(Limits { flush_count: 3, ..Limits::default() })
        .open()
        .unwrap();
    let mut produced = Produced {
        log,
        accepted: BTreeSet::new(),
        acknowledged: Vec::new(),
        reported: 0,
        failures: 0,
    };
    for n in 0..10 {
        if n % 4 == 3 {
            match audit.record_durable(event("u-1")).await {
                Ok(ack) => {
                    produced.accepted.insert(ack.entry.to_string());
                    produced.acknowledged.push(ack);
                }
                Err(dayseal::RecordError::NotStored(_)) => produced.reported += 1,
                Err(e) => panic!("{e}"),
            }
        } else {
            let id = audit.record(event("u-1")).await.unwrap();
            produced.accepted.insert(id.to_string());
        }
    }
    while audit.flush().await.is_err() {
        produced.reported += 1;
        assert!(produced.reported < 50, "never stored");
    }
    let metrics = audit.close().await.unwrap();
    produced.failures = metrics.failures;
    assert_eq!(metrics.stored_entries, 12, "ten, and the log's own start and stop");
    // One batch has one name, however often it is sent: the name holds the digest of its bytes.
    let sent = sent.lock().unwrap();
    let mut names: BTreeMap<(dayseal_format::StreamId, u32), &str> = BTreeMap::new();
    for key in sent.keys() {
        let parsed: BatchKey = key.parse().unwrap();
        assert_eq!(names.insert((parsed.stream, parsed.seq), key), None, "other bytes: {key}");
    }
    let puts = store.puts();
    (produced, puts)
}

impl Produced {
    /// Nothing lost, nothing twice, no conflict.
    async fn is_whole(&self, what: &str) {
        let mut found = Vec::new();
        for key in self.log.keys_below("entries/").await {
            for line in self.log.entries(&key.parse().unwrap()).await {
                found.push(dayseal::Event::decode(&line).unwrap().id.to_string());
            }
        }
        let distinct: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(found.len(), 12, "{what}");
        assert_eq!(distinct.len(), 12, "{what}: an entry is there twice");
        assert!(self.accepted.is_subset(&distinct), "{what}");
        for ack in &self.acknowledged {
            let lines = self.log.entries(&ack.key()).await;
            let event = dayseal::Event::decode(&lines[ack.index as usize]).unwrap();
            assert_eq!(event.id, ack.entry, "{what}");
        }
        self.log.seal(D1).await.unwrap();
        let report = self.log.verify(D1).await;
        assert_eq!((report.exit_code, &report.findings), (0, &vec![]), "{what}");
        assert_eq!((report.totals.streams_closed, report.totals.streams_open), (1, 0), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_producer_loses_nothing_whatever_put_fails() {
    let (produced, puts) = produce(|_, _, _| None).await;
    produced.is_whole("no fault").await;
    assert!(puts >= 4, "{puts}");
    eprintln!("{puts} puts, each failing in three ways, and all before each");
    for number in 0..puts {
        for fault in [Fault::Fail, Fault::FailAfter, Fault::Deny] {
            let what = format!("{fault:?} of put {number}");
            let plan = move |_, _: &str, n| (n == number).then_some(fault);
            let (produced, _) = produce(plan).await;
            produced.is_whole(&what).await;
            assert_eq!(produced.failures, 1, "{what} was not counted");
            // An outage that lasts: everything up to this request.
            let what = format!("{fault:?} of puts 0 to {number}");
            let plan = move |_, _: &str, n| (n <= number).then_some(fault);
            let (produced, _) = produce(plan).await;
            produced.is_whole(&what).await;
            assert!(produced.failures > 0, "{what} was not counted");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn closing_gives_every_batch_an_attempt_of_its_own() {
    // One batch can never be stored; the others must not go down with it.
    let log = TestLog::new(D1).await;
    let store = FaultStore::new(log.evidence.clone(), |_, key: &str, _| {
        key.contains("/00000000-").then_some(Fault::Deny)
    });
    let keys: Arc<dyn DataKeySource> = log.keys.clone();
    let limits = Limits { flush_count: 1, in_flight: 1, ..Limits::default() };
    let audit = AuditLog::builder(log.settings.origin.clone(), "video-api".parse().unwrap())
        .store(Arc::new(store))
        .keys(keys)
        .clock(Arc::new(ManualClock::new(noon(day(D1)))))
        .limits(limits)
        .lifecycle_events(false)
        .open()
        .unwrap();
    audit.record(event("u-1")).await.unwrap();
    audit.flush().await.unwrap_err();
    for _ in 0..5 {
        audit.record(event("u-1")).await.unwrap();
    }
    let error = audit.close().await.unwrap_err();
    assert_eq!(error.entries, 1, "{error}");
    assert_eq!(log.keys_below("entries/").await.len(), 5);
    // The sealer says what is missing.
    log.seal(D1).await.unwrap();
    let report = log.verify(D1).await;
    let found: Vec<_> = report.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!((report.exit_code, found), (4, vec!["gap"]), "{:#?}", report.findings);
}

#[tokio::test]
async fn creating_a_log_ends_whole_or_refuses() {
    let settings = TestLog::settings(D1);
    let keys = LocalKeys::generate(&settings.origin).unwrap();
    let signer = keys.signer().unwrap();
    let seal = |evidence: Arc<MemoryStore>, state: Arc<MemoryStore>| {
        let (settings, signer) = (settings.clone(), &signer);
        async move {
            let sealer = dayseal_chain::Sealer::new(&*evidence, &*state, signer, settings).unwrap();
            let through: Day = day(D1);
            sealer.seal_through(through, noon(day(D2)), |_| {}).await
        }
    };
    let (mut whole, mut refused) = (0, 0);
    for root in 0..2 {
        for number in 0..3 {
            for fault in FAULTS {
                let what = format!("{fault:?} of request {number} to root {root}");
                let stores = [Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new())];
                let faulty = |n: usize| {
                    let plan = move |_, _: &str, at| (n == root && at == number).then_some(fault);
                    FaultStore::new(stores[n].clone(), plan)
                };
                let (evidence, state) = (faulty(0), faulty(1));
                let made = tokio::select! {
                    made = create_log(&evidence, &state, &signer, &settings) => made.is_ok(),
                    () = evidence.died() => false,
                    () = state.died() => false,
                };
                let untouched = stores[0].list("", None).await.unwrap().entries.is_empty()
                    && stores[1].list("", None).await.unwrap().entries.is_empty();
                let has_log_json = stores[0].head("log.json", None).await.is_ok();
                let again = create_log(&*stores[0], &*stores[1], &signer, &settings).await;
                let sealed = if untouched {
                    again.unwrap_or_else(|e| panic!("{what}: not retried: {e}"));
                    seal(stores[0].clone(), stores[1].clone()).await
                } else {
                    let error = again.unwrap_err();
                    assert!(matches!(error, SealError::LogExists { .. }), "{what}: {error}");
                    seal(stores[0].clone(), stores[1].clone()).await
                };
                match sealed {
                    Ok(_) => {
                        whole += 1;
                        assert!(untouched || has_log_json, "{what}: it seals without log.json");
                    }
                    Err(SealError::NoHead { .. }) => {
                        refused += 1;
                        assert!(!made, "{what}: made, and refuses to be sealed");
                    }
                    Err(SealError::Store(e)) if e.kind() == ErrorKind::NotFound => {
                        panic!("{what}: looks whole until it is sealed: {e}")
                    }
                    Err(e) => panic!("{what}: {e}"),
                }
            }
        }
    }
    eprintln!("{whole} whole, {refused} refused");
    assert!(whole > 0 && refused > 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_data_key_service_holds_entries_and_reports() {
    /// Fails the first `failures` requests for a data key.
    #[derive(Debug)]
    struct Keys(Arc<LocalKeys>, std::sync::atomic::AtomicU32);
    #[async_trait::async_trait]
    impl DataKeySource for Keys {
        async fn generate(
            &self,
            context: &dayseal_keys::KeyContext,
        ) -> Result<dayseal_keys::GeneratedKey, dayseal_keys::KeyError> {
            let left = &self.1;
            let more = left.load(std::sync::atomic::Ordering::SeqCst);
            if more > 0 {
                left.store(more - 1, std::sync::atomic::Ordering::SeqCst);
                return Err(dayseal_keys::KeyError::Absent { what: "answer of the key service" });
            }
            self.0.generate(context).await
        }
    }
    let log = TestLog::new(D1).await;
    let keys = Arc::new(Keys(log.keys.clone(), 3.into()));
    let audit = AuditLog::builder(log.settings.origin.clone(), "video-api".parse().unwrap())
        .store(log.evidence.clone())
        .keys(keys)
        .clock(Arc::new(ManualClock::new(noon(day(D1)))))
        .open()
        .unwrap();
    audit.record_durable(event("u-1")).await.unwrap_err();
    let mut failed = 0;
    while tokio::time::timeout(Duration::from_secs(3_600), audit.flush()).await.unwrap().is_err() {
        failed += 1;
        assert!(failed < 10);
    }
    audit.close().await.unwrap();
    log.seal(D1).await.unwrap();
    let report = log.verify(D1).await;
    assert_eq!((report.exit_code, report.totals.opened), (0, 3));
}
