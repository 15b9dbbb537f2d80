//! What callers and the background task share: one lock, held for a copy of the entry and no more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use dayseal_format::UnixMillis;
use dayseal_format::batch::{Entries, MAX_ENTRY_LEN};
use dayseal_format::content::MAX_CONTENT;
use dayseal_format::event::EventId;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::batch::{OpenBatch, Tell, Waiter};
use crate::content::{self, Pending};
use crate::{Limits, Metrics, NotStored};

/// Spare entry buffers kept, so that growing them is not paid for by every batch.
const SPARE_BUFFERS: usize = 4;

/// Shared state.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    pub(crate) limits: Limits,
    /// Wakes the background task.
    pub(crate) wake: Notify,
    /// Wakes those who wait for room.
    pub(crate) room: Notify,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) open: Option<OpenBatch>,
    /// Closed batches in order, to be encoded.
    pub(crate) closed: VecDeque<OpenBatch>,
    pub(crate) closing: bool,
    pub(crate) metrics: Metrics,
    next_number: u64,
    /// Numbers of batches not yet stored, with their entries once closed.
    outstanding: BTreeMap<u64, usize>,
    flushes: Vec<(u64, oneshot::Sender<Result<(), NotStored>>)>,
    spare: Vec<Entries>,
}

/// What [`Queue::push`] did.
#[derive(Debug)]
pub(crate) enum Pushed {
    Done,
    Full { pending: usize },
    Closed,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            open: None,
            closed: VecDeque::new(),
            closing: false,
            metrics: Metrics::default(),
            next_number: 0,
            outstanding: BTreeMap::new(),
            flushes: Vec::new(),
            spare: Vec::new(),
        };
        Self { state: Mutex::new(state), limits, wake: Notify::new(), room: Notify::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half-way through a change.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes an encoded entry if there is room; only then takes its `contents` and `durable`.
    pub(crate) fn push(
        &self,
        id: EventId,
        time: UnixMillis,
        entry: &[u8],
        contents: &mut Vec<Pending>,
        durable: &mut Option<Tell>,
    ) -> Pushed {
        let weight = content::weight(contents);
        let mut state = self.lock();
        if state.closing {
            return Pushed::Closed;
        }
        let pending = state.metrics.pending_bytes as usize;
        if pending + entry.len() + 1 + weight > self.limits.memory {
            return Pushed::Full { pending };
        }
        let was_empty = state.open.is_none();
        let durable = durable.take();
        let waits = durable.is_some();
        state.append(&self.limits, id, time, entry, durable);
        let open = state.open.as_mut().expect("just appended");
        open.content_weight += weight;
        open.contents.append(contents);
        let full = open.entries.byte_len() >= self.limits.flush_bytes
            || open.entries.len() >= self.limits.flush_count
            || open.content_weight >= self.limits.flush_bytes.min(MAX_CONTENT);
        let sooner_than = open.waiters.len();
        state.metrics.pending_bytes += weight as u64;
        // Only the first who waits makes the batch close sooner.
        let sooner = waits && sooner_than == 1;
        if full {
            state.close_open();
        }
        drop(state);
        if full || was_empty || sooner {
            self.wake.notify_one();
        }
        Pushed::Done
    }

    /// Closes the open batch and waits until everything accepted so far is stored, or an attempt
    /// to store some of it fails.
    pub(crate) async fn flush(&self) -> Result<(), NotStored> {
        let answer = {
            let mut state = self.lock();
            state.close_open();
            let watermark = state.next_number;
            if state.outstanding.is_empty() {
                return Ok(());
            }
            let (tell, answer) = oneshot::channel();
            state.flushes.push((watermark, tell));
            answer
        };
        self.wake.notify_one();
        answer.await.unwrap_or_else(|_| {
            let source = std::io::Error::other("the background task of the audit log ended");
            Err(NotStored { entries: 0, source: std::sync::Arc::new(source) })
        })
    }

    /// Ends intake; the background task drains what is there and stops.
    pub(crate) fn begin_closing(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.close_open();
        drop(state);
        self.wake.notify_one();
        self.room.notify_waiters();
    }
}

