//! From entries to numbers: one pass, in bounded memory.

mod ai;
mod fields;
mod latency;
mod people;
mod tally;
mod top;

use std::collections::BTreeMap;

use dayseal_auditor::hold::{Recorded, recorded};
use dayseal_format::event::{ActorType, DataClass, EventFields, EventType, Severity};
use dayseal_format::{Day, UnixMillis};
use serde::Serialize;

pub use ai::{AgentSum, AiFields, AiUse, Step};
pub use fields::{Fields, SKEW_MS};
pub use latency::{BOUNDS, Bucket, Latencies, Latency};
pub use people::{
    Access, Erasures, MAX_ACTIVITIES, Names, OpenErasure, Processing, ProcessingRow, Register,
};
pub use tally::Tally;
pub use top::{EXACT, Ranked, Ranking, Sum, Top};

use ai::AiCollector;
use fields::FieldsCollector;
use people::{AccessCollector, ErasureCollector};

/// Kinds of data whose access is summed up.
pub const CLASSES: [DataClass; 5] =
    [DataClass::Phi, DataClass::Chd, DataClass::Pii, DataClass::Special, DataClass::Secret];
/// Entries about holds that are compared with the statements.
const MAX_HOLDS: usize = 100_000;

/// An actor's sum.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ActorSum {
    /// What kind of actor, by its first entry.
    #[serde(rename = "type")]
    pub kind: Option<ActorType>,
    /// Its entries.
    #[serde(flatten)]
    pub tally: Tally,
}

impl Sum for ActorSum {
    fn entries(&self) -> u64 {
        self.tally.entries
    }

    fn merge(&mut self, other: Self) {
        self.kind = self.kind.or(other.kind);
        self.tally.merge(other.tally);
    }
}

/// Takes entries, one after another.
#[derive(Debug, Default)]
pub struct Collector {
    all: Tally,
    sealed: u64,
    types: Top<Tally>,
    known: BTreeMap<&'static str, u64>,
    actors: Top<ActorSum>,
    actor_types: BTreeMap<&'static str, u64>,
    services: Top<Tally>,
    tenants: Top<Tally>,
    days: BTreeMap<Day, Tally>,
    hours: [u64; 24],
    severities: BTreeMap<&'static str, u64>,
    redactions: Top<Plain>,
    durations: Latencies,
    ai: AiCollector,
    fields: FieldsCollector,
    register: Register,
    access: [AccessCollector; CLASSES.len()],
    erasures: ErasureCollector,
    reviews: BTreeMap<Day, u64>,
    holds: Vec<Recorded>,
    holds_left_out: bool,
    changes: u64,
    people: u64,
    people_as_pseudonyms: u64,
}

/// A count and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plain {
    /// Entries.
    pub entries: u64,
}

impl Sum for Plain {
    fn entries(&self) -> u64 {
        self.entries
    }

    fn merge(&mut self, other: Self) {
        self.entries += other.entries;
    }
}

/// Adds counts by name.
fn add_counts(sum: &mut BTreeMap<&'static str, u64>, other: BTreeMap<&'static str, u64>) {
    other.into_iter().for_each(|(name, n)| *sum.entry(name).or_default() += n);
}

impl Collector {
    /// Takes one entry, of a batch of this day.
    pub fn add(&mut self, e: &EventFields, day: Day, sealed: bool) {
        self.all.add(e);
        self.sealed += u64::from(sealed);
        self.types.add(e.kind.as_str(), |t| t.add(e));
        if let Some(known) = EventType::KNOWN.iter().find(|k| **k == e.kind) {
            *self.known.entry(known.as_str()).or_default() += 1;
        }
        self.actors.add(&e.actor.id, |a| {
            a.kind.get_or_insert(e.actor.kind);
            a.tally.add(e);
        });
        *self.actor_types.entry(e.actor.kind.as_str()).or_default() += 1;
        // Officers stand by their names in what they order: that is the point of it.
        let order = ["hold.", "privacy.erasure."].iter().any(|p| e.kind.as_str().starts_with(p));
        let person = matches!(e.actor.kind, ActorType::User | ActorType::Admin) && !order;
        self.people += u64::from(person);
        self.people_as_pseudonyms += u64::from(person && e.actor.id.starts_with("p1:"));
        self.services.add(&e.service.name, |t| t.add(e));
        self.tenants.add(&e.tenant, |t| t.add(e));
        self.days.entry(day).or_default().add(e);
        let hour = e.time.as_millis() / 3_600_000 % 24;
        if let Some(slot) = usize::try_from(hour).ok().and_then(|h| self.hours.get_mut(h)) {
            *slot += 1;
        }
        let severity = e.severity.map_or("none", Severity::as_str);
        *self.severities.entry(severity).or_default() += 1;
        for redaction in &e.redactions {
            self.redactions.add(&redaction.rule, |n| n.entries += 1);
        }
        if let Some(ms) = e.duration_ms {
            self.durations.add(ms);
        }
        self.changes += u64::from(e.change.is_some());
        self.ai.add(e);
        self.fields.add(e);
        self.register.add(e);
        for (class, access) in CLASSES.iter().zip(&mut self.access) {
            if e.data_class.contains(class) {
                access.add(e);
            }
        }
        self.erasures.add(e);
        if e.kind == EventType::REVIEW_COMPLETED {
            *self.reviews.entry(day).or_default() += 1;
        }
        if let Some(hold) = recorded(e) {
            self.hold(hold);
        }
    }

    fn hold(&mut self, hold: Recorded) {
        if self.holds.len() < MAX_HOLDS {
            self.holds.push(hold);
        } else {
            self.holds_left_out = true;
        }
    }

