//! Looking at a log.

use std::collections::{BTreeSet, HashSet};
use std::pin::pin;

use dayseal_chain::Sealer;
use dayseal_chain::days::SealedDays;
use dayseal_chain::read::{list_day, read_header};
use dayseal_chain::verify::{Outcome, overdue, silent_days};
use dayseal_format::manifest::Manifest;
use dayseal_format::names::manifest_key;
use dayseal_format::record::{MAX_RECORD, Record};
use dayseal_format::{BatchKey, Day, Policy, ServiceName, UnixMillis};
use dayseal_store::{ErrorKind, Store, StoreError};
use futures_util::future::{Either, select};
use futures_util::{FutureExt as _, StreamExt as _, stream};

use super::counted::Counted;
use super::judge::{Code, Problem, judge};
use super::traffic::{Seen, Traffic};
use super::{Health, LastSeal, Service, age};

/// Headers read at once.
const JOBS: usize = 16;

/// Days gone back beyond those that a service may be silent, to say when it was heard of.
const FARTHER: u32 = 7;

/// What is looked at, and how.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The evidence root.
    pub evidence: &'a dyn Store,
    /// Whose seals count, and what is expected.
    pub policy: &'a Policy,
    /// The time.
    pub now: UnixMillis,
    /// How long after its end a day is sealed, in milliseconds.
    pub grace_ms: i64,
    /// Hours looked at, the one under way included, 1 to [`super::MAX_HOURS`].
    pub hours: u32,
}

/// Nothing can be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// The store cannot be listed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The time was up before the manifests and listings were read.
    #[error(
        "the time was up before the manifests and listings were read: give it more, or fewer hours"
    )]
    Stopped,
}

/// What manifests and listings say, before any header was read.
struct Base {
    health: Health,
    traffic: Traffic,
    /// Batches that no manifest lists, newest days first.
    unsealed: Vec<BatchKey>,
    /// Sealed days.
    sealed: BTreeSet<Day>,
    /// First day looked at.
    from: Day,
}

