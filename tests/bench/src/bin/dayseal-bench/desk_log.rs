//! A year of several services with thousands of actors, one of whom hardly ever did anything; and the same entries
//! as plain lines, from which the peers' own files are made.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dayseal::{AuditLog, Limits};
use dayseal_bench::corpus::{self, Random};
use dayseal_chain::Sealer;
use dayseal_format::event::{Actor, EventDraft, EventId, Trace};
use dayseal_format::{Day, UnixMillis};
use dayseal_keys::LocalKeys;
use serde::{Deserialize, Serialize};

use crate::log::Standing;
use crate::{Outcome, log, print};

/// Who hardly ever did anything.
const RARE: &str = "user:rare-4711";
/// Entries of that one.
const RARE_ENTRIES: u64 = 5;
/// Entries of a trace.
const TRACED: u64 = 4;
const DAY_MS: u64 = 86_400_000;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory that is not there yet.
    dir: PathBuf,
    /// Entries in all.
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// Days.
    #[arg(long, default_value_t = 365)]
    days: u16,
    /// Services, each with a stream a day.
    #[arg(long, default_value_t = 3)]
    services: u64,
    /// Actors, besides the rare one.
    #[arg(long, default_value_t = 3_000)]
    actors: u64,
    /// Entries of a batch at most.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
}

/// What is asked for, and how many entries the answer has: `facts.json` beside the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) entries: u64,
    pub(crate) objects: u64,
    /// When it is asked: the day after the last.
    pub(crate) now: UnixMillis,
    pub(crate) first_day: Day,
    pub(crate) last_day: Day,
    pub(crate) id: EventId,
    pub(crate) actor: String,
    pub(crate) trace: String,
    pub(crate) since: UnixMillis,
    pub(crate) until: UnixMillis,
    pub(crate) of_actor: u64,
    pub(crate) of_trace: u64,
    pub(crate) of_hour: u64,
}

/// An entry as peers get it: what they have fields for, and about as long as ours.
#[derive(Serialize)]
struct Plain<'a> {
    id: EventId,
    time: UnixMillis,
    actor: &'a str,
    action: &'a str,
    service: &'a str,
    trace: &'a str,
    conversation: &'a str,
    provider: &'a str,
    model: &'a str,
    input_hash: String,
    output_hash: String,
    latency_ms: u64,
    department: &'a str,
    note: &'a str,
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let (texts, _) = corpus::interactions()?;
    let first_day = corpus::time(0).day();
    let last_day = first_day.checked_add(i32::from(args.days) - 1).ok_or("too many days")?;
    let (opened, settings) = log::create(&args.dir, first_day).await?;
    let (evidence, keys) = (Arc::new(opened.evidence), Arc::new(opened.keys));
    let signer = LocalKeys::load(&args.dir.join("keys.json"))?.signer()?;
    let clock = Arc::new(Standing(AtomicI64::new(0)));
    let mut plain = BufWriter::new(File::create(args.dir.join("entries.ndjson"))?);
    // In the middle of the year, and of an hour.
    let wanted = args.entries / 2;
    let asked = time(wanted, &args, first_day);
    let since = asked.as_millis() / 3_600_000 * 3_600_000;
    let since = UnixMillis::new(since)?;
    let mut facts = Facts {
        entries: args.entries,
        objects: 0,
        now: last_day.last_instant().saturating_add(4 * 3_600_000),
        first_day,
        last_day,
        id: id(wanted, asked),
        actor: RARE.trim_start_matches("user:").to_owned(),
        trace: trace(wanted / TRACED),
        since,
        until: since.saturating_add(3_599_999),
        of_actor: 0,
        of_trace: 0,
        of_hour: 0,
    };
    let mut n = 0;
    for number in 0..args.days {
        let day = first_day.checked_add(number.into()).ok_or("too many days")?;
        clock.0.store(day.last_instant().as_millis(), Ordering::Relaxed);
        let mut logs = Vec::new();
        for service in 0..args.services {
            let limits = Limits {
                flush_count: args.batch,
                flush_age: Duration::from_secs(3_600),
                ..Limits::default()
            };
            let name = format!("service-{service}");
            let audit = AuditLog::builder(settings.origin.clone(), name.parse()?)
                .privacy(dayseal::privacy::Settings::off())
                .lifecycle_events(false)
                .limits(limits)
                .hints(keys.log_secret()?)
                .store(evidence.clone())
                .keys(keys.clone())
                .clock(clock.clone())
                .open()?;
            logs.push((name, audit));
        }
        let until = args.entries * u64::from(number + 1) / u64::from(args.days);
        while n < until {
            let at = time(n, &args, first_day);
            let (service, audit) = &logs[(n % args.services) as usize];
            let draft = draft(n, at, &args, &texts);
            facts.of_actor += u64::from(draft.actor.id == facts.actor);
            facts.of_trace += u64::from(n / TRACED == wanted / TRACED);
            facts.of_hour += u64::from((facts.since..=facts.until).contains(&at));
            serde_json::to_writer(&mut plain, &as_plain(&draft, service))?;
            plain.write_all(b"\n")?;
            audit.record(draft).await?;
            n += 1;
        }
        for (_, audit) in logs {
            facts.objects += audit.close().await?.stored_batches;
        }
        let sealer = Sealer::new(&*evidence, &opened.state, &signer, settings.clone())?;
        sealer.seal_through(day, day.last_instant().saturating_add(3_600_000), |_| {}).await?;
    }
    plain.flush()?;
    std::fs::write(args.dir.join("facts.json"), serde_json::to_vec_pretty(&facts)?)?;
    print(json, &facts)
}

