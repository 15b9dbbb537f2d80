//! Lawful removal: batches that go before their time by the order of an officer of the policy.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_chain::verify::{FindingCode as Code, Silent, VerdictState};
use dayseal_chain::{Report, VerifyOptions};
use dayseal_format::record::{MAX_REMOVED, Record, RemovedRecord};
use dayseal_format::removal::{order_key, orders_prefix};
use dayseal_format::{BatchKey, Digest, Level};
use dayseal_keys::{LocalSigner, Signer as _, sign_note};
use dayseal_store::{Condition, MemoryStore, Store as _};
use dayseal_testkit::{TestLog, day, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
const D3: &str = "2026-11-22";
const D7: &str = "2026-11-26";

/// A log with one sealed day of three batches, and an officer of its policy.
async fn sealed(evidence: MemoryStore) -> (TestLog, LocalSigner, Vec<BatchKey>) {
    let mut log = TestLog::with(evidence, D1).await;
    let officer = log.officer("dpo");
    log.policy.officers.push(officer.verifier_key().clone());
    let keys = log.fill(1, D1, 3).await;
    log.seal(D1).await.unwrap();
    (log, officer, keys)
}

#[track_caller]
fn expect(report: &Report, exit: u8, expected: &[Code]) {
    let codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, expected, "{:#?}", report.findings);
    assert_eq!(report.exit_code, exit);
}

/// Removals told, with whether each is gone.
fn told(report: &Report) -> Vec<(String, Option<bool>)> {
    report.removals.iter().map(|r| (r.object.clone(), r.gone)).collect()
}

async fn recorded(log: &TestLog, on: &str) -> Vec<RemovedRecord> {
    let (_, records) = log.manifest(day(on)).await;
    let removed = |r| if let Record::Removed(r) = r { Some(r) } else { None };
    records.into_iter().filter_map(removed).collect()
}

async fn put(log: &TestLog, key: &str, bytes: Vec<u8>) {
    let digest = Digest::of(&bytes);
    log.state.put(key, bytes.into(), digest.as_bytes(), Condition::Absent).await.unwrap();
}

#[tokio::test]
async fn what_an_officer_ordered_away_is_told_and_no_finding() {
    for versions in [true, false] {
        let store = if versions { MemoryStore::new() } else { MemoryStore::without_versions() };
        let (log, officer, keys) = sealed(store).await;
        let name = keys[1].to_string();
        log.order(&officer, keys[1], D2).await;
        log.seal(D2).await.unwrap();
        // Recorded, and not yet done.
        let report = log.verify(D2).await;
        expect(&report, 0, &[]);
        assert_eq!(told(&report), [(name.clone(), Some(false))]);
        assert_eq!((report.totals.removed, report.totals.awaiting_removal), (0, 1));
        if versions {
            // Half done: a marker over it.
            log.evidence.delete(&name);
            expect(&log.verify(D2).await, 0, &[]);
        }
        log.evidence.remove(&name);
        for level in [Level::Listing, Level::Objects, Level::Entries] {
            let exit = if level == Level::Entries { 0 } else { 3 };
            let report = log.verify_with(D2, |o| o.level = level).await;
            expect(&report, exit, &[]);
            assert_eq!(report.completeness.state, VerdictState::Holds);
            assert_eq!((report.totals.removed, report.totals.awaiting_removal), (1, 0));
            let removal = &report.removals[0];
            assert_eq!((removal.gone, removal.recorded_on), (Some(true), day(D2)));
            assert_eq!((&*removal.basis, &*removal.reason), ("court-order", "a court asked"));
            assert_eq!(removal.officers, ["dpo"]);
        }
        // The other two are as safe as before.
        log.evidence.remove(&keys[2].to_string());
        let report = log.verify(D2).await;
        expect(&report, 4, &[Code::MissingObject]);
        assert_eq!(report.findings[0].object, keys[2].to_string());
    }
}

