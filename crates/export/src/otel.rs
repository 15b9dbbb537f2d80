//! OpenTelemetry log records: OTLP as JSON lines, what a collector's `otlpjsonfile` receiver reads.

use std::io::Write;

use dayseal_format::UnixMillis;
use dayseal_format::event::{EventFields, Outcome, Service, Severity};
use serde_json::{Value, json};

use crate::flat::Rest;
use crate::{Entry, ExportError, Sink};

/// The semantic conventions of resources and of all attributes but `gen_ai.*`.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// The conventions of `gen_ai.*`, which are in development.
pub const GENAI_SCHEMA_URL: &str = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev";

/// Log records of a line at most.
const RECORDS: usize = 100;

/// Fields with a name in the conventions; all others are `dayseal.<path>`.
const NAMES: &[(&str, &str)] = &[
    ("id", "log.record.uid"),
    ("actor.id", "user.id"),
    ("actor.session", "session.id"),
    ("source.address", "client.address"),
    ("source.user_agent", "user_agent.original"),
    ("function.name", "faas.name"),
    ("function.version", "faas.version"),
    ("function.arn", "cloud.resource_id"),
    ("function.execution", "faas.invocation_id"),
    ("function.instance", "faas.instance"),
    ("function.cold_start", "faas.coldstart"),
    ("function.trigger", "faas.trigger"),
    ("correlation.conversation", "gen_ai.conversation.id"),
    ("agent.id", "gen_ai.agent.id"),
    ("agent.name", "gen_ai.agent.name"),
    ("agent.version", "gen_ai.agent.version"),
    ("ai.provider", "gen_ai.provider.name"),
    ("ai.operation", "gen_ai.operation.name"),
    ("ai.model_requested", "gen_ai.request.model"),
    ("ai.model_answered", "gen_ai.response.model"),
    ("ai.usage.input", "gen_ai.usage.input_tokens"),
    ("ai.usage.output", "gen_ai.usage.output_tokens"),
    ("ai.usage.cached", "gen_ai.usage.cache_read.input_tokens"),
    ("ai.usage.reasoning", "gen_ai.usage.reasoning.output_tokens"),
    ("ai.finish", "gen_ai.response.finish_reasons"),
    ("ai.response_id", "gen_ai.response.id"),
    ("ai.output_type", "gen_ai.output.type"),
    ("ai.tool.name", "gen_ai.tool.name"),
    ("ai.tool.type", "gen_ai.tool.type"),
    ("ai.tool.call_id", "gen_ai.tool.call.id"),
];

/// Parameters of a model call that are decimals in the conventions, and text in the entry.
const DECIMALS: [&str; 5] =
    ["frequency_penalty", "presence_penalty", "temperature", "top_k", "top_p"];

/// Parameters that are whole numbers in both.
const INTEGERS: [&str; 2] = ["max_tokens", "seed"];

/// Writes `{"resourceLogs":…}` lines, each of at most a hundred records of one service.
#[derive(Debug)]
pub struct Otel<W> {
    out: W,
    service: Option<Service>,
    records: Vec<Value>,
}

impl<W: Write> Otel<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        Self { out, service: None, records: Vec::new() }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let (Some(service), false) = (&self.service, self.records.is_empty()) else {
            return Ok(());
        };
        let line = json!({ "resourceLogs": [{
            "resource": { "attributes": resource(service) },
            "schemaUrl": SCHEMA_URL,
            "scopeLogs": [{
                "scope": { "name": "dayseal", "version": env!("CARGO_PKG_VERSION") },
                "schemaUrl": GENAI_SCHEMA_URL,
                "logRecords": std::mem::take(&mut self.records),
            }],
        }]});
        serde_json::to_writer(&mut self.out, &line).map_err(std::io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }
}

impl<W: Write> Sink for Otel<W> {
    fn push(&mut self, entry: &Entry<'_>) -> Result<(), ExportError> {
        let service = &entry.event.service;
        if self.records.len() == RECORDS || self.service.as_ref() != Some(service) {
            self.flush()?;
            self.service = Some(service.clone());
        }
        self.records.push(record(entry)?);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        self.flush()
    }
}

fn resource(service: &Service) -> Vec<Value> {
    let text = |name: &str, text: &str| json!({ "key": name, "value": { "stringValue": text } });
    let mut attributes = vec![text("service.name", &service.name)];
    for (name, value) in [
        ("service.version", &service.version),
        ("deployment.environment.name", &service.env),
        ("cloud.region", &service.region),
    ] {
        attributes.extend(value.as_ref().map(|value| text(name, value)));
    }
    attributes
}

