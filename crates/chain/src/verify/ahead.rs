//! What a run reads, read before its turn: several days and objects at a time, handed out in order, in bounded
//! memory. Days are mostly small, so that one alone would leave a store's latency and a machine's cores unused.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use dayseal_format::record::{BatchRecord, Record, StrayReason, StrayRecord};
use dayseal_format::{Day, Level};
use dayseal_store::StoreError;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, join3, select};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::chain::DayManifest;
use super::finding::Finding;
use super::listener::Listener;
use super::objects::ObjectResult;
use super::verifier::Verifier;
use crate::objects::Lister;

/// Days read ahead: the manifest of each is in memory with all of its records.
const DAYS: usize = 4;

/// KiB of objects in memory at once: one of the largest, or several common ones. Opening a batch takes a few times
/// its size more, so this keeps a run under 128 MiB.
const BUDGET: u32 = 12 * 1024;

/// A day's manifest, consistent in itself; `None` if it is not there.
pub(super) type ReadManifest = Result<Option<Arc<DayManifest>>, Finding>;

/// A day as far as it is read before its turn. A checkpoint or listing that could not be read is an error for who
/// needs it.
pub(super) struct DayAhead<'s> {
    /// Its signed checkpoint, verbatim, if it has one.
    pub(super) note: Option<Result<Bytes, StoreError>>,
    pub(super) manifest: ReadManifest,
    /// What the store lists for it, from level `listing` on and if it has a manifest: the first page is there.
    pub(super) listing: Option<Result<Lister<'s>, StoreError>>,
}

/// What comes next.
enum Item<'s, H> {
    Day(Box<DayAhead<'s>>),
    Object(Box<ObjectResult<H>>),
}

/// The work of an item.
enum Work<'s> {
    Day(Box<DayAhead<'s>>),
    Batch(Day, Box<BatchRecord>),
    Stray(Day, StrayRecord),
}

/// Days in order, and behind each the objects that its manifest lists.
pub(super) struct Ahead<'s, H>(mpsc::Receiver<Result<Item<'s, H>, StoreError>>);

/// Reads what [`Ahead`] hands out. Never ready: whoever walks waits for both, so that reading goes on while the walk
/// waits for something else.
pub(super) type Reading<'s> = BoxFuture<'s, Infallible>;

impl<'s, H> Ahead<'s, H> {
    /// The next day.
    pub(super) async fn day(&mut self) -> Result<DayAhead<'s>, StoreError> {
        match self.0.recv().await.transpose()? {
            Some(Item::Day(day)) => Ok(*day),
            _ => unreachable!("all objects of a day are taken before the next day"),
        }
    }

    /// The next object of this day, for the next record that [`is_read`].
    pub(super) async fn object(&mut self) -> Result<ObjectResult<H>, StoreError> {
        match self.0.recv().await.transpose()? {
            Some(Item::Object(result)) => Ok(*result),
            _ => unreachable!("each record that is read has its object"),
        }
    }
}

/// Waits for `work` while `reading` goes on.
pub(super) async fn during<T>(work: impl Future<Output = T>, reading: Reading<'_>) -> T {
    match select(std::pin::pin!(work), reading).await {
        Either::Left((done, _)) => done,
        Either::Right((never, _)) => match never {},
    }
}

/// Whether level `objects` reads what a record lists.
pub(super) fn is_read(record: &Record) -> bool {
    match record {
        Record::Batch(_) => true,
        Record::Stray(s) => s.sha256.is_some() && s.reason != StrayReason::TooLarge,
        _ => false,
    }
}

