//! Interleaved rounds, CPU time of one thread, medians.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// CPU time of the calling thread: what a core spent, whoever else ran meanwhile.
pub fn thread_cpu() -> Duration {
    since(ClockId::ThreadCPUTime)
}

/// CPU time of the process, all threads.
pub fn process_cpu() -> Duration {
    since(ClockId::ProcessCPUTime)
}

fn since(clock: ClockId) -> Duration {
    let t = clock_gettime(clock);
    Duration::new(t.tv_sec.unsigned_abs(), t.tv_nsec.unsigned_abs() as u32)
}

/// The middle value; the mean of the two middle ones of an even number. 0 for none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The value below which this share (0 to 1) of the sorted values lies.
pub fn quantile(sorted: &[u64], share: f64) -> u64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Something measured in every round.
pub struct Stage<'a, S> {
    /// Its name in the results.
    pub name: &'static str,
    /// One round of it.
    pub run: Box<dyn FnMut(&mut S) + 'a>,
}

/// One stage's times.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    /// Stage.
    pub name: &'static str,
    /// Median of the rounds, nanoseconds of CPU per item.
    pub ns: f64,
    /// Every round, in order.
    #[serde(skip)]
    pub rounds: Vec<f64>,
}

/// Runs every stage once a round, in turn, so that a slow spell of the machine hits all of them.
/// The first two rounds warm up and are not counted.
pub fn interleave<S>(
    state: &mut S,
    stages: &mut [Stage<'_, S>],
    rounds: usize,
    items: usize,
) -> Vec<Timing> {
    const WARM_UP: usize = 2;
    let mut times = vec![Vec::with_capacity(rounds); stages.len()];
    for round in 0..rounds + WARM_UP {
        for (stage, times) in stages.iter_mut().zip(&mut times) {
            let before = thread_cpu();
            (stage.run)(state);
            let spent = thread_cpu() - before;
            if round >= WARM_UP {
                times.push(spent.as_nanos() as f64 / items as f64);
            }
        }
    }
    stages
        .iter()
        .zip(times)
        .map(|(stage, rounds)| Timing { name: stage.name, ns: median(&rounds), rounds })
        .collect()
}

/// Peak resident memory of this process so far, in bytes; 0 where the kernel does not tell.
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
        let sorted: Vec<u64> = (0..100).collect();
        assert_eq!((quantile(&sorted, 0.5), quantile(&sorted, 0.99)), (50, 99));
        assert_eq!(quantile(&sorted, 1.0), 99);
    }
}
