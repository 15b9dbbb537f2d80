//! Small parts of the page, and the one way that texts get into it.

use std::fmt::Write as _;

use dayseal_format::event::forbidden;

use crate::judge::Status;

/// Text as nothing but text, between tags or in a quoted attribute. Control characters and what turns the
/// direction of text are shown as what they are.
pub(super) fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no such characters, not even escaped.
            c if forbidden(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A name from the log: what it is written in does not turn what stands beside it.
pub(super) fn name(text: &str) -> String {
    let class = if text.starts_with("p1:") { r#" class="id""# } else { "" };
    format!("<bdi{class}>{}</bdi>", esc(text))
}

/// Words of ours, with names of fields and commands between backticks.
pub(super) fn prose(text: &str) -> String {
    let escaped = esc(text);
    if escaped.matches('`').count() % 2 == 1 {
        return escaped;
    }
    let mut out = String::new();
    for (n, part) in escaped.split('`').enumerate() {
        match n % 2 {
            0 => out.push_str(part),
            _ => drop(write!(out, "<code>{part}</code>")),
        }
    }
    out
}

/// Class and mark of a result: the mark says it without the colour.
pub(super) const fn look(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pass => ("pass", "✓"),
        Status::Warn => ("warn", "!"),
        Status::Fail => ("fail", "✕"),
        Status::NotApplicable => ("none", "–"),
        Status::NotCovered => ("none", "○"),
    }
}

/// A result as a small label.
pub(super) fn badge(status: Status) -> String {
    labelled(look(status), status.as_str())
}

/// Any label in the look of a result.
pub(super) fn labelled((class, mark): (&str, &str), text: &str) -> String {
    format!(r#"<span class="badge {class}">{mark} {}</span>"#, esc(text))
}

/// A term and what it is.
pub(super) fn pair(term: &str, is: &str) -> String {
    format!("<div><dt>{}</dt><dd>{is}</dd></div>", esc(term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_are_code_only_in_pairs() {
        assert_eq!(prose("add `a<b` lines"), "add <code>a&lt;b</code> lines");
        assert_eq!(prose("a ` b"), "a ` b");
    }

    #[test]
    fn a_text_is_nothing_but_text() {
        let hostile = "<script>alert('x')</script>\u{202e}\u{1b}\u{0}&\"\n\u{fffe}";
        assert_eq!(
            esc(hostile),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{202e}\\u{1b}\\u{0}&amp;&quot;\\u{a}\\u{fffe}"
        );
    }
}
