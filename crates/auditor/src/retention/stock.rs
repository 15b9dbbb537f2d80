//! What is stored, day by day.

use std::collections::BTreeMap;

use dayseal_format::Day;
use dayseal_format::manifest::Manifest;
use dayseal_format::names::{
    CHECKPOINTS, ENTRIES, MANIFESTS, manifest_key, parse_checkpoint_key, parse_manifest_key,
};
use dayseal_format::record::DayRecord;
use dayseal_store::{EntryKind, ErrorKind, Store};

use super::cost::Sizes;
use super::{Held, RetentionError};

/// Longest first line of a manifest, its `day` record.
const MAX_LINE: u64 = 65_536;

/// What is stored of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stock {
    /// Objects below the day's prefix, every version.
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) sizes: Sizes,
    pub(super) held: u64,
    pub(super) manifest: bool,
    pub(super) checkpoint: bool,
}

/// Every day of which anything is stored.
pub(super) async fn take(
    evidence: &dyn Store,
    held: Held<'_>,
) -> Result<BTreeMap<Day, Stock>, RetentionError> {
    let mut days: BTreeMap<Day, Stock> = BTreeMap::new();
    for prefix in [ENTRIES, MANIFESTS, CHECKPOINTS] {
        each_object(evidence, prefix, |key, length| {
            let (day, part) = if prefix == ENTRIES {
                (day_below(key, ENTRIES), Part::Entry)
            } else if prefix == MANIFESTS {
                (parse_manifest_key(key), Part::Manifest)
            } else {
                (parse_checkpoint_key(key), Part::Checkpoint)
            };
            let Some(day) = day else { return };
            let stock = days.entry(day).or_default();
            match part {
                Part::Entry => {
                    stock.objects += 1;
                    stock.bytes += length;
                    stock.sizes.add(length);
                    stock.held += u64::from(held(key, day));
                }
                Part::Manifest => stock.manifest = true,
                Part::Checkpoint => stock.checkpoint = true,
            }
        })
        .await?;
    }
    Ok(days)
}

enum Part {
    Entry,
    Manifest,
    Checkpoint,
}

/// Calls `each` with key and length of every object, every version, below a prefix.
pub(super) async fn each_object(
    store: &dyn Store,
    prefix: &str,
    mut each: impl FnMut(&str, u64),
) -> Result<(), RetentionError> {
    let mut from = None;
    loop {
        let page = store.list(prefix, from.as_deref()).await?;
        for entry in page.entries.iter().filter(|e| e.kind == EntryKind::Object) {
            each(&entry.key, entry.length);
        }
        from = page.next;
        if from.is_none() {
            return Ok(());
        }
    }
}

/// The day that the key names behind `prefix`.
pub(super) fn day_below(key: &str, prefix: &str) -> Option<Day> {
    key.strip_prefix(prefix)?.split('/').next()?.parse().ok()
}

/// What the manifest of `day` says of itself, by nobody's signature; `None` if it is not there.
pub(super) async fn stated(
    evidence: &dyn Store,
    day: Day,
) -> Result<Option<DayRecord>, RetentionError> {
    let key = manifest_key(day);
    let start = match evidence.get_range(&key, None, 0, MAX_LINE).await {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    Manifest::read_day_record(&start.bytes).map(Some).map_err(|e| RetentionError::Manifest {
        object: format!("{}/{key}", evidence.url()),
        reason: e.to_string(),
    })
}
