//! Whether streams are whole: numbers without gaps, each batch naming the one before.

use crate::names::MAX_SEQ;
use crate::record::{BatchRecord, ConflictReason, ConflictRecord, GapRecord, MAX_CONFLICT_DIGESTS};
use crate::{Day, Digest, ServiceName, StreamId};

/// Gaps and conflicts found in streams, each in manifest order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFindings {
    /// Missing ranges.
    pub gaps: Vec<GapRecord>,
    /// Contradictions.
    pub conflicts: Vec<ConflictRecord>,
}

impl StreamFindings {
    pub(super) fn summary(&self) -> String {
        let first =
            self.gaps.first().map(|g| format!(", first gap {}/{}/{}", g.day, g.stream, g.from));
        let first = first.unwrap_or_default();
        format!("{} gaps and {} conflicts{first}", self.gaps.len(), self.conflicts.len())
    }
}

/// Follows the batches of whole streams in order of their keys, with constant memory.
#[derive(Debug, Default)]
pub struct StreamAudit {
    found: StreamFindings,
    closed: u64,
    open: u64,
    current: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    day: Day,
    id: StreamId,
    service: ServiceName,
    /// Number expected next.
    next: u32,
    /// Batches at number `next - 1`: more than one is a conflict.
    here: Vec<Digest>,
    /// Batches at number `next - 2`, if that number is there: what `here` may name as `previous`.
    before: Option<Vec<Digest>>,
    last_at: Option<u32>,
}

impl StreamAudit {
    /// Takes the next batch. Keys must come in ascending order.
    pub fn add(&mut self, batch: &BatchRecord) {
        let key = &batch.key;
        let same = self.current.as_ref().is_some_and(|s| s.day == key.day && s.id == key.stream);
        if !same {
            self.end_stream();
            self.current = Some(Stream {
                day: key.day,
                id: key.stream,
                service: batch.service.clone(),
                next: 0,
                here: Vec::new(),
                before: None,
                last_at: None,
            });
        }
        let stream = self.current.as_mut().expect("set above");
        if key.seq + 1 != stream.next || stream.here.is_empty() {
            stream.advance(key.seq, &mut self.found);
        }
        stream.here.push(key.digest);
        let mut conflicts = Vec::new();
        if let (Some(previous), Some(before)) = (batch.previous, &stream.before)
            && !before.contains(&previous)
        {
            conflicts.push(ConflictReason::Link);
        }
        if stream.last_at.is_some_and(|at| key.seq > at) {
            conflicts.push(ConflictReason::AfterLast);
        }
        if batch.service != stream.service {
            conflicts.push(ConflictReason::Service);
        }
        if batch.last {
            stream.last_at.get_or_insert(key.seq);
        }
        for reason in conflicts {
            stream.conflict(reason, vec![key.digest], &mut self.found);
        }
    }

    /// The findings, and how many streams closed cleanly or stayed open.
    pub fn finish(mut self) -> (StreamFindings, u64, u64) {
        self.end_stream();
        // Findings of one number may come out of order or twice; manifests list each once, sorted.
        self.found.conflicts.sort_by_key(|c| (c.day, c.stream, c.seq, reason_name(c.reason)));
        self.found.conflicts.dedup_by(|later, first| {
            let same = (later.day, later.stream, later.seq, later.reason)
                == (first.day, first.stream, first.seq, first.reason);
            if same && first.sha256.len() < MAX_CONFLICT_DIGESTS {
                first.sha256.append(&mut later.sha256);
                first.sha256.truncate(MAX_CONFLICT_DIGESTS);
            }
            same
        });
        (self.found, self.closed, self.open)
    }

    fn end_stream(&mut self) {
        let Some(mut stream) = self.current.take() else { return };
        stream.end_number(&mut self.found);
        if stream.last_at.is_some() {
            self.closed += 1;
        } else {
            self.open += 1;
        }
    }
}

/// The order of reasons in a manifest is that of their names in `OrderKey`.
fn reason_name(reason: ConflictReason) -> String {
    format!("{reason:?}")
}

impl Stream {
    /// Goes on to number `seq`, which is not the current one.
    fn advance(&mut self, seq: u32, found: &mut StreamFindings) {
        self.end_number(found);
        if seq > self.next {
            let (from, to) = (self.next, seq - 1);
            found.gaps.push(GapRecord { day: self.day, stream: self.id, from, to });
            self.before = None;
        } else {
            let here = std::mem::take(&mut self.here);
            self.before = (seq > 0).then_some(here);
        }
        self.here.clear();
        self.next = seq.min(MAX_SEQ) + 1;
    }

    fn end_number(&mut self, found: &mut StreamFindings) {
        if self.here.len() > 1 {
            let mut digests = self.here.clone();
            digests.truncate(MAX_CONFLICT_DIGESTS);
            self.conflict(ConflictReason::Duplicate, digests, found);
        }
    }

    fn conflict(&self, reason: ConflictReason, sha256: Vec<Digest>, found: &mut StreamFindings) {
        let seq = self.next.saturating_sub(1);
        found.conflicts.push(ConflictRecord {
            day: self.day,
            stream: self.id,
            seq,
            reason,
            sha256,
        });
    }
}
