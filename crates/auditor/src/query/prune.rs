//! What hints say of a filter: whether a batch may hold an entry that fits.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use dayseal_format::hints::{Field as Hinted, HintKeys, Hints, Place};
use dayseal_format::pseudonym::Purpose;

use super::{Field, Filter, People, Term};
use crate::find::Screen;

/// Holds the hints of batches against a filter.
pub(super) struct Pruner<'q> {
    filter: &'q Filter,
    people: Arc<Mutex<People>>,
    keys: Vec<HintKeys>,
}

impl fmt::Debug for Pruner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pruner({} keys)", self.keys.len())
    }
}

impl<'q> Pruner<'q> {
    /// `None` if there is nothing that hints could tell: no secret opens them, or the filter asks for nothing they have.
    pub(super) fn new(filter: &'q Filter, people: Arc<Mutex<People>>) -> Option<Self> {
        let keys = lock(&people).hint_keys();
        let asks = |terms: &[Term]| terms.iter().any(|t| t.field() != Field::Text);
        let any = !filter.any.is_empty() && filter.any.iter().all(|t| t.field() != Field::Text);
        let useful = !keys.is_empty() && (asks(&filter.all) || any);
        useful.then_some(Self { filter, people, keys })
    }

    fn may_fit(&self, keys: &HintKeys, hints: &Hints) -> bool {
        let filter = self.filter;
        let mut people = lock(&self.people);
        let tenants = tenants(filter, hints);
        let mut may = |term: &Term| {
            Held { keys, hints, tenants: tenants.as_deref(), people: &mut people }.may_fit(term)
        };
        // Of one field's terms one is enough.
        let mut asked: Vec<(Field, bool)> = Vec::with_capacity(filter.all.len());
        for term in &filter.all {
            let fits = may(term);
            match asked.iter_mut().find(|(field, _)| *field == term.field()) {
                Some((_, any)) => *any |= fits,
                None => asked.push((term.field(), fits)),
            }
        }
        asked.iter().all(|(_, any)| *any)
            && (filter.any.is_empty() || filter.any.iter().any(&mut may))
    }
}

impl Screen for Pruner<'_> {
    fn passes(&self, place: &Place, sealed: &[u8]) -> bool {
        let opened = self.keys.iter().find_map(|keys| Some((keys, keys.open(place, sealed).ok()?)));
        opened.is_none_or(|(keys, hints)| self.may_fit(keys, &hints))
    }
}

/// In which tenants people are looked for: those that the batch names, or that the filter asks for.
fn tenants<'a>(filter: &'a Filter, hints: &'a Hints) -> Option<Vec<&'a str>> {
    if let Some(named) = hints.tenants() {
        return Some(named.iter().map(String::as_str).collect());
    }
    let asked: Vec<_> =
        filter.all.iter().filter(|t| t.field() == Field::Tenant).map(Term::value).collect();
    (!asked.is_empty()).then_some(asked)
}

/// The hints of one batch.
struct Held<'a> {
    keys: &'a HintKeys,
    hints: &'a Hints,
    tenants: Option<&'a [&'a str]>,
    people: &'a mut People,
}

impl Held<'_> {
    fn may_fit(&mut self, term: &Term) -> bool {
        let value = term.value();
        let field = match term.field() {
            Field::Actor => return self.person(Hinted::Actor, Purpose::Actor, value),
            Field::OnBehalfOf => return self.person(Hinted::OnBehalfOf, Purpose::Actor, value),
            Field::Session => return self.person(Hinted::Session, Purpose::Session, value),
            Field::Subject => return self.person(Hinted::Subject, Purpose::Subject, value),
            Field::Reviewer => return self.person(Hinted::Reviewer, Purpose::Actor, value),
            Field::Resource => return self.resource(value),
            // Not in hints.
            Field::Text => return true,
            Field::Type => Hinted::Type,
            Field::Action => Hinted::Action,
            Field::ActorType => Hinted::ActorType,
            Field::Outcome => Hinted::Outcome,
            Field::Severity => Hinted::Severity,
            Field::Trace => Hinted::Trace,
            Field::Conversation => Hinted::Conversation,
            Field::Job => Hinted::Job,
            Field::Agent => Hinted::Agent,
            Field::Provider => Hinted::Provider,
            Field::Model => Hinted::Model,
            Field::Safety => Hinted::Safety,
            Field::Tenant => Hinted::Tenant,
            Field::Label => Hinted::Label,
        };
        self.has(field, value)
    }

    fn has(&self, field: Hinted, value: &str) -> bool {
        self.hints.may_have(self.keys, field, value)
    }

    /// By the value as it is written, or by its pseudonym at any of the tenants.
    fn person(&mut self, field: Hinted, purpose: Purpose, value: &str) -> bool {
        if !self.hints.covers(field) || self.has(field, value) {
            return true;
        }
        let Some(tenants) = self.tenants else { return true };
        tenants.iter().any(|tenant| {
            let pseudonyms = self.people.pseudonyms(purpose, tenant, value);
            pseudonyms.iter().any(|p| self.hints.may_have(self.keys, field, p))
        })
    }

    /// By its id, its type, or `type:id`.
    fn resource(&self, value: &str) -> bool {
        let both = |(at, _): (usize, &str)| {
            self.has(Hinted::Resource, &value[..at]) && self.has(Hinted::Resource, &value[at + 1..])
        };
        self.has(Hinted::Resource, value) || value.match_indices(':').any(both)
    }
}

/// A panic in between leaves nothing half-done: it is a cache.
pub(super) fn lock(people: &Mutex<People>) -> std::sync::MutexGuard<'_, People> {
    people.lock().unwrap_or_else(PoisonError::into_inner)
}
