//! Everything that is judged, side by side.

use std::collections::BTreeMap;

use dayseal_auditor::check::CheckReport;
use dayseal_auditor::hold::Hold;
use dayseal_auditor::query::Scan;
use dayseal_auditor::retention::Plan;
use dayseal_chain::verify::Report as Verification;
use dayseal_format::event::EventId;
use dayseal_format::{Day, Policy, UnixMillis};
use serde::Serialize;

use crate::collect::Statistics;
use crate::days::DayFacts;

/// What a report is made of.
#[derive(Debug)]
pub struct Facts {
    /// The time the report took for now.
    pub at: UnixMillis,
    /// The days it is about.
    pub days: (Day, Day),
    /// The auditor's policy.
    pub policy: Policy,
    /// What the entries say.
    pub statistics: Statistics,
    /// How much was read for it.
    pub reading: Reading,
    /// What verification said.
    pub verification: Verification,
    /// Each day.
    pub calendar: Vec<DayFacts>,
    /// Legal holds.
    pub holds: HoldFacts,
    /// What is stored and when it goes; `None` if that could not be planned.
    pub plan: Option<Plan>,
    /// What detectors found in stored entries; `None` if none looked.
    pub unmasked: Option<Unmasked>,
    /// Settings in AWS; `None` if they were not looked at.
    pub settings: Option<CheckReport>,
}

/// How much was read for the statistics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Batches opened.
    pub batches: u64,
    /// Batches gone after their retention.
    pub expired: u64,
    /// Batches that could not be read, and days that could not be relied on: their entries are not counted.
    pub problems: u64,
    /// The first problems in words, at most 100.
    pub problem_texts: Vec<String>,
}

/// Most problems told in words.
pub const MAX_PROBLEMS: usize = 100;

impl Reading {
    /// Takes a problem; its text names objects, never contents.
    pub fn problem(&mut self, text: String) {
        if self.problem_texts.len() < MAX_PROBLEMS {
            self.problem_texts.push(text);
        }
    }

    /// Takes what a scan looked at.
    pub fn tally(&mut self, scan: &Scan<'_>) {
        self.batches = scan.tally.read;
        self.expired = scan.tally.expired;
        self.problems = scan.tally.problems;
    }
}

/// Legal holds, and whether the log agrees with them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HoldFacts {
    /// Holds that stand.
    pub standing: Vec<Hold>,
    /// Holds that were released.
    pub released: u64,
    /// Where statements and entries disagree, in words; `None` if they were not compared.
    pub differences: Option<Vec<String>>,
    /// Why they could not be relied on.
    pub unread: Option<String>,
}

/// Credentials and card numbers found in clear in stored entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unmasked {
    /// Entries that hold any.
    pub entries: u64,
    /// Texts, by rule.
    pub rules: BTreeMap<String, u64>,
    /// The first of these entries, at most 20.
    pub examples: Vec<EventId>,
}
