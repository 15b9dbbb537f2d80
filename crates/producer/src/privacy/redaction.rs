//! The rules of a log, and their one pass over a text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::rule::{push_full, push_mask};
use super::text::Text;
use super::{Detector, Mask, Rule, card, network, numbers, secret, tokens};

/// Passes over one text: a finding that is masked can free another beside it. Past these, which takes
/// a text made for it, the whole text is masked.
const PASSES: usize = 8;

/// What is looked for in the texts of events, and what is put in its place.
///
/// [`Redaction::default`] finds credentials and card numbers, [`Redaction::all`] everything.
///
/// ```
/// use dayseal::privacy::{Mask, Redaction, Rule};
///
/// let rules = Redaction::default().with(Rule::Email, Mask::Partial).without(Rule::Pem);
/// let text = rules.redact("alice@example.com paid with 4111 1111 1111 1111");
/// assert_eq!(text.unwrap().text, "al***@example.com paid with [redacted:card]");
/// assert!(rules.redact("nothing to see").is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Redaction {
    masks: [Option<Mask>; Rule::ALL.len()],
    own: Vec<Arc<dyn Detector>>,
    /// For each byte, which detectors may begin there.
    triggers: Box<[u8; 256]>,
}

/// A text with masks in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// The text as it may be stored.
    pub text: String,
    /// The names of the rules that found something, each once, in the order found.
    pub rules: Vec<Name>,
}

/// The name of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// One of ours.
    Rule(Rule),
    /// That of a detector of your own.
    Own(Arc<str>),
    /// The label is not declared: see [`Labels`](super::Labels).
    Undeclared,
}

impl Name {
    /// As events and metrics have it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Rule(rule) => rule.as_str(),
            Self::Own(name) => name,
            Self::Undeclared => "undeclared",
        }
    }
}

/// [`Rule::SECRETS`], fully masked.
impl Default for Redaction {
    fn default() -> Self {
        Self::of(&Rule::SECRETS)
    }
}

/// Where in a text a rule found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// By which rule.
    pub name: Name,
}

mod trigger {
    pub(super) const DIGIT: u8 = 1;
    pub(super) const AT: u8 = 2;
    pub(super) const COLON: u8 = 4;
    pub(super) const EQUALS: u8 = 8;
    pub(super) const LETTER: u8 = 16;
    pub(super) const DASH: u8 = 32;
    /// Not a trigger: after a letter or digit no word begins.
    pub(super) const IN_WORD: u8 = 128;
}

impl Redaction {
    /// Looks for nothing.
    pub fn none() -> Self {
        Self::of(&[])
    }

    /// Looks for everything there is a [`Rule`] for, fully masked.
    pub fn all() -> Self {
        Self::of(&Rule::ALL)
    }

    fn of(rules: &[Rule]) -> Self {
        let mut masks = [None; Rule::ALL.len()];
        for rule in rules {
            masks[*rule as usize] = Some(Mask::Full);
        }
        let mut out = Self { masks, own: Vec::new(), triggers: Box::new([0; 256]) };
        out.set_triggers();
        out
    }

    /// Looks for this, too.
    #[must_use]
    pub fn with(mut self, rule: Rule, mask: Mask) -> Self {
        self.masks[rule as usize] = Some(mask);
        self.set_triggers();
        self
    }

    /// Does not look for this.
    #[must_use]
    pub fn without(mut self, rule: Rule) -> Self {
        self.masks[rule as usize] = None;
        self.set_triggers();
        self
    }

    /// The same with another mask for all that it looks for.
    #[must_use]
    pub fn mask(mut self, mask: Mask) -> Self {
        self.masks.iter_mut().flatten().for_each(|m| *m = mask);
        self
    }

    /// Adds a detector of your own. It runs after the others, on what they left.
    #[must_use]
    pub fn detector(mut self, detector: Arc<dyn Detector>) -> Self {
        self.own.push(detector);
        self
    }

    pub(super) fn has(&self, rule: Rule) -> bool {
        self.masks[rule as usize].is_some()
    }

    pub(super) fn mask_of(&self, rule: Rule) -> Mask {
        self.masks[rule as usize].unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.masks.iter().all(Option::is_none)
    }

