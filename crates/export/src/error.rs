//! What can go wrong.

use std::io;
use std::path::PathBuf;

/// An export that did not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output.
    #[error("cannot write the export")]
    Write(#[from] io::Error),
    /// A file of an export that has many.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An event that does not become JSON, which the format excludes.
    #[error("an entry cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The column writer.
    #[cfg(feature = "parquet")]
    #[error("cannot write columns")]
    Columns(#[from] arrow_schema::ArrowError),
    /// The file writer.
    #[cfg(feature = "parquet")]
    #[error("cannot write Parquet")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// A name that a partition's directory cannot have.
    #[error("`{what}`: expected 1 to 64 of A-Z a-z 0-9 _ - . and no dot at the start")]
    Name {
        /// Which of the settings.
        what: &'static str,
    },
}
