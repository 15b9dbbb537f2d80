//! What an actor did, in numbers; and a whole journey, in order.

use std::collections::{BTreeMap, BTreeSet};

use dayseal_format::UnixMillis;
use dayseal_format::event::{EventFields, EventId, Outcome};
use serde::Serialize;

use super::Hit;

/// Entries summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Entries.
    pub total_events: u64,
    /// By their type.
    pub by_type: BTreeMap<String, u64>,
    /// By their outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// The time of the earliest.
    pub first_activity: Option<UnixMillis>,
    /// The time of the latest.
    pub last_activity: Option<UnixMillis>,
    /// Those that no seal covers yet.
    pub not_sealed: u64,
}

impl Activity {
    /// Counts an entry.
    pub fn add(&mut self, hit: &Hit) {
        let e = &hit.event;
        self.total_events += 1;
        *self.by_type.entry(e.kind.as_str().to_owned()).or_default() += 1;
        *self.by_outcome.entry(e.outcome.as_str().to_owned()).or_default() += 1;
        self.first_activity = Some(self.first_activity.map_or(e.time, |t| t.min(e.time)));
        self.last_activity = Some(self.last_activity.map_or(e.time, |t| t.max(e.time)));
        self.not_sealed += u64::from(hit.sealed.is_none());
    }
}

/// What an entry is in its journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Something that happened.
    Event,
    /// What was about to be done; its result is there.
    Intent,
    /// What was about to be done, and no result is there: the process ended, or the result was lost or stands elsewhere.
    Open,
    /// The result of an intent.
    Result,
}

/// Entries of one trace.
#[derive(Clone, Debug, Default)]
pub struct Journey {
    intents: BTreeMap<EventId, Option<String>>,
    results: BTreeSet<EventId>,
    answered: BTreeSet<EventId>,
}

impl Journey {
    /// Takes all of a journey.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a EventFields> + Clone) -> Self {
        let mut journey = Self::default();
        let span = |e: &EventFields| e.trace.as_ref().and_then(|t| t.span_id.clone());
        for e in entries.clone() {
            if e.outcome == Outcome::Deferred && e.kind.as_str().ends_with(".started") {
                journey.intents.insert(e.id, span(e));
            }
        }
        for e in entries {
            // What happened within an operation names its intent as well, under a span of its own.
            let cause = e.correlation.as_ref().and_then(|c| c.parent_event);
            let own = cause.and_then(|cause| journey.intents.get(&cause)).map(|s| *s == span(e));
            if own == Some(true) && !journey.intents.contains_key(&e.id) {
                journey.results.insert(e.id);
                journey.answered.extend(cause);
            }
        }
        journey
    }

    /// What an entry is.
    pub fn step(&self, e: &EventFields) -> Step {
        if self.results.contains(&e.id) {
            Step::Result
        } else if !self.intents.contains_key(&e.id) {
            Step::Event
        } else if self.answered.contains(&e.id) {
            Step::Intent
        } else {
            Step::Open
        }
    }

    /// Intents without a result.
    pub fn open(&self) -> u64 {
        (self.intents.len() - self.answered.len()) as u64
    }
}
