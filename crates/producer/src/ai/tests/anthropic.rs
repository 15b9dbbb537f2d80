//! Anthropic.

use super::*;

const HOST: &str = "api.anthropic.com";
pub(super) const HELLO: &str = r#"{"model":"claude-x","max_tokens":1024,"stream":true,"system":"Be brief.",
    "messages":[{"role":"user","content":[{"type":"text","text":"Hello!"}]}]}"#;

pub(super) const STREAM: &str = concat!(
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"msg_1","type":"message","model":"claude-x-1","content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_read_input_tokens":100,"cache_creation_input_tokens":5,"output_tokens":1}}}"#,
    "\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Grü\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"ße\"}}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

fn expected() -> Value {
    json!({
        "type": "ai.generation.completed", "outcome": "success",
        "source": {"request_id": "req_1"},
        "content": {"input": {"bytes": 6}, "output": {"bytes": 7}, "system": {"bytes": 9}},
        "ai": {
            "provider": "anthropic", "operation": "chat", "model_requested": "claude-x",
            "model_answered": "claude-x-1", "response_id": "msg_1", "finish": ["end_turn"],
            "usage": {"input": 130, "output": 15, "cached": 100},
            "params": {"max_tokens": 1024, "stream": true},
        },
    })
}

#[test]
fn a_stream_and_a_whole_answer_give_the_same_entry() {
    let call = post(HOST, "/v1/messages", HELLO).header("request-id", "req_1");
    assert_eq!(call.clone().sse().event(STREAM), expected());
    let whole = r#"{"id":"msg_1","type":"message","model":"claude-x-1","content":[{"type":"text","text":"Grüße"},{"type":"tool_use","name":"f","input":{"a":[1]}}],
        "stop_reason":"end_turn","usage":{"input_tokens":25,"cache_read_input_tokens":100,"cache_creation_input_tokens":5,"output_tokens":15}}"#;
    assert_eq!(call.event(whole), expected());
}

#[test]
fn the_first_token_is_not_the_first_byte() {
    let call = post(HOST, "/v1/messages", HELLO).sse();
    let mut call = {
        let mut begun = call.begin();
        begun.response(200, &call.headers);
        begun
    };
    let first = STREAM.find("event: content_block_delta").unwrap();
    call.data(&STREAM.as_bytes()[..first]);
    assert!(!call.answering(), "head and ping say nothing yet");
    call.data(&STREAM.as_bytes()[first..]);
    assert!(call.answering());
}

#[test]
fn a_refusal() {
    let stream = STREAM.replace("end_turn", "refusal");
    let found = post(HOST, "/v1/messages", HELLO).sse().event(stream);
    assert_eq!(found["type"], "ai.generation.blocked");
    let safety = json!({"passed": false, "stage": "output", "block_reason": "refusal"});
    assert_eq!(found["safety"], safety);
}

#[test]
fn errors() {
    let call = post(HOST, "/v1/messages", HELLO);
    let body = |kind: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"{kind}","message":"quotes a prompt"}},"request_id":"req_2"}}"#
        )
    };
    let found = call.clone().status(529).event(body("overloaded_error"));
    assert_eq!(found["reason"], json!({"code": "overloaded_error", "text": "HTTP 529"}));
    let found = call
        .clone()
        .status(429)
        .header("anthropic-ratelimit-tokens-limit", "100")
        .header("anthropic-ratelimit-tokens-remaining", "3")
        .event(body("rate_limit_error"));
    assert_eq!(found["type"], "usage.rate_limited");
    assert_eq!(found["reason"]["text"], "HTTP 429; tokens left 3 of 100");
    let late =
        [&STREAM[..700], "\n\nevent: error\ndata: ", &body("overloaded_error"), "\n\n"].concat();
    let found = call.sse().event(late);
    assert_eq!(
        (&found["outcome"], &found["reason"]["code"]),
        (&json!("failure"), &json!("overloaded_error"))
    );
}

#[test]
fn counting_tokens() {
    let found = post(HOST, "/v1/messages/count_tokens", HELLO).event(r#"{"input_tokens":14}"#);
    assert_eq!(found["ai"]["operation"], "count_tokens");
    assert_eq!(found["ai"]["usage"], json!({"input": 14}));
    assert_eq!(found["outcome"], "success");
}
