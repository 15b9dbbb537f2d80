//! From facts to results: each check says PASS, WARN or FAIL, with numbers and names as evidence.
//!
//! | result | means |
//! | --- | --- |
//! | PASS | what the log can show of it, it shows |
//! | WARN | it shows it in part, or not at all, or could not be read |
//! | FAIL | it contradicts it |
//! | N/A | nothing in these days that it applies to |
//! | NOT COVERED | no log could show it, or nobody looked |

mod events;
mod integrity;
mod kept;
mod people;
mod recording;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::{Control, Framework};
use crate::facts::Facts;

/// What became of a check or a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// No log could show it, or nobody looked.
    NotCovered,
    /// Nothing in these days that it applies to.
    NotApplicable,
    /// What the log can show of it, it shows.
    Pass,
    /// It shows it in part, or not at all, or could not be read.
    Warn,
    /// It contradicts it.
    Fail,
}

impl Status {
    /// Every one, the worst first.
    pub const ALL: [Self; 5] =
        [Self::Fail, Self::Warn, Self::Pass, Self::NotApplicable, Self::NotCovered];

    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotCovered => "NOT COVERED",
            Self::NotApplicable => "N/A",
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// What is checked. [`Check::id`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Which fields entries about access and change carry.
    Fields,
    /// Times make sense.
    Times,
    /// Nothing sealed was changed.
    Integrity,
    /// Every day has a signed manifest in time.
    SealedInTime,
    /// Nothing is missing.
    Completeness,
    /// One version of each object, no delete marker.
    Versions,
    /// No credentials and card numbers in clear.
    Unmasked,
    /// Every expected service is heard of.
    Heard,
    /// Start and stop of recording.
    Lifecycle,
    /// Readings of the log are recorded.
    Readings,
    /// What model calls carry.
    AiFields,
    /// Daily reviews.
    Reviews,
    /// Kept for so many days at least; 0: the policy's.
    Retention(u32),
    /// Readable at once.
    Readable,
    /// Processing activities are whole.
    Processing,
    /// Erasures are done, and are what they say.
    Erasures,
    /// Legal holds agree with the log.
    Holds,
    /// Alarms were tried.
    AlertDrills,
    /// Every batch opened under a key of the policy.
    Encrypted,
    /// Findings have a disposition.
    Findings,
    /// Contents live for a limited time.
    ContentLife,
    /// People stand as pseudonyms.
    Pseudonyms,
    /// Entries reach the log soon.
    Delay,
    /// No entry was lost.
    Losses,
    /// Access is recorded at all.
    AccessEvents,
    /// Changes of accounts, rights and keys are recorded.
    CredentialEvents,
    /// Denied access is recorded.
    DeniedEvents,
    /// Changes of settings are recorded.
    ChangeEvents,
    /// Administrative actions are recorded.
    AdminEvents,
    /// Creation and deletion of system-level objects.
    SystemObjects,
    /// Access to health information.
    PhiAccess,
    /// Access to cardholder data.
    CardAccess,
    /// Guardrail decisions.
    AiRisk,
    /// People's decisions.
    Oversight,
}

impl Check {
    /// Its stable name: `L` for the log, `E` for kinds of entries.
    pub fn id(self) -> String {
        let id = match self {
            Self::Fields => "L01",
            Self::Times => "L02",
            Self::Integrity => "L03",
            Self::SealedInTime => "L04",
            Self::Completeness => "L05",
            Self::Versions => "L06",
            Self::Unmasked => "L07",
            Self::Heard => "L08",
            Self::Lifecycle => "L09",
            Self::Readings => "L10",
            Self::AiFields => "L11",
            Self::Reviews => "L12",
            Self::Retention(0) => "L13",
            Self::Retention(days) => return format!("L13-{days}"),
            Self::Readable => "L14",
            Self::Processing => "L15",
            Self::Erasures => "L16",
            Self::Holds => "L17",
            Self::AlertDrills => "L18",
            Self::Encrypted => "L19",
            Self::Findings => "L20",
            Self::ContentLife => "L21",
            Self::Pseudonyms => "L22",
            Self::Delay => "L23",
            Self::Losses => "L24",
            Self::AccessEvents => "E01",
            Self::CredentialEvents => "E02",
            Self::DeniedEvents => "E03",
            Self::ChangeEvents => "E04",
            Self::AdminEvents => "E05",
            Self::SystemObjects => "E06",
            Self::PhiAccess => "E07",
            Self::CardAccess => "E08",
            Self::AiRisk => "E09",
            Self::Oversight => "E10",
        };
        id.to_owned()
    }

