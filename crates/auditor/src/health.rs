//! How a log does: entries by hour, last seal, lag, open streams, services that fell silent.
//!
//! Read from listings, manifests and the headers of batches that no manifest lists yet: no data key is needed and no
//! entry is opened. It is what a monitor asks every few minutes, not a proof: the newest manifest and those of the
//! days looked at are compared with their signed checkpoints, headers and the first lines of older manifests are
//! claims. `verify` is what proves.

mod counted;
mod judge;
mod look;
mod traffic;

pub use judge::{Code, Problem};
pub use look::{HealthError, Look};
pub use traffic::{Hour, NewestBatch, Streams};

use dayseal_format::record::Counts;
use dayseal_format::{Day, Origin, ServiceName, UnixMillis};
use serde::Serialize;

/// Most hours looked at: seven days.
pub const MAX_HOURS: u32 = 168;

/// How a log does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Version of this structure, 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// When it was looked at.
    pub at: UnixMillis,
    /// 0: well. Else of the problems' codes the first of 1, 4, 3.
    pub exit_code: u8,
    /// What is not well.
    pub problems: Vec<Problem>,
    /// The newest sealed day; `None` if none is, or it cannot be relied on.
    pub last_seal: Option<LastSeal>,
    /// Days that ended, with the grace, and are not sealed: first and last.
    pub waiting: Option<(Day, Day)>,
    /// Of these the ones later than the policy's `max-seal-hours` allows.
    pub overdue: Option<(Day, Day)>,
    /// Entries by hour, oldest first; the last hour is under way.
    pub hours: Vec<Hour>,
    /// Batches counted there that began in an earlier hour than they ended: they count where they ended.
    pub spanning: u64,
    /// The batch with the latest entry, of the days looked at.
    pub newest_batch: Option<NewestBatch>,
    /// Late batches that the manifests of the days looked at list.
    pub late: u64,
    /// Batches of sealed days that no manifest lists yet: the next seal takes them as late.
    pub late_waiting: u64,
    /// Streams of the day before and of today.
    pub streams: Vec<Streams>,
    /// The services that the policy expects.
    pub services: Vec<Service>,
    /// Requests to the evidence root.
    pub requests: u64,
    /// Batches whose headers were not read, since the time was up. Then the numbers of batches are too low.
    pub unread: u64,
}

/// The newest seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastSeal {
    /// The day.
    pub day: Day,
    /// When, by the sealer's word.
    pub sealed_at: UnixMillis,
    /// Seconds since then.
    pub age_seconds: u64,
    /// What the sealer found, and what the manifest lists.
    pub counts: Counts,
}

/// A service that the policy expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// The day of its newest batch; `None` if that is a week longer ago than it may be silent.
    pub last_heard: Option<Day>,
    /// Whole days without a batch, up to yesterday; at least, if it was not heard of.
    pub silent_days: u32,
    /// How many there may be.
    pub max_silent_days: u32,
    /// Whether there are more; said only if the time was not up.
    pub silent: bool,
}

/// Whole seconds from `then` to `now`; 0 if a clock is ahead.
fn age(now: UnixMillis, then: UnixMillis) -> u64 {
    u64::try_from((now.as_millis() - then.as_millis()) / 1_000).unwrap_or(0)
}
