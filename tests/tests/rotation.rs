//! A change of signing key: what is signed by whom, what the auditor sees, and what an attacker gets from it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::sync::Arc;

use dayseal_chain::verify::{CheckState, FindingCode as Code, Report};
use dayseal_chain::{SealError, SealSummary, Sealer};
use dayseal_format::names::{checkpoint_key, head_key, manifest_key};
use dayseal_format::record::Record;
use dayseal_format::{Checkpoint, Day, Note};
use dayseal_keys::{LocalKeys, LocalSigner, Signer};
use dayseal_store::Store;
use dayseal_testkit::{Fault, FaultStore, TestLog, day};

const D1: &str = "2026-11-16";
const D2: &str = "2026-11-17";
const D3: &str = "2026-11-18";
const D4: &str = "2026-11-19";

/// A log whose first day is sealed by its first key, and a key that will take over.
struct Scene {
    log: TestLog,
    old: LocalSigner,
    new: LocalSigner,
}

impl Scene {
    async fn new() -> Self {
        let log = TestLog::new(D1).await;
        for (id, on) in [(1, D1), (2, D2), (3, D3), (4, D4)] {
            log.fill(id, on, 1).await;
        }
        log.seal(D1).await.unwrap();
        let old = log.keys.signer().unwrap();
        let new = LocalKeys::generate(&log.settings.origin).unwrap().signer().unwrap();
        Self { log, old, new }
    }

    /// With days 2 and 3 sealed by both keys given: day 2 is that of the change.
    async fn rotated() -> Self {
        let scene = Self::new().await;
        scene.seal(&scene.old, Some(&scene.new), D3).await.unwrap();
        scene
    }

    /// The auditor names the new key too.
    fn named(mut self) -> Self {
        self.log.policy.verifier_keys.push(self.new.verifier_key().clone());
        self
    }

    async fn seal(
        &self,
        signer: &LocalSigner,
        next: Option<&LocalSigner>,
        through: &str,
    ) -> Result<SealSummary, SealError> {
        self.seal_in(&*self.log.evidence, signer, next, through).await
    }

    async fn seal_in(
        &self,
        evidence: &dyn Store,
        signer: &LocalSigner,
        next: Option<&LocalSigner>,
        through: &str,
    ) -> Result<SealSummary, SealError> {
        let through = day(through);
        let now = through.last_instant().saturating_add(3_600_000);
        let settings = self.log.settings.clone();
        let mut sealer = Sealer::new(evidence, &*self.log.state, signer, settings)?;
        if let Some(next) = next {
            sealer = sealer.rotating_to(next)?;
        }
        sealer.seal_through(through, now, |_| {}).await
    }

    /// Which of the two keys signed a day's checkpoint.
    async fn signed_by(&self, on: &str) -> (bool, bool) {
        let note = self.log.bytes(&checkpoint_key(day(on))).await;
        let by = |signer: &LocalSigner| {
            let key = [signer.verifier_key().clone()];
            Checkpoint::open(&note, &self.log.settings.origin, &key).is_ok()
        };
        (by(&self.old), by(&self.new))
    }

    async fn announces(&self, on: &str) -> bool {
        let records = self.log.manifest(day(on)).await.1;
        let ours = self.new.verifier_key();
        records.iter().any(|r| matches!(r, Record::Key(k) if k.verifier_key == *ours))
    }

    /// Puts a checkpoint over a day's tree, signed by others.
    async fn forge(&self, on: Day, signers: &[&LocalSigner]) {
        let key = checkpoint_key(on);
        let note = Note::parse(&self.log.bytes(&key).await).unwrap();
        let text = note.unverified_text().to_owned();
        let mut forged = format!("{text}\n");
        for signer in signers {
            let signature = signer.sign(text.as_bytes()).await.unwrap();
            Note::add_signature(&mut forged, signer.verifier_key(), &signature);
        }
        self.log.evidence.rot(&key, forged);
    }
}

