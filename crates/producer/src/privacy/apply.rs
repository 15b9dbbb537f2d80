//! The privacy stage of a log: one event, all of its texts.

use std::collections::BTreeMap;

use dayseal_format::event::{
    ActorType, EventDraft, EventFields, Place, Redaction as Note, Scalar, limits,
};

use super::counts::Counters;
use super::network::{Network, network};
use super::rule::{push_full, push_mask};
use super::{Address, Counts, Mask, Name, Redaction, Rule, Settings, secret};

/// The privacy stage by itself: [`Settings`] at work, and what they did. A log has one; make another
/// to try settings out.
///
/// ```
/// use dayseal::privacy::{Guard, Settings};
/// use dayseal::{Actor, Event, Outcome};
///
/// let mut draft = Event::builder("data.read")
///     .actor(Actor::user("u-17"))
///     .action("open")
///     .outcome(Outcome::Success)
///     .label("note", "token=s3cr3t9")
///     .build()?;
/// Guard::new(Settings::default()).apply(&mut draft, "default")?;
/// assert_eq!(draft.labels["note"], "token=[redacted:secret]");
/// assert_eq!((&*draft.redactions[0].path, &*draft.redactions[0].rule), ("labels.note", "secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Guard {
    settings: Settings,
    /// The redaction of `source.address` where that is no address.
    address: Redaction,
    counters: Counters,
    idle: bool,
}

/// A label that the settings refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "labels.{label} is not declared: declare it in the log's privacy settings, or leave it out"
)]
pub struct Undeclared {
    /// The label, redacted.
    pub label: String,
}

/// What a guard did to one event.
#[derive(Default)]
struct Done {
    notes: Vec<(String, Name)>,
    /// Ordinals of the texts changed, as [`EventFields::edit_texts`] counts them.
    texts: Vec<usize>,
}

impl Guard {
    /// A stage with these settings. Detectors' names are not checked here but when a log is opened.
    ///
    /// Addresses that are to become pseudonyms become networks where there are no pseudonyms; such a
    /// log does not open.
    pub fn new(mut settings: Settings) -> Self {
        if settings.address == Address::Pseudonym && settings.pseudonyms.is_none() {
            settings.address = Address::Network;
        }
        let mut address = settings.redaction.clone();
        if settings.address != Address::Keep {
            for rule in [Rule::Ipv4, Rule::Ipv6] {
                if !address.has(rule) {
                    address = address.with(rule, Mask::Full);
                }
            }
        }
        let idle = settings.redaction.is_empty()
            && settings.address == Address::Keep
            && settings.labels.declared.is_none()
            && settings.pseudonyms.is_none();
        Self { settings, address, counters: Counters::default(), idle }
    }

    /// Texts changed so far.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Redacts `draft` and puts pseudonyms into it, for `tenant` where it names none; not into one
    /// that has them from another stage and was not edited since.
    ///
    /// # Errors
    /// [`Undeclared`], if the settings refuse undeclared labels: then nothing was changed.
    pub fn apply(&self, draft: &mut EventDraft, tenant: &str) -> Result<(), Undeclared> {
        if self.idle {
            return Ok(());
        }
        if let (Some(declared), true) =
            (&self.settings.labels.declared, self.settings.labels.refuse)
            && let Some(label) = draft.labels.keys().find(|key| !declared.contains(*key))
        {
            let shown = self.settings.redaction.redact(label).map(|redacted| redacted.text);
            return Err(Undeclared { label: shown.unwrap_or_else(|| label.clone()) });
        }
        draft.guard(|fields, named| {
            let fresh = !*named && self.pseudonyms(fields, tenant);
            *named |= fresh;
            let mut done = Done::default();
            self.redact(fields, fresh, &mut done);
            let redacted = !done.notes.is_empty();
            if redacted {
                self.note(fields, done);
            }
            fresh || redacted
        });
        Ok(())
    }

    /// Whether the events of this stage have pseudonyms.
    pub(crate) fn names(&self) -> bool {
        self.settings.pseudonyms.is_some()
    }

    /// What makes them.
    #[cfg(feature = "reqwest-middleware")]
    pub(crate) fn pseudonyms_used(&self) -> Option<&super::Pseudonyms> {
        self.settings.pseudonyms.as_ref()
    }

