//! Content records, and the digest by which an entry commits to one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{MAX_CONTENT, MAX_RECORD};
use crate::event::EventId;
use crate::lp::lp;
use crate::{Digest, Origin};

/// A content item of an entry, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Field {
    /// Arguments, of a tool call.
    #[serde(rename = "content.args")]
    Args,
    /// The prompt.
    #[serde(rename = "content.input")]
    Input,
    /// The answer.
    #[serde(rename = "content.output")]
    Output,
    /// The system instructions.
    #[serde(rename = "content.system")]
    System,
    /// The value before a change.
    #[serde(rename = "change.from_content")]
    ChangeFrom,
    /// The value after a change.
    #[serde(rename = "change.to_content")]
    ChangeTo,
}

impl Field {
    /// Every item that an entry can have.
    pub const ALL: &[Self] =
        &[Self::Args, Self::Input, Self::Output, Self::System, Self::ChangeFrom, Self::ChangeTo];

    /// The path, as in the entry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Args => "content.args",
            Self::Input => "content.input",
            Self::Output => "content.output",
            Self::System => "content.system",
            Self::ChangeFrom => "change.from_content",
            Self::ChangeTo => "change.to_content",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The digest of the mode `store` (`commit-v1`): hides while `nonce`, 32 random bytes, is unknown,
/// and binds entry, field and content.
pub fn commit(
    nonce: &[u8; 32],
    origin: &Origin,
    entry: EventId,
    field: Field,
    content: &[u8],
) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(nonce).expect("HMAC takes any key length");
    let (origin, entry) = (origin.as_str().as_bytes(), entry.to_string());
    let label = b"dayseal/v1/content-commit";
    mac.update(&lp(&[label, origin, entry.as_bytes(), field.as_str().as_bytes()]));
    mac.update(content);
    Digest(mac.finalize().into_bytes().into())
}

/// The exact bytes of one content item, with the nonce that opens its digest. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentRecord {
    /// The entry.
    pub entry: EventId,
    /// The content item in it.
    pub field: Field,
    /// What it is, such as `image/png`; 1 to 128 printable ASCII characters.
    pub media_type: Option<String>,
    /// Opens the digest.
    pub nonce: [u8; 32],
    /// The content, at most [`MAX_CONTENT`] bytes.
    pub content: Vec<u8>,
}

impl fmt::Debug for ContentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entry, field, bytes) = (self.entry, self.field, self.content.len());
        write!(f, "ContentRecord({field} of {entry}, {bytes} bytes)")
    }
}

/// A record as JSON: fields in this order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    entry: EventId,
    field: Field,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    nonce: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Wire {
    fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record has no maps and no floats")
    }
}

impl ContentRecord {
    /// The digest that the entry must have.
    pub fn digest(&self, origin: &Origin) -> Digest {
        commit(&self.nonce, origin, self.entry, self.field, &self.content)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.content.len() > MAX_CONTENT {
            return Err("a content has at most 8,388,608 bytes");
        }
        let name =
            |t: &String| (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic());
        if !self.media_type.as_ref().is_none_or(name) {
            return Err("media_type: expected 1 to 128 printable ASCII characters");
        }
        Ok(())
    }

    /// Appends the record's line. Text unless its escapes make it longer than base64.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        self.check()?;
        let wire = |base64, text| Wire {
            base64,
            entry: self.entry,
            field: self.field,
            media_type: self.media_type.clone(),
            nonce: Digest(self.nonce),
            text,
        };
        let text = std::str::from_utf8(&self.content).ok();
        let as_text = text.map(|t| wire(None, Some(t.to_owned())).encode());
        let most = self.content.len().div_ceil(3) * 4;
        let line = match as_text {
            Some(line) if line.len() <= most + 512 => line,
            _ => wire(Some(STANDARD.encode(&self.content)), None).encode(),
        };
        out.extend_from_slice(&line);
        out.push(b'\n');
        Ok(())
    }

    /// Decodes the one encoding of a line, without its newline.
    pub(super) fn decode(line: &[u8]) -> Result<Self, &'static str> {
        if line.is_empty() || line.len() > MAX_RECORD {
            return Err("a record has 1 to 16,777,216 bytes");
        }
        // Its message would quote what it met.
        let wire: Wire = serde_json::from_slice(line)
            .map_err(|_| "not a content record, or a field is wrong")?;
        if wire.encode() != line {
            return Err("not its one encoding");
        }
        let content = match (wire.base64, wire.text) {
            (Some(base64), None) => {
                STANDARD.decode(base64).map_err(|_| "base64: expected standard base64")?
            }
            (None, Some(text)) => text.into_bytes(),
            _ => return Err("expected either base64 or text"),
        };
        let record = Self {
            entry: wire.entry,
            field: wire.field,
            media_type: wire.media_type,
            nonce: wire.nonce.0,
            content,
        };
        record.check()?;
        Ok(record)
    }
}
