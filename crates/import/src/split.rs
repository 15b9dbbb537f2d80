//! Bytes into records: a record a line, or the records of CloudTrail's `{"Records":[…]}` files.
//!
//! Incremental and bounded: a record longer than [`MAX_RECORD`] is counted and thrown away. A line that is
//! cut off spoils itself and not the next; inside `Records` there are no lines to hold on to, so what is
//! broken there ends the document.

/// Longest record, in bytes: several times the longest event, whatever its white space.
pub const MAX_RECORD: usize = 1024 * 1024;

/// What opens a document of records, white space apart.
const OPENING: &[u8] = b"{\"Records\":[";
/// White space is skipped before these of its bytes: not inside the name.
const OPEN_TO_SPACE: [usize; 4] = [0, 1, 10, 11];

/// What [`Splitter::feed`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole record, in [`Splitter::record`]. It may be empty: a blank line.
    Record {
        /// Its line, from 1.
        line: u64,
        /// Its place among the records of its document, from 1; `None` for a record a line.
        nth: Option<u64>,
        /// Longer than the limit, and thrown away.
        too_long: bool,
    },
    /// The document of records is none from here on; the rest of its line is skipped.
    Broken {
        /// The line, from 1.
        line: u64,
        /// Records before.
        records: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a line, with so many bytes of [`OPENING`] seen.
    Start(usize),
    /// In a line that is a record.
    Line,
    /// In a document, where a record may begin or the list may end; whether a comma must come first.
    Between { comma: bool },
    /// In a record of a document.
    Record { depth: u32, text: bool, escaped: bool },
    /// Behind the list: its document ends with `}`.
    Tail,
    /// Behind the document: the next line or document.
    After,
    /// To the end of the line.
    Skip,
}

/// Splits what it is fed. Feed it until the input ends, then [`Splitter::finish`].
#[derive(Debug)]
pub struct Splitter {
    documents: bool,
    state: State,
    record: Vec<u8>,
    limit: usize,
    too_long: bool,
    /// The record was handed out, and goes with the next byte.
    given: bool,
    /// Lines ended so far.
    lines: u64,
    /// Line on which the record or document began.
    began: u64,
    nth: u64,
}

impl Splitter {
    /// With `documents`, lines that begin as `{"Records":[` are taken apart.
    pub fn new(documents: bool) -> Self {
        Self {
            documents,
            state: State::Start(0),
            record: Vec::new(),
            limit: MAX_RECORD,
            too_long: false,
            given: false,
            lines: 0,
            began: 1,
            nth: 0,
        }
    }

    /// The same with another longest record, in bytes, than [`MAX_RECORD`].
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The record found last.
    pub fn record(&self) -> &[u8] {
        &self.record
    }

    /// Takes bytes until a unit is complete: how many, and the unit, if there is one. Call again with
    /// the rest.
    pub fn feed(&mut self, bytes: &[u8]) -> (usize, Option<Unit>) {
        let mut at = 0;
        while at < bytes.len() {
            if std::mem::take(&mut self.given) {
                self.clear();
            }
            if self.state == State::Line {
                let end = memchr::memchr(b'\n', &bytes[at..]);
                let take = end.unwrap_or(bytes.len() - at);
                self.keep(&bytes[at..at + take]);
                at += take;
                if end.is_none() {
                    break;
                }
            }
            let byte = bytes[at];
            at += 1;
            let unit = self.byte(byte);
            self.lines += u64::from(byte == b'\n');
            if unit.is_some() {
                return (at, unit);
            }
        }
        (at, None)
    }

    /// The last unit, if the input ended in the middle of one.
    pub fn finish(&mut self) -> Option<Unit> {
        match self.state {
            State::Start(_) if self.record.is_empty() || self.given => None,
            State::Start(_) | State::Line => Some(self.whole()),
            State::After | State::Skip => None,
            State::Between { .. } | State::Record { .. } | State::Tail => Some(self.broken()),
        }
    }