    fn pseudonyms(&self, fields: &mut EventFields, tenant: &str) -> bool {
        let Some(pseudonyms) = &self.settings.pseudonyms else { return false };
        pseudonyms.apply(fields, tenant, self.settings.address == Address::Pseudonym);
        true
    }

    fn redact(&self, fields: &mut EventFields, fresh: bool, done: &mut Done) {
        self.change(fields, done);
        self.labels(&mut fields.labels, done);
        if let Some(ai) = &mut fields.ai {
            self.params(&mut ai.params, done);
        }
        let person = matches!(fields.actor.kind, ActorType::User | ActorType::Admin);
        let named = |path: &str| match path {
            "actor.id" => person,
            "actor.on_behalf_of" | "actor.session" | "oversight.reviewer" | "privacy.subject" => {
                true
            }
            _ => false,
        };
        let mut ordinal = 0;
        fields.edit_texts(|place, text| {
            let before = done.notes.len();
            if fresh && named(place.path) {
                // A pseudonym made above says nothing.
            } else if place.path == "source.address" {
                self.source_address(place, text, done);
            } else {
                mask(&self.settings.redaction, place, text, done);
            }
            if done.notes.len() > before {
                done.texts.push(ordinal);
            }
            ordinal += 1;
        });
    }

    /// A change of a field that names a secret hides both values.
    fn change(&self, fields: &mut EventFields, done: &mut Done) {
        let Some(change) = &mut fields.change else { return };
        if !self.settings.redaction.has(Rule::Secret) || !secret::names_secret(&change.field) {
            return;
        }
        for (path, text) in [("change.from", &mut change.from), ("change.to", &mut change.to)] {
            if let Some(text) = text {
                hide(&Name::Rule(Rule::Secret), path, text, done);
            }
        }
    }

    fn labels(&self, labels: &mut BTreeMap<String, String>, done: &mut Done) {
        self.keys("labels", labels, done);
        for (key, text) in labels {
            let undeclared =
                self.settings.labels.declared.as_ref().is_some_and(|names| !names.contains(key));
            let path = |limit| MapPlace { map: "labels", key, limit };
            if undeclared {
                hide(&Name::Undeclared, &path(0).to_string(), text, done);
            } else if self.settings.redaction.has(Rule::Secret) && secret::names_secret(key) {
                hide(&Name::Rule(Rule::Secret), &path(0).to_string(), text, done);
            } else {
                mask(&self.settings.redaction, path(limits::SHORT_TEXT), text, done);
            }
        }
    }

    fn params(&self, params: &mut BTreeMap<String, Scalar>, done: &mut Done) {
        self.keys("ai.params", params, done);
        for (key, value) in params {
            let place = MapPlace { map: "ai.params", key, limit: limits::TEXT };
            let secret = self.settings.redaction.has(Rule::Secret) && secret::names_secret(key);
            match value {
                // One bit is no secret.
                Scalar::Bool(_) => {}
                Scalar::Text(text) if secret => {
                    hide(&Name::Rule(Rule::Secret), &place.to_string(), text, done);
                }
                Scalar::Text(text) => mask(&self.settings.redaction, place, text, done),
                Scalar::Integer(number) => {
                    let card = || self.settings.redaction.integer(*number);
                    let Some(rule) = secret.then_some(Rule::Secret).or_else(card) else { continue };
                    let mut text = String::new();
                    let style = self.settings.redaction.mask_of(rule);
                    push_mask(&mut text, rule, style, &number.to_string());
                    *value = Scalar::Text(text);
                    done.notes.push((place.to_string(), Name::Rule(rule)));
                }
            }
        }
    }

    /// A key that holds a finding becomes `redacted:<rule>`, with a number where there are more.
    fn keys<V>(&self, map_path: &'static str, map: &mut BTreeMap<String, V>, done: &mut Done) {
        let redact = |key: &String| self.settings.redaction.redact(key).map(|r| (key.clone(), r));
        let found: Vec<_> = map.keys().filter_map(redact).collect();
        for (old, redacted) in found {
            let Some(value) = map.remove(&old) else { continue };
            let base = format!("redacted:{}", redacted.rules[0].as_str());
            let mut key = base.clone();
            for n in 2.. {
                if !map.contains_key(&key) {
                    break;
                }
                key = format!("{base}:{n}");
            }
            for rule in redacted.rules {
                done.notes.push((format!("{map_path}.{key}"), rule));
            }
            map.insert(key, value);
        }
    }

