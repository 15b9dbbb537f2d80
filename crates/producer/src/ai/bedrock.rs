//! Amazon Bedrock's runtime: Converse, and InvokeModel with the bodies of its models.
//!
//! Source: the API reference of Amazon Bedrock Runtime.

use aws_smithy_types::event_stream::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayseal_format::event::SafetyStage;
use http::HeaderMap;
use serde_json::Value;

use super::facts::Facts;
use super::json::{at, list, number, text};
use super::route::Endpoint;
use super::{anthropic, json};

/// Parameters by their own names, and those of Converse below `inferenceConfig`.
const PARAMS: &[&str] = &["max_gen_len", "max_tokens", "temperature", "top_k", "top_p"];
const CONVERSE: &[(&str, &str)] =
    &[("max_tokens", "maxTokens"), ("temperature", "temperature"), ("top_p", "topP")];
const TITAN: &[(&str, &str)] =
    &[("max_tokens", "maxTokenCount"), ("temperature", "temperature"), ("top_p", "topP")];

pub(super) fn request(facts: &mut Facts, endpoint: Endpoint, body: &Value) {
    facts.request(body, PARAMS);
    for (parent, names) in [("inferenceConfig", CONVERSE), ("textGenerationConfig", TITAN)] {
        for (ours, theirs) in names {
            facts.param(ours, at(body, &[parent, theirs]));
        }
    }
    let guardrail = body.get("guardrailConfig").unwrap_or(&Value::Null);
    facts.param("guardrail", guardrail.get("guardrailIdentifier"));
    facts.param("guardrail_version", guardrail.get("guardrailVersion"));
    if endpoint == Endpoint::Invoke && body.get("messages").is_some() {
        facts.call.operation = Some("chat".to_owned());
    }
}

/// InvokeModel names its guardrail in headers.
pub(super) fn request_headers(facts: &mut Facts, headers: &HeaderMap) {
    for (name, header) in [
        ("guardrail", "x-amzn-bedrock-guardrailidentifier"),
        ("guardrail_version", "x-amzn-bedrock-guardrailversion"),
    ] {
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        facts.param(name, value.map(Value::from).as_ref());
    }
}

/// InvokeModel counts tokens in headers, whatever the model's body says.
pub(super) fn response_headers(facts: &mut Facts, headers: &HeaderMap) {
    let count = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(input) = count("x-amzn-bedrock-input-token-count") {
        facts.usage().input = Some(input);
    }
    if let Some(output) = count("x-amzn-bedrock-output-token-count") {
        facts.usage().output = Some(output);
    }
    if let Some(kind) = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()) {
        exception(facts, kind);
    }
}

/// A whole answer.
pub(super) fn answer(facts: &mut Facts, endpoint: Endpoint, body: &Value) {
    if endpoint == Endpoint::Converse {
        for block in list(body, &["output", "message", "content"]) {
            facts.say(block.get("text"));
        }
        stop(facts, text(body, &["stopReason"]));
        converse_usage(facts, body);
        return guardrail(facts, at(body, &["trace", "guardrail"]));
    }
    intervened(facts, body);
    guardrail(facts, at(body, &["amazon-bedrock-trace", "guardrail"]));
    model(facts, body, false);
}

/// One frame of a stream.
pub(super) fn event(facts: &mut Facts, endpoint: Endpoint, frame: &Message) -> bool {
    let header = |name: &str| {
        let found = frame.headers().iter().find(|header| header.name().as_str() == name)?;
        Some(found.value().as_string().ok()?.as_str().to_owned())
    };
    let exception_type = header(":exception-type").or_else(|| header(":error-code"));
    if let Some(kind) = exception_type {
        exception(facts, &kind);
        return true;
    }
    let Some(body) = json::parse(frame.payload()) else { return false };
    match (endpoint, header(":event-type").as_deref()) {
        (Endpoint::Converse, Some(kind)) => converse_event(facts, kind, &body),
        (_, Some("chunk")) => return chunk(facts, &body),
        _ => {}
    }
    true
}

/// An answer that is an error: its type is in a header, or in `__type`.
pub(super) fn error(facts: &mut Facts, body: &Value) {
    if let Some(kind) = text(body, &["__type"]) {
        exception(facts, kind);
    }
}

/// `ThrottlingException:http://…`, `com.amazon.coral.service#AccessDeniedException`.
fn exception(facts: &mut Facts, kind: &str) {
    let kind = kind.split(':').next().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let lower = kind.to_ascii_lowercase();
    facts.limited |= lower.starts_with("throttling") || lower.starts_with("servicequota");
    facts.fail(kind);
}

fn converse_event(facts: &mut Facts, kind: &str, body: &Value) {
    match kind {
        "contentBlockDelta" => {
            facts.began = true;
            facts.say(at(body, &["delta", "text"]));
        }
        "messageStop" => stop(facts, text(body, &["stopReason"])),
        "metadata" => {
            converse_usage(facts, body);
            guardrail(facts, at(body, &["trace", "guardrail"]));
        }
        _ => {}
    }
}

fn stop(facts: &mut Facts, reason: Option<&str>) {
    let Some(reason) = reason else { return };
    facts.finished(0, reason);
    match reason {
        // Which side it stopped, only the trace says.
        "guardrail_intervened" => facts.block(None, reason),
        "content_filtered" => facts.block(Some(SafetyStage::Output), reason),
        "refusal" => facts.block(Some(SafetyStage::Output), reason),
        _ => {}
    }
}

