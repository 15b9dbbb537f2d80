//! People's data: processing activities, access to kinds of data, erasures.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use dayseal_format::UnixMillis;
use dayseal_format::event::{EventFields, EventId, EventType, Outcome};
use serde::Serialize;

use super::ActorSum;
use super::tally::{Tally, earlier};
use super::top::{Ranking, Top};

/// Processing activities listed one by one; more are counted.
pub const MAX_ACTIVITIES: usize = 1_000;
/// Names listed of each kind in an activity; more are counted.
const MAX_NAMES: usize = 64;
/// Erasures followed one by one.
const MAX_ERASURES: usize = 100_000;

/// Names, at most 64.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Names(BTreeSet<String>);

impl Names {
    fn add(&mut self, name: &str) {
        if self.0.len() < MAX_NAMES && !self.0.contains(name) {
            self.0.insert(name.to_owned());
        }
    }

    fn merge(&mut self, other: &Self) {
        other.iter().for_each(|name| self.add(name));
    }

    /// In the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One processing activity: entries with one purpose and one legal basis.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ProcessingRow {
    /// For what; `None` where entries do not say.
    pub purpose: Option<String>,
    /// By what right; `None` where entries do not say.
    pub legal_basis: Option<String>,
    /// Categories of data, at most 64.
    pub categories: Names,
    /// Who received them, at most 64.
    pub recipients: Names,
    /// Where they went, at most 64.
    pub transfers: Names,
    /// Entries.
    pub entries: u64,
    /// Of these, those that name no category of data.
    pub without_categories: u64,
    /// Of these, those that name no recipient.
    pub without_recipients: u64,
    /// Time of the earliest.
    pub first: Option<UnixMillis>,
    /// Time of the latest.
    pub last: Option<UnixMillis>,
}

impl ProcessingRow {
    fn merge(&mut self, other: &Self) {
        self.categories.merge(&other.categories);
        self.recipients.merge(&other.recipients);
        self.transfers.merge(&other.transfers);
        self.entries += other.entries;
        self.without_categories += other.without_categories;
        self.without_recipients += other.without_recipients;
        self.first = earlier(self.first, other.first);
        self.last = self.last.max(other.last);
    }
}

/// The record of processing activities, as far as entries make one.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Processing {
    /// Entries of type `privacy.processing`, and others that name a purpose.
    pub entries: u64,
    /// Of these, those with purpose, legal basis, categories and recipients.
    pub complete: u64,
    /// Of these, those without a purpose.
    pub without_purpose: u64,
    /// Of these, those without a legal basis.
    pub without_legal_basis: u64,
    /// By purpose and legal basis, the most frequent first; at most [`MAX_ACTIVITIES`].
    pub activities: Vec<ProcessingRow>,
    /// Entries of activities beyond these.
    pub others: u64,
}

/// Makes [`Processing`].
#[derive(Debug, Default)]
pub struct Register {
    found: Processing,
    rows: BTreeMap<(Option<String>, Option<String>), ProcessingRow>,
}

impl Register {
    pub(super) fn add(&mut self, e: &EventFields) {
        let declared = e.kind == EventType::PRIVACY_PROCESSING;
        let Some(p) = &e.privacy else {
            if declared {
                self.row(e, None, None, |_| {});
                self.found.without_purpose += 1;
                self.found.without_legal_basis += 1;
            }
            return;
        };
        // Requests for erasure are told of elsewhere.
        if !declared && (p.purpose.is_none() || e.kind.as_str().starts_with("privacy.")) {
            return;
        }
        let (categories, recipients) = (!p.categories.is_empty(), !p.recipients.is_empty());
        self.found.without_purpose += u64::from(p.purpose.is_none());
        self.found.without_legal_basis += u64::from(p.legal_basis.is_none());
        let whole = p.purpose.is_some() && p.legal_basis.is_some() && categories && recipients;
        self.found.complete += u64::from(whole);
        self.row(e, p.purpose.clone(), p.legal_basis.clone(), |row| {
            p.categories.iter().for_each(|name| row.categories.add(name));
            p.recipients.iter().for_each(|name| row.recipients.add(name));
            p.transfer_region.iter().for_each(|name| row.transfers.add(name));
            row.without_categories += u64::from(!categories);
            row.without_recipients += u64::from(!recipients);
        });
    }

    fn row(
        &mut self,
        e: &EventFields,
        purpose: Option<String>,
        legal_basis: Option<String>,
        add: impl FnOnce(&mut ProcessingRow),
    ) {
        self.found.entries += 1;
        let key = (purpose, legal_basis);
        if self.rows.len() >= MAX_ACTIVITIES && !self.rows.contains_key(&key) {
            self.found.others += 1;
            return;
        }
        let row = self.rows.entry(key).or_insert_with_key(|(purpose, legal_basis)| {
            let (purpose, legal_basis) = (purpose.clone(), legal_basis.clone());
            ProcessingRow { purpose, legal_basis, ..ProcessingRow::default() }
        });
        row.entries += 1;
        row.first = earlier(row.first, Some(e.time));
        row.last = row.last.max(Some(e.time));
        if e.privacy.is_none() {
            row.without_categories += 1;
            row.without_recipients += 1;
        }
        add(row);
    }

    pub(super) fn merge(&mut self, other: Self) {
        let (f, o) = (&mut self.found, other.found);
        f.entries += o.entries;
        f.complete += o.complete;
        f.without_purpose += o.without_purpose;
        f.without_legal_basis += o.without_legal_basis;
        f.others += o.others;
        for (key, row) in other.rows {
            if self.rows.len() >= MAX_ACTIVITIES && !self.rows.contains_key(&key) {
                self.found.others += row.entries;
                continue;
            }
            match self.rows.entry(key) {
                Entry::Occupied(mut held) => held.get_mut().merge(&row),
                Entry::Vacant(free) => drop(free.insert(row)),
            }
        }
    }

