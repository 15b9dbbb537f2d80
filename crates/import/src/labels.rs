//! What has no typed field: labels, within the schema's limits.

use std::collections::BTreeMap;

use dayseal_format::event::limits;
use serde_json::Value;

use crate::fields::Fields;
use crate::keys::Digests;
use crate::names::label_key;

/// The labels that an import adds to events and to its report, for settings that allow only declared ones.
pub const LABELS: [&str; 13] = [
    "import.check",
    "import.check_line",
    "import.check_reason",
    "import.digest",
    "import.dropped",
    "import.file",
    "import.format",
    "import.id",
    "import.imported",
    "import.line",
    "import.record",
    "import.records",
    "import.refused",
];

/// Names that hold what was said. It is never a label, at whatever depth: a prompt would be kept for years.
const CONTENT: [&str; 22] = [
    "answer",
    "body",
    "completion",
    "content",
    "contents",
    "documents",
    "input",
    "input_content",
    "inputs",
    "message",
    "messages",
    "negative_prompt",
    "output",
    "output_content",
    "outputs",
    "prompt",
    "prompts",
    "query",
    "question",
    "response",
    "system_prompt",
    "text",
];
/// Names of plain hashes: of something that can be guessed, as far as anybody knows.
const HASHES: [&str; 6] = ["checksum", "fingerprint", "hash", "md5", "sha1", "sha256"];
/// Nesting that is followed.
const MAX_DEPTH: usize = 8;

/// Fills `labels` with what is left of a record, in the order of names; what does not fit is noted.
/// With `prompts`, the format's free fields may hold what was said.
pub(crate) fn add_rest(
    fields: &mut Fields,
    labels: &mut BTreeMap<String, String>,
    digests: &Digests,
    prompts: bool,
) {
    let rest = std::mem::take(&mut fields.rest);
    let mut walk = Walk { labels, dropped: &mut fields.dropped, digests, prompts };
    for (key, value) in rest {
        walk.value(&key, &key, value, 0);
    }
}

struct Walk<'a> {
    labels: &'a mut BTreeMap<String, String>,
    dropped: &'a mut Vec<String>,
    digests: &'a Digests,
    prompts: bool,
}

impl Walk<'_> {
    fn value(&mut self, path: &str, name: &str, value: Value, depth: usize) {
        let name = name.to_ascii_lowercase();
        let nothing = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if nothing {
            return;
        }
        if self.prompts && CONTENT.contains(&&*name) {
            return self.drop(path);
        }
        match value {
            Value::Object(map) if depth < MAX_DEPTH => {
                for (key, value) in map {
                    self.value(&format!("{path}.{key}"), &key, value, depth + 1);
                }
            }
            Value::Array(items) if items.iter().any(|i| i.is_array() || i.is_object()) => {
                if depth >= MAX_DEPTH {
                    return self.drop(path);
                }
                for (n, value) in items.into_iter().enumerate() {
                    self.value(&format!("{path}.{n}"), "", value, depth + 1);
                }
            }
            Value::Object(_) => self.drop(path),
            Value::String(text) if HASHES.iter().any(|hash| name.ends_with(hash)) => {
                match &self.digests.0 {
                    Some(keys) => {
                        let mut hasher = keys.source();
                        hasher.update(text.as_bytes());
                        self.label(path, hasher.finish().text);
                    }
                    None => self.drop(path),
                }
            }
            Value::String(text) => self.label(path, text),
            other => self.label(path, other.to_string()),
        }
    }

    fn label(&mut self, path: &str, value: String) {
        let key = label_key(path);
        let room = self.labels.len() < limits::PAIRS && value.len() <= limits::SHORT_TEXT;
        if key.is_empty() || !room || self.labels.contains_key(&key) {
            return self.drop(path);
        }
        self.labels.insert(key, value);
    }

    fn drop(&mut self, path: &str) {
        self.dropped.push(path.to_owned());
    }
}
