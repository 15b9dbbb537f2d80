//! A run: from one end of the chain to the other, day by day.

use std::collections::{BTreeMap, BTreeSet};

use dayseal_format::record::Record;
use dayseal_format::{Day, Digest, Level};
use dayseal_store::{ErrorKind, StoreError};

use super::ahead::{Ahead, DayAhead, during};
use super::chain::ChainDays;
use super::finding::{Finding, FindingCode as Code};
use super::late::{day_of, note_records};
use super::listener::Listener;
use super::options::Progress;
use super::report::{LevelName, Report};
use super::verifier::{Verifier, VerifyError};
use super::walk::Walk;
use crate::SealError;
use crate::expiry::signed_day;

impl Verifier<'_> {
    /// Runs from the beginning.
    ///
    /// # Errors
    /// [`VerifyError::Store`] when the store fails in a way that says nothing about the log. What
    /// was found until then is in the progress the caller kept.
    pub async fn run(&self, progress: &dyn Progress) -> Result<Report, VerifyError> {
        self.run_with(&mut (), progress).await
    }

    /// The same, with someone who hears the entries that it opens.
    ///
    /// # Errors
    /// As [`Verifier::run`].
    pub async fn run_with<L: Listener>(
        &self,
        listener: &mut L,
        progress: &dyn Progress,
    ) -> Result<Report, VerifyError> {
        let walk = Walk::new(self.origin.clone(), self.options.level, self.policy_digest());
        self.go_on(walk, listener, progress).await
    }

    /// Goes on from where an earlier run was.
    ///
    /// # Errors
    /// As [`Verifier::run`], and [`VerifyError::OtherRun`] if `walk` is of another log, level,
    /// policy or first day, or the log's last verified day is no longer what it was.
    pub async fn resume(&self, walk: Walk, progress: &dyn Progress) -> Result<Report, VerifyError> {
        self.go_on(walk, &mut (), progress).await
    }

    async fn go_on<L: Listener>(
        &self,
        mut walk: Walk,
        listener: &mut L,
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
                if self.options.level >= Level::Listing {
                    self.list_expired(&mut walk, &chain.days).await?;
                }
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
        let there = days.iter().filter_map(|day| Some((*day, *chain.days.get(day)?)));
        let (mut ahead, reading) = self.ahead(there.collect(), &*listener);
        let visit = self.visit(&mut walk, &days, &chain, &mut ahead, listener, progress);
        during(visit, reading).await?;
        self.report_absent(&mut walk, newest);
        if let Some(last) = self.options.last {
            self.look_ahead(&mut walk, last, &chain.days, progress).await?;
        }
        self.finish(walk, newest).await
    }

    /// Goes through `days`, those too that have no part of the chain.
    async fn visit<L: Listener>(
        &self,
        walk: &mut Walk,
        days: &[Day],
        chain: &ChainDays,
        ahead: &mut Ahead<'_, L::Heard>,
        listener: &mut L,
        progress: &dyn Progress,
    ) -> Result<(), VerifyError> {
        let newest = chain.days.keys().next_back().copied();
        for &day in days {
            match chain.days.get(&day) {
                None => {
                    if walk.chain_over(day) {
                        walk.totals.expired_days += 1;
                    } else {
                        walk.absent.get_or_insert((day, day)).1 = day;
                    }
                    // The walk goes on behind the hole, from the next signed checkpoint.
                    walk.tip = None;
                    walk.manifest = None;
                }
                Some(has) => {
                    self.report_absent(walk, newest);
                    self.day(walk, (day, *has), ahead, listener, progress).await?;
                }
            }
            walk.last = Some(day);
            progress.day_done(walk);
        }
        Ok(())
    }

    fn policy_digest(&self) -> Option<Digest> {
        self.policy.map(|p| Digest::of(p.to_string().as_bytes()))
    }

    /// Whether the retention of a day is over that was walked, or was asked for by `learn_earlier`.
    pub(super) fn expired(&self, walk: &Walk, day: Day) -> bool {
        let today = self.options.now.day();
        if walk.first.is_none_or(|first| day < first) {
            return walk.earlier.get(&day).map_or(walk.chain_over(day), |until| today > *until);
        }
        match walk.kept.iter().find(|(d, _)| *d == day) {
            Some((_, until)) => today > *until,
            // Days no longer in `kept` were over before a later day was sealed.
            None => walk.last.is_some_and(|last| day <= last),
        }
    }

    /// Asks the days before the first how long the late batches are kept that `records` list of them.
    async fn learn_earlier(&self, walk: &mut Walk, records: &[Record]) -> Result<(), StoreError> {
        let first = walk.first.unwrap_or(self.first_day);
        let days: BTreeSet<Day> =
            records.iter().filter_map(day_of).filter(|d| *d < first).collect();
        for day in days {
            if walk.earlier.contains_key(&day) {
                continue;
            }
            match signed_day(self.evidence, &self.origin, &self.keys, day).await {
                Ok(Some(record)) => drop(walk.earlier.insert(day, record.keep_until)),
                Err(SealError::Store(e)) if e.kind() != ErrorKind::NotFound => return Err(e),
                // A run that walks there says what is wrong; here nothing counts as expired for it.
                Ok(None) | Err(_) => {}
            }
        }
        Ok(())
    }

    async fn day<L: Listener>(
        &self,
        walk: &mut Walk,
        (day, has): (Day, (bool, bool)),
        ahead: &mut Ahead<'_, L::Heard>,
        listener: &mut L,
        progress: &dyn Progress,
    ) -> Result<(), VerifyError> {
        let DayAhead { note, manifest, listing } = ahead.day().await?;
        let read = self.chain_day(walk, day, has, (note, manifest)).await?;
        let Some((read, holds)) = read else {
            return Ok(());
        };
        let records = &read.records;
        if holds {
            listener.sealed(&read.manifest.day, records);
        }
        progress.day(day, records.len() as u64);
        walk.totals.records += records.len() as u64;
        note_records(walk, day, records);
        self.note_removals(walk, day, records);
        if let Some(listing) = listing {
            self.learn_earlier(walk, records).await?;
            let expired = self.expired(walk, day);
            self.list_day(walk, (day, records), listing?, expired).await?;
            self.list_late(walk, day, records, |walk, d| self.expired(walk, d)).await?;
        }
        if self.options.level >= Level::Objects {
            self.take_day(walk, (day, records, holds), ahead, listener, progress).await?;
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
            if !signed.is_some_and(|signed| read.is_of(&signed)) {
                break;
            }
            let range = walk.first.unwrap_or(self.first_day)..=last;
            let in_range = |r: &&Record| day_of(r).is_some_and(|d| range.contains(&d));
            let records: Vec<Record> = read.records.iter().filter(in_range).cloned().collect();
            note_records(walk, day, &records);
            if self.options.level >= Level::Listing {
                self.list_late(walk, day, &records, |walk, d| self.expired(walk, d)).await?;
            }
            if self.options.level >= Level::Objects {
                let (mut ahead, reading) = self.ahead_of(day, &records);
                let (day, mut nobody) = ((day, &*records, true), ());
                let taking = self.take_day(walk, day, &mut ahead, &mut nobody, progress);
                during(taking, reading).await?;
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
}
