//! The data keys opened last: a call to a key service for each batch would cost more than reading it.

use std::collections::VecDeque;
use std::sync::Arc;

use dayseal_format::StreamId;
use dayseal_format::batch::DataKey;

/// Keys remembered: batches of one stream come one after the other, and a few streams at once.
const CAPACITY: usize = 64;

/// By stream and wrapped bytes: a header that carries another wrapped key gets none of these.
#[derive(Debug, Default)]
pub(super) struct KeyCache {
    keys: VecDeque<(StreamId, Vec<u8>, Arc<DataKey>)>,
}

impl KeyCache {
    pub(super) fn get(&self, stream: StreamId, wrapped: &[u8]) -> Option<Arc<DataKey>> {
        let found = self.keys.iter().find(|(s, w, _)| *s == stream && w == wrapped);
        found.map(|(_, _, key)| key.clone())
    }

    pub(super) fn insert(&mut self, stream: StreamId, wrapped: &[u8], key: Arc<DataKey>) {
        if self.keys.len() == CAPACITY {
            self.keys.pop_front();
        }
        self.keys.push_back((stream, wrapped.to_vec(), key));
    }
}
