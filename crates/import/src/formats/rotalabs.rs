//! rotalabs-comply: one interaction with a model an entry, with hashes, content, or encrypted content.

use dayseal_format::event::{
    Actor, AiCall, Content, ContentItem, Correlation, DataClass, Event, EventType, KeyRef, Outcome,
    Reason, Safety, SafetyStage, Service, Source, limits,
};
use sha2::{Digest as _, Sha256};

use super::Parts;
use crate::fernet::rotalabs_token;
use crate::fields::Fields;
use crate::importer::time;
use crate::keys::Digests;
use crate::names::is_name;
use crate::{Check, Fernet, MapError};

/// What opens and checks content.
pub(super) struct Open<'a> {
    pub(super) fernet: Option<&'a Fernet>,
    pub(super) check: &'a mut Check,
    pub(super) line: u64,
}

pub(super) fn map(
    fields: &mut Fields,
    digests: &Digests,
    mut open: Open<'_>,
) -> Result<Parts, MapError> {
    let time = time(fields, "timestamp")?;
    let Some(passed) = fields.boolean("safety_passed") else {
        return Err(fields.missing("safety_passed"));
    };
    if fields.get("input_hash").is_none() {
        return Err(fields.missing("input_hash"));
    }
    let id = fields.id("id");
    let input = open.content(fields, digests, "input_content", "input_hash")?;
    let output = open.content(fields, digests, "output_content", "output_hash")?;

    let mut safety = Safety { passed, ..Safety::default() };
    safety.detectors = fields.list("detectors_triggered", is_name);
    safety.alerts =
        fields.list("alerts", |text| !text.is_empty() && text.len() <= limits::SHORT_TEXT);
    safety.block_reason = fields.short("block_reason");
    safety.stage =
        fields.get("metadata.blocked_at").and_then(|v| SafetyStage::from_name(v.as_str()?));
    if safety.stage.is_some() {
        fields.take("metadata.blocked_at");
    }
    // An entry does not say that it was blocked, but for its reason.
    let blocked = !passed && safety.block_reason.is_some();
    let (kind, outcome) = match blocked {
        true => (EventType::AI_GENERATION_BLOCKED, Outcome::Blocked),
        false => (EventType::AI_GENERATION_COMPLETED, Outcome::Success),
    };
    let reason = Reason { code: None, text: safety.block_reason.clone().filter(|_| blocked) };

    let mut ai = AiCall { provider: fields.name("provider"), ..AiCall::default() };
    ai.model_requested = fields.name("model");
    // Zero is its default, for not measured.
    ai.latency_ms = fields.whole("latency_ms").filter(|ms| *ms > 0);
    if let Some(tokens) = fields.whole("input_tokens") {
        ai = ai.input_tokens(tokens);
    }
    if let Some(tokens) = fields.whole("output_tokens") {
        ai = ai.output_tokens(tokens);
    }
    for name in ["temperature", "top_p", "max_tokens"] {
        if let Some(value) = fields.param(&format!("metadata.{name}")) {
            ai = ai.param(name, value);
        }
    }

    // Entries name nobody but in their metadata.
    let mut actor = match fields.id("metadata.user_id") {
        Some(user) => Actor::user(user),
        None => Actor::service("unknown"),
    };
    actor.session = fields.id("metadata.session_id");
    let mut builder = Event::builder(kind)
        .actor(actor)
        .action("ai_interaction")
        .outcome(outcome)
        .ai(ai)
        .safety(safety)
        .reason(reason)
        .content(Content { input, output, ..Content::default() })
        .correlation(Correlation {
            conversation: fields.id("conversation_id"),
            ..Correlation::default()
        })
        .key(KeyRef {
            version: fields.name("metadata.encryption_key_version"),
            ..KeyRef::default()
        })
        .source(Source {
            address: fields.id("metadata.ip_address"),
            user_agent: fields.long("metadata.user_agent"),
            request_id: fields.id("metadata.request_id"),
        })
        .service(Service { env: fields.name("metadata.environment"), ..Service::default() });
    if let Some(class) =
        fields.get("metadata.sensitivity").and_then(|v| DataClass::from_name(v.as_str()?))
    {
        fields.take("metadata.sensitivity");
        builder = builder.data_class(class);
    }
    Ok(Parts { builder, time, id })
}

impl Open<'_> {
    /// The content, opened if it is encrypted and there is a key; its plain hash is checked and goes. Where
    /// there is no content the hash stays, for a label under a key.
    fn content(
        &mut self,
        fields: &mut Fields,
        digests: &Digests,
        field: &'static str,
        hash: &'static str,
    ) -> Result<Option<ContentItem>, MapError> {
        let Some(text) = fields.get(field).and_then(|v| v.as_str()).map(str::to_owned) else {
            return Ok(None);
        };
        let plain = match (rotalabs_token(&text), self.fernet) {
            (None, _) => text.into_bytes().into(),
            (Some(token), Some(key)) => key.open(&token).map_err(|_| MapError::Sealed { field })?,
            (Some(_), None) => {
                fields.leave_out(field);
                return Ok(None);
            }
        };
        fields.take(field);
        if let Some(stated) = fields.take(hash) {
            let computed = hex::encode(Sha256::digest(&*plain));
            let wrong = stated.as_str() != Some(&*computed);
            self.check.note(self.line, wrong.then_some("a content is not that of its hash"));
        }
        Ok(Some(digests.content(&plain)))
    }
}
