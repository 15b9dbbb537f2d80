//! Seals the days of a log into a signed chain, and verifies logs.
//!
//! Decisions about bytes are `dayseal-format`'s; this crate reads and writes stores in the right
//! order. Time is a parameter: the library never reads a clock.

mod create;
mod head;
mod objects;
pub mod read;
pub mod seal;
pub mod verify;

pub use create::{LogSettings, create_log};
pub use seal::{SealError, SealSummary, SealedDay, Sealer};
pub use verify::{Report, Verifier, VerifyError, VerifyOptions};
