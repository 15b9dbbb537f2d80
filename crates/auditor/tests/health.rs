//! How a log does, by listings, manifests and headers alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::future::{pending, ready};
use std::sync::Arc;

use dayseal_auditor::health::{Code, Health, HealthError, Look};
use dayseal_format::{Day, UnixMillis};
use dayseal_store::Store;
use dayseal_testkit::{Fault, FaultStore, Operation, TestLog, day, noon};

const HOUR: i64 = 3_600_000;

fn look<'a>(log: &'a TestLog, now: UnixMillis, hours: u32) -> Look<'a> {
    Look { evidence: &*log.evidence, policy: &log.policy, now, grace_ms: HOUR, hours }
}

async fn health(log: &TestLog, now: UnixMillis) -> Health {
    look(log, now, 48).run(pending()).await.unwrap()
}

fn codes(health: &Health) -> Vec<Code> {
    health.problems.iter().map(|p| p.code).collect()
}

fn at(on: &str, hour: i64) -> UnixMillis {
    day(on).start().saturating_add(hour * HOUR)
}

fn some(first: &str, last: &str) -> Option<(Day, Day)> {
    Some((day(first), day(last)))
}

/// Two sealed days of two streams each, and one of today, all of the service that the policy expects.
async fn three_days() -> TestLog {
    let mut log = TestLog::new("2026-11-16").await;
    let mut stream = log.stream(9, "2026-11-16").await;
    log.policy.services.insert(stream.header.service.clone(), 2);
    for (n, on) in ["2026-11-16", "2026-11-17"].into_iter().enumerate() {
        log.fill(n as u8, on, 2).await;
        if n == 0 {
            // Ends without a word.
            let batch = stream.next(3, false);
            log.store(&stream, &batch).await;
        }
        log.seal(on).await.unwrap();
    }
    log.fill(2, "2026-11-18", 4).await;
    log
}

#[tokio::test]
async fn what_is_sealed_and_what_is_not_counts_once() {
    let log = three_days().await;
    let h = health(&log, noon(day("2026-11-18"))).await;
    assert_eq!((h.exit_code, codes(&h)), (0, vec![]), "{h:#?}");
    assert_eq!((h.waiting, h.overdue, h.unread, h.late, h.late_waiting), (None, None, 0, 0, 0));
    let seal = h.last_seal.as_ref().unwrap();
    assert_eq!((seal.day, seal.counts.batches), (day("2026-11-17"), 2));
    assert_eq!(seal.age_seconds, ((h.at.as_millis() - seal.sealed_at.as_millis()) / 1_000) as u64);
    // Every batch of the testkit has three entries.
    let (mut entries, mut batches) = (0, 0);
    for hour in &h.hours {
        entries += hour.entries;
        batches += hour.batches;
    }
    let from = h.hours[0].hour;
    assert_eq!((h.hours.len(), from), (48, at("2026-11-16", 13)));
    let times = log.sealed_batches(day("2026-11-17")).await.len();
    assert_eq!(times, 5);
    assert_eq!((batches, entries), (in_window(&log, from).await, 3 * batches));
    let streams: Vec<_> = h.streams.iter().map(|s| (s.day, s.open, s.closed)).collect();
    assert_eq!(streams, [(day("2026-11-17"), 0, 1), (day("2026-11-18"), 0, 1)]);
    assert_eq!((h.services.len(), h.services[0].silent), (1, false));
    assert_eq!(h.services[0].last_heard, Some(day("2026-11-18")));
    assert!(h.newest_batch.is_some());
}

/// Batches whose last entry is not before `from`, by their headers.
async fn in_window(log: &TestLog, from: UnixMillis) -> u64 {
    let mut n = 0;
    for key in log.keys_below("entries/").await {
        let key = key.parse().unwrap();
        let header =
            dayseal_chain::read::read_header(&*log.evidence, &log.settings.origin, &key).await;
        n += u64::from(header.unwrap().last_time >= from);
    }
    n
}

#[tokio::test]
async fn it_says_what_it_asked() {
    let log = three_days().await;
    let store = FaultStore::new(Arc::clone(&log.evidence) as Arc<dyn Store>, |_, _, _| None);
    let look = Look { evidence: &store, ..look(&log, noon(day("2026-11-18")), 48) };
    let h = look.run(pending()).await.unwrap();
    // Manifests: 1 listing; 2 days of 2 objects, each listed for its versions and read; 4 days listed; 4 headers.
    assert_eq!(h.requests, 1 + 2 * 4 + 4 + 4);
    assert_eq!((store.requests(), store.gets()), (h.requests, 2 * 2 + 4));
}

