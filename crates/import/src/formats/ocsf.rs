//! OCSF events, version 1: API Activity, Authentication and others by class and activity.

use dayseal_format::event::{
    Actor, ActorType, Agent, AiCall, Correlation, Event, EventType, Outcome, Reason, Resource,
    Service, Severity, Source, Trace,
};
use serde_json::Value;

use super::Parts;
use crate::MapError;
use crate::fields::Fields;
use crate::keys::Digests;
use crate::names::{is_id, own_type};
use crate::time::millis;

/// `status_id` of what is none of its list.
const OTHER: i64 = 99;

pub(super) fn map(fields: &mut Fields, _digests: &Digests) -> Result<Parts, MapError> {
    let Some(time) = fields.get("time") else { return Err(fields.missing("time")) };
    let time = time.as_i64().and_then(millis).ok_or(MapError::Invalid {
        field: "time",
        expected: "milliseconds since 1970, up to the year 9999",
    })?;
    fields.take("time");
    let number = |fields: &Fields, path: &str| fields.get(path).and_then(Value::as_i64);
    let class = number(fields, "class_uid").ok_or_else(|| fields.missing("class_uid"))?;
    let activity = number(fields, "activity_id").ok_or_else(|| fields.missing("activity_id"))?;
    let outcome = outcome(fields);
    // They say nothing that class and activity do not.
    for derived in ["type_uid", "type_name", "category_uid", "category_name"] {
        fields.take(derived);
    }
    let kind = kind(fields, class, activity, outcome);
    let api = fields.name("api.operation").or_else(|| fields.name("activity_name"));
    let action = api.unwrap_or_else(|| format!("activity_{activity}"));
    let severity = number(fields, "severity_id").and_then(severity);
    if severity.is_some() {
        fields.take("severity_id");
        fields.take("severity");
    }

    let mut builder = Event::builder(kind)
        .actor(actor(fields))
        .action(action)
        .outcome(outcome)
        .agent(Agent {
            id: fields.id("ai_agent.uid"),
            instance: fields.id("ai_agent.instance_uid"),
            name: fields.name("ai_agent.name"),
            version: fields.name("ai_agent.version"),
        })
        .ai(AiCall {
            provider: fields.name("ai_model.ai_provider"),
            model_requested: fields.name("ai_model.name"),
            model_version: fields.name("ai_model.version"),
            ..AiCall::default()
        })
        .reason(Reason { code: fields.name("status_code"), text: fields.short("status_detail") })
        .correlation(Correlation {
            conversation: fields.id("message_context.uid"),
            job: fields.id("metadata.correlation_uid"),
            parent_event: None,
        })
        .trace(Trace {
            trace_id: fields.id("trace.uid"),
            span_id: fields.id("trace.span.uid"),
            parent_id: fields.id("trace.span.parent_uid"),
        })
        .source(Source {
            // A masked network is no address, so our own export has it as a name.
            address: fields.id("src_endpoint.ip").or_else(|| fields.id("src_endpoint.name")),
            user_agent: fields.long("http_request.user_agent"),
            request_id: fields.id("http_request.uid").or_else(|| fields.id("api.request.uid")),
        })
        .service(Service { region: fields.name("cloud.region"), ..Service::default() });
    if let Some(severity) = severity {
        builder = builder.severity(severity);
    }
    if let Some(ms) = fields.whole("duration") {
        builder = builder.duration_ms(ms);
    }
    let end = number(fields, "end_time").and_then(millis).filter(|end| *end >= time);
    if let Some(end) = end {
        fields.take("end_time");
        builder = builder.end_time(end);
    }
    if let Some(resource) = resource(fields) {
        builder = builder.resource(resource);
    }
    Ok(Parts { builder, time, id: fields.id("metadata.uid") })
}

fn outcome(fields: &mut Fields) -> Outcome {
    let outcome = match fields.get("status_id").and_then(Value::as_i64) {
        Some(1) => Outcome::Success,
        Some(2) => Outcome::Failure,
        Some(OTHER) => {
            let status = fields.get("status").and_then(Value::as_str).unwrap_or_default();
            match &*status.to_ascii_lowercase() {
                "blocked" | "denied" => Outcome::Blocked,
                "deferred" => Outcome::Deferred,
                _ => return Outcome::Unknown,
            }
        }
        _ => return Outcome::Unknown,
    };
    fields.take("status_id");
    fields.take("status");
    outcome
}

