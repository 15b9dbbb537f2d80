//! The prompt of a request: its exact bytes, so that whoever has the prompt can make its digest again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::facts::Facts;
use super::json::{self, list, text};

/// Where a prompt may stand, the first that is there.
const INPUT: &[&str] = &["messages", "input", "prompt", "inputText"];
/// Instructions beside it.
const SYSTEM: &[&str] = &["system", "instructions"];

/// Takes prompt and system instructions from a request's body.
///
/// What is one text is taken as that text, decoded: a JSON string, or a list of one message or block
/// with one text. All else (conversations, images, tool results) is taken as the bytes of the JSON
/// value as it was sent.
pub(super) fn take(facts: &mut Facts, body: &[u8]) {
    let Ok(fields) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(body) else {
        return;
    };
    let first = |names: &[&str]| names.iter().find_map(|name| fields.get(*name).copied());
    for (value, into) in [(first(INPUT), &mut facts.input), (first(SYSTEM), &mut facts.system)] {
        let Some(raw) = value.filter(|raw| raw.get() != "null") else { continue };
        match json::parse(raw.get().as_bytes()).as_ref().and_then(one_text) {
            Some(text) => into.push(text.as_bytes()),
            None => into.push(raw.get().as_bytes()),
        }
    }
}

/// The text of a value that holds one text and nothing else that was said.
fn one_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(_) => match list(value, &[]) {
            [Value::String(text)] => Some(text),
            [message] if message.get("content").is_some() => one_text(message.get("content")?),
            // A block: {"type":"text","text":…}, or Converse's {"text":…}.
            [block] if block.as_object()?.keys().all(|key| key == "type" || key == "text") => {
                text(block, &["text"])
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dayseal_format::event::AiCall;

    use super::*;

    fn taken(body: &str) -> [Option<String>; 2] {
        let mut facts = Facts::new(AiCall::default(), true, 1_000);
        take(&mut facts, body.as_bytes());
        [facts.input.take(), facts.system.take()].map(|captured| {
            let captured = captured?;
            let text = String::from_utf8(captured.text.unwrap()).unwrap();
            assert_eq!(captured.bytes, text.len() as u64);
            Some(text)
        })
    }

    #[test]
    fn one_text_is_itself() {
        for body in [
            r#"{"messages":[{"role":"user","content":"H\u00e9!"}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hé!"}]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"text":"Hé!"}]}]}"#,
            r#"{"input":"Hé!","model":"m"}"#,
            r#"{"input":["Hé!"]}"#,
            r#"{"prompt":"Hé!"}"#,
            r#"{"inputText":"Hé!"}"#,
        ] {
            assert_eq!(taken(body)[0].as_deref(), Some("Hé!"), "{body}");
        }
        let body = r#"{"messages":[{"role":"user","content":"a"}],"system":"b"}"#;
        assert_eq!(taken(body), [Some("a".into()), Some("b".into())]);
        assert_eq!(taken(r#"{"instructions":"b"}"#), [None, Some("b".into())]);
    }

    #[test]
    fn all_else_is_the_bytes_as_sent() {
        for value in [
            r#"[ {"role":"user","content":"a"}, {"role":"assistant","content":"b\n"} ]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"a","cache_control":{}}]}]"#,
            r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]"#,
            r#"["a","b"]"#,
            "[1, 2, 3.0]",
        ] {
            let body = format!(r#"{{"model":"m","input":  {value} ,"n":1}}"#);
            assert_eq!(taken(&body)[0].as_deref(), Some(value), "{body}");
        }
    }

    #[test]
    fn no_prompt() {
        assert_eq!(taken(r#"{"model":"m","messages":null}"#), [None, None]);
        assert_eq!(taken("[]"), [None, None]);
    }
}
