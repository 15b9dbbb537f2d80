//! Any interleaving of records, crashes, outages, late arrivals, days and seals: what was
//! acknowledged is sealed once or reported, and nothing is found that did not happen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use dayseal::{Acknowledgement, AuditLog, Event, EventId, Limits};
use dayseal_chain::verify::{FindingCode as Code, VerdictState};
use dayseal_format::batch::Batch;
use dayseal_format::names::parse_manifest_key;
use dayseal_format::{BatchKey, Day};
use dayseal_keys::{DataKeyOpener as _, DataKeySource, KeyContext};
use dayseal_testkit::{Fault, FaultStore, ManualClock, Operation, TestLog, day, event, noon};
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

const FIRST: &str = "2026-11-20";
/// The producer's and the sealer's.
const LATE_DAYS: i32 = 3;

#[derive(Clone, Debug)]
enum Action {
    /// So many events, not waited for.
    Record(u8),
    RecordDurable,
    Flush,
    /// The producer's process dies with all it holds.
    CrashProducer,
    /// Ends it cleanly; the next event opens another.
    CloseProducer,
    /// Puts fail, and have landed all the same or not.
    Outage {
        landing: bool,
    },
    OutageEnds,
    /// An object that no seal has seen is not there yet.
    HoldBack(usize),
    /// The oldest of them arrives.
    Arrive,
    NextDay,
    Seal,
    /// The sealer's process dies after so many requests to either root.
    CrashSealer {
        evidence: u64,
        state: u64,
    },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (1..6u8).prop_map(Action::Record),
        4 => Just(Action::RecordDurable),
        2 => Just(Action::Flush),
        1 => Just(Action::CrashProducer),
        1 => Just(Action::CloseProducer),
        1 => any::<bool>().prop_map(|landing| Action::Outage { landing }),
        2 => Just(Action::OutageEnds),
        2 => any::<usize>().prop_map(Action::HoldBack),
        2 => Just(Action::Arrive),
        4 => Just(Action::NextDay),
        3 => Just(Action::Seal),
        1 => (0..25u64, 0..6u64).prop_map(|(evidence, state)| Action::CrashSealer { evidence, state }),
    ]
}

/// A process that records: its own runtime, so that it can die.
struct Producer {
    runtime: Runtime,
    audit: AuditLog,
    /// Accepted and not known to be stored.
    accepted: Vec<EventId>,
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

const UP: u8 = 0;
const DOWN: u8 = 1;
const SILENT: u8 = 2;

struct World {
    runtime: Runtime,
    log: TestLog,
    clock: Arc<ManualClock>,
    today: Day,
    outage: Arc<AtomicU8>,
    producer: Option<Producer>,
    acknowledged: Vec<Acknowledgement>,
    /// Entries that a flush, a close or an acknowledgement says are stored.
    stored: Vec<EventId>,
    held: Vec<(BatchKey, Vec<u8>)>,
    too_late: BTreeSet<BatchKey>,
    crashed: bool,
    landed_unheard: bool,
}

impl World {
    fn new() -> Self {
        let runtime = runtime();
        let log = runtime.block_on(TestLog::new(FIRST));
        let today = day(FIRST);
        Self {
            runtime,
            log,
            clock: Arc::new(ManualClock::new(noon(today))),
            today,
            outage: Arc::default(),
            producer: None,
            acknowledged: Vec::new(),
            stored: Vec::new(),
            held: Vec::new(),
            too_late: BTreeSet::new(),
            crashed: false,
            landed_unheard: false,
        }
    }

