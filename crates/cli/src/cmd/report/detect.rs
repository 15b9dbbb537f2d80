//! Looks for credentials and card numbers in stored entries, with the detectors that producers mask by.

use dayseal::privacy::{Address, Guard, Rule, Settings};
use dayseal_format::event::{Event, EventDraft};
use dayseal_report::facts::Unmasked;

/// Entries named one by one.
const EXAMPLES: usize = 20;

/// Counts entries that a producer would have masked.
#[derive(Debug)]
pub(super) struct Detector {
    guard: Guard,
    found: Unmasked,
}

impl Detector {
    pub(super) fn new() -> Self {
        // The default rules, and addresses as they are: those are the log's own choice.
        let guard = Guard::new(Settings::default().address(Address::Keep));
        Self { guard, found: Unmasked::default() }
    }

    pub(super) fn look(&mut self, event: &Event) {
        let before = self.guard.counts().total();
        let mut draft = EventDraft::from(event.clone());
        // Labels are not refused by these settings: nothing can fail.
        let looked = self.guard.apply(&mut draft, &event.tenant);
        if looked.is_ok() && self.guard.counts().total() > before {
            self.found.entries += 1;
            if self.found.examples.len() < EXAMPLES {
                self.found.examples.push(event.id);
            }
        }
    }

    pub(super) fn finish(self) -> Unmasked {
        let counts = self.guard.counts();
        let rules = Rule::ALL.iter().map(|rule| (rule.as_str().to_owned(), counts.of(*rule)));
        Unmasked { rules: rules.filter(|(_, n)| *n > 0).collect(), ..self.found }
    }
}
