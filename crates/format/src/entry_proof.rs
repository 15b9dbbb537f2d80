//! Entry proofs: one file that shows that an entry stood in the log. Spec: `docs/spec/entry-proof.md`.
//!
//! What a proof shows, and what it does not, stands on that page under "What it shows".

use crate::batch::{MAX_ENTRIES, MAX_ENTRY_LEN, leaf_of};
use crate::event::{Event, EventError};
use crate::hash::lower_hex;
use crate::merkle::root_of_inclusion;
use crate::proof::{MAX_PROOF, Proof, ProofError};
use crate::record::{BatchRecord, MAX_RECORD, Record, RecordError};
use crate::{Checkpoint, Digest, Origin, UnixMillis, VerifierKey};

const NAME: &[u8] = b"dayseal-entry-proof v";
const VERSION: &[u8] = b"1";
/// Longest audit path in a batch: 2^18 entries.
pub const MAX_ENTRY_PATH: usize = 18;
/// Longest entry proof, in bytes: an entry, a record, a proof of the record, and 18 digests, rounded up.
pub const MAX_ENTRY_PROOF: usize = 416 * 1024;

const _: () = assert!(
    MAX_ENTRY_LEN + MAX_RECORD + MAX_PROOF + MAX_ENTRY_PATH * 70 + 256 <= MAX_ENTRY_PROOF,
    "the longest proof fits"
);

/// The leaf of a batch's tree that is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// An entry, for whoever gets the proof to read.
    Shown {
        /// Its stored bytes, without the newline.
        entry: Vec<u8>,
        /// Its salt in the batch: 16 bytes.
        salt: [u8; 16],
    },
    /// Its salted hash alone, which tells nothing that could be guessed.
    Redacted(Digest),
}

impl Leaf {
    /// The hash in the batch's tree: `SHA-256(0x00 ‖ salt ‖ entry)`.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Shown { entry, salt } => leaf_of(salt, entry),
            Self::Redacted(digest) => *digest,
        }
    }
}

/// A proof as it stands in a file. Only [`EntryProof::verify`] gives a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProof {
    /// Place in the batch, 0 to 262,143.
    pub index: u32,
    /// The leaf there.
    pub leaf: Leaf,
    /// Audit path in the batch's tree, leaf to root, at most 18.
    pub path: Vec<Digest>,
    /// The batch record, verbatim: a manifest's line without newline.
    pub record: Vec<u8>,
    /// Proof of the record.
    pub proof: Proof,
}

/// What a proof showed.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The tree in which it stood, signed by a known key.
    pub checkpoint: Checkpoint,
    /// The batch, as it was sealed.
    pub record: BatchRecord,
    /// The leaf in the batch's tree: a redacted and a full proof of one entry share it.
    pub leaf: Digest,
    /// The entry, unless the proof is redacted.
    pub event: Option<Event>,
}

/// A proof that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryProofError {
    /// A version that this program does not know.
    #[error("an entry proof of another version than 1: a newer dayseal may read it")]
    Version,
    /// Not an entry proof.
    #[error("malformed entry proof: {0}")]
    Malformed(&'static str),
    /// The record is not shown to be in the log.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The record.
    #[error("its record is in the log, and cannot be read")]
    Record(#[from] RecordError),
    /// A record of another kind.
    #[error("its record is in the log, and is not a batch's")]
    NotABatch,
    /// The path does not lead from the leaf to the batch's root.
    #[error(
        "the entry does not lead to the batch's root: expected {expected} by the sealed record, from leaf {index} of {entries}; another entry, or an altered proof"
    )]
    Root {
        /// By the record.
        expected: Digest,
        /// Place in the batch.
        index: u32,
        /// Entries in the batch, by the record.
        entries: u32,
    },
    /// Bytes that stood in the log and are no entry.
    #[error("these bytes stood in the log, and are not an entry")]
    Entry(#[from] EventError),
    /// The entry's time contradicts the record.
    #[error(
        "the entry's time {found} is outside its batch's: expected {first} to {last} by the sealed record"
    )]
    Time {
        /// The entry's.
        found: UnixMillis,
        /// By the record.
        first: UnixMillis,
        /// By the record.
        last: UnixMillis,
    },
}

impl EntryProofError {
    /// Whether a newer program might accept it: then nothing was found wrong, and nothing was shown.
    pub fn is_newer(&self) -> bool {
        matches!(
            self,
            Self::Version
                | Self::Record(RecordError::UnknownKind { .. } | RecordError::Version { .. })
                | Self::Entry(EventError::Version { .. })
        )
    }
}

