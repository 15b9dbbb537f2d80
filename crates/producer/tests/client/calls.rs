//! Calls that come as a whole.

use dayseal::ai::Provider;
use dayseal::client::{ContentMode, Intent};
use dayseal::privacy::Purpose;
use dayseal::{Agent, KeyRef, Trace};
use dayseal_format::content::{ContentKey, ContentObject};
use dayseal_keys::{DataKeyOpener as _, KeyContext};
use dayseal_store::Store as _;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_call_without_any_code_of_its_own() {
    let reply = Reply::json(ANSWER).header("x-request-id", "req-1");
    let f = Fixture::new(reply).await;
    let response = f.chat().header("authorization", "Bearer sk-s3cret").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-request-id"], "req-1");
    assert_eq!(response.url().path(), CHAT);
    assert_eq!(response.remote_addr(), Some(f.stub.address()));
    assert_eq!(response.bytes().await.unwrap(), ANSWER.as_bytes());

    let entry = f.entry().await;
    assert!(!entry.to_string().contains("s3cret"));
    let expected = json!({
        "v": 1, "type": "ai.generation.completed", "action": "chat", "outcome": "success",
        "actor": {"id": "tests", "type": "service"}, "service": {"name": "tests"}, "tenant": "default",
        "source": {"request_id": "req-1"},
        "content": {"input": {"bytes": 6}, "output": {"bytes": 9}},
        "ai": {
            "provider": "openai", "operation": "chat", "model_requested": "gpt-4o",
            "model_answered": "gpt-4o-x", "response_id": "c-1", "finish": ["stop"],
            "output_count": 1, "usage": {"input": 5, "output": 3},
        },
    });
    assert_eq!(steady(entry), expected);
    let metrics = f.audit.metrics();
    assert_eq!((metrics.recorded, metrics.refused, metrics.other_paths), (1, 0, 0));
}

#[tokio::test]
async fn a_call_inside_an_operation_names_it_and_is_by_whom_it_is() {
    let f = Fixture::new(Reply::json(ANSWER)).await;
    let operation = f.log.audited("answer_ticket").actor(Actor::user("anna")).tenant("acme");
    let call = f.chat();
    operation
        .run(async move {
            call.send().await?.bytes().await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })
        .await
        .unwrap();
    let entries = f.entries().await;
    let [intent, call, result] = &entries[..] else { panic!("{entries:#?}") };
    assert_eq!(call["type"], "ai.generation.completed");
    assert_eq!(call["correlation"]["parent_event"], intent["id"]);
    assert_eq!(call["trace"]["trace_id"], result["trace"]["trace_id"]);
    assert_eq!((&call["actor"]["id"], &call["tenant"]), (&json!("anna"), &json!("acme")));
}

#[tokio::test]
async fn the_request_goes_out_as_it_is() {
    let f = Fixture::new(Reply::json(ANSWER)).await;
    let url = f.url("api.openai.com", CHAT) + "?api-key=s3cret";
    let request = f.client.post(url).header("authorization", "Bearer sk-1").body(HELLO);
    request.send().await.unwrap().bytes().await.unwrap();
    let seen = f.stub.seen().remove(0);
    assert_eq!(seen.target, format!("{CHAT}?api-key=s3cret"));
    assert_eq!(seen.headers["authorization"], "Bearer sk-1");
    assert_eq!(seen.body, HELLO.as_bytes());
    assert!(!f.entry().await.to_string().contains("s3cret"));
}

