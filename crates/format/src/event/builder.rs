//! Building an event in code.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Actor, ActorType, Agent, AiCall, Attachment, Change, Clock, Content, Correlation, DataClass,
    EventDraft, EventError, EventFields, EventId, EventType, Function, KeyRef, Outcome, Oversight,
    Privacy, Reason, Redaction, Resource, Safety, Service, Severity, Source, Trace,
};
use crate::UnixMillis;

/// Builds an [`EventDraft`]; begin with [`Event::builder`](super::Event::builder).
///
/// `actor`, `action` and `outcome` are required. What is set twice keeps the last value, except
/// labels, data classes and redactions, which add up.
#[derive(Clone, Debug)]
#[must_use = "call `build`"]
pub struct EventBuilder {
    fields: Box<EventFields>,
    outcome: Option<Outcome>,
    own: bool,
    attachments: Vec<Attachment>,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $ty:ty;)+) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: $ty) -> Self {
            self.fields.$name = Some($name);
            self
        }
    )+};
}

impl EventBuilder {
    pub(super) fn new(kind: EventType, own: bool) -> Self {
        let fields = EventFields {
            access_reason: None,
            action: String::new(),
            actor: Actor::new(ActorType::User, ""),
            agent: None,
            ai: None,
            change: None,
            clock: None,
            content: None,
            correlation: None,
            data_class: BTreeSet::new(),
            duration_ms: None,
            end_time: None,
            function: None,
            id: EventId::default(),
            key: None,
            labels: BTreeMap::new(),
            logged_time: UnixMillis::default(),
            outcome: Outcome::Unknown,
            oversight: None,
            privacy: None,
            reason: None,
            redactions: Vec::new(),
            resource: None,
            safety: None,
            service: Service::default(),
            severity: None,
            source: None,
            tenant: String::new(),
            time: UnixMillis::default(),
            trace: None,
            kind,
            v: 0,
        };
        Self { fields: Box::new(fields), outcome: None, own, attachments: Vec::new() }
    }

    parts! {
        /// Sets the AI agent involved.
        agent: Agent;
        /// Sets the model call.
        ai: AiCall;
        /// Sets what changed.
        change: Change;
        /// Sets the clock that gave the times.
        clock: Clock;
        /// Sets the content, by size and keyed digest.
        content: Content;
        /// Sets what ties this event to others.
        correlation: Correlation;
        /// Sets how long it took, in milliseconds.
        duration_ms: u64;
        /// Sets when it ended.
        end_time: UnixMillis;
        /// Sets the serverless function that recorded it.
        function: Function;
        /// Sets the key or credential the event is about.
        key: KeyRef;
        /// Sets human oversight.
        oversight: Oversight;
        /// Sets the lawfulness of processing.
        privacy: Privacy;
        /// Sets why it ended so.
        reason: Reason;
        /// Sets what it was done to.
        resource: Resource;
        /// Sets what the guardrails decided.
        safety: Safety;
        /// Sets how bad it is.
        severity: Severity;
        /// Sets where the request came from.
        source: Source;
        /// Sets the trace it belongs to.
        trace: Trace;
    }

    /// Sets who did it. Required.
    pub fn actor(mut self, actor: Actor) -> Self {
        self.fields.actor = actor;
        self
    }

    /// Sets what was done. Required.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.fields.action = action.into();
        self
    }

    /// Sets how it ended. Required.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Adds the content of an item: what becomes of it is the log's to say. [`EventBuilder::content`]
    /// is for content whose size and digest are known already.
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Sets why data was accessed.
    pub fn access_reason(mut self, text: impl Into<String>) -> Self {
        self.fields.access_reason = Some(text.into());
        self
    }

    /// Adds a kind of data touched.
    pub fn data_class(mut self, class: DataClass) -> Self {
        self.fields.data_class.insert(class);
        self
    }

    /// Adds a label of the caller's own.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.labels.insert(name.into(), value.into());
        self
    }

    /// Notes that `rule` took something out at `path`.
    pub fn redaction(mut self, path: impl Into<String>, rule: impl Into<String>) -> Self {
        self.fields.redactions.push(Redaction { path: path.into(), rule: rule.into() });
        self
    }

    /// Sets the identifier; else the producer's.
    pub fn id(mut self, id: EventId) -> Self {
        self.fields.id = id;
        self
    }

    /// Sets when it happened or began; else the producer's clock.
    pub fn time(mut self, time: UnixMillis) -> Self {
        self.fields.time = time;
        self
    }

    /// Sets when the producer took it in; else the producer's clock.
    pub fn logged_time(mut self, time: UnixMillis) -> Self {
        self.fields.logged_time = time;
        self
    }

    /// Sets the tenant; else the producer's.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.fields.tenant = tenant.into();
        self
    }

    /// Sets the service; its open parts are the producer's.
    pub fn service(mut self, service: Service) -> Self {
        self.fields.service = service;
        self
    }

    /// Checks everything set so far.
    ///
    /// # Errors
    /// [`EventError`] with the path of the first field that is missing or breaks a rule.
    pub fn build(mut self) -> Result<EventDraft, EventError> {
        self.fields.outcome =
            self.outcome.ok_or_else(|| EventError::Missing { path: "outcome".into() })?;
        let mut draft = EventDraft::new(self.fields, self.own)?;
        self.attachments.into_iter().for_each(|attachment| draft.attach(attachment));
        Ok(draft)
    }
}
