//! Why a record was not mapped.

use dayseal_format::event::EventError;

/// A record that is none of its format, or makes no event. Holds names and expectations, no values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The record is not a JSON object.
    #[error("not a JSON object, as far as line {line} column {column} of the record")]
    NotJson {
        /// Line within the record, from 1.
        line: usize,
        /// Column there, in bytes from 1.
        column: usize,
    },
    /// A field that this format always has.
    #[error("missing field `{field}`: is this a record of {format}?")]
    Missing {
        /// Its path.
        field: &'static str,
        /// The format.
        format: &'static str,
    },
    /// A field that cannot be used, and without which there is no event.
    #[error("invalid value at `{field}`: expected {expected}")]
    Invalid {
        /// Its path.
        field: &'static str,
        /// What it should have been.
        expected: &'static str,
    },
    /// An encrypted field that the key does not open.
    #[error("`{field}` does not open under the Fernet key: another key, or altered")]
    Sealed {
        /// Its path.
        field: &'static str,
    },
    /// The event breaks a rule of the schema.
    #[error(transparent)]
    Event(#[from] EventError),
}
