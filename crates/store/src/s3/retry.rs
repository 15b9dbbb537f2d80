//! The one retry loop.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::failure::Failure;

/// The first pause is at most this long; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For one attempt.
    pub(super) attempt: Duration,
    /// For all attempts and the pauses between them.
    pub(super) deadline: Duration,
}

/// Runs `attempt` (given its number, from 0) until it succeeds, fails for good, or the deadline has passed.
///
/// Exponential backoff with full jitter: many writers that were refused together do not come back together
/// (AWS Architecture Blog, "Exponential Backoff And Jitter").
pub(super) async fn retrying<T, F>(
    patience: Patience,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let start = Instant::now();
    let mut number = 0;
    loop {
        let left = patience.deadline.saturating_sub(start.elapsed());
        let limit = patience.attempt.min(left);
        let failure = match timeout(limit, attempt(number)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failure)) if !failure.transient => return Err(failure),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::timeout(limit),
        };
        number += 1;
        let pause = pause_before(number, random_fraction());
        if start.elapsed() + pause >= patience.deadline {
            return Err(failure.after(number, start.elapsed()));
        }
        tracing::debug!(attempt = number, ?pause, cause = %failure.detail, "S3 request is retried");
        sleep(pause).await;
    }
}

/// A part, `fraction` of 256, of a pause that doubles with every attempt.
fn pause_before(attempt: u32, fraction: u8) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    longest.min(LONGEST_PAUSE) * u32::from(fraction) / 256
}

fn random_fraction() -> u8 {
    let mut byte = [128];
    // Without randomness the pause is the middle one: still correct, only less spread.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        assert_eq!(pause_before(1, 128), Duration::from_millis(50));
        assert_eq!(pause_before(3, 128), Duration::from_millis(200));
        assert_eq!(pause_before(60, 128), Duration::from_millis(2500));
        assert_eq!(pause_before(60, 0), Duration::ZERO);
    }
}
