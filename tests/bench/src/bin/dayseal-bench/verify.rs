//! Verifying a log of `genlog`, against plain SHA-256 of the same objects read the same way.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dayseal_bench::harness::{peak_memory, process_cpu};
use dayseal_chain::verify::Silent;
use dayseal_chain::{Verifier, VerifyOptions};
use dayseal_format::{Digest, Level};
use dayseal_store::{DirectoryStore, Store as _};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{Outcome, log, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory of `genlog`.
    dir: PathBuf,
    /// chain, listing, objects, entries; or `sha256`: read and hash every object, nothing else.
    #[arg(long, default_value = "entries")]
    level: String,
    /// Objects at once.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    level: String,
    jobs: usize,
    objects: u64,
    bytes: u64,
    entries: u64,
    seconds: f64,
    cpu_seconds: f64,
    bytes_per_cpu_second: f64,
    entries_per_cpu_second: f64,
    peak_memory: u64,
    exit_code: u8,
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let log = log::open(&args.dir)?;
    let (begin, cpu) = (Instant::now(), process_cpu());
    let (objects, bytes, entries, exit_code) = if args.level == "sha256" {
        let (objects, bytes) = hash_all(&log.evidence, args.jobs).await?;
        (objects, bytes, 0, 0)
    } else {
        let level: Level = args.level.parse()?;
        // Two hours after the newest day: nothing is overdue.
        let days = log.evidence.list("manifests/", None).await?.entries;
        let newest = days.last().and_then(|e| dayseal_format::names::parse_manifest_key(&e.key));
        let now = newest.ok_or("no sealed day")?.last_instant().saturating_add(2 * 3_600_000);
        let options = VerifyOptions { jobs: args.jobs, ..VerifyOptions::new(level, now) };
        let (state, opener) = (Some(&log.state as _), Some(&log.keys as _));
        let verifier =
            Verifier::new(&log.evidence, state, Some(&log.policy), opener, options).await?;
        let report = verifier.run(&Silent).await?;
        let t = report.totals;
        if !report.findings.is_empty() {
            return Err(format!("findings in a good log: {:?}", report.findings[0]).into());
        }
        (t.objects, t.bytes, t.opened, report.exit_code)
    };
    let (wall, cpu): (Duration, Duration) = (begin.elapsed(), process_cpu() - cpu);
    print(
        json,
        &Row {
            bench: "verify",
            level: args.level,
            jobs: args.jobs,
            objects,
            bytes,
            entries,
            seconds: wall.as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            bytes_per_cpu_second: bytes as f64 / cpu.as_secs_f64(),
            entries_per_cpu_second: entries as f64 / cpu.as_secs_f64(),
            peak_memory: peak_memory(),
            exit_code,
        },
    )
}

/// Reads every object below `entries/` through the store and hashes it, `jobs` at a time.
async fn hash_all(
    store: &DirectoryStore,
    jobs: usize,
) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let mut keys = Vec::new();
    let mut from = None;
    loop {
        let page = store.list("entries/", from.as_deref()).await?;
        keys.extend(page.entries.into_iter().map(|e| e.key));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let (mut objects, mut bytes) = (0, 0);
    let mut running = JoinSet::new();
    let mut keys = keys.into_iter();
    loop {
        while running.len() < jobs {
            let Some(key) = keys.next() else { break };
            let store = store.clone();
            running.spawn(async move {
                let stored = store.get(&key, None, u64::MAX).await?;
                let hash = move || (Digest::of(&stored.bytes), stored.bytes.len() as u64);
                let (digest, length) =
                    tokio::task::spawn_blocking(hash).await.map_err(std::io::Error::other)?;
                let good = key.contains(&digest.to_string());
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>((good, length))
            });
        }
        let Some(done) = running.join_next().await else { break };
        let (good, length) = done?.map_err(|e| e.to_string())?;
        if !good {
            return Err("an object is not what its name says".into());
        }
        objects += 1;
        bytes += length;
    }
    Ok((objects, bytes))
}
