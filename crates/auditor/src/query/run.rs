//! Running a query: in order, a page at a time, or all as it is stored.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use dayseal_format::event::{Event, EventId};
use dayseal_format::{BatchKey, Day, ServiceName, StreamId, UnixMillis};
use futures_util::{StreamExt as _, stream};

use super::prune::{Pruner, lock};
use super::{Filter, People};
use crate::find::{Catalog, JOBS, Listed, LogReader, Opened, Problem, Screen, SearchError, Tally};

/// Most entries of a sorted page: they are held in memory.
pub const MAX_PAGE: usize = 100_000;

/// In which order entries come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By time, the oldest first.
    Oldest,
    /// By time, the newest first.
    Newest,
}

/// A part of the answer.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The order.
    pub order: Order,
    /// Entries at most, 1 to [`MAX_PAGE`].
    pub limit: usize,
    /// Go on behind this entry.
    pub after: Option<Cursor>,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What entries must be like.
    pub filter: Filter,
    /// Services that recorded them; all if empty.
    pub services: Vec<ServiceName>,
    /// No entry before this time.
    pub since: Option<UnixMillis>,
    /// No entry after this time.
    pub until: Option<UnixMillis>,
    /// Also in batches whose hints exclude an answer: their producer made them, and may have left entries out.
    pub full: bool,
    /// Days of the batches; if `None`, from the day before `since` on. What was imported stands on a later day than it happened.
    pub days: Option<(Day, Day)>,
}

/// An entry that fits.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its stored bytes, without the newline.
    pub line: Vec<u8>,
    /// The event in them.
    pub event: Event,
    /// Its batch.
    pub key: BatchKey,
    /// Its place in it.
    pub index: u32,
    /// The salt of its leaf in the batch's tree.
    pub salt: [u8; 16],
    /// The service that recorded its batch.
    pub recorder: ServiceName,
    /// The day that sealed it, if it is sealed.
    pub sealed: Option<Day>,
}

/// A place in the order by time: of equal times by id, then by where the entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    time: UnixMillis,
    id: EventId,
    stream: [u8; 16],
    seq: u32,
    index: u32,
}

impl Cursor {
    fn of(hit: &Hit) -> Self {
        let (key, index) = (hit.key, hit.index);
        Self { time: hit.event.time, id: hit.event.id, stream: key.stream.0, seq: key.seq, index }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = StreamId(self.stream);
        write!(f, "{}/{}/{stream}/{}/{}", self.time, self.id, self.seq, self.index)
    }
}

/// Text that is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: expected what an earlier page ended with")]
pub struct CursorError;

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(CursorError);
        let cursor = Self {
            time: next()?.parse().map_err(|_| CursorError)?,
            id: next()?.parse().map_err(|_| CursorError)?,
            stream: next()?.parse::<StreamId>().map_err(|_| CursorError)?.0,
            seq: next()?.parse().map_err(|_| CursorError)?,
            index: next()?.parse().map_err(|_| CursorError)?,
        };
        if cursor.to_string() == text { Ok(cursor) } else { Err(CursorError) }
    }
}

/// A query on a log.
#[derive(Debug)]
pub struct Scan<'a> {
    log: &'a LogReader<'a>,
    query: &'a Query,
    people: Arc<Mutex<People>>,
    pruner: Option<Arc<Pruner<'a>>>,
    /// How much was looked at so far.
    pub tally: Tally,
}

impl<'a> Scan<'a> {
    /// Nothing is read yet.
    pub fn new(log: &'a LogReader<'a>, query: &'a Query, people: People) -> Self {
        let people = Arc::new(Mutex::new(people));
        let pruner = Pruner::new(&query.filter, people.clone()).filter(|_| !query.full);
        let pruner = pruner.map(Arc::new);
        Self { log, query, people, pruner, tally: Tally::default() }
    }

    /// The entries of a page in their order, and where the next page begins if there is more.
    ///
    /// Batches are read in the order of their times, and no more than can hold the page. In memory: the page.
    ///
    /// # Errors
    /// [`SearchError`] if the store cannot be listed.
    pub async fn page(
        &mut self,
        page: Page,
        mut told: impl FnMut(Problem),
    ) -> Result<(Vec<Hit>, Option<Cursor>), SearchError> {
        let limit = page.limit.clamp(1, MAX_PAGE);
        let mut batches = self.batches(page.after.map(|c| (page.order, c.time)), &mut told).await?;
        match page.order {
            Order::Oldest => batches.sort_by_key(|b| (b.first_time, b.key)),
            Order::Newest => batches.sort_by_key(|b| (std::cmp::Reverse(b.last_time), b.key)),
        }
        let ahead = |a: &Cursor, b: &Cursor| match page.order {
            Order::Oldest => a.cmp(b),
            Order::Newest => b.cmp(a),
        };
        let mut hits: BTreeMap<Cursor, Hit> = BTreeMap::new();
        let mut more = false;
        let (log, total) = (self.log, batches.len() as u64);
        let mut done = 0;
        let pruner = self.pruner.clone();
        let screen = pruner.as_deref().map(|p| p as &dyn Screen);
        let opened =
            stream::iter(&batches).map(|b| async move { (b, log.open_screened(b, screen).await) });
        let mut opened = std::pin::pin!(opened.buffered(JOBS));
        while let Some((batch, read)) = opened.next().await {
            // Every entry still to come lies behind the last one kept.
            let last = |hits: &BTreeMap<Cursor, Hit>| match page.order {
                Order::Oldest => hits.last_key_value().map(|(c, _)| *c),
                Order::Newest => hits.first_key_value().map(|(c, _)| *c),
            };
            let behind = last(&hits).is_some_and(|last| match page.order {
                Order::Oldest => batch.first_time > last.time,
                Order::Newest => batch.last_time < last.time,
            });
            if hits.len() == limit && more && behind {
                break;
            }
            done += 1;
            self.take(batch, read, &mut told, |hit| {
                let cursor = Cursor::of(&hit);
                if page.after.is_some_and(|after| ahead(&cursor, &after) != Ordering::Greater) {
                    return true;
                }
                hits.insert(cursor, hit);
                if hits.len() > limit {
                    more = true;
                    match page.order {
                        Order::Oldest => hits.pop_last(),
                        Order::Newest => hits.pop_first(),
                    };
                }
                true
            });
        }
        self.tally.skipped += total - done;
        let mut hits: Vec<Hit> = hits.into_values().collect();
        if page.order == Order::Newest {
            hits.reverse();
        }
        let next = hits.last().map(Cursor::of).filter(|_| more);
        Ok((hits, next))
    }

