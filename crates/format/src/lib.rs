//! The bytes of dayseal: bytes in, bytes out.
//!
//! No tokio, no AWS, no clock, no randomness of its own: time and random bytes are parameters.
//! `docs/spec/` is normative; each module names its page.

pub mod event;
pub mod time;

pub use time::{Day, TimeError, UnixMillis};