impl State {
    /// Appends to the open batch, opening one if there is none.
    pub(crate) fn append(
        &mut self,
        limits: &Limits,
        id: EventId,
        time: UnixMillis,
        entry: &[u8],
        durable: Option<Tell>,
    ) {
        if self.open.is_none() {
            let number = self.next_number;
            self.next_number += 1;
            self.outstanding.insert(number, 0);
            // The entry that fills a batch goes over by less than its own length.
            let room = limits.flush_bytes + MAX_ENTRY_LEN;
            let entries = self.spare.pop().unwrap_or_else(|| Entries::with_capacity(room));
            self.open = Some(OpenBatch {
                number,
                entries,
                contents: Vec::new(),
                content_weight: 0,
                first_time: time,
                last_time: time,
                waiters: Vec::new(),
                deadline: Instant::now() + limits.flush_age,
                last: false,
            });
        }
        let open = self.open.as_mut().expect("opened above");
        let index = open.entries.len() as u32;
        // The event type bounds length and forbids newlines; limits keep the batch within the format.
        open.entries.push(entry).expect("an encoded event fits an unfilled batch");
        open.first_time = open.first_time.min(time);
        open.last_time = open.last_time.max(time);
        if let Some(tell) = durable {
            open.waiters.push(Waiter { index, id, tell });
            open.deadline = open.deadline.min(Instant::now() + limits.linger);
        }
        self.metrics.recorded += 1;
        self.metrics.pending_entries += 1;
        self.metrics.pending_bytes += entry.len() as u64 + 1;
    }

    /// Moves the open batch, if any, to the closed ones.
    pub(crate) fn close_open(&mut self) {
        if let Some(open) = self.open.take() {
            self.outstanding.insert(open.number, open.entries.len());
            self.closed.push_back(open);
        }
    }

    /// Entries lost if the process ended now.
    pub(crate) fn not_stored(&self) -> u64 {
        self.metrics.pending_entries
    }

    /// Keeps a buffer for the next batch.
    pub(crate) fn give_back(&mut self, mut entries: Entries) {
        if self.spare.len() < SPARE_BUFFERS {
            entries.clear();
            self.spare.push(entries);
        }
    }

    /// A batch is stored: answers whoever waited for it.
    pub(crate) fn stored(&mut self, number: u64, bytes: u64, held: u64) {
        let entries = self.outstanding.remove(&number).unwrap_or_default() as u64;
        self.metrics.pending_entries -= entries;
        self.metrics.pending_bytes -= held;
        self.metrics.stored_content_bytes += held - bytes;
        self.metrics.stored_entries += entries;
        self.metrics.stored_batches += 1;
        self.metrics.stored_bytes += bytes;
        let oldest = self.outstanding.keys().next().copied().unwrap_or(u64::MAX);
        let (done, waiting) =
            std::mem::take(&mut self.flushes).into_iter().partition(|(mark, _)| *mark <= oldest);
        self.flushes = waiting;
        let done: Vec<_> = done;
        for (_, tell) in done {
            // Whoever flushed may have gone away.
            let _ = tell.send(Ok(()));
        }
    }

    /// The bytes held for a batch changed: encoded, or taken apart again.
    pub(crate) fn reweigh(&mut self, from: usize, to: usize) {
        self.metrics.pending_bytes = self.metrics.pending_bytes - from as u64 + to as u64;
    }

    /// An attempt at a batch failed: tells the flushes that wait for it.
    pub(crate) fn failed(&mut self, number: u64, error: &NotStored) {
        self.metrics.failures += 1;
        let (told, waiting) =
            std::mem::take(&mut self.flushes).into_iter().partition(|(mark, _)| *mark > number);
        self.flushes = waiting;
        let told: Vec<_> = told;
        for (_, tell) in told {
            let _ = tell.send(Err(error.clone()));
        }
    }
}
