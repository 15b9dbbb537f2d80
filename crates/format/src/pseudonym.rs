//! Pseudonyms and keyed content digests. Spec: `docs/spec/privacy.md`.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Origin;
use crate::event::{ContentDigest, ContentItem};

/// What a pseudonym stands for. One person has a different one for each purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Who acted, for whom, or who reviewed.
    Actor,
    /// Whose data it is.
    Subject,
    /// A session.
    Session,
    /// A network address.
    Address,
    /// A line or file that somebody else wrote and an event was imported from: nobody, but guessable.
    Source,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] =
        [Self::Actor, Self::Subject, Self::Session, Self::Address, Self::Source];

    /// The name inside pseudonyms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Subject => "subject",
            Self::Session => "session",
            Self::Address => "address",
            Self::Source => "source",
        }
    }
}

/// The keys of one tenant's pseudonyms and content digests under one log secret.
///
/// Without the secret nobody can tell whom a pseudonym stands for, not even by guessing; with it a
/// guess can be tried. Once every copy of the secret is destroyed, nobody can.
#[derive(Clone)]
pub struct PrivacyKeys {
    version: String,
    pseudonyms: [Hmac<Sha256>; 5],
    content: Hmac<Sha256>,
}

impl fmt::Debug for PrivacyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivacyKeys({})", self.version)
    }
}

impl PrivacyKeys {
    /// The keys for `tenant` of the log `origin`. Costs some ten hashes: keep them.
    ///
    /// A tenant longer than 65,535 bytes, which no event can have, is cut there.
    pub fn derive(secret: &[u8; 32], origin: &Origin, tenant: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret);
        let expand = |fields: &[&str], out: &mut [u8]| {
            let mut info = Vec::with_capacity(192);
            for field in fields {
                let len = u16::try_from(field.len()).unwrap_or(u16::MAX);
                info.extend_from_slice(&len.to_be_bytes());
                info.extend_from_slice(&field.as_bytes()[..usize::from(len)]);
            }
            hkdf.expand(&info, out).expect("32 bytes is within HKDF's bound");
        };
        let origin = origin.as_str();
        let key = |fields: &[&str]| {
            let mut key = Zeroizing::new([0; 32]);
            expand(fields, &mut *key);
            Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes any key length")
        };
        let mut version = [0; 5];
        expand(&["dayseal/v1/log-secret-version", origin], &mut version);
        let pseudonyms = Purpose::ALL
            .map(|purpose| key(&["dayseal/v1/pseudonym", origin, purpose.as_str(), tenant]));
        let content = key(&["dayseal/v1/content-digest", origin, tenant]);
        Self { version: base32(&version), pseudonyms, content }
    }

    /// The name of the secret: 8 characters, the same for all tenants of a log.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The pseudonym of `value`: `p1:<purpose>:<version>:<32 characters>`, at most 51 bytes.
    ///
    /// The bytes count as they are: `Ada` and `ada` are two people.
    pub fn pseudonym(&self, purpose: Purpose, value: &[u8]) -> String {
        self.text(purpose, &tag(&self.pseudonyms[purpose as usize], value))
    }

    /// Begins the digest of a line or file that an event is imported from.
    pub fn source(&self) -> SourceHasher {
        SourceHasher { keys: self.clone(), mac: self.pseudonyms[Purpose::Source as usize].clone() }
    }

    fn text(&self, purpose: Purpose, tag: &[u8; 32]) -> String {
        let mut out = String::with_capacity(52);
        out.push_str("p1:");
        out.push_str(purpose.as_str());
        out.push(':');
        out.push_str(&self.version);
        out.push(':');
        push_base32(&tag[..20], &mut out);
        out
    }

    /// Content by its size and keyed digest, nothing else: `hmac-sha256-v1`.
    pub fn content(&self, content: &[u8]) -> ContentItem {
        let digest = ContentDigest(tag(&self.content, content));
        ContentItem::hmac(content.len() as u64, digest, self.version.clone())
    }
}

/// The keyed digest of a source, piece by piece: files are longer than memory.
#[derive(Clone, Debug)]
pub struct SourceHasher {
    keys: PrivacyKeys,
    mac: Hmac<Sha256>,
}

impl SourceHasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.mac.update(bytes);
    }

    /// The digest of all bytes taken.
    pub fn finish(self) -> SourceDigest {
        let tag: [u8; 32] = self.mac.finalize().into_bytes().into();
        let mut random = [0; 10];
        random.copy_from_slice(&tag[20..30]);
        SourceDigest { text: self.keys.text(Purpose::Source, &tag), random }
    }
}

/// The keyed digest of a line or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDigest {
    /// The pseudonym of purpose `source`.
    pub text: String,
    /// Bytes for the identifier of the event imported from it: the same line gives the same.
    pub random: [u8; 10],
}

fn tag(key: &Hmac<Sha256>, bytes: &[u8]) -> [u8; 32] {
    key.clone().chain_update(bytes).finalize().into_bytes().into()
}

fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    push_base32(bytes, &mut out);
    out
}

/// RFC 4648 section 6 in lower case, of a multiple of five bytes: so without padding.
fn push_base32(bytes: &[u8], out: &mut String) {
    debug_assert!(bytes.len().is_multiple_of(5));
    for five in bytes.chunks_exact(5) {
        let group = five.iter().fold(0u64, |group, byte| group << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            let digit = group >> (5 * at) & 31;
            out.push(char::from(b"abcdefghijklmnopqrstuvwxyz234567"[digit as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        assert_eq!(base32(b"fooba"), "mzxw6ytb");
    }

    #[test]
    fn a_source_is_a_pseudonym_taken_in_pieces() {
        let origin = "audit.example.com/a".parse().unwrap();
        let keys = PrivacyKeys::derive(&[1; 32], &origin, "t");
        let mut hasher = keys.source();
        hasher.update(b"a");
        hasher.update(b"da");
        let found = hasher.finish();
        assert_eq!(found.text, keys.pseudonym(Purpose::Source, b"ada"));
        let tag = tag(&keys.pseudonyms[Purpose::Source as usize], b"ada");
        assert_eq!(found.random, tag[20..30]);
    }

    #[test]
    fn purposes_tenants_logs_and_secrets_are_apart() {
        let (one, two): (Origin, Origin) =
            ("audit.example.com/a".parse().unwrap(), "audit.example.com/b".parse().unwrap());
        let base = PrivacyKeys::derive(&[1; 32], &one, "t");
        let mut seen = std::collections::BTreeSet::new();
        for keys in [
            base.clone(),
            PrivacyKeys::derive(&[2; 32], &one, "t"),
            PrivacyKeys::derive(&[1; 32], &two, "t"),
            PrivacyKeys::derive(&[1; 32], &one, "u"),
        ] {
            for purpose in Purpose::ALL {
                let name = keys.pseudonym(purpose, b"ada");
                let (_, tag) = name.rsplit_once(':').unwrap();
                assert_eq!(tag.len(), 32);
                assert!(seen.insert(tag.to_owned()), "{name}");
            }
            assert!(seen.insert(keys.content(b"ada").digest.unwrap().to_string()));
        }
        // The version names the secret, not the tenant.
        assert_eq!(base.version(), PrivacyKeys::derive(&[1; 32], &one, "u").version());
        assert_ne!(base.version(), PrivacyKeys::derive(&[2; 32], &one, "t").version());
        assert!(!format!("{base:?}").contains("01"));
    }
}
