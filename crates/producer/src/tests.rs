//! The audit log against a scripted store, in paused time.

mod batching;
mod content;
mod failing;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "lambda")]
mod lambda;
mod operation;
mod privacy;
mod script;
#[cfg(feature = "tracing-layer")]
mod tracing_layer;

use std::sync::Arc;
use std::time::Duration;

use dayseal_format::batch::{Batch, Header};
use dayseal_format::event::{Actor, Event, EventDraft, Outcome};
use dayseal_format::{BatchKey, UnixMillis};
use dayseal_keys::{DataKeyOpener as _, KeyContext};

use self::script::{ScriptedKeys, ScriptedStore, TestClock};
use crate::privacy::Settings;
use crate::{AuditLog, Limits};

/// 2026-11-20T12:00:00.000Z.
const NOON: i64 = 1_795_176_000_000;
const HOUR_MS: i64 = 3_600_000;

/// A log with its scripted surroundings.
struct Fixture {
    store: Arc<ScriptedStore>,
    keys: Arc<ScriptedKeys>,
    clock: Arc<TestClock>,
    log: AuditLog,
}

impl Fixture {
    fn new(limits: Limits) -> Self {
        Self::at(NOON, limits, false)
    }

    fn at(ms: i64, limits: Limits, lifecycle: bool) -> Self {
        Self::with(ms, limits, lifecycle, Settings::default())
    }

    fn with(ms: i64, limits: Limits, lifecycle: bool, privacy: Settings) -> Self {
        let store = Arc::new(ScriptedStore::default());
        let keys = Arc::new(ScriptedKeys::new());
        let clock = Arc::new(TestClock::new(UnixMillis::new(ms).unwrap()));
        let origin = "audit.example.com/test".parse().unwrap();
        let log = AuditLog::builder(origin, "tests".parse().unwrap())
            .store(store.clone())
            .keys(keys.clone())
            .clock(clock.clone())
            .limits(limits)
            .lifecycle_events(lifecycle)
            .privacy(privacy)
            .open()
            .unwrap();
        Self { store, keys, clock, log }
    }

    /// Every stored batch, in the order in which they were stored.
    async fn stored(&self) -> Vec<Stored> {
        let mut out = Vec::new();
        for (key, bytes) in self.store.objects() {
            let batch = Batch::parse(&bytes).unwrap();
            let header = batch.header().clone();
            let context = KeyContext::entries(&header.origin, header.stream, header.day);
            let opener = &self.keys.local;
            let data_key =
                opener.open(&header.key_id, &header.wrapped_key, &context).await.unwrap();
            let open = batch.open(&data_key).unwrap();
            let events = open.iter().map(|line| Event::decode(line).unwrap()).collect();
            out.push(Stored { key: key.parse().unwrap(), header, events });
        }
        out
    }
}

/// One stored batch, opened.
struct Stored {
    key: BatchKey,
    header: Header,
    events: Vec<Event>,
}

impl Stored {
    fn actors(&self) -> Vec<&str> {
        self.events.iter().map(|e| e.actor.id.as_str()).collect()
    }
}

fn event(actor: &str) -> EventDraft {
    Event::builder("ai.generation.completed")
        .actor(Actor::user(actor))
        .action("chat")
        .outcome(Outcome::Success)
        .build()
        .unwrap()
}

/// Long enough for the background task to do all that it can do now.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn by_count(count: usize) -> Limits {
    Limits { flush_count: count, ..Limits::default() }
}
