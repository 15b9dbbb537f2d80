//! Forms (RFC 7578): how audio is sent to be transcribed.

use serde_json::{Map, Value};

/// A form, as far as it is there.
pub(super) struct Form<'a> {
    /// Fields without a file, by name.
    pub(super) fields: Value,
    /// The first file.
    pub(super) file: Option<&'a [u8]>,
}

/// Most fields read.
const FIELDS: usize = 64;
/// Longest field: longer ones are not parameters.
const FIELD: usize = 1_024;

/// `None`: not a form. A part that does not end is not taken.
pub(super) fn read<'a>(content_type: &str, body: &'a [u8]) -> Option<Form<'a>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?;
    let boundary = boundary.trim_matches('"');
    // RFC 2046, section 5.1.1.
    if !(1..=70).contains(&boundary.len()) {
        return None;
    }
    let mark = format!("--{boundary}");
    let next = format!("\r\n{mark}");
    let mut rest = body.strip_prefix(mark.as_bytes())?;
    let (mut fields, mut file) = (Map::new(), None);
    while let Some(part) = rest.strip_prefix(b"\r\n")
        && fields.len() < FIELDS
        && let Some(head_end) = find(part, b"\r\n\r\n")
        && let Some(end) = find(&part[head_end..], next.as_bytes())
    {
        let head = String::from_utf8_lossy(&part[..head_end]);
        let content = &part[head_end + 4..head_end + end.max(4)];
        let disposition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition").then_some(value)
        });
        let parameter = |name| parameter(disposition?, name);
        match (parameter("name"), parameter("filename")) {
            (_, Some(_)) => _ = file.get_or_insert(content),
            (Some(name), None) if content.len() <= FIELD => {
                let text = String::from_utf8_lossy(content).into_owned();
                fields.insert(name.to_owned(), text.into());
            }
            _ => {}
        }
        rest = &part[head_end + end + next.len()..];
    }
    Some(Form { fields: Value::Object(fields), file })
}

/// `form-data; name="model"; filename="a.mp3"`.
fn parameter<'t>(disposition: &'t str, name: &str) -> Option<&'t str> {
    disposition.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        (key.trim() == name).then_some(value.trim().trim_matches('"'))
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=x-1";
    const BODY: &[u8] = b"--x-1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
        --x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\xff\xfb\r\n--x\r\n\
        --x-1\r\ncontent-disposition: form-data; name=language\r\n\r\n\r\n--x-1--\r\n";

    #[test]
    fn fields_and_file() {
        let form = read(KIND, BODY).unwrap();
        assert_eq!(form.fields, json!({"model": "whisper-1", "language": ""}));
        assert_eq!(form.file, Some(&b"\xff\xfb\r\n--x"[..]));
        assert_eq!(
            read("Multipart/Form-Data; charset=x; boundary=\"x-1\"", BODY).unwrap().fields,
            form.fields
        );
    }

    #[test]
    fn a_cut_form_has_what_is_whole() {
        let file = BODY.windows(5).position(|w| w == b"a.mp3").unwrap();
        let form = read(KIND, &BODY[..file + 38]).unwrap();
        assert_eq!((form.fields, form.file), (json!({"model": "whisper-1"}), None));
        assert_eq!(read(KIND, &BODY[..55]).unwrap().fields, json!({}));
    }

    #[test]
    fn no_form() {
        for kind in
            ["", "application/json", "multipart/form-data", "multipart/form-data; boundary="]
        {
            assert!(read(kind, BODY).is_none(), "{kind}");
        }
        assert!(read(KIND, b"{}").is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(parts in "(--x|\r\n|: |;|=|name|filename|a){0,60}") {
            read("multipart/form-data; boundary=x", parts.as_bytes());
        }
    }
}
