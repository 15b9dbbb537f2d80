//! From findings to verdicts and the exit code.

use dayseal_format::Level;

use super::finding::Outcome;
use super::report::{
    Check, CheckState, HeadInfo, LevelName, Report, Totals, Verdict, VerdictState,
};
use super::verifier::Verifier;
use super::walk::Walk;

impl Verifier<'_> {
    pub(super) fn report(&self, walk: Walk, anchored: bool, anchors: Vec<Check>) -> Report {
        let (mut findings, mut known) = (Vec::new(), Vec::new());
        for finding in walk.findings {
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
        let count = |o| findings.iter().filter(|f| f.code.outcome() == o).count();

        let integrity = if has(Outcome::Altered) {
            failed(format!("{} findings", count(Outcome::Altered)))
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
            failed(format!("{} findings", count(Outcome::Incomplete)))
        } else if level < Level::Listing {
            not("objects were not listed at level chain")
        } else if walk.totals.days == 0 {
            not("no sealed day in the range")
        } else {
            holds("every day and batch that the log names is there".to_owned())
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
        let mut checks = level_checks(level, self, &walk.totals);
        checks.extend(anchors);
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
            totals: walk.totals,
        }
    }
}

fn level_checks(level: Level, v: &Verifier<'_>, t: &Totals) -> Vec<Check> {
    let check = |name: &str, at: Level, detail: String| {
        let done = level >= at;
        let state = if done { CheckState::Checked } else { CheckState::NotChecked };
        let detail = if done { detail } else { format!("needs level {at}") };
        Check { name: name.into(), state, detail }
    };
    let versions = v.evidence.capabilities().versions;
    let mut checks = vec![
        check(
            "signatures, tree and days",
            Level::Chain,
            format!("{} days, {} records", t.days, t.records),
        ),
        check("listing", Level::Listing, format!("{} objects", t.listed)),
        check("object bytes", Level::Objects, format!("{} objects, {} bytes", t.objects, t.bytes)),
        check("entries", Level::Entries, format!("{} entries opened", t.opened)),
    ];
    checks.push(if versions {
        check("object versions and delete markers", Level::Listing, "one version each".into())
    } else {
        let detail = "this store keeps no versions".into();
        Check {
            name: "object versions and delete markers".into(),
            state: CheckState::NotChecked,
            detail,
        }
    });
    checks.push(Check {
        name: "tails of open-ended streams".into(),
        state: CheckState::NotChecked,
        detail: format!(
            "{} of {} streams ended without saying so: no log can tell whether they lost a tail",
            t.streams_open,
            t.streams_open + t.streams_closed
        ),
    });
    checks
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
