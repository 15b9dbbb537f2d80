//! `tracing` events and spans under one target become entries.
//!
//! ```
//! use dayseal::AuditLog;
//! use dayseal::tracing_layer::AuditLayer;
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! # async fn example(log: AuditLog) -> Result<(), Box<dyn std::error::Error>> {
//! let audit = AuditLayer::new(log);
//! let guard = audit.guard();
//! let registry = tracing_subscriber::registry().with(audit.filtered());
//! tracing::subscriber::set_global_default(registry)?;
//!
//! tracing::info!(target: "audit", actor = "u-17", action = "video.deleted", resource = "video",
//!     resource.id = "v-1");
//!
//! guard.close().await?; // at the end of `main`: stores what is left
//! # Ok(())
//! # }
//! ```
//!
//! # What becomes of what
//! - A field whose name is a path of the schema (`docs/spec/entry.md`: `tenant`, `ai.provider`,
//!   `ai.usage.input`, `source.request_id`…) is that field. Short: `actor` is `actor.id`,
//!   `resource` is `resource.type`, `reason` and `error` are `reason.text`. Lists are texts with commas.
//! - Every other field, and one whose value its path does not take, is a label: of at most 32, with
//!   values of at most 256 bytes. Nothing is refused for a field; a log that takes declared labels only
//!   and refuses others gets the entry without any, with the `reason.code` `labels_refused`.
//! - An event is one entry. Its message is its action, unless it has one; then a label. Without a type it
//!   is `operation.recorded`; without an outcome, a failure at level ERROR and else a success.
//! - A span is one entry when it closes, with its duration. Its name is its action, unless it has
//!   one. Without an outcome it is a failure after an event at level ERROR inside it
//!   (`#[instrument(err)]`) or while a panic unwinds through it, and else `unknown`: a dropped future
//!   closes its span just so. Without a type it is `operation.completed`, `.failed`, `.blocked`, or
//!   `.ended` where it is not known.
//! - Events and spans inside a span have its fields, except type, action, outcome, reason and
//!   duration, and name it as their cause; inside an [audited operation](AuditLog::audited) likewise.
//! - Without an actor it is the service itself. An actor without `actor.type` is a user.
//!
//! # What is guaranteed
//! Recording never waits. What finds no room is counted, and told of by a `log.loss` entry once there
//! is room. [`AuditGuard::close`] stores what is left; a span still open then counts as lost. Events of
//! dayseal itself, and those that recording gives rise to on its thread, are not recorded: a log does not
//! feed on itself. Do not choose a target of what sends batches (`hyper`, `aws_…`): that would.

mod fields;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dayseal_format::event::{Actor, EventDraft, EventId, Outcome, Reason, Trace};
use dayseal_keys::random;
use tokio::time::Instant;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{Filtered, Targets};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use self::fields::Fields;
use crate::operation::{Inherited, Kinds, span};
use crate::{AuditLog, CloseError, Metrics, NotStored, TryRecordError, UnixMillis};

/// The target by default.
const TARGET: &str = "audit";
/// dayseal's own targets begin so.
const OWN: &str = "dayseal";

thread_local! {
    /// Whether this thread is recording.
    static RECORDING: Cell<bool> = const { Cell::new(false) };
}

/// Records events and spans; see the [module](self).
#[must_use = "add it to a subscriber"]
pub struct AuditLayer {
    log: AuditLog,
    target: String,
    actor: Actor,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    open_spans: AtomicU64,
    closed: AtomicBool,
}

/// A target that cannot be audited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("target {target:?}: expected one of your own, not empty and not dayseal's")]
pub struct TargetError {
    /// The target.
    pub target: String,
}

impl AuditLayer {
    /// A layer that records in `log` what has the target `audit`, or one below it (`audit::…`).
    pub fn new(log: AuditLog) -> Self {
        let actor = Actor::service(log.service_name());
        Self { log, target: TARGET.to_owned(), actor, shared: Arc::default() }
    }

    /// Another target.
    ///
    /// # Errors
    /// [`TargetError`] for the empty target, which is all of them, and for dayseal's own.
    pub fn target(mut self, target: impl Into<String>) -> Result<Self, TargetError> {
        let target = target.into();
        if target.is_empty() || is_own(&target) {
            return Err(TargetError { target });
        }
        self.target = target;
        Ok(self)
    }

