//! The audit event: one typed, closed schema, and its one encoding. Spec: `docs/spec/entry.md`.
//!
//! An event is written as one compact JSON line whose keys are in byte order, without floats. These
//! bytes are hashed as they stand and never made again from the parsed event. The struct fields
//! below are declared in that order, so serde's plain derive writes it and no canonicaliser runs.
//!
//! - [`Event::builder`] and [`Event::from_json`] give an [`EventDraft`]: checked, but without what
//!   only the producer knows. [`EventDraft::complete`] fills that in and gives an [`Event`].
//! - An [`Event`] is checked and cannot be changed: [`Event::encode`] has nothing left to refuse.
//! - [`Event::decode`] reads stored bytes and takes nothing but the one encoding.
//!
//! Not here: stream, sequence and previous hash, which are the batch's; redaction, which works on
//! the draft; a clock or randomness, which the caller brings.
//!
//! ```
//! use dayseal_format::UnixMillis;
//! use dayseal_format::event::{Actor, AiCall, Defaults, Event, EventId, Outcome, Service};
//!
//! let draft = Event::builder("ai.generation.completed")
//!     .actor(Actor::user("u-17"))
//!     .action("text_to_video")
//!     .outcome(Outcome::Success)
//!     .ai(AiCall::new("kling", "kling-v2").param("duration", 5).output_count(1))
//!     .label("department", "finance")
//!     .build()?;
//!
//! let now = UnixMillis::new(1_767_225_600_123)?;
//! let id = EventId::from_parts(now, [7; 10]);
//! let event = draft.complete(Defaults::new(id, now, &Service::new("studio")))?;
//!
//! let mut line = Vec::new();
//! event.encode(&mut line);
//! assert_eq!(Event::decode(&line)?, event);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ai;
mod attachment;
mod builder;
mod error;
mod id;
mod line;
mod names;
mod parts;
mod privacy;
mod taxonomy;
mod texts;
mod validate;
mod wire;

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod vectors;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize};

use crate::UnixMillis;
use crate::content::Field;

pub use ai::{AiCall, Scalar, Tool, Usage};
pub use attachment::{Attachment, AttachmentError};
pub use builder::EventBuilder;
pub use error::EventError;
pub use id::{EventId, EventIdError};
pub use names::{ActorType, DataClass, Decision, DigestScheme, Outcome, SafetyStage, Severity};
pub use parts::{
    Actor, Agent, Change, Clock, Correlation, Function, KeyRef, Oversight, Reason, Redaction,
    Resource, Safety, Service, Source, Trace,
};
pub use privacy::{Content, ContentDigest, ContentDigestError, ContentItem, Privacy};
pub use taxonomy::{EventType, RESERVED_PREFIX};
#[doc(hidden)]
pub use texts::Place;
pub use validate::{forbidden, limits};

/// The version of the schema and of the encoding: the value of `v`.
pub const VERSION: u16 = 1;

/// The tenant of an event that names none.
pub const DEFAULT_TENANT: &str = "default";

