//! A verification run.

use std::collections::BTreeMap;
use std::sync::Mutex;

use dayseal_format::names::LOG_JSON;
use dayseal_format::{BatchKey, Day, Digest, Level, LogFile, Origin, Policy, VerifierKey};
use dayseal_keys::DataKeyOpener;
use dayseal_store::{Store, StoreError};

use super::entries::KeyCache;
use super::finding::{Finding, FindingCode as Code, Outcome};
use super::late::{day_of, day_of_key, note_records};
use super::options::{Progress, VerifyOptions};
use super::report::{Check, CheckState, HeadInfo, LevelName, Report, Verdict, VerdictState};
use super::walk::Walk;

/// Longest `log.json` read, in bytes.
const MAX_LOG_JSON: u64 = 64 * 1024;

/// Verifies one log.
#[derive(Debug)]
pub struct Verifier<'a> {
    pub(super) evidence: &'a dyn Store,
    pub(super) state: Option<&'a dyn Store>,
    pub(super) policy: Option<&'a Policy>,
    pub(super) opener: Option<&'a dyn DataKeyOpener>,
    pub(super) options: VerifyOptions,
    pub(super) origin: Origin,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) first_day: Day,
    pub(super) cache: Mutex<KeyCache>,
}

/// A run that could not even begin, or lost its store on the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Without a policy `log.json` must at least say which log this is.
    #[error("{object} does not describe a log: {reason}; give a policy, which needs no log.json")]
    LogFile {
        /// The object.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// The saved state belongs to another run.
    #[error("the saved progress is of another run: {0}; delete it to start anew")]
    OtherRun(&'static str),
}

impl<'a> Verifier<'a> {
    /// A verifier of the log in `evidence`.
    ///
    /// With a policy, trust comes from it alone. Without one, keys come from `log.json`, and the
    /// most the report says is "self-consistent, not authenticated".
    ///
    /// # Errors
    /// [`VerifyError`] if there is neither policy nor readable `log.json`.
    pub async fn new(
        evidence: &'a dyn Store,
        state: Option<&'a dyn Store>,
        policy: Option<&'a Policy>,
        opener: Option<&'a dyn DataKeyOpener>,
        options: VerifyOptions,
    ) -> Result<Self, VerifyError> {
        let (origin, keys, first_day) = match policy {
            Some(p) => (p.origin.clone(), p.verifier_keys.clone(), p.first_day),
            None => {
                let stored = evidence.get(LOG_JSON, None, MAX_LOG_JSON).await?;
                let fail = |reason: String| VerifyError::LogFile {
                    object: format!("{}/{LOG_JSON}", evidence.url()),
                    reason,
                };
                let file: LogFile =
                    serde_json::from_slice(&stored.bytes).map_err(|e| fail(e.to_string()))?;
                let keys = file.verifier_keys.iter().map(|k| k.parse());
                let keys = keys
                    .collect::<Result<_, _>>()
                    .map_err(|e: dayseal_format::note::NoteError| fail(e.to_string()))?;
                (file.origin, keys, file.first_day)
            }
        };
        let cache = Mutex::default();
        Ok(Self { evidence, state, policy, opener, options, origin, keys, first_day, cache })
    }

    /// Runs from the beginning.
    ///
    /// # Errors
    /// [`VerifyError::Store`] when the store fails in a way that says nothing about the log. What
    /// was found until then is in the progress the caller kept.
    pub async fn run(&self, progress: &dyn Progress) -> Result<Report, VerifyError> {
        let walk = Walk::new(self.origin.clone(), self.options.level, self.policy_digest());
        self.resume(walk, progress).await
    }

    /// Goes on from where an earlier run was.
    ///
    /// # Errors
    /// As [`Verifier::run`], and [`VerifyError::OtherRun`] if `walk` is of another log, level,
    /// policy or first day, or the log's last verified day is no longer what it was.
    pub async fn resume(
        &self,
        mut walk: Walk,
        progress: &dyn Progress,
    ) -> Result<Report, VerifyError> {
        if walk.v != 1 || walk.origin != self.origin {
            return Err(VerifyError::OtherRun("another log"));
        }
        if walk.level != LevelName(self.options.level) {
            return Err(VerifyError::OtherRun("another level"));
        }
        if walk.policy != self.policy_digest() {
            return Err(VerifyError::OtherRun("another policy"));
        }
        let first = self.options.first.unwrap_or(self.first_day).max(self.first_day);
        if walk.last.is_some() && walk.first != Some(first) {
            return Err(VerifyError::OtherRun("another first day"));
        }
        let chain = self.chain_days(&mut walk).await?;
        let newest = chain.days.keys().next_back().copied();
        let last = match (self.options.last, newest) {
            (Some(last), Some(newest)) => Some(last.min(newest)),
            (Some(last), None) => Some(last),
            (None, newest) => newest,
        };
        let from = match walk.last {
            None => {
                walk.first = Some(first);
                self.start(&mut walk, first).await?;
                first
            }
            Some(done) => {
                let again = self.checkpoint(&mut walk, Some(done)).await?;
                let known = walk.boundaries.iter().find(|b| b.0 == done);
                if again.map(|c| (c.size, c.root)) != known.map(|b| (b.1, b.2)) {
                    return Err(VerifyError::OtherRun("the last day it verified changed since"));
                }
                done.next().unwrap_or(done)
            }
        };
        let days: Vec<Day> = last.map(|last| from.through(last).collect()).unwrap_or_default();
        progress.days(days.len() as u64);
        for day in days {
            match chain.days.get(&day) {
                None => {
                    // The walk goes on behind the hole, from the next signed checkpoint.
                    walk.absent.get_or_insert((day, day)).1 = day;
                    walk.tip = None;
                    walk.manifest = None;
                }
                Some(has) => {
                    self.report_absent(&mut walk, newest);
                    self.day(&mut walk, day, *has, progress).await?;
                }
            }
            walk.last = Some(day);
            progress.day_done(&walk);
        }
        self.report_absent(&mut walk, newest);
        if let Some(last) = self.options.last {
            self.look_ahead(&mut walk, last, &chain.days, progress).await?;
        }
        self.finish(walk, newest).await
    }

    fn policy_digest(&self) -> Option<Digest> {
        self.policy.map(|p| Digest::of(p.to_string().as_bytes()))
    }

    /// Whether the retention of a walked day is over.
    pub(super) fn expired(&self, walk: &Walk, day: Day) -> bool {
        let keep_until = walk.kept.iter().find(|(d, _)| *d == day).map(|(_, until)| *until);
        // Days no longer in `kept` were over before a later day was sealed.
        let walked = walk.first.is_some_and(|f| f <= day) && walk.last.is_some_and(|l| day <= l);
        match keep_until {
            Some(until) => self.options.now.day() > until,
            None => walked,
        }
    }

    async fn day(
        &self,
        walk: &mut Walk,
        day: Day,
        has: (bool, bool),
        progress: &dyn Progress,
    ) -> Result<(), VerifyError> {
        let Some(read) = self.chain_day(walk, day, has).await? else { return Ok(()) };
        let records = &read.records;
        progress.day(day, records.len() as u64);
        walk.totals.records += records.len() as u64;
        note_records(walk, day, records);
        if self.options.level >= Level::Listing {
            let expired = self.expired(walk, day);
            self.list_day(walk, day, records, expired).await?;
            self.list_late(walk, day, records, |walk, d| self.expired(walk, d)).await?;
        }
        if self.options.level >= Level::Objects {
            self.read_day(walk, day, records, progress).await?;
        }
        Ok(())
    }

    /// Days behind the range may list objects of days in it: late batches, strays, and the gaps and
    /// conflicts they show.
    async fn look_ahead(
        &self,
        walk: &mut Walk,
        last: Day,
        days: &BTreeMap<Day, (bool, bool)>,
        progress: &dyn Progress,
    ) -> Result<(), VerifyError> {
        for step in 1..=i32::from(walk.late_days) {
            let Some(day) = last.checked_add(step).filter(|d| days.contains_key(d)) else { break };
            let Some(read) = self.manifest(walk, day).await? else { break };
            // Days outside the range are not walked, but what is not signed counts for nothing.
            let signed = self.checkpoint(walk, Some(day)).await?;
            let after = (read.manifest.after.size(), read.manifest.after.root());
            if signed.map(|c| (c.size, c.root)) != Some(after) {
                break;
            }
            let range = walk.first.unwrap_or(self.first_day)..=last;
            let mut records = read.records;
            records.retain(|r| day_of(r).is_some_and(|d| range.contains(&d)));
            note_records(walk, day, &records);
            if self.options.level >= Level::Listing {
                self.list_late(walk, day, &records, |walk, d| self.expired(walk, d)).await?;
            }
            if self.options.level >= Level::Objects {
                self.read_day(walk, day, &records, progress).await?;
            }
        }
        Ok(())
    }

    fn report_absent(&self, walk: &mut Walk, newest: Option<Day>) {
        let Some((from, to)) = walk.absent.take() else { return };
        let count = to.days_since(from) + 1;
        let object = if from == to { format!("{from}") } else { format!("{from}..{to}") };
        let later = newest.map_or(String::new(), |n| format!(", though {n} is sealed"));
        let detail = format!("{count} days have neither manifest nor checkpoint{later}");
        walk.find(Finding::new(Code::MissingDay, from, object, detail));
    }

    /// Judges what only the whole walk can show, and writes the report.
    async fn finish(&self, mut walk: Walk, newest: Option<Day>) -> Result<Report, VerifyError> {
        self.judge_gaps(&mut walk).await?;
        self.overdue(&mut walk, newest);
        self.silent_services(&mut walk);
        if self.options.level >= Level::Listing {
            self.list_outside(&mut walk).await?;
            self.judge_unlisted(&mut walk, newest);
        }
        let (anchored, anchors) = self.anchor(&mut walk).await?;
        Ok(self.report(walk, anchored, anchors))
    }

    /// Days whose seal is later than the policy allows.
    fn overdue(&self, walk: &mut Walk, newest: Option<Day>) {
        if self.options.last.is_some() {
            return;
        }
        let hours = self.policy.map_or(26, |p| p.max_seal_hours);
        let now = self.options.now.saturating_add(-i64::from(hours) * 3_600_000);
        let Some(due) = now.day().previous() else { return };
        let next = newest.map_or(Some(self.first_day), Day::next);
        if let Some(next) = next.filter(|next| *next <= due) {
            let object = if next == due { format!("{next}") } else { format!("{next}..{due}") };
            let count = due.days_since(next) + 1;
            let detail = format!("{count} days are not sealed {hours} hours after their end");
            walk.find(Finding::new(Code::MissingDay, next, object, detail));
        }
    }

    fn silent_services(&self, walk: &mut Walk) {
        let (Some(policy), Some(last)) = (self.policy, walk.last) else { return };
        for (service, max) in &policy.services {
            let heard = walk.heard.get(service).copied();
            let since = heard.or(walk.first.and_then(Day::previous)).unwrap_or(last);
            let silent = last.days_since(since);
            if i64::from(silent) > i64::from(*max) {
                let detail = match heard {
                    Some(day) => format!("last heard of on {day}, {silent} days before {last}"),
                    None => format!("not heard of in {silent} days"),
                };
                let object = format!("service {service}");
                walk.find(Finding::new(Code::SilentService, last, object, detail));
            }
        }
    }

    /// What no manifest lists: still to be sealed as late, or slipped in.
    fn judge_unlisted(&self, walk: &mut Walk, newest: Option<Day>) {
        for (key, listed) in std::mem::take(&mut walk.unlisted) {
            let day = day_of_key(&key);
            let next_seal = newest.and_then(Day::next);
            // Only a batch can still be sealed as late; other names never become evidence.
            let batch = key.parse::<BatchKey>().is_ok() && listed.iter().any(|l| !l.marker);
            let may_come = match (day, next_seal) {
                (Some(day), Some(next)) if batch => {
                    next.days_since(day) <= i32::from(walk.late_days)
                }
                _ => false,
            };
            if may_come {
                walk.totals.awaiting_seal += 1;
                continue;
            }
            let marker = listed.iter().all(|l| l.marker);
            let bytes: u64 = listed.iter().map(|l| l.length).sum();
            let detail = match marker {
                true => "a delete marker over nothing that was sealed".to_owned(),
                false => format!("{bytes} bytes that no manifest lists"),
            };
            walk.find(Finding::new(Code::UnlistedObject, day, key, detail));
        }
    }

    fn report(&self, walk: Walk, anchored: bool, anchors: Vec<Check>) -> Report {
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

fn level_checks(level: Level, v: &Verifier<'_>, t: &super::Totals) -> Vec<Check> {
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
