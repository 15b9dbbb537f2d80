//! An operation that was begun: its result entry is written once, whatever ends it.

use std::time::Duration;

use dayseal_format::UnixMillis;
use dayseal_format::event::{
    Actor, EventBuilder, EventDraft, EventFields, EventId, Outcome, Reason, Trace, limits,
};
use dayseal_keys::random;
use tokio::time::{Instant, timeout};

use super::current::Inherited;
use super::ending::{Kinds, cut};
use super::{Ending, Operation};
use crate::log::Accepted;
use crate::{AuditLog, NotStarted, RecordError, TryRecordError};

/// What a log refuses that takes declared labels only.
const LABELS: &str = "labels";

/// How entries of an operation are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    /// Waits for nothing, and stops nothing: what finds no room is counted as lost.
    pub(crate) best_effort: bool,
    /// Waits until they are stored.
    pub(crate) durable: bool,
    /// Waits at most this long, for room or for storage.
    pub(crate) patience: Duration,
}

impl Default for Write {
    fn default() -> Self {
        Self { best_effort: false, durable: false, patience: Duration::from_secs(10) }
    }
}

/// An operation to be begun.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) event: EventBuilder,
    /// Else that of the operation around it.
    pub(crate) actor: Option<Actor>,
    pub(crate) kinds: Kinds,
    pub(crate) write: Write,
}

/// An operation that was begun. Dropped before it ended, it is recorded as cancelled.
#[derive(Debug)]
pub(crate) struct Open {
    log: AuditLog,
    operation: Operation,
    /// As it was begun: what is recorded when what was said later breaks a rule.
    begun: EventDraft,
    kinds: Kinds,
    write: Write,
    time: UnixMillis,
    since: Instant,
    /// The identifier of its one entry, or `None` once an intent has it.
    id: Option<EventId>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing is recorded of it yet, and nothing needs to be.
    Planned,
    /// Its intent is recorded; it does not run yet.
    Intended,
    Running,
    /// Its result entry waits for room.
    Ending(Box<Ending>),
    Done,
}

/// Why an entry of an operation was not recorded, or not stored.
#[derive(Debug)]
pub(crate) enum Refused {
    Record(RecordError),
    TimedOut(Duration),
}

impl From<Refused> for NotStarted {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Record(error) => Self::Refused(error),
            Refused::TimedOut(patience) => Self::TimedOut { patience },
        }
    }
}

impl Open {
    /// Gives the operation its place: an identifier, a span, and what it inherits. Records nothing.
    pub(crate) fn new(log: &AuditLog, plan: Plan) -> Result<Self, RecordError> {
        let Plan { event, actor, kinds, write } = plan;
        let mut inherited = Inherited::current();
        let actor = actor.or(inherited.actor.take());
        let event = match actor {
            Some(actor) => event.actor(actor),
            None => event,
        };
        let mut begun = event.outcome(Outcome::Deferred).build()?;
        let (id, time) = log.stamp()?;
        let fields = begun.edit();
        inherited.fill(fields);
        span(&mut fields.trace, random()?);
        fields.kind = kinds.started.clone();
        fields.time = time;
        fields.id = id;
        Ok(Self {
            log: log.clone(),
            operation: Operation::new(id, begun.clone()),
            begun,
            kinds,
            write,
            time,
            since: Instant::now(),
            id: Some(id),
            state: State::Planned,
        })
    }

    /// The operation as it was begun.
    #[cfg(feature = "lambda")]
    pub(crate) fn begun(&self) -> &EventDraft {
        &self.begun
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation.clone()
    }

    /// Records the intent, waiting for room; until it is stored, if entries are to be durable.
    pub(crate) async fn intend(&mut self) -> Result<(), Refused> {
        if self.write.best_effort {
            match self.log.try_record(self.begun.clone()) {
                Ok(_) => self.id = None,
                Err(error) => self.log.lose_by(&error),
            }
            return Ok(());
        }
        let patience = self.write.patience;
        let waited = timeout(patience, async {
            let accepted = self.accept(self.begun.clone()).await?;
            self.id = None;
            self.state = State::Intended;
            stored(accepted).await
        })
        .await;
        match waited {
            Ok(done) => done.map_err(Refused::Record),
            Err(_) => Err(Refused::TimedOut(patience)),
        }
    }

    /// Cancelled, the event is not recorded; once it returned, it is.
    async fn accept(&self, event: EventDraft) -> Result<Option<Accepted>, RecordError> {
        if self.write.durable {
            return self.log.accept(event).await.map(Some);
        }
        self.log.record(event).await.map(|_| None)
    }

    /// Records that it still runs, near its deadline: it may never come to its end.
    #[cfg(feature = "lambda")]
    pub(crate) fn overdue(&self) {
        let ending = Ending { forced: true, ..Ending::unknown(Reason::new("timeout")) };
        let mut draft = self.result(&ending);
        // The identifier of a result that may yet come is not this one's.
        draft.edit().id = EventId::default();
        if let Err(error) = self.log.try_record(draft) {
            self.log.lose_by(&error);
        }
    }

    /// From now on its entries are not waited for until they are stored.
    #[cfg(feature = "lambda")]
    pub(crate) fn accept_only(&mut self) {
        self.write.durable = false;
    }

