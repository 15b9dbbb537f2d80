//! The narrow object-store contract of dayseal and its back-ends.
//!
//! [`Store`] is all that dayseal asks of a store. Three back-ends keep it: [`S3Store`], [`DirectoryStore`] and
//! [`MemoryStore`]; [`open`] picks one by URL. Which promises they make is in [`Store`]; the `conformance` suite proves them.
//!
//! Nothing here is trusted by a verifier: whatever a store says is checked against digests and signatures elsewhere.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `conformance` | the conformance suite, for the tests of other implementers |

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod cursor;
mod directory;
mod error;
mod key;
mod memory;
mod probe;
mod random;
mod s3;
mod url;

pub use contract::{
    Capabilities, Condition, Entry, EntryKind, ObjectMeta, Page, Sha256, Store, StoredObject,
};
pub use directory::DirectoryStore;
pub use error::{ErrorKind, StoreError};
pub use key::{MAX_KEY, MAX_SEGMENT};
pub use memory::MemoryStore;
pub use probe::probe_conditional_create;
pub use s3::{S3Config, S3Store};
pub use url::{OpenOptions, open, open_directory, open_with};