    /// What it is about, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fields => "entries say who, what, when, how it ended, from where, to what",
            Self::Times => "times are sane",
            Self::Integrity => "nothing sealed was changed",
            Self::SealedInTime => "every day is sealed in time",
            Self::Completeness => "nothing is missing",
            Self::Versions => "one version of each object, no delete marker",
            Self::Unmasked => "no credentials or card numbers in clear",
            Self::Heard => "every expected service records",
            Self::Lifecycle => "start and stop of recording are recorded",
            Self::Readings => "who read the log is recorded",
            Self::AiFields => "model calls name provider, model and end",
            Self::Reviews => "each day was reviewed",
            Self::Retention(_) => "days are kept long enough",
            Self::Readable => "entries are readable at once",
            Self::Processing => "processing activities are whole",
            Self::Erasures => "erasures are done, and are what they say",
            Self::Holds => "legal holds agree with the log",
            Self::AlertDrills => "alarms were tried",
            Self::Encrypted => "every batch opened under a key of the policy",
            Self::Findings => "each finding has a disposition",
            Self::ContentLife => "contents live for a limited time",
            Self::Pseudonyms => "people stand as pseudonyms",
            Self::Delay => "entries reach the log soon",
            Self::Losses => "no entry was lost",
            Self::AccessEvents => "access and change are recorded",
            Self::CredentialEvents => "changes of accounts, rights and keys are recorded",
            Self::DeniedEvents => "failed and denied access is recorded",
            Self::ChangeEvents => "changes of settings are recorded",
            Self::AdminEvents => "administrative actions are recorded",
            Self::SystemObjects => "creation and deletion of system-level objects",
            Self::PhiAccess => "access to health information is recorded, with its reason",
            Self::CardAccess => "access to cardholder data is recorded",
            Self::AiRisk => "guardrail decisions are recorded",
            Self::Oversight => "people's decisions name who decided",
        }
    }

    fn judge(self, f: &Facts) -> Found {
        match self {
            Self::Fields => recording::fields(f),
            Self::Times => recording::times(f),
            Self::Integrity => integrity::integrity(f),
            Self::SealedInTime => integrity::sealed_in_time(f),
            Self::Completeness => integrity::completeness(f),
            Self::Versions => integrity::versions(f),
            Self::Unmasked => people::unmasked(f),
            Self::Heard => recording::heard(f),
            Self::Lifecycle => recording::lifecycle(f),
            Self::Readings => recording::readings(f),
            Self::AiFields => events::ai_fields(f),
            Self::Reviews => recording::reviews(f),
            Self::Retention(days) => kept::retention(f, days),
            Self::Readable => kept::readable(f),
            Self::Processing => people::processing(f),
            Self::Erasures => people::erasures(f),
            Self::Holds => people::holds(f),
            Self::AlertDrills => Found::not_covered(
                "no entry tells of alarms that were tried: show the alarm's history",
            ),
            Self::Encrypted => integrity::encrypted(f),
            Self::Findings => integrity::findings(f),
            Self::ContentLife => kept::content_life(f),
            Self::Pseudonyms => people::pseudonyms(f),
            Self::Delay => recording::delay(f),
            Self::Losses => recording::losses(f),
            Self::AccessEvents => events::access(f),
            Self::CredentialEvents => events::credentials(f),
            Self::DeniedEvents => events::denied(f),
            Self::ChangeEvents => events::changes(f),
            Self::AdminEvents => events::admins(f),
            Self::SystemObjects => Found::not_covered(
                "no field of an entry says that an object is a system-level one: show the records of the systems themselves",
            ),
            Self::PhiAccess => events::phi(f),
            Self::CardAccess => events::cards(f),
            Self::AiRisk => events::ai_risk(f),
            Self::Oversight => events::oversight(f),
        }
    }
}

