//! `dayseal removal`

use anyhow::Context as _;
use dayseal_auditor::hold::MAX_REASON;
use dayseal_auditor::removal::{Ordered, place, recorded, sealed_version, waiting};
use dayseal_auditor::subject::Recorder as _;
use dayseal_chain::days::SealedDays;
use dayseal_format::event::{Actor, Event, EventDraft, Outcome, Reason, Resource};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::removal::Removal;
use dayseal_format::{BatchKey, Policy};
use dayseal_store::{ErrorKind, Store, open_directory};

use super::subject::{Producer, Signing};
use crate::args::{Args, RemovalApply, RemovalArgs, RemovalCommand, RemovalOrder};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{clean, count, json, line, tell};
use crate::recording::open_plain_log;

pub(crate) async fn run(args: &Args, own: &RemovalArgs) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let state = config.state().await?.context("no state root: give --state URL")?;
    match &own.command {
        RemovalCommand::Order(own) => order(args, &config, &*state, own).await,
        RemovalCommand::List => list(args, &config, &*state).await,
        RemovalCommand::Apply(own) => apply(args, &config, &*state, own).await,
    }
}

async fn order(
    args: &Args,
    config: &Config<'_>,
    state: &dyn Store,
    own: &RemovalOrder,
) -> anyhow::Result<Exit> {
    if own.reason.is_empty() || own.reason.len() > MAX_REASON {
        return Err(UsageError(format!("--reason has 1 to {MAX_REASON} bytes")).into());
    }
    let signing = Signing::open(config, &own.order).await?;
    let signer = signing.needed()?;
    let (now, object) = (config.now()?, own.object);
    if object.day > now.day() {
        return Err(UsageError(format!("--object: {} is still to come", object.day)).into());
    }
    if !is_here(&*config.evidence().await?, &object).await? {
        tell(&format!("{object} is not there: ordered all the same, for what is gone already"));
    }
    let removal = Removal { object, reason: own.reason.clone(), basis: own.basis.clone() };
    let log = open_plain_log(args, config).await?;
    let key = place(state, (&config.file()?.origin, signer), &removal, now).await?;
    let producer = Producer(log);
    let stored = producer.record(entry(&removal, &signing.name)?).await;
    stored.map_err(|e| anyhow::anyhow!(e)).with_context(|| {
        format!("{key} is stored and counts once it is sealed, but no entry tells of it")
    })?;
    producer.0.close().await.context("not every entry was stored")?;
    if args.json {
        json(&serde_json::json!({ "v": 1, "object": object.to_string(), "order": key }))?;
    } else {
        line(format!("ordered: {object} may go once {} is sealed", now.day()))?;
        line(format!("the order is {key} in the state root"))?;
    }
    Ok(Exit::Ok)
}

/// The entry of an order. What was asked for is done later, if at all.
fn entry(removal: &Removal, officer: &str) -> anyhow::Result<EventDraft> {
    Ok(Event::builder("data.deleted")
        .actor(Actor::admin(officer))
        .action("removal.order")
        .outcome(Outcome::Deferred)
        .resource(Resource::new("batch").id(removal.object.to_string()))
        .reason(Reason { code: Some(removal.basis.clone()), text: Some(removal.reason.clone()) })
        .build()?)
}

async fn is_here(evidence: &dyn Store, key: &BatchKey) -> anyhow::Result<bool> {
    match evidence.head(&key.to_string(), None).await {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e.into()),
    }
}

fn needed_policy(config: &Config<'_>) -> anyhow::Result<Policy> {
    let text = "no policy: it says whose orders count; give --policy FILE";
    config.policy()?.ok_or_else(|| UsageError(text.into()).into())
}

async fn list(args: &Args, config: &Config<'_>, state: &dyn Store) -> anyhow::Result<Exit> {
    let (evidence, policy) = (config.evidence().await?, needed_policy(config)?);
    let days = SealedDays::new(&*evidence, &policy.origin, &policy.verifier_keys);
    let (mut orders, digests) = recorded(&days, &policy.officers).await?;
    orders.extend(waiting(state, &policy.origin, &policy.officers, &digests).await?);
    let mut shown = Vec::new();
    for order in orders {
        let here = is_here(&*evidence, &order.object).await?;
        if !args.json {
            print(&order, here)?;
        }
        shown.push(serde_json::json!({ "order": order, "gone": !here }));
    }
    if args.json {
        json(&serde_json::json!({ "v": 1, "removals": shown }))?;
    } else {
        line(count(shown.len() as u64, "order", "orders"))?;
    }
    Ok(Exit::Ok)
}

