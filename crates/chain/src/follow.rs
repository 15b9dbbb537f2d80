//! What lands in a log, as it lands: for people who watch.
//!
//! A [`Follower`] says which batches are new since it looked last. It remembers their names and nothing
//! else, and asks for the streams that may still grow only. When a day ends it goes on with the next,
//! and looks at the old one for a while longer: batches closed before midnight land after it.

use std::collections::{BTreeMap, BTreeSet};

use dayseal_format::names::entries_prefix;
use dayseal_format::{BatchKey, Day, UnixMillis};
use dayseal_store::{Store, StoreError};

use crate::read::{list_day, list_prefix};

/// Streams of so many batches are listed by blocks of a hundred sequence numbers, from the block before the newest
/// batch on: a long stream is not listed from its beginning every two seconds.
const BY_BLOCKS: u32 = 500;
/// Digits of a sequence number that name its block: all but the last two.
const BLOCK: u32 = 100;
/// How long after its end a day is looked at: some tries of a producer that cannot store at once.
const LINGER_MS: i64 = 120_000;

/// What was not there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Batches, in order within each stream.
    pub batches: Vec<BatchKey>,
    /// Names that are none.
    pub others: Vec<String>,
}

/// Follows a log from one day on.
#[derive(Debug)]
pub struct Follower {
    /// The days still looked at, in order; never none.
    days: BTreeMap<Day, Seen>,
}

/// What is known of one day.
#[derive(Debug, Default)]
struct Seen {
    /// Whether all of it was listed once.
    listed: bool,
    names: BTreeSet<String>,
    /// Prefixes of streams that said they end.
    closed: BTreeSet<String>,
    /// The newest sequence number of each stream, by its prefix.
    newest: BTreeMap<String, u32>,
}

impl Follower {
    /// Begins with this day.
    pub fn new(day: Day) -> Self {
        Self { days: BTreeMap::from([(day, Seen::default())]) }
    }

    /// What is new. A day that ended before `now` is left behind after two minutes.
    ///
    /// # Errors
    /// What the store reports; then nothing counts as seen, and the next call tries again.
    pub async fn poll(
        &mut self,
        evidence: &dyn Store,
        now: UnixMillis,
    ) -> Result<Found, StoreError> {
        if self.days.keys().next_back().is_none_or(|last| *last < now.day()) {
            self.days.entry(now.day()).or_default();
        }
        let mut found = Found::default();
        let days: Vec<Day> = self.days.keys().copied().collect();
        for day in days {
            let Some(seen) = self.days.get_mut(&day) else { continue };
            let (batches, others) = seen.list(evidence, day).await?;
            for key in batches {
                let name = key.to_string();
                if !seen.names.contains(&name) {
                    found.batches.push(key);
                }
            }
            found.others.extend(others.into_iter().filter(|name| !seen.names.contains(name)));
        }
        // Only now: an error above must not swallow what was found before it.
        for key in &found.batches {
            if let Some(seen) = self.days.get_mut(&key.day) {
                seen.names.insert(key.to_string());
                let newest = seen.newest.entry(stream_prefix(key)).or_default();
                *newest = key.seq.max(*newest);
            }
        }
        for (day, seen) in &mut self.days {
            seen.listed = true;
            let prefix = entries_prefix(*day);
            seen.names.extend(found.others.iter().filter(|n| n.starts_with(&prefix)).cloned());
        }
        let over = |day: &Day| now.as_millis() - day.last_instant().as_millis() > LINGER_MS;
        let newest = self.days.keys().next_back().copied();
        self.days.retain(|day, _| Some(*day) == newest || !over(day));
        Ok(found)
    }

    /// The stream of this batch said that it ends here: it need not be asked for again.
    pub fn closed(&mut self, key: &BatchKey) {
        if let Some(seen) = self.days.get_mut(&key.day) {
            seen.closed.insert(stream_prefix(key));
        }
    }

    /// This batch could not be had now: it is new again next time.
    pub fn again(&mut self, key: &BatchKey) {
        if let Some(seen) = self.days.get_mut(&key.day) {
            seen.names.remove(&key.to_string());
        }
    }
}

impl Seen {
    async fn list(
        &self,
        evidence: &dyn Store,
        day: Day,
    ) -> Result<(Vec<BatchKey>, Vec<String>), StoreError> {
        if !self.listed {
            return list_day(evidence, day).await;
        }
        let (mut batches, mut others) = (Vec::new(), Vec::new());
        for stream in evidence.list_prefixes(&entries_prefix(day)).await? {
            if !self.closed.contains(&stream) {
                self.list_stream(evidence, &stream, &mut batches, &mut others).await?;
            }
        }
        Ok((batches, others))
    }

