//! Which fields entries carry, and whether their times make sense.

use dayseal_format::event::EventFields;
use serde::Serialize;

use super::latency::{Latencies, Latency};

/// An entry may lie this many milliseconds after it was taken in: clocks of two machines.
pub const SKEW_MS: i64 = 1_000;
/// Types about access and change begin with one of these.
const ACCESS: [&str; 6] = ["authn.", "authz.", "config.", "data.", "identity.", "key."];

/// Which fields are there. Type, actor, action, outcome, times and service are in every entry: the format
/// refuses one without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fields {
    /// Entries about access and change: types below `authn.`, `authz.`, `config.`, `data.`, `identity.`, `key.`.
    pub access: u64,
    /// Of these, those that say from where: `source`, or the function that ran.
    pub access_with_source: u64,
    /// Of these, those that name what it was done to: `resource`, `key`, `change` or the data subject.
    pub access_with_resource: u64,
    /// Of these, those that have both.
    pub access_with_both: u64,
    /// Entries that happened more than a second after they were taken in.
    pub from_the_future: u64,
    /// Entries that name their clock.
    pub with_clock: u64,
    /// The largest offset that a clock gave for itself, in milliseconds, without sign.
    pub largest_offset_ms: u64,
    /// From when it happened (when it ended, if it says) to when it was taken in.
    pub delay: Latency,
}

#[derive(Debug, Default)]
pub(super) struct FieldsCollector {
    fields: Fields,
    delays: Latencies,
}

impl FieldsCollector {
    pub(super) fn add(&mut self, e: &EventFields) {
        let f = &mut self.fields;
        if ACCESS.iter().any(|prefix| e.kind.as_str().starts_with(prefix)) {
            let source = e.source.is_some() || e.function.is_some();
            let subject = e.privacy.as_ref().is_some_and(|p| p.subject.is_some());
            let resource = e.resource.is_some() || e.key.is_some() || e.change.is_some() || subject;
            f.access += 1;
            f.access_with_source += u64::from(source);
            f.access_with_resource += u64::from(resource);
            f.access_with_both += u64::from(source && resource);
        }
        let delay = e.logged_time.as_millis() - e.end_time.unwrap_or(e.time).as_millis();
        f.from_the_future += u64::from(delay < -SKEW_MS);
        self.delays.add(u64::try_from(delay).unwrap_or(0));
        if let Some(clock) = &e.clock {
            f.with_clock += 1;
            let offset = clock.offset_ms.map_or(0, i64::unsigned_abs);
            f.largest_offset_ms = f.largest_offset_ms.max(offset);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        let (f, o) = (&mut self.fields, other.fields);
        f.access += o.access;
        f.access_with_source += o.access_with_source;
        f.access_with_resource += o.access_with_resource;
        f.access_with_both += o.access_with_both;
        f.from_the_future += o.from_the_future;
        f.with_clock += o.with_clock;
        f.largest_offset_ms = f.largest_offset_ms.max(o.largest_offset_ms);
        self.delays.merge(&other.delays);
    }

    pub(super) fn finish(self) -> Fields {
        Fields { delay: self.delays.finish(), ..self.fields }
    }
}
