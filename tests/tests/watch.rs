//! The scheduled verifier: its memory, its share of the past, and what it does when it is stopped.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::future::pending;
use std::sync::Mutex;

use dayseal_chain::verify::{FindingCode, Progress, Silent, Walk};
use dayseal_chain::watch::{MemoryState, WatchError, WatchOptions, WatchReport, Watcher};
use dayseal_format::names::{checkpoint_key, head_key, manifest_key, memory_key};
use dayseal_format::{Day, Level};
use dayseal_store::Store;
use dayseal_testkit::{FaultStore, TestLog, day, noon};

fn options(newest: &str) -> WatchOptions {
    let now = noon(day(newest).next().unwrap());
    WatchOptions { level: Level::Objects, now, rehash_days: 30, first_run: false, jobs: 2 }
}

fn watcher(log: &TestLog, options: WatchOptions) -> Watcher<'_> {
    Watcher {
        evidence: &*log.evidence,
        state: &*log.state,
        policy: &log.policy,
        opener: None,
        options,
    }
}

async fn watch(log: &TestLog, newest: &str) -> WatchReport {
    watcher(log, options(newest)).run(pending(), &Silent).await.unwrap()
}

async fn first_run(log: &TestLog, newest: &str) -> WatchReport {
    let options = WatchOptions { first_run: true, ..options(newest) };
    watcher(log, options).run(pending(), &Silent).await.unwrap()
}

/// A log with one stream of two batches a day, sealed through `last`.
async fn log(last: &str) -> TestLog {
    let log = TestLog::new("2026-01-01").await;
    extend(&log, "2026-01-01", last).await;
    log
}

async fn extend(log: &TestLog, from: &str, last: &str) {
    for on in day(from).through(day(last)) {
        log.fill(1, &on.to_string(), 2).await;
        log.seal(&on.to_string()).await.unwrap();
    }
}

fn codes(report: &WatchReport) -> Vec<FindingCode> {
    report.findings().map(|f| f.code).collect()
}

/// Takes evidence and head back to the end of a day, as if nothing had been sealed since.
async fn rewind(log: &TestLog, last: &str) {
    for on in day(last).next().unwrap().through(day("2026-12-31")) {
        log.evidence.remove(&manifest_key(on));
        log.evidence.remove(&checkpoint_key(on));
    }
    let note = log.bytes(&checkpoint_key(day(last))).await;
    log.state.overwrite(&head_key(&log.policy.origin), note);
}

/// Changes a byte of one of a day's objects.
async fn alter(log: &TestLog, on: &str) -> String {
    let key = log.keys_below(&format!("entries/{on}/")).await.remove(0);
    let mut bytes = log.bytes(&key).await;
    *bytes.last_mut().unwrap() ^= 1;
    assert!(log.evidence.rot(&key, bytes));
    key
}

#[tokio::test]
async fn without_memory_nothing_passes_until_it_is_said_to_be_the_first() {
    let log = log("2026-01-03").await;
    for _ in 0..2 {
        let report = watch(&log, "2026-01-03").await;
        assert_eq!((report.memory, report.exit_code), (MemoryState::Missing, 3));
        assert_eq!(report.forward.unwrap().exit_code, 0, "all was checked, and holds");
    }
    let report = first_run(&log, "2026-01-03").await;
    assert_eq!((report.memory, report.exit_code), (MemoryState::First, 0));
    let report = watch(&log, "2026-01-03").await;
    assert_eq!((report.memory, report.exit_code), (MemoryState::Found, 0));

    let again = WatchOptions { first_run: true, ..options("2026-01-03") };
    let error = watcher(&log, again).run(pending(), &Silent).await.unwrap_err();
    assert!(matches!(error, WatchError::NotFirst { .. }), "{error}");
}

#[tokio::test]
async fn it_goes_on_from_what_it_remembers_and_reads_each_old_day_once_in_a_round() {
    let log = log("2026-01-20").await;
    assert_eq!(first_run(&log, "2026-01-20").await.exit_code, 0);
    let mut again = Vec::new();
    for on in day("2026-01-21").through(day("2026-02-19")) {
        extend(&log, &on.to_string(), &on.to_string()).await;
        let report = watch(&log, &on.to_string()).await;
        assert_eq!(report.exit_code, 0, "{report:?}");
        let forward = report.forward.unwrap();
        assert_eq!(forward.first, on.checked_add(-4), "three days before the last that passed");
        assert_eq!(forward.last, Some(on));
        let rehashed = report.rehashed.unwrap();
        assert_eq!(rehashed.totals.objects, 2 * rehashed.totals.days);
        again.extend(rehashed.first.unwrap().through(rehashed.last.unwrap()));
    }
    for on in day("2026-01-01").through(day("2026-01-20")) {
        assert!(again.contains(&on), "{on} was not hashed again in 30 days");
    }
}