    pub(super) fn finish(self) -> Processing {
        let mut activities: Vec<_> = self.rows.into_values().collect();
        activities.sort_by_key(|row| std::cmp::Reverse(row.entries));
        Processing { activities, ..self.found }
    }
}

/// Access to one kind of data.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Access {
    /// Entries that touched it.
    pub all: Tally,
    /// Of these, those that say why (`access_reason`, or a purpose).
    pub with_reason: u64,
    /// Of these, those that name what was touched (`resource`).
    pub with_resource: u64,
    /// Who.
    pub actors: Ranking<ActorSum>,
    /// What was done.
    pub actions: Ranking<Tally>,
}

#[derive(Debug, Default)]
pub(super) struct AccessCollector {
    all: Tally,
    with_reason: u64,
    with_resource: u64,
    actors: Top<ActorSum>,
    actions: Top<Tally>,
}

impl AccessCollector {
    pub(super) fn add(&mut self, e: &EventFields) {
        self.all.add(e);
        let purpose = e.privacy.as_ref().is_some_and(|p| p.purpose.is_some());
        self.with_reason += u64::from(e.access_reason.is_some() || purpose);
        self.with_resource += u64::from(e.resource.is_some());
        self.actors.add(&e.actor.id, |a| {
            a.kind.get_or_insert(e.actor.kind);
            a.tally.add(e);
        });
        self.actions.add(&e.action, |t| t.add(e));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        self.with_reason += other.with_reason;
        self.with_resource += other.with_resource;
        self.actors.merge(other.actors);
        self.actions.merge(other.actions);
    }

    pub(super) fn finish(self, top: usize) -> Access {
        Access {
            all: self.all,
            with_reason: self.with_reason,
            with_resource: self.with_resource,
            actors: self.actors.finish(top),
            actions: self.actions.finish(top),
        }
    }
}

/// Erasures that entries tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erasures {
    /// Asked for.
    pub requested: u64,
    /// Done (an entry that says so with outcome `success`).
    pub completed: u64,
    /// Asked for, and no entry of the days says that it was done; at most 100.
    pub open: Vec<OpenErasure>,
    /// How many of those there are.
    pub open_count: u64,
    /// There were too many to tell which are open.
    pub too_many: bool,
}

/// An erasure that was asked for and is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenErasure {
    /// The entry that asks for it.
    pub receipt: EventId,
    /// When.
    pub time: UnixMillis,
}

#[derive(Debug, Default)]
pub(super) struct ErasureCollector {
    requested: u64,
    completed: u64,
    /// Requests, with who they are about: an application's own may not name the request it answers.
    asked: BTreeMap<EventId, (UnixMillis, Option<String>)>,
    done: BTreeSet<EventId>,
    /// Whom an erasure without a request's name was about, with its latest time.
    done_of: BTreeMap<String, UnixMillis>,
    too_many: bool,
}

impl ErasureCollector {
    pub(super) fn add(&mut self, e: &EventFields) {
        let subject = e.privacy.as_ref().and_then(|p| p.subject.clone());
        if e.kind == EventType::PRIVACY_ERASURE_REQUESTED {
            self.requested += 1;
            self.ask(e.id, (e.time, subject));
        } else if e.kind == EventType::PRIVACY_ERASURE_COMPLETED && e.outcome == Outcome::Success {
            self.completed += 1;
            match (e.correlation.as_ref().and_then(|c| c.parent_event), subject) {
                (Some(receipt), _) => self.finish_one(receipt),
                (None, Some(subject)) => self.finish_of(subject, e.time),
                (None, None) => {}
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.requested += other.requested;
        self.completed += other.completed;
        self.too_many |= other.too_many;
        other.asked.into_iter().for_each(|(receipt, asked)| self.ask(receipt, asked));
        other.done.into_iter().for_each(|receipt| self.finish_one(receipt));
        other.done_of.into_iter().for_each(|(subject, time)| self.finish_of(subject, time));
    }

    fn ask(&mut self, receipt: EventId, asked: (UnixMillis, Option<String>)) {
        if self.asked.len() < MAX_ERASURES {
            self.asked.insert(receipt, asked);
        } else {
            self.too_many = true;
        }
    }

    fn finish_one(&mut self, receipt: EventId) {
        if self.has_room() {
            self.done.insert(receipt);
        }
    }

    fn finish_of(&mut self, subject: String, time: UnixMillis) {
        if self.has_room() {
            let latest = self.done_of.entry(subject).or_insert(time);
            *latest = (*latest).max(time);
        }
    }

    fn has_room(&mut self) -> bool {
        let room = self.done.len() + self.done_of.len() < MAX_ERASURES;
        self.too_many |= !room;
        room
    }

    pub(super) fn finish(self) -> Erasures {
        let (done, done_of) = (&self.done, &self.done_of);
        let mut open: Vec<OpenErasure> = self
            .asked
            .iter()
            .filter(|(receipt, (time, subject))| {
                let later =
                    subject.as_ref().and_then(|s| done_of.get(s)).is_some_and(|t| t >= time);
                !done.contains(receipt) && !later
            })
            .map(|(receipt, (time, _))| OpenErasure { receipt: *receipt, time: *time })
            .collect();
        let open_count = open.len() as u64;
        open.sort_by_key(|o| (o.time, o.receipt));
        open.truncate(100);
        let Self { requested, completed, too_many, .. } = self;
        Erasures { requested, completed, open, open_count, too_many }
    }
}
