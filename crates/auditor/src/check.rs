//! Is the log set up as its profile asks? PASS, WARN or FAIL for each control, with the evidence.
//!
//! Two steps, so that every broken deployment can be tried without one: [`collect()`] asks AWS and
//! gives [`Facts`]; [`judge`] turns facts into results and asks nobody. What could not be read is a
//! WARN that says why, never a PASS (as OCSF has it: "did not yield a result due to missing
//! information"), and the exit code tells it from a control that is missing.

mod bucket;
mod collect;
mod facts;
mod iam;
mod keys;
mod lifecycle;
mod operations;
mod profile;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use collect::{CollectError, Target, collect};
pub use facts::{
    BucketFacts, BucketLock, Encryption, Fact, Facts, KeyFacts, LifecycleRule, LogFacts,
    QueueFacts, ScheduleFacts, Unread, VerifyFacts, read,
};
pub use profile::{LockMode, Profile};

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// As it should be.
    Pass,
    /// Weaker than it could be, or not readable.
    Warn,
    /// Missing or wrong.
    Fail,
}

impl Status {
    /// `PASS`, `WARN` or `FAIL`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckResult {
    /// Stable id: B evidence bucket, C content bucket, T state bucket, K keys, S schedules, P policy.
    pub id: &'static str,
    /// What is checked.
    pub title: &'static str,
    /// What became of it.
    pub status: Status,
    /// Expected and found, in a line; for WARN and FAIL also what to do.
    pub detail: String,
    /// What was read.
    pub evidence: Value,
    /// Controls it is evidence for.
    pub controls: &'static [&'static str],
    /// It could not be read: not a statement about the log.
    pub unread: bool,
}

/// All checks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Version of this structure, 1.
    pub v: u8,
    /// The retention profile.
    pub profile: &'static str,
    /// Each check, by id.
    pub checks: Vec<CheckResult>,
    /// How many passed.
    pub passed: usize,
    /// How many warn.
    pub warnings: usize,
    /// How many failed.
    pub failed: usize,
    /// 0: none failed and all could be read. 1: one failed. 3: none failed, not all could be read.
    pub exit_code: u8,
}

/// Judges what was collected.
pub fn judge(facts: &Facts, profile: &'static Profile) -> CheckReport {
    let mut checks = Vec::new();
    bucket::evidence(facts, profile, &mut checks);
    bucket::content(facts, profile, &mut checks);
    bucket::state(facts, &mut checks);
    keys::keys(facts, &mut checks);
    operations::operations(facts, profile, &mut checks);
    let count = |status| checks.iter().filter(|c: &&CheckResult| c.status == status).count();
    let (passed, warnings, failed) =
        (count(Status::Pass), count(Status::Warn), count(Status::Fail));
    let exit_code = match (failed, checks.iter().any(|c| c.unread)) {
        (0, false) => 0,
        (0, true) => 3,
        _ => 1,
    };
    CheckReport { v: 1, profile: profile.name, checks, passed, warnings, failed, exit_code }
}

/// What a control is called and what it is evidence for.
#[derive(Clone, Copy, Debug)]
struct Control {
    id: &'static str,
    title: &'static str,
    controls: &'static [&'static str],
}

impl Control {
    fn result(self, status: Status, detail: impl Into<String>, evidence: Value) -> CheckResult {
        let Self { id, title, controls } = self;
        let detail = detail.into();
        CheckResult { id, title, status, detail, evidence, controls, unread: false }
    }

    /// Judges a fact that could be read; a fact that could not is a WARN.
    fn of<T>(
        self,
        fact: &Fact<T>,
        judge: impl FnOnce(&T) -> (Status, String, Value),
    ) -> CheckResult {
        match fact {
            Ok(value) => {
                let (status, detail, evidence) = judge(value);
                self.result(status, detail, evidence)
            }
            Err(unread) => CheckResult {
                unread: true,
                ..self.result(Status::Warn, format!("could not be read: {unread}"), Value::Null)
            },
        }
    }
}

#[cfg(test)]
mod tests;
