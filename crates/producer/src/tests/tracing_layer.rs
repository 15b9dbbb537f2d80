//! `tracing` events and spans as entries.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use dayseal_format::event::{Actor, Event};
use futures_util::FutureExt as _;
use tracing::{Instrument as _, error, error_span, info, info_span, instrument};
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::{Registry, registry};

use super::operation::{fixture, full, lines};
use super::{Fixture, NOON};
use crate::privacy::{Labels, Settings};
use crate::tracing_layer::{AuditLayer, TargetError};
use crate::{Limits, NotStarted};

type Subscriber = Layered<AuditLayer, Registry>;

fn subscriber(f: &Fixture) -> Subscriber {
    registry().with(AuditLayer::new(f.log.clone()))
}

const RECORDED: (&str, &str, Option<&str>) = ("operation.recorded", "success", None);

/// Entries of what `record` does.
async fn entries(record: impl FnOnce()) -> Vec<Event> {
    let f = fixture();
    tracing::subscriber::with_default(subscriber(&f), record);
    f.entries().await
}

#[tokio::test(start_paused = true)]
async fn fields_by_the_schemas_names_and_all_others_are_labels() {
    let entries = entries(|| {
        info!(target: "audit", actor = "u-17", action = "text_to_video", outcome = "blocked",
            resource = "video", resource.id = "v-1", tenant = "acme", reason = "too long",
            reason.code = "quota", ai.provider = "kling", ai.usage.input = 150, ai.finish = "a, b",
            data_class = "pii,phi", source.request_id = %"r-1", department = "finance", tries = 3,
            share = 0.5, labels.team = "red", "message too");
        info!(target: "audit::deep", "a message alone");
        info!(target: "auditor", "not ours");
        info!("not ours either");
    })
    .await;
    assert_eq!(entries.len(), 2);
    let entry = &entries[0];
    assert_eq!(entry.kind, "operation.recorded");
    assert_eq!((&*entry.actor.id, entry.actor.kind.as_str()), ("u-17", "user"));
    assert_eq!((&*entry.action, entry.outcome.as_str()), ("text_to_video", "blocked"));
    assert_eq!(entry.resource.as_ref().unwrap().kind, "video");
    assert_eq!(entry.resource.as_ref().unwrap().id.as_deref(), Some("v-1"));
    assert_eq!(entry.tenant, "acme");
    let reason = entry.reason.as_ref().unwrap();
    assert_eq!((reason.code.as_deref(), reason.text.as_deref()), (Some("quota"), Some("too long")));
    let ai = entry.ai.as_ref().unwrap();
    assert_eq!((ai.provider.as_deref(), ai.usage.unwrap().input), (Some("kling"), Some(150)));
    assert_eq!(ai.finish, ["a", "b"]);
    assert_eq!(entry.data_class.len(), 2);
    assert_eq!(entry.source.as_ref().unwrap().request_id.as_deref(), Some("r-1"));
    let labels: Vec<_> = entry.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        labels,
        [
            ("department", "finance"),
            ("message", "message too"),
            ("share", "0.5"),
            ("team", "red"),
            ("tries", "3")
        ]
    );
    let alone = &entries[1];
    assert_eq!((&*alone.action, alone.labels.len()), ("a message alone", 0));
    assert_eq!(alone.actor, Actor::service("tests"));
}

#[tokio::test(start_paused = true)]
async fn what_a_field_does_not_take_is_a_label() {
    let entries = entries(|| {
        let long = "x".repeat(1_000);
        info!(target: "audit", action = "a", outcome = "ok", ai.usage.input = "many",
            ai.providr = "kling", reason = long, "type" = "log.started", action.b = "c",
            source.request_id = "", actor.colour = "red");
        error!(target: "audit", action = %"é".repeat(100), error.deep = true);
    })
    .await;
    assert_eq!(lines(&entries), [RECORDED, ("operation.recorded", "failure", None)]);
    let labels: Vec<_> = entries[0].labels.iter().map(|(k, v)| (&**k, v.len())).collect();
    assert_eq!(
        labels,
        [
            ("action.b", 1),
            ("actor.colour", 3),
            ("ai.providr", 5),
            ("ai.usage.input", 4),
            ("outcome", 2),
            ("reason.text", 256),
            ("source.request_id", 0),
            ("type", 11),
        ]
    );
    assert_eq!(entries[1].action, "recorded");
    assert_eq!(entries[1].labels["action"].len(), 200);
    assert_eq!(entries[1].labels["error.deep"], "true");
}

