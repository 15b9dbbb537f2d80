//! What lands after its day was sealed, what a range of days shows of it, and runs taken up again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::sync::Mutex;

use dayseal_chain::verify::{FindingCode as Code, Progress, Silent, Walk};
use dayseal_chain::{Report, VerifyError, VerifyOptions};
use dayseal_format::names::{checkpoint_key, entries_prefix, manifest_key};
use dayseal_format::record::Record;
use dayseal_format::{BatchKey, Day, Digest, Level, StreamId};
use dayseal_store::{Condition, Store};
use dayseal_testkit::{StreamWriter, TestLog, day, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
const D3: &str = "2026-11-22";
const D4: &str = "2026-11-23";
const LEVELS: [Level; 4] = [Level::Chain, Level::Listing, Level::Objects, Level::Entries];

fn days_after(on: &str, days: i32) -> String {
    day(on).checked_add(days).unwrap().to_string()
}

fn found(report: &Report) -> Vec<(Code, String)> {
    report.findings.iter().map(|f| (f.code, f.object.clone())).collect()
}

fn gap(on: &str, stream: u8, from: u32, to: u32) -> (Code, String) {
    let prefix = entries_prefix(day(on));
    (Code::Gap, format!("{prefix}{}/{from:08}-{to:08}", StreamId([stream; 16])))
}

#[track_caller]
fn expect(report: &Report, exit: u8, expected: &[(Code, String)]) {
    assert_eq!(found(report), expected, "{:#?}", report.findings);
    assert_eq!(report.exit_code, exit);
}

/// The batches of a stream that closes cleanly, encoded and not stored.
async fn encoded(log: &TestLog, id: u8, on: &str, batches: u32) -> Vec<(BatchKey, Vec<u8>)> {
    let mut stream: StreamWriter = log.stream(id, on).await;
    let mut out = Vec::new();
    for n in 0..batches {
        let batch = stream.next(2, n + 1 == batches);
        out.push((stream.key(&batch), batch.bytes));
    }
    out
}

async fn land(log: &TestLog, batch: &(BatchKey, Vec<u8>)) {
    log.land(&batch.0, &batch.1).await;
}

async fn put(log: &TestLog, key: &str, bytes: &[u8]) {
    let digest = Digest::of(bytes);
    let bytes = bytes.to_vec().into();
    log.evidence.put(key, bytes, digest.as_bytes(), Condition::Absent).await.unwrap();
}

#[tokio::test]
async fn a_late_batch_closes_its_gap_within_the_window_and_not_after() {
    for days in 1..=4 {
        let log = TestLog::new(D1).await;
        let batches = encoded(&log, 1, D1, 3).await;
        land(&log, &batches[0]).await;
        land(&log, &batches[2]).await;
        let before = days_after(D1, days - 1);
        log.seal(&before).await.unwrap();
        expect(&log.verify(&before).await, 4, &[gap(D1, 1, 1, 1)]);
        land(&log, &batches[1]).await;
        let report = log.verify(&before).await;
        let sealed_on = days_after(D1, days);
        if days <= 3 {
            // It is there, and no seal says so yet: the gap stays until one does.
            expect(&report, 4, &[gap(D1, 1, 1, 1)]);
            assert_eq!(report.totals.awaiting_seal, 1, "{days} days");
            log.seal(&sealed_on).await.unwrap();
            let report = log.verify(&sealed_on).await;
            expect(&report, 0, &[]);
            let t = report.totals;
            assert_eq!((t.batches, t.late, t.opened, t.awaiting_seal), (3, 1, 6, 0));
            let (head, records) = log.manifest(day(&sealed_on)).await;
            assert_eq!(head.counts.late, 1);
            assert!(matches!(&records[..], [Record::Batch(b)] if b.late && b.key == batches[1].0));
        } else {
            let unlisted = (Code::UnlistedObject, batches[1].0.to_string());
            let expected = [unlisted, gap(D1, 1, 1, 1)];
            expect(&report, 1, &expected);
            log.seal(&sealed_on).await.unwrap();
            expect(&log.verify(&sealed_on).await, 1, &expected);
        }
    }
}

#[tokio::test]
async fn late_batches_in_different_seals_show_and_close_gaps() {
    let log = TestLog::new(D1).await;
    let batches = encoded(&log, 1, D1, 4).await;
    land(&log, &batches[0]).await;
    log.seal(D1).await.unwrap();
    // A stream that just ends: nobody can tell.
    let report = log.verify(D1).await;
    expect(&report, 0, &[]);
    assert_eq!(report.totals.streams_open, 1);
    // The last one shows that two are missing.
    land(&log, &batches[3]).await;
    log.seal(D2).await.unwrap();
    let (_, records) = log.manifest(day(D2)).await;
    assert!(records.iter().any(|r| matches!(r, Record::Gap(g) if (g.from, g.to) == (1, 2))));
    expect(&log.verify(D2).await, 4, &[gap(D1, 1, 1, 2)]);
    // One comes a day later, one two days later; the window is three days.
    land(&log, &batches[2]).await;
    log.seal(D3).await.unwrap();
    expect(&log.verify(D3).await, 4, &[gap(D1, 1, 1, 1)]);
    land(&log, &batches[1]).await;
    log.seal(D4).await.unwrap();
    let report = log.verify(D4).await;
    expect(&report, 0, &[]);
    assert_eq!(report.totals.late, 3);
    assert!(log.sealed_batches(day(D4)).await.values().all(|n| *n == 1));
}

#[tokio::test]
async fn a_gap_of_nearly_all_numbers_is_one_range() {
    // Whoever may put objects may claim any number; nobody may count up to it.
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    stream.header.previous = Some(Digest([7; 32]));
    stream.header.seq = dayseal_format::names::MAX_SEQ;
    let batch = stream.next(1, false);
    log.store(&stream, &batch).await;
    log.seal(D1).await.unwrap();
    stream.header.seq = 50_000_000;
    let batch = stream.next(1, false);
    log.store(&stream, &batch).await;
    log.seal(D2).await.unwrap();
    let expected = [gap(D1, 1, 0, 49_999_999), gap(D1, 1, 50_000_001, 99_999_998)];
    expect(&log.verify(D2).await, 4, &expected);
}

#[tokio::test]
async fn a_whole_stream_may_be_late_and_two_at_once() {
    let log = TestLog::new(D1).await;
    log.fill(1, D1, 1).await;
    log.seal(D1).await.unwrap();
    for id in [2, 3] {
        log.fill(id, D1, 2).await;
    }
    log.fill(4, D2, 1).await;
    log.seal(D2).await.unwrap();
    let report = log.verify(D2).await;
    expect(&report, 0, &[]);
    assert_eq!((report.totals.late, report.totals.batches), (4, 6));
}

#[tokio::test]
async fn late_strays_are_sealed_as_what_they_are() {
    let log = TestLog::new(D1).await;
    let batches = log.fill(1, D1, 1).await;
    log.seal(D1).await.unwrap();
    // Well named, wrong bytes.
    let key = batches[0].to_string().replace("/00000000-", "/00000001-");
    put(&log, &key, b"hello").await;
    log.seal(D3).await.unwrap();
    let version = log.evidence.head(&key, None).await.unwrap().version.unwrap();
    let stray = (Code::StrayObject, format!("{key}@{version}"));
    let report = log.verify(D3).await;
    expect(&report, 1, std::slice::from_ref(&stray));
    assert_eq!(report.findings[0].day, Some(day(D2)), "the day that sealed it");
    // It is evidence now: changing or removing it shows.
    log.evidence.rot(&key, &b"HELLO"[..]);
    let altered = (Code::AlteredObject, key.clone());
    expect(&log.verify(D3).await, 1, &[altered, stray.clone()]);
    log.evidence.remove(&key);
    expect(&log.verify(D3).await, 1, &[stray, (Code::MissingObject, key)]);
}

#[tokio::test]
async fn a_late_batch_that_contradicts_its_stream_is_a_conflict() {
    // The number is taken; the one before is another; the stream was closed.
    for (case, reason) in
        [("number", "Duplicate"), ("link", "Link"), ("after the last", "AfterLast")]
    {
        let log = TestLog::new(D1).await;
        let mut stream = log.stream(1, D1).await;
        let first = stream.next(2, false);
        log.store(&stream, &first).await;
        let second = stream.next(2, case == "after the last");
        log.store(&stream, &second).await;
        log.seal(D1).await.unwrap();
        match case {
            "number" => {
                stream.header.seq = 1;
                stream.header.previous = Some(first.digest);
            }
            "link" => stream.header.previous = Some(first.digest),
            _ => {}
        }
        let forked = stream.next(1, false);
        let key = log.store(&stream, &forked).await;
        log.seal(D2).await.unwrap();
        let object = format!("{}{}/{:08}", entries_prefix(key.day), key.stream, key.seq);
        let object = format!("{object} ({reason})");
        let conflict = [(Code::Conflict, object)];
        expect(&log.verify(D2).await, 1, &conflict);
        // One seal later still.
        log.seal(D4).await.unwrap();
        expect(&log.verify(D4).await, 1, &conflict);
        expect(&resumed_everywhere(&log, D4, |_| {}).await, 1, &conflict);
    }
}

/// Four days; late batches of each of the first three, sealed one, two and one days after.
async fn with_late_edges() -> (TestLog, Vec<BatchKey>) {
    let log = TestLog::new(D1).await;
    let mut held = Vec::new();
    for (id, on) in [(1, D1), (2, D2), (3, D3)] {
        held.push(encoded(&log, id, on, 3).await);
    }
    log.fill(9, D4, 1).await;
    for (n, on) in [D1, D2, D3, D4].into_iter().enumerate() {
        if let Some(batches) = held.get(n) {
            land(&log, &batches[0]).await;
            land(&log, &batches[2]).await;
        }
        // What was held back of D1 lands for D2, of D2 for D4, of D3 for D4.
        match n {
            1 => land(&log, &held[0][1]).await,
            3 => {
                land(&log, &held[1][1]).await;
                land(&log, &held[2][1]).await;
            }
            _ => {}
        }
        log.seal(on).await.unwrap();
    }
    (log, held.iter().map(|h| h[1].0).collect())
}

async fn range(log: &TestLog, first: &str, last: &str, level: Level) -> Report {
    let change = |o: &mut VerifyOptions| {
        (o.first, o.last) = (Some(day(first)), Some(day(last)));
        (o.level, o.first_run) = (level, true);
    };
    log.verify_with(D4, change).await
}

#[tokio::test]
async fn every_range_of_days_holds_with_late_batches_on_both_edges() {
    let (mut log, _) = with_late_edges().await;
    log.policy.require = Level::Listing;
    let days = [D1, D2, D3, D4];
    for level in LEVELS {
        for (a, first) in days.iter().enumerate() {
            for last in &days[a..] {
                let report = range(&log, first, last, level).await;
                let what = format!("{first} to {last} at {level}");
                // A gap is closed by what the listing confirms.
                assert_eq!(found(&report), [], "{what}");
                let exit = if level == Level::Chain { 3 } else { 0 };
                assert_eq!(report.exit_code, exit, "{what}");
                assert_eq!((report.first, report.last), (Some(day(first)), Some(day(last))));
            }
        }
    }
}

#[tokio::test]
async fn a_range_sees_what_happened_to_late_batches_of_its_days() {
    let (log, held) = with_late_edges().await;
    // Sealed by a manifest behind the range, of a day inside it.
    let key = held[1].to_string();
    log.evidence.remove(&key);
    for (first, last) in [(D1, D2), (D2, D2), (D2, D3), (D1, D4)] {
        let report = range(&log, first, last, Level::Listing).await;
        assert_eq!(found(&report), [(Code::MissingObject, key.clone())], "{first} to {last}");
    }
    expect(&range(&log, D1, D1, Level::Entries).await, 0, &[]);

    let (log, held) = with_late_edges().await;
    let key = held[2].to_string();
    let mut bytes = log.bytes(&key).await;
    bytes[300] ^= 1;
    log.evidence.rot(&key, bytes);
    for (first, last) in [(D1, D3), (D3, D3), (D3, D4)] {
        let report = range(&log, first, last, Level::Objects).await;
        assert_eq!(found(&report), [(Code::AlteredObject, key.clone())], "{first} to {last}");
    }
    assert_eq!(found(&range(&log, D1, D2, Level::Entries).await), []);
}

#[tokio::test]
async fn a_range_sees_late_strays_and_gaps_of_its_days() {
    let log = TestLog::new(D1).await;
    let batches = encoded(&log, 1, D1, 3).await;
    land(&log, &batches[0]).await;
    log.seal(D1).await.unwrap();
    land(&log, &batches[2]).await;
    let key = format!("{}notes.txt", entries_prefix(day(D1)));
    put(&log, &key, b"hello").await;
    log.seal(D4).await.unwrap();
    let version = log.evidence.head(&key, None).await.unwrap().version.unwrap();
    let expected = [(Code::StrayObject, format!("{key}@{version}")), gap(D1, 1, 1, 1)];
    expect(&log.verify(D4).await, 1, &expected);
    for last in [D1, D2, D3, D4] {
        let report = range(&log, D1, last, Level::Entries).await;
        assert_eq!(found(&report), expected, "to {last}");
        let gap = &report.findings[1];
        assert_eq!(gap.detail, "batches 1 to 1 of the stream never arrived", "to {last}");
    }
}

/// Keeps what a run could be taken up from, as a caller would write it to disk.
#[derive(Default)]
struct Saved(Mutex<Vec<String>>);

impl Progress for Saved {
    fn day_done(&self, walk: &Walk) {
        self.0.lock().unwrap().push(serde_json::to_string(walk).unwrap());
    }
}

/// Verifies in one run, then taken up again behind every day: all reports are the same one.
async fn resumed_everywhere(
    log: &TestLog,
    newest: &str,
    change: impl Fn(&mut VerifyOptions),
) -> Report {
    let mut options = VerifyOptions::new(Level::Entries, noon(day(newest).next().unwrap()));
    change(&mut options);
    let saved = Saved::default();
    let whole = log.verifier(options.clone()).await.run(&saved).await.unwrap();
    let saved = saved.0.into_inner().unwrap();
    assert!(!saved.is_empty());
    for (n, text) in saved.iter().enumerate() {
        let walk: Walk = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&walk).unwrap(), *text);
        // And again from each day that this run saves.
        let again = Saved::default();
        let verifier = log.verifier(options.clone()).await;
        let report = verifier.resume(walk, &again).await.unwrap();
        assert_eq!(report, whole, "taken up after day {n}");
        assert_eq!(again.0.into_inner().unwrap(), saved[n + 1..], "progress after day {n}");
    }
    whole
}

