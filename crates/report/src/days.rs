//! What became of each day of the log: sealed when, kept how long, what was found.

use std::collections::BTreeMap;

use dayseal_auditor::find::LogReader;
use dayseal_chain::verify::{Finding, FindingCode, Outcome, Report as Verification};
use dayseal_format::record::{Counts, DayRecord, Record};
use dayseal_format::{Day, Level, UnixMillis};
use dayseal_store::StoreError;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

/// State of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayState {
    /// Sealed, and verification found nothing at its level.
    Holds,
    /// Sealed; objects were not looked at, since the level was `chain`.
    Sealed,
    /// Not sealed yet, and not due.
    Open,
    /// Gone after its time, as the log itself says under its signature.
    Expired,
    /// Something could not be checked.
    Unchecked,
    /// Something is missing.
    Incomplete,
    /// It should be sealed and is not there.
    Missing,
    /// Something was changed, put in or contradicts itself.
    Altered,
}

impl DayState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Holds,
        Self::Sealed,
        Self::Open,
        Self::Expired,
        Self::Unchecked,
        Self::Incomplete,
        Self::Missing,
        Self::Altered,
    ];

    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "sealed, holds",
            Self::Sealed => "sealed, objects not checked",
            Self::Open => "not sealed yet",
            Self::Expired => "expired",
            Self::Unchecked => "not all checked",
            Self::Incomplete => "incomplete",
            Self::Missing => "missing",
            Self::Altered => "altered",
        }
    }
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayFacts {
    /// The day.
    pub day: Day,
    /// What became of it.
    pub state: DayState,
    /// Findings of verification about it.
    pub findings: u64,
    /// Findings about it that the policy knows: they are in its state, and not counted.
    pub known: u64,
    /// When it was sealed, by the sealer's clock.
    pub sealed_at: Option<UnixMillis>,
    /// Milliseconds from its end to its seal.
    pub seal_delay_ms: Option<u64>,
    /// The last day on which all of it must be there.
    pub keep_until: Option<Day>,
    /// What its manifest lists.
    pub counts: Option<Counts>,
    /// Orders of removal that its manifest records.
    pub removals: u64,
}

/// Of a sealed day, what its manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFacts {
    sealed_at: UnixMillis,
    keep_until: Day,
    counts: Counts,
    removals: u64,
}

impl SealedFacts {
    /// Of a manifest that its checkpoint signs: its first line, and all others.
    pub fn new(head: &DayRecord, records: &[Record]) -> Self {
        let removals = records.iter().filter(|r| matches!(r, Record::Removed(_))).count() as u64;
        Self::with(head, removals)
    }

    fn with(head: &DayRecord, removals: u64) -> Self {
        let DayRecord { sealed_at, keep_until, counts, .. } = *head;
        Self { sealed_at, keep_until, counts, removals }
    }
}

/// Puts together the days of `first..=last`: what their manifests say, and what verification found about each.
///
/// `known` are days whose manifests verification read; those of others are read now. A day whose manifest cannot be
/// relied on has no `counts`; verification has the reason.
///
/// A day that is not there `max_seal_hours` after its end is missing.
///
/// # Errors
/// [`StoreError`] if the store cannot be listed.
pub async fn read_days(
    log: &LogReader<'_>,
    (first, last): (Day, Day),
    max_seal_hours: u32,
    verification: &Verification,
    known: &BTreeMap<Day, SealedFacts>,
) -> Result<Vec<DayFacts>, StoreError> {
    let mut days: BTreeMap<Day, DayFacts> = BTreeMap::new();
    let deep = verification.level.0 >= Level::Listing;
    let sealed = log.sealed();
    let listed = sealed.list().await?;
    let newest = listed.last().copied();
    let asked = listed.into_iter().filter(|day| (first..=last).contains(day));
    let read = stream::iter(asked).map(|day| async move {
        if let Some(known) = known.get(&day) {
            return (day, Some(*known));
        }
        let mut removals = 0;
        let read = sealed.read(day, |_, record| {
            removals += u64::from(matches!(record, Record::Removed(_)));
        });
        let read = read.await.ok().flatten();
        (day, read.map(|read| SealedFacts::with(&read.manifest.day, removals)))
    });
    let mut read = std::pin::pin!(read.buffered(DAYS));
    while let Some((day, read)) = read.next().await {
        let end = day.last_instant().as_millis();
        let delay = |at: UnixMillis| u64::try_from(at.as_millis() - end).unwrap_or(0);
        let facts = DayFacts {
            day,
            state: match (&read, deep) {
                (None, _) => DayState::Unchecked,
                (_, false) => DayState::Sealed,
                _ => DayState::Holds,
            },
            findings: 0,
            known: 0,
            sealed_at: read.map(|r| r.sealed_at),
            seal_delay_ms: read.map(|r| delay(r.sealed_at)),
            keep_until: read.map(|r| r.keep_until),
            counts: read.map(|r| r.counts),
            removals: read.map_or(0, |r| r.removals),
        };
        days.insert(day, facts);
    }
    let today = log.now.day();
    let due = log.now.saturating_add(-i64::from(max_seal_hours) * 3_600_000).day();
    let until = last.min(today);
    for day in first.through(until).take(MAX_DAYS) {
        days.entry(day).or_insert_with(|| {
            // What is gone behind a sealed day has expired, unless verification says otherwise.
            let to_come = newest.is_none_or(|newest| day > newest);
            let state = match to_come {
                true if day < due => DayState::Missing,
                true => DayState::Open,
                false => DayState::Expired,
            };
            absent(day, state)
        });
    }
    for finding in &verification.findings {
        note(&mut days, finding, |day| day.findings += 1);
    }
    for (finding, _) in &verification.known {
        note(&mut days, finding, |day| day.known += 1);
    }
    Ok(days.into_values().collect())
}

/// Manifests read at once.
const DAYS: usize = 6;

/// Most days of a report: a hundred years.
pub const MAX_DAYS: usize = 36_525;

fn absent(day: Day, state: DayState) -> DayFacts {
    DayFacts {
        day,
        state,
        findings: 0,
        known: 0,
        sealed_at: None,
        seal_delay_ms: None,
        keep_until: None,
        counts: None,
        removals: 0,
    }
}

fn note(days: &mut BTreeMap<Day, DayFacts>, finding: &Finding, count: impl Fn(&mut DayFacts)) {
    let state = match (finding.code, finding.code.outcome()) {
        (FindingCode::MissingDay, _) => DayState::Missing,
        (_, Outcome::Altered) => DayState::Altered,
        (_, Outcome::Incomplete) => DayState::Incomplete,
        (_, Outcome::Unchecked) => DayState::Unchecked,
        // It is about the whole log.
        (_, Outcome::RolledBack) => return,
    };
    // Days in a row are one finding, and its object says which.
    let range = finding.object.split_once("..").filter(|_| state == DayState::Missing);
    let range = range.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let Some((from, to)) = range.or(finding.day.map(|day| (day, day))) else { return };
    for (_, day) in days.range_mut(from..=to) {
        count(day);
        day.state = day.state.max(state);
    }
}