    /// Every entry that fits, batch by batch as it is stored, in flat memory. `each` says whether to go on.
    ///
    /// # Errors
    /// As [`Scan::page`].
    pub async fn all(
        &mut self,
        mut told: impl FnMut(Problem),
        mut each: impl FnMut(Hit) -> bool,
    ) -> Result<(), SearchError> {
        let batches = self.batches(None, &mut told).await?;
        let log = self.log;
        let pruner = self.pruner.clone();
        let screen = pruner.as_deref().map(|p| p as &dyn Screen);
        let opened =
            stream::iter(&batches).map(|b| async move { (b, log.open_screened(b, screen).await) });
        let mut opened = std::pin::pin!(opened.buffered(JOBS));
        while let Some((batch, read)) = opened.next().await {
            if !self.take(batch, read, &mut told, &mut each) {
                break;
            }
        }
        Ok(())
    }

    /// The batches that can hold an answer.
    async fn batches(
        &mut self,
        after: Option<(Order, UnixMillis)>,
        told: &mut impl FnMut(Problem),
    ) -> Result<Vec<Listed>, SearchError> {
        let q = self.query;
        let wanted = |b: &Listed| {
            q.since.is_none_or(|since| b.last_time >= since)
                && q.until.is_none_or(|until| b.first_time <= until)
                && (q.services.is_empty() || q.services.contains(&b.service))
                && after.is_none_or(|(order, time)| match order {
                    Order::Oldest => b.last_time >= time,
                    Order::Newest => b.first_time <= time,
                })
        };
        let screen = self.pruner.as_deref().map(|p| p as &dyn Screen);
        let catalog = self.log.catalog_screened(self.range(), wanted, screen).await?;
        let Catalog { batches, skipped, pruned, days, problems } = catalog;
        self.tally.pruned += pruned;
        self.tally.days += days;
        self.tally.skipped += skipped;
        self.tally.problems += problems.len() as u64;
        problems.into_iter().for_each(told);
        Ok(batches)
    }

    fn range(&self) -> RangeInclusive<Day> {
        let (first, today) = (self.log.first_day, self.log.now.day());
        match self.query.days {
            Some((from, to)) => from..=to,
            None => {
                // A producer's clock may be a little behind: the day before counts too.
                let since = self.query.since.map(|t| t.day());
                let from = since.and_then(|d| d.previous().or(since)).unwrap_or(first);
                from..=today.next().unwrap_or(today)
            }
        }
    }

    /// Hands out what fits of a batch; whether to go on.
    fn take(
        &mut self,
        batch: &Listed,
        opened: Option<Opened>,
        told: &mut impl FnMut(Problem),
        mut each: impl FnMut(Hit) -> bool,
    ) -> bool {
        self.tally.headers += u64::from(self.pruner.is_some() && !batch.screened);
        let Some(opened) = opened else {
            self.tally.pruned += 1;
            return true;
        };
        let open = match opened {
            Opened::Batch(open) => open,
            Opened::Expired => {
                self.tally.expired += 1;
                return true;
            }
            Opened::Removed(_) => {
                self.tally.removed += 1;
                return true;
            }
            Opened::Problem(problem) => {
                self.tally.problems += 1;
                told(problem);
                return true;
            }
        };
        self.tally.read += 1;
        self.tally.entries += open.len() as u64;
        let q = self.query;
        let people = self.people.clone();
        let mut people = lock(&people);
        for (index, (salt, line)) in open.salted().enumerate() {
            let index = index as u32;
            let event = match Event::decode(line) {
                Ok(event) => event,
                Err(source) => {
                    self.tally.problems += 1;
                    told(Problem::Entry { key: batch.key, index, source });
                    continue;
                }
            };
            let in_time = q.since.is_none_or(|since| event.time >= since)
                && q.until.is_none_or(|until| event.time <= until);
            if !in_time || !q.filter.fits(&event, line, &mut people) {
                continue;
            }
            let sealed = batch.sealed.map(|s| s.by);
            let (line, recorder) = (line.to_vec(), batch.service.clone());
            if !each(Hit { line, event, key: batch.key, index, salt, recorder, sealed }) {
                return false;
            }
        }
        true
    }
}
