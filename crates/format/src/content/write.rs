//! Writing a content object: once, before its batch.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;
use zstd::bulk::Compressor;

use super::keys::ObjectKeys;
use super::{
    ContentError, ContentKey, ContentRecord, Frame, Header, MAGIC, MAX_HEADER, MAX_PARTS,
    MAX_PARTS_LEN, PREFIX_LEN, VERSION,
};
use crate::Digest;
use crate::batch::{MAX_ENTRIES_LEN, TAG_LEN};
use crate::merkle::{Frontier, leaf_hash};
use crate::plaintext::pack;

/// zstd level: content is long text, written once and read seldom.
const ZSTD_LEVEL: i32 = 3;

/// The content records of one set of data subjects, before they are encrypted.
#[derive(Clone, Debug, Default)]
pub struct FrameDraft {
    /// The data subjects, in any order; none for content about nobody in particular.
    pub subjects: Vec<String>,
    /// Their content records.
    pub records: Vec<ContentRecord>,
}

/// Encodes one object. Of `header`, the fields `parts`, `salt`, `commitment`, `root` and `mac` are
/// filled here; `random` is 32 bytes from the kernel.
///
/// # Errors
/// [`ContentError::Limit`] or [`ContentError::Header`] when the input is outside the format's
/// limits; two frames of the same subjects, and a frame without records, are errors too.
pub fn encode(
    mut header: Header,
    frames: &[FrameDraft],
    key: &ContentKey,
    random: &[u8; 32],
) -> Result<Vec<u8>, ContentError> {
    let limit = ContentError::Limit;
    header.parts = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    if header.parts > MAX_PARTS {
        return Err(limit("an object has at most 65,536 parts"));
    }
    for digest in [&mut header.commitment, &mut header.mac, &mut header.root, &mut header.salt] {
        *digest = Digest([0; 32]);
    }
    header.check()?;
    let draft = header.encode();
    if draft.len() > MAX_HEADER {
        return Err(limit("a header has at most 16,384 bytes"));
    }
    // One for all frames: to make one costs more than to compress a prompt.
    let mut compressor = Compressor::new(ZSTD_LEVEL).map_err(|_| limit("zstd failed"))?;
    let mut plain = Vec::with_capacity(frames.len());
    let mut digest = Sha256::new();
    for frame in frames {
        let (head, body) = prepare(frame, &mut compressor)?;
        digest.update(&head[super::part::PART_PREFIX..]);
        digest.update(&*body);
        plain.push((head, body));
    }
    let mut heads: Vec<_> = frames.iter().map(sorted_subjects).collect();
    heads.sort_unstable();
    if heads.windows(2).any(|two| two[0] == two[1]) {
        return Err(limit("two frames of the same subjects"));
    }
    header.salt = key.mix_salt(random, &draft, &Digest(digest.finalize().into()));

    let mut parts = Vec::new();
    let mut tree = Frontier::new();
    {
        let keys = ObjectKeys::of(key, &header);
        for (part, (head, mut body)) in (0u32..).zip(plain) {
            let tag = Aes256Gcm::new((&*keys.frame(part)).into())
                .encrypt_inout_detached(&[0; 12].into(), &head, body.as_mut_slice().into())
                .expect("AES-GCM takes 64 GiB");
            let from = parts.len();
            parts.extend_from_slice(&head);
            parts.extend_from_slice(&body);
            parts.extend_from_slice(&tag);
            tree.push(leaf_hash(&parts[from..]));
        }
    }
    if parts.len() > MAX_PARTS_LEN {
        return Err(limit("the parts of an object have at most 64 MiB"));
    }
    header.root = tree.root();
    header.commitment = ObjectKeys::of(key, &header).commitment();
    header.mac = ObjectKeys::of(key, &header).mac(&header.encode_without_mac());

    let encoded = header.encode();
    let mut out = Vec::with_capacity(PREFIX_LEN + encoded.len() + parts.len());
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    out.extend_from_slice(&(encoded.len() as u32).to_be_bytes());
    out.extend_from_slice(&(parts.len() as u32).to_be_bytes());
    out.extend_from_slice(&encoded);
    out.extend_from_slice(&parts);
    Ok(out)
}

fn sorted_subjects(frame: &FrameDraft) -> Vec<&str> {
    let mut subjects: Vec<_> = frame.subjects.iter().map(String::as_str).collect();
    subjects.sort_unstable();
    subjects
}

/// What stands before the ciphertext, and the plaintext.
fn prepare(
    draft: &FrameDraft,
    compressor: &mut Compressor<'_>,
) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), ContentError> {
    let records = u32::try_from(draft.records.len()).unwrap_or(u32::MAX);
    let subjects = sorted_subjects(draft).into_iter().map(str::to_owned).collect();
    let frame = Frame { records, subjects };
    frame.check().map_err(ContentError::Limit)?;
    let mut lines = Zeroizing::new(Vec::new());
    for record in &draft.records {
        record.encode(&mut lines).map_err(ContentError::Limit)?;
    }
    if lines.len() > MAX_ENTRIES_LEN {
        return Err(ContentError::Limit("the records of a frame have at most 32 MiB"));
    }
    let plain = pack(&lines, compressor).ok_or(ContentError::Limit("zstd failed"))?;
    let head = frame.head(plain.len() + TAG_LEN);
    if head.len() - super::part::PART_PREFIX > super::MAX_ABOUT {
        return Err(ContentError::Limit("the subjects of a frame have at most 16,384 bytes"));
    }
    Ok((head, Zeroizing::new(plain)))
}
