//! An entry with its contents, as `cat --content` prints it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayseal_chain::content::{ContentReadError, Contents, committed};
use dayseal_format::Origin;
use dayseal_format::content::Field;
use dayseal_format::event::Event;
use dayseal_keys::{KeyError, ServiceFault};
use dayseal_store::ErrorKind;
use serde::Serialize;
use serde_json::value::RawValue;

/// An entry with its contents: the line of `cat --content`.
#[derive(Serialize)]
pub(crate) struct WithContents<'a> {
    entry: &'a RawValue,
    contents: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    field: Field,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl<'a> WithContents<'a> {
    /// `expired` says whether the life of contents of the batch's day is over.
    pub(crate) fn new(
        line: &'a [u8],
        event: &Event,
        contents: &'a Contents,
        origin: &Origin,
        expired: bool,
    ) -> anyhow::Result<Self> {
        let shown = |(field, item)| {
            let state = contents.state(origin, event.id, field, item, expired);
            let record = contents.records.get(&(event.id, field));
            let text = record.and_then(|r| std::str::from_utf8(&r.content).ok());
            let base64 = record.filter(|_| text.is_none()).map(|r| STANDARD.encode(&r.content));
            let media_type = record.and_then(|r| r.media_type.as_deref());
            Shown { field, state: state.as_str(), media_type, text, base64 }
        };
        let contents = committed(event).map(shown).collect();
        Ok(Self { entry: serde_json::from_slice(line)?, contents })
    }
}

/// Contents that this reader has no right to. Evidence may be open to the same reader: an auditor sees that and no
/// more, unless the log's owner grants it.
#[derive(Debug, thiserror::Error)]
#[error(
    "contents are closed to you, and nothing was shown. Missing: {missing}. Who owns the log can grant it ({grant}), or read for you; entries without contents need none of this"
)]
pub(crate) struct Refused {
    missing: &'static str,
    grant: &'static str,
    source: ContentReadError,
}

impl Refused {
    /// The refusal in an error; else the error itself.
    pub(crate) fn of(source: ContentReadError) -> Result<Self, ContentReadError> {
        const ROLE: &str = "`auditor_reads_content` of the Terraform module for the auditor's role";
        let (missing, grant) = match &source {
            ContentReadError::Store(e) if e.kind() == ErrorKind::Denied => {
                ("the right to read the content root (s3:GetObject, s3:ListBucket)", ROLE)
            }
            ContentReadError::Key {
                source: KeyError::Service { fault: ServiceFault::Denied, .. },
                ..
            } => ("the right to the content wrapping key (kms:Decrypt)", ROLE),
            ContentReadError::Key {
                source: KeyError::Absent { .. } | KeyError::UnknownKey { .. },
                ..
            } => ("the content wrapping key", "a key file that holds it, or a right to it in KMS"),
            _ => return Err(source),
        };
        Ok(Self { missing, grant, source })
    }
}
