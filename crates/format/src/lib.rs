//! The bytes of dayseal: bytes in, bytes out.
//!
//! No tokio, no AWS, no clock, no randomness of its own: time and random bytes are parameters.
//! `docs/spec/` is normative; each module names its page or its public source.

pub mod ack;
pub mod batch;
pub mod checkpoint;
pub mod event;
mod hash;
mod log_file;
pub mod manifest;
pub mod merkle;
pub mod names;
pub mod note;
pub mod policy;
pub mod proof;
pub mod record;
pub mod time;

pub use ack::Acknowledgement;
pub use checkpoint::Checkpoint;
pub use hash::{Digest, DigestError};
pub use log_file::LogFile;
pub use manifest::Manifest;
pub use names::{BatchKey, NameError, Origin, ServiceName, StreamId};
pub use note::{Note, VerifierKey};
pub use policy::{Level, Policy};
pub use record::Record;
pub use time::{Day, TimeError, UnixMillis};
