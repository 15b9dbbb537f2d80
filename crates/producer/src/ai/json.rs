//! JSON from outside, in bounded memory.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Objects, lists and texts kept of one document. The rest is read over.
const NODES: usize = 32_768;

/// Reads one document. Numbers in lists are left out (an embedding has thousands that say nothing
/// here), and so is all that comes after the first 32,768 values. `None`: not JSON, or nested deeper
/// than 128.
pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    let mut left = NODES;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Seed { left: &mut left, item: false }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    value
}

struct Seed<'a> {
    left: &'a mut usize,
    item: bool,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        if *self.left == 0 {
            return IgnoredAny::deserialize(d).map(|_| None);
        }
        d.deserialize_any(self)
    }
}

impl Seed<'_> {
    fn number<N: Into<Value>>(self, number: N) -> Option<Value> {
        (!self.item).then(|| number.into())
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.number(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(self.number(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(self.number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        *self.left -= 1;
        Ok(Some(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        *self.left -= 1;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Seed { left: self.left, item: true })? {
            list.extend(item);
        }
        Ok(Some(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
        *self.left -= 1;
        let mut map = Map::new();
        while let Some(key) = pairs.next_key::<String>()? {
            if let Some(value) = pairs.next_value_seed(Seed { left: self.left, item: false })? {
                map.insert(key, value);
            }
        }
        Ok(Some(Value::Object(map)))
    }
}

/// The value down this path of keys.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The text down this path.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str()
}

/// The count down this path.
pub(super) fn number(value: &Value, path: &[&str]) -> Option<u64> {
    at(value, path)?.as_u64()
}

/// The items of the list down this path; none if there is no list.
pub(super) fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_in_lists_are_left_out() {
        let text =
            br#"{"data":[{"embedding":[0.1,-2,3],"index":0},{"index":1}],"n":[[1,"a",null]]}"#;
        let expected =
            json!({"data": [{"embedding": [], "index": 0}, {"index": 1}], "n": [["a", null]]});
        assert_eq!(parse(text), Some(expected));
    }

    #[test]
    fn what_is_not_json_is_none() {
        for bad in [&b""[..], b"{", b"{}x", b"{} {}", b"\xff", b"\"\xff\"", b"nan", b"{\"a\":}"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(parse(&b"[".repeat(100_000)), None);
        let deep = [b"[".repeat(500), b"]".repeat(500)].concat();
        assert_eq!(parse(&deep), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let many = format!("{{\"l\":[{}\"\"],\"z\":1}}", "{\"a\":{}},".repeat(100_000));
        let kept = parse(many.as_bytes()).unwrap();
        assert!(list(&kept, &["l"]).len() <= NODES / 2);
    }
}
