//! Events to export: the vector with every field, and any part of it.

use dayseal_export::{Entry, Place, Seal, Sink, Tree};
use dayseal_format::batch::leaf_of;
use dayseal_format::event::{Event, EventFields, EventType};
use dayseal_format::{BatchKey, Digest, Origin, StreamId};
use proptest::prelude::*;
use serde_json::Value;

const FULL: &str = include_str!("../../../../tests/vectors/entry/ok_full.json");

/// The event with every field.
pub(crate) fn full() -> Event {
    Event::decode(FULL.as_bytes()).unwrap()
}

/// An event and its stored bytes.
pub(crate) fn line(event: &Event) -> Vec<u8> {
    let mut line = Vec::new();
    event.encode(&mut line);
    line
}

/// A place, sealed or not.
pub(crate) fn place(line: &[u8], index: u32, sealed: bool) -> Place {
    let salt = [7; 16];
    let by = "2026-11-21".parse().unwrap();
    let tree = Some(Tree { size: 9, root: Digest([3; 32]) });
    Place {
        origin: "audit.example.com/a".parse::<Origin>().unwrap(),
        batch: BatchKey {
            day: "2026-11-20".parse().unwrap(),
            stream: StreamId([1; 16]),
            seq: 4,
            digest: Digest([2; 32]),
        },
        index,
        leaf: leaf_of(&salt, line),
        salt: "07".repeat(16),
        seal: sealed.then_some(Seal { by, tree }),
    }
}

/// Gives events to a sink, in one batch, every second one sealed.
pub(crate) fn give(sink: &mut dyn Sink, events: &[Event]) {
    for (index, event) in events.iter().enumerate() {
        let line = line(event);
        let place = place(&line, index as u32, index % 2 == 0);
        let fields: &EventFields = event;
        sink.push(&Entry { line: &line, event: fields, place: &place }).unwrap();
    }
    sink.finish().unwrap();
}

/// Leaves of a JSON value by path.
pub(crate) fn leaves(value: &Value) -> Vec<(String, Value)> {
    fn walk(path: String, value: &Value, out: &mut Vec<(String, Value)>) {
        let join =
            |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| walk(join(k), v, out)),
            Value::Array(items) => items.iter().for_each(|v| walk(path.clone(), v, out)),
            leaf => out.push((path, leaf.clone())),
        }
    }
    let mut out = Vec::new();
    walk(String::new(), value, &mut out);
    out
}

/// Drops fields, but none that its object must have; a content item goes whole or not at all.
fn drop_at(value: &mut Value, keep: &mut impl FnMut() -> bool) {
    let required = |name: &str| matches!(name, "type" | "name" | "field" | "passed");
    let object = |child: &Value| child.as_object().is_some_and(|map| !map.contains_key("bytes"));
    if let Value::Object(map) = value {
        map.retain(|name, child| required(name) || keep() || object(child));
        map.values_mut().filter(|child| object(child)).for_each(|child| drop_at(child, keep));
        map.retain(|_, child| !child.as_object().is_some_and(serde_json::Map::is_empty));
    }
}

fn texts(value: &mut Value, hostile: &str, pick: &mut impl FnMut() -> bool) {
    match value {
        Value::String(text) if pick() => hostile.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| texts(item, hostile, pick)),
        Value::Object(map) => map.values_mut().for_each(|item| texts(item, hostile, pick)),
        _ => {}
    }
}

prop_compose! {
    /// Any part of the full event, of any type, with some texts replaced.
    pub(crate) fn any_event()(
        kept in proptest::collection::vec(any::<bool>(), 200),
        replaced in proptest::collection::vec(0u8..8, 200),
        hostile in prop_oneof![
            "[=+@'-]{1,3}[a-z(]{0,8}",
            "[ -~]{1,20}",
            "\\PC{1,20}",
            Just("203.0.113.9".to_owned()),
            Just("Unknown".to_owned()),
        ],
        kind in prop_oneof![
            proptest::sample::select(EventType::KNOWN).prop_map(|t| t.to_string()),
            "[a-z]{1,5}\\.[a-z_]{1,8}",
        ],
    ) -> Option<Event> {
        let mut value: Value = serde_json::from_str(FULL).unwrap();
        let full = value.clone();
        let mut at = kept.iter().cycle();
        drop_at(&mut value, &mut || *at.next().unwrap());
        let mut at = replaced.iter().cycle();
        for name in ["labels", "reason", "resource", "actor", "source", "agent", "ai", "access_reason"] {
            if let Some(part) = value.get_mut(name) {
                texts(part, &hostile, &mut || *at.next().unwrap() == 0);
            }
        }
        for required in ["v", "id", "time", "logged_time", "tenant", "service", "action", "outcome"] {
            value[required] = full[required].clone();
        }
        value["actor"]["id"] = full["actor"]["id"].clone();
        value["actor"]["type"] = full["actor"]["type"].clone();
        value["type"] = kind.into();
        let fields: EventFields = serde_json::from_value(value).ok()?;
        Event::from_fields(fields).ok()
    }
}
