//! A signing key that takes over from another.

use dayseal_format::manifest::Manifest;
use dayseal_format::names::manifest_key;
use dayseal_format::{Day, Origin, VerifierKey};
use dayseal_keys::Signer;

use super::SealError;

/// The signer a sealer was given, and the one that takes over if there is one.
#[derive(Debug)]
pub(super) struct Rotation<'a> {
    signer: &'a dyn Signer,
    next: Option<&'a dyn Signer>,
    known: Vec<VerifierKey>,
}

impl<'a> Rotation<'a> {
    pub(super) fn none(signer: &'a dyn Signer) -> Self {
        Self { signer, next: None, known: vec![signer.verifier_key().clone()] }
    }

    pub(super) fn to(
        signer: &'a dyn Signer,
        next: &'a dyn Signer,
        origin: &Origin,
    ) -> Result<Self, SealError> {
        let (old, new) = (signer.verifier_key(), next.verifier_key());
        if old == new {
            let reason = format!("the next signing key is the present one, {old}");
            return Err(SealError::Settings { reason });
        }
        if new.name() != origin.as_str() {
            let reason = format!("the next signing key is that of {}", new.name());
            return Err(SealError::Settings { reason });
        }
        Ok(Self { signer, next: Some(next), known: vec![old.clone(), new.clone()] })
    }

    /// Keys whose signatures count while reading what is sealed.
    pub(super) fn known(&self) -> &[VerifierKey] {
        &self.known
    }

    pub(super) fn next(&self) -> Option<&'a dyn Signer> {
        self.next
    }

    /// The key that a day signed by `signer` announces.
    pub(super) fn announced_by(&self, signer: &dyn Signer) -> Option<&VerifierKey> {
        let next = self.next?.verifier_key();
        (signer.verifier_key() != next).then_some(next)
    }

    /// The signer that `announced` in the manifest of `day` is.
    pub(super) fn signer_of(
        &self,
        announced: &VerifierKey,
        day: Day,
        evidence: &str,
    ) -> Result<&'a dyn Signer, SealError> {
        let held = [Some(self.signer), self.next].into_iter().flatten();
        let mut held = held.filter(|s| s.verifier_key() == announced);
        held.next().ok_or_else(|| self.replaced(announced, day, evidence))
    }

    fn replaced(&self, announced: &VerifierKey, day: Day, evidence: &str) -> SealError {
        SealError::KeyReplaced {
            object: format!("{evidence}/{}", manifest_key(day)),
            announced: Box::new(announced.clone()),
            given: Box::new(self.signer.verifier_key().clone()),
        }
    }

    /// Who signs a day whose turn it is for `signer`, by its manifest as it is stored, and who signs
    /// the day after.
    pub(super) fn signers(
        &self,
        signer: &'a dyn Signer,
        manifest: &Manifest,
        evidence: &str,
    ) -> Result<(Vec<&'a dyn Signer>, &'a dyn Signer), SealError> {
        let Some(announced) = &manifest.next_key else { return Ok((vec![signer], signer)) };
        // The manifest may be planted by somebody who can write: a change is signed for only if it is
        // the one that this sealer is to make, and never back to the key before.
        match self.next {
            Some(next) if self.announced_by(signer) == Some(announced) => {
                Ok((vec![signer, next], next))
            }
            _ => Err(self.replaced(announced, manifest.day.day, evidence)),
        }
    }
}