/// Entries lie evenly over their day, days evenly over the year.
fn time(n: u64, args: &Args, first: Day) -> UnixMillis {
    let days = u64::from(args.days);
    let at = (u128::from(n) * u128::from(days * DAY_MS) / u128::from(args.entries.max(1))) as i64;
    first.start().saturating_add(at)
}

fn id(n: u64, at: UnixMillis) -> EventId {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&Random(n).bits().to_le_bytes());
    EventId::from_parts(at, bytes)
}

fn trace(n: u64) -> String {
    let mut random = Random(n ^ 0x7ace);
    format!("{:016x}{:016x}", random.bits(), random.bits())
}

fn draft(n: u64, at: UnixMillis, args: &Args, texts: &[corpus::Interaction]) -> EventDraft {
    let mut draft = corpus::draft(n, texts);
    let fields = draft.edit();
    // Some odd entries far apart.
    let step = (args.entries / RARE_ENTRIES).max(1);
    let rare = n % step == step / 2;
    let actor = match rare {
        true => RARE.trim_start_matches("user:").to_owned(),
        false => format!("u-{}", Random(n ^ 0xac7).below(args.actors.max(1))),
    };
    fields.actor = Actor::user(actor);
    fields.id = id(n, at);
    fields.time = at;
    fields.trace = Some(Trace::new(trace(n / TRACED)));
    draft
}

fn as_plain<'a>(draft: &'a EventDraft, service: &'a str) -> Plain<'a> {
    let text = |o: Option<&'a String>| o.map_or("", String::as_str);
    let ai = draft.ai.as_ref();
    let content = draft.content.as_ref();
    let digest = |item: Option<&dayseal_format::event::ContentItem>| {
        item.and_then(|i| i.digest).map_or(String::new(), |d| hex::encode(d.0))
    };
    Plain {
        id: draft.id,
        time: draft.time,
        actor: &draft.actor.id,
        action: &draft.action,
        service,
        trace: text(draft.trace.as_ref().and_then(|t| t.trace_id.as_ref())),
        conversation: text(draft.correlation.as_ref().and_then(|c| c.conversation.as_ref())),
        provider: text(ai.and_then(|a| a.provider.as_ref())),
        model: text(ai.and_then(|a| a.model_requested.as_ref())),
        input_hash: digest(content.and_then(|c| c.input.as_ref())),
        output_hash: digest(content.and_then(|c| c.output.as_ref())),
        latency_ms: draft.duration_ms.unwrap_or(0),
        department: text(draft.labels.get("department")),
        note: text(draft.labels.get("note")),
    }
}
