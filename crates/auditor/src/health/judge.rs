//! What is not well, and how bad that is.

use dayseal_chain::verify::{Finding, FindingCode, Outcome};
use dayseal_format::{Day, Policy};
use serde::Serialize;

use super::{Health, Service};

/// What kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A manifest that is not the one that was signed, or could not be read.
    Day,
    /// A batch that no manifest lists yet and whose header is none, or could not be read.
    Batch,
    /// An object in the place of batches that is none.
    Stray,
    /// The newest manifest names batches that contradict one another.
    Conflicts,
    /// The newest manifest names objects that are no batches.
    Strays,
    /// The newest manifest names batches that are not there.
    Gaps,
    /// Days are not sealed, later than the policy allows.
    Overdue,
    /// A service that the policy expects is silent.
    Silent,
    /// The time was up.
    Stopped,
}

/// Something that is not well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// What it means for the log: 1 altered, 4 incomplete, 3 not known.
    pub exit_code: u8,
    /// Where, and what was found.
    pub detail: String,
}

impl Problem {
    pub(super) fn new(code: Code, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { code, exit_code: outcome.exit_code(), detail: detail.into() }
    }
}

/// Adds what the numbers show to the problems that were met, and decides.
pub(super) fn judge(health: &mut Health, policy: &Policy) {
    let mut found = Vec::new();
    if let Some(seal) = &health.last_seal {
        let c = &seal.counts;
        for (n, code, outcome, what) in [
            (c.conflicts, Code::Conflicts, Outcome::Altered, "conflicts"),
            (c.strays, Code::Strays, Outcome::Altered, "objects that are no batches"),
            (c.gaps, Code::Gaps, Outcome::Incomplete, "gaps in streams"),
        ] {
            if n > 0 {
                let detail = format!("the manifest of {} names {n} {what}", seal.day);
                found.push(Problem::new(code, outcome, detail));
            }
        }
    }
    if let Some((first, last)) = health.overdue {
        let (days, hours) = (range(first, last), policy.max_seal_hours);
        let detail = format!("{days}: not sealed {hours} hours after the end");
        found.push(Problem::new(Code::Overdue, Outcome::Incomplete, detail));
    }
    for service in health.services.iter().filter(|s| s.silent && !known(policy, s, health)) {
        let heard = match service.last_heard {
            Some(day) => format!("last heard of on {day}"),
            None => format!("not heard of for {} days", service.silent_days),
        };
        let detail = format!("service {}: {heard}", service.name);
        found.push(Problem::new(Code::Silent, Outcome::Incomplete, detail));
    }
    health.problems.append(&mut found);
    let codes = || health.problems.iter().map(|p| p.exit_code);
    health.exit_code =
        [1, 5, 4, 3].into_iter().find(|code| codes().any(|c| c == *code)).unwrap_or(0);
}

/// A silence that the auditor has dealt with, by the id that `verify` gives it.
fn known(policy: &Policy, service: &Service, health: &Health) -> bool {
    let object = format!("service {}", service.name);
    let finding = Finding::new(FindingCode::SilentService, health.at.day(), object, "");
    policy.known_findings.contains_key(&finding.id)
}

fn range(first: Day, last: Day) -> String {
    if first == last { first.to_string() } else { format!("{first}..{last}") }
}
