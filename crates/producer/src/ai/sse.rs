//! Server-sent events (WHATWG HTML, section 9.2.6), read as they come and in bounded memory.

/// Reads events from any cut of a stream.
#[derive(Debug)]
pub(super) struct Sse {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    /// The event under way has a `data` line.
    some: bool,
    /// A carriage return ended the last line: a line feed right after it is its other half.
    half: bool,
    /// The event under way is larger than `limit`, and left out.
    over: bool,
    limit: usize,
    /// Events left out.
    pub(super) skipped: u64,
}

impl Sse {
    /// Events of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        let (line, name, data) = (Vec::new(), Vec::new(), Vec::new());
        Self { line, name, data, some: false, half: false, over: false, limit, skipped: 0 }
    }

    /// Hands every event that `chunk` completes to `event`: its name, empty if it has none, and its data.
    pub(super) fn push(&mut self, mut chunk: &[u8], mut event: impl FnMut(&[u8], &[u8])) {
        while !chunk.is_empty() {
            if std::mem::take(&mut self.half) && chunk[0] == b'\n' {
                chunk = &chunk[1..];
                continue;
            }
            let end = chunk.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if self.line.len() + self.data.len() + part.len() > self.limit {
                self.over = true;
                self.line.clear();
                self.data.clear();
                // Not empty, so that its end is not taken for the end of the event.
                self.line.push(b':');
            } else {
                self.line.extend_from_slice(part);
            }
            let Some(end) = end else { return };
            self.half = chunk[end] == b'\r';
            chunk = &chunk[end + 1..];
            self.end_of_line(&mut event);
        }
    }

    /// The stream ended. A last event without its blank line counts: servers leave it out.
    pub(super) fn end(&mut self, mut event: impl FnMut(&[u8], &[u8])) {
        if !self.line.is_empty() {
            self.end_of_line(&mut event);
        }
        self.end_of_line(&mut event);
    }

    fn end_of_line(&mut self, event: &mut impl FnMut(&[u8], &[u8])) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            if std::mem::take(&mut self.over) {
                self.skipped += 1;
            } else if self.some {
                // The last line feed is not part of the data.
                event(&self.name, &self.data[..self.data.len() - 1]);
            }
            self.some = false;
            self.name.clear();
            self.data.clear();
            return;
        }
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            // A byte order mark may begin the stream.
            b"data" | b"\xef\xbb\xbfdata" if !self.over => {
                self.some = true;
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" | b"\xef\xbb\xbfevent" => self.name = value.to_vec(),
            _ => {}
        }
        self.line = line;
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]], limit: usize) -> (Vec<(String, String)>, u64) {
        let (mut sse, mut out) = (Sse::new(limit), Vec::new());
        let mut take = |name: &[u8], data: &[u8]| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            out.push((text(name), text(data)));
        };
        for chunk in chunks {
            sse.push(chunk, &mut take);
        }
        sse.end(&mut take);
        (out, sse.skipped)
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(n, d)| ((*n).to_owned(), (*d).to_owned())).collect()
    }

    #[test]
    fn every_spelling_of_a_line_end() {
        let expected = pairs(&[("a", "1"), ("", "2\n3")]);
        for end in ["\n", "\r", "\r\n"] {
            let text =
                "\u{feff}event: a|data: 1||: comment|data:2|data: 3|id: 7||".replace('|', end);
            assert_eq!(read(&[text.as_bytes()], 100).0, expected, "{end:?}");
        }
    }

    #[test]
    fn an_event_without_its_blank_line_counts_at_the_end() {
        assert_eq!(read(&[b"data: [DONE]"], 100).0, pairs(&[("", "[DONE]")]));
        assert_eq!(read(&[b"data: [DONE]\n"], 100).0, pairs(&[("", "[DONE]")]));
        assert_eq!(read(&[b"event: x\n\n: c\n\n"], 100).0, vec![]);
    }

    #[test]
    fn an_event_too_large_is_left_out_and_the_next_is_not() {
        let big = format!("event: b\ndata: {}\ndata: x\n\ndata: y\n\n", "z".repeat(200));
        assert_eq!(read(&[big.as_bytes()], 100), (pairs(&[("", "y")]), 1));
        let many = format!("{}\n\ndata: y\n\n", "data: 0123456789\n".repeat(20));
        assert_eq!(read(&[many.as_bytes()], 100), (pairs(&[("", "y")]), 1));
    }

    #[test]
    fn memory_is_bounded() {
        let mut sse = Sse::new(1_000);
        for _ in 0..10_000 {
            sse.push(b"data: never an end", |_, _| panic!("no event ends"));
            assert!(sse.line.capacity() + sse.data.capacity() < 4_000);
        }
    }

    proptest! {
        #[test]
        fn any_split_reads_the_same(
            text in "(event: [a-c]{0,3}|data: ?[a-z]{0,8}|data|: x|[\n\r]|\r\n|\n\n){0,40}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let bytes = text.as_bytes();
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let chunks: Vec<_> = at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(read(&chunks, 40), read(&[bytes], 40));
        }
    }
}
