//! Finds out whether a store keeps the one promise everything rests on.

use bytes::Bytes;
use sha2::{Digest, Sha256 as Hasher};

use crate::{Condition, ErrorKind, Store, StoreError};

/// Creates `<under>/<128 random bits in hex>` twice and demands that the second is refused; returns the key, which stays.
///
/// A store that ignores `If-None-Match` answers "done" to both, and no single answer gives that away; so `init`
/// asks once. `under` is the caller's choice of place, without a slash at its end. Where reading is allowed the first bytes
/// must still be there.
///
/// # Errors
/// `Configuration` if the second create was not refused or changed the object; otherwise what the store reports.
pub async fn probe_conditional_create(
    store: &dyn Store,
    under: &str,
) -> Result<String, StoreError> {
    let random = crate::random::hex16().map_err(|e| {
        let detail = "the system has no random numbers";
        StoreError::new(ErrorKind::Unavailable, "probe", store.url(), detail).caused_by(e)
    })?;
    let key = format!("{under}/{random}");
    let unsafe_store = |found: &str| {
        let detail = format!(
            "expected a second create of the same key to be refused, {found}; \
             use a store with conditional writes (If-None-Match)"
        );
        StoreError::new(ErrorKind::Configuration, "probe", format!("{}/{key}", store.url()), detail)
    };
    // Different bytes: a store may take equal ones for a repetition.
    let (first, second) = (Bytes::from_static(b"first\n"), Bytes::from_static(b"second\n"));
    create(store, &key, &first).await?;
    match create(store, &key, &second).await {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e),
        Ok(()) => return Err(unsafe_store("it was accepted")),
    }
    match store.get(&key, None, 64).await {
        Ok(found) if found.bytes == first => Ok(key),
        Ok(_) => Err(unsafe_store("it was refused but changed the object")),
        // Whoever may only write has seen all it can.
        Err(e) if e.kind() == ErrorKind::Denied => Ok(key),
        Err(e) => Err(e),
    }
}

async fn create(store: &dyn Store, key: &str, bytes: &Bytes) -> Result<(), StoreError> {
    let digest = Hasher::digest(bytes).into();
    store.put(key, bytes.clone(), &digest, Condition::Absent).await.map(|_| ())
}
