//! `dayseal health`

use std::time::Duration;

use dayseal_auditor::health::{Health, HealthError, Look, Service};
use dayseal_auditor::query::{Field, Filter, Hit, Query, Scan, Term};
use dayseal_format::{Day, UnixMillis};
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::access::Access;
use crate::args::{Args, Health as Flags};
use crate::config::Config;
use crate::desk::{Desk, Problems, needed_policy};
use crate::exit::Exit;
use crate::output::{clean, count, json, line, number, tell};

/// Characters of the longest bar.
const BAR: u64 = 40;

pub(crate) async fn run(args: &Args, own: &Flags) -> anyhow::Result<Exit> {
    let deadline = Instant::now() + Duration::from_secs(own.timeout.into());
    let config = Config::load(args)?;
    let policy = needed_policy(&config)?;
    let evidence = config.evidence().await?;
    let look = Look {
        evidence: &*evidence,
        policy: &policy,
        now: config.now()?,
        grace_ms: config.grace_ms(None),
        hours: own.hours,
    };
    let mut health = look.run(sleep_until(deadline)).await?;
    let since = health.hours.first().map_or(health.at, |h| h.hour);
    let (safety, exit) = match own.safety {
        false => (None, Exit::Ok),
        true => match timeout_at(deadline, safety(args, own, &config, since)).await {
            Ok(Ok((safety, exit))) => (Some(safety), exit),
            Ok(Err(error)) => {
                tell(&format!("dayseal: safety failures are not counted: {error:#}"));
                (None, Exit::Unchecked)
            }
            Err(_) => {
                tell(&format!(
                    "dayseal: safety failures are not counted: {}",
                    HealthError::Stopped
                ));
                (None, Exit::Unchecked)
            }
        },
    };
    let exit = worst(Exit::from_code(health.exit_code), exit);
    health.exit_code = exit as u8;
    let report = Report { health, safety };
    if args.json {
        json(&report)?;
    } else {
        report.print(own)?;
    }
    Ok(exit)
}

/// The first of 1, 4, 3.
fn worst(a: Exit, b: Exit) -> Exit {
    let order = [Exit::Altered, Exit::Incomplete, Exit::Unchecked];
    order.into_iter().find(|e| [a, b].contains(e)).unwrap_or(Exit::Ok)
}

/// Safety failures, for which entries were opened.
#[derive(Debug, Serialize)]
struct Safety {
    /// Entries whose safety check failed.
    failures: u64,
    /// The same by hour, as in `hours`.
    by_hour: Vec<u64>,
}

async fn safety(
    args: &Args,
    own: &Flags,
    config: &Config<'_>,
    since: UnixMillis,
) -> anyhow::Result<(Safety, Exit)> {
    let desk = Desk::open(config).await?;
    let query = Query {
        filter: Filter { all: vec![Term::new(Field::Safety, "failed")], ..Filter::default() },
        since: Some(since),
        ..Query::default()
    };
    let log = desk.reader();
    let mut scan = Scan::new(&log, &query, desk.people(config).await);
    let mut problems = Problems::default();
    let mut safety = Safety { failures: 0, by_hour: vec![0; own.hours as usize] };
    let add = |hit: Hit| {
        let hour = (hit.event.time.as_millis() - since.as_millis()) / 3_600_000;
        let hour = usize::try_from(hour).ok().and_then(|n| safety.by_hour.get_mut(n));
        if let Some(hour) = hour {
            *hour += 1;
            safety.failures += 1;
        }
        true
    };
    scan.all(|p| problems.tell(p), add).await?;
    let access = Access {
        kind: "log.accessed",
        action: "health",
        resource: None,
        filters: vec!["safety", "since"],
        entries: safety.failures,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, config).await;
    Ok((safety, problems.exit(Exit::Ok)))
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    health: Health,
    safety: Option<Safety>,
}

impl Report {
    fn print(&self, own: &Flags) -> anyhow::Result<()> {
        let h = &self.health;
        line(format!("{} at {}", h.origin, h.at))?;
        self.seals()?;
        let newest = h.newest_batch.as_ref().map_or("none in these days".to_owned(), |n| {
            format!("{}, {} ago, by {}", n.time, ago(n.age_seconds), n.service)
        });
        line(format!("  newest entry  {newest}"))?;
        for s in &h.streams {
            line(format!("  streams       {}: {} open, {} closed", s.day, s.open, s.closed))?;
        }
        if h.late + h.late_waiting > 0 {
            line(format!("  late batches  {} sealed, {} waiting", h.late, h.late_waiting))?;
        }
        h.services.iter().try_for_each(service)?;
        self.hours(own)?;
        if !own.safety {
            line(
                "  safety        failures not counted: --safety opens the entries, and needs the data key",
            )?;
        }
        line(format!("  asked         {}", count(h.requests, "request", "requests")))?;
        for p in &h.problems {
            line(format!("NOT WELL  {}", clean(&p.detail)))?;
        }
        let words = if h.exit_code == 0 { "well" } else { "NOT WELL" };
        line(format!("result: {words} (exit code {})", h.exit_code))
    }

    fn seals(&self) -> anyhow::Result<()> {
        let h = &self.health;
        let seal = h.last_seal.as_ref().map_or("none to rely on".to_owned(), |s| {
            let c = &s.counts;
            let (entries, batches) =
                (count(c.entries, "entry", "entries"), count(c.batches, "batch", "batches"));
            let (at, ago) = (s.sealed_at, ago(s.age_seconds));
            format!("{} at {at}, {ago} ago: {entries} in {batches}", s.day)
        });
        line(format!("  last seal     {seal}"))?;
        if let Some((first, last)) = h.waiting {
            line(format!("  to be sealed  {}", days(first, last)))?;
        }
        Ok(())
    }

    fn hours(&self, own: &Flags) -> anyhow::Result<()> {
        let h = &self.health;
        line("  entries by hour, from batch headers")?;
        let most = h.hours.iter().map(|h| h.entries).max().unwrap_or(0).max(1);
        for (n, hour) in h.hours.iter().enumerate() {
            let bar = "#".repeat((hour.entries * BAR).div_ceil(most) as usize);
            let failed = self.safety.as_ref().and_then(|s| s.by_hour.get(n)).filter(|n| **n > 0);
            let failed = failed.map_or(String::new(), |n| format!("  {n} failed safety"));
            let text = hour.hour.to_string();
            let at = text.get(..16).unwrap_or(&text);
            let text = format!("    {at}Z  {:>12}  {bar}{failed}", number(hour.entries));
            line(text.trim_end())?;
        }
        if h.spanning > 0 {
            let batches =
                count(h.spanning, "batch that spans hours counts", "batches that span hours count");
            line(format!("    {batches} where it ends"))?;
        }
        if let Some(safety) = self.safety.as_ref().filter(|_| own.safety) {
            let failures = count(safety.failures, "failure", "failures");
            line(format!("  safety        {failures} in these hours"))?;
        }
        Ok(())
    }
}

fn service(s: &Service) -> anyhow::Result<()> {
    let heard = match s.last_heard {
        Some(day) => format!("heard of on {day}"),
        None => format!("not heard of for {} at least", count(s.silent_days.into(), "day", "days")),
    };
    let silent = if s.silent { ", SILENT" } else { "" };
    let most = count(s.max_silent_days.into(), "day", "days");
    line(format!("  service       {}: {heard}{silent}; may be silent for {most}", s.name))
}

fn days(first: Day, last: Day) -> String {
    if first == last { first.to_string() } else { format!("{first}..{last}") }
}

/// A span of time, in its largest whole unit.
fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", number(seconds / 86_400)),
    }
}
