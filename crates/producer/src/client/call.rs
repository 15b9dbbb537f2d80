//! One call under way: what was seen of it, and the one entry at its end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dayseal_format::UnixMillis;
use dayseal_format::event::{EventBuilder, EventDraft, EventError, EventId, limits};
use http::HeaderMap;
use tokio::time::Instant;

use super::tee::Sent;
use super::{Inner, Intent, NotRecorded, Refusal};
use crate::ai::{CallContext, End, Observation, Observed};
use crate::operation::Inherited;
use crate::{RecordError, TryRecordError};

/// Writes its entry when it is finished or, at the latest, dropped.
pub(super) struct Call {
    inner: Arc<Inner>,
    observation: Option<Observation>,
    context: CallContext,
    /// By the log's clock.
    time: UnixMillis,
    /// By a steady one.
    start: Instant,
    first_ms: Option<u64>,
    /// The entry of the intent.
    parent: Option<EventId>,
    /// Of the operation around, as it was when the call began.
    inherited: Inherited,
    /// The request, if it is sent as a stream.
    sent: Option<Arc<Mutex<Sent>>>,
}

impl Call {
    pub(super) fn new(
        inner: Arc<Inner>,
        observation: Observation,
        mut context: CallContext,
    ) -> Self {
        let mut inherited = Inherited::current();
        context.actor = context.actor.or_else(|| inherited.actor.take());
        context.actor.get_or_insert_with(|| inner.actor.clone());
        context.tenant = context.tenant.or_else(|| inherited.tenant().map(str::to_owned));
        let (time, start) = (inner.log.now(), Instant::now());
        let observation = Some(observation);
        let (first_ms, parent, sent) = (None, None, None);
        Self { inner, observation, context, time, start, first_ms, parent, inherited, sent }
    }

    /// Where the body of a streamed request is held.
    pub(super) fn sent(&mut self) -> Arc<Mutex<Sent>> {
        self.sent.get_or_insert_default().clone()
    }

    pub(super) async fn intent(&mut self, intent: Intent) -> Result<(), NotRecorded> {
        if intent == Intent::Off {
            return Ok(());
        }
        let Some(observed) = self.observation.as_ref().map(Observation::intent) else {
            return Ok(());
        };
        let event = self.event(observed, |event| event);
        let recorded = match (event, intent) {
            (Err(error), _) => Err(self.invalid(&error)),
            (Ok(event), Intent::Stored) => {
                let stored = self.inner.log.record_durable(event).await;
                stored.map(|answer| answer.entry).map_err(|error| self.why(&error))
            }
            (Ok(event), _) => self.try_record(event),
        };
        match self.count(recorded) {
            Ok(id) => self.parent = Some(id),
            Err(why) if self.inner.refusal == Refusal::Fail => {
                // An intent that could not be stored now may be later: it gets its end.
                let _ = self.finish(End::Failed("not_sent"));
                return Err(NotRecorded { why, sent: false });
            }
            Err(_) => {}
        }
        Ok(())
    }

    pub(super) fn head(&mut self, status: u16, headers: &HeaderMap) {
        if let Some(observation) = &mut self.observation {
            observation.response(status, headers);
        }
    }

    pub(super) fn data(&mut self, chunk: &[u8]) {
        let Some(observation) = &mut self.observation else { return };
        observation.data(chunk);
        if self.first_ms.is_none() && observation.answering() {
            self.first_ms = Some(self.elapsed());
        }
    }

    /// Writes the entry, once.
    pub(super) fn finish(&mut self, end: End) -> Result<(), NotRecorded> {
        let Some(mut observation) = self.observation.take() else { return Ok(()) };
        if let Some(sent) = &self.sent {
            let (held, whole) = Sent::take(sent);
            observation.request_sent(&held, whole);
        }
        let mut observed = observation.finish(end);
        if observed.pending_query && !self.inner.polls {
            add(&self.inner.counters.polls);
            return Ok(());
        }
        let latency = self.elapsed();
        observed.call.latency_ms = Some(latency);
        observed.call.first_token_ms = self.first_ms;
        let now = self.inner.log.now();
        let event = self.event(observed, |event| {
            let event = event.duration_ms(latency);
            // A clock set back between the two readings; the duration is right all the same.
            if now >= self.time { event.end_time(now) } else { event }
        });
        let recorded = match event {
            Ok(event) => self.try_record(event),
            Err(error) => Err(self.invalid(&error)),
        };
        match self.count(recorded) {
            Err(why) if self.inner.refusal == Refusal::Fail => Err(NotRecorded { why, sent: true }),
            _ => Ok(()),
        }
    }

    fn event(
        &self,
        observed: Observed,
        more: impl FnOnce(EventBuilder) -> EventBuilder,
    ) -> Result<EventDraft, EventError> {
        let event = observed.event(&self.context, self.parent, self.inner.content).time(self.time);
        let mut event = more(event).build()?;
        self.inherited.clone().fill(event.edit());
        Ok(event)
    }

    fn try_record(&self, event: EventDraft) -> Result<EventId, &'static str> {
        self.inner.log.try_record(event).map_err(|error| {
            self.inner.log.lose_by(&error);
            match error {
                TryRecordError::Full { .. } => "is full",
                TryRecordError::Closed { .. } => "is closed",
                TryRecordError::Invalid(error) => invalid(&error),
                _ => "refused it",
            }
        })
    }

    fn invalid(&self, error: &EventError) -> &'static str {
        self.inner.log.lose("refused", 1);
        invalid(error)
    }

    fn why(&self, error: &RecordError) -> &'static str {
        match error {
            RecordError::Closed => "is closed",
            // Kept, and tried again: not lost.
            RecordError::NotStored(_) => "could not store it",
            RecordError::Invalid(error) => self.invalid(error),
            _ => "refused it",
        }
    }

    fn count(&self, recorded: Result<EventId, &'static str>) -> Result<EventId, &'static str> {
        let counters = &self.inner.counters;
        match &recorded {
            Ok(_) => add(&counters.recorded),
            Err(why) => {
                add(&counters.refused);
                tracing::warn!(why, "a model call is not in the audit log");
            }
        }
        recorded
    }

    fn elapsed(&self) -> u64 {
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        ms.min(limits::INTEGER)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Nobody is left to be told of a refusal; it was counted.
        let _ = self.finish(End::Dropped);
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A context that breaks a rule, such as an actor's id of 300 bytes.
fn invalid(error: &EventError) -> &'static str {
    // Its words name the field, not its value.
    tracing::warn!(%error, "the event of a model call is not valid");
    "found its event invalid"
}
