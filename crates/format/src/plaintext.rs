//! What is inside a ciphertext: lines as one zstd frame between two lengths and zeros.
//!
//! `lines length ‖ frame length ‖ zstd frame ‖ zeros`, two big-endian u32. Normative:
//! `docs/spec/batch.md`, "Plaintext". Batches and content objects both hold it.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

use crate::batch::{MAX_ENTRIES_LEN, padded_len};

thread_local! {
    /// What a thread decompresses with, some 100 KiB: as much as a small batch has, and slower to make.
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("zstd context"));
}

/// The plaintext of these lines. `None` if zstd fails.
pub(crate) fn pack(lines: &[u8], compressor: &mut Compressor<'_>) -> Option<Vec<u8>> {
    let frame = compressor.compress(lines).ok()?;
    let mut out = Vec::with_capacity(padded_len(8 + frame.len()));
    out.extend_from_slice(&u32::try_from(lines.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&u32::try_from(frame.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&frame);
    out.resize(padded_len(out.len()), 0);
    Some(out)
}

/// The lines inside a plaintext; says which rule it breaks.
pub(crate) fn unpack(plain: &[u8]) -> Result<Vec<u8>, &'static str> {
    let Some((lengths, rest)) = plain.split_first_chunk::<8>() else {
        return Err("shorter than its two lengths");
    };
    let lines_len = u32::from_be_bytes([lengths[0], lengths[1], lengths[2], lengths[3]]) as usize;
    let frame_len = u32::from_be_bytes([lengths[4], lengths[5], lengths[6], lengths[7]]) as usize;
    if lines_len == 0 || lines_len > MAX_ENTRIES_LEN {
        return Err("entries length outside 1 byte to 32 MiB");
    }
    if frame_len > rest.len() || padded_len(8 + frame_len) != plain.len() {
        return Err("frame length and padding do not fit the plaintext");
    }
    let (frame, padding) = rest.split_at(frame_len);
    if padding.iter().any(|b| *b != 0) {
        return Err("padding is not all zero");
    }
    // One frame and nothing behind it: a decoder would go on to a second or a skippable one.
    if !frame.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || zstd_safe::find_frame_compressed_size(frame) != Ok(frame_len)
    {
        return Err("not exactly one zstd frame");
    }
    if zstd_safe::get_frame_content_size(frame).ok().flatten() != Some(lines_len as u64) {
        return Err("the zstd frame declares another length");
    }
    let lines = DECOMPRESSOR.with_borrow_mut(|zstd| zstd.decompress(frame, lines_len));
    let lines = lines.map_err(|_| "the zstd frame is corrupt")?;
    if lines.len() == lines_len { Ok(lines) } else { Err("the zstd frame has another length") }
}
