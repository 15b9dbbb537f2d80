//! Finding an entry by its id.

use std::ops::RangeInclusive;

use dayseal_format::batch::OpenBatch;
use dayseal_format::event::{Event, EventId};
use dayseal_format::{Day, Digest, UnixMillis};
use futures_util::{StreamExt as _, stream};

use super::{JOBS, Listed, LogReader, Opened, Problem, SearchError, Tally};

/// An id is made when the event is recorded or when what was imported happened; `time` may be earlier, by as long
/// as an operation took. Batches whose times are farther from the id's are read only if asked for.
const SLACK_MS: i64 = 86_400_000;
/// Batches opened at once: the likeliest come first, and each that is read in vain costs a request.
const PROBES: usize = 3;

/// An entry, where it stands.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its batch.
    pub batch: Listed,
    /// Its place in it, from 0.
    pub index: u32,
    /// Its stored bytes, without the newline.
    pub line: Vec<u8>,
    /// The event in them.
    pub event: Event,
    /// Its salt in the batch's tree.
    pub salt: [u8; 16],
    /// Its path in that tree, leaf to root.
    pub path: Vec<Digest>,
}

/// How an entry is looked for.
#[derive(Clone, Copy, Debug)]
pub struct IdSearch {
    /// The id.
    pub id: EventId,
    /// Also in batches whose times exclude it: an id that somebody chose need not fit its event's time.
    pub full: bool,
    /// Go on behind the first: what was imported twice stands in the log twice, under one id.
    pub all: bool,
}

impl IdSearch {
    /// Searches the days around the id's time first, then all others, later ones before earlier ones: what was
    /// imported has the time at which it happened. `told` hears of problems as they come.
    ///
    /// # Errors
    /// [`SearchError`] if the store cannot be listed.
    pub async fn run(
        self,
        log: &LogReader<'_>,
        mut told: impl FnMut(Problem),
    ) -> Result<(Vec<Found>, Tally), SearchError> {
        let (mut found, mut tally) = (Vec::new(), Tally::default());
        let millis = i64::try_from(self.id.millis()).unwrap_or(i64::MAX);
        let at = UnixMillis::new(millis).unwrap_or(log.now);
        for days in ranges(at.day(), log.first_day, log.now.day()) {
            let near = |b: &Listed| self.full || distance(b, at) <= SLACK_MS;
            let mut catalog = log.catalog(days, near).await?;
            tally.days += catalog.days;
            tally.skipped += catalog.skipped;
            tally.problems += catalog.problems.len() as u64;
            catalog.problems.into_iter().for_each(&mut told);
            catalog.batches.sort_by_key(|b| (distance(b, at), b.key.day, b.key.seq));
            let opened =
                stream::iter(&catalog.batches).map(|b| async move { (b, log.open(b).await) });
            let mut opened = std::pin::pin!(opened.buffered(if self.full { JOBS } else { PROBES }));
            while let Some((batch, opened)) = opened.next().await {
                match opened {
                    Opened::Expired => tally.expired += 1,
                    Opened::Removed(_) => tally.removed += 1,
                    Opened::Problem(problem) => {
                        tally.problems += 1;
                        told(problem);
                    }
                    Opened::Batch(open) => {
                        tally.read += 1;
                        tally.entries += open.len() as u64;
                        found.extend(self.within(batch, &open));
                        if !found.is_empty() && !self.all {
                            return Ok((found, tally));
                        }
                    }
                }
            }
        }
        Ok((found, tally))
    }

    fn within(&self, batch: &Listed, open: &OpenBatch) -> Option<Found> {
        // The id stands in its entry as it is written: the others are not parsed.
        let text = self.id.to_string();
        let holds = |line: &[u8]| memchr::memmem::find(line, text.as_bytes()).is_some();
        let candidates = open.iter().enumerate().filter(|(_, line)| holds(line));
        for (index, line) in candidates {
            let Ok(event) = Event::decode(line) else { continue };
            if event.id == self.id {
                let (salt, path) = open.proof(index)?;
                let (batch, index, line) = (batch.clone(), index as u32, line.to_vec());
                return Some(Found { batch, index, line, event, salt, path });
            }
        }
        None
    }
}

/// Milliseconds between an instant and the times of a batch; 0 inside.
fn distance(batch: &Listed, at: UnixMillis) -> i64 {
    let (at, first, last) =
        (at.as_millis(), batch.first_time.as_millis(), batch.last_time.as_millis());
    (first - at).max(at - last).max(0)
}

/// The days around one, then those after, then those before.
fn ranges(made: Day, first: Day, today: Day) -> Vec<RangeInclusive<Day>> {
    let last = today.next().unwrap_or(today);
    // An id of the far future or past says nothing about where to begin.
    let made = made.clamp(first, last);
    let (from, to) = (made.previous().unwrap_or(made), made.next().unwrap_or(made));
    let mut ranges = vec![from..=to];
    ranges.extend(to.next().map(|day| day..=last).filter(|r| r.start() <= r.end()));
    ranges.extend(from.previous().map(|day| first..=day).filter(|r| r.start() <= r.end()));
    ranges
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use super::*;

    #[test]
    fn every_day_is_looked_at_once() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let (first, today) = (day("2026-11-01"), day("2026-11-20"));
        for made in ["2026-11-01", "2026-11-10", "2026-11-20", "2020-01-01", "2099-01-01"] {
            let days = ranges(day(made), first, today);
            let mut all: Vec<Day> = days.iter().flat_map(|r| r.start().through(*r.end())).collect();
            all.retain(|d| (first..=today).contains(d));
            all.sort_unstable();
            assert_eq!(all, first.through(today).collect::<Vec<_>>(), "{made}");
        }
        assert_eq!(
            ranges(day("2026-11-10"), first, today)[0],
            day("2026-11-09")..=day("2026-11-11")
        );
    }
}
