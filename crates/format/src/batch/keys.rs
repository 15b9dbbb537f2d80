//! The keys of a batch, all derived from its stream's data key.

use std::fmt;

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Header;
use crate::lp::lp;
use crate::{Digest, Origin, StreamId};

/// The 256-bit data key of one stream. Never printed; wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// From 32 random bytes of the kernel or of AWS KMS.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for wrapping and derivation only.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Keys of one batch: HKDF-SHA-256 (RFC 5869) of the data key with the header's salt.
///
/// Three labels, three independent keys: a leaf salt shown in a proof tells nothing of the cipher.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct BatchKeys {
    /// AES-256-GCM key, used once, with the all-zero nonce.
    pub(super) encrypt: [u8; 32],
    /// AES-256 key whose counter blocks are the leaf salts.
    pub(super) leaf_salt: [u8; 32],
    /// What the header publishes: AES-GCM alone does not commit to its key.
    pub(super) commitment: [u8; 32],
}

impl BatchKeys {
    pub(super) fn derive(
        key: &DataKey,
        salt: &Digest,
        origin: &Origin,
        stream: StreamId,
        seq: u32,
    ) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(&salt.0), &key.0);
        let expand = |label: &[u8]| {
            let (origin, seq) = (origin.as_str().as_bytes(), seq.to_be_bytes());
            let info = lp(&[b"dayseal/v1/batch", label, origin, &stream.0, &seq]);
            let mut out = [0; 32];
            hkdf.expand(&info, &mut out).expect("32 bytes is within HKDF's bound");
            out
        };
        Self {
            encrypt: expand(b"encrypt"),
            leaf_salt: expand(b"leaf-salt"),
            commitment: expand(b"commit"),
        }
    }

    /// The 16-byte salts of leaves 0, 1, … `count - 1`: AES-256 of the index as a big-endian u128.
    pub(super) fn leaf_salts(&self, count: usize, out: &mut Vec<aes::Block>) {
        out.clear();
        out.extend((0..count as u128).map(|i| aes::Block::from(i.to_be_bytes())));
        aes::Aes256::new(&self.leaf_salt.into()).encrypt_blocks(out);
    }
}

/// The batch's salt, unique by randomness *or* by content: neither a random generator that repeats
/// (a resumed snapshot, a fork) nor a second encoding of the same entries repeats a key.
///
/// `header` is the header with salt, commitment and root all zero.
pub(super) fn mix_salt(key: &DataKey, random: &[u8; 32], header: &[u8], frame: &[u8]) -> Digest {
    let hkdf = Hkdf::<Sha256>::new(None, &key.0);
    let mut mixing = [0; 32];
    hkdf.expand(b"dayseal/v1/mix-salt", &mut mixing).expect("32 bytes is within HKDF's bound");
    let mut mac = Hmac::<Sha256>::new_from_slice(&mixing).expect("HMAC takes any key length");
    mixing.zeroize();
    mac.update(random);
    mac.update(&Digest::of(header).0);
    mac.update(&Digest::of(frame).0);
    Digest(mac.finalize().into_bytes().into())
}

/// Whether the key commits as the header says, in constant time.
pub(super) fn commits(keys: &BatchKeys, header: &Header) -> bool {
    use subtle::ConstantTimeEq as _;
    keys.commitment.ct_eq(&header.commitment.0).into()
}
