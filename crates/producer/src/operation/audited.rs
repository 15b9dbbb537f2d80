//! `log.audited("text_to_video").actor(…).run(async { … })`.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use dayseal_format::event::{
    Actor, Agent, AiCall, Change, Content, Correlation, DataClass, Event, EventBuilder, EventType,
    Function, KeyRef, Oversight, Privacy, Resource, Safety, Severity, Source, Trace,
};
use futures_util::{FutureExt as _, TryStream};

use super::ending::{By, ByType, Kinds};
use super::open::{Open, Plan, Refused, Write};
use super::{AuditedStream, Ending, Explain, Operation};
use crate::{AuditLog, NotStarted};

/// The family of an operation that names none, and of one that calls a model.
const FAMILY: &str = "operation";
const AI_FAMILY: &str = "ai.generation";

/// An operation to be audited; see [`AuditLog::audited`].
#[derive(Clone, Debug)]
#[must_use = "call `run`, `run_with` or `run_stream`"]
pub struct Audited<X = ByType> {
    log: AuditLog,
    event: EventBuilder,
    actor: Option<Actor>,
    kinds: Option<Kinds>,
    calls_model: bool,
    write: Write,
    explain: X,
}

impl AuditLog {
    /// An operation that is recorded before and after it runs.
    ///
    /// Before: an intent with outcome `deferred`. If it cannot be recorded, the operation does not
    /// run: [`NotStarted`]. After: a result with outcome, duration and reason, also when the
    /// operation returned an error, panicked, or was cancelled (its future dropped). Both have one
    /// span (`trace`), and the result names its intent (`correlation.parent_event`). Operations
    /// inside it name it as their cause and take its actor, tenant, trace and conversation where
    /// they name none.
    ///
    /// ```
    /// # use dayseal::{Actor, AiCall, AuditLog, NotStarted};
    /// # #[derive(Debug, thiserror::Error)] enum VideoError { #[error(transparent)] Audit(#[from] NotStarted) }
    /// # struct Video; struct Kling;
    /// # impl Kling { async fn text_to_video(&self, _: &str) -> Result<Video, VideoError> { Ok(Video) } }
    /// # async fn example(log: AuditLog, kling: Kling, prompt: &str) -> Result<(), VideoError> {
    /// let video = log
    ///     .audited("text_to_video")
    ///     .actor(Actor::user("u-17"))
    ///     .ai(AiCall::new("kling", "kling-v2-master"))
    ///     .run(async { kling.text_to_video(prompt).await })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn audited(&self, action: impl Into<String>) -> Audited {
        Audited {
            log: self.clone(),
            // The type is set when it is known whether a model is called.
            event: Event::builder("operation.started").action(action),
            actor: None,
            kinds: None,
            calls_model: false,
            write: Write::default(),
            explain: ByType,
        }
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $ty:ty;)+) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: $ty) -> Self {
            self.event = self.event.$name($name);
            self
        }
    )+};
}

impl<X> Audited<X> {
    parts! {
        /// Sets why data was accessed.
        access_reason: impl Into<String>;
        /// Sets the AI agent involved.
        agent: Agent;
        /// Sets what is changed.
        change: Change;
        /// Sets the content, by size and keyed digest.
        content: Content;
        /// Sets what ties it to other events.
        correlation: Correlation;
        /// Adds a kind of data touched.
        data_class: DataClass;
        /// Sets the serverless function in which it runs.
        function: Function;
        /// Sets the key or credential it is about.
        key: KeyRef;
        /// Sets human oversight.
        oversight: Oversight;
        /// Sets the lawfulness of processing.
        privacy: Privacy;
        /// Sets what it is done to.
        resource: Resource;
        /// Sets what the guardrails decided.
        safety: Safety;
        /// Sets how bad it is.
        severity: Severity;
        /// Sets where the request came from.
        source: Source;
        /// Sets the tenant.
        tenant: impl Into<String>;
        /// Sets the trace; its span becomes the parent of the operation's own.
        trace: Trace;
    }

    /// Sets who does it. Required, unless an operation around it has an actor.
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Sets the model call. Without another family or type the entries are `ai.generation.*`.
    pub fn ai(mut self, call: AiCall) -> Self {
        self.event = self.event.ai(call);
        self.calls_model = true;
        self
    }