#[tokio::test]
async fn a_changed_byte_in_the_past_is_found_within_the_round_and_stays_found() {
    let log = log("2026-02-10").await;
    first_run(&log, "2026-02-10").await;
    let key = alter(&log, "2026-01-05").await;
    let mut found = None;
    for on in day("2026-02-11").through(day("2026-03-14")) {
        log.seal(&on.to_string()).await.unwrap();
        let report = watch(&log, &on.to_string()).await;
        if report.exit_code != 0 {
            assert_eq!((report.exit_code, codes(&report)), (1, vec![FindingCode::AlteredObject]));
            assert!(report.findings().next().unwrap().object.contains(&key));
            found = Some(on);
            break;
        }
    }
    assert!(found.unwrap().days_since(day("2026-02-10")) <= 31);
}

#[tokio::test]
async fn a_finding_stays_red_until_the_policy_knows_it() {
    let mut log = log("2026-01-02").await;
    first_run(&log, "2026-01-02").await;
    extend(&log, "2026-01-03", "2026-01-03").await;
    let key = alter(&log, "2026-01-03").await;
    // Longer than the days that each run looks back anyway.
    for on in day("2026-01-03").through(day("2026-01-12")) {
        log.seal(&on.to_string()).await.unwrap();
        let report = watch(&log, &on.to_string()).await;
        assert_eq!((report.exit_code, codes(&report)), (1, vec![FindingCode::AlteredObject]));
    }
    // The memory did not move past it.
    let report = watch(&log, "2026-01-12").await;
    let finding = report.findings().next().unwrap();
    assert!(finding.object.contains(&key));
    log.policy.known_findings.insert(finding.id.clone(), "a drill".into());
    assert_eq!(watch(&log, "2026-01-12").await.exit_code, 0);
}

#[tokio::test]
async fn a_rollback_of_evidence_and_head_is_seen_by_the_memory_alone() {
    let log = log("2026-01-05").await;
    first_run(&log, "2026-01-05").await;
    rewind(&log, "2026-01-03").await;
    for on in ["2026-01-04", "2026-01-05"] {
        for key in log.keys_below(&format!("entries/{on}/")).await {
            assert!(log.evidence.remove(&key));
        }
    }
    let full = log.verify("2026-01-03").await;
    assert_eq!(full.exit_code, 0, "evidence and head agree: {:#?}", full.findings);
    let report = watch(&log, "2026-01-03").await;
    assert_eq!((report.memory, report.exit_code), (MemoryState::Found, 5), "{report:?}");
    assert!(codes(&report).contains(&FindingCode::RolledBack));
}

#[tokio::test]
async fn a_past_that_was_signed_anew_does_not_lead_to_what_is_remembered() {
    let log = log("2026-02-01").await;
    first_run(&log, "2026-02-01").await;
    // Whoever has the signing key makes the whole history again without one batch.
    let victim = log.keys_below("entries/2026-01-02/").await.remove(1);
    rewind(&log, "2026-01-01").await;
    assert!(log.evidence.remove(&victim));
    log.seal("2026-02-02").await.unwrap();
    let full = log.verify("2026-02-02").await;
    assert_eq!(full.exit_code, 0, "the batch was the last of its stream: nothing else shows it");
    let report = watch(&log, "2026-02-02").await;
    assert_eq!(report.exit_code, 5, "{report:?}");
    assert!(codes(&report).contains(&FindingCode::Diverged));
}

/// Remembers the days done, and says stop after some.
#[derive(Default)]
struct Count {
    days: Mutex<Vec<Day>>,
    stop_after: usize,
    stop: tokio::sync::Notify,
}

impl Progress for Count {
    fn day_done(&self, walk: &Walk) {
        let mut days = self.days.lock().unwrap();
        days.push(walk.last_day().unwrap());
        if days.len() == self.stop_after {
            self.stop.notify_one();
        }
    }
}

