//! An entry and where it stands.

use dayseal_format::event::EventFields;
use dayseal_format::{BatchKey, Day, Digest, Origin};
use serde::Serialize;

/// An entry on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its stored bytes, without the newline.
    pub line: &'a [u8],
    /// The event in them.
    pub event: &'a EventFields,
    /// Where it stands.
    pub place: &'a Place,
}

/// Where an entry stands in its log, and what its seal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The log.
    pub origin: Origin,
    /// Its batch: day, stream and sequence number are in the name.
    #[serde(serialize_with = "name")]
    pub batch: BatchKey,
    /// Place in the batch, from 0.
    pub index: u32,
    /// Its leaf in the batch's tree: `SHA-256(0x00 ‖ salt ‖ entry)`.
    pub leaf: Digest,
    /// The salt of the leaf, 32 hex digits: with the entry's bytes it gives the leaf.
    pub salt: String,
    /// The seal; `None` if no signed checkpoint covers the entry yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

/// The seal over an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seal {
    /// The day whose manifest lists the batch.
    pub by: Day,
    /// The tree that its checkpoint signs; `None` if the day was sealed while the export ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Tree>,
}

/// A signed tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// Leaves.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Digest,
}

fn name<S: serde::Serializer>(key: &BatchKey, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(key)
}
