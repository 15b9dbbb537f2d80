//! Names with a grammar: origin, service, stream id, and the keys of objects.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Day, Digest};

/// A name or object key that does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} `{found}`: expected {expected}")]
pub struct NameError {
    what: &'static str,
    expected: &'static str,
    found: String,
}

impl NameError {
    fn new(what: &'static str, expected: &'static str, found: &str) -> Self {
        let found = found.chars().take(200).flat_map(char::escape_default).collect();
        Self { what, expected, found }
    }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The name of a log, unique for all time, and the name of its signing key.
///
/// A schema-less URL prefix (c2sp.org/tlog-checkpoint), 1 to 128 bytes: segments of
/// `[A-Za-z0-9._-]` joined by `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);
text_newtype!(Origin);

impl FromStr for Origin {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let good = text.len() <= 128 && text.split('/').all(is_segment);
        if good {
            return Ok(Self(text.to_owned()));
        }
        let expected = "1 to 128 bytes, segments of A-Z a-z 0-9 . _ - joined by /, such as audit.example.com/prod";
        Err(NameError::new("origin", expected, text))
    }
}

/// The name of the service that produced a stream: 1 to 64 bytes of `[A-Za-z0-9._-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);
text_newtype!(ServiceName);

impl FromStr for ServiceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() <= 64 && is_segment(text) {
            return Ok(Self(text.to_owned()));
        }
        let expected = "1 to 64 bytes of A-Z a-z 0-9 . _ -, not starting with a dot";
        Err(NameError::new("service name", expected, text))
    }
}

/// A person or role outside the log's sealer who signs orders about it: the name of their key,
/// `<origin>/officer/<name>`.
///
/// The name is a segment of at most 64 bytes; all of it, like an origin, has at most 128.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfficerName(String);
text_newtype!(OfficerName);

/// What stands between the log and its officer in the name of the officer's key.
const OFFICER: &str = "/officer/";

impl OfficerName {
    /// The officer `name` of the log `origin`.
    ///
    /// # Errors
    /// [`NameError`] if the name is no segment, or too long with the origin before it.
    pub fn new(origin: &Origin, name: &str) -> Result<Self, NameError> {
        let officer: Self = format!("{origin}{OFFICER}{name}").parse()?;
        if officer.name() == name { Ok(officer) } else { Err(Self::error(name)) }
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The name of their key, as the signers of `dayseal-keys` take it: it has an origin's grammar.
    pub fn key_name(&self) -> Origin {
        Origin(self.0.clone())
    }

    /// Whether this is an officer of the log `origin`.
    pub fn is_of(&self, origin: &Origin) -> bool {
        self.0.rsplit_once(OFFICER).is_some_and(|(log, _)| log == origin.as_str())
    }

    fn error(found: &str) -> NameError {
        let expected = "<origin>/officer/<name>, the name 1 to 64 bytes of A-Z a-z 0-9 . _ -, 128 bytes in all";
        NameError::new("officer", expected, found)
    }
}

impl FromStr for OfficerName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts = text.rsplit_once(OFFICER).filter(|_| text.len() <= 128);
        let good = parts.is_some_and(|(log, name)| {
            log.parse::<Origin>().is_ok() && name.parse::<ServiceName>().is_ok()
        });
        if good { Ok(Self(text.to_owned())) } else { Err(Self::error(text)) }
    }
}

/// One segment of a name or key: not empty, `[A-Za-z0-9._-]`, not starting with a dot.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// One producer process on one UTC day: 128 random bits, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub [u8; 16]);

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({self})")
    }
}

impl FromStr for StreamId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        crate::hash::lower_hex(text)
            .map(Self)
            .ok_or_else(|| NameError::new("stream id", "32 lower-case hexadecimal digits", text))
    }
}

impl Serialize for StreamId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Highest sequence number of a stream: its name has eight digits.
pub const MAX_SEQ: u32 = 99_999_999;

/// Key of `log.json` below the evidence root.
pub const LOG_JSON: &str = "log.json";
/// Prefix of the batches of all days.
pub const ENTRIES: &str = "entries/";
/// Prefix of the manifests.
pub const MANIFESTS: &str = "manifests/";
/// Prefix of the content objects of all days, in the content root.
pub const CONTENT: &str = "content/";
/// Prefix of the checkpoints.
pub const CHECKPOINTS: &str = "checkpoints/";
/// Key of the first checkpoint, of the empty tree, which only `init` writes.
pub const FIRST_CHECKPOINT: &str = "checkpoints/first";

/// The key of one batch: `entries/<day>/<stream>/<seq>-<digest>.batch`.
///
/// `seq` has eight decimal digits, so that names sort in stream order; `digest` is the SHA-256 of
/// the object's bytes, which makes a retry safe without any right to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchKey {
    /// UTC day on which the batch was closed.
    pub day: Day,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its number in the stream, 0 to [`MAX_SEQ`].
    pub seq: u32,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

impl fmt::Display for BatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ENTRIES}{}/{}/{:08}-{}.batch", self.day, self.stream, self.seq, self.digest)
    }
}

