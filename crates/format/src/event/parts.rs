//! Who, where, on what and why: the small parts of an event.
//!
//! Each struct declares its fields in byte order of their JSON names, because that is the order in
//! which they are written. Texts are identifiers (256 bytes) unless said otherwise; the limits are
//! in [`super::limits`].

use serde::{Deserialize, Serialize};

use super::{ActorType, ContentItem, Decision, EventId, SafetyStage};

/// Setters for optional fields, each named as its field.
macro_rules! setters {
    ($part:ty { $($(#[$doc:meta])* $field:ident: $kind:tt,)+ }) => {
        impl $part { $(setters!(@one $(#[$doc])* $field $kind);)+ }
    };
    (@one $(#[$doc:meta])* $field:ident text) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, text: impl Into<String>) -> Self {
            self.$field = Some(text.into());
            self
        }
    };
    (@one $(#[$doc:meta])* $field:ident list) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, text: impl Into<String>) -> Self {
            self.$field.push(text.into());
            self
        }
    };
    (@one $(#[$doc:meta])* $field:ident $ty:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, value: $ty) -> Self {
            self.$field = Some(value);
            self
        }
    };
}
pub(super) use setters;

/// Who acted. OCSF `actor`, CADF `initiator`, seeds' `actor`, `actor_id`, `actor_type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The actor's pseudonym or name. Required.
    pub id: String,
    /// Pseudonym of the person or agent in whose name the actor acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// Pseudonym of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// JSON `type`. Required.
    #[serde(rename = "type")]
    pub kind: ActorType,
}

impl Actor {
    /// An actor of the given kind.
    pub fn new(kind: ActorType, id: impl Into<String>) -> Self {
        Self { id: id.into(), on_behalf_of: None, session: None, kind }
    }

    /// A person.
    pub fn user(id: impl Into<String>) -> Self {
        Self::new(ActorType::User, id)
    }

    /// A person using administrative rights.
    pub fn admin(id: impl Into<String>) -> Self {
        Self::new(ActorType::Admin, id)
    }

    /// The system itself.
    pub fn system(id: impl Into<String>) -> Self {
        Self::new(ActorType::System, id)
    }

    /// An AI agent.
    pub fn agent(id: impl Into<String>) -> Self {
        Self::new(ActorType::Agent, id)
    }

    /// Another service.
    pub fn service(id: impl Into<String>) -> Self {
        Self::new(ActorType::Service, id)
    }
}

setters!(Actor {
    /// Sets the pseudonym of whom the actor acts for.
    on_behalf_of: text,
    /// Sets the session's pseudonym.
    session: text,
});

/// The AI agent involved. OpenTelemetry `gen_ai.agent.*`, OCSF `ai_agent`, seed 004's `agent_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The agent's stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// This run or process of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Name, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Agent {
    /// An agent with this identifier.
    pub fn new(id: impl Into<String>) -> Self {
        Self::default().id(id)
    }
}

setters!(Agent {
    /// Sets the identifier.
    id: text,
    /// Sets the run or process.
    instance: text,
    /// Sets the name.
    name: text,
    /// Sets the version.
    version: text,
});

/// A change of one setting or field; of several, write an event each. OCSF `entity` and
/// `entity_result`; seeds' `settings_changed`, `budget_modified`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Name of what changed, 128 bytes. Required.
    pub field: String,
    /// The value before: text of at most 256 bytes, may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value before, by size and keyed digest, where it is long or must not be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_content: Option<ContentItem>,
    /// The value after: text of at most 256 bytes, may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The value after, by size and keyed digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_content: Option<ContentItem>,
}

impl Change {
    /// A change of this field.
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), ..Self::default() }
    }
}

setters!(Change {
    /// Sets the short value before.
    from: text,
    /// Sets the value before by size and digest.
    from_content: ContentItem,
    /// Sets the short value after.
    to: text,
    /// Sets the value after by size and digest.
    to_content: ContentItem,
});

/// The clock that gave the times (PCI DSS 10.6: time synchronisation).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Estimated offset from UTC in milliseconds, positive when the clock is ahead; within ±2^53-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// Where its time comes from, such as `lambda` or `chrony`; 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

setters!(Clock {
    /// Sets the estimated offset.
    offset_ms: i64,
    /// Sets the source of time.
    source: text,
});

/// What ties events together. OCSF `metadata.correlation_uid`, OpenTelemetry `gen_ai.conversation.id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    /// The conversation or thread. Seed 003's `conversation_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The job or task, such as a video task at a provider. Seed 000's task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The event that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_event: Option<EventId>,
}

setters!(Correlation {
    /// Sets the conversation.
    conversation: text,
    /// Sets the job.
    job: text,
    /// Sets the event that caused this one.
    parent_event: EventId,
});

/// The serverless function that recorded the event. OpenTelemetry `faas.*`, AWS Lambda's context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Invoked ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Whether this was the first invocation of its execution environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold_start: Option<bool>,
    /// The invocation: Lambda's request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The execution environment: Lambda's log stream name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Configured memory in MiB (Lambda says MB).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u32>,
    /// Function name, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What invoked it, such as `http`, `pubsub`, `timer`; 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Published version or `$LATEST`, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