/// The fields of an event, in byte order of their JSON names.
///
/// Plain data, unchecked by itself: read it through [`Event`] or [`EventDraft`], which deref to it.
/// Optional fields are absent from the bytes when `None` or empty. In a draft `id`, `time`,
/// `logged_time`, `tenant`, `service.name` and `v` may be unset, which is their default value: the
/// nil id, 1970-01-01T00:00:00.000Z, the empty text, zero. Limits: [`limits`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFields {
    /// Why data was accessed, such as `treatment`: text of at most 256 bytes. Seed 004's `access_reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_reason: Option<String>,
    /// What was done: a name of 128 bytes, the caller's own. Required. OCSF `api.operation`.
    pub action: String,
    /// Who did it. Required.
    pub actor: Actor,
    /// The AI agent involved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The model call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai: Option<AiCall>,
    /// What changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The clock that gave the times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Content, by size and keyed digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// What ties this event to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// What kinds of data were touched.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub data_class: BTreeSet<DataClass>,
    /// How long it took in milliseconds by a steady clock, rounded. Seed 004's `duration_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// When it ended; not before `time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<UnixMillis>,
    /// The serverless function that recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// The event's identifier, UUIDv7. Required.
    #[serde(default, skip_serializing_if = "EventId::is_unset")]
    pub id: EventId,
    /// The key or credential the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyRef>,
    /// The caller's own fields: at most 32 pairs. Seeds' `metadata`, as far as no typed field fits.
    #[serde(
        default,
        deserialize_with = "wire::unique_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
    /// When the producer took it in. Required. OCSF `metadata.logged_time`.
    #[serde(default, skip_serializing_if = "unset_time")]
    pub logged_time: UnixMillis,
    /// How it ended. Required.
    pub outcome: Outcome,
    /// Human oversight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oversight: Option<Oversight>,
    /// Lawfulness of processing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
    /// Why it ended so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was taken out before storing: at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
    /// What it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// What the guardrails decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety: Option<Safety>,
    /// The service that recorded it; its name is required.
    #[serde(default, skip_serializing_if = "unset_service")]
    pub service: Service,
    /// How bad it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Where the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The tenant. Required.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// When it happened or began. Required.
    #[serde(default, skip_serializing_if = "unset_time")]
    pub time: UnixMillis,
    /// The trace it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// JSON `type`: what happened, as a dotted name. Required.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The version of the schema, 1. Required.
    #[serde(default, skip_serializing_if = "unset_version")]
    pub v: u16,
}

fn unset_time(time: &UnixMillis) -> bool {
    *time == UnixMillis::default()
}

fn unset_service(service: &Service) -> bool {
    service.name.is_empty() && *service == Service::default()
}

fn unset_version(v: &u16) -> bool {
    *v == 0
}

/// A checked, complete event. Its fields are read through [`EventFields`] and cannot be changed.
///
/// One pointer wide, so handing it to another task is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Event(Box<EventFields>);

impl Deref for Event {
    type Target = EventFields;

    fn deref(&self) -> &EventFields {
        &self.0
    }
}

/// Checked like [`Event::decode`], except for order and whitespace.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let fields = Box::<EventFields>::deserialize(d)?;
        validate::complete(&fields).map_err(serde::de::Error::custom)?;
        Ok(Self(fields))
    }
}

impl Event {
    /// Begins an event of this type; see [`EventType`] for the names there are.
    pub fn builder(kind: impl Into<EventType>) -> EventBuilder {
        EventBuilder::new(kind.into(), false)
    }

    /// Begins an event of a type under `log.`: for dayseal's own crates, never for outside input.
    #[doc(hidden)]
    pub fn reserved_builder(kind: impl Into<EventType>) -> EventBuilder {
        EventBuilder::new(kind.into(), true)
    }

    /// Reads a user's JSON: any key order and whitespace; `id`, `time`, `logged_time`, `tenant`,
    /// `service` and `v` may be left out; `null` is the same as absent.
    ///
    /// Times have the one spelling of [`UnixMillis`]. At most [`limits::INPUT`] bytes.
    ///
    /// # Errors
    /// [`EventError`] with the path of the first field refused; [`EventError::ReservedType`] for a
    /// type under `log.`.
    pub fn from_json(input: &[u8]) -> Result<EventDraft, EventError> {
        validate::size("", input.len(), limits::INPUT)?;
        let fields = wire::parse(input)?;
        wire::refuse_arrays(input)?;
        EventDraft::new(fields, false)
    }

    /// Reads stored bytes: one line without its newline, in the one encoding and no other.
    ///
    /// `decode(encode(event)) == event`, and encoding what was decoded gives the same bytes.
    ///
    /// # Errors
    /// [`EventError`]; [`EventError::NotCanonical`] when the bytes mean an event but are not how it
    /// is written.
    pub fn decode(line: &[u8]) -> Result<Self, EventError> {
        validate::size("", line.len(), limits::EVENT)?;
        let fields: Box<EventFields> = wire::parse(line)?;
        validate::complete(&fields)?;
        let mut compare = wire::Compare { expected: line, at: 0 };
        match wire::write(&fields, &mut compare) {
            Ok(()) if compare.at == line.len() => Ok(Self(fields)),
            _ => Err(EventError::NotCanonical { at: compare.at }),
        }
    }

