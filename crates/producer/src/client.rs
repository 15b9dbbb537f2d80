//! Records model calls made through [`reqwest`], with no code at the call site. Feature
//! `reqwest-middleware`; what is recorded and what never: `docs/ai-calls.md`.
//!
//! ```no_run
//! # async fn example(log: dayseal::AuditLog) -> Result<(), Box<dyn std::error::Error>> {
//! use dayseal::Actor;
//! use dayseal::ai::{CallContext, Provider};
//! use dayseal::client::AuditCalls;
//!
//! let audit = AuditCalls::builder(log.clone())
//!     .host("llm.internal:8080", Provider::openai_compatible("vllm"))
//!     .build()?;
//! let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(audit).build();
//!
//! let response = client
//!     .post("https://api.openai.com/v1/chat/completions")
//!     .with_extension(CallContext::new(Actor::user("u-17")).conversation("c-9"))
//!     .body(r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}]}"#)
//!     .send()
//!     .await?;
//! let answer = response.bytes().await?; // here the entry is written
//! # drop(answer);
//! # Ok(())
//! # }
//! ```
//!
//! One entry a call, when the last byte of the answer was taken, when it broke off, or when the caller
//! dropped it. Bytes pass through unchanged and as they come, streams too; nothing waits for the log.
//! Put it outside a middleware that retries for one entry a call, inside for one an attempt.

mod call;
mod tee;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Extensions;
use reqwest::{Request, Response, ResponseBuilderExt as _};
use reqwest_middleware::{Error, Middleware, Next};

use self::call::Call;
use self::tee::{RequestTee, Tee};
pub use crate::ContentMode;
use crate::ai::{CallContext, End, Provider, Recognized, Recognizer, RequestBody, RequestHead};
use crate::{Actor, AuditLog, OpenError};

/// Whether an entry `ai.generation.started` is written before the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// No. The call costs one entry.
    #[default]
    Off,
    /// Yes, accepted by the log: a call without an end is then noticed while the process lives.
    Accepted,
    /// Yes, and stored before the request is sent: a crash cannot hide a call. Costs a round trip to
    /// the store before each call.
    Stored,
}

/// What becomes of a call whose entry the log does not take: it is full or closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// It goes on. [`CallMetrics::refused`] counts it and a warning is logged.
    #[default]
    Pass,
    /// It fails: before it is sent if the intent is refused; else the body ends with an error in
    /// place of its end, [`NotRecorded`].
    Fail,
}

/// The log did not take the entry of a model call, and [`Refusal::Fail`] is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit log did not take the entry of this model call, as it {why}: {}", .sent.then_some(
    "the answer came, but is not to be used"
).unwrap_or("the request was not sent"))]
pub struct NotRecorded {
    pub(crate) why: &'static str,
    pub(crate) sent: bool,
}

impl NotRecorded {
    /// Whether the request had been sent.
    pub fn sent(&self) -> bool {
        self.sent
    }
}

/// What the middleware has done, since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallMetrics {
    /// Entries that the log took, intents included.
    pub recorded: u64,
    /// Entries that it did not take.
    pub refused: u64,
    /// Requests to known hosts that are no known call: look whether one should be.
    pub other_paths: u64,
    /// Questions after unfinished jobs, and finished responses read again: not recorded.
    pub polls: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) recorded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) other_paths: AtomicU64,
    pub(crate) polls: AtomicU64,
}

/// Settings of the middleware; see [`AuditCalls::builder`].
#[derive(Clone, Debug)]
pub struct AuditCallsBuilder {
    log: AuditLog,
    recognizer: Recognizer,
    actor: Actor,
    content: Option<ContentMode>,
    intent: Intent,
    refusal: Refusal,
    polls: bool,
}

impl AuditCallsBuilder {
    /// Adds a host, or `host:port`: a gateway, a private endpoint, a server that speaks OpenAI's API.
    #[must_use]
    pub fn host(mut self, host: &str, provider: Provider) -> Self {
        self.recognizer = self.recognizer.host(host, provider);
        self
    }