    /// Adds a label.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.event = self.event.label(name, value);
        self
    }

    /// The types of its entries are `<family>.started`, `.completed`, `.failed` and `.blocked`
    /// (`ai.agent` has `.started` and `.ended`). Default `operation`; `ai.generation` with a model
    /// call.
    pub fn family(mut self, family: &str) -> Self {
        self.kinds = Some(Kinds::family(family));
        self
    }

    /// Intent and result have this type, such as `data.exported`; their outcomes tell them apart.
    pub fn kind(mut self, kind: impl Into<EventType>) -> Self {
        self.kinds = Some(Kinds::one(kind.into()));
        self
    }

    /// The operation runs only once its intent is stored, and returns only once its result is stored
    /// or an attempt to store it failed.
    pub fn durable(mut self) -> Self {
        self.write.durable = true;
        self
    }

    /// The operation runs whether or not its intent is recorded, and entries never wait: those that
    /// find no room are counted and told of by a `log.loss` entry. Over [`Audited::durable`].
    pub fn best_effort(mut self) -> Self {
        self.write.best_effort = true;
        self
    }

    /// How long each of the two entries may wait for room, or for storage. Default 10 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.write.patience = patience;
        self
    }

    /// What the result entry says of an error: a [`Reason`](crate::Reason) for a failure, or an
    /// [`Ending`]. Else the type of the error is its `reason.code`, and its message is not recorded.
    ///
    /// ```
    /// # use dayseal::{AuditLog, Ending, Reason};
    /// # enum KlingError { Quota, Moderated }
    /// # fn example(log: AuditLog) {
    /// let operation = log.audited("text_to_video").explain(|error: &KlingError| match error {
    ///     KlingError::Quota => Ending::failure(Reason::new("quota")),
    ///     KlingError::Moderated => Ending::blocked(Reason::new("moderated")),
    /// });
    /// # }
    /// ```
    pub fn explain<E, R: Into<Ending>, F: Fn(&E) -> R>(self, explain: F) -> Audited<By<F>> {
        let Self { log, event, actor, kinds, calls_model, write, explain: _ } = self;
        Audited { log, event, actor, kinds, calls_model, write, explain: By(explain) }
    }

    /// Runs the operation: `Ok` is a success, `Err` a failure.
    ///
    /// # Errors
    /// The operation's own, or [`NotStarted`] as the operation's error type. What the operation
    /// returned is returned whatever becomes of its result entry: one that cannot be recorded is
    /// logged and counted, and leaves an intent without a result.
    ///
    /// # Panics
    /// If the operation does: its panic is recorded and goes on. Outside of a tokio runtime.
    pub async fn run<T, E, F>(self, operation: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        X: Explain<E>,
        E: From<NotStarted>,
    {
        self.run_with(|_| operation).await
    }

    /// As [`Audited::run`], with a handle to say more in the result entry.
    ///
    /// ```
    /// # use dayseal::{AuditLog, NotStarted, Operation, Actor};
    /// # struct Answer { text: String, tokens: u64 }
    /// # async fn complete() -> Result<Answer, NotStarted> { Ok(Answer { text: "".into(), tokens: 1 }) }
    /// # async fn example(log: AuditLog) -> Result<(), NotStarted> {
    /// let text = log
    ///     .audited("chat")
    ///     .actor(Actor::user("u-17"))
    ///     .run_with(|operation| async move {
    ///         let answer = complete().await?;
    ///         operation.ai(|call| call.output_tokens(answer.tokens).finish("stop"));
    ///         Ok::<_, NotStarted>(answer.text)
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Audited::run`].
    ///
    /// # Panics
    /// As [`Audited::run`].
    pub async fn run_with<T, E, F>(self, operation: impl FnOnce(Operation) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        X: Explain<E>,
        E: From<NotStarted>,
    {
        let (open, answer) = self.begin(operation).await?;
        let ending = Ending::success();
        // Refused is logged and counted; the operation is done all the same.
        let _ = open.finish(ending).await;
        Ok(answer)
    }

    /// As [`Audited::run_with`], for an operation that answers with a stream: the result entry is
    /// written when the stream ended, failed or was dropped, and says how many items came
    /// (`labels.stream.items`). An error before there is a stream is the operation's; one of an item
    /// is known by its type.
    ///
    /// # Errors
    /// As [`Audited::run`].
    ///
    /// # Panics
    /// As [`Audited::run`].
    pub async fn run_stream<S, E, F>(
        self,
        operation: impl FnOnce(Operation) -> F,
    ) -> Result<AuditedStream<S>, E>
    where
        S: TryStream,
        F: Future<Output = Result<S, E>>,
        X: Explain<E>,
        E: From<NotStarted>,
    {
        let (open, stream) = self.begin(operation).await?;
        Ok(AuditedStream::new(stream, open))
    }

    /// Records the intent and runs the operation. What is still open then has succeeded so far.
    async fn begin<T, E, F>(self, operation: impl FnOnce(Operation) -> F) -> Result<(Open, T), E>
    where
        F: Future<Output = Result<T, E>>,
        X: Explain<E>,
        E: From<NotStarted>,
    {
        let family = if self.calls_model { AI_FAMILY } else { FAMILY };
        let kinds = self.kinds.unwrap_or_else(|| Kinds::family(family));
        let plan = Plan { event: self.event, actor: self.actor, kinds, write: self.write };
        let mut open =
            Open::new(&self.log, plan).map_err(|e| NotStarted::from(Refused::Record(e)))?;
        open.intend().await.map_err(NotStarted::from)?;
        open.run();
        let handle = open.operation();
        let run = handle.clone().within(async move { operation(handle).await });
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(Ok(answer)) => Ok((open, answer)),
            Ok(Err(error)) => {
                let _ = open.finish(self.explain.explain(&error)).await;
                Err(error)
            }
            Err(panic) => {
                let _ = open.finish(Ending::panicked()).await;
                resume_unwind(panic)
            }
        }
    }
}
