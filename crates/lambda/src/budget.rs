//! How much of the function's time is left for work.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dayseal_format::UnixMillis;

use crate::FunctionError;

/// The environment variable that sets the reserve.
const VARIABLE: &str = "DAYSEAL_SECONDS_LEFT";
/// Enough to write memory and report, send a message and answer.
const DEFAULT_RESERVE: Duration = Duration::from_secs(30);

/// The time now, and when to stop working.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The time when the invocation began.
    pub now: UnixMillis,
    work: Duration,
}

impl Budget {
    /// Work for this long, at most.
    pub fn new(now: UnixMillis, work: Duration) -> Self {
        Self { now, work }
    }

    /// From the deadline Lambda gives, in Unix milliseconds. A reserve longer than half the time there is
    /// would leave no time to work in a function with a short limit: then it is half.
    ///
    /// # Errors
    /// [`FunctionError::Config`] for a reserve that is no number, or a clock that is no time.
    pub fn until(deadline_ms: u64) -> Result<Self, FunctionError> {
        let reserve = match std::env::var(VARIABLE) {
            Err(_) => DEFAULT_RESERVE,
            Ok(text) => Duration::from_secs(text.parse().map_err(|_| {
                FunctionError::Config(format!("{VARIABLE} `{text}`: expected whole seconds"))
            })?),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = Duration::from_millis(deadline_ms).saturating_sub(now);
        let now = i64::try_from(now.as_millis()).ok().and_then(|ms| UnixMillis::new(ms).ok());
        let now = now.ok_or_else(|| FunctionError::Config("the clock shows no time".into()))?;
        Ok(Self { now, work: left.saturating_sub(reserve.min(left / 2)) })
    }

    /// Resolves when it is time to stop.
    pub async fn over(self) {
        tokio::time::sleep(self.work).await;
    }
}