#[tokio::test]
async fn an_order_counts_once_it_is_sealed() {
    let (log, officer, keys) = sealed(MemoryStore::new()).await;
    log.order(&officer, keys[0], D2).await;
    log.evidence.remove(&keys[0].to_string());
    expect(&log.verify(D1).await, 4, &[Code::MissingObject]);
    log.seal(D2).await.unwrap();
    expect(&log.verify(D2).await, 0, &[]);
    // A run over the day alone looks for orders behind it, however late they came.
    log.order(&officer, keys[1], D7).await;
    log.evidence.remove(&keys[1].to_string());
    log.seal(D7).await.unwrap();
    let of_one_day = log.verify_with(D7, |o| o.last = Some(day(D1))).await;
    // 3: the remembered head lies behind the range.
    expect(&of_one_day, 3, &[]);
    assert_eq!(of_one_day.totals.removed, 2);
}

#[tokio::test]
async fn a_removal_by_nobody_is_a_finding() {
    let (mut log, officer, keys) = sealed(MemoryStore::new()).await;
    let stranger = log.officer("stranger");
    log.order(&stranger, keys[0], D2).await;
    log.seal(D2).await.unwrap();
    expect(&log.verify(D2).await, 1, &[Code::UnapprovedRemoval]);
    log.evidence.remove(&keys[0].to_string());
    let report = log.verify(D2).await;
    expect(&report, 1, &[Code::UnapprovedRemoval, Code::MissingObject]);
    assert!(report.removals.is_empty() && report.totals.removed == 0);
    // A true order later accounts for the object, and leaves the other a finding.
    log.order(&officer, keys[0], D3).await;
    log.seal(D3).await.unwrap();
    expect(&log.verify(D3).await, 1, &[Code::UnapprovedRemoval]);
    // The policy alone says whose orders count.
    log.policy.officers.push(stranger.verifier_key().clone());
    expect(&log.verify(D3).await, 0, &[]);
    log.policy.officers.clear();
    let report = log.verify(D3).await;
    expect(&report, 1, &[Code::UnapprovedRemoval, Code::MissingObject]);
}

#[tokio::test]
async fn an_order_is_for_its_object_alone() {
    let (log, officer, keys) = sealed(MemoryStore::new()).await;
    let key = log.order(&officer, keys[0], D2).await;
    let order = log.state.get(&key, None, 1 << 20).await.unwrap().bytes;
    let order = String::from_utf8(order.to_vec()).unwrap();
    log.evidence.remove(&keys[1].to_string());
    log.seal(D2).await.unwrap();
    expect(&log.verify(D2).await, 4, &[Code::MissingObject]);
    // A sealer that lies about what the order says.
    let record = RemovedRecord { key: keys[1], order };
    let options = VerifyOptions::new(Level::Entries, noon(day(D3)));
    let manifest = format!("manifests/{D2}.ndjson");
    let text = String::from_utf8(log.bytes(&manifest).await).unwrap();
    let own = text.lines().find(|l| l.contains("\"removed\"")).unwrap();
    let forged = text.replace(own, &Record::Removed(record).encode());
    log.evidence.rot(&manifest, forged.into_bytes());
    let report = log.verifier(options).await.run(&Silent).await.unwrap();
    expect(&report, 1, &[Code::UnapprovedRemoval, Code::AlteredManifest, Code::MissingObject]);
}

#[tokio::test]
async fn an_order_is_recorded_once_and_only_within_the_late_days() {
    let (log, officer, keys) = sealed(MemoryStore::new()).await;
    log.order(&officer, keys[0], D2).await;
    log.seal(D3).await.unwrap();
    assert_eq!((recorded(&log, D2).await.len(), recorded(&log, D3).await.len()), (1, 0));
    // It landed after its day's seal: three days are late days of this log.
    log.order(&officer, keys[1], D3).await;
    log.seal("2026-11-25").await.unwrap();
    let on: Vec<_> = recorded(&log, "2026-11-23").await.into_iter().map(|r| r.key).collect();
    assert_eq!(on, [keys[1]]);
    assert!(recorded(&log, "2026-11-24").await.is_empty());
    // Older than the window: never.
    log.order(&officer, keys[2], D1).await;
    log.seal(D7).await.unwrap();
    assert!(recorded(&log, D7).await.is_empty());
    expect(&log.verify(D7).await, 0, &[]);
}

