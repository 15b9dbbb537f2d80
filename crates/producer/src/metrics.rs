//! What a log has done, as numbers.

/// A snapshot of a log's counters. Counts start at zero when the log is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Events accepted.
    pub recorded: u64,
    /// Events refused because the log was full.
    pub refused: u64,
    /// Entries stored.
    pub stored_entries: u64,
    /// Batches stored.
    pub stored_batches: u64,
    /// Bytes of batches stored.
    pub stored_bytes: u64,
    /// Bytes of content objects stored.
    pub stored_content_bytes: u64,
    /// Attempts to store, or to get a data key, that failed.
    pub failures: u64,
    /// Data keys and content keys made.
    pub data_keys: u64,
    /// Entries accepted and not yet stored.
    pub pending_entries: u64,
    /// Bytes held for them, encoded batches included.
    pub pending_bytes: u64,
    /// Uploads under way.
    pub in_flight: u64,
    /// Events lost because the log was full or closed where nothing could wait: the end of a
    /// cancelled operation, a `tracing` event. A `log.loss` entry tells of them.
    pub lost: u64,
    /// Texts changed by redaction, by rule.
    pub redacted: crate::privacy::Counts,
}

impl Metrics {
    /// One `tracing` event a batch, at level debug: its key and every counter as a field.
    pub(crate) fn trace_batch(&self, key: &dayseal_format::BatchKey) {
        let Self { recorded, refused, stored_entries, stored_batches, stored_bytes, .. } = *self;
        let Self { failures, data_keys, pending_entries, pending_bytes, in_flight, .. } = *self;
        tracing::debug!(
            %key, recorded, refused, stored_entries, stored_batches, stored_bytes, failures,
            data_keys, pending_entries, pending_bytes, in_flight, "batch stored"
        );
    }

    /// One at the end, at level info.
    pub(crate) fn trace_close(&self) {
        let Self { recorded, refused, stored_entries, stored_batches, stored_bytes, .. } = *self;
        let Self { failures, data_keys, lost, .. } = *self;
        tracing::info!(
            recorded,
            refused,
            stored_entries,
            stored_batches,
            stored_bytes,
            failures,
            data_keys,
            lost,
            redacted = self.redacted.total(),
            "audit log closed"
        );
    }
}
