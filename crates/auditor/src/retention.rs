//! Retention: what expires when, what it costs, and the lifecycle of a log in a directory.
//!
//! | part | what |
//! | --- | --- |
//! | [`plan()`] | by day: what is stored, until when it must be kept, when the rules take it, its cost |
//! | [`apply()`] | takes from a directory what the rules of a bucket would take |
//!
//! The rules are those of `infra/`: entries go a margin after their day's `keep_until`, manifests and
//! checkpoints a year after that. `docs/retention.md` has them in words.

mod apply;
mod cost;
mod plan;
mod stock;

pub use apply::{Applied, AppliedDay, Left, Roots, Swept, apply};
pub use cost::{CLASSES, ClassCost, StorageClass};
pub use plan::{Change, Effect, Plan, PlannedDay, SealedSpan, plan};

use dayseal_chain::SealError;
use dayseal_chain::expiry::CHAIN_DAYS;
use dayseal_format::{Day, UnixMillis};
use dayseal_store::StoreError;

/// Days from the end of a day's retention to its expiry: a lock must have ended before (`infra/`).
pub const DEFAULT_MARGIN_DAYS: u16 = 7;
/// Days that content is kept if nothing says otherwise (`infra/`).
pub const DEFAULT_CONTENT_DAYS: u16 = 30;

/// Whether an object of a day is held: kept past its time for a legal reason.
pub type Held<'a> = &'a (dyn Fn(&str, Day) -> bool + Sync);

/// Nothing is held.
pub fn nothing_held(_key: &str, _day: Day) -> bool {
    false
}

/// When what expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Days from `keep_until` to the expiry of entries.
    pub margin_days: u16,
    /// Days that content is kept.
    pub content_days: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self { margin_days: DEFAULT_MARGIN_DAYS, content_days: DEFAULT_CONTENT_DAYS }
    }
}

impl Rules {
    /// The first day on which entries of a day with this `keep_until` are gone.
    pub fn entries_gone(&self, keep_until: Day) -> Day {
        later(keep_until, i32::from(self.margin_days) + 1)
    }

    /// The same of a manifest and checkpoint; `keep_until` is the latest of the day and of those before it.
    pub fn chain_gone(&self, keep_until: Day) -> Day {
        later(keep_until, i32::from(self.margin_days) + i32::from(CHAIN_DAYS) + 1)
    }

    /// The same of content of `day`.
    pub fn content_gone(&self, day: Day) -> Day {
        later(day, i32::from(self.content_days) + 1)
    }
}

/// `days` after `day`, or the last day there is.
fn later(day: Day, days: i32) -> Day {
    day.checked_add(days).unwrap_or(UnixMillis::MAX.day())
}

/// Why nothing could be planned or applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetentionError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] SealError),
    /// The first line of a manifest is none.
    #[error("{object} is not a manifest: {reason}; `dayseal verify` says more")]
    Manifest {
        /// The object.
        object: String,
        /// What is wrong.
        reason: String,
    },
}
