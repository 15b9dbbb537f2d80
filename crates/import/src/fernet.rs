//! Opening Fernet tokens (github.com/fernet/spec, version 0x80). Only opening: we make none.
//!
//! `version[1] ‖ timestamp[8] ‖ IV[16] ‖ AES-128-CBC ciphertext ‖ HMAC-SHA-256[32]` in URL-safe base64. The age of a
//! token is not judged: an archive is old.

use std::fmt;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 0x80;
/// Version, timestamp and IV.
const HEAD: usize = 1 + 8 + 16;
const MAC: usize = 32;

/// A Fernet key: 16 bytes to sign, 16 to encrypt. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Fernet(Zeroizing<[u8; 32]>);

impl fmt::Debug for Fernet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fernet(..)")
    }
}

/// What is wrong with a key or token; never what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FernetError {
    /// The key is none.
    #[error("not a Fernet key: expected 32 bytes in URL-safe base64, 44 characters")]
    Key,
    /// The token is none, or does not open. One error for all, as the specification asks.
    #[error("not a Fernet token of this key")]
    Token,
}

impl Fernet {
    /// Reads a key as `Fernet.generate_key` writes it; white space around it is ignored.
    ///
    /// # Errors
    /// [`FernetError::Key`].
    pub fn new(text: &str) -> Result<Self, FernetError> {
        let bytes = Zeroizing::new(URL_SAFE.decode(text.trim()).map_err(|_| FernetError::Key)?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| FernetError::Key)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// Opens a token.
    ///
    /// # Errors
    /// [`FernetError::Token`].
    pub fn open(&self, token: &str) -> Result<Zeroizing<Vec<u8>>, FernetError> {
        let bytes = URL_SAFE.decode(token).map_err(|_| FernetError::Token)?;
        let signed =
            bytes.len().checked_sub(MAC).filter(|n| *n >= HEAD).ok_or(FernetError::Token)?;
        let (signed, tag) = bytes.split_at(signed);
        if signed[0] != VERSION {
            return Err(FernetError::Token);
        }
        let (sign, encrypt) = self.0.split_at(16);
        let mac = Hmac::<Sha256>::new_from_slice(sign).map_err(|_| FernetError::Token)?;
        mac.chain_update(signed).verify_slice(tag).map_err(|_| FernetError::Token)?;
        let (head, ciphertext) = signed.split_at(HEAD);
        let cipher = cbc::Decryptor::<Aes128>::new_from_slices(encrypt, &head[9..])
            .map_err(|_| FernetError::Token)?;
        let open = cipher.decrypt_padded_vec::<Pkcs7>(ciphertext);
        open.map(Zeroizing::new).map_err(|_| FernetError::Token)
    }
}

/// The token in a field of rotalabs-comply, which writes it in base64 once more; `None` if the text
/// is not one, and so is plain.
pub(crate) fn rotalabs_token(text: &str) -> Option<String> {
    let token = String::from_utf8(URL_SAFE.decode(text).ok()?).ok()?;
    let bytes = URL_SAFE.decode(&token).ok()?;
    (bytes.len() >= HEAD + 16 + MAC && bytes[0] == VERSION).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        #[serde(default)]
        desc: String,
        token: String,
        #[serde(default)]
        src: String,
        secret: String,
    }

    fn vectors(text: &str) -> Vec<Vector> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_specification_s_tokens_open() {
        for text in [
            include_str!("../tests/fernet/generate.json"),
            include_str!("../tests/fernet/verify.json"),
        ] {
            let [v] = &vectors(text)[..] else { panic!("one vector") };
            let open = Fernet::new(&v.secret).unwrap().open(&v.token).unwrap();
            assert_eq!(*open, v.src.as_bytes());
            let other = Fernet::new(&v.secret.replace("cw_", "dw_")).unwrap();
            assert_eq!(other.open(&v.token), Err(FernetError::Token));
        }
    }

    #[test]
    fn and_its_invalid_ones_do_not() {
        let vectors = vectors(include_str!("../tests/fernet/invalid.json"));
        assert_eq!(vectors.len(), 8);
        for v in vectors {
            let open = Fernet::new(&v.secret).unwrap().open(&v.token);
            // Wrong by their age alone.
            let aged = v.desc.starts_with("far-future") || v.desc.starts_with("expired");
            assert_eq!(open.is_ok(), aged, "{}", v.desc);
        }
    }

    #[test]
    fn keys() {
        for bad in ["", "cw_0", "cw_0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=", "é"] {
            assert_eq!(Fernet::new(bad).unwrap_err(), FernetError::Key, "{bad}");
        }
        let key = Fernet::new(" cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=\n").unwrap();
        assert_eq!(format!("{key:?}"), "Fernet(..)");
    }

    #[test]
    fn plain_text_is_no_token() {
        for plain in ["", "Hello!", "aGVsbG8=", "Z0FBQUFB"] {
            assert_eq!(rotalabs_token(plain), None, "{plain}");
        }
    }
}
