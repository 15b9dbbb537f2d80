//! What batches say of themselves, summed up.

use std::collections::BTreeMap;

use dayseal_format::batch::Header;
use dayseal_format::record::BatchRecord;
use dayseal_format::{Day, ServiceName, StreamId, UnixMillis};
use serde::Serialize;

use super::age;

const HOUR_MS: i64 = 3_600_000;

/// An hour of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// When it begins.
    pub hour: UnixMillis,
    /// Entries of the batches whose last entry is in it.
    pub entries: u64,
    /// These batches.
    pub batches: u64,
}

/// The batch with the latest entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewestBatch {
    /// Time of that entry, by the producer's clock.
    pub time: UnixMillis,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Who recorded it.
    pub service: ServiceName,
}

/// The streams of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Streams {
    /// The day.
    pub day: Day,
    /// Without a last batch: their producers run on, or ended without a word.
    pub open: u64,
    /// Ended cleanly.
    pub closed: u64,
}

/// What a batch says of itself, as far as health goes.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    day: Day,
    stream: StreamId,
    service: ServiceName,
    entries: u32,
    first_time: UnixMillis,
    last_time: UnixMillis,
    last: bool,
}

impl From<&BatchRecord> for Seen {
    fn from(b: &BatchRecord) -> Self {
        Self {
            day: b.key.day,
            stream: b.key.stream,
            service: b.service.clone(),
            entries: b.entries,
            first_time: b.first_time,
            last_time: b.last_time,
            last: b.last,
        }
    }
}

impl From<Header> for Seen {
    fn from(h: Header) -> Self {
        Self {
            day: h.day,
            stream: h.stream,
            service: h.service,
            entries: h.entries,
            first_time: h.first_time,
            last_time: h.last_time,
            last: h.last,
        }
    }
}

/// The sums.
#[derive(Debug)]
pub(super) struct Traffic {
    now: UnixMillis,
    pub(super) hours: Vec<Hour>,
    pub(super) spanning: u64,
    pub(super) newest: Option<NewestBatch>,
    /// The newest day each service was heard of.
    pub(super) heard: BTreeMap<ServiceName, Day>,
    /// Whether a stream has its last batch.
    streams: BTreeMap<(Day, StreamId), bool>,
}

impl Traffic {
    /// For so many hours up to `now`, the one under way included.
    pub(super) fn new(now: UnixMillis, hours: u32) -> Self {
        let last = now.as_millis().div_euclid(HOUR_MS) * HOUR_MS;
        let begin = |back: i64| UnixMillis::new(last - back * HOUR_MS).unwrap_or(now);
        let hours = (0..i64::from(hours))
            .rev()
            .map(|back| Hour { hour: begin(back), entries: 0, batches: 0 })
            .collect();
        let (heard, streams) = (BTreeMap::new(), BTreeMap::new());
        Self { now, hours, spanning: 0, newest: None, heard, streams }
    }

    /// When the first hour begins.
    pub(super) fn from(&self) -> UnixMillis {
        self.hours.first().map_or(self.now, |h| h.hour)
    }

    pub(super) fn add(&mut self, seen: &Seen) {
        let of = |t: UnixMillis| (t.as_millis() - self.from().as_millis()).div_euclid(HOUR_MS);
        let (first, last) = (of(seen.first_time), of(seen.last_time));
        if let Some(hour) = usize::try_from(last).ok().and_then(|n| self.hours.get_mut(n)) {
            hour.entries += u64::from(seen.entries);
            hour.batches += 1;
            self.spanning += u64::from(first < last);
        }
        if self.newest.as_ref().is_none_or(|n| n.time < seen.last_time) {
            self.newest = Some(NewestBatch {
                time: seen.last_time,
                age_seconds: age(self.now, seen.last_time),
                service: seen.service.clone(),
            });
        }
        self.hear(&seen.service, seen.day);
        *self.streams.entry((seen.day, seen.stream)).or_default() |= seen.last;
    }

    pub(super) fn hear(&mut self, service: &ServiceName, day: Day) {
        let heard = self.heard.entry(service.clone()).or_insert(day);
        *heard = day.max(*heard);
    }

    pub(super) fn streams(&self, day: Day) -> Streams {
        let of_day = self.streams.iter().filter(|((d, _), _)| *d == day);
        let closed = of_day.clone().filter(|(_, closed)| **closed).count() as u64;
        Streams { day, open: of_day.count() as u64 - closed, closed }
    }
}
