//! Printing for people. Numbers are grouped, control characters never reach the terminal.

use std::io::{ErrorKind, Write as _};

/// Writes to standard output; false once nobody reads it any more. `| head` closing the pipe is no
/// failure of ours, and must not hide one: the exit code stays that of the work.
pub(crate) fn write(bytes: &[u8]) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(anyhow::Error::from(e).context("cannot write to standard output")),
    }
}

/// Prints a line to standard output, if anybody reads it.
pub(crate) fn line(text: impl AsRef<str>) -> anyhow::Result<()> {
    write(format!("{}\n", text.as_ref()).as_bytes()).map(drop)
}

/// Prints to standard error, without control characters. Nobody reading it stops no work.
pub(crate) fn tell(text: &str) {
    let lines: Vec<_> = text.lines().map(clean).collect();
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

/// Prints one JSON document.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// `1234567` as `1,234,567`.
pub(crate) fn number(n: u64) -> String {
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

/// Bytes with a unit.
pub(crate) fn bytes(n: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.iter().find(|(_, size)| n >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", n as f64 / *size as f64),
        None => format!("{n} bytes"),
    }
}

/// `3 entries`, `1 entry`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// Text from a stranger, safe to print.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        assert_eq!(clean("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }
}
