//! Signed statements: what a named officer ordered or attested, as a C2SP signed note.
//!
//! The text is a line that says the kind, then `word value` lines in one order. A statement that was
//! read says who signed it; whether that was theirs to sign is the caller's policy to judge.
//! Normative: `docs/spec/statement.md`.

use std::fmt;
use std::str::FromStr;

use crate::note::{Note, NoteError};
use crate::{Origin, UnixMillis, VerifierKey};

/// Longest statement in bytes, its signatures included: escaped, it fits a leaf record.
pub const MAX_STATEMENT: usize = 16 * 1024;
/// Longest value in bytes: S3's longest object key.
pub const MAX_VALUE: usize = 1_024;
/// Longest word in bytes.
const MAX_WORD: usize = 32;
/// What every kind begins with.
const PREFIX: &str = "dayseal-";

/// What somebody stated about one log, signed or to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    kind: String,
    origin: Origin,
    time: UnixMillis,
    lines: Vec<(String, String)>,
}

/// A statement under a signature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What is stated.
    pub statement: Statement,
    /// The known keys that signed it, in the order of the signatures; at least one.
    pub signers: Vec<VerifierKey>,
}

/// A statement that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The note around it: its form, or its signatures.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not a statement, or not one of its kind.
    #[error("statement line {line}: {reason}")]
    Malformed {
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Longer than any statement.
    #[error("statement of {found} bytes: expected at most {MAX_STATEMENT}")]
    TooLong {
        /// Length found.
        found: usize,
    },
    /// Of a version this program does not know.
    #[error("statement {kind} of version {found}: expected version 1; a newer dayseal may read it")]
    Version {
        /// Its kind.
        kind: String,
        /// The version found.
        found: u32,
    },
    /// A statement of another kind.
    #[error("expected a statement {expected}, found {found}")]
    Kind {
        /// The kind asked for.
        expected: String,
        /// The kind found.
        found: String,
    },
    /// A statement about another log.
    #[error("statement about another log: expected origin {expected}, found {found}")]
    Origin {
        /// The log asked for.
        expected: Origin,
        /// The log that it speaks of.
        found: Origin,
    },
}

impl Statement {
    /// A statement of `kind` (such as `dayseal-removal`) about the log `origin`, signed at `time` by
    /// the signer's clock. Its own lines follow by [`Statement::with`].
    pub fn new(kind: &str, origin: Origin, time: UnixMillis) -> Self {
        Self { kind: kind.to_owned(), origin, time, lines: Vec::new() }
    }

    /// With one more line. The order is part of the statement.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] for a word or a value that a statement cannot hold: empty, too
    /// long, with a line break or another character that hides or turns text.
    pub fn with(mut self, word: &str, value: impl fmt::Display) -> Result<Self, StatementError> {
        let value = value.to_string();
        check_line(word, &value)
            .map_err(|reason| StatementError::Malformed { line: self.lines.len() + 4, reason })?;
        self.lines.push((word.to_owned(), value));
        Ok(self)
    }

    /// What it states, such as `dayseal-removal`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The log that it speaks of.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// When it was signed: the signer's own word.
    pub fn time(&self) -> UnixMillis {
        self.time
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!("{} v1\norigin {}\ntime {}\n", self.kind, self.origin, self.time);
        for (word, value) in &self.lines {
            text.push_str(&format!("{word} {value}\n"));
        }
        text
    }

