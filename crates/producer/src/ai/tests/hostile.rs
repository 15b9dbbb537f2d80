//! Servers and bodies that mean no good: the entry says what was not read, and nothing fails.

use proptest::prelude::*;

use super::*;

const HOST: &str = "api.openai.com";
const CHAT: &str = "/v1/chat/completions";

fn chat() -> Exchange {
    post(HOST, CHAT, r#"{"model":"m","messages":[{"role":"user","content":"Hello!"}]}"#)
}

fn small() -> Recognizer {
    Recognizer::default().body_limit(2_000)
}

#[test]
fn an_answer_too_large_says_so() {
    let found = chat().recognizer(small()).event("x".repeat(2_001));
    let reason = json!({"code": "unread", "text": "response: more than 2000 bytes"});
    assert_eq!(found["reason"], reason);
    assert_eq!(found["outcome"], "unknown", "whether it was refused stands in it");
    assert_eq!(found["ai"]["model_requested"], "m");
}

#[test]
fn a_body_too_large_is_not_held() {
    let call = chat().recognizer(small());
    let mut observation = call.begin();
    observation.response(200, &call.headers);
    for _ in 0..100_000 {
        observation.data(&[b'['; 1_000]);
    }
    assert_eq!(observation.held(), 0, "given up");
    let mut observation = call.begin();
    observation.response(200, &call.headers);
    observation.data(b"Hidden words");
    assert!(observation.held() >= 12);
    assert!(!format!("{observation:?}").contains("72, 105"), "bytes, as numbers");
}

#[test]
fn a_request_too_large_says_so() {
    let request = format!(r#"{{"model":"m","messages":"{}"}}"#, "x".repeat(3_000));
    let found = post(HOST, CHAT, request).recognizer(small()).event(r#"{"id":"c"}"#);
    assert_eq!(found["reason"]["text"], "request: more than 2000 bytes");
    assert_eq!(found["outcome"], "success");
}

#[test]
fn an_encoded_answer_is_not_guessed_at() {
    let found = chat().header("content-encoding", "gzip").event(b"\x1f\x8b\x08");
    let reason = json!({"code": "unread", "text": "response: content-encoding gzip"});
    assert_eq!((&found["reason"], &found["outcome"]), (&reason, &json!("unknown")));
    let found = chat().status(500).header("content-encoding", "br").event(b"\x00");
    assert_eq!(
        (&found["reason"]["code"], &found["outcome"]),
        (&json!("http_500"), &json!("failure"))
    );
    let found = chat().header("content-encoding", "identity").event("{}");
    assert_eq!(found["reason"], Value::Null);
}

#[test]
fn invalid_utf8() {
    let found = chat().event(b"{\"id\":\"\xff\"}");
    assert_eq!(
        (&found["reason"]["text"], &found["outcome"]),
        (&json!("response: not JSON"), &json!("unknown"))
    );
    let stream = b"data: {\"id\":\"\xc3\"}\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let found = chat().sse().event(stream);
    assert_eq!(
        (&found["reason"]["text"], &found["outcome"]),
        (&json!("response: events not read: 1"), &json!("success"))
    );
}

#[test]
fn names_that_no_event_takes() {
    let long = "x".repeat(5_000);
    let answer = format!(
        r#"{{"id":"a\u0000b","model":"{long}","choices":[{{"index":0,"finish_reason":"st\u202eop","message":{{"content":5}}}}],
        "usage":{{"prompt_tokens":18446744073709551615,"completion_tokens":-1}}}}"#
    );
    let found = chat().event(answer);
    assert_eq!(found["ai"]["response_id"], "a_b");
    assert_eq!(found["ai"]["model_answered"].as_str().unwrap().len(), 128);
    assert_eq!(found["ai"]["finish"], json!(["st_op"]));
    assert_eq!(found["ai"]["usage"], json!({"input": 9_007_199_254_740_991_u64}));
}

#[test]
fn lists_without_end() {
    let choice =
        |i| format!(r#"{{"index":{i},"finish_reason":"s{i}","message":{{"content":"a"}}}}"#);
    let choices: Vec<_> = (0..500).map(choice).collect();
    let found = chat().event(format!(r#"{{"choices":[{}]}}"#, choices.join(",")));
    assert_eq!(found["ai"]["finish"].as_array().unwrap().len(), 64);
    let categories: Vec<_> = (0..500).map(|i| format!(r#""c{i}":true"#)).collect();
    let answer =
        format!(r#"{{"results":[{{"flagged":true,"categories":{{{}}}}}]}}"#, categories.join(","));
    let found = post(HOST, "/v1/moderations", "{}").event(answer);
    assert_eq!(found["safety"]["detectors"].as_array().unwrap().len(), 64);
}

#[test]
fn a_reader_that_counts_bytes_and_stops_has_seen_all() {
    let answer =
        r#"{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}]}"#;
    assert_eq!(event(chat().observe([answer], End::Dropped))["outcome"], "success");
    let found = event(chat().observe([&answer[..20]], End::Dropped));
    assert_eq!(
        (&found["outcome"], &found["reason"]["code"]),
        (&json!("unknown"), &json!("dropped"))
    );
}

#[test]
fn calls_that_never_got_an_answer() {
    let end = |end| {
        let found = event(chat().begin().finish(end));
        assert_eq!(found["type"], "ai.generation.failed");
        format!("{} {}", found["outcome"], found["reason"]["code"]).replace('"', "")
    };
    assert_eq!(end(End::Failed("connect")), "failure connect");
    assert_eq!(end(End::TimedOut), "unknown timeout");
    assert_eq!(end(End::Dropped), "unknown dropped");
}

#[test]
fn others_only_if_asked_for() {
    let headers = HeaderMap::new();
    let head =
        |host, path| RequestHead { method: "POST", host, port: None, path, headers: &headers };
    let body = RequestBody::Bytes(br#"{"model":"m"}"#);
    let plain = Recognizer::default();
    assert!(matches!(plain.request(&head("example.com", CHAT), body), Recognized::OtherHost));
    assert!(matches!(plain.request(&head(HOST, "/v1/files"), body), Recognized::OtherPath));
    let all = Recognizer::default().others(true);
    for (host, path, provider) in
        [("llm.example.com", CHAT, "llm.example.com"), (HOST, "/v1/files", "openai")]
    {
        let Recognized::Call(mut call) = all.request(&head(host, path), body) else {
            panic!("{host}")
        };
        call.response(200, &headers);
        call.data(b"anything");
        let found = event(call.finish(End::Complete));
        assert_eq!(found["ai"], json!({"provider": provider, "operation": "other"}));
        assert_eq!(found["outcome"], "success");
    }
}

#[test]
fn content_is_kept_only_if_asked_for_and_never_shown() {
    let answer = r#"{"choices":[{"index":0,"message":{"content":"Hidden words"}}]}"#;
    let observed = chat().observe([answer], End::Complete);
    assert_eq!(observed.output.as_ref().unwrap().text(), None);
    let call = chat().recognizer(Recognizer::default().keep_content(true));
    let observed = call.observe([answer], End::Complete);
    assert_eq!(observed.output.as_ref().unwrap().text(), Some(&b"Hidden words"[..]));
    assert_eq!(observed.input.as_ref().unwrap().text(), Some(&b"Hello!"[..]));
    let shown = format!("{observed:?}");
    assert!(!shown.contains("Hidden") && !shown.contains("Hello"), "{shown}");
}

#[test]
fn a_text_too_large_is_not_kept_but_counted() {
    let piece = |text: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let stream = piece(&"x".repeat(1_500)).repeat(2) + "data: [DONE]\n\n";
    let keep = small().keep_content(true);
    let output = chat().recognizer(keep).sse().observe([stream], End::Complete).output.unwrap();
    assert_eq!((output.bytes(), output.text()), (3_000, None));
}

proptest! {
    /// Whatever comes back, there is an entry, and it is valid.
    #[test]
    fn any_bytes_give_an_entry(
        body in prop::collection::vec(any::<u8>(), 0..400),
        kind in 0..4_usize,
        status in prop::sample::select(vec![200_u16, 204, 302, 400, 429, 500]),
    ) {
        let kinds = ["application/json", "text/event-stream", "application/vnd.amazon.eventstream", "x"];
        for path in [CHAT, "/v1/responses", "/v1/embeddings", "/v1/moderations", "/v1/audio/speech"] {
            let call = post(HOST, path, &body).status(status).header("content-type", kinds[kind]);
            event(call.observe([&body], End::Complete));
        }
        let call = post("api.anthropic.com", "/v1/messages", &body).status(status);
        event(call.observe([&body], End::Dropped));
        let call = post("bedrock-runtime.eu-west-1.amazonaws.com", "/model/m/converse", &body);
        event(call.status(status).header("content-type", kinds[kind]).observe([&body], End::Complete));
    }

    /// JSON in the right shape with anything in its fields.
    #[test]
    fn any_values_give_an_entry(
        id in any::<String>(),
        finish in any::<String>(),
        tokens in any::<i64>(),
        code in any::<String>(),
    ) {
        let answer = json!({
            "id": id, "model": finish, "usage": {"prompt_tokens": tokens, "output_tokens": tokens},
            "choices": [{"index": tokens, "finish_reason": finish, "message": {"refusal": id}}],
            "request_id": id, "code": tokens, "data": {"task_id": id, "task_status": "succeed"},
            "error": {"code": code, "type": code},
            "stopReason": finish, "stop_reason": finish, "content": [{"text": id}],
        }).to_string();
        let request = json!({"model": id, "voice": finish, "n": tokens, "input": code}).to_string();
        for (host, path) in [
            (HOST, CHAT), (HOST, "/v1/responses"), ("api.anthropic.com", "/v1/messages"),
            ("api.klingai.com", "/v1/videos/text2video"),
            ("bedrock-runtime.eu-west-1.amazonaws.com", "/model/m/invoke"),
        ] {
            post(host, path, &request).event(&answer);
            post(host, path, &request).status(400).event(&answer);
        }
    }
}