    async fn list_stream(
        &self,
        evidence: &dyn Store,
        stream: &str,
        batches: &mut Vec<BatchKey>,
        others: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let newest = self.newest.get(stream).copied().unwrap_or_default();
        if newest < BY_BLOCKS {
            let listed = list_prefix(evidence, stream).await?;
            batches.extend(listed.0);
            others.extend(listed.1);
            return Ok(());
        }
        for block in newest / BLOCK - 1.. {
            // `00001234-<digest>.batch` lies in block `000012`.
            let listed = list_prefix(evidence, &format!("{stream}{block:06}")).await?;
            let empty = listed.0.is_empty() && listed.1.is_empty();
            batches.extend(listed.0);
            others.extend(listed.1);
            if empty && block > newest / BLOCK {
                break;
            }
        }
        Ok(())
    }
}

fn stream_prefix(key: &BatchKey) -> String {
    format!("{}{}/", entries_prefix(key.day), key.stream)
}

#[cfg(test)]
mod tests {
    use dayseal_format::{Digest, StreamId};
    use dayseal_store::MemoryStore;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn at(text: &str) -> UnixMillis {
        text.parse().unwrap()
    }

    fn put(store: &MemoryStore, day: Day, stream: u8, seq: u32) -> BatchKey {
        let stream: StreamId = hex(stream).parse().unwrap();
        let key = BatchKey { day, stream, seq, digest: Digest::of(&seq.to_be_bytes()) };
        store.overwrite(&key.to_string(), "x");
        key
    }

    fn hex(byte: u8) -> String {
        format!("{byte:02x}").repeat(16)
    }

    #[tokio::test]
    async fn each_batch_once_and_closed_streams_never_again() {
        let (store, today) = (MemoryStore::new(), day("2026-11-20"));
        let now = at("2026-11-20T12:00:00.000Z");
        let mut follower = Follower::new(today);
        let first = put(&store, today, 2, 0);
        assert_eq!(follower.poll(&store, now).await.unwrap().batches, [first]);
        assert_eq!(follower.poll(&store, now).await.unwrap(), Found::default());
        // Another stream, and more of the first, whose names lie before and after.
        let (other, more) = (put(&store, today, 1, 0), put(&store, today, 2, 1));
        assert_eq!(follower.poll(&store, now).await.unwrap().batches, [other, more]);
        follower.again(&more);
        assert_eq!(follower.poll(&store, now).await.unwrap().batches, [more]);
        follower.closed(&more);
        put(&store, today, 2, 2);
        assert_eq!(follower.poll(&store, now).await.unwrap(), Found::default());
    }

    #[tokio::test]
    async fn a_long_stream_is_listed_from_its_end() {
        let (store, today) = (MemoryStore::new(), day("2026-11-20"));
        let now = at("2026-11-20T12:00:00.000Z");
        let mut follower = Follower::new(today);
        for seq in (0..599).chain([600]) {
            put(&store, today, 1, seq);
        }
        assert_eq!(follower.poll(&store, now).await.unwrap().batches.len(), 600);
        // What was overtaken, in the block before, and then several blocks at once.
        let late = put(&store, today, 1, 599);
        let more: Vec<_> = (601..805).map(|seq| put(&store, today, 1, seq)).collect();
        let found = follower.poll(&store, now).await.unwrap().batches;
        assert_eq!((found[0], &found[1..]), (late, &more[..]));
        // Far behind the end nothing is looked for: the sealer finds it, and `verify`.
        let stray = format!("entries/2026-11-20/{}/00000005-x", hex(1));
        store.overwrite(&stray, "x");
        assert_eq!(follower.poll(&store, now).await.unwrap(), Found::default());
    }

    #[tokio::test]
    async fn over_midnight() {
        let (store, today, tomorrow) = (MemoryStore::new(), day("2026-11-20"), day("2026-11-21"));
        let mut follower = Follower::new(today);
        follower.poll(&store, at("2026-11-20T23:59:59.000Z")).await.unwrap();
        // Closed before midnight, stored after it.
        let (late, new) = (put(&store, today, 1, 0), put(&store, tomorrow, 1, 0));
        let found = follower.poll(&store, at("2026-11-21T00:00:05.000Z")).await.unwrap();
        assert_eq!(found.batches, [late, new]);
        let found = follower.poll(&store, at("2026-11-21T00:03:00.000Z")).await.unwrap();
        assert_eq!(found, Found::default());
        put(&store, today, 1, 1);
        let next = put(&store, tomorrow, 1, 1);
        let found = follower.poll(&store, at("2026-11-21T00:03:02.000Z")).await.unwrap();
        assert_eq!(found.batches, [next], "the old day is left behind");
    }

    #[tokio::test]
    async fn names_that_are_no_batches_are_told_once() {
        let (store, today) = (MemoryStore::new(), day("2026-11-20"));
        let now = at("2026-11-20T12:00:00.000Z");
        let mut follower = Follower::new(today);
        let stray = format!("entries/2026-11-20/{}/junk", hex(1));
        store.overwrite(&stray, "x");
        assert_eq!(follower.poll(&store, now).await.unwrap().others, [stray]);
        assert_eq!(follower.poll(&store, now).await.unwrap(), Found::default());
    }
}
