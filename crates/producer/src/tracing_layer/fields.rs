//! The fields of `tracing` as the schema has them.

use std::fmt;

use dayseal_format::event::{
    Actor, Event, EventDraft, EventError, EventId, Outcome, Trace, limits,
};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

use crate::operation::{cut, name};

/// Short names, and the paths they stand for.
const SHORT: [(&str, &str); 6] = [
    ("actor", "actor.id"),
    ("error", "reason.text"),
    ("kind", "type"),
    ("reason", "reason.text"),
    ("resource", "resource.type"),
    ("trace_id", "trace.trace_id"),
];
/// What is said of one thing that happened, and not of what happened inside it.
const OWN: [&str; 6] = ["action", "duration_ms", "end_time", "message", "outcome", "type"];
/// Paths that hold lists.
const LISTS: [&str; 6] = [
    "ai.finish",
    "data_class",
    "privacy.categories",
    "privacy.recipients",
    "safety.alerts",
    "safety.detectors",
];
/// The first parts of paths that callers set. Others are labels without a try. What the producer
/// fills in, and what the layer measures, is not theirs.
const PARTS: [&str; 24] = [
    "access_reason",
    "action",
    "actor",
    "agent",
    "ai",
    "change",
    "content",
    "correlation",
    "data_class",
    "function",
    "key",
    "labels",
    "outcome",
    "oversight",
    "privacy",
    "reason",
    "resource",
    "safety",
    "service",
    "severity",
    "source",
    "tenant",
    "trace",
    "type",
];
/// The label that says how many fields found no room.
const MORE: &str = "more_fields";

/// Fields in the order recorded; the last of a name counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    named: Vec<(&'static str, Value)>,
    /// The entry of the span around.
    pub(super) cause: Option<EventId>,
}

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        let name = SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, path)| path);
        match self.named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.named.push((name, value)),
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Sets what is not set.
    pub(super) fn fill(&mut self, name: &'static str, value: &str) {
        if self.get(name).is_none() {
            self.set(name, Value::from(value));
        }
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.get("outcome").and_then(Value::as_str).and_then(Outcome::from_name)
    }

    /// Makes the message the action where there is none. One that is no name, or too long for one,
    /// stays a label too.
    pub(super) fn message_as_action(&mut self) {
        let Some(message) = self.get("message").and_then(Value::as_str) else { return };
        let action = name(message, limits::NAME);
        let whole = action.as_deref() == Some(message);
        if let (None, Some(action)) = (self.get("action"), action) {
            self.set("action", Value::from(action));
            if whole {
                self.take("message");
            }
        }
    }

    /// The trace that the fields name.
    pub(super) fn take_trace(&mut self) -> Option<Trace> {
        let mut part = |path| name(self.take(path)?.as_str()?, limits::ID);
        let (parent_id, span_id) = (part("trace.parent_id"), part("trace.span_id"));
        let trace_id = part("trace.trace_id");
        let given = [&parent_id, &span_id, &trace_id].into_iter().any(Option::is_some);
        given.then_some(Trace { parent_id, span_id, trace_id })
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.named.iter().position(|(known, _)| *known == name)?;
        Some(self.named.remove(at).1)
    }

    /// Adds `own`, which goes before.
    pub(super) fn extend(&mut self, own: Self) {
        for (name, value) in own.named {
            self.set(name, value);
        }
    }

    /// What events and spans inside have of it.
    pub(super) fn handed_down(&self) -> Self {
        let own = |name: &str| OWN.contains(&name) || name.starts_with("reason.");
        let named = self.named.iter().filter(|(name, _)| !own(name)).cloned().collect();
        Self { named, cause: None }
    }

    /// The event. A field that the schema refuses becomes a label; the defaults are set again then.
    pub(super) fn draft(
        &mut self,
        actor: &Actor,
        defaults: impl Fn(&mut Self),
    ) -> Result<EventDraft, EventError> {
        let mut labels = Vec::new();
        let named = std::mem::take(&mut self.named);
        for (name, value) in named {
            match name.strip_prefix("labels.") {
                Some(label) => labels.push((label, value)),
                None if PARTS.contains(&first(name)) => self.named.push((name, value)),
                _ => labels.push((name, value)),
            }
        }
        loop {
            let mut all = self.clone();
            defaults(&mut all);
            let unnamed = !all.named.iter().any(|(name, _)| first(name) == "actor");
            // A name without a type is a person's.
            let kind = if all.get("actor.id").is_some() { "user" } else { actor.kind.as_str() };
            all.fill("actor.id", &actor.id);
            all.fill("actor.type", kind);
            let refused = match all.json(&labels) {
                Ok(json) => match Event::from_json(&json) {
                    Ok(mut draft) => {
                        if unnamed {
                            draft.edit().actor = actor.clone();
                        }
                        return Ok(draft);
                    }
                    Err(error) => error,
                },
                // Two fields want one place.
                Err(name) => EventError::DuplicateKey { path: name.to_owned() },
            };
            let path = refused.path();
            let position =
                |of: fn(&str, &str) -> bool| self.named.iter().position(|(name, _)| of(name, path));
            let at = position(|name, path| name == path).or_else(|| position(names));
            let Some(at) = at else { return Err(refused) };
            labels.push(self.named.remove(at));
        }
    }

    /// The event as JSON, or the name of a field that finds no place in it.
    fn json(&self, labels: &[(&'static str, Value)]) -> Result<Vec<u8>, &'static str> {
        let mut event = Map::new();
        for (name, value) in &self.named {
            let value = if LISTS.contains(name) { list(value) } else { value.clone() };
            let mut place = &mut event;
            let mut parts = name.split('.').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_none() {
                    match place.insert(part.to_owned(), value) {
                        None => break,
                        Some(_) => return Err(name),
                    }
                }
                let inner = place.entry(part).or_insert_with(|| Value::Object(Map::new()));
                place = inner.as_object_mut().ok_or(*name)?;
            }
        }
        if !labels.is_empty() {
            event.insert("labels".to_owned(), Value::Object(labelled(labels)));
        }
        Ok(Value::Object(event).to_string().into_bytes())
    }
}

/// The part of a name before its first dot.
fn first(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether an error at `path` is about the field `name`: at it, above it, or in its value.
fn names(name: &str, path: &str) -> bool {
    let below = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    !path.is_empty() && (below(path, name) || below(name, path))
}

fn list(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    let mut items: Vec<_> =
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    items.dedup();
    Value::from(items)
}

fn labelled(labels: &[(&'static str, Value)]) -> Map<String, Value> {
    let mut map = Map::new();
    let room = if labels.len() > limits::PAIRS { limits::PAIRS - 1 } else { limits::PAIRS };
    for (name, value) in labels.iter().take(room) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.:/-".contains(c);
        let mut key: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        key.truncate(limits::NAME);
        let mut text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        cut(&mut text, limits::SHORT_TEXT);
        map.insert(key, Value::from(text));
    }
    if labels.len() > room {
        map.insert(MORE.to_owned(), Value::from((labels.len() - room).to_string()));
    }
    map
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // The schema has no floats: decimals are text.
        self.set(field.name(), Value::from(value.to_string()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), Value::from(value.to_string()));
    }
}
