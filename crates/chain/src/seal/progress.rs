//! Where the chain stands: what is sealed, what was left half-done.

use dayseal_format::manifest::{Manifest, ManifestReader};
use dayseal_format::merkle::Frontier;
use dayseal_format::names::{
    CHECKPOINTS, FIRST_CHECKPOINT, MANIFESTS, checkpoint_key, manifest_key, parse_checkpoint_key,
    parse_manifest_key,
};
use dayseal_format::note::MAX_NOTE;
use dayseal_format::record::Record;
use dayseal_format::{Checkpoint, Day, Digest, Origin, UnixMillis, VerifierKey};
use dayseal_store::{EntryKind, Store};

use super::SealError;
use crate::expiry::chain_kept_from;
use crate::lines::Lines;
use crate::objects::Lister;

/// The newest sealed point of the chain.
#[derive(Clone, Debug)]
pub(super) struct Tip {
    /// Newest sealed day; `None` before the first.
    pub(super) day: Option<Day>,
    /// The tree to date.
    pub(super) tree: Frontier,
    /// Digest of that day's manifest.
    pub(super) manifest: Option<Digest>,
    /// When it was sealed.
    pub(super) sealed_at: Option<UnixMillis>,
    /// Oldest day kept, as it stated.
    pub(super) kept_from: Option<Day>,
    /// The key that signs from here on, if that day announced one.
    pub(super) next_key: Option<VerifierKey>,
}

impl Tip {
    pub(super) fn checkpoint(&self, origin: &Origin) -> Checkpoint {
        Checkpoint { origin: origin.clone(), size: self.tree.size(), root: self.tree.root() }
    }

    /// The tip after `manifest`, whose bytes have this digest.
    pub(super) fn after(manifest: &Manifest, digest: Digest) -> Self {
        Self {
            day: Some(manifest.day.day),
            tree: manifest.after.clone(),
            manifest: Some(digest),
            sealed_at: Some(manifest.day.sealed_at),
            kept_from: Some(manifest.day.kept_from),
            next_key: manifest.next_key.clone(),
        }
    }
}

/// The newest day that has a checkpoint, once the chain was found whole.
///
/// A delete marker, a second version or a hole among manifests and checkpoints is an attack: plain
/// listings would show an older state, and a create would succeed over the marker. Only what may be
/// gone by `docs/spec/manifest.md`, "Expiry of the chain", is how lifecycle rules leave it.
pub(super) async fn newest_sealed(
    evidence: &dyn Store,
    origin: &Origin,
    known: &[VerifierKey],
    today: Day,
) -> Result<Option<Day>, SealError> {
    let (manifests, mut odd) = list_chain(evidence, MANIFESTS, parse_manifest_key).await?;
    let (checkpoints, more) = list_chain(evidence, CHECKPOINTS, parse_checkpoint_key).await?;
    odd.extend(more);
    if !odd.is_empty() {
        let both = checkpoints.iter().copied().filter(|day| manifests.binary_search(day).is_ok());
        let kept_from = chain_kept_from(evidence, origin, known, both, today).await?;
        let over = |day: Option<Day>| day.is_some_and(|day| kept_from.is_some_and(|k| day < k));
        if let Some((_, error)) = odd.into_iter().find(|(day, _)| !over(*day)) {
            return Err(error);
        }
    }
    Ok(checkpoints.last().copied())
}

/// The days below a prefix, oldest first, and what is odd about them: the day, if the key names one,
/// and the refusal if that day must still be there.
async fn list_chain(
    evidence: &dyn Store,
    prefix: &str,
    parse: fn(&str) -> Option<Day>,
) -> Result<(Vec<Day>, Vec<(Option<Day>, SealError)>), SealError> {
    let (mut days, mut odd) = (Vec::<Day>::new(), Vec::new());
    let mut lister = Lister::new(evidence, prefix);
    while let Some(versions) = lister.next().await? {
        let day = parse(&versions.key);
        let marker = versions.entries.iter().any(|e| e.kind == EntryKind::DeleteMarker);
        if marker || versions.entries.len() > 1 {
            let object = format!("{}/{}", evidence.url(), versions.key);
            let found = format!("{} versions, delete marker: {marker}", versions.entries.len());
            let expected = "one version and no delete marker";
            odd.push((day, SealError::Tampered { object, expected, found }));
        }
        // Other names are strays for the verifier to report; they decide nothing here.
        let Some(day) =
            day.filter(|_| versions.entries.iter().any(|e| e.kind == EntryKind::Object))
        else {
            continue;
        };
        if let Some(before) = days.last().filter(|before| before.next() != Some(day)) {
            let object = format!("{}/{prefix}", evidence.url());
            let expected = "every day between the first and the newest";
            let found = format!("nothing between {before} and {day}");
            odd.push((day.previous(), SealError::Tampered { object, expected, found }));
        }
        days.push(day);
    }
    Ok((days, odd))
}

/// Reads a day's checkpoint.
pub(crate) async fn read_checkpoint(
    evidence: &dyn Store,
    day: Option<Day>,
    origin: &Origin,
    known: &[VerifierKey],
) -> Result<Checkpoint, SealError> {
    let key = day.map_or(FIRST_CHECKPOINT.to_owned(), checkpoint_key);
    let note = evidence.get(&key, None, MAX_NOTE as u64).await?;
    Checkpoint::open(&note.bytes, origin, known).map_err(|source| SealError::Checkpoint {
        object: format!("{}/{key}", evidence.url()),
        source,
    })
}

/// Reads a day's manifest, checks it in itself, and gives its digest. `each` sees every record but
/// the first.
pub(crate) async fn read_manifest(
    evidence: &dyn Store,
    day: Day,
    origin: &Origin,
    mut each: impl FnMut(Record),
) -> Result<(Manifest, Digest), SealError> {
    let key = manifest_key(day);
    let object = format!("{}/{key}", evidence.url());
    let wrong = |source| SealError::Manifest { object: object.clone(), source };
    let mut lines = Lines::new(evidence, key);
    let mut reader = ManifestReader::new(origin, day);
    while let Some(line) = lines.next().await.map_err(|e| SealError::of_lines(e, &object))? {
        if let Some(record) = reader.line(line).map_err(wrong)? {
            each(record);
        }
    }
    Ok((reader.finish().map_err(wrong)?, lines.digest()))
}
