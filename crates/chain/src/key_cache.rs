//! The data keys opened last: a call to a key service for each batch would cost more than reading it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use dayseal_format::batch::{DataKey, Header};
use dayseal_format::content::{self, ContentKey};
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

/// Keys of the streams read last, of either kind.
#[derive(Debug, Default)]
pub(crate) struct KeyCache(Mutex<VecDeque<Entry>>);

impl KeyCache {
    /// The data key of a batch whose header names a key that the caller allows.
    pub(crate) async fn open(
        &self,
        opener: &dyn DataKeyOpener,
        h: &Header,
    ) -> Result<Arc<DataKey>, KeyError> {
        let context = KeyContext::entries(&h.origin, h.stream, h.day);
        self.open_key(opener, &h.key_id, &h.wrapped_key, context).await
    }

    /// The content key of a content object, likewise.
    pub(crate) async fn open_content(
        &self,
        opener: &dyn DataKeyOpener,
        h: &content::Header,
    ) -> Result<ContentKey, KeyError> {
        let context = KeyContext::content(&h.origin, h.stream, h.day);
        let key = self.open_key(opener, &h.key_id, &h.wrapped_key, context).await?;
        Ok(ContentKey::new(*key.expose()))
    }

    /// Batches of one stream that are opened at the same time wait for one call; a call that failed is made
    /// again.
    async fn open_key(
        &self,
        opener: &dyn DataKeyOpener,
        key_id: &str,
        wrapped: &[u8],
        context: KeyContext,
    ) -> Result<Arc<DataKey>, KeyError> {
        let cell = self.cell(key_id, wrapped, &context);
        let opened = cell.get_or_try_init(|| async {
            opener.open(key_id, wrapped, &context).await.map(Arc::new)
        });
        opened.await.cloned()
    }

    fn cell(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &KeyContext,
    ) -> Arc<OnceCell<Arc<DataKey>>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries
            .iter()
            .find(|e| e.wrapped == wrapped && e.key_id == key_id && e.context == *context);
        if let Some(known) = known {
            return known.key.clone();
        }
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        let (key_id, context, wrapped) = (key_id.to_owned(), context.clone(), wrapped.to_owned());
        let key = Arc::new(OnceCell::new());
        entries.push_back(Entry { key_id, context, wrapped, key: key.clone() });
        key
    }
}
