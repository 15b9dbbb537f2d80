//! The rights of a data subject: a copy of what is there, and erasure of what may be erased.
//!
//! | part | what |
//! | --- | --- |
//! | [`Eraser`] | replaces a person's content frames by stubs; safe to stop and to run again at any step |
//! | [`Recorder`] | records the order and its end in the log |
//! | [`jobs`] | the erasures of a log, open and done |
//!
//! Erasing needs the right to list, read and replace content, to write in the state root and to
//! record; no key that opens anything. Normative: `docs/spec/erasure.md`.

mod erase;
mod error;
mod job;
mod record;
mod replace;
mod scan;

pub use erase::{DerivedIndex, Ended, Eraser, Held, MAX_NAMES, Order, Plan};
pub use error::EraseError;
pub use job::{Completion, Counts, Job, OpenJob, Pass, Problem, jobs};
pub use record::Recorder;
