//! An entry as an event of its class.

use std::net::IpAddr;

use dayseal_format::event::{ActorType, EventFields, Outcome, Severity};
use serde_json::{Map, Value, json};

use super::activity::OTHER;
use super::{Class, Options, Previous, VERSION, classify, integrity};
use crate::flat::{Rest, text_of};
use crate::{Entry, ExportError};

/// An event under way: what is placed, what is not yet, and the profiles in use.
struct Draft<'a> {
    class: Class,
    event: &'a EventFields,
    rest: Rest,
    out: Map<String, Value>,
    profiles: Vec<&'static str>,
}

pub(super) fn event(
    entry: &Entry<'_>,
    before: Option<&Previous>,
    options: Options,
) -> Result<Map<String, Value>, ExportError> {
    let (class, activity) = classify(entry.event.kind.as_str());
    let mut draft = Draft {
        class,
        event: entry.event,
        rest: Rest::of(entry.event)?,
        out: Map::new(),
        profiles: vec!["cloud", "record_integrity"],
    };
    draft.classification(activity);
    draft.occurrence();
    draft.outcome();
    draft.actor();
    draft.target();
    draft.source();
    draft.call();
    draft.ai();
    draft.trace();
    draft.control();
    draft.metadata(entry);
    draft.put("attestation_list", integrity::attestations(entry.place, before));
    if options.raw {
        // An entry is JSON, which is UTF-8.
        draft.put("raw_data", String::from_utf8_lossy(entry.line));
        draft.put("raw_data_size", entry.line.len());
    }
    draft.unmapped(entry, options);
    Ok(draft.out)
}

