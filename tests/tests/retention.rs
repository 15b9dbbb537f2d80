//! A log older than its retention: what lifecycle rules took away is expired, one day less is loss.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_chain::verify::{FindingCode as Code, Silent};
use dayseal_chain::{LogSettings, Report, Verifier, VerifyOptions};
use dayseal_format::{BatchKey, Day, Level};
use dayseal_store::{DirectoryStore, MemoryStore, Store};
use dayseal_testkit::{TestLog, day, keys_below, noon};

const FIRST: &str = "2026-01-01";
const RETENTION: i32 = 30;

/// `days` sealed days of one batch each, sealed one by one, as they were; and its batches.
async fn aged(evidence: MemoryStore, days: i32) -> (TestLog, Vec<BatchKey>) {
    let settings = LogSettings { retention_days: RETENTION as u32, ..TestLog::settings(FIRST) };
    let log = TestLog::with_settings(evidence, settings).await;
    let mut keys = Vec::new();
    for n in 0..days {
        let on = nth(n).to_string();
        keys.extend(log.fill((n % 250) as u8, &on, 1).await);
        log.seal(&on).await.unwrap();
    }
    (log, keys)
}

/// The day `n` days after the first.
fn nth(n: i32) -> Day {
    day(FIRST).checked_add(n).unwrap()
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|f| f.code).collect()
}

#[tokio::test]
async fn four_hundred_days_with_a_retention_of_thirty() {
    let (log, keys) = aged(MemoryStore::new(), 400).await;
    let newest = nth(399);
    // Every day says which is the oldest that must be kept.
    for n in 0..400 {
        let (head, _) = log.manifest(nth(n)).await;
        assert_eq!(head.keep_until, nth(n + RETENTION));
        assert_eq!(head.kept_from, nth((n - RETENTION).max(0)), "day {n}");
    }
    let whole = log.verify(&newest.to_string()).await;
    assert_eq!((whole.exit_code, codes(&whole)), (0, vec![]));
    assert_eq!((whole.totals.days, whole.totals.opened, whole.totals.expired), (400, 1_200, 0));

    // It is noon of the day after the newest: days up to 370 - 1 are over.
    let over = 400 - RETENTION as usize;
    let mut gone = 0;
    for (n, key) in keys[..over].iter().enumerate() {
        let key = key.to_string();
        let version = log.evidence.head(&key, None).await.unwrap().version.unwrap();
        match n % 4 {
            // Removed with its versions.
            0 => {
                assert!(log.evidence.remove(&key));
                gone += 1;
            }
            // Hidden by a marker: lifecycle rules do that first.
            1 => log.evidence.delete(&key),
            // The marker outlives what it hid.
            2 => {
                log.evidence.delete(&key);
                assert!(log.evidence.remove_version(&key, &version));
                gone += 1;
            }
            // Not yet looked at.
            _ => {}
        }
    }
    for level in [Level::Listing, Level::Objects, Level::Entries] {
        let report = log
            .verify_with(&newest.to_string(), |o| {
                o.level = level;
            })
            .await;
        assert_eq!(codes(&report), [], "at {level}: {:#?}", report.findings);
        assert_eq!(report.totals.expired, gone, "at {level}");
        assert_eq!(report.exit_code, if level == Level::Entries { 0 } else { 3 });
    }
    // The same from a later first day, whose neighbours' objects are gone.
    for first in [1, 200, 368, 369, 370, 399] {
        let report = log
            .verify_with(&newest.to_string(), |o| {
                o.first = Some(nth(first));
            })
            .await;
        assert_eq!((report.exit_code, codes(&report)), (0, vec![]), "from day {first}");
        assert_eq!(report.totals.days, 400 - first as u64);
    }

    // One object a day early.
    let early = keys[over].to_string();
    let bytes = log.bytes(&early).await;
    let version = log.evidence.head(&early, None).await.unwrap().version.unwrap();
    assert!(log.evidence.remove(&early));
    let report = log.verify(&newest.to_string()).await;
    assert_eq!((report.exit_code, codes(&report)), (4, vec![Code::MissingObject]));
    assert_eq!(report.findings[0].object, early);
    // A day later it is not.
    let report = log
        .verify_with(&newest.to_string(), |o| {
            o.now = noon(nth(401));
        })
        .await;
    assert_eq!(codes(&report), []);
    // Put back under another version: the bytes are right, the object is not the sealed one.
    let meta = log.evidence.overwrite(&early, bytes);
    assert_ne!(meta.version.as_ref(), Some(&version));
    let report = log.verify(&newest.to_string()).await;
    assert_eq!((report.exit_code, codes(&report)), (1, vec![Code::MovedVersion]));
}

#[tokio::test]
async fn a_marker_a_day_early_is_a_finding() {
    let (log, keys) = aged(MemoryStore::new(), 40).await;
    log.evidence.delete(&keys[9].to_string());
    assert_eq!(codes(&log.verify(&nth(39).to_string()).await), []);
    log.evidence.delete(&keys[10].to_string());
    let report = log.verify(&nth(39).to_string()).await;
    assert_eq!((report.exit_code, codes(&report)), (1, vec![Code::DeleteMarker]));
}

