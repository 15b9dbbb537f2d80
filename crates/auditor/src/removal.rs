//! Lawful removal: an officer's order that a batch goes before its time, and what became of it.
//!
//! | part | what |
//! | --- | --- |
//! | [`place`] | signs the order and stores it; the next seal records it |
//! | [`recorded`] | orders that sealed days record and that count: only by these may anything go |
//! | [`waiting`] | orders in the state root that no sealed day records |
//!
//! Normative: `docs/spec/manifest.md`, "Lawful removal".

use std::collections::BTreeSet;

use bytes::Bytes;
use dayseal_chain::days::{DayError, SealedDays};
use dayseal_format::record::Record;
use dayseal_format::removal::{ORDERS, Removal, order_key};
use dayseal_format::statement::{MAX_STATEMENT, Signed, StatementError};
use dayseal_format::{BatchKey, Day, Digest, Origin, UnixMillis, VerifierKey};
use dayseal_keys::{KeyError, Signer, sign_note};
use dayseal_store::{Condition, ErrorKind, Store, StoreError};
use serde::Serialize;

use crate::hold::{OfficerText, officer};

/// Why an order cannot be placed, or orders not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemovalError {
    /// A root.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed day.
    #[error("the orders of {day} cannot be relied on; run `dayseal verify`")]
    Day {
        /// The day.
        day: Day,
        /// Why.
        source: DayError,
    },
    /// The reason or the basis cannot be stated.
    #[error("an order cannot say this")]
    Unsayable(#[source] StatementError),
    /// The signer signed with another key than it showed.
    #[error("the policy would not accept this signature")]
    Signature(#[source] StatementError),
    /// The officer's key.
    #[error("the officer's key cannot sign")]
    Key(#[from] KeyError),
}

/// An order that an officer of the policy signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ordered {
    /// The batch.
    #[serde(serialize_with = "as_text")]
    pub object: BatchKey,
    /// By what law or order.
    pub basis: String,
    /// Why.
    pub reason: String,
    /// Who signed it.
    pub officers: Vec<OfficerText>,
    /// When: the officer's own word.
    pub ordered_at: UnixMillis,
    /// The day whose manifest records it.
    pub recorded_on: Option<Day>,
}

/// Signs an order and stores it; its key in the state root.
///
/// # Errors
/// [`RemovalError`].
pub async fn place(
    state: &dyn Store,
    (origin, signer): (&Origin, &dyn Signer),
    removal: &Removal,
    now: UnixMillis,
) -> Result<String, RemovalError> {
    let statement = removal.statement(origin.clone(), now).map_err(RemovalError::Unsayable)?;
    let note = sign_note(&statement.text(), &[signer]).await?;
    // A key service may sign with another key than it showed; and what is stored must be readable.
    let known = std::slice::from_ref(signer.verifier_key());
    Removal::open(note.as_bytes(), origin, known).map_err(RemovalError::Signature)?;
    let key = order_key(now.day(), note.as_bytes());
    let digest = Digest::of(note.as_bytes());
    match state.put(&key, Bytes::from(note), digest.as_bytes(), Condition::Absent).await {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e.into()),
        _ => Ok(key),
    }
}

/// Every order that a sealed day records and that one of `officers` signed, and the digests of all
/// orders recorded. Days that cannot be relied on are an error: what goes by them goes for ever.
///
/// # Errors
/// [`RemovalError`].
pub async fn recorded(
    days: &SealedDays<'_>,
    officers: &[VerifierKey],
) -> Result<(Vec<Ordered>, BTreeSet<Digest>), RemovalError> {
    let (mut orders, mut digests) = (Vec::new(), BTreeSet::new());
    for day in days.list().await? {
        let found = days.orders(day, officers).await;
        for record in found.map_err(|source| RemovalError::Day { day, source })? {
            digests.insert(Digest::of(record.note.as_bytes()));
            orders.extend(record.order.map(|(r, signed)| ordered(r, &signed, Some(day))));
        }
    }
    Ok((orders, digests))
}

/// Orders of one of `officers` in the state root that are not in `recorded`.
///
/// # Errors
/// [`RemovalError::Store`].
pub async fn waiting(
    state: &dyn Store,
    origin: &Origin,
    officers: &[VerifierKey],
    recorded: &BTreeSet<Digest>,
) -> Result<Vec<Ordered>, RemovalError> {
    let mut orders = Vec::new();
    for prefix in state.list_prefixes(ORDERS).await? {
        for entry in state.list_direct(&prefix).await?.into_iter().filter(|entry| entry.latest) {
            let stored = match state.get(&entry.key, None, MAX_STATEMENT as u64).await {
                Err(e) if e.kind() == ErrorKind::TooLarge => continue,
                other => other?,
            };
            if recorded.contains(&Digest::of(&stored.bytes)) {
                continue;
            }
            match Removal::open(&stored.bytes, origin, officers) {
                Ok((removal, signed)) => orders.push(ordered(removal, &signed, None)),
                Err(_) => tracing::warn!(key = entry.key, "an order that does not count"),
            }
        }
    }
    Ok(orders)
}

/// The version of a batch that the log has sealed; `None` where the store keeps no versions.
///
/// # Errors
/// [`RemovalError`].
pub async fn sealed_version(
    days: &SealedDays<'_>,
    order: &Ordered,
) -> Result<Option<String>, RemovalError> {
    let (first, last) = (order.object.day, order.recorded_on.unwrap_or(order.object.day));
    for day in first.through(last) {
        let mut found = None;
        let read = days.read(day, |_, record| {
            if let Record::Batch(b) = record
                && b.key == order.object
            {
                found = Some(b.version.clone());
            }
        });
        let read = read.await.map_err(|source| RemovalError::Day { day, source })?;
        if let (Some(_), Some(version)) = (read, found) {
            return Ok(version);
        }
    }
    Ok(None)
}

fn ordered(removal: Removal, signed: &Signed, recorded_on: Option<Day>) -> Ordered {
    let Removal { object, reason, basis } = removal;
    let officers = signed.signers.iter().map(officer).collect();
    Ordered { object, basis, reason, officers, ordered_at: signed.statement.time(), recorded_on }
}

fn as_text<S: serde::Serializer>(key: &BatchKey, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(key)
}
