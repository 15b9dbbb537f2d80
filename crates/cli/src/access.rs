//! Who reads the log stands in the log: an event for each reading command, where the tool can record.

use dayseal::{Actor, AuditLog, Event, Resource};
use dayseal_format::event::{Correlation, EventDraft, EventId, Outcome};
use dayseal_format::{Acknowledgement, StreamId};

use crate::args::{Args, Recording};
use crate::config::Config;
use crate::output::tell;
use crate::recording::{open_log, privacy};

/// What was read, for the log. No value that was searched for: it may name a person.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    /// `log.accessed` or `log.exported`.
    pub(crate) kind: &'static str,
    /// The command.
    pub(crate) action: &'static str,
    /// The entry or the days, if one can be named.
    pub(crate) resource: Option<Resource>,
    /// Names of the filters.
    pub(crate) filters: Vec<&'static str>,
    /// Entries shown.
    pub(crate) entries: u64,
    /// `--purpose`.
    pub(crate) purpose: Option<&'a str>,
}

/// Labels that [`Access`] writes, declared whatever a strict redaction asks for.
const LABELS: [&str; 2] = ["access.entries", "access.filters"];

impl<'a> Access<'a> {
    /// Records it durably. Who may only read goes on reading, and is told that the log does not know.
    pub(crate) async fn record(self, args: &Args, config: &Config<'_>) {
        let Some(log) = opened(args, config).await else { return };
        let done = async {
            // Closing stores it, with the end of the stream.
            log.record(self.draft(Outcome::Success, None)?).await?;
            log.close().await?;
            anyhow::Ok(())
        };
        told(done.await);
    }

    /// Records durably that reading begins, before anything is shown and while nobody knows how much it will be:
    /// outcome `deferred`. What is read until [`Begun::end`] is known by it even if the process is killed.
    pub(crate) async fn begin(self, args: &Args, config: &Config<'_>) -> Begun<'a> {
        let mut begun = Begun { access: self, recorded: None };
        let Some(log) = opened(args, config).await else { return begun };
        let stored = async {
            let draft = begun.access.draft(Outcome::Deferred, None)?;
            anyhow::Ok(log.record_durable(draft).await?)
        };
        match told(stored.await) {
            Some(Acknowledgement { entry, stream, .. }) => {
                begun.recorded = Some(Recorded { log, entry, stream });
            }
            // Nothing is left in it: why it could not be stored was told.
            None => drop(log.close().await),
        }
        begun
    }

    /// A count stands in a success only; what follows a beginning names it.
    fn draft(&self, outcome: Outcome, begun: Option<EventId>) -> anyhow::Result<EventDraft> {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        let actor = match user.ok().filter(|name| !name.is_empty()) {
            Some(name) => Actor::user(name),
            None => Actor::system("dayseal"),
        };
        let mut event =
            Event::reserved_builder(self.kind).actor(actor).action(self.action).outcome(outcome);
        if outcome == Outcome::Success {
            event = event.label("access.entries", self.entries.to_string());
        }
        if let Some(begun) = begun {
            let parent_event = Some(begun);
            event = event.correlation(Correlation { parent_event, ..Correlation::default() });
        }
        if !self.filters.is_empty() {
            event = event.label("access.filters", self.filters.join(" "));
        }
        if let Some(resource) = &self.resource {
            event = event.resource(resource.clone());
        }
        if let Some(purpose) = self.purpose {
            event = event.access_reason(purpose);
        }
        Ok(event.build()?)
    }
}

/// A reading under way.
#[derive(Debug)]
pub(crate) struct Begun<'a> {
    access: Access<'a>,
    recorded: Option<Recorded>,
}

/// Where its beginning is recorded.
#[derive(Debug)]
struct Recorded {
    log: AuditLog,
    entry: EventId,
    stream: StreamId,
}

impl Begun<'_> {
    /// The stream that says so itself: who follows the log need not see their own steps.
    pub(crate) fn stream(&self) -> Option<StreamId> {
        self.recorded.as_ref().map(|recorded| recorded.stream)
    }

    /// Records durably that it ended, and how many entries were shown; `None` if it failed and nobody knows.
    pub(crate) async fn end(mut self, entries: Option<u64>) {
        let Some(Recorded { log, entry, .. }) = self.recorded else { return };
        let outcome = if entries.is_some() { Outcome::Success } else { Outcome::Failure };
        self.access.entries = entries.unwrap_or(0);
        let done = async {
            // Closing stores it, with the end of the stream.
            log.record(self.access.draft(outcome, Some(entry))?).await?;
            log.close().await?;
            anyhow::Ok(())
        };
        told(done.await);
    }
}

/// The log to record in, or the reason why there is none.
async fn opened(args: &Args, config: &Config<'_>) -> Option<AuditLog> {
    // Another log's evidence does not go with this file's keys.
    if config.file().is_err() || args.evidence.is_some() || config.wrapping_key().is_none() {
        tell("not recorded in the log: there is no configuration with a key to record under");
        return None;
    }
    let log = async {
        let own = Recording { service: None, tenant: None, redaction: None, declared: Vec::new() };
        let privacy = privacy(config, &own, &LABELS).await?;
        open_log(args, config, &own, privacy).await
    };
    told(log.await)
}

fn told<T>(result: anyhow::Result<T>) -> Option<T> {
    result.map_err(|error| tell(&format!("not recorded in the log: {error:#}"))).ok()
}
