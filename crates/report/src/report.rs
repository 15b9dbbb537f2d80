//! The whole as one document: the contract of `dayseal report --json` (`docs/report.md`).

use dayseal_auditor::check::CheckReport;
use dayseal_auditor::retention::Plan;
use dayseal_chain::verify::Report as Verification;
use dayseal_format::{Day, UnixMillis};
use serde::Serialize;

use crate::collect::Statistics;
use crate::control::Framework;
use crate::days::DayFacts;
use crate::facts::{Facts, HoldFacts, Reading, Unmasked};
use crate::judge::{CheckResult, FrameworkResult, Status, judge};

/// Exit code if a control fails, and verification said nothing worse than "not all checked".
pub const CONTROL_FAILED: u8 = 6;

/// A report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this structure, 1.
    pub v: u8,
    /// The time the report took for now.
    pub at: UnixMillis,
    /// The log.
    pub origin: String,
    /// Where it was read.
    pub evidence: String,
    /// First day of the report.
    pub first: Day,
    /// Last day of the report.
    pub last: Day,
    /// What the entries say.
    pub statistics: Statistics,
    /// How much was read for it.
    pub reading: Reading,
    /// What verification said.
    pub verification: Verification,
    /// Each day.
    pub calendar: Vec<DayFacts>,
    /// How long things are kept.
    pub retention: Retention,
    /// Legal holds.
    pub holds: HoldFacts,
    /// What detectors found in stored entries; `None` if none looked.
    pub unmasked: Option<Unmasked>,
    /// Settings in AWS, as `dayseal check` has them; `None` if they were not asked for.
    pub settings: Option<CheckReport>,
    /// Every check that a control needs, by id.
    pub checks: Vec<CheckResult>,
    /// The controls.
    pub frameworks: Vec<FrameworkResult>,
    /// Controls by result.
    pub counts: StatusCounts,
    /// The exit code of the command.
    pub exit_code: u8,
}

/// Controls by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatusCounts {
    /// PASS.
    pub passed: u64,
    /// WARN.
    pub warnings: u64,
    /// FAIL.
    pub failed: u64,
    /// N/A.
    pub not_applicable: u64,
    /// NOT COVERED.
    pub not_covered: u64,
}

impl StatusCounts {
    /// How many have this result.
    pub const fn of(&self, status: Status) -> u64 {
        match status {
            Status::Pass => self.passed,
            Status::Warn => self.warnings,
            Status::Fail => self.failed,
            Status::NotApplicable => self.not_applicable,
            Status::NotCovered => self.not_covered,
        }
    }

    fn add(&mut self, status: Status) {
        *match status {
            Status::Pass => &mut self.passed,
            Status::Warn => &mut self.warnings,
            Status::Fail => &mut self.failed,
            Status::NotApplicable => &mut self.not_applicable,
            Status::NotCovered => &mut self.not_covered,
        } += 1;
    }
}

/// How long things are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Days that the policy asks for.
    pub floor_days: u32,
    /// The fewest days that a sealed day is kept.
    pub shortest_days: Option<i32>,
    /// The most.
    pub longest_days: Option<i32>,
    /// The oldest sealed day that is there.
    pub oldest_day: Option<Day>,
    /// The first day on which the rules take entries.
    pub next_expiry: Option<Day>,
    /// Objects of entries in the store, of all days, every version.
    pub objects: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// Days that contents live, by the policy.
    pub content_days: Option<u32>,
}

impl Retention {
    fn of(facts: &Facts) -> Self {
        let kept = || {
            let days = facts.calendar.iter();
            days.filter_map(|d| d.keep_until.map(|k| (d.day, k.days_since(d.day))))
        };
        let plan: Option<&Plan> = facts.plan.as_ref();
        let today = facts.at.day();
        let gone = plan.into_iter().flat_map(|p| &p.days).filter(|d| d.objects > 0);
        Self {
            floor_days: facts.policy.retention_floor,
            shortest_days: kept().map(|(_, days)| days).min(),
            longest_days: kept().map(|(_, days)| days).max(),
            oldest_day: kept().map(|(day, _)| day).next(),
            next_expiry: gone.filter_map(|d| d.entries_gone).map(|day| day.max(today)).min(),
            objects: plan.map(|p| p.objects),
            bytes: plan.map(|p| p.bytes),
            content_days: facts.policy.content_days,
        }
    }
}

impl Report {
    /// Judges the facts against these frameworks. `reading_code` is the exit code that problems of reading lead to.
    pub fn new(facts: Facts, frameworks: &[Framework], reading_code: u8) -> Self {
        let (checks, frameworks) = judge(&facts, frameworks);
        let mut counts = StatusCounts::default();
        for control in frameworks.iter().flat_map(|f| &f.controls) {
            counts.add(control.status);
        }
        let failed = if counts.failed > 0 { CONTROL_FAILED } else { 0 };
        let exit_code = first_of([facts.verification.exit_code, reading_code, failed]);
        let retention = Retention::of(&facts);
        Self {
            v: 1,
            at: facts.at,
            origin: facts.verification.origin.clone(),
            evidence: facts.verification.evidence.clone(),
            first: facts.days.0,
            last: facts.days.1,
            statistics: facts.statistics,
            reading: facts.reading,
            verification: facts.verification,
            calendar: facts.calendar,
            retention,
            holds: facts.holds,
            unmasked: facts.unmasked,
            settings: facts.settings,
            checks,
            frameworks,
            counts,
            exit_code,
        }
    }

    /// A check by its id.
    pub fn check(&self, id: &str) -> Option<&CheckResult> {
        self.checks.iter().find(|c| c.id == id)
    }
}

/// Of several codes the first of 1, 5, 4, 6, 3.
fn first_of(codes: [u8; 3]) -> u8 {
    [1, 5, 4, CONTROL_FAILED, 3].into_iter().find(|code| codes.contains(code)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_code_wins() {
        for (codes, expected) in [
            ([0, 0, 0], 0),
            ([3, 0, 0], 3),
            ([3, 0, 6], 6),
            ([4, 1, 6], 1),
            ([4, 5, 6], 5),
            ([4, 3, 6], 4),
        ] {
            assert_eq!(first_of(codes), expected, "{codes:?}");
        }
    }
}
