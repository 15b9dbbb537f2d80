//! The rest of `docs/threat-model.md`: every row there that `tamper.rs` does not have, by its name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::sync::Arc;

use dayseal_chain::verify::{FindingCode as Code, Silent};
use dayseal_chain::{Report, SealError, Verifier, VerifyOptions};
use dayseal_format::batch::DataKey;
use dayseal_format::manifest::{ManifestBuilder, ManifestPlan, lines};
use dayseal_format::names::{checkpoint_key, head_key, manifest_key};
use dayseal_format::{BatchKey, Checkpoint, Digest, Level, Note, Record};
use dayseal_keys::Signer as _;
use dayseal_store::{Condition, ErrorKind, MemoryStore, Store};
use dayseal_testkit::{Fault, FaultStore, Operation, TestLog, day, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
const D3: &str = "2026-11-22";

#[track_caller]
fn expect(report: &Report, exit: u8, expected: &[Code]) {
    let mut codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    codes.dedup();
    assert_eq!(codes, expected, "{:#?}", report.findings);
    assert_eq!(report.exit_code, exit);
}

async fn put(store: &MemoryStore, key: &str, bytes: Vec<u8>) {
    let digest = Digest::of(&bytes);
    store.put(key, bytes.into(), digest.as_bytes(), Condition::Absent).await.unwrap();
}

/// A log with one sealed day of one stream.
async fn one_day(batches: u32) -> (TestLog, Vec<BatchKey>) {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, batches).await;
    log.seal(D1).await.unwrap();
    (log, keys)
}

/// Three sealed days.
async fn three_days() -> TestLog {
    let log = TestLog::new(D1).await;
    for (n, on) in [D1, D2, D3].iter().enumerate() {
        log.fill(n as u8 + 1, on, 2).await;
        log.seal(on).await.unwrap();
    }
    log
}

#[tokio::test]
async fn batch_edited_longer() {
    let (log, keys) = one_day(2).await;
    let key = keys[0].to_string();
    let mut bytes = log.bytes(&key).await;
    bytes.insert(700, b'x');
    log.evidence.rot(&key, bytes);
    expect(&log.verify_with(D1, |o| o.level = Level::Listing).await, 1, &[Code::AlteredObject]);
}

#[tokio::test]
async fn batch_appended() {
    let (log, keys) = one_day(2).await;
    let key = keys[1].to_string();
    let mut bytes = log.bytes(&key).await;
    bytes.extend_from_slice(b"more");
    log.evidence.rot(&key, bytes);
    expect(&log.verify_with(D1, |o| o.level = Level::Listing).await, 1, &[Code::AlteredObject]);
}

#[tokio::test]
async fn batch_and_manifest_edited() {
    let (log, keys) = one_day(1).await;
    let old = keys[0];
    let mut bytes = log.bytes(&old.to_string()).await;
    *bytes.last_mut().unwrap() ^= 1;
    let new = BatchKey { digest: Digest::of(&bytes), ..old };
    put(&log.evidence, &new.to_string(), bytes).await;
    log.evidence.remove(&old.to_string());
    let name = manifest_key(day(D1));
    let text = String::from_utf8(log.bytes(&name).await).unwrap();
    log.evidence.rot(&name, text.replace(&old.digest.to_string(), &new.digest.to_string()));
    expect(&log.verify_with(D1, |o| o.level = Level::Chain).await, 1, &[Code::AlteredManifest]);
}

#[tokio::test]
async fn older_version_put_back() {
    let (log, keys) = one_day(1).await;
    let key = keys[0].to_string();
    let sealed = log.bytes(&key).await;
    log.evidence.overwrite(&key, &b"something else"[..]);
    log.evidence.overwrite(&key, sealed);
    let report = log.verify_with(D1, |o| o.level = Level::Listing).await;
    expect(&report, 1, &[Code::ExtraVersion]);
    assert_eq!(report.findings.len(), 2, "each version is named");
}

