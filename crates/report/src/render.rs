//! A report for people: text, Markdown, one HTML page. Texts of entries come from strangers: each renderer
//! escapes them for its own language, and none lets a control character or one that turns direction through.

mod html;
mod markdown;
mod text;

use dayseal_auditor::hold::Scope;
use dayseal_chain::verify::VerdictState;
use dayseal_format::event::forbidden;

use crate::collect::{Bucket, Ranking, Tally};

pub use html::html;
pub use markdown::markdown;
pub use text::text;

/// `1234567` as `1,234,567`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3 entries`, `1 entry`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A duration in its largest fitting unit.
pub fn duration(ms: u64) -> String {
    let unit = |size: u64, name: &str| {
        let tenths = ms / (size / 10);
        match tenths % 10 {
            0 => format!("{} {name}", number(tenths / 10)),
            rest => format!("{}.{rest} {name}", number(tenths / 10)),
        }
    };
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => unit(1_000, "s"),
        60_000..3_600_000 => unit(60_000, "min"),
        3_600_000..86_400_000 => unit(3_600_000, "h"),
        _ => unit(86_400_000, "d"),
    }
}

/// Bytes with a unit.
pub fn bytes(n: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.iter().find(|(_, size)| n >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", n as f64 / *size as f64),
        None => count(n, "byte", "bytes"),
    }
}

/// A share in percent with one decimal, rounded down: 100.0 % is all, and nothing less.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = u128::from(part) * 1_000 / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Success among what was decided.
fn success_rate(t: &Tally) -> String {
    percent(t.success, t.decided())
}

/// Text from a stranger on one line, nothing in it that a terminal would obey.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if forbidden(c) { '\u{fffd}' } else { c }).collect()
}

/// What to say where a ranking is not exact or not whole.
fn ranking_note<S>(r: &Ranking<S>) -> Option<String> {
    let mut said = Vec::new();
    let more = r.distinct.saturating_sub(r.top.len() as u64);
    if more > 0 {
        let at_least = if r.exact { "" } else { "at least " };
        let others = count(r.others, "entry", "entries");
        said.push(format!("and {at_least}{} more, with {others}", number(more)));
    }
    if !r.exact {
        let short = count(r.at_most_short, "entry", "entries");
        said.push(format!(
            "approximate: a count may be short of up to {short}, and is never too high"
        ));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// A bucket's bounds.
fn bounds(b: &Bucket) -> String {
    match b.below_ms {
        Some(below) => format!("{} – {}", duration(b.from_ms), duration(below)),
        None => format!("{} and more", duration(b.from_ms)),
    }
}

/// For people.
const fn verdict(state: VerdictState) -> &'static str {
    match state {
        VerdictState::Holds => "holds",
        VerdictState::Failed => "FAILED",
        VerdictState::NotChecked => "not checked",
    }
}

/// What a hold holds, in words.
fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Subjects(names) => names.join(", "),
        Scope::Days { from, through } => format!("{from} to {through}"),
        Scope::Label { label, value, through, .. } => format!("{label}={value} through {through}"),
    }
}

/// What the exit code means.
const fn result(exit_code: u8) -> &'static str {
    match exit_code {
        0 => "all that was asked was checked and holds, and no control fails",
        1 => "ALTERED",
        4 => "INCOMPLETE",
        5 => "ROLLED BACK OR DIVERGED",
        crate::report::CONTROL_FAILED => "A CONTROL FAILS",
        _ => "NOT PROVED: see what was not checked",
    }
}

/// What every report says of itself.
const LIMITS: [&str; 3] = [
    "A log shows what was recorded, that it is whole, and what it contradicts. It cannot show that a control is met: who recorded nothing left no trace.",
    "PASS: what the log can show of it, it shows. WARN: in part, or not at all, or it could not be read. FAIL: it contradicts it. N/A: nothing in these days that it applies to. NOT COVERED: no log could show it, or nobody looked.",
    "What a control asks is a summary in other words than the standard's. Each says where it comes from, and whether that was read.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (1_500, "1.5 s"),
            (60_000, "1 min"),
            (5_400_000, "1.5 h"),
            (86_400_000, "1 d"),
            (u64::MAX, "213,503,982,334.6 d"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn a_share_is_never_rounded_up() {
        assert_eq!(percent(154, 156), "98.7 %");
        assert_eq!(percent(9_999_999, 10_000_000), "99.9 %");
        assert_eq!(percent(5, 5), "100.0 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(u64::MAX, u64::MAX), "100.0 %");
    }

    #[test]
    fn nothing_in_a_text_is_obeyed() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
    }
}
