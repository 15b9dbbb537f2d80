//! From findings to verdicts and the exit code.

use dayseal_format::{Day, Level};

use super::content::CHECK as CONTENTS;
use super::finding::{Finding, FindingCode as Code, Outcome};
use super::hints::CHECK as HINTS;
use super::removal::CHECK as REMOVED;
use super::report::{
    Check, CheckState, HeadInfo, LevelName, Report, Totals, Verdict, VerdictState,
};
use super::verifier::Verifier;
use super::walk::Walk;

impl Verifier<'_> {
    pub(super) fn report(&self, mut walk: Walk, anchored: bool, anchors: Vec<Check>) -> Report {
        let (mut findings, mut known) = (Vec::new(), Vec::new());
        for finding in std::mem::take(&mut walk.findings) {
            match self.policy.and_then(|p| p.known_findings.get(&finding.id)) {
                Some(reason) => known.push((finding, reason.clone())),
                None => findings.push(finding),
            }
        }
        // Objects are read in any order: the whole order is given here.
        findings.sort_by(|a, b| {
            let outcomes = a.code.outcome().cmp(&b.code.outcome());
            outcomes.then_with(|| (a.day, &a.object, a.code).cmp(&(b.day, &b.object, b.code)))
        });
        let has = |outcome| findings.iter().any(|f| f.code.outcome() == outcome);
        let level = self.options.level;
        let required = self.policy.map(|p| p.require);
        let deep_enough = required.is_none_or(|r| level >= r);
        let opened = level < Level::Entries || self.opener.is_some();
        let unreadable = has(Outcome::Unchecked);
        let count = |o| findings.iter().filter(|f| f.code.outcome() == o).count() as u64;

        let integrity = if has(Outcome::Altered) {
            failed(plural(count(Outcome::Altered), "finding", "findings"))
        } else if self.policy.is_none() {
            not("self-consistent, not authenticated: no policy was given")
        } else if walk.totals.days == 0 {
            not("no sealed day in the range")
        } else if !deep_enough {
            not(&format!(
                "checked at level {level}, the policy asks for {}",
                required.unwrap_or(level)
            ))
        } else if !opened {
            not("entries were not opened: no data keys were given")
        } else if unreadable {
            not("something could not be read")
        } else {
            holds(format!("nothing sealed was changed, as far as level {level} checks"))
        };
        let completeness = if has(Outcome::Incomplete) {
            failed(plural(count(Outcome::Incomplete), "finding", "findings"))
        } else if level < Level::Listing {
            not("objects were not listed at level chain")
        } else if walk.totals.days == 0 {
            not("no sealed day in the range")
        } else {
            let removed = match walk.totals.removed {
                0 => "",
                _ => ", or was removed by order",
            };
            holds(format!("every day and batch that the log names is there{removed}"))
        };
        let anchoring = if has(Outcome::RolledBack) {
            failed("the log is not the one that was remembered".to_owned())
        } else if anchored {
            holds("the log leads to the remembered head".to_owned())
        } else if self.options.first_run {
            not("first run: no head is remembered yet")
        } else {
            not("no remembered head to compare with: a rollback would not be seen")
        };

        let mut outcomes: Vec<Outcome> = findings.iter().map(|f| f.code.outcome()).collect();
        let complete_run = self.policy.is_some()
            && deep_enough
            && opened
            && (anchored || self.options.first_run)
            && integrity.state != VerdictState::NotChecked;
        if !complete_run {
            outcomes.push(Outcome::Unchecked);
        }
        let head = walk.boundaries.last().map(|(day, size, root)| HeadInfo {
            day: *day,
            size: *size,
            root: *root,
        });
        let mut checks = level_checks(level, self, &walk.totals, &findings);
        let of_contents =
            findings.iter().filter(|f| check_of(f.code, level) == CONTENTS).count() as u64;
        checks.extend(self.content_check(&walk.totals, of_contents));
        let of_hints = findings.iter().filter(|f| f.code == Code::HintsMismatch).count();
        checks.extend(self.hint_check(&walk.totals.hints, of_hints as u64));
        let of_removals = findings.iter().filter(|f| f.code == Code::UnapprovedRemoval).count();
        checks.extend(self.removal_check(&walk, of_removals as u64));
        checks.extend(expired_days(walk.totals.expired_days, walk.chain_kept_from));
        checks.extend(self.announced_keys(&walk.announced));
        checks.extend(anchors);
        let (removals, more_removals) = walk.told_removals();
        Report {
            v: 1,
            origin: self.origin.to_string(),
            evidence: self.evidence.url().to_owned(),
            authenticated: self.policy.is_some(),
            level: LevelName(level),
            required: required.map(LevelName),
            at: self.options.now,
            first: walk.first.filter(|_| walk.last.is_some()),
            last: walk.last,
            head,
            integrity,
            completeness,
            anchoring,
            checks,
            exit_code: Report::exit_code(outcomes),
            findings,
            more_findings: walk.more_findings,
            known,
            removals,
            more_removals,
            totals: walk.totals,
        }
    }
}

