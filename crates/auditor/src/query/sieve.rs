//! Entries of opened batches against a query, on whatever thread opened them.

use std::sync::{Arc, Mutex};

use dayseal_format::UnixMillis;
use dayseal_format::batch::OpenBatch;
use dayseal_format::event::Event;
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::prune::{Pruner, lock};
use super::{Filter, People, Query};
use crate::find::{JOBS, Listed, LogReader, Opened, Problem, Screen};

/// Entries of the batches that are in memory at once.
const ENTRIES: u32 = 16 * 1024;
/// Batches that are opened at once however many entries they have: a store's answer takes its time.
const AT_LEAST: u32 = 3;

/// What an entry must be like.
#[derive(Clone, Debug)]
pub(super) struct Sieve {
    filter: Arc<Filter>,
    since: Option<UnixMillis>,
    until: Option<UnixMillis>,
    people: Arc<Mutex<People>>,
}

/// What came of the entries of one batch.
#[derive(Debug)]
pub(super) struct Sifted<M> {
    pub(super) entries: u64,
    /// What was made of those that pass.
    pub(super) made: M,
    pub(super) problems: Vec<Problem>,
}

/// An entry that passes, while its batch is open.
#[derive(Debug)]
pub struct Passing<'e> {
    /// Its batch.
    pub batch: &'e Listed,
    /// Its place in it.
    pub index: u32,
    /// The salt of its leaf in the batch's tree.
    pub salt: [u8; 16],
    /// Its stored bytes, without the newline.
    pub line: &'e [u8],
    /// The event in them.
    pub event: Event,
}

/// A batch in its turn; `None` if its hints exclude an answer.
pub(super) struct Turn<'b, M> {
    pub(super) batch: &'b Listed,
    pub(super) opened: Option<Opened<Sifted<M>>>,
    /// For the memory of what was made of it.
    _permit: OwnedSemaphorePermit,
}

impl Sieve {
    pub(super) fn new(query: &Query, people: Arc<Mutex<People>>) -> Self {
        let filter = Arc::new(query.filter.clone());
        Self { filter, since: query.since, until: query.until, people }
    }

    /// Opens batches and sifts them, several at a time and handed out in order.
    pub(super) fn turns<'b, M: Default + Send + 'static>(
        self,
        log: &'b LogReader<'_>,
        batches: &'b [Listed],
        pruner: Option<&'b Pruner<'_>>,
        make: impl Fn(&mut M, Passing<'_>) + Clone + Send + 'static,
    ) -> impl Stream<Item = Turn<'b, M>> {
        let memory = Arc::new(Semaphore::new(ENTRIES as usize));
        let admitted = stream::iter(batches).then(move |batch| {
            let memory = memory.clone();
            // In order: what is taken next never waits for what is behind it.
            let permits = memory.acquire_many_owned(batch.entries.clamp(1, ENTRIES / AT_LEAST));
            async move { (batch, permits.await.expect("the semaphore is never closed")) }
        });
        let turns = admitted.map(move |(batch, _permit)| {
            let (sieve, listed, make) = (self.clone(), batch.clone(), make.clone());
            let screen = pruner.map(|p| p as &dyn Screen);
            async move {
                let sift = move |open| sieve.sift(&listed, &open, make);
                let opened = log.open_screened(batch, screen, sift).await;
                Turn { batch, opened, _permit }
            }
        });
        turns.buffered(JOBS)
    }

    fn sift<M: Default>(
        &self,
        batch: &Listed,
        open: &OpenBatch,
        make: impl Fn(&mut M, Passing<'_>),
    ) -> Sifted<M> {
        let (mut made, mut problems) = (M::default(), Vec::new());
        for (index, (salt, line)) in (0u32..).zip(open.salted()) {
            match Event::decode(line) {
                Ok(event) if self.passes(&event, line) => {
                    make(&mut made, Passing { batch, index, salt, line, event });
                }
                Ok(_) => {}
                Err(source) => problems.push(Problem::Entry { key: batch.key, index, source }),
            }
        }
        Sifted { entries: open.len() as u64, made, problems }
    }

    fn passes(&self, event: &Event, line: &[u8]) -> bool {
        self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time <= until)
            && (self.filter.is_empty() || self.filter.fits(event, line, &mut lock(&self.people)))
    }
}
