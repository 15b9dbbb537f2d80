//! `dayseal policy`

use dayseal_format::Policy;

use crate::args::{Args, PolicyArgs, PolicyCommand};
use crate::config::{Config, read_policy};
use crate::exit::{Exit, UsageError};
use crate::output::line;

pub(crate) fn run(args: &Args, own: &PolicyArgs) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let named = match &own.command {
        PolicyCommand::Check { file: Some(file) } => Some(file.clone()),
        _ => config.policy_path(),
    };
    let path = named.ok_or_else(|| UsageError("which policy? give --policy FILE".into()))?;
    let policy = read_policy(&path)?;
    match own.command {
        PolicyCommand::Check { .. } if args.json => {
            let checked = serde_json::json!({ "v": 1, "valid": true, "origin": policy.origin });
            crate::output::json(&checked)?;
        }
        PolicyCommand::Check { .. } => {
            line(format!("{} is a valid policy of {}", path.display(), policy.origin))?
        }
        PolicyCommand::Print if args.json => crate::output::json(&as_json(&policy))?,
        PolicyCommand::Print => print(&policy)?,
    }
    Ok(Exit::Ok)
}

fn as_json(p: &Policy) -> serde_json::Value {
    serde_json::json!({
        "v": 1,
        "origin": p.origin,
        "verifier_keys": p.verifier_keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "wrapping_keys": p.wrapping_keys,
        "officers": p.officers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "first_day": p.first_day,
        "retention_floor_days": p.retention_floor,
        "content_days": p.content_days,
        "require": p.require.to_string(),
        "max_seal_hours": p.max_seal_hours,
        "services": p.services,
        "known_findings": p.known_findings,
    })
}

fn print(p: &Policy) -> anyhow::Result<()> {
    line(format!("log             {}", p.origin))?;
    for key in &p.verifier_keys {
        line(format!("signed by       {key}"))?;
    }
    for key in &p.wrapping_keys {
        line(format!("data keys by    {key}"))?;
    }
    if p.wrapping_keys.is_empty() {
        line("data keys by    nobody: entries cannot be opened under this policy")?;
    }
    for key in &p.officers {
        line(format!("officer         {key}"))?;
    }
    line(format!("first day       {}", p.first_day))?;
    line(format!("kept at least   {} days", p.retention_floor))?;
    if let Some(days) = p.content_days {
        line(format!("contents live   {days} days"))?;
    }
    line(format!("requires level  {}", p.require))?;
    line(format!("sealed within   {} hours of a day's end", p.max_seal_hours))?;
    for (service, days) in &p.services {
        line(format!("must be heard   {service}, silent for {days} days at most"))?;
    }
    for (id, reason) in &p.known_findings {
        line(format!("known finding   {id}: {reason}"))?;
    }
    Ok(())
}
