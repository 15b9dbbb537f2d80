//! AWS CloudTrail records, event versions 1.0x.

use dayseal_format::event::{
    Actor, ActorType, Content, Event, EventType, KeyRef, Outcome, Reason, Resource, Service,
    Source, limits,
};

use super::Parts;
use crate::MapError;
use crate::fields::Fields;
use crate::importer::time;
use crate::keys::Digests;
use crate::names::cut;

pub(super) fn map(fields: &mut Fields, digests: &Digests) -> Result<Parts, MapError> {
    let time = time(fields, "eventTime")?;
    let action = fields.need("eventName", "a name of at most 128 bytes", Fields::name)?;
    let source = fields.need("eventSource", "text", |fields, path| {
        fields.get(path)?.as_str().map(str::to_owned)
    })?;
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(&source);
    let code = fields.name("errorCode");
    let outcome = match code.as_deref() {
        None => console_login(fields),
        Some(code) if denied(code) => Outcome::Blocked,
        Some(_) => Outcome::Failure,
    };
    let read = fields.boolean("readOnly");
    let data = fields.get("eventCategory").and_then(|v| v.as_str()) == Some("Data");
    let kind = kind(service, &action, outcome, read, data);

    // Whole, by digest; and piece by piece in labels, as far as there is room.
    let args = fields.get("requestParameters").cloned();
    let args = args.filter(|v| !v.as_object().is_some_and(|map| map.is_empty()));
    let args = args.map(|value| digests.content(value.to_string().as_bytes()));
    // Answers hold session tokens: by digest alone.
    let output = fields.content("responseElements", digests);

    let mut builder = Event::builder(kind)
        .actor(actor(fields))
        .action(action)
        .outcome(outcome)
        .content(Content { args, output, ..Content::default() })
        .reason(Reason { code, text: fields.short("errorMessage") })
        .service(Service { region: fields.name("awsRegion"), ..Service::default() })
        .source(Source {
            address: fields.id("sourceIPAddress"),
            user_agent: fields.long("userAgent"),
            request_id: fields.id("requestID"),
        });
    if let Some(prefix) = fields.id("userIdentity.accessKeyId") {
        let prefix = cut(&prefix, limits::KEY_PREFIX).0;
        builder = builder.key(KeyRef::default().prefix(prefix));
    }
    if let Some(resource) = resource(fields) {
        builder = builder.resource(resource);
    }
    Ok(Parts { builder, time, id: fields.id("eventID") })
}

/// A failed sign-in has no error code.
fn console_login(fields: &Fields) -> Outcome {
    match fields.get("responseElements.ConsoleLogin").and_then(|v| v.as_str()) {
        Some("Failure") => Outcome::Failure,
        _ => Outcome::Success,
    }
}

fn denied(code: &str) -> bool {
    let code = code.rsplit('.').next().unwrap_or(code);
    code.starts_with("AccessDenied") || code.starts_with("Unauthorized") || code == "NotAuthorized"
}

fn kind(
    service: &str,
    action: &str,
    outcome: Outcome,
    read: Option<bool>,
    data: bool,
) -> EventType {
    if outcome == Outcome::Blocked {
        return EventType::AUTHZ_DENIED;
    }
    let starts = |verbs: &[&str]| verbs.iter().any(|verb| action.starts_with(verb));
    match (service, action) {
        ("signin", "ConsoleLogin") if outcome == Outcome::Failure => EventType::AUTHN_FAILED,
        ("signin", "ConsoleLogin") => EventType::AUTHN_SUCCEEDED,
        (
            "sts",
            "AssumeRole"
            | "AssumeRoleWithSAML"
            | "AssumeRoleWithWebIdentity"
            | "GetSessionToken"
            | "GetFederationToken",
        ) => match outcome {
            Outcome::Success => EventType::AUTHN_SUCCEEDED,
            _ => EventType::AUTHN_FAILED,
        },
        ("iam", "CreateUser") => EventType::IDENTITY_USER_CREATED,
        ("iam", "UpdateUser") => EventType::IDENTITY_USER_UPDATED,
        ("iam", "DeleteUser") => EventType::IDENTITY_USER_DELETED,
        ("iam", "CreateAccessKey") | ("kms", "CreateKey") => EventType::KEY_CREATED,
        ("iam", "DeleteAccessKey") | ("kms", "ScheduleKeyDeletion") => EventType::KEY_DESTROYED,
        ("kms", "RotateKey" | "RotateKeyOnDemand") => EventType::KEY_ROTATED,
        ("iam", _)
            if read == Some(false)
                && (action.contains("Policy")
                    || starts(&["AddUser", "RemoveUser", "AddRole", "RemoveRole"])) =>
        {
            EventType::AUTHZ_CHANGED
        }
        _ if data && read == Some(true) => EventType::DATA_READ,
        _ if data && starts(&["Delete"]) => EventType::DATA_DELETED,
        _ if data && starts(&["Update"]) => EventType::DATA_UPDATED,
        _ if data && starts(&["Put", "Create", "Copy", "Complete"]) => EventType::DATA_CREATED,
        ("secretsmanager", "GetSecretValue") | ("ssm", "GetParameter" | "GetParameters") => {
            EventType::DATA_READ
        }
        _ => match read {
            Some(true) => "aws.api.read".into(),
            Some(false) => "aws.api.write".into(),
            None => "aws.api.called".into(),
        },
    }
}

fn actor(fields: &mut Fields) -> Actor {
    let kind = match fields.get("userIdentity.type").and_then(|v| v.as_str()) {
        Some("Root") => ActorType::Admin,
        Some("AWSService" | "AWSAccount") => ActorType::Service,
        None if fields.get("userIdentity.invokedBy").is_some() => ActorType::Service,
        // Of whom it is not certain that it is nobody, it may be a person: roles carry names of people.
        _ => ActorType::User,
    };
    let names = ["arn", "principalId", "userName", "invokedBy", "accountId"];
    let id = names.into_iter().find_map(|name| fields.id(&format!("userIdentity.{name}")));
    let mut actor = Actor::new(kind, id.unwrap_or_else(|| "unknown".to_owned()));
    actor.on_behalf_of = fields.id("userIdentity.onBehalfOf.userId");
    // A pseudonym beside the name is none.
    for other in ["userName", "principalId"] {
        fields.leave_out(&format!("userIdentity.{other}"));
    }
    actor
}

/// The first resource; others stay for the labels.
fn resource(fields: &mut Fields) -> Option<Resource> {
    let resources = fields.rest.get_mut("resources")?.as_array_mut()?;
    let first = resources.first_mut()?.as_object_mut()?;
    let text =
        |value: Option<&serde_json::Value>| value.and_then(|v| v.as_str()).map(str::to_owned);
    let id = text(first.get("ARN")).filter(|id| crate::names::is_id(id));
    let kind = text(first.get("type")).filter(|kind| crate::names::is_name(kind));
    if id.is_some() {
        first.remove("ARN");
    }
    if kind.is_some() {
        first.remove("type");
    }
    let kind = kind.or_else(|| id.as_ref().map(|_| "aws".to_owned()))?;
    Some(Resource { id, kind })
}