#[tokio::test]
async fn who_calls_and_what_for() {
    let f = Fixture::new(Reply::json(ANSWER)).await;
    let context = anna()
        .agent(Agent::new("triage"))
        .conversation("c-9")
        .key(KeyRef::default().prefix("sk-proj"))
        .purpose("support")
        .session("s-4")
        .tenant("acme");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = f.chat().with_extension(context.clone()).header("traceparent", trace);
    request.send().await.unwrap().bytes().await.unwrap();
    f.chat()
        .with_extension(context.trace(Trace::new("t-1")))
        .header("traceparent", trace)
        .send()
        .await
        .unwrap();
    let entries = f.entries().await;
    assert_eq!(entries[0]["actor"], json!({"id": "anna", "type": "user", "session": "s-4"}));
    assert_eq!(entries[0]["agent"], json!({"id": "triage"}));
    assert_eq!(entries[0]["correlation"], json!({"conversation": "c-9"}));
    assert_eq!(entries[0]["key"], json!({"prefix": "sk-proj"}));
    assert_eq!(entries[0]["privacy"], json!({"purpose": "support"}));
    assert_eq!(entries[0]["tenant"], "acme");
    let expected =
        json!({"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"});
    assert_eq!(entries[0]["trace"], expected);
    assert_eq!(entries[1]["trace"], json!({"trace_id": "t-1"}), "the caller's comes first");
}

#[tokio::test]
async fn digests_where_the_log_has_keys() {
    let keys = LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap();
    let settings = pseudonymous(&keys);
    let log = |builder: dayseal::Builder| builder.privacy(settings).tenant("acme");
    let f = Fixture::with(Reply::json(ANSWER), log, |audit| audit).await;
    f.chat().with_extension(anna()).send().await.unwrap().bytes().await.unwrap();
    let other = f.chat().with_extension(anna().tenant("zeta"));
    other.send().await.unwrap().bytes().await.unwrap();
    let entries = f.entries().await;

    let pseudonyms = Pseudonyms::new(keys.log_secret().unwrap(), &ORIGIN.parse().unwrap());
    for (entry, tenant) in entries.iter().zip(["acme", "zeta"]) {
        assert_eq!(entry["tenant"], tenant);
        let item = |text: &[u8]| serde_json::to_value(pseudonyms.content(tenant, text)).unwrap();
        assert_eq!(entry["content"]["input"], item(b"Hello!"), "anybody with the prompt can tell");
        assert_eq!(entry["content"]["output"], item(b"Hi there."));
        assert!(entry["actor"]["id"].as_str().unwrap().starts_with("p1:actor:"));
    }
    assert!(!format!("{entries:?}").contains("Hello"));
}

#[tokio::test]
async fn contents_are_kept_where_the_log_keeps_them() {
    let keys = LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap();
    let (settings, contents) = (pseudonymous(&keys), Arc::new(MemoryStore::without_versions()));
    let store = contents.clone();
    let log = |builder: dayseal::Builder| {
        builder.privacy(settings).content(ContentMode::Store).content_store(store)
    };
    let f = Fixture::with(Reply::json(ANSWER), log, |audit| audit).await;
    f.chat().with_extension(anna()).send().await.unwrap().bytes().await.unwrap();
    let entry = f.entry().await;
    assert_eq!(entry["content"]["input"]["scheme"], "commit-v1");
    let page = contents.list("content/", None).await.unwrap();
    let [object] = &page.entries[..] else { panic!("one object: {page:?}") };
    let bytes = contents.get(&object.key, None, 1 << 20).await.unwrap().bytes;
    let parsed = ContentObject::parse(&bytes).unwrap();
    let h = parsed.header();
    let context = KeyContext::content(&h.origin, h.stream, h.day);
    let opened = f.keys.open(&h.key_id, &h.wrapped_key, &context).await.unwrap();
    let frames = parsed.frames(&ContentKey::new(*opened.expose())).unwrap();
    let mut texts: Vec<_> = frames[0].records.iter().map(|r| r.content.clone()).collect();
    texts.sort();
    assert_eq!(texts, [&b"Hello!"[..], b"Hi there."]);
    let pseudonyms = Pseudonyms::new(keys.log_secret().unwrap(), &ORIGIN.parse().unwrap());
    let anna = pseudonyms.pseudonym(Purpose::Subject, "default", "anna");
    assert_eq!((frames.len(), &frames[0].subjects), (1, &vec![anna]), "by who asked");

    // A client that keeps less than its log; and one that asks for more.
    let f = Fixture::new(Reply::json(ANSWER)).await;
    let refused = AuditCalls::builder(f.log.clone()).content(ContentMode::Store).build();
    assert!(refused.unwrap_err().to_string().contains("content mode `store`"));
}

