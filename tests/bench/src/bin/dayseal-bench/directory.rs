//! Our side of the comparison with peers: everything recorded into a directory, closed and sealed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use dayseal::{AuditLog, Clock, SystemClock};
use dayseal_bench::corpus;
use dayseal_chain::{LogSettings, Sealer, create_log};
use dayseal_keys::LocalKeys;
use dayseal_store::DirectoryStore;
use serde::Serialize;

use crate::{Outcome, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory that is not there yet.
    dir: PathBuf,
    /// Events to record.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    events: u64,
    bytes_per_event: u64,
    record_seconds: f64,
    seal_seconds: f64,
    events_per_second: f64,
    cpu_seconds: f64,
    stored_bytes: u64,
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let (texts, _) = corpus::interactions()?;
    // Built before the clock starts, as the peers' dictionaries are.
    let drafts: Vec<_> = (0..args.events).map(|n| corpus::draft(n, &texts)).collect();
    let mut sample = Vec::new();
    (0..1_000).for_each(|n| corpus::event(n, &texts).encode(&mut sample));

    let origin: dayseal::Origin = "audit.example.com/bench".parse()?;
    let keys = Arc::new(LocalKeys::generate(&origin)?);
    let evidence = Arc::new(DirectoryStore::create(args.dir.join("evidence"))?);
    let state = DirectoryStore::create(args.dir.join("state"))?;
    let signer = keys.signer()?;
    let first_day = SystemClock.now().day();
    let settings =
        LogSettings { origin: origin.clone(), first_day, retention_days: 366, late_days: 3 };
    create_log(&*evidence, &state, &signer, &settings).await?;

    let (begin, cpu) = (Instant::now(), dayseal_bench::harness::process_cpu());
    let log = AuditLog::builder(origin, "video-api".parse()?)
        // The peers redact nothing.
        .privacy(dayseal::privacy::Settings::off())
        .store(evidence.clone())
        .keys(keys.clone())
        .open()?;
    for draft in drafts {
        log.record(draft).await?;
    }
    let metrics = log.close().await?;
    let recorded = begin.elapsed();
    // The sealer seals days that are over; for the measurement, today is.
    let now = first_day.last_instant().saturating_add(3_600_000);
    let sealer = Sealer::new(&*evidence, &state, &signer, settings)?;
    sealer.seal_through(first_day, now, |_| {}).await?;
    let total = begin.elapsed();
    let cpu = dayseal_bench::harness::process_cpu() - cpu;
    print(
        json,
        &Row {
            bench: "directory",
            events: args.events,
            bytes_per_event: sample.len() as u64 / 1_000,
            record_seconds: recorded.as_secs_f64(),
            seal_seconds: (total - recorded).as_secs_f64(),
            events_per_second: args.events as f64 / total.as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            stored_bytes: metrics.stored_bytes,
        },
    )
}
