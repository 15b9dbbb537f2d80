//! Every text of an event, one after the other: what redaction works on.
//!
//! The fields are listed once, for texts that are read and texts that are edited: a pattern on a
//! reference binds references of its kind. Each part is taken apart without `..`, so a new field does
//! not compile before it is listed here.

use std::fmt;
use std::marker::PhantomData;

use super::{
    Actor, Agent, AiCall, Change, Clock, Content, ContentItem, Correlation, EventFields, Function,
    KeyRef, Oversight, Privacy, Reason, Redaction, Resource, Safety, Service, Source, Tool, Trace,
    limits, wire,
};

/// Where a text stands in an event, and how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path of the field as in `docs/spec/entry.md`, such as `reason.text`.
    pub path: &'static str,
    /// Which item, if the field is a list.
    pub item: Option<usize>,
    /// Most bytes the field takes.
    pub limit: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)?;
        self.item.map_or(Ok(()), |item| write!(f, "[{item}]"))
    }
}

/// Hands texts over, each as a `T`: `&String` or `&mut String`.
struct Walk<T, F>(F, PhantomData<fn(T)>);

impl<T, F: FnMut(Place, T)> Walk<T, F> {
    fn text(&mut self, path: &'static str, limit: usize, text: T) {
        (self.0)(Place { path, item: None, limit }, text);
    }

    fn id(&mut self, path: &'static str, text: impl IntoIterator<Item = T>) {
        self.maybe(path, limits::ID, text);
    }

    fn name(&mut self, path: &'static str, text: impl IntoIterator<Item = T>) {
        self.maybe(path, limits::NAME, text);
    }

    fn short(&mut self, path: &'static str, text: impl IntoIterator<Item = T>) {
        self.maybe(path, limits::SHORT_TEXT, text);
    }

    /// The text of an option.
    fn maybe(&mut self, path: &'static str, limit: usize, text: impl IntoIterator<Item = T>) {
        for text in text {
            self.text(path, limit, text);
        }
    }

    fn list(&mut self, path: &'static str, limit: usize, list: impl IntoIterator<Item = T>) {
        for (item, text) in list.into_iter().enumerate() {
            self.item(path, item, limit, text);
        }
    }

    fn item(&mut self, path: &'static str, item: usize, limit: usize, text: T) {
        (self.0)(Place { path, item: Some(item), limit }, text);
    }
}

macro_rules! content {
    ($walk:ident, $path:literal, $item:ident) => {
        if let Some(ContentItem { bytes: _, digest: _, key_version, reference, scheme: _ }) = $item
        {
            $walk.name(concat!($path, ".key_version"), key_version);
            $walk.id(concat!($path, ".ref"), reference);
        }
    };
}

/// Who acted, with what and from where.
macro_rules! who {
    ($walk:ident: $actor:ident $agent:ident $clock:ident $correlation:ident $function:ident
        $source:ident $trace:ident) => {
        let Actor { id, on_behalf_of, session, kind: _ } = $actor;
        $walk.text("actor.id", limits::ID, id);
        $walk.id("actor.on_behalf_of", on_behalf_of);
        $walk.id("actor.session", session);
        if let Some(Agent { id, instance, name, version }) = $agent {
            $walk.id("agent.id", id);
            $walk.id("agent.instance", instance);
            $walk.name("agent.name", name);
            $walk.name("agent.version", version);
        }
        if let Some(Clock { offset_ms: _, source }) = $clock {
            $walk.name("clock.source", source);
        }
        if let Some(Correlation { conversation, job, parent_event: _ }) = $correlation {
            $walk.id("correlation.conversation", conversation);
            $walk.id("correlation.job", job);
        }
        if let Some(function) = $function {
            let Function {
                arn,
                cold_start: _,
                execution,
                instance,
                memory_mb: _,
                name,
                trigger,
                version,
            } = function;
            $walk.id("function.arn", arn);
            $walk.id("function.execution", execution);
            $walk.id("function.instance", instance);
            $walk.name("function.name", name);
            $walk.name("function.trigger", trigger);
            $walk.name("function.version", version);
        }
        if let Some(Source { address, request_id, user_agent }) = $source {
            $walk.id("source.address", address);
            $walk.id("source.request_id", request_id);
            $walk.maybe("source.user_agent", limits::TEXT, user_agent);
        }
        if let Some(Trace { parent_id, span_id, trace_id }) = $trace {
            $walk.id("trace.parent_id", parent_id);
            $walk.id("trace.span_id", span_id);
            $walk.id("trace.trace_id", trace_id);
        }
    };
}

