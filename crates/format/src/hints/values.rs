//! The values of entries, each once, borrowed from their lines.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::set::MAX_SET;
use super::{Field, MAX_TENANT_BYTES, MAX_TENANTS};

/// What the entries of one batch hold.
pub(super) struct Values<'a> {
    /// `None`: too many.
    sets: Vec<Option<HashSet<Cow<'a, str>>>>,
    /// The value that a field had last: most repeat, and need no lookup.
    last: Vec<Option<Cow<'a, str>>>,
}

impl Default for Values<'_> {
    fn default() -> Self {
        let sets = Field::ALL.iter().map(|_| Some(HashSet::new())).collect();
        Self { sets, last: Field::ALL.iter().map(|_| None).collect() }
    }
}

impl<'a> Values<'a> {
    /// Takes the values of an entry; `None` if it is none.
    pub(super) fn add(&mut self, line: &'a [u8]) -> Option<()> {
        let text = std::str::from_utf8(line).ok()?;
        let e: Entry<'a> = serde_json::from_str(text).ok()?;
        self.kind(e.kind.0);
        self.one(Field::Action, e.action);
        self.one(Field::Actor, e.actor.id);
        self.one(Field::ActorType, e.actor.kind);
        self.some(Field::OnBehalfOf, e.actor.on_behalf_of);
        self.some(Field::Session, e.actor.session);
        self.some(Field::Subject, e.privacy.and_then(|p| p.subject));
        self.some(Field::Reviewer, e.oversight.and_then(|o| o.reviewer));
        if let Some(resource) = e.resource {
            self.some(Field::Resource, resource.id);
            self.some(Field::Resource, resource.kind);
        }
        self.some(Field::Outcome, e.outcome);
        self.some(Field::Severity, e.severity);
        self.some(Field::Trace, e.trace.and_then(|t| t.trace_id));
        if let Some(correlation) = e.correlation {
            self.some(Field::Conversation, correlation.conversation);
            self.some(Field::Job, correlation.job);
        }
        if let Some(agent) = e.agent {
            for text in [agent.id, agent.name, agent.instance] {
                self.some(Field::Agent, text);
            }
        }
        if let Some(ai) = e.ai {
            self.some(Field::Provider, ai.provider);
            for text in [ai.model_requested, ai.model_answered, ai.model_version] {
                self.some(Field::Model, text);
            }
        }
        if let Some(safety) = e.safety {
            self.take(
                Field::Safety,
                Cow::Borrowed(if safety.passed { "passed" } else { "failed" }),
            );
            safety.detectors.into_iter().for_each(|d| self.one(Field::Safety, d));
        }
        self.one(Field::Tenant, e.tenant);
        for (name, value) in e.labels {
            self.take(Field::Label, Cow::Owned(format!("{}={}", name.0, value.0)));
            self.one(Field::Label, name);
        }
        Some(())
    }

    /// The values of a field, unless they are too many.
    pub(super) fn of(&self, field: Field) -> Option<impl Iterator<Item = &str>> {
        Some(self.sets[field.index()].as_ref()?.iter().map(|value| &**value))
    }

    /// The tenants in byte order, unless they are too many.
    pub(super) fn tenants(&self) -> Option<Vec<&str>> {
        let mut tenants: Vec<_> = self.of(Field::Tenant)?.collect();
        let bytes: usize = tenants.iter().map(|t| 2 + t.len()).sum();
        tenants.sort_unstable();
        (tenants.len() <= MAX_TENANTS && bytes <= MAX_TENANT_BYTES).then_some(tenants)
    }

    fn one(&mut self, field: Field, text: Text<'a>) {
        self.take(field, text.0);
    }

    fn some(&mut self, field: Field, text: Option<Text<'a>>) {
        if let Some(text) = text {
            self.one(field, text);
        }
    }

    fn kind(&mut self, kind: Cow<'a, str>) {
        if self.last[Field::Type.index()].as_ref() == Some(&kind) {
            return;
        }
        for (at, _) in kind.match_indices('.') {
            let below = match &kind {
                Cow::Borrowed(text) => Cow::Borrowed(&text[..=at]),
                Cow::Owned(text) => Cow::Owned(text[..=at].to_owned()),
            };
            self.insert(Field::Type, below);
        }
        self.take(Field::Type, kind);
    }

    fn take(&mut self, field: Field, value: Cow<'a, str>) {
        let last = &mut self.last[field.index()];
        if last.as_ref() != Some(&value) {
            *last = Some(value.clone());
            self.insert(field, value);
        }
    }

    fn insert(&mut self, field: Field, value: Cow<'a, str>) {
        let slot = &mut self.sets[field.index()];
        if let Some(set) = slot {
            set.insert(value);
            if set.len() > MAX_SET {
                *slot = None;
            }
        }
    }
}

/// Text without a copy where it needs none.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Of an entry what hints tell of. The line was checked by who wrote it.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    action: Text<'a>,
    actor: Actor<'a>,
    agent: Option<Agent<'a>>,
    ai: Option<Ai<'a>>,
    correlation: Option<Correlation<'a>>,
    #[serde(default)]
    labels: BTreeMap<Text<'a>, Text<'a>>,
    outcome: Option<Text<'a>>,
    oversight: Option<Oversight<'a>>,
    privacy: Option<Privacy<'a>>,
    resource: Option<Resource<'a>>,
    safety: Option<Safety<'a>>,
    severity: Option<Text<'a>>,
    tenant: Text<'a>,
    trace: Option<Trace<'a>>,
}

#[derive(Deserialize)]
struct Actor<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    on_behalf_of: Option<Text<'a>>,
    session: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct Agent<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    instance: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Ai<'a> {
    #[serde(borrow)]
    provider: Option<Text<'a>>,
    model_requested: Option<Text<'a>>,
    model_answered: Option<Text<'a>>,
    model_version: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Correlation<'a> {
    #[serde(borrow)]
    conversation: Option<Text<'a>>,
    job: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Oversight<'a> {
    #[serde(borrow)]
    reviewer: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Privacy<'a> {
    #[serde(borrow)]
    subject: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Safety<'a> {
    #[serde(default, borrow)]
    detectors: Vec<Text<'a>>,
    passed: bool,
}

#[derive(Deserialize)]
struct Trace<'a> {
    #[serde(borrow)]
    trace_id: Option<Text<'a>>,
}
