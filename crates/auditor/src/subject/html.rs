//! The export as one page for people: no scripts, nothing from elsewhere, everything escaped.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::export::{Content, Exported, Head, Item};

/// Nothing may run or be fetched, whatever a text of a stranger would say.
const START: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Personal data in an audit log</title>
<style>
body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}
section{border-top:1px solid #bbb;padding:.5rem 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f3f3;padding:.5rem}
dt{font-weight:bold}dd{margin:0 0 .3rem 1rem;overflow-wrap:anywhere}
</style></head><body>
"#;

pub(super) struct Page<W> {
    out: W,
}

impl<W: Write> Page<W> {
    pub(super) fn begin(mut out: W, head: &Head<'_>) -> io::Result<Self> {
        let mut text = String::from(START);
        text.push_str("<h1>What the audit log holds about you</h1>\n<dl>");
        pair(&mut text, "Log", head.origin.as_str());
        pair(&mut text, "Made", &head.made.to_string());
        pair(&mut text, "Days", &format!("{} to {}", head.from, head.through));
        for name in head.names.subjects.iter().chain(&head.names.actors) {
            pair(&mut text, "You stand in it as", name);
        }
        text.push_str("</dl>\n");
        out.write_all(text.as_bytes())?;
        Ok(Self { out })
    }

    pub(super) fn entry(&mut self, item: &Item<'_>) -> io::Result<()> {
        let e = item.event;
        let mut text = String::from("<section>");
        let _ = write!(
            text,
            "<h2>{}: {}</h2><dl>",
            escaped(&e.time.to_string()),
            escaped(e.kind.as_str())
        );
        pair(&mut text, "What was done", &e.action);
        pair(&mut text, "With what outcome", e.outcome.as_str());
        pair(&mut text, "By", &format!("{} {}", e.actor.kind, e.actor.id));
        let roles: Vec<_> =
            item.roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
        pair(&mut text, "Your part in it", &roles.join(", "));
        if let Some(resource) = &e.resource {
            let id = resource.id.as_deref().unwrap_or("-");
            pair(&mut text, "On", &format!("{} {id}", resource.kind));
        }
        if let Some(privacy) = &e.privacy {
            for (name, value) in [
                ("Purpose", &privacy.purpose),
                ("Legal basis", &privacy.legal_basis),
                ("Given to a place outside", &privacy.transfer_region),
            ] {
                if let Some(value) = value {
                    pair(&mut text, name, value);
                }
            }
            for (name, list) in
                [("Categories", &privacy.categories), ("Recipients", &privacy.recipients)]
            {
                if !list.is_empty() {
                    pair(&mut text, name, &list.join(", "));
                }
            }
        }
        if let Some(reason) = &e.reason {
            let parts = [reason.code.as_deref(), reason.text.as_deref()];
            pair(&mut text, "Reason", &parts.into_iter().flatten().collect::<Vec<_>>().join(": "));
        }
        pair(&mut text, "Entry", &format!("{} in {}, place {}", e.id, item.batch, item.index));
        text.push_str("</dl>");
        item.contents.iter().for_each(|content| self::content(&mut text, content));
        text.push_str("</section>\n");
        self.out.write_all(text.as_bytes())
    }

    pub(super) fn end(mut self, found: &Exported) -> io::Result<()> {
        let mut text = String::from("<section><h2>In all</h2><dl>");
        for (name, count) in [
            ("Entries", found.entries),
            ("Contents shown", found.present),
            ("Contents erased", found.erased),
            ("Contents past their life", found.expired),
            ("Contents missing or altered", found.wrong),
            ("Contents not read", found.not_read),
            ("Contents under a legal hold", found.held),
            ("Objects that could not be read", found.failures.len() as u64),
        ] {
            pair(&mut text, name, &count.to_string());
        }
        text.push_str("</dl></section>\n</body></html>\n");
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn content(text: &mut String, content: &Content) {
    let what = match content.state {
        "present" => "",
        "erased" => ": erased",
        "expired" => ": past its life and deleted",
        "digest_only" => ": never kept, only a keyed digest of it",
        "not_read" => ": not read for this export",
        _ => ": not found as it was recorded",
    };
    let _ = write!(
        text,
        "<h3>{} ({} bytes){what}</h3>",
        escaped(content.field.as_str()),
        content.bytes
    );
    if let Some(hold) = content.hold {
        let _ = write!(text, "<p>Under legal hold {hold}.</p>");
    }
    if let Some(shown) = &content.text {
        let _ = write!(text, "<pre>{}</pre>", escaped(shown));
    } else if content.state == "present" {
        text.push_str("<p>No text: it is in the file of JSON lines, in base64.</p>");
    }
}

fn pair(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, "<dt>{name}</dt><dd>{}</dd>", escaped(value));
}

/// Text as nothing but text. What turns its direction, and control characters other than a line break
/// or a tab, are shown as what they are.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if dayseal_format::event::forbidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_nothing_but_text() {
        let hostile = "<script>alert('x')</script>\u{202e}\u{1b}&\"\n";
        assert_eq!(
            escaped(hostile),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{202e}\\u{1b}&amp;&quot;\n"
        );
    }
}