    /// From now on it can be cancelled.
    pub(crate) fn run(&mut self) {
        self.state = State::Running;
    }

    /// Records the result, waiting for room; until it is stored, if entries are to be durable.
    ///
    /// Cancelled while it waits for room, the result is recorded all the same, or counted as lost.
    pub(crate) async fn finish(mut self, ending: Ending) -> Result<(), Refused> {
        if self.write.best_effort {
            self.end_now(&ending);
            return Ok(());
        }
        self.state = State::Ending(Box::new(ending.clone()));
        let patience = self.write.patience;
        let done = match timeout(patience, self.store(&ending)).await {
            Ok(done) => done.map_err(Refused::Record),
            Err(_) => Err(Refused::TimedOut(patience)),
        };
        self.log.tell_losses();
        done.inspect_err(|refused| self.report(refused))
    }

    async fn store(&mut self, ending: &Ending) -> Result<(), RecordError> {
        let accepted = match self.accept(self.result(ending)).await {
            Err(RecordError::Invalid(error)) => self.accept(self.plain(ending, error.path())).await,
            Err(RecordError::Undeclared(_)) => self.accept(self.plain(ending, LABELS)).await,
            other => other,
        }?;
        self.state = State::Done;
        stored(accepted).await
    }

    /// A result that is recorded and not stored is kept and tried again; one that is not recorded is
    /// lost, unless dropping finds room for it.
    fn report(&self, refused: &Refused) {
        let action = &*self.begun.action;
        match (refused, &self.state) {
            (Refused::Record(error), State::Done) => {
                tracing::error!(%error, action, "the result of an operation is not stored yet");
            }
            (Refused::TimedOut(patience), State::Done) => {
                tracing::error!(?patience, action, "the result of an operation is not stored yet");
            }
            (Refused::Record(error), _) => {
                tracing::error!(%error, action, "the result of an operation was not recorded");
            }
            (Refused::TimedOut(_), _) => {}
        }
    }

    /// Records the result if there is room now; else it is counted as lost.
    pub(crate) fn finish_now(mut self, ending: &Ending) {
        self.end_now(ending);
    }

    fn end_now(&mut self, ending: &Ending) {
        self.state = State::Done;
        let recorded = match self.log.try_record(self.result(ending)) {
            Err(TryRecordError::Invalid(error)) => {
                self.log.try_record(self.plain(ending, error.path()))
            }
            Err(TryRecordError::Undeclared(_)) => self.log.try_record(self.plain(ending, LABELS)),
            other => other,
        };
        match recorded {
            Ok(_) => self.log.tell_losses(),
            Err(error) => self.log.lose_by(&error),
        }
    }

    fn result(&self, ending: &Ending) -> EventDraft {
        let mut draft = self.operation.said().draft.clone();
        let fields = draft.edit();
        if ending.forced || fields.reason.is_none() {
            fields.reason = ending.reason.clone().or(fields.reason.take());
        }
        self.end(fields, ending);
        draft
    }

    /// The result without what was said since the operation began: `path` of it breaks a rule, and
    /// an end with fewer words is better than none.
    fn plain(&self, ending: &Ending, path: &str) -> EventDraft {
        tracing::error!(path, action = %self.begun.action,
            "what was said about an operation breaks a rule; its result is recorded without");
        let mut draft = self.begun.clone();
        let fields = draft.edit();
        if path == LABELS {
            // Which of them the log does not take may be one of the first.
            fields.labels.clear();
        }
        let mut text = format!("not recorded: {path}");
        cut(&mut text, limits::SHORT_TEXT);
        fields.reason = Some(Reason::new("result_refused").text(text));
        self.end(fields, ending);
        draft
    }

    fn end(&self, fields: &mut EventFields, ending: &Ending) {
        let said = self.operation.said().outcome.filter(|_| !ending.forced);
        let outcome = said.unwrap_or(ending.outcome);
        fields.kind = self.kinds.of(outcome);
        fields.outcome = outcome;
        fields.id = self.id.unwrap_or_default();
        if self.id.is_none() {
            // The intent is the cause of its result.
            let correlation = fields.correlation.get_or_insert_default();
            correlation.parent_event = Some(self.operation.id());
        }
        fields.duration_ms = u64::try_from(self.since.elapsed().as_millis()).ok();
        // A clock that was set back meanwhile must not make the entry contradict itself.
        fields.end_time = Some(self.log.now().max(self.time));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Planned | State::Done => {}
            State::Intended => self.end_now(&Ending::not_started()),
            State::Running => self.end_now(&Ending::cancelled()),
            State::Ending(ending) => self.end_now(&ending),
        }
    }
}

async fn stored(accepted: Option<Accepted>) -> Result<(), RecordError> {
    match accepted {
        Some(accepted) => accepted.stored().await.map(drop),
        None => Ok(()),
    }
}

/// Makes a span of its own: the one that stood there becomes its parent.
pub(crate) fn span(trace: &mut Option<Trace>, random: [u8; 24]) {
    let trace = trace.get_or_insert_default();
    let (trace_id, span_id) = random.split_at(16);
    trace.trace_id.get_or_insert_with(|| hex(trace_id));
    trace.parent_id = trace.span_id.replace(hex(span_id)).or(trace.parent_id.take());
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
