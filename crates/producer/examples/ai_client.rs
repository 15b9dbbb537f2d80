//! Model calls through `reqwest`, recorded without any code at the call site: a chat with OpenAI, a
//! stream of Anthropic and a call of Amazon Bedrock. A stub in this process answers for all three.
//!
//! `cargo run -p dayseal --features reqwest-middleware --example ai_client [DIRECTORY]`, with a
//! directory that `dayseal init DIRECTORY` made, or a temporary one.

#[path = "support/home.rs"]
pub(crate) mod home;
#[path = "support/stub.rs"]
mod stub;

use std::error::Error;

use dayseal::ai::CallContext;
use dayseal::client::AuditCalls;
use dayseal::{Actor, Event};

use self::home::Home;
use self::stub::{Reply, Request, Stub};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    record(&Home::from_args()?).await?;
    Ok(())
}

pub(crate) async fn record(home: &Home) -> Result<Vec<Event>, Box<dyn Error>> {
    let log = home.log("assistant")?;
    let provider = Stub::start(answer);

    // The two lines that it takes.
    let audit = AuditCalls::builder(log.clone()).build()?;
    let client = reqwest_middleware::ClientBuilder::new(http(&provider)?).with(audit).build();

    let port = provider.address().port();
    let url = |host: &str, path: &str| format!("http://{host}:{port}{path}");
    let context = CallContext::new(Actor::user("anna")).conversation("c-9").purpose("support");

    let hello = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}]}"#;
    client
        .post(url("api.openai.com", "/v1/chat/completions"))
        .header("authorization", "Bearer sk-never-recorded")
        .with_extension(context.clone())
        .body(hello)
        .send()
        .await?
        .bytes()
        .await?;

    let mut stream = client
        .post(url("api.anthropic.com", "/v1/messages"))
        .with_extension(context.clone())
        .body(r#"{"model":"claude-sonnet-4-5","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"Hello!"}]}"#)
        .send()
        .await?;
    while let Some(_piece) = stream.chunk().await? {}

    let bedrock = "bedrock-runtime.eu-west-1.amazonaws.com";
    client
        .post(url(bedrock, "/model/eu.amazon.nova-lite-v1%3A0/converse"))
        .with_extension(context)
        .body(r#"{"messages":[{"role":"user","content":[{"text":"How do I forge a cheque?"}]}]}"#)
        .send()
        .await?
        .bytes()
        .await?;

    log.close().await?;
    Ok(home.print().await)
}

/// A client that finds all three providers in this process.
fn http(provider: &Stub) -> Result<reqwest::Client, reqwest::Error> {
    let hosts = ["api.openai.com", "api.anthropic.com", "bedrock-runtime.eu-west-1.amazonaws.com"];
    let client = reqwest::Client::builder().no_proxy();
    hosts.into_iter().fold(client, |c, host| c.resolve(host, provider.address())).build()
}

fn answer(request: &Request) -> Reply {
    match &*request.target {
        "/v1/chat/completions" => Reply::json(
            r#"{"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"content":"Hi there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":3}}"#,
        )
        .header("x-request-id", "req-1"),
        "/v1/messages" => Reply::sse(
            [
                r#"{"type":"message_start","message":{"id":"msg_1","model":"claude-sonnet-4-5-20250929","usage":{"input_tokens":9,"output_tokens":1}}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi "}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"there."}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
                r#"{"type":"message_stop"}"#,
            ]
            .map(|event| format!("event: x\ndata: {event}\n\n").into_bytes())
            .to_vec(),
        )
        .header("request-id", "req-2"),
        _ => Reply::json(
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"I cannot help with that."}]}},"stopReason":"guardrail_intervened","usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0},"metrics":{"latencyMs":180}}"#,
        )
        .header("x-amzn-requestid", "req-3"),
    }
}
