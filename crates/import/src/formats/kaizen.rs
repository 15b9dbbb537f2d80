//! kailash-kaizen: `timestamp`, `agent_id`, `action`, `details`, `result`, `user_id`, `metadata`, as its
//! `FileAuditStorage` writes; and the entries of its guide, with `event_type`, `inputs`, `outputs`, `success`.

use dayseal_format::event::{
    Actor, Agent, AiCall, Content, DataClass, Decision, Event, EventType, Outcome, Oversight,
    Privacy, Reason, Resource, Service, Source, Tool, Trace,
};

use super::Parts;
use crate::MapError;
use crate::fields::Fields;
use crate::importer::time;
use crate::keys::Digests;
use crate::names::{own_type, to_name};

pub(super) fn map(fields: &mut Fields, digests: &Digests) -> Result<Parts, MapError> {
    let time = time(fields, "timestamp")?;
    let agent = fields.need("agent_id", "an identifier of at most 256 bytes", Fields::id)?;
    let action = fields.need("action", "text", Fields::text)?;
    let outcome = outcome(fields).ok_or_else(|| fields.missing("result"))?;
    let word = fields.text("event_type").filter(|word| *word != action);

    let (name, tool) = match action.split_once(':') {
        Some((name, tool)) => (name, Some(tool.to_owned())),
        None => (&*action, None),
    };
    let kind = word.as_deref().and_then(known).or_else(|| known(name));
    let kind = match kind {
        Some(kind) => kind,
        None => own_type("kaizen", word.as_deref().unwrap_or(name)).into(),
    };
    let tool =
        tool.filter(|t| crate::names::is_name(t)).or_else(|| fields.name("details.tool_name"));
    let error = fields.short("error").or_else(|| fields.short("details.error"));

    // The agent acts, for whoever started it.
    let mut actor = Actor::agent(agent.clone());
    actor.on_behalf_of = fields.id("user_id").or_else(|| fields.id("metadata.user_id"));
    actor.session = fields.id("metadata.session_id");
    let content = Content {
        args: either(fields, digests, ["inputs", "details.inputs"]),
        output: either(fields, digests, ["outputs", "details.outputs"]),
        ..Content::default()
    };
    let trace = fields.id("trace_id").or_else(|| fields.id("details.trace_id"));
    let mut builder = Event::builder(kind.as_str().to_owned())
        .actor(actor)
        .agent(Agent::new(agent))
        .action(to_name(&action))
        .outcome(outcome)
        .content(content)
        .trace(Trace { trace_id: trace, ..Trace::default() })
        .reason(Reason { code: None, text: error.or_else(|| fields.short("details.reason")) })
        .service(Service {
            name: fields.name("metadata.service_name").unwrap_or_default(),
            env: fields.name("metadata.environment"),
            ..Service::default()
        })
        .source(Source {
            address: fields.id("metadata.ip_address"),
            user_agent: fields.long("metadata.user_agent"),
            request_id: fields.id("metadata.request_id"),
        });
    if let Some(tool) = tool {
        builder = builder.ai(AiCall::default().tool(Tool::new(tool)));
    }
    if let Some(ms) = fields.whole("duration_ms").or_else(|| fields.whole("details.duration_ms")) {
        builder = builder.duration_ms(ms);
    }
    if let Some(reviewer) = fields.id("metadata.approved_by") {
        let oversight = Oversight { reviewer: Some(reviewer), ..Oversight::default() };
        builder = builder.oversight(oversight.decision(Decision::Approved));
    }
    if let Some(text) = fields.short("metadata.access_reason") {
        builder = builder.access_reason(text);
    }
    match word.as_deref() {
        Some("PHI_ACCESS") => {
            builder = builder.data_class(DataClass::Phi);
            if let Some(kind) = fields.name("metadata.phi_type") {
                builder = builder.privacy(Privacy::default().category(kind));
            }
        }
        Some("CHD_ACCESS") => builder = builder.data_class(DataClass::Chd),
        _ => {}
    }
    if let Some(kind) = fields.name("details.resource_type") {
        builder = builder.resource(Resource { id: fields.id("details.resource_id"), kind });
    }
    // The same as the action, as its hook writes it.
    if fields.get("details.event").and_then(|v| v.as_str()) == Some(&action) {
        fields.take("details.event");
    }
    Ok(Parts { builder, time, id: None })
}

fn either(
    fields: &mut Fields,
    digests: &Digests,
    paths: [&str; 2],
) -> Option<dayseal_format::event::ContentItem> {
    paths.into_iter().find_map(|path| fields.content(path, digests))
}

fn outcome(fields: &mut Fields) -> Option<Outcome> {
    if let Some(success) = fields.boolean("success") {
        return Some(if success { Outcome::Success } else { Outcome::Failure });
    }
    let outcome = match fields.get("result")?.as_str()? {
        "success" => Outcome::Success,
        "failure" => Outcome::Failure,
        "denied" => Outcome::Blocked,
        // Kept as a label.
        _ => return Some(Outcome::Unknown),
    };
    fields.take("result");
    Some(outcome)
}

fn known(word: &str) -> Option<EventType> {
    Some(match word {
        "AGENT_LOOP_START" | "agent_execution_start" | "pre_agent_loop" => {
            EventType::AI_AGENT_STARTED
        }
        "AGENT_LOOP_END" | "agent_execution_end" | "post_agent_loop" => EventType::AI_AGENT_ENDED,
        // What a tool was about to do is kept apart from what it did.
        "TOOL_USE" | "tool_use" | "tool_execute" | "post_tool_use" => EventType::AI_TOOL_EXECUTED,
        "memory_load" | "post_memory_load" => EventType::AI_MEMORY_READ,
        "memory_save" | "post_memory_save" => EventType::AI_MEMORY_WRITTEN,
        "permission_deny" => EventType::AUTHZ_DENIED,
        "PHI_ACCESS" | "CHD_ACCESS" => EventType::DATA_READ,
        _ => return None,
    })
}
