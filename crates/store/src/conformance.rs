//! One suite over [`Store`] that tests every promise of the contract, for this crate's back-ends and any other.
//!
//! Results, not panics: a suite that could not fail would prove nothing, so its own test runs it on stores that break
//! promises and looks at what it says.

mod conditions;
mod listing;
mod reading;
mod versions;

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256 as Hasher};

use crate::{Condition, ErrorKind, ObjectMeta, Sha256, Store, StoreError};

/// Adds a delete marker to a key (or removes its object, where no versions are kept): what the contract has no method for.
pub type Delete<'a> = &'a (dyn Fn(String) -> BoxFuture<'a, ()> + Send + Sync);

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Name of the check.
    pub check: &'static str,
    /// What was expected and what was found.
    pub detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.detail)
    }
}

/// What one check says: nothing, or expected and found.
type Check = Result<(), String>;

/// Runs every check on `store`, writing about 1,200 small objects below `prefix` (a fresh one for every run, without a
/// slash at its end); what is written stays. Checks that need a deletion are left out without `delete`.
///
/// # Errors
/// Every promise that was broken, in the order of the checks; the others were kept.
pub async fn run(
    store: &dyn Store,
    prefix: &str,
    delete: Option<Delete<'_>>,
) -> Result<(), Vec<Broken>> {
    let subject = &Subject { store, prefix };
    let mut broken = Vec::new();
    let mut note = |check: &'static str, outcome: Check| {
        if let Err(detail) = outcome {
            broken.push(Broken { check, detail });
        }
    };
    note("create_only", conditions::create_only(subject).await);
    note("one_winner_of_sixteen", conditions::one_winner_of_sixteen(subject).await);
    note("compare_and_swap", conditions::compare_and_swap(subject).await);
    note("one_swap_of_sixteen", conditions::one_swap_of_sixteen(subject).await);
    note("files", conditions::files(subject).await);
    note("swap_without_object", conditions::swap_without_object(subject).await);
    note("bad_keys", conditions::bad_keys(subject).await);
    note("whole_objects", reading::whole_objects(subject).await);
    note("limits", reading::limits(subject).await);
    note("ranges", reading::ranges(subject).await);
    note("missing", reading::missing(subject).await);
    note("order", listing::order(subject).await);
    note("pages", listing::pages(subject).await);
    note("prefixes", listing::prefixes(subject).await);
    note("versions", versions::versions(subject).await);
    if let Some(delete) = delete {
        note("deletion", versions::deletion(subject, delete).await);
    }
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

/// The store under test and where to write in it.
struct Subject<'a> {
    store: &'a dyn Store,
    prefix: &'a str,
}

impl Subject<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    async fn put(
        &self,
        name: &str,
        bytes: impl Into<Bytes>,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        let bytes = bytes.into();
        let digest = digest(&bytes);
        self.store.put(&self.key(name), bytes, &digest, condition).await
    }

    /// A create that must succeed.
    async fn create(&self, name: &str, bytes: impl Into<Bytes>) -> Result<ObjectMeta, String> {
        let created = self.put(name, bytes, Condition::Absent).await;
        created.map_err(|e| format!("create of a new key: {e}"))
    }

    /// Whether the object holds exactly these bytes.
    async fn holds(&self, name: &str, expected: &[u8]) -> Check {
        let found = self.store.get(&self.key(name), None, u64::MAX).await;
        let found = found.map_err(|e| format!("get of an object that was put: {e}"))?;
        expect("bytes", &found.bytes, &Bytes::copy_from_slice(expected))?;
        expect("length", &found.meta.length, &(expected.len() as u64))
    }
}

fn digest(bytes: &[u8]) -> Sha256 {
    Hasher::digest(bytes).into()
}

/// Longest value shown in a message.
const SHOWN: usize = 200;

fn expect<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Check {
    if found == expected {
        return Ok(());
    }
    let show = |value: &T| format!("{value:?}").chars().take(SHOWN).collect::<String>();
    Err(format!("{what}: expected {}, found {}", show(expected), show(found)))
}

fn expect_error<T: fmt::Debug>(
    what: &str,
    found: Result<T, StoreError>,
    expected: ErrorKind,
) -> Check {
    match found {
        Err(e) if e.kind() == expected => Ok(()),
        Err(e) => Err(format!("{what}: expected {expected:?}, found {:?} ({e})", e.kind())),
        Ok(_) => Err(format!("{what}: expected {expected:?}, found success")),
    }
}