    /// Appends the one encoding, without a newline. Reuse `out`: nothing else is allocated.
    pub fn encode(&self, out: &mut Vec<u8>) {
        wire::write(self, out).expect("text keys and a Vec that grows: writing cannot fail");
    }

    /// Checks every rule again. An [`Event`] always passes; this is for [`EventFields`] from elsewhere.
    ///
    /// # Errors
    /// [`EventError`] with the path of the first field that breaks a rule.
    pub fn validate(fields: &EventFields) -> Result<(), EventError> {
        validate::complete(fields).map(drop)
    }

    /// Checks `fields` and makes them an event.
    ///
    /// # Errors
    /// As [`Event::validate`].
    pub fn from_fields(fields: EventFields) -> Result<Self, EventError> {
        validate::complete(&fields)?;
        Ok(Self(Box::new(fields)))
    }

    /// The fields, to change them; [`Event::from_fields`] leads back.
    pub fn into_fields(self) -> EventFields {
        *self.0
    }
}

/// What the producer fills in where a draft leaves it open.
#[derive(Clone, Copy, Debug)]
pub struct Defaults<'a> {
    /// A fresh identifier.
    pub id: EventId,
    /// The producer's clock: becomes `logged_time`, and `time` too where that is open.
    pub now: UnixMillis,
    /// The tenant.
    pub tenant: &'a str,
    /// The service that records. Each of its parts fills one that is open.
    pub service: &'a Service,
}

impl<'a> Defaults<'a> {
    /// For the tenant [`DEFAULT_TENANT`].
    pub const fn new(id: EventId, now: UnixMillis, service: &'a Service) -> Self {
        Self { id, now, tenant: DEFAULT_TENANT, service }
    }

    /// For this tenant.
    #[must_use]
    pub const fn tenant(mut self, tenant: &'a str) -> Self {
        self.tenant = tenant;
        self
    }
}

/// A checked event that may still lack id, times, tenant and service.
///
/// Redaction works here, through [`EventDraft::edit`]. Nothing is checked twice unless edited.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct EventDraft {
    fields: Box<EventFields>,
    /// What the body weighs, if checked since the last edit.
    #[serde(skip)]
    weight: Option<validate::Weight>,
    /// Whether dayseal itself writes this event, so that `log.` is open to it.
    #[serde(skip)]
    own: bool,
    /// Whether a producer has put pseudonyms into it since the last edit.
    #[serde(skip)]
    named: bool,
    /// Content for the producer to deal with.
    #[serde(skip)]
    attachments: Vec<Attachment>,
}

/// Drafts are equal when their fields are.
impl PartialEq for EventDraft {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for EventDraft {}

impl Deref for EventDraft {
    type Target = EventFields;

    fn deref(&self) -> &EventFields {
        &self.fields
    }
}

/// Checked like [`Event::from_json`].
impl<'de> Deserialize<'de> for EventDraft {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Box::deserialize(d)?, false).map_err(serde::de::Error::custom)
    }
}

/// An event taken back, to be recorded again: id, times, tenant and service stay as they are.
impl From<Event> for EventDraft {
    fn from(event: Event) -> Self {
        let own = event.kind.is_reserved();
        Self { fields: event.0, weight: None, own, named: false, attachments: Vec::new() }
    }
}

impl EventDraft {
    fn new(mut fields: Box<EventFields>, own: bool) -> Result<Self, EventError> {
        validate::drop_empty(&mut fields);
        let weight = Some(Self::check(&fields, own)?);
        Ok(Self { fields, weight, own, named: false, attachments: Vec::new() })
    }

    fn check(fields: &EventFields, own: bool) -> Result<validate::Weight, EventError> {
        if fields.kind.is_reserved() && !own {
            return Err(EventError::ReservedType);
        }
        if fields.v != 0 && fields.v != VERSION {
            let (expected, found) = (VERSION.into(), fields.v.into());
            return Err(EventError::Version { expected, found });
        }
        validate::body(fields)
    }

