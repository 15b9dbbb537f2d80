//! Who makes a call, and for what.

use dayseal_format::content::{Field, MAX_CONTENT};
use dayseal_format::event::{
    Actor, Agent, Attachment, Content, ContentItem, Correlation, Event, EventBuilder, EventId,
    KeyRef, Privacy, Source, Trace,
};
use http::HeaderMap;

use super::verdict::Observed;
use crate::ContentMode;
use crate::trace_context::traceparent;

/// Who makes a call and for what: what the wire does not say. All of it may be left open.
///
/// As an extension of a request it is read by the middleware:
///
/// ```
/// use dayseal::Actor;
/// use dayseal::ai::CallContext;
///
/// let context = CallContext::new(Actor::user("u-17")).conversation("c-9").purpose("support");
/// # let _ = context;
/// // client.post(url).with_extension(context).body(body).send().await?
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    pub(crate) actor: Option<Actor>,
    pub(crate) agent: Option<Agent>,
    pub(crate) conversation: Option<String>,
    pub(crate) key: Option<KeyRef>,
    pub(crate) purpose: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) trace: Option<Trace>,
}

impl CallContext {
    /// A call by this actor.
    pub fn new(actor: Actor) -> Self {
        Self { actor: Some(actor), ..Self::default() }
    }

    /// Sets the agent that calls.
    #[must_use]
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Sets the conversation, an identifier of 256 bytes: `correlation.conversation`.
    #[must_use]
    pub fn conversation(mut self, id: impl Into<String>) -> Self {
        self.conversation = Some(id.into());
        self
    }

    /// Sets the credential used, by [`events::safe_prefix`](crate::events::safe_prefix): nothing is
    /// taken from the request's headers.
    #[must_use]
    pub fn key(mut self, key: KeyRef) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets why personal data is processed, a name of 128 bytes: `privacy.purpose`.
    #[must_use]
    pub fn purpose(mut self, name: impl Into<String>) -> Self {
        self.purpose = Some(name.into());
        self
    }

    /// Sets the actor's session, an identifier of 256 bytes.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// Sets the tenant; else the log's.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the trace; else the one of the request's `traceparent` header, if it has one.
    #[must_use]
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Takes the trace from a request's `traceparent` (W3C Trace Context) where none is set.
    #[must_use]
    pub fn traced(mut self, headers: &HeaderMap) -> Self {
        if self.trace.is_none() {
            self.trace = traceparent(headers);
        }
        self
    }
}

impl Observed {
    /// Begins the event of this call, caused by the event `parent`. What was kept of prompt and answer
    /// is attached, unless `content` is [`ContentMode::None`]: then, and where nothing was kept, its
    /// size is recorded alone.
    ///
    /// An actor must be set where the context has none; times are the caller's to set.
    pub fn event(
        self,
        context: &CallContext,
        parent: Option<EventId>,
        content: ContentMode,
    ) -> EventBuilder {
        let captured = [
            (Field::Input, self.input),
            (Field::Output, self.output),
            (Field::System, self.system),
        ];
        let (mut sizes, mut attachments) = (Content::default(), Vec::new());
        for (field, captured) in captured.into_iter().filter_map(|(f, c)| Some((f, c?))) {
            match captured.text().filter(|_| content != ContentMode::None) {
                Some(text) => attachments.push(Attachment {
                    // What is longer than a content record may be is told by its digest.
                    digest_only: content == ContentMode::Digest || text.len() > MAX_CONTENT,
                    ..Attachment::new(field, text)
                }),
                None => {
                    let item = Some(ContentItem::sized(captured.bytes));
                    match field {
                        Field::Input => sizes.input = item,
                        Field::Output => sizes.output = item,
                        _ => sizes.system = item,
                    }
                }
            }
        }
        let action = self.call.operation.clone().unwrap_or_else(|| "other".to_owned());
        let mut event =
            Event::builder(self.kind).action(action).outcome(self.outcome).ai(self.call);
        let correlation = Correlation { conversation: None, job: self.job, parent_event: parent };
        event = context.apply(event, correlation);
        if sizes != Content::default() {
            event = event.content(sizes);
        }
        for attachment in attachments {
            event = event.attach(attachment);
        }
        if let Some(id) = self.request_id {
            event = event.source(Source::default().request_id(id));
        }
        if let Some(reason) = self.reason {
            event = event.reason(reason);
        }
        if let Some(safety) = self.safety {
            event = event.safety(safety);
        }
        event
    }
}

impl CallContext {
    fn apply(&self, mut event: EventBuilder, mut correlation: Correlation) -> EventBuilder {
        if let Some(mut actor) = self.actor.clone() {
            actor.session = self.session.clone().or(actor.session);
            event = event.actor(actor);
        }
        correlation.conversation.clone_from(&self.conversation);
        if correlation != Correlation::default() {
            event = event.correlation(correlation);
        }
        if let Some(agent) = self.agent.clone() {
            event = event.agent(agent);
        }
        if let Some(key) = self.key.clone() {
            event = event.key(key);
        }
        if let Some(purpose) = &self.purpose {
            event = event.privacy(Privacy::new(purpose));
        }
        if let Some(tenant) = &self.tenant {
            event = event.tenant(tenant);
        }
        if let Some(trace) = self.trace.clone() {
            event = event.trace(trace);
        }
        event
    }
}
