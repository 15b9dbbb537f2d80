//! OpenAI's API, Azure's and that of compatible servers.
//!
//! Sources: the OpenAI API reference; Azure OpenAI's content filtering annotations.

use dayseal_format::event::SafetyStage;
use serde_json::Value;

use super::facts::{Facts, Job};
use super::json::{at, list, number, text};
use super::route::Endpoint;

const PARAMS: &[&str] = &[
    "dimensions",
    "duration",
    "frequency_penalty",
    "language",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "n",
    "presence_penalty",
    "quality",
    "reasoning_effort",
    "response_format",
    "seed",
    "service_tier",
    "size",
    "stream",
    "temperature",
    "top_p",
    "voice",
];

pub(super) fn request(facts: &mut Facts, body: &Value) {
    facts.request(body, PARAMS);
    facts.param("reasoning_effort", at(body, &["reasoning", "effort"]));
    facts.param("response_format", at(body, &["response_format", "type"]));
    facts.param("response_format", at(body, &["text", "format", "type"]));
}

/// A whole answer.
pub(super) fn answer(facts: &mut Facts, endpoint: Endpoint, body: &Value) {
    if matches!(endpoint, Endpoint::Responses | Endpoint::Query) {
        response(facts, body);
        for item in list(body, &["output"]) {
            response_item(facts, item);
        }
        return;
    }
    facts.answer(body);
    usage(facts, body);
    match endpoint {
        Endpoint::Chat | Endpoint::Completions => chat(facts, body, "message"),
        Endpoint::Embeddings | Endpoint::Images => facts.outputs(list(body, &["data"]).len()),
        Endpoint::Moderations => moderation(facts, body),
        Endpoint::Transcriptions => facts.say(body.get("text")),
        _ => {}
    }
}

/// One event of a stream.
pub(super) fn event(facts: &mut Facts, endpoint: Endpoint, body: &Value) {
    if body.get("error").is_some_and(|error| !error.is_null()) {
        error(facts, body);
    }
    match endpoint {
        Endpoint::Chat | Endpoint::Completions => {
            facts.answer(body);
            usage(facts, body);
            chat(facts, body, "delta");
        }
        Endpoint::Responses => response_event(facts, body),
        // Images, speech and transcripts: typed events, the last of which has the usage.
        _ => {
            usage(facts, body);
            let kind = text(body, &["type"]).unwrap_or_default();
            if kind.ends_with(".delta") && endpoint == Endpoint::Transcriptions {
                facts.say(body.get("delta"));
            }
            facts.ended |= kind.ends_with(".done") || kind.ends_with(".completed");
        }
    }
}

/// An answer that is an error; also `{"error": …}` inside a stream.
pub(super) fn error(facts: &mut Facts, body: &Value) {
    let error = at(body, &["error"]).unwrap_or(body);
    let code = text(error, &["code"]).or_else(|| text(error, &["type"])).unwrap_or_default();
    let blocked = ["content_filter", "content_policy_violation", "moderation_blocked"];
    if blocked.contains(&code) {
        facts.block(Some(SafetyStage::Input), code);
    }
    for at in [&["innererror", "content_filter_result"], &["innererror", "content_filter_results"]]
    {
        filter(facts, at_value(error, at), SafetyStage::Input);
    }
    facts.limited |= matches!(code, "rate_limit_exceeded" | "insufficient_quota");
    facts.fail(code);
}

fn at_value<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    at(value, path).unwrap_or(&Value::Null)
}

fn chat(facts: &mut Facts, body: &Value, part: &str) {
    for prompt in list(body, &["prompt_filter_results"]) {
        filter(facts, at_value(prompt, &["content_filter_results"]), SafetyStage::Input);
    }
    let choices = list(body, &["choices"]);
    if part == "message" {
        facts.outputs(choices.len());
    }
    for choice in choices {
        let said = at_value(choice, &[part]);
        facts.say(choice.get("text"));
        facts.say(said.get("content"));
        if let Some(refusal) = text(said, &["refusal"]).filter(|refusal| !refusal.is_empty()) {
            facts.output.push(refusal.as_bytes());
            facts.block(Some(SafetyStage::Output), "refusal");
        }
        facts.began |=
            ["tool_calls", "reasoning_content"].iter().any(|key| said.get(key).is_some());
        filter(facts, at_value(choice, &["content_filter_results"]), SafetyStage::Output);
        if let Some(reason) = text(choice, &["finish_reason"]) {
            facts.finished(number(choice, &["index"]).unwrap_or(0), reason);
            if reason == "content_filter" {
                facts.block(Some(SafetyStage::Output), reason);
            }
        }
    }
}