    /// Sets the most bytes of a body that are held to be read; default 4 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.recognizer = self.recognizer.body_limit(bytes);
        self
    }

    /// Records all other requests of this client too, as operation `other`. Default no.
    #[must_use]
    pub fn others(mut self, others: bool) -> Self {
        self.recognizer = self.recognizer.others(others);
        self
    }

    /// Sets who calls where a request has no [`CallContext`] with an actor; default the log's service.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// Sets what is recorded of prompts and answers.
    #[must_use]
    pub fn content(mut self, mode: ContentMode) -> Self {
        self.content = Some(mode);
        self
    }

    /// Sets whether the intent is recorded before the call; default off.
    #[must_use]
    pub fn intent(mut self, intent: Intent) -> Self {
        self.intent = intent;
        self
    }

    /// Sets what becomes of a call whose entry the log does not take; default it goes on.
    #[must_use]
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    /// Records questions after jobs that are not done yet, as `ai.generation.polled`, and finished
    /// responses that are read again. Default no: they come every few seconds and say nothing.
    #[must_use]
    pub fn polls(mut self, polls: bool) -> Self {
        self.polls = polls;
        self
    }

    /// Builds the middleware.
    ///
    /// # Errors
    /// [`OpenError::Missing`]: digests were asked for, and the log has no pseudonym keys.
    pub fn build(self) -> Result<AuditCalls, OpenError> {
        let keys = self.log.pseudonyms().is_some();
        let of_log = self.log.content_mode();
        let content = match self.content {
            Some(ContentMode::Digest) if !keys => {
                return Err(OpenError::Missing("pseudonyms, under whose keys digests are made"));
            }
            Some(ContentMode::Store) if of_log != ContentMode::Store => {
                return Err(OpenError::Missing(
                    "content mode `store`, which its model calls ask for",
                ));
            }
            mode => mode.unwrap_or(of_log),
        };
        let recognizer = self.recognizer.keep_content(content != ContentMode::None);
        Ok(AuditCalls {
            inner: Arc::new(Inner {
                log: self.log,
                recognizer,
                content,
                actor: self.actor,
                intent: self.intent,
                refusal: self.refusal,
                polls: self.polls,
                counters: Counters::default(),
            }),
        })
    }
}

/// Middleware that records model calls. Clones share their counters.
#[derive(Clone, Debug)]
pub struct AuditCalls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) log: AuditLog,
    recognizer: Recognizer,
    pub(crate) content: ContentMode,
    pub(crate) actor: Actor,
    intent: Intent,
    pub(crate) refusal: Refusal,
    pub(crate) polls: bool,
    pub(crate) counters: Counters,
}

impl AuditCalls {
    /// Settings for recording into `log`.
    pub fn builder(log: AuditLog) -> AuditCallsBuilder {
        let actor = Actor::service(log.service_name().to_owned());
        AuditCallsBuilder {
            log,
            recognizer: Recognizer::default(),
            actor,
            content: None,
            intent: Intent::default(),
            refusal: Refusal::default(),
            polls: false,
        }
    }

    /// What it has done so far.
    pub fn metrics(&self) -> CallMetrics {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.inner.counters;
        CallMetrics {
            recorded: count(&counters.recorded),
            refused: count(&counters.refused),
            other_paths: count(&counters.other_paths),
            polls: count(&counters.polls),
        }
    }

    fn recognize(&self, request: &Request) -> Recognized {
        let url = request.url();
        let head = RequestHead {
            method: request.method().as_str(),
            host: url.host_str().unwrap_or_default(),
            port: url.port(),
            path: url.path(),
            headers: request.headers(),
        };
        let body = match request.body().map(reqwest::Body::as_bytes) {
            Some(None) => RequestBody::Streamed,
            bytes => RequestBody::Bytes(bytes.flatten().unwrap_or_default()),
        };
        self.inner.recognizer.request(&head, body)
    }
}

#[async_trait::async_trait]
impl Middleware for AuditCalls {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let observation = match self.recognize(&request) {
            Recognized::Call(observation) => *observation,
            Recognized::OtherHost => return next.run(request, extensions).await,
            Recognized::OtherPath => {
                self.inner.counters.other_paths.fetch_add(1, Ordering::Relaxed);
                return next.run(request, extensions).await;
            }
        };
        let context = extensions.get::<CallContext>().cloned().unwrap_or_default();
        let context = context.traced(request.headers());
        let mut call = Call::new(self.inner.clone(), observation, context);
        call.intent(self.inner.intent).await.map_err(Error::middleware)?;
        if let Some(body) = request.body_mut().take_if(|body| body.as_bytes().is_none()) {
            let tee = RequestTee::new(body, call.sent(), self.inner.recognizer.limit());
            *request.body_mut() = Some(reqwest::Body::wrap(tee));
        }

        // Dropped while it waits here, `call` writes its entry.
        let response = match next.run(request, extensions).await {
            Ok(response) => response,
            Err(error) => {
                // The call failed already: its own error says more than a refusal.
                let _ = call.finish(end_of(&error));
                return Err(error);
            }
        };
        call.head(response.status().as_u16(), response.headers());

        let url = response.url().clone();
        let (mut parts, body) = http::Response::from(response).into_parts();
        // The URL of a `reqwest::Response` travels in an extension that only this builder makes.
        if let Ok(with_url) = http::Response::builder().url(url).body(()) {
            parts.extensions.extend(with_url.into_parts().0.extensions);
        }
        let body = reqwest::Body::wrap(Tee::new(body, call));
        Ok(http::Response::from_parts(parts, body).into())
    }
}

/// No text of an error is taken: it holds the URL with its query.
fn end_of(error: &Error) -> End {
    match error {
        Error::Middleware(_) => End::Failed("middleware"),
        Error::Reqwest(error) => end_of_transport(error),
    }
}

pub(crate) fn end_of_transport(error: &reqwest::Error) -> End {
    if error.is_connect() {
        End::Failed("connect")
    } else if error.is_timeout() {
        End::TimedOut
    } else if error.is_builder() {
        End::Failed("request_invalid")
    } else if error.is_redirect() {
        End::Failed("redirect")
    } else {
        End::Failed("connection_lost")
    }
}