/// As with Anthropic, `inputTokens` leaves out what the cache read or wrote.
fn converse_usage(facts: &mut Facts, body: &Value) {
    let Some(usage) = body.get("usage") else { return };
    let all = facts.usage();
    let (read, written) = ("cacheReadInputTokens", "cacheWriteInputTokens");
    if let Some(input) = number(usage, &["inputTokens"]) {
        let cache = [read, written].map(|key| number(usage, &[key]).unwrap_or(0));
        all.input = Some(input.saturating_add(cache[0]).saturating_add(cache[1]));
    }
    all.cached = number(usage, &[read]).or(all.cached);
    all.output = number(usage, &["outputTokens"]).or(all.output);
}

/// A guardrail's trace: which side it looked at, and which of its policies acted.
fn guardrail(facts: &mut Facts, trace: Option<&Value>) {
    let Some(trace) = trace else { return };
    let sides = [
        (SafetyStage::Input, ["inputAssessment", "input"]),
        (SafetyStage::Output, ["outputAssessments", "outputs"]),
    ];
    for (stage, names) in sides {
        for side in names.into_iter().filter_map(|name| trace.get(name)) {
            if acted(facts, side, 0) && facts.blocked.is_some() {
                facts.block(Some(stage), "guardrail_intervened");
            }
        }
    }
}

/// Looks through an assessment for what was `BLOCKED` or `ANONYMIZED`, and notes its name.
fn acted(facts: &mut Facts, part: &Value, depth: u8) -> bool {
    const DEPTH: u8 = 8; // an assessment has six levels
    if depth > DEPTH {
        return false;
    }
    match part {
        Value::Array(items) => {
            items.iter().fold(false, |any, item| acted(facts, item, depth + 1) | any)
        }
        Value::Object(map) => {
            let action = map.get("action").and_then(Value::as_str);
            if let Some("BLOCKED" | "ANONYMIZED") = action {
                // Topics and regular expressions have names that the owner gave; a word's match is text.
                let name = ["name", "type"].into_iter().find_map(|key| text(part, &[key]));
                facts.detector(name.unwrap_or("word"));
                return true;
            }
            map.values().fold(false, |any, item| acted(facts, item, depth + 1) | any)
        }
        _ => false,
    }
}

/// `amazon-bedrock-guardrailAction`, in any model's body.
fn intervened(facts: &mut Facts, body: &Value) {
    if text(body, &["amazon-bedrock-guardrailAction"]) == Some("INTERVENED") {
        facts.block(None, "guardrail_intervened");
    }
}

/// `{"bytes": <base64 of a model's event>}`.
fn chunk(facts: &mut Facts, body: &Value) -> bool {
    let bytes = text(body, &["bytes"]).and_then(|text| STANDARD.decode(text).ok());
    let Some(body) = bytes.and_then(|bytes| json::parse(&bytes)) else { return false };
    intervened(facts, &body);
    model(facts, &body, true);
    let metrics = body.get("amazon-bedrock-invocationMetrics").unwrap_or(&Value::Null);
    if let Some(input) = number(metrics, &["inputTokenCount"]) {
        facts.usage().input = Some(input);
        facts.usage().output = number(metrics, &["outputTokenCount"]);
        facts.ended = true;
    }
    true
}

/// The bodies of the models. Anthropic's are its own API's, Nova's those of Converse; of the others
/// the fields that their pages name. What is not known leaves the counts of the headers.
fn model(facts: &mut Facts, body: &Value, event: bool) {
    // Headers count the whole prompt, bodies may not: they come first.
    let counted = facts.call.usage;
    if body.get("stopReason").is_some() || at(body, &["output", "message"]).is_some() {
        answer(facts, Endpoint::Converse, body);
    } else if event && text(body, &["type"]).is_some() {
        anthropic::event(facts, body);
    } else if body.get("content").is_some() {
        anthropic::answer(facts, Endpoint::Messages, body);
    } else {
        others(facts, body);
    }
    if event {
        for kind in ["contentBlockDelta", "messageStop", "metadata"] {
            if let Some(body) = body.get(kind) {
                converse_event(facts, kind, body);
            }
        }
    }
    if let Some(counted) = counted.filter(|_| !event) {
        let all = facts.usage();
        all.input = counted.input.or(all.input);
        all.output = counted.output.or(all.output);
    }
}

/// Titan, Llama, Mistral, Cohere, embeddings.
fn others(facts: &mut Facts, body: &Value) {
    if body.get("embedding").is_some() || body.get("embeddings").is_some() {
        facts.call.operation = Some("embeddings".to_owned());
    }
    let results =
        [list(body, &["results"]), list(body, &["outputs"]), list(body, &["generations"])];
    for part in std::iter::once(body).chain(results.into_iter().flatten()) {
        for key in ["generation", "outputText", "text"] {
            facts.say(part.get(key));
        }
        for key in ["stop_reason", "completionReason", "finish_reason"] {
            if let Some(reason) = text(part, &[key]) {
                facts.finished(0, reason);
                if matches!(reason, "CONTENT_FILTERED" | "ERROR_TOXIC") {
                    facts.block(Some(SafetyStage::Output), reason);
                }
            }
        }
    }
    let first = |names: &[&str]| {
        let results = list(body, &["results"]).first();
        let tokens = |value: &Value| names.iter().find_map(|name| number(value, &[name]));
        tokens(body).or_else(|| results.and_then(tokens))
    };
    let input = first(&["prompt_token_count", "inputTextTokenCount"]);
    let output = first(&["generation_token_count", "tokenCount"]);
    if input.is_some() || output.is_some() {
        let all = facts.usage();
        all.input = input.or(all.input);
        all.output = output.or(all.output);
    }
}
