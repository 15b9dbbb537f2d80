//! How well redaction finds: precision and recall of each rule on a labelled corpus, which
//! `tests/privacy/corpus.py` makes. The figures of `docs/privacy.md` are these.
//!
//! `DAYSEAL_PRIVACY_CORPUS=<file>` measures another corpus of that form and prints the table and what
//! was found without a label.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use dayseal::privacy::{Redaction, Rule};

const CORPUS: &str = include_str!("../../../tests/privacy/corpus.jsonl");
const DOCS: &str = include_str!("../../../docs/privacy.md");

/// Least recall of each rule. Where it is below 1, the corpus has forms that are known to be missed.
const RECALL: [(Rule, f64); 13] = [
    (Rule::Secret, 0.94),
    (Rule::Card, 1.0),
    (Rule::Jwt, 1.0),
    (Rule::AwsKey, 1.0),
    (Rule::ApiKey, 1.0),
    (Rule::Pem, 1.0),
    (Rule::Bearer, 1.0),
    (Rule::Email, 0.93),
    (Rule::Ipv4, 1.0),
    (Rule::Ipv6, 1.0),
    (Rule::Iban, 0.93),
    (Rule::Ssn, 0.9),
    (Rule::Phone, 0.9),
];
const PRECISION: f64 = 0.99;

/// A text without its marks, and the marks: rule and bytes.
fn unmark(marked: &str) -> (String, Vec<(String, Range<usize>)>) {
    let (mut text, mut labels, mut rest) = (String::new(), Vec::new(), marked);
    while let Some((before, after)) = rest.split_once('⟦') {
        text.push_str(before);
        let (label, behind) = after.split_once('⟧').unwrap();
        let (rule, value) = label.split_once(':').unwrap();
        labels.push((rule.to_owned(), text.len()..text.len() + value.len()));
        text.push_str(value);
        rest = behind;
    }
    text.push_str(rest);
    (text, labels)
}

#[derive(Default)]
struct Score {
    labels: usize,
    /// Labels every byte of which is covered by findings, of whatever rule.
    covered: usize,
    findings: usize,
    /// Findings that touch a label.
    right: usize,
}

impl Score {
    fn recall(&self) -> f64 {
        self.covered as f64 / self.labels as f64
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.findings as f64
    }
}

fn measure(corpus: &str, mut wrong: impl FnMut(&str, &str)) -> BTreeMap<String, Score> {
    let rules = Redaction::all();
    let mut scores = BTreeMap::<String, Score>::new();
    for line in corpus.lines() {
        let marked: String = serde_json::from_str(line).unwrap();
        let (text, labels) = unmark(&marked);
        let findings = rules.find(&text);
        for (rule, label) in &labels {
            let score = scores.entry(rule.clone()).or_default();
            score.labels += 1;
            let covered =
                label.clone().all(|at| findings.iter().any(|found| found.range.contains(&at)));
            score.covered += usize::from(covered);
            if !covered {
                wrong("missed", &text[label.clone()]);
            }
        }
        for found in &findings {
            let score = scores.entry(found.name.as_str().to_owned()).or_default();
            score.findings += 1;
            let (start, end) = (found.range.start, found.range.end);
            let right = labels.iter().any(|(_, label)| start < label.end && label.start < end);
            score.right += usize::from(right);
            if !right {
                let from = text.floor_char_boundary(start.saturating_sub(30));
                wrong(found.name.as_str(), &text[from..end]);
            }
        }
    }
    scores
}

/// The table of the docs.
fn table(scores: &BTreeMap<String, Score>) -> String {
    let mut out = String::from("| rule | planted | recall | found | precision |\n");
    out.push_str("| --- | --- | --- | --- | --- |\n");
    for rule in Rule::ALL {
        let s = &scores[rule.as_str()];
        let (recall, precision) = (s.recall(), s.precision());
        let (labels, findings) = (s.labels, s.findings);
        writeln!(out, "| `{rule}` | {labels} | {recall:.3} | {findings} | {precision:.3} |")
            .unwrap();
    }
    out
}

#[test]
fn precision_and_recall_keep_their_floors() {
    let scores = measure(CORPUS, |what, text| println!("{what}: {text}"));
    println!("{}", table(&scores));
    for (rule, floor) in RECALL {
        let score = &scores[rule.as_str()];
        assert!(score.labels >= 20, "{rule}: too few to say anything");
        assert!(score.recall() >= floor, "{rule}: recall {}", score.recall());
        assert!(score.precision() >= PRECISION, "{rule}: precision {}", score.precision());
    }
    assert!(
        DOCS.contains(&table(&scores)),
        "docs/privacy.md has another table:\n{}",
        table(&scores)
    );
}

#[test]
fn nothing_planted_is_left_in_the_text() {
    let rules = Redaction::all();
    for line in CORPUS.lines() {
        let (text, labels) = unmark(&serde_json::from_str::<String>(line).unwrap());
        let Some(redacted) = rules.redact(&text) else { continue };
        let found = rules.find(&text);
        for (rule, label) in labels {
            if found.iter().any(|f| f.range.start <= label.start && label.end <= f.range.end) {
                // A value of three digits can stand elsewhere by chance.
                let value = &text[label.clone()];
                let elsewhere = text.matches(value).count() > 1;
                assert!(elsewhere || !redacted.text.contains(value), "{rule}: {}", redacted.text);
            }
        }
    }
}

#[test]
fn another_corpus() {
    let Ok(path) = std::env::var("DAYSEAL_PRIVACY_CORPUS") else { return };
    let scores = measure(&std::fs::read_to_string(path).unwrap(), |what, text| {
        println!("{what}: {}", text.escape_debug());
    });
    println!("{}", table(&scores));
}
