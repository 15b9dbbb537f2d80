//! The narrow object-store contract of dayseal and its back-ends.

mod contract;
mod error;

pub use contract::{
    Capabilities, Condition, Entry, EntryKind, ObjectMeta, Page, Sha256, Store, StoredObject,
};
pub use error::{ErrorKind, StoreError};