impl FromStr for BatchKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parse = || -> Option<Self> {
            let (day, stream, name) = place(text, ENTRIES)?;
            let (seq, digest) = name.strip_suffix(".batch")?.split_once('-')?;
            Some(Self { day, stream, seq: number(seq)?, digest: digest.parse().ok()? })
        };
        let expected = "entries/<day>/<32 hex digits>/<8 digits>-<64 hex digits>.batch";
        parse().ok_or_else(|| NameError::new("batch key", expected, text))
    }
}

/// Day, stream and last segment of a key below `prefix`.
fn place<'t>(text: &'t str, prefix: &str) -> Option<(Day, StreamId, &'t str)> {
    let mut parts = text.strip_prefix(prefix)?.split('/');
    let (day, stream, name) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some((day.parse().ok()?, stream.parse().ok()?, name))
}

/// A number of eight digits.
fn number(seq: &str) -> Option<u32> {
    let digits = seq.len() == 8 && seq.bytes().all(|b| b.is_ascii_digit());
    seq.parse().ok().filter(|_| digits)
}

/// Prefix of all objects of one day.
pub fn entries_prefix(day: Day) -> String {
    format!("{ENTRIES}{day}/")
}

/// Key of the content object of a batch, in the content root: `content/<day>/<stream>/<seq>.content`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentObjectKey {
    /// Day of the batch.
    pub day: Day,
    /// Its stream.
    pub stream: StreamId,
    /// Its number.
    pub seq: u32,
}

impl From<&BatchKey> for ContentObjectKey {
    fn from(batch: &BatchKey) -> Self {
        Self { day: batch.day, stream: batch.stream, seq: batch.seq }
    }
}

impl fmt::Display for ContentObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CONTENT}{}/{}/{:08}.content", self.day, self.stream, self.seq)
    }
}

impl FromStr for ContentObjectKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parse = || -> Option<Self> {
            let (day, stream, name) = place(text, CONTENT)?;
            Some(Self { day, stream, seq: number(name.strip_suffix(".content")?)? })
        };
        let expected = "content/<day>/<32 hex digits>/<8 digits>.content";
        parse().ok_or_else(|| NameError::new("content object key", expected, text))
    }
}

/// Prefix of a day's content objects: `content/<day>/`.
pub fn content_prefix(day: Day) -> String {
    format!("{CONTENT}{day}/")
}

/// Key of a day's manifest: `manifests/<day>.ndjson`.
pub fn manifest_key(day: Day) -> String {
    format!("{MANIFESTS}{day}.ndjson")
}

/// Key of a day's checkpoint: `checkpoints/<day>`.
pub fn checkpoint_key(day: Day) -> String {
    format!("{CHECKPOINTS}{day}")
}

/// Key of the head in the state root: `heads/<SHA-256 of the origin>`.
pub fn head_key(origin: &Origin) -> String {
    format!("heads/{}", Digest::of(origin.as_str().as_bytes()))
}

/// Key of a scheduled verifier's memory in the state root: `verifier/<SHA-256 of the origin>`.
pub fn memory_key(origin: &Origin) -> String {
    format!("verifier/{}", Digest::of(origin.as_str().as_bytes()))
}

/// The day a manifest's key names.
pub fn parse_manifest_key(key: &str) -> Option<Day> {
    key.strip_prefix(MANIFESTS)?.strip_suffix(".ndjson")?.parse().ok()
}

/// The day a checkpoint's key names; `checkpoints/first` names none.
pub fn parse_checkpoint_key(key: &str) -> Option<Day> {
    key.strip_prefix(CHECKPOINTS)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_keys_have_one_spelling() {
        let key = BatchKey {
            day: "2026-11-20".parse().unwrap(),
            stream: StreamId([0xab; 16]),
            seq: 7,
            digest: Digest([0xcd; 32]),
        };
        let text = key.to_string();
        assert_eq!(text.parse::<BatchKey>().unwrap(), key);
        for bad in [
            text.replace("00000007", "7"),
            text.replace("00000007", "+0000007"),
            text.replace("cdcd", "CDCD"),
            text.replace(".batch", ".pack"),
            text.replace("2026-11-20", "2026-11-31"),
            format!("{text}/x"),
            format!("/{text}"),
        ] {
            assert!(bad.parse::<BatchKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn content_keys_have_one_spelling() {
        let (day, stream) = ("2026-11-20".parse().unwrap(), StreamId([0xab; 16]));
        let key = ContentObjectKey { day, stream, seq: 7 };
        let text = key.to_string();
        assert_eq!(text, format!("content/2026-11-20/{}/00000007.content", "ab".repeat(16)));
        assert_eq!(text.parse::<ContentObjectKey>().unwrap(), key);
        assert!(text.starts_with(&content_prefix(key.day)));
        for bad in [
            text.replace("00000007", "7"),
            text.replace("00000007", "+0000007"),
            text.replace("abab", "ABAB"),
            text.replace(".content", ".batch"),
            text.replace("content/", "entries/"),
            text.replace("2026-11-20", "2026-11-31"),
            format!("{text}/x"),
            format!("/{text}"),
        ] {
            assert!(bad.parse::<ContentObjectKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn origins() {
        for good in ["audit.example.com/acme/prod", "a", "x_1/y-2"] {
            assert!(good.parse::<Origin>().is_ok());
        }
        for bad in ["", "a//b", "a b", "a+b", "/a", "a/", "../a", "https://a", "é"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
