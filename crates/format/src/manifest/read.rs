//! Reading a manifest line by line, in constant memory.

use super::{
    Manifest, ManifestError, OrderKey, StreamAudit, StreamFindings, Tally, decode, mismatch,
};
use crate::merkle::{Frontier, leaf_hash};
use crate::record::{DayRecord, MAX_REMOVED, Record};
use crate::{BatchKey, Day, Origin, VerifierKey};

/// Checks a manifest as its lines come. [`Manifest::read`] does the same for bytes that are all there.
///
/// You MUST call [`ManifestReader::finish`]: what only the whole can show is checked there.
#[derive(Debug)]
pub struct ManifestReader {
    origin: Origin,
    day: Day,
    /// Lines taken.
    number: usize,
    open: Option<Open>,
}

/// What is known after the first line.
#[derive(Debug)]
struct Open {
    head: DayRecord,
    before: Frontier,
    after: Frontier,
    tally: Tally,
    streams: StreamAudit,
    /// Gaps and conflicts of the day's own streams, as the manifest has them.
    stated: StreamFindings,
    previous: Option<OrderKey>,
    last_batch: Option<BatchKey>,
    removed: usize,
    next_key: Option<VerifierKey>,
}

impl ManifestReader {
    /// A reader of the manifest of `day` in the log `origin`.
    pub fn new(origin: &Origin, day: Day) -> Self {
        Self { origin: origin.clone(), day, number: 0, open: None }
    }

    /// Takes the next line, without its newline. The record of every line but the first.
    ///
    /// # Errors
    /// [`ManifestError`], naming the line. The reader is of no use after it.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Record>, ManifestError> {
        self.number += 1;
        let record = decode(self.number, line)?;
        match &mut self.open {
            None => {
                self.open = Some(Open::new(&self.origin, self.day, record, line)?);
                Ok(None)
            }
            Some(open) => {
                open.take(&self.origin, self.day, self.number, &record)?;
                open.after.push(leaf_hash(line));
                Ok(Some(record))
            }
        }
    }

    /// The manifest, once every line was taken.
    ///
    /// # Errors
    /// [`ManifestError`] if the whole is not what its first line says, or there was no line.
    pub fn finish(self) -> Result<Manifest, ManifestError> {
        self.open.ok_or(ManifestError::Framing("empty"))?.finish(self.day)
    }
}

impl Open {
    fn new(origin: &Origin, day: Day, record: Record, line: &[u8]) -> Result<Self, ManifestError> {
        let Record::Day(head) = record else {
            return Err(mismatch(1, "first record", "day", format!("{record:?}")));
        };
        if head.origin != *origin {
            return Err(mismatch(1, "origin", origin, head.origin));
        }
        if head.day != day {
            return Err(mismatch(1, "day", day, head.day));
        }
        let before = Frontier::from_parts(head.size, head.frontier.clone())?;
        let mut after = before.clone();
        after.push(leaf_hash(line));
        Ok(Self {
            head,
            before,
            after,
            tally: Tally::default(),
            streams: StreamAudit::default(),
            stated: StreamFindings::default(),
            previous: None,
            last_batch: None,
            removed: 0,
            next_key: None,
        })
    }

    fn take(
        &mut self,
        origin: &Origin,
        day: Day,
        number: usize,
        record: &Record,
    ) -> Result<(), ManifestError> {
        let order = OrderKey::of(record);
        if self.previous.as_ref().is_some_and(|p| *p >= order) {
            return Err(mismatch(number, "order of records", "ascending", "not ascending"));
        }
        self.previous = Some(order);
        self.tally.add(record);
        let late_days = self.head.late_days;
        match record {
            Record::Day(_) => {
                return Err(mismatch(number, "record", "no second day record", "one"));
            }
            Record::Batch(b) => {
                let late = b.key.day != day;
                let age = day.days_since(b.key.day);
                if late != b.late || age < 0 || age > i32::from(late_days) {
                    let expected = format!("{late_days} days late at most, and said");
                    return Err(mismatch(number, "day of the batch", expected, b.key));
                }
                if self.last_batch.replace(b.key) == Some(b.key) {
                    return Err(mismatch(number, "key", "one batch for each key", b.key));
                }
                if !late {
                    self.streams.add(b);
                }
            }
            Record::Gap(g) if g.day == day => self.stated.gaps.push(g.clone()),
            Record::Gap(g) if (1..=i32::from(late_days)).contains(&day.days_since(g.day)) => {}
            Record::Gap(g) => {
                let expected = "one that takes late batches";
                return Err(mismatch(number, "day of the gap", expected, g.day));
            }
            Record::Conflict(c) if c.day == day => self.stated.conflicts.push(c.clone()),
            Record::Conflict(c) => {
                return Err(mismatch(number, "day of the conflict", day, c.day));
            }
            Record::Stray(_) => {}
            Record::Removed(r) if r.key.day > day => {
                return Err(mismatch(number, "day of the removed batch", day, r.key.day));
            }
            Record::Removed(_) => {
                self.removed += 1;
                if self.removed > MAX_REMOVED {
                    let found = self.removed;
                    return Err(mismatch(number, "removed records", MAX_REMOVED, found));
                }
            }
            Record::Key(k) if k.verifier_key.name() != origin.as_str() => {
                return Err(mismatch(number, "name of the key", origin, &k.verifier_key));
            }
            Record::Key(k) => {
                if self.next_key.replace(k.verifier_key.clone()).is_some() {
                    return Err(mismatch(number, "key record", "one at most", "a second"));
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, day: Day) -> Result<Manifest, ManifestError> {
        let (found, closed, open) = self.streams.finish();
        if found != self.stated {
            let reason = "gaps and conflicts of the day's streams";
            return Err(mismatch(1, reason, found.summary(), self.stated.summary()));
        }
        self.tally.counts.streams_closed = closed;
        self.tally.counts.streams_open = open;
        let (services, more) = self.tally.services();
        let (head, counts) = (self.head, self.tally.counts);
        if counts != head.counts {
            let (expected, found) = (format!("{counts:?}"), format!("{:?}", head.counts));
            return Err(mismatch(1, "counts", expected, found));
        }
        if (&services, more) != (&head.services, head.more_services) {
            return Err(mismatch(1, "services", "those of the batches", "others"));
        }
        if head.keep_until < day || head.kept_from > day {
            return Err(mismatch(1, "keep_until and kept_from", "to span the day", "not to"));
        }
        let (before, after, next_key) = (self.before, self.after, self.next_key);
        Ok(Manifest { day: head, before, after, next_key })
    }
}
