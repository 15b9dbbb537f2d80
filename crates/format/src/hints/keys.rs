//! The keys of hints, and the sealing.

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut as _;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Field, Hints, HintsError, MAX_PLAIN, OVERHEAD, STEP, VERSION, Values, plan};
use crate::batch::Header;
use crate::lp::lp;
use crate::{Origin, StreamId};

const LABEL: &[u8] = b"dayseal/v1/hints";
const IV: usize = 16;

/// The batch that hints belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its stream.
    pub stream: StreamId,
    /// Its number in the stream.
    pub seq: u32,
    /// Its number of entries.
    pub entries: u32,
}

impl Place {
    /// The place of a batch's own header.
    pub const fn of(header: &Header) -> Self {
        Self { stream: header.stream, seq: header.seq, entries: header.entries }
    }
}

/// The keys of a log's hints under one log secret. Who has them can read all hints made under it.
#[derive(Clone)]
pub struct HintKeys {
    origin: Origin,
    token: Hmac<Sha256>,
    nonce: Hmac<Sha256>,
    seal: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for HintKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HintKeys({})", self.origin)
    }
}

impl HintKeys {
    /// The keys for the log `origin`. Costs some ten hashes: keep them.
    pub fn derive(secret: &[u8; 32], origin: &Origin) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret);
        let expand = |use_: &[u8]| {
            let mut out = Zeroizing::new([0; 32]);
            let info = lp(&[LABEL, use_, origin.as_str().as_bytes()]);
            hkdf.expand(&info, &mut *out).expect("32 bytes is within HKDF's bound");
            out
        };
        let mac = |key: Zeroizing<[u8; 32]>| {
            Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes any key length")
        };
        Self {
            origin: origin.clone(),
            token: mac(expand(b"token")),
            nonce: mac(expand(b"synthetic-iv")),
            seal: expand(b"seal"),
        }
    }

    /// The hints of a batch's entries, given without newlines; the same entries give the same bytes.
    ///
    /// 289 to 3,873 bytes. `None` if a line is not an entry: then there is nothing to tell.
    pub fn make<'a>(
        &self,
        place: &Place,
        lines: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Vec<u8>> {
        let mut values = Values::default();
        for line in lines {
            values.add_line(line)?;
        }
        Some(self.make_of(place, &values))
    }

    /// As [`HintKeys::make`], of the values of entries that were decoded already: the same bytes.
    pub fn make_of(&self, place: &Place, values: &Values) -> Vec<u8> {
        let tokens = self.tokens(place);
        let plain = plan::plaintext(values, |field, value| tokens.of(field, value));
        self.seal(place, plain)
    }

    /// Opens hints for the batch at `place`.
    ///
    /// # Errors
    /// [`HintsError`], by the first check that fails.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Hints, HintsError> {
        let length = || HintsError::Length { found: sealed.len() };
        match sealed.first() {
            None => return Err(length()),
            Some(&VERSION) => {}
            Some(&found) => return Err(HintsError::Version { found }),
        }
        let plain_len = sealed.len().checked_sub(OVERHEAD).ok_or_else(length)?;
        if plain_len == 0 || plain_len > MAX_PLAIN || !plain_len.is_multiple_of(STEP) {
            return Err(length());
        }
        let (iv, ciphertext) = sealed[1..].split_first_chunk::<IV>().ok_or_else(length)?;
        let context = self.context(place);
        let (ciphertext, tag) = ciphertext.split_last_chunk::<16>().ok_or_else(length)?;
        let mut plain = ciphertext.to_vec();
        self.cipher(iv)
            .decrypt_inout_detached(
                &[0; 12].into(),
                &aad(&context, iv),
                plain.as_mut_slice().into(),
                tag.into(),
            )
            .map_err(|_| HintsError::Sealed)?;
        if self.iv(&context, &plain) != *iv {
            return Err(HintsError::Sealed);
        }
        Hints::parse(*place, &plain).map_err(|what| HintsError::Plaintext { what })
    }

    /// What makes the tokens of a batch: those of another differ.
    pub(super) fn tokens(&self, place: &Place) -> Tokens {
        Tokens(self.token.clone().chain_update(self.context(place)))
    }

    pub(super) fn seal(&self, place: &Place, mut plain: Vec<u8>) -> Vec<u8> {
        let context = self.context(place);
        let iv = self.iv(&context, &plain);
        let tag = self
            .cipher(&iv)
            .encrypt_inout_detached(
                &[0; 12].into(),
                &aad(&context, &iv),
                plain.as_mut_slice().into(),
            )
            .expect("a few kilobytes are within the cipher's bound");
        let mut out = Vec::with_capacity(OVERHEAD + plain.len());
        out.push(VERSION);
        out.extend_from_slice(&iv);
        out.extend_from_slice(&plain);
        out.extend_from_slice(&tag);
        out
    }

    fn context(&self, place: &Place) -> Vec<u8> {
        let mut context = lp(&[LABEL, self.origin.as_str().as_bytes()]);
        context.extend_from_slice(&place.stream.0);
        context.extend_from_slice(&place.seq.to_be_bytes());
        context.extend_from_slice(&place.entries.to_be_bytes());
        context
    }

    fn iv(&self, context: &[u8], plain: &[u8]) -> [u8; IV] {
        let mac = self.nonce.clone().chain_update(context).chain_update(plain);
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        *tag.first_chunk().expect("32 bytes have 16")
    }

    fn cipher(&self, iv: &[u8; IV]) -> Aes256Gcm {
        let hkdf = Hkdf::<Sha256>::from_prk(&*self.seal).expect("32 bytes are a key for HKDF");
        let mut info = lp(&[LABEL, b"one"]);
        info.extend_from_slice(iv);
        let mut key = Zeroizing::new([0; 32]);
        hkdf.expand(&info, &mut *key).expect("32 bytes is within HKDF's bound");
        Aes256Gcm::new(&(*key).into())
    }
}

/// Makes the tokens of one batch.
pub(super) struct Tokens(Hmac<Sha256>);

impl Tokens {
    /// A value by its keyed hash.
    pub(super) fn of(&self, field: Field, value: &str) -> u64 {
        let mac = self.0.clone().chain_update([field as u8]).chain_update(value);
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        let first = tag.first_chunk::<8>().expect("32 bytes have 8");
        u64::from_be_bytes(*first)
    }
}

fn aad(context: &[u8], iv: &[u8; IV]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(1 + context.len() + IV);
    aad.push(VERSION);
    aad.extend_from_slice(context);
    aad.extend_from_slice(iv);
    aad
}
