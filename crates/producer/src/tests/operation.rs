//! Audited operations: what is recorded, whatever ends them.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use dayseal_format::event::{
    Actor, AiCall, Correlation, Event, EventDraft, Outcome, Reason, Resource, Trace,
};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::sync::oneshot;

use super::{Fixture, NOON, event, settle};
use crate::privacy::{Labels, Settings};
use crate::{Ending, Limits, NotStarted, Operation, RecordError};

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Audit(#[from] NotStarted),
    #[error("the prompt was: {0}")]
    Provider(String),
}

pub(super) fn fixture() -> Fixture {
    Fixture::new(Limits::default())
}

impl Fixture {
    /// Every entry, in order, once the log is closed.
    pub(super) async fn entries(&self) -> Vec<Event> {
        self.log.close().await.unwrap();
        self.stored().await.into_iter().flat_map(|batch| batch.events).collect()
    }
}

pub(super) fn line(event: &Event) -> (&str, &str, Option<&str>) {
    let code = event.reason.as_ref().and_then(|reason| reason.code.as_deref());
    (event.kind.as_str(), event.outcome.as_str(), code)
}

pub(super) fn lines(entries: &[Event]) -> Vec<(&str, &str, Option<&str>)> {
    entries.iter().map(line).collect()
}

pub(super) fn alice() -> Actor {
    Actor::user("alice")
}

const INTENT: (&str, &str, Option<&str>) = ("operation.started", "deferred", None);

