//! A log does not feed on itself, with the layer as the process's subscriber: a thread's own default
//! would not show it, since `tracing` itself keeps that from being entered twice.
#![cfg(feature = "tracing-layer")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::ops::Range;
use std::sync::Arc;

use dayseal::keys::LocalKeys;
use dayseal::privacy::{Detector, Redaction, Settings};
use dayseal::store::DirectoryStore;
use dayseal::tracing_layer::AuditLayer;
use dayseal::{Actor, AuditLog, NotStarted};
use tracing::info;
use tracing_subscriber::layer::SubscriberExt as _;

/// A detector that says on the audited target that it looked.
#[derive(Debug)]
struct Talkative;

impl Detector for Talkative {
    fn name(&self) -> &str {
        "talkative"
    }

    fn find(&self, _: &str, _: &mut Vec<Range<usize>>) {
        info!(target: "audit", action = "looked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_gives_rise_to_no_entries() {
    let home = tempfile::tempdir().unwrap();
    let keys = LocalKeys::generate(&"audit.example.com/prod".parse().unwrap()).unwrap();
    let redaction = Redaction::default().detector(Arc::new(Talkative));
    let log = AuditLog::builder("audit.example.com/prod".parse().unwrap(), "t".parse().unwrap())
        .store(Arc::new(DirectoryStore::open(home.path()).unwrap()))
        .keys(Arc::new(keys))
        .lifecycle_events(false)
        .privacy(Settings::default().redaction(redaction))
        .open()
        .unwrap();
    let layer = AuditLayer::new(log.clone());
    let guard = layer.guard();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    info!(target: "audit", action = "once");
    // The store's and the log's own events, while batches are stored, are not recorded either.
    log.flush().await.unwrap();
    assert_eq!(log.metrics().recorded, 1);
    assert_eq!(log.metrics().lost, 0);

    // Outside the layer the detector's words are events like others: recorded, and without echo.
    let run =
        log.audited("chat").actor(Actor::user("alice")).run(async { Ok::<_, NotStarted>(()) });
    run.await.unwrap();
    let said = log.metrics().recorded - 3;
    assert!((1..50).contains(&said), "{said}");
    guard.close().await.unwrap();
}
