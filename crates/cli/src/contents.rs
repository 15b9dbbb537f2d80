//! An entry with its contents, as `cat --content` prints it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayseal_chain::content::{Contents, committed};
use dayseal_format::Origin;
use dayseal_format::content::Field;
use dayseal_format::event::Event;
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
