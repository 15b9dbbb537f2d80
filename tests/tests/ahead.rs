//! Verification reads ahead: what a store takes for an answer is not paid again for each day.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::time::Duration;

use dayseal_chain::verify::Silent;
use dayseal_chain::{Verifier, VerifyOptions};
use dayseal_format::Level;
use dayseal_testkit::{FaultStore, TestLog, day, noon};
use tokio::time::Instant;

const FIRST: &str = "2026-11-01";
const LATENCY: Duration = Duration::from_millis(100);

/// How many answers of the store a run waits for one after another.
async fn rounds(days: i32, level: Level) -> u128 {
    let log = TestLog::new(FIRST).await;
    let nth = |n: i32| day(FIRST).checked_add(n).unwrap();
    for n in 0..days {
        let on = nth(n).to_string();
        log.fill(n as u8, &on, 1).await;
        log.seal(&on).await.unwrap();
    }
    let slow = FaultStore::slow(log.evidence.clone(), LATENCY);
    let options = VerifyOptions { first_run: true, ..VerifyOptions::new(level, noon(nth(days))) };
    let (state, keys) = (Some(&*log.state as _), Some(&*log.keys as _));
    let verifier = Verifier::new(&slow, state, Some(&log.policy), keys, options).await.unwrap();
    let begin = Instant::now();
    let report = verifier.run(&Silent).await.unwrap();
    assert_eq!((report.findings.len(), report.totals.days), (0, days as u64));
    begin.elapsed().as_millis() / LATENCY.as_millis()
}

#[tokio::test(start_paused = true)]
async fn days_are_read_several_at_a_time() {
    // No level that opens objects: a paused clock does not wait for threads that hash.
    for level in [Level::Chain, Level::Listing] {
        let (few, many) = (rounds(4, level).await, rounds(24, level).await);
        // Four days at a time, and two answers one after the other: an object's oldest version, then the object.
        assert_eq!(many - few, 2 * 20 / 4, "{level:?}: {few} answers for 4 days, {many} for 24");
    }
}
