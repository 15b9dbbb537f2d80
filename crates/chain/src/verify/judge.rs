//! What only the whole walk can show: what is overdue, silent, or slipped in.

use dayseal_format::{BatchKey, Day, Level};

use super::due::{overdue, silent_days};
use super::finding::{Finding, FindingCode as Code};
use super::late::day_of_key;
use super::report::Report;
use super::verifier::{Verifier, VerifyError};
use super::walk::Walk;

impl Verifier<'_> {
    /// Judges what only the whole walk can show, and writes the report.
    pub(super) async fn finish(
        &self,
        mut walk: Walk,
        newest: Option<Day>,
    ) -> Result<Report, VerifyError> {
        self.judge_gaps(&mut walk).await?;
        self.overdue(&mut walk, newest);
        self.silent_services(&mut walk);
        if self.options.level >= Level::Listing {
            self.list_outside(&mut walk).await?;
            self.judge_unlisted(&mut walk, newest);
        }
        self.judge_removals(&mut walk, newest).await?;
        self.judge_erasures(&mut walk).await?;
        let (anchored, anchors) = self.anchor(&mut walk).await?;
        Ok(self.report(walk, anchored, anchors))
    }

    /// Days whose seal is later than the policy allows.
    fn overdue(&self, walk: &mut Walk, newest: Option<Day>) {
        if self.options.last.is_some() {
            return;
        }
        let hours = self.policy.map_or(26, |p| p.max_seal_hours);
        if let Some((next, due)) = overdue(self.first_day, newest, hours, self.options.now) {
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
            let silent = silent_days(heard, walk.first, last);
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
}
