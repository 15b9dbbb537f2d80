//! The handle that callers hold.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use dayseal_format::event::{
    AttachmentError, Defaults, Event, EventDraft, EventId, EventType, Service,
};
use dayseal_format::{Acknowledgement, Origin, ServiceName, UnixMillis};
use dayseal_keys::{KeyError, random};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::batch::Tell;
use crate::content::{self, ContentStage, Pending};
use crate::loss::Losses;
use crate::privacy::{Guard, Undeclared};
use crate::queue::{Pushed, Queue};
use crate::worker::Worker;
use crate::{
    Builder, Clock, CloseError, ContentMode, Metrics, NotStored, OpenError, RecordError,
    TryRecordError,
};

/// An open audit log. Clones share it; the last one dropped closes it.
///
/// Close it with [`AuditLog::close`]: dropping cannot wait, so it only asks the background task to
/// finish and warns if something is still to be stored.
#[derive(Clone, Debug)]
pub struct AuditLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    service: Service,
    tenant: String,
    lifecycle: bool,
    guard: Guard,
    content: ContentStage,
    losses: Losses,
    worker: Mutex<Option<JoinHandle<Option<NotStored>>>>,
}

thread_local! {
    /// Where an entry is encoded before the lock is taken.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Random bytes from the kernel for event ids, fetched by the block: a system call for each
    /// event would cost more than the rest. Ids need to be unique, not secret.
    static RANDOM: RefCell<([u8; 500], usize)> = const { RefCell::new(([0; 500], 500)) };
}

fn event_id(clock: &dyn Clock) -> Result<(EventId, UnixMillis), KeyError> {
    let now = clock.now();
    RANDOM.with_borrow_mut(|(bytes, used)| {
        if *used == bytes.len() {
            *bytes = random()?;
            *used = 0;
        }
        let mut own = [0; 10];
        own.copy_from_slice(&bytes[*used..*used + 10]);
        *used += 10;
        Ok((EventId::from_parts(now, own), now))
    })
}

impl AuditLog {
    /// Settings for the log `origin`, written by `service`.
    pub fn builder(origin: Origin, service: ServiceName) -> Builder {
        Builder::new(origin, service)
    }