#[tokio::test(start_paused = true)]
async fn a_success_is_an_intent_and_a_result() {
    let f = fixture();
    let answer = f
        .log
        .audited("text_to_video")
        .actor(alice())
        .ai(AiCall::new("kling", "kling-v2"))
        .resource(Resource::new("video").id("v-1"))
        .label("department", "finance")
        .run_with(|operation| async move {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            operation.ai(|call| call.input_tokens(150).finish("stop"));
            operation.label("queue", "fast");
            Ok::<_, Fault>(7)
        })
        .await
        .unwrap();
    assert_eq!(answer, 7);
    let entries = f.entries().await;
    assert_eq!(
        lines(&entries),
        [("ai.generation.started", "deferred", None), ("ai.generation.completed", "success", None)]
    );
    let (intent, result) = (&entries[0], &entries[1]);
    assert_eq!((&*intent.action, &*result.action), ("text_to_video", "text_to_video"));
    assert_eq!((intent.duration_ms, intent.end_time), (None, None));
    assert_eq!(result.duration_ms, Some(1_500));
    assert_eq!((intent.time.as_millis(), result.time.as_millis()), (NOON, NOON));
    assert_eq!(result.end_time.unwrap().as_millis(), NOON + 1_500);
    assert_eq!(intent.trace, result.trace, "one span");
    assert_eq!(intent.trace.as_ref().unwrap().trace_id.as_ref().unwrap().len(), 32);
    assert_eq!(intent.trace.as_ref().unwrap().span_id.as_ref().unwrap().len(), 16);
    assert_eq!(result.correlation.as_ref().unwrap().parent_event, Some(intent.id));
    assert_ne!(intent.id, result.id);
    assert_eq!(intent.ai.as_ref().unwrap().usage, None);
    let call = result.ai.as_ref().unwrap();
    assert_eq!((call.usage.unwrap().input, &*call.finish[0]), (Some(150), "stop"));
    assert_eq!(call.model_requested.as_deref(), Some("kling-v2"));
    assert_eq!((&*result.labels["department"], &*result.labels["queue"]), ("finance", "fast"));
    assert_eq!(result.resource.as_ref().unwrap().id.as_deref(), Some("v-1"));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_known_by_its_type_and_not_by_its_words() {
    let f = fixture();
    let failed = f
        .log
        .audited("chat")
        .actor(alice())
        .run(async { Err::<(), _>(Fault::Provider("patient Miller".into())) });
    assert!(matches!(failed.await, Err(Fault::Provider(_))));
    let entries = f.entries().await;
    let code = std::any::type_name::<Fault>();
    assert_eq!(lines(&entries), [INTENT, ("operation.failed", "failure", Some(code))]);
    let mut bytes = Vec::new();
    entries[1].encode(&mut bytes);
    assert!(!String::from_utf8(bytes).unwrap().contains("Miller"));
}

#[tokio::test(start_paused = true)]
async fn the_caller_explains_errors() {
    let f = fixture();
    let audited = |operation: &str| {
        f.log.audited(operation).actor(alice()).explain(|fault: &Fault| match fault {
            Fault::Provider(text) if text == "moderated" => Ending::blocked(Reason::new("policy")),
            _ => Reason::new("quota").text("come back later").into(),
        })
    };
    let error = |text: &str| std::future::ready(Err::<(), _>(Fault::Provider(text.to_owned())));
    let _ = audited("a").run(error("moderated")).await;
    let _ = audited("b").run(error("")).await;
    // What the operation itself says goes before.
    let own = audited("c").run_with(|operation| {
        operation.reason(Reason::new("own"));
        operation.outcome(Outcome::Deferred);
        error("")
    });
    let _ = own.await;
    let entries = f.entries().await;
    assert_eq!(
        lines(&entries),
        [
            INTENT,
            ("operation.blocked", "blocked", Some("policy")),
            INTENT,
            ("operation.failed", "failure", Some("quota")),
            INTENT,
            ("operation.completed", "deferred", Some("own")),
        ]
    );
    assert_eq!(entries[3].reason.as_ref().unwrap().text.as_deref(), Some("come back later"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_recorded_and_goes_on() {
    let f = fixture();
    let run = f.log.audited("chat").actor(alice()).run_with(|operation| async move {
        operation.outcome(Outcome::Success);
        if operation.id().millis() > 0 {
            std::panic::panic_any("patient Miller");
        }
        Ok::<_, Fault>(())
    });
    let panic = AssertUnwindSafe(run).catch_unwind().await.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"patient Miller"));
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [INTENT, ("operation.failed", "failure", Some("panic"))]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_is_recorded_as_cancelled() {
    let f = fixture();
    let run = f.log.audited("chat").actor(alice()).run_with(|operation| async move {
        // What it thought of its end does not count: it did not come to it.
        operation.reason(Reason::new("own"));
        operation.outcome(Outcome::Success);
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, Fault>(())
    });
    assert!(tokio::time::timeout(Duration::from_secs(3), run).await.is_err());
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [INTENT, ("operation.failed", "unknown", Some("cancelled"))]);
    assert_eq!(entries[1].duration_ms, Some(3_000));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_recorded_of_what_was_never_awaited() {
    let f = fixture();
    drop(f.log.audited("chat").actor(alice()).run(async { Ok::<_, Fault>(()) }));
    assert!(f.entries().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_lies_inside_names_its_cause_and_inherits() {
    let f = fixture();
    let log = f.log.clone();
    f.log
        .audited("agent_run")
        .family("ai.agent")
        .actor(alice())
        .tenant("acme")
        .trace(Trace::new("1-67891233-abcdef012345678912345678").span_id("53995c3f42cd8ad8"))
        .correlation(Correlation::default().conversation("c-9"))
        .run_with(|outer| async move {
            let inner = log.audited("lookup").kind("ai.tool.executed");
            inner.run(async { Ok::<_, Fault>(()) }).await?;
            // A task of its own is inside only if it is told so.
            let spawned = log.clone();
            let task = async move {
                assert!(Operation::current().is_some());
                let audited = spawned.audited("spawned").actor(Actor::service("indexer"));
                audited.run(async { Ok::<_, Fault>(()) }).await
            };
            tokio::spawn(outer.within(task)).await.unwrap()?;
            tokio::spawn(async { assert!(Operation::current().is_none()) }).await.unwrap();
            Ok::<_, Fault>(())
        })
        .await
        .unwrap();
    let entries = f.entries().await;
    let kinds: Vec<_> = entries.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "ai.agent.started",
            "ai.tool.executed",
            "ai.tool.executed",
            "operation.started",
            "operation.completed",
            "ai.agent.ended"
        ]
    );
    let outer = entries[0].trace.clone().unwrap();
    assert_eq!(outer.trace_id.as_deref(), Some("1-67891233-abcdef012345678912345678"));
    assert_eq!(outer.parent_id.as_deref(), Some("53995c3f42cd8ad8"));
    for inner in &entries[1..5] {
        let trace = inner.trace.as_ref().unwrap();
        assert_eq!(trace.trace_id, outer.trace_id);
        assert_eq!(trace.parent_id, outer.span_id);
        assert_ne!(trace.span_id, outer.span_id);
        assert_eq!(inner.tenant, "acme");
        assert_eq!(inner.correlation.as_ref().unwrap().conversation.as_deref(), Some("c-9"));
    }
    let cause = |n: usize| entries[n].correlation.as_ref().unwrap().parent_event;
    assert_eq!((cause(1), cause(3)), (Some(entries[0].id), Some(entries[0].id)));
    assert_eq!((cause(2), cause(5)), (Some(entries[1].id), Some(entries[0].id)));
    assert_eq!(entries[1].actor, alice());
    assert_eq!(entries[3].actor.id, "indexer");
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_an_actor_does_not_run() {
    let f = fixture();
    let run = f.log.audited("chat").run(async { Err::<(), _>(Fault::Provider("ran".into())) });
    let error = run.await.unwrap_err();
    assert!(
        matches!(&error, Fault::Audit(NotStarted::Refused(RecordError::Invalid(e))) if e.path() == "actor.id"),
        "{error:?}"
    );
    assert!(f.entries().await.is_empty());
}

/// A log in whose memory little is left, and whose store waits.
pub(super) async fn full() -> Fixture {
    let limits = Limits { memory: 128 * 1024, flush_bytes: 4_096, ..Limits::default() };
    let f = Fixture::new(limits);
    f.store.hold();
    while f.log.try_record(event("filler")).is_ok() {
        settle().await;
    }
    f
}

#[tokio::test(start_paused = true)]
async fn in_full_memory_an_operation_waits_and_then_does_not_run() {
    let f = full().await;
    let audited = f.log.audited("chat").actor(alice()).patience(Duration::from_secs(2));
    let before = tokio::time::Instant::now();
    let error = audited.run(async { Err::<(), _>(Fault::Provider("ran".into())) }).await;
    assert!(matches!(error, Err(Fault::Audit(NotStarted::TimedOut { .. }))), "{error:?}");
    assert_eq!(before.elapsed().as_secs(), 2);
    f.store.let_through(1_000);
    let entries = f.entries().await;
    assert!(entries.iter().all(|e| e.actor != alice()), "neither intent nor result");
}

#[tokio::test(start_paused = true)]
async fn best_effort_runs_in_full_memory_and_the_loss_is_told() {
    let f = full().await;
    let run = f.log.audited("chat").actor(alice()).best_effort();
    run.run(async { Ok::<_, Fault>(()) }).await.unwrap();
    assert_eq!(f.log.metrics().lost, 2);
    f.store.let_through(1_000);
    let entries = f.entries().await;
    let losses: Vec<_> = entries.iter().filter(|e| e.kind == "log.loss").collect();
    assert_eq!(losses.len(), 1);
    assert_eq!(line(losses[0]), ("log.loss", "failure", Some("memory_full")));
    assert_eq!(losses[0].reason.as_ref().unwrap().text.as_deref(), Some("lost=2"));
}

#[tokio::test(start_paused = true)]
async fn a_result_waits_for_room_and_a_cancelled_wait_is_told() {
    let f = fixture_with_room_for_one().await;
    let (ran, has_run) = oneshot::channel();
    let audited = f.log.audited("chat").actor(alice()).run(async {
        ran.send(()).unwrap();
        Ok::<_, Fault>(())
    });
    let waiting = tokio::time::timeout(Duration::from_secs(1), audited).await;
    assert!(waiting.is_err(), "the result has no room");
    has_run.await.unwrap();
    assert_eq!(f.log.metrics().lost, 1);
    f.keys.gone(false);
    let entries = f.entries().await;
    let told: Vec<_> = entries.iter().filter(|e| e.actor.id != "filler").collect();
    assert_eq!(told.len(), 2, "{:?}", lines(&entries));
    assert_eq!(line(told[0]), INTENT);
    assert_eq!(told[1].kind, "log.loss");
}

/// Memory that takes one more entry of an operation, and not two.
async fn fixture_with_room_for_one() -> Fixture {
    let probe = fixture();
    let pending = |f: &Fixture| usize::try_from(f.log.metrics().pending_bytes).unwrap();
    drop(probe.log.audited("chat").actor(alice()).run(async { Ok::<_, Fault>(()) }).now_or_never());
    let both = pending(&probe);
    let padded = |bytes: usize| {
        let mut draft = event("filler");
        draft.edit().labels.insert("p".to_owned(), "x".repeat(bytes));
        draft
    };
    probe.log.try_record(padded(0)).unwrap();
    let filler = pending(&probe) - both;

    // An intent is smaller than its result: three fifths of both hold one of them.
    let target = both * 3 / 5;
    let memory = 128 * 1024;
    let f = Fixture::new(Limits { memory, flush_bytes: 64 * 1024, ..Limits::default() });
    // Without keys nothing is encoded, so the sums stay.
    f.keys.gone(true);
    while memory - pending(&f) >= target + 2 * filler {
        f.log.try_record(padded(0)).unwrap();
    }
    let rest = memory - pending(&f) - target;
    f.log.try_record(padded(rest.saturating_sub(filler).min(256))).unwrap();
    f
}

#[tokio::test(start_paused = true)]
async fn a_durable_operation_runs_once_its_intent_is_stored() {
    let f = fixture();
    let store = f.store.clone();
    let audited = f.log.audited("chat").actor(alice()).durable();
    audited
        .run(async {
            assert_eq!(store.objects().len(), 1, "the intent is stored");
            Ok::<_, Fault>(())
        })
        .await
        .unwrap();
    assert_eq!(f.store.objects().len(), 2, "the result is stored before the answer");
}

#[tokio::test(start_paused = true)]
async fn a_dead_store_stops_durable_operations_and_only_those() {
    let f = fixture();
    f.store.broken(true);
    let run = f.log.audited("a").actor(alice()).durable();
    let error = run.run(async { Err::<(), _>(Fault::Provider("ran".into())) }).await;
    assert!(
        matches!(error, Err(Fault::Audit(NotStarted::Refused(RecordError::NotStored(_))))),
        "{error:?}"
    );
    let run = f.log.audited("b").actor(alice()).durable().best_effort();
    run.run(async { Ok::<_, Fault>(()) }).await.unwrap();
    f.store.broken(false);
    let entries = f.entries().await;
    // The intent is kept and stored later, so the log says that nothing followed it.
    assert_eq!(
        lines(&entries),
        [
            INTENT,
            ("operation.failed", "failure", Some("not_started")),
            INTENT,
            ("operation.completed", "success", None)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_not_stored_does_not_take_the_answer_away() {
    let f = fixture();
    let store = f.store.clone();
    let run = f.log.audited("chat").actor(alice()).durable();
    let answer = run
        .run(async {
            store.broken(true);
            Ok::<_, Fault>(7)
        })
        .await;
    assert_eq!(answer.unwrap(), 7);
    f.store.broken(false);
    assert_eq!(f.entries().await.len(), 2, "kept, and stored later");
}

#[tokio::test(start_paused = true)]
async fn words_that_break_a_rule_do_not_cost_the_result() {
    let f = fixture();
    let run = f.log.audited("chat").actor(alice()).label("team", "red").run_with(|operation| {
        operation.label("note", "x".repeat(10_000));
        std::future::ready(Ok::<_, Fault>(()))
    });
    run.await.unwrap();
    let entries = f.entries().await;
    let refused = ("operation.completed", "success", Some("result_refused"));
    assert_eq!(lines(&entries), [INTENT, refused]);
    let text = entries[1].reason.as_ref().unwrap().text.as_deref();
    assert_eq!(text, Some("not recorded: labels.note"));
    assert_eq!(entries[1].labels["team"], "red");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_refuses_labels_still_has_the_end_of_streams() {
    let settings = Settings::default().labels(Labels::declared(["team"]).or_refuse());
    let f = Fixture::with(NOON, Limits::default(), false, settings);
    let run = f.log.audited("chat").actor(alice());
    let chunks = stream::iter([Ok::<_, Fault>(1)]);
    let stream = run.run_stream(|_| async { Ok::<_, Fault>(chunks) }).await.unwrap();
    assert_eq!(stream.count().await, 1);
    let refused = ("operation.completed", "success", Some("result_refused"));
    assert_eq!(lines(&f.entries().await), [INTENT, refused]);
}

async fn streaming<S>(f: &Fixture, items: S) -> crate::AuditedStream<S>
where
    S: futures_util::TryStream<Ok = Vec<u8>, Error = Fault>,
{
    let audited = f.log.audited("chat").actor(alice());
    let stream = audited.run_stream(|_| async { Ok::<_, Fault>(items) }).await.unwrap();
    stream.count_bytes(Vec::len)
}

fn counts(event: &Event) -> (&str, &str) {
    (&event.labels["stream.items"], &event.labels["stream.bytes"])
}

fn chunk(bytes: usize) -> Result<Vec<u8>, Fault> {
    Ok(vec![0; bytes])
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_is_a_success_with_counts() {
    let f = fixture();
    let slow = stream::iter([chunk(3), chunk(4)]).then(|item| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        item
    });
    let mut stream = Box::pin(streaming(&f, slow).await);
    assert_eq!(f.log.metrics().recorded, 1, "no result before the end");
    assert!(stream.next().await.is_some() && stream.next().await.is_some());
    assert_eq!(f.log.metrics().recorded, 1, "no result before the end");
    assert!(stream.next().await.is_none());
    assert_eq!(f.log.metrics().recorded, 2, "the result is recorded before the end is told");
    assert!(stream.next().await.is_none(), "and once");
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [INTENT, ("operation.completed", "success", None)]);
    assert_eq!(counts(&entries[1]), ("2", "7"));
    assert_eq!(entries[1].duration_ms, Some(2_000));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_is_cancelled_with_counts() {
    let f = fixture();
    let endless = stream::repeat(()).map(|()| chunk(5));
    let mut stream = streaming(&f, endless).await;
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [INTENT, ("operation.failed", "unknown", Some("cancelled"))]);
    assert_eq!(counts(&entries[1]), ("1", "5"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_is_a_failure_also_if_its_end_is_not_awaited() {
    let f = fixture();
    for to_the_end in [true, false] {
        let items = stream::iter([chunk(5), Err(Fault::Provider("Miller".into()))]);
        let mut stream = streaming(&f, items).await;
        assert!(stream.next().await.unwrap().is_ok() && stream.next().await.unwrap().is_err());
        if to_the_end {
            assert!(stream.next().await.is_none());
        }
    }
    let code = std::any::type_name::<Fault>();
    let failed = ("operation.failed", "failure", Some(code));
    assert_eq!(lines(&f.entries().await), [INTENT, failed, INTENT, failed]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_is_recorded_and_its_items_are_inside_the_operation() {
    let f = fixture();
    let items = stream::iter(0..2).map(|n| {
        assert!(Operation::current().is_some());
        if n == 1 {
            std::panic::panic_any(());
        }
        chunk(1)
    });
    let mut stream = streaming(&f, items).await;
    stream.next().await.unwrap().unwrap();
    assert!(AssertUnwindSafe(stream.next()).catch_unwind().await.is_err());
    drop(stream);
    let entries = f.entries().await;
    assert_eq!(lines(&entries), [INTENT, ("operation.failed", "failure", Some("panic"))]);
}

#[tokio::test(start_paused = true)]
async fn losses_that_find_no_room_at_all_are_told_at_the_close() {
    let f = full().await;
    let lost: EventDraft = event("lost");
    let error = f.log.try_record(lost).unwrap_err();
    f.log.lose_by(&error);
    f.store.let_through(1_000);
    assert_eq!(f.log.close().await.unwrap().lost, 1);
    let stored = f.stored().await;
    let told = stored.iter().flat_map(|b| &b.events).filter(|e| e.kind == "log.loss").count();
    assert_eq!(told, 1);
}