#[tokio::test]
async fn a_run_taken_up_again_reports_the_same() {
    let (log, _) = with_late_edges().await;
    for level in LEVELS {
        let report = resumed_everywhere(&log, D4, |o| o.level = level).await;
        assert_eq!(found(&report), []);
    }
    let change = |o: &mut VerifyOptions| {
        (o.first, o.last, o.first_run) = (Some(day(D2)), Some(day(D3)), true);
    };
    expect(&resumed_everywhere(&log, D4, change).await, 0, &[]);
}

#[tokio::test]
async fn a_run_over_a_tampered_log_taken_up_again_reports_the_same() {
    type Tamper = fn(&TestLog, &[BatchKey]);
    let cases: [(Tamper, u8, &[Code]); 12] = [
        (|log, held| assert!(log.evidence.remove(&held[0].to_string())), 4, &[Code::MissingObject]),
        (|log, held| log.evidence.delete(&held[1].to_string()), 1, &[Code::DeleteMarker]),
        (
            |log, held| drop(log.evidence.overwrite(&held[2].to_string(), &b"x"[..])),
            1,
            &[Code::ExtraVersion],
        ),
        (|log, _| remove_days(log, &[D1]), 4, &[Code::MissingDay]),
        // With the manifest that lists a late batch gone, nothing lists it.
        (|log, _| remove_days(log, &[D2]), 1, &[Code::MissingDay, Code::UnlistedObject]),
        (|log, _| remove_days(log, &[D2, D3]), 1, &[Code::MissingDay, Code::UnlistedObject]),
        (|log, _| remove_days(log, &[D3, D4]), 5, &[Code::RolledBack]),
        (
            |log, _| assert!(log.evidence.remove(&manifest_key(day(D2)))),
            1,
            &[Code::MissingManifest, Code::UnlistedObject],
        ),
        (
            |log, _| assert!(log.evidence.remove(&checkpoint_key(day(D2)))),
            4,
            &[Code::MissingCheckpoint],
        ),
        (
            |log, _| assert!(log.evidence.rot(&manifest_key(day(D3)), &b"{}\n"[..])),
            1,
            &[Code::AlteredManifest],
        ),
        (
            |log, _| assert!(log.evidence.rot(&checkpoint_key(day(D1)), &b"garbage"[..])),
            1,
            &[Code::AlteredCheckpoint],
        ),
        (
            |log, _| drop(log.evidence.overwrite("entries/2026-11-20/x", &b"x"[..])),
            1,
            &[Code::UnlistedObject],
        ),
    ];
    for (n, (tamper, exit, expected)) in cases.into_iter().enumerate() {
        let (log, held) = with_late_edges().await;
        tamper(&log, &held);
        // Noon of the last day that is left, so that what was cut off is not overdue as well.
        let newest = if expected == [Code::RolledBack] { D2 } else { D4 };
        let report = resumed_everywhere(&log, newest, |_| {}).await;
        let codes: Vec<Code> = report.findings.iter().map(|f| f.code).collect();
        for code in expected {
            assert!(codes.contains(code), "case {n}: {:#?}", report.findings);
        }
        assert_eq!(report.exit_code, exit, "case {n}: {:#?}", report.findings);
        for level in LEVELS {
            resumed_everywhere(&log, newest, |o| o.level = level).await;
        }
    }
}