#[tokio::test]
async fn sizes_alone_if_asked_for() {
    let keys = LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap();
    let settings = pseudonymous(&keys);
    let log = |builder: dayseal::Builder| builder.privacy(settings);
    let f = Fixture::with(Reply::json(ANSWER), log, |a| a.content(ContentMode::None)).await;
    f.chat().send().await.unwrap().bytes().await.unwrap();
    let expected = json!({"input": {"bytes": 6}, "output": {"bytes": 9}});
    assert_eq!(f.entry().await["content"], expected);

    let f = Fixture::new(Reply::json(ANSWER)).await;
    let refused = AuditCalls::builder(f.log.clone()).content(ContentMode::Digest).build();
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the audit log has no pseudonyms, under whose keys digests are made: set it on the builder"
    );
}

#[tokio::test]
async fn too_many_calls() {
    let body =
        r#"{"error":{"message":"sk-abc quoted","type":"requests","code":"rate_limit_exceeded"}}"#;
    let reply = Reply::json(body).status(429).header("retry-after", "20");
    let f = Fixture::new(reply).await;
    let response = f.chat().send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "20");
    assert!(response.error_for_status_ref().is_err());
    assert_eq!(response.text().await.unwrap(), body);
    let entry = f.entry().await;
    assert_eq!(entry["type"], "usage.rate_limited");
    let reason = json!({"code": "rate_limit_exceeded", "text": "HTTP 429; retry after 20 s"});
    assert_eq!(entry["reason"], reason);
}

#[tokio::test]
async fn an_error_whose_body_nobody_reads() {
    let f = Fixture::new(Reply::json("{}").status(500)).await;
    drop(f.chat().send().await.unwrap());
    let entry = f.entry().await;
    assert_eq!(
        (&entry["outcome"], &entry["reason"]["code"]),
        (&json!("failure"), &json!("http_500"))
    );
}

#[tokio::test]
async fn nobody_answers() {
    let f = Fixture::new(Reply::json("")).await;
    // A port that was free a moment ago, and that nobody has taken.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = reqwest::Client::builder().no_proxy().resolve("api.openai.com", free);
    let client = reqwest_middleware::ClientBuilder::new(client.build().unwrap());
    let client = client.with(f.audit.clone()).build();
    let url = format!("http://api.openai.com:{}{CHAT}?key=s3cret", free.port());
    let error = client.post(url).body(HELLO).send().await.unwrap_err();
    assert!(error.is_connect());
    let entry = f.entry().await;
    assert_eq!(entry["type"], "ai.generation.failed");
    assert_eq!(entry["reason"], json!({"code": "connect"}));
    assert_eq!(entry["ai"]["model_requested"], "gpt-4o");
    assert!(!entry.to_string().contains("s3cret"));
}

#[tokio::test]
async fn a_caller_that_does_not_wait_for_the_head() {
    let f = Fixture::new(Reply::json(ANSWER)).await;
    // A port that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let client = reqwest::Client::builder().no_proxy().resolve("api.openai.com", address);
    let client = reqwest_middleware::ClientBuilder::new(client.build().unwrap());
    let client = client.with(f.audit.clone()).build();
    let call = client.post(format!("http://api.openai.com:{}{CHAT}", address.port())).body(HELLO);
    let call = tokio::spawn(call.send());
    let silent = tokio::task::spawn_blocking(move || silent.accept().unwrap());
    let accepted = silent.await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(accepted);
    let entry = f.entry().await;
    assert_eq!(
        (&entry["outcome"], &entry["reason"]["code"]),
        (&json!("unknown"), &json!("dropped"))
    );
}