/// What a check found.
struct Found {
    status: Status,
    detail: String,
    evidence: Value,
}

impl Found {
    fn new(status: Status, detail: impl Into<String>, evidence: Value) -> Self {
        Self { status, detail: detail.into(), evidence }
    }

    fn not_applicable(detail: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable, detail, Value::Null)
    }

    fn not_covered(detail: impl Into<String>) -> Self {
        Self::new(Status::NotCovered, detail, Value::Null)
    }
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckResult {
    /// Its stable name.
    pub id: String,
    /// What it is about.
    pub title: &'static str,
    /// What became of it.
    pub status: Status,
    /// Expected and found, in a line; for WARN and FAIL also what to do.
    pub detail: String,
    /// Numbers and names behind it; the form is the check's and may grow.
    pub evidence: Value,
}

/// What became of a control.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ControlResult {
    /// Its number.
    pub id: &'static str,
    /// What it is about, in our words.
    pub title: &'static str,
    /// What it asks: a summary, not its text.
    pub asks: &'static str,
    /// Where that comes from.
    pub source: &'static str,
    /// How far that was read.
    pub standing: crate::control::Standing,
    /// The worst of its checks that apply.
    pub status: Status,
    /// Its checks, by id.
    pub checks: Vec<String>,
    /// Checks of the settings, by id, that have more evidence for it.
    pub settings: &'static [&'static str],
    /// Whether these were looked at.
    pub settings_checked: bool,
    /// What the log cannot show of it.
    pub beyond: &'static str,
}

/// One framework's table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameworkResult {
    /// Which.
    pub id: Framework,
    /// Its name for people.
    pub title: &'static str,
    /// What one should know of all of it.
    pub note: &'static str,
    /// Its controls.
    pub controls: Vec<ControlResult>,
}

/// Judges the controls of these frameworks: every check once, by id, and a table for each framework.
pub fn judge(facts: &Facts, frameworks: &[Framework]) -> (Vec<CheckResult>, Vec<FrameworkResult>) {
    let mut asked: Vec<Check> = Vec::new();
    for framework in frameworks {
        asked.extend(framework.controls().iter().flat_map(|c| c.checks));
    }
    asked.sort_unstable();
    asked.dedup();
    let mut results: Vec<CheckResult> =
        asked.into_iter().map(|check| result(facts, check)).collect();
    let tables = frameworks.iter().map(|framework| FrameworkResult {
        id: *framework,
        title: framework.title(),
        note: framework.note(),
        controls: framework.controls().iter().map(|c| control(facts, c, &results)).collect(),
    });
    let tables = tables.collect();
    results.sort_by(|a, b| a.id.cmp(&b.id));
    (results, tables)
}

fn result(facts: &Facts, check: Check) -> CheckResult {
    let Found { status, detail, evidence } = check.judge(facts);
    CheckResult { id: check.id(), title: check.title(), status, detail, evidence }
}

fn control(facts: &Facts, c: &Control, results: &[CheckResult]) -> ControlResult {
    let checks: Vec<String> = c.checks.iter().map(|check| check.id()).collect();
    let found = results.iter().filter(|r| checks.contains(&r.id)).map(|r| r.status);
    let settings = facts.settings.iter().flat_map(|s| &s.checks);
    let settings = settings.filter(|s| c.settings.contains(&s.id)).map(|s| of_setting(s.status));
    ControlResult {
        id: c.id,
        title: c.title,
        asks: c.asks,
        source: c.source,
        standing: c.standing,
        status: found.chain(settings).max().unwrap_or(Status::NotCovered),
        checks,
        settings: c.settings,
        settings_checked: facts.settings.is_some(),
        beyond: c.beyond,
    }
}

/// A result of `dayseal check` as one of ours.
pub const fn of_setting(status: dayseal_auditor::check::Status) -> Status {
    match status {
        dayseal_auditor::check::Status::Pass => Status::Pass,
        dayseal_auditor::check::Status::Warn => Status::Warn,
        dayseal_auditor::check::Status::Fail => Status::Fail,
    }
}

/// `1 entry`, `1,234 entries`.
fn count(n: u64, one: &str, many: &str) -> String {
    crate::render::count(n, one, many)
}
