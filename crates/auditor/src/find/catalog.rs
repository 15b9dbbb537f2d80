//! The batches of a range of days, sealed and not.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use dayseal_chain::read::{list_day, read_header};
use dayseal_format::names::manifest_key;
use dayseal_format::record::{BatchRecord, MAX_RECORD, Record};
use dayseal_format::{BatchKey, Day, Manifest, ServiceName, UnixMillis};
use dayseal_store::ErrorKind;

use super::{LogReader, Problem, SearchError};

/// Days that a batch may be late if no manifest says how many.
const LATE_DAYS: u16 = 3;

/// A batch that may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The object.
    pub key: BatchKey,
    /// Its sealed version, where the store keeps versions.
    pub version: Option<String>,
    /// Number of entries.
    pub entries: u32,
    /// Earliest time of its entries.
    pub first_time: UnixMillis,
    /// Latest time of its entries.
    pub last_time: UnixMillis,
    /// The service that recorded it.
    pub service: ServiceName,
    /// How it was sealed; `None` if not yet: then all of this is the producer's claim.
    pub sealed: Option<Sealed>,
}

/// How a batch was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// By the manifest of this day.
    pub by: Day,
    /// Last day on which it must be there.
    pub keep_until: Day,
}

/// What a range of days holds.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Batches wanted, sealed days first, in the order of their manifests.
    pub batches: Vec<Listed>,
    /// Batches not wanted.
    pub skipped: u64,
    /// Days looked at.
    pub days: u64,
    /// What could not be relied on.
    pub problems: Vec<Problem>,
}

impl LogReader<'_> {
    /// The batches that the manifests of `days` list, and those of `days` that no manifest lists yet.
    ///
    /// `wants` is asked of each batch: those it refuses are counted. In memory: the wanted ones, some 200 bytes each.
    ///
    /// # Errors
    /// [`SearchError`] if the store cannot be listed. A day that cannot be relied on is a [`Problem`], and none of
    /// its batches is taken.
    pub async fn catalog(
        &self,
        days: RangeInclusive<Day>,
        mut wants: impl FnMut(&Listed) -> bool,
    ) -> Result<Catalog, SearchError> {
        let mut catalog = Catalog::default();
        let days = self.clamp(days);
        let sealed = self.sealed();
        let listed = sealed.list().await?;
        // From here on a batch may lie there that a seal to come takes. It may also stand in the manifest of a
        // later day than its own, so those are read for what they list.
        let open = self.open_from(listed.last().copied()).await?.max(*days.start());
        let mut known = HashSet::new();
        for day in listed {
            let in_range = days.contains(&day);
            if !in_range && (day < open || open > *days.end()) {
                continue;
            }
            let (mut batches, mut skipped, mut keys) = (Vec::new(), 0, Vec::new());
            let read = sealed.read(day, |_, record| match record {
                Record::Batch(b) => {
                    if b.key.day >= open {
                        keys.push(b.key.to_string());
                    }
                    let item = listed_of(b);
                    if in_range && wants(&item) {
                        batches.push(item);
                    } else {
                        skipped += u64::from(in_range);
                    }
                }
                Record::Stray(s) => keys.push(s.key.clone()),
                _ => {}
            });
            match read.await {
                Ok(Some(read)) => {
                    let by = Sealed { by: day, keep_until: read.manifest.day.keep_until };
                    batches.iter_mut().for_each(|b: &mut Listed| b.sealed = Some(by));
                    catalog.batches.append(&mut batches);
                    catalog.skipped += skipped;
                    catalog.days += u64::from(in_range);
                    known.extend(keys);
                }
                Ok(None) => {}
                Err(e) => catalog.problems.push(e.into()),
            }
        }
        for day in open.through(*days.end()) {
            self.unsealed(day, &known, &mut wants, &mut catalog).await?;
        }
        Ok(catalog)
    }

    /// The part of a range in which the log can have batches.
    fn clamp(&self, days: RangeInclusive<Day>) -> RangeInclusive<Day> {
        // A producer's clock may be a little ahead of ours.
        let today = self.now.day();
        let last = today.next().unwrap_or(today);
        (*days.start()).max(self.first_day)..=(*days.end()).min(last)
    }

    /// The first day of which batches may still be sealed.
    async fn open_from(&self, newest: Option<Day>) -> Result<Day, SearchError> {
        let Some(newest) = newest else { return Ok(self.first_day) };
        // Unverified: it decides only how many days are listed.
        let (key, most) = (manifest_key(newest), MAX_RECORD as u64 + 1);
        let late_days = match self.evidence.get_range(&key, None, 0, most).await {
            Ok(head) => Manifest::read_day_record(&head.bytes).map_or(LATE_DAYS, |d| d.late_days),
            Err(e) if e.kind() == ErrorKind::NotFound => LATE_DAYS,
            Err(e) => return Err(e),
        };
        let day = newest.checked_add(1 - i32::from(late_days));
        Ok(day.unwrap_or(self.first_day).max(self.first_day))
    }

    /// Adds what lies under a day's prefix and is in no manifest.
    async fn unsealed(
        &self,
        day: Day,
        known: &HashSet<String>,
        wants: &mut impl FnMut(&Listed) -> bool,
        catalog: &mut Catalog,
    ) -> Result<(), SearchError> {
        let (batches, others) = list_day(self.evidence, day).await?;
        let others = others.into_iter().filter(|name| !known.contains(name));
        catalog.problems.extend(others.map(|name| Problem::Stray { name }));
        let mut any = false;
        for key in batches.into_iter().filter(|key| !known.contains(&key.to_string())) {
            any = true;
            match read_header(self.evidence, &self.origin, &key).await {
                Ok(h) => {
                    let item = Listed {
                        key,
                        version: None,
                        entries: h.entries,
                        first_time: h.first_time,
                        last_time: h.last_time,
                        service: h.service,
                        sealed: None,
                    };
                    if wants(&item) {
                        catalog.batches.push(item);
                    } else {
                        catalog.skipped += 1;
                    }
                }
                Err(e) => catalog.problems.push(e.into()),
            }
        }
        catalog.days += u64::from(any);
        Ok(())
    }
}

/// What a batch record says, not yet by whom it was sealed.
pub(crate) fn listed_of(b: &BatchRecord) -> Listed {
    Listed {
        key: b.key,
        version: b.version.clone(),
        entries: b.entries,
        first_time: b.first_time,
        last_time: b.last_time,
        service: b.service.clone(),
        sealed: None,
    }
}
