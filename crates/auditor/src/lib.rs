//! What auditors ask of a log, beyond whether it verifies.
//!
//! | part | what |
//! | --- | --- |
//! | [`bundle`] | some days of a log in a directory, checked without the log |
//! | [`check`] | the settings of a running log against a retention profile: PASS, WARN, FAIL with evidence |
//! | [`find`] | which batches can hold an entry, and the entry by its id |
//! | [`health`] | how a log does, for monitors: entries by hour, last seal, lag, silence; opens nothing |
//! | [`hold`] | legal holds: signed statements that keep contents from erasure |
//! | [`prove`] | one file that shows that an entry stood in the log |
//! | [`query`] | which entries fit, in order; what an actor did; a whole journey |
//! | [`removal`] | orders that a batch goes before its time, and what became of them |
//! | [`retention`] | what expires when and what it costs; the lifecycle of a log in a directory |
//! | [`subject`] | the rights of a data subject: export, erasure, its certificate |
//!
//! # What it trusts
//! [`check`] trusts what AWS answers about settings; it reads settings only and changes none.
//! [`retention::apply()`] deletes, and trusts the policy and signed day records alone; it opens no entry.
//! [`subject`] erases with no key at all, and opens entries and contents for an export only.
//! All others trust the keys of the policy, as a verifier does; of what is not sealed yet they say so.

pub mod bundle;
pub mod check;
pub mod find;
pub mod health;
pub mod hold;
pub mod prove;
pub mod query;
pub mod removal;
pub mod retention;
pub mod subject;
