//! OpenAI and Azure OpenAI.

use super::*;

const HOST: &str = "api.openai.com";
const CHAT: &str = "/v1/chat/completions";
const HELLO: &str = r#"{"model":"gpt-4o","temperature":0.7,"n":1,"max_tokens":50,"user":"anna@example.com",
    "messages":[{"role":"user","content":"Hello!"}]}"#;

#[test]
fn a_chat() {
    let answer = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-2024-08-06",
        "choices":[{"index":0,"message":{"role":"assistant","content":"Hi there.","refusal":null},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
        "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":6}}}"#;
    let found = post(HOST, CHAT, HELLO).header("x-request-id", "req_9").event(answer);
    let expected = json!({
        "type": "ai.generation.completed", "outcome": "success",
        "source": {"request_id": "req_9"},
        "content": {"input": {"bytes": 6}, "output": {"bytes": 9}},
        "ai": {
            "provider": "openai", "operation": "chat", "model_requested": "gpt-4o",
            "model_answered": "gpt-4o-2024-08-06", "response_id": "chatcmpl-1", "finish": ["stop"],
            "output_count": 1, "usage": {"input": 19, "output": 10, "cached": 4, "reasoning": 6},
            "params": {"temperature": "0.7", "n": 1, "max_tokens": 50},
        },
    });
    assert_eq!(found, expected);
}

const STREAM: &str = concat!(
    r#"data: {"id":"c-1","model":"gpt-4o-x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
    "\n\n",
    r#"data: {"id":"c-1","model":"gpt-4o-x","choices":[{"index":0,"delta":{"content":"Gr"},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"c-1","model":"gpt-4o-x","choices":[{"index":0,"delta":{"content":"üße"},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"c-1","model":"gpt-4o-x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"id":"c-1","model":"gpt-4o-x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
    "\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn a_stream() {
    let found = post(HOST, CHAT, r#"{"model":"gpt-4o","stream":true}"#).sse().event(STREAM);
    let expected = json!({
        "type": "ai.generation.completed", "outcome": "success",
        "content": {"output": {"bytes": 7}},
        "ai": {
            "provider": "openai", "operation": "chat", "model_requested": "gpt-4o",
            "model_answered": "gpt-4o-x", "response_id": "c-1", "finish": ["stop"],
            "usage": {"input": 3, "output": 2}, "params": {"stream": true},
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn a_stream_that_does_not_come_to_its_end() {
    let call = post(HOST, CHAT, HELLO).sse();
    let cut = &STREAM[..STREAM.find("finish_reason\":\"stop").unwrap()];
    let code = |end| {
        let found = event(call.observe([cut], end));
        assert_eq!(found["type"], "ai.generation.failed");
        assert_eq!(found["content"]["output"]["bytes"], 7, "what came is counted");
        format!("{} {}", found["outcome"], found["reason"]["code"]).replace('"', "")
    };
    assert_eq!(code(End::Complete), "failure truncated");
    assert_eq!(code(End::Failed("connection_lost")), "failure connection_lost");
    assert_eq!(code(End::Dropped), "unknown dropped");
    assert_eq!(code(End::TimedOut), "unknown timeout");
}

#[test]
fn what_follows_the_end_of_a_stream_may_be_missing() {
    let call = post(HOST, CHAT, HELLO).sse();
    let done = &STREAM[..STREAM.find("data: [DONE]").unwrap() + 14];
    for end in [End::Dropped, End::Failed("connection_lost"), End::Complete] {
        let found = event(call.observe([done], end.clone()));
        assert_eq!(found["outcome"], "success", "{end:?}");
        assert_eq!(found["ai"]["usage"]["input"], 3);
    }
}

#[test]
fn a_refusal() {
    let answer = r#"{"id":"c","choices":[{"index":0,"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#;
    let found = post(HOST, CHAT, HELLO).event(answer);
    assert_eq!(found["type"], "ai.generation.blocked");
    assert_eq!(found["outcome"], "blocked");
    let safety = json!({"passed": false, "stage": "output", "block_reason": "refusal"});
    assert_eq!(found["safety"], safety);
    assert_eq!(found["reason"]["code"], "refusal");
    assert_eq!(found["content"]["output"]["bytes"], 3);

    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"No\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\".\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let found = post(HOST, CHAT, HELLO).sse().event(stream);
    assert_eq!(found["safety"], safety);
    assert_eq!(found["content"]["output"]["bytes"], 3);
}

#[test]
fn a_filtered_answer() {
    let answer = r#"{"choices":[{"index":1,"message":{"content":"a"},"finish_reason":"content_filter"},
        {"index":0,"message":{"content":"b"},"finish_reason":"stop"}]}"#;
    let found = post(HOST, CHAT, HELLO).event(answer);
    assert_eq!(found["outcome"], "blocked");
    assert_eq!(found["ai"]["finish"], json!(["stop", "content_filter"]), "by choice, not arrival");
    assert_eq!(found["ai"]["output_count"], 2);
    assert_eq!(found["safety"]["block_reason"], "content_filter");
}

#[test]
fn azure_blocks_a_prompt_and_says_why() {
    let host = "acme.openai.azure.com";
    let path = "/openai/deployments/chat-eu/chat/completions";
    let answer = r#"{"error":{"message":"The response was filtered: anna@example.com","code":"content_filter","status":400,
        "innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{
        "hate":{"filtered":true,"severity":"high"},"jailbreak":{"detected":true,"filtered":true},"sexual":{"filtered":false,"severity":"safe"}}}}}"#;
    let found = post(host, path, HELLO).status(400).header("apim-request-id", "a-1").event(answer);
    let expected = json!({
        "type": "ai.generation.blocked", "outcome": "blocked",
        "reason": {"code": "content_filter", "text": "HTTP 400"},
        "safety": {"passed": false, "stage": "input", "block_reason": "content_filter", "detectors": ["hate", "jailbreak"]},
        "source": {"request_id": "a-1"},
        "content": {"input": {"bytes": 6}},
        "ai": {
            "provider": "azure.ai.openai", "operation": "chat", "model_requested": "chat-eu",
            "params": {"temperature": "0.7", "n": 1, "max_tokens": 50},
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn azure_annotates_what_it_lets_through() {
    let answer = r#"{"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"jailbreak":{"filtered":false,"detected":true},"hate":{"filtered":false,"severity":"safe"}}}],
        "choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop","content_filter_results":{"violence":{"filtered":false,"severity":"low"}}}]}"#;
    let found = post("acme.openai.azure.com", "/openai/v1/chat/completions", HELLO).event(answer);
    assert_eq!(found["outcome"], "success");
    assert_eq!(found["safety"], json!({"passed": true, "detectors": ["jailbreak"]}));
}

