//! Completed erasures against the frames that are there: a receipt must be true for as long as it stands.

use std::collections::BTreeSet;

use dayseal_format::Day;
use dayseal_format::content::Part;
use dayseal_format::event::{EventFields, EventId};
use dayseal_format::names::ContentObjectKey;
use serde::{Deserialize, Serialize};

/// The type of the entry that ends an erasure.
pub const COMPLETED: &str = "privacy.erasure.completed";
/// The label with the last day that an erasure speaks for.
const THROUGH: &str = "erasure.through";
/// Begins the labels with further names of the person.
const SUBJECT: &str = "erasure.subject.";

/// A completed erasure, as its entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The entry that ordered it, which stubs name.
    pub id: EventId,
    /// The person's names.
    pub subjects: BTreeSet<String>,
    /// No frame of them is left on any day up to this one.
    pub through: Day,
}

impl Receipt {
    /// What an entry completes; `None` if it is of another type or was not written by `dayseal subject erase`:
    /// without parent, subject or day.
    pub fn of(event: &EventFields) -> Option<Self> {
        if event.kind.as_str() != COMPLETED {
            return None;
        }
        let id = event.correlation.as_ref()?.parent_event?;
        let mut subjects = BTreeSet::from([event.privacy.as_ref()?.subject.clone()?]);
        let others = event.labels.iter().filter(|(name, _)| name.starts_with(SUBJECT));
        subjects.extend(others.map(|(_, name)| name.clone()));
        Some(Self { id, subjects, through: event.labels.get(THROUGH)?.parse().ok()? })
    }
}

/// A frame that is there although an erasure says that it is not: a backup put back, or content that
/// landed later than any may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unerased {
    /// The content object.
    pub object: ContentObjectKey,
    /// Place of the frame in it, from 0.
    pub part: u32,
    /// The name that should be gone. A pseudonym, unless the log has none.
    pub subject: String,
    /// The erasure that says so.
    pub receipt: EventId,
}

/// The frames of one content object, by what it says in the clear, that completed erasures say are gone:
/// one finding for each frame, by the first receipt that says so.
pub fn unerased<'p>(
    receipts: &[Receipt],
    object: ContentObjectKey,
    parts: impl IntoIterator<Item = &'p Part>,
) -> Vec<Unerased> {
    let due: Vec<_> = receipts.iter().filter(|r| object.day <= r.through).collect();
    if due.is_empty() {
        return Vec::new();
    }
    let finding = |(part, frame): (u32, &'p Part)| {
        let Part::Frame(frame) = frame else { return None };
        due.iter().find_map(|receipt| {
            let subject = frame.subjects.iter().find(|s| receipt.subjects.contains(*s))?;
            Some(Unerased { object, part, subject: subject.clone(), receipt: receipt.id })
        })
    };
    (0u32..).zip(parts).filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use dayseal_format::content::{Frame, Stub};
    use dayseal_format::event::{Actor, Correlation, Event, Outcome, Privacy};
    use dayseal_format::{Digest, StreamId, UnixMillis};

    use super::*;

    fn id(n: u8) -> EventId {
        EventId::from_parts(UnixMillis::new(1_795_132_800_000).unwrap(), [n; 10])
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn frame(subjects: &[&str]) -> Part {
        let subjects = subjects.iter().map(|s| (*s).to_owned()).collect();
        Part::Frame(Frame { records: 1, subjects })
    }

    fn object(on: &str) -> ContentObjectKey {
        ContentObjectKey { day: day(on), stream: StreamId([1; 16]), seq: 0 }
    }

    #[test]
    fn frames_that_should_be_gone_are_named() {
        let receipt = |n, who: &[&str], through| Receipt {
            id: id(n),
            subjects: who.iter().map(|s| (*s).to_owned()).collect(),
            through: day(through),
        };
        let receipts =
            [receipt(1, &["ada", "ada-old"], "2026-11-20"), receipt(2, &["bob"], "2026-11-22")];
        let stub = Part::Stub(Stub { leaf: Digest([0; 32]), receipt: id(1) });
        let parts =
            [stub, frame(&["cyd"]), frame(&["ada-old", "cyd"]), frame(&["bob"]), frame(&[])];
        let found = |on| {
            let found = unerased(&receipts, object(on), &parts);
            found.into_iter().map(|u| (u.part, u.subject, u.receipt)).collect::<Vec<_>>()
        };
        let ada = (2, "ada-old".to_owned(), id(1));
        let bob = (3, "bob".to_owned(), id(2));
        assert_eq!(found("2026-11-20"), [ada, bob.clone()]);
        assert_eq!(found("2026-11-21"), [bob], "new content of a later day is none");
        assert_eq!(found("2026-11-23"), []);
    }

    #[test]
    fn a_receipt_is_read_from_the_entry_that_completes_it() {
        let build = |kind: &'static str, through: &str| {
            Event::builder(kind)
                .actor(Actor::admin("dpo"))
                .action("erase")
                .outcome(Outcome::Success)
                .correlation(Correlation::default().parent_event(id(1)))
                .privacy(Privacy::default().subject("ada"))
                .label("erasure.through", through)
                .label("erasure.subject.2", "ada-old")
                .build()
                .unwrap()
        };
        let receipt = Receipt::of(&build(COMPLETED, "2026-11-20")).unwrap();
        assert_eq!((receipt.id, receipt.through), (id(1), day("2026-11-20")));
        assert_eq!(receipt.subjects, BTreeSet::from(["ada".to_owned(), "ada-old".to_owned()]));
        assert_eq!(Receipt::of(&build(COMPLETED, "soon")), None);
        assert_eq!(Receipt::of(&build("privacy.erasure.requested", "2026-11-20")), None);
    }
}
