//! How often keys are asked for, and which: a key service is billed, throttled and logged by the call.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dayseal::AuditLog;
use dayseal_chain::read::{BatchReader, list_day};
use dayseal_chain::verify::{FindingCode, Report, Silent};
use dayseal_chain::{Verifier, VerifyOptions};
use dayseal_format::Level;
use dayseal_format::batch::DataKey;
use dayseal_keys::{
    DataKeyOpener, DataKeySource, GeneratedKey, KeyContext, KeyError, LocalKeys, ServiceFault,
};
use dayseal_testkit::{TestLog, day, event, noon};

/// A local key file that takes its time, as a service does, and counts.
#[derive(Debug)]
struct Counting {
    keys: Arc<LocalKeys>,
    generated: AtomicUsize,
    opened: Mutex<Vec<String>>,
    down: bool,
}

impl Counting {
    fn new(keys: &Arc<LocalKeys>) -> Self {
        let (generated, opened) = (AtomicUsize::new(0), Mutex::default());
        Self { keys: keys.clone(), generated, opened, down: false }
    }

    fn opened(&self) -> usize {
        self.opened.lock().unwrap().len()
    }
}

#[async_trait]
impl DataKeySource for Counting {
    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KeyError> {
        self.generated.fetch_add(1, Ordering::Relaxed);
        self.keys.generate(context).await
    }
}

#[async_trait]
impl DataKeyOpener for Counting {
    async fn open(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &KeyContext,
    ) -> Result<DataKey, KeyError> {
        self.opened.lock().unwrap().push(key_id.to_owned());
        tokio::time::sleep(Duration::from_millis(5)).await;
        if self.down {
            return Err(KeyError::Service {
                fault: ServiceFault::Denied,
                key: key_id.to_owned(),
                action: "kms:Decrypt",
                detail: "AccessDeniedException".into(),
            });
        }
        self.keys.open(key_id, wrapped, context).await
    }
}

/// Verifies at level `entries` with eight objects at once.
async fn verify(log: &TestLog, opener: &Counting) -> Report {
    let mut options = VerifyOptions::new(Level::Entries, noon(day("2026-11-17")));
    options.jobs = 8;
    let (state, policy) = (Some(&*log.state as _), Some(&log.policy));
    let verifier = Verifier::new(&*log.evidence, state, policy, Some(opener), options).await;
    verifier.unwrap().run(&Silent).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_asks_for_one_data_key_a_stream() {
    let log = TestLog::new("2026-11-16").await;
    let source = Arc::new(Counting::new(&log.keys));
    let producer = AuditLog::builder(log.settings.origin.clone(), "tests".parse().unwrap())
        .store(log.evidence.clone())
        .keys(source.clone())
        .open()
        .unwrap();
    for _ in 0..4 {
        producer.record_durable(event("u-1")).await.unwrap();
    }
    let metrics = producer.close().await.unwrap();
    assert!(metrics.stored_batches >= 4, "{metrics:?}");
    assert_eq!(source.generated.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_open_the_data_key_of_a_stream_once() {
    let log = TestLog::new("2026-11-16").await;
    for stream in 1..=3 {
        log.fill(stream, "2026-11-16", 6).await;
    }
    log.seal("2026-11-16").await.unwrap();
    let opener = Counting::new(&log.keys);
    let report = verify(&log, &opener).await;
    assert_eq!((report.exit_code, report.totals.opened), (0, 54), "{report:?}");
    assert_eq!(opener.opened(), 3);

    let opener = Counting::new(&log.keys);
    let allowed = log.policy.wrapping_keys.clone();
    let origin = log.settings.origin.clone();
    let reader = BatchReader::new(&*log.evidence, &opener, origin, allowed);
    for batch in list_day(&*log.evidence, day("2026-11-16")).await.unwrap().0 {
        reader.open(&batch).await.unwrap();
    }
    assert_eq!(opener.opened(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_names_a_foreign_key_is_a_finding_and_never_a_call() {
    let log = TestLog::new("2026-11-16").await;
    log.fill(1, "2026-11-16", 2).await;
    let foreign = "arn:aws:kms:eu-west-1:999999999999:key/of-somebody-else";
    let mut stream = log.stream(2, "2026-11-16").await;
    stream.header.key_id = foreign.into();
    let batch = stream.next(1, true);
    let key = log.store(&stream, &batch).await;
    log.seal("2026-11-16").await.unwrap();
    let opener = Counting::new(&log.keys);
    let report = verify(&log, &opener).await;
    let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.object.clone())).collect();
    assert_eq!(found, [(FindingCode::ForeignKey, key.to_string())]);
    assert_eq!(report.exit_code, 1);
    assert_eq!(
        *opener.opened.lock().unwrap(),
        log.policy.wrapping_keys[..1],
        "one call, by our key"
    );

    let opener = Counting::new(&log.keys);
    let (origin, allowed) = (log.settings.origin.clone(), log.policy.wrapping_keys.clone());
    let reader = BatchReader::new(&*log.evidence, &opener, origin, allowed);
    let refused = reader.open(&key).await.unwrap_err().to_string();
    assert!(refused.contains(foreign), "{refused}");
    assert_eq!(opener.opened(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusing_key_service_is_could_not_check_and_not_altered() {
    let log = TestLog::new("2026-11-16").await;
    log.fill(1, "2026-11-16", 2).await;
    log.seal("2026-11-16").await.unwrap();
    let opener = Counting { down: true, ..Counting::new(&log.keys) };
    let report = verify(&log, &opener).await;
    assert_eq!(report.exit_code, 3, "{report:?}");
    for finding in &report.findings {
        assert_eq!(finding.code, FindingCode::Unreadable);
        assert!(finding.detail.contains("kms:Decrypt was refused"), "{}", finding.detail);
    }
    assert_eq!(report.findings.len(), 2);
}
