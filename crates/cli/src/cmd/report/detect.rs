//! Looks for credentials and card numbers in stored entries, with the detectors that producers mask by.

use dayseal::privacy::{Address, Counts, Guard, Rule, Settings};
use dayseal_format::event::{Event, EventId};
use dayseal_report::facts::Unmasked;

/// Entries named one by one.
const EXAMPLES: usize = 20;

/// Finds what a producer would have masked. Threads can share one.
#[derive(Debug)]
pub(super) struct Detector(Guard);

impl Detector {
    pub(super) fn new() -> Self {
        // The default rules, and addresses as they are: those are the log's own choice.
        Self(Guard::new(Settings::default().address(Address::Keep)))
    }

    /// The texts of one entry, by rule.
    pub(super) fn look(&self, event: &Event) -> Counts {
        self.0.find(event)
    }
}

/// What was found in many entries, in their order.
#[derive(Debug, Default)]
pub(super) struct Found {
    entries: u64,
    texts: Counts,
    examples: Vec<EventId>,
}

impl Found {
    /// Adds what a [`Detector`] found in this entry.
    pub(super) fn add(&mut self, id: EventId, counts: Counts) {
        if counts.total() == 0 {
            return;
        }
        self.entries += 1;
        self.texts += counts;
        if self.examples.len() < EXAMPLES {
            self.examples.push(id);
        }
    }

    /// Adds what was found in later entries.
    pub(super) fn merge(&mut self, later: Self) {
        self.entries += later.entries;
        self.texts += later.texts;
        let room = EXAMPLES - self.examples.len();
        self.examples.extend(later.examples.into_iter().take(room));
    }

    pub(super) fn finish(self) -> Unmasked {
        let rules = Rule::ALL.iter().map(|rule| (rule.as_str().to_owned(), self.texts.of(*rule)));
        Unmasked {
            entries: self.entries,
            rules: rules.filter(|(_, n)| *n > 0).collect(),
            examples: self.examples,
        }
    }
}

#[cfg(test)]
mod tests {
    use dayseal_format::UnixMillis;
    use dayseal_format::event::{Actor, Defaults, Outcome, Service, Source};

    use super::*;

    fn event(n: u8, note: &str) -> Event {
        let draft = Event::builder("data.read")
            .actor(Actor::user("ada"))
            .action("open")
            .outcome(Outcome::Success)
            .label("note", note)
            .label("password", "[redacted:secret]")
            .source(Source::default().address("203.0.113.7"))
            .build()
            .unwrap();
        let now = UnixMillis::new(1_795_176_000_000).unwrap();
        let id = EventId::from_parts(now, [n; 10]);
        draft.complete(Defaults::new(id, now, &Service::new("tests"))).unwrap()
    }

    #[test]
    fn entries_texts_and_the_first_ids() {
        const fn shared<T: Sync>(_: &T) {}
        let (detector, mut found, mut later) =
            (Detector::new(), Found::default(), Found::default());
        shared(&detector);
        let mut ids = Vec::new();
        for n in 0..30 {
            let found = if n < 15 { &mut found } else { &mut later };
            let clear = event(n, "token=s3cr3t9 paid by 4111 1111 1111 1111");
            found.add(clear.id, detector.look(&clear));
            ids.push(clear.id);
            let masked = event(100 + n, "token=[redacted:secret] ada@example.com");
            found.add(masked.id, detector.look(&masked));
        }
        found.merge(later);
        let rules = [("card".to_owned(), 30), ("secret".to_owned(), 30)].into();
        ids.truncate(EXAMPLES);
        assert_eq!(found.finish(), Unmasked { entries: 30, rules, examples: ids });
    }
}
