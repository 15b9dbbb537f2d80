//! The rights of a data subject: a copy of what is there, and erasure of what may be erased.
//!
//! | part | what |
//! | --- | --- |
//! | [`Names`] | the names that a log has for one person |
//! | [`export()`] | everything about them, for machines and for people |
//! | [`Eraser`] | replaces their content frames by stubs; safe to stop and to run again at any step |
//! | [`Recorder`] | records the order and its end in the log |
//! | [`jobs`] | the erasures of a log, open and done |
//! | [`Certificate`] | what an officer signs about a completed erasure |
//!
//! Erasing needs the right to list, read and replace content, to write in the state root and to
//! record; no key that opens anything. Normative: `docs/spec/erasure.md`.

mod certificate;
mod erase;
mod error;
mod export;
mod html;
mod job;
mod names;
mod record;
mod replace;
pub(crate) mod scan;

pub use certificate::Certificate;
pub use erase::{DerivedIndex, Ended, Eraser, Held, MAX_NAMES, Order, Plan};
pub use error::EraseError;
pub use export::{ExportError, Exported, Source, export, exported};
pub use job::{Completion, Counts, Job, OpenJob, Pass, Problem, jobs};
pub use names::{Names, Role};
pub use record::Recorder;
