//! Every text of an event, one after the other: what redaction works on.
//!
//! Each part is taken apart without `..`, so a new field does not compile before it is listed here.

use std::fmt;

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

struct Walk<F>(F);

impl<F: FnMut(Place, &mut String)> Walk<F> {
    fn text(&mut self, path: &'static str, limit: usize, text: &mut String) {
        (self.0)(Place { path, item: None, limit }, text);
    }

    fn id(&mut self, path: &'static str, text: &mut Option<String>) {
        self.maybe(path, limits::ID, text);
    }

    fn name(&mut self, path: &'static str, text: &mut Option<String>) {
        self.maybe(path, limits::NAME, text);
    }

    fn short(&mut self, path: &'static str, text: &mut Option<String>) {
        self.maybe(path, limits::SHORT_TEXT, text);
    }

    fn maybe(&mut self, path: &'static str, limit: usize, text: &mut Option<String>) {
        if let Some(text) = text {
            self.text(path, limit, text);
        }
    }

    fn list(&mut self, path: &'static str, limit: usize, list: &mut [String]) {
        for (item, text) in list.iter_mut().enumerate() {
            (self.0)(Place { path, item: Some(item), limit }, text);
        }
    }

    fn content(&mut self, paths: [&'static str; 2], item: &mut Option<ContentItem>) {
        if let Some(ContentItem { bytes: _, digest: _, key_version, reference, scheme: _ }) = item {
            self.name(paths[0], key_version);
            self.id(paths[1], reference);
        }
    }
}

macro_rules! content {
    ($walk:ident, $path:literal, $item:expr) => {
        $walk.content([concat!($path, ".key_version"), concat!($path, ".ref")], $item)
    };
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
        let mut w = Walk(edit);
        w.who(self);
        w.what(self);
        w.ai(&mut self.ai);
        w.lawful(self);
        let EventFields {
            access_reason,
            action,
            redactions,
            service: Service { env, name, region, version },
            tenant,
            // Walked above.
            actor: _,
            agent: _,
            ai: _,
            change: _,
            clock: _,
            content: _,
            correlation: _,
            function: _,
            key: _,
            oversight: _,
            privacy: _,
            reason: _,
            resource: _,
            safety: _,
            source: _,
            trace: _,
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
        } = self;
        w.short("access_reason", access_reason);
        w.text("action", limits::NAME, action);
        for (item, Redaction { path, rule }) in redactions.iter_mut().enumerate() {
            let item = Some(item);
            (w.0)(Place { path: "redactions", item, limit: limits::ID }, path);
            (w.0)(Place { path: "redactions", item, limit: limits::NAME }, rule);
        }
        w.name("service.env", env);
        w.text("service.name", limits::NAME, name);
        w.name("service.region", region);
        w.name("service.version", version);
        w.text("tenant", limits::ID, tenant);
    }
}

impl<F: FnMut(Place, &mut String)> Walk<F> {
    fn who(&mut self, e: &mut EventFields) {
        let Actor { id, on_behalf_of, session, kind: _ } = &mut e.actor;
        self.text("actor.id", limits::ID, id);
        self.id("actor.on_behalf_of", on_behalf_of);
        self.id("actor.session", session);
        if let Some(Agent { id, instance, name, version }) = &mut e.agent {
            self.id("agent.id", id);
            self.id("agent.instance", instance);
            self.name("agent.name", name);
            self.name("agent.version", version);
        }
        if let Some(Clock { offset_ms: _, source }) = &mut e.clock {
            self.name("clock.source", source);
        }
        if let Some(Correlation { conversation, job, parent_event: _ }) = &mut e.correlation {
            self.id("correlation.conversation", conversation);
            self.id("correlation.job", job);
        }
        if let Some(function) = &mut e.function {
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
            self.id("function.arn", arn);
            self.id("function.execution", execution);
            self.id("function.instance", instance);
            self.name("function.name", name);
            self.name("function.trigger", trigger);
            self.name("function.version", version);
        }
        if let Some(Source { address, request_id, user_agent }) = &mut e.source {
            self.id("source.address", address);
            self.id("source.request_id", request_id);
            self.maybe("source.user_agent", limits::TEXT, user_agent);
        }
        if let Some(Trace { parent_id, span_id, trace_id }) = &mut e.trace {
            self.id("trace.parent_id", parent_id);
            self.id("trace.span_id", span_id);
            self.id("trace.trace_id", trace_id);
        }
    }

    fn ai(&mut self, ai: &mut Option<AiCall>) {
        let Some(ai) = ai else { return };
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
        self.list("ai.finish", limits::NAME, finish);
        self.name("ai.model_answered", model_answered);
        self.name("ai.model_requested", model_requested);
        self.name("ai.model_version", model_version);
        self.name("ai.operation", operation);
        self.name("ai.output_type", output_type);
        self.name("ai.provider", provider);
        self.name("ai.region", region);
        self.id("ai.response_id", response_id);
        if let Some(Tool { call_id, name, kind }) = tool {
            self.id("ai.tool.call_id", call_id);
            self.text("ai.tool.name", limits::NAME, name);
            self.name("ai.tool.type", kind);
        }
    }

    fn what(&mut self, e: &mut EventFields) {
        if let Some(Change { field, from, from_content, to, to_content }) = &mut e.change {
            self.text("change.field", limits::NAME, field);
            self.short("change.from", from);
            content!(self, "change.from_content", from_content);
            self.short("change.to", to);
            content!(self, "change.to_content", to_content);
        }
        if let Some(Content { args, input, output, system }) = &mut e.content {
            content!(self, "content.args", args);
            content!(self, "content.input", input);
            content!(self, "content.output", output);
            content!(self, "content.system", system);
        }
        if let Some(KeyRef { id, prefix, version }) = &mut e.key {
            self.id("key.id", id);
            self.maybe("key.prefix", limits::KEY_PREFIX, prefix);
            self.name("key.version", version);
        }
        if let Some(Reason { code, text }) = &mut e.reason {
            self.name("reason.code", code);
            self.short("reason.text", text);
        }
        if let Some(Resource { id, kind }) = &mut e.resource {
            self.id("resource.id", id);
            self.text("resource.type", limits::NAME, kind);
        }
    }

    fn lawful(&mut self, e: &mut EventFields) {
        if let Some(Oversight { decision: _, required: _, reviewer }) = &mut e.oversight {
            self.id("oversight.reviewer", reviewer);
        }
        if let Some(privacy) = &mut e.privacy {
            let Privacy {
                categories,
                exemption,
                legal_basis,
                purpose,
                recipients,
                subject,
                transfer_region,
            } = privacy;
            self.list("privacy.categories", limits::NAME, categories);
            self.name("privacy.exemption", exemption);
            self.name("privacy.legal_basis", legal_basis);
            self.name("privacy.purpose", purpose);
            self.list("privacy.recipients", limits::NAME, recipients);
            self.id("privacy.subject", subject);
            self.name("privacy.transfer_region", transfer_region);
        }
        if let Some(Safety {
            alerts,
            block_reason,
            detectors,
            passed: _,
            policy_version,
            stage: _,
        }) = &mut e.safety
        {
            self.list("safety.alerts", limits::SHORT_TEXT, alerts);
            self.short("safety.block_reason", block_reason);
            self.list("safety.detectors", limits::NAME, detectors);
            self.name("safety.policy_version", policy_version);
        }
    }
}
