//! Two sealers at once, a producer beside a sealer, a sealer that lags: one seal comes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use dayseal::AuditLog;
use dayseal_chain::{SealError, SealSummary};
use dayseal_format::{BatchKey, UnixMillis};
use dayseal_keys::DataKeySource;
use dayseal_store::{ErrorKind, Store};
use dayseal_testkit::{FaultStore, ManualClock, TestLog, day, event, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
const D3: &str = "2026-11-22";
/// Orders of requests tried; each seed makes both parties step aside at other places.
const SEEDS: u64 = 60;

/// One sealer run whose requests step aside as `seed` says.
async fn run(
    log: &TestLog,
    seed: u64,
    through: &str,
    now: UnixMillis,
) -> Result<SealSummary, SealError> {
    let evidence = FaultStore::yielding(log.evidence.clone(), seed);
    let state = FaultStore::yielding(log.state.clone(), !seed);
    log.seal_at(&evidence, &state, day(through), now).await
}

/// The time `minutes` after the end of a day.
fn after(on: &str, minutes: i64) -> UnixMillis {
    day(on).last_instant().saturating_add(minutes * 60_000)
}

/// A lost race may be told; that it was lost must be all there is to it.
fn is_retryable(error: &SealError) -> bool {
    matches!(error, SealError::Store(e)
        if matches!(e.kind(), ErrorKind::Precondition | ErrorKind::Unavailable))
}

/// One manifest, one checkpoint, one head; every batch in exactly one manifest.
async fn is_one_seal(log: &TestLog, newest: &str, what: &str) {
    let report = log.verify(newest).await;
    assert_eq!((report.exit_code, &report.findings), (0, &vec![]), "{what}");
    let stored = log.keys_below("entries/").await;
    let stored: BTreeMap<BatchKey, u32> = stored.iter().map(|k| (k.parse().unwrap(), 1)).collect();
    let mut sealed = log.sealed_batches(day(newest)).await;
    sealed.retain(|key, n| *n > 1 || stored.contains_key(key));
    let due = stored.into_iter().filter(|(k, _)| k.day <= day(newest)).collect::<BTreeMap<_, _>>();
    let awaiting = due.len() - sealed.len();
    assert_eq!(report.totals.awaiting_seal, awaiting as u64, "{what}");
    assert!(sealed.values().all(|n| *n == 1), "{what}");
    assert_eq!(log.head().await, log.checkpoint(day(newest)).await, "{what}");
    let days = (day(newest).days_since(log.settings.first_day) + 1) as usize;
    for (prefix, count) in [("manifests/", days), ("checkpoints/", days + 1)] {
        let entries = log.evidence.list(prefix, None).await.unwrap().entries;
        assert_eq!(entries.len(), count, "{what}: versions under {prefix}");
    }
}

#[tokio::test]
async fn two_sealers_end_in_one_seal() {
    let (mut adopted, mut retried) = (0, 0);
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let log = TestLog::new(D1).await;
        log.fill(1, D1, 2).await;
        log.fill(2, D2, 2).await;
        // Clocks differ, as those of two machines do; so do their manifests.
        let (one, two) = (after(D2, 60), after(D2, 60 + (seed % 9) as i64 - 4));
        let runs = tokio::join!(
            run(&log, seed, D2, one),
            run(&log, seed.wrapping_mul(0x9e37_79b9), D2, two),
        );
        for result in [runs.0, runs.1] {
            match result {
                Ok(summary) => {
                    assert_eq!(summary.newest, Some(day(D2)), "{what}");
                    adopted += summary.sealed.iter().filter(|s| s.adopted).count();
                }
                Err(e) => {
                    assert!(is_retryable(&e), "{what}: {e}");
                    retried += 1;
                }
            }
        }
        let again = run(&log, 0, D2, after(D2, 70)).await.unwrap();
        assert_eq!((again.sealed.len(), again.newest), (0, Some(day(D2))), "{what}");
        is_one_seal(&log, D2, &what).await;
    }
    eprintln!("{SEEDS} orders: {adopted} manifests adopted, {retried} runs to be repeated");
    assert!(adopted > 10, "the sealers never met: {adopted}");
}

