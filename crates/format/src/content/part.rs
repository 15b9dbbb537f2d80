//! The parts of a content object: frames, and the stubs of erased ones.

use serde::{Deserialize, Serialize};

use super::{ContentError, MAX_ABOUT, MAX_SUBJECTS};
use crate::Digest;
use crate::batch::{MAX_BATCH_LEN, MAX_ENTRIES, TAG_LEN};
use crate::event::EventId;
use crate::merkle::leaf_hash;

/// Bytes of a part before its JSON: kind and two lengths.
pub(super) const PART_PREFIX: usize = 9;
const FRAME: u8 = 1;
const STUB: u8 = 2;
/// Longest id of a data subject, in bytes.
const MAX_ID: usize = 256;

/// What a frame says in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Number of content records, at least 1.
    pub records: u32,
    /// The data subjects whom every record is about, as entries call them; ascending.
    pub subjects: Vec<String>,
}

/// What stands in the place of an erased frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stub {
    /// Leaf of the frame that was here.
    pub leaf: Digest,
    /// The entry that records the erasure.
    pub receipt: EventId,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Encrypted content records.
    Frame(Frame),
    /// An erased frame.
    Stub(Stub),
}

/// A part where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<'a> {
    pub(super) part: Part,
    /// All its bytes.
    pub(super) bytes: &'a [u8],
    /// Its ciphertext and tag; empty for a stub.
    pub(super) ciphertext: &'a [u8],
    pub(super) leaf: Digest,
}

impl Frame {
    /// Whether it is about one of them.
    pub fn names_any(&self, subjects: &[String]) -> bool {
        self.subjects.iter().any(|named| subjects.contains(named))
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.records == 0 || self.records > MAX_ENTRIES {
            return Err("records: expected 1 to 262,144");
        }
        if self.subjects.len() > MAX_SUBJECTS {
            return Err("subjects: expected at most 16");
        }
        if self.subjects.iter().any(|s| s.is_empty() || s.len() > MAX_ID) {
            return Err("subjects: expected ids of 1 to 256 bytes");
        }
        if !self.subjects.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()) {
            return Err("subjects: expected in ascending order, each once");
        }
        Ok(())
    }

    /// Everything before the ciphertext.
    pub(super) fn head(&self, ciphertext_len: usize) -> Vec<u8> {
        head(FRAME, &serde_json::to_vec(self).expect("no maps and no floats"), ciphertext_len)
    }
}

impl Stub {
    pub(super) fn encode(&self) -> Vec<u8> {
        head(STUB, &serde_json::to_vec(self).expect("no maps and no floats"), 0)
    }
}

fn head(kind: u8, about: &[u8], ciphertext_len: usize) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&(about.len() as u32).to_be_bytes());
    out.extend_from_slice(&(ciphertext_len as u32).to_be_bytes());
    out.extend_from_slice(about);
    out
}

/// What stands before a part's JSON.
pub(super) struct Head {
    kind: u8,
    pub(super) about_len: usize,
    ciphertext_len: usize,
}

impl Head {
    /// Length of the whole part, in bytes.
    pub(super) fn len(&self) -> u64 {
        (PART_PREFIX + self.about_len + self.ciphertext_len) as u64
    }
}

/// The first nine bytes of part number `part`, their lengths within bounds.
pub(super) fn head_of(rest: &[u8], part: usize) -> Result<Head, ContentError> {
    let bad = |detail: &str| ContentError::Part { part, detail: detail.to_owned() };
    let Some(prefix) = rest.first_chunk::<PART_PREFIX>() else {
        return Err(bad("shorter than its 9-byte prefix"));
    };
    let number = |at: usize| {
        u32::from_be_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]]) as usize
    };
    let (about_len, ciphertext_len) = (number(1), number(5));
    if about_len == 0 || about_len > MAX_ABOUT {
        return Err(bad("length of its JSON outside 1 to 16,384"));
    }
    if ciphertext_len as u64 > MAX_BATCH_LEN {
        return Err(bad("ciphertext longer than 40 MiB"));
    }
    Ok(Head { kind: prefix[0], about_len, ciphertext_len })
}

/// What part number `part` says in the clear.
pub(super) fn parse_about(head: &Head, about: &[u8], part: usize) -> Result<Part, ContentError> {
    let bad = |detail: &str| ContentError::Part { part, detail: detail.to_owned() };
    match head.kind {
        FRAME => {
            let frame: Frame = one_encoding(about).map_err(|e| bad(&e))?;
            frame.check().map_err(bad)?;
            if head.ciphertext_len <= TAG_LEN {
                return Err(bad("a frame without a ciphertext"));
            }
            Ok(Part::Frame(frame))
        }
        STUB => {
            let stub = one_encoding(about).map_err(|e| bad(&e))?;
            if head.ciphertext_len != 0 {
                return Err(bad("a stub with a ciphertext"));
            }
            Ok(Part::Stub(stub))
        }
        _ => Err(bad("of an unknown kind")),
    }
}

/// The part that `rest` begins with, which is number `part`; its bytes' end is the next one's start.
pub(super) fn parse(rest: &[u8], part: usize) -> Result<Placed<'_>, ContentError> {
    let head = head_of(rest, part)?;
    let start = PART_PREFIX + head.about_len;
    let Some(bytes) = rest.get(..start + head.ciphertext_len) else {
        let detail = "longer than what is left of the object".to_owned();
        return Err(ContentError::Part { part, detail });
    };
    let (about, ciphertext) = (&bytes[PART_PREFIX..start], &bytes[start..]);
    let parsed = parse_about(&head, about, part)?;
    let leaf = match &parsed {
        Part::Frame(_) => leaf_hash(bytes),
        Part::Stub(stub) => stub.leaf,
    };
    Ok(Placed { part: parsed, bytes, ciphertext, leaf })
}

fn one_encoding<T: Serialize + for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, String> {
    let value: T = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let again = serde_json::to_vec(&value).map_err(|e| e.to_string())?;
    if again == bytes { Ok(value) } else { Err("not its one encoding".to_owned()) }
}