    pub(crate) fn start(builder: Builder) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| OpenError::NoRuntime)?;
        let queue = Arc::new(Queue::new(builder.limits.clone()));
        let worker = Worker::new(&builder, queue.clone())?;
        let pseudonyms = builder.privacy.pseudonyms_used().cloned();
        let content = ContentStage::new(builder.content, builder.origin.clone(), pseudonyms);
        let log = Self {
            inner: Arc::new(Inner {
                queue,
                clock: builder.clock,
                service: builder.service,
                tenant: builder.tenant,
                lifecycle: builder.lifecycle,
                guard: Guard::new(builder.privacy),
                content,
                losses: Losses::default(),
                worker: Mutex::new(Some(runtime.spawn(worker.run()))),
            }),
        };
        if builder.lifecycle {
            log.lifecycle(EventType::LOG_STARTED, "start");
        }
        Ok(log)
    }

    /// Records an event without ever waiting.
    ///
    /// # Errors
    /// [`TryRecordError::Full`] and [`TryRecordError::Closed`] hand the event back, completed;
    /// [`TryRecordError::Invalid`] names the field that breaks a rule.
    pub fn try_record(&self, event: EventDraft) -> Result<EventId, TryRecordError> {
        let (event, mut contents) = self.inner.complete(event)?;
        let id = event.id;
        match self.inner.push(&event, &mut contents) {
            Pushed::Done => Ok(id),
            Pushed::Full { pending } => {
                self.inner.queue.lock().metrics.refused += 1;
                let limit = self.inner.queue.limits.memory;
                let event = self.inner.give_back(event, contents);
                Err(TryRecordError::Full { event, pending, limit })
            }
            Pushed::Closed => {
                Err(TryRecordError::Closed { event: self.inner.give_back(event, contents) })
            }
        }
    }

    /// Records an event, waiting for room in memory. Stored later.
    ///
    /// # Errors
    /// [`RecordError`]. Cancelled before it returns, the event is not recorded.
    pub async fn record(&self, event: EventDraft) -> Result<EventId, RecordError> {
        let (event, contents) = self.inner.complete(event)?;
        let id = event.id;
        self.inner.push_waiting(&event, contents, None).await?;
        Ok(id)
    }

    /// Records an event and waits until it is stored.
    ///
    /// Concurrent calls share one PUT. Cancelled while it waits for storage, the event stays
    /// recorded.
    ///
    /// # Errors
    /// [`RecordError::NotStored`] if an attempt to store fails: the event is kept and tried again,
    /// but is not known to be stored. Otherwise as [`AuditLog::record`].
    pub async fn record_durable(&self, event: EventDraft) -> Result<Acknowledgement, RecordError> {
        self.accept(event).await?.stored().await
    }

    /// The first half of [`AuditLog::record_durable`]. Cancelled, the event is not recorded; once it
    /// returned, it is.
    pub(crate) async fn accept(&self, event: EventDraft) -> Result<Accepted, RecordError> {
        let (event, contents) = self.inner.complete(event)?;
        let (tell, answer) = oneshot::channel();
        self.inner.push_waiting(&event, contents, Some(tell)).await?;
        Ok(Accepted(answer))
    }

    /// Waits until everything accepted before the call is stored. Concurrent flushes share PUTs.
    ///
    /// # Errors
    /// [`NotStored`] as soon as an attempt at any of it fails; it is kept and tried again.
    pub async fn flush(&self) -> Result<(), NotStored> {
        self.tell_losses();
        self.flush_queue().await
    }

    pub(crate) async fn flush_queue(&self) -> Result<(), NotStored> {
        self.inner.queue.flush().await
    }

    /// Stores everything, ends the stream cleanly and stops. Later records are refused.
    ///
    /// # Errors
    /// [`CloseError`] with the number of entries that could not be stored: they are lost when the
    /// process ends. Each gets one more attempt, within the store's own deadline.
    pub async fn close(&self) -> Result<Metrics, CloseError> {
        self.tell_losses_last().await;
        if self.inner.lifecycle && !self.inner.queue.lock().closing {
            self.lifecycle(EventType::LOG_STOPPED, "stop");
        }
        self.inner.queue.begin_closing();
        let worker = self.inner.worker.lock().unwrap_or_else(|e| e.into_inner()).take();
        let source = match worker {
            Some(worker) => worker.await.ok().flatten(),
            None => None,
        };
        let (metrics, not_stored) = (self.metrics(), self.inner.queue.lock().not_stored());
        match not_stored {
            0 => {
                metrics.trace_close();
                Ok(metrics)
            }
            entries => Err(CloseError { entries, source }),
        }
    }

    /// What becomes of contents attached to events.
    pub fn content_mode(&self) -> ContentMode {
        self.inner.content.mode()
    }

    /// What the log has done so far.
    pub fn metrics(&self) -> Metrics {
        let (redacted, lost) = (self.inner.guard.counts(), self.inner.losses.total());
        Metrics { redacted, lost, ..self.inner.queue.lock().metrics }
    }

    pub(crate) fn losses(&self) -> &Losses {
        &self.inner.losses
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.inner.clock.now()
    }

    pub(crate) fn service_name(&self) -> &str {
        &self.inner.service.name
    }

    /// An identifier for an event to come, and the time now.
    pub(crate) fn stamp(&self) -> Result<(EventId, UnixMillis), KeyError> {
        event_id(&*self.inner.clock)
    }

    fn lifecycle(&self, kind: EventType, action: &str) {
        let event = Event::reserved_builder(kind)
            .actor(dayseal_format::event::Actor::service(self.inner.service.name.clone()))
            .action(action)
            .outcome(dayseal_format::event::Outcome::Success)
            .build();
        let recorded = event.map_err(TryRecordError::from).and_then(|e| self.try_record(e));
        if let Err(error) = recorded {
            tracing::warn!(%error, action, "the audit log could not record its own event");
        }
    }
}

/// For ways in of this crate.
#[cfg(feature = "reqwest-middleware")]
impl AuditLog {
    pub(crate) fn pseudonyms(&self) -> Option<&crate::privacy::Pseudonyms> {
        self.inner.guard.pseudonyms_used()
    }
}

/// An event that is recorded and perhaps not yet stored.
#[derive(Debug)]
pub(crate) struct Accepted(oneshot::Receiver<Result<Acknowledgement, NotStored>>);

impl Accepted {
    /// Waits until it is stored. Cancelled, the event stays recorded.
    pub(crate) async fn stored(self) -> Result<Acknowledgement, RecordError> {
        match self.0.await {
            Ok(answer) => Ok(answer?),
            // The background task is gone with its runtime.
            Err(_) => Err(RecordError::Closed),
        }
    }
}

