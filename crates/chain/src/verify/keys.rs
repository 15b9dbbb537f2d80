//! Changes of the signing key: announced by the log, trusted by the policy only.

use dayseal_format::names::{checkpoint_key, head_key};
use dayseal_format::note::MAX_NOTE;
use dayseal_format::{Checkpoint, Day, VerifierKey};
use dayseal_store::{Store, StoreError};

use super::chain::DayManifest;
use super::finding::{Finding, FindingCode as Code};
use super::report::{Check, CheckState};
use super::verifier::Verifier;
use super::walk::{Announced, Walk};

impl Verifier<'_> {
    /// Keys whose signature counts on a day's checkpoint: the policy's, and once the log announced one
    /// of them as its key, that one alone. A key that was given up signs nothing any more.
    pub(super) fn keys_of(&self, walk: &Walk, day: Option<Day>) -> Vec<VerifierKey> {
        match self.announced_for(walk, day) {
            Some(key) if self.keys.contains(&key) => vec![key],
            _ => self.keys.clone(),
        }
    }

    /// Why a checkpoint that no key of the policy signed is not plainly forged: its signature is valid
    /// under the key that the log announced for this day.
    pub(super) fn unnamed(&self, walk: &Walk, day: Option<Day>, note: &[u8]) -> Option<String> {
        let key = self.announced_for(walk, day).filter(|k| !self.keys.contains(k))?;
        Checkpoint::open(note, &self.origin, std::slice::from_ref(&key)).ok()?;
        Some(format!("signed by {key}, which the log announced and the policy does not name"))
    }

    /// The key that the log announced for a day.
    fn announced_for(&self, walk: &Walk, day: Option<Day>) -> Option<VerifierKey> {
        let day = day?;
        let before = walk.announced.iter().rev().find(|a| a.day < day)?;
        before.key.parse().ok()
    }

    /// Takes note of a change that the day announces: only if a key that may sign the day did sign this
    /// very manifest, and the new key signed it too.
    pub(super) async fn note_key(
        &self,
        walk: &mut Walk,
        day: Day,
        read: &DayManifest,
        signed: &Checkpoint,
    ) -> Result<(), StoreError> {
        let Some(key) = &read.manifest.next_key else { return Ok(()) };
        if !read.is_of(signed) {
            // An altered manifest, which is reported as such.
            return Ok(());
        }
        let object = checkpoint_key(day);
        let note = self.oldest(&object, MAX_NOTE as u64).await?;
        match Checkpoint::open(&note, &self.origin, std::slice::from_ref(key)) {
            Ok(_) => walk.announced.push(Announced { day, key: key.to_string() }),
            Err(error) => {
                let detail = format!("the day announces a new key that did not sign it: {error}");
                walk.find(Finding::new(Code::BadSignature, day, object, detail));
            }
        }
        Ok(())
    }

    /// Whether the head in the state root is signed by the key announced last, which the policy lacks.
    pub(super) async fn head_is_unnamed(&self, walk: &Walk, state: &dyn Store) -> bool {
        let Ok(head) = state.get(&head_key(&self.origin), None, MAX_NOTE as u64).await else {
            return false;
        };
        let newest = walk.announced.last().and_then(|a| a.key.parse::<VerifierKey>().ok());
        newest.is_some_and(|key| {
            Checkpoint::open(&head.bytes, &self.origin, std::slice::from_ref(&key)).is_ok()
        })
    }

    /// A line on each change of key, if there was any.
    pub(super) fn announced_keys(&self, announced: &[Announced]) -> Option<Check> {
        let newest = announced.last()?;
        let named = |a: &&Announced| self.keys.iter().any(|k| k.to_string() == a.key);
        let missing = announced.iter().find(|a| !named(a));
        let (state, detail) = match missing {
            None => {
                let detail = format!("since {} signed by {}", newest.day, newest.key);
                (CheckState::Checked, detail)
            }
            Some(a) => {
                let detail = format!(
                    "{} announces {}, which the policy does not name: days after it cannot be checked",
                    a.day, a.key
                );
                (CheckState::NotChecked, detail)
            }
        };
        Some(Check { name: "change of signing key".into(), state, detail })
    }
}
