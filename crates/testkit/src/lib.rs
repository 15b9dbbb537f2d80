//! What the tests of several crates share: a clock that is set, a store that fails on order, and a
//! log that is easy to fill, seal, verify and tamper with. Not published.
//!
//! These helpers panic when a test's own set-up fails; the reason is in the message.
#![allow(clippy::unwrap_used, clippy::panic, reason = "set-up of tests")]

mod clock;
mod fault;
mod log;

pub use clock::ManualClock;
pub use fault::{Fault, FaultStore, Operation};
pub use log::{StreamWriter, TestLog, day, entries, event, keys_below, noon, read_manifest};
