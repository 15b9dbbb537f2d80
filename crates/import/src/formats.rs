//! The formats, one module each: a mapping table and what can be checked.

mod cloudtrail;
mod kaizen;
mod kling_chain;
mod kling_events;
mod ocsf;
mod rotalabs;

use std::fmt;
use std::str::FromStr;

use dayseal_format::UnixMillis;
use dayseal_format::event::EventBuilder;

use crate::fields::Fields;
use crate::importer::Importer;
use crate::keys::Digests;
use crate::{CheckKind, MapError};

pub(crate) use kling_chain::ChainState;

/// Who wrote the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// rotalabs-comply 1.1, `FileStorage` and `S3Storage`.
    Rotalabs,
    /// kailash-kaizen 2.46, `FileAuditStorage`; also the entries its guide describes.
    Kaizen,
    /// The Kling AI audit logger whose entries are chained by `prev_hash` and `hash`.
    KlingChain,
    /// The Kling AI audit logger whose events have a `checksum` each.
    KlingEvents,
    /// AWS CloudTrail records, one a line or in `{"Records":[…]}`.
    CloudTrail,
    /// OCSF events of any class, version 1.
    Ocsf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Rotalabs,
        Self::Kaizen,
        Self::KlingChain,
        Self::KlingEvents,
        Self::CloudTrail,
        Self::Ocsf,
    ];

    /// Its name, in flags and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotalabs => "rotalabs",
            Self::Kaizen => "kaizen",
            Self::KlingChain => "kling-chain",
            Self::KlingEvents => "kling-events",
            Self::CloudTrail => "cloudtrail",
            Self::Ocsf => "ocsf",
        }
    }

    /// Whether its files may be documents of many records.
    pub const fn has_documents(self) -> bool {
        matches!(self, Self::CloudTrail)
    }

    /// Whether a free field may hold what was said to a model, or by it.
    pub(crate) const fn has_prompts(self) -> bool {
        !matches!(self, Self::CloudTrail)
    }

    /// What its records have to check.
    pub const fn check(self) -> CheckKind {
        match self {
            Self::KlingChain => CheckKind::Chain,
            Self::KlingEvents => CheckKind::Checksums,
            Self::Rotalabs => CheckKind::ContentHashes,
            Self::Kaizen | Self::CloudTrail | Self::Ocsf => CheckKind::None,
        }
    }

    /// The tenant that a record names.
    pub(crate) fn tenant(self, fields: &mut Fields) -> Option<String> {
        match self {
            Self::Ocsf => fields.id("metadata.tenant_uid"),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown format, expected one of {names}")
        })
    }
}

/// A record's event, without labels.
pub(crate) struct Parts {
    pub(crate) builder: EventBuilder,
    pub(crate) time: UnixMillis,
    /// The record's own identifier.
    pub(crate) id: Option<String>,
}

/// Checks what covers the record as it stands, readable or not.
pub(crate) fn check_record(importer: &mut Importer, record: &[u8], line: u64) {
    match importer.check.kind {
        CheckKind::Chain => {
            let failure = importer.chain.next(record);
            importer.check.note(line, failure);
        }
        CheckKind::Checksums => {
            if let Some(failure) = kling_events::check(record) {
                importer.check.note(line, failure);
            }
        }
        CheckKind::None | CheckKind::ContentHashes => {}
    }
}

pub(crate) fn map(
    importer: &mut Importer,
    format: Format,
    fields: &mut Fields,
    digests: &Digests,
    line: u64,
) -> Result<Parts, MapError> {
    match format {
        Format::Rotalabs => {
            let open = rotalabs::Open {
                fernet: importer.fernet.as_ref(),
                check: &mut importer.check,
                line,
            };
            rotalabs::map(fields, digests, open)
        }
        Format::Kaizen => kaizen::map(fields, digests),
        Format::KlingChain => kling_chain::map(fields),
        Format::KlingEvents => kling_events::map(fields, digests),
        Format::CloudTrail => cloudtrail::map(fields, digests),
        Format::Ocsf => ocsf::map(fields, digests),
    }
}
