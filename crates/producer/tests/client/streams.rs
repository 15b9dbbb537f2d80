//! Calls that come as streams.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::json;

use super::stub::After;
use super::*;

const MESSAGES: &str = "/v1/messages";
const REQUEST: &str = r#"{"model":"claude-x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Hello!"}]}"#;
const STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-x-1\",\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße\"}}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

/// Pieces of `size` bytes: in the middle of lines, of frames and of characters.
fn cut(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

impl Fixture {
    fn messages(&self) -> RequestBuilder {
        self.post("api.anthropic.com", MESSAGES, REQUEST).with_extension(anna())
    }
}

/// What the caller gets, piece by piece.
async fn taken(mut response: reqwest::Response) -> Result<Vec<u8>, (Vec<u8>, reqwest::Error)> {
    let mut out = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => out.extend_from_slice(&chunk),
            Ok(None) => return Ok(out),
            Err(error) => return Err((out, error)),
        }
    }
}

#[tokio::test]
async fn any_cut_gives_the_same_bytes_and_the_same_entry() {
    let mut first = None;
    for size in [1, 7, 64, 10_000] {
        let f = Fixture::new(Reply::sse(cut(STREAM.as_bytes(), size))).await;
        let response = f.messages().send().await.unwrap();
        assert_eq!(taken(response).await.unwrap(), STREAM.as_bytes(), "pieces of {size}");
        let entry = f.entry().await;
        assert!(entry["ai"]["first_token_ms"].is_u64(), "pieces of {size}");
        let entry = steady(entry);
        let expected = first.get_or_insert_with(|| entry.clone());
        assert_eq!(&entry, expected, "pieces of {size}");
    }
    let entry = first.unwrap();
    assert_eq!(
        (&entry["type"], &entry["outcome"]),
        (&json!("ai.generation.completed"), &json!("success"))
    );
    assert_eq!(entry["ai"]["usage"], json!({"input": 25, "output": 15}));
    assert_eq!(entry["content"]["output"]["bytes"], 7);
}

#[tokio::test]
async fn frames_of_bedrock() {
    let frame = |name: &'static str, payload: &'static str| {
        let text = |name: &'static str, value: &'static str| {
            Header::new(name, HeaderValue::String(value.into()))
        };
        let message = Message::new(payload.as_bytes())
            .add_header(text(":event-type", name))
            .add_header(text(":message-type", "event"));
        let mut out = Vec::new();
        write_message_to(&message, &mut out).unwrap();
        out
    };
    let bytes = [
        frame("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Grüße"}}"#),
        frame("messageStop", r#"{"stopReason":"end_turn"}"#),
        frame("metadata", r#"{"usage":{"inputTokens":9,"outputTokens":4}}"#),
    ]
    .concat();
    for size in [1, 50, 10_000] {
        let f = Fixture::new(Reply::frames(cut(&bytes, size))).await;
        let host = "bedrock-runtime.eu-west-1.amazonaws.com";
        let path = "/model/eu.amazon.nova-lite-v1%3A0/converse-stream";
        let response = f.post(host, path, "{}").send().await.unwrap();
        assert_eq!(taken(response).await.unwrap(), bytes);
        let entry = f.entry().await;
        let ai = &entry["ai"];
        assert_eq!(ai["model_requested"], "eu.amazon.nova-lite-v1:0");
        assert_eq!(
            (&ai["region"], &ai["usage"]),
            (&json!("eu-west-1"), &json!({"input": 9, "output": 4}))
        );
        assert_eq!((&entry["outcome"], &ai["finish"]), (&json!("success"), &json!(["end_turn"])));
    }
}

#[tokio::test]
async fn a_connection_that_breaks() {
    let half = &STREAM.as_bytes()[..STREAM.find("event: message_delta").unwrap()];
    let f = Fixture::new(Reply::sse(cut(half, 40)).after(After::Cut)).await;
    let (bytes, _) = taken(f.messages().send().await.unwrap()).await.unwrap_err();
    assert_eq!(bytes, half, "the caller has what came");
    let entry = f.entry().await;
    assert_eq!(
        (&entry["type"], &entry["outcome"]),
        (&json!("ai.generation.failed"), &json!("failure"))
    );
    assert_eq!(entry["reason"]["code"], "connection_lost");
    assert_eq!(entry["content"]["output"]["bytes"], 7);
}

#[tokio::test]
async fn a_caller_that_drops_the_stream() {
    let half = &STREAM.as_bytes()[..STREAM.find("event: message_delta").unwrap()];
    let f = Fixture::new(Reply::sse(cut(half, 40)).after(After::Hold)).await;
    let mut response = f.messages().send().await.unwrap();
    let mut got = 0;
    while got < half.len() {
        got += response.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(f.audit.metrics().recorded, 0, "it is still running");
    drop(response);
    assert_eq!(f.audit.metrics().recorded, 1);
    let entry = f.entry().await;
    assert_eq!(
        (&entry["outcome"], &entry["reason"]["code"]),
        (&json!("unknown"), &json!("dropped"))
    );
    assert!(entry["ai"]["first_token_ms"].is_u64());
}

#[tokio::test]
async fn a_caller_that_drops_it_after_its_end() {
    let f = Fixture::new(Reply::sse(cut(STREAM.as_bytes(), 40)).after(After::Hold)).await;
    let mut response = f.messages().send().await.unwrap();
    let mut got = 0;
    while got < STREAM.len() {
        got += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);
    assert_eq!(f.entry().await["outcome"], "success");
}

#[tokio::test]
async fn a_caller_that_waits_no_longer() {
    let half = &STREAM.as_bytes()[..STREAM.find("event: message_delta").unwrap()];
    let f = Fixture::new(Reply::sse(cut(half, 40)).after(After::Hold)).await;
    let request = f.messages().timeout(std::time::Duration::from_millis(300));
    // On a busy machine the head itself may come too late: the entry is the same.
    let error = match request.send().await {
        Ok(response) => taken(response).await.unwrap_err().1,
        Err(reqwest_middleware::Error::Reqwest(error)) => error,
        Err(error) => panic!("{error:?}"),
    };
    assert!(error.is_timeout());
    let entry = f.entry().await;
    assert_eq!(
        (&entry["outcome"], &entry["reason"]["code"]),
        (&json!("unknown"), &json!("timeout"))
    );
}

#[tokio::test]
async fn a_refusal_in_a_stream() {
    let stream = STREAM.replace("end_turn", "refusal");
    let f = Fixture::new(Reply::sse(cut(stream.as_bytes(), 9))).await;
    assert_eq!(taken(f.messages().send().await.unwrap()).await.unwrap(), stream.as_bytes());
    let entry = f.entry().await;
    assert_eq!(
        (&entry["type"], &entry["outcome"]),
        (&json!("ai.generation.blocked"), &json!("blocked"))
    );
    assert_eq!(
        entry["safety"],
        json!({"passed": false, "stage": "output", "block_reason": "refusal"})
    );
}

#[tokio::test]
async fn many_at_once() {
    let f = Fixture::new(Reply::sse(cut(STREAM.as_bytes(), 13))).await;
    let calls: Vec<_> = (0..50)
        .map(|i| {
            let request = f.messages().with_extension(anna().conversation(format!("c-{i}")));
            tokio::spawn(async move { taken(request.send().await.unwrap()).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), STREAM.as_bytes());
    }
    let entries = f.entries().await;
    let conversations: std::collections::BTreeSet<_> =
        entries.iter().map(|e| e["correlation"]["conversation"].as_str().unwrap()).collect();
    assert_eq!((entries.len(), conversations.len()), (50, 50));
}
