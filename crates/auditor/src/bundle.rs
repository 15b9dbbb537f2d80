//! Evidence bundles: some days of a log in a directory, checked without the log. Spec: `docs/spec/bundle.md`.

mod readme;
mod sums;
mod verify;
mod write;

pub use verify::{BundleReport, verify_bundle};
pub use write::{Absent, BundleError, BundleOptions, BundledReport, Written, write_bundle};

use dayseal_format::{BatchKey, Day, Origin, UnixMillis};
use serde::{Deserialize, Serialize};

const BUNDLE_JSON: &str = "bundle.json";
const README: &str = "README.txt";
const POLICY: &str = "policy";
const REPORT_HTML: &str = "report.html";
const REPORT_JSON: &str = "report.json";
const SUMS: &str = "SHA256SUMS";
/// Where the manifests and checkpoints lie, as in an evidence root.
const EVIDENCE: &str = "evidence";
/// Longest `bundle.json`, in bytes.
const MAX_BUNDLE_JSON: u64 = 4_096;

/// What a bundle shows of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The entries with their salts.
    Shown,
    /// Their salted hashes.
    Digests,
}

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Version of the bundle, 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// What is shown of entries.
    pub entries: Show,
    /// When it was made, by its maker's word.
    pub made_at: UnixMillis,
    /// What made it, at most 256 bytes.
    pub made_by: String,
}

impl About {
    fn encode(&self) -> Vec<u8> {
        let mut out = serde_json::to_vec(self).unwrap_or_default();
        out.push(b'\n');
        out
    }
}

/// The entries of a day.
fn entries_file(day: Day) -> String {
    format!("entries/{day}.txt")
}

/// The order that a batch goes before its time.
fn order_file(batch: &BatchKey) -> String {
    format!("removals/{}", batch.digest)
}