#[tokio::test]
async fn batch_replayed() {
    let (log, keys) = one_day(1).await;
    let key = keys[0].to_string();
    let bytes = log.bytes(&key).await;
    let digest = keys[0].digest;
    let again = log.evidence.put(&key, bytes.into(), digest.as_bytes(), Condition::Absent).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    expect(&log.verify(D1).await, 0, &[]);
}

#[tokio::test]
async fn batch_of_another_log() {
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    stream.header.origin = "audit.example.com/other".parse().unwrap();
    let batch = stream.next(2, true);
    log.store(&stream, &batch).await;
    log.seal(D1).await.unwrap();
    let report = log.verify_with(D1, |o| o.level = Level::Chain).await;
    expect(&report, 1, &[Code::StrayObject]);
    assert!(report.findings[0].detail.contains("Header"), "{:?}", report.findings);
}

#[tokio::test]
async fn batches_reordered() {
    // A producer that numbers its batches otherwise than it made them.
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    let first = stream.next(1, false);
    log.store(&stream, &first).await;
    for seq in [2, 1] {
        stream.header.seq = seq;
        let batch = stream.next(1, false);
        log.store(&stream, &batch).await;
    }
    log.seal(D1).await.unwrap();
    let report = log.verify_with(D1, |o| o.level = Level::Chain).await;
    expect(&report, 1, &[Code::Conflict]);
    assert!(report.findings.iter().all(|f| f.object.ends_with("(Link)")), "{:?}", report.findings);
}

#[tokio::test]
async fn service_changed() {
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    for service in ["tests", "impostor"] {
        stream.header.service = service.parse().unwrap();
        let batch = stream.next(1, false);
        log.store(&stream, &batch).await;
    }
    log.seal(D1).await.unwrap();
    let report = log.verify_with(D1, |o| o.level = Level::Chain).await;
    expect(&report, 1, &[Code::Conflict]);
    assert!(report.findings[0].object.ends_with("(Service)"), "{:?}", report.findings);
}

#[tokio::test]
async fn wrapped_key_moved() {
    let log = TestLog::new(D1).await;
    let mut other = log.stream(2, D1).await;
    // Data key and wrapped key of another stream of the same log, both right for each other.
    let own = log.stream(1, D1).await;
    other.header.wrapped_key = own.header.wrapped_key.clone();
    other.key = own.key;
    let batch = other.next(2, true);
    log.store(&other, &batch).await;
    log.seal(D1).await.unwrap();
    expect(&log.verify(D1).await, 1, &[Code::WrongKeyOrForged]);
}

#[tokio::test]
async fn key_not_committed() {
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    // The header wraps one key, the batch was made with another.
    stream.key.key = DataKey::new([9; 32]);
    let batch = stream.next(2, true);
    log.store(&stream, &batch).await;
    log.seal(D1).await.unwrap();
    let report = log.verify(D1).await;
    expect(&report, 1, &[Code::WrongKeyOrForged]);
    assert!(report.findings[0].detail.contains("commitment"), "{:?}", report.findings);
}

#[tokio::test]
async fn header_lies() {
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    stream.header.last_time = stream.header.first_time.saturating_add(1);
    let batch = stream.next(2, true);
    log.store(&stream, &batch).await;
    log.seal(D1).await.unwrap();
    expect(&log.verify(D1).await, 1, &[Code::HeaderMismatch]);
}

#[tokio::test]
async fn junk_in_root() {
    let (log, _) = one_day(1).await;
    for key in ["readme.txt", "backup/entries.zip", "manifests/old/2026-11-20.ndjson"] {
        put(&log.evidence, key, b"junk".to_vec()).await;
    }
    let report = log.verify_with(D1, |o| o.level = Level::Listing).await;
    expect(&report, 1, &[Code::UnlistedObject]);
    assert_eq!(report.findings.len(), 3);
}

