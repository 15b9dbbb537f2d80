//! What is late: days without a seal, services without a word.

use dayseal_format::{Day, UnixMillis};

/// Days that must be sealed `hours` after their end and are not, first and last; `newest` is the newest sealed one.
pub fn overdue(
    first_day: Day,
    newest: Option<Day>,
    hours: u32,
    now: UnixMillis,
) -> Option<(Day, Day)> {
    let due = now.saturating_add(-i64::from(hours) * 3_600_000).day().previous()?;
    let next = newest.map_or(Some(first_day), Day::next)?;
    (next <= due).then_some((next, due))
}

/// Days in a row without a batch of a service, up to `last`: since it was heard of, or else since the day before
/// `first`.
pub fn silent_days(heard: Option<Day>, first: Option<Day>, last: Day) -> i32 {
    let since = heard.or(first.and_then(Day::previous)).unwrap_or(last);
    last.days_since(since)
}
