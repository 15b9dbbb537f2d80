//! Hints against the entries that they are of. Spec: `docs/spec/hints.md`, "Held against the entries".

use std::sync::Arc;

use dayseal_format::batch::{Header, OpenBatch};
use dayseal_format::hints::{HintKeys, HintsError, Place};
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

/// Makes the hints of a batch again; `None` if they are others.
pub(super) fn compare(keys: &[HintKeys], header: &Header, open: &OpenBatch) -> Option<HintTotals> {
    let Some(hints) = &header.hints else { return Some(HintTotals::default()) };
    let place = Place::of(header);
    // What opens under a secret was made by it, whatever its inside.
    let ours = |keys: &&HintKeys| {
        matches!(keys.open(&place, hints), Ok(_) | Err(HintsError::Plaintext { .. }))
    };
    match keys.iter().find(ours) {
        None => Some(HintTotals { held: 0, closed: 1 }),
        Some(keys) => {
            let same = keys.make(&place, open.iter()).as_deref() == Some(hints.as_slice());
            same.then_some(HintTotals { held: 1, closed: 0 })
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