#[tokio::test]
async fn manifest_reordered() {
    let (log, _) = one_day(3).await;
    let name = manifest_key(day(D1));
    let text = String::from_utf8(log.bytes(&name).await).unwrap();
    let mut records: Vec<_> = text.lines().collect();
    records.swap(1, 2);
    log.evidence.rot(&name, records.join("\n") + "\n");
    expect(&log.verify_with(D1, |o| o.level = Level::Chain).await, 1, &[Code::AlteredManifest]);
}

#[tokio::test]
async fn gap_hidden() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 3).await;
    log.evidence.remove(&keys[1].to_string());
    log.seal(D1).await.unwrap();
    let name = manifest_key(day(D1));
    let text = String::from_utf8(log.bytes(&name).await).unwrap();
    let kept: Vec<_> = text.lines().filter(|l| !l.contains("\"kind\":\"gap\"")).collect();
    log.evidence.rot(&name, kept.join("\n").replace("\"gaps\":1", "\"gaps\":0") + "\n");
    expect(&log.verify_with(D1, |o| o.level = Level::Chain).await, 1, &[Code::AlteredManifest]);
}

#[tokio::test]
async fn manifest_deleted() {
    let log = three_days().await;
    log.evidence.remove(&manifest_key(day(D2)));
    let report = log.verify_with(D3, |o| o.level = Level::Chain).await;
    expect(&report, 4, &[Code::MissingManifest]);
}

#[tokio::test]
async fn checkpoint_deleted() {
    for on in [D1, D2, D3] {
        let log = three_days().await;
        log.evidence.remove(&checkpoint_key(day(on)));
        let report = log.verify_with(D3, |o| o.level = Level::Chain).await;
        expect(&report, 4, &[Code::MissingCheckpoint]);
    }
}

#[tokio::test]
async fn checkpoint_of_another_log() {
    let (log, _) = one_day(1).await;
    // Signed with the right key, by mistake or under pressure, for another origin.
    let other =
        Checkpoint { origin: "audit.example.com/other".parse().unwrap(), ..log.head().await };
    let signer = log.keys.signer().unwrap();
    let signature = signer.sign(other.text().as_bytes()).await.unwrap();
    let note = Note::encode(&other.text(), signer.verifier_key(), &signature);
    log.evidence.rot(&checkpoint_key(day(D1)), note);
    expect(&log.verify_with(D1, |o| o.level = Level::Chain).await, 1, &[Code::AlteredCheckpoint]);
}

#[tokio::test]
async fn chain_behind_delete_marker() {
    let log = three_days().await;
    log.evidence.delete(&manifest_key(day(D2)));
    log.evidence.overwrite(&checkpoint_key(day(D2)), &b"other"[..]);
    let report = log.verify_with(D3, |o| o.level = Level::Chain).await;
    let mut codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Code::ExtraVersion, Code::DeleteMarker], "{:#?}", report.findings);
    assert_eq!(report.exit_code, 1);
    let refused = log.seal("2026-11-23").await.unwrap_err();
    assert!(matches!(refused, SealError::Tampered { .. }), "{refused}");
}

#[tokio::test]
async fn planted_retention() {
    let (log, _) = one_day(1).await;
    let sealed = log.bytes(&manifest_key(day(D1))).await;
    let (head, _) = log.manifest(day(D1)).await;
    let mut before = dayseal_format::merkle::Frontier::new();
    before.extend(lines(&sealed).unwrap().map(|(_, l)| dayseal_format::merkle::leaf_hash(l)));
    let plan = ManifestPlan {
        origin: head.origin,
        day: day(D2),
        sealed_at: day(D3).start(),
        before,
        previous: Some(Digest::of(&sealed)),
        late_days: head.late_days,
        keep_until: day(D2),
        kept_from: day(D1),
    };
    put(&log.evidence, &manifest_key(day(D2)), ManifestBuilder::new(plan).finish()).await;
    let refused = log.seal(D2).await.unwrap_err();
    assert!(matches!(refused, SealError::Tampered { .. }), "{refused}");
    assert!(refused.to_string().contains("retention"), "{refused}");
}

