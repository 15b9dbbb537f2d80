//! The tamper matrix: each attack of `docs/threat-model.md`, with its exact finding and exit code.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use dayseal_chain::Report;
use dayseal_chain::verify::{FindingCode as Code, VerdictState};
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_format::{Digest, Level};
use dayseal_keys::LocalKeys;
use dayseal_store::{Condition, MemoryStore, Store};
use dayseal_testkit::{TestLog, day, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
const D3: &str = "2026-11-22";

/// Three sealed days with two streams each; the middle of the matrix.
async fn sealed() -> TestLog {
    let log = TestLog::new(D1).await;
    for (n, on) in [D1, D2, D3].iter().enumerate() {
        log.fill(n as u8 * 2 + 1, on, 3).await;
        log.fill(n as u8 * 2 + 2, on, 2).await;
        log.seal(on).await.unwrap();
    }
    log
}

fn codes(report: &Report) -> Vec<Code> {
    let mut codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    codes.dedup();
    codes
}

#[track_caller]
fn expect(report: &Report, exit: u8, expected: &[Code]) {
    assert_eq!(codes(report), expected, "{:#?}", report.findings);
    assert_eq!(report.exit_code, exit);
}

async fn put(store: &MemoryStore, key: &str, bytes: Vec<u8>) {
    let digest = Digest::of(&bytes);
    store.put(key, bytes.into(), digest.as_bytes(), Condition::Absent).await.unwrap();
}

#[tokio::test]
async fn an_untouched_log_holds() {
    let report = sealed().await.verify(D3).await;
    expect(&report, 0, &[]);
    assert_eq!(report.integrity.state, VerdictState::Holds);
    assert_eq!(report.completeness.state, VerdictState::Holds);
    assert_eq!(report.anchoring.state, VerdictState::Holds);
    let t = report.totals;
    assert_eq!((t.days, t.batches, t.entries, t.objects, t.opened), (3, 15, 45, 15, 45));
    assert_eq!((t.streams_closed, t.streams_open), (6, 0));
}

#[tokio::test]
async fn edit_a_batch() {
    let log = sealed().await;
    let key = log.fill(9, "2026-11-23", 1).await[0].to_string();
    log.seal("2026-11-23").await.unwrap();
    let mut bytes = log.bytes(&key).await;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    log.evidence.rot(&key, bytes);
    expect(&log.verify("2026-11-23").await, 1, &[Code::AlteredObject]);
    // The listing alone cannot see it.
    let shallow = log.verify_with("2026-11-23", |o| o.level = Level::Listing).await;
    expect(&shallow, 3, &[]);
    assert_eq!(shallow.integrity.state, VerdictState::NotChecked);
}

#[tokio::test]
async fn truncate_a_batch() {
    let log = TestLog::new(D1).await;
    let key = log.fill(1, D1, 1).await[0].to_string();
    log.seal(D1).await.unwrap();
    let mut bytes = log.bytes(&key).await;
    bytes.pop();
    log.evidence.rot(&key, bytes);
    expect(&log.verify_with(D1, |o| o.level = Level::Listing).await, 1, &[Code::AlteredObject]);
    expect(&log.verify(D1).await, 1, &[Code::AlteredObject]);
}

#[tokio::test]
async fn delete_a_batch() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 3).await;
    log.seal(D1).await.unwrap();
    log.evidence.remove(&keys[1].to_string());
    let report = log.verify(D1).await;
    expect(&report, 4, &[Code::MissingObject]);
    assert_eq!(report.findings[0].object, keys[1].to_string());
    assert_eq!(report.completeness.state, VerdictState::Failed);
    assert_eq!(report.integrity.state, VerdictState::Holds);
}

#[tokio::test]
async fn hide_a_batch_behind_a_delete_marker() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 3).await;
    log.seal(D1).await.unwrap();
    log.evidence.delete(&keys[1].to_string());
    expect(&log.verify(D1).await, 1, &[Code::DeleteMarker]);
}

#[tokio::test]
async fn write_a_second_version() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 3).await;
    log.seal(D1).await.unwrap();
    log.evidence.overwrite(&keys[1].to_string(), &b"other"[..]);
    let report = log.verify(D1).await;
    expect(&report, 1, &[Code::ExtraVersion]);
    // The sealed version still stands and was read.
    assert_eq!(report.totals.opened, 9);
}

