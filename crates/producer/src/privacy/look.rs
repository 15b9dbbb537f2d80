//! What redaction has to say of each text of an event. Changes nothing: [`Guard::apply`] writes it into
//! the event, [`Guard::find`] counts it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use dayseal_format::event::{ActorType, EventFields, Place, Scalar, limits};

use super::network::{Network, network};
use super::rule::{push_full, push_mask};
use super::{Address, Guard, Name, Redacted, Rule, secret};

/// Which text of an event.
pub(super) enum Spot {
    /// The key of a map.
    Key(Map, String),
    /// The value under this key, as the map has it once its keys are redacted.
    Value(Map, String),
    /// By its ordinal, as [`EventFields::texts`] counts.
    Text(usize, Place),
}

/// The maps of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Map {
    Labels,
    Params,
}

impl Map {
    /// A path as `docs/spec/entry.md` has it.
    pub(super) fn path(self, key: &str) -> String {
        format!("{self}.{key}")
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Labels => "labels",
            Self::Params => "ai.params",
        })
    }
}

impl Spot {
    /// Most bytes that the text may have.
    pub(super) fn limit(&self) -> usize {
        match self {
            Self::Key(..) => limits::ID,
            Self::Value(Map::Labels, _) => limits::SHORT_TEXT,
            Self::Value(Map::Params, _) => limits::TEXT,
            Self::Text(_, place) => place.limit,
        }
    }
}

impl Guard {
    /// Hands over each text that is to be another, and what it is to be: keys and values of labels,
    /// those of parameters, then the texts in their order. `fresh`: pseudonyms were made for this
    /// event just now.
    pub(super) fn look(
        &self,
        event: &EventFields,
        fresh: bool,
        mut found: impl FnMut(Spot, Redacted),
    ) {
        for (key, text) in self.keys(Map::Labels, &event.labels, &mut found).as_ref() {
            if let Some(redacted) = self.label(key, text) {
                found(Spot::Value(Map::Labels, key.clone()), redacted);
            }
        }
        if let Some(ai) = &event.ai {
            for (key, value) in self.keys(Map::Params, &ai.params, &mut found).as_ref() {
                if let Some(redacted) = self.param(key, value) {
                    found(Spot::Value(Map::Params, key.clone()), redacted);
                }
            }
        }
        let person = matches!(event.actor.kind, ActorType::User | ActorType::Admin);
        let named = |path: &str| match path {
            "actor.id" => person,
            "actor.on_behalf_of" | "actor.session" | "oversight.reviewer" | "privacy.subject" => {
                true
            }
            _ => false,
        };
        // A change of a field that names a secret hides both values.
        let secret = event.change.as_ref().is_some_and(|change| self.is_secret(&change.field));
        let mut ordinal = 0;
        event.texts(|place, text| {
            let redacted = match place.path {
                // A pseudonym made just now says nothing.
                path if fresh && named(path) => None,
                "change.from" | "change.to" if secret => hidden(Name::Rule(Rule::Secret), text),
                "source.address" => self.source_address(text),
                _ => self.settings.redaction.redact(text),
            };
            if let Some(redacted) = redacted {
                found(Spot::Text(ordinal, place), redacted);
            }
            ordinal += 1;
        });
    }

    /// A key that holds a finding becomes `redacted:<rule>`, with a number where there are more.
    fn keys<'a, V: Clone>(
        &self,
        map: Map,
        values: &'a BTreeMap<String, V>,
        found: &mut impl FnMut(Spot, Redacted),
    ) -> Cow<'a, BTreeMap<String, V>> {
        let mut after = Cow::Borrowed(values);
        for old in values.keys() {
            let Some(Redacted { rules, .. }) = self.settings.redaction.redact(old) else {
                continue;
            };
            let after = after.to_mut();
            let Some(value) = after.remove(old) else { continue };
            let base = format!("redacted:{}", rules[0].as_str());
            let mut text = base.clone();
            for n in 2.. {
                if !after.contains_key(&text) {
                    break;
                }
                text = format!("{base}:{n}");
            }
            after.insert(text.clone(), value);
            found(Spot::Key(map, old.clone()), Redacted { text, rules });
        }
        after
    }

    fn label(&self, key: &str, text: &str) -> Option<Redacted> {
        let declared = &self.settings.labels.declared;
        if declared.as_ref().is_some_and(|names| !names.contains(key)) {
            hidden(Name::Undeclared, text)
        } else if self.is_secret(key) {
            hidden(Name::Rule(Rule::Secret), text)
        } else {
            self.settings.redaction.redact(text)
        }
    }

    fn param(&self, key: &str, value: &Scalar) -> Option<Redacted> {
        match value {
            // One bit is no secret.
            Scalar::Bool(_) => None,
            Scalar::Text(text) if self.is_secret(key) => hidden(Name::Rule(Rule::Secret), text),
            Scalar::Text(text) => self.settings.redaction.redact(text),
            Scalar::Integer(number) => {
                let card = || self.settings.redaction.integer(*number);
                let rule = self.is_secret(key).then_some(Rule::Secret).or_else(card)?;
                let mut text = String::new();
                let style = self.settings.redaction.mask_of(rule);
                push_mask(&mut text, rule, style, &number.to_string());
                Some(Redacted { text, rules: vec![Name::Rule(rule)] })
            }
        }
    }

    fn is_secret(&self, key: &str) -> bool {
        self.settings.redaction.has(Rule::Secret) && secret::names_secret(key)
    }

    fn source_address(&self, text: &str) -> Option<Redacted> {
        match self.settings.address {
            // Made just now, or by the log that handed the event back.
            Address::Pseudonym if text.starts_with("p1:address:") => None,
            Address::Network | Address::Pseudonym => match network(text) {
                Some(Network::Already) => None,
                Some(Network::Masked(network)) => {
                    let rule = if network.contains(':') { Rule::Ipv6 } else { Rule::Ipv4 };
                    Some(Redacted { text: network, rules: vec![Name::Rule(rule)] })
                }
                None => self.address.redact(text),
            },
            Address::Keep => self.settings.redaction.redact(text),
        }
    }
}

/// A whole text is masked, unless it is that mask already.
fn hidden(name: Name, text: &str) -> Option<Redacted> {
    let inside = text.strip_prefix("[redacted:").and_then(|rest| rest.strip_suffix(']'));
    if inside == Some(name.as_str()) {
        return None;
    }
    let mut mask = String::new();
    push_full(&mut mask, name.as_str());
    Some(Redacted { text: mask, rules: vec![name] })
}
