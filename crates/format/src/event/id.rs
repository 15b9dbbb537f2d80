//! The identifier of an event.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid, Variant};

use crate::UnixMillis;

/// The identifier of an event: a UUIDv7 (RFC 9562, section 5.7), so that ids sort by time.
///
/// Written as 36 bytes, lower-case and hyphenated. `Default` is the nil UUID, which means "not set"
/// in a draft and is never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId(Uuid);

/// Text that is not a UUIDv7 in its one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a UUIDv7, 36 characters, lower-case with hyphens")]
pub struct EventIdError;

impl EventId {
    /// From a clock reading and ten random bytes. Six bits of them give way to version and variant,
    /// so 74 bits of randomness remain.
    pub fn from_parts(time: UnixMillis, random: [u8; 10]) -> Self {
        // A UnixMillis is never negative and fits the 48 bits of the timestamp.
        let millis = time.as_millis().unsigned_abs();
        Self(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// From the 16 bytes of a UUID.
    ///
    /// # Errors
    /// [`EventIdError`] when they are not a UUIDv7 of the RFC 9562 variant.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, EventIdError> {
        let uuid = Uuid::from_bytes(bytes);
        let ok = uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122;
        ok.then_some(Self(uuid)).ok_or(EventIdError)
    }

    /// The 16 bytes, in network order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Whether this is the nil value, "not set".
    pub const fn is_unset(&self) -> bool {
        self.0.is_nil()
    }

    /// The clock reading in the id, in milliseconds since 1970; it may lie past the year 9999.
    pub fn millis(&self) -> u64 {
        let b = self.0.as_bytes();
        u64::from_be_bytes([0, 0, b[0], b[1], b[2], b[3], b[4], b[5]])
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        // `Uuid` also reads braces, URNs, bare hex and capitals: one spelling only here.
        if text.len() != 36 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(EventIdError);
        }
        Self::from_bytes(Uuid::try_parse(text).map_err(|_| EventIdError)?.into_bytes())
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        super::wire::text(d, "a UUIDv7 as text", |text| text.parse().map_err(|e| format!("{e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_a_uuid_v7() {
        let time = UnixMillis::new(1_767_225_600_123).unwrap();
        let id = EventId::from_parts(time, [0xff; 10]);
        assert_eq!(id.to_string(), "019b76da-a87b-7fff-bfff-ffffffffffff");
        assert_eq!(id.millis(), 1_767_225_600_123);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(EventId::from_parts(time, [0; 10]) < id);
    }

    #[test]
    fn one_spelling_only() {
        for bad in [
            "019B76DA-A87B-7FFF-BFFF-FFFFFFFFFFFF",
            "019b76daa87b7fffbfffffffffffffff",
            "{019b76da-a87b-7fff-bfff-ffffffffffff}",
            "019b76da-a87b-4fff-bfff-ffffffffffff",
            "019b76da-a87b-7fff-cfff-ffffffffffff",
            "00000000-0000-0000-0000-000000000000",
            "",
        ] {
            assert!(bad.parse::<EventId>().is_err(), "{bad}");
        }
    }
}
