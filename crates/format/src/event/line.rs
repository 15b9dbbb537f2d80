//! Writes the one encoding: what serde_json's compact form is for these types, byte for byte.
//!
//! Frozen: these bytes are hashed. serde_json looks at each byte of a text by itself; here a text is
//! first asked as a whole whether anything in it needs an escape, which the compiler turns into
//! vector code. Recording, encoding and verifying an event all pay for this.

use std::fmt;

use serde::ser::{Error, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct};

/// Takes the bytes as they are written.
pub(super) trait Sink {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Stop>;
}

/// The sink wants no more, or a type has no place in an event.
#[derive(Debug)]
pub(super) struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("writing an event stopped")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes one value into its sink.
pub(super) struct Line<'a, S>(pub(super) &'a mut S);

/// An object or a list in the making.
pub(super) struct Items<'a, S> {
    sink: &'a mut S,
    empty: bool,
    end: &'static [u8],
}

fn text<S: Sink>(sink: &mut S, text: &str) -> Result<(), Stop> {
    let bytes = text.as_bytes();
    sink.put(b"\"")?;
    if bytes.iter().fold(false, |any, b| any | escaped(*b)) {
        escape(sink, bytes)?;
    } else {
        sink.put(bytes)?;
    }
    sink.put(b"\"")
}

const fn escaped(b: u8) -> bool {
    // No short circuit: a branch would keep this from being vectorised.
    (b < 0x20) | (b == b'"') | (b == b'\\')
}

#[cold]
fn escape<S: Sink>(sink: &mut S, bytes: &[u8]) -> Result<(), Stop> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut start = 0;
    for (at, b) in bytes.iter().enumerate().filter(|(_, b)| escaped(**b)) {
        sink.put(&bytes[start..at])?;
        start = at + 1;
        match b {
            b'"' => sink.put(b"\\\"")?,
            b'\\' => sink.put(b"\\\\")?,
            0x08 => sink.put(b"\\b")?,
            0x09 => sink.put(b"\\t")?,
            0x0a => sink.put(b"\\n")?,
            0x0c => sink.put(b"\\f")?,
            0x0d => sink.put(b"\\r")?,
            _ => {
                let (high, low) = (HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]);
                sink.put(&[b'\\', b'u', b'0', b'0', high, low])?;
            }
        }
    }
    sink.put(&bytes[start..])
}

