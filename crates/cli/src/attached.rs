//! Lines of `record`: an event, or an event with the contents that go with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayseal::{Attachment, ContentField, Event, EventDraft};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longest line, in bytes: a content of 8 MiB in base64, and the event.
pub(crate) const MAX_LINE: usize = 16 * 1024 * 1024;
/// What a line with contents begins with, white space aside: no event has fields of these names.
const ENVELOPE: [&[u8]; 2] = [b"\"event\"", b"\"contents\""];

/// An event and its contents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
    #[serde(default)]
    contents: Vec<Content>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    field: ContentField,
    text: Option<String>,
    base64: Option<String>,
    media_type: Option<String>,
    about: Option<Vec<String>>,
    #[serde(default)]
    digest_only: bool,
}

/// Parses a line. The reason of a refusal holds no value of it.
pub(crate) fn parse(line: &[u8]) -> Result<EventDraft, String> {
    let whole = |line: &[u8]| Event::from_json(line).map_err(|e| e.to_string());
    let inside = line.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    if !inside.is_some_and(|inside| ENVELOPE.iter().any(|name| inside.starts_with(name))) {
        return whole(line);
    }
    let envelope: Envelope<'_> = serde_json::from_slice(line).map_err(|e| {
        // Its message could quote a value.
        format!(
            "expected {{\"event\": …, \"contents\": [{{\"field\", \"text\" or \"base64\", …}}]}}: wrong at column {}",
            e.column()
        )
    })?;
    let mut draft = whole(envelope.event.get().as_bytes())?;
    for content in envelope.contents {
        let field = content.field;
        let bytes = match (content.text, content.base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(base64)) => STANDARD
                .decode(base64)
                .map_err(|_| format!("{field}: base64: expected standard base64"))?,
            _ => return Err(format!("{field}: expected either `text` or `base64`")),
        };
        let mut attachment = Attachment::new(field, bytes);
        attachment.media_type = content.media_type;
        attachment.subjects = content.about;
        attachment.digest_only = content.digest_only;
        draft.attach(attachment);
    }
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"type":"data.read","actor":{"id":"u-1","type":"user"},"action":"open","outcome":"success"}"#;

    #[test]
    fn contents_go_with_their_event() {
        let line = format!(
            r#"{{ "event":{EVENT},"contents":[{{"field":"content.input","text":"Hé"}},{{"field":"content.output","base64":"/wA=","media_type":"image/png","about":["u-2"],"digest_only":true}}]}}"#
        );
        let draft = parse(line.as_bytes()).unwrap();
        let [input, output] = draft.attachments() else { panic!("two contents") };
        assert_eq!((&*input.content, &input.subjects), ("Hé".as_bytes(), &None));
        assert_eq!((&*output.content, output.digest_only), (&[0xff, 0][..], true));
        assert_eq!(output.subjects.as_deref(), Some(&["u-2".to_owned()][..]));
        let line = format!(r#"{{"contents":[],"event":{EVENT}}}"#);
        assert!(parse(line.as_bytes()).unwrap().attachments().is_empty());
        assert!(parse(EVENT.as_bytes()).unwrap().attachments().is_empty());
    }

    #[test]
    fn refusals_hold_no_value() {
        let with = |content: &str| {
            parse(format!(r#"{{"event":{EVENT},"contents":[{content}]}}"#).as_bytes()).unwrap_err()
        };
        for content in [
            r#"{"field":"content.input"}"#,
            r#"{"field":"content.input","text":"secret","base64":"AA=="}"#,
            r#"{"field":"content.input","base64":"secret"}"#,
            r#"{"field":"secret","text":"x"}"#,
            r#"{"field":"content.input","text":"x","secret":1}"#,
        ] {
            assert!(!with(content).contains("secret"), "{content}: {}", with(content));
        }
    }
}
