//! Orders of removal that the state root holds, on their way into a manifest.

use std::collections::HashSet;

use dayseal_format::manifest::ManifestPlan;
use dayseal_format::record::{MAX_REMOVED, Record, RemovedRecord};
use dayseal_format::removal::{Removal, order_key, orders_prefix};
use dayseal_format::statement::MAX_STATEMENT;
use dayseal_format::{Day, Digest, Origin};
use dayseal_store::{ErrorKind, Store};

use super::SealError;
use super::progress::read_manifest;
use crate::objects::Lister;

/// Most orders of one day that are looked at.
const MAX_LISTED: usize = 10 * MAX_REMOVED;

/// The orders of `days`, the last of which is the one to seal, that no manifest of `sealed` records;
/// at most [`MAX_REMOVED`].
///
/// Whether an officer signed them the sealer cannot know: that is the policy's to say. What is no order
/// about this log is left out and told; nothing here stops a day but a store that fails.
pub(super) async fn new_orders(
    (evidence, state): (&dyn Store, &dyn Store),
    plan: &ManifestPlan,
    days: impl Iterator<Item = Day>,
    sealed: impl Iterator<Item = Day>,
) -> Result<Vec<RemovedRecord>, SealError> {
    let mut keys = Vec::new();
    for day in days {
        match list(state, day).await {
            Ok(listed) => keys.extend(listed.into_iter().map(|key| (day, key))),
            // An older role has no such right; evidence is sealed all the same.
            Err(SealError::Store(e)) if e.kind() == ErrorKind::Denied => {
                tracing::warn!(%day, "orders of removal cannot be listed; none is recorded");
                return Ok(Vec::new());
            }
            Err(e) => return Err(e),
        }
    }
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = HashSet::new();
    for day in sealed {
        read_manifest(evidence, day, &plan.origin, |record| {
            if let Record::Removed(r) = record {
                known.insert(Digest::of(r.order.as_bytes()));
            }
        })
        .await?;
    }
    let mut orders = Vec::new();
    for (day, key) in keys {
        if orders.len() == MAX_REMOVED {
            tracing::warn!("more than {MAX_REMOVED} orders of removal: the others wait");
            break;
        }
        let stored = match state.get(&key, None, MAX_STATEMENT as u64).await {
            Ok(stored) => stored,
            Err(e) if left_out(e.kind()) => {
                tracing::warn!(key, kind = ?e.kind(), "an order of removal cannot be read");
                continue;
            }
            Err(e) => return Err(e.into()),
        };
        match read(&plan.origin, plan.day, (day, &key), &stored.bytes) {
            Ok(order) if known.insert(Digest::of(order.order.as_bytes())) => orders.push(order),
            Ok(_) => {}
            Err(why) => tracing::warn!(key, why, "left out: not an order of removal"),
        }
    }
    Ok(orders)
}

/// Whether what cannot be read this way is left out rather than tried again.
fn left_out(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::Denied | ErrorKind::TooLarge)
}

async fn list(state: &dyn Store, day: Day) -> Result<Vec<String>, SealError> {
    let mut keys = Vec::new();
    let mut lister = Lister::new(state, orders_prefix(day));
    while let Some(versions) = lister.next().await? {
        if keys.len() == MAX_LISTED {
            tracing::warn!(%day, "more than {MAX_LISTED} orders of removal: the others are left out");
            break;
        }
        keys.push(versions.key);
    }
    Ok(keys)
}

/// The record of an order, if it is one about this log, under its own name, of a batch that can have
/// been sealed.
fn read(
    origin: &Origin,
    sealing: Day,
    (day, key): (Day, &str),
    bytes: &[u8],
) -> Result<RemovedRecord, String> {
    let (removal, statement) =
        Removal::unverified(bytes, origin).map_err(|error| error.to_string())?;
    if statement.time().day() != day || order_key(day, bytes) != key {
        return Err("its name is not made of the day of its time and its SHA-256".into());
    }
    if removal.object.day > sealing {
        return Err("its batch is of a later day".into());
    }
    let order = String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())?;
    Ok(RemovedRecord { key: removal.object, order })
}