    fn byte(&mut self, byte: u8) -> Option<Unit> {
        match self.state {
            State::Start(seen) => self.start(seen, byte),
            // Only ever at the end of a line: `feed` took the rest.
            State::Line => Some(self.whole()),
            State::Between { comma } => match byte {
                _ if byte.is_ascii_whitespace() => None,
                b',' if comma => {
                    self.state = State::Between { comma: false };
                    None
                }
                // A comma before the end is nobody's but is clear enough.
                b']' => {
                    self.state = State::Tail;
                    None
                }
                b'{' if !comma => {
                    self.clear();
                    self.keep(b"{");
                    self.state = State::Record { depth: 1, text: false, escaped: false };
                    None
                }
                _ => Some(self.break_off(byte)),
            },
            State::Record { depth, text, escaped } => self.inside(byte, depth, text, escaped),
            State::Tail if byte.is_ascii_whitespace() => None,
            State::Tail if byte == b'}' => {
                self.clear();
                self.state = State::After;
                None
            }
            State::Tail => Some(self.break_off(byte)),
            State::After if byte.is_ascii_whitespace() => {
                self.next_line(byte);
                None
            }
            State::After => {
                self.state = State::Start(0);
                self.start(0, byte)
            }
            State::Skip => {
                self.next_line(byte);
                None
            }
        }
    }

    fn start(&mut self, seen: usize, byte: u8) -> Option<Unit> {
        if self.record.is_empty() {
            self.began = self.lines + 1;
        }
        // A brace alone on its line is no record, and how a document is printed for people.
        if byte == b'\n' && seen != 1 {
            return Some(self.whole());
        }
        let space = byte.is_ascii_whitespace() && OPEN_TO_SPACE.contains(&seen);
        let opening = OPENING.get(seen) == Some(&byte);
        self.keep(&[byte]);
        if !self.documents || !(space || opening) {
            self.state = State::Line;
        } else if opening {
            self.state = State::Start(seen + 1);
        }
        if self.state == State::Start(OPENING.len()) {
            self.nth = 0;
            self.clear();
            self.state = State::Between { comma: false };
        }
        None
    }

    fn inside(&mut self, byte: u8, depth: u32, text: bool, escaped: bool) -> Option<Unit> {
        self.keep(&[byte]);
        let (depth, text, escaped) = match byte {
            _ if escaped => (depth, text, false),
            b'\\' if text => (depth, text, true),
            b'"' => (depth, !text, false),
            b'{' | b'[' if !text => (depth.saturating_add(1), text, false),
            b'}' | b']' if !text => (depth.saturating_sub(1), text, false),
            _ => (depth, text, false),
        };
        self.state = State::Record { depth, text, escaped };
        if depth > 0 {
            return None;
        }
        self.nth += 1;
        self.state = State::Between { comma: true };
        Some(self.give(Some(self.nth)))
    }

    fn next_line(&mut self, byte: u8) {
        if byte == b'\n' {
            self.clear();
            self.state = State::Start(0);
        }
    }

    fn whole(&mut self) -> Unit {
        self.state = State::Start(0);
        self.give(None)
    }

    fn give(&mut self, nth: Option<u64>) -> Unit {
        self.given = true;
        Unit::Record { line: self.began, nth, too_long: self.too_long }
    }

    fn break_off(&mut self, byte: u8) -> Unit {
        let unit = self.broken();
        self.state = State::Skip;
        self.next_line(byte);
        unit
    }

    fn broken(&mut self) -> Unit {
        let unit = Unit::Broken { line: self.began, records: self.nth };
        self.clear();
        self.state = State::Skip;
        unit
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.limit - self.record.len();
        self.too_long |= bytes.len() > room;
        self.record.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }

