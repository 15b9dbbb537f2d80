//! When the chain itself may be gone: manifests and checkpoints outlive what they list by a year.
//!
//! Normative: `docs/spec/manifest.md`, "Expiry of the chain".

use dayseal_format::record::DayRecord;
use dayseal_format::{Day, Origin, VerifierKey};
use dayseal_store::{ErrorKind, Store};

use crate::SealError;
use crate::seal::{read_checkpoint, read_manifest};

/// Days that a manifest and its checkpoint must be there after the last `keep_until` of their own
/// day and of those before it.
pub const CHAIN_DAYS: u16 = 366;

/// The oldest day whose manifest and checkpoint must still be there on `today`; `None` if the log
/// says of no day that it may be gone.
///
/// A day E is over once no object of E or of a day before it had to be kept on a day T, which is what
/// a `kept_from` of T after E says, and a year has passed since. `kept_from` never goes back: the
/// newest record of a year ago says all there is to say, and its own time cannot be over.
/// `sealed` are the days that have both, oldest first. What no known key signed says nothing.
///
/// # Errors
/// [`SealError::Store`], when the store says nothing about the log.
pub async fn chain_kept_from(
    evidence: &dyn Store,
    origin: &Origin,
    known: &[VerifierKey],
    sealed: impl DoubleEndedIterator<Item = Day>,
    today: Day,
) -> Result<Option<Day>, SealError> {
    let Some(year_ago) = today.checked_add(-i32::from(CHAIN_DAYS)) else { return Ok(None) };
    for day in sealed.rev().skip_while(|day| *day > year_ago) {
        match signed_day(evidence, origin, known, day).await {
            Ok(Some(record)) => return Ok(Some(record.kept_from)),
            Err(SealError::Store(e)) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
            // Gone, altered or of a newer version: whoever walks there says so. An older record says less.
            Ok(None) | Err(_) => {}
        }
    }
    Ok(None)
}

/// What the manifest of `day` states, if it is the one that a known key signed.
///
/// # Errors
/// [`SealError`] if manifest or checkpoint cannot be read, or the checkpoint is not valid.
pub async fn signed_day(
    evidence: &dyn Store,
    origin: &Origin,
    known: &[VerifierKey],
    day: Day,
) -> Result<Option<DayRecord>, SealError> {
    let signed = read_checkpoint(evidence, Some(day), origin, known).await?;
    let (manifest, _) = read_manifest(evidence, day, origin, |_| {}).await?;
    let after = (manifest.after.size(), manifest.after.root());
    Ok(((signed.size, signed.root) == after).then_some(manifest.day))
}