/// What was done, and to what.
macro_rules! what {
    ($walk:ident: $change:ident $content:ident $key:ident $reason:ident $resource:ident) => {
        if let Some(Change { field, from, from_content, to, to_content }) = $change {
            $walk.text("change.field", limits::NAME, field);
            $walk.short("change.from", from);
            content!($walk, "change.from_content", from_content);
            $walk.short("change.to", to);
            content!($walk, "change.to_content", to_content);
        }
        if let Some(Content { args, input, output, system }) = $content {
            content!($walk, "content.args", args);
            content!($walk, "content.input", input);
            content!($walk, "content.output", output);
            content!($walk, "content.system", system);
        }
        if let Some(KeyRef { id, prefix, version }) = $key {
            $walk.id("key.id", id);
            $walk.maybe("key.prefix", limits::KEY_PREFIX, prefix);
            $walk.name("key.version", version);
        }
        if let Some(Reason { code, text }) = $reason {
            $walk.name("reason.code", code);
            $walk.short("reason.text", text);
        }
        if let Some(Resource { id, kind }) = $resource {
            $walk.id("resource.id", id);
            $walk.text("resource.type", limits::NAME, kind);
        }
    };
}

macro_rules! ai {
    ($walk:ident: $ai:ident) => {
        if let Some(ai) = $ai {
            let AiCall {
                finish,
                model_answered,
                model_requested,
                model_version,
                operation,
                output_type,
                provider,
                region,
                response_id,
                tool,
                first_token_ms: _,
                latency_ms: _,
                output_count: _,
                params: _,
                usage: _,
            } = ai;
            $walk.list("ai.finish", limits::NAME, finish);
            $walk.name("ai.model_answered", model_answered);
            $walk.name("ai.model_requested", model_requested);
            $walk.name("ai.model_version", model_version);
            $walk.name("ai.operation", operation);
            $walk.name("ai.output_type", output_type);
            $walk.name("ai.provider", provider);
            $walk.name("ai.region", region);
            $walk.id("ai.response_id", response_id);
            if let Some(Tool { call_id, name, kind }) = tool {
                $walk.id("ai.tool.call_id", call_id);
                $walk.text("ai.tool.name", limits::NAME, name);
                $walk.name("ai.tool.type", kind);
            }
        }
    };
}

/// Why it was lawful, and who saw to that.
macro_rules! lawful {
    ($walk:ident: $oversight:ident $privacy:ident $safety:ident) => {
        if let Some(Oversight { decision: _, required: _, reviewer }) = $oversight {
            $walk.id("oversight.reviewer", reviewer);
        }
        if let Some(privacy) = $privacy {
            let Privacy {
                categories,
                exemption,
                legal_basis,
                purpose,
                recipients,
                subject,
                transfer_region,
            } = privacy;
            $walk.list("privacy.categories", limits::NAME, categories);
            $walk.name("privacy.exemption", exemption);
            $walk.name("privacy.legal_basis", legal_basis);
            $walk.name("privacy.purpose", purpose);
            $walk.list("privacy.recipients", limits::NAME, recipients);
            $walk.id("privacy.subject", subject);
            $walk.name("privacy.transfer_region", transfer_region);
        }
        if let Some(Safety {
            alerts,
            block_reason,
            detectors,
            passed: _,
            policy_version,
            stage: _,
        }) = $safety
        {
            $walk.list("safety.alerts", limits::SHORT_TEXT, alerts);
            $walk.short("safety.block_reason", block_reason);
            $walk.list("safety.detectors", limits::NAME, detectors);
            $walk.name("safety.policy_version", policy_version);
        }
    };
}