fn codes(report: &Report) -> Vec<(Code, &str)> {
    report.findings.iter().map(|f| (f.code, f.object.as_str())).collect()
}

fn change(report: &Report) -> Option<CheckState> {
    report.checks.iter().find(|c| c.name == "change of signing key").map(|c| c.state)
}

#[tokio::test]
async fn the_day_of_the_change_is_signed_by_both_and_later_ones_by_the_new_key() {
    let scene = Scene::rotated().await.named();
    assert_eq!(scene.signed_by(D1).await, (true, false));
    assert_eq!(scene.signed_by(D2).await, (true, true));
    assert_eq!(scene.signed_by(D3).await, (false, true));
    assert_eq!((scene.announces(D2).await, scene.announces(D3).await), (true, false));
    let report = scene.log.verify(D3).await;
    assert_eq!((report.exit_code, change(&report)), (0, Some(CheckState::Checked)), "{report:?}");
    // Both keys may stay configured; the announcement is made once.
    scene.seal(&scene.old, Some(&scene.new), D4).await.unwrap();
    assert_eq!((scene.signed_by(D4).await, scene.announces(D4).await), ((false, true), false));
    assert_eq!(scene.log.verify(D4).await.exit_code, 0);
}

#[tokio::test]
async fn afterwards_the_new_key_alone_is_enough_and_the_old_one_is_refused() {
    for through in [D2, D3] {
        let scene = Scene::new().await;
        scene.seal(&scene.old, Some(&scene.new), through).await.unwrap();
        let refused = scene.seal(&scene.old, None, D4).await;
        let expected = match through {
            D2 => matches!(&refused, Err(SealError::KeyReplaced { .. })),
            _ => matches!(&refused, Err(SealError::Checkpoint { .. })),
        };
        assert!(expected, "{refused:?}");
        scene.seal(&scene.new, None, D4).await.unwrap();
        assert_eq!(scene.named().log.verify(D4).await.exit_code, 0);
    }
}

#[tokio::test]
async fn a_sealer_that_died_on_the_day_of_the_change_is_followed() {
    // The manifest with the announcement, the head, the checkpoint: each may be the last that was written.
    let writes = 3;
    for number in 0..40 {
        let scene = Scene::new().await;
        let inner = Arc::clone(&scene.log.evidence) as Arc<dyn Store>;
        let store = FaultStore::at(inner, number, Fault::Die);
        let died = tokio::select! {
            done = scene.seal_in(&store, &scene.old, Some(&scene.new), D2) => done.is_err(),
            () = store.died() => true,
        };
        scene.seal(&scene.old, Some(&scene.new), D3).await.unwrap();
        assert_eq!(scene.signed_by(D2).await, (true, true), "request {number}");
        assert_eq!(scene.signed_by(D3).await, (false, true), "request {number}");
        assert_eq!(scene.named().log.verify(D3).await.exit_code, 0, "request {number}");
        if !died {
            assert!(number > writes, "the sealer made {number} requests");
            return;
        }
    }
    panic!("a seal of one day takes over 40 requests");
}

