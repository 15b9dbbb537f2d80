//! C2SP signed notes: a text and the signatures under it.
//!
//! Source: c2sp.org/signed-note. Only Ed25519 keys (type 0x01) are produced and verified; lines of
//! other keys and types are ignored, as that page asks.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::Digest;

/// Signature type byte of Ed25519 in key ids and verifier keys.
const ED25519: u8 = 0x01;
/// Signature lines read at most. The page asks for at least 16; more than this is hostile.
const MAX_SIGNATURES: usize = 64;
/// A note longer than this is refused before it is parsed: a checkpoint is under 1 KiB, and 64
/// post-quantum cosignatures of 3.3 KiB still fit.
pub const MAX_NOTE: usize = 256 * 1024;

/// A note or a verifier key that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not the shape of a signed note.
    #[error("malformed signed note: {0}")]
    Malformed(&'static str),
    /// Not a verifier key `name+hash+base64`.
    #[error("malformed verifier key `{key}`: {reason}")]
    VerifierKey {
        /// The key as given.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A signature by a known key does not verify.
    #[error(
        "the signature of {name} on the note does not verify: the note or the signature was altered"
    )]
    BadSignature {
        /// Name of the known key.
        name: String,
    },
    /// None of the known keys signed.
    #[error("no signature by a known key: expected one of {expected}, found {found}")]
    Unsigned {
        /// Known keys, name and id.
        expected: String,
        /// Names and ids on the note.
        found: String,
    },
}