fn print(order: &Ordered, here: bool) -> anyhow::Result<()> {
    let state = match (order.recorded_on, here) {
        (None, _) => "waits for a seal".to_owned(),
        (Some(day), true) => format!("recorded on {day}, still there"),
        (Some(day), false) => format!("recorded on {day}, gone"),
    };
    let by = order.officers.join(", ");
    line(format!("{}  {state}", order.object))?;
    line(format!("  {}, by {by} at {}: {}", order.basis, order.ordered_at, clean(&order.reason)))
}

async fn apply(
    args: &Args,
    config: &Config<'_>,
    state: &dyn Store,
    own: &RemovalApply,
) -> anyhow::Result<Exit> {
    let (evidence, policy) = (config.evidence().await?, needed_policy(config)?);
    let holds = super::hold::read(config, state).await?;
    let days = SealedDays::new(&*evidence, &policy.origin, &policy.verifier_keys);
    let (mut orders, _) = recorded(&days, &policy.officers).await?;
    // Two officers may have ordered the same.
    orders.sort_by_key(|order| order.object);
    orders.dedup_by_key(|order| order.object);
    let directory = open_directory(evidence.url())?;
    let (mut done, mut held) = (Vec::new(), Vec::new());
    for order in orders {
        let object = order.object.to_string();
        if !is_here(&*evidence, &order.object).await? {
            continue;
        }
        let contents = ContentObjectKey::from(&order.object).to_string();
        if let Some((number, _)) = holds.covering(&contents, &[]) {
            tell(&format!("{object} stays: legal hold {number} covers it"));
            held.push(object);
            continue;
        }
        match &directory {
            Some(directory) if own.yes => {
                directory.remove(&object).await?;
                say(args, &format!("gone  {object}"))?;
            }
            Some(_) => say(args, &format!("would go  {object}"))?,
            None => {
                let version = sealed_version(&days, &order).await?;
                say(args, &command(evidence.url(), &object, version.as_deref())?)?;
            }
        }
        done.push(object);
    }
    if args.json {
        let deleted = own.yes && directory.is_some();
        json(&serde_json::json!({ "v": 1, "deleted": deleted, "objects": done, "held": held }))?;
    } else if directory.is_some() && !own.yes && !done.is_empty() {
        line("nothing was deleted: say --yes")?;
    }
    Ok(if held.is_empty() { Exit::Ok } else { Exit::Altered })
}

fn say(args: &Args, text: &str) -> anyhow::Result<()> {
    if args.json { Ok(()) } else { line(text) }
}

/// What the retention admin runs. The version is a stranger's text until it is looked at.
fn command(evidence: &str, object: &str, version: Option<&str>) -> anyhow::Result<String> {
    let root = evidence.strip_prefix("s3://").context("neither a directory nor a bucket")?;
    let (bucket, prefix) = root.split_once('/').unwrap_or((root, ""));
    let version = version.context("the log has sealed no version of it: delete nothing by hand")?;
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b))
    };
    let key = format!("{prefix}/{object}");
    let key = key.trim_start_matches('/');
    anyhow::ensure!(
        [bucket, key, version].into_iter().all(plain),
        "{object}: its bucket, key or version has characters that a shell would read"
    );
    Ok(format!(
        "aws s3api delete-object --bucket {bucket} --key {key} --version-id={version} --bypass-governance-retention"
    ))
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_command_names_the_sealed_version_and_nothing_a_shell_reads() {
        let made = command("s3://b/main", "entries/x.batch", Some("v.1_-")).unwrap();
        assert_eq!(
            made,
            "aws s3api delete-object --bucket b --key main/entries/x.batch --version-id=v.1_- --bypass-governance-retention"
        );
        assert!(
            command("s3://b", "entries/x.batch", Some("v")).unwrap().contains("--key entries/")
        );
        for version in [None, Some(""), Some("$(x)"), Some("a b"), Some("a;b"), Some("a\nb")] {
            assert!(command("s3://b/main", "entries/x.batch", version).is_err(), "{version:?}");
        }
        assert!(command("file:///x", "entries/x.batch", Some("v")).is_err());
    }
}
