//! Encoding a batch: once. Its bytes are kept until stored, and a retry sends the same bytes.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use sha2::{Digest as _, Sha256};

use super::keys::{BatchKeys, mix_salt};
use super::{
    BatchError, DataKey, Header, MAGIC, MAX_ENTRIES, MAX_ENTRIES_LEN, MAX_ENTRY_LEN, PREFIX_LEN,
    TAG_LEN, VERSION, padded_len,
};
use crate::Digest;
use crate::merkle::Frontier;

/// zstd level: compression dominates the pipeline, and level 1 has most of the gain
/// (`docs/performance.md`).
const ZSTD_LEVEL: i32 = 1;

/// Entry lines in the making: each entry's bytes followed by one newline.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Entries {
    /// No entries.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new() }
    }

    /// No entries, and memory for this many bytes of lines: growing to megabytes copies them twice.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes.min(MAX_ENTRIES_LEN)), ends: Vec::new() }
    }

    /// Appends one entry's exact bytes.
    ///
    /// # Errors
    /// [`BatchError::Limit`]: empty, over 65,535 bytes, holds a newline, or the batch is full.
    /// Nothing is appended then.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), BatchError> {
        if entry.is_empty() || entry.len() > MAX_ENTRY_LEN {
            return Err(BatchError::Limit("an entry has 1 to 65,535 bytes"));
        }
        if memchr::memchr(b'\n', entry).is_some() {
            return Err(BatchError::Limit("an entry is one line"));
        }
        if self.bytes.len() + entry.len() + 1 > MAX_ENTRIES_LEN
            || self.ends.len() >= MAX_ENTRIES as usize
        {
            return Err(BatchError::Limit("a batch holds 32 MiB and 262,144 entries"));
        }
        self.bytes.extend_from_slice(entry);
        self.bytes.push(b'\n');
        // At most MAX_ENTRIES_LEN, which fits.
        self.ends.push(self.bytes.len() as u32);
        Ok(())
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all lines, newlines included.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets the entries and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The entries in order, without newlines.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start as usize..*end as usize - 1])
    }
}

/// The bytes of a finished batch with what is needed to store and acknowledge it.
#[derive(Clone, Debug)]
pub struct EncodedBatch {
    /// The object.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub digest: Digest,
    /// Its header.
    pub header: Header,
}

/// Encodes batches, keeping compressor and buffers from one to the next.
pub struct BatchEncoder {
    zstd: zstd::bulk::Compressor<'static>,
    salts: Vec<aes::Block>,
}

impl std::fmt::Debug for BatchEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BatchEncoder")
    }
}

impl Default for BatchEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchEncoder {
    /// A new encoder.
    ///
    /// # Panics
    /// If zstd cannot allocate its context.
    pub fn new() -> Self {
        let zstd = zstd::bulk::Compressor::new(ZSTD_LEVEL).expect("zstd context");
        Self { zstd, salts: Vec::new() }
    }

    /// Encodes one batch. Of `header`, the fields `entries`, `salt`, `commitment` and `root` are
    /// filled here; `random` is 32 bytes from the kernel.
    ///
    /// # Errors
    /// [`BatchError::Limit`] or [`BatchError::Header`] when the input is outside the format's limits.
    pub fn encode(
        &mut self,
        mut header: Header,
        entries: &Entries,
        key: &DataKey,
        random: &[u8; 32],
    ) -> Result<EncodedBatch, BatchError> {
        header.entries = entries.len() as u32;
        header.salt = Digest([0; 32]);
        header.commitment = Digest([0; 32]);
        header.root = Digest([0; 32]);
        header.check()?;
        // The three digests have a fixed width, so the header's length is known before its values.
        let draft = header.encode();
        if draft.len() > super::MAX_HEADER {
            return Err(BatchError::Limit("a header has at most 16,384 bytes"));
        }
        let start = PREFIX_LEN + draft.len();
        let frame_at = start + 8;

        let bound = zstd::zstd_safe::compress_bound(entries.bytes.len());
        let mut out = vec![0; frame_at + bound];
        let frame_len = self
            .zstd
            .compress_to_buffer(&entries.bytes, &mut out[frame_at..])
            .map_err(|_| BatchError::Limit("zstd failed"))?;
        let plain_len = padded_len(8 + frame_len);
        out.truncate(frame_at + frame_len);
        out.resize(start + plain_len, 0);
        out.reserve_exact(TAG_LEN);

        header.salt = mix_salt(key, random, &draft, &out[frame_at..frame_at + frame_len]);
        let keys = BatchKeys::derive(key, &header.salt, &header.origin, header.stream, header.seq);
        header.commitment = Digest(keys.commitment);
        keys.leaf_salts(entries.len(), &mut self.salts);
        header.root = salted_root(&self.salts, entries.iter());

        let ciphertext_len = (plain_len + TAG_LEN) as u32;
        out[..7].copy_from_slice(MAGIC);
        out[7] = VERSION;
        out[8..12].copy_from_slice(&(draft.len() as u32).to_be_bytes());
        out[12..16].copy_from_slice(&ciphertext_len.to_be_bytes());
        out[PREFIX_LEN..start].copy_from_slice(&header.encode());
        out[start..start + 4].copy_from_slice(&(entries.bytes.len() as u32).to_be_bytes());
        out[start + 4..frame_at].copy_from_slice(&(frame_len as u32).to_be_bytes());

        let (associated, plain) = out.split_at_mut(start);
        let tag = Aes256Gcm::new(&keys.encrypt.into())
            .encrypt_inout_detached(&[0; 12].into(), associated, plain.into())
            .expect("AES-GCM takes 64 GiB");
        out.extend_from_slice(&tag);
        let digest = Digest::of(&out);
        Ok(EncodedBatch { bytes: out, digest, header })
    }
}

/// Root over `SHA-256(0x00 ‖ salt ‖ entry)`.
pub(super) fn salted_root<'a>(
    salts: &[aes::Block],
    entries: impl Iterator<Item = &'a [u8]>,
) -> Digest {
    let mut tree = Frontier::new();
    for (salt, entry) in salts.iter().zip(entries) {
        tree.push(salted_leaf(salt, entry));
    }
    tree.root()
}

/// One leaf of a batch's tree.
pub(super) fn salted_leaf(salt: &aes::Block, entry: &[u8]) -> Digest {
    leaf_of(&salt.0, entry)
}

/// The leaf of an entry in its batch's tree: `SHA-256(0x00 ‖ salt ‖ entry)`, the entry without its newline.
pub fn leaf_of(salt: &[u8; 16], entry: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    let mut head = [0; 17];
    head[1..].copy_from_slice(salt);
    hasher.update(head);
    hasher.update(entry);
    Digest(hasher.finalize().into())
}
