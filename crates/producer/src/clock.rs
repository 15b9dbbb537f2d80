//! Where the time comes from.

use std::time::{SystemTime, UNIX_EPOCH};

use dayseal_format::UnixMillis;

/// The producer's clock. Replaced in tests.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now.
    fn now(&self) -> UnixMillis;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        // A clock before 1970 or after 9999 is held at the bound; the sealer refuses such days.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        UnixMillis::new(ms).unwrap_or(UnixMillis::MAX)
    }
}