    /// Reads a statement's text. Says nothing about who signed it.
    ///
    /// # Errors
    /// [`StatementError`], by what is wrong.
    pub fn parse_text(text: &str) -> Result<Self, StatementError> {
        if text.len() > MAX_STATEMENT {
            return Err(StatementError::TooLong { found: text.len() });
        }
        let bad = |line, reason: &str| StatementError::Malformed { line, reason: reason.into() };
        let Some(body) = text.strip_suffix('\n') else {
            return Err(bad(text.lines().count(), "no newline at the end"));
        };
        let mut lines = body.split('\n').zip(1..);
        let first = lines.next().and_then(|(line, _)| line.split_once(" v"));
        let (kind, version) = first
            .filter(|(kind, _)| kind.strip_prefix(PREFIX).is_some_and(is_word))
            .ok_or_else(|| bad(1, "expected `dayseal-<kind> v1`"))?;
        match version.parse::<u32>().ok().filter(|v| v.to_string() == version) {
            Some(1) => {}
            Some(found) => return Err(StatementError::Version { kind: kind.to_owned(), found }),
            None => return Err(bad(1, "the version is not a number")),
        }
        let mut words = Vec::new();
        for (line, at) in lines {
            let (word, value) =
                line.split_once(' ').ok_or_else(|| bad(at, "expected `word value`"))?;
            check_line(word, value)
                .map_err(|reason| StatementError::Malformed { line: at, reason })?;
            words.push((word.to_owned(), value.to_owned()));
        }
        let mut lines = Lines { rest: &words, at: 2 };
        let (origin, time) = (lines.one("origin")?, lines.one("time")?);
        let lines = lines.rest.to_vec();
        Ok(Self { kind: kind.to_owned(), origin, time, lines })
    }

    /// Opens a signed statement of `kind` about the log `origin`: the note, a signature by a known
    /// key and none by a known key that fails, and only then the text.
    ///
    /// # Errors
    /// [`StatementError`], by what is wrong.
    pub fn open(
        note: &[u8],
        kind: &str,
        origin: &Origin,
        known: &[VerifierKey],
    ) -> Result<Signed, StatementError> {
        if note.len() > MAX_STATEMENT {
            return Err(StatementError::TooLong { found: note.len() });
        }
        let note = Note::parse(note)?;
        let (text, signers) = note.verify_by(known)?;
        let statement = Self::parse_text(text)?.of(kind, origin)?;
        Ok(Signed { statement, signers: signers.into_iter().cloned().collect() })
    }

    /// Reads a statement of `kind` about the log `origin` and verifies no signature: for who does not
    /// decide by it.
    ///
    /// # Errors
    /// [`StatementError`], by what is wrong.
    pub fn unverified(note: &[u8], kind: &str, origin: &Origin) -> Result<Self, StatementError> {
        if note.len() > MAX_STATEMENT {
            return Err(StatementError::TooLong { found: note.len() });
        }
        Self::parse_text(Note::parse(note)?.unverified_text())?.of(kind, origin)
    }

    fn of(self, kind: &str, origin: &Origin) -> Result<Self, StatementError> {
        if self.kind != kind {
            let (expected, found) = (kind.to_owned(), self.kind);
            return Err(StatementError::Kind { expected, found });
        }
        if self.origin != *origin {
            let (expected, found) = (origin.clone(), self.origin);
            return Err(StatementError::Origin { expected, found });
        }
        Ok(self)
    }

    /// Its own lines, to be read in their order.
    pub fn lines(&self) -> Lines<'_> {
        Lines { rest: &self.lines, at: 4 }
    }
}