impl Look<'_> {
    /// Looks. When `stop` resolves, headers that are not read yet are left, which is said.
    ///
    /// Requests: a listing of the manifests; three for each manifest of the days looked at and the newest; a listing
    /// of each day looked at; one for each batch that no manifest lists; and, if a service was not heard of, one for
    /// each day gone back, or if that is not sealed a listing and one for each stream. In memory: 100 bytes a batch of these days.
    ///
    /// # Errors
    /// [`HealthError`].
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<Health, HealthError> {
        let store = Counted::new(self.evidence);
        let mut stop = pin!(stop.fuse());
        let base = match select(pin!(self.base(&store)), stop.as_mut()).await {
            Either::Left((base, _)) => base?,
            Either::Right(_) => return Err(HealthError::Stopped),
        };
        let Base { mut health, mut traffic, unsealed, sealed, from } = base;
        let origin = &self.policy.origin;
        health.unread = unsealed.len() as u64;
        let read = stream::iter(&unsealed).map(|key| read_header(&store, origin, key));
        let mut read = pin!(read.buffer_unordered(JOBS).take_until(stop.as_mut()));
        while let Some(header) = read.next().await {
            health.unread -= 1;
            match header {
                Ok(header) => traffic.add(&header.into()),
                Err(e) => {
                    let detail = format!("{e}");
                    health.problems.push(Problem::new(Code::Batch, e.outcome(), detail));
                }
            }
        }
        let whole = health.unread == 0
            && match select(pin!(self.look_back(&store, &sealed, from, &mut traffic)), stop).await {
                Either::Left((done, _)) => done.map(|()| true)?,
                Either::Right(_) => false,
            };
        if !whole {
            let detail = match health.unread {
                0 => "the time was up before older days were asked for silent services".into(),
                n => format!("the time was up with {n} headers unread"),
            };
            health.problems.push(Problem::new(Code::Stopped, Outcome::Unchecked, detail));
        }
        let today = self.now.day();
        let days = today.previous().filter(|d| *d >= self.policy.first_day).into_iter();
        health.streams = days.chain([today]).map(|day| traffic.streams(day)).collect();
        health.services = self.services(&traffic, whole);
        Traffic {
            hours: health.hours,
            spanning: health.spanning,
            newest: health.newest_batch,
            ..
        } = traffic;
        health.requests = store.requests();
        judge(&mut health, self.policy);
        Ok(health)
    }

    async fn base(&self, store: &Counted<'_>) -> Result<Base, StoreError> {
        let policy = self.policy;
        let mut traffic = Traffic::new(self.now, self.hours);
        let today = self.now.day();
        let yesterday = today.previous().unwrap_or(today);
        let from = traffic.from().day().min(yesterday).max(policy.first_day);
        let sealed = SealedDays::new(store, &policy.origin, &policy.verifier_keys);
        let days = sealed.list().await?;
        let newest = days.last().copied();
        let mut health = self.nothing_yet(newest);
        let mut known = HashSet::new();
        // A batch of these days stands in the manifest of its own day or of a later one.
        for day in days.iter().copied().filter(|d| *d >= from || Some(*d) == newest) {
            let (mut batches, mut keys): (Vec<Seen>, Vec<String>) = Default::default();
            let read = sealed.read(day, |_, record| match record {
                Record::Batch(b) if b.key.day >= from => {
                    keys.push(b.key.to_string());
                    batches.push(b.into());
                }
                Record::Stray(s) => keys.push(s.key.clone()),
                _ => {}
            });
            match read.await {
                Ok(Some(read)) => {
                    let record = read.manifest.day;
                    batches.iter().for_each(|b| traffic.add(b));
                    known.extend(keys);
                    if day >= from {
                        record.services.iter().for_each(|s| traffic.hear(&s.name, day));
                        health.late += record.counts.late;
                    }
                    if Some(day) == newest {
                        let (sealed_at, counts) = (record.sealed_at, record.counts);
                        let age_seconds = age(self.now, sealed_at);
                        health.last_seal = Some(LastSeal { day, sealed_at, age_seconds, counts });
                    }
                }
                Ok(None) => {}
                Err(e) => {
                    let detail = format!("{day}: {e}");
                    health.problems.push(Problem::new(Code::Day, e.outcome(), detail));
                }
            }
        }
        let mut unsealed = Vec::new();
        // A producer's clock may be a little ahead of ours.
        for day in from.through(today.next().unwrap_or(today)) {
            let (batches, others) = list_day(store, day).await?;
            let new = batches.into_iter().filter(|key| !known.contains(&key.to_string()));
            let before = unsealed.len();
            unsealed.extend(new);
            if newest.is_some_and(|newest| day <= newest) {
                health.late_waiting += (unsealed.len() - before) as u64;
            }
            for name in others.into_iter().filter(|name| !known.contains(name)) {
                let detail = format!("{name} is not a readable batch");
                health.problems.push(Problem::new(Code::Stray, Outcome::Altered, detail));
            }
        }
        // The present first, should the time be up.
        unsealed.reverse();
        Ok(Base { health, traffic, unsealed, sealed: days.into_iter().collect(), from })
    }

    fn nothing_yet(&self, newest: Option<Day>) -> Health {
        let policy = self.policy;
        let due = Sealer::due(self.now, self.grace_ms);
        let next = newest.map_or(Some(policy.first_day), Day::next);
        Health {
            v: 1,
            origin: policy.origin.clone(),
            at: self.now,
            exit_code: 0,
            problems: Vec::new(),
            last_seal: None,
            waiting: next.zip(due).filter(|(next, due)| next <= due),
            overdue: overdue(policy.first_day, newest, policy.max_seal_hours, self.now),
            hours: Vec::new(),
            spanning: 0,
            newest_batch: None,
            late: 0,
            late_waiting: 0,
            streams: Vec::new(),
            services: Vec::new(),
            requests: 0,
            unread: 0,
        }
    }

    /// Asks older days for services that were not heard of, as far back as they may be silent and a week
    /// more: sealed ones by the
    /// first line of their manifest, unverified, others by a header of each stream. It decides about silence alone.
    async fn look_back(
        &self,
        store: &Counted<'_>,
        sealed: &BTreeSet<Day>,
        from: Day,
        traffic: &mut Traffic,
    ) -> Result<(), StoreError> {
        let mut next = from.previous();
        while let Some(day) = next.filter(|day| *day >= self.policy.first_day) {
            let silent = i64::from(self.silent(Some(day)));
            let missed = |(name, max): (&ServiceName, &u32)| {
                let until = i64::from(*max) + i64::from(FARTHER);
                !traffic.heard.contains_key(name) && silent <= until
            };
            if !self.policy.services.iter().any(missed) {
                break;
            }
            let heard = match sealed.contains(&day) {
                true => heard_by_manifest(store, day).await?,
                false => self.heard_by_headers(store, day).await?,
            };
            heard.iter().for_each(|name| traffic.hear(name, day));
            next = day.previous();
        }
        Ok(())
    }

    async fn heard_by_headers(
        &self,
        store: &Counted<'_>,
        day: Day,
    ) -> Result<Vec<ServiceName>, StoreError> {
        let (mut batches, _) = list_day(store, day).await?;
        batches.dedup_by_key(|key| key.stream);
        let origin = &self.policy.origin;
        let read = stream::iter(&batches).map(|key| read_header(store, origin, key));
        let heard = read.buffer_unordered(JOBS).filter_map(async |h| h.ok().map(|h| h.service));
        Ok(heard.collect().await)
    }

    /// Whole days in a row without a word, up to the last one that ended.
    fn silent(&self, heard: Option<Day>) -> i32 {
        let today = self.now.day();
        let last = today.previous().unwrap_or(today);
        silent_days(heard, Some(self.policy.first_day), last).max(0)
    }

    /// Of those not heard of nothing is said unless `whole` was looked at.
    fn services(&self, traffic: &Traffic, whole: bool) -> Vec<Service> {
        let service = |(name, max): (&ServiceName, &u32)| {
            let last_heard = traffic.heard.get(name).copied();
            let mut silent_days = self.silent(last_heard).unsigned_abs();
            if last_heard.is_none() {
                // Nobody looked farther back.
                silent_days = silent_days.min(max.saturating_add(FARTHER + 1));
            }
            let silent = whole && silent_days > *max;
            let name = name.clone();
            Service { name, last_heard, silent_days, max_silent_days: *max, silent }
        };
        self.policy.services.iter().map(service).collect()
    }
}

async fn heard_by_manifest(store: &Counted<'_>, day: Day) -> Result<Vec<ServiceName>, StoreError> {
    let (key, most) = (manifest_key(day), MAX_RECORD as u64 + 1);
    match store.get_range(&key, None, 0, most).await {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => {
            let record = Manifest::read_day_record(&other?.bytes).ok();
            Ok(record.into_iter().flat_map(|r| r.services).map(|s| s.name).collect())
        }
    }
}