    /// The actor of what names none. Default the service.
    pub fn default_actor(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// The layer behind a filter for its target: what nobody else listens to then costs nothing.
    pub fn filtered<S>(self) -> Filtered<Self, Targets, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let targets = Targets::new().with_target(self.target.clone(), Level::TRACE);
        self.with_filter(targets)
    }

    /// What ends the recording. Keep it, and close it at the end of `main`.
    pub fn guard(&self) -> AuditGuard {
        AuditGuard { log: self.log.clone(), shared: self.shared.clone() }
    }

    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        let rest = metadata.target().strip_prefix(&*self.target);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }

    fn record(&self, draft: EventDraft) {
        // A log may take declared labels only, and its refusal does not hand the event back.
        let bare = (!draft.labels.is_empty()).then(|| draft.clone());
        let recorded = match (self.log.try_record(draft), bare) {
            (Err(TryRecordError::Undeclared(_)), Some(mut bare)) => {
                let fields = bare.edit();
                fields.labels.clear();
                fields.reason.get_or_insert_with(|| Reason::new("labels_refused"));
                self.log.try_record(bare)
            }
            (recorded, _) => recorded,
        };
        match recorded {
            Ok(_) => self.log.tell_losses(),
            Err(error) => self.log.lose_by(&error),
        }
    }
}

impl fmt::Debug for AuditLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, target, .. } = self;
        f.debug_struct("AuditLayer")
            .field("log", log)
            .field("target", target)
            .finish_non_exhaustive()
    }
}

fn is_own(target: &str) -> bool {
    target.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '_']))
}

/// Ends what an [`AuditLayer`] records.
#[derive(Debug)]
#[must_use = "close it at the end of `main`: what is still in memory then is lost"]
pub struct AuditGuard {
    log: AuditLog,
    shared: Arc<Shared>,
}

impl AuditGuard {
    /// Waits until everything recorded so far is stored.
    ///
    /// # Errors
    /// As [`AuditLog::flush`].
    pub async fn flush(&self) -> Result<(), NotStored> {
        self.log.flush().await
    }

    /// Stores what is left and closes the log. Spans still open are counted as lost, and so is what
    /// comes later.
    ///
    /// # Errors
    /// As [`AuditLog::close`].
    pub async fn close(self) -> Result<Metrics, CloseError> {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.log.lose("span_open", self.shared.open_spans.load(Ordering::SeqCst));
        self.log.close().await
    }
}

/// What is kept with an open span.
struct Open {
    id: EventId,
    time: UnixMillis,
    since: Instant,
    around: Around,
    /// Whether an error was recorded inside.
    failed: bool,
}

/// What an entry has from where it is, and of itself.
struct Around {
    fields: Fields,
    /// Of the audited operation around, if there is one.
    inherited: Inherited,
    trace: Option<Trace>,
}

/// Runs `record` unless this thread is recording already. What is said meanwhile, by a detector of
/// the caller's for one, is not counted as lost either: telling of it would give rise to more.
fn once(record: impl FnOnce()) {
    if RECORDING.replace(true) {
        return;
    }
    // Also after a panic in a detector of the caller's.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            RECORDING.set(false);
        }
    }
    let _reset = Reset;
    record();
}

