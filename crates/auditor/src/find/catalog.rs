//! The batches of a range of days, sealed and not.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use dayseal_chain::days::DayError;
use dayseal_chain::index::read_index;
use dayseal_chain::read::{list_day, read_header};
use dayseal_format::index::Index;
use dayseal_format::names::manifest_key;
use dayseal_format::record::{BatchRecord, MAX_RECORD, Record};
use dayseal_format::{BatchKey, Day, Manifest, ServiceName, StreamId, UnixMillis};
use dayseal_store::ErrorKind;
use futures_util::{StreamExt as _, stream};

use super::{LogReader, Problem, Screen, SearchError, Taken};

/// Days that a batch may be late if no manifest says how many.
const LATE_DAYS: u16 = 3;
/// Days read at once.
const DAYS: usize = 6;

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
    /// Whether its hints were looked at, as far as it has any.
    pub screened: bool,
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
    /// Batches wanted whose hints did not pass the screen.
    pub pruned: u64,
    /// Days looked at.
    pub days: u64,
    /// What could not be relied on.
    pub problems: Vec<Problem>,
}

/// What a catalog leaves out besides what is not wanted.
#[derive(Clone, Copy, Default)]
pub struct Without<'s> {
    /// Batches whose hints do not pass this screen, as far as indexes of sealed days and headers of other batches
    /// tell: of a day without index nothing is left out.
    pub screen: Option<&'s dyn Screen>,
    /// Batches whose entries the caller has.
    pub taken: Option<&'s Taken>,
}

/// What one sealed day lists.
#[derive(Debug, Default)]
struct OfDay {
    batches: Vec<Listed>,
    skipped: u64,
    pruned: u64,
    /// Names of days that may still be sealed: they are known.
    open_keys: Vec<String>,
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
        wants: impl Fn(&Listed) -> bool,
    ) -> Result<Catalog, SearchError> {
        self.catalog_without(days, wants, Without::default()).await
    }

    /// The same without some.
    ///
    /// # Errors
    /// As [`LogReader::catalog`].
    pub async fn catalog_without(
        &self,
        days: RangeInclusive<Day>,
        wants: impl Fn(&Listed) -> bool,
        without: Without<'_>,
    ) -> Result<Catalog, SearchError> {
        let mut catalog = Catalog::default();
        let days = self.clamp(days);
        let listed = self.sealed().list().await?;
        // From here on a batch may lie there that a seal to come takes. It may also stand in the manifest of a
        // later day than its own, so those are read for what they list.
        let open = self.open_from(listed.last().copied()).await?.max(*days.start());
        let mut known = HashSet::new();
        let has_day = |day: &Day| without.taken.is_some_and(|taken| taken.has_day(*day));
        let (taken, listed): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|day| *day < open && has_day(day));
        catalog.days += taken.iter().filter(|day| days.contains(day)).count() as u64;
        let read = listed
            .into_iter()
            .filter(|day| days.contains(day) || (*day >= open && open <= *days.end()));
        let (wants, in_range) = (&wants, &days);
        let read = stream::iter(read).map(|day| async move {
            let wants = |b: &Listed| in_range.contains(&day) && wants(b);
            (day, self.sealed_day(day, open, wants, without).await)
        });
        let mut read = std::pin::pin!(read.buffered(DAYS));
        while let Some((day, read)) = read.next().await {
            match read {
                Ok(Some(mut of_day)) => {
                    catalog.batches.append(&mut of_day.batches);
                    if days.contains(&day) {
                        catalog.days += 1;
                        catalog.skipped += of_day.skipped;
                        catalog.pruned += of_day.pruned;
                    }
                    known.extend(of_day.open_keys);
                }
                Ok(None) => {}
                Err(e) => catalog.problems.push(e.into()),
            }
        }
        for day in open.through(*days.end()) {
            self.unsealed(day, &known, wants, without.screen, &mut catalog).await?;
        }
        Ok(catalog)
    }

    /// What a sealed day lists.
    async fn sealed_day(
        &self,
        day: Day,
        open: Day,
        wants: impl Fn(&Listed) -> bool,
        without: Without<'_>,
    ) -> Result<Option<OfDay>, DayError> {
        let Without { screen, taken } = without;
        let mut found = OfDay::default();
        // Places in the manifest, for the index; of each stream and number how many batches there are.
        let (mut places, mut place) = (Vec::new(), 0u64);
        let mut numbers: HashMap<(StreamId, u32), u32> = HashMap::new();
        let sealed = self.sealed();
        let read = sealed.read(day, |_, record| match record {
            Record::Batch(b) => {
                if b.key.day >= open {
                    found.open_keys.push(b.key.to_string());
                }
                if screen.is_some() {
                    *numbers.entry((b.key.stream, b.key.seq)).or_default() += 1;
                }
                let item = listed_of(b);
                if taken.is_some_and(|taken| taken.has(day, &b.key)) {
                    // Neither read nor left out.
                } else if wants(&item) {
                    found.batches.push(item);
                    places.push(place);
                } else {
                    found.skipped += 1;
                }
                place += 1;
            }
            Record::Stray(s) => found.open_keys.push(s.key.clone()),
            _ => {}
        });
        let Some(read) = read.await? else { return Ok(None) };
        let by = Sealed { by: day, keep_until: read.manifest.day.keep_until };
        found.batches.iter_mut().for_each(|b| b.sealed = Some(by));
        if let (Some(screen), Some(state), false) = (screen, self.state, places.is_empty())
            && let Some(index) = read_index(state, &self.origin, day, &read.digest).await
            && let Ok(index) = Index::parse(&index, &self.origin, day, &read.digest)
        {
            let mut items = (0u64..).zip(index.items());
            let mut places = places.into_iter();
            found.batches.retain_mut(|batch| {
                let Some(place) = places.next() else { return true };
                let Some((_, hints)) = items.find(|(at, _)| *at == place) else { return true };
                batch.screened = true;
                // Hints bind to stream and number, so of two such batches either may have the other's.
                let alone = numbers.get(&(batch.key.stream, batch.key.seq)) == Some(&1);
                let passes = !alone || hints.is_none_or(|h| screen.passes(&batch.place(), h));
                found.pruned += u64::from(!passes);
                passes
            });
        }
        Ok(Some(found))
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
        wants: &impl Fn(&Listed) -> bool,
        screen: Option<&dyn Screen>,
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
                        screened: true,
                    };
                    let passes =
                        |hints: &[u8]| screen.is_none_or(|s| s.passes(&item.place(), hints));
                    if !wants(&item) {
                        catalog.skipped += 1;
                    } else if h.hints.is_none_or(|hints| passes(&hints)) {
                        catalog.batches.push(item);
                    } else {
                        catalog.pruned += 1;
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
        screened: false,
    }
}
