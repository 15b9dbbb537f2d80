//! Reading and writing: what serde's derives do not do by themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};

use super::line::{Line, Sink, Stop};
use super::{EventError, VERSION};

/// The one JSON encoding of a part into `out`.
pub(super) fn write(part: &impl serde::Serialize, out: &mut impl Sink) -> Result<(), Stop> {
    part.serialize(Line(out))
}

/// Compares what is written with `expected` and keeps nothing.
pub(super) struct Compare<'a> {
    pub(super) expected: &'a [u8],
    /// 0 <= at <= expected.len(): bytes found equal so far.
    pub(super) at: usize,
}

impl Compare<'_> {
    #[cold]
    fn differs(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let rest = &self.expected[self.at..];
        self.at += rest.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        Err(Stop)
    }
}

impl Sink for Compare<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if self.expected[self.at..].starts_with(bytes) {
            self.at += bytes.len();
            Ok(())
        } else {
            self.differs(bytes)
        }
    }
}

/// Counts what is written and keeps nothing.
#[derive(Default)]
pub(super) struct Count(pub(super) usize);

impl Sink for Count {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.0 += bytes.len();
        Ok(())
    }
}

/// Reads a string without allocating and turns it into a value.
pub(super) fn text<'de, D: Deserializer<'de>, T>(
    d: D,
    expecting: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Text<F>(&'static str, F);
    impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Text<F> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }
    }
    d.deserialize_str(Text(expecting, parse))
}

/// Reads a map and refuses a key that comes twice; serde's own maps keep the last.
pub(super) fn unique_map<'de, D, V>(d: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);
    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = access.next_entry::<String, V>()? {
                if map.contains_key(&key) {
                    return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
                }
                map.insert(key, value);
            }
            Ok(map)
        }
    }
    d.deserialize_map(Unique(PhantomData))
}

/// Reads `bytes`; on failure reads them again to find out where.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, EventError> {
    // One check of all of UTF-8 is cheaper than serde_json's check of each string.
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| explain::<T>(bytes))
}

/// The fields that are lists.
const LISTS: [&[u8]; 7] = [
    b"alerts",
    b"categories",
    b"data_class",
    b"detectors",
    b"finish",
    b"recipients",
    b"redactions",
];

/// Refuses an array where an object belongs: serde's derives would read its items as the fields in
/// declared order. `json` is known to be one JSON text.
pub(super) fn refuse_arrays(json: &[u8]) -> Result<(), EventError> {
    // The last string, and whether a colon followed it: then it is the key of what comes next.
    let (mut last, mut key) = (&json[..0], false);
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'"' => {
                let start = at + 1;
                at = start;
                while json.get(at).is_some_and(|b| *b != b'"') {
                    at += 1 + usize::from(json[at] == b'\\');
                }
                (last, key) = (json.get(start..at).unwrap_or_default(), false);
            }
            b':' => key = true,
            b'[' if !key || !LISTS.contains(&last) => {
                let path = if key { shown(&String::from_utf8_lossy(last)) } else { String::new() };
                let (expected, found) = ("an object or value".to_owned(), "sequence".to_owned());
                return Err(EventError::WrongType { path, expected, found });
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => key = false,
        }
        at += 1;
    }
    Ok(())
}

/// Why `bytes` could not be read as a `T`: the slow second reading, which tracks paths.
fn explain<T: DeserializeOwned>(bytes: &[u8]) -> EventError {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let (path, error) = match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Ok(_) => match json.end() {
            Err(error) => (String::new(), error),
            // Not reached: the caller's own reading of the same bytes failed.
            Ok(()) => return EventError::Syntax { at: 0, detail: "unreadable".into() },
        },
        Err(error) => (shown(&error.path().to_string()), error.into_inner()),
    };
    // Without its " at line 1 column 2".
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    if !error.is_data() {
        let before: usize =
            bytes.split_inclusive(|b| *b == b'\n').take(error.line() - 1).map(<[u8]>::len).sum();
        let at = (before + error.column().saturating_sub(1)).min(bytes.len());
        return EventError::Syntax { at, detail: message.to_owned() };
    }
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return classify(String::new(), "invalid type: sequence, expected an object");
    }
    // A later version may well have fields this one has not: say that first.
    #[derive(serde::Deserialize)]
    struct Probe {
        v: u64,
    }
    if let Ok(Probe { v: found }) = serde_json::from_slice(bytes)
        && found != u64::from(VERSION)
    {
        return EventError::Version { expected: u64::from(VERSION), found };
    }
    classify(path, message)
}

/// Sorts serde's message by its fixed beginning, and leaves out the values it quotes.
fn classify(path: String, message: &str) -> EventError {
    let quoted = |text: &str| text.split('`').nth(1).map(shown).unwrap_or_default();
    let expected = || {
        message.rsplit_once(", expected ").map_or_else(|| "no field".to_owned(), |(_, e)| shown(e))
    };
    if message.starts_with("unknown field `") {
        EventError::UnknownField { path, expected: expected() }
    } else if message.starts_with("duplicate field `") {
        EventError::DuplicateKey { path: join(&path, &quoted(message)) }
    } else if message.starts_with("missing field `") {
        EventError::Missing { path: join(&path, &quoted(message)) }
    } else if let Some(rest) =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))
    {
        let found = rest.split(['`', '"', ',']).next().unwrap_or_default().trim().to_owned();
        EventError::WrongType { path, expected: expected(), found }
    } else {
        EventError::InvalidValue { path, detail: shown(message) }
    }
}

/// `parent.child`; the path of the whole event is empty or `.`.
pub(super) fn join(parent: &str, child: &str) -> String {
    if parent.is_empty() || parent == "." { child.to_owned() } else { format!("{parent}.{child}") }
}

/// Outside text made fit to print: no control characters, at most 256 characters. What was cut ends
/// with `…`, a list behind a whole item.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 256;
    let text = if text == "." { "" } else { text };
    let fit = |c| if super::validate::forbidden(c) { '\u{fffd}' } else { c };
    let mut out: String = text.chars().take(MOST).map(fit).collect();
    if text.chars().nth(MOST).is_some() {
        out.truncate(out.rfind("`, ").map_or(out.len(), |at| at + "`, ".len()));
        out.push('…');
    }
    out
}