#[tokio::test]
async fn not_sealed() {
    let (log, _) = one_day(1).await;
    // 26 hours after the next day's end, by the policy; not an hour before.
    let end = day(D2).last_instant();
    let at = |hours: i64| end.saturating_add(hours * 3_600_000);
    expect(&log.verify_with(D1, |o| o.now = at(25)).await, 0, &[]);
    let report = log.verify_with(D1, |o| o.now = at(27)).await;
    expect(&report, 4, &[Code::MissingDay]);
    assert_eq!(report.findings[0].object, D2);
}

#[tokio::test]
async fn log_replaced() {
    let log = three_days().await;
    let attacker = three_days().await;
    let options = VerifyOptions::new(Level::Chain, noon(day("2026-11-23")));
    let (evidence, state) = (&*attacker.evidence, &*attacker.state);
    let verifier = Verifier::new(evidence, Some(state), Some(&log.policy), None, options);
    let report = verifier.await.unwrap().run(&Silent).await.unwrap();
    assert!(report.findings.iter().any(|f| f.code == Code::BadSignature));
    assert_eq!(report.exit_code, 1);
}

#[tokio::test]
async fn head_wiped() {
    let (log, _) = one_day(1).await;
    log.state.remove(&head_key(&log.settings.origin));
    let refused = log.seal(D2).await.unwrap_err();
    assert!(matches!(refused, SealError::NoHead { .. }), "{refused}");
}

#[tokio::test]
async fn head_rolled_back() {
    let log = three_days().await;
    // An older head of this very log: the evidence contains it, so sealing goes on.
    let older = log.bytes(&checkpoint_key(day(D1))).await;
    log.state.rot(&head_key(&log.settings.origin), older);
    log.seal("2026-11-23").await.unwrap();
    expect(&log.verify("2026-11-23").await, 0, &[]);
    // A head of another history: it does not.
    let log = three_days().await;
    let forged = Checkpoint { size: 2, root: Digest([7; 32]), ..log.head().await };
    let signer = log.keys.signer().unwrap();
    let signature = signer.sign(forged.text().as_bytes()).await.unwrap();
    let note = Note::encode(&forged.text(), signer.verifier_key(), &signature);
    log.state.rot(&head_key(&log.settings.origin), note);
    let refused = log.seal("2026-11-23").await.unwrap_err();
    assert!(matches!(refused, SealError::Diverged { .. }), "{refused}");
}

#[tokio::test]
async fn unknown_version() {
    let log = three_days().await;
    let name = manifest_key(day(D2));
    let text = String::from_utf8(log.bytes(&name).await).unwrap();
    assert!(matches!(Record::decode(text.lines().next().unwrap().as_bytes()), Ok(Record::Day(_))));
    log.evidence.rot(&name, text.replacen("\"v\":1", "\"v\":2", 1));
    expect(&log.verify_with(D3, |o| o.level = Level::Chain).await, 3, &[Code::Unreadable]);
}

#[tokio::test]
async fn access_denied() {
    let (log, keys) = one_day(3).await;
    let denied = keys[1].to_string();
    let inner: Arc<dyn Store> = log.evidence.clone();
    let store = FaultStore::new(inner, move |operation, key, _| {
        (operation == Operation::Get && key == denied).then_some(Fault::Deny)
    });
    let options = VerifyOptions::new(Level::Entries, noon(day(D2)));
    let (state, opener) = (Some(&*log.state as _), Some(&*log.keys as _));
    let verifier = Verifier::new(&store, state, Some(&log.policy), opener, options).await.unwrap();
    let report = verifier.run(&Silent).await.unwrap();
    expect(&report, 3, &[Code::Unreadable]);
    assert_eq!(report.totals.opened, 6, "the others were checked");
}
