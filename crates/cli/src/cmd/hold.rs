//! `dayseal hold`

use std::collections::BTreeSet;

use anyhow::Context as _;
use dayseal_auditor::hold::{self, Holds, Recorded, Scope, placed, recorded, released, unmatched};
use dayseal_auditor::subject::{Recorder as _, jobs};
use dayseal_chain::read::list_day;
use dayseal_format::event::{Event, EventDraft};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{BatchKey, Day, Origin, VerifierKey};
use dayseal_store::Store;

use super::subject::{Producer, Signing, names, random_id};
use super::verify::days;
use crate::args::{Args, HoldArgs, HoldClear, HoldCommand, HoldSet};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{clean, count, json, line, tell};
use crate::recording::open_plain_log;

pub(crate) async fn run(args: &Args, own: &HoldArgs) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let state = config.state().await?.context("no state root: give --state URL")?;
    match &own.command {
        HoldCommand::Set(own) => set(args, &config, &*state, own).await,
        HoldCommand::Clear(own) => clear(args, &config, &*state, own).await,
        HoldCommand::List => list(args, &config, &*state).await,
    }
}

pub(super) async fn read(config: &Config<'_>, state: &dyn Store) -> anyhow::Result<Holds> {
    let officers = config.policy()?.map(|policy| policy.officers).unwrap_or_default();
    read_signed(state, &config.file()?.origin, &officers).await
}

/// Every hold that one of these officers signed. The newest that an erasure has seen must be there.
pub(super) async fn read_signed(
    state: &dyn Store,
    origin: &Origin,
    officers: &[VerifierKey],
) -> anyhow::Result<Holds> {
    let seen = jobs(state, origin).await?.iter().map(|open| open.job.holds).max();
    Ok(Holds::read(state, origin, officers, seen.unwrap_or_default()).await?)
}

async fn set(
    args: &Args,
    config: &Config<'_>,
    state: &dyn Store,
    own: &HoldSet,
) -> anyhow::Result<Exit> {
    check_reason(&own.reason)?;
    let scope = scope(config, own).await?;
    let (holds, signing) = (read(config, state).await?, Signing::open(config, &own.order).await?);
    let now = config.now()?;
    let who = (&config.file()?.origin, signing.needed()?);
    let what = (scope, own.reason.clone());
    let log = open_plain_log(args, config).await?;
    let placed_now = hold::place(state, &holds, who, what, (now, random_id(now)?)).await?;
    let number = placed_now.number;
    record(log, placed(&placed_now)?, number).await?;
    if args.json {
        json(&serde_json::json!({ "v": 1, "hold": placed_now }))?;
    } else {
        line(format!("hold {number}: {}", words(&placed_now.scope)))?;
        line(format!("recorded as entry {}", placed_now.event))?;
    }
    Ok(Exit::Ok)
}

async fn clear(
    args: &Args,
    config: &Config<'_>,
    state: &dyn Store,
    own: &HoldClear,
) -> anyhow::Result<Exit> {
    check_reason(&own.reason)?;
    let (holds, signing) = (read(config, state).await?, Signing::open(config, &own.order).await?);
    let now = config.now()?;
    let who = (&config.file()?.origin, signing.needed()?);
    let what = (own.hold, own.reason.clone());
    let log = open_plain_log(args, config).await?;
    let release = hold::release(state, &holds, who, what, (now, random_id(now)?)).await?;
    record(log, released(own.hold, &release)?, release.number).await?;
    if args.json {
        json(&serde_json::json!({ "v": 1, "hold": own.hold, "release": release }))?;
    } else {
        line(format!("hold {} is released", own.hold))?;
        line(format!("recorded as entry {}", release.event))?;
    }
    Ok(Exit::Ok)
}

/// Records what stands already: a hold counts from when it is stored.
async fn record(log: dayseal::AuditLog, event: EventDraft, number: u32) -> anyhow::Result<()> {
    let producer = Producer(log);
    let stored = producer.record(event).await.map_err(|e| anyhow::anyhow!(e));
    stored.with_context(|| {
        format!("statement {number} is stored and counts, but is not recorded in the log: `dayseal hold list` will say so")
    })?;
    producer.0.close().await.context("not every entry was stored")?;
    Ok(())
}

