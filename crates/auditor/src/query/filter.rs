//! What entries must be like.

use std::fmt;
use std::str::FromStr;

use dayseal_format::event::{EventFields, Severity};
use dayseal_format::pseudonym::Purpose;

use super::People;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// What an entry is asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Field {
            $($(#[$doc])* $name,)+
        }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

fields! {
    /// The event's type; ending in a dot, all types below it.
    Type "type";
    /// What was done.
    Action "action";
    /// Who acted: the real id, if the log secret is at hand, or as it is written.
    Actor "actor";
    /// `user`, `system`, `admin`, `agent` or `service`.
    ActorType "actor-type";
    /// For whom it was done: as `actor`.
    OnBehalfOf "on-behalf-of";
    /// The session: as `actor`.
    Session "session";
    /// Whose data it was: as `actor`.
    Subject "subject";
    /// Who reviewed it: as `actor`.
    Reviewer "reviewer";
    /// What was acted on: its id, its type, or `type:id`.
    Resource "resource";
    /// How it ended.
    Outcome "outcome";
    /// How bad it is.
    Severity "severity";
    /// The trace's id.
    Trace "trace";
    /// The conversation's id.
    Conversation "conversation";
    /// The job's id.
    Job "job";
    /// The agent: id, name or instance.
    Agent "agent";
    /// Who runs the model.
    Provider "provider";
    /// The model: asked for, answering, or its version.
    Model "model";
    /// What the guardrails decided: `passed` or `failed`; or a detector.
    Safety "safety";
    /// The tenant.
    Tenant "tenant";
    /// A label: its name, or `name=value`.
    Label "label";
    /// Words that stand in any text of the entry, in any case.
    Text "text";
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is not a term.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// No such field.
    #[error("`{found}` is not a field: expected one of {expected}")]
    Field {
        /// As given.
        found: String,
        /// The names.
        expected: String,
    },
    /// Not `FIELD=VALUE`.
    #[error("expected FIELD=VALUE, such as outcome=failure")]
    Form,
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let known = Self::ALL.iter().copied().find(|f| f.as_str() == text);
        known.ok_or_else(|| FieldError::Field {
            found: text.chars().take(40).flat_map(char::escape_default).collect(),
            expected: Self::ALL.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// One thing asked: a field and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    field: Field,
    /// For text, in lower case.
    value: String,
}

impl Term {
    /// A term. Values are taken as they are: there is nothing to escape in them.
    pub fn new(field: Field, value: &str) -> Self {
        let value = match field {
            Field::Text => value.to_lowercase(),
            _ => value.to_owned(),
        };
        Self { field, value }
    }

    /// The field.
    pub const fn field(&self) -> Field {
        self.field
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    fn fits(&self, e: &EventFields, line: &[u8], people: &mut People) -> bool {
        let value = self.value.as_str();
        let is = |text: &Option<String>| text.as_deref() == Some(value);
        let mut person = |purpose, stored: Option<&str>| {
            stored.is_some_and(|stored| people.is(purpose, &e.tenant, stored, value))
        };
        match self.field {
            Field::Type => match value.strip_suffix('.') {
                Some(_) => e.kind.as_str().starts_with(value),
                None => e.kind.as_str() == value,
            },
            Field::Action => e.action == value,
            Field::Actor => person(Purpose::Actor, Some(&e.actor.id)),
            Field::ActorType => e.actor.kind.as_str() == value,
            Field::OnBehalfOf => person(Purpose::Actor, e.actor.on_behalf_of.as_deref()),
            Field::Session => person(Purpose::Session, e.actor.session.as_deref()),
            Field::Subject => {
                let subject = e.privacy.as_ref().and_then(|p| p.subject.as_deref());
                person(Purpose::Subject, subject)
            }
            Field::Reviewer => {
                let reviewer = e.oversight.as_ref().and_then(|o| o.reviewer.as_deref());
                person(Purpose::Actor, reviewer)
            }
            Field::Resource => e.resource.as_ref().is_some_and(|r| {
                let both = || value.strip_prefix(&r.kind).and_then(|v| v.strip_prefix(':'));
                is(&r.id) || r.kind == value || (r.id.is_some() && both() == r.id.as_deref())
            }),
            Field::Outcome => e.outcome.as_str() == value,
            Field::Severity => e.severity.map(Severity::as_str) == Some(value),
            Field::Trace => e.trace.as_ref().is_some_and(|t| is(&t.trace_id)),
            Field::Conversation => e.correlation.as_ref().is_some_and(|c| is(&c.conversation)),
            Field::Job => e.correlation.as_ref().is_some_and(|c| is(&c.job)),
            Field::Agent => {
                e.agent.as_ref().is_some_and(|a| is(&a.id) || is(&a.name) || is(&a.instance))
            }
            Field::Provider => e.ai.as_ref().is_some_and(|a| is(&a.provider)),
            Field::Model => e.ai.as_ref().is_some_and(|a| {
                is(&a.model_requested) || is(&a.model_answered) || is(&a.model_version)
            }),
            Field::Safety => e.safety.as_ref().is_some_and(|s| match value {
                "passed" => s.passed,
                "failed" => !s.passed,
                detector => s.detectors.iter().any(|d| d == detector),
            }),
            Field::Tenant => e.tenant == value,
            Field::Label => match value.split_once('=') {
                Some((name, wanted)) => e.labels.get(name).is_some_and(|found| found == wanted),
                None => e.labels.contains_key(value),
            },
            Field::Text => serde_json::from_slice(line).is_ok_and(|v| has_text(&v, value)),
        }
    }
}

impl FromStr for Term {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let (field, value) = text.split_once('=').ok_or(FieldError::Form)?;
        Ok(Self::new(field.parse()?, value))
    }
}

/// Whether the needle, in lower case, stands in a text of a JSON value. Names of fields are no texts of the entry.
fn has_text(value: &serde_json::Value, needle: &str) -> bool {
    match value {
        serde_json::Value::String(text) => text.to_lowercase().contains(needle),
        serde_json::Value::Array(items) => items.iter().any(|item| has_text(item, needle)),
        serde_json::Value::Object(map) => map.values().any(|item| has_text(item, needle)),
        _ => false,
    }
}

/// Entries that fit: of `all`, one term of each field; of `any`, one at least; of `not`, none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Terms of one field are alternatives; each field must fit.
    pub all: Vec<Term>,
    /// One of them must fit, if there are any.
    pub any: Vec<Term>,
    /// None of them may fit.
    pub not: Vec<Term>,
}

impl Filter {
    /// Whether it asks for nothing: every entry fits.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty() && self.not.is_empty()
    }

    /// Whether an entry, with its stored bytes, fits.
    pub fn fits(&self, e: &EventFields, line: &[u8], people: &mut People) -> bool {
        // Terms of one field beside one another: it is looked at once for each of its terms at most.
        let mut asked: Vec<(Field, bool)> = Vec::with_capacity(self.all.len());
        for term in &self.all {
            let at = asked.iter().position(|(field, _)| *field == term.field);
            let at = at.unwrap_or_else(|| {
                asked.push((term.field, false));
                asked.len() - 1
            });
            asked[at].1 = asked[at].1 || term.fits(e, line, people);
        }
        asked.iter().all(|(_, fits)| *fits)
            && (self.any.is_empty() || self.any.iter().any(|t| t.fits(e, line, people)))
            && !self.not.iter().any(|t| t.fits(e, line, people))
    }

    /// The fields asked for, each once, for the record of the access: no values, which may name people.
    pub fn fields(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = [&self.all, &self.any, &self.not]
            .into_iter()
            .flatten()
            .map(|term| term.field.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use dayseal_format::event::{
        Actor, Agent, AiCall, Correlation, Event, Outcome, Resource, Safety, SafetyStage, Trace,
    };

    use super::*;

    fn filter(all: &[&str], any: &[&str], not: &[&str]) -> Filter {
        let terms = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect();
        Filter { all: terms(all), any: terms(any), not: terms(not) }
    }

    fn fits(f: &Filter) -> bool {
        let e = Event::builder("ai.generation.completed")
            .actor(Actor::user("ada"))
            .action("chat")
            .outcome(Outcome::Failure)
            .resource(Resource::new("video").id("v:1"))
            .ai(AiCall::new("kling", "kling-v2"))
            .agent(Agent { name: Some("planner".into()), ..Agent::default() })
            .trace(Trace { trace_id: Some("t1".into()), ..Trace::default() })
            .correlation(Correlation { conversation: Some("c1".into()), ..Correlation::default() })
            .safety(Safety::failed(SafetyStage::Output).detector("pii"))
            .label("note", "The \"Quick\" Fox")
            .build()
            .unwrap();
        let line = serde_json::to_vec(&*e).unwrap();
        let mut people = People::new("audit.example.com/a".parse().unwrap(), vec![]);
        f.fits(&e, &line, &mut people)
    }

    #[test]
    fn each_field() {
        for term in [
            "type=ai.generation.completed",
            "type=ai.",
            "type=ai.generation.",
            "action=chat",
            "actor=ada",
            "actor-type=user",
            "resource=v:1",
            "resource=video",
            "resource=video:v:1",
            "outcome=failure",
            "trace=t1",
            "conversation=c1",
            "agent=planner",
            "provider=kling",
            "model=kling-v2",
            "safety=failed",
            "safety=pii",
            "label=note",
            "label=note=The \"Quick\" Fox",
            "text=\"quick\" FOX",
            "text=planner",
        ] {
            assert!(fits(&filter(&[term], &[], &[])), "{term}");
            assert!(!fits(&filter(&[], &[], &[term])), "not {term}");
        }
        for term in [
            "type=ai",
            "type=ai.gen",
            "type=ai.generation.completed.",
            "action=Chat",
            "actor=ad",
            "resource=1",
            "resource=video:",
            "outcome=success",
            "trace=",
            "safety=passed",
            "label=Note",
            "label=note=",
            "text=conversation",
            "text=quick  fox",
            "session=ada",
            "subject=ada",
            "reviewer=ada",
            "on-behalf-of=ada",
            "severity=low",
            "tenant=x",
            "job=c1",
        ] {
            assert!(!fits(&filter(&[term], &[], &[])), "{term}");
        }
    }

    #[test]
    fn all_any_and_not() {
        assert!(fits(&filter(&[], &[], &[])));
        // One field's terms are alternatives, fields add up.
        assert!(fits(&filter(&["outcome=success", "outcome=failure", "actor=ada"], &[], &[])));
        assert!(!fits(&filter(&["outcome=failure", "actor=bob"], &[], &[])));
        assert!(fits(&filter(&["actor=ada"], &["actor=bob", "trace=t1"], &["actor=bob"])));
        assert!(!fits(&filter(&["actor=ada"], &["actor=bob", "trace=t2"], &[])));
        assert!(!fits(&filter(&["actor=ada"], &[], &["actor=bob", "trace=t1"])));
        assert_eq!(
            filter(&["type=x", "type=y"], &["actor=a"], &["type=z"]).fields(),
            ["actor", "type"]
        );
    }

    #[test]
    fn what_is_no_term() {
        assert_eq!("outcome".parse::<Term>(), Err(FieldError::Form));
        let error = "otcome=x".parse::<Term>().unwrap_err().to_string();
        assert!(error.contains("otcome") && error.contains("outcome"), "{error}");
        for field in Field::ALL {
            assert_eq!(field.as_str().parse(), Ok(*field));
        }
    }
}
