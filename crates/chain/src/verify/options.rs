//! What a verification is asked to do.

use dayseal_format::{Checkpoint, Day, Level, UnixMillis};

/// Scope and depth of a run.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// How deep.
    pub level: Level,
    /// The time now: decides what is overdue and what has expired.
    pub now: UnixMillis,
    /// First day to verify; the policy's first day if `None`.
    pub first: Option<Day>,
    /// Last day to verify; the newest sealed one if `None`.
    pub last: Option<Day>,
    /// A head that the caller remembered, its signature already verified with the policy's keys.
    pub known_head: Option<Checkpoint>,
    /// The caller has no memory yet and says so.
    pub first_run: bool,
    /// Objects worked on at once.
    pub jobs: usize,
}

impl VerifyOptions {
    /// Everything, at this level, now.
    pub fn new(level: Level, now: UnixMillis) -> Self {
        Self { level, now, first: None, last: None, known_head: None, first_run: false, jobs: 8 }
    }
}

/// Hears how far a run is. All methods do nothing unless overridden.
pub trait Progress: Send + Sync {
    /// The run will visit this many days.
    fn days(&self, _count: u64) {}
    /// A day begins, with this many objects.
    fn day(&self, _day: Day, _objects: u64) {}
    /// An object was worked on.
    fn object(&self, _bytes: u64) {}
    /// A day is done; `walk` is where a later run can go on.
    fn day_done(&self, _walk: &super::Walk) {}
}

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {}