/// Takes away manifest and checkpoint of days.
fn remove_days(log: &TestLog, days: &[&str]) {
    for on in days {
        assert!(log.evidence.remove(&manifest_key(day(on))));
        assert!(log.evidence.remove(&checkpoint_key(day(on))));
    }
}

#[tokio::test]
async fn saved_progress_of_another_run_is_refused() {
    let (mut log, _) = with_late_edges().await;
    let newest = noon(day("2026-11-24"));
    let options = VerifyOptions::new(Level::Entries, newest);
    let saved = Saved::default();
    log.verifier(options.clone()).await.run(&saved).await.unwrap();
    let texts = saved.0.into_inner().unwrap();
    let walk = |n: usize| serde_json::from_str::<Walk>(&texts[n]).unwrap();
    assert_eq!(walk(1).last_day(), Some(day(D2)));
    let refused = async |log: &TestLog, options: &VerifyOptions, walk: Walk, why: &str| {
        let error = log.verifier(options.clone()).await.resume(walk, &Silent).await.unwrap_err();
        assert!(matches!(error, VerifyError::OtherRun(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(&log, &VerifyOptions { level: Level::Objects, ..options.clone() }, walk(1), "level")
        .await;
    let first: Option<Day> = Some(day(D2));
    refused(&log, &VerifyOptions { first, ..options.clone() }, walk(2), "first day").await;
    // The last day it saw was rewritten meanwhile.
    let stands = log.bytes(&checkpoint_key(day(D2))).await;
    log.evidence.rot(&checkpoint_key(day(D2)), log.bytes(&checkpoint_key(day(D3))).await);
    refused(&log, &options, walk(1), "changed").await;
    log.evidence.rot(&checkpoint_key(day(D2)), stands);
    log.policy.retention_floor = 1;
    refused(&log, &options, walk(1), "policy").await;
    let other = dayseal_chain::LogSettings {
        origin: "audit.example.com/other".parse().unwrap(),
        ..TestLog::settings(D1)
    };
    let other = TestLog::with_settings(dayseal_store::MemoryStore::new(), other).await;
    refused(&other, &options, walk(1), "another log").await;
    // A later version's progress is not read as this one's.
    let newer = serde_json::from_str(&texts[1].replace("\"v\":1", "\"v\":2")).unwrap();
    refused(&log, &options, newer, "another").await;
}
