//! Who reads the log stands in the log: an event for each reading command, where the tool can record.

use dayseal::{Actor, AuditLog, Event, Resource};
use dayseal_format::event::{EventDraft, Outcome};

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

impl Access<'_> {
    /// Records it durably. Who may only read goes on reading, and is told that the log does not know.
    pub(crate) async fn record(self, args: &Args, config: &Config<'_>) {
        // Another log's evidence does not go with this file's keys.
        if config.file().is_err() || args.evidence.is_some() || config.wrapping_key().is_none() {
            tell("not recorded in the log: there is no configuration with a key to record under");
            return;
        }
        if let Err(error) = self.try_record(args, config).await {
            tell(&format!("not recorded in the log: {error:#}"));
        }
    }

    async fn try_record(self, args: &Args, config: &Config<'_>) -> anyhow::Result<()> {
        let own = Recording { service: None, tenant: None, redaction: None, declared: Vec::new() };
        let privacy = privacy(config, &own, &LABELS).await?;
        let draft = self.draft()?;
        let log: AuditLog = open_log(args, config, &own, privacy).await?;
        let stored = log.record_durable(draft).await;
        log.close().await?;
        stored?;
        Ok(())
    }

    fn draft(self) -> anyhow::Result<EventDraft> {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        let actor = match user.ok().filter(|name| !name.is_empty()) {
            Some(name) => Actor::user(name),
            None => Actor::system("dayseal"),
        };
        let mut event = Event::reserved_builder(self.kind)
            .actor(actor)
            .action(self.action)
            .outcome(Outcome::Success)
            .label("access.entries", self.entries.to_string());
        if !self.filters.is_empty() {
            event = event.label("access.filters", self.filters.join(" "));
        }
        if let Some(resource) = self.resource {
            event = event.resource(resource);
        }
        if let Some(purpose) = self.purpose {
            event = event.access_reason(purpose);
        }
        Ok(event.build()?)
    }
}
