//! Of an entry what hints tell of: read from its line, or lent by an event that was read already.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::event::EventFields;

/// Text without a copy where it needs none.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

/// The parts of an entry. A line was checked by who wrote it.
#[derive(Deserialize)]
pub(super) struct Entry<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Text<'a>,
    pub(super) action: Text<'a>,
    pub(super) actor: Actor<'a>,
    pub(super) agent: Option<Agent<'a>>,
    pub(super) ai: Option<Ai<'a>>,
    pub(super) correlation: Option<Correlation<'a>>,
    #[serde(default, deserialize_with = "pairs")]
    pub(super) labels: Vec<(Text<'a>, Text<'a>)>,
    pub(super) outcome: Option<Text<'a>>,
    pub(super) oversight: Option<Oversight<'a>>,
    pub(super) privacy: Option<Privacy<'a>>,
    pub(super) resource: Option<Resource<'a>>,
    pub(super) safety: Option<Safety<'a>>,
    pub(super) severity: Option<Text<'a>>,
    pub(super) tenant: Text<'a>,
    pub(super) trace: Option<Trace<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Actor<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) on_behalf_of: Option<Text<'a>>,
    pub(super) session: Option<Text<'a>>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Agent<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) instance: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Ai<'a> {
    #[serde(borrow)]
    pub(super) provider: Option<Text<'a>>,
    pub(super) model_requested: Option<Text<'a>>,
    pub(super) model_answered: Option<Text<'a>>,
    pub(super) model_version: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Correlation<'a> {
    #[serde(borrow)]
    pub(super) conversation: Option<Text<'a>>,
    pub(super) job: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Oversight<'a> {
    #[serde(borrow)]
    pub(super) reviewer: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Privacy<'a> {
    #[serde(borrow)]
    pub(super) subject: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Safety<'a> {
    #[serde(default, borrow)]
    pub(super) detectors: Vec<Text<'a>>,
    pub(super) passed: bool,
}

#[derive(Deserialize)]
pub(super) struct Trace<'a> {
    #[serde(borrow)]
    pub(super) trace_id: Option<Text<'a>>,
}

impl<'a> Entry<'a> {
    /// Reads a line; `None` if it is no entry.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        serde_json::from_str(text).ok()
    }
}

impl<'a> From<&'a EventFields> for Entry<'a> {
    fn from(e: &'a EventFields) -> Self {
        let text = |text: &'a String| Text::from(text.as_str());
        let maybe = |some: &'a Option<String>| some.as_deref().map(Text::from);
        Self {
            kind: e.kind.as_str().into(),
            action: text(&e.action),
            actor: Actor {
                id: text(&e.actor.id),
                on_behalf_of: maybe(&e.actor.on_behalf_of),
                session: maybe(&e.actor.session),
                kind: e.actor.kind.as_str().into(),
            },
            agent: e.agent.as_ref().map(|a| Agent {
                id: maybe(&a.id),
                name: maybe(&a.name),
                instance: maybe(&a.instance),
            }),
            ai: e.ai.as_ref().map(|a| Ai {
                provider: maybe(&a.provider),
                model_requested: maybe(&a.model_requested),
                model_answered: maybe(&a.model_answered),
                model_version: maybe(&a.model_version),
            }),
            correlation: e
                .correlation
                .as_ref()
                .map(|c| Correlation { conversation: maybe(&c.conversation), job: maybe(&c.job) }),
            labels: e.labels.iter().map(|(name, value)| (text(name), text(value))).collect(),
            outcome: Some(e.outcome.as_str().into()),
            oversight: e.oversight.as_ref().map(|o| Oversight { reviewer: maybe(&o.reviewer) }),
            privacy: e.privacy.as_ref().map(|p| Privacy { subject: maybe(&p.subject) }),
            resource: e
                .resource
                .as_ref()
                .map(|r| Resource { id: maybe(&r.id), kind: Some(text(&r.kind)) }),
            safety: e.safety.as_ref().map(|s| Safety {
                detectors: s.detectors.iter().map(text).collect(),
                passed: s.passed,
            }),
            severity: e.severity.map(|s| s.as_str().into()),
            tenant: text(&e.tenant),
            trace: e.trace.as_ref().map(|t| Trace { trace_id: maybe(&t.trace_id) }),
        }
    }
}

/// An object as a list of its pairs: nobody looks a name up.
fn pairs<'de: 'a, 'a, D: Deserializer<'de>>(d: D) -> Result<Vec<(Text<'a>, Text<'a>)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(Text<'de>, Text<'de>)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = access.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    d.deserialize_map(Pairs)
}