    /// The first detector of the caller's whose name cannot stand in events.
    pub(super) fn bad_name(&self) -> Option<&str> {
        let good = |name: &str| {
            let byte = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
            matches!(name.len(), 1..=32)
                && name.bytes().all(byte)
                && name != "undeclared"
                && Rule::ALL.iter().all(|rule| rule.as_str() != name)
        };
        self.own.iter().map(|own| own.name()).find(|name| !good(name))
    }

    fn set_triggers(&mut self) {
        use Rule::*;
        let on = |rules: &[Rule], bit: u8| if rules.iter().any(|r| self.has(*r)) { bit } else { 0 };
        let mut table = Box::new([0; 256]);
        table[usize::from(b'@')] = on(&[Email], trigger::AT);
        table[usize::from(b':')] = on(&[Secret, Ipv6], trigger::COLON);
        table[usize::from(b'=')] = on(&[Secret], trigger::EQUALS);
        table[usize::from(b'-')] = on(&[Pem], trigger::DASH);
        for digit in b'0'..=b'9' {
            table[usize::from(digit)] = on(&[Card, Ipv4, Iban, Ssn, Phone], trigger::DIGIT);
        }
        for letter in (0..=255).filter(|b| tokens::begins(*b)) {
            table[usize::from(letter)] = on(&[Jwt, Bearer, AwsKey, ApiKey], trigger::LETTER);
        }
        for byte in (0..=255u8).filter(u8::is_ascii_alphanumeric) {
            table[usize::from(byte)] |= trigger::IN_WORD;
        }
        self.triggers = table;
    }

    /// `text` with masks in place, or `None` if nothing was found. Redacting again finds nothing.
    ///
    /// Takes time linear in `text`.
    pub fn redact(&self, text: &str) -> Option<Redacted> {
        let mut findings = self.find(text);
        if findings.is_empty() {
            return None;
        }
        let (mut current, mut rules) = (Cow::Borrowed(text), Vec::<Name>::new());
        for _ in 0..PASSES {
            let masked = self.masked(&current, &findings);
            for Finding { name, .. } in findings {
                if !rules.contains(&name) {
                    rules.push(name);
                }
            }
            if masked == current {
                return (current != text).then(|| Redacted { text: current.into_owned(), rules });
            }
            current = Cow::Owned(masked);
            findings = self.find(&current);
            if findings.is_empty() {
                return Some(Redacted { text: current.into_owned(), rules });
            }
        }
        let mut whole = String::new();
        push_full(&mut whole, findings[0].name.as_str());
        (whole != text).then_some(Redacted { text: whole, rules })
    }

    /// Whether an integer, as a parameter can be, is a finding of its own.
    pub(super) fn integer(&self, value: i64) -> Option<Rule> {
        (self.has(Rule::Card) && card::is_card_integer(value)).then_some(Rule::Card)
    }

    fn masked(&self, text: &str, findings: &[Finding]) -> String {
        let (mut out, mut done) = (String::with_capacity(text.len() + 16), 0);
        for Finding { range, name } in findings {
            out.push_str(&text[done..range.start]);
            match name {
                Name::Rule(rule) => {
                    push_mask(&mut out, *rule, self.mask_of(*rule), &text[range.clone()]);
                }
                other => push_full(&mut out, other.as_str()),
            }
            done = range.end;
        }
        out.push_str(&text[done..]);
        out
    }

    /// What is found in `text` at first sight, in order, without overlap, on boundaries of
    /// characters: to try rules out.
    pub fn find(&self, text: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.scan(text.as_bytes(), &mut findings);
        if !self.own.is_empty() {
            self.find_own(text, &mut findings);
        }
        findings
    }

    /// Where the next detector may begin from `at`, and which.
    #[inline]
    fn next_trigger(&self, bytes: &[u8], at: usize, from: usize) -> Option<(usize, u8)> {
        let class = |byte: u8| self.triggers[usize::from(byte)];
        let mut before = if at > from { class(bytes[at - 1]) } else { 0 };
        for (skip, byte) in bytes[at..].iter().enumerate() {
            let this = class(*byte);
            // Most letters stand inside a word; without a branch, since half of them are some beginning.
            let in_word = (before & trigger::IN_WORD) / (trigger::IN_WORD / trigger::LETTER);
            let trigger = this & !trigger::IN_WORD & !in_word;
            if trigger != 0 {
                let here = at + skip;
                // And most words of prose do not go on as a credential does.
                let likely = || bytes.get(here + 1).is_some_and(|b| tokens::likely(*byte, *b));
                if trigger != trigger::LETTER || likely() {
                    return Some((here, trigger));
                }
            }
            before = this;
        }
        None
    }

