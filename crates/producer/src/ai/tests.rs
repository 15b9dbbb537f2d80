//! The recogniser against bodies in the shapes of the providers' references.

mod anthropic;
mod bedrock;
mod hostile;
mod kling;
mod openai;
mod splits;

use dayseal_format::event::Actor;
use http::HeaderMap;
use serde_json::{Value, json};

use super::*;

/// A request and the head of its answer.
#[derive(Clone)]
pub(super) struct Exchange {
    recognizer: Recognizer,
    host: &'static str,
    method: &'static str,
    path: String,
    request: Vec<u8>,
    status: u16,
    headers: HeaderMap,
}

pub(super) fn post(host: &'static str, path: &str, request: impl AsRef<[u8]>) -> Exchange {
    Exchange {
        recognizer: Recognizer::default(),
        host,
        method: "POST",
        path: path.to_owned(),
        request: request.as_ref().to_vec(),
        status: 200,
        headers: HeaderMap::new(),
    }
}

impl Exchange {
    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(super) fn sse(self) -> Self {
        self.header("content-type", "text/event-stream; charset=utf-8")
    }

    pub(super) fn recognizer(mut self, recognizer: Recognizer) -> Self {
        self.recognizer = recognizer;
        self
    }

    pub(super) fn begin(&self) -> Observation {
        let head = RequestHead {
            method: self.method,
            host: self.host,
            port: None,
            path: &self.path,
            headers: &self.headers,
        };
        match self.recognizer.request(&head, RequestBody::Bytes(&self.request)) {
            Recognized::Call(call) => *call,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn observe<C: AsRef<[u8]>>(
        &self,
        chunks: impl IntoIterator<Item = C>,
        end: End,
    ) -> Observed {
        let mut call = self.begin();
        call.response(self.status, &self.headers);
        for chunk in chunks {
            call.data(chunk.as_ref());
        }
        call.finish(end)
    }

    /// The event of an answer that came as a whole.
    pub(super) fn event(&self, body: impl AsRef<[u8]>) -> Value {
        event(self.observe([body], End::Complete))
    }
}

/// The event as JSON, without what is the same in every test here.
pub(super) fn event(observed: Observed) -> Value {
    let context = CallContext::new(Actor::user("u-1"));
    let draft = observed.event(&context, None, crate::ContentMode::None).build().unwrap();
    let mut event = serde_json::to_value(draft).unwrap();
    let map = event.as_object_mut().unwrap();
    assert_eq!(map.remove("actor"), Some(json!({"id": "u-1", "type": "user"})));
    let operation = map.get("ai").and_then(|ai| ai.get("operation")).cloned();
    assert_eq!(map.remove("action"), operation, "the action is the operation");
    event
}