#[tokio::test(start_paused = true)]
async fn messages_and_actors_in_part() {
    let entries = entries(|| {
        info!(target: "audit", "{}", "x".repeat(200));
        info!(target: "audit", "");
        info!(target: "audit", { actor.session = "s-1" }, "a");
        info!(target: "audit", { actor = "root", "actor.type" = "admin" }, "a");
    })
    .await;
    assert_eq!((entries[0].action.len(), entries[0].labels["message"].len()), (128, 200));
    assert_eq!((&*entries[1].action, &*entries[1].labels["message"]), ("recorded", ""));
    assert_eq!(entries[2].actor, Actor::service("tests").session("s-1"));
    assert_eq!(entries[3].actor, Actor::admin("root"));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_refuses_labels_has_the_entry_without_them() {
    let settings = Settings::default().labels(Labels::declared(["team"]).or_refuse());
    let f = Fixture::with(NOON, Limits::default(), false, settings);
    tracing::subscriber::with_default(subscriber(&f), || {
        info!(target: "audit", action = "a", team = "red");
        info!(target: "audit", action = "b", team = "red", other = 1);
    });
    let entries = f.entries().await;
    assert_eq!(
        lines(&entries),
        [RECORDED, ("operation.recorded", "success", Some("labels_refused"))]
    );
    assert_eq!((entries[0].labels.len(), entries[1].labels.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn more_fields_than_labels_are_counted() {
    let entries = entries(|| {
        info!(target: "audit", action = "a", a1 = 1, a2 = 1, a3 = 1, a4 = 1, a5 = 1, a6 = 1,
            a7 = 1, a8 = 1, a9 = 1, b1 = 1, b2 = 1, b3 = 1, b4 = 1, b5 = 1, b6 = 1);
        let span = info_span!(target: "audit", "outer", c1 = 1, c2 = 1, c3 = 1, c4 = 1, c5 = 1,
            c6 = 1, c7 = 1, c8 = 1, c9 = 1, d1 = 1, d2 = 1, d3 = 1, d4 = 1, d5 = 1, d6 = 1);
        let _entered = span.enter();
        info!(target: "audit", action = "a", e1 = 1, e2 = 1, e3 = 1, e4 = 1, e5 = 1, e6 = 1,
            e7 = 1, e8 = 1, e9 = 1, f1 = 1, f2 = 1, f3 = 1, f4 = 1, f5 = 1, f6 = 1, f7 = 1,
            f8 = 1, f9 = 1, g1 = 1, g2 = 1);
    })
    .await;
    assert_eq!((entries[0].labels.len(), entries[1].labels.len()), (15, 32));
    assert_eq!(entries[1].labels["more_fields"], "4");
}

#[instrument(target = "audit", skip_all, fields(actor = "u-17", tenant = "acme"), err(Debug))]
async fn instrumented(fails: bool) -> Result<(), &'static str> {
    info!(target: "audit", action = "step", note = 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    if fails { Err("broken") } else { Ok(()) }
}

#[tokio::test(start_paused = true)]
async fn a_span_is_one_entry_and_what_lies_inside_has_its_fields() {
    let f = fixture();
    let _default = tracing::subscriber::set_default(subscriber(&f));
    instrumented(false).await.unwrap();
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [RECORDED, ("operation.ended", "unknown", None)]);
    let (step, span) = (&entries[0], &entries[1]);
    assert_eq!((&*step.action, &*span.action), ("step", "instrumented"));
    for entry in [step, span] {
        assert_eq!((&*entry.actor.id, &*entry.tenant), ("u-17", "acme"));
    }
    assert_eq!(span.labels.len(), 0, "an event's own fields stay its own");
    assert_eq!(span.duration_ms, Some(2_000));
    assert_eq!(span.time.as_millis(), NOON);
    assert_eq!(span.end_time.unwrap().as_millis(), NOON + 2_000);
    assert_eq!(step.correlation.as_ref().unwrap().parent_event, Some(span.id));
    assert_eq!(step.trace, span.trace);
    assert!(span.trace.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_makes_its_span_a_failure_and_no_other() {
    let f = fixture();
    let _default = tracing::subscriber::set_default(subscriber(&f));
    let outer = info_span!(target: "audit", "outer", outcome = tracing::field::Empty);
    async {
        instrumented(true).await.unwrap_err();
        tracing::Span::current().record("outcome", "success");
    }
    .instrument(outer)
    .await;
    let entries = f.entries().await;
    let actions: Vec<_> = entries.iter().map(|e| (&*e.action, e.outcome.as_str())).collect();
    assert_eq!(
        actions,
        [
            ("step", "success"),
            ("recorded", "failure"),
            ("instrumented", "failure"),
            ("outer", "success")
        ]
    );
    assert_eq!(entries[1].reason.as_ref().unwrap().text.as_deref(), Some("\"broken\""));
    let kinds: Vec<_> = entries[2..].iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["operation.failed", "operation.completed"]);
    let (inner, outer) = (&entries[2], &entries[3]);
    assert_eq!(inner.correlation.as_ref().unwrap().parent_event, Some(outer.id));
    let (inner, outer) = (inner.trace.as_ref().unwrap(), outer.trace.as_ref().unwrap());
    assert_eq!(inner.parent_id, outer.span_id);
    assert_eq!(inner.trace_id, outer.trace_id);
}

#[tokio::test(start_paused = true)]
async fn how_a_span_ended_is_not_said_of_what_lies_inside() {
    let entries = entries(|| {
        let span = info_span!(target: "audit", "outer", action = "order", outcome = "blocked",
            reason = "too much", reason.code = "quota", "type" = "shop.order.paid", team = "red");
        let _entered = span.enter();
        info!(target: "audit", action = "step");
        drop(info_span!(target: "audit", "inner"));
    })
    .await;
    assert_eq!(
        lines(&entries),
        [
            RECORDED,
            ("operation.ended", "unknown", None),
            ("shop.order.paid", "blocked", Some("quota")),
        ]
    );
    assert_eq!((&*entries[1].action, &*entries[2].action), ("inner", "order"));
    assert!(entries.iter().all(|entry| entry.labels["team"] == "red"));
}

#[tokio::test(start_paused = true)]
async fn panics_and_dropped_futures_close_their_spans() {
    let f = fixture();
    let _default = tracing::subscriber::set_default(subscriber(&f));
    let panics = async {
        if f.log.metrics().recorded == 0 {
            std::panic::panic_any(1_u8);
        }
    };
    let panics = panics.instrument(error_span!(target: "audit", "panics"));
    assert!(AssertUnwindSafe(panics).catch_unwind().await.is_err());
    let slow = std::future::pending::<()>().instrument(info_span!(target: "audit", "slow"));
    assert!(tokio::time::timeout(Duration::from_secs(1), slow).await.is_err());
    let entries = f.entries().await;
    assert_eq!(entries.len(), 2);
    assert_eq!((&*entries[1].action, entries[1].outcome.as_str()), ("slow", "unknown"));
    assert_eq!(&*entries[0].action, "panics");
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_unwinds_through_a_span_is_a_failure() {
    let f = fixture();
    tracing::subscriber::with_default(subscriber(&f), || {
        let panic = std::panic::catch_unwind(|| {
            let _entered = info_span!(target: "audit", "panics").entered();
            std::panic::panic_any(1_u8);
        });
        assert!(panic.is_err());
    });
    assert_eq!(lines(&f.entries().await), [("operation.failed", "failure", Some("panic"))]);
}

#[tokio::test(start_paused = true)]
async fn inside_an_audited_operation_entries_name_it_as_their_cause() {
    let f = fixture();
    let _default = tracing::subscriber::set_default(subscriber(&f));
    let actor = Actor::user("alice").session("s-1");
    let operation = f.log.audited("chat").actor(actor.clone()).tenant("acme").run(async {
        info!(target: "audit", action = "step");
        drop(info_span!(target: "audit", "span"));
        Ok::<_, NotStarted>(())
    });
    operation.await.unwrap();
    let entries = f.entries().await;
    let [intent, step, span, _] = entries.as_slice() else { unreachable!("{entries:?}") };
    for inner in [step, span] {
        assert_eq!(inner.correlation.as_ref().unwrap().parent_event, Some(intent.id));
        assert_eq!((&inner.actor, &*inner.tenant), (&actor, "acme"));
    }
    assert_eq!(step.trace, intent.trace);
    let (inner, outer) = (span.trace.as_ref().unwrap(), intent.trace.as_ref().unwrap());
    assert_eq!((&inner.trace_id, &inner.parent_id), (&outer.trace_id, &outer.span_id));
}

#[tokio::test(start_paused = true)]
async fn a_trace_that_fields_name_is_kept() {
    let entries = entries(|| {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let span =
            info_span!(target: "audit", "s", trace_id = trace, trace.span_id = "00f067aa0ba902b7");
        span.in_scope(|| info!(target: "audit", action = "a"));
    })
    .await;
    let [inner, span] = [0, 1].map(|n: usize| entries[n].trace.as_ref().unwrap());
    assert_eq!(span.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(span.parent_id.as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!(inner, span);
}

#[tokio::test(start_paused = true)]
async fn dayseals_own_targets_and_the_empty_one_are_refused() {
    let f = fixture();
    for target in ["", "dayseal", "dayseal::worker", "dayseal_store::s3"] {
        let error = AuditLayer::new(f.log.clone()).target(target).unwrap_err();
        assert_eq!(error, TargetError { target: target.to_owned() });
    }
    let audit = AuditLayer::new(f.log.clone()).target("daysealed").unwrap();
    tracing::subscriber::with_default(registry().with(audit), || {
        info!(target: "daysealed", "taken");
        info!(target: "audit", "not taken");
    });
    assert_eq!(f.entries().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn behind_its_filter_other_targets_are_not_even_made() {
    let f = fixture();
    let layer = AuditLayer::new(f.log.clone()).filtered();
    tracing::subscriber::with_default(registry().with(layer), || {
        assert!(tracing::enabled!(target: "audit::deep", tracing::Level::TRACE));
        assert!(!tracing::enabled!(target: "elsewhere", tracing::Level::ERROR));
        let outer = info_span!(target: "audit", "outer", actor = "u-17");
        let _outer = outer.enter();
        let _other = info_span!("elsewhere").entered();
        info!(target: "audit", action = "a");
    });
    let entries = f.entries().await;
    let actors: Vec<_> = entries.iter().map(|e| &*e.actor.id).collect();
    assert_eq!(actors, ["u-17", "u-17"], "through a span that is not audited");
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_is_counted_and_told() {
    let f = full().await;
    tracing::subscriber::with_default(subscriber(&f), || {
        info!(target: "audit", action = "lost");
        drop(info_span!(target: "audit", "lost too"));
    });
    assert_eq!(f.log.metrics().lost, 2);
    f.store.let_through(1_000);
    let entries = f.entries().await;
    let told = entries.iter().find(|e| e.kind == "log.loss").unwrap();
    assert_eq!(told.reason.as_ref().unwrap().text.as_deref(), Some("lost=2"));
}

#[tokio::test(start_paused = true)]
async fn the_guard_stores_what_is_left_and_tells_of_open_spans() {
    let f = fixture();
    let layer = AuditLayer::new(f.log.clone());
    let guard = layer.guard();
    let _default = tracing::subscriber::set_default(registry().with(layer));
    info!(target: "audit", action = "a");
    guard.flush().await.unwrap();
    assert_eq!(f.store.objects().len(), 1);
    info!(target: "audit", action = "b");
    let open = info_span!(target: "audit", "open");
    drop(info_span!(target: "audit", "closed"));
    let metrics = guard.close().await.unwrap();
    assert_eq!(metrics.lost, 1);
    drop(open);
    info!(target: "audit", action = "too late");
    assert_eq!(f.log.metrics().lost, 2, "the open span once, and the late event");
    let stored: Vec<_> = f.stored().await.into_iter().flat_map(|b| b.events).collect();
    let actions: Vec<_> = stored.iter().map(|e| &*e.action).collect();
    assert_eq!(actions, ["a", "b", "closed", "lose"]);
    assert_eq!(lines(&stored)[3], ("log.loss", "failure", Some("span_open")));
}
