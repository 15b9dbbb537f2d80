//! Fitting others' words into ours.

use dayseal_format::event::{forbidden, limits};

/// Whether a text is an identifier of ours.
pub(crate) fn is_id(text: &str) -> bool {
    fits(text, limits::ID)
}

/// Whether a text is a name of ours.
pub(crate) fn is_name(text: &str) -> bool {
    fits(text, limits::NAME)
}

fn fits(text: &str, limit: usize) -> bool {
    !text.is_empty() && text.len() <= limit && !text.contains(forbidden)
}

/// The text up to `limit` bytes, and whether something was cut off.
pub(crate) fn cut(text: &str, limit: usize) -> (&str, bool) {
    if text.len() <= limit {
        return (text, false);
    }
    (&text[..text.floor_char_boundary(limit)], true)
}

/// A name of ours for a word of theirs, whatever it is.
pub(crate) fn to_name(word: &str) -> String {
    let word = cut(word, limits::NAME).0.replace(forbidden, "_");
    if word.is_empty() { "unknown".to_owned() } else { word }
}

/// A label's key: what keys do not take becomes `_`.
pub(crate) fn label_key(path: &str) -> String {
    let fit = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '.' | ':' | '/' | '-' => c,
        _ => '_',
    };
    path.chars().map(fit).take(limits::NAME).collect()
}

/// A type under `prefix` for a word of theirs that has no type of ours: `PHI_ACCESS` is `kaizen.phi_access`.
pub(crate) fn own_type(prefix: &str, word: &str) -> String {
    let fit = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9') => c,
        _ => '_',
    };
    let room = limits::NAME - prefix.len() - 1;
    let word: String = word.chars().map(fit).take(room).collect();
    let word = if word.is_empty() { "unknown" } else { &word };
    format!("{prefix}.{word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(own_type("kaizen", "PHI_ACCESS"), "kaizen.phi_access");
        assert_eq!(own_type("kaizen", "a.b é"), "kaizen.a_b__");
        assert_eq!(own_type("kaizen", ""), "kaizen.unknown");
        assert_eq!(own_type("k", &"x".repeat(500)).len(), 128);
        assert_eq!(label_key("a b.é"), "a_b._");
        assert_eq!(cut("aé", 2), ("a", true));
        assert!(is_id("a\u{e9}") && !is_id("") && !is_id("a\n") && !is_name(&"x".repeat(129)));
    }
}