#[tokio::test]
async fn a_body_too_large_passes_and_says_so() {
    let body = "[".repeat(300_000);
    let f = Fixture::with(Reply::json(&*body), |log| log, |a| a.body_limit(10_000)).await;
    assert_eq!(f.chat().send().await.unwrap().text().await.unwrap(), body);
    let entry = f.entry().await;
    let reason = json!({"code": "unread", "text": "response: more than 10000 bytes"});
    assert_eq!((&entry["reason"], &entry["outcome"]), (&reason, &json!("unknown")));
}

#[tokio::test]
async fn an_encoded_body_passes_and_says_so() {
    let bytes = b"\x1f\x8b\x08\x00not really".to_vec();
    let f = Fixture::new(Reply::json(bytes.clone()).header("content-encoding", "gzip")).await;
    let response = f.chat().send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.bytes().await.unwrap(), bytes);
    assert_eq!(f.entry().await["reason"]["text"], "response: content-encoding gzip");
}

#[tokio::test]
async fn invalid_utf8_passes_and_says_so() {
    let bytes = b"{\"id\":\"\xff\"}".to_vec();
    let f = Fixture::new(Reply::json(bytes.clone())).await;
    assert_eq!(f.chat().send().await.unwrap().bytes().await.unwrap(), bytes);
    assert_eq!(f.entry().await["reason"]["text"], "response: not JSON");
}

/// A body that is sent as it comes, as forms are.
fn streamed(text: &'static str) -> reqwest::Body {
    reqwest::Response::from(http::Response::new(text)).into()
}

#[tokio::test]
async fn a_streamed_request_passes_and_is_read() {
    for length in [true, false] {
        let f = Fixture::new(Reply::json(ANSWER)).await;
        let mut request = f.post("api.openai.com", CHAT, streamed(HELLO));
        if length {
            request = request.header("content-length", HELLO.len());
        }
        request.send().await.unwrap().bytes().await.unwrap();
        assert_eq!(f.stub.seen()[0].body, HELLO.as_bytes());
        let entry = f.entry().await;
        assert_eq!(entry["reason"], Value::Null, "{length}");
        assert_eq!(entry["ai"]["model_requested"], "gpt-4o");
        assert_eq!(entry["content"]["input"]["bytes"], 6);
    }
}

#[tokio::test]
async fn a_streamed_request_too_large_passes_and_says_so() {
    let f = Fixture::with(Reply::json("{}"), |log| log, |a| a.body_limit(20)).await;
    f.post("api.openai.com", CHAT, streamed(HELLO)).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(f.stub.seen()[0].body, HELLO.as_bytes());
    assert_eq!(f.entry().await["reason"]["text"], "request: more than 20 bytes");
}

