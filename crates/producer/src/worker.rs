//! The background task: closes batches by age, encodes them in order, stores several at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use dayseal_format::batch::{BatchEncoder, BatchError, DataKey, EncodedBatch, Entries, Header};
use dayseal_format::hints::{HintKeys, Place};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{Day, Digest, Origin, ServiceName, StreamId};
use dayseal_keys::{DataKeySource, KeyContext, KeyError, random};
use dayseal_store::StoreError;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::batch::OpenBatch;
use crate::content::{ContentUpload, StreamContentKey};
use crate::queue::Queue;
use crate::upload::{Stores, Upload};
use crate::{Builder, Clock, NotStored, OpenError};

/// The stream ends this long before midnight, so that its last batch can say so and still lie on
/// its day.
const BEFORE_MIDNIGHT_MS: i64 = 1_000;
/// Pauses after failures double up to this many times the first.
const MAX_BACKOFF: u32 = 64;

/// One producer process on one UTC day.
#[derive(Debug)]
struct Stream {
    id: StreamId,
    day: Day,
    /// The stream before, named by the first batch.
    after: Option<StreamId>,
    next_seq: u32,
    previous: Option<Digest>,
    key: Arc<DataKey>,
    key_id: String,
    wrapped_key: Vec<u8>,
    /// Made with the stream's first content.
    content: Option<StreamContentKey>,
}

#[derive(Debug)]
pub(crate) struct Worker {
    queue: Arc<Queue>,
    stores: Stores,
    keys: Arc<dyn DataKeySource>,
    clock: Arc<dyn Clock>,
    origin: Origin,
    service: ServiceName,
    /// If batches have hints.
    hints: Option<HintKeys>,
    encoder: Option<BatchEncoder>,
    stream: Option<Stream>,
    before: Option<StreamId>,
    /// Batches whose last attempt failed, oldest first.
    retries: VecDeque<Upload>,
    uploads: JoinSet<(Upload, Result<(), StoreError>)>,
    /// No new stream before this, after the key service failed.
    key_pause: Option<Instant>,
    key_failures: u32,
    last_failure: Option<NotStored>,
    /// Closing: some batch had its last attempt.
    given_up: bool,
    /// Closing: no data key, so nothing more can be encoded.
    keyless: bool,
}

impl Worker {
    pub(crate) fn new(builder: &Builder, queue: Arc<Queue>) -> Result<Self, OpenError> {
        Ok(Self {
            queue,
            stores: Stores {
                evidence: builder.store.clone().ok_or(OpenError::Missing("store"))?,
                content: builder.content_store.clone(),
            },
            keys: builder.keys.clone().ok_or(OpenError::Missing("data keys"))?,
            clock: builder.clock.clone(),
            origin: builder.origin.clone(),
            service: builder.service_name.clone(),
            hints: builder.hint_keys(),
            encoder: Some(BatchEncoder::new()),
            stream: None,
            before: None,
            retries: VecDeque::new(),
            uploads: JoinSet::new(),
            key_pause: None,
            key_failures: 0,
            last_failure: None,
            given_up: false,
            keyless: false,
        })
    }

    /// Runs until the log is closed and drained; the last failure if something was left.
    pub(crate) async fn run(mut self) -> Option<NotStored> {
        loop {
            self.close_due();
            self.start_uploads().await;
            self.queue.lock().metrics.in_flight = self.uploads.len() as u64;
            if self.uploads.is_empty() && self.is_done() {
                break;
            }
            let deadline = self.next_deadline();
            let queue = self.queue.clone();
            tokio::select! {
                () = queue.wake.notified() => {}
                () = sleep_until(deadline) => {}
                Some(done) = self.uploads.join_next() => match done {
                    Ok((upload, result)) => self.finish(upload, result),
                    // Only when the runtime itself shuts down: the store's panics are caught.
                    Err(error) => tracing::error!(%error, "an upload of the audit log was cut off"),
                }
            }
        }
        self.last_failure.take().filter(|_| self.given_up)
    }

    fn is_done(&self) -> bool {
        let state = self.queue.lock();
        let encoded = self.keyless || (state.open.is_none() && state.closed.is_empty());
        state.closing && encoded && self.retries.is_empty()
    }

