//! `dayseal rotate destroy-log-secret`

use anyhow::Context as _;
use dayseal::{
    Actor, AuditLog, Correlation, Event, EventDraft, EventId, KeyRef as EventKey, Outcome, Reason,
};
use dayseal_format::Origin;
use dayseal_format::event::DEFAULT_TENANT;
use dayseal_format::pseudonym::PrivacyKeys;
use dayseal_keys::aws::{SecretKeys, Stage};
use dayseal_keys::{Arn, KeyError, KeyRef, LocalKeys, LogSecret, ServiceFault};

use crate::args::{Args, DestroyLogSecret};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{json, line};
use crate::recording::open_plain_log;

/// What is found of a version at one place.
enum Found {
    /// It makes pseudonyms now.
    Current,
    /// It is kept from before a rotation.
    Previous,
    /// It is not there.
    Gone,
}

pub(super) async fn run(
    args: &Args,
    config: &Config<'_>,
    own: &DestroyLogSecret,
) -> anyhow::Result<Exit> {
    let origin = &config.file()?.origin;
    let key = config.log_secret().ok_or_else(|| {
        UsageError("no log secret: the configuration has neither `log_secret` nor `keys`".into())
    })?;
    let version = own.secret_version.as_str();
    match look(config, &key, origin, version).await? {
        Found::Current => {
            return Err(UsageError(format!("{version} is the log secret in use: run `dayseal rotate log-secret` first, and start producers anew")).into());
        }
        Found::Previous => {}
        // By hand, or by a run that was stopped before it could say so.
        Found::Gone if own.gone => {}
        Found::Gone => {
            return Err(UsageError(format!("{key} does not hold the version {version}; to record that it was destroyed by hand, or by a run that was stopped, say --gone")).into());
        }
    }
    if !own.yes {
        line(format!("would destroy the log secret {version} of {key}"))?;
        line(
            "pseudonyms and digests under it stay, and nobody can tell any more whose they are, this command neither:",
        )?;
        line(
            "  `subject export` and `subject erase` find these people by their pseudonym alone. Erase what is to be erased first.",
        )?;
        line("nothing was changed: give --yes to destroy it")?;
        return Ok(Exit::Ok);
    }
    let log = open_plain_log(args, config).await?;
    let done = destroy(&log, config, &key, origin, own).await;
    log.close().await.context("not every entry was stored")?;
    let (intent, receipt) = done?;
    if args.json {
        let (intent, receipt) = (intent.to_string(), receipt.to_string());
        json(
            &serde_json::json!({ "v": 1, "destroyed": version, "intent": intent, "receipt": receipt }),
        )?;
        return Ok(Exit::Ok);
    }
    line(format!("destroyed the log secret {version}: {key} does not hold it any more"))?;
    line(format!("recorded as entry {receipt}"))?;
    line(
        "copies and backups of it are yours to destroy: as long as one is left, guesses can be tried",
    )?;
    Ok(Exit::Ok)
}

/// The order before, what was seen after: an order without its end is an attempt that was stopped.
async fn destroy(
    log: &AuditLog,
    config: &Config<'_>,
    key: &KeyRef,
    origin: &Origin,
    own: &DestroyLogSecret,
) -> anyhow::Result<(EventId, EventId)> {
    let intent = log.record_durable(event(own, Outcome::Deferred, None)?).await?.entry;
    let removed = remove(key, origin, own).await;
    let seen = match removed {
        Ok(()) => look(config, key, origin, &own.secret_version).await,
        Err(error) => Err(error),
    };
    match seen {
        Ok(Found::Gone) => {
            let end = event(own, Outcome::Success, Some(intent))?;
            Ok((intent, log.record_durable(end).await?.entry))
        }
        Ok(_) => {
            log.record_durable(event(own, Outcome::Failure, Some(intent))?).await?;
            anyhow::bail!("{key} still holds the version {}", own.secret_version)
        }
        Err(error) => {
            log.record_durable(event(own, Outcome::Failure, Some(intent))?).await?;
            Err(error)
        }
    }
}

fn event(
    own: &DestroyLogSecret,
    outcome: Outcome,
    parent: Option<EventId>,
) -> anyhow::Result<EventDraft> {
    let event = Event::builder("key.destroyed")
        .actor(Actor::admin(&own.by))
        .action("destroy")
        .outcome(outcome)
        .key(EventKey::default().id("log-secret").version(&own.secret_version))
        .reason(Reason { code: None, text: Some(own.reason.clone()) });
    let event = match parent {
        Some(parent) => event.correlation(Correlation::default().parent_event(parent)),
        None => event,
    };
    Ok(event.build()?)
}

async fn remove(key: &KeyRef, origin: &Origin, own: &DestroyLogSecret) -> anyhow::Result<()> {
    match key {
        KeyRef::File(path) => {
            let keys = LocalKeys::load(path)?;
            let held = keys.previous_log_secret();
            if held.is_some_and(|secret| version(secret, origin) == own.secret_version) {
                keys.without_previous_log_secret().replace(path)?;
            }
            Ok(())
        }
        // Nothing can take a version out of Secrets Manager: see `look`.
        KeyRef::Secret(_) | KeyRef::Kms(_) => Ok(()),
    }
}

/// Where a version of the log secret is.
async fn look(
    config: &Config<'_>,
    key: &KeyRef,
    origin: &Origin,
    wanted: &str,
) -> anyhow::Result<Found> {
    let is = |secret: Option<&LogSecret>| secret.is_some_and(|s| version(s, origin) == wanted);
    match key {
        KeyRef::File(path) => {
            let keys = LocalKeys::load(path)?;
            Ok(match (is(keys.log_secret().ok()), is(keys.previous_log_secret())) {
                (true, _) => Found::Current,
                (_, true) => Found::Previous,
                _ => Found::Gone,
            })
        }
        KeyRef::Secret(arn) => in_secret(config, arn, is).await,
        KeyRef::Kms(arn) => {
            Err(UsageError(format!("{arn} is a KMS key: a log secret is in a secret")).into())
        }
    }
}

async fn in_secret(
    config: &Config<'_>,
    arn: &Arn,
    is: impl Fn(Option<&LogSecret>) -> bool,
) -> anyhow::Result<Found> {
    let current = SecretKeys::load(&config.aws, arn.clone(), Stage::Current).await?;
    if is(current.log_secret().ok()) {
        return Ok(Found::Current);
    }
    match SecretKeys::load(&config.aws, arn.clone(), Stage::Previous).await {
        Ok(previous) if is(previous.log_secret().ok()) => Err(UsageError(format!(
            "{arn} keeps it as its version before, and Secrets Manager deletes no single version: put the current version into a new secret, name that as `log_secret`, delete this secret without recovery, then say --gone (docs/rotation.md)"
        ))
        .into()),
        Ok(_) => Ok(Found::Gone),
        Err(KeyError::Service { fault: ServiceFault::NotFound, .. }) => Ok(Found::Gone),
        Err(error) => Err(error.into()),
    }
}

fn version(secret: &LogSecret, origin: &Origin) -> String {
    PrivacyKeys::derive(secret.expose(), origin, DEFAULT_TENANT).version().to_owned()
}
