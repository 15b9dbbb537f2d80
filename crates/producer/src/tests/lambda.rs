//! The layer around a Lambda handler.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use dayseal_format::event::{Actor, Event, Reason};
use futures_util::FutureExt as _;
use lambda_runtime::{Config, Context, Diagnostic, LambdaEvent, service_fn};
use tower_layer::Layer;
use tower_service::Service;

use super::NOON;
use super::operation::{fixture, full, line, lines};
use crate::Ending;
use crate::lambda::{AuditError, AuditLayer};

const STARTED: (&str, &str, Option<&str>) = ("function.invocation.started", "deferred", None);
const COMPLETED: (&str, &str, Option<&str>) = ("function.invocation.completed", "success", None);

/// An invocation that has ten seconds.
fn invocation(id: &str) -> LambdaEvent<u32> {
    let mut context = Context::default();
    context.request_id = id.to_owned();
    context.deadline = NOON.unsigned_abs() + 10_000;
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:1:function:video".to_owned();
    let trace = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    context.xray_trace_id = Some(trace.to_owned());
    context.tenant_id = Some("acme".to_owned());
    context.env_config = Arc::new(Config {
        function_name: "video".to_owned(),
        memory: 256,
        version: "7".to_owned(),
        log_stream: "2026/11/20/[7]abc".to_owned(),
        ..Config::default()
    });
    LambdaEvent::new(7, context)
}

async fn double(event: LambdaEvent<u32>) -> Result<u32, Infallible> {
    Ok(event.payload * 2)
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_stored_before_its_response_is_handed_over() {
    let f = fixture();
    f.store.hold();
    let mut service = AuditLayer::new(f.log.clone()).layer(service_fn(double));
    let mut answer = service.call(invocation("r-1"));
    assert!(
        tokio::time::timeout(Duration::from_secs(2), &mut answer).await.is_err(),
        "no response while the store waits"
    );
    assert!(f.store.objects().is_empty());
    f.store.let_through(100);
    assert_eq!(answer.await.unwrap(), 14);
    let stored: Vec<_> = f.stored().await.into_iter().flat_map(|b| b.events).collect();
    assert_eq!(lines(&stored), [STARTED, COMPLETED], "both, and before the log is closed");
}

#[tokio::test(start_paused = true)]
async fn what_lambda_tells_is_recorded() {
    let f = fixture();
    let log = f.log.clone();
    let handler = move |event: LambdaEvent<u32>| {
        let log = log.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            log.audited("inner").run(async { Ok::<_, crate::NotStarted>(event.payload) }).await
        }
    };
    let layer = AuditLayer::new(f.log.clone())
        .actor(|event: &LambdaEvent<u32>| Some(Actor::user(format!("u-{}", event.payload))))
        .action("render");
    let mut service = layer.layer(service_fn(handler));
    service.call(invocation("r-1")).await.unwrap();
    service.call(invocation("r-2")).await.unwrap();
    let entries = f.entries().await;
    let own: Vec<&Event> = entries.iter().filter(|e| e.action == "render").collect();
    let cold: Vec<_> = own.iter().map(|e| e.function.as_ref().unwrap().cold_start).collect();
    assert_eq!(cold, [Some(true), Some(true), Some(false), Some(false)]);
    let end = own[1];
    let function = end.function.as_ref().unwrap();
    assert_eq!(function.name.as_deref(), Some("video"));
    assert_eq!(function.version.as_deref(), Some("7"));
    assert_eq!(function.arn.as_deref(), Some("arn:aws:lambda:eu-west-1:1:function:video"));
    assert_eq!(function.execution.as_deref(), Some("r-1"));
    assert_eq!(function.instance.as_deref(), Some("2026/11/20/[7]abc"));
    assert_eq!(function.memory_mb, Some(256));
    assert_eq!(end.source.as_ref().unwrap().request_id.as_deref(), Some("r-1"));
    assert_eq!((&*end.actor.id, &*end.tenant), ("u-7", "acme"));
    assert_eq!(end.duration_ms, Some(1_000));
    assert_eq!(end.labels["lambda.deadline"], "2026-11-20T12:00:10.000Z");
    let trace = end.trace.as_ref().unwrap();
    assert_eq!(trace.trace_id.as_deref(), Some("1-67891233-abcdef012345678912345678"));
    assert_eq!(trace.parent_id.as_deref(), Some("53995c3f42cd8ad8"));
    let inner = entries.iter().find(|e| e.action == "inner").unwrap();
    assert_eq!(inner.correlation.as_ref().unwrap().parent_event, Some(own[0].id));
    assert_eq!(inner.function, own[0].function);
    assert_eq!(inner.actor.id, "u-7");
}

