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

/// Days that have a manifest or a checkpoint, oldest first, each without holes.
#[derive(Debug, Default)]
pub(super) struct Days {
    pub(super) manifests: Vec<Day>,
    pub(super) checkpoints: Vec<Day>,
}

/// Lists manifests and checkpoints. A delete marker or a second version under them is an attack:
/// plain listings would show an older state, and a create would succeed over the marker.
pub(super) async fn sealed_days(evidence: &dyn Store) -> Result<Days, SealError> {
    let mut days = Days::default();
    for (prefix, parse, out) in [
        (MANIFESTS, parse_manifest_key as fn(&str) -> Option<Day>, &mut days.manifests),
        (CHECKPOINTS, parse_checkpoint_key, &mut days.checkpoints),
    ] {
        let mut lister = Lister::new(evidence, prefix);
        while let Some(versions) = lister.next().await? {
            let object = || format!("{}/{}", evidence.url(), versions.key);
            let marker = versions.entries.iter().any(|e| e.kind == EntryKind::DeleteMarker);
            if marker || versions.entries.len() > 1 {
                let found = format!("{} versions, delete marker: {marker}", versions.entries.len());
                let expected = "one version and no delete marker";
                return Err(SealError::Tampered { object: object(), expected, found });
            }
            // Other names are strays for the verifier to report; they decide nothing here.
            out.extend(parse(&versions.key));
        }
        if let Some(hole) = out.windows(2).find(|w| w[0].next() != Some(w[1])) {
            let object = format!("{}/{prefix}", evidence.url());
            let expected = "every day between the first and the newest";
            let found = format!("nothing between {} and {}", hole[0], hole[1]);
            return Err(SealError::Tampered { object, expected, found });
        }
    }
    Ok(days)
}

/// Reads a day's checkpoint.
pub(super) async fn read_checkpoint(
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
pub(super) async fn read_manifest(
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