    /// The fields, to change them. They are checked again when the draft is completed.
    pub fn edit(&mut self) -> &mut EventFields {
        self.weight = None;
        self.named = false;
        &mut self.fields
    }

    /// For the producer's privacy stage: `guard` says whether it changed anything; only then are the
    /// fields checked again. It is told, and tells, whether there are pseudonyms in them: what comes
    /// back to its caller and is recorded again must not become a pseudonym of a pseudonym.
    #[doc(hidden)]
    pub fn guard(&mut self, guard: impl FnOnce(&mut EventFields, &mut bool) -> bool) {
        if guard(&mut self.fields, &mut self.named) {
            // An error comes again, with its words, when the draft is completed. Nothing was emptied.
            self.weight = self.weight.and_then(|_| Self::check(&self.fields, self.own).ok());
        }
    }

    /// Says whether pseudonyms were put into the event before it was completed.
    #[doc(hidden)]
    #[must_use]
    pub fn named(mut self, named: bool) -> Self {
        self.named = named;
        self
    }

    /// Adds the content of an item, for the log to deal with by its content mode. What the item said
    /// before of size and digest is replaced.
    pub fn attach(&mut self, attachment: Attachment) {
        self.attachments.push(attachment);
    }

    /// The contents that go with the event.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// Takes them, for the producer's content stage.
    #[doc(hidden)]
    pub fn take_attachments(&mut self) -> Vec<Attachment> {
        std::mem::take(&mut self.attachments)
    }

    /// The identifier, if it is set.
    pub fn id(&self) -> Option<EventId> {
        (!self.fields.id.is_unset()).then_some(self.fields.id)
    }

    /// Puts an item of content in its place, by size and digest.
    ///
    /// # Errors
    /// [`AttachmentError::NoChange`].
    #[doc(hidden)]
    pub fn set_content(&mut self, field: Field, item: ContentItem) -> Result<(), AttachmentError> {
        let named = self.named;
        let fields = self.edit();
        let place = match field {
            Field::ChangeFrom | Field::ChangeTo => {
                let change = fields.change.as_mut().ok_or(AttachmentError::NoChange { field })?;
                match field {
                    Field::ChangeFrom => &mut change.from_content,
                    _ => &mut change.to_content,
                }
            }
            Field::Args => &mut fields.content.get_or_insert_default().args,
            Field::Input => &mut fields.content.get_or_insert_default().input,
            Field::Output => &mut fields.content.get_or_insert_default().output,
            Field::System => &mut fields.content.get_or_insert_default().system,
        };
        *place = Some(item);
        self.named = named;
        Ok(())
    }

    /// Fills in what is open and checks the rest.
    ///
    /// # Errors
    /// [`EventError`] with the path of the first field that breaks a rule.
    pub fn complete(mut self, defaults: Defaults<'_>) -> Result<Event, EventError> {
        if let Some(attachment) = self.attachments.first() {
            // Nothing would become of it.
            let detail = "an attached content: only an audit log can take it".to_owned();
            return Err(EventError::InvalidValue { path: attachment.field.to_string(), detail });
        }
        let body = match self.weight {
            Some(weight) => weight,
            None => {
                validate::drop_empty(&mut self.fields);
                Self::check(&self.fields, self.own)?
            }
        };
        let fields = &mut *self.fields;
        fields.v = VERSION;
        if fields.id.is_unset() {
            fields.id = defaults.id;
        }
        if unset_time(&fields.time) {
            fields.time = defaults.now;
        }
        if unset_time(&fields.logged_time) {
            fields.logged_time = defaults.now;
        }
        if fields.tenant.is_empty() {
            defaults.tenant.clone_into(&mut fields.tenant);
        }
        let (service, from) = (&mut fields.service, defaults.service);
        if service.name.is_empty() {
            service.name.clone_from(&from.name);
        }
        for (open, default) in [
            (&mut service.env, &from.env),
            (&mut service.region, &from.region),
            (&mut service.version, &from.version),
        ] {
            if open.is_none() {
                open.clone_from(default);
            }
        }
        validate::head(fields, body)?;
        Ok(Event(self.fields))
    }
}