    fn clear(&mut self) {
        self.record.clear();
        self.too_long = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every unit, fed in pieces of at most `step` bytes.
    fn units(documents: bool, input: &[u8], step: usize) -> Vec<(String, Unit)> {
        let (mut splitter, mut found) = (Splitter::new(documents), Vec::new());
        for piece in input.chunks(step) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (taken, unit) = splitter.feed(rest);
                assert!(taken > 0);
                rest = &rest[taken..];
                let text = || String::from_utf8_lossy(splitter.record()).into_owned();
                found.extend(unit.map(|unit| (text(), unit)));
            }
        }
        let last = splitter.finish();
        found.extend(
            last.map(|unit| (String::from_utf8_lossy(splitter.record()).into_owned(), unit)),
        );
        found
    }

    fn texts(documents: bool, input: &str) -> Vec<String> {
        let whole = units(documents, input.as_bytes(), usize::MAX);
        assert_eq!(units(documents, input.as_bytes(), 1), whole, "{input}");
        let show = |(text, unit): (String, Unit)| match unit {
            Unit::Record { line, nth: None, .. } => format!("{line}: {}", text.trim()),
            Unit::Record { line, nth: Some(n), .. } => format!("{line}/{n}: {text}"),
            Unit::Broken { line, records } => format!("{line} broken after {records}"),
        };
        whole.into_iter().map(show).collect()
    }

    #[test]
    fn lines() {
        assert_eq!(texts(false, "a\n\nb\r\n{"), ["1: a", "2: ", "3: b", "4: {"]);
        assert_eq!(texts(true, "a\n\n {\"R\":1}\nb"), ["1: a", "2: ", "3: {\"R\":1}", "4: b"]);
        assert!(texts(true, "").is_empty());
        assert_eq!(texts(false, r#"{"Records":[{},{}]}"#), [r#"1: {"Records":[{},{}]}"#]);
        // What is cut off spoils its own line only.
        assert_eq!(texts(true, "{\"Rec\n{\"a\":1}\n"), ["1: {\"Rec", "2: {\"a\":1}"]);
    }

    #[test]
    fn documents() {
        let one = r#"{"Records":[{"a":"]}\"{"},{"b":[{}]}]}"#;
        assert_eq!(texts(true, one), [r#"1/1: {"a":"]}\"{"}"#, r#"1/2: {"b":[{}]}"#]);
        let mixed = format!("{one}{one}\n{{\"c\":1}}\n{one}\n");
        assert_eq!(texts(true, &mixed).len(), 7);
        assert_eq!(texts(true, &mixed)[4], "2: {\"c\":1}");
        assert_eq!(
            texts(true, "{\n \"Records\" : [ {\"a\":1} ,\n {\"b\":2} ]\n}\n"),
            ["1/1: {\"a\":1}", "1/2: {\"b\":2}"]
        );
        assert!(texts(true, r#"{"Records":[]}"#).is_empty());
    }

    #[test]
    fn broken_documents() {
        assert_eq!(texts(true, "{\"Records\":[{},{\"a\":"), ["1/1: {}", "1 broken after 1"]);
        assert_eq!(texts(true, "{\"Records\":[{}"), ["1/1: {}", "1 broken after 1"]);
        assert_eq!(texts(true, "{\"Records\":[{}]"), ["1/1: {}", "1 broken after 1"]);
        assert_eq!(texts(true, "{\"Records\":[1]}\n{}"), ["1 broken after 0", "2: {}"]);
        assert_eq!(
            texts(true, "{\"Records\":[{} {}]}\n{}"),
            ["1/1: {}", "1 broken after 1", "2: {}"]
        );
        assert_eq!(
            texts(true, "{\"Records\":[{}],\"x\":1}\n{}"),
            ["1/1: {}", "1 broken after 1", "2: {}"]
        );
    }

    #[test]
    fn long_records_are_thrown_away_and_the_next_one_kept() {
        let long = "x".repeat(MAX_RECORD + 1);
        for input in [format!("{long}\nb"), format!("{{\"Records\":[{{\"{long}\":1}},{{}}]}}")] {
            let found = units(true, input.as_bytes(), 100_000);
            assert!(matches!(found[0].1, Unit::Record { too_long: true, .. }));
            assert_eq!(found[0].0.len(), MAX_RECORD);
            assert!(matches!(found[1].1, Unit::Record { too_long: false, .. }));
            assert_eq!(found.len(), 2);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(input in r#"([{}\[\]",:\\ \n]|a|\{"Records":\[|é){0,60}"#, step in 1usize..9) {
            let whole = units(true, input.as_bytes(), usize::MAX);
            prop_assert_eq!(units(true, input.as_bytes(), step), whole);
        }
    }
}
