//! Entries of a dayseal log in the formats that others read: OCSF events as JSON or Parquet, CSV,
//! OpenTelemetry log records, and the stored bytes with the place where each stands.
//!
//! A [`Sink`] takes [`Entry`] after [`Entry`] and writes to an [`io::Write`], in flat memory; Parquet, behind
//! feature `parquet`, writes many files below one directory. Mapping tables, layouts, pinned versions and
//! limits: `docs/export.md`.
//!
//! # What it does not
//! Read a log, choose entries, or make files whole at once: the caller's. Nothing is left out on the way:
//! what a format has no place for goes into its free part (`unmapped`, attributes), by construction.
//!
//! # Features
//!
//! | feature | what |
//! | --- | --- |
//! | `parquet` | [`parquet`](https://parquet.apache.org) files, through arrow-rs |

mod csv;
mod entry;
mod error;
mod flat;
mod ndjson;
pub mod ocsf;
mod otel;
#[cfg(feature = "parquet")]
pub mod parquet;

pub use crate::csv::{Csv, guard, unguard};
pub use entry::{Entry, Place, Seal, Tree};
pub use error::ExportError;
pub use ndjson::Ndjson;
pub use otel::{GENAI_SCHEMA_URL, Otel, SCHEMA_URL};

#[cfg(doc)]
use std::io;

/// Takes entries one by one and writes them in one format.
pub trait Sink {
    /// Takes an entry.
    ///
    /// # Errors
    /// [`ExportError`]: what was written until then is no whole export.
    fn push(&mut self, entry: &Entry<'_>) -> Result<(), ExportError>;

    /// Writes what is still held. Without it the export is not whole.
    ///
    /// # Errors
    /// As [`Sink::push`].
    fn finish(&mut self) -> Result<(), ExportError>;
}
