//! What a data key is bound to.

use dayseal_format::{Day, Origin, StreamId};

/// The log, stream and day a data key serves; with KMS, its encryption context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// The log.
    pub origin: Origin,
    /// The stream.
    pub stream: StreamId,
    /// The stream's day.
    pub day: Day,
}
