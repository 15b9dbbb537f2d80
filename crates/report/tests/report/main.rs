//! Reports of real logs in memory: recorded, sealed, damaged, verified, judged, rendered.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

mod checks;
mod counts;
mod damage;
mod docs;
mod page;
mod support;
