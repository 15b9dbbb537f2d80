//! The chained Kling AI audit logger: `timestamp`, `event_type`, `actor`, `details`, `prev_hash`, `hash`.

use std::mem;

use dayseal_format::event::{
    Actor, AiCall, Event, EventBuilder, EventType, KeyRef, Outcome, limits,
};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::Parts;
use crate::MapError;
use crate::fields::Fields;
use crate::importer::time;
use crate::names::{cut, own_type, to_name};
use crate::python::{self, Members};

const GENESIS: &str = "genesis";

/// The hash that the next entry must name.
#[derive(Debug)]
pub(crate) struct ChainState {
    previous: String,
    /// At the start of a file the logger may have been started anew.
    fresh: bool,
}

impl Default for ChainState {
    fn default() -> Self {
        Self { previous: GENESIS.to_owned(), fresh: true }
    }
}

impl ChainState {
    pub(crate) fn begin_file(&mut self) {
        self.fresh = true;
    }

    /// Checks one line as the logger's own verifier does, and goes on from what the line says of
    /// itself; what does not fit, if anything.
    pub(crate) fn next(&mut self, record: &[u8]) -> Option<&'static str> {
        let fresh = mem::take(&mut self.fresh);
        let Some(entry) = Entry::read(record) else {
            return Some("cannot be read as an entry of this chain");
        };
        let expected = mem::replace(&mut self.previous, entry.hash.clone());
        if entry.computed.as_ref() != Some(&entry.hash) {
            return Some("its hash is not that of its content");
        }
        if entry.previous == expected || (fresh && entry.previous == GENESIS) {
            return None;
        }
        Some(match (&*entry.previous, fresh) {
            (GENESIS, _) => "the chain begins anew here",
            (_, true) => "follows an entry that is not here",
            _ => "does not follow the line before",
        })
    }
}

struct Entry {
    previous: String,
    hash: String,
    computed: Option<String>,
}

impl Entry {
    fn read(record: &[u8]) -> Option<Self> {
        let mut members: Members<'_> = serde_json::from_slice(record).ok()?;
        let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
        let hash = text(members.remove("hash")?)?;
        let previous = text(members.get("prev_hash")?)?;
        let computed = python::dumps(&members).map(|json| {
            let digest = Sha256::digest((json + &previous).as_bytes());
            hex::encode(&digest[..8])
        });
        Some(Self { previous, hash, computed })
    }
}

pub(super) fn map(fields: &mut Fields) -> Result<Parts, MapError> {
    let time = time(fields, "timestamp")?;
    let kind = fields.need("event_type", "text", Fields::text)?;
    let actor = fields.need("actor", "an identifier of at most 256 bytes", Fields::id)?;
    // Ours are the batch's digests; theirs were checked.
    fields.take("hash");
    fields.take("prev_hash");
    let actor = if actor == "system" { Actor::system(actor) } else { Actor::user(actor) };
    let action = fields.name("details.action");
    let builder = match &*kind {
        "task_submitted" => started(),
        "task_completed" => completed(fields),
        "auth_event" => auth(fields),
        other => Event::builder(own_type("kling", other)).outcome(Outcome::Unknown),
    };
    let mut builder = builder.actor(actor);
    if kind.starts_with("task_") {
        builder = builder.ai(ai(fields, action.as_deref()));
    }
    let action = match &*kind {
        "auth_event" => action.or_else(|| fields.name("details.event")),
        _ => action,
    };
    Ok(Parts { builder: builder.action(action.unwrap_or_else(|| to_name(&kind))), time, id: None })
}

fn started() -> EventBuilder {
    // Accepted, and how it ended is another entry.
    Event::builder(EventType::AI_GENERATION_STARTED).outcome(Outcome::Deferred)
}

fn completed(fields: &mut Fields) -> EventBuilder {
    let outcome = match fields.get("details.status").and_then(|v| v.as_str()) {
        Some("succeed" | "success" | "succeeded") => Outcome::Success,
        Some("failed" | "failure" | "error") => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    if outcome != Outcome::Unknown {
        fields.take("details.status");
    }
    let kind = match outcome {
        Outcome::Failure => EventType::AI_GENERATION_FAILED,
        _ => EventType::AI_GENERATION_COMPLETED,
    };
    Event::builder(kind).outcome(outcome)
}

fn auth(fields: &mut Fields) -> EventBuilder {
    let success = fields.boolean("details.success");
    let (kind, outcome) = match success {
        Some(true) => (EventType::AUTHN_SUCCEEDED, Outcome::Success),
        Some(false) => (EventType::AUTHN_FAILED, Outcome::Failure),
        None => (EventType::AUTHN_KEY_USED, Outcome::Unknown),
    };
    let builder = Event::builder(kind).outcome(outcome);
    let Some(prefix) = fields.id("details.access_key_prefix") else { return builder };
    let prefix = cut(prefix.trim_end_matches('.'), limits::KEY_PREFIX).0.to_owned();
    if prefix.is_empty() { builder } else { builder.key(KeyRef::default().prefix(prefix)) }
}

fn ai(fields: &mut Fields, action: Option<&str>) -> AiCall {
    let mut ai =
        AiCall { operation: action.map(str::to_owned), ..AiCall::default().provider("kling") };
    ai.model_requested = fields.name("details.model");
    for name in ["duration", "mode"] {
        if let Some(value) = fields.param(&format!("details.{name}")) {
            ai = ai.param(name, value);
        }
    }
    if let Some(count) = fields.whole("details.video_count") {
        ai = ai.output_count(count).output_type("video");
    }
    ai
}
