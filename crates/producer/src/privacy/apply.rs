//! The privacy stage of a log: one event, all of its texts.

use std::collections::BTreeMap;

use dayseal_format::event::{EventDraft, EventFields, Redaction as Note, Scalar, limits};

use super::counts::Counters;
use super::look::{Map, Spot};
use super::rule::push_full;
use super::{Address, Counts, Mask, Name, Redacted, Redaction, Rule, Settings};

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
    pub(super) settings: Settings,
    /// The redaction of `source.address` where that is no address.
    pub(super) address: Redaction,
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
            let mut edits = Vec::new();
            self.look(fields, fresh, |spot, redacted| edits.push(Edit::new(spot, redacted)));
            if !edits.is_empty() {
                write(fields, &edits);
                self.note(fields, &edits);
            }
            fresh || !edits.is_empty()
        });
        Ok(())
    }

    /// Counts the texts that redaction would change, as [`counts`](Self::counts) does for those that
    /// [`apply`](Self::apply) changed. Changes nothing, the guard's own counts neither, so that
    /// threads can share a guard and each add up what it found.
    ///
    /// What is masked already is not found. Fields for pseudonyms are looked at as texts: those of an
    /// event that has its pseudonyms. An undeclared label counts by its value where that is not
    /// dropped yet; none is refused.
    ///
    /// ```
    /// use dayseal::privacy::{Guard, Rule, Settings};
    /// use dayseal::{Actor, Event, Outcome};
    ///
    /// let draft = Event::builder("data.read")
    ///     .actor(Actor::user("u-17"))
    ///     .action("open")
    ///     .outcome(Outcome::Success)
    ///     .label("note", "token=s3cr3t9")
    ///     .label("other", "token=[redacted:secret]")
    ///     .build()?;
    /// let found = Guard::new(Settings::default()).find(&draft);
    /// assert_eq!((found.of(Rule::Secret), found.total()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find(&self, event: &EventFields) -> Counts {
        let mut counts = Counts::default();
        if !self.idle {
            self.look(event, false, |_, redacted| {
                redacted.rules.iter().for_each(|rule| counts.add(rule));
            });
        }
        counts
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

    /// Writes down what was done, and keeps the event within its limit.
    fn note(&self, fields: &mut EventFields, edits: &[Edit]) {
        let names = || edits.iter().flat_map(|edit| &edit.rules);
        names().for_each(|name| self.counters.add(name));
        if fields.encoded_len() + NOTE_BYTES * names().count() + HEAD_BYTES > limits::EVENT {
            return compact(fields, edits);
        }
        for edit in edits {
            let mut path = edit.path();
            // A path of a long key is cut: it is an id of at most 256 bytes.
            path.truncate(path.floor_char_boundary(limits::ID));
            for name in &edit.rules {
                let note = Note { path: path.clone(), rule: name.as_str().to_owned() };
                if !fields.redactions.contains(&note) {
                    fields.redactions.push(note);
                }
            }
        }
        if fields.redactions.len() > limits::LIST {
            fields.redactions.truncate(limits::LIST - 1);
            fields.redactions.push(more());
        }
    }
}

/// A text of an event that becomes another.
struct Edit {
    spot: Spot,
    /// What it becomes, within its limit.
    text: String,
    /// At least one.
    rules: Vec<Name>,
}

impl Edit {
    fn new(spot: Spot, Redacted { mut text, rules }: Redacted) -> Self {
        // Masks can be longer than what they stand for. The event is kept, not the text.
        if text.len() > spot.limit() {
            text.clear();
            push_full(&mut text, rules[0].as_str());
            if text.len() > spot.limit() {
                "*".clone_into(&mut text);
            }
        }
        Self { spot, text, rules }
    }

    /// As notes have it.
    fn path(&self) -> String {
        match &self.spot {
            Spot::Key(map, _) => map.path(&self.text),
            Spot::Value(map, key) => map.path(key),
            Spot::Text(_, place) => place.to_string(),
        }
    }
}

/// Puts the texts in their places.
fn write(fields: &mut EventFields, edits: &[Edit]) {
    for Edit { spot, text, .. } in edits {
        match spot {
            Spot::Key(Map::Labels, old) => rename(&mut fields.labels, old, text),
            Spot::Key(Map::Params, old) => {
                fields.ai.iter_mut().for_each(|ai| rename(&mut ai.params, old, text));
            }
            Spot::Value(map, key) => write_value(fields, *map, key, text),
            Spot::Text(..) => {}
        }
    }
    write_texts(fields, edits, |edit| &edit.text);
}

/// Makes an event that masks and notes would carry over its limit shorter than it was: of each text
/// changed a `*` is left, and one note for all.
fn compact(fields: &mut EventFields, edits: &[Edit]) {
    for Edit { spot, text, .. } in edits {
        match spot {
            // A key can have become longer: what it names makes room.
            Spot::Key(map, _) => write_value(fields, *map, text, "*"),
            Spot::Value(map, key) => write_value(fields, *map, key, "*"),
            Spot::Text(..) => {}
        }
    }
    write_texts(fields, edits, |_| "*");
    fields.redactions.truncate(limits::LIST - 1);
    fields.redactions.push(more());
}

fn rename<V>(map: &mut BTreeMap<String, V>, old: &str, new: &str) {
    if let Some(value) = map.remove(old) {
        map.insert(new.to_owned(), value);
    }
}

fn write_value(fields: &mut EventFields, map: Map, key: &str, text: &str) {
    match map {
        Map::Labels => {
            if let Some(value) = fields.labels.get_mut(key) {
                text.clone_into(value);
            }
        }
        Map::Params => {
            if let Some(value) = fields.ai.as_mut().and_then(|ai| ai.params.get_mut(key)) {
                *value = Scalar::Text(text.to_owned());
            }
        }
    }
}

/// Puts a text in the place of each that was found by its ordinal, in whose order `edits` are.
fn write_texts(fields: &mut EventFields, edits: &[Edit], new: impl Fn(&Edit) -> &str) {
    let ordinal = |edit: &Edit| if let Spot::Text(n, _) = edit.spot { Some(n) } else { None };
    let mut edits = edits.iter().filter_map(|edit| Some((ordinal(edit)?, edit))).peekable();
    let mut at = 0;
    fields.edit_texts(|_, text| {
        if let Some((_, edit)) = edits.next_if(|(ordinal, _)| *ordinal == at) {
            new(edit).clone_into(text);
        }
        at += 1;
    });
}

/// Bytes of a note around its path and rule, and those of a usual path and rule.
const NOTE_BYTES: usize = 64;
/// Bytes that completing an event may add: id, times, tenant, service.
const HEAD_BYTES: usize = 1_024;

/// What stands for notes that there is no room for.
fn more() -> Note {
    Note { path: "*".to_owned(), rule: "more".to_owned() }
}
