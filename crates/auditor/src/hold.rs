//! Legal holds: what may not be erased, by a signed order of an officer.
//!
//! | part | what |
//! | --- | --- |
//! | [`Holds`] | every hold of a log and its release, read and checked; which of them covers an object |
//! | [`place`], [`release`] | sign the next statement and store it |
//! | [`unmatched`] | holds against what the log has recorded of them |
//!
//! Statements are numbered, and each names the digest of the one before: one taken out of the middle
//! is noticed by whoever reads them. The last one taken away is noticed by who remembers its number
//! (erasures do), or who can read the log. Normative: `docs/spec/erasure.md`, "Holds".

mod error;
mod kept;
mod read;
mod record;
mod write;

use std::collections::BTreeSet;

use dayseal_format::event::EventId;
use dayseal_format::names::OfficerName;
use dayseal_format::{Day, Digest, UnixMillis};
use serde::Serialize;

pub use error::HoldError;
pub use kept::Kept;
pub use record::{Recorded, placed, recorded, released, unmatched};
pub use write::{place, release};

/// Where the statements lie in the state root.
const PREFIX: &str = "holds/";
/// Kind of a statement that holds.
const HOLD: &str = "dayseal-hold";
/// Kind of a statement that ends a hold.
const RELEASE: &str = "dayseal-hold-release";
/// Longest reason, in bytes: as an entry's.
pub const MAX_REASON: usize = 256;

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All content about a person, by the names that frames have for them.
    Subjects(Vec<String>),
    /// All content of these days, both included.
    Days {
        /// First.
        from: Day,
        /// Last.
        through: Day,
    },
    /// All content of these objects: those of batches with an entry of this label, when it was placed.
    Label {
        /// The label.
        label: String,
        /// Its value.
        value: String,
        /// The last day that was looked at.
        through: Day,
        /// Content objects.
        #[serde(skip)]
        objects: BTreeSet<String>,
    },
}

impl Scope {
    /// Whether content about one of `subjects` in this content object is held.
    ///
    /// An object whose key has no day is held by every range of days.
    fn covers(&self, object: &str, subjects: &[String]) -> bool {
        match self {
            Self::Subjects(held) => held.iter().any(|name| subjects.contains(name)),
            Self::Days { from, through } => {
                let day = object.split('/').nth(1).and_then(|day| day.parse::<Day>().ok());
                day.is_none_or(|day| (*from..=*through).contains(&day))
            }
            Self::Label { objects, .. } => objects.contains(object),
        }
    }
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Its number among the statements.
    pub number: u32,
    /// When it was signed.
    pub time: UnixMillis,
    /// Who signed it.
    pub officers: Vec<OfficerText>,
    /// The entry that records it.
    pub event: EventId,
    /// Why.
    pub reason: String,
}

/// The name of an officer, as text.
pub type OfficerText = String;

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Its number among the statements.
    pub number: u32,
    /// When it was signed.
    pub time: UnixMillis,
    /// Who signed it.
    pub officers: Vec<OfficerText>,
    /// The entry that records it.
    pub event: EventId,
    /// What is held.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// How it ended, if it has.
    pub released: Option<Release>,
}

/// Every hold of one log.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    /// In the order of their numbers.
    pub all: Vec<Hold>,
    /// Number of the last statement, a hold or a release; 0 if there is none.
    last: u32,
    /// Its digest.
    digest: Option<Digest>,
}

impl Holds {
    /// Number of the last statement; 0 if there is none.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// Holds that stand.
    pub fn standing(&self) -> impl Iterator<Item = &Hold> {
        self.all.iter().filter(|hold| hold.released.is_none())
    }

    /// Number and reason of the first hold that keeps content about one of `subjects` in this object.
    pub fn covering(&self, object: &str, subjects: &[String]) -> Option<(u32, &str)> {
        let hold = self.standing().find(|hold| hold.scope.covers(object, subjects))?;
        Some((hold.number, &hold.reason))
    }
}

/// The name in an officer's key, without the log's.
pub(crate) fn officer(key: &dayseal_format::VerifierKey) -> OfficerText {
    key.name().parse::<OfficerName>().map_or_else(|_| key.name().into(), |o| o.name().into())
}
