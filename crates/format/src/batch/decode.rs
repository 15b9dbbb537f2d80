//! Decoding a batch: one strict reading, every length bounded before it is used.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};

use super::encode::{salted_leaf, salted_root};
use super::keys::{BatchKeys, commits};
use super::{
    BatchError, DataKey, Header, MAGIC, MAX_BATCH_LEN, MAX_ENTRY_LEN, MAX_HEADER, PREFIX_LEN,
    TAG_LEN, VERSION,
};
use crate::Digest;
use crate::merkle::inclusion_proof;
use crate::plaintext::unpack;

/// A batch whose framing and header are well formed. Nothing in it is authenticated yet.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    header: Header,
    /// Every byte before the ciphertext.
    associated: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Parses the bytes of exactly one batch.
    ///
    /// # Errors
    /// [`BatchError`], by what is wrong; trailing bytes are an error.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BatchError> {
        if bytes.len() as u64 > MAX_BATCH_LEN {
            return Err(BatchError::Framing("longer than 40 MiB"));
        }
        let (header_len, ciphertext_len) = prefix(bytes)?;
        let start = PREFIX_LEN + header_len;
        let expected = (start + ciphertext_len) as u64;
        if expected != bytes.len() as u64 {
            return Err(BatchError::Length { expected, found: bytes.len() as u64 });
        }
        let (associated, ciphertext) = bytes.split_at(start);
        let header = Header::decode(&associated[PREFIX_LEN..])?;
        Ok(Self { header, associated, ciphertext })
    }

    /// The header: claims of the producer.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Opens the batch: commitment, decryption, padding, one zstd frame, lines, root.
    ///
    /// # Errors
    /// [`BatchError`], by the first check that fails.
    pub fn open(&self, key: &DataKey) -> Result<OpenBatch, BatchError> {
        let h = &self.header;
        let keys = BatchKeys::derive(key, &h.salt, &h.origin, h.stream, h.seq);
        if !commits(&keys, h) {
            return Err(BatchError::Commitment);
        }
        let mut plain = self.ciphertext.to_vec();
        let body_len = plain.len() - TAG_LEN;
        let (body, tag) = plain.split_at_mut(body_len);
        let tag: [u8; TAG_LEN] = (&*tag).try_into().expect("the tag is the last 16 bytes");
        Aes256Gcm::new(&keys.encrypt.into())
            .decrypt_inout_detached(&[0; 12].into(), self.associated, body.into(), &tag.into())
            .map_err(|_| BatchError::Decrypt)?;
        let lines = unpack(&plain[..body_len]).map_err(BatchError::Contents)?;
        let ends = line_ends(&lines, h.entries)?;
        let mut salts = Vec::new();
        keys.leaf_salts(ends.len(), &mut salts);
        let open = OpenBatch { lines, ends, salts };
        let found = salted_root(&open.salts, open.iter());
        if found == h.root { Ok(open) } else { Err(BatchError::Root { expected: h.root, found }) }
    }
}

impl Header {
    /// Reads the header from the beginning of a batch: its first 16 bytes and at least the header. What lies
    /// behind is not looked at; a batch shorter than its header says is refused.
    ///
    /// # Errors
    /// [`BatchError`], by what is wrong.
    pub fn parse_prefix(bytes: &[u8]) -> Result<Self, BatchError> {
        let (header_len, _) = prefix(bytes)?;
        let header = bytes.get(PREFIX_LEN..PREFIX_LEN + header_len);
        Self::decode(header.ok_or(BatchError::Framing("shorter than its header"))?)
    }
}

/// Header and ciphertext length by the prefix, both within their bounds.
fn prefix(bytes: &[u8]) -> Result<(usize, usize), BatchError> {
    let Some(prefix) = bytes.first_chunk::<PREFIX_LEN>() else {
        return Err(BatchError::Framing("shorter than its 16-byte prefix"));
    };
    if &prefix[..7] != MAGIC {
        return Err(BatchError::Framing("does not start with DAYSEAL"));
    }
    if prefix[7] != VERSION {
        return Err(BatchError::Version { found: prefix[7] });
    }
    let number = |at: usize| {
        u32::from_be_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]]) as usize
    };
    let (header, ciphertext) = (number(8), number(12));
    if header > MAX_HEADER {
        return Err(BatchError::Framing("header longer than 16,384 bytes"));
    }
    if ciphertext <= TAG_LEN || ciphertext as u64 > MAX_BATCH_LEN {
        return Err(BatchError::Framing("ciphertext length outside its bounds"));
    }
    Ok((header, ciphertext))
}

/// Ends of the lines, newline included; exactly `count` lines of 1 to 65,535 bytes.
fn line_ends(lines: &[u8], count: u32) -> Result<Vec<u32>, BatchError> {
    let bad = BatchError::Contents;
    let mut ends = Vec::with_capacity(count as usize);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', lines) {
        if end == start || end - start > MAX_ENTRY_LEN {
            return Err(bad("an entry is empty or longer than 65,535 bytes"));
        }
        start = end + 1;
        ends.push(start as u32);
        if ends.len() > count as usize {
            break;
        }
    }
    if start != lines.len() || ends.len() != count as usize {
        return Err(bad("the number of lines is not the header's number of entries"));
    }
    Ok(ends)
}

/// An opened batch: its entries, checked against the header's root.
pub struct OpenBatch {
    lines: Vec<u8>,
    ends: Vec<u32>,
    salts: Vec<aes::Block>,
}

impl std::fmt::Debug for OpenBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenBatch({} entries)", self.ends.len())
    }
}

impl OpenBatch {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never: a batch has at least one entry.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The entries in order, without newlines.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.lines[start as usize..*end as usize - 1])
    }

    /// All lines with their newlines, as recorded.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// The entries in order, each with its leaf salt.
    pub fn salted(&self) -> impl Iterator<Item = ([u8; 16], &[u8])> {
        self.salts.iter().map(|salt| salt.0).zip(self.iter())
    }

    /// Salt and audit path of one entry, for a proof; `None` if out of range.
    pub fn proof(&self, index: usize) -> Option<([u8; 16], Vec<Digest>)> {
        let leaves: Vec<_> =
            self.salts.iter().zip(self.iter()).map(|(s, e)| salted_leaf(s, e)).collect();
        let path = inclusion_proof(&leaves, index)?;
        Some((self.salts[index].into(), path))
    }
}