#[tokio::test]
async fn what_is_overdue_and_silent_is_told_in_time() {
    let log = three_days().await;
    // Ended, and still within its grace; past it; past what the policy allows.
    for (now, waiting, overdue) in [
        (at("2026-11-19", 0), None, None),
        (at("2026-11-19", 1), some("2026-11-18", "2026-11-18"), None),
        (at("2026-11-20", 1), some("2026-11-18", "2026-11-19"), None),
        (at("2026-11-20", 2), some("2026-11-18", "2026-11-19"), some("2026-11-18", "2026-11-18")),
    ] {
        let h = health(&log, now).await;
        assert_eq!((h.waiting, h.overdue), (waiting, overdue), "at {now}");
        let expected = if overdue.is_some() { (4, vec![Code::Overdue]) } else { (0, vec![]) };
        assert_eq!((h.exit_code, codes(&h)), expected, "at {now}");
    }
    // Heard of on the 18th, which no seal has taken yet, and silent on two whole days; then on three.
    for (now, silent) in [(noon(day("2026-11-21")), false), (noon(day("2026-11-22")), true)] {
        let h = look(&log, now, 1).run(pending()).await.unwrap();
        assert_eq!(h.services[0].silent, silent, "at {now}");
        assert_eq!(codes(&h).contains(&Code::Silent), silent);
        assert_eq!(h.services[0].silent_days, if silent { 3 } else { 2 });
    }
    let mut log = log;
    let finding = dayseal_chain::verify::Finding::new(
        dayseal_chain::verify::FindingCode::SilentService,
        day("2026-11-22"),
        format!("service {}", log.policy.services.keys().next().unwrap()),
        "",
    );
    log.policy.known_findings.insert(finding.id, "switched off".into());
    let h = health(&log, noon(day("2026-11-22"))).await;
    assert_eq!((h.services[0].silent, codes(&h)), (true, vec![Code::Overdue]));
}

#[tokio::test]
async fn a_service_is_heard_of_in_older_days() {
    let mut log = TestLog::new("2026-11-16").await;
    let service = log.stream(9, "2026-11-16").await.header.service.clone();
    log.policy.services.insert(service, 30);
    log.policy.services.insert("never".parse().unwrap(), 3);
    log.fill(1, "2026-11-16", 1).await;
    log.seal("2026-11-25").await.unwrap();
    let h = look(&log, noon(day("2026-11-26")), 1).run(pending()).await.unwrap();
    let told: Vec<_> = h.services.iter().map(|s| (s.last_heard, s.silent_days, s.silent)).collect();
    let heard = (Some(day("2026-11-16")), 9, false);
    assert!(told.contains(&heard) && told.contains(&(None, 10, true)), "{told:?}");
    assert_eq!((h.exit_code, codes(&h)), (4, vec![Code::Silent]));
}

#[tokio::test]
async fn late_batches_and_what_the_sealer_found_are_told() {
    let log = three_days().await;
    log.seal("2026-11-18").await.unwrap();
    // After the seal: a stream of the 18th with a hole in it.
    let mut stream = log.stream(7, "2026-11-18").await;
    for n in 0..3 {
        let batch = stream.next(1, n == 2);
        if n != 1 {
            log.store(&stream, &batch).await;
        }
    }
    let h = health(&log, noon(day("2026-11-19"))).await;
    assert_eq!((h.exit_code, h.late, h.late_waiting), (0, 0, 2));
    log.evidence.overwrite("entries/2026-11-19/what-is-this", "x");
    let h = health(&log, noon(day("2026-11-19"))).await;
    assert_eq!((h.exit_code, codes(&h)), (1, vec![Code::Stray]));
    log.seal("2026-11-19").await.unwrap();
    let h = health(&log, noon(day("2026-11-20"))).await;
    assert_eq!((h.late, h.late_waiting), (2, 0));
    assert_eq!((h.exit_code, codes(&h)), (1, vec![Code::Strays, Code::Gaps]));
    assert_eq!(h.last_seal.unwrap().counts.gaps, 1);
}

#[tokio::test]
async fn a_manifest_that_nobody_signed_is_not_relied_on() {
    let log = three_days().await;
    let name = "manifests/2026-11-17.ndjson";
    let text = String::from_utf8(log.bytes(name).await).unwrap();
    let first = text.lines().next().unwrap().to_owned() + "\n";
    log.evidence.rot(name, first.into_bytes());
    let h = health(&log, noon(day("2026-11-18"))).await;
    assert_eq!((h.exit_code, codes(&h), h.last_seal.is_some()), (1, vec![Code::Day], false));
}

#[tokio::test]
async fn the_time_bounds_it() {
    let mut log = three_days().await;
    log.policy.services.insert("never".parse().unwrap(), 0);
    let now = noon(day("2026-11-18"));
    assert!(health(&log, now).await.services.iter().any(|s| s.silent));
    let idle =
        FaultStore::new(Arc::clone(&log.evidence) as Arc<dyn Store>, |_, _, _| Some(Fault::Die));
    let stopped = Look { evidence: &idle, ..look(&log, now, 24) }.run(ready(())).await;
    assert!(matches!(stopped, Err(HealthError::Stopped)), "{stopped:?}");
    // A store that never answers for a header, and a stop that comes once it was asked.
    let (asked, stop) = tokio::sync::oneshot::channel::<()>();
    let asked = std::sync::Mutex::new(Some(asked));
    let hanging =
        FaultStore::new(Arc::clone(&log.evidence) as Arc<dyn Store>, move |op, key, _| {
            (op == Operation::Get && key.starts_with("entries/")).then(|| {
                if let Some(asked) = asked.lock().unwrap().take() {
                    let _ = asked.send(());
                }
                Fault::Die
            })
        });
    let look = Look { evidence: &hanging, ..look(&log, now, 24) };
    let h = look.run(async { drop(stop.await) }).await.unwrap();
    assert_eq!((h.unread, h.exit_code, codes(&h)), (4, 3, vec![Code::Stopped]));
    assert!(h.last_seal.is_some(), "what is known is told");
    assert!(h.services.iter().all(|s| !s.silent), "of what was not looked at nothing is said");
}
