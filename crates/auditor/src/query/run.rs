//! Running a query: in order, a page at a time, or all as it is stored.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use dayseal_format::event::{Event, EventId};
use dayseal_format::{BatchKey, Day, ServiceName, StreamId, UnixMillis};
use futures_util::StreamExt as _;

use super::prune::Pruner;
use super::sieve::{Passing, Sieve, Sifted, Turn};
use super::{Filter, People};
use crate::find::{
    Catalog, Listed, LogReader, Opened, Problem, Screen, SearchError, Taken, Tally, Without,
};

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

impl Hit {
    fn keep(hits: &mut Vec<Self>, passing: Passing<'_>) {
        let Passing { batch, index, salt, line, event } = passing;
        hits.push(Self {
            line: line.to_vec(),
            event,
            key: batch.key,
            index,
            salt,
            recorder: batch.service.clone(),
            sealed: batch.sealed.map(|s| s.by),
        });
    }
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
    taken: Option<&'a Taken>,
    /// How much was looked at so far.
    pub tally: Tally,
}

impl<'a> Scan<'a> {
    /// Nothing is read yet.
    pub fn new(log: &'a LogReader<'a>, query: &'a Query, people: People) -> Self {
        let people = Arc::new(Mutex::new(people));
        let pruner = Pruner::new(&query.filter, people.clone()).filter(|_| !query.full);
        let pruner = pruner.map(Arc::new);
        Self { log, query, people, pruner, taken: None, tally: Tally::default() }
    }

    /// Leaves out, and counts as read, what the caller has taken.
    #[must_use]
    pub fn without(mut self, taken: &'a Taken) -> Self {
        let (batches, entries) = taken.counts();
        self.tally.read += batches;
        self.tally.entries += entries;
        self.taken = Some(taken);
        self
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
        let turns = self.sieve().turns(log, &batches, pruner.as_deref(), Hit::keep);
        let mut turns = std::pin::pin!(turns);
        while let Some(Turn { batch, opened, .. }) = turns.next().await {
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
            for hit in self.take(batch, opened, &mut told).unwrap_or_default() {
                let cursor = Cursor::of(&hit);
                if page.after.is_some_and(|after| ahead(&cursor, &after) != Ordering::Greater) {
                    continue;
                }
                hits.insert(cursor, hit);
                if hits.len() > limit {
                    more = true;
                    match page.order {
                        Order::Oldest => hits.pop_last(),
                        Order::Newest => hits.pop_first(),
                    };
                }
            }
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
        told: impl FnMut(Problem),
        mut each: impl FnMut(Hit) -> bool,
    ) -> Result<(), SearchError> {
        self.fold(told, Hit::keep, |hits: Vec<Hit>| hits.into_iter().all(&mut each)).await
    }

    /// What `make` makes of the entries that fit of each batch, right after they are decoded and on other threads;
    /// `take` takes it, batch by batch as they are stored, and says whether to go on.
    ///
    /// # Errors
    /// As [`Scan::page`].
    pub async fn fold<M: Default + Send + 'static>(
        &mut self,
        mut told: impl FnMut(Problem),
        make: impl Fn(&mut M, Passing<'_>) + Clone + Send + 'static,
        mut take: impl FnMut(M) -> bool,
    ) -> Result<(), SearchError> {
        let batches = self.batches(None, &mut told).await?;
        let (log, pruner) = (self.log, self.pruner.clone());
        let turns = self.sieve().turns(log, &batches, pruner.as_deref(), make);
        let mut turns = std::pin::pin!(turns);
        while let Some(Turn { batch, opened, .. }) = turns.next().await {
            if let Some(made) = self.take(batch, opened, &mut told)
                && !take(made)
            {
                break;
            }
        }
        Ok(())
    }

    fn sieve(&self) -> Sieve {
        Sieve::new(self.query, self.people.clone())
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
        let without = Without { screen, taken: self.taken };
        let catalog = self.log.catalog_without(self.range(), wanted, without).await?;
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

    /// Counts a batch, and gives what was made of its entries.
    fn take<M>(
        &mut self,
        batch: &Listed,
        opened: Option<Opened<Sifted<M>>>,
        told: &mut impl FnMut(Problem),
    ) -> Option<M> {
        self.tally.headers += u64::from(self.pruner.is_some() && !batch.screened);
        match opened {
            None => self.tally.pruned += 1,
            Some(Opened::Expired) => self.tally.expired += 1,
            Some(Opened::Removed(_)) => self.tally.removed += 1,
            Some(Opened::Problem(problem)) => {
                self.tally.problems += 1;
                told(problem);
            }
            Some(Opened::Batch(sifted)) => {
                self.tally.read += 1;
                self.tally.entries += sifted.entries;
                self.tally.problems += sifted.problems.len() as u64;
                sifted.problems.into_iter().for_each(told);
                return Some(sifted.made);
            }
        }
        None
    }
}