#[tokio::test]
async fn a_form() {
    let form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nAUDIO\r\n--b--\r\n";
    let f = Fixture::new(Reply::json(r#"{"text":"Hello"}"#)).await;
    let request = f.post("api.openai.com", "/v1/audio/transcriptions", streamed(form));
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    request.send().await.unwrap().bytes().await.unwrap();
    let entry = f.entry().await;
    assert_eq!(
        (&entry["ai"]["model_requested"], &entry["action"]),
        (&json!("whisper-1"), &json!("transcription"))
    );
    assert_eq!(entry["content"], json!({"input": {"bytes": 5}, "output": {"bytes": 5}}));
}

#[tokio::test]
async fn a_caller_that_counts_bytes_and_stops() {
    let audio = vec![0xff_u8; 3_000];
    let reply = Reply::of("audio/mpeg", vec![audio.clone()]).header("content-length", "3000");
    let f = Fixture::new(reply).await;
    let request = r#"{"model":"tts-1","input":"Hello","voice":"alloy"}"#;
    let mut response = f.post("api.openai.com", "/v1/audio/speech", request).send().await.unwrap();
    assert_eq!(response.content_length(), Some(3_000));
    let mut got = 0;
    while got < 3_000 {
        got += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);
    let entry = f.entry().await;
    assert_eq!(
        (&entry["outcome"], &entry["content"]["output"]["bytes"]),
        (&json!("success"), &json!(3_000))
    );
}

#[tokio::test]
async fn other_requests_pass_unrecorded() {
    let f = Fixture::new(Reply::json("{}")).await;
    f.post("llm.example.com", CHAT, HELLO).send().await.unwrap();
    f.client.get(f.url("api.openai.com", "/v1/models")).send().await.unwrap();
    assert_eq!(f.stub.seen().len(), 2);
    let metrics = f.audit.metrics();
    assert_eq!((metrics.recorded, metrics.other_paths), (0, 1));
    assert_eq!(f.entries().await.len(), 0);
}

#[tokio::test]
async fn hosts_of_ones_own() {
    let host = |a: AuditCallsBuilder| {
        a.host("llm.example.com", Provider::openai_compatible("vllm").region("here")).others(true)
    };
    let f = Fixture::with(Reply::json(ANSWER), |log| log, host).await;
    f.post("llm.example.com", CHAT, HELLO).send().await.unwrap().bytes().await.unwrap();
    f.client.get(f.url("127.0.0.1", "/v2/thing")).send().await.unwrap().bytes().await.unwrap();
    let entries = f.entries().await;
    assert_eq!(
        (&entries[0]["ai"]["provider"], &entries[0]["ai"]["region"]),
        (&json!("vllm"), &json!("here"))
    );
    assert_eq!(
        (&entries[1]["ai"]["provider"], &entries[1]["action"]),
        (&json!("127.0.0.1"), &json!("other"))
    );
}

#[tokio::test]
async fn a_job_and_questions_after_it() {
    let body = r#"{"code":0,"request_id":"q","data":{"task_id":"t-1","task_status":"processing"}}"#;
    let host = "api.klingai.com";
    let path = "/v1/videos/text2video";
    for polls in [false, true] {
        let f = Fixture::with(Reply::json(body), |log| log, |a| a.polls(polls)).await;
        let request = r#"{"model_name":"kling-v2-master","prompt":"A cat"}"#;
        f.post(host, path, request).send().await.unwrap().bytes().await.unwrap();
        let query = f.client.get(f.url(host, &format!("{path}/t-1")));
        query.send().await.unwrap().bytes().await.unwrap();
        let entries = f.entries().await;
        let types: Vec<_> = entries.iter().map(|e| e["type"].as_str().unwrap()).collect();
        let expected = ["ai.generation.started", "ai.generation.polled"];
        assert_eq!(types, expected[..1 + usize::from(polls)]);
        assert_eq!(entries[0]["correlation"], json!({"job": "t-1"}));
        assert_eq!(f.audit.metrics().polls, u64::from(!polls));
    }
}

#[tokio::test]
async fn the_intent_comes_before_the_call() {
    for intent in [Intent::Accepted, Intent::Stored] {
        let f = Fixture::with(Reply::json(ANSWER), |log| log, |a| a.intent(intent)).await;
        f.chat().with_extension(anna()).send().await.unwrap().bytes().await.unwrap();
        let entries = f.entries().await;
        assert_eq!(entries.len(), 2);
        assert_eq!(
            (&entries[0]["type"], &entries[0]["outcome"]),
            (&json!("ai.generation.started"), &json!("deferred"))
        );
        assert_eq!(entries[0]["ai"]["model_requested"], "gpt-4o");
        assert_eq!(entries[0]["content"], json!({"input": {"bytes": 6}}));
        assert_eq!(entries[1]["correlation"]["parent_event"], entries[0]["id"]);
        assert_eq!(entries[0]["time"], entries[1]["time"]);
        assert_eq!(f.audit.metrics().recorded, 2);
    }
}
