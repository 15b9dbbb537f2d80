//! How long things took: buckets that are narrow everywhere, in constant memory.

use serde::Serialize;

/// Buckets of each power of two: a bucket is at most 1/16 of its values wide.
const PER_OCTAVE: u64 = 16;
/// Bits of the values below which each has a bucket of its own.
const LINEAR_BITS: u32 = 5;
/// Buckets: values below 32, then 16 for each of the 59 powers of two above.
const BUCKETS: usize = 32 + 59 * 16;
/// Bounds of what people are shown, in milliseconds: the last one is open.
pub const BOUNDS: [u64; 14] =
    [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 86_400_000];

/// Counts durations in milliseconds.
///
/// Buckets as HdrHistogram has them: percentiles are the upper bound of a bucket, at most 6.25 % above the value.
#[derive(Debug)]
pub struct Latencies {
    buckets: Vec<u64>,
    shown: [u64; BOUNDS.len() + 1],
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let shown = [0; BOUNDS.len() + 1];
        Self { buckets: vec![0; BUCKETS], shown, count: 0, sum: 0, min: u64::MAX, max: 0 }
    }
}

fn bucket(ms: u64) -> usize {
    if ms < 1 << LINEAR_BITS {
        return ms as usize;
    }
    let octave = 63 - ms.leading_zeros();
    let within = (ms >> (octave - 4)) - PER_OCTAVE;
    32 + (octave - LINEAR_BITS) as usize * PER_OCTAVE as usize + within as usize
}

/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    if bucket < 32 {
        return bucket as u64;
    }
    let (octave, within) = ((bucket - 32) / 16 + 5, (bucket - 32) as u64 % 16);
    let low = (u128::from(PER_OCTAVE) + u128::from(within) + 1) << (octave - 4);
    u64::try_from(low - 1).unwrap_or(u64::MAX)
}

impl Latencies {
    /// Counts one.
    pub fn add(&mut self, ms: u64) {
        self.buckets[bucket(ms)] += 1;
        let shown = BOUNDS.partition_point(|bound| ms >= *bound);
        self.shown[shown] += 1;
        self.count += 1;
        self.sum += u128::from(ms);
        self.min = self.min.min(ms);
        self.max = self.max.max(ms);
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, n)| *sum += n);
        self.shown.iter_mut().zip(&other.shown).for_each(|(sum, n)| *sum += n);
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The value that this share of all, in thousandths, does not exceed.
    fn at(&self, thousandths: u64) -> u64 {
        let rank = (u128::from(self.count) * u128::from(thousandths)).div_ceil(1_000).max(1);
        let mut seen = 0u128;
        for (n, count) in self.buckets.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return upper(n).min(self.max);
            }
        }
        self.max
    }

    /// What came out.
    pub fn finish(&self) -> Latency {
        if self.count == 0 {
            return Latency::default();
        }
        let mean = u64::try_from(self.sum / u128::from(self.count)).unwrap_or(u64::MAX);
        let mut buckets: Vec<Bucket> = Vec::new();
        for (n, entries) in self.shown.iter().enumerate() {
            let from_ms = n.checked_sub(1).map_or(0, |before| BOUNDS[before]);
            buckets.push(Bucket { from_ms, below_ms: BOUNDS.get(n).copied(), entries: *entries });
        }
        Latency {
            entries: self.count,
            min_ms: Some(self.min),
            mean_ms: Some(mean),
            p50_ms: Some(self.at(500)),
            p90_ms: Some(self.at(900)),
            p99_ms: Some(self.at(990)),
            max_ms: Some(self.max),
            buckets,
        }
    }
}

/// How durations are distributed. Percentiles are at most 6.25 % too high; all others are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Entries that say how long they took.
    pub entries: u64,
    /// The shortest.
    pub min_ms: Option<u64>,
    /// On average, rounded down.
    pub mean_ms: Option<u64>,
    /// Half took no longer.
    pub p50_ms: Option<u64>,
    /// Nine of ten took no longer.
    pub p90_ms: Option<u64>,
    /// 99 of 100 took no longer.
    pub p99_ms: Option<u64>,
    /// The longest.
    pub max_ms: Option<u64>,
    /// How many took how long; empty if none said.
    pub buckets: Vec<Bucket>,
}

/// Entries that took from `from_ms` to below `below_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Not shorter.
    pub from_ms: u64,
    /// Shorter; `None`: no bound.
    pub below_ms: Option<u64>,
    /// Entries.
    pub entries: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_narrow_bucket() {
        for exponent in 0..64 {
            for near in [-1i128, 0, 1] {
                let ms = (1i128 << exponent) + near;
                let Ok(ms) = u64::try_from(ms) else { continue };
                let (n, top) = (bucket(ms), upper(bucket(ms)));
                assert!(n < BUCKETS && top >= ms, "{ms} in {n} up to {top}");
                assert!(top - ms <= ms / 16, "{ms}: {top} is too far");
                assert!(n == 0 || upper(n - 1) < ms, "{ms} belongs below {n}");
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_of_known_values() {
        let mut all = Latencies::default();
        (1..=1_000).for_each(|ms| all.add(ms));
        let found = all.finish();
        assert_eq!((found.entries, found.min_ms, found.max_ms), (1_000, Some(1), Some(1_000)));
        assert_eq!(found.mean_ms, Some(500));
        for (found, exact) in [(found.p50_ms, 500), (found.p90_ms, 900), (found.p99_ms, 990)] {
            let found = found.unwrap();
            assert!(found >= exact && found <= exact + exact / 16, "{found} for {exact}");
        }
        assert_eq!(found.buckets.iter().map(|b| b.entries).sum::<u64>(), 1_000);
        let ten = found.buckets.iter().find(|b| b.from_ms == 10).unwrap();
        assert_eq!((ten.below_ms, ten.entries), (Some(30), 20));
    }

    #[test]
    fn of_two_values_the_smaller_is_the_median() {
        let mut all = Latencies::default();
        [3, 20].into_iter().for_each(|ms| all.add(ms));
        let found = all.finish();
        assert_eq!((found.p50_ms, found.p90_ms), (Some(3), Some(20)));
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Latencies::default().finish(), Latency::default());
    }
}
