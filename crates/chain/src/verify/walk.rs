//! The state of a run between two days: all of it, so that a run can be taken up again.

use std::collections::BTreeMap;

use dayseal_format::record::{BatchRecord, GapRecord};
use dayseal_format::{BatchKey, Day, Digest, Level, Origin, ServiceName, UnixMillis};
use serde::{Deserialize, Serialize};

use super::content::Erasures;
use super::finding::{Finding, FindingCode as Code};
use super::removal::Removal;
use super::report::{LevelName, MAX_FINDINGS, Totals};

/// Batches that may wait for an order; beyond them, what is gone is a finding at once.
const MAX_GONE: usize = 100_000;

/// Where a verification stands after a day. Serialisable: a later run goes on from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Walk {
    /// Version of this structure, 1.
    pub(super) v: u8,
    pub(super) origin: Origin,
    pub(super) level: LevelName,
    /// Digest of the policy's text: another policy, another run.
    pub(super) policy: Option<Digest>,
    pub(super) first: Option<Day>,
    /// Newest day done.
    pub(super) last: Option<Day>,
    /// The tree at the end of `last`, if it is known: size and root.
    pub(super) tip: Option<(u64, Digest)>,
    /// Digest of the manifest of `last`.
    pub(super) manifest: Option<Digest>,
    pub(super) sealed_at: Option<UnixMillis>,
    /// Size and root at the end of each day that a valid checkpoint covers, oldest first.
    pub(super) boundaries: Vec<(Day, u64, Digest)>,
    /// Day and `keep_until` of days that may still have to be kept.
    pub(super) kept: Vec<(Day, Day)>,
    /// `keep_until` of days before the first, whose late batches days of the walk list.
    #[serde(default)]
    pub(super) earlier: BTreeMap<Day, Day>,
    /// Objects that no manifest has listed so far, with what the listing showed, by key.
    pub(super) unlisted: BTreeMap<String, Vec<Listed>>,
    /// Gaps recorded and not closed.
    pub(super) gaps: Vec<GapRecord>,
    /// Batches that landed late, by their own day.
    pub(super) late: BTreeMap<Day, Vec<BatchRecord>>,
    /// Days up to `last` that have neither manifest nor checkpoint, not yet reported: the hole may
    /// go on.
    pub(super) absent: Option<(Day, Day)>,
    /// The oldest day whose manifest and checkpoint must be there. Only what was gone before it has
    /// expired.
    #[serde(default)]
    pub(super) chain_kept_from: Option<Day>,
    /// The last day each service was heard of.
    pub(super) heard: BTreeMap<ServiceName, Day>,
    pub(super) late_days: u16,
    /// Changes of the signing key that the log announced, oldest first.
    #[serde(default)]
    pub(super) announced: Vec<Announced>,
    /// What it met of erasures.
    #[serde(default)]
    pub(super) erasures: Erasures,
    /// Orders of removal that count.
    #[serde(default, with = "by_text")]
    pub(super) removals: BTreeMap<BatchKey, Removal>,
    /// Findings about batches that are gone: an order recorded later may account for them.
    #[serde(default, with = "by_text")]
    pub(super) gone: BTreeMap<BatchKey, Vec<Finding>>,
    pub(super) findings: Vec<Finding>,
    pub(super) more_findings: u64,
    pub(super) totals: Totals,
}

/// A change of the signing key, as a day's manifest under a valid checkpoint announced it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announced {
    /// The day that says so; later days are signed by the key.
    pub(super) day: Day,
    /// The verifier key.
    pub(super) key: String,
}

/// One version in a listing, as much as later checks need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) version: Option<String>,
    pub(super) length: u64,
    pub(super) marker: bool,
}

impl Walk {
    pub(super) fn new(origin: Origin, level: Level, policy: Option<Digest>) -> Self {
        Self {
            v: 1,
            origin,
            level: LevelName(level),
            policy,
            first: None,
            last: None,
            tip: None,
            manifest: None,
            sealed_at: None,
            boundaries: Vec::new(),
            kept: Vec::new(),
            earlier: BTreeMap::new(),
            unlisted: BTreeMap::new(),
            gaps: Vec::new(),
            late: BTreeMap::new(),
            absent: None,
            chain_kept_from: None,
            heard: BTreeMap::new(),
            late_days: 0,
            announced: Vec::new(),
            erasures: Erasures::default(),
            removals: BTreeMap::new(),
            gone: BTreeMap::new(),
            findings: Vec::new(),
            more_findings: 0,
            totals: Totals::default(),
        }
    }

    /// Whether the manifest and checkpoint of a day may be gone.
    pub(super) fn chain_over(&self, day: Day) -> bool {
        self.chain_kept_from.is_some_and(|kept_from| day < kept_from)
    }

    /// Newest day this walk has done.
    pub fn last_day(&self) -> Option<Day> {
        self.last
    }

    /// Leaves and root of the tree at the end of each day that a valid checkpoint covers, oldest
    /// first.
    pub fn boundaries(&self) -> &[(Day, u64, Digest)] {
        &self.boundaries
    }

    /// What was found so far; the end of the run judges it.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.gone.values().flatten())
    }

    /// Takes a finding in. One about a batch that is gone waits for the orders of later days.
    pub(super) fn find(&mut self, finding: Finding) {
        let batch = finding.object.split('@').next().and_then(|key| key.parse().ok());
        match (finding.code, batch) {
            (Code::MissingObject | Code::DeleteMarker, Some(key))
                if self.gone.len() < MAX_GONE || self.gone.contains_key(&key) =>
            {
                let known = self.gone.entry(key).or_default();
                if !known.iter().any(|f| f.id == finding.id) {
                    known.push(finding);
                }
            }
            _ => self.find_now(finding),
        }
    }

    pub(super) fn find_now(&mut self, finding: Finding) {
        tracing::debug!(id = finding.id, object = finding.object, "finding");
        // The same fact may show twice, such as an object that is missing and unreadable.
        if self.findings.iter().any(|f| f.id == finding.id) {
            return;
        }
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }
}

/// A map by the text of its keys, as JSON needs it.
mod by_text {
    use std::collections::BTreeMap;

    use dayseal_format::BatchKey;
    use serde::de::{DeserializeOwned, Error as _};
    use serde::{Deserialize as _, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        map: &BTreeMap<BatchKey, T>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_map(map.iter().map(|(key, value)| (key.to_string(), value)))
    }

    pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        d: D,
    ) -> Result<BTreeMap<BatchKey, T>, D::Error> {
        let map = BTreeMap::<String, T>::deserialize(d)?;
        let parsed =
            map.into_iter().map(|(key, value)| Ok((key.parse().map_err(D::Error::custom)?, value)));
        parsed.collect()
    }
}
