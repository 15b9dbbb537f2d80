//! What a caller has the entries of already, from a verification that opened them.

use std::collections::{BTreeSet, HashMap, HashSet};

use dayseal_format::{BatchKey, Day};

/// Sealed batches whose entries a caller has, by the days that list them: a scan leaves them unread, and counts
/// them as read.
///
/// In memory: days, and the batches of days of which not all are taken.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    whole: BTreeSet<Day>,
    others: HashMap<Day, HashSet<BatchKey>>,
    batches: u64,
    entries: u64,
}

impl Taken {
    /// Takes a batch.
    pub fn batch(&mut self, sealed_by: Day, key: BatchKey, entries: u64) {
        self.batches += 1;
        self.entries += entries;
        self.others.entry(sealed_by).or_default().insert(key);
    }

    /// All batches that the manifest of this day lists were taken.
    pub fn day(&mut self, sealed_by: Day) {
        self.whole.insert(sealed_by);
        self.others.remove(&sealed_by);
    }

    /// Whether all batches were taken that the manifest of this day lists.
    pub(crate) fn has_day(&self, sealed_by: Day) -> bool {
        self.whole.contains(&sealed_by)
    }

    /// Whether this batch was taken, of the day that lists it.
    pub(crate) fn has(&self, sealed_by: Day, key: &BatchKey) -> bool {
        self.has_day(sealed_by)
            || self.others.get(&sealed_by).is_some_and(|keys| keys.contains(key))
    }

    /// Batches and entries taken.
    pub(crate) const fn counts(&self) -> (u64, u64) {
        (self.batches, self.entries)
    }
}

#[cfg(test)]
mod tests {
    use dayseal_format::{Digest, StreamId};

    use super::*;

    #[test]
    fn whole_days_are_remembered_by_themselves_and_others_by_their_batches() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let (first, second, third) = (day("2026-11-01"), day("2026-11-02"), day("2026-11-03"));
        let key =
            |day, seq| BatchKey { day, stream: StreamId([7; 16]), seq, digest: Digest::of(b"x") };
        let mut taken = Taken::default();
        taken.batch(first, key(first, 0), 2);
        taken.batch(first, key(first, 1), 3);
        assert!(taken.has(first, &key(first, 1)) && !taken.has(first, &key(first, 2)));
        taken.day(first);
        assert!(taken.has(first, &key(first, 2)), "of a whole day all are");
        // Late, and listed by a day that is not whole.
        taken.batch(second, key(first, 9), 4);
        taken.batch(third, key(third, 0), 5);
        taken.day(third);
        assert!(taken.has(second, &key(first, 9)) && !taken.has(second, &key(second, 0)));
        assert!(!taken.has(day("2026-11-04"), &key(first, 9)), "as another day lists it");
        assert!(taken.has_day(first) && !taken.has_day(second) && taken.has_day(third));
        assert_eq!((taken.counts(), taken.others.len()), ((4, 14), 1));
    }
}