/// Hands the texts of the fields behind a reference to a function, in an order that never depends on
/// what they say.
macro_rules! walk {
    ($event:expr, $each:expr) => {{
        let mut w = Walk($each, PhantomData);
        let EventFields {
            access_reason,
            action,
            actor,
            agent,
            ai,
            change,
            clock,
            content,
            correlation,
            function,
            key,
            oversight,
            privacy,
            reason,
            redactions,
            resource,
            safety,
            service: Service { env, name, region, version },
            source,
            tenant,
            trace,
            // Maps, for whoever edits keys and values together.
            labels: _,
            // No free text.
            data_class: _,
            duration_ms: _,
            end_time: _,
            id: _,
            logged_time: _,
            outcome: _,
            severity: _,
            time: _,
            kind: _,
            v: _,
        } = $event;
        who!(w: actor agent clock correlation function source trace);
        what!(w: change content key reason resource);
        ai!(w: ai);
        lawful!(w: oversight privacy safety);
        w.short("access_reason", access_reason);
        w.text("action", limits::NAME, action);
        for (item, Redaction { path, rule }) in redactions.into_iter().enumerate() {
            w.item("redactions", item, limits::ID, path);
            w.item("redactions", item, limits::NAME, rule);
        }
        w.name("service.env", env);
        w.text("service.name", limits::NAME, name);
        w.name("service.region", region);
        w.name("service.version", version);
        w.text("tenant", limits::ID, tenant);
    }};
}

impl EventFields {
    /// Bytes of the encoding, whether or not the fields keep the rules.
    #[doc(hidden)]
    pub fn encoded_len(&self) -> usize {
        let mut count = wire::Count::default();
        wire::write(self, &mut count).expect("text keys and a counter: writing cannot fail");
        count.0
    }

    /// Hands every text to `edit`, except `type`, the maps `labels` and `ai.params`, and what has a
    /// type of its own (times, event ids, digests, names of a closed set).
    #[doc(hidden)]
    pub fn edit_texts(&mut self, edit: impl FnMut(Place, &mut String)) {
        walk!(self, edit);
    }

    /// Hands the same texts to `look`, in the same order.
    #[doc(hidden)]
    pub fn texts(&self, mut look: impl FnMut(Place, &str)) {
        walk!(self, |place, text: &String| look(place, text));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::full;

    /// Every text of a JSON value by its path.
    fn leaves(path: &str, json: &serde_json::Value, out: &mut BTreeMap<String, String>) {
        use serde_json::Value;
        match json {
            Value::String(text) => {
                out.insert(path.to_owned(), text.clone());
            }
            Value::Array(list) => {
                list.iter()
                    .enumerate()
                    .for_each(|(n, item)| leaves(&format!("{path}[{n}]"), item, out));
            }
            Value::Object(map) => {
                let dot = if path.is_empty() { "" } else { "." };
                map.iter()
                    .for_each(|(key, value)| leaves(&format!("{path}{dot}{key}"), value, out));
            }
            _ => {}
        }
    }

    #[test]
    fn every_free_text_of_the_encoding_is_handed_over_once() {
        let event = full();
        let mut all = BTreeMap::new();
        leaves("", &serde_json::to_value(&*event).unwrap(), &mut all);
        // Texts of closed sets, times, ids and digests; and the maps.
        let typed = |path: &str| {
            matches!(
                path,
                "actor.type"
                    | "correlation.parent_event"
                    | "end_time"
                    | "id"
                    | "logged_time"
                    | "outcome"
                    | "oversight.decision"
                    | "safety.stage"
                    | "severity"
                    | "time"
                    | "type"
            ) || ["data_class[", "labels.", "ai.params."].iter().any(|map| path.starts_with(map))
                || path.ends_with(".digest")
                || path.ends_with(".scheme")
        };
        all.retain(|path, _| !typed(path));
        let mut rules = ["path", "rule"].iter().cycle();
        event.texts(|place, text| {
            let mut path = place.to_string();
            if place.path == "redactions" {
                path = format!("{path}.{}", rules.next().unwrap());
            }
            assert_eq!(all.remove(&path).as_deref(), Some(text), "{path}");
            assert!(text.len() <= place.limit, "{path}");
        });
        assert!(all.is_empty(), "not handed over: {all:?}");
    }

    #[test]
    fn texts_are_read_and_edited_in_one_order() {
        let mut fields = full().into_fields();
        let mut read = Vec::new();
        fields.texts(|place, text| read.push((place, text.to_owned())));
        let mut edited = Vec::new();
        fields.edit_texts(|place, text| edited.push((place, text.clone())));
        assert_eq!(read, edited);
    }
}
