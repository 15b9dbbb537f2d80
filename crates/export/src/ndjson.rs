//! The stored bytes, a line each, with where they stand.

use std::io::Write;

use serde_json::to_writer;

use crate::{Entry, ExportError, Sink};

/// Writes `{"entry":…,"place":…}` lines, the entry's bytes exactly as they are stored.
///
/// Whoever takes `entry` out byte by byte, or reads it and writes it in the one encoding of
/// `docs/spec/entry.md`, has what the leaf covers.
#[derive(Debug)]
pub struct Ndjson<W> {
    out: W,
}

impl<W: Write> Ndjson<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for Ndjson<W> {
    fn push(&mut self, entry: &Entry<'_>) -> Result<(), ExportError> {
        self.out.write_all(b"{\"entry\":")?;
        self.out.write_all(entry.line)?;
        self.out.write_all(b",\"place\":")?;
        to_writer(&mut self.out, entry.place).map_err(std::io::Error::from)?;
        self.out.write_all(b"}\n")?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        Ok(())
    }
}