setters!(Function {
    /// Sets the ARN.
    arn: text,
    /// Sets whether it was a cold start.
    cold_start: bool,
    /// Sets the invocation's request id.
    execution: text,
    /// Sets the execution environment.
    instance: text,
    /// Sets the configured memory.
    memory_mb: u32,
    /// Sets the name.
    name: text,
    /// Sets what invoked it.
    trigger: text,
    /// Sets the version.
    version: text,
});

/// The key or credential the event is about; never the key itself. Seeds' `access_key_prefix`,
/// `encryption_key_version`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRef {
    /// The key's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The first characters of an access key: at most 8 bytes, so that it cannot hold a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The key's version, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

setters!(KeyRef {
    /// Sets the identifier.
    id: text,
    /// Sets the first characters.
    prefix: text,
    /// Sets the version.
    version: text,
});

/// Human oversight (EU AI Act Art. 12(3)(d), 14).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oversight {
    /// What the reviewer decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Whether a person had to decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Pseudonym of the reviewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
}

setters!(Oversight {
    /// Sets the decision.
    decision: Decision,
    /// Sets whether a person had to decide.
    required: bool,
    /// Sets the reviewer's pseudonym.
    reviewer: text,
});

/// Why it ended so. OCSF `status_code` and `status_detail`, OpenTelemetry `error.type`, seeds'
/// `error`, `block_reason`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// A stable code, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Text of at most 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Reason {
    /// A reason with this code.
    pub fn new(code: impl Into<String>) -> Self {
        Self::default().code(code)
    }
}

setters!(Reason {
    /// Sets the code.
    code: text,
    /// Sets the text.
    text: text,
});

/// That something was taken out of the event before it was stored, and by which rule; never what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Path of the field, such as `labels.note`. Required.
    pub path: String,
    /// Name of the rule, 128 bytes. Required.
    pub rule: String,
}

/// What was acted on. OCSF `resources[]`, CADF `target`, seed 001's `resource_type`, `resource_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Identifier or pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// JSON `type`: a name of 128 bytes, such as `video` or `patient_record`. Required.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Resource {
    /// A resource of this type.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { id: None, kind: kind.into() }
    }
}

setters!(Resource {
    /// Sets the identifier.
    id: text,
});

/// What the guardrails decided. Seed 003's `safety_passed`, `detectors_triggered`, `block_reason`,
/// `alerts`, `blocked_at`. OpenTelemetry has no key for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safety {
    /// Warnings: at most 64 texts of 256 bytes, in the order raised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// Why it was blocked: text of at most 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_reason: Option<String>,
    /// Detectors that triggered: at most 64 names of 128 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detectors: Vec<String>,
    /// Whether every check passed. Required.
    pub passed: bool,
    /// Version of the policy applied, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<String>,
    /// Where in the call the decision fell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<SafetyStage>,
}

impl Safety {
    /// Every check passed.
    pub fn passed() -> Self {
        Self { passed: true, ..Self::default() }
    }

    /// A check failed at this stage.
    pub fn failed(stage: SafetyStage) -> Self {
        Self { stage: Some(stage), ..Self::default() }
    }

    /// Adds a detector that triggered.
    #[must_use]
    pub fn detector(mut self, name: impl Into<String>) -> Self {
        self.detectors.push(name.into());
        self
    }

    /// Adds a warning.
    #[must_use]
    pub fn alert(mut self, text: impl Into<String>) -> Self {
        self.alerts.push(text.into());
        self
    }
}

setters!(Safety {
    /// Sets why it was blocked.
    block_reason: text,
    /// Sets the version of the policy.
    policy_version: text,
    /// Sets where in the call the decision fell.
    stage: SafetyStage,
});

/// The service that recorded the event. OpenTelemetry `service.*`, OCSF `metadata.product`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Deployment environment, such as `production`; 128 bytes. Seed 004's `environment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// Name, 128 bytes. Required; empty in a draft means "not set". Seed 004's `service_name`.
    #[serde(default)]
    pub name: String,
    /// Cloud region, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Version, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Service {
    /// A service with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

setters!(Service {
    /// Sets the environment.
    env: text,
    /// Sets the region.
    region: text,
    /// Sets the version.
    version: text,
});

/// Where the request came from. OCSF `src_endpoint`, `http_request`; seeds' `ip_address`, `user_agent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Network address, masked (`203.0.113.0/24`) unless the profile keeps it whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request's own identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// User agent: text of at most 1,024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

setters!(Source {
    /// Sets the masked address.
    address: text,
    /// Sets the request's identifier.
    request_id: text,
    /// Sets the user agent.
    user_agent: text,
});

/// The trace the event belongs to. W3C Trace Context ids are lower-case hex (32 and 16 digits);
/// other tracers' ids (AWS X-Ray) are kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The span's parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

impl Trace {
    /// The trace with this id.
    pub fn new(trace_id: impl Into<String>) -> Self {
        Self::default().trace_id(trace_id)
    }
}

setters!(Trace {
    /// Sets the span's parent.
    parent_id: text,
    /// Sets the span.
    span_id: text,
    /// Sets the trace.
    trace_id: text,
});
