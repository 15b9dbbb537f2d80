//! Logs to verify: written through the producer and sealed, with the policy and keys beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dayseal::{AuditLog, Clock, Day, UnixMillis};
use dayseal_bench::corpus;
use dayseal_chain::{LogSettings, Sealer, create_log};
use dayseal_format::{Origin, Policy};
use dayseal_keys::{LocalKeys, Signer as _};
use dayseal_store::DirectoryStore;
use serde::Serialize;

use crate::{Outcome, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory that is not there yet.
    dir: PathBuf,
    /// Days.
    #[arg(long, default_value_t = 4)]
    days: u16,
    /// Megabytes of stored batches, at least.
    #[arg(long, default_value_t = 1_024)]
    mib: u64,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    days: u16,
    events: u64,
    stored_bytes: u64,
    seconds: f64,
}

/// A log on disk with what its auditor needs.
pub(crate) struct Opened {
    pub(crate) evidence: DirectoryStore,
    pub(crate) state: DirectoryStore,
    pub(crate) keys: LocalKeys,
    pub(crate) policy: Policy,
}

pub(crate) fn open(dir: &Path) -> Result<Opened, Box<dyn std::error::Error>> {
    Ok(Opened {
        evidence: DirectoryStore::open(dir.join("evidence"))?,
        state: DirectoryStore::open(dir.join("state"))?,
        keys: LocalKeys::load(&dir.join("keys.json"))?,
        policy: std::fs::read_to_string(dir.join("policy"))?.parse()?,
    })
}

/// A fresh log in `dir` whose first day is `first_day`.
pub(crate) async fn create(
    dir: &Path,
    first_day: Day,
) -> Result<(Opened, LogSettings), Box<dyn std::error::Error>> {
    let origin: Origin = "audit.example.com/bench".parse()?;
    let evidence = DirectoryStore::create(dir.join("evidence"))?;
    let state = DirectoryStore::create(dir.join("state"))?;
    let keys = LocalKeys::generate(&origin)?;
    keys.save_new(&dir.join("keys.json"))?;
    let settings =
        LogSettings { origin: origin.clone(), first_day, retention_days: 366, late_days: 3 };
    let signer = keys.signer()?;
    create_log(&evidence, &state, &signer, &settings).await?;
    let mut policy = Policy::new(origin, signer.verifier_key().clone(), first_day);
    policy.wrapping_keys.push(keys.wrapping_key_id()?.to_owned());
    std::fs::write(dir.join("policy"), policy.to_string())?;
    Ok((Opened { evidence, state, keys, policy }, settings))
}

/// Stands where it is put.
#[derive(Debug)]
pub(crate) struct Standing(pub(crate) AtomicI64);

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        UnixMillis::default().saturating_add(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let begin = std::time::Instant::now();
    let (texts, _) = corpus::interactions()?;
    let first_day = corpus::time(0).day();
    let (log, settings) = create(&args.dir, first_day).await?;
    let evidence = Arc::new(log.evidence.clone());
    let keys = Arc::new(LocalKeys::load(&args.dir.join("keys.json"))?);
    let clock = Arc::new(Standing(AtomicI64::new(0)));
    let (mut events, mut stored) = (0, 0);
    for number in 0..args.days {
        let day = first_day.checked_add(number.into()).ok_or("too many days")?;
        let noon = day.start().saturating_add(12 * 3_600_000);
        clock.0.store(noon.as_millis(), Ordering::Relaxed);
        let audit = AuditLog::builder(settings.origin.clone(), "video-api".parse()?)
            .privacy(dayseal::privacy::Settings::off())
            .store(evidence.clone())
            .keys(keys.clone())
            .clock(clock.clone())
            .open()?;
        let enough = (args.mib << 20) * u64::from(number + 1) / u64::from(args.days);
        while stored + audit.metrics().stored_bytes < enough {
            for _ in 0..1_024 {
                let mut draft = corpus::draft(events, &texts);
                draft.edit().time = noon;
                audit.record(draft).await?;
                events += 1;
            }
        }
        stored += audit.close().await?.stored_bytes;
        let signer = keys.signer()?;
        let sealer = Sealer::new(&*evidence, &log.state, &signer, settings.clone())?;
        let now = day.last_instant().saturating_add(3_600_000);
        sealer.seal_through(day, now, |_| {}).await?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    print(json, &Row { bench: "genlog", days: args.days, events, stored_bytes: stored, seconds })
}