impl Draft<'_> {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.out.insert(name.to_owned(), value.into());
    }

    fn classification(&mut self, activity: u32) {
        let class = self.class;
        let kind = self.event.kind.as_str();
        let name = class.activity(activity).unwrap_or(kind);
        self.put("activity_id", activity);
        self.put("activity_name", name);
        self.put("category_uid", class.category_uid());
        self.put("category_name", class.category());
        self.put("class_uid", class.uid());
        self.put("class_name", class.caption());
        self.put("type_uid", class.type_uid(activity));
        let activity = class.activity(activity).unwrap_or("Other");
        self.put("type_name", format!("{}: {activity}", class.caption()));
        let severity = self.event.severity.unwrap_or(Severity::Unknown);
        let id = Severity::ALL.iter().position(|s| *s == severity).unwrap_or_default();
        let mut caption = severity.as_str().to_owned();
        caption[..1].make_ascii_uppercase();
        self.put("severity_id", id);
        self.put("severity", caption);
        self.rest.take("severity");
    }

    fn occurrence(&mut self) {
        let e = self.event;
        self.put("time", e.time.as_millis());
        self.rest.take("time");
        if let Some(end) = e.end_time {
            self.put("end_time", end.as_millis());
            self.rest.take("end_time");
        }
        if let Some(ms) = self.rest.take("duration_ms") {
            self.put("duration", ms);
        }
    }

    fn outcome(&mut self) {
        let (id, status) = match self.event.outcome {
            Outcome::Success => (1, "Success"),
            Outcome::Failure => (2, "Failure"),
            Outcome::Unknown => (0, "Unknown"),
            Outcome::Blocked => (OTHER, "Blocked"),
            Outcome::Deferred => (OTHER, "Deferred"),
        };
        // The status of a finding is that of its handling: success and failure are none of its list.
        let id = if self.class == Class::ComplianceFinding && id != 0 { OTHER } else { id };
        self.put("status_id", id);
        self.put("status", status);
        self.rest.take("outcome");
        for (field, name) in [("reason.code", "status_code"), ("reason.text", "status_detail")] {
            if let Some(value) = self.rest.take(field) {
                self.put(name, value);
            }
        }
    }

    fn actor(&mut self) {
        let user = self.user();
        let mut actor = json!({ "user": user });
        self.rest.take("actor.id");
        self.rest.take("actor.type");
        if let Some(session) = self.rest.take("actor.session") {
            actor["session"] = json!({ "uid": session });
        }
        self.put("actor", actor);
        if !self.class.has_actor() {
            self.profiles.push("host");
        }
    }

    fn user(&self) -> Value {
        let actor = &self.event.actor;
        let (id, name) = match actor.kind {
            ActorType::User => (1, "User"),
            ActorType::Admin => (2, "Admin"),
            ActorType::System => (3, "System"),
            ActorType::Service => (4, "Service"),
            ActorType::Agent => (OTHER, "agent"),
        };
        json!({ "uid": actor.id, "type_id": id, "type": name })
    }

    /// What was acted on, where the class has it.
    fn target(&mut self) {
        let e = self.event;
        let mut resource = || (self.rest.text("resource.id"), self.rest.text("resource.type"));
        let service = json!({ "name": e.service.name });
        match self.class {
            class if class.has_resources() => {
                let (uid, kind) = resource();
                if let Some(kind) = kind {
                    let named = object([("uid", uid), ("type", Some(kind))]);
                    self.put("resources", json!([named]));
                }
            }
            Class::DatastoreActivity | Class::AccountChange => {
                let (uid, kind) = resource();
                // One of uid and name must be there, and the type's id.
                let name = uid.is_none().then(|| "Unknown".to_owned());
                let id = if kind.is_some() { OTHER } else { 0 };
                let mut named = object([("uid", uid), ("name", name), ("type", kind)]);
                named["type_id"] = id.into();
                let place = if self.class == Class::AccountChange { "user" } else { "database" };
                self.put(place, named);
            }
            Class::Authentication => {
                self.put("user", self.user());
                self.put("service", service);
            }
            Class::ApplicationLifecycle => self.put("app", product(e)),
            _ => {}
        }
        if self.class == Class::ComplianceFinding {
            self.put("finding_info", json!({ "uid": e.id.to_string(), "title": e.action }));
            self.put("compliance", json!({ "control": e.action }));
        }
    }

    fn source(&mut self) {
        if !self.class.has_source() {
            return;
        }
        let endpoint = match self.rest.text("source.address") {
            Some(ip) if ip.parse::<IpAddr>().is_ok() => Some(json!({ "ip": ip })),
            // A masked network, or the name of a service.
            Some(name) => Some(json!({ "name": name })),
            None if self.class.needs_source() => {
                Some(json!({ "svc_name": self.event.service.name }))
            }
            None => None,
        };
        if let Some(endpoint) = endpoint {
            self.put("src_endpoint", endpoint);
        }
        let (agent, uid) =
            (self.rest.text("source.user_agent"), self.rest.text("source.request_id"));
        if agent.is_some() || uid.is_some() {
            self.put("http_request", object([("user_agent", agent), ("uid", uid)]));
        }
    }

    /// `api` and `cloud`, which every class has by the profile `cloud`.
    fn call(&mut self) {
        let mut api = json!({ "operation": self.event.action });
        self.rest.take("action");
        if let Some(key) = self.rest.take("key.id") {
            api["token"] = json!({ "uid": key });
        }
        self.put("api", api);
        let aws = self.event.function.as_ref().and_then(|f| f.arn.as_deref());
        let provider =
            if aws.is_some_and(|arn| arn.starts_with("arn:aws")) { "AWS" } else { "Unknown" };
        let region = self.rest.text("service.region");
        self.put("cloud", object([("provider", Some(provider.to_owned())), ("region", region)]));
    }

    fn ai(&mut self) {
        if !self.class.has_ai() {
            return;
        }
        let e = self.event;
        let mut any = false;
        if e.agent.as_ref().is_some_and(|a| a.id.is_some() || a.name.is_some()) {
            let agent = object([
                ("uid", self.rest.text("agent.id")),
                ("instance_uid", self.rest.text("agent.instance")),
                ("name", self.rest.text("agent.name")),
                ("version", self.rest.text("agent.version")),
            ]);
            self.put("ai_agent", agent);
            any = true;
        }
        // Both are required there: nothing is made up.
        if e.ai.as_ref().is_some_and(|a| a.provider.is_some() && a.model_requested.is_some()) {
            let model = object([
                ("ai_provider", self.rest.text("ai.provider")),
                ("name", self.rest.text("ai.model_requested")),
                ("uid", self.rest.text("ai.model_answered")),
                ("version", self.rest.text("ai.model_version")),
            ]);
            self.put("ai_model", model);
            any = true;
        }
        let mut context = Map::new();
        for (field, name) in [
            ("correlation.conversation", "uid"),
            ("ai.usage.input", "prompt_tokens"),
            ("ai.usage.output", "completion_tokens"),
        ] {
            if let Some(value) = self.rest.take(field) {
                context.insert(name.to_owned(), value);
            }
        }
        if !context.is_empty() {
            // What the tokens were counted by; one of name and uid must be there as well.
            let service = json!({ "name": e.service.name });
            context.insert("service".to_owned(), service);
            if !context.contains_key("uid") {
                context.insert("name".to_owned(), json!(e.action));
            }
            self.put("message_context", context);
            any = true;
        }
        if any {
            self.profiles.push("ai_operation");
        }
    }

    fn trace(&mut self) {
        let uid = self.event.trace.as_ref().and_then(|t| t.trace_id.clone());
        let (true, Some(uid)) = (self.class.has_trace(), uid) else { return };
        self.rest.take("trace.trace_id");
        let mut trace = json!({ "uid": uid });
        if let Some(span) = self.rest.take("trace.span_id") {
            let e = self.event;
            let mut object = json!({
                "uid": span,
                "start_time": e.time.as_millis(),
                "end_time": e.end_time.unwrap_or(e.time).as_millis(),
            });
            if let Some(parent) = self.rest.take("trace.parent_id") {
                object["parent_uid"] = parent;
            }
            trace["span"] = object;
        }
        self.put("trace", trace);
        self.profiles.push("trace");
    }

    /// What the guardrails decided: also in `unmapped`, word for word.
    fn control(&mut self) {
        let Some(safety) = &self.event.safety else { return };
        let (action, name, disposition, word) = match (safety.passed, self.event.outcome) {
            (true, _) => (1, "Allowed", 1, "Allowed"),
            (false, Outcome::Blocked) => (2, "Denied", 2, "Blocked"),
            (false, _) => (3, "Observed", 15, "Detected"),
        };
        self.put("action_id", action);
        self.put("action", name);
        self.put("disposition_id", disposition);
        self.put("disposition", word);
        self.profiles.push("security_control");
    }

    fn metadata(&mut self, entry: &Entry<'_>) {
        let e = self.event;
        let mut product = product(e);
        for field in ["service.name", "service.version"] {
            self.rest.take(field);
        }
        let feature = [("function.arn", "uid"), ("function.name", "name")];
        if e.function.as_ref().is_some_and(|f| f.arn.is_some() || f.name.is_some()) {
            let [uid, name] = feature.map(|(field, name)| (name, self.rest.text(field)));
            let version = self.rest.text("function.version");
            product["feature"] = object([uid, name, ("version", version)]);
        }
        let job = self.rest.text("correlation.job");
        for field in ["id", "logged_time", "type", "tenant", "v"] {
            self.rest.take(field);
        }
        self.profiles.sort_unstable();
        let mut metadata = object([
            ("version", Some(VERSION.to_owned())),
            ("uid", Some(e.id.to_string())),
            ("event_code", Some(e.kind.as_str().to_owned())),
            ("tenant_uid", Some(e.tenant.clone())),
            ("correlation_uid", job),
            ("log_name", Some(entry.place.origin.as_str().to_owned())),
            ("log_provider", Some("dayseal".to_owned())),
            ("log_version", Some(e.v.to_string())),
        ]);
        metadata["logged_time"] = e.logged_time.as_millis().into();
        metadata["product"] = product;
        metadata["profiles"] = json!(self.profiles);
        self.put("metadata", metadata);
    }

    fn unmapped(&mut self, entry: &Entry<'_>, options: Options) {
        let rest = std::mem::replace(&mut self.rest, Rest::empty());
        let flat = rest.into_flat().into_iter().map(|(path, value)| (path, text_of(value).into()));
        let mut unmapped: Map<String, Value> = flat.collect();
        let place = entry.place;
        let mut own = |name: &str, value: String| {
            unmapped.insert(format!("dayseal.{name}"), value.into());
        };
        own("batch", place.batch.to_string());
        own("index", place.index.to_string());
        if let Some(seal) = place.seal {
            own("sealed_by", seal.by.to_string());
            if let Some(tree) = seal.tree {
                own("checkpoint.size", tree.size.to_string());
                own("checkpoint.root", tree.root.to_string());
            }
        }
        if options.raw {
            own("salt", place.salt.clone());
        }
        self.put("unmapped", unmapped);
    }
}

/// What recorded the event.
fn product(e: &EventFields) -> Value {
    let service = &e.service;
    object([("name", Some(service.name.clone())), ("version", service.version.clone())])
}

/// An object of the texts that are there.
fn object<const N: usize>(parts: [(&str, Option<String>); N]) -> Value {
    let there =
        parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Value::Object(there.collect())
}
