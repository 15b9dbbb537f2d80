//! Events of the Open Cybersecurity Schema Framework.
//!
//! Pinned to [`VERSION`], the first with the profile `record_integrity`. Each type of event has one [`Class`];
//! the mapping takes field after field out of the event, and what is left goes to `unmapped`: nothing is lost.

mod activity;
mod class;
mod integrity;
mod map;

use std::io::Write;

use dayseal_format::Digest;

pub use activity::classify;
pub use class::Class;

use crate::{Entry, ExportError, Sink};

/// The schema's version: `metadata.version`.
pub const VERSION: &str = "1.9.0-dev";

/// Settings of the mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Gives the stored bytes as `raw_data`, with their salt: the leaf can then be computed from the row.
    pub raw: bool,
}

/// The entry before, for `prev_event`: of the same batch, one place earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its `metadata.uid`.
    pub uid: String,
    /// Its `type_uid`.
    pub type_uid: u32,
    /// Its leaf.
    pub leaf: Digest,
}

/// Turns entries into OCSF events, remembering the one before.
#[derive(Clone, Debug, Default)]
pub struct Mapper {
    options: Options,
    before: Option<(dayseal_format::BatchKey, u32, Previous)>,
}

impl Mapper {
    /// Nothing was mapped before.
    pub fn new(options: Options) -> Self {
        Self { options, before: None }
    }

    /// The entry before this one, if it was seen; and this one is the next one's.
    pub fn follow(&mut self, entry: &Entry<'_>) -> Option<Previous> {
        let (batch, index) = (entry.place.batch, entry.place.index);
        let (class, activity) = classify(entry.event.kind.as_str());
        let own = Previous {
            uid: entry.event.id.to_string(),
            type_uid: class.type_uid(activity),
            leaf: entry.place.leaf,
        };
        let before = self.before.replace((batch, index, own));
        before
            .filter(|(b, i, _)| *b == batch && index.checked_sub(1) == Some(*i))
            .map(|(_, _, p)| p)
    }

    /// The event of an entry.
    ///
    /// # Errors
    /// [`ExportError::Json`].
    pub fn event(
        &self,
        entry: &Entry<'_>,
        before: Option<&Previous>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, ExportError> {
        map::event(entry, before, self.options)
    }
}

/// Writes OCSF events as JSON, a line each.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    mapper: Mapper,
}

impl<W: Write> JsonLines<W> {
    /// Nothing is written yet.
    pub fn new(out: W, options: Options) -> Self {
        Self { out, mapper: Mapper::new(options) }
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn push(&mut self, entry: &Entry<'_>) -> Result<(), ExportError> {
        let before = self.mapper.follow(entry);
        let event = self.mapper.event(entry, before.as_ref())?;
        serde_json::to_writer(&mut self.out, &event).map_err(std::io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        Ok(())
    }
}
