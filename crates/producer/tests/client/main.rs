//! The middleware against a provider of this process: what it records, and that it changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

#[path = "../../examples/support/entries.rs"]
mod entries;
#[path = "../../examples/support/stub.rs"]
mod stub;

mod calls;
mod refusals;
mod streams;

use std::sync::Arc;

use dayseal::ai::CallContext;
use dayseal::client::{AuditCalls, AuditCallsBuilder};
use dayseal::keys::LocalKeys;
use dayseal::privacy::{Pseudonyms, Settings};
use dayseal::store::MemoryStore;
use dayseal::{Actor, AuditLog, Limits};
use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};
use serde_json::Value;

use self::stub::{Reply, Stub};

const ORIGIN: &str = "audit.example.com/test";
const CHAT: &str = "/v1/chat/completions";
const HELLO: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}]}"#;
const ANSWER: &str = r#"{"id":"c-1","model":"gpt-4o-x","choices":[{"index":0,"message":{"content":"Hi there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"#;

/// A log, a provider that gives one answer, and a client between them that knows it by the providers'
/// own names.
struct Fixture {
    store: Arc<MemoryStore>,
    keys: Arc<LocalKeys>,
    log: AuditLog,
    stub: Stub,
    audit: AuditCalls,
    client: ClientWithMiddleware,
}

impl Fixture {
    async fn new(reply: Reply) -> Self {
        Self::with(reply, |log| log, |audit| audit).await
    }

    async fn with(
        reply: Reply,
        log: impl FnOnce(dayseal::Builder) -> dayseal::Builder,
        audit: impl FnOnce(AuditCallsBuilder) -> AuditCallsBuilder,
    ) -> Self {
        let stub = Stub::start(move |_| reply.clone());
        let store = Arc::new(MemoryStore::new());
        let keys = Arc::new(LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap());
        let builder = AuditLog::builder(ORIGIN.parse().unwrap(), "tests".parse().unwrap())
            .store(store.clone())
            .keys(keys.clone())
            .lifecycle_events(false);
        let log = log(builder).open().unwrap();
        let audit = audit(AuditCalls::builder(log.clone())).build().unwrap();
        let client = client(&stub, audit.clone());
        Self { store, keys, log, stub, audit, client }
    }

    fn post(&self, host: &str, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.client.post(self.url(host, path)).body(body)
    }

    /// A chat with OpenAI.
    fn chat(&self) -> RequestBuilder {
        self.post("api.openai.com", CHAT, HELLO)
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.stub.address().port())
    }

    /// Closes the log and reads what it has, as JSON.
    async fn entries(&self) -> Vec<Value> {
        self.log.close().await.unwrap();
        let entries = entries::entries(&*self.store, &self.keys).await;
        entries.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
    }

    async fn entry(&self) -> Value {
        let mut entries = self.entries().await;
        assert_eq!(entries.len(), 1, "{entries:#?}");
        entries.remove(0)
    }
}

fn client(stub: &Stub, audit: AuditCalls) -> ClientWithMiddleware {
    let mut client = reqwest::Client::builder().no_proxy();
    for host in [
        "api.openai.com",
        "api.anthropic.com",
        "api.klingai.com",
        "bedrock-runtime.eu-west-1.amazonaws.com",
        "llm.example.com",
    ] {
        client = client.resolve(host, stub.address());
    }
    reqwest_middleware::ClientBuilder::new(client.build().unwrap()).with(audit).build()
}

fn anna() -> CallContext {
    CallContext::new(Actor::user("anna"))
}

/// Without what differs from run to run.
fn steady(mut entry: Value) -> Value {
    for field in ["id", "time", "logged_time", "end_time", "duration_ms"] {
        let removed = entry.as_object_mut().unwrap().remove(field);
        assert!(removed.is_some(), "{field} is missing");
    }
    let ai = entry["ai"].as_object_mut().unwrap();
    assert!(ai.remove("latency_ms").is_some_and(|ms| ms.is_u64()));
    ai.remove("first_token_ms");
    entry
}

fn pseudonymous(keys: &LocalKeys) -> Settings {
    let origin = ORIGIN.parse().unwrap();
    Settings::default().pseudonyms(Pseudonyms::new(keys.log_secret().unwrap(), &origin))
}

fn tiny() -> Limits {
    Limits { flush_bytes: 65_536, memory: 131_072, ..Limits::default() }
}
