//! The real binary, end to end: what it prints, what it leaves behind, how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]
#![cfg(unix)]

mod ack;
mod aws;
mod bundle;
mod check;
mod config;
mod content;
mod desk;
mod export;
mod health;
mod import;
mod index;
mod json;
mod json_desk;
mod json_report;
mod officer;
mod place;
mod query;
mod reading;
mod record;
mod report;
mod retention;
mod rights;
mod rotate;
mod seal;
mod show;
mod signals;
#[cfg(feature = "sql")]
mod sql;
mod support;
mod tail;
mod verify;