#[tokio::test]
async fn put_an_older_version_in_place_of_the_sealed_one() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 1).await;
    log.seal(D1).await.unwrap();
    let key = keys[0].to_string();
    let same = log.bytes(&key).await;
    let sealed = log.evidence.head(&key, None).await.unwrap().version.unwrap();
    log.evidence.overwrite(&key, same);
    log.evidence.remove_version(&key, &sealed);
    expect(&log.verify(D1).await, 1, &[Code::MovedVersion]);
}

#[tokio::test]
async fn slip_a_batch_in_after_the_seal() {
    let log = sealed().await;
    // A real producer's batch, for a day that takes no more late ones.
    for on in ["2026-11-23", "2026-11-24"] {
        log.seal(on).await.unwrap();
    }
    log.fill(77, D1, 1).await;
    expect(&log.verify("2026-11-24").await, 1, &[Code::UnlistedObject]);
}

#[tokio::test]
async fn a_batch_that_can_still_be_sealed_is_not_a_finding() {
    let log = sealed().await;
    log.fill(77, D3, 1).await;
    let report = log.verify(D3).await;
    expect(&report, 0, &[]);
    assert_eq!(report.totals.awaiting_seal, 1);
}

#[tokio::test]
async fn stray_objects() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 1).await;
    put(&log.evidence, &format!("entries/{D1}/notes.txt"), b"hello".to_vec()).await;
    // Well named, wrong bytes.
    let name = keys[0].to_string().replace("/00000000-", "/00000001-");
    put(&log.evidence, &name, b"DAYSEAL".to_vec()).await;
    log.seal(D1).await.unwrap();
    let report = log.verify(D1).await;
    expect(&report, 1, &[Code::StrayObject]);
    assert_eq!(report.findings.len(), 2);
    // Outside every day.
    put(&log.evidence, "entries/readme", b"x".to_vec()).await;
    put(&log.evidence, "secret/plans", b"x".to_vec()).await;
    put(&log.evidence, "entries/2020-01-01/x/y", b"x".to_vec()).await;
    put(&log.evidence, "entries/2030-01-01/x/y", b"x".to_vec()).await;
    put(&log.evidence, "manifests/2026-11-20.bak", b"x".to_vec()).await;
    put(&log.evidence, "top", b"x".to_vec()).await;
    let report = log.verify(D1).await;
    let unlisted = report.findings.iter().filter(|f| f.code == Code::UnlistedObject);
    assert_eq!(unlisted.count(), 6, "{:#?}", report.findings);
}

#[tokio::test]
async fn strays_behind_the_first_page_of_a_listing() {
    let log = TestLog::new(D1).await;
    log.fill(1, D1, 1_010).await;
    log.seal(D1).await.unwrap();
    expect(&log.verify(D1).await, 0, &[]);
    for key in ["entries/readme", "zebra"] {
        put(&log.evidence, key, b"x".to_vec()).await;
    }
    let report = log.verify_with(D1, |o| o.level = Level::Listing).await;
    expect(&report, 1, &[Code::UnlistedObject]);
    assert_eq!(report.findings.len(), 2);
}

#[tokio::test]
async fn move_or_copy_a_batch_to_another_place() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 2).await;
    let bytes = log.bytes(&keys[0].to_string()).await;
    // Replay under the next number, another stream, another day.
    let mut again = keys[0];
    again.seq = 2;
    put(&log.evidence, &again.to_string(), bytes.clone()).await;
    let mut other = keys[0];
    other.stream.0[0] ^= 1;
    put(&log.evidence, &other.to_string(), bytes.clone()).await;
    let mut tomorrow = keys[0];
    tomorrow.day = day(D2);
    put(&log.evidence, &tomorrow.to_string(), bytes).await;
    log.seal(D2).await.unwrap();
    let report = log.verify(D2).await;
    expect(&report, 1, &[Code::StrayObject]);
    assert_eq!(report.findings.len(), 3);
}

#[tokio::test]
async fn edit_a_manifest() {
    let log = sealed().await;
    let key = manifest_key(day(D2));
    let text = String::from_utf8(log.bytes(&key).await).unwrap();
    log.evidence.rot(&key, text.replace("\"entries\":15", "\"entries\":14"));
    expect(&log.verify(D3).await, 1, &[Code::AlteredManifest]);
}

