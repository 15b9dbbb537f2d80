//! Acknowledgements: what a producer is told once an entry is stored, and can check later.
//!
//! Whoever keeps one catches a lost tail: the log must hold that batch, under that digest, for as
//! long as its retention says. Normative: `docs/spec/acknowledgement.md`.

use serde::{Deserialize, Serialize};

use crate::batch::MAX_ENTRIES;
use crate::event::EventId;
use crate::names::MAX_SEQ;
use crate::{BatchKey, Day, Digest, Origin, StreamId};

/// Longest acknowledgement in bytes.
pub const MAX_ACK: usize = 1_024;

/// A stored entry's whereabouts. One line of compact JSON with the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Version, 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// UTC day of the batch.
    pub day: Day,
    /// The stream.
    pub stream: StreamId,
    /// The batch's number in the stream.
    pub seq: u32,
    /// SHA-256 of the batch.
    pub digest: Digest,
    /// Place of the entry in the batch, from 0.
    pub index: u32,
    /// Id of the entry.
    pub entry: EventId,
}

/// Text that is not an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// A version this program does not know.
    #[error("acknowledgement of version {found}: expected version 1; a newer dayseal may read it")]
    Version {
        /// The version found.
        found: u64,
    },
    /// Not an acknowledgement.
    #[error("malformed acknowledgement: {0}")]
    Malformed(String),
}

impl Acknowledgement {
    /// The object that must be in the log.
    pub fn key(&self) -> BatchKey {
        BatchKey { day: self.day, stream: self.stream, seq: self.seq, digest: self.digest }
    }

    /// The one encoding, without newline.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("an acknowledgement has no maps and no floats")
    }

    /// Decodes one line; a newline at its end is allowed.
    ///
    /// # Errors
    /// [`AckError`] if it is of another version, or not the one encoding of version 1.
    pub fn decode(line: &[u8]) -> Result<Self, AckError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.len() > MAX_ACK {
            let reason = format!("{} bytes, expected at most {MAX_ACK}", line.len());
            return Err(AckError::Malformed(reason));
        }
        #[derive(Deserialize)]
        struct Head {
            v: u64,
        }
        // A newer version may have other fields: it is looked at before them.
        if let Ok(Head { v: found }) = serde_json::from_slice(line)
            && found != 1
        {
            return Err(AckError::Version { found });
        }
        let ack: Self =
            serde_json::from_slice(line).map_err(|e| AckError::Malformed(e.to_string()))?;
        if ack.seq > MAX_SEQ || ack.index >= MAX_ENTRIES {
            let reason = "seq over 99,999,999 or index over 262,143";
            return Err(AckError::Malformed(reason.into()));
        }
        if ack.encode().as_bytes() == line {
            Ok(ack)
        } else {
            Err(AckError::Malformed("not its one encoding".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_one_encoding() {
        let ack = Acknowledgement {
            v: 1,
            origin: "a.example/x".parse().unwrap(),
            day: "2026-11-20".parse().unwrap(),
            stream: StreamId([1; 16]),
            seq: 3,
            digest: Digest([2; 32]),
            index: 4,
            entry: EventId::from_parts("2026-11-20".parse::<Day>().unwrap().start(), [7; 10]),
        };
        let line = ack.encode();
        assert_eq!(Acknowledgement::decode(line.as_bytes()).unwrap(), ack);
        assert!(Acknowledgement::decode(line.replace(":1,", ": 1,").as_bytes()).is_err());
        assert!(Acknowledgement::decode(line.replace("\"v\":1", "\"v\":2").as_bytes()).is_err());
        assert!(Acknowledgement::decode(b"{}").is_err());
    }
}
