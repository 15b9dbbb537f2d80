//! Data keys wrapped by a local key (`docs/spec/batch.md`, "Local wrapping").

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use dayseal_format::batch::DataKey;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{KeyContext, KeyKind};

#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct WrappingKey {
    key: [u8; 32],
    pub(super) id: String,
}

/// Bytes of a wrapped key: salt, data key, tag.
pub(super) const WRAPPED_LEN: usize = 32 + 32 + 16;

impl WrappingKey {
    pub(super) fn new(key: [u8; 32]) -> Self {
        let mut id = [0; 16];
        Hkdf::<Sha256>::new(None, &key)
            .expand(b"dayseal/v1/key-id", &mut id)
            .expect("16 bytes is within HKDF's bound");
        Self { key, id: format!("local:{}", hex::encode(id)) }
    }

    /// A cipher for one wrap: its own key by a 32-byte random salt, so that the nonce can be zero
    /// and the number of wraps has no bound. The context is in the key, so a wrapped key moved to
    /// another stream, day or log does not open.
    fn cipher(&self, salt: &[u8; 32], context: &KeyContext) -> Aes256Gcm {
        let mut info = Vec::with_capacity(256);
        let mut field = |bytes: &[u8]| {
            // Names are at most 256 bytes.
            info.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
            info.extend_from_slice(bytes);
        };
        field(match context.kind {
            KeyKind::Entries => b"dayseal/v1/wrap",
            KeyKind::Content => b"dayseal/v1/wrap-content",
        });
        field(context.origin.as_str().as_bytes());
        field(&context.stream.0);
        field(context.day.to_string().as_bytes());
        field(self.id.as_bytes());
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(salt), &self.key)
            .expand(&info, &mut key)
            .expect("32 bytes is within HKDF's bound");
        let cipher = Aes256Gcm::new(&key.into());
        key.zeroize();
        cipher
    }

    pub(super) fn wrap(&self, key: &DataKey, salt: &[u8; 32], context: &KeyContext) -> Vec<u8> {
        let mut out = Vec::with_capacity(WRAPPED_LEN);
        out.extend_from_slice(salt);
        out.extend_from_slice(key.expose());
        let tag = self
            .cipher(salt, context)
            .encrypt_inout_detached(&[0; 12].into(), &[], (&mut out[32..]).into())
            .expect("AES-GCM takes 32 bytes");
        out.extend_from_slice(&tag);
        out
    }

    pub(super) fn unwrap(&self, wrapped: &[u8], context: &KeyContext) -> Option<DataKey> {
        let wrapped: &[u8; WRAPPED_LEN] = wrapped.try_into().ok()?;
        let salt: [u8; 32] = wrapped[..32].try_into().ok()?;
        let mut key: [u8; 32] = wrapped[32..64].try_into().ok()?;
        let tag: [u8; 16] = wrapped[64..].try_into().ok()?;
        let opened = self.cipher(&salt, context).decrypt_inout_detached(
            &[0; 12].into(),
            &[],
            key.as_mut_slice().into(),
            &tag.into(),
        );
        let out = opened.is_ok().then(|| DataKey::new(key));
        key.zeroize();
        out
    }
}