    /// Adds what another took of later entries. The same numbers as if they had been taken here, except where there
    /// are more names, activities or erasures than are told apart: which of them are is then another choice.
    pub fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        self.sealed += other.sealed;
        self.types.merge(other.types);
        add_counts(&mut self.known, other.known);
        self.actors.merge(other.actors);
        add_counts(&mut self.actor_types, other.actor_types);
        self.services.merge(other.services);
        self.tenants.merge(other.tenants);
        for (day, tally) in other.days {
            self.days.entry(day).or_default().merge(tally);
        }
        self.hours.iter_mut().zip(other.hours).for_each(|(sum, n)| *sum += n);
        add_counts(&mut self.severities, other.severities);
        self.redactions.merge(other.redactions);
        self.durations.merge(&other.durations);
        self.ai.merge(other.ai);
        self.fields.merge(other.fields);
        self.register.merge(other.register);
        for (access, other) in self.access.iter_mut().zip(other.access) {
            access.merge(other);
        }
        self.erasures.merge(other.erasures);
        for (day, n) in other.reviews {
            *self.reviews.entry(day).or_default() += n;
        }
        other.holds.into_iter().for_each(|hold| self.hold(hold));
        self.holds_left_out |= other.holds_left_out;
        self.changes += other.changes;
        self.people += other.people;
        self.people_as_pseudonyms += other.people_as_pseudonyms;
    }

    /// The numbers, with `top` names in each ranking.
    pub fn finish(self, top: usize) -> Statistics {
        let access = CLASSES.into_iter().zip(self.access);
        Statistics {
            entries: self.all.entries,
            sealed: self.sealed,
            not_sealed: self.all.entries - self.sealed,
            people: self.people,
            people_as_pseudonyms: self.people_as_pseudonyms,
            outcomes: self.all,
            types: self.types.finish(top),
            known_types: self.known,
            actors: self.actors.finish(top),
            actor_types: self.actor_types,
            services: self.services.finish(top),
            tenants: self.tenants.finish(top),
            days: self.days,
            hours: self.hours,
            severities: self.severities,
            redactions: self.redactions.finish(top),
            durations: self.durations.finish(),
            changes: self.changes,
            ai: self.ai.finish(top),
            fields: self.fields.finish(),
            processing: self.register.finish(),
            access: access.map(|(class, a)| (class.as_str(), a.finish(top))).collect(),
            erasures: self.erasures.finish(),
            reviews: self.reviews,
            recorded_holds: self.holds,
            holds_left_out: self.holds_left_out,
        }
    }
}

/// What the entries say. Every count is of entries, unless it says otherwise.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Statistics {
    /// All entries.
    pub entries: u64,
    /// Those that a signed manifest lists.
    pub sealed: u64,
    /// Those that none lists yet: only the store protects them.
    pub not_sealed: u64,
    /// Those of people: actors of type `user` or `admin`, but for what officers order (holds, erasures).
    pub people: u64,
    /// Of these, those that name them by a pseudonym of the log.
    pub people_as_pseudonyms: u64,
    /// By outcome, with the times of the earliest and the latest.
    pub outcomes: Tally,
    /// By type.
    pub types: Ranking<Tally>,
    /// By the types that the format names, those that occur.
    pub known_types: BTreeMap<&'static str, u64>,
    /// By actor, as the log names them.
    pub actors: Ranking<ActorSum>,
    /// By kind of actor.
    pub actor_types: BTreeMap<&'static str, u64>,
    /// By recording service.
    pub services: Ranking<Tally>,
    /// By tenant.
    pub tenants: Ranking<Tally>,
    /// By the day of their batch: the day they were recorded on.
    #[serde(serialize_with = "by_day")]
    pub days: BTreeMap<Day, Tally>,
    /// By the hour (UTC) in which they happened.
    pub hours: [u64; 24],
    /// By severity; `none` where they name none.
    pub severities: BTreeMap<&'static str, u64>,
    /// Texts masked before they were stored, by rule.
    pub redactions: Ranking<Plain>,
    /// `duration_ms`.
    pub durations: Latency,
    /// Entries that say what changed.
    pub changes: u64,
    /// Model calls, agents, safety, oversight.
    pub ai: AiUse,
    /// Which fields are there.
    pub fields: Fields,
    /// Processing activities (GDPR Art. 30).
    pub processing: Processing,
    /// Access to kinds of data, by kind.
    pub access: BTreeMap<&'static str, Access>,
    /// Erasures asked for and done.
    pub erasures: Erasures,
    /// Reviews (`review.completed`), by the day they were recorded on.
    #[serde(serialize_with = "by_day")]
    pub reviews: BTreeMap<Day, u64>,
    /// Holds and releases that entries record.
    #[serde(skip)]
    pub recorded_holds: Vec<Recorded>,
    /// There were more than can be compared.
    #[serde(skip)]
    pub holds_left_out: bool,
}

impl Statistics {
    /// Entries of a type that the format names.
    pub fn of(&self, kind: &EventType) -> u64 {
        self.known_types.get(kind.as_str()).copied().unwrap_or(0)
    }

    /// Time of the earliest entry.
    pub fn first(&self) -> Option<UnixMillis> {
        self.outcomes.first
    }

    /// Time of the latest entry.
    pub fn last(&self) -> Option<UnixMillis> {
        self.outcomes.last
    }
}

/// A map by day, with the days as text.
fn by_day<T: Serialize, S: serde::Serializer>(
    map: &BTreeMap<Day, T>,
    s: S,
) -> Result<S::Ok, S::Error> {
    s.collect_map(map.iter().map(|(day, value)| (day.to_string(), value)))
}
