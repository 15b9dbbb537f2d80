//! Level `listing`: every object there, in one version, and nothing else.

use std::collections::BTreeMap;

use dayseal_format::Day;
use dayseal_format::names::{CHECKPOINTS, ENTRIES, LOG_JSON, MANIFESTS, entries_prefix};
use dayseal_format::record::{BatchRecord, Record, StrayReason, StrayRecord};
use dayseal_store::{Entry, EntryKind, StoreError};

use super::finding::{Finding, FindingCode as Code};
use super::verifier::Verifier;
use super::walk::{Listed, Walk};
use crate::objects::Lister;

/// What the manifest expects under one key.
#[derive(Default)]
struct Expected<'a> {
    batch: Option<&'a BatchRecord>,
    strays: Vec<&'a StrayRecord>,
}

impl From<Entry> for Listed {
    fn from(e: Entry) -> Self {
        Self { version: e.version, length: e.length, marker: e.kind == EntryKind::DeleteMarker }
    }
}

impl Verifier<'_> {
    /// What the store lists for a day, its first page read.
    pub(super) async fn list_ahead(&self, day: Day) -> Result<Lister<'_>, StoreError> {
        let mut lister = Lister::new(self.evidence, entries_prefix(day));
        lister.begin().await?;
        Ok(lister)
    }

    /// Compares what the store lists for `day` with what its manifest lists.
    ///
    /// Both are in order of key, so one pass with a page in memory does. What no manifest of the
    /// day lists may still be listed as late by a later one: it is set aside.
    pub(super) async fn list_day(
        &self,
        walk: &mut Walk,
        (day, records): (Day, &[Record]),
        mut listing: Lister<'_>,
        expired: bool,
    ) -> Result<(), StoreError> {
        let mut expected: BTreeMap<String, Expected<'_>> = BTreeMap::new();
        let prefix = entries_prefix(day);
        for record in records {
            match record {
                Record::Batch(b) if b.key.day == day => {
                    expected.entry(b.key.to_string()).or_default().batch = Some(b);
                }
                Record::Stray(s) if s.key.starts_with(&prefix) => {
                    expected.entry(s.key.clone()).or_default().strays.push(s);
                }
                _ => {}
            }
        }
        while let Some(versions) = listing.next().await? {
            let listed: Vec<Listed> = versions.entries.into_iter().map(Listed::from).collect();
            match expected.remove(&versions.key) {
                Some(e) => self.compare(walk, day, &versions.key, &e, &listed, expired),
                None => {
                    walk.unlisted.insert(versions.key, listed);
                }
            }
        }
        for (key, e) in expected {
            self.missing(walk, day, &key, &e, expired);
        }
        Ok(())
    }

    /// The same for what `records` list as late: objects of earlier days.
    pub(super) async fn list_late(
        &self,
        walk: &mut Walk,
        sealed_on: Day,
        records: &[Record],
        expired: impl Fn(&Walk, Day) -> bool,
    ) -> Result<(), StoreError> {
        let own = entries_prefix(sealed_on);
        let mut expected: BTreeMap<String, Expected<'_>> = BTreeMap::new();
        for record in records {
            match record {
                Record::Batch(b) if b.key.day != sealed_on => {
                    expected.entry(b.key.to_string()).or_default().batch = Some(b);
                }
                Record::Stray(s) if !s.key.starts_with(&own) => {
                    expected.entry(s.key.clone()).or_default().strays.push(s);
                }
                _ => {}
            }
        }
        for (key, e) in expected {
            let day = e.batch.map_or(sealed_on, |b| b.key.day);
            let listed = match walk.unlisted.remove(&key) {
                Some(listed) => listed,
                // The walk began after that day: ask for this key alone.
                None => match Lister::new(self.evidence, key.as_str()).next().await? {
                    Some(v) if v.key == key => v.entries.into_iter().map(Listed::from).collect(),
                    _ => Vec::new(),
                },
            };
            let expired = expired(walk, day);
            if listed.is_empty() {
                self.missing(walk, day, &key, &e, expired);
            } else {
                self.compare(walk, day, &key, &e, &listed, expired);
            }
        }
        Ok(())
    }

    /// Sets aside what still lies in days whose manifests have expired: only a later manifest, as
    /// late, can list it.
    pub(super) async fn list_expired(
        &self,
        walk: &mut Walk,
        days: &BTreeMap<Day, (bool, bool)>,
    ) -> Result<(), StoreError> {
        if walk.chain_kept_from.is_none() {
            return Ok(());
        }
        for prefix in self.evidence.list_prefixes(ENTRIES).await? {
            let name = prefix.strip_prefix(ENTRIES).and_then(|p| p.strip_suffix('/'));
            let Some(day) = name.and_then(|n| n.parse::<Day>().ok()) else { continue };
            let walked = walk.first.is_some_and(|first| first <= day);
            if !walked || !walk.chain_over(day) || days.contains_key(&day) {
                continue;
            }
            let mut lister = Lister::new(self.evidence, prefix);
            while let Some(versions) = lister.next().await? {
                // Markers outlive what they hid.
                if versions.entries.iter().any(|e| e.kind == EntryKind::Object) {
                    let listed = versions.entries.into_iter().map(Listed::from).collect();
                    walk.unlisted.insert(versions.key, listed);
                }
            }
        }
        Ok(())
    }

    fn missing(&self, walk: &mut Walk, day: Day, key: &str, e: &Expected<'_>, expired: bool) {
        if expired {
            walk.totals.expired += u64::from(e.batch.is_some());
        } else if let Some(b) = e.batch {
            let detail = format!("{} entries are gone before their time", b.entries);
            walk.find(Finding::new(Code::MissingObject, day, key, detail));
        } else if e.strays.iter().any(|s| s.reason != StrayReason::DeleteMarker) {
            walk.find(Finding::new(Code::MissingObject, day, key, "a listed stray is gone"));
        }
    }

    fn compare(
        &self,
        walk: &mut Walk,
        day: Day,
        key: &str,
        e: &Expected<'_>,
        listed: &[Listed],
        expired: bool,
    ) {
        walk.totals.listed += 1;
        let versions = self.evidence.capabilities().versions;
        // In a copy without versions the one object there stands for the sealed version.
        let sealed = |l: &Listed| {
            e.batch.is_some_and(|b| !l.marker && (!versions || b.version == l.version))
        };
        let known = |l: &Listed| sealed(l) || e.strays.iter().any(|s| s.version == l.version);
        let here = listed.iter().find(|l| sealed(l));
        match (e.batch, here) {
            (Some(b), Some(l)) if l.length != b.length => {
                let detail = format!("expected {} bytes, found {}", b.length, l.length);
                walk.find(Finding::new(Code::AlteredObject, day, key, detail));
            }
            // What stands in its place is told below.
            (Some(_), None) if expired => walk.totals.expired += 1,
            (Some(b), None) if versions => {
                let others = listed.iter().filter(|l| !l.marker).count();
                let code = if others == 0 { Code::MissingObject } else { Code::MovedVersion };
                let detail = format!(
                    "the sealed version {} is gone; {others} others are there",
                    b.version.as_deref().unwrap_or("(none)")
                );
                walk.find(Finding::new(code, day, key, detail));
            }
            _ => {}
        }
        for l in listed.iter().filter(|l| !known(l)) {
            let (code, what) = match l.marker {
                // How lifecycle rules begin.
                true if expired => continue,
                // The one version that took the listed one's place was reported above.
                false if here.is_none() && !expired => continue,
                true => (Code::DeleteMarker, "a delete marker hides it before its time"),
                false => (Code::ExtraVersion, "a version that no manifest lists"),
            };
            let version = l.version.as_deref().unwrap_or("(none)");
            let object = format!("{key}@{version}");
            walk.find(Finding::new(code, day, object, what));
        }
    }

    /// Looks for objects outside every sealed day: other names, days before the first, the future.
    pub(super) async fn list_outside(&self, walk: &mut Walk) -> Result<(), StoreError> {
        let today = self.options.now.day();
        for prefix in self.evidence.list_prefixes("").await? {
            if ![ENTRIES, MANIFESTS, CHECKPOINTS].contains(&prefix.as_str()) {
                self.all_unlisted(walk, &prefix, "outside the log's prefixes").await?;
            }
        }
        // Files directly in the root and directly below entries/.
        for (prefix, allowed) in [("", Some(LOG_JSON)), (ENTRIES, None)] {
            let direct = self.evidence.list_direct(prefix).await?;
            for e in direct.iter().filter(|e| Some(e.key.as_str()) != allowed) {
                walk.find(Finding::new(
                    Code::UnlistedObject,
                    None,
                    &e.key,
                    "not a name of the log",
                ));
            }
        }
        for prefix in self.evidence.list_prefixes(ENTRIES).await? {
            let name = prefix.strip_prefix(ENTRIES).and_then(|p| p.strip_suffix('/'));
            match name.and_then(|n| n.parse::<Day>().ok()) {
                None => self.all_unlisted(walk, &prefix, "not a day").await?,
                Some(day) if day < self.first_day => {
                    self.all_unlisted(walk, &prefix, "before the log's first day").await?;
                }
                // A producer's clock may be minutes ahead at midnight, not days.
                Some(day) if day.days_since(today) > 1 => {
                    self.all_unlisted(walk, &prefix, "a day in the future").await?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    async fn all_unlisted(
        &self,
        walk: &mut Walk,
        prefix: &str,
        why: &str,
    ) -> Result<(), StoreError> {
        let mut lister = Lister::new(self.evidence, prefix);
        while let Some(versions) = lister.next().await? {
            walk.find(Finding::new(Code::UnlistedObject, None, versions.key, why));
        }
        Ok(())
    }
}