impl<S> Layer<S> for AuditLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !self.takes(attributes.metadata()) || self.shared.closed.load(Ordering::SeqCst) {
            return;
        }
        let Some(opened) = context.span(id) else { return };
        let mut own = Fields::default();
        attributes.record(&mut own);
        let mut around = Around::span(opened.parent());
        around.fields.extend(own);
        let Around { mut fields, inherited, trace } = around;
        let (Ok((id, time)), Ok(random)) = (self.log.stamp(), random()) else {
            return self.log.lose("no_randomness", 1);
        };
        let mut trace = fields.take_trace().or(trace);
        span(&mut trace, random);
        let around = Around { fields, inherited, trace };
        let open = Open { id, time, since: Instant::now(), around, failed: false };
        opened.extensions_mut().insert(open);
        self.shared.open_spans.fetch_add(1, Ordering::SeqCst);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(opened) = context.span(id) else { return };
        // Not under the lock: a value's own `Debug` may come back here.
        let mut own = Fields::default();
        values.record(&mut own);
        if let Some(open) = opened.extensions_mut().get_mut::<Open>() {
            open.around.fields.extend(own);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !self.takes(event.metadata()) {
            return;
        }
        let failed = *event.metadata().level() == Level::ERROR;
        let parent = context.event_span(event);
        if failed {
            // The nearest only: those outside may do without it.
            let spans = parent.as_ref().into_iter().flat_map(SpanRef::scope);
            let _ = spans.into_iter().find_map(|span| {
                span.extensions_mut().get_mut::<Open>().map(|open| open.failed = true)
            });
        }
        once(|| {
            let mut own = Fields::default();
            event.record(&mut own);
            own.message_as_action();
            let mut around = Around::span(parent);
            around.fields.extend(own);
            let outcome = if failed { Outcome::Failure } else { Outcome::Success };
            let draft = self.draft(around, |fields| {
                fields.fill("action", "recorded");
                fields.fill("outcome", outcome.as_str());
                fields.fill("type", "operation.recorded");
            });
            draft.into_iter().for_each(|draft| self.record(draft));
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(closed) = context.span(&id) else { return };
        let Some(open) = closed.extensions_mut().remove::<Open>() else { return };
        if self.shared.closed.load(Ordering::SeqCst) {
            return; // counted as lost when the guard closed
        }
        self.shared.open_spans.fetch_sub(1, Ordering::SeqCst);
        let panicked = std::thread::panicking();
        let failed = open.failed || panicked;
        let outcome = if failed { Outcome::Failure } else { Outcome::Unknown };
        once(|| {
            let Open { id, time, since, around, .. } = open;
            let draft = self.draft(around, |fields| {
                fields.fill("action", closed.name());
                fields.fill("outcome", outcome.as_str());
                let kind = match fields.outcome() {
                    Some(Outcome::Unknown) | None => "operation.ended".to_owned(),
                    Some(outcome) => Kinds::family("operation").of(outcome).to_string(),
                };
                fields.fill("type", &kind);
            });
            let Some(mut draft) = draft else { return };
            let fields = draft.edit();
            fields.id = id;
            fields.time = time;
            fields.end_time = Some(self.log.now().max(time));
            fields.duration_ms = u64::try_from(since.elapsed().as_millis()).ok();
            if panicked {
                fields.reason.get_or_insert_with(|| Reason::new("panic"));
            }
            self.record(draft);
        });
    }
}

impl AuditLayer {
    /// An entry of what is around and in it, and of what `defaults` adds where that says nothing.
    fn draft(&self, around: Around, defaults: impl Fn(&mut Fields)) -> Option<EventDraft> {
        let Around { mut fields, mut inherited, trace } = around;
        let actor = inherited.actor.take().unwrap_or_else(|| self.actor.clone());
        let trace = fields.take_trace().or(trace);
        let cause = fields.cause;
        match fields.draft(&actor, defaults) {
            Ok(mut draft) => {
                let fields = draft.edit();
                fields.trace = trace;
                if let Some(cause) = cause {
                    let correlation = fields.correlation.get_or_insert_default();
                    correlation.parent_event.get_or_insert(cause);
                }
                inherited.fill(fields);
                Some(draft)
            }
            Err(error) => {
                self.log.lose_by(&TryRecordError::Invalid(error));
                None
            }
        }
    }
}

impl Around {
    /// What the nearest audited span hands down, from `span` outwards; else the operation around.
    fn span<'a, S: LookupSpan<'a>>(span: Option<SpanRef<'a, S>>) -> Self {
        let found = span.into_iter().flat_map(|span| span.scope()).find_map(|span| {
            let extensions = span.extensions();
            let Open { id, around, .. } = extensions.get::<Open>()?;
            let mut fields = around.fields.handed_down();
            fields.cause = Some(*id);
            let (inherited, trace) = (around.inherited.clone(), around.trace.clone());
            Some(Self { fields, inherited, trace })
        });
        found.unwrap_or_else(|| {
            let inherited = Inherited::current();
            let trace = inherited.trace().cloned();
            Self { fields: Fields::default(), inherited, trace }
        })
    }
}
