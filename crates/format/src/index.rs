//! The index of a sealed day: its batches' hints in one object of the state root. Spec: `docs/spec/hints.md`.
//!
//! Derived and trusted for nothing: what is missing or does not open is looked up in the batch itself.

use crate::batch::MAX_HINTS;
use crate::lp::lp;
use crate::{Day, Digest, Origin};

/// Where indexes lie in the state root.
pub const INDEXES: &str = "index/";
/// Longest index, in bytes: 17,000 batches with the fullest hints, 230,000 of one entry. A day beyond it has
/// none and is searched by the headers of its batches.
pub const MAX_INDEX: u64 = 64 * 1024 * 1024;

const MAGIC: [u8; 4] = *b"dsix";
const VERSION: u8 = 1;

/// The name of a day's index.
pub fn index_key(day: Day) -> String {
    format!("{INDEXES}{day}")
}

/// The day of an index by its name.
pub fn parse_index_key(key: &str) -> Option<Day> {
    key.strip_prefix(INDEXES)?.parse().ok()
}

/// Bytes that are not the index of this day's manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Not an index.
    #[error("not an index: {what}")]
    Framing {
        /// What is wrong.
        what: &'static str,
    },
    /// A later version.
    #[error("an index of version {found}: expected 1; a newer dayseal may read it")]
    Version {
        /// The version found.
        found: u8,
    },
    /// Of another log, day or manifest.
    #[error("the index of another log, day or manifest")]
    Other,
}

impl IndexError {
    /// A short stable name, as in the test vectors.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Framing { .. } => "framing",
            Self::Version { .. } => "version",
            Self::Other => "other",
        }
    }
}

/// Writes an index, batch by batch in the order of the manifest.
#[derive(Debug)]
pub struct IndexWriter {
    bytes: Vec<u8>,
    /// Where the count stands.
    count_at: usize,
    count: u32,
}

impl IndexWriter {
    /// For the day whose manifest has this digest.
    pub fn new(origin: &Origin, day: Day, manifest: &Digest) -> Self {
        let mut bytes = head(origin, day, manifest);
        let count_at = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        Self { bytes, count_at, count: 0 }
    }

    /// The next batch's hints; longer ones than [`MAX_HINTS`], which no header has, count as none.
    pub fn push(&mut self, hints: Option<&[u8]>) {
        let hints = hints.filter(|h| h.len() <= MAX_HINTS).unwrap_or_default();
        // Below MAX_HINTS.
        self.bytes.extend_from_slice(&(hints.len() as u16).to_be_bytes());
        self.bytes.extend_from_slice(hints);
        self.count += 1;
    }

    /// Length so far.
    pub fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The whole.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes[self.count_at..self.count_at + 4].copy_from_slice(&self.count.to_be_bytes());
        self.bytes
    }
}

/// An index, read.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    items: &'a [u8],
    count: u32,
}

impl<'a> Index<'a> {
    /// Reads an index, which must be that of this manifest.
    ///
    /// # Errors
    /// [`IndexError`]: then there is no index.
    pub fn parse(
        bytes: &'a [u8],
        origin: &Origin,
        day: Day,
        manifest: &Digest,
    ) -> Result<Self, IndexError> {
        let framing = |what| IndexError::Framing { what };
        match bytes.split_first_chunk::<5>() {
            Some(([m @ .., version], _)) if *m == MAGIC => {
                if *version != VERSION {
                    return Err(IndexError::Version { found: *version });
                }
            }
            _ => return Err(framing("it begins otherwise")),
        }
        let rest = bytes.strip_prefix(&*head(origin, day, manifest)).ok_or(IndexError::Other)?;
        let (count, items) = rest.split_first_chunk::<4>().ok_or(framing("it is cut"))?;
        let index = Self { items, count: u32::from_be_bytes(*count) };
        let mut items = index.items();
        let mut found = 0u32;
        for item in items.by_ref() {
            if item.is_some_and(|hints| hints.len() > MAX_HINTS) {
                return Err(framing("an item over 4,096 bytes"));
            }
            found += 1;
        }
        if found != index.count || !items.0.is_empty() {
            return Err(framing("another number of items than it says"));
        }
        Ok(index)
    }

    /// The hints of each batch record of the manifest, in order.
    pub const fn items(&self) -> Items<'a> {
        Items(self.items)
    }

    /// How many batches it has.
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The items of an index: `None` for a batch without hints.
#[derive(Clone, Debug)]
pub struct Items<'a>(&'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let (hints, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        Some((!hints.is_empty()).then_some(hints))
    }
}

fn head(origin: &Origin, day: Day, manifest: &Digest) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.push(VERSION);
    let day = day.to_string();
    head.extend(lp(&[origin.as_str().as_bytes(), day.as_bytes(), &manifest.0]));
    head
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use super::*;

    #[test]
    fn what_was_written_and_nothing_else() {
        let origin: Origin = "audit.example.com/a".parse().unwrap();
        let day: Day = "2026-11-20".parse().unwrap();
        let manifest = Digest::of(b"manifest");
        let mut writer = IndexWriter::new(&origin, day, &manifest);
        writer.push(Some(&[1, 2, 3]));
        writer.push(None);
        writer.push(Some(&[9; MAX_HINTS]));
        let bytes = writer.finish();
        let index = Index::parse(&bytes, &origin, day, &manifest).unwrap();
        let items: Vec<_> = index.items().collect();
        assert_eq!((index.len(), items.len()), (3, 3));
        assert_eq!(items[..2], [Some(&[1, 2, 3][..]), None]);

        let other = "audit.example.com/b".parse().unwrap();
        let refused = |bytes: &[u8], origin: &Origin, day, manifest: &Digest| {
            Index::parse(bytes, origin, day, manifest).unwrap_err().code()
        };
        assert_eq!(refused(&bytes, &other, day, &manifest), "other");
        assert_eq!(refused(&bytes, &origin, day.next().unwrap(), &manifest), "other");
        assert_eq!(refused(&bytes, &origin, day, &Digest::of(b"another")), "other");
        for cut in 0..bytes.len() {
            assert!(Index::parse(&bytes[..cut], &origin, day, &manifest).is_err(), "{cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(refused(&longer, &origin, day, &manifest), "framing");
        longer.push(0);
        assert_eq!(refused(&longer, &origin, day, &manifest), "framing", "one item too many");
        let mut later = bytes;
        later[4] = 2;
        assert_eq!(refused(&later, &origin, day, &manifest), "version");
    }
}
