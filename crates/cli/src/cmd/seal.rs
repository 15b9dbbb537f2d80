//! `dayseal seal`

use dayseal_chain::{SealedDay, Sealer};

use crate::args::{Args, Seal};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{bytes, count, json, line};
use crate::progress::bar;

pub(crate) async fn run(args: &Args, own: &Seal) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let (evidence, state) = (config.evidence().await?, config.state().await?);
    let state = state.ok_or_else(|| UsageError("no state root: give --state URL".into()))?;
    let settings = config.settings()?;
    let signer = config.signer(&settings.origin).await?;
    let (now, grace) = (config.now()?, config.grace_ms(own.grace));
    let due = Sealer::due(now, grace);
    let through = own.through.or(due).ok_or_else(|| UsageError("no day has ended yet".into()))?;
    let next = config.next_signer(&settings.origin).await?;
    let mut sealer = Sealer::new(&*evidence, &*state, &*signer, settings)?;
    if let Some(next) = &next {
        sealer = sealer.rotating_to(&**next)?;
    }
    let bar = bar(args, 0, "{spinner} {msg} {elapsed}");
    bar.set_message("sealing");
    let summary = sealer
        .seal_through(through, now, |day| {
            bar.set_message(format!("sealed {}", day.day));
            bar.tick();
        })
        .await;
    bar.finish_and_clear();
    let summary = summary?;
    if args.json {
        json(&serde_json::json!({ "v": 1, "sealed": summary.sealed, "newest": summary.newest }))?;
        return Ok(Exit::Ok);
    }
    for day in &summary.sealed {
        line(describe(day))?;
    }
    if summary.sealed.is_empty() {
        let newest = summary.newest.map_or("none".to_owned(), |d| d.to_string());
        line(format!("nothing to seal up to {through}: the newest sealed day is {newest}"))?;
    }
    Ok(Exit::Ok)
}

fn describe(day: &SealedDay) -> String {
    let c = &day.counts;
    let mut text = format!(
        "sealed {}: {} in {} ({})",
        day.day,
        count(c.entries, "entry", "entries"),
        count(c.batches, "batch", "batches"),
        bytes(c.bytes)
    );
    for (n, one, many) in [
        (c.late, "late batch", "late batches"),
        (c.gaps, "gap", "gaps"),
        (c.conflicts, "conflict", "conflicts"),
        (c.strays, "stray object", "stray objects"),
    ] {
        if n > 0 {
            text.push_str(&format!(", {}", count(n, one, many)));
        }
    }
    if day.adopted {
        text.push_str(", finishing an earlier run");
    }
    text
}