    fn producer(&mut self) -> &mut Producer {
        let Self { log, clock, outage, .. } = self;
        self.producer.get_or_insert_with(|| {
            let runtime = runtime();
            let outage = outage.clone();
            let plan = move |_: Operation, _: &str, _| match outage.load(Ordering::SeqCst) {
                DOWN => Some(Fault::Fail),
                SILENT => Some(Fault::FailAfter),
                _ => None,
            };
            let keys: Arc<dyn DataKeySource> = log.keys.clone();
            let origin = log.settings.origin.clone();
            let entered = runtime.enter();
            let audit = AuditLog::builder(origin, "video-api".parse().unwrap())
                .privacy(dayseal::privacy::Settings::off())
                .store(Arc::new(FaultStore::new(log.evidence.clone(), plan)))
                .keys(keys)
                .clock(clock.clone())
                .limits(Limits { flush_count: 4, ..Limits::default() })
                .open()
                .unwrap();
            drop(entered);
            Producer { runtime, audit, accepted: Vec::new() }
        })
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Record(count) => {
                let Producer { runtime, audit, accepted } = self.producer();
                for _ in 0..count {
                    accepted.push(runtime.block_on(audit.record(event("u-1"))).unwrap());
                }
            }
            Action::RecordDurable => {
                let Producer { runtime, audit, .. } = self.producer();
                match runtime.block_on(audit.record_durable(event("u-2"))) {
                    Ok(acknowledgement) => {
                        self.stored.push(acknowledgement.entry);
                        self.acknowledged.push(acknowledgement);
                    }
                    Err(e) => {
                        assert!(matches!(e, dayseal::RecordError::NotStored(_)), "{e}");
                        assert_ne!(self.outage.load(Ordering::SeqCst), UP, "{e}");
                    }
                }
            }
            Action::Flush => {
                let up = self.outage.load(Ordering::SeqCst) == UP;
                let Producer { runtime, audit, accepted } = self.producer();
                // Attempts made in an outage that is over may still have to be heard of.
                let mut flushed = runtime.block_on(audit.flush());
                for _ in 0..20 {
                    if flushed.is_err() && up {
                        flushed = runtime.block_on(audit.flush());
                    }
                }
                match flushed {
                    Ok(()) => {
                        let accepted = std::mem::take(accepted);
                        self.stored.extend(accepted);
                    }
                    Err(e) => assert!(!up, "{e}"),
                }
            }
            Action::CrashProducer => {
                if let Some(Producer { runtime, audit, .. }) = self.producer.take() {
                    // The runtime first: nothing may be finished on the way out.
                    runtime.shutdown_background();
                    drop(audit);
                    self.crashed = true;
                }
            }
            Action::CloseProducer => self.close(),
            Action::Outage { landing } => {
                self.outage.store(if landing { SILENT } else { DOWN }, Ordering::SeqCst);
                self.landed_unheard |= landing;
            }
            Action::OutageEnds => self.outage.store(UP, Ordering::SeqCst),
            Action::HoldBack(which) => {
                let newest = self.newest_manifest();
                let mut free: Vec<BatchKey> = self.batches();
                free.retain(|k| newest.is_none_or(|n| k.day > n));
                if !free.is_empty() {
                    let key = free[which % free.len()];
                    let bytes = self.runtime.block_on(self.log.bytes(&key.to_string()));
                    assert!(self.log.evidence.remove(&key.to_string()));
                    self.held.push((key, bytes));
                }
            }
            Action::Arrive => {
                if !self.held.is_empty() {
                    let (key, bytes) = self.held.remove(0);
                    let next = self.newest_manifest().map_or(day(FIRST), |n| n.next().unwrap());
                    // A retry of a put that was not heard may have been faster.
                    let new = !self.batches().contains(&key);
                    if new && next.days_since(key.day) > LATE_DAYS {
                        self.too_late.insert(key);
                    }
                    self.runtime.block_on(self.log.land(&key, &bytes));
                }
            }
            Action::NextDay => {
                self.today = self.today.next().unwrap();
                self.clock.set(noon(self.today));
            }
            Action::Seal => self.seal(),
            Action::CrashSealer { evidence, state } => {
                let Some(through) = self.due() else { return };
                let evidence = FaultStore::at(self.log.evidence.clone(), evidence, Fault::Die);
                let state = FaultStore::at(self.log.state.clone(), state, Fault::Die);
                let now = noon(self.today);
                self.runtime.block_on(async {
                    tokio::select! {
                        sealed = self.log.seal_at(&evidence, &state, through, now) => drop(sealed.unwrap()),
                        () = evidence.died() => {}
                        () = state.died() => {}
                    }
                });
            }
        }
    }

