//! Amazon Bedrock.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;

use super::*;

const HOST: &str = "bedrock-runtime.eu-west-1.amazonaws.com";
const CONVERSE: &str = r#"{"messages":[{"role":"user","content":[{"text":"Hello!"}]}],"system":[{"text":"Be brief."}],
    "inferenceConfig":{"maxTokens":512,"temperature":0.5},"guardrailConfig":{"guardrailIdentifier":"g-1","guardrailVersion":"2"}}"#;

fn converse(stream: bool) -> Exchange {
    let action = if stream { "converse-stream" } else { "converse" };
    let call = post(HOST, &format!("/model/amazon.nova-lite-v1%3A0/{action}"), CONVERSE)
        .header("x-amzn-requestid", "r-1");
    if stream { call.header("content-type", "application/vnd.amazon.eventstream") } else { call }
}

fn invoke(request: &str) -> Exchange {
    post(HOST, "/model/anthropic.claude-x/invoke", request)
}

/// A frame as the service writes it.
pub(super) fn frame(kind: &str, name: &str, payload: &str) -> Vec<u8> {
    let text = |name: &'static str, value: &str| {
        Header::new(name, HeaderValue::String(value.to_owned().into()))
    };
    let type_header = if kind == "exception" { ":exception-type" } else { ":event-type" };
    let message = Message::new(payload.as_bytes().to_vec())
        .add_header(text(type_header, name))
        .add_header(text(":content-type", "application/json"))
        .add_header(text(":message-type", kind));
    let mut out = Vec::new();
    write_message_to(&message, &mut out).unwrap();
    out
}