fn number<S: Sink>(sink: &mut S, negative: bool, mut n: u64) -> Result<(), Stop> {
    // A u64 has at most 20 digits.
    let mut out = [b'-'; 21];
    let mut at = out.len();
    loop {
        at -= 1;
        out[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    sink.put(&out[at - usize::from(negative)..])
}

impl<'a, S: Sink> Line<'a, S> {
    fn items(self, begin: &[u8], end: &'static [u8]) -> Result<Items<'a, S>, Stop> {
        self.0.put(begin)?;
        Ok(Items { sink: self.0, empty: true, end })
    }
}

/// Types that no event has.
macro_rules! refused {
    ($($name:ident: $ty:ty;)+) => {$(
        fn $name(self, _: $ty) -> Result<(), Stop> {
            Err(Stop)
        }
    )+};
}

macro_rules! unsigned {
    ($($name:ident: $ty:ty;)+) => {$(
        fn $name(self, n: $ty) -> Result<(), Stop> {
            number(self.0, false, n.into())
        }
    )+};
}

macro_rules! signed {
    ($($name:ident: $ty:ty;)+) => {$(
        fn $name(self, n: $ty) -> Result<(), Stop> {
            number(self.0, n < 0, n.unsigned_abs().into())
        }
    )+};
}

impl<'a, S: Sink> serde::Serializer for Line<'a, S> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Items<'a, S>;
    type SerializeTuple = Impossible<(), Stop>;
    type SerializeTupleStruct = Impossible<(), Stop>;
    type SerializeTupleVariant = Impossible<(), Stop>;
    type SerializeMap = Items<'a, S>;
    type SerializeStruct = Items<'a, S>;
    type SerializeStructVariant = Impossible<(), Stop>;

    unsigned! {
        serialize_u8: u8;
        serialize_u16: u16;
        serialize_u32: u32;
        serialize_u64: u64;
    }

    signed! {
        serialize_i8: i8;
        serialize_i16: i16;
        serialize_i32: i32;
        serialize_i64: i64;
    }

    refused! {
        serialize_f32: f32;
        serialize_f64: f64;
        serialize_char: char;
        serialize_bytes: &[u8];
        serialize_unit_struct: &'static str;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Stop> {
        self.0.put(if value { b"true" } else { b"false" })
    }

    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        text(self.0, value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Stop> {
        Err(Stop)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        Err(Stop)
    }

    fn serialize_unit_variant(self, _: &str, _: u32, _: &str) -> Result<(), Stop> {
        Err(Stop)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: &T,
    ) -> Result<(), Stop> {
        Err(Stop)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a, S>, Stop> {
        self.items(b"[", b"]")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'a, S>, Stop> {
        self.items(b"{", b"}")
    }

    fn serialize_struct(self, _: &str, _: usize) -> Result<Items<'a, S>, Stop> {
        self.items(b"{", b"}")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Stop> {
        Err(Stop)
    }

    fn serialize_tuple_struct(self, _: &str, _: usize) -> Result<Self::SerializeTupleStruct, Stop> {
        Err(Stop)
    }

    fn serialize_tuple_variant(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        Err(Stop)
    }

    fn serialize_struct_variant(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Stop> {
        Err(Stop)
    }
}

impl<S: Sink> Items<'_, S> {
    fn comma(&mut self) -> Result<(), Stop> {
        if std::mem::take(&mut self.empty) { Ok(()) } else { self.sink.put(b",") }
    }
}

impl<S: Sink> SerializeSeq for Items<'_, S> {
    type Ok = ();
    type Error = Stop;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.comma()?;
        value.serialize(Line(self.sink))
    }

    fn end(self) -> Result<(), Stop> {
        self.sink.put(self.end)
    }
}

/// Keys are texts: an event has no other maps.
impl<S: Sink> SerializeMap for Items<'_, S> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.comma()?;
        key.serialize(Line(self.sink))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.sink.put(b":")?;
        value.serialize(Line(self.sink))
    }

    fn end(self) -> Result<(), Stop> {
        self.sink.put(self.end)
    }
}

/// Names of fields need no escape.
impl<S: Sink> SerializeStruct for Items<'_, S> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.sink.put(if std::mem::take(&mut self.empty) { b"\"" } else { b",\"" })?;
        self.sink.put(name.as_bytes())?;
        self.sink.put(b"\":")?;
        value.serialize(Line(self.sink))
    }

    fn end(self) -> Result<(), Stop> {
        self.sink.put(self.end)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn line(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        value.serialize(Line(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_below_256_is_written_as_serde_json_does() {
        for code in 0..256u32 {
            let text = format!("a{}b", char::from_u32(code).unwrap());
            assert_eq!(line(&text), serde_json::to_string(&text).unwrap(), "{code}");
        }
    }

    #[test]
    fn numbers_at_their_bounds() {
        for n in [0, 1, 9, 10, -1, -10, i64::MAX, i64::MIN] {
            assert_eq!(line(&n), n.to_string());
        }
        assert_eq!(line(&u64::MAX), u64::MAX.to_string());
        assert!(1.5f64.serialize(Line(&mut Vec::new())).is_err());
    }

    proptest! {
        #[test]
        fn texts_maps_and_lists_are_serde_jsons(
            map in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8),
            list in prop::collection::vec((any::<i64>(), any::<bool>()), 0..8),
        ) {
            prop_assert_eq!(line(&map), serde_json::to_string(&map).unwrap());
            let maps: Vec<BTreeMap<String, i64>> =
                list.iter().map(|(n, b)| BTreeMap::from([(b.to_string(), *n)])).collect();
            prop_assert_eq!(line(&maps), serde_json::to_string(&maps).unwrap());
        }
    }
}