impl Verifier<'_> {
    /// Reads these days, each with whether it has a manifest and a checkpoint.
    pub(super) fn ahead<'s, L: Listener>(
        &'s self,
        days: Vec<(Day, (bool, bool))>,
        listener: &L,
    ) -> (Ahead<'s, L::Heard>, Reading<'s>) {
        let level = self.options.level;
        let read = stream::iter(days)
            .map(move |(day, has)| async move { Ok((day, self.day_ahead(day, has).await?)) });
        let works = read.buffered(DAYS).flat_map(move |read| {
            let works: Vec<Result<Work<'s>, StoreError>> = match read {
                Err(error) => vec![Err(error)],
                Ok((day, ahead)) => {
                    let records = ahead.manifest.as_ref().ok().cloned().flatten();
                    let records = records.filter(|_| level >= Level::Objects);
                    let objects = records.iter().flat_map(|read| works(day, &read.records));
                    let objects: Vec<_> = objects.map(Ok).collect();
                    std::iter::once(Ok(Work::Day(Box::new(ahead)))).chain(objects).collect()
                }
            };
            stream::iter(works)
        });
        self.perform(works, listener)
    }

    async fn day_ahead(
        &self,
        day: Day,
        (manifest, checkpoint): (bool, bool),
    ) -> Result<DayAhead<'_>, StoreError> {
        let lists = manifest && self.options.level >= Level::Listing;
        let note = async { if checkpoint { Some(self.note(Some(day)).await) } else { None } };
        let read = async { if manifest { self.read_manifest(day).await } else { Ok(Ok(None)) } };
        let listing = async { if lists { Some(self.list_ahead(day).await) } else { None } };
        let (note, manifest, listing) = join3(note, read, listing).await;
        Ok(DayAhead { note, manifest: manifest?, listing })
    }

    /// Reads the objects that these records of a day list.
    pub(super) fn ahead_of(&self, day: Day, records: &[Record]) -> (Ahead<'_, ()>, Reading<'_>) {
        let works: Vec<_> = works(day, records).map(Ok).collect();
        self.perform(stream::iter(works), &())
    }

    fn perform<'s, L: Listener>(
        &'s self,
        works: impl Stream<Item = Result<Work<'s>, StoreError>> + Send + 's,
        listener: &L,
    ) -> (Ahead<'s, L::Heard>, Reading<'s>) {
        let (budget, hear) = (Arc::new(Semaphore::new(BUDGET as usize)), listener.hear());
        // In order, so that what is taken next is never waited for by what comes behind it and holds its memory.
        let admitted = works.then(move |work| {
            let budget = budget.clone();
            async move {
                let work = work?;
                let permit = match work.length() {
                    0 => None,
                    length => Some(permit(budget, length).await),
                };
                Ok((work, permit))
            }
        });
        let items = admitted.map(move |admitted| {
            let hear = hear.clone();
            async move {
                let (work, _permit) = admitted?;
                Ok(match work {
                    Work::Day(day) => Item::Day(day),
                    Work::Batch(day, record) => {
                        Item::Object(Box::new(self.read_batch(day, &record, hear).await?))
                    }
                    Work::Stray(day, record) => {
                        Item::Object(Box::new(self.read_stray(day, &record).await?))
                    }
                })
            }
        });
        let jobs = self.options.jobs.max(1);
        let (sender, receiver) = mpsc::channel(jobs);
        let mut items = items.buffered(jobs).boxed();
        let reading = async move {
            while let Some(item) = items.next().await {
                if sender.send(item).await.is_err() {
                    break;
                }
            }
            // Nothing is left: the walk ends without us.
            drop(sender);
            std::future::pending().await
        };
        (Ahead(receiver), reading.boxed())
    }
}

/// The work that the records of a day give.
fn works<'s>(day: Day, records: &[Record]) -> impl Iterator<Item = Work<'s>> {
    records.iter().filter(|record| is_read(record)).filter_map(move |record| match record {
        Record::Batch(batch) => Some(Work::Batch(day, Box::new(batch.clone()))),
        Record::Stray(stray) => Some(Work::Stray(day, stray.clone())),
        _ => None,
    })
}

impl Work<'_> {
    /// In bytes, as the manifest has it.
    fn length(&self) -> u64 {
        match self {
            Self::Day(_) => 0,
            Self::Batch(_, b) => b.length,
            Self::Stray(_, s) => s.length,
        }
    }
}

async fn permit(budget: Arc<Semaphore>, length: u64) -> OwnedSemaphorePermit {
    let kib = (length / 1024 + 1).min(u64::from(BUDGET)) as u32;
    budget.acquire_many_owned(kib).await.expect("the semaphore is never closed")
}