fn check_reason(reason: &str) -> Result<(), UsageError> {
    if reason.is_empty() || reason.len() > hold::MAX_REASON {
        return Err(UsageError(format!("--reason has 1 to {} bytes", hold::MAX_REASON)));
    }
    Ok(())
}

async fn scope(config: &Config<'_>, own: &HoldSet) -> anyhow::Result<Scope> {
    if let Some(text) = &own.days {
        let (Some(from), Some(through)) = days(Some(text))? else {
            return Err(UsageError("--days: a hold has a first and a last day".into()).into());
        };
        return Ok(Scope::Days { from, through });
    }
    let Some(label) = &own.label else {
        let names = names(config, &own.subjects, &own.tenants).await?;
        if names.subjects.is_empty() {
            let text =
                "contents go by a person's name as a data subject: give the id, or p1:subject:…";
            return Err(UsageError(text.into()).into());
        }
        return Ok(Scope::Subjects(names.subjects));
    };
    let Some((label, value)) = label.split_once('=') else {
        return Err(UsageError("--label: expected NAME=VALUE".into()).into());
    };
    let through = config.now()?.day();
    let mut objects = BTreeSet::new();
    // One batch that cannot be read might be of the label.
    walk(config, through, |key, event| {
        if event.labels.get(label).is_some_and(|found| found == value) {
            objects.insert(ContentObjectKey::from(key).to_string());
        }
    })
    .await
    .context("a hold by label needs the right to read every entry")?;
    if objects.is_empty() {
        return Err(UsageError(format!("no entry has the label {label}={value}")).into());
    }
    Ok(Scope::Label { label: label.into(), value: value.into(), through, objects })
}

/// Every entry up to a day.
async fn walk(
    config: &Config<'_>,
    through: Day,
    mut visit: impl FnMut(&BatchKey, &Event),
) -> anyhow::Result<()> {
    let (evidence, opener) = (config.evidence().await?, config.needed_opener().await?);
    let reader = opener.reader(&*evidence);
    for day in config.file()?.first_day.through(through) {
        for key in list_day(&*evidence, day).await?.0 {
            let batch = reader.open(&key).await?;
            for stored in batch.iter() {
                visit(&key, &Event::decode(stored).with_context(|| format!("an entry of {key}"))?);
            }
        }
    }
    Ok(())
}

async fn list(args: &Args, config: &Config<'_>, state: &dyn Store) -> anyhow::Result<Exit> {
    let holds = read(config, state).await?;
    let mut log: Vec<Recorded> = Vec::new();
    let read = walk(config, config.now()?.day(), |_, event| log.extend(recorded(event))).await;
    let differences = if read.is_ok() { unmatched(&holds, &log) } else { Vec::new() };
    let compared = read.is_ok();
    if args.json {
        json(&serde_json::json!({
            "v": 1, "holds": holds.all, "compared_with_log": compared, "differences": differences,
        }))?;
    } else {
        for hold in &holds.all {
            let state = match &hold.released {
                None => "stands".to_owned(),
                Some(end) => format!("released {} by {}", end.time, end.officers.join(", ")),
            };
            let (by, reason) = (hold.officers.join(", "), clean(&hold.reason));
            line(format!(
                "{}  {}  {by}  {}  {state}  {reason}",
                hold.number,
                hold.time,
                words(&hold.scope)
            ))?;
        }
        line(count(holds.standing().count() as u64, "hold stands", "holds stand"))?;
        differences.iter().try_for_each(|text| line(format!("differs: {text}")))?;
    }
    if let Err(error) = read {
        tell(&format!(
            "not compared with the log, so a newest hold that was taken away would not show: {error:#}"
        ));
        return Ok(Exit::Unchecked);
    }
    Ok(if differences.is_empty() { Exit::Ok } else { Exit::Altered })
}

/// What a hold holds, in words.
pub(super) fn words(scope: &Scope) -> String {
    match scope {
        Scope::Subjects(names) => names.join(", "),
        Scope::Days { from, through } => format!("{from}..{through}"),
        Scope::Label { label, value, through, objects } => {
            let objects = count(objects.len() as u64, "object", "objects");
            clean(&format!("{label}={value} through {through}, {objects}"))
        }
    }
}
