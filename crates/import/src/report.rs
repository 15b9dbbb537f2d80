//! What became of a file: the event at its end.

use std::collections::BTreeMap;

use dayseal_format::event::{
    Actor, Event, EventDraft, EventError, EventId, EventType, Outcome, Reason, limits,
};

use crate::names::{cut, label_key};
use crate::{Check, CheckState, Format};

/// Names of dropped fields counted one by one; the rest together.
const MAX_NAMES: usize = 64;

/// Whether the run was stopped before the file's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interrupted {
    /// It was read to its end.
    #[default]
    No,
    /// It was not.
    Yes,
}

/// What became of one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Who wrote it.
    pub format: Format,
    /// Its name, without directories.
    pub file: String,
    /// Its keyed digest, if there are keys and it was read to its end.
    pub digest: Option<String>,
    /// Records in it, blank lines apart.
    pub records: u64,
    /// Of these, imported.
    pub imported: u64,
    /// Of these, refused.
    pub refused: u64,
    /// What its own chain or checksums said.
    pub check: Check,
    /// How often a field was left out or cut, by its path; beyond 64 paths under `*`.
    pub dropped: BTreeMap<String, u64>,
    /// Whether the run was stopped before its end.
    pub interrupted: Interrupted,
}

impl FileReport {
    /// Nothing so far.
    pub fn new(format: Format, file: &str) -> Self {
        Self {
            format,
            file: cut(file, limits::SHORT_TEXT).0.to_owned(),
            digest: None,
            records: 0,
            imported: 0,
            refused: 0,
            check: Check::new(format.check()),
            dropped: BTreeMap::new(),
            interrupted: Interrupted::No,
        }
    }

    /// Counts fields left out of one record.
    pub fn dropped(&mut self, paths: &[String]) {
        for path in paths {
            // Paths are the file's own words.
            let path = path
                .strip_suffix(" (cut)")
                .map_or_else(|| label_key(path), |p| label_key(p) + " (cut)");
            let full = self.dropped.len() >= MAX_NAMES && !self.dropped.contains_key(&path);
            let path = if full { "*".to_owned() } else { path };
            *self.dropped.entry(path).or_default() += 1;
        }
    }

    /// Whether all of it was imported, and what could be checked fits.
    pub fn is_clean(&self) -> bool {
        self.refused == 0
            && self.check.state() != CheckState::Broken
            && self.interrupted == Interrupted::No
    }

    /// The event that says so, `id` being the one that the file's events name as their cause.
    ///
    /// # Errors
    /// [`EventError`] if `service` is no identifier.
    pub fn event(&self, id: EventId, service: &str) -> Result<EventDraft, EventError> {
        let state = match self.check.state() {
            CheckState::None => "none",
            CheckState::Intact => "intact",
            CheckState::Broken => "broken",
        };
        let code = match (self.interrupted, self.check.state(), self.refused) {
            (Interrupted::Yes, ..) => Some("interrupted"),
            (_, CheckState::Broken, _) => Some("check_broken"),
            (_, _, 1..) => Some("records_refused"),
            _ => None,
        };
        let outcome = if self.is_clean() { Outcome::Success } else { Outcome::Failure };
        let mut event = Event::reserved_builder(EventType::LOG_IMPORTED)
            .id(id)
            .actor(Actor::service(service))
            .action("import")
            .outcome(outcome)
            .reason(Reason { code: code.map(str::to_owned), text: None })
            .label("import.format", self.format.as_str())
            .label("import.records", self.records.to_string())
            .label("import.imported", self.imported.to_string())
            .label("import.refused", self.refused.to_string())
            .label("import.check", state);
        if !self.file.is_empty() {
            event = event.label("import.file", &*self.file);
        }
        if let Some(digest) = &self.digest {
            event = event.label("import.digest", digest);
        }
        if let (Some(line), Some(reason)) = (self.check.line, self.check.reason) {
            event = event
                .label("import.check_line", line.to_string())
                .label("import.check_reason", reason);
        }
        if !self.dropped.is_empty() {
            let all: Vec<_> = self.dropped.iter().map(|(path, n)| format!("{path}={n}")).collect();
            event = event.label("import.dropped", cut(&all.join(" "), limits::SHORT_TEXT).0);
        }
        event.build()
    }
}
