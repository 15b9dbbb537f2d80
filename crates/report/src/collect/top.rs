//! The most frequent of many names, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Serialize;

/// Names that are counted exactly; beyond them, rare ones are dropped.
pub const EXACT: usize = 4_096;

/// What is summed up for a name.
pub trait Sum: Default {
    /// How many entries are in it: what names are ranked by.
    fn entries(&self) -> u64;
    /// Adds what another summed up of later entries.
    fn merge(&mut self, other: Self);
}

/// Counts names. Up to [`EXACT`] of them it is exact. Beyond, whenever twice as many are held, the rarer half is
/// dropped; the most that any count can then be short of is known. Demaine and others, "Frequency Estimation of
/// Internet Packet Streams" (2002), with the decrements done in batches and only remembered.
#[derive(Debug)]
pub struct Top<S> {
    names: HashMap<String, S>,
    capacity: usize,
    total: u64,
    most_held: usize,
    short: u64,
}

impl<S: Sum> Default for Top<S> {
    fn default() -> Self {
        Self::with_capacity(EXACT)
    }
}

impl<S: Sum> Top<S> {
    /// One that counts this many names exactly.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { names: HashMap::new(), capacity, total: 0, most_held: 0, short: 0 }
    }

    /// Counts one entry of this name; `add` adds it to its sum.
    pub fn add(&mut self, name: &str, add: impl FnOnce(&mut S)) {
        self.total += 1;
        if let Some(sum) = self.names.get_mut(name) {
            add(sum);
            return;
        }
        let mut sum = S::default();
        add(&mut sum);
        self.names.insert(name.to_owned(), sum);
        self.most_held = self.most_held.max(self.names.len());
        if self.names.len() > 2 * self.capacity {
            self.prune();
        }
    }

    /// Adds what another counted. Exact as long as both are and their names are few; what either is short of, the
    /// sum may be short of too (Agarwal and others, "Mergeable Summaries", 2012).
    pub fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.short += other.short;
        for (name, sum) in other.names {
            match self.names.entry(name) {
                Entry::Occupied(mut held) => held.get_mut().merge(sum),
                Entry::Vacant(free) => drop(free.insert(sum)),
            }
        }
        self.most_held = self.most_held.max(other.most_held).max(self.names.len());
        // At the end, so that it does not matter in which order names came.
        if self.names.len() > 2 * self.capacity {
            self.prune();
        }
    }

    /// Drops the rarer names until no more than `capacity` are left.
    fn prune(&mut self) {
        let mut counts: Vec<u64> = self.names.values().map(Sum::entries).collect();
        let at = counts.len() - self.capacity;
        let (_, most_dropped, _) = counts.select_nth_unstable(at - 1);
        let most_dropped = *most_dropped;
        // All that are as rare go, so that which of them stays is no chance.
        self.names.retain(|_, sum| sum.entries() > most_dropped);
        self.short += most_dropped;
    }

    /// The names in the order of their entries, of equal ones by name, at most `most`.
    pub fn finish(self, most: usize) -> Ranking<S> {
        let (total, exact) = (self.total, self.short == 0);
        let mut top: Vec<Ranked<S>> =
            self.names.into_iter().map(|(name, sum)| Ranked { name, sum }).collect();
        let key = |r: &Ranked<S>| (std::cmp::Reverse(r.sum.entries()), r.name.clone());
        top.sort_by_cached_key(key);
        top.truncate(most);
        let others = total.saturating_sub(top.iter().map(|r| r.sum.entries()).sum());
        let (distinct, at_most_short) = (self.most_held as u64, self.short);
        Ranking { distinct, exact, at_most_short, others, top }
    }
}

/// Names with the most entries.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking<S> {
    /// Different names; if not `exact`, at least so many.
    pub distinct: u64,
    /// Whether every number is exact.
    pub exact: bool,
    /// The most entries that any of the counts is short of; 0 if `exact`.
    pub at_most_short: u64,
    /// Entries of names that `top` does not list.
    pub others: u64,
    /// The most frequent names, the first first.
    pub top: Vec<Ranked<S>>,
}

impl<S> Default for Ranking<S> {
    fn default() -> Self {
        Self { distinct: 0, exact: true, at_most_short: 0, others: 0, top: Vec::new() }
    }
}

/// One name.
#[derive(Clone, Debug, Serialize)]
pub struct Ranked<S> {
    /// As it stands in the log.
    pub name: String,
    /// Its sums.
    #[serde(flatten)]
    pub sum: S,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct N(u64);

    impl Sum for N {
        fn entries(&self) -> u64 {
            self.0
        }

        fn merge(&mut self, other: Self) {
            self.0 += other.0;
        }
    }

    fn count(top: &mut Top<N>, name: &str) {
        top.add(name, |n| n.0 += 1);
    }

    #[test]
    fn few_names_are_exact() {
        let mut top = Top::with_capacity(8);
        for n in 0..8u64 {
            (0..=n).for_each(|_| count(&mut top, &format!("n{n}")));
        }
        let ranking = top.finish(3);
        assert!(ranking.exact && ranking.at_most_short == 0);
        assert_eq!(ranking.distinct, 8);
        let names: Vec<_> = ranking.top.iter().map(|r| (r.name.as_str(), r.sum.0)).collect();
        assert_eq!(names, [("n7", 8), ("n6", 7), ("n5", 6)]);
        assert_eq!(ranking.others, 36 - 21);
    }

    proptest::proptest! {
        /// Whatever comes: memory is bounded, no count is too high, and none is short of more than is said.
        #[test]
        fn many_names_are_bounded(
            names in proptest::collection::vec(0u16..200, 0..3_000),
            part in 1..400usize,
        ) {
            let (mut top, mut parts) = (Top::with_capacity(16), Top::with_capacity(16));
            let mut exact: HashMap<String, u64> = HashMap::new();
            for (at, n) in names.iter().enumerate() {
                // A few names are frequent.
                let name = format!("n{}", if n % 3 == 0 { n % 5 } else { *n });
                count(&mut top, &name);
                *exact.entry(name).or_default() += 1;
                proptest::prop_assert!(parts.names.len() <= 32);
                if at % part == part - 1 {
                    parts.merge(std::mem::replace(&mut top, Top::with_capacity(16)));
                }
            }
            parts.merge(top);
            proptest::prop_assert!(parts.names.len() <= 32);
            let ranking = parts.finish(usize::MAX);
            proptest::prop_assert!(ranking.distinct <= exact.len() as u64);
            proptest::prop_assert_eq!(ranking.exact, ranking.at_most_short == 0);
            let listed: u64 = ranking.top.iter().map(|r| r.sum.0).sum();
            proptest::prop_assert_eq!(listed + ranking.others, names.len() as u64);
            for (name, count) in &exact {
                let found = ranking.top.iter().find(|r| r.name == *name).map_or(0, |r| r.sum.0);
                proptest::prop_assert!(found <= *count);
                proptest::prop_assert!(count - found <= ranking.at_most_short);
            }
        }
    }
}