#[tokio::test]
async fn a_stopped_run_is_taken_up_where_it_was() {
    let log = log("2026-01-10").await;
    let slow = FaultStore::yielding(log.evidence.clone(), 7);
    let first = WatchOptions { first_run: true, ..options("2026-01-10") };
    let run = |options| Watcher {
        evidence: &slow,
        state: &*log.state,
        policy: &log.policy,
        opener: None,
        options,
    };
    let progress = Count { stop_after: 4, ..Count::default() };
    let report = run(first).run(progress.stop.notified(), &progress).await.unwrap();
    assert!(!report.done());
    assert_eq!((report.exit_code, report.reached), (3, Some(day("2026-01-04"))));
    // The next run is an ordinary one: the first is under way, and is said to be so.
    let progress = Count::default();
    let report = run(options("2026-01-10")).run(pending(), &progress).await.unwrap();
    assert_eq!((report.memory, report.exit_code), (MemoryState::First, 0));
    assert_eq!(progress.days.lock().unwrap().first(), Some(&day("2026-01-05")));
    let report = report.forward.unwrap();
    assert_eq!((report.first, report.totals.objects), (Some(day("2026-01-01")), 20));
    assert_eq!(watch(&log, "2026-01-10").await.memory, MemoryState::Found);
}

#[tokio::test]
async fn a_share_that_is_stopped_keeps_the_days_it_did() {
    let log = log("2026-01-20").await;
    first_run(&log, "2026-01-20").await;
    let slow = FaultStore::yielding(log.evidence.clone(), 3);
    // A month later all of the past is due at once; four new days come before it.
    let options = || WatchOptions { now: noon(day("2026-02-25")), ..options("2026-01-20") };
    let mut policy = log.policy.clone();
    policy.max_seal_hours = 24 * 365;
    let run = |options| Watcher {
        evidence: &slow,
        state: &*log.state,
        policy: &policy,
        opener: None,
        options,
    };
    let progress = Count { stop_after: 4 + 5, ..Count::default() };
    let report = run(options()).run(progress.stop.notified(), &progress).await.unwrap();
    assert!(report.done() && report.rehashed.is_none());
    let progress = Count::default();
    let report = run(options()).run(pending(), &progress).await.unwrap();
    assert_eq!(report.exit_code, 0, "{report:?}");
    assert_eq!(report.rehashed.unwrap().first, Some(day("2026-01-06")));
}

#[tokio::test]
async fn a_memory_that_is_not_one_or_is_not_signed_is_an_error_and_no_first_run() {
    let log = log("2026-01-02").await;
    first_run(&log, "2026-01-02").await;
    let key = memory_key(&log.policy.origin);
    let good = log.state.get(&key, None, 1 << 20).await.unwrap().bytes;
    let text = String::from_utf8(good.to_vec()).unwrap();
    for bad in [
        "{}".to_owned(),
        String::new(),
        text.replace("\"v\":1", "\"v\":2"),
        // A byte of the signature.
        text.replacen("\\n\"", "x\\n\"", 1),
        // Another size under the same signature.
        text.replacen("\\n6\\n", "\\n7\\n", 1),
    ] {
        if bad == text {
            continue;
        }
        log.state.overwrite(&key, bad.clone());
        let error = watcher(&log, options("2026-01-02")).run(pending(), &Silent).await;
        assert!(matches!(error, Err(WatchError::Memory { .. })), "{bad}: {error:?}");
    }
    log.state.overwrite(&key, good);
    assert_eq!(watch(&log, "2026-01-02").await.exit_code, 0);
}

#[tokio::test]
async fn of_two_runs_at_once_one_remembers_and_the_other_says_so() {
    let log = log("2026-01-02").await;
    first_run(&log, "2026-01-02").await;
    let slow = FaultStore::yielding(log.evidence.clone(), 7);
    let run = || async {
        let watcher = Watcher {
            evidence: &slow,
            state: &*log.state,
            policy: &log.policy,
            opener: None,
            options: options("2026-01-02"),
        };
        watcher.run(pending(), &Silent).await
    };
    let (a, b) = tokio::join!(run(), run());
    let raced = |r: &Result<WatchReport, WatchError>| matches!(r, Err(WatchError::Raced { .. }));
    let passed = |r: &Result<WatchReport, WatchError>| matches!(r, Ok(r) if r.exit_code == 0);
    assert!((passed(&a) && raced(&b)) || (raced(&a) && passed(&b)), "{a:?} {b:?}");
}
