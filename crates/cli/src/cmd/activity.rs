//! `dayseal activity`

use dayseal_auditor::query::{self, Field, Filter, Query, Scan, Term};

use crate::access::Access;
use crate::args::{Activity, Args};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::exit::Exit;
use crate::output::{clean, json, line, number};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

pub(crate) async fn run(args: &Args, own: &Activity) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let asked = Query {
        filter: Filter { all: vec![Term::new(Field::Actor, &own.actor)], ..Filter::default() },
        since: Some(config.now()?.saturating_add(-i64::from(own.days) * DAY_MS)),
        full: own.full,
        ..Query::default()
    };
    let log = desk.reader();
    let mut scan = Scan::new(&log, &asked, desk.people(&config).await);
    let (mut activity, mut problems) = (query::Activity::default(), Problems::default());
    let add = |hit: query::Hit| {
        activity.add(&hit);
        true
    };
    scan.all(|p| problems.tell(p), add).await?;
    tell_tally(&scan.tally);
    let access = Access {
        kind: "log.accessed",
        action: "activity",
        resource: None,
        filters: vec!["actor", "since"],
        entries: activity.total_events,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, &config).await;
    if args.json {
        let mut value = serde_json::json!({
            "v": 1, "actor_id": own.actor, "period_days": own.days,
        });
        if let (Some(out), serde_json::Value::Object(more)) =
            (value.as_object_mut(), serde_json::to_value(&activity)?)
        {
            out.extend(more);
        }
        json(&value)?;
    } else {
        print(own, &activity)?;
    }
    Ok(problems.exit(Exit::Ok))
}

fn print(own: &Activity, a: &query::Activity) -> anyhow::Result<()> {
    line(format!("{}, the last {} days", clean(&own.actor), own.days))?;
    line(format!("  entries        {}", number(a.total_events)))?;
    if a.not_sealed > 0 {
        line(format!("  not sealed yet {}", number(a.not_sealed)))?;
    }
    if let (Some(first), Some(last)) = (a.first_activity, a.last_activity) {
        line(format!("  first          {first}"))?;
        line(format!("  last           {last}"))?;
    }
    for (title, counts) in [("by type", &a.by_type), ("by outcome", &a.by_outcome)] {
        if !counts.is_empty() {
            line(format!("  {title}"))?;
        }
        let mut counts: Vec<_> = counts.iter().collect();
        counts.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), *name));
        for (name, n) in counts {
            line(format!("    {:>10}  {}", number(*n), clean(name)))?;
        }
    }
    Ok(())
}