impl Inner {
    fn complete(&self, mut event: EventDraft) -> Result<(Event, Vec<Pending>), CompleteError> {
        let taken = match event.attachments() {
            [] => None,
            _ => Some(self.content.take(&mut event, &self.tenant)?),
        };
        self.guard.apply(&mut event, &self.tenant)?;
        let (id, now) = event_id(&*self.clock)?;
        let contents = match taken {
            None => Vec::new(),
            Some(taken) => {
                let id = event.id().unwrap_or(id);
                self.content.place(&mut event, taken, id, &self.tenant)?
            }
        };
        let defaults = Defaults::new(id, now, &self.service).tenant(&self.tenant);
        Ok((event.complete(defaults)?, contents))
    }

    /// The event for its caller, who may record it again.
    fn give_back(&self, event: Event, contents: Vec<Pending>) -> Box<EventDraft> {
        let mut draft = EventDraft::from(event).named(self.guard.names());
        contents.into_iter().for_each(|pending| draft.attach(pending.into_attachment()));
        Box::new(draft)
    }

    fn push(&self, event: &Event, contents: &mut Vec<Pending>) -> Pushed {
        with_line(event, |line| self.queue.push(event.id, event.time, line, contents, &mut None))
    }

    async fn push_waiting(
        &self,
        event: &Event,
        mut contents: Vec<Pending>,
        mut tell: Option<Tell>,
    ) -> Result<(), RecordError> {
        let (limit, weight) = (self.queue.limits.memory, content::weight(&contents));
        // Nearly always there is room: then nothing is allocated, and nobody is registered to wait.
        let line = match with_line(event, |line| {
            let found = line.len() + weight;
            if found + 1 > limit {
                return Err(RecordError::TooLarge { found, limit });
            }
            match self.queue.push(event.id, event.time, line, &mut contents, &mut tell) {
                Pushed::Done => Ok(None),
                Pushed::Closed => Err(RecordError::Closed),
                Pushed::Full { .. } => Ok(Some(line.to_vec())),
            }
        })? {
            None => return Ok(()),
            Some(line) => line,
        };
        loop {
            // Registered before the try, so that room made in between is not missed.
            let mut room = std::pin::pin!(self.queue.room.notified());
            room.as_mut().enable();
            match self.queue.push(event.id, event.time, &line, &mut contents, &mut tell) {
                Pushed::Done => return Ok(()),
                Pushed::Closed => return Err(RecordError::Closed),
                Pushed::Full { .. } => room.await,
            }
        }
    }
}

/// Hands the event's line to `f`, encoded in this thread's buffer.
fn with_line<T>(event: &Event, f: impl FnOnce(&[u8]) -> T) -> T {
    SCRATCH.with_borrow_mut(|line| {
        line.clear();
        event.encode(line);
        f(line)
    })
}

impl Drop for Inner {
    fn drop(&mut self) {
        let pending = self.queue.lock().not_stored();
        if pending > 0 && !self.queue.lock().closing {
            tracing::warn!(
                entries = pending,
                "audit log dropped without close: entries not yet stored are lost if the runtime stops now"
            );
        }
        self.queue.begin_closing();
    }
}

/// Completion fails by the event, the settings or the kernel.
pub(crate) enum CompleteError {
    Attachment(AttachmentError),
    Undeclared(Undeclared),
    Event(dayseal_format::event::EventError),
    Key(KeyError),
}

impl From<AttachmentError> for CompleteError {
    fn from(e: AttachmentError) -> Self {
        Self::Attachment(e)
    }
}

impl From<Undeclared> for CompleteError {
    fn from(e: Undeclared) -> Self {
        Self::Undeclared(e)
    }
}

impl From<KeyError> for CompleteError {
    fn from(e: KeyError) -> Self {
        Self::Key(e)
    }
}

impl From<dayseal_format::event::EventError> for CompleteError {
    fn from(e: dayseal_format::event::EventError) -> Self {
        Self::Event(e)
    }
}

impl From<CompleteError> for RecordError {
    fn from(e: CompleteError) -> Self {
        match e {
            CompleteError::Attachment(e) => Self::Attachment(e),
            CompleteError::Event(e) => Self::Invalid(e),
            CompleteError::Undeclared(e) => Self::Undeclared(e),
            CompleteError::Key(e) => Self::Key(e),
        }
    }
}

impl From<CompleteError> for TryRecordError {
    fn from(e: CompleteError) -> Self {
        match e {
            CompleteError::Attachment(e) => Self::Attachment(e),
            CompleteError::Event(e) => Self::Invalid(e),
            CompleteError::Undeclared(e) => Self::Undeclared(e),
            CompleteError::Key(e) => Self::Key(e),
        }
    }
}
