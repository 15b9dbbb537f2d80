//! Hints against the entries that they are of. Spec: `docs/spec/hints.md`, "Held against the entries".

use std::sync::Arc;

use dayseal_format::batch::Header;
use dayseal_format::event::EventFields;
use dayseal_format::hints::{HintKeys, HintsError, Place, Values};
use serde::{Deserialize, Serialize};

use super::report::{Check, CheckState};
use super::verifier::Verifier;

/// The name of the line in the report.
pub(super) const CHECK: &str = "hints";

/// The hints of opened batches, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HintTotals {
    /// Made again from the entries, and the same.
    pub held: u64,
    /// Not compared: no log secret at hand opens them, or they are of a later version.
    pub closed: u64,
}

impl HintTotals {
    pub(super) fn add(&mut self, other: Self) {
        self.held += other.held;
        self.closed += other.closed;
    }
}

/// The hints of a batch, and what they are to hold.
pub(super) enum Comparison<'a> {
    /// There are none.
    Without,
    /// No log secret at hand opens them.
    Closed,
    /// Made under this one, whatever is inside.
    Open { keys: &'a HintKeys, place: Place, hints: &'a [u8], values: Values },
}

impl<'a> Comparison<'a> {
    pub(super) fn new(keys: &'a [HintKeys], header: &'a Header) -> Self {
        let Some(hints) = &header.hints else { return Self::Without };
        let place = Place::of(header);
        let ours = |keys: &&HintKeys| {
            matches!(keys.open(&place, hints), Ok(_) | Err(HintsError::Plaintext { .. }))
        };
        match keys.iter().find(ours) {
            None => Self::Closed,
            Some(keys) => Self::Open { keys, place, hints, values: Values::default() },
        }
    }

    /// Takes the next entry; every one must be.
    pub(super) fn add(&mut self, event: &EventFields) {
        if let Self::Open { values, .. } = self {
            values.add(event);
        }
    }

    /// Makes the hints again; `None` if they are others.
    pub(super) fn finish(self) -> Option<HintTotals> {
        match self {
            Self::Without => Some(HintTotals::default()),
            Self::Closed => Some(HintTotals { held: 0, closed: 1 }),
            Self::Open { keys, place, hints, values } => (keys.make_of(&place, &values) == hints)
                .then_some(HintTotals { held: 1, closed: 0 }),
        }
    }
}

impl Verifier<'_> {
    /// At level `entries`, makes the hints of each batch again and compares them; these are the keys of
    /// every log secret at hand.
    #[must_use]
    pub fn with_hint_keys(mut self, keys: Vec<HintKeys>) -> Self {
        self.hint_keys = Arc::from(keys);
        self
    }

    /// The line on hints, if there are any.
    pub(super) fn hint_check(&self, totals: &HintTotals, failed: u64) -> Option<Check> {
        let HintTotals { held, closed } = *totals;
        if held + closed + failed == 0 {
            return None;
        }
        let of = |n: u64| if n == 1 { "1 batch".to_owned() } else { format!("{n} batches") };
        let said = format!("of {}, made again from the entries", of(held));
        let (state, detail) = if failed > 0 {
            (CheckState::Failed, format!("{said}; findings: {failed}"))
        } else if closed > 0 {
            let why = if self.hint_keys.is_empty() {
                "no log secret was given"
            } else {
                "they are under a log secret that is not at hand"
            };
            let detail = format!("{said}; of {} not compared: {why}", of(closed));
            (CheckState::NotChecked, detail)
        } else {
            (CheckState::Checked, said)
        };
        Some(Check { name: CHECK.into(), state, detail })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use std::fs;
    use std::path::Path;

    use dayseal_format::event::Event;
    use dayseal_format::{Digest, StreamId};

    use super::*;

    /// The hints of a vector in the header that they name, held against the entry of `hints_one_entry`.
    fn held(hints: Option<&str>, keys: &[HintKeys], entry: bool) -> Option<HintTotals> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/hints");
        let line = fs::read(folder.join("hints_one_entry.ndjson")).unwrap();
        let event = Event::decode(line.trim_ascii_end()).unwrap();
        let header = Header {
            after: None,
            commitment: Digest([0; 32]),
            day: event.time.day(),
            entries: 1,
            first_time: event.time,
            hints: hints.map(|name| fs::read(folder.join(name)).unwrap()),
            key_id: "local:00".into(),
            last: true,
            last_time: event.time,
            origin: "audit.example.com/acme/prod".parse().unwrap(),
            previous: None,
            root: Digest([0; 32]),
            salt: Digest([0; 32]),
            seq: 7,
            service: "tests".parse().unwrap(),
            stream: StreamId([0x11; 16]),
            wrapped_key: vec![1; 80],
        };
        let mut comparison = Comparison::new(keys, &header);
        if entry {
            comparison.add(&event);
        }
        comparison.finish()
    }

    #[test]
    fn hints_are_held_against_entries_under_their_own_secret() {
        let origin = "audit.example.com/acme/prod".parse().unwrap();
        let [right, other] = [std::array::from_fn(|i| i as u8), [9; 32]]
            .map(|secret| HintKeys::derive(&secret, &origin));
        let both = [other.clone(), right];
        let totals = |held, closed| Some(HintTotals { held, closed });

        let one = Some("hints_one_entry");
        assert_eq!(held(one, &both, true), totals(1, 0));
        assert_eq!(held(one, &both, false), None, "of an entry that is not there");
        assert_eq!(held(one, &[other], true), totals(0, 1), "another secret");
        assert_eq!(held(one, &[], true), totals(0, 1), "no secret");
        assert_eq!(held(Some("hints_version_2"), &both, true), totals(0, 1), "a later version");
        // Sealed by who has the secret: another set, and what no writer makes.
        assert_eq!(held(Some("hints_nothing_covered"), &both, true), None);
        assert_eq!(held(Some("hints_set_of_none"), &both, true), None);
        assert_eq!(held(None, &both, true), totals(0, 0), "no hints");
    }
}
