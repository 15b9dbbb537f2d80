//! The data keys opened last: a call to a key service for each batch would cost more than reading it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use dayseal_format::batch::{DataKey, Header};
use dayseal_keys::{DataKeyOpener, KeyContext, KeyError};
use tokio::sync::OnceCell;

/// Keys remembered: batches of one stream come one after the other, and a few streams at once.
const CAPACITY: usize = 64;

/// By all that decides whether a wrapped key opens: a header that differs in any of it gets none of these.
#[derive(Debug)]
struct Entry {
    key_id: String,
    context: KeyContext,
    wrapped: Vec<u8>,
    key: Arc<OnceCell<Arc<DataKey>>>,
}

/// Data keys of the streams read last.
#[derive(Debug, Default)]
pub(crate) struct KeyCache(Mutex<VecDeque<Entry>>);

impl KeyCache {
    /// The data key of a batch whose header names a key that the caller allows. Batches of one stream that are
    /// opened at the same time wait for one call; a call that failed is made again.
    pub(crate) async fn open(
        &self,
        opener: &dyn DataKeyOpener,
        h: &Header,
    ) -> Result<Arc<DataKey>, KeyError> {
        let context = KeyContext { origin: h.origin.clone(), stream: h.stream, day: h.day };
        let cell = self.cell(h, &context);
        let opened = cell.get_or_try_init(|| async {
            opener.open(&h.key_id, &h.wrapped_key, &context).await.map(Arc::new)
        });
        opened.await.cloned()
    }

    fn cell(&self, h: &Header, context: &KeyContext) -> Arc<OnceCell<Arc<DataKey>>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries
            .iter()
            .find(|e| e.wrapped == h.wrapped_key && e.key_id == h.key_id && e.context == *context);
        if let Some(known) = known {
            return known.key.clone();
        }
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        let (key_id, context, wrapped) = (h.key_id.clone(), context.clone(), h.wrapped_key.clone());
        let key = Arc::new(OnceCell::new());
        entries.push_back(Entry { key_id, context, wrapped, key: key.clone() });
        key
    }
}
