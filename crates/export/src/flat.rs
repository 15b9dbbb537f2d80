//! An event as a tree from which a mapping takes what it has a place for; what is left, flat.

use std::collections::BTreeMap;

use dayseal_format::event::EventFields;
use serde_json::{Map, Value};

use crate::ExportError;

/// The fields of an event that have no place yet.
#[derive(Clone, Debug)]
pub(crate) struct Rest(Map<String, Value>);

impl Rest {
    pub(crate) fn of(event: &EventFields) -> Result<Self, ExportError> {
        match serde_json::to_value(event)? {
            Value::Object(map) => Ok(Self(map)),
            other => Ok(Self(Map::from_iter([("event".to_owned(), other)]))),
        }
    }

    pub(crate) fn empty() -> Self {
        Self(Map::new())
    }

    /// Takes a field such as `actor.id` out.
    pub(crate) fn take(&mut self, path: &str) -> Option<Value> {
        let mut at = &mut self.0;
        let mut parts = path.split('.');
        let last = parts.next_back()?;
        for part in parts {
            at = at.get_mut(part)?.as_object_mut()?;
        }
        at.remove(last)
    }

    /// Takes a text out.
    pub(crate) fn text(&mut self, path: &str) -> Option<String> {
        match self.take(path)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    /// What is left, by its path. Lists are JSON text; a text stays as it is.
    pub(crate) fn into_flat(self) -> BTreeMap<String, Value> {
        let mut flat = BTreeMap::new();
        flatten(String::new(), Value::Object(self.0), &mut flat);
        flat
    }
}

fn flatten(path: String, value: Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                flatten(path, value, flat);
            }
        }
        other => {
            flat.insert(path, other);
        }
    }
}

/// A leaf as text: a text as it is, all else as JSON.
pub(crate) fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
