//! Audit records that others wrote, as events: a line in, a draft out.
//!
//! [`Importer::map`] reads one record of one [`Format`] and gives an [`EventDraft`] with its typed
//! fields filled, what has no place there under `labels`, and the names of what was left out. Mapping
//! tables and decisions: `docs/import.md`.
//!
//! What their own chains and checksums say is checked on the way and never believed beyond that:
//! nobody needs a key to make one. A record that fails its check is mapped all the same, since it is
//! evidence; [`Check`] says where.
//!
//! # What it does not
//! No file, clock or store: callers bring lines and take drafts. Redaction is the producer's, as for
//! any event. Here only hashes that can be guessed, prompts and answers are kept out of labels.
//!
//! ```
//! use dayseal_import::{Format, Importer, Place};
//!
//! let mut importer = Importer::new(Format::Kaizen);
//! let line = br#"{"timestamp":"2026-11-20T10:00:00+00:00","agent_id":"qa","action":"tool_execute",
//!     "details":{"tool_name":"bash"},"result":"success"}"#;
//! let mapped = importer.map(line, Place::line("audit.jsonl", 1))?;
//! assert_eq!(mapped.draft.kind, "ai.tool.executed");
//! assert_eq!(mapped.draft.labels["import.line"], "1");
//! # Ok::<(), dayseal_import::MapError>(())
//! ```

mod check;
mod error;
mod fernet;
mod fields;
mod formats;
mod importer;
mod keys;
mod labels;
mod names;
mod python;
mod report;
mod split;
mod time;

pub use check::{Check, CheckKind, CheckState};
pub use error::MapError;
pub use fernet::{Fernet, FernetError};
pub use formats::Format;
pub use importer::{Importer, Mapped, Place};
pub use keys::SourceKeys;
pub use labels::LABELS;
pub use report::{FileReport, Interrupted};
pub use split::{MAX_RECORD, Splitter, Unit};

#[cfg(doc)]
use dayseal_format::event::EventDraft;
