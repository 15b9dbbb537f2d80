//! Content by digest, and the lawfulness of processing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DigestScheme;
use super::parts::setters;

/// What was said, without saying it: sizes and keyed digests. The content itself, if kept at all,
/// is an erasable content record elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Arguments: of a tool call, or an operation's `inputs` in seed 004.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<ContentItem>,
    /// The prompt. Seeds' `prompt_hash`, `prompt_length`, `input_hash`, `input_content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<ContentItem>,
    /// The answer. Seeds' `output_hash`, `output_content`, `outputs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<ContentItem>,
    /// The system instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<ContentItem>,
}

setters!(Content {
    /// Sets the arguments.
    args: ContentItem,
    /// Sets the prompt.
    input: ContentItem,
    /// Sets the answer.
    output: ContentItem,
    /// Sets the system instructions.
    system: ContentItem,
});

/// One piece of content: its size and, keyed, its digest.
///
/// `digest` and `scheme` come together. `hmac-sha256-v1` needs `key_version`; `commit-v1` has no
/// key and takes none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentItem {
    /// Size in bytes of UTF-8 or of the file, not in characters. Required.
    pub bytes: u64,
    /// Keyed digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<ContentDigest>,
    /// Version of the key under the digest, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_version: Option<String>,
    /// JSON `ref`: where the content record is, inside the log's content root.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How the digest was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<DigestScheme>,
}

impl ContentItem {
    /// Content of this size, nothing else known.
    pub fn sized(bytes: u64) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Content with an HMAC under this version of the log's content secret.
    pub fn hmac(bytes: u64, digest: ContentDigest, key_version: impl Into<String>) -> Self {
        Self {
            bytes,
            digest: Some(digest),
            key_version: Some(key_version.into()),
            reference: None,
            scheme: Some(DigestScheme::HmacSha256V1),
        }
    }

    /// Content with a commitment whose opening lies in the content record.
    pub fn commitment(bytes: u64, digest: ContentDigest) -> Self {
        Self {
            bytes,
            digest: Some(digest),
            key_version: None,
            reference: None,
            scheme: Some(DigestScheme::CommitV1),
        }
    }
}

/// 32 bytes of a keyed digest or commitment, written as 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest(pub [u8; 32]);

/// Text that is not 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 lower-case hex digits")]
pub struct ContentDigestError;

impl FromStr for ContentDigest {
    type Err = ContentDigestError;

    fn from_str(text: &str) -> Result<Self, ContentDigestError> {
        crate::hash::lower_hex(text).map(Self).ok_or(ContentDigestError)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex_text(&self.0, &mut [0; 64]))
    }
}

impl Serialize for ContentDigest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(hex_text(&self.0, &mut [0; 64]))
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        super::wire::text(d, "a digest as text", |text| text.parse().map_err(|e| format!("{e}")))
    }
}

fn hex_text<'a>(bytes: &[u8; 32], out: &'a mut [u8; 64]) -> &'a str {
    hex::encode_to_slice(bytes, out).expect("64 digits for 32 bytes");
    std::str::from_utf8(out).expect("hex digits are ASCII")
}

/// Why personal data may be processed, whose it is and where it goes (GDPR Art. 6, 17, 30, 44).
///
/// Seed 002's `processing_activity` and `deletion_request`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Categories of data: at most 64 names of 128 bytes. Seeds' `data_categories`, `phi_type`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The exemption relied on where a request is not met, such as `gdpr-17-3-b`; 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// Lawful basis, such as `consent` or `legitimate_interest`; 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
    /// Purpose, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Who receives the data: at most 64 names of 128 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// Pseudonym of the data subject. Seed 002's `data_subject`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Country or region the data is transferred to, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_region: Option<String>,
}

impl Privacy {
    /// Processing for this purpose.
    pub fn new(purpose: impl Into<String>) -> Self {
        Self::default().purpose(purpose)
    }

    /// Adds a category of data.
    #[must_use]
    pub fn category(mut self, name: impl Into<String>) -> Self {
        self.categories.push(name.into());
        self
    }

    /// Adds a recipient.
    #[must_use]
    pub fn recipient(mut self, name: impl Into<String>) -> Self {
        self.recipients.push(name.into());
        self
    }
}

setters!(Privacy {
    /// Sets the exemption relied on.
    exemption: text,
    /// Sets the lawful basis.
    legal_basis: text,
    /// Sets the purpose.
    purpose: text,
    /// Sets the data subject's pseudonym.
    subject: text,
    /// Sets where the data is transferred to.
    transfer_region: text,
});
