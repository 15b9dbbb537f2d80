//! How a log treats what is private.

use std::collections::BTreeSet;

use dayseal_format::Origin;

use super::{Pseudonyms, Redaction};
use crate::OpenError;

/// How a log treats what is private; given to [`Builder::privacy`](crate::Builder::privacy).
///
/// | | [`off`](Settings::off) | default | [`strict`](Settings::strict) |
/// | --- | --- | --- | --- |
/// | redaction | nothing | credentials, card numbers | every rule |
/// | `source.address` | as it is | its network | its network |
/// | labels not declared | as they are | as they are | value dropped, key kept |
///
/// Pseudonyms need a key, so they are on only when given.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub(super) redaction: Redaction,
    pub(super) address: Address,
    pub(super) labels: Labels,
    pub(super) pseudonyms: Option<Pseudonyms>,
}

impl Settings {
    /// Changes nothing: for events that were treated elsewhere.
    pub fn off() -> Self {
        Self {
            redaction: Redaction::none(),
            address: Address::Keep,
            labels: Labels::any(),
            pseudonyms: None,
        }
    }

    /// Every rule, and only the labels named: for evidence that must hold as little as can be.
    pub fn strict<T: Into<String>>(labels: impl IntoIterator<Item = T>) -> Self {
        Self::default().redaction(Redaction::all()).labels(Labels::declared(labels))
    }

    /// Sets what is looked for in texts.
    #[must_use]
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Sets what becomes of `source.address`.
    #[must_use]
    pub fn address(mut self, address: Address) -> Self {
        self.address = address;
        self
    }

    /// Sets which labels are allowed.
    #[must_use]
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// Whether a log `origin` can work so.
    pub(crate) fn check(&self, origin: &Origin) -> Result<(), OpenError> {
        if let Some(name) = self.redaction.bad_name() {
            return Err(OpenError::Detector { name: name.to_owned() });
        }
        match &self.pseudonyms {
            None if self.address == Address::Pseudonym => {
                Err(OpenError::Missing("pseudonyms, which its addresses are to become"))
            }
            Some(other) if other.origin() != origin => Err(OpenError::OtherLog {
                expected: origin.to_string(),
                found: other.origin().to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// What makes pseudonyms, if anything does.
    pub(crate) fn pseudonyms_used(&self) -> Option<&Pseudonyms> {
        self.pseudonyms.as_ref()
    }

    /// Puts pseudonyms in the place of actors, sessions, reviewers and data subjects.
    #[must_use]
    pub fn pseudonyms(mut self, pseudonyms: Pseudonyms) -> Self {
        self.pseudonyms = Some(pseudonyms);
        self
    }
}

/// What becomes of `source.address`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// It stays, unless a rule of the redaction finds it.
    Keep,
    /// Its network: `203.0.113.0/24`, `2001:db8:1::/48`. What is no address is redacted as text, by
    /// the rules for IPv4 and IPv6 too.
    #[default]
    Network,
    /// Its pseudonym; needs [`Settings::pseudonyms`].
    Pseudonym,
}

/// Which labels an event may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub(super) declared: Option<BTreeSet<String>>,
    pub(super) refuse: bool,
}

impl Labels {
    /// All of them.
    pub fn any() -> Self {
        Self::default()
    }

    /// These. Of others the value becomes `[redacted:undeclared]`, and the event is kept.
    pub fn declared<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let declared = Some(names.into_iter().map(Into::into).collect());
        Self { declared, refuse: false }
    }

    /// Refuses an event with another label, instead: for tests and development, where somebody is
    /// there to declare it.
    #[must_use]
    pub fn or_refuse(mut self) -> Self {
        self.refuse = true;
        self
    }
}