#[test]
fn errors_by_code_and_never_by_message() {
    let error = |status, body: &str| post(HOST, CHAT, HELLO).status(status).event(body);
    let found = error(
        401,
        r#"{"error":{"message":"Incorrect API key provided: sk-live-123","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
    );
    assert_eq!(found["type"], "ai.generation.failed");
    assert_eq!(found["reason"], json!({"code": "invalid_api_key", "text": "HTTP 401"}));
    assert!(!found.to_string().contains("sk-live"));

    let found = error(500, r#"{"error":{"message":"x","type":"server_error","code":null}}"#);
    assert_eq!(found["reason"], json!({"code": "server_error", "text": "HTTP 500"}));
    let found = error(503, "<html>Bad gateway</html>");
    let reason = json!({"code": "http_503", "text": "HTTP 503; response: not JSON"});
    assert_eq!(found["reason"], reason);
    assert_eq!(found["outcome"], "failure");
    let found = error(429, r#"{"error":{"code":"insufficient_quota"}}"#);
    assert_eq!(found["type"], "usage.rate_limited");
}

#[test]
fn too_many_calls() {
    let found = post(HOST, CHAT, HELLO)
        .status(429)
        .header("retry-after", "20")
        .header("x-ratelimit-limit-requests", "500")
        .header("x-ratelimit-remaining-requests", "0")
        .event(r#"{"error":{"type":"requests","code":"rate_limit_exceeded"}}"#);
    assert_eq!(found["type"], "usage.rate_limited");
    assert_eq!(found["outcome"], "failure");
    let text = "HTTP 429; retry after 20 s; requests left 0 of 500";
    assert_eq!(found["reason"], json!({"code": "rate_limit_exceeded", "text": text}));
}

#[test]
fn an_error_inside_a_stream() {
    let stream = format!("{}data: {{\"error\":{{\"code\":\"server_error\"}}}}\n\n", &STREAM[..300]);
    let cut = stream.find("data: {\"error").unwrap();
    let stream = [&STREAM[..STREAM.find("\n\n").unwrap() + 2], &stream[cut..]].concat();
    let found = post(HOST, CHAT, HELLO).sse().event(stream);
    assert_eq!(found["type"], "ai.generation.failed");
    assert_eq!(found["reason"]["code"], "server_error");
}

#[test]
fn responses() {
    let call = post(
        HOST,
        "/v1/responses",
        r#"{"model":"o4-mini","instructions":"Be brief.","input":"Hello!","reasoning":{"effort":"low"},"max_output_tokens":9}"#,
    );
    let answer = r#"{"id":"resp_1","status":"completed","model":"o4-mini-x","background":false,"error":null,"incomplete_details":null,
        "output":[{"type":"reasoning","summary":[]},{"type":"function_call","name":"f","arguments":"{}"},
        {"type":"message","content":[{"type":"output_text","text":"Hi."}]}],
        "usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":1},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64}}}"#;
    let expected = json!({
        "type": "ai.generation.completed", "outcome": "success",
        "content": {"input": {"bytes": 6}, "output": {"bytes": 3}, "system": {"bytes": 9}},
        "ai": {
            "provider": "openai", "operation": "chat", "model_requested": "o4-mini",
            "model_answered": "o4-mini-x", "response_id": "resp_1", "finish": ["completed"],
            "usage": {"input": 36, "output": 87, "cached": 1, "reasoning": 64},
            "params": {"reasoning_effort": "low", "max_output_tokens": 9},
        },
    });
    assert_eq!(call.event(answer), expected);

    let stream = [
        r#"{"type":"response.created","response":{"id":"resp_1","status":"in_progress","model":"o4-mini-x","background":false}}"#,
        r#"{"type":"response.output_text.delta","delta":"Hi"}"#,
        r#"{"type":"response.output_text.delta","delta":"."}"#,
        &format!(r#"{{"type":"response.completed","response":{answer}}}"#).replace('\n', ""),
    ]
    .map(|event| format!("event: x\ndata: {event}\n\n"))
    .concat();
    assert_eq!(call.clone().sse().event(stream), expected, "the same entry as without a stream");
}

