//! Reading a content object, and erasing from it.

use std::collections::BTreeSet;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use zeroize::Zeroizing;

use super::keys::{ObjectKeys, same};
use super::part::{Placed, parse};
use super::{
    ContentError, ContentKey, ContentRecord, FrameDraft, Header, MAGIC, MAX_HEADER, MAX_PARTS_LEN,
    PREFIX_LEN, Part, Stub, VERSION,
};
use crate::batch::TAG_LEN;
use crate::event::EventId;
use crate::merkle::Frontier;
use crate::plaintext::unpack;

/// A content object whose framing, header, parts and root are well formed.
///
/// Without the key nothing says who wrote it; with it, [`ContentObject::open`] does.
#[derive(Clone, Debug)]
pub struct ContentObject<'a> {
    header: Header,
    /// Prefix and header.
    head: &'a [u8],
    parts: Vec<Placed<'a>>,
}

impl<'a> ContentObject<'a> {
    /// Parses the bytes of exactly one content object, and checks its root.
    ///
    /// # Errors
    /// [`ContentError`], by what is wrong; trailing bytes are an error.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ContentError> {
        let (header_len, parts_len) = prefix(bytes)?;
        let start = PREFIX_LEN + header_len;
        let expected = (start + parts_len) as u64;
        if expected != bytes.len() as u64 {
            return Err(ContentError::Length { expected, found: bytes.len() as u64 });
        }
        let (head, mut rest) = bytes.split_at(start);
        let header = Header::decode(&head[PREFIX_LEN..])?;
        let mut parts = Vec::new();
        while !rest.is_empty() && parts.len() < header.parts as usize {
            let placed = parse(rest, parts.len())?;
            rest = &rest[placed.bytes.len()..];
            parts.push(placed);
        }
        let found = parts.len() as u32 + u32::from(!rest.is_empty());
        if found != header.parts {
            return Err(ContentError::Parts { expected: header.parts, found });
        }
        let mut tree = Frontier::new();
        parts.iter().for_each(|placed| tree.push(placed.leaf));
        let found = tree.root();
        if found != header.root {
            return Err(ContentError::Root { expected: header.root, found });
        }
        Ok(Self { header, head, parts })
    }

    /// The header: claims of the writer until opened.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The parts in their order, as they say in the clear.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &Part> {
        self.parts.iter().map(|placed| &placed.part)
    }

    /// Every content record that is left: commitment, mac, decryption, padding, one zstd frame, lines.
    ///
    /// # Errors
    /// [`ContentError`], by the first check that fails.
    pub fn open(&self, key: &ContentKey) -> Result<Vec<ContentRecord>, ContentError> {
        Ok(self.frames(key)?.into_iter().flat_map(|frame| frame.records).collect())
    }

    /// The same, frame by frame, with the subjects of each.
    ///
    /// # Errors
    /// As [`ContentObject::open`].
    pub fn frames(&self, key: &ContentKey) -> Result<Vec<FrameDraft>, ContentError> {
        let keys = ObjectKeys::of(key, &self.header);
        if !same(&keys.commitment(), &self.header.commitment) {
            return Err(ContentError::Commitment);
        }
        if !same(&keys.mac(&self.header.encode_without_mac()), &self.header.mac) {
            return Err(ContentError::Mac);
        }
        let (mut frames, mut seen) = (Vec::new(), BTreeSet::new());
        for (part, placed) in self.parts.iter().enumerate() {
            let Part::Frame(frame) = &placed.part else { continue };
            let lines = decrypt(&keys, part, placed)?;
            let bad = |detail| ContentError::Contents { part, detail };
            let Some(body) = lines.strip_suffix(b"\n") else {
                return Err(bad("a record without its newline"));
            };
            let mut records = Vec::new();
            for (record, line) in body.split(|byte| *byte == b'\n').enumerate() {
                let decoded = ContentRecord::decode(line)
                    .map_err(|detail| ContentError::Record { part, record, detail })?;
                let (entry, field) = (decoded.entry, decoded.field);
                if !seen.insert((entry, field)) {
                    return Err(ContentError::Twice { entry, field });
                }
                records.push(decoded);
            }
            if records.len() as u64 != u64::from(frame.records) {
                return Err(bad("the number of records is not the one that the frame says"));
            }
            frames.push(FrameDraft { subjects: frame.subjects.clone(), records });
        }
        Ok(frames)
    }

    /// The object without the frames that name `subject`: each replaced by a stub that names the
    /// `receipt`. `None` if there is no such frame. Needs no key; all other bytes are kept.
    pub fn erase(&self, subject: &str, receipt: EventId) -> Option<Vec<u8>> {
        self.erase_any(&[subject.to_owned()], receipt)
    }

    /// The same for a person of several names: the frames that name one of `subjects`.
    pub fn erase_any(&self, subjects: &[String], receipt: EventId) -> Option<Vec<u8>> {
        let named = |placed: &Placed<'_>| match &placed.part {
            Part::Frame(frame) => frame.names_any(subjects),
            Part::Stub(_) => false,
        };
        if !self.parts.iter().any(named) {
            return None;
        }
        let mut out = self.head.to_vec();
        for placed in &self.parts {
            if named(placed) {
                out.extend_from_slice(&Stub { leaf: placed.leaf, receipt }.encode());
            } else {
                out.extend_from_slice(placed.bytes);
            }
        }
        let parts_len = (out.len() - self.head.len()) as u32;
        out[12..16].copy_from_slice(&parts_len.to_be_bytes());
        Some(out)
    }
}

/// Header length and length of the parts by the prefix, both within their bounds.
pub(super) fn prefix(bytes: &[u8]) -> Result<(usize, usize), ContentError> {
    let Some(prefix) = bytes.first_chunk::<PREFIX_LEN>() else {
        return Err(ContentError::Framing("shorter than its 16-byte prefix"));
    };
    if &prefix[..7] != MAGIC {
        return Err(ContentError::Framing("does not start with DAYCONT"));
    }
    if prefix[7] != VERSION {
        return Err(ContentError::Version { found: prefix[7] });
    }
    let number = |at: usize| {
        u32::from_be_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]]) as usize
    };
    let (header, parts) = (number(8), number(12));
    if header > MAX_HEADER {
        return Err(ContentError::Framing("header longer than 16,384 bytes"));
    }
    if parts > MAX_PARTS_LEN {
        return Err(ContentError::Framing("parts longer than 64 MiB"));
    }
    Ok((header, parts))
}

fn decrypt(
    keys: &ObjectKeys<'_>,
    part: usize,
    placed: &Placed<'_>,
) -> Result<Vec<u8>, ContentError> {
    let associated = &placed.bytes[..placed.bytes.len() - placed.ciphertext.len()];
    let mut plain = Zeroizing::new(placed.ciphertext.to_vec());
    let body_len = plain.len() - TAG_LEN;
    let (body, tag) = plain.split_at_mut(body_len);
    let tag: [u8; TAG_LEN] = (&*tag).try_into().expect("the tag is the last 16 bytes");
    Aes256Gcm::new((&*keys.frame(part as u32)).into())
        .decrypt_inout_detached(&[0; 12].into(), associated, body.into(), &tag.into())
        .map_err(|_| ContentError::Decrypt { part })?;
    unpack(&plain[..body_len]).map_err(|detail| ContentError::Contents { part, detail })
}
