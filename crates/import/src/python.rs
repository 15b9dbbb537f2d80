//! `json.dumps(value, sort_keys=True)` of CPython, over a parsed JSON text: what the chain of the
//! Kling AI logger is hashed over.
//!
//! Numbers are read as Python reads them: integers of any size stay, others become doubles and are
//! written by `float.__repr__`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;

/// Nesting that is followed. Python itself gives up at about a thousand.
const MAX_DEPTH: usize = 128;

/// The members of an object, each as it stands. Of two with one name the last counts, as in Python.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The text; `None` for what Python's parser or this depth does not take.
pub(crate) fn dumps(members: &Members<'_>) -> Option<String> {
    let mut out = String::new();
    object(members, &mut out, 0)?;
    Some(out)
}

fn object(members: &Members<'_>, out: &mut String, depth: usize) -> Option<()> {
    out.push('{');
    // The order of UTF-8 bytes is that of code points, which Python sorts by.
    for (n, (key, raw)) in members.iter().enumerate() {
        if n > 0 {
            out.push_str(", ");
        }
        string(key, out);
        out.push_str(": ");
        value(raw, out, depth)?;
    }
    out.push('}');
    Some(())
}

fn value(raw: &RawValue, out: &mut String, depth: usize) -> Option<()> {
    let text = raw.get().trim();
    match text.as_bytes().first()? {
        b'{' | b'[' if depth >= MAX_DEPTH => None,
        b'{' => object(&serde_json::from_str(text).ok()?, out, depth + 1),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push('[');
            for (n, item) in items.into_iter().enumerate() {
                if n > 0 {
                    out.push_str(", ");
                }
                value(item, out, depth + 1)?;
            }
            out.push(']');
            Some(())
        }
        b'"' => {
            string(&serde_json::from_str::<String>(text).ok()?, out);
            Some(())
        }
        b't' | b'f' | b'n' => {
            out.push_str(text);
            Some(())
        }
        _ => number(text, out),
    }
}

/// ASCII only: the default of `json.dumps`.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

fn number(text: &str, out: &mut String) -> Option<()> {
    if !text.contains(['.', 'e', 'E']) {
        out.push_str(if text == "-0" { "0" } else { text });
        return Some(());
    }
    let float: f64 = text.parse().ok()?;
    if float.is_infinite() {
        out.push_str(if float > 0.0 { "Infinity" } else { "-Infinity" });
        return Some(());
    }
    // Shortest digits that give the number back, in Python as in Rust: d.ddde±x.
    let shortest = format!("{float:e}");
    let (digits, exponent) = shortest.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..16).contains(&exponent) {
        let plain = format!("{float}");
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        dumps(&serde_json::from_str(text).ok()?)
    }

    /// Right-hand sides printed by CPython 3.11: `json.dumps(json.loads(text), sort_keys=True)`.
    #[test]
    fn as_cpython_writes_it() {
        for (text, expected) in [
            ("{}", "{}"),
            (r#"{"b":1,"a":[true,null,{}],"b":2}"#, r#"{"a": [true, null, {}], "b": 2}"#),
            (
                r#"{"a":"é🔒\u2028\"\\\/\b\f\n\r\t\u0001"}"#,
                r#"{"a": "\u00e9\ud83d\udd12\u2028\"\\/\b\f\n\r\t\u0001"}"#,
            ),
            (r#"{"a":"\u007f"}"#, r#"{"a": "\u007f"}"#),
            (
                "{\"a\":[1.0,10.50,1E5,1e15,1e16,123456789012345680.0,1e-4,1e-5,-0.0,-0]}",
                r#"{"a": [1.0, 10.5, 100000.0, 1000000000000000.0, 1e+16, 1.2345678901234568e+17, 0.0001, 1e-05, -0.0, 0]}"#,
            ),
            (r#"{"a":123456789012345678901234567890}"#, r#"{"a": 123456789012345678901234567890}"#),
            (
                r#"{"a":[5e-324,1.7976931348623157e308,1e999]}"#,
                r#"{"a": [5e-324, 1.7976931348623157e+308, Infinity]}"#,
            ),
            (r#"{"é":1,"z":2,"Z":3}"#, r#"{"Z": 3, "z": 2, "\u00e9": 1}"#),
        ] {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_given_up_and_not_followed() {
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(of(&deep(128)).is_some());
        assert_eq!(of(&deep(129)), None);
        assert_eq!(of(&deep(100_000)), None);
    }
}