    /// Closes the open batch if its time has come, and the stream before midnight.
    fn close_due(&mut self) {
        let now = self.clock.now();
        let midnight_near =
            now.day().last_instant().as_millis() - now.as_millis() < BEFORE_MIDNIGHT_MS;
        let stream_ends = midnight_near && self.stream.as_ref().is_some_and(|s| s.day == now.day());
        let mut state = self.queue.lock();
        let due = state.open.as_ref().is_some_and(|o| o.deadline <= Instant::now());
        if due || stream_ends {
            if let Some(open) = &mut state.open {
                open.last = stream_ends;
            }
            state.close_open();
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let now = self.clock.now();
        let left = now.day().last_instant().as_millis() - now.as_millis() - BEFORE_MIDNIGHT_MS + 1;
        let midnight = (self.stream.is_some() && left > 0)
            .then(|| Instant::now() + Duration::from_millis(left.unsigned_abs()));
        let state = self.queue.lock();
        let age = state.open.as_ref().map(|o| o.deadline);
        // With every upload taken nothing can start: the next that ends wakes the task, and a time
        // that is past already would only make it spin.
        let may_start = self.uploads.len() < self.queue.limits.in_flight;
        let retry = self.retries.front().and_then(|r| r.not_before).filter(|_| may_start);
        let key = self.key_pause.filter(|_| may_start && !state.closed.is_empty());
        [midnight, age, retry, key].into_iter().flatten().min()
    }

    async fn start_uploads(&mut self) {
        while self.uploads.len() < self.queue.limits.in_flight {
            let due = |at: &Option<Instant>| at.is_none_or(|at| at <= Instant::now());
            let closing = self.queue.lock().closing;
            if self.retries.front().is_some_and(|r| closing || due(&r.not_before)) {
                let upload = self.retries.pop_front().expect("looked at above");
                self.retry(upload);
                continue;
            }
            if self.keyless || (!closing && !due(&self.key_pause)) {
                return;
            }
            let Some(batch) = self.next_closed() else { return };
            if let Err((batch, error)) = self.encode(batch).await {
                self.key_failed(batch, error);
            }
        }
    }

    fn next_closed(&mut self) -> Option<OpenBatch> {
        let mut state = self.queue.lock();
        let mut batch = state.closed.pop_front()?;
        // Nothing can follow: the stream closes with this batch.
        batch.last |= state.closing && state.closed.is_empty() && state.open.is_none();
        Some(batch)
    }

    /// Sends a failed batch again: the same bytes, unless its day takes no more.
    fn retry(&mut self, mut upload: Upload) {
        upload.last_attempt = self.queue.lock().closing;
        if self.is_too_late(&upload) {
            self.retries.push_front(upload);
            self.encode_anew();
        } else {
            self.uploads.spawn(upload.attempt(self.stores.clone()));
        }
    }

    fn is_too_late(&self, upload: &Upload) -> bool {
        let age = self.clock.now().day().days_since(upload.key.day);
        age > i32::from(self.queue.limits.late_days)
    }

    /// Takes apart every waiting batch whose day takes no more: they go ahead of all others, in the
    /// order of the streams they came from.
    fn encode_anew(&mut self) {
        let waiting = std::mem::take(&mut self.retries);
        let (mut late, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|upload| self.is_too_late(upload));
        self.retries = waiting.into();
        late.sort_by_key(|upload| upload.number);
        for upload in late.into_iter().rev() {
            tracing::warn!(key = %upload.key, "too late for its day: encoding it anew under today");
            let encoded = upload.weight();
            let batch = upload.into_open();
            let mut state = self.queue.lock();
            state.reweigh(encoded, batch.weight());
            state.closed.push_front(batch);
        }
    }

    /// Encodes the next batch of the stream and starts its upload.
    async fn encode(&mut self, batch: OpenBatch) -> Result<(), (OpenBatch, KeyError)> {
        let with_content = !batch.contents.is_empty();
        let randoms = match self.stream_of_today(with_content).await {
            Ok(()) => random().and_then(|batch| Ok((batch, random()?))),
            Err(error) => Err(error),
        };
        let (random, content_random): ([u8; 32], [u8; 32]) = match randoms {
            Ok(randoms) => randoms,
            Err(error) => return Err((batch, error)),
        };
        let stream = self.stream.as_mut().expect("made above");
        let mut header = Header {
            after: stream.after.filter(|_| stream.next_seq == 0),
            commitment: Digest([0; 32]),
            day: stream.day,
            entries: 0,
            first_time: batch.first_time,
            hints: None,
            key_id: stream.key_id.clone(),
            last: batch.last,
            last_time: batch.last_time,
            origin: self.origin.clone(),
            previous: stream.previous,
            root: Digest([0; 32]),
            salt: Digest([0; 32]),
            seq: stream.next_seq,
            service: self.service.clone(),
            stream: stream.id,
            wrapped_key: stream.wrapped_key.clone(),
        };
        let key = stream.key.clone();
        let mut encoder = self.encoder.take().unwrap_or_default();
        let held = batch.weight();
        let OpenBatch { number, entries, waiters, contents, .. } = batch;
        let content_key = stream.content.clone().filter(|_| with_content);
        let hint_keys = self.hints.clone();
        // Compressing megabytes would hold up the runtime's other tasks.
        let job = move || {
            let content = content_key.map(|key| {
                let (day, stream, seq) = (header.day, header.stream, header.seq);
                let place = ContentObjectKey { day, stream, seq };
                ContentUpload::encode(&header.origin, place, &key, &contents, &content_random)
            });
            if let Some(keys) = hint_keys {
                // At most MAX_ENTRIES.
                let entries_here = entries.len() as u32;
                let place = Place { entries: entries_here, ..Place::of(&header) };
                header.hints = keys.make(&place, entries.iter());
            }
            let encoded = encoder.encode(header, &entries, &key, &random);
            (encoder, entries, key, content, encoded)
        };
        type Done = (
            BatchEncoder,
            Entries,
            Arc<DataKey>,
            Option<ContentUpload>,
            Result<EncodedBatch, BatchError>,
        );
        let (encoder, entries, key, content, encoded): Done =
            tokio::task::spawn_blocking(job).await.expect("encoding does not panic");
        self.encoder = Some(encoder);
        let encoded = encoded.expect("entries, names and keys were held to the format's limits");
        stream.previous = Some(encoded.digest);
        stream.next_seq += 1;
        let closed = batch.last || stream.next_seq > dayseal_format::names::MAX_SEQ;
        if closed {
            self.before = self.stream.take().map(|s| s.id);
        }
        let upload = Upload::new(encoded, number, waiters, key, content);
        {
            let mut state = self.queue.lock();
            state.reweigh(held, upload.weight());
            state.give_back(entries);
        }
        // Compressed, the batch takes less: there may be room before it is stored.
        self.queue.room.notify_waiters();
        self.uploads.spawn(upload.attempt(self.stores.clone()));
        Ok(())
    }

    /// Makes sure that the current stream is one of today: a stream never spans two days.
    async fn stream_of_today(&mut self, with_content: bool) -> Result<(), KeyError> {
        let day = self.clock.now().day();
        if self.stream.as_ref().is_none_or(|s| s.day != day) {
            self.new_stream(day).await?;
        }
        let Some(stream) = self.stream.as_mut().filter(|s| with_content && s.content.is_none())
        else {
            return Ok(());
        };
        let context = KeyContext::content(&self.origin, stream.id, stream.day);
        let made = self.keys.generate(&context).await?;
        let key = made.content_key();
        stream.content = Some(StreamContentKey { key, key_id: made.key_id, wrapped: made.wrapped });
        self.key_made();
        Ok(())
    }

    async fn new_stream(&mut self, day: Day) -> Result<(), KeyError> {
        self.before = self.stream.take().map(|s| s.id).or(self.before);
        let id = StreamId(random()?);
        let context = KeyContext::entries(&self.origin, id, day);
        let made = self.keys.generate(&context).await?;
        self.key_made();
        self.stream = Some(Stream {
            id,
            day,
            after: self.before,
            next_seq: 0,
            previous: None,
            key: Arc::new(made.key),
            key_id: made.key_id,
            wrapped_key: made.wrapped,
            content: None,
        });
        Ok(())
    }

    /// The key service answered.
    fn key_made(&mut self) {
        self.key_failures = 0;
        self.key_pause = None;
        self.queue.lock().metrics.data_keys += 1;
    }

    /// No data key: the batch waits, and so does everything behind it.
    fn key_failed(&mut self, mut batch: OpenBatch, error: KeyError) {
        tracing::error!(%error, "no data key for the audit log; entries wait in memory");
        let entries = batch.entries.len();
        let failure = NotStored { entries, source: Arc::new(error) };
        for waiter in batch.waiters.drain(..) {
            let _ = waiter.tell.send(Err(failure.clone()));
        }
        self.key_pause = Some(Instant::now() + self.pause(self.key_failures));
        self.key_failures += 1;
        let mut state = self.queue.lock();
        state.failed(batch.number, &failure);
        state.closed.push_front(batch);
        self.keyless |= state.closing;
        self.given_up |= state.closing;
        self.last_failure = Some(failure);
    }

    fn pause(&self, failures: u32) -> Duration {
        let times = 1 << failures.min(MAX_BACKOFF.ilog2());
        self.queue.limits.retry_pause * times
    }

    fn finish(&mut self, mut upload: Upload, result: Result<(), StoreError>) {
        match result {
            Ok(()) => {
                let (bytes, held) = (upload.bytes.len() as u64, upload.weight() as u64);
                let metrics = {
                    let mut state = self.queue.lock();
                    state.stored(upload.number, bytes, held);
                    state.metrics
                };
                metrics.trace_batch(&upload.key);
                upload.acknowledge();
                self.queue.room.notify_waiters();
            }
            Err(error) => {
                tracing::error!(%error, key = %upload.key, attempts = upload.attempts + 1,
                    "batch not stored; kept and tried again");
                let failure = upload.fail(error);
                let pause = self.pause(upload.attempts);
                upload.attempts += 1;
                upload.not_before = Some(Instant::now() + pause);
                self.queue.lock().failed(upload.number, &failure);
                self.last_failure = Some(failure);
                // Closing waits for one more attempt of each batch, not for ever.
                if upload.last_attempt {
                    self.given_up = true;
                } else {
                    self.retries.push_back(upload);
                }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let lost = self.queue.lock().not_stored();
        if lost > 0 {
            tracing::error!(
                entries = lost,
                "audit log ended with entries not stored: they are lost"
            );
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