#[tokio::test]
async fn what_is_no_order_is_left_out_and_stops_no_day() {
    let (log, officer, keys) = sealed(MemoryStore::new()).await;
    let prefix = orders_prefix(day(D2));
    let at = format!("time {}\n", noon(day(D2)));
    let of = |origin: &str, rest: &str| format!("dayseal-removal v1\norigin {origin}\n{at}{rest}");
    let own = log.settings.origin.to_string();
    let lines = format!("object {}\nreason r\nbasis court-order\n", keys[0]);
    let of_the_future = keys[0].to_string().replace(D1, "2026-11-29");
    for text in [
        of("audit.example.com/other", &lines),
        of(&own, &lines.replace("court-order", "Court Order")),
        of(&own, &format!("{lines}note more\n")),
        of(&own, &lines.replace(".batch", "")),
        of(&own, &lines.replace(&keys[0].to_string(), &of_the_future)),
        of(&own, &lines).replace("dayseal-removal", "dayseal-hold"),
    ] {
        let note = sign_note(&text, &[&officer]).await.unwrap().into_bytes();
        put(&log, &order_key(day(D2), &note), note).await;
    }
    put(&log, &format!("{prefix}junk"), b"junk".to_vec()).await;
    put(&log, &format!("{prefix}huge"), vec![b'x'; 20_000]).await;
    // Under another day, and under a name that is not its digest.
    let note = sign_note(&of(&own, &lines), &[&officer]).await.unwrap().into_bytes();
    put(&log, &order_key(day(D1), &note), note.clone()).await;
    put(&log, &format!("{prefix}{}", Digest::of(b"other")), note.clone()).await;
    log.seal(D2).await.unwrap();
    assert!(recorded(&log, D2).await.is_empty());
    // The same bytes under their own name count.
    put(&log, &order_key(day(D2), &note), note).await;
    log.seal(D3).await.unwrap();
    assert_eq!(recorded(&log, D3).await.len(), 1);
}

#[tokio::test]
async fn more_orders_than_a_manifest_holds_wait() {
    let (log, officer, keys) = sealed(MemoryStore::new()).await;
    for n in 0..=MAX_REMOVED as u32 {
        log.order(&officer, BatchKey { seq: n, ..keys[0] }, D2).await;
    }
    log.seal(D3).await.unwrap();
    let (first, second) = (recorded(&log, D2).await, recorded(&log, D3).await);
    assert_eq!((first.len(), second.len()), (MAX_REMOVED, 1));
    assert!(!first.contains(&second[0]));
    expect(&log.verify(D3).await, 0, &[]);
}

#[tokio::test]
async fn a_late_batch_can_be_removed_and_a_stopped_run_goes_on() {
    let (log, officer, _) = sealed(MemoryStore::new()).await;
    let late = log.fill(5, D1, 1).await[0];
    log.seal(D2).await.unwrap();
    log.evidence.remove(&late.to_string());
    log.order(&officer, late, D3).await;
    // What was found up to a day is kept, and judged when the order comes.
    let walk = std::sync::Mutex::new(None);
    let options = VerifyOptions::new(Level::Entries, noon(day(D3)));
    log.verifier(options).await.run(&Keep(&walk)).await.unwrap();
    let saved = serde_json::to_string(&walk.into_inner().unwrap()).unwrap();
    let walk: dayseal_chain::verify::Walk = serde_json::from_str(&saved).unwrap();
    assert_eq!(walk.findings().map(|f| f.code).collect::<Vec<_>>(), [Code::MissingObject]);
    log.seal(D3).await.unwrap();
    let options = VerifyOptions::new(Level::Entries, noon(day("2026-11-23")));
    let report = log.verifier(options).await.resume(walk, &Silent).await.unwrap();
    expect(&report, 0, &[]);
    assert_eq!(told(&report), [(late.to_string(), Some(true))]);
}

/// Keeps the walk of the last day.
struct Keep<'a>(&'a std::sync::Mutex<Option<dayseal_chain::verify::Walk>>);

impl dayseal_chain::verify::Progress for Keep<'_> {
    fn day_done(&self, walk: &dayseal_chain::verify::Walk) {
        *self.0.lock().unwrap() = Some(walk.clone());
    }
}
