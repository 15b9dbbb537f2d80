//! The bytes of dayseal: bytes in, bytes out.
//!
//! No tokio, no AWS, no clock, no randomness of its own: time and random bytes are parameters.
//! `docs/spec/` is normative; each module names its page or its public source.
//!
//! | page of `docs/spec/` | modules |
//! | --- | --- |
//! | `entry.md` | [`event`] |
//! | `batch.md` | [`batch`] |
//! | `content.md` | [`content`] |
//! | `objects.md` | [`names`], [`time`], [`LogFile`] |
//! | `manifest.md` | [`record`], [`manifest`] |
//! | `checkpoint.md` | [`merkle`], [`note`], [`checkpoint`] |
//! | `policy.md`, `acknowledgement.md` | [`policy`], [`ack`] |
//! | `hints.md` | [`hints`], [`index`] |
//! | `proof.md`, `entry-proof.md` | [`proof`], [`entry_proof`] |
//! | `statement.md` | [`statement`] |
//!
//! # What it trusts
//! Nothing it reads. Every length is bounded before it is used; there is one encoding of everything,
//! and a decoder refuses any other; no input may panic. What is decoded is well-formed and no more:
//! whether it is true, signed or sealed is for the caller to check, and types that were checked say
//! so ([`Checkpoint::open`] verifies, [`Checkpoint::parse_unverified`] does not).
//!
//! ```
//! use dayseal_format::event::Event;
//!
//! // A line of input, and what is wrong with another.
//! let line = br#"{"type":"data.read","actor":{"id":"u-1","type":"user"},"action":"open","outcome":"success"}"#;
//! assert!(Event::from_json(line).is_ok());
//! let error = Event::from_json(br#"{"type":"data.read","akshun":"open"}"#).unwrap_err();
//! assert_eq!((error.code(), error.path()), ("unknown_field", "akshun"));
//! ```

pub mod ack;
pub mod batch;
pub mod checkpoint;
pub mod content;
pub mod entry_proof;
pub mod event;
mod hash;
pub mod hints;
pub mod index;
mod log_file;
mod lp;
pub mod manifest;
pub mod merkle;
pub mod names;
pub mod note;
mod plaintext;
pub mod policy;
pub mod proof;
pub mod pseudonym;
pub mod record;
pub mod removal;
pub mod statement;
pub mod time;

pub use ack::Acknowledgement;
pub use checkpoint::Checkpoint;
pub use entry_proof::EntryProof;
pub use hash::{Digest, DigestError};
pub use log_file::LogFile;
pub use manifest::Manifest;
pub use names::{BatchKey, NameError, OfficerName, Origin, ServiceName, StreamId};
pub use note::{Note, VerifierKey};
pub use policy::{Level, Policy};
pub use record::Record;
pub use statement::Statement;
pub use time::{Day, TimeError, UnixMillis};
