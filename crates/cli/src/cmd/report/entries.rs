//! Takes the entries of a log: of sealed days as verification opens them, all others from a scan. And what the
//! manifests of sealed days say.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use dayseal_auditor::find::Taken;
use dayseal_auditor::query::Passing;
use dayseal_chain::verify::Listener;
use dayseal_format::Day;
use dayseal_format::event::Event;
use dayseal_format::record::{BatchRecord, DayRecord, Record};
use dayseal_report::collect::Collector;
use dayseal_report::days::SealedFacts;

use super::detect::{Detector, Found};

/// What entries come to, one after another.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) collector: Collector,
    pub(super) found: Found,
}

impl Numbers {
    fn add(&mut self, detector: &Detector, event: &Event, day: Day, sealed: bool) {
        self.found.add(event.id, detector.look(event));
        self.collector.add(event, day, sealed);
    }

    /// Adds those of later entries.
    pub(super) fn merge(&mut self, later: Self) {
        self.collector.merge(later.collector);
        self.found.merge(later.found);
    }
}

/// The numbers of some days, batch by batch.
#[derive(Debug)]
pub(super) struct Entries {
    days: RangeInclusive<Day>,
    detector: Arc<Detector>,
    pub(super) numbers: Numbers,
    /// What verification brought.
    pub(super) taken: Taken,
    /// The days whose manifests it found signed.
    pub(super) sealed: BTreeMap<Day, SealedFacts>,
}

impl Entries {
    pub(super) fn new(days: RangeInclusive<Day>) -> Self {
        let (detector, numbers) = (Arc::new(Detector::new()), Numbers::default());
        Self { days, detector, numbers, taken: Taken::default(), sealed: BTreeMap::new() }
    }

    /// Takes an entry that a scan finds.
    pub(super) fn scanned(&self) -> impl Fn(&mut Numbers, Passing<'_>) + Clone + Send + 'static {
        let detector = self.detector.clone();
        move |numbers, p| {
            numbers.add(&detector, &p.event, p.batch.key.day, p.batch.sealed.is_some());
        }
    }
}

impl Listener for Entries {
    type Heard = Numbers;

    fn hear(&self) -> impl Fn(&mut Numbers, &BatchRecord, &Event) + Clone + Send + Sync + 'static {
        let detector = self.detector.clone();
        move |numbers, batch, event| numbers.add(&detector, event, batch.key.day, true)
    }

    fn sealed(&mut self, head: &DayRecord, records: &[Record]) {
        self.sealed.insert(head.day, SealedFacts::new(head, records));
    }

    fn batch(&mut self, sealed_by: Day, batch: &BatchRecord, heard: Numbers) {
        if self.days.contains(&sealed_by) {
            self.taken.batch(sealed_by, batch.key, batch.entries.into());
            self.numbers.merge(heard);
        }
    }

    fn day(&mut self, sealed_by: Day) {
        self.taken.day(sealed_by);
    }
}
