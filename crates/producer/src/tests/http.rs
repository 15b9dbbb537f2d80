//! The layer around an HTTP service, with axum inside.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::MatchedPath;
use axum::routing::get;
use dayseal_format::event::{Actor, Event, Resource};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::{Request, Response, StatusCode};
use tower_service::Service as _;

use super::operation::{fixture, full, lines};
use super::{Fixture, NOON};
use crate::http::{AuditLayer, LABELS};
use crate::privacy::{Labels, Settings};
use crate::{Limits, NotStarted, Operation};

/// What authentication would leave.
#[derive(Clone)]
struct Login(&'static str);

fn layer(f: &Fixture) -> AuditLayer {
    AuditLayer::new(f.log.clone())
        .actor(|request| request.extensions.get::<Login>().map(|login| Actor::user(login.0)))
        .route(|request| request.extensions.get::<MatchedPath>().map(|path| path.as_str().into()))
        .skip(|request| request.uri.path() == "/health")
}

fn router(layer: AuditLayer) -> Router {
    let chunks = || stream::iter((0..3).map(|_| Ok::<_, Infallible>(Bytes::from_static(b"12345"))));
    let broken = || stream::iter([Ok(Bytes::from_static(b"12")), Err(std::io::Error::other("x"))]);
    Router::new()
        .route("/videos/{id}", get(|| async { "a video" }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/stream", get(move || async move { Body::from_stream(chunks()) }))
        .route("/broken", get(move || async move { Body::from_stream(broken()) }))
        .route("/denied", get(|| async { StatusCode::FORBIDDEN }))
        .route("/moved", get(|| async { StatusCode::FOUND }))
        .route("/teapot", get(|| async { StatusCode::IM_A_TEAPOT }))
        .route("/panic", get(|| async { std::panic::panic_any(1_u8) as StatusCode }))
        .route("/slow", get(std::future::pending::<StatusCode>))
        .route("/health", get(|| async {}))
        .layer(layer)
}

async fn send(router: &mut Router, path: &str) -> Response<Body> {
    send_request(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn send_request(router: &mut Router, request: Request<Body>) -> Response<Body> {
    router.as_service().call(request).await.unwrap()
}

async fn read(response: Response<Body>) -> usize {
    to_bytes(response.into_body(), usize::MAX).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_request_is_one_entry_and_its_query_is_not_in_it() {
    let f = fixture();
    let layer = layer(&f).peer(|_| Some("203.0.113.9".parse::<IpAddr>().unwrap()));
    let request = Request::get("/videos/17?token=hush")
        .extension(Login("u-17"))
        .header("user-agent", "acme/1")
        .header("x-request-id", "r-1")
        .header("x-forwarded-for", "6.6.6.6")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .body(Body::empty());
    let response = send_request(&mut router(layer), request.unwrap()).await;
    assert_eq!(f.log.metrics().recorded, 0, "the body has not ended");
    assert_eq!(read(response).await, 7);
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [("http.request.completed", "success", None)]);
    let entry = &entries[0];
    assert_eq!((&*entry.action, &*entry.actor.id), ("GET /videos/{id}", "u-17"));
    assert_eq!(entry.labels["http.request.method"], "GET");
    assert_eq!(entry.labels["http.response.status_code"], "200");
    assert_eq!(entry.labels["http.response.body.size"], "7");
    let source = entry.source.as_ref().unwrap();
    assert_eq!(source.address.as_deref(), Some("203.0.113.0/24"), "the peer's, as a network");
    assert_eq!(source.request_id.as_deref(), Some("r-1"));
    assert_eq!(source.user_agent.as_deref(), Some("acme/1"));
    let trace = entry.trace.as_ref().unwrap();
    assert_eq!(trace.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(trace.parent_id.as_deref(), Some("00f067aa0ba902b7"));
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    assert!(!String::from_utf8(bytes).unwrap().contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn the_status_says_how_it_ended() {
    let f = fixture();
    let mut router = router(layer(&f));
    for path in ["/empty", "/moved", "/denied", "/teapot", "/nowhere?a=b"] {
        read(send(&mut router, path).await).await;
    }
    let entries = f.entries().await;
    assert_eq!(
        lines(&entries),
        [
            ("http.request.completed", "success", None),
            ("http.request.completed", "success", None),
            ("http.request.blocked", "blocked", Some("403")),
            ("http.request.failed", "failure", Some("418")),
            ("http.request.failed", "failure", Some("404")),
        ]
    );
    assert_eq!(entries[4].action, "GET /nowhere", "the path where no route matched");
    assert_eq!(entries[4].actor.id, "anonymous");
}

#[tokio::test(start_paused = true)]
async fn the_entry_comes_with_the_end_of_the_body() {
    let f = fixture();
    let response = send(&mut router(layer(&f)), "/stream").await;
    let mut body = response.into_body().into_data_stream();
    for _ in 0..3 {
        body.next().await.unwrap().unwrap();
        assert_eq!(f.log.metrics().recorded, 0);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(body.next().await.is_none());
    assert_eq!(f.log.metrics().recorded, 1, "before the end is told");
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [("http.request.completed", "success", None)]);
    assert_eq!(entries[0].labels["http.response.body.size"], "15");
    assert_eq!(entries[0].duration_ms, Some(2_000));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_or_breaks_says_so() {
    let f = fixture();
    let mut router = router(layer(&f));
    let mut body = send(&mut router, "/stream").await.into_body().into_data_stream();
    body.next().await.unwrap().unwrap();
    drop(body);
    let mut body = send(&mut router, "/broken").await.into_body().into_data_stream();
    assert!(body.next().await.unwrap().is_ok() && body.next().await.unwrap().is_err());
    drop(body);
    let entries = f.entries().await;
    let code = std::any::type_name::<axum::Error>();
    assert_eq!(
        lines(&entries),
        [
            ("http.request.failed", "unknown", Some("cancelled")),
            ("http.request.failed", "failure", Some(code)),
        ]
    );
    assert_eq!(entries[0].labels["http.response.body.size"], "5");
}

#[tokio::test(start_paused = true)]
async fn what_is_whole_is_no_cancellation() {
    let f = fixture();
    let mut router = router(layer(&f));
    // A server asks for no frame after the last byte that the length announces,
    let mut body = send(&mut router, "/videos/1").await.into_body().into_data_stream();
    body.next().await.unwrap().unwrap();
    drop(body);
    // and for none at all of an answer to HEAD.
    let head = Request::head("/stream").body(Body::empty()).unwrap();
    drop(send_request(&mut router, head).await);
    let success = ("http.request.completed", "success", None);
    assert_eq!(lines(&f.entries().await), [success, success]);
}

#[tokio::test(start_paused = true)]
async fn panics_and_clients_that_go_away_are_recorded() {
    let f = fixture();
    let mut router = router(layer(&f));
    let panic = AssertUnwindSafe(send(&mut router, "/panic")).catch_unwind().await;
    assert_eq!(panic.unwrap_err().downcast_ref::<u8>(), Some(&1));
    let gone = tokio::time::timeout(Duration::from_secs(1), send(&mut router, "/slow")).await;
    assert!(gone.is_err());
    let entries = f.entries().await;
    assert_eq!(
        lines(&entries),
        [
            ("http.request.failed", "failure", Some("panic")),
            ("http.request.failed", "unknown", Some("cancelled")),
        ]
    );
    assert_eq!(entries[1].duration_ms, Some(1_000));
}

/// A service that answers with no response at all.
struct Broken;

impl tower_service::Service<Request<()>> for Broken {
    type Response = Response<Body>;
    type Error = std::fmt::Error;
    type Future = std::future::Ready<Result<Response<Body>, std::fmt::Error>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::ready(Err(std::fmt::Error))
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_service_is_a_failure_known_by_its_type() {
    let f = fixture();
    let mut service = tower_layer::Layer::layer(&layer(&f), Broken);
    assert!(service.call(Request::get("/").body(()).unwrap()).await.is_err());
    let code = Some("core::fmt::Error");
    assert_eq!(lines(&f.entries().await), [("http.request.failed", "failure", code)]);
}

#[tokio::test(start_paused = true)]
async fn skipped_requests_are_served_and_not_recorded() {
    let f = fixture();
    let response = send(&mut router(layer(&f)), "/health").await;
    assert_eq!(response.status(), StatusCode::OK);
    read(response).await;
    assert!(f.entries().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn forwarded_addresses_are_believed_from_the_right_and_if_told_to() {
    let f = fixture();
    for layer in [layer(&f), layer(&f).trusted_proxies(1), layer(&f).trusted_proxies(2)] {
        let forwarded = "198.51.100.7, 192.0.2.7";
        let request = Request::get("/empty").header("x-forwarded-for", forwarded);
        send_request(&mut router(layer), request.body(Body::empty()).unwrap()).await;
    }
    let entries = f.entries().await;
    let addresses: Vec<_> =
        entries.iter().map(|e| e.source.as_ref().and_then(|s| s.address.as_deref())).collect();
    assert_eq!(addresses, [None, Some("192.0.2.0/24"), Some("198.51.100.0/24")]);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_records_is_inside_and_it_may_name_the_actor() {
    let f = fixture();
    let log = f.log.clone();
    let handler = move || async move {
        Operation::current().unwrap().actor(Actor::user("late"));
        log.audited("delete").run(async { Ok::<_, NotStarted>("done") }).await.unwrap()
    };
    let mut router = Router::new().route("/", get(handler)).layer(layer(&f));
    read(send(&mut router, "/").await).await;
    let entries = f.entries().await;
    let actors: Vec<_> = entries.iter().map(|e| &*e.actor.id).collect();
    assert_eq!(actors, ["late"; 3]);
    let [intent, _, request]: &[Event; 3] = entries.as_slice().try_into().unwrap();
    assert_eq!(intent.correlation.as_ref().unwrap().parent_event, Some(request.id));
    assert_eq!(request.correlation, None);
}

#[tokio::test(start_paused = true)]
async fn in_full_memory_the_end_waits_for_room_and_no_longer_than_it_may() {
    let f = full().await;
    let mut router = router(layer(&f).patience(Duration::from_secs(2)));
    let before = tokio::time::Instant::now();
    assert_eq!(read(send(&mut router, "/videos/1").await).await, 7);
    assert_eq!(before.elapsed().as_secs(), 2);
    assert_eq!(f.log.metrics().lost, 1);
    f.store.let_through(1_000);
    assert_eq!(f.entries().await.iter().filter(|e| e.kind == "log.loss").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_refuses_labels_has_the_request_without_them() {
    for (labels, expected) in [(Labels::declared(LABELS), 3), (Labels::declared(["team"]), 0)] {
        let settings = Settings::default().labels(labels.or_refuse());
        let f = Fixture::with(NOON, Limits::default(), false, settings);
        read(send(&mut router(layer(&f)), "/videos/1").await).await;
        let entries = f.entries().await;
        assert_eq!((entries.len(), entries[0].labels.len()), (1, expected));
        assert_eq!(entries[0].action, "GET /videos/{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn names_from_outside_cannot_break_the_entry() {
    let f = fixture();
    // Who chooses a name that the schema refuses does not escape the log.
    let layer = layer(&f)
        .actor(|_| Some(Actor::user("a\nb")))
        .resource(|_| Some(Resource::new("x".repeat(1_000))));
    let made_up = Request::builder().method("X".repeat(5_000).as_str()).uri("/empty");
    send_request(&mut router(layer), made_up.body(Body::empty()).unwrap()).await;
    let long = format!("/{}", "é".repeat(200).replace('é', "%C3%A9"));
    let agent = "x".repeat(5_000);
    let request = Request::get(&long).header("user-agent", &agent).header("x-request-id", &agent);
    send_request(&mut router(AuditLayer::new(f.log.clone())), request.body(Body::empty()).unwrap())
        .await;
    let entries = f.entries().await;
    let [refused, request]: &[Event; 2] = entries.as_slice().try_into().unwrap();
    assert_eq!((&*refused.actor.id, refused.resource.as_ref()), ("refused", None));
    assert_eq!(refused.labels["http.request.method"].len(), 32);
    assert_eq!(request.action.len(), 128);
    assert_eq!(request.source.as_ref().unwrap().user_agent.as_ref().unwrap().len(), 1_024);
    assert_eq!(request.source.as_ref().unwrap().request_id.as_ref().unwrap().len(), 256);
}
