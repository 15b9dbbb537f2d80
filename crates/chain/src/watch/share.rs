//! Which part of the past is due to be hashed again.

use dayseal_format::{Day, UnixMillis};

use super::memory::{Boundary, Memory};

const DAY_MS: u128 = 86_400_000;

/// The days to hash again now, oldest first: so many that all of `past` is done once in
/// `rehash_days`, whatever the schedule. At least one, so that a clock that stands still does not
/// stop it; never past the newest, where the next round begins.
pub(super) fn due(memory: &Memory, before: Day, now: UnixMillis, rehash_days: u32) -> &[Boundary] {
    let end = memory.days.partition_point(|b| b.day < before);
    let past = &memory.days[..end];
    let from = memory.next.map_or(0, |next| past.partition_point(|b| b.day < next));
    let rest = if from < past.len() { &past[from..] } else { past };
    let elapsed = now.as_millis().saturating_sub(memory.rehashed_at.as_millis()).max(0);
    let round = u128::from(rehash_days.max(1)) * DAY_MS;
    let share = (past.len() as u128 * u128::from(elapsed.unsigned_abs())).div_ceil(round);
    let share = usize::try_from(share).unwrap_or(usize::MAX).max(1);
    &rest[..share.min(rest.len())]
}

#[cfg(test)]
mod tests {
    use dayseal_format::Digest;

    use super::*;

    /// When the last share was hashed, in these tests.
    const START: i64 = 1_000 * 3_600_000;

    fn memory(days: u32, next: Option<&str>) -> Memory {
        let first: Day = "2026-01-01".parse().unwrap();
        let last = first.checked_add(days as i32 - 1).unwrap();
        let origin = "a.example/log".parse().unwrap();
        let mut memory = Memory::new(origin, UnixMillis::new(START).unwrap());
        let boundaries: Vec<_> = first.through(last).map(|d| (d, 1, Digest([0; 32]))).collect();
        memory.add(&boundaries, first);
        memory.next = next.map(|d| d.parse().unwrap());
        memory
    }

    fn after_hours(memory: &Memory, before: &str, hours: i64) -> Vec<String> {
        let now = UnixMillis::new(START + hours * 3_600_000).unwrap();
        let due = due(memory, before.parse().unwrap(), now, 30);
        due.iter().map(|b| b.day.to_string()).collect()
    }

    #[test]
    fn all_of_the_past_is_due_once_in_a_round_whatever_the_schedule() {
        for hours in [1, 6, 24, 100] {
            let mut memory = memory(300, None);
            let (mut done, mut at) = (Vec::new(), 0);
            while done.len() < 300 {
                at += hours;
                let share = after_hours(&memory, "2027-01-01", at);
                done.extend(share.iter().cloned());
                let last: Day = share.last().unwrap().parse().unwrap();
                memory.next = last.next();
                memory.rehashed_at = UnixMillis::new(START + at * 3_600_000).unwrap();
            }
            assert!(at <= 30 * 24 + hours, "{hours}: {at}");
            done.dedup();
            assert_eq!(done.len(), 300, "each day once, in order");
        }
    }

    #[test]
    fn a_share_begins_at_the_mark_ends_at_the_newest_and_begins_again() {
        let memory = memory(10, Some("2026-01-08"));
        assert_eq!(after_hours(&memory, "2026-01-10", 24 * 60), ["2026-01-08", "2026-01-09"]);
        assert_eq!(after_hours(&memory, "2026-01-08", 1), ["2026-01-01"]);
        assert_eq!(after_hours(&memory, "2026-01-01", 1), [""; 0]);
        assert_eq!(after_hours(&memory, "2026-01-10", -5), ["2026-01-08"], "a clock set back");
    }
}