impl EntryProof {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = [NAME, VERSION, b"\n"].concat();
        let line = |out: &mut Vec<u8>, word: &str, value: &[u8]| {
            out.extend_from_slice(word.as_bytes());
            out.push(b' ');
            out.extend_from_slice(value);
            out.push(b'\n');
        };
        line(&mut out, "index", self.index.to_string().as_bytes());
        match &self.leaf {
            Leaf::Shown { entry, salt } => {
                line(&mut out, "entry", entry);
                line(&mut out, "salt", hex::encode(salt).as_bytes());
            }
            Leaf::Redacted(digest) => line(&mut out, "leaf", digest.to_string().as_bytes()),
        }
        for hash in &self.path {
            line(&mut out, "path", hash.to_string().as_bytes());
        }
        line(&mut out, "record", &self.record);
        out.push(b'\n');
        out.extend_from_slice(self.proof.encode().as_bytes());
        out
    }

    /// Parses the bytes of a file. Verifies nothing.
    ///
    /// # Errors
    /// [`EntryProofError::Version`], [`EntryProofError::Malformed`], or [`EntryProofError::Proof`] if what
    /// stands behind the head is not a proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryProofError> {
        let bad = EntryProofError::Malformed;
        let mut head = Head { rest: bytes };
        // Before anything that a later version may do otherwise.
        let version = head.line().and_then(|l| l.strip_prefix(NAME));
        match version.ok_or(bad("the first line is not `dayseal-entry-proof v1`"))? {
            VERSION => {}
            other if !other.is_empty() && other.iter().all(u8::is_ascii_digit) => {
                return Err(EntryProofError::Version);
            }
            _ => return Err(bad("the first line is not `dayseal-entry-proof v1`")),
        }
        if bytes.len() > MAX_ENTRY_PROOF {
            return Err(bad("longer than 416 KiB"));
        }
        let index = text(head.value("index").ok_or(bad("no `index` line"))?);
        let index = index.and_then(|t| t.parse::<u32>().ok().filter(|n| n.to_string() == t));
        let index = index.filter(|n| *n < MAX_ENTRIES);
        let index = index.ok_or(bad("the index is not a number from 0 to 262,143"))?;
        let leaf = match head.value("entry") {
            Some(entry) => {
                if entry.is_empty() || entry.len() > MAX_ENTRY_LEN {
                    return Err(bad("an entry has 1 to 65,535 bytes"));
                }
                let salt = head.value("salt").and_then(text).and_then(lower_hex);
                let salt = salt.ok_or(bad("no `salt` line of 32 hexadecimal digits"))?;
                Leaf::Shown { entry: entry.to_vec(), salt }
            }
            None => Leaf::Redacted(
                head.value("leaf")
                    .and_then(text)
                    .and_then(|t| t.parse().ok())
                    .ok_or(bad("neither an `entry` line nor a `leaf` line with a digest"))?,
            ),
        };
        let mut path = Vec::new();
        while let Some(hash) = head.value("path") {
            let hash = text(hash).and_then(|t| t.parse().ok());
            path.push(hash.ok_or(bad("a `path` line without a digest"))?);
            if path.len() > MAX_ENTRY_PATH {
                return Err(bad("more than 18 `path` lines"));
            }
        }
        let record = head.value("record").ok_or(bad("no `record` line where one must be"))?;
        if record.is_empty() || record.len() > MAX_RECORD {
            return Err(bad("a record has 1 to 65,535 bytes"));
        }
        let record = record.to_vec();
        if head.line() != Some(b"") {
            return Err(bad("no empty line behind the record"));
        }
        let proof = text(head.rest).ok_or(ProofError::Malformed("not UTF-8"))?;
        Ok(Self { index, leaf, path, record, proof: Proof::parse(proof)? })
    }

    /// The same without the entry. Needs no key.
    #[must_use]
    pub fn redact(mut self) -> Self {
        self.leaf = Leaf::Redacted(self.leaf.digest());
        self
    }

    /// What the proof shows of the log `origin`, whose checkpoints one of the `known` keys signs.
    ///
    /// # Errors
    /// [`EntryProofError`], by the first check of the specification that fails.
    pub fn verify(
        &self,
        origin: &Origin,
        known: &[VerifierKey],
    ) -> Result<Proven, EntryProofError> {
        let checkpoint = self.proof.verify(&self.record, origin, known)?;
        let Record::Batch(record) = Record::decode(&self.record)? else {
            return Err(EntryProofError::NotABatch);
        };
        let leaf = self.leaf.digest();
        let (index, entries) = (u64::from(self.index), u64::from(record.entries));
        if root_of_inclusion(leaf, index, entries, &self.path) != Some(record.root) {
            let (expected, index, entries) = (record.root, self.index, record.entries);
            return Err(EntryProofError::Root { expected, index, entries });
        }
        let event = match &self.leaf {
            Leaf::Redacted(_) => None,
            Leaf::Shown { entry, .. } => Some(Event::decode(entry)?),
        };
        let (first, last) = (record.first_time, record.last_time);
        if let Some(found) = event.as_ref().map(|e| e.time).filter(|t| *t < first || *t > last) {
            return Err(EntryProofError::Time { found, first, last });
        }
        Ok(Proven { checkpoint, record, leaf, event })
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The lines that are not read yet.
struct Head<'a> {
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    /// The next line without its LF, which must be there.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'\n', self.rest)?;
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Some(line)
    }

    /// The value of the next line, if it begins with this word.
    fn value(&mut self, word: &str) -> Option<&'a [u8]> {
        let value = self.rest.strip_prefix(word.as_bytes())?.strip_prefix(b" ")?;
        let mut after = Head { rest: value };
        let value = after.line()?;
        self.rest = after.rest;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_longer_than_a_proof_is_read() {
        let mut bytes = b"dayseal-entry-proof v1\nindex 0\nentry ".to_vec();
        bytes.resize(MAX_ENTRY_PROOF + 1, b'x');
        let error = EntryProof::parse(&bytes).unwrap_err();
        assert_eq!(error, EntryProofError::Malformed("longer than 416 KiB"));
        // Of a later version nothing is known, not even how long it may be.
        bytes[21] = b'2';
        assert_eq!(EntryProof::parse(&bytes), Err(EntryProofError::Version));
    }
}
