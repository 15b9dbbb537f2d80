//! What the commands that search the log have in common.

use std::sync::Arc;

use dayseal_auditor::find::{Found, IdSearch, LogReader, Orders, Problem, Tally};
use dayseal_auditor::query::People;
use dayseal_chain::verify::Outcome;
use dayseal_format::event::EventId;
use dayseal_format::{Day, Origin, Policy, UnixMillis};
use dayseal_store::Store;

use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::keys::Opener;
use crate::output::{count, number, tell};

/// A log, opened for reading under the policy.
#[derive(Debug)]
pub(crate) struct Desk {
    evidence: Arc<dyn Store>,
    opener: Opener,
    policy: Policy,
    now: UnixMillis,
}

impl Desk {
    pub(crate) async fn open(config: &Config<'_>) -> anyhow::Result<Self> {
        let policy = needed_policy(config)?;
        let (evidence, opener) = (config.evidence().await?, config.needed_opener().await?);
        Ok(Self { evidence, opener, policy, now: config.now()? })
    }

    pub(crate) fn first_day(&self) -> Day {
        self.policy.first_day
    }

    pub(crate) fn today(&self) -> Day {
        self.now.day()
    }

    /// Recognises people by their real ids, if the log secret is at hand here.
    pub(crate) async fn people(&self, config: &Config<'_>) -> People {
        let origin = self.policy.origin.clone();
        let secrets = match config.log_secrets(&origin).await {
            Ok(secrets) => secrets.iter().map(|secret| *secret.expose()).collect(),
            Err(error) => {
                tell(&format!("people are found only as they stand in the log: {error:#}"));
                Vec::new()
            }
        };
        People::new(origin, secrets)
    }

    /// An entry by its id; what could not be relied on is told.
    pub(crate) async fn entry(&self, id: EventId) -> anyhow::Result<Option<Found>> {
        let mut problems = Problems::default();
        let search = IdSearch { id, full: false, all: false };
        let (found, _) = search.run(&self.reader(), |p| problems.tell(p)).await?;
        Ok(found.into_iter().next())
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.policy.origin
    }

    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    pub(crate) fn reader(&self) -> LogReader<'_> {
        LogReader {
            evidence: &*self.evidence,
            batches: self.opener.reader(&*self.evidence),
            origin: self.policy.origin.clone(),
            keys: self.policy.verifier_keys.clone(),
            orders: Orders::of(self.policy.officers.clone()),
            first_day: self.policy.first_day,
            now: self.now,
        }
    }
}

/// The policy: without one nobody's signature counts.
pub(crate) fn needed_policy(config: &Config<'_>) -> anyhow::Result<Policy> {
    let missing = || UsageError("no policy: whose signature counts? give --policy FILE".into());
    Ok(config.policy()?.ok_or_else(missing)?)
}

/// Problems of a search, told as they come and kept for the exit code.
#[derive(Debug, Default)]
pub(crate) struct Problems(Option<Outcome>);

impl Problems {
    pub(crate) fn tell(&mut self, problem: Problem) {
        let outcome = problem.outcome();
        self.0 = Some(self.0.map_or(outcome, |before| before.min(outcome)));
        tell(&format!("dayseal: {:#}", anyhow::Error::from(problem)));
    }

    /// The first of 1, 5, 4, 3; `otherwise` if there was no problem.
    pub(crate) fn exit(&self, otherwise: Exit) -> Exit {
        self.0.map_or(otherwise, |outcome| Exit::from_code(outcome.exit_code()))
    }
}

/// How much was looked at, for standard error.
pub(crate) fn tell_tally(t: &Tally) {
    let entries = count(t.entries, "entry", "entries");
    let (read, days) = (count(t.read, "batch", "batches"), count(t.days, "day", "days"));
    let mut text = format!("read {entries} in {read} of {days}");
    for (n, what) in [
        (t.skipped, "left out by times or service"),
        (t.expired, "expired"),
        (t.removed, "removed by order"),
        (t.problems, "not to be relied on or read"),
    ] {
        if n > 0 {
            text.push_str(&format!("; {} {what}", number(n)));
        }
    }
    tell(&text);
}