fn record(entry: &Entry<'_>) -> Result<Value, ExportError> {
    let e = entry.event;
    let mut rest = Rest::of(e)?;
    let mut attributes = Vec::new();
    let mut add = |name: String, value: Value| {
        attributes.push(json!({ "key": name, "value": any_value(value) }));
    };
    let mut record = json!({ "eventName": e.kind.as_str() });
    for (field, name, time) in
        [("time", "timeUnixNano", e.time), ("logged_time", "observedTimeUnixNano", e.logged_time)]
    {
        if let Some(nanos) = nanos(time) {
            record[name] = nanos.into();
            rest.take(field);
        }
    }
    if let Some((number, text)) = e.severity.and_then(severity) {
        record["severityNumber"] = number.into();
        record["severityText"] = text.into();
        rest.take("severity");
    }
    for done in ["type", "service"] {
        rest.take(done);
    }
    trace(e, &mut rest, &mut record);
    for (field, name) in NAMES {
        if let Some(value) = rest.take(field) {
            add((*name).to_owned(), value);
        }
    }
    if let Some(mib) = e.function.as_ref().and_then(|f| f.memory_mb) {
        rest.take("function.memory_mb");
        add("faas.max_memory".to_owned(), (u64::from(mib) << 20).into());
    }
    if e.outcome == Outcome::Failure
        && let Some(code) = rest.take("reason.code")
    {
        add("error.type".to_owned(), code);
    }
    if let Some(ai) = &e.ai {
        for (name, value) in &ai.params {
            let text = serde_json::to_value(value)?;
            let decimal = || text.as_str().map_or(text.as_f64(), |t| t.parse().ok());
            let value = match name.as_str() {
                n if DECIMALS.contains(&n) => {
                    decimal().filter(|f: &f64| f.is_finite()).map(Value::from)
                }
                n if INTEGERS.contains(&n) && text.is_i64() => Some(text.clone()),
                _ => None,
            };
            if let Some(value) = value {
                rest.take(&format!("ai.params.{name}"));
                add(format!("gen_ai.request.{name}"), value);
            }
        }
    }
    for (path, value) in rest.into_flat() {
        add(format!("dayseal.{path}"), value);
    }
    let place = entry.place;
    add("dayseal.origin".to_owned(), place.origin.as_str().into());
    add("dayseal.batch".to_owned(), place.batch.to_string().into());
    add("dayseal.index".to_owned(), place.index.into());
    add("dayseal.leaf".to_owned(), place.leaf.to_string().into());
    if let Some(seal) = place.seal {
        add("dayseal.sealed_by".to_owned(), seal.by.to_string().into());
    }
    record["attributes"] = attributes.into();
    Ok(record)
}

/// The ids that OTLP has, where they are of its form; others stay attributes.
fn trace(e: &EventFields, rest: &mut Rest, record: &mut Value) {
    let Some(trace) = &e.trace else { return };
    let is = |id: &Option<String>, digits: usize| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        id.as_deref().is_some_and(|id| {
            id.len() == digits && id.bytes().all(hex) && id.bytes().any(|b| b != b'0')
        })
    };
    if !is(&trace.trace_id, 32) {
        return;
    }
    record["traceId"] = rest.take("trace.trace_id").unwrap_or_default();
    if is(&trace.span_id, 16) {
        record["spanId"] = rest.take("trace.span_id").unwrap_or_default();
    }
}

/// Nanoseconds since 1970, as OTLP's JSON has 64-bit numbers: as text. They end in the year 2554.
fn nanos(time: UnixMillis) -> Option<String> {
    let ms = u64::try_from(time.as_millis()).ok()?;
    ms.checked_mul(1_000_000).map(|nanos| nanos.to_string())
}

fn severity(severity: Severity) -> Option<(u8, &'static str)> {
    Some(match severity {
        Severity::Unknown => return None,
        Severity::Informational => (9, "informational"),
        Severity::Low => (10, "low"),
        Severity::Medium => (13, "medium"),
        Severity::High => (17, "high"),
        Severity::Critical => (18, "critical"),
        Severity::Fatal => (21, "fatal"),
    })
}

/// OTLP's `AnyValue`.
fn any_value(value: Value) -> Value {
    match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Array(items) => {
            let values: Vec<_> = items.into_iter().map(any_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Value::Object(map) => {
            let values: Vec<_> = map
                .into_iter()
                .map(|(key, value)| json!({ "key": key, "value": any_value(value) }))
                .collect();
            json!({ "kvlistValue": { "values": values } })
        }
        Value::Null => json!({}),
    }
}