/// A statement's lines, read one after the other: each word at its place, and nothing left at the
/// end, is what makes the encoding one.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [(String, String)],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The value of the next line, which must be of this word.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] if the line is of another word, or its value is none.
    pub fn one<T: FromStr<Err: fmt::Display>>(&mut self, word: &str) -> Result<T, StatementError> {
        match self.maybe(word)? {
            Some(value) => Ok(value),
            None => {
                let found = self.rest.first().map_or("the end", |(found, _)| found.as_str());
                Err(self.bad(format!("expected `{word}`, found `{found}`")))
            }
        }
    }

    /// The value of the next line if it is of this word.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] if its value is none.
    pub fn maybe<T: FromStr<Err: fmt::Display>>(
        &mut self,
        word: &str,
    ) -> Result<Option<T>, StatementError> {
        let Some(((found, value), rest)) = self.rest.split_first() else { return Ok(None) };
        if found != word {
            return Ok(None);
        }
        let value = value.parse().map_err(|e| self.bad(format!("{word}: {e}")))?;
        (self.rest, self.at) = (rest, self.at + 1);
        Ok(Some(value))
    }

    /// The values of all the next lines of this word; none of them is fine.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] if a value is none.
    pub fn all<T: FromStr<Err: fmt::Display>>(
        &mut self,
        word: &str,
    ) -> Result<Vec<T>, StatementError> {
        let mut values = Vec::new();
        while let Some(value) = self.maybe(word)? {
            values.push(value);
        }
        Ok(values)
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] if a line is.
    pub fn end(self) -> Result<(), StatementError> {
        match self.rest.first() {
            None => Ok(()),
            Some((word, _)) => Err(self.bad(format!("`{word}` has no place here"))),
        }
    }

    /// The line last looked at is wrong in this way.
    pub fn bad(&self, reason: String) -> StatementError {
        StatementError::Malformed { line: self.at, reason }
    }
}

fn is_word(word: &str) -> bool {
    word.len() <= MAX_WORD
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

fn check_line(word: &str, value: &str) -> Result<(), String> {
    if !is_word(word) {
        return Err("a word has 1 to 32 of a-z and -, a letter first".into());
    }
    if value.is_empty() || value.len() > MAX_VALUE {
        return Err(format!(
            "the value of `{word}` has {} bytes: expected 1 to 1,024",
            value.len()
        ));
    }
    if value.starts_with(' ') || value.ends_with(' ') {
        return Err(format!("the value of `{word}` begins or ends with a space"));
    }
    if value.chars().any(hides) {
        let what = "a control character, a line separator or one that turns the direction of text";
        return Err(format!("the value of `{word}` has {what}"));
    }
    Ok(())
}

/// Whether a character could make a person read something else than what is signed.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Statement {
        let time = "2026-11-20T10:00:00.000Z".parse().unwrap();
        Statement::new("dayseal-test", "audit.example.com/a".parse().unwrap(), time)
            .with("key", "k1")
            .and_then(|s| s.with("key", "k2"))
            .and_then(|s| s.with("reason", "order 7, \u{e9}"))
            .unwrap()
    }

    #[test]
    fn lines_are_read_in_their_order() {
        let text = order().text();
        let read = Statement::parse_text(&text).unwrap();
        assert_eq!((&read, read.text()), (&order(), text));
        let mut lines = read.lines();
        assert_eq!(lines.maybe::<String>("reason").unwrap(), None);
        assert_eq!(lines.all::<String>("key").unwrap(), ["k1", "k2"]);
        let says = |e: StatementError| e.to_string();
        assert_eq!(
            says(lines.clone().one::<String>("until").unwrap_err()),
            "statement line 6: expected `until`, found `reason`"
        );
        assert!(says(lines.clone().end().unwrap_err()).contains("no place"));
        assert!(
            says(lines.clone().one::<u32>("reason").unwrap_err())
                .starts_with("statement line 6: reason: ")
        );
        assert_eq!(lines.one::<String>("reason").unwrap(), "order 7, \u{e9}");
        assert!(says(lines.clone().one::<u32>("x").unwrap_err()).contains("the end"));
        lines.end().unwrap();
    }

    #[test]
    fn what_a_statement_cannot_hold_is_refused_when_it_is_written() {
        for (word, value) in [
            ("", "x"),
            ("Key", "x"),
            ("-key", "x"),
            ("key", ""),
            ("key", " x"),
            ("key", "x "),
            ("key", "a\nb"),
            ("key", "a\u{202e}b"),
            ("key", "a\u{7f}"),
        ] {
            assert!(order().with(word, value).is_err(), "{word:?} {value:?}");
        }
        assert!(order().with("key", "x".repeat(MAX_VALUE)).is_ok());
        assert!(order().with("key", "x".repeat(MAX_VALUE + 1)).is_err());
    }
}
