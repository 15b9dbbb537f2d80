//! A tower layer for HTTP services (axum, hyper): one entry a request, written when the body of the
//! response has ended or was dropped.
//!
//! ```
//! use axum::extract::MatchedPath;
//! use axum::{Router, routing::get};
//! use dayseal::http::AuditLayer;
//! use dayseal::{Actor, AuditLog};
//!
//! # fn example(log: AuditLog) -> Router {
//! #[derive(Clone)]
//! struct Login(String); // from your authentication, which runs before this layer
//!
//! let audit = AuditLayer::new(log)
//!     .actor(|request| request.extensions.get::<Login>().map(|login| Actor::user(&login.0)))
//!     .route(|request| request.extensions.get::<MatchedPath>().map(|path| path.as_str().into()))
//!     .trusted_proxies(1)
//!     .skip(|request| request.uri.path() == "/health");
//! Router::new().route("/videos/{id}", get(|| async { "…" })).layer(audit)
//! # }
//! ```
//!
//! | status | outcome | type |
//! | --- | --- | --- |
//! | 1xx, 2xx, 3xx | `success` | `http.request.completed` |
//! | 401, 403 | `blocked` | `http.request.blocked` |
//! | all others | `failure` | `http.request.failed` |
//! | any, but the client went away first | `unknown`, `reason.code` `cancelled` | `http.request.failed` |
//!
//! Recorded: method and route (`action`, such as `GET /videos/{id}`), status (`reason.code` where it is
//! no success, and a label), bytes of the response's body, duration to its end, actor, client address, user agent, request id, and the
//! caller's W3C `traceparent`. Never the query string, headers beyond these, or bodies. What handlers
//! record names the request as its cause; [`Operation::current`](crate::Operation::current) says more
//! in the request's entry, its actor too.

mod body;
mod request;
mod service;

pub use body::AuditedBody;
pub use service::{AuditService, ResponseFuture};

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderName;
use ::http::request::Parts;
use dayseal_format::event::{Actor, Resource};

use crate::AuditLog;

/// The labels that this layer writes, for a log that only takes declared ones.
pub const LABELS: [&str; 3] = [METHOD, STATUS, BODY_SIZE];

// OpenTelemetry's names.
const METHOD: &str = "http.request.method";
const STATUS: &str = "http.response.status_code";
const BODY_SIZE: &str = "http.response.body.size";

type Hook<T> = Arc<dyn Fn(&Parts) -> Option<T> + Send + Sync>;

/// Records requests; see the [module](self).
///
/// Requests are served whether or not they can be recorded. In full memory the end of a response
/// waits for room ([`AuditLayer::patience`]); what finds none is counted, and told of by a `log.loss`
/// entry. Where a request must not be served unrecorded, use [`AuditLog::audited`] in its handler.
#[derive(Clone)]
pub struct AuditLayer {
    log: AuditLog,
    settings: Settings,
}

#[derive(Clone)]
struct Settings {
    actor: Option<Hook<Actor>>,
    resource: Option<Hook<Resource>>,
    route: Option<Hook<String>>,
    peer: Option<Hook<IpAddr>>,
    skip: Option<Hook<()>>,
    proxies: usize,
    request_id: HeaderName,
    patience: Duration,
}

impl AuditLayer {
    /// A layer that records in `log`.
    pub fn new(log: AuditLog) -> Self {
        let settings = Settings {
            actor: None,
            resource: None,
            route: None,
            peer: None,
            skip: None,
            proxies: 0,
            request_id: HeaderName::from_static("x-request-id"),
            patience: Duration::from_secs(10),
        };
        Self { log, settings }
    }

    /// Says who asks, mostly from an extension that authentication has put there. `None`, and the
    /// default, is the user `anonymous`. An actor that the schema refuses is recorded as `refused`.
    #[must_use]
    pub fn actor(
        mut self,
        actor: impl Fn(&Parts) -> Option<Actor> + Send + Sync + 'static,
    ) -> Self {
        self.settings.actor = Some(Arc::new(actor));
        self
    }

    /// Says what the request is about.
    #[must_use]
    pub fn resource(
        mut self,
        resource: impl Fn(&Parts) -> Option<Resource> + Send + Sync + 'static,
    ) -> Self {
        self.settings.resource = Some(Arc::new(resource));
        self
    }

    /// Says which route matched. `None`, and the default, records the path as it came: then what
    /// stands in paths (names, addresses) stands in the log, as far as redaction leaves it.
    #[must_use]
    pub fn route(
        mut self,
        route: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.settings.route = Some(Arc::new(route));
        self
    }

    /// Says who is at the other end of the connection; in axum, from `ConnectInfo`. The client's
    /// address where no proxy is trusted.
    #[must_use]
    pub fn peer(mut self, peer: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.settings.peer = Some(Arc::new(peer));
        self
    }

    /// How many proxies stand before this service, each of which adds to `X-Forwarded-For` the
    /// address it was called from. The client's address is the one that the outermost of them added:
    /// that many from the right. What stands left of it is the client's own word, and not believed.
    /// Default 0: the header is not looked at.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: usize) -> Self {
        self.settings.proxies = proxies;
        self
    }

    /// The header that holds the request's identifier. Default `x-request-id`.
    #[must_use]
    pub fn request_id(mut self, header: HeaderName) -> Self {
        self.settings.request_id = header;
        self
    }

    /// Which requests are not recorded, such as health checks.
    #[must_use]
    pub fn skip(mut self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.settings.skip = Some(Arc::new(move |request| skip(request).then_some(())));
        self
    }

    /// How long the end of a response waits for room in memory. Default 10 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience;
        self
    }
}

impl fmt::Debug for AuditLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLayer").field("log", &self.log).finish_non_exhaustive()
    }
}

impl<S> tower_layer::Layer<S> for AuditLayer {
    type Service = AuditService<S>;

    fn layer(&self, inner: S) -> AuditService<S> {
        AuditService::new(inner, self.clone())
    }
}