    fn due(&self) -> Option<Day> {
        self.today.previous().filter(|d| *d >= day(FIRST))
    }

    fn seal(&mut self) {
        let Some(through) = self.due() else { return };
        let (evidence, state) = (&*self.log.evidence, &*self.log.state);
        let sealing = self.log.seal_at(evidence, state, through, noon(self.today));
        assert_eq!(self.runtime.block_on(sealing).unwrap().newest, Some(through));
    }

    fn close(&mut self) {
        let Some(Producer { runtime, audit, accepted }) = self.producer.take() else { return };
        match runtime.block_on(audit.close()) {
            Ok(_) => self.stored.extend(accepted),
            Err(e) => {
                assert_ne!(self.outage.load(Ordering::SeqCst), UP, "{e}");
                assert!(e.entries > 0);
                self.crashed = true;
            }
        }
    }

    fn batches(&self) -> Vec<BatchKey> {
        let keys = self.runtime.block_on(self.log.keys_below("entries/"));
        keys.iter().map(|k| k.parse().unwrap()).collect()
    }

    fn newest_manifest(&self) -> Option<Day> {
        let keys = self.runtime.block_on(self.log.keys_below("manifests/"));
        keys.iter().filter_map(|k| parse_manifest_key(k)).max()
    }

    fn ids(&self, bytes: &[u8]) -> Vec<EventId> {
        let batch = Batch::parse(bytes).unwrap();
        let h = batch.header();
        let context = KeyContext::entries(&h.origin, h.stream, h.day);
        let opening = self.log.keys.open(&h.key_id, &h.wrapped_key, &context);
        let key = self.runtime.block_on(opening).unwrap();
        batch.open(&key).unwrap().iter().map(|l| Event::decode(l).unwrap().id).collect()
    }