/// An Ed25519 verifier key with its name, the `vkey` of C2SP.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// From its parts.
    ///
    /// # Errors
    /// [`NoteError::VerifierKey`] if the name is empty or has white space or `+`, or the key is not
    /// a point on the curve.
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self, NoteError> {
        let fail = |reason| NoteError::VerifierKey { key: name.to_owned(), reason };
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
        {
            return Err(fail("a key name is not empty and has no white space and no `+`"));
        }
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| fail("not an Ed25519 key"))?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// The key's name; for a log's own key, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ public key)`.
    pub fn id(&self) -> [u8; 4] {
        let hash =
            Digest::of_parts(&[self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()]);
        [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
    }

    /// The 32-byte public key.
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` is this key's over `text`, by RFC 8032's strict rules.
    fn verifies(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(text, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let fail = |reason| NoteError::VerifierKey { key: text.to_owned(), reason };
        // Split on the first two `+` only: base64 may contain more.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fail("expected name+hash+base64"));
        };
        let id = crate::hash::lower_hex::<4>(id)
            .ok_or_else(|| fail("the hash is not 8 hexadecimal digits"))?;
        let key = STANDARD.decode(key).map_err(|_| fail("the key is not standard base64"))?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(fail("the key type is not 0x01 (Ed25519)"));
        };
        let key = key.try_into().map_err(|_| fail("an Ed25519 key has 32 bytes"))?;
        let key = Self::new(name, key)?;
        if key.id() != id { Err(fail("the hash does not match name and key")) } else { Ok(key) }
    }
}

/// One signature line of a note, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// A parsed note. Its text is not to be believed before [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Parses the bytes of a signed note. Verifies nothing.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] if the bytes are not exactly one note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        if bytes.len() > MAX_NOTE {
            return Err(bad("longer than 256 KiB"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        if all.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(bad("control characters in the text"));
        }
        // The last empty line parts text and signatures.
        let split = all.rfind("\n\n").ok_or(bad("no empty line before the signatures"))?;
        let (text, lines) = (&all[..=split], &all[split + 2..]);
        if !lines.ends_with('\n') {
            return Err(bad("no newline at the end"));
        }
        let mut signatures = Vec::new();
        for line in lines.trim_end_matches('\n').split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(bad("more than 64 signatures"));
            }
            let rest =
                line.strip_prefix("\u{2014} ").ok_or(bad("a signature line without a dash"))?;
            let (name, value) =
                rest.split_once(' ').ok_or(bad("a signature line without a value"))?;
            let value =
                STANDARD.decode(value).map_err(|_| bad("a signature that is not base64"))?;
            let (id, signature) =
                value.split_first_chunk::<4>().ok_or(bad("a signature under 5 bytes"))?;
            if signature.is_empty() || name.is_empty() || name.contains('+') {
                return Err(bad("a signature line without name or signature"));
            }
            signatures.push(SignatureLine {
                name: name.to_owned(),
                id: *id,
                signature: signature.to_vec(),
            });
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text if a known key signed it and no signature by a known key fails.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`], [`NoteError::Unsigned`].
    pub fn verify(&self, known: &[VerifierKey]) -> Result<&str, NoteError> {
        self.verify_by(known).map(|(text, _)| text)
    }

    /// The same, with the known keys that signed, in the order of their signatures.
    ///
    /// # Errors
    /// As [`Note::verify`].
    pub fn verify_by<'k>(
        &self,
        known: &'k [VerifierKey],
    ) -> Result<(&str, Vec<&'k VerifierKey>), NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let Some(key) = known.iter().find(|k| k.name == line.name && k.id() == line.id) else {
                continue;
            };
            let signature: Result<&[u8; 64], _> = line.signature.as_slice().try_into();
            if !signature.is_ok_and(|s| key.verifies(self.text.as_bytes(), s)) {
                return Err(NoteError::BadSignature { name: key.name.clone() });
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if !signers.is_empty() {
            return Ok((&self.text, signers));
        }
        let show = |name: &str, id: [u8; 4]| format!("{name}+{}", hex::encode(id));
        Err(NoteError::Unsigned {
            expected: known.iter().map(|k| show(&k.name, k.id())).collect::<Vec<_>>().join(", "),
            found: self
                .signatures
                .iter()
                .map(|s| show(&s.name, s.id))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The text, believed by nobody yet.
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The bytes of a note: `text` (which ends in a newline) with one Ed25519 signature by `key`.
    pub fn encode(text: &str, key: &VerifierKey, signature: &[u8; 64]) -> String {
        let mut note = format!("{text}\n");
        Self::add_signature(&mut note, key, signature);
        note
    }

    /// Adds a further signature over the same text to a note.
    pub fn add_signature(note: &mut String, key: &VerifierKey, signature: &[u8; 64]) {
        let mut value = key.id().to_vec();
        value.extend_from_slice(signature);
        note.push_str(&format!("\u{2014} {} {}\n", key.name, STANDARD.encode(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn c2sp_example_verifies() {
        let key: VerifierKey = VKEY.parse().unwrap();
        assert_eq!(key.to_string(), VKEY);
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.verify(&[key]).unwrap(), "This is an example message.\n");
    }

    #[test]
    fn altered_text_is_a_bad_signature_and_a_foreign_key_is_unsigned() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let altered = Note::parse(NOTE.replace("example m", "exemple m").as_bytes()).unwrap();
        let error = altered.verify(std::slice::from_ref(&key)).unwrap_err();
        assert!(matches!(error, NoteError::BadSignature { .. }));
        assert!(matches!(altered.verify(&[]), Err(NoteError::Unsigned { .. })));
        let renamed = NOTE.replace("\u{2014} example.com/foo", "\u{2014} example.com/bar");
        let renamed = Note::parse(renamed.as_bytes()).unwrap();
        assert!(matches!(renamed.verify(&[key]), Err(NoteError::Unsigned { .. })));
    }

    #[test]
    fn hostile_shapes_are_refused() {
        for bad in [
            "",
            "x\n",
            "x\n\n",
            "x\n\n\u{2014} a\n",
            "x\n\n- a AAAAAAA=\n",
            "x\u{1}\n\n\u{2014} a AAAAAAA=\n",
        ] {
            assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Note::parse(NOTE.trim_end().as_bytes()).is_err());
        for bad in
            ["", "a+b", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"]
        {
            assert!(bad.parse::<VerifierKey>().is_err());
        }
    }
}
