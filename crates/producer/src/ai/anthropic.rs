//! Anthropic's Messages API; also the bodies of its models in Bedrock.
//!
//! Source: the Anthropic API reference (messages, streaming, errors).

use dayseal_format::event::SafetyStage;
use serde_json::Value;

use super::facts::Facts;
use super::json::{at, list, number, text};
use super::route::Endpoint;

const PARAMS: &[&str] = &["max_tokens", "service_tier", "stream", "temperature", "top_k", "top_p"];

pub(super) fn request(facts: &mut Facts, body: &Value) {
    facts.request(body, PARAMS);
    facts.param("thinking", at(body, &["thinking", "type"]));
    facts.param("thinking_budget", at(body, &["thinking", "budget_tokens"]));
}

/// A whole answer.
pub(super) fn answer(facts: &mut Facts, endpoint: Endpoint, body: &Value) {
    if endpoint == Endpoint::CountTokens {
        facts.usage().input = number(body, &["input_tokens"]);
        return;
    }
    if text(body, &["type"]) == Some("error") {
        return error(facts, body);
    }
    facts.answer(body);
    usage(facts, body);
    for block in list(body, &["content"]) {
        facts.say(block.get("text"));
    }
    stop(facts, body);
}

/// One event of a stream.
pub(super) fn event(facts: &mut Facts, body: &Value) {
    match text(body, &["type"]).unwrap_or_default() {
        "message_start" => {
            let message = body.get("message").unwrap_or(&Value::Null);
            facts.answer(message);
            usage(facts, message);
        }
        "content_block_delta" => {
            facts.began = true;
            facts.say(at(body, &["delta", "text"]));
        }
        "message_delta" => {
            usage(facts, body);
            stop(facts, body.get("delta").unwrap_or(&Value::Null));
        }
        "message_stop" => facts.ended = true,
        "error" => error(facts, body),
        _ => {}
    }
}

/// `{"type":"error","error":{"type":…,"message":…},"request_id":…}`.
pub(super) fn error(facts: &mut Facts, body: &Value) {
    let code = text(body, &["error", "type"]).unwrap_or_default();
    facts.limited |= code == "rate_limit_error";
    facts.fail(code);
}

fn stop(facts: &mut Facts, message: &Value) {
    if let Some(reason) = text(message, &["stop_reason"]) {
        facts.finished(0, reason);
        if reason == "refusal" {
            facts.block(Some(SafetyStage::Output), reason);
        }
    }
}

/// `input_tokens` leaves out what the cache read or wrote; `ai.usage.input` is the whole prompt.
fn usage(facts: &mut Facts, message: &Value) {
    let Some(usage) = message.get("usage").filter(|usage| usage.is_object()) else { return };
    let all = facts.usage();
    let (read, written) = ("cache_read_input_tokens", "cache_creation_input_tokens");
    if let Some(input) = number(usage, &["input_tokens"]) {
        let cache = [read, written].map(|key| number(usage, &[key]).unwrap_or(0));
        all.input = Some(input.saturating_add(cache[0]).saturating_add(cache[1]));
    }
    all.cached = number(usage, &[read]).or(all.cached);
    // Cumulative: the last one counts.
    all.output = number(usage, &["output_tokens"]).or(all.output);
}
