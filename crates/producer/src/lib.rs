//! The audit log an application writes.
//!
//! Events are encoded and checked on the caller's thread, batched, compressed, encrypted and stored
//! behind it. What [`AuditLog::record_durable`] acknowledged is stored; nothing that was accepted is
//! dropped in silence while the process lives.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # async fn example(keys: Arc<dyn dayseal::keys::DataKeySource>) -> Result<(), Box<dyn std::error::Error>> {
//! use dayseal::{Actor, AiCall, AuditLog, Event, Outcome};
//!
//! let store = dayseal::store::open("s3://acme-audit/prod", &Default::default()).await?;
//! let log = AuditLog::builder("audit.example.com/prod".parse()?, "video-api".parse()?)
//!     .store(store)
//!     .keys(keys)
//!     .open()?;
//!
//! let event = Event::builder("ai.generation.completed")
//!     .actor(Actor::user("u-17"))
//!     .action("text_to_video")
//!     .outcome(Outcome::Success)
//!     .ai(AiCall::new("kling", "kling-v2-master").input_tokens(150))
//!     .build()?;
//! let acknowledgement = log.record_durable(event).await?;
//! println!("{}", acknowledgement.encode());
//! log.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is private
//! By default credentials and card numbers in any text of an event are masked before it is queued,
//! and addresses become networks; the event says where and by which rule. More, less, detectors of
//! your own, pseudonyms and declared labels: [`privacy`], `docs/privacy.md`.
//!
//! # Ways in
//! [`AuditLog::audited`] records before and after an operation, whatever ends it; [`events`] are
//! ready-made events. Around what runs already: which way for whom is in `docs/ways-in.md`.
//!
//! | feature | brings |
//! | --- | --- |
//! | `ai` | `dayseal::ai`: recognises model calls in HTTP traffic, for any client |
//! | `http` | `dayseal::http`: a tower layer for HTTP services (axum, hyper) |
//! | `lambda` | `dayseal::lambda`: a tower layer for handlers of `lambda_runtime` |
//! | `reqwest-middleware` | `dayseal::client`: records model calls from `reqwest`, with no code at the call site |
//! | `tracing-layer` | `dayseal::tracing_layer`: `tracing` events and spans become entries |
//!
//! # What it guarantees
//! - [`AuditLog::try_record`] never waits; [`AuditLog::record`] waits for room;
//!   [`AuditLog::record_durable`] waits for storage. Memory is bounded in bytes, retries included.
//! - A batch is encoded once and its bytes kept until stored; a retry sends the same bytes.
//! - A process that dies loses what was accepted and not yet stored: acknowledge what must not be
//!   lost, or [`AuditLog::flush`] before answering.
//!
//! # What it does not
//! - It neither seals nor verifies, and needs no right to read, list or overwrite: only to create
//!   objects, and to have data keys made.
//! - It cannot make its own words true: what a producer writes under its key is sealed as written.
//! - It believes its clock for the day of a batch and the time of an event that names none.
//!
//! `examples/quickstart.rs` runs on a directory. Formats: `docs/spec/README.md`; what an attacker
//! with a producer's rights can do: `docs/threat-model.md`.

#[cfg(feature = "ai")]
pub mod ai;
mod batch;
mod builder;
#[cfg(feature = "reqwest-middleware")]
pub mod client;
mod clock;
mod content;
mod error;
pub mod events;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
mod log;
mod loss;
mod metrics;
mod operation;
pub mod privacy;
mod queue;
#[cfg(any(feature = "ai", feature = "http"))]
mod trace_context;
#[cfg(feature = "tracing-layer")]
pub mod tracing_layer;
mod upload;
mod worker;

#[cfg(test)]
mod tests;

pub use builder::{Builder, Limits};
pub use clock::{Clock, SystemClock};
pub use content::ContentMode;
pub use error::{CloseError, NotStarted, NotStored, OpenError, RecordError, TryRecordError};
pub use log::AuditLog;
pub use metrics::Metrics;
pub use operation::{Audited, AuditedStream, By, ByType, Ending, Explain, Operation};

pub use dayseal_format::content::Field as ContentField;
pub use dayseal_format::event::*;
pub use dayseal_format::{Acknowledgement, Day, Origin, ServiceName, UnixMillis};
pub use {dayseal_keys as keys, dayseal_store as store};
