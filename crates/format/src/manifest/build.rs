//! Building a manifest in memory, from records in any order.

use super::{ManifestPlan, ManifestWriter};
use crate::VerifierKey;
use crate::record::{BatchRecord, GapRecord, StrayRecord};

/// Collects the records of one day, in any order; [`ManifestWriter`] for many of them.
#[derive(Debug)]
pub struct ManifestBuilder {
    plan: ManifestPlan,
    objects: Vec<Object>,
    late_gaps: Vec<GapRecord>,
    next_key: Option<VerifierKey>,
}

#[derive(Debug)]
enum Object {
    Batch(BatchRecord),
    Stray(StrayRecord),
}

impl Object {
    fn place(&self) -> (String, Option<String>) {
        match self {
            Self::Batch(b) => (b.key.to_string(), b.version.clone()),
            Self::Stray(s) => (s.key.clone(), s.version.clone()),
        }
    }
}

impl ManifestBuilder {
    /// An empty manifest by this plan.
    pub fn new(plan: ManifestPlan) -> Self {
        Self { plan, objects: Vec::new(), late_gaps: Vec::new(), next_key: None }
    }

    /// Announces the key that signs from the next day on.
    pub fn next_key(&mut self, key: VerifierKey) {
        self.next_key = Some(key);
    }

    /// Adds a batch of the day or a late one; `late` is set here.
    pub fn batch(&mut self, batch: BatchRecord) {
        self.objects.push(Object::Batch(batch));
    }

    /// Adds a stray.
    pub fn stray(&mut self, stray: StrayRecord) {
        self.objects.push(Object::Stray(stray));
    }

    /// Adds a gap in a stream of an earlier day that its late batches show.
    pub fn late_gap(&mut self, gap: GapRecord) {
        self.late_gaps.push(gap);
    }

    /// The manifest's bytes. Gaps and conflicts of the day's own streams are found here.
    ///
    /// # Panics
    /// If two objects have one key and version: a listing has none such.
    pub fn finish(mut self) -> Vec<u8> {
        self.objects.sort_by_cached_key(Object::place);
        let mut writer = ManifestWriter::new(self.plan, Vec::new());
        for object in self.objects {
            let written = match object {
                Object::Batch(batch) => writer.batch(batch),
                Object::Stray(stray) => writer.stray(stray),
            };
            written.expect("sorted, and a Vec takes everything");
        }
        self.late_gaps.into_iter().for_each(|gap| writer.late_gap(gap));
        if let Some(key) = self.next_key {
            writer.next_key(key);
        }
        let (mut manifest, body) = writer.finish().expect("a Vec takes everything");
        manifest.extend(body);
        manifest
    }
}
