//! The keys of a content object, all derived from its stream's content key.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Header;
use crate::Digest;
use crate::lp::lp;

/// The 256-bit content key of one stream: another than its data key. Never printed; wiped when
/// dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ContentKey([u8; 32]);

impl ContentKey {
    /// From 32 random bytes of the kernel or of AWS KMS.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for wrapping and derivation only.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The salt of an object, unique by randomness *or* by content, as a batch's.
    ///
    /// `draft` is the header with commitment, mac, root and salt all zero, `plain` the digest of all
    /// that is about to be encrypted.
    pub(super) fn mix_salt(&self, random: &[u8; 32], draft: &[u8], plain: &Digest) -> Digest {
        let hkdf = Hkdf::<Sha256>::new(None, &self.0);
        let mut mixing = Zeroizing::new([0; 32]);
        hkdf.expand(b"dayseal/v1/mix-content-salt", &mut *mixing).expect("32 bytes");
        let mut mac = Hmac::<Sha256>::new_from_slice(&*mixing).expect("HMAC takes any key length");
        mac.update(random);
        mac.update(&Digest::of(draft).0);
        mac.update(&plain.0);
        Digest(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// The keys of one object: HKDF-SHA-256 (RFC 5869) of the content key with the header's salt.
pub(super) struct ObjectKeys<'a> {
    hkdf: Hkdf<Sha256>,
    header: &'a Header,
}

impl<'a> ObjectKeys<'a> {
    /// Uses of the header: salt, origin, stream and number.
    pub(super) fn of(key: &ContentKey, header: &'a Header) -> Self {
        Self { hkdf: Hkdf::new(Some(&header.salt.0), &key.0), header }
    }

    fn expand(&self, label: &[u8], n: u32) -> Zeroizing<[u8; 32]> {
        let h = self.header;
        let (origin, seq) = (h.origin.as_str().as_bytes(), h.seq.to_be_bytes());
        let info = lp(&[b"dayseal/v1/content", label, origin, &h.stream.0, &seq, &n.to_be_bytes()]);
        let mut out = Zeroizing::new([0; 32]);
        self.hkdf.expand(&info, &mut *out).expect("32 bytes is within HKDF's bound");
        out
    }

    /// Encrypts the frame at this place, with the all-zero nonce.
    pub(super) fn frame(&self, part: u32) -> Zeroizing<[u8; 32]> {
        self.expand(b"frame", part)
    }

    /// What the header publishes: AES-GCM alone does not commit to its key.
    pub(super) fn commitment(&self) -> Digest {
        Digest(*self.expand(b"commit", 0))
    }

    /// Authenticates the header, which must have its mac all zero.
    pub(super) fn mac(&self, header: &[u8]) -> Digest {
        let key = self.expand(b"header", 0);
        let mac = Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes any key length");
        Digest(mac.chain_update(header).finalize().into_bytes().into())
    }
}

/// Equal, in constant time.
pub(super) fn same(a: &Digest, b: &Digest) -> bool {
    a.0.ct_eq(&b.0).into()
}