#[tokio::test]
async fn rewrite_a_manifest_so_that_it_is_consistent_in_itself() {
    let log = sealed().await;
    // The attacker takes a batch out, with its line, and makes all counts right again: another log's
    // honest manifest of the same day.
    let other = TestLog::new(D1).await;
    other.fill(1, D1, 3).await;
    other.seal(D1).await.unwrap();
    let key = manifest_key(day(D1));
    log.evidence.rot(&key, other.bytes(&key).await);
    let report = log.verify(D3).await;
    assert!(codes(&report).contains(&Code::AlteredManifest), "{:#?}", report.findings);
    assert_eq!(report.exit_code, 1);
}

#[tokio::test]
async fn edit_and_forge_checkpoints() {
    let log = sealed().await;
    let key = checkpoint_key(day(D2));
    let text = String::from_utf8(log.bytes(&key).await).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "999";
    log.evidence.rot(&key, lines.join("\n") + "\n");
    expect(&log.verify(D3).await, 1, &[Code::BadSignature]);
    // Signed by a key of the attacker's own.
    let own = LocalKeys::generate(&log.settings.origin).unwrap();
    let (signer, forged) = (own.signer().unwrap(), log.head().await);
    let sig = dayseal_keys::Signer::sign(&signer, forged.text().as_bytes()).await.unwrap();
    let vkey = dayseal_keys::Signer::verifier_key(&signer);
    log.evidence.rot(&key, dayseal_format::Note::encode(&forged.text(), vkey, &sig));
    expect(&log.verify(D3).await, 1, &[Code::BadSignature]);
    log.evidence.rot(&key, &b"garbage"[..]);
    expect(&log.verify(D3).await, 1, &[Code::AlteredCheckpoint]);
}

#[tokio::test]
async fn replay_a_checkpoint_or_manifest_of_another_day() {
    let log = sealed().await;
    let older = log.bytes(&checkpoint_key(day(D1))).await;
    log.evidence.rot(&checkpoint_key(day(D2)), older);
    let report = log.verify(D3).await;
    assert!(codes(&report).contains(&Code::AlteredManifest), "{:#?}", report.findings);
    assert_eq!(report.exit_code, 1);

    let log = sealed().await;
    let older = log.bytes(&manifest_key(day(D1))).await;
    log.evidence.rot(&manifest_key(day(D2)), older);
    expect(&log.verify(D3).await, 1, &[Code::AlteredManifest]);
}

#[tokio::test]
async fn drop_the_newest_day_and_its_seal() {
    let log = sealed().await;
    remove_day(&log, D3).await;
    let report = log.verify_with(D3, |o| o.now = noon(day(D3))).await;
    expect(&report, 5, &[Code::RolledBack]);
    assert_eq!(report.anchoring.state, VerdictState::Failed);
}

#[tokio::test]
async fn drop_days_in_the_middle() {
    let log = sealed().await;
    for on in ["2026-11-23", "2026-11-24"] {
        log.seal(on).await.unwrap();
    }
    remove_day(&log, D2).await;
    remove_day(&log, D3).await;
    let report = log.verify("2026-11-24").await;
    expect(&report, 4, &[Code::MissingDay]);
    assert_eq!(report.findings[0].object, "2026-11-21..2026-11-22");
}

async fn remove_day(log: &TestLog, on: &str) {
    let mut from = None;
    loop {
        let page = log.evidence.list("", from.as_deref()).await.unwrap();
        for entry in page.entries.iter().filter(|e| e.key.contains(on)) {
            log.evidence.remove(&entry.key);
        }
        from = page.next;
        if from.is_none() {
            return;
        }
    }
}

#[tokio::test]
async fn everything_gone() {
    let log = sealed().await;
    for on in [D1, D2, D3] {
        remove_day(&log, on).await;
    }
    let report = log.verify(D3).await;
    assert_eq!(codes(&report), [Code::RolledBack, Code::MissingDay], "{:#?}", report.findings);
    assert_eq!(report.exit_code, 5);
    // With the state root gone too, "nothing found" is still a failure.
    log.state.remove(&dayseal_format::names::head_key(&log.settings.origin));
    let report = log.verify(D3).await;
    expect(&report, 4, &[Code::MissingDay]);
}

#[tokio::test]
async fn rollback_of_evidence_and_state_is_caught_by_the_known_head() {
    let log = sealed().await;
    let known = log.head().await;
    let head = dayseal_format::names::head_key(&log.settings.origin);
    let older = log.bytes(&checkpoint_key(day(D2))).await;
    remove_day(&log, D3).await;
    log.state.rot(&head, older);
    let at = noon(day(D3));
    let fooled = log.verify_with(D3, |o| o.now = at).await;
    expect(&fooled, 0, &[]);
    let report = log
        .verify_with(D3, |o| {
            o.now = at;
            o.known_head = Some(known);
        })
        .await;
    expect(&report, 5, &[Code::RolledBack]);
}

