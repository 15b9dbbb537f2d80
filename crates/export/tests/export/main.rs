//! What becomes of entries in each format.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

mod events;
mod formats;
#[cfg(feature = "parquet")]
mod parquet;
mod round_trip;
