//! Why an event was refused.

/// Why an event was refused, with the path of the field, such as `ai.usage.input`.
///
/// A message holds names, numbers and what was expected. It never holds the text of a wrongly typed
/// or too long field, which may be a prompt or a secret; a misspelt name or time is shown, shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The bytes are not one JSON text.
    #[error("not JSON at byte {at}: {detail}")]
    Syntax {
        /// Offset of the first byte that could not be read.
        at: usize,
        /// What the JSON parser expected there.
        detail: String,
    },
    /// A field that the schema does not have.
    #[error("unknown field `{path}`: expected {expected}")]
    UnknownField {
        /// Full path of the field.
        path: String,
        /// The fields that may stand there.
        expected: String,
    },
    /// An object or map names one key twice.
    #[error("duplicate key `{path}`")]
    DuplicateKey {
        /// Full path of the key.
        path: String,
    },
    /// A required field is absent.
    #[error("missing field `{path}`")]
    Missing {
        /// Full path of the field.
        path: String,
    },
    /// A JSON type that the field does not take. Floats are refused here, everywhere.
    #[error("wrong type at `{path}`: expected {expected}, found {found}")]
    WrongType {
        /// Full path of the field.
        path: String,
        /// What the field takes.
        expected: String,
        /// The JSON type found, without its value.
        found: String,
    },
    /// The right type, but not a value the field takes.
    #[error("invalid value at `{path}`: {detail}")]
    InvalidValue {
        /// Full path of the field.
        path: String,
        /// What the field takes.
        detail: String,
    },
    /// A field, list or object is present but empty. Absent is the only way to say nothing.
    #[error("empty value at `{path}`: leave the field out")]
    Empty {
        /// Full path of the field.
        path: String,
    },
    /// A text, list, map or number above its limit.
    #[error("limit passed at `{path}`: limit={limit} found={found} unit={unit}")]
    Limit {
        /// Full path of the field; empty for the whole event.
        path: String,
        /// The largest value allowed.
        limit: u64,
        /// The value found.
        found: u64,
        /// What is counted: `bytes`, `items`, `pairs` or `units` (the field's own).
        unit: &'static str,
    },
    /// A character that identifiers and names do not take.
    #[error("forbidden character at `{path}`: U+{character:04X} at byte {at}")]
    Character {
        /// Full path of the field.
        path: String,
        /// Byte offset within the field.
        at: usize,
        /// The character's code point.
        character: u32,
    },
    /// An event of a version this code does not read.
    #[error("unsupported event version: expected={expected} found={found}")]
    Version {
        /// The version this code reads.
        expected: u64,
        /// The version found.
        found: u64,
    },
    /// Two fields that contradict each other.
    #[error("contradiction at `{path}`: {rule}")]
    Contradiction {
        /// Path of the field that breaks the rule.
        path: String,
        /// The rule.
        rule: &'static str,
    },
    /// A type under `log.`, which only dayseal itself writes.
    #[error("reserved type at `type`: the prefix `log.` belongs to dayseal")]
    ReservedType,
    /// The bytes mean an event but are not its one encoding.
    #[error("not the one encoding of the event: bytes differ at byte {at}")]
    NotCanonical {
        /// Offset of the first byte that differs from the one encoding.
        at: usize,
    },
}

impl EventError {
    /// A stable name for tests, metrics and other languages' readers; see `docs/spec/entry.md`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "syntax",
            Self::UnknownField { .. } => "unknown_field",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::Missing { .. } => "missing",
            Self::WrongType { .. } => "wrong_type",
            Self::InvalidValue { .. } => "invalid_value",
            Self::Empty { .. } => "empty",
            Self::Limit { .. } => "limit",
            Self::Character { .. } => "character",
            Self::Version { .. } => "version",
            Self::Contradiction { .. } => "contradiction",
            Self::ReservedType => "reserved_type",
            Self::NotCanonical { .. } => "not_canonical",
        }
    }

    /// The path of the field at fault; empty when the whole event is.
    pub fn path(&self) -> &str {
        match self {
            Self::UnknownField { path, .. }
            | Self::DuplicateKey { path }
            | Self::Missing { path }
            | Self::WrongType { path, .. }
            | Self::InvalidValue { path, .. }
            | Self::Empty { path }
            | Self::Limit { path, .. }
            | Self::Character { path, .. }
            | Self::Contradiction { path, .. } => path,
            Self::Version { .. } => "v",
            Self::ReservedType => "type",
            Self::Syntax { .. } | Self::NotCanonical { .. } => "",
        }
    }
}