#[tokio::test]
async fn a_key_that_the_policy_does_not_name_is_told_and_never_trusted() {
    let scene = Scene::new().await;
    scene.seal(&scene.old, Some(&scene.new), D2).await.unwrap();
    // The day itself is signed by the key that the policy names.
    let report = scene.log.verify(D2).await;
    assert_eq!((report.exit_code, change(&report)), (0, Some(CheckState::NotChecked)));
    scene.seal(&scene.old, Some(&scene.new), D3).await.unwrap();
    let report = scene.log.verify(D3).await;
    let (key, head) = (checkpoint_key(day(D3)), head_key(&scene.log.settings.origin));
    assert_eq!(report.exit_code, 3, "{report:?}");
    for (code, object) in codes(&report) {
        assert_eq!(code, Code::UnnamedKey);
        assert!(object == key || object.ends_with(&head), "{object}");
    }
    assert_eq!(report.findings.len(), 2);
    let named = scene.new.verifier_key().to_string();
    assert!(report.findings.iter().any(|f| f.detail.contains(&named)), "{report:?}");
    // A stranger's signature is none of this.
    let own = LocalKeys::generate(&scene.log.settings.origin).unwrap().signer().unwrap();
    let true_note = scene.log.bytes(&key).await;
    scene.forge(day(D3), &[&own]).await;
    let report = scene.log.verify(D3).await;
    assert!(codes(&report).contains(&(Code::BadSignature, key.as_str())), "{report:?}");
    assert_eq!(report.exit_code, 1);
    scene.log.evidence.rot(&key, true_note);
    assert_eq!(scene.named().log.verify(D3).await.exit_code, 0);
}

#[tokio::test]
async fn the_old_key_signs_nothing_after_the_change() {
    let scene = Scene::rotated().await.named();
    scene.forge(day(D3), &[&scene.old]).await;
    let report = scene.log.verify(D3).await;
    let key = checkpoint_key(day(D3));
    assert_eq!(codes(&report), [(Code::BadSignature, key.as_str())]);
    assert_eq!(report.exit_code, 1);
}

#[tokio::test]
async fn an_announced_key_must_have_signed_its_announcement() {
    let scene = Scene::rotated().await.named();
    scene.forge(day(D2), &[&scene.old]).await;
    let report = scene.log.verify(D3).await;
    let key = checkpoint_key(day(D2));
    assert_eq!(codes(&report), [(Code::BadSignature, key.as_str())]);
}

#[tokio::test]
async fn an_announcement_that_nobody_signed_gives_no_trust() {
    // An attacker who can write but not sign adds a record to a sealed day, and signs the next.
    let scene = Scene::new().await;
    scene.seal(&scene.old, None, D3).await.unwrap();
    let own = LocalKeys::generate(&scene.log.settings.origin).unwrap().signer().unwrap();
    let key = manifest_key(day(D2));
    let mut manifest = scene.log.bytes(&key).await;
    manifest.extend_from_slice(
        format!("{{\"kind\":\"key\",\"verifier_key\":\"{}\"}}\n", own.verifier_key()).as_bytes(),
    );
    scene.log.evidence.rot(&key, manifest);
    // His own signature beside the true one on the day's checkpoint; Ed25519 makes the true one again.
    scene.forge(day(D2), &[&scene.old, &own]).await;
    scene.forge(day(D3), &[&own]).await;
    let report = scene.log.verify(D3).await;
    let found = codes(&report);
    assert!(found.contains(&(Code::AlteredManifest, key.as_str())), "{found:?}");
    assert!(found.contains(&(Code::BadSignature, &checkpoint_key(day(D3)))), "{found:?}");
    assert_eq!((report.exit_code, change(&report)), (1, None));
}

#[tokio::test]
async fn a_planted_announcement_is_not_signed_for() {
    // A manifest that is true but for its announcement, planted where the next seal will adopt it.
    let scene = Scene::new().await;
    let stranger = LocalKeys::generate(&scene.log.settings.origin).unwrap().signer().unwrap();
    let key = head_key(&scene.log.settings.origin);
    let head = scene.log.state.get(&key, None, 100_000).await.unwrap().bytes;
    scene.seal(&scene.old, Some(&stranger), D2).await.unwrap();
    scene.log.evidence.remove(&checkpoint_key(day(D2)));
    scene.log.state.rot(&key, head);
    for next in [None, Some(&scene.new)] {
        let refused = scene.seal(&scene.old, next, D2).await;
        assert!(matches!(refused, Err(SealError::KeyReplaced { .. })), "{refused:?}");
    }
    // For whoever really makes that change it is his own half-done seal.
    scene.seal(&scene.old, Some(&stranger), D2).await.unwrap();
}