#[tokio::test]
async fn rollback_then_seal_again_is_refused_by_the_sealer() {
    let log = sealed().await;
    remove_day(&log, D3).await;
    let error = log.seal(D3).await.unwrap_err();
    assert!(matches!(error, dayseal_chain::SealError::RolledBack { .. }), "{error}");
    // By delete markers instead: the sealer sees them.
    let log = sealed().await;
    log.evidence.delete(&manifest_key(day(D3)));
    log.evidence.delete(&checkpoint_key(day(D3)));
    let error = log.seal(D3).await.unwrap_err();
    assert!(matches!(error, dayseal_chain::SealError::Tampered { .. }), "{error}");
    let report = log.verify(D3).await;
    expect(&report, 1, &[Code::DeleteMarker]);
}

#[tokio::test]
async fn a_fork_is_seen() {
    let log = sealed().await;
    let known = log.head().await;
    // Someone with the signing key and the stores seals another third day.
    remove_day(&log, D3).await;
    let head = dayseal_format::names::head_key(&log.settings.origin);
    log.state.rot(&head, log.bytes(&checkpoint_key(day(D2))).await);
    // As many leaves as before, other ones.
    log.fill(40, D3, 3).await;
    log.fill(41, D3, 2).await;
    log.seal(D3).await.unwrap();
    assert_eq!(log.verify(D3).await.exit_code, 0, "nothing inside tells");
    let report = log.verify_with(D3, |o| o.known_head = Some(known)).await;
    expect(&report, 5, &[Code::Diverged]);
}

#[tokio::test]
async fn a_batch_forged_without_the_key_and_one_wrapped_by_a_foreign_key() {
    let log = TestLog::new(D1).await;
    log.fill(1, D1, 1).await;
    // The forger has no data key: he invents one and copies an honest wrapped key.
    let honest = log.stream(2, D1).await;
    let mut forged = log.stream(3, D1).await;
    forged.header.wrapped_key = honest.header.wrapped_key.clone();
    let batch = forged.next(2, true);
    log.store(&forged, &batch).await;
    // Another wraps with a key of his own.
    let mut foreign = log.stream(4, D1).await;
    foreign.header.key_id = "local:00112233445566778899aabbccddeeff".into();
    let batch = foreign.next(2, true);
    log.store(&foreign, &batch).await;
    log.seal(D1).await.unwrap();
    let report = log.verify(D1).await;
    assert_eq!(report.exit_code, 1);
    let mut found = codes(&report);
    found.sort_unstable();
    assert_eq!(found, [Code::ForeignKey, Code::WrongKeyOrForged], "{:#?}", report.findings);
    // Sealed is not authentic: without keys the bytes are as sealed.
    assert!(codes(&log.verify_with(D1, |o| o.level = Level::Objects).await).is_empty());
}

#[tokio::test]
async fn a_squatted_number_is_a_conflict() {
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    let first = stream.next(3, false);
    log.store(&stream, &first).await;
    // Two processes go on from the same state: a fork, a resumed snapshot, a squatter.
    let (seq, previous) = (stream.header.seq, stream.header.previous);
    for n in 1..=2 {
        stream.header.seq = seq;
        stream.header.previous = previous;
        let batch = stream.next(n, false);
        log.store(&stream, &batch).await;
    }
    log.seal(D1).await.unwrap();
    expect(&log.verify(D1).await, 1, &[Code::Conflict]);
}

#[tokio::test]
async fn a_squatter_who_comes_late_is_found() {
    let log = TestLog::new(D1).await;
    let mut stream = log.stream(1, D1).await;
    for n in 0..3 {
        let batch = stream.next(2, n == 2);
        log.store(&stream, &batch).await;
    }
    log.seal(D1).await.unwrap();
    // Another batch at a number that is sealed already, in time to be sealed as late.
    stream.header.seq = 1;
    stream.header.previous = Some(Digest([7; 32]));
    let batch = stream.next(1, false);
    log.store(&stream, &batch).await;
    log.seal(D2).await.unwrap();
    let report = log.verify(D2).await;
    expect(&report, 1, &[Code::Conflict]);
    assert_eq!(report.findings.len(), 2, "duplicate and link: {:#?}", report.findings);
}