#[tokio::test(start_paused = true)]
async fn an_error_is_recorded_and_stays_the_handlers_own() {
    let f = fixture();
    let handler = |_: LambdaEvent<u32>| async { Err::<u32, _>("patient Miller") };
    let layer = AuditLayer::new(f.log.clone())
        .explain(|_: &&'static str| Ending::blocked(Reason::new("policy")));
    let error = layer.layer(service_fn(handler)).call(invocation("r-1")).await.unwrap_err();
    assert!(matches!(&error, AuditError::Handler(_)));
    assert_eq!(Diagnostic::from(error).error_message, "patient Miller");
    let ended = ("function.invocation.blocked", "blocked", Some("policy"));
    assert_eq!(lines(&f.entries().await), [STARTED, ended]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_stored_and_goes_on() {
    let f = fixture();
    let handler = |event: LambdaEvent<u32>| async move {
        if event.payload > 0 {
            std::panic::panic_any(7_u8);
        }
        Ok::<_, Infallible>(0)
    };
    let mut service = AuditLayer::new(f.log.clone()).layer(service_fn(handler));
    let panic = AssertUnwindSafe(service.call(invocation("r-1"))).catch_unwind().await;
    assert_eq!(panic.unwrap_err().downcast_ref::<u8>(), Some(&7));
    let stored: Vec<_> = f.stored().await.into_iter().flat_map(|b| b.events).collect();
    let ended = ("function.invocation.failed", "failure", Some("panic"));
    assert_eq!(lines(&stored), [STARTED, ended]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_store_fails_the_invocation_unless_an_answer_is_preferred() {
    let f = fixture();
    f.store.broken(true);
    let layer = AuditLayer::new(f.log.clone());
    let error = layer.layer(service_fn(double)).call(invocation("r-1")).await.unwrap_err();
    assert!(matches!(&error, AuditError::NotStored(_)), "{error:?}");
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.error_type, "Dayseal.NotStored");
    assert!(diagnostic.error_message.contains("scripted"), "{}", diagnostic.error_message);
    let mut lenient = layer.answer_unrecorded().layer(service_fn(double));
    assert_eq!(lenient.call(invocation("r-2")).await.unwrap(), 14);
    f.store.broken(false);
    assert_eq!(lenient.call(invocation("r-3")).await.unwrap(), 14);
    let stored: Vec<_> = f.stored().await.into_iter().flat_map(|b| b.events).collect();
    assert_eq!(stored.len(), 6, "what was not stored is kept and tried again");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_takes_no_more_than_the_time_there_is() {
    let f = fixture();
    f.store.hold();
    let before = tokio::time::Instant::now();
    let mut service = AuditLayer::new(f.log.clone()).layer(service_fn(double));
    let error = service.call(invocation("r-1")).await.unwrap_err();
    assert!(matches!(&error, AuditError::TimedOut { .. }), "{error:?}");
    assert_eq!(before.elapsed(), Duration::from_millis(9_500), "half a second before the deadline");
}

#[tokio::test(start_paused = true)]
async fn in_full_memory_the_handler_does_not_run_unless_an_answer_is_preferred() {
    let f = full().await;
    let ran = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = ran.clone();
    let handler = move |_: LambdaEvent<u32>| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::future::ready(Ok::<_, Infallible>(1))
    };
    let layer = AuditLayer::new(f.log.clone());
    let error = layer.layer(service_fn(handler.clone())).call(invocation("r-1")).await;
    let error = error.unwrap_err();
    assert!(matches!(&error, AuditError::NotStarted(_)), "{error:?}");
    assert_eq!(Diagnostic::from(error).error_type, "Dayseal.NotStarted");
    assert_eq!(ran.load(std::sync::atomic::Ordering::SeqCst), 0);
    let mut lenient = layer.answer_unrecorded().layer(service_fn(handler));
    assert_eq!(lenient.call(invocation("r-2")).await.unwrap(), 1);
    f.store.let_through(1_000);
    let losses = f.entries().await.into_iter().filter(|e| e.kind == "log.loss").count();
    assert_eq!(losses, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_still_runs_near_its_deadline_is_stored_as_timed_out() {
    let f = fixture();
    let slow = |_: LambdaEvent<u32>| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, Infallible>(1)
    };
    let mut service = AuditLayer::new(f.log.clone()).layer(service_fn(slow));
    let answer = service.call(invocation("r-1"));
    // Lambda ends the process at the deadline: nothing after it runs, not even a drop.
    let mut answer = std::mem::ManuallyDrop::new(answer);
    assert!(tokio::time::timeout(Duration::from_millis(9_999), &mut *answer).await.is_err());
    let stored: Vec<_> = f.stored().await.into_iter().flat_map(|b| b.events).collect();
    let timed_out = ("function.invocation.failed", "unknown", Some("timeout"));
    assert_eq!(lines(&stored), [STARTED, timed_out]);
    assert_eq!(stored[1].duration_ms, Some(9_000), "a second before the deadline");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_makes_it_after_all_is_completed_too() {
    let f = fixture();
    let slow = |_: LambdaEvent<u32>| async {
        tokio::time::sleep(Duration::from_millis(9_200)).await;
        Ok::<_, Infallible>(1)
    };
    let mut service = AuditLayer::new(f.log.clone()).layer(service_fn(slow));
    assert_eq!(service.call(invocation("r-1")).await.unwrap(), 1);
    let entries = f.entries().await;
    let timed_out = ("function.invocation.failed", "unknown", Some("timeout"));
    assert_eq!(lines(&entries), [STARTED, timed_out, COMPLETED]);
    assert_eq!(entries[1].trace, entries[2].trace, "one span");
    assert_ne!(entries[1].id, entries[2].id);
}

#[tokio::test(start_paused = true)]
async fn entries_keep_their_own_ids_when_the_start_was_lost() {
    let f = full().await;
    let store = f.store.clone();
    let slow = move |_: LambdaEvent<u32>| {
        let store = store.clone();
        async move {
            store.let_through(1_000);
            tokio::time::sleep(Duration::from_millis(9_200)).await;
            Ok::<_, Infallible>(1)
        }
    };
    let layer = AuditLayer::new(f.log.clone()).answer_unrecorded();
    layer.layer(service_fn(slow)).call(invocation("r-1")).await.unwrap();
    let entries = f.entries().await;
    let own = entries.iter().filter(|e| e.action == "invoke").collect::<Vec<_>>();
    let timed_out = ("function.invocation.failed", "unknown", Some("timeout"));
    assert_eq!([line(own[0]), line(own[1])], [timed_out, COMPLETED]);
    assert_ne!(own[0].id, own[1].id);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_invocation_is_found_and_stored_by_the_next() {
    let f = fixture();
    let handler = |event: LambdaEvent<u32>| async move {
        if event.context.request_id == "r-1" {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Ok::<_, Infallible>(1)
    };
    let mut service = AuditLayer::new(f.log.clone()).layer(service_fn(handler));
    drop(tokio::time::timeout(Duration::from_secs(1), service.call(invocation("r-1"))).await);
    service.call(invocation("r-2")).await.unwrap();
    let stored: Vec<_> = f.stored().await.into_iter().flat_map(|b| b.events).collect();
    let dropped = ("function.invocation.failed", "unknown", Some("cancelled"));
    assert_eq!(lines(&stored), [STARTED, dropped, STARTED, COMPLETED]);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ended_in_an_invocation_is_told_of_at_the_next_cold_start() {
    let home = tempfile::tempdir().unwrap();
    let f = fixture();
    let slow = |_: LambdaEvent<u32>| async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(1)
    };
    let layer = AuditLayer::new(f.log.clone()).remember_in(home.path());
    let mut service = layer.layer(service_fn(slow));
    let answer = service.call(invocation("r-1"));
    let mut killed = std::mem::ManuallyDrop::new(answer);
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut *killed).await.is_err());

    let next = fixture();
    let layer = AuditLayer::new(next.log.clone()).remember_in(home.path());
    let mut service = layer.layer(service_fn(double));
    service.call(invocation("r-2")).await.unwrap();
    drop(layer.layer(service_fn(double)));
    let entries = next.entries().await;
    let lost = ("function.invocation.failed", "unknown", Some("not_ended"));
    assert_eq!(lines(&entries), [lost, STARTED, COMPLETED], "once, and nothing of r-2");
    let started = f.entries().await.into_iter().find(|e| line(e) == STARTED).unwrap();
    assert_eq!(entries[0].correlation.as_ref().unwrap().parent_event, Some(started.id));
    assert_eq!(entries[0].function.as_ref().unwrap().execution.as_deref(), Some("r-1"));
    assert_eq!(entries[0].trace.as_ref().unwrap().span_id, started.trace.as_ref().unwrap().span_id);
    assert_eq!(entries[0].time, started.time);
}

#[tokio::test(start_paused = true)]
async fn a_durable_start_is_stored_before_the_handler_runs() {
    let f = fixture();
    let store = f.store.clone();
    let handler = move |_: LambdaEvent<u32>| {
        let stored = store.objects().len();
        async move { Ok::<_, Infallible>(u32::try_from(stored).unwrap()) }
    };
    let layer = AuditLayer::new(f.log.clone());
    assert_eq!(layer.layer(service_fn(handler.clone())).call(invocation("r-1")).await.unwrap(), 0);
    let mut durable = layer.durable_start().layer(service_fn(handler));
    assert_eq!(durable.call(invocation("r-2")).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_breaks_a_rule_stops_the_handler_or_is_not_recorded() {
    let f = fixture();
    let layer = AuditLayer::new(f.log.clone()).actor(|_: &LambdaEvent<u32>| Some(Actor::user("")));
    let error = layer.layer(service_fn(double)).call(invocation("r-1")).await.unwrap_err();
    assert!(matches!(&error, AuditError::NotStarted(_)), "{error:?}");
    let mut lenient = layer.answer_unrecorded().layer(service_fn(double));
    assert_eq!(lenient.call(invocation("r-2")).await.unwrap(), 14);
    assert!(f.entries().await.is_empty());
}