    fn scan(&self, bytes: &[u8], findings: &mut Vec<Finding>) {
        let mut text = Text { bytes, from: 0, no_jwt: 0 };
        let mut at = 0;
        while let Some((here, trigger)) = self.next_trigger(bytes, at, text.from) {
            let (found, next) = match trigger {
                trigger::DIGIT => {
                    let end = text.run(here, usize::MAX, |b| b.is_ascii_digit());
                    (self.number(&text, here, end), end)
                }
                trigger::LETTER => (self.credential(&mut text, here), here + 1),
                trigger::COLON | trigger::EQUALS => (self.assigned(&text, here), here + 1),
                trigger::AT => {
                    let found = network::email(&text, here);
                    (found.map(|(start, end)| (Rule::Email, start, end)), here + 1)
                }
                _ => (tokens::pem(&text, here).map(|end| (Rule::Pem, here, end)), here + 1),
            };
            at = next;
            if let Some((rule, start, end)) = found {
                findings.push(Finding { range: start..end, name: Name::Rule(rule) });
                (at, text.from) = (end, end);
            }
        }
    }

    /// What begins with the run of digits from `at` to `end`. Its length and neighbours rule out most.
    fn number(&self, text: &Text<'_>, at: usize, end: usize) -> Option<(Rule, usize, usize)> {
        let (before, after, len) = (text.back(at, 1), text.at(end), end - at);
        let grouped = matches!(len, 4 | 6) && matches!(after, b' ' | b'-' | b'.' | 0xc2 | 0xe2);
        if (len >= 12 || grouped)
            && self.has(Rule::Card)
            && let Some(end) = card::find(text, at)
        {
            return Some((Rule::Card, at, end));
        }
        if before.is_ascii_uppercase()
            && self.has(Rule::Iban)
            && let Some((start, end)) = numbers::iban(text, at)
        {
            return Some((Rule::Iban, start, end));
        }
        if len <= 3
            && after == b'.'
            && self.has(Rule::Ipv4)
            && let Some(end) = network::ipv4(text, at)
        {
            return Some((Rule::Ipv4, at, end));
        }
        if len == 3
            && self.has(Rule::Ssn)
            && let Some(end) = numbers::ssn(text, at)
        {
            return Some((Rule::Ssn, at, end));
        }
        if (len == 3 || before == b'+')
            && self.has(Rule::Phone)
            && let Some((start, end)) = numbers::phone(text, at)
        {
            return Some((Rule::Phone, start, end));
        }
        None
    }

    fn credential(&self, text: &mut Text<'_>, at: usize) -> Option<(Rule, usize, usize)> {
        let (rule, end) = tokens::find(text, at)?;
        self.has(rule).then_some((rule, at, end))
    }

    fn assigned(&self, text: &Text<'_>, at: usize) -> Option<(Rule, usize, usize)> {
        let value = |rule, (start, end)| (rule, start, end);
        self.when(Rule::Secret, || secret::value(text, at).map(|v| value(Rule::Secret, v))).or_else(
            || {
                let colon = text.bytes[at] == b':' && self.has(Rule::Ipv6);
                colon.then(|| network::ipv6(text, at))?.map(|v| value(Rule::Ipv6, v))
            },
        )
    }

    fn when<T>(&self, rule: Rule, find: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.has(rule) { find() } else { None }
    }

    /// Adds what the caller's detectors find between what is found already.
    fn find_own(&self, text: &str, findings: &mut Vec<Finding>) {
        let mut ranges = Vec::new();
        for own in &self.own {
            own.find(text, &mut ranges);
            if ranges.is_empty() {
                continue;
            }
            let name: Arc<str> = own.name().into();
            for range in ranges.drain(..) {
                let (start, end) = (range.start.min(text.len()), range.end.min(text.len()));
                let start = text.floor_char_boundary(start);
                let end = text.ceil_char_boundary(end);
                if start < end {
                    findings.push(Finding { range: start..end, name: Name::Own(name.clone()) });
                }
            }
        }
        // The first of those that overlap is widened over the others: nothing found stays.
        findings.sort_by_key(|f| (f.range.start, f.range.end));
        findings.dedup_by(|next, kept| {
            let overlap = next.range.start < kept.range.end;
            if overlap {
                kept.range.end = kept.range.end.max(next.range.end);
            }
            overlap
        });
    }
}
