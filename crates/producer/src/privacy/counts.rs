//! Redactions by rule, as numbers.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Name, Rule};

const OWN: usize = Rule::ALL.len();
const UNDECLARED: usize = OWN + 1;
const SLOTS: usize = UNDECLARED + 1;

fn slot(name: &Name) -> usize {
    match name {
        Name::Rule(rule) => *rule as usize,
        Name::Own(_) => OWN,
        Name::Undeclared => UNDECLARED,
    }
}

/// How many texts each rule changed; a text in which a rule finds two things counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; SLOTS]);

impl Counts {
    /// Texts changed by this rule.
    pub fn of(&self, rule: Rule) -> u64 {
        self.0[rule as usize]
    }

    /// Texts changed by detectors of your own.
    pub fn own(&self) -> u64 {
        self.0[OWN]
    }

    /// Labels whose value was dropped because they are not declared.
    pub fn undeclared(&self) -> u64 {
        self.0[UNDECLARED]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn add(&mut self, name: &Name) {
        self.0[slot(name)] += 1;
    }
}

/// Adds rule by rule.
impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, count)| *sum += count);
    }
}

/// The same, shared by threads.
#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; SLOTS]);

impl Counters {
    pub(super) fn add(&self, name: &Name) {
        self.0[slot(name)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counts {
        Counts(self.0.each_ref().map(|count| count.load(Ordering::Relaxed)))
    }
}