/// A line on the days of which nothing is left, if there are any.
fn expired_days(days: u64, kept_from: Option<Day>) -> Option<Check> {
    let kept_from = kept_from.filter(|_| days > 0)?;
    let gone = plural(days, "day", "days");
    let detail = format!(
        "{gone} before {kept_from}: gone after their time, as the log itself says under its signature; what they held cannot be checked any more"
    );
    Some(Check { name: "expired days".into(), state: CheckState::NotChecked, detail })
}

/// What the keys of batches begin with.
const ENTRIES: &str = "entries/";
const VERSIONS: &str = "object versions and delete markers";

fn level_checks(level: Level, v: &Verifier<'_>, t: &Totals, findings: &[Finding]) -> Vec<Check> {
    let state = |name: &str, why_not: Option<String>, done: String| {
        let failed = findings.iter().filter(|f| check_of(f.code, level) == name).count() as u64;
        let (state, detail) = match (why_not, failed) {
            (_, 1..) => {
                (CheckState::Failed, format!("{done}; {}", plural(failed, "finding", "findings")))
            }
            (Some(why), 0) => (CheckState::NotChecked, why),
            (None, 0) => (CheckState::Checked, done),
        };
        Check { name: name.into(), state, detail }
    };
    let below = |at: Level| (level < at).then(|| format!("needs level {at}"));
    let opened = plural(t.opened, "entry opened", "entries opened");
    // Findings of their own; here, so that nobody takes "0 entries opened" for a check that was done.
    let unread = |f: &&Finding| f.code == Code::Unreadable && f.object.starts_with(ENTRIES);
    let unopened = match (v.opener, findings.iter().filter(unread).count() as u64) {
        (None, _) => Some("no data keys were given".to_owned()),
        (_, 0) => None,
        (_, n) => Some(format!("{opened}; {} could not be read", plural(n, "batch", "batches"))),
    };
    let unversioned =
        (!v.evidence.capabilities().versions).then(|| "this store keeps no versions".to_owned());
    let chain = [plural(t.days, "day", "days"), plural(t.records, "record", "records")].join(", ");
    let bytes =
        [plural(t.objects, "object", "objects"), plural(t.bytes, "byte", "bytes")].join(", ");
    vec![
        state("signatures, tree and days", None, chain),
        state("listing", below(Level::Listing), plural(t.listed, "object", "objects")),
        state("object bytes", below(Level::Objects), bytes),
        state("entries", below(Level::Entries).or(unopened), opened),
        state(VERSIONS, below(Level::Listing).or(unversioned), "every version".to_owned()),
        Check {
            name: "tails of open-ended streams".into(),
            state: CheckState::NotChecked,
            detail: format!(
                "{} of {} streams ended without saying so: no log can tell whether they lost a tail",
                t.streams_open,
                t.streams_open + t.streams_closed
            ),
        },
    ]
}

/// The check that a finding of a run at this level belongs to.
fn check_of(code: Code, level: Level) -> &'static str {
    match code {
        Code::ExtraVersion | Code::DeleteMarker | Code::MovedVersion => VERSIONS,
        Code::AlteredObject if level >= Level::Objects => "object bytes",
        Code::AlteredObject | Code::UnlistedObject | Code::MissingObject => "listing",
        Code::HeaderMismatch if level >= Level::Objects => "object bytes",
        Code::ForeignKey | Code::WrongKeyOrForged | Code::BadEntry => "entries",
        Code::AlteredContent
        | Code::MissingContent
        | Code::UnreceiptedErasure
        | Code::NotErased => CONTENTS,
        Code::UnapprovedRemoval => REMOVED,
        Code::HintsMismatch => HINTS,
        // Heads have lines of their own; what could not be read says so itself.
        Code::RolledBack | Code::Diverged | Code::Unreadable => "",
        _ => "signatures, tree and days",
    }
}

fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn holds(reason: String) -> Verdict {
    Verdict { state: VerdictState::Holds, reason }
}

fn failed(reason: String) -> Verdict {
    Verdict { state: VerdictState::Failed, reason }
}

fn not(reason: &str) -> Verdict {
    Verdict { state: VerdictState::NotChecked, reason: reason.to_owned() }
}
