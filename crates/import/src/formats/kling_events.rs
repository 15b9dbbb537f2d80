//! The Kling AI audit logger with a checksum for each event.

use dayseal_format::event::{
    Actor, ActorType, AiCall, Change, Content, Correlation, Event, EventType, Outcome, Reason,
    Resource, Source, limits,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Parts;
use crate::MapError;
use crate::fields::Fields;
use crate::importer::time;
use crate::keys::Digests;
use crate::names::own_type;

/// What the checksum covers; not the outcome, the resource, the address or the metadata.
#[derive(Deserialize)]
struct Covered {
    event_id: String,
    timestamp: String,
    event_type: String,
    actor_id: String,
    action: String,
    checksum: Option<String>,
}

/// `Some` if there is something to check: what does not fit, if anything.
pub(super) fn check(record: &[u8]) -> Option<Option<&'static str>> {
    let Ok(e) = serde_json::from_slice::<Covered>(record) else {
        return Some(Some("cannot be read as an event of this logger"));
    };
    let Some(checksum) = e.checksum else { return Some(Some("has no checksum")) };
    let covered = [&*e.event_id, &*e.timestamp, &*e.event_type, &*e.actor_id, &*e.action].join(":");
    let computed = hex::encode(&Sha256::digest(covered.as_bytes())[..8]);
    Some((computed != checksum).then_some("its checksum is not that of its content"))
}

pub(super) fn map(fields: &mut Fields, digests: &Digests) -> Result<Parts, MapError> {
    let time = time(fields, "timestamp")?;
    let word = fields.need("event_type", "text", Fields::text)?;
    let actor = fields.need("actor_id", "an identifier of at most 256 bytes", Fields::id)?;
    let action = fields.need("action", "a name of at most 128 bytes", Fields::name)?;
    let resource = fields.name("resource_type");
    // Checked already; ours are the batch's digests.
    fields.take("checksum");
    let id = fields.id("event_id");

    let kind = match fields.get("actor_type").and_then(|v| v.as_str()) {
        Some("system") => ActorType::System,
        Some("admin") => ActorType::Admin,
        _ => ActorType::User,
    };
    if matches!(
        fields.get("actor_type").and_then(|v| v.as_str()),
        Some("user" | "admin" | "system")
    ) {
        fields.take("actor_type");
    }
    let outcome = match fields.get("outcome").and_then(|v| v.as_str()) {
        Some("success") => Outcome::Success,
        Some("failure") => Outcome::Failure,
        Some("blocked") => Outcome::Blocked,
        _ => Outcome::Unknown,
    };
    if outcome != Outcome::Unknown {
        fields.take("outcome");
    }
    let model_call =
        matches!(resource.as_deref(), Some("prompt" | "generation" | "video" | "image"));
    let event_type = match &*word {
        "api_key_used" => EventType::AUTHN_KEY_USED,
        "access_denied" => EventType::AUTHZ_DENIED,
        "prompt_submitted" | "generation_started" => EventType::AI_GENERATION_STARTED,
        "generation_completed" => EventType::AI_GENERATION_COMPLETED,
        "generation_failed" => EventType::AI_GENERATION_FAILED,
        "video_downloaded" => EventType::DATA_EXPORTED,
        "settings_changed" | "budget_modified" => EventType::CONFIG_CHANGED,
        "user_added" => EventType::IDENTITY_USER_CREATED,
        "rate_limit_exceeded" => EventType::USAGE_RATE_LIMITED,
        "policy_violation" if model_call => EventType::AI_GENERATION_BLOCKED,
        "policy_violation" => EventType::POLICY_VIOLATED,
        other => own_type("kling", other).into(),
    };
    let ai_call = event_type.as_str().starts_with("ai.");
    let changed = event_type == EventType::CONFIG_CHANGED;
    let mut builder = Event::builder(event_type.as_str().to_owned())
        .actor(Actor::new(kind, actor))
        .outcome(outcome);
    if ai_call {
        let mut ai = AiCall::default().provider("kling").operation(action.clone());
        ai.model_requested = fields.name("metadata.model");
        for name in ["duration", "mode"] {
            if let Some(value) = fields.param(&format!("metadata.{name}")) {
                ai = ai.param(name, value);
            }
        }
        builder = builder.ai(ai);
    }
    if let Some(input) = fields.content("metadata.prompt", digests) {
        builder = builder.content(Content::default().input(input));
    }
    if changed && let Some(field) = fields.name("metadata.field") {
        let short = |fields: &mut Fields, name: &str| {
            let text = fields.text(&format!("metadata.{name}"))?;
            (text.len() <= limits::SHORT_TEXT).then_some(text)
        };
        let mut change = Change::new(field);
        change.from = short(fields, "old_value");
        change.to = short(fields, "new_value");
        builder = builder.change(change);
    }
    if let Some(kind) = resource {
        builder = builder.resource(Resource { id: fields.id("resource_id"), kind });
    }
    let source = Source {
        address: fields.id("ip_address"),
        user_agent: fields.long("user_agent"),
        request_id: None,
    };
    let reason =
        Reason { code: fields.name("metadata.error_code"), text: fields.short("metadata.error") };
    let correlation = Correlation { job: fields.id("metadata.task_id"), ..Correlation::default() };
    let builder = builder.action(action).source(source).reason(reason).correlation(correlation);
    Ok(Parts { builder, time, id })
}