#[tokio::test]
async fn a_shortened_retention_is_found() {
    let mut log = TestLog::new(D1).await;
    log.seal(D1).await.unwrap();
    log.settings.retention_days = 1;
    log.seal(D2).await.unwrap();
    expect(&log.verify(D2).await, 1, &[Code::RetentionShortened]);
}

#[tokio::test]
async fn a_silent_service_is_found() {
    let mut log = TestLog::new(D1).await;
    log.policy.services.insert("tests".parse().unwrap(), 1);
    log.policy.services.insert("never".parse().unwrap(), 1);
    log.fill(1, D1, 1).await;
    log.seal(D3).await.unwrap();
    let report = log.verify(D3).await;
    expect(&report, 4, &[Code::SilentService]);
    assert_eq!(report.findings.len(), 2);
}

#[tokio::test]
async fn planted_manifests_are_checked_before_they_are_signed() {
    let log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 2).await;
    log.seal(D1).await.unwrap();
    // Tomorrow's manifest, naming a batch that does not exist: copied from an honest twin.
    let twin = TestLog::new(D1).await;
    for (key, bytes) in [
        (keys[0], log.bytes(&keys[0].to_string()).await),
        (keys[1], log.bytes(&keys[1].to_string()).await),
    ] {
        put(&twin.evidence, &key.to_string(), bytes).await;
    }
    twin.seal(D1).await.unwrap();
    twin.fill(9, D2, 1).await;
    twin.seal(D2).await.unwrap();
    put(&log.evidence, &manifest_key(day(D2)), twin.bytes(&manifest_key(day(D2))).await).await;
    let error = log.seal(D2).await.unwrap_err();
    assert!(error.to_string().contains("2026-11-21"), "{error}");
    // Garbage likewise.
    let log = TestLog::new(D1).await;
    put(&log.evidence, &manifest_key(day(D1)), b"garbage\n".to_vec()).await;
    assert!(matches!(log.seal(D1).await, Err(dayseal_chain::SealError::Manifest { .. })));
}

#[tokio::test]
async fn wiped_memory_is_not_a_pass() {
    let log = sealed().await;
    log.state.remove(&dayseal_format::names::head_key(&log.settings.origin));
    let report = log.verify(D3).await;
    expect(&report, 3, &[]);
    assert_eq!(report.anchoring.state, VerdictState::NotChecked);
    expect(&log.verify_with(D3, |o| o.first_run = true).await, 0, &[]);
}

#[tokio::test]
async fn without_a_policy_nothing_is_authenticated() {
    let log = sealed().await;
    let options = dayseal_chain::VerifyOptions::new(Level::Objects, noon(day("2026-11-23")));
    let verifier =
        dayseal_chain::Verifier::new(&*log.evidence, Some(&*log.state), None, None, options)
            .await
            .unwrap();
    let report = verifier.run(&dayseal_chain::verify::Silent).await.unwrap();
    expect(&report, 3, &[]);
    assert!(report.integrity.reason.contains("self-consistent, not authenticated"));
}

#[tokio::test]
async fn a_wrong_clock_does_not_seal() {
    let log = TestLog::new(D1).await;
    log.seal_at(&*log.evidence, &*log.state, day(D1), noon(day("2026-12-20"))).await.unwrap();
    let error = log.seal(D2).await.unwrap_err();
    assert!(matches!(error, dayseal_chain::SealError::Clock { .. }), "{error}");
}

#[tokio::test]
async fn producer_clock_wrong() {
    let log = TestLog::new(D1).await;
    log.fill(1, D1, 1).await;
    log.seal(D1).await.unwrap();
    let past = log.fill(2, "2020-02-29", 1).await[0].to_string();
    let future = log.fill(3, "2031-01-01", 1).await[0].to_string();
    let report = log.verify(D1).await;
    expect(&report, 1, &[Code::UnlistedObject]);
    let objects: Vec<_> = report.findings.iter().map(|f| f.object.as_str()).collect();
    assert_eq!(objects, [past, future]);
}

#[tokio::test]
async fn known_findings_are_shown_and_not_counted() {
    let mut log = TestLog::new(D1).await;
    let keys = log.fill(1, D1, 3).await;
    log.evidence.remove(&keys[1].to_string());
    log.seal(D1).await.unwrap();
    let report = log.verify(D1).await;
    expect(&report, 4, &[Code::Gap]);
    log.policy.known_findings.insert(report.findings[0].id.clone(), "disk swap".into());
    let report = log.verify(D1).await;
    expect(&report, 0, &[]);
    assert_eq!(report.known.len(), 1);
}
