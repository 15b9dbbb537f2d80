//! The values of entries, each once.

use std::collections::HashSet;
use std::fmt;

use super::entry::{Entry, Text};
use super::set::MAX_SET;
use super::{Field, MAX_TENANT_BYTES, MAX_TENANTS};
use crate::event::EventFields;

/// What the entries of one batch hold, of which [`HintKeys::make_of`](super::HintKeys::make_of) makes its hints.
///
/// For who has decoded the entries already: it keeps copies, each value once, so that events can be dropped as they
/// are read. At most 5,113 values of a field; of one with more nothing is kept.
///
/// ```
/// # use dayseal_format::StreamId;
/// # use dayseal_format::event::Event;
/// # use dayseal_format::hints::{HintKeys, Place, Values};
/// # let line = br#"{"action":"open","actor":{"id":"u-1","type":"user"},"id":"019aa0f2-0000-7000-8000-000000000001","logged_time":"2026-11-20T12:00:00.000Z","outcome":"success","service":{"name":"api"},"tenant":"default","time":"2026-11-20T12:00:00.000Z","type":"data.read","v":1}"#;
/// # let keys = HintKeys::derive(&[7; 32], &"audit.example.com/prod".parse()?);
/// # let place = Place { stream: StreamId([1; 16]), seq: 0, entries: 1 };
/// let event = Event::decode(line)?;
/// let mut values = Values::default();
/// values.add(&event);
/// assert_eq!(Some(keys.make_of(&place, &values)), keys.make(&place, [&line[..]]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Values {
    /// In the order of [`Field::ALL`].
    fields: Box<[Kept; Field::ALL.len()]>,
    /// For `name=value` of a label.
    pair: String,
}

/// Tells no value.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.fields.iter().map(|kept| kept.set.as_ref().map(HashSet::len));
        f.debug_map().entries(Field::ALL.iter().zip(counts)).finish()
    }
}

/// The values of one field.
struct Kept {
    /// `None`: too many.
    set: Option<HashSet<Box<str>>>,
    /// The value that each place had last: most repeat, and need no lookup.
    last: Vec<String>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { set: Some(HashSet::new()), last: Vec::new() }
    }
}

impl Values {
    /// Takes the values of an event.
    pub fn add(&mut self, event: &EventFields) {
        self.add_entry(&event.into());
    }

    /// Takes the values of an entry, given without its newline; `None` if it is none.
    pub(super) fn add_line(&mut self, line: &[u8]) -> Option<()> {
        self.add_entry(&Entry::read(line)?);
        Some(())
    }

    /// Which fields have which values: `docs/spec/hints.md`, "What is in them".
    fn add_entry(&mut self, e: &Entry<'_>) {
        self.kind(e.kind.as_ref());
        self.add_all(Field::Action, [&e.action]);
        self.add_all(Field::Actor, [&e.actor.id]);
        self.add_all(Field::ActorType, [&e.actor.kind]);
        self.add_all(Field::OnBehalfOf, &e.actor.on_behalf_of);
        self.add_all(Field::Session, &e.actor.session);
        if let Some(privacy) = &e.privacy {
            self.add_all(Field::Subject, &privacy.subject);
        }
        if let Some(oversight) = &e.oversight {
            self.add_all(Field::Reviewer, &oversight.reviewer);
        }
        if let Some(resource) = &e.resource {
            self.add_all(Field::Resource, [&resource.kind, &resource.id].into_iter().flatten());
        }
        self.add_all(Field::Outcome, &e.outcome);
        self.add_all(Field::Severity, &e.severity);
        if let Some(trace) = &e.trace {
            self.add_all(Field::Trace, &trace.trace_id);
        }
        if let Some(correlation) = &e.correlation {
            self.add_all(Field::Conversation, &correlation.conversation);
            self.add_all(Field::Job, &correlation.job);
        }
        if let Some(a) = &e.agent {
            self.add_all(Field::Agent, [&a.id, &a.name, &a.instance].into_iter().flatten());
        }
        if let Some(ai) = &e.ai {
            self.add_all(Field::Provider, &ai.provider);
            let models = [&ai.model_requested, &ai.model_answered, &ai.model_version];
            self.add_all(Field::Model, models.into_iter().flatten());
        }
        if let Some(safety) = &e.safety {
            let passed = if safety.passed { "passed" } else { "failed" };
            let detectors = safety.detectors.iter().map(AsRef::as_ref);
            self.add_all(Field::Safety, std::iter::once(passed).chain(detectors));
        }
        self.add_all(Field::Tenant, [&e.tenant]);
        self.labels(&e.labels);
    }

    /// The values of a field, unless they are too many.
    pub(super) fn of(&self, field: Field) -> Option<impl ExactSizeIterator<Item = &str>> {
        Some(self.fields[field.index()].set.as_ref()?.iter().map(|value| &**value))
    }

    /// The tenants in byte order, unless they are too many.
    pub(super) fn tenants(&self) -> Option<Vec<&str>> {
        let mut tenants: Vec<_> = self.of(Field::Tenant)?.collect();
        let bytes: usize = tenants.iter().map(|t| 2 + t.len()).sum();
        tenants.sort_unstable();
        (tenants.len() <= MAX_TENANTS && bytes <= MAX_TENANT_BYTES).then_some(tenants)
    }

    fn kind(&mut self, kind: &str) {
        let kept = &mut self.fields[Field::Type.index()];
        if kept.is_news(0, kind) {
            for (at, _) in kind.match_indices('.') {
                kept.insert(&kind[..=at]);
            }
            kept.insert(kind);
        }
    }

    fn add_all(&mut self, field: Field, values: impl IntoIterator<Item: AsRef<str>>) {
        let kept = &mut self.fields[field.index()];
        for (at, value) in values.into_iter().enumerate() {
            if kept.is_news(at, value.as_ref()) {
                kept.insert(value.as_ref());
            }
        }
    }

    fn labels(&mut self, labels: &[(Text<'_>, Text<'_>)]) {
        let kept = &mut self.fields[Field::Label.index()];
        for (at, (name, value)) in labels.iter().enumerate() {
            let (name, value) = (name.as_ref(), value.as_ref());
            let other_name = kept.is_news(2 * at, name);
            let other_value = kept.is_news(2 * at + 1, value);
            if other_name {
                kept.insert(name);
            }
            if other_name || other_value {
                self.pair.clear();
                self.pair.extend([name, "=", value]);
                kept.insert(&self.pair);
            }
        }
    }
}

impl Kept {
    /// Whether a value is to be looked up: not if this place had it last, or none is kept. Places come in order.
    fn is_news(&mut self, at: usize, value: &str) -> bool {
        match self.last.get_mut(at) {
            _ if self.set.is_none() => return false,
            Some(last) if last == value => return false,
            Some(last) => {
                last.clear();
                last.push_str(value);
            }
            None => self.last.push(value.to_owned()),
        }
        true
    }

    fn insert(&mut self, value: &str) {
        // Asked first: a copy is made of what is not there only.
        if let Some(set) = &mut self.set
            && !set.contains(value)
        {
            set.insert(value.into());
            if set.len() > MAX_SET {
                self.set = None;
            }
        }
    }
}