pub(super) fn stream(stop: &str) -> Vec<u8> {
    [
        frame("event", "messageStart", r#"{"role":"assistant","p":"abcd"}"#),
        frame("event", "contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Grü"}}"#),
        frame("event", "contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"ße"}}"#),
        frame("event", "contentBlockStop", r#"{"contentBlockIndex":0}"#),
        frame("event", "messageStop", &format!(r#"{{"stopReason":"{stop}"}}"#)),
        frame(
            "event",
            "metadata",
            r#"{"usage":{"inputTokens":9,"cacheReadInputTokens":3,"outputTokens":4,"totalTokens":16},"metrics":{"latencyMs":512}}"#,
        ),
    ]
    .concat()
}

fn expected() -> Value {
    json!({
        "type": "ai.generation.completed", "outcome": "success",
        "source": {"request_id": "r-1"},
        "content": {"input": {"bytes": 6}, "output": {"bytes": 7}, "system": {"bytes": 9}},
        "ai": {
            "provider": "aws.bedrock", "operation": "chat", "region": "eu-west-1",
            "model_requested": "amazon.nova-lite-v1:0", "finish": ["end_turn"],
            "usage": {"input": 12, "output": 4, "cached": 3},
            "params": {"max_tokens": 512, "temperature": "0.5", "guardrail": "g-1", "guardrail_version": "2"},
        },
    })
}

#[test]
fn converse_as_a_stream_and_as_a_whole_gives_the_same_entry() {
    assert_eq!(converse(true).event(stream("end_turn")), expected());
    let whole = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Grüße"}]}},"stopReason":"end_turn",
        "usage":{"inputTokens":9,"cacheReadInputTokens":3,"outputTokens":4},"metrics":{"latencyMs":5}}"#;
    assert_eq!(converse(false).event(whole), expected());
}

#[test]
fn a_guardrail_intervened() {
    let whole = r#"{"output":{"message":{"content":[{"text":"Sorry."}]}},"stopReason":"guardrail_intervened","usage":{"inputTokens":0,"outputTokens":0},
        "trace":{"guardrail":{"inputAssessment":{"g-1":{"topicPolicy":{"topics":[{"name":"advice","type":"DENY","action":"BLOCKED"}]},
        "wordPolicy":{"customWords":[{"match":"a bad word","action":"BLOCKED"}]},
        "contentPolicy":{"filters":[{"type":"HATE","confidence":"LOW","action":"NONE"}]},
        "sensitiveInformationPolicy":{"piiEntities":[{"type":"EMAIL","match":"anna@example.com","action":"ANONYMIZED"}]}}}}}}"#;
    let found = converse(false).event(whole);
    assert_eq!(found["type"], "ai.generation.blocked");
    let safety = json!({"passed": false, "stage": "input", "block_reason": "guardrail_intervened",
        "detectors": ["EMAIL", "advice", "word"]});
    let mut found_safety = found["safety"].clone();
    found_safety["detectors"]
        .as_array_mut()
        .unwrap()
        .sort_by_key(|v| v.as_str().map(str::to_owned));
    assert_eq!(found_safety, safety);
    assert!(!found.to_string().contains("bad word") && !found.to_string().contains("anna"));

    let found = converse(true).event(stream("guardrail_intervened"));
    let safety = json!({"passed": false, "block_reason": "guardrail_intervened"});
    assert_eq!(found["safety"], safety, "which side it was, nothing says");
    let found = converse(true).event(stream("content_filtered"));
    assert_eq!(found["safety"]["stage"], "output");
}

#[test]
fn the_first_side_that_a_guardrail_stopped_counts() {
    let acted = r#"{"contentPolicy":{"filters":[{"type":"HATE","action":"BLOCKED"}]}}"#;
    let trace = |input: &str, output: &str| {
        let whole = format!(
            r#"{{"stopReason":"guardrail_intervened","trace":{{"guardrail":{{"inputAssessment":{{"g":{input}}},"outputAssessments":{{"g":[{output}]}}}}}}}}"#
        );
        converse(false).event(whole)["safety"]["stage"].clone()
    };
    assert_eq!(trace(acted, acted), "input");
    assert_eq!(trace("{}", acted), "output");
}

#[test]
fn a_stream_that_ends_inside_its_last_frame() {
    let bytes = stream("end_turn");
    let found = converse(true).event(&bytes[..bytes.len() - 5]);
    assert_eq!(found["outcome"], "success", "the model had said that it was done");
    let reason = json!({"code": "unread", "text": "response: ends inside a frame"});
    assert_eq!((&found["reason"], &found["ai"]["usage"]), (&reason, &Value::Null));
    let call = converse(true);
    let found = event(call.observe([&bytes[..bytes.len() - 5]], End::Failed("connection_lost")));
    assert_eq!(found["outcome"], "success");
}

#[test]
fn an_exception_inside_a_stream() {
    let broken = [
        frame("event", "messageStart", r#"{"role":"assistant"}"#),
        frame("exception", "throttlingException", r#"{"message":"quotes a prompt"}"#),
    ]
    .concat();
    let found = converse(true).event(broken);
    assert_eq!(found["type"], "usage.rate_limited");
    assert_eq!(found["reason"], json!({"code": "throttlingException"}));
    let broken = frame("exception", "modelStreamErrorException", "{}");
    let found = converse(true).event(broken);
    assert_eq!(
        (&found["outcome"], &found["reason"]["code"]),
        (&json!("failure"), &json!("modelStreamErrorException"))
    );
}

#[test]
fn a_cut_frame() {
    let bytes = stream("end_turn");
    let cut = &bytes[..bytes.len() / 2];
    let found = event(converse(true).observe([cut], End::Complete));
    assert_eq!(
        (&found["outcome"], &found["reason"]["code"]),
        (&json!("failure"), &json!("truncated"))
    );
}

#[test]
fn a_changed_frame_is_not_read() {
    let mut bytes = stream("end_turn");
    let at = bytes.windows(3).position(|w| w == b"Gr\xc3").unwrap();
    bytes[at] ^= 1;
    let found = converse(true).event(bytes);
    assert_eq!(found["type"], "ai.generation.failed");
    assert_eq!(found["reason"]["text"], "response: events not read: 1");
}

#[test]
fn errors_by_header_and_body() {
    let call = |header: &'static str, body: &str, status| {
        let call = converse(false).status(status);
        let call = if header.is_empty() { call } else { call.header("x-amzn-errortype", header) };
        call.event(body)
    };
    let found =
        call("ThrottlingException:http://internal.amazon.com/x", r#"{"message":"Too many"}"#, 429);
    assert_eq!(found["type"], "usage.rate_limited");
    assert_eq!(found["reason"], json!({"code": "ThrottlingException", "text": "HTTP 429"}));
    let found = call(
        "",
        r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"arn:…"}"#,
        403,
    );
    assert_eq!(found["reason"], json!({"code": "AccessDeniedException", "text": "HTTP 403"}));
    let found = call("ServiceQuotaExceededException", "{}", 400);
    assert_eq!(found["type"], "usage.rate_limited");
}

#[test]
fn invoke_counts_by_header() {
    let request = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":64,"messages":[{"role":"user","content":"Hello!"}]}"#;
    let found = invoke(request)
        .header("x-amzn-bedrock-input-token-count", "30")
        .header("x-amzn-bedrock-output-token-count", "8")
        .header("x-amzn-bedrock-guardrailidentifier", "g-1")
        .event(r#"{"id":"msg_1","type":"message","model":"claude-x","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":4}}"#);
    assert_eq!(found["ai"]["usage"], json!({"input": 30, "output": 8}));
    assert_eq!(found["ai"]["operation"], "chat");
    assert_eq!(found["ai"]["finish"], json!(["end_turn"]));
    assert_eq!(found["ai"]["params"], json!({"max_tokens": 64, "guardrail": "g-1"}));
    assert_eq!(found["content"], json!({"input": {"bytes": 6}, "output": {"bytes": 3}}));
}

#[test]
fn bodies_of_other_models() {
    for (request, answer, usage, output, finish) in [
        (
            r#"{"inputText":"Hello!","textGenerationConfig":{"maxTokenCount":5}}"#,
            r#"{"inputTextTokenCount":3,"results":[{"tokenCount":2,"outputText":"Hi.","completionReason":"FINISH"}]}"#,
            json!({"input": 3, "output": 2}),
            3,
            "FINISH",
        ),
        (
            r#"{"prompt":"Hello!","max_gen_len":5}"#,
            r#"{"generation":"Hi.","prompt_token_count":3,"generation_token_count":2,"stop_reason":"stop"}"#,
            json!({"input": 3, "output": 2}),
            3,
            "stop",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"text":"Hello!"}]}]}"#,
            r#"{"output":{"message":{"content":[{"text":"Hi."}]}},"stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2}}"#,
            json!({"input": 3, "output": 2}),
            3,
            "end_turn",
        ),
        (
            r#"{"prompt":"Hello!"}"#,
            r#"{"outputs":[{"text":"Hi.","stop_reason":"length"}]}"#,
            Value::Null,
            3,
            "length",
        ),
    ] {
        let found = invoke(request).event(answer);
        assert_eq!(found["ai"]["usage"], usage, "{answer}");
        assert_eq!(
            found["content"],
            json!({"input": {"bytes": 6}, "output": {"bytes": output}}),
            "{answer}"
        );
        assert_eq!(found["ai"]["finish"], json!([finish]), "{answer}");
    }
    let found =
        invoke(r#"{"inputText":"a"}"#).event(r#"{"embedding":[0.1,0.2],"inputTextTokenCount":1}"#);
    assert_eq!(
        (&found["ai"]["operation"], &found["ai"]["usage"]),
        (&json!("embeddings"), &json!({"input": 1}))
    );
    let blocked = r#"{"outputText":"x","amazon-bedrock-guardrailAction":"INTERVENED"}"#;
    assert_eq!(invoke("{}").event(blocked)["outcome"], "blocked");
}

#[test]
fn invoke_as_a_stream() {
    let chunk = |event: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.encode(event);
        frame("event", "chunk", &format!(r#"{{"bytes":"{bytes}","p":"abc"}}"#))
    };
    let bytes = [
        chunk(r#"{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":9,"output_tokens":1}}}"#),
        chunk(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi."}}"#),
        chunk(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}"#),
        chunk(r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":10,"outputTokenCount":5,"invocationLatency":9,"firstByteLatency":3}}"#),
    ]
    .concat();
    let call =
        post(HOST, "/model/anthropic.claude-x/invoke-with-response-stream", r#"{"messages":[]}"#)
            .header("content-type", "application/vnd.amazon.eventstream");
    let found = call.event(&bytes);
    assert_eq!(found["ai"]["usage"], json!({"input": 10, "output": 5}));
    assert_eq!(found["ai"]["finish"], json!(["end_turn"]));
    assert_eq!(found["content"]["output"]["bytes"], 3);
    assert_eq!(found["outcome"], "success");
    let bad = [frame("event", "chunk", r#"{"bytes":"%%%"}"#), bytes].concat();
    assert_eq!(call.event(bad)["reason"]["text"], "response: events not read: 1");
}
