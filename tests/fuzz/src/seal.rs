//! Seals any plaintext as a batch, so that what lies behind decryption is reached. The keys are
//! derived here a second time, from the specification and not by the code under test.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use dayseal_format::batch::{DataKey, Header};
use dayseal_format::content;
use dayseal_format::hints::Place;
use dayseal_format::{Digest, Origin, StreamId, UnixMillis};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The data key of every fuzzed batch.
pub const KEY: [u8; 32] = [3; 32];

/// The data key as its type.
pub fn key() -> DataKey {
    DataKey::new(KEY)
}

/// The time of everything fuzzed.
pub fn time() -> UnixMillis {
    UnixMillis::new(1_795_132_800_000).expect("2026-11-20")
}

/// A header with room for everything.
pub fn header(entries: u32, root: Digest) -> Header {
    let time = time();
    let mut header = Header {
        after: None,
        commitment: Digest([0; 32]),
        day: time.day(),
        entries,
        first_time: time,
        hints: None,
        key_id: "local:00".into(),
        last: false,
        last_time: time,
        origin: "audit.example.com/fuzz".parse().expect("an origin"),
        previous: None,
        root,
        salt: Digest([8; 32]),
        seq: 0,
        service: "fuzz".parse().expect("a service"),
        stream: StreamId([7; 16]),
        wrapped_key: vec![1; 80],
    };
    header.commitment = Digest(derive(&header, b"commit"));
    header
}

fn derive(header: &Header, label: &[u8]) -> [u8; 32] {
    let mut info = Vec::new();
    let seq = header.seq.to_be_bytes();
    let origin = header.origin.as_str().as_bytes();
    for field in [b"dayseal/v1/batch".as_slice(), label, origin, &header.stream.0, &seq] {
        info.extend_from_slice(&(field.len() as u16).to_be_bytes());
        info.extend_from_slice(field);
    }
    let mut out = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(Some(&header.salt.0), &KEY);
    hkdf.expand(&info, &mut out).expect("32 bytes is within HKDF's bound");
    out
}

/// Bytes of a batch with these header bytes and this much ciphertext.
pub fn frame(header: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let mut out = b"DAYSEAL\x01".to_vec();
    out.extend_from_slice(&(header.len() as u32).to_be_bytes());
    out.extend_from_slice(&(ciphertext.len() as u32).to_be_bytes());
    out.extend_from_slice(header);
    out.extend_from_slice(ciphertext);
    out
}

/// A batch that decrypts to `plain`, whatever that is.
pub fn seal(header: &Header, plain: &[u8]) -> Vec<u8> {
    let json = serde_json::to_vec(header).expect("a header has no maps and no floats");
    let mut out = frame(&json, &[0; 16]);
    let length = plain.len() as u32 + 16;
    out[12..16].copy_from_slice(&length.to_be_bytes());
    out.truncate(out.len() - 16);
    let mut sealed = plain.to_vec();
    let tag = Aes256Gcm::new(&derive(header, b"encrypt").into())
        .encrypt_inout_detached(&[0; 12].into(), &out, sealed.as_mut_slice().into())
        .expect("under 64 GiB");
    out.extend_from_slice(&sealed);
    out.extend_from_slice(&tag);
    out
}

/// The plaintext of `lines` as the format lays it out.
pub fn plaintext(lines: &[u8]) -> Vec<u8> {
    let frame = zstd::bulk::compress(lines, 1).expect("zstd compresses");
    let mut out = (lines.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&(frame.len() as u32).to_be_bytes());
    out.extend_from_slice(&frame);
    out.resize(dayseal_format::batch::padded_len(out.len()), 0);
    out
}

/// The header of every fuzzed content object; the writer fills in the rest.
pub fn content_header() -> content::Header {
    let (of_batch, zero) = (header(1, Digest([0; 32])), Digest([0; 32]));
    content::Header {
        commitment: zero,
        day: of_batch.day,
        key_id: of_batch.key_id,
        mac: zero,
        origin: of_batch.origin,
        parts: 0,
        root: zero,
        salt: zero,
        seq: 0,
        stream: of_batch.stream,
        wrapped_key: of_batch.wrapped_key,
    }
}

/// The log secret of everything fuzzed.
pub const SECRET: [u8; 32] = [6; 32];

/// The log of everything fuzzed.
pub fn origin() -> Origin {
    "audit.example.com/fuzz".parse().expect("an origin")
}

/// Hints that decrypt to `plain`, whatever that is.
pub fn hints(place: &Place, plain: &[u8]) -> Vec<u8> {
    let origin = origin();
    let named = |last: &[u8]| {
        let mut out = Vec::new();
        for field in [b"dayseal/v1/hints".as_slice(), last] {
            out.extend_from_slice(&(field.len() as u16).to_be_bytes());
            out.extend_from_slice(field);
        }
        out
    };
    let key = |label: &[u8]| {
        let mut info = named(label);
        info.extend_from_slice(&(origin.as_str().len() as u16).to_be_bytes());
        info.extend_from_slice(origin.as_str().as_bytes());
        let mut out = [0; 32];
        let hkdf = Hkdf::<Sha256>::new(None, &SECRET);
        hkdf.expand(&info, &mut out).expect("32 bytes is within HKDF's bound");
        out
    };
    let hmac = |key: &[u8; 32], parts: &[&[u8]]| -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    };
    let mut context = named(origin.as_str().as_bytes());
    context.extend_from_slice(&place.stream.0);
    context.extend_from_slice(&place.seq.to_be_bytes());
    context.extend_from_slice(&place.entries.to_be_bytes());
    let tag = hmac(&key(b"synthetic-iv"), &[&context, plain]);
    let iv = &tag[..16];
    let one = hmac(&key(b"seal"), &[&named(b"one"), iv, &[1]]);
    let mut sealed = plain.to_vec();
    let tag = Aes256Gcm::new(&one.into())
        .encrypt_inout_detached(
            &[0; 12].into(),
            &[&[1], &context[..], iv].concat(),
            sealed.as_mut_slice().into(),
        )
        .expect("under 64 GiB");
    [&[1], iv, &sealed, &tag].concat()
}