#[test]
fn responses_that_end_otherwise() {
    let call = post(HOST, "/v1/responses", r#"{"model":"m","background":true}"#);
    let found = call.event(
        r#"{"id":"r","status":"incomplete","incomplete_details":{"reason":"content_filter"}}"#,
    );
    assert_eq!(
        (&found["outcome"], &found["ai"]["finish"]),
        (&json!("blocked"), &json!(["content_filter"]))
    );
    let found = call.event(
        r#"{"id":"r","status":"failed","error":{"code":"server_error","message":"secret"}}"#,
    );
    assert_eq!(
        (&found["outcome"], &found["reason"]["code"]),
        (&json!("failure"), &json!("server_error"))
    );
    let found = call.event(r#"{"id":"r","status":"queued","background":true}"#);
    assert_eq!(
        (&found["outcome"], &found["type"]),
        (&json!("deferred"), &json!("ai.generation.started"))
    );
    assert_eq!(found["correlation"], json!({"job": "r"}));
}

#[test]
fn embeddings_of_many_numbers() {
    let vector = "0.0023064255,".repeat(3_000);
    let item = |i| format!(r#"{{"object":"embedding","index":{i},"embedding":[{vector}1]}}"#);
    let answer = format!(
        r#"{{"object":"list","data":[{},{}],"model":"e-3","usage":{{"prompt_tokens":8,"total_tokens":8}}}}"#,
        item(0),
        item(1)
    );
    let found = post(HOST, "/v1/embeddings", r#"{"model":"e-3","input":["a","b"]}"#).event(answer);
    assert_eq!(found["ai"]["output_count"], 2);
    assert_eq!(found["ai"]["usage"], json!({"input": 8}));
    assert_eq!(found["content"], json!({"input": {"bytes": 9}}));
}

#[test]
fn images() {
    let call = post(
        HOST,
        "/v1/images/generations",
        r#"{"model":"gpt-image-1","prompt":"cat","size":"1024x1024","n":2}"#,
    );
    let found = call.event(r#"{"created":1,"data":[{"b64_json":"AAAA"},{"b64_json":"BBBB"}],"usage":{"input_tokens":50,"output_tokens":50}}"#);
    assert_eq!(
        (&found["ai"]["operation"], &found["ai"]["output_count"]),
        (&json!("image_generation"), &json!(2))
    );
    assert_eq!(found["ai"]["params"], json!({"size": "1024x1024", "n": 2}));
    let found = call
        .status(400)
        .event(r#"{"error":{"code":"moderation_blocked","type":"image_generation_user_error"}}"#);
    assert_eq!(
        (&found["outcome"], &found["safety"]["stage"]),
        (&json!("blocked"), &json!("input"))
    );
}

#[test]
fn a_moderation_is_a_call_that_succeeded() {
    let answer = r#"{"id":"modr-1","model":"omni","results":[{"flagged":true,"categories":{"violence":true,"hate":false,"self-harm":true}}]}"#;
    let found = post(HOST, "/v1/moderations", r#"{"input":"…"}"#).event(answer);
    assert_eq!(found["outcome"], "success");
    let safety = json!({"passed": false, "stage": "input", "detectors": ["self-harm", "violence"]});
    assert_eq!(found["safety"], safety);
    let found = post(HOST, "/v1/moderations", "{}").event(r#"{"results":[{"flagged":false}]}"#);
    assert_eq!(found["safety"], json!({"passed": true}));
}

#[test]
fn audio() {
    let speech =
        post(HOST, "/v1/audio/speech", r#"{"model":"tts-1","input":"Hello","voice":"alloy"}"#)
            .header("content-type", "audio/mpeg");
    let found = event(speech.observe([[0xff_u8; 1_000], [0; 1_000]], End::Complete));
    assert_eq!(found["outcome"], "success");
    assert_eq!(found["content"], json!({"input": {"bytes": 5}, "output": {"bytes": 2_000}}));

    let text = post(HOST, "/v1/audio/transcriptions", "--x\r\n");
    let found = text
        .event(r#"{"text":"Hello","usage":{"type":"tokens","input_tokens":14,"output_tokens":2}}"#);
    assert_eq!(found["content"]["output"]["bytes"], 5);
    assert_eq!(found["ai"]["usage"], json!({"input": 14, "output": 2}));
    assert_eq!(found["reason"], json!({"code": "unread", "text": "request: not JSON"}));
    let found = text.header("content-type", "text/plain").event("Hello\n");
    assert_eq!(
        (&found["outcome"], &found["content"]["output"]["bytes"]),
        (&json!("success"), &json!(6))
    );
}

#[test]
fn a_response_made_in_the_background_is_asked_after() {
    let ask =
        Exchange { method: "GET", request: Vec::new(), ..post(HOST, "/v1/responses/r-1", "") };
    let body = |status: &str, background: bool| {
        format!(r#"{{"id":"r-1","status":"{status}","background":{background},"model":"m"}}"#)
    };
    let asked = |status, background| ask.observe([body(status, background)], End::Complete);
    assert!(asked("in_progress", true).pending_query);
    assert!(asked("completed", false).pending_query, "an answer is read again");
    let done = asked("completed", true);
    assert!(!done.pending_query);
    let found = event(done);
    assert_eq!(
        (&found["type"], &found["outcome"]),
        (&json!("ai.generation.completed"), &json!("success"))
    );
    assert_eq!(found["correlation"], json!({"job": "r-1"}));
    assert!(!asked("failed", true).pending_query);
    let lost = ask.status(404).observe(["{}"], End::Complete);
    assert!(!lost.pending_query);
}

#[test]
fn a_form_that_was_streamed() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nAUDIO\r\n--b--\r\n";
    let call = post(HOST, "/v1/audio/transcriptions", "")
        .header("content-type", "multipart/form-data; boundary=b");
    let finish = |told: Option<(&str, bool)>| {
        let head = RequestHead {
            method: "POST",
            host: HOST,
            port: None,
            path: &call.path,
            headers: &call.headers,
        };
        let Recognized::Call(mut observation) =
            call.recognizer.request(&head, RequestBody::Streamed)
        else {
            panic!()
        };
        if let Some((held, whole)) = told {
            observation.request_sent(held.as_bytes(), whole);
        }
        observation.response(200, &HeaderMap::new());
        observation.data(br#"{"text":"Hello"}"#);
        event(observation.finish(End::Complete))
    };
    let found = finish(Some((body, true)));
    assert_eq!(found["ai"]["model_requested"], "whisper-1");
    assert_eq!(found["content"], json!({"input": {"bytes": 5}, "output": {"bytes": 5}}));
    assert_eq!(found["reason"], Value::Null);
    let found = finish(Some((&body[..120], false)));
    assert_eq!(found["ai"]["model_requested"], "whisper-1");
    assert_eq!(found["content"], json!({"output": {"bytes": 5}}), "half a file is not the file");
    assert_eq!(found["reason"]["text"], "request: not all of it was sent");
    assert_eq!(finish(None)["reason"]["text"], "request: streamed");
}
