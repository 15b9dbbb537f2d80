//! Holds in the log: the entries that record them, and whether both agree.

use std::collections::BTreeMap;

use dayseal_format::event::{
    Actor, Event, EventBuilder, EventDraft, EventError, EventFields, EventId, Outcome, Privacy,
    Reason, Resource,
};

use super::{Hold, Holds, Release, Scope};

/// The label that has the number.
const NUMBER: &str = "hold.number";

/// The entry of a hold.
///
/// # Errors
/// [`EventError`] if no entry can hold it: a reason of over 256 bytes.
pub fn placed(hold: &Hold) -> Result<EventDraft, EventError> {
    let mut event = Event::builder("hold.placed").id(hold.event).time(hold.time);
    match &hold.scope {
        Scope::Subjects(names) => {
            let first = names.first().map_or("", String::as_str);
            event = event.privacy(Privacy::default().subject(first)).label("hold.scope", "subject");
        }
        Scope::Days { from, through } => {
            event = event.label("hold.scope", "days");
            event = event.label("hold.from", from.to_string());
            event = event.label("hold.through", through.to_string());
        }
        Scope::Label { label, value, through, objects } => {
            event = event.label("hold.scope", "label").label("hold.label", label);
            event = event.label("hold.value", value).label("hold.through", through.to_string());
            event = event.label("hold.objects", objects.len().to_string());
        }
    }
    common(event, (hold.number, hold.number), &hold.officers, &hold.reason)
}

/// The entry of a release of the hold of this number.
///
/// # Errors
/// As [`placed`].
pub fn released(hold: u32, release: &Release) -> Result<EventDraft, EventError> {
    let event = Event::builder("hold.released").id(release.event).time(release.time);
    common(event, (hold, release.number), &release.officers, &release.reason)
}

fn common(
    event: EventBuilder,
    (hold, number): (u32, u32),
    officers: &[String],
    reason: &str,
) -> Result<EventDraft, EventError> {
    event
        .label(NUMBER, number.to_string())
        .actor(Actor::admin(officers.first().map_or("unknown", String::as_str)))
        .action("hold")
        .outcome(Outcome::Success)
        .resource(Resource::new("hold").id(hold.to_string()))
        .reason(Reason { code: None, text: Some(reason.to_owned()) })
        .build()
}

/// A hold or release as the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The entry.
    pub event: EventId,
    /// Number of the statement.
    pub number: u32,
}

/// What an entry says of a hold; `None` if it is about none.
pub fn recorded(event: &EventFields) -> Option<Recorded> {
    if !matches!(event.kind.as_str(), "hold.placed" | "hold.released") {
        return None;
    }
    let number = event.labels.get(NUMBER)?.parse().ok()?;
    Some(Recorded { event: event.id, number })
}

/// Statements and entries that have no counterpart, in words.
pub fn unmatched(holds: &Holds, log: &[Recorded]) -> Vec<String> {
    let mut statements = BTreeMap::new();
    for hold in &holds.all {
        statements.insert((hold.number, hold.event), "hold");
        if let Some(release) = &hold.released {
            statements.insert((release.number, release.event), "release");
        }
    }
    let mut found = Vec::new();
    for entry in log {
        if statements.remove(&(entry.number, entry.event)).is_none() {
            let Recorded { event, number } = entry;
            let text = format!(
                "entry {event} records statement {number}, which is not there: a hold was taken away"
            );
            if !found.contains(&text) && !known(holds, entry) {
                found.push(text);
            }
        }
    }
    for ((number, event), what) in statements {
        found.push(format!("{what} {number} is not recorded: no entry {event} in the log"));
    }
    found
}

/// An entry may have come twice.
fn known(holds: &Holds, entry: &Recorded) -> bool {
    holds.all.iter().any(|hold| {
        (hold.number, hold.event) == (entry.number, entry.event)
            || hold
                .released
                .as_ref()
                .is_some_and(|r| (r.number, r.event) == (entry.number, entry.event))
    })
}
