//! SHA-256 digests as a type of their own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest (FIPS 180-4). Written as 64 lower-case hexadecimal digits, one spelling only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// Text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid digest: expected 64 lower-case hexadecimal digits, found {found} bytes of text")]
pub struct DigestError {
    found: usize,
}

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// SHA-256 of the parts, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = [0u8; 64];
        hex::encode_to_slice(self.0, &mut out).expect("64 is twice 32");
        f.write_str(std::str::from_utf8(&out).expect("hexadecimal is ASCII"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The value of each lower-case hexadecimal digit; 0xff for every other byte.
const DIGITS: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut n = 0;
    while n < 16 {
        table[b"0123456789abcdef"[n] as usize] = n as u8;
        n += 1;
    }
    table
};

/// Decodes exactly `N` bytes of lower-case hexadecimal. By a table: entries are full of digests.
pub(crate) fn lower_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let (mut out, mut all) = ([0; N], 0);
    for (byte, digits) in out.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(digits[0])], DIGITS[usize::from(digits[1])]);
        all |= high | low;
        *byte = high << 4 | low & 15;
    }
    (all < 16).then_some(out)
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        lower_hex(text).map(Self).ok_or(DigestError { found: text.len() })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_one_spelling() {
        for n in 0..=255u8 {
            assert_eq!(lower_hex::<1>(&format!("{n:02x}")), Some([n]));
        }
        for code in 0..128u8 {
            let digit = char::from(code);
            let good = matches!(digit, '0'..='9' | 'a'..='f');
            assert_eq!(lower_hex::<1>(&format!("0{digit}")).is_some(), good);
            assert_eq!(lower_hex::<1>(&format!("{digit}0")).is_some(), good);
        }
        for bad in ["", "0", "000", "é", "0000"] {
            assert!(lower_hex::<1>(bad).is_none(), "{bad}");
        }
    }
}
