//! Operations: an intent entry before, a result entry after, whatever ends them.

mod audited;
mod current;
mod ending;
mod open;
mod stream;

pub use audited::Audited;
pub use current::Operation;
pub use ending::{By, ByType, Ending, Explain};
pub use stream::AuditedStream;
