//! Entries by how they ended.

use dayseal_format::UnixMillis;
use dayseal_format::event::{EventFields, Outcome};
use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use super::top::Sum;

/// How many entries, how they ended, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub entries: u64,
    /// It was done.
    pub success: u64,
    /// It was tried and did not succeed.
    pub failure: u64,
    /// A policy, guardrail or permission stopped it.
    pub blocked: u64,
    /// It waited.
    pub deferred: u64,
    /// Nobody knows.
    pub unknown: u64,
    /// Time of the earliest.
    pub first: Option<UnixMillis>,
    /// Time of the latest.
    pub last: Option<UnixMillis>,
}

impl Tally {
    /// Counts an entry.
    pub fn add(&mut self, event: &EventFields) {
        self.entries += 1;
        let slot = match event.outcome {
            Outcome::Success => &mut self.success,
            Outcome::Failure => &mut self.failure,
            Outcome::Blocked => &mut self.blocked,
            Outcome::Deferred => &mut self.deferred,
            Outcome::Unknown => &mut self.unknown,
        };
        *slot += 1;
        self.first = earlier(self.first, Some(event.time));
        self.last = self.last.max(Some(event.time));
    }

    /// Adds the entries of another.
    pub(super) fn merge(&mut self, other: Self) {
        self.entries += other.entries;
        self.success += other.success;
        self.failure += other.failure;
        self.blocked += other.blocked;
        self.deferred += other.deferred;
        self.unknown += other.unknown;
        self.first = earlier(self.first, other.first);
        self.last = self.last.max(other.last);
    }

    /// Entries that say how it ended: success, failure or blocked.
    pub const fn decided(&self) -> u64 {
        self.success + self.failure + self.blocked
    }

    /// The share of success among [`Tally::decided`], 0 to 1; `None` if nothing was decided.
    pub fn success_rate(&self) -> Option<f64> {
        let decided = self.decided();
        (decided > 0).then(|| self.success as f64 / decided as f64)
    }

    /// Entries of this outcome.
    pub const fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Success => self.success,
            Outcome::Failure => self.failure,
            Outcome::Blocked => self.blocked,
            Outcome::Deferred => self.deferred,
            Outcome::Unknown => self.unknown,
        }
    }
}

/// The earlier of two times; `None` is no time.
pub(super) fn earlier(a: Option<UnixMillis>, b: Option<UnixMillis>) -> Option<UnixMillis> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Sum for Tally {
    fn entries(&self) -> u64 {
        self.entries
    }

    fn merge(&mut self, other: Self) {
        Self::merge(self, other);
    }
}

/// The fields, and `success_rate`.
impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut out = s.serialize_struct("Tally", 9)?;
        out.serialize_field("entries", &self.entries)?;
        for outcome in Outcome::ALL {
            out.serialize_field(outcome.as_str(), &self.of(*outcome))?;
        }
        out.serialize_field("success_rate", &self.success_rate())?;
        out.serialize_field("first", &self.first)?;
        out.serialize_field("last", &self.last)?;
        out.end()
    }
}