/// Azure's annotations: `{"hate": {"filtered": true, "severity": "high"}, …}`.
fn filter(facts: &mut Facts, results: &Value, stage: SafetyStage) {
    for (name, result) in results.as_object().into_iter().flatten() {
        let is = |key| result.get(key).and_then(Value::as_bool) == Some(true);
        if is("filtered") {
            facts.detector(name);
            facts.block(Some(stage), "content_filter");
        } else if is("detected") {
            facts.detector(name);
        }
    }
}

fn moderation(facts: &mut Facts, body: &Value) {
    let results = list(body, &["results"]);
    let flagged = |result: &Value| result.get("flagged").and_then(Value::as_bool) == Some(true);
    if !results.is_empty() {
        facts.moderated = Some(!results.iter().any(flagged));
        facts.outputs(results.len());
    }
    for result in results {
        let categories = result.get("categories").and_then(Value::as_object);
        for (name, on) in categories.into_iter().flatten() {
            if on == &Value::Bool(true) {
                facts.detector(name);
            }
        }
    }
}

fn response_event(facts: &mut Facts, body: &Value) {
    match text(body, &["type"]).unwrap_or_default() {
        "response.output_text.delta" => facts.say(body.get("delta")),
        "response.refusal.delta" => {
            facts.say(body.get("delta"));
            facts.block(Some(SafetyStage::Output), "refusal");
        }
        "error" => error(facts, body),
        kind => {
            facts.began |= kind.ends_with(".delta");
            if let Some(answer) = body.get("response") {
                response(facts, answer);
            }
        }
    }
}

/// The object `response`, whole or in an event; its output apart.
fn response(facts: &mut Facts, body: &Value) {
    facts.answer(body);
    usage(facts, body);
    let incomplete = text(body, &["incomplete_details", "reason"]);
    let background = body.get("background") == Some(&Value::Bool(true));
    if background {
        facts.job_id = facts.call.response_id.clone().or(facts.job_id.take());
        facts.job = Some(Job::Done);
    }
    match text(body, &["status"]).unwrap_or_default() {
        "failed" => {
            facts.ended = true;
            error(facts, body);
        }
        "cancelled" => {
            facts.ended = true;
            facts.fail("cancelled");
        }
        status @ ("completed" | "incomplete") => {
            facts.finished(0, incomplete.unwrap_or(status));
            if incomplete == Some("content_filter") {
                facts.block(Some(SafetyStage::Output), "content_filter");
            }
        }
        "queued" | "in_progress" if background => facts.job = Some(Job::Pending),
        _ => {}
    }
}

fn response_item(facts: &mut Facts, item: &Value) {
    for part in list(item, &["content"]) {
        match text(part, &["type"]) {
            Some("output_text") => facts.say(part.get("text")),
            Some("refusal") => {
                facts.say(part.get("refusal"));
                facts.block(Some(SafetyStage::Output), "refusal");
            }
            _ => {}
        }
    }
}

/// `prompt_tokens` (chat, embeddings) or `input_tokens` (responses, images, audio).
fn usage(facts: &mut Facts, body: &Value) {
    let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) else { return };
    let either = |a: &[&str], b: &[&str]| number(usage, a).or_else(|| number(usage, b));
    let all = facts.usage();
    all.input = either(&["prompt_tokens"], &["input_tokens"]).or(all.input);
    all.output = either(&["completion_tokens"], &["output_tokens"]).or(all.output);
    all.cached = either(
        &["prompt_tokens_details", "cached_tokens"],
        &["input_tokens_details", "cached_tokens"],
    )
    .or(all.cached);
    all.reasoning = either(
        &["completion_tokens_details", "reasoning_tokens"],
        &["output_tokens_details", "reasoning_tokens"],
    )
    .or(all.reasoning);
}
