//! What a log shows an auditor: numbers, what verification says, and the controls of frameworks, each with the
//! evidence that the log has for it.
//!
//! | part | what |
//! | --- | --- |
//! | [`collect`] | entries to numbers, one pass, in bounded memory |
//! | [`days`] | what became of each day |
//! | [`facts`] | everything that is judged, side by side |
//! | [`control`] | the controls of each framework: plain data, with their sources |
//! | [`judge`] | each check on the facts: PASS, WARN, FAIL, with evidence |
//! | [`report`] | all of it as one document: the contract of `dayseal report --json` |
//! | [`render`] | that document as text, Markdown and one HTML page |
//!
//! # What it trusts
//! The policy, as a verifier does. Entries of unsealed batches count and are told apart.
//!
//! # What it does not show
//! That a control is met. A log shows what was recorded, that it is whole, and what it contradicts; who recorded
//! nothing left no trace. Each control says what lies beyond it. Times, randomness and files are the caller's.

pub mod collect;
pub mod control;
pub mod days;
pub mod facts;
pub mod judge;
pub mod render;
pub mod report;

pub use control::Framework;
pub use facts::Facts;
pub use report::Report;
