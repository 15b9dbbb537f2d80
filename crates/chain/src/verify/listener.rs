//! Hearing the entries that a verifier opens: what is read once need not be read again.

use dayseal_format::Day;
use dayseal_format::event::Event;
use dayseal_format::record::{BatchRecord, DayRecord, Record};

/// Hears the entries of batches that hold, as a run at level `entries` opens them.
///
/// It takes batches in the order of days and of the records in their manifests, whichever was opened first. It
/// takes none of a day whose manifest is not the one that its checkpoint signs, none with any finding about its
/// bytes, and none that is gone.
pub trait Listener {
    /// What it makes of the entries of one batch.
    type Heard: Default + Send + 'static;

    /// Hears the next entry of a batch, as it is decoded: on any thread, several batches at once. What was heard of
    /// a batch that does not hold is dropped.
    fn hear(
        &self,
    ) -> impl Fn(&mut Self::Heard, &BatchRecord, &Event) + Clone + Send + Sync + 'static;

    /// Takes the manifest of a day, if it is the one that the day's checkpoint signs, before the batches that it
    /// lists: its first line, and all others. At every level; for who has no use for it, nothing.
    fn sealed(&mut self, _head: &DayRecord, _records: &[Record]) {}

    /// Takes what was heard of a batch that the manifest of `sealed_by` lists.
    fn batch(&mut self, sealed_by: Day, batch: &BatchRecord, heard: Self::Heard);

    /// All batches that the manifest of this day lists were taken.
    fn day(&mut self, sealed_by: Day);
}

/// Hears nothing.
impl Listener for () {
    type Heard = ();

    fn hear(&self) -> impl Fn(&mut (), &BatchRecord, &Event) + Clone + Send + Sync + 'static {
        |(), _, _| {}
    }

    fn batch(&mut self, _: Day, _: &BatchRecord, (): ()) {}

    fn day(&mut self, _: Day) {}
}
