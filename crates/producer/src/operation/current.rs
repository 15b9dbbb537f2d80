//! The operation under way: its place among others, and what is still to be said about it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dayseal_format::event::{
    Actor, AiCall, Change, Content, Correlation, DataClass, EventDraft, EventFields, EventId,
    Function, Outcome, Oversight, Reason, Resource, Safety, Severity, Trace,
};

tokio::task_local! {
    static CURRENT: Operation;
}

/// An operation under way: adds to its result entry what is known only now.
///
/// Clones share it. What is said after the result entry was written is not recorded.
#[derive(Clone, Debug)]
pub struct Operation {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: EventId,
    said: Mutex<Said>,
}

/// What the result entry will hold, as far as it is known.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) draft: EventDraft,
    pub(crate) outcome: Option<Outcome>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty;)+) => {$(
        $(#[$doc])*
        pub fn $name(&self, $name: $ty) {
            self.edit(|fields| fields.$name = Some($name));
        }
    )+};
}

impl Operation {
    pub(crate) fn new(id: EventId, draft: EventDraft) -> Self {
        let said = Mutex::new(Said { draft, outcome: None });
        Self { shared: Arc::new(Shared { id, said }) }
    }

    /// The operation in which the calling task is, if it is in one.
    ///
    /// A task made by `tokio::spawn` is in none: see [`Operation::within`].
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs `future` inside this operation, so that what it records names it as its cause: for tasks
    /// that it spawns.
    pub async fn within<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    pub(crate) fn within_sync<T>(&self, call: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), call)
    }

    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        // Nothing under the lock panics half-way through a change but a caller's closure in `ai`.
        self.shared.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn edit(&self, change: impl FnOnce(&mut EventFields)) {
        change(self.said().draft.edit());
    }

    /// The identifier of the entry that later ones name as their cause.
    pub fn id(&self) -> EventId {
        self.shared.id
    }

    /// The trace and span of the operation, to be handed on to other services.
    pub fn trace(&self) -> Option<Trace> {
        self.said().draft.trace.clone()
    }

    setters! {
        /// Sets what changed.
        change: Change;
        /// Sets the content, by size and keyed digest.
        content: Content;
        /// Sets human oversight.
        oversight: Oversight;
        /// Sets why it ended so. Never a user's data: entries are kept for years.
        reason: Reason;
        /// Sets what it was done to.
        resource: Resource;
        /// Sets what the guardrails decided.
        safety: Safety;
        /// Sets how bad it is.
        severity: Severity;
    }

    /// Sets who did it, for layers that learn it only inside.
    pub fn actor(&self, actor: Actor) {
        self.edit(|fields| fields.actor = actor);
    }

    /// Adds to the model call: token counts, why it stopped, which model answered.
    pub fn ai(&self, change: impl FnOnce(AiCall) -> AiCall) {
        let call = self.said().draft.ai.clone().unwrap_or_default();
        let call = change(call);
        self.edit(|fields| fields.ai = Some(call));
    }

    /// Sets how it ended, where success and failure do not say it: blocked, deferred, unknown.
    pub fn outcome(&self, outcome: Outcome) {
        self.said().outcome = Some(outcome);
    }

    /// Sets the job, such as the task that a provider made of it.
    pub fn job(&self, id: impl Into<String>) {
        self.edit(|fields| fields.correlation.get_or_insert_default().job = Some(id.into()));
    }

    /// Adds a kind of data touched.
    pub fn data_class(&self, class: DataClass) {
        self.edit(|fields| {
            fields.data_class.insert(class);
        });
    }

    /// Adds a label.
    pub fn label(&self, name: impl Into<String>, value: impl Into<String>) {
        self.edit(|fields| {
            fields.labels.insert(name.into(), value.into());
        });
    }
}

/// What an operation hands down to those inside it, where they do not say it themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inherited {
    pub(crate) actor: Option<Actor>,
    tenant: String,
    cause: Option<EventId>,
    correlation: Option<Correlation>,
    function: Option<Function>,
    trace: Option<Trace>,
}

impl Inherited {
    /// From the operation in which the calling task is.
    pub(crate) fn current() -> Self {
        Operation::current().as_ref().map(Self::from).unwrap_or_default()
    }

    #[cfg(feature = "reqwest-middleware")]
    pub(crate) fn tenant(&self) -> Option<&str> {
        Some(self.tenant.as_str()).filter(|tenant| !tenant.is_empty())
    }

    #[cfg(feature = "tracing-layer")]
    pub(crate) fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// Fills what `fields` leaves open.
    pub(crate) fn fill(self, fields: &mut EventFields) {
        if fields.tenant.is_empty() {
            fields.tenant = self.tenant;
        }
        if fields.function.is_none() {
            fields.function = self.function;
        }
        if let Some(outer) = self.correlation {
            let own = fields.correlation.get_or_insert_default();
            own.conversation = own.conversation.take().or(outer.conversation);
            own.job = own.job.take().or(outer.job);
        }
        if let Some(cause) = self.cause {
            fields.correlation.get_or_insert_default().parent_event.get_or_insert(cause);
        }
        if fields.trace.is_none() {
            fields.trace = self.trace;
        }
    }
}

impl From<&Operation> for Inherited {
    fn from(operation: &Operation) -> Self {
        let said = operation.said();
        let fields = &said.draft;
        Self {
            actor: Some(fields.actor.clone()),
            tenant: fields.tenant.clone(),
            cause: Some(operation.id()),
            correlation: fields.correlation.clone(),
            function: fields.function.clone(),
            trace: fields.trace.clone(),
        }
    }
}