    /// Ends everything cleanly, seals, verifies, and holds it against what happened.
    fn judge(mut self) -> Result<(), TestCaseError> {
        self.act(Action::OutageEnds);
        self.close();
        self.act(Action::NextDay);
        self.seal();
        let newest = self.due().unwrap();
        let report = self.runtime.block_on(self.log.verify(&newest.to_string()));
        let sealed: BTreeMap<BatchKey, u32> =
            self.runtime.block_on(self.log.sealed_batches(newest));
        // Each stored object is in exactly one manifest, unless it came too late for all.
        let here: BTreeSet<BatchKey> = self.batches().into_iter().collect();
        let held = self.held.iter().filter(|(k, _)| !here.contains(k));
        let held: BTreeMap<BatchKey, &Vec<u8>> = held.map(|(k, b)| (*k, b)).collect();
        for key in &here {
            let times = sealed.get(key).copied().unwrap_or(0);
            prop_assert_eq!(times, u32::from(!self.too_late.contains(key)), "{}", key);
        }
        prop_assert!(sealed.keys().all(|k| here.contains(k)));

        // Acknowledged, flushed or closed: there, sealed or reported, under the acknowledged name.
        for ack in &self.acknowledged {
            let key = ack.key();
            let bytes = match held.get(&key) {
                Some(bytes) => (*bytes).clone(),
                None => self.runtime.block_on(self.log.bytes(&key.to_string())),
            };
            prop_assert_eq!(self.ids(&bytes)[ack.index as usize], ack.entry);
        }
        let mut places: BTreeMap<EventId, Vec<BatchKey>> = BTreeMap::new();
        for key in &here {
            let bytes = self.runtime.block_on(self.log.bytes(&key.to_string()));
            self.ids(&bytes).into_iter().for_each(|id| places.entry(id).or_default().push(*key));
        }
        for (key, bytes) in &held {
            self.ids(bytes).into_iter().for_each(|id| places.entry(id).or_default().push(*key));
        }
        for id in &self.stored {
            prop_assert!(places.contains_key(id), "entry {} is lost", id);
        }
        // Twice only where a put landed unheard and was then too old to be sent again.
        if !self.landed_unheard {
            for (id, keys) in &places {
                prop_assert_eq!(keys.len(), 1, "entry {} in {:?}", id, keys);
            }
        }

        // Nothing is found but what happened.
        let unlisted: BTreeSet<BatchKey> = report
            .findings
            .iter()
            .filter(|f| f.code == Code::UnlistedObject)
            .map(|f| f.object.parse().unwrap())
            .collect();
        prop_assert_eq!(&unlisted, &self.too_late);
        let missing = |key: &BatchKey| !sealed.contains_key(key);
        for finding in report.findings.iter().filter(|f| f.code != Code::UnlistedObject) {
            prop_assert_eq!(finding.code, Code::Gap, "{:?}", finding);
            let (prefix, range) = finding.object.rsplit_once('/').unwrap();
            let (from, to) = range.split_once('-').unwrap();
            let (from, to): (u32, u32) = (from.parse().unwrap(), to.parse().unwrap());
            let known = here.iter().chain(held.keys()).filter(|k| {
                k.to_string().starts_with(&format!("{prefix}/")) && (from..=to).contains(&k.seq)
            });
            let known: Vec<_> = known.collect();
            prop_assert!(known.iter().all(|k| missing(k)), "{:?}", finding);
            // What is missing was held back, came too late, was given up for another day, or
            // died with its producer.
            let explained = known.len() as u32 == to - from + 1;
            prop_assert!(explained || self.crashed || self.gave_up(), "{:?}", finding);
        }
        // And what is missing with something behind it is found.
        for key in held.keys().chain(&self.too_late) {
            let behind = sealed
                .keys()
                .any(|k| (k.day, k.stream) == (key.day, key.stream) && k.seq > key.seq);
            let prefix = format!("entries/{}/{}/", key.day, key.stream);
            let told = report.findings.iter().any(|f| {
                let range = f.object.strip_prefix(&prefix).and_then(|r| r.split_once('-'));
                f.code == Code::Gap
                    && range.is_some_and(|(from, to)| {
                        (from.parse().unwrap()..=to.parse().unwrap()).contains(&key.seq)
                    })
            });
            prop_assert_eq!(told, behind, "{} held back", key);
        }
        let altered = !self.too_late.is_empty();
        let expected = if altered { VerdictState::Failed } else { VerdictState::Holds };
        prop_assert_eq!(report.integrity.state, expected);
        let exit = match (altered, report.findings.is_empty()) {
            (true, _) => 1,
            (false, true) => 0,
            (false, false) => 4,
        };
        prop_assert_eq!(report.exit_code, exit);
        prop_assert_eq!(report.totals.awaiting_seal, 0);
        let head = self.runtime.block_on(self.log.head());
        prop_assert_eq!(head, self.runtime.block_on(self.log.checkpoint(newest)));
        Ok(())
    }

    /// Whether an outage may have lasted longer than a batch may be late.
    fn gave_up(&self) -> bool {
        self.today.days_since(day(FIRST)) > LATE_DAYS
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_is_sealed_once_or_reported(
        actions in prop::collection::vec(action(), 1..40),
    ) {
        let mut world = World::new();
        for action in actions {
            world.act(action);
        }
        world.judge()?;
    }
}

#[test]
fn closing_right_after_an_outage_stores_everything() {
    // The attempts of the outage may not be heard of before the log closes: they are not the last.
    use Action::{CloseProducer, Flush, Outage, OutageEnds, Record};
    for flushes in 0..4 {
        let mut world = World::new();
        let mut actions = vec![Outage { landing: false }];
        actions.extend(vec![Record(5); 4]);
        actions.extend(vec![Flush; flushes]);
        actions.extend([OutageEnds, CloseProducer]);
        actions.into_iter().for_each(|a| world.act(a));
        assert!(!world.crashed);
        world.judge().unwrap();
    }
}
