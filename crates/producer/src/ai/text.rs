//! Texts from outside, made fit for an event: an entry must not be lost because a server answered
//! with a name too long or with control characters in it.

use dayseal_format::event::limits;

/// A name or identifier: what an event refuses becomes `_`; cut at 128 bytes. `None` if empty.
pub(super) fn name(text: &str) -> Option<String> {
    let fit = |c: char| {
        let refused =
            c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if refused { '_' } else { c }
    };
    cut(text.trim().chars().map(fit))
}

/// A code: letters, digits and `_.:/-`; all else becomes `_`.
pub(super) fn code(text: &str) -> Option<String> {
    let fit = |c: char| if c.is_ascii_alphanumeric() || "_.:/-".contains(c) { c } else { '_' };
    cut(text.trim().chars().map(fit))
}

fn cut(chars: impl Iterator<Item = char>) -> Option<String> {
    let mut out = String::new();
    for c in chars {
        if out.len() + c.len_utf8() > limits::NAME {
            break;
        }
        out.push(c);
    }
    (!out.is_empty()).then_some(out)
}

/// A count, at most what an event holds.
pub(super) fn count(number: u64) -> u64 {
    number.min(limits::INTEGER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_fit() {
        assert_eq!(name(" gpt-4o\n"), Some("gpt-4o".into()));
        assert_eq!(name("a\u{0}b\u{202e}c\u{1b}d"), Some("a_b_c_d".into()));
        assert_eq!(name(" \t"), None);
        assert_eq!(name(&"é".repeat(100)).unwrap().len(), 128);
        assert_eq!(name(&format!("x{}", "é".repeat(100))).unwrap().len(), 127);
        assert_eq!(code("Thrott ling{}"), Some("Thrott_ling__".into()));
        assert_eq!(count(u64::MAX), (1 << 53) - 1);
    }
}
