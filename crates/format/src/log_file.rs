//! `log.json`: describes a log to people and tools, and is trusted for nothing.

use serde::{Deserialize, Serialize};

use crate::{Day, Origin};

/// Contents of `log.json` in the evidence root, written once by `init`.
///
/// Keys, retention and data-key ids are for convenience only: verifiers take them from their policy
/// and from signed `day` records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// Format version, 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// Its first day.
    pub first_day: Day,
    /// Days its evidence is kept.
    pub retention_days: u32,
    /// Days a batch may be late.
    pub late_days: u16,
    /// Verifier keys at the time of `init`.
    pub verifier_keys: Vec<String>,
    /// Program and version that made the log.
    pub made_by: String,
}