#[tokio::test]
async fn a_version_put_over_an_expired_one_is_found() {
    let (log, keys) = aged(MemoryStore::new(), 40).await;
    let newest = nth(39).to_string();
    let listing = async || log.verify_with(&newest, |o| o.level = Level::Listing).await;
    let bytes = log.bytes(&keys[3].to_string()).await;
    // The sealed version is still there: beside it, and in front of it.
    let beside = keys[0].to_string();
    log.evidence.overwrite(&beside, bytes.clone());
    let report = listing().await;
    assert_eq!((report.exit_code, codes(&report)), (1, vec![Code::ExtraVersion]));
    assert!(report.findings[0].object.starts_with(&beside), "{:?}", report.findings);
    assert_eq!(report.totals.expired, 0);
    // It is gone, lawfully; the key is free for whoever may create objects.
    let instead = keys[1].to_string();
    assert!(log.evidence.remove(&instead));
    assert_eq!(codes(&listing().await), [Code::ExtraVersion]);
    log.evidence.overwrite(&instead, bytes);
    let report = listing().await;
    assert_eq!((codes(&report), report.totals.expired), (vec![Code::ExtraVersion; 2], 1));
    // Bytes that are still there must match.
    let report = log.verify_with(&newest, |o| o.level = Level::Objects).await;
    assert_eq!(codes(&report).iter().filter(|c| **c == Code::AlteredObject).count(), 1);
}

#[tokio::test]
async fn sealing_goes_on_when_everything_old_is_gone() {
    let (log, keys) = aged(MemoryStore::new(), 60).await;
    for key in &keys[..30] {
        assert!(log.evidence.remove(&key.to_string()));
    }
    log.seal(&nth(60).to_string()).await.unwrap();
    assert_eq!(log.manifest(nth(60)).await.0.kept_from, nth(30));
    assert_eq!(log.verify(&nth(60).to_string()).await.exit_code, 0);
}

#[tokio::test]
async fn a_retention_that_changes_holds_for_the_days_sealed_under_it() {
    let (mut log, _) = aged(MemoryStore::new(), 40).await;
    // Longer from day 40 on: what was sealed before keeps its own time.
    log.settings.retention_days = 45;
    for n in 40..80 {
        log.seal(&nth(n).to_string()).await.unwrap();
    }
    // Days 0 to 39 are kept 30 days, so on day 79 the oldest is 40; on day 69 it was 39.
    assert_eq!(log.manifest(nth(69)).await.0.kept_from, nth(39));
    assert_eq!(log.manifest(nth(79)).await.0.kept_from, nth(40));
    // Shorter again, and not below the policy's floor: days under the longer one are kept on.
    log.settings.retention_days = RETENTION as u32;
    for n in 80..100 {
        log.seal(&nth(n).to_string()).await.unwrap();
    }
    assert_eq!(log.manifest(nth(99)).await.0.kept_from, nth(54));
    assert_eq!(log.verify(&nth(99).to_string()).await.exit_code, 0);
}

#[tokio::test]
async fn a_copy_in_a_directory_expires_alike() {
    let (log, keys) = aged(MemoryStore::new(), 45).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = DirectoryStore::create(folder.path().join("evidence")).unwrap();
    for key in keys_below(&*log.evidence, "").await {
        let bytes = log.bytes(&key).await;
        let digest = dayseal_format::Digest::of(&bytes);
        let absent = dayseal_store::Condition::Absent;
        copy.put(&key, bytes.into(), digest.as_bytes(), absent).await.unwrap();
    }
    let verify = async || {
        let options = VerifyOptions::new(Level::Entries, noon(nth(45)));
        let (state, keys) = (Some(&*log.state as _), Some(&*log.keys as _));
        let verifier = Verifier::new(&copy, state, Some(&log.policy), keys, options).await;
        verifier.unwrap().run(&Silent).await.unwrap()
    };
    assert_eq!(verify().await.exit_code, 0);
    let remove = |key: &BatchKey| {
        std::fs::remove_file(folder.path().join("evidence").join(key.to_string())).unwrap();
    };
    // Whole days and parts of the rest.
    keys[..15].iter().step_by(2).for_each(remove);
    let report = verify().await;
    assert_eq!((report.exit_code, codes(&report), report.totals.expired), (0, vec![], 8));
    // Of another length where an expired one was: a listing tells.
    let path = folder.path().join("evidence").join(keys[0].to_string());
    std::fs::write(&path, b"x").unwrap();
    let options = VerifyOptions::new(Level::Listing, noon(nth(45)));
    let verifier = Verifier::new(&copy, Some(&*log.state as _), Some(&log.policy), None, options);
    let report = verifier.await.unwrap().run(&Silent).await.unwrap();
    assert_eq!((report.exit_code, codes(&report)), (1, vec![Code::AlteredObject]));
    std::fs::remove_file(path).unwrap();
    remove(&keys[15]);
    let report = verify().await;
    assert_eq!((report.exit_code, codes(&report)), (4, vec![Code::MissingObject]));
}
