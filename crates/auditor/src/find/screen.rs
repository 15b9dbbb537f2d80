//! Leaving batches unread by their hints. Spec: `docs/spec/hints.md`.

use dayseal_chain::read::read_header_of;
use dayseal_format::batch::OpenBatch;
use dayseal_format::hints::Place;

use super::{Listed, LogReader, Opened};

/// Tells by a batch's hints whether it must be read.
pub trait Screen: Sync {
    /// Whether the batch may hold what is looked for. Hints that cannot be opened tell nothing: `true`.
    fn passes(&self, place: &Place, hints: &[u8]) -> bool;
}

impl LogReader<'_> {
    /// As [`LogReader::open_then`]; `None` if the hints in the batch's header exclude what is looked for.
    pub(crate) async fn open_screened<T: Send + 'static>(
        &self,
        batch: &Listed,
        screen: Option<&dyn Screen>,
        work: impl FnOnce(OpenBatch) -> T + Send + 'static,
    ) -> Option<Opened<T>> {
        if let Some(screen) = screen.filter(|_| !batch.screened) {
            let (key, version) = (&batch.key, batch.version.as_deref());
            // What is wrong with a header is found when the batch is read.
            if let Ok(h) = read_header_of(self.evidence, &self.origin, key, version).await
                && h.hints.is_some_and(|hints| !screen.passes(&batch.place(), &hints))
            {
                return None;
            }
        }
        Some(self.open_then(batch, work).await)
    }
}

impl Listed {
    /// The batch, as its hints name it.
    pub(crate) const fn place(&self) -> Place {
        Place { stream: self.key.stream, seq: self.key.seq, entries: self.entries }
    }
}
