//! What a verification says at its end.

use dayseal_format::{Day, Digest, Level, UnixMillis};
use serde::{Deserialize, Serialize};

use super::content::ContentTotals;
use super::finding::{Finding, Outcome};
use super::hints::HintTotals;
use super::removal::Removal;

/// Findings listed one by one; the rest are counted.
pub(super) const MAX_FINDINGS: usize = 1_000;

/// State of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictState {
    /// Checked as deep as asked, and it holds.
    Holds,
    /// It does not hold.
    Failed,
    /// Not, or not all, checked.
    NotChecked,
}

/// One of the three verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it holds.
    pub state: VerdictState,
    /// Why, in a line.
    pub reason: String,
}

/// State of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Done, nothing found.
    Checked,
    /// Not done; the detail says why.
    NotChecked,
    /// Done, and something was found.
    Failed,
}

/// One line of what was and was not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// Whether it was.
    pub state: CheckState,
    /// How much, or why not.
    pub detail: String,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Days whose manifest was checked.
    pub days: u64,
    /// Leaf records in them.
    pub records: u64,
    /// Batches listed.
    pub batches: u64,
    /// Entries, as listed.
    pub entries: u64,
    /// Objects compared with the store's listing.
    pub listed: u64,
    /// Objects read and hashed.
    pub objects: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Entries opened and checked.
    pub opened: u64,
    /// Content items that opened entries commit to, by what became of them.
    #[serde(default)]
    pub contents: ContentTotals,
    /// Hints of opened batches.
    #[serde(default)]
    pub hints: HintTotals,
    /// Batches listed whose day's retention is over and that are gone.
    pub expired: u64,
    /// Days whose manifest and checkpoint have expired too: nothing is left of them to check.
    #[serde(default)]
    pub expired_days: u64,
    /// Batches gone before their time by the order of an officer, or of anybody in a run without policy.
    #[serde(default)]
    pub removed: u64,
    /// Batches whose removal is ordered and that are still there.
    #[serde(default)]
    pub awaiting_removal: u64,
    /// Batches that landed late.
    pub late: u64,
    /// Streams that closed cleanly.
    pub streams_closed: u64,
    /// Streams that ended without a word: whether they lost a tail nobody can tell from the log.
    pub streams_open: u64,
    /// Objects that landed after the newest seal and wait for the next.
    pub awaiting_seal: u64,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this structure, 1.
    pub v: u8,
    /// The log.
    pub origin: String,
    /// Where it was read.
    pub evidence: String,
    /// Whether the keys came from a policy.
    pub authenticated: bool,
    /// How deep the run went.
    pub level: LevelName,
    /// How deep the policy asks.
    pub required: Option<LevelName>,
    /// The time the run took for now.
    pub at: UnixMillis,
    /// First day checked.
    pub first: Option<Day>,
    /// Last day checked.
    pub last: Option<Day>,
    /// Leaves and root at the last day: the head to remember.
    pub head: Option<HeadInfo>,
    /// Nothing sealed was changed, removed, reordered or slipped in.
    pub integrity: Verdict,
    /// Nothing is missing that must be there.
    pub completeness: Verdict,
    /// The log leads to the remembered head.
    pub anchoring: Verdict,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub more_findings: u64,
    /// Findings that the policy knows, with its reasons.
    pub known: Vec<(Finding, String)>,
    /// Orders of removal that count, by object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removals: Vec<Removal>,
    /// Orders beyond those listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_removals: u64,
    /// How much was looked at.
    pub totals: Totals,
    /// The stable exit code.
    pub exit_code: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A level by its name, as JSON has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelName(pub Level);

impl Serialize for LevelName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LevelName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The head a run ended at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadInfo {
    /// The day.
    pub day: Day,
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Digest,
}

impl Report {
    /// The exit code that these outcomes lead to: of several, the first of 1, 5, 4, 3.
    pub(crate) fn exit_code(outcomes: impl IntoIterator<Item = Outcome>) -> u8 {
        outcomes.into_iter().min().map_or(0, Outcome::exit_code)
    }
}
