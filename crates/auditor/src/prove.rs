//! Proving an entry: one file that its reader checks with the policy alone. Spec: `docs/spec/entry-proof.md`.

use dayseal_chain::days::DayError;
use dayseal_format::entry_proof::{EntryProofError, Leaf};
use dayseal_format::merkle::{Frontier, PathFinder, leaf_hash};
use dayseal_format::proof::Proof;
use dayseal_format::record::Record;
use dayseal_format::{BatchKey, Day, EntryProof};

use crate::find::{Found, LogReader};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// Nothing is signed over it yet.
    #[error(
        "{key} is not sealed yet: there is a proof once its day is sealed, which `dayseal seal` does after the day's end and its grace; an entry that landed later is sealed with a later day"
    )]
    NotSealed {
        /// The object.
        key: BatchKey,
    },
    /// The day that sealed it.
    #[error("cannot prove anything from the day {day}")]
    Day {
        /// The day.
        day: Day,
        /// Why.
        source: DayError,
    },
    /// The manifest listed the batch a moment ago.
    #[error(
        "the manifest of {day} no longer lists {key}: it changed meanwhile; run `dayseal verify`"
    )]
    Gone {
        /// The manifest's day.
        day: Day,
        /// The object.
        key: BatchKey,
    },
    /// The proof that was made is not accepted: the manifest says something else than the batch.
    #[error("the proof of entry {index} of {key} does not hold; run `dayseal verify`")]
    Refused {
        /// The object.
        key: BatchKey,
        /// Place in it.
        index: u32,
        /// Why.
        source: EntryProofError,
    },
}

/// Makes the proof of an entry that was found, and checks it before it is given out.
///
/// Reads the manifest of the day that sealed it, line by line, in constant memory.
///
/// # Errors
/// [`ProveError`].
pub async fn prove(log: &LogReader<'_>, found: &Found) -> Result<EntryProof, ProveError> {
    let (key, index) = (found.batch.key, found.index);
    let day = found.batch.sealed.ok_or(ProveError::NotSealed { key })?.by;
    let mut finder = None;
    let mut record = None;
    let days = log.sealed();
    let read = days.read(day, |line, parsed| {
        if let Record::Day(head) = parsed {
            finder =
                Frontier::from_parts(head.size, head.frontier.clone()).ok().map(PathFinder::new);
        }
        let wanted = matches!(parsed, Record::Batch(b) if b.key == key);
        if wanted {
            record = Some(line.to_vec());
        }
        if let Some(finder) = &mut finder {
            finder.push(leaf_hash(line), wanted);
        }
    });
    let gone = || ProveError::Gone { day, key };
    let sealed = read.await.map_err(|source| ProveError::Day { day, source })?.ok_or_else(gone)?;
    let (leaf_index, path) = finder.and_then(PathFinder::finish).ok_or_else(gone)?;
    let proof = EntryProof {
        index,
        leaf: Leaf::Shown { entry: found.line.clone(), salt: found.salt },
        path: found.path.clone(),
        record: record.ok_or_else(gone)?,
        proof: Proof { index: leaf_index, path, checkpoint: sealed.note },
    };
    match proof.verify(&log.origin, &log.keys) {
        Ok(_) => Ok(proof),
        Err(source) => Err(ProveError::Refused { key, index, source }),
    }
}
