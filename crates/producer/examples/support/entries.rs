//! Reads a log's entries back, as an auditor with the wrapping key can.
#![allow(clippy::unwrap_used, reason = "an example and tests end where they fail")]

use dayseal::Event;
use dayseal::keys::{DataKeyOpener as _, KeyContext, LocalKeys};
use dayseal::store::Store;
use dayseal_format::batch::Batch;

/// Every entry stored, in the order of their objects' names.
pub(crate) async fn entries(store: &dyn Store, keys: &LocalKeys) -> Vec<Event> {
    let (mut out, mut from) = (Vec::new(), None);
    loop {
        let page = store.list("entries/", from.as_deref()).await.unwrap();
        for entry in page.entries {
            let bytes = store.get(&entry.key, None, 1 << 30).await.unwrap().bytes;
            let batch = Batch::parse(&bytes).unwrap();
            let header = batch.header();
            let (origin, stream, day) = (header.origin.clone(), header.stream, header.day);
            let context = KeyContext::entries(&origin, stream, day);
            let key = keys.open(&header.key_id, &header.wrapped_key, &context).await.unwrap();
            let lines = batch.open(&key).unwrap();
            out.extend(lines.iter().map(|line| Event::decode(line).unwrap()));
        }
        from = page.next;
        if from.is_none() {
            return out;
        }
    }
}
