//! `dayseal index`

use dayseal_chain::days::SealedDays;
use dayseal_chain::index::{Indexed, Indexer, IndexingError};

use super::verify::days;
use crate::args::{Args, Index};
use crate::config::Config;
use crate::desk::needed_policy;
use crate::exit::{Exit, UsageError};
use crate::output::{bytes, count, json, line, number, tell};
use crate::progress::bar;

pub(crate) async fn run(args: &Args, own: &Index) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let policy = needed_policy(&config)?;
    let (evidence, state) = (config.evidence().await?, config.state().await?);
    let state = state.ok_or_else(|| UsageError("no state root: give --state URL".into()))?;
    let (origin, keys) = (&policy.origin, &policy.verifier_keys);
    let (first, last) = days(own.days.as_deref())?;
    let listed = SealedDays::new(&*evidence, origin, keys).list().await?;
    let asked = listed.into_iter().filter(|day| {
        first.is_none_or(|first| *day >= first) && last.is_none_or(|last| *day <= last)
    });
    let asked: Vec<_> = asked.collect();
    let indexer = Indexer::new(&*evidence, &*state, origin, keys);
    let bar = bar(args, asked.len() as u64, "{bar:30} {pos}/{len} days {msg} {eta}");
    let (mut made, mut exit) = (Vec::new(), Exit::Ok);
    for day in asked {
        bar.set_message(day.to_string());
        match indexer.make(day).await {
            Ok(done) => made.push(done),
            // One day that cannot be relied on keeps the others from nothing.
            Err(error @ IndexingError::Day(_)) => {
                exit = Exit::Unchecked;
                bar.suspend(|| tell(&format!("dayseal: {:#}", anyhow::Error::from(error))));
            }
            Err(error) => {
                bar.finish_and_clear();
                return Err(error.into());
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if args.json {
        json(&serde_json::json!({ "v": 1, "indexed": made }))?;
    } else {
        line(describe(&made))?;
    }
    Ok(exit)
}

fn describe(made: &[Indexed]) -> String {
    let sum = |of: fn(&Indexed) -> u64| made.iter().map(of).sum::<u64>();
    let changed = sum(|d| u64::from(!d.unchanged));
    let mut text = format!(
        "indexed {}, {} of them anew: {} of {} with hints, {}",
        count(made.len() as u64, "day", "days"),
        number(changed),
        number(sum(|d| d.hinted)),
        count(sum(|d| d.batches), "batch", "batches"),
        bytes(sum(|d| d.bytes)),
    );
    for day in made.iter().filter(|d| d.too_long) {
        text.push_str(&format!(
            "; {} has too many batches for one: their headers are read",
            day.day
        ));
    }
    let unread = sum(|d| d.unread);
    if unread > 0 {
        text.push_str(&format!("; {} could not be read", count(unread, "batch", "batches")));
    }
    text
}
