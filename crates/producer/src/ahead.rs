//! The next batch is compressed while the one before it is hashed, encrypted and stored.
//!
//! Compression is more than half of encoding and needs nothing of the batch before; the rest names
//! it. One batch ahead keeps a second core busy and bounds what is held.

use dayseal_format::batch::{BatchEncoder, Frame};
use tokio::task::JoinHandle;

use crate::batch::OpenBatch;

/// A batch that needs only its header.
#[derive(Debug)]
pub(crate) struct Compressed {
    pub(crate) batch: OpenBatch,
    pub(crate) frame: Frame,
}

/// At most one batch under compression and one handed back.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    encoder: Option<BatchEncoder>,
    handed_back: Option<Compressed>,
    under_way: Option<JoinHandle<(BatchEncoder, Compressed)>>,
}

impl Ahead {
    pub(crate) fn is_empty(&self) -> bool {
        self.handed_back.is_none() && self.under_way.is_none()
    }

    /// Begins to compress `batch`; nothing else may be under way.
    pub(crate) fn start(&mut self, batch: OpenBatch) {
        debug_assert!(self.under_way.is_none(), "batches go through one by one");
        let mut encoder = self.encoder.take().unwrap_or_default();
        // Compressing megabytes would hold up the runtime's other tasks.
        self.under_way = Some(tokio::task::spawn_blocking(move || {
            let frame = encoder.compress(&batch.entries).expect("memory for one batch");
            (encoder, Compressed { batch, frame })
        }));
    }

    /// The oldest batch here, once it is compressed.
    pub(crate) async fn next(&mut self) -> Option<Compressed> {
        if let Some(compressed) = self.handed_back.take() {
            return Some(compressed);
        }
        let (encoder, compressed) =
            self.under_way.take()?.await.expect("compressing does not panic");
        self.encoder = Some(encoder);
        Some(compressed)
    }

    /// Takes back the batch that [`Ahead::next`] gave: it stays the oldest.
    pub(crate) fn hand_back(&mut self, compressed: Compressed) {
        self.handed_back = Some(compressed);
    }
}
