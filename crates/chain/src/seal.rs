//! Sealing: a day's objects become a manifest, a head and a checkpoint.
//!
//! Order, and what a crash after each step leaves (`docs/spec/sealing.md`):
//! 1. list and read the day's objects — nothing written;
//! 2. manifest, create-only — the next run adopts it;
//! 3. read back and check — nothing written;
//! 4. head, compare-and-swap — the next run publishes the checkpoint;
//! 5. checkpoint, create-only — sealed;
//! 6. index of the day — derived; the next run makes it if it is not there.
//!
//! Running again is the recovery; two sealers at once end in one seal.

mod adopt;
mod collect;
mod error;
mod orders;
mod progress;
mod rotation;
mod sealer;
mod spool;

pub use error::SealError;
pub(crate) use progress::{read_checkpoint, read_manifest};
pub use sealer::{SealSummary, SealedDay, Sealer};