    fn source_address(&self, place: Place, text: &mut String, done: &mut Done) {
        match self.settings.address {
            // Made above, or by the log that handed the event back.
            Address::Pseudonym if text.starts_with("p1:address:") => {}
            Address::Network | Address::Pseudonym => match network(text) {
                Some(Network::Already) => {}
                Some(Network::Masked(network)) => {
                    let rule = if network.contains(':') { Rule::Ipv6 } else { Rule::Ipv4 };
                    done.notes.push((place.to_string(), Name::Rule(rule)));
                    *text = network;
                }
                None => mask(&self.address, place, text, done),
            },
            Address::Keep => mask(&self.settings.redaction, place, text, done),
        }
    }

    /// Writes down what was done, and keeps the event within its limit.
    fn note(&self, fields: &mut EventFields, done: Done) {
        for (_, name) in &done.notes {
            self.counters.add(name);
        }
        if fields.encoded_len() + NOTE_BYTES * done.notes.len() + HEAD_BYTES > limits::EVENT {
            return compact(fields, &done);
        }
        for (path, name) in done.notes {
            let rule = name.as_str().to_owned();
            // A path of a long key is cut: it is an id of at most 256 bytes.
            let path = path[..path.floor_char_boundary(limits::ID)].to_owned();
            let note = Note { path, rule };
            if !fields.redactions.contains(&note) {
                fields.redactions.push(note);
            }
        }
        if fields.redactions.len() > limits::LIST {
            fields.redactions.truncate(limits::LIST - 1);
            fields.redactions.push(more());
        }
    }
}

/// Bytes of a note around its path and rule, and those of a usual path and rule.
const NOTE_BYTES: usize = 64;
/// Bytes that completing an event may add: id, times, tenant, service.
const HEAD_BYTES: usize = 1_024;

/// Makes an event that masks and notes would carry over its limit shorter than it was: of each text
/// changed a `*` is left, and one note for all.
fn compact(fields: &mut EventFields, done: &Done) {
    let noted = |place: MapPlace<'_>| {
        let path = place.to_string();
        done.notes.iter().any(|(noted, _)| *noted == path)
    };
    for (key, text) in &mut fields.labels {
        if noted(MapPlace { map: "labels", key, limit: 0 }) {
            "*".clone_into(text);
        }
    }
    for (key, value) in fields.ai.iter_mut().flat_map(|ai| &mut ai.params) {
        if noted(MapPlace { map: "ai.params", key, limit: 0 }) {
            *value = Scalar::Text("*".to_owned());
        }
    }
    let (mut ordinal, mut changed) = (0, done.texts.iter().peekable());
    fields.edit_texts(|_, text| {
        if changed.next_if(|next| **next == ordinal).is_some() {
            "*".clone_into(text);
        }
        ordinal += 1;
    });
    fields.redactions.truncate(limits::LIST - 1);
    fields.redactions.push(more());
}

/// What stands for notes that there is no room for.
fn more() -> Note {
    Note { path: "*".to_owned(), rule: "more".to_owned() }
}

/// Replaces a whole text, unless it is that mask already.
fn hide(name: &Name, path: &str, text: &mut String, done: &mut Done) {
    let mut mask = String::new();
    push_full(&mut mask, name.as_str());
    if *text != mask {
        *text = mask;
        done.notes.push((path.to_owned(), name.clone()));
    }
}

/// Redacts one text in its place.
fn mask(redaction: &Redaction, place: impl Located, text: &mut String, done: &mut Done) {
    let Some(redacted) = redaction.redact(text) else { return };
    *text = redacted.text;
    // Masks can be longer than what they stand for. The event is kept, not the text.
    if text.len() > place.limit() {
        text.clear();
        push_full(text, redacted.rules[0].as_str());
        if text.len() > place.limit() {
            "*".clone_into(text);
        }
    }
    for rule in redacted.rules {
        done.notes.push((place.to_string(), rule));
    }
}

/// A text's path and limit. The path is made only where something was found.
trait Located: ToString {
    fn limit(&self) -> usize;
}

impl Located for Place {
    fn limit(&self) -> usize {
        self.limit
    }
}

/// A value of a map.
struct MapPlace<'a> {
    map: &'static str,
    key: &'a str,
    limit: usize,
}

impl std::fmt::Display for MapPlace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.map, self.key)
    }
}

impl Located for MapPlace<'_> {
    fn limit(&self) -> usize {
        self.limit
    }
}