#[tokio::test]
async fn a_late_batch_between_two_sealers_is_sealed_once() {
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let log = TestLog::new(D1).await;
        let mut stream = log.stream(1, D1).await;
        let batches: Vec<_> = (0..3).map(|n| stream.next(2, n == 2)).collect();
        log.store(&stream, &batches[0]).await;
        log.store(&stream, &batches[2]).await;
        let landing = async {
            for _ in 0..seed % 40 {
                tokio::task::yield_now().await;
            }
            log.land(&stream.key(&batches[1]), &batches[1].bytes).await;
        };
        let runs = tokio::join!(
            run(&log, seed, D2, after(D2, 60)),
            run(&log, !seed, D2, after(D2, 61)),
            landing,
        );
        for result in [runs.0, runs.1] {
            assert!(result.as_ref().err().is_none_or(is_retryable), "{what}: {result:?}");
        }
        // Before, between or behind the two seals: the next one has it in any case.
        run(&log, 0, D3, after(D3, 60)).await.unwrap();
        is_one_seal(&log, D3, &what).await;
    }
}

#[tokio::test]
async fn a_sealer_days_behind_one_that_is_ahead() {
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let log = TestLog::new(D1).await;
        for (id, on) in [(1, D1), (2, D2), (3, D3)] {
            log.fill(id, on, 1).await;
        }
        // One wants the first day only and steps aside a lot; the other wants all three.
        let ahead = async {
            for _ in 0..seed % 30 {
                tokio::task::yield_now().await;
            }
            run(&log, seed, D3, after(D3, 62)).await
        };
        let runs = tokio::join!(run(&log, !seed, D1, after(D3, 60)), ahead);
        for result in [runs.0, runs.1] {
            assert!(result.as_ref().err().is_none_or(is_retryable), "{what}: {result:?}");
        }
        run(&log, 0, D3, after(D3, 70)).await.unwrap();
        is_one_seal(&log, D3, &what).await;
    }
}

#[tokio::test]
async fn a_run_overtaken_by_one_that_began_much_later_says_so_and_is_repeated() {
    let mut overtaken = 0;
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let log = TestLog::new(D1).await;
        log.fill(1, D1, 2).await;
        log.fill(2, D2, 2).await;
        let runs =
            tokio::join!(run(&log, seed, D2, after(D2, 60)), run(&log, !seed, D2, after(D2, 90)),);
        if let Err(e) = &runs.0 {
            // Not a word of tampering: nobody did.
            assert!(matches!(e, SealError::Clock { .. }), "{what}: {e}");
            overtaken += 1;
        }
        runs.1.unwrap();
        run(&log, 0, D2, after(D2, 100)).await.unwrap();
        is_one_seal(&log, D2, &what).await;
    }
    assert!(overtaken > 0, "never overtaken");
}

#[tokio::test(start_paused = true)]
async fn a_producer_goes_on_while_yesterday_is_sealed() {
    for seed in 0..20 {
        let what = format!("seed {seed}");
        let log = TestLog::new(D1).await;
        let clock = Arc::new(ManualClock::new(noon(day(D1))));
        let keys: Arc<dyn DataKeySource> = log.keys.clone();
        let store: Arc<dyn Store> = Arc::new(FaultStore::yielding(log.evidence.clone(), seed));
        let audit = AuditLog::builder(log.settings.origin.clone(), "video-api".parse().unwrap())
            .store(store)
            .keys(keys)
            .clock(clock.clone())
            .limits(dayseal::Limits { flush_count: 2, ..Default::default() })
            .open()
            .unwrap();
        for _ in 0..5 {
            audit.record(event("u-1")).await.unwrap();
        }
        clock.set(after(D1, 5));
        let writing = async {
            let mut acknowledged = Vec::new();
            for _ in 0..12 {
                acknowledged.push(audit.record_durable(event("u-2")).await.unwrap());
            }
            acknowledged
        };
        let (sealed, acknowledged) = tokio::join!(run(&log, seed, D1, after(D1, 5)), writing);
        sealed.unwrap();
        audit.close().await.unwrap();
        assert!(acknowledged.iter().all(|a| a.day == day(D2)), "{what}");
        run(&log, 0, D2, after(D2, 5)).await.unwrap();
        is_one_seal(&log, D2, &what).await;
        // The start, 17 events and the stop.
        let report = log.verify(D2).await;
        assert_eq!((report.totals.entries, report.totals.awaiting_seal), (19, 0), "{what}");
        let sealed = log.sealed_batches(day(D2)).await;
        for ack in acknowledged {
            assert!(sealed.contains_key(&ack.key()), "{what}");
        }
    }
}