/// Class and activity go with the type that says as much; else they stay for labels.
fn kind(fields: &mut Fields, class: i64, activity: i64, outcome: Outcome) -> EventType {
    // A type of ours, if an event of ours was written as OCSF.
    let code = fields.get("metadata.event_code").and_then(Value::as_str);
    let ours = code.and_then(|code| EventType::KNOWN.iter().find(|kind| kind.as_str() == code));
    if let Some(kind) = ours.filter(|kind| !kind.is_reserved()).cloned() {
        fields.take("metadata.event_code");
        return kind;
    }
    match (class, activity, outcome) {
        (3002, 1, Outcome::Success) => EventType::AUTHN_SUCCEEDED,
        (3002, 1, Outcome::Failure | Outcome::Blocked) => EventType::AUTHN_FAILED,
        (3001, 1, _) => EventType::IDENTITY_USER_CREATED,
        (3001, 2 | 3, _) => EventType::IDENTITY_USER_UPDATED,
        (3001, 5, _) => EventType::IDENTITY_USER_DISABLED,
        (3001, 6, _) => EventType::IDENTITY_USER_DELETED,
        (3001, 7 | 8, _) => EventType::AUTHZ_CHANGED,
        (3005, _, _) => EventType::AUTHZ_CHANGED,
        (6003, _, Outcome::Blocked) => EventType::AUTHZ_DENIED,
        (6005, 1 | 4, _) => EventType::DATA_READ,
        (6005, 5, _) => EventType::DATA_UPDATED,
        (6005, 7, _) => EventType::DATA_DELETED,
        (6003, 1, _) => "ocsf.api_activity.create".into(),
        (6003, 2, _) => "ocsf.api_activity.read".into(),
        (6003, 3, _) => "ocsf.api_activity.update".into(),
        (6003, 4, _) => "ocsf.api_activity.delete".into(),
        _ => {
            let class = match fields.text("class_name") {
                Some(name) => name,
                None => format!("class_{class}"),
            };
            own_type("ocsf", &class).into()
        }
    }
}

fn severity(id: i64) -> Option<Severity> {
    usize::try_from(id).ok().and_then(|id| Severity::ALL.get(id)).copied()
}

fn actor(fields: &mut Fields) -> Actor {
    // `type_id` of a user: 1 User, 2 Admin, 3 System, 4 Service.
    let kind = match fields.get("actor.user.type_id").and_then(Value::as_i64) {
        Some(2) => ActorType::Admin,
        Some(3) => ActorType::System,
        Some(4) => ActorType::Service,
        _ => ActorType::User,
    };
    // Authentication has the user beside the actor.
    let people =
        ["actor.user.uid", "actor.user.name", "user.uid", "user.name", "actor.user.email_addr"];
    let machines = ["actor.app_uid", "actor.app_name", "actor.process.name", "actor.invoked_by"];
    let mut actor = match people.into_iter().find_map(|path| fields.id(path)) {
        Some(id) => Actor::new(kind, id),
        None => {
            let id = machines.into_iter().find_map(|path| fields.id(path));
            Actor::service(id.unwrap_or_else(|| "unknown".to_owned()))
        }
    };
    // A pseudonym beside the name is none.
    people
        .into_iter()
        .chain(["user.email_addr", "actor.user.full_name", "user.full_name"])
        .for_each(|path| fields.leave_out(path));
    actor.session = fields.id("actor.session.uid").or_else(|| fields.id("session.uid"));
    actor
}

/// The first resource; others stay for the labels.
fn resource(fields: &mut Fields) -> Option<Resource> {
    let first = fields.rest.get_mut("resources")?.as_array_mut()?.first_mut()?.as_object_mut()?;
    let text =
        |key: &str| first.get(key).and_then(Value::as_str).filter(|t| is_id(t)).map(str::to_owned);
    let (id, kind) = (text("uid").or_else(|| text("name")), text("type"));
    let kind = kind.filter(|kind| crate::names::is_name(kind))?;
    first.remove("type");
    if id.is_some() && first.remove("uid").is_none() {
        first.remove("name");
    }
    Some(Resource { id, kind })
}
