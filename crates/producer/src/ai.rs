//! Recognises calls of models in HTTP traffic: heads and bytes in, an [`AiCall`](crate::AiCall) and a
//! verdict out. No HTTP client, no I/O, no clock: the feature `reqwest-middleware` uses it, and so can
//! any other client. What is recognised, and from where each field comes: `docs/ai-calls.md`.
//!
//! Never looked at: `Authorization` and all other headers of a request but `traceparent` and
//! Bedrock's guardrail, and query strings. Never kept: messages of errors, which quote prompts and
//! keys. Nothing a server sends can make it fail: what cannot be read is said so.
//!
//! ```
//! use dayseal::ai::{End, Recognized, Recognizer, RequestBody, RequestHead};
//! use http::HeaderMap;
//!
//! let recognizer = Recognizer::default();
//! let headers = HeaderMap::new();
//! let head = RequestHead {
//!     method: "POST",
//!     host: "api.openai.com",
//!     port: None,
//!     path: "/v1/chat/completions",
//!     headers: &headers,
//! };
//! let body = br#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}]}"#;
//! let Recognized::Call(mut call) = recognizer.request(&head, RequestBody::Bytes(body)) else {
//!     panic!("a chat completion")
//! };
//! call.response(200, &headers);
//! call.data(br#"{"model":"gpt-4o-2024-08-06","choices":[{"index":0,"#); // any cut
//! call.data(br#""message":{"content":"Hi."},"finish_reason":"stop"}]}"#);
//!
//! let observed = call.finish(End::Complete);
//! assert_eq!(observed.call.model_answered.as_deref(), Some("gpt-4o-2024-08-06"));
//! assert_eq!(observed.call.finish, ["stop"]);
//! assert_eq!(observed.input.unwrap().bytes(), 6);
//! ```

mod anthropic;
mod bedrock;
mod context;
mod facts;
mod form;
mod frames;
mod hosts;
mod json;
mod kling;
mod observation;
mod openai;
mod prompt;
mod rates;
mod route;
mod sse;
mod text;
mod verdict;

#[cfg(test)]
mod tests;

use http::HeaderMap;

pub use self::context::CallContext;
pub use self::facts::Captured;
pub use self::hosts::Provider;
pub use self::observation::{Observation, RequestBody};
pub use self::verdict::{End, Observed};

use self::hosts::{Dialect, Hosts};
use self::route::Route;

/// The head of a request, as far as it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// `POST`.
    pub method: &'a str,
    /// Host name, without port.
    pub host: &'a str,
    /// Port, where the URL names one.
    pub port: Option<u16>,
    /// Path, still percent-encoded. What follows a `?` is not looked at.
    pub path: &'a str,
    /// Headers; see the [module](self) for those that are looked at.
    pub headers: &'a HeaderMap,
}

/// What a request is.
#[derive(Debug)]
pub enum Recognized {
    /// A model call.
    Call(Box<Observation>),
    /// Something else at a host that is known: a list of models, an upload, or an API too new.
    OtherPath,
    /// Nothing that is known.
    OtherHost,
}

/// Tells model calls from other requests. Knows OpenAI, Azure OpenAI, Anthropic, Amazon Bedrock and
/// Kling AI by their hosts; others by [`Recognizer::host`].
#[derive(Clone, Debug)]
pub struct Recognizer {
    hosts: Hosts,
    limit: usize,
    keep: bool,
    others: bool,
}

impl Default for Recognizer {
    fn default() -> Self {
        Self { hosts: Hosts::default(), limit: 4 * 1024 * 1024, keep: false, others: false }
    }
}

impl Recognizer {
    /// Adds a host, or `host:port`, which is looked for first. Replaces a built-in one.
    #[must_use]
    pub fn host(mut self, host: &str, provider: Provider) -> Self {
        self.hosts.insert(host, provider);
        self
    }

    /// Sets the most bytes of a body, of one event of a stream, and of a text kept; default 4 MiB. A
    /// call with a larger one is still told, with what its head says and that its body was not read.
    /// A call holds a few times as much at most.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The most bytes held of a body.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets whether prompts and answers are kept for [`Observed`], to make digests of them. By
    /// default only their sizes are.
    #[must_use]
    pub fn keep_content(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Sets whether every other request is told as a call too, with operation `other` and nothing
    /// read of its bodies: for clients that speak with models only. Default no.
    #[must_use]
    pub fn others(mut self, others: bool) -> Self {
        self.others = others;
        self
    }

    /// What a request is, by its head and, for a model call, its body.
    pub fn request(&self, head: &RequestHead<'_>, body: RequestBody<'_>) -> Recognized {
        let known = self.hosts.find(head.host, head.port);
        let other_host = known.is_none();
        let route = known.and_then(|provider| Route::find(provider, head.method, head.path));
        let route = match route {
            Some(route) => route,
            None if self.others => {
                Route::other(self.hosts.find(head.host, head.port).unwrap_or_else(|| Provider {
                    dialect: Dialect::Unknown,
                    ..Provider::openai_compatible(head.host)
                }))
            }
            None if other_host => return Recognized::OtherHost,
            None => return Recognized::OtherPath,
        };
        let call = Observation::new(route, head.headers, body, self.limit, self.keep);
        Recognized::Call(Box::new(call))
    }
}
