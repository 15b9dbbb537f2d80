//! What auditors ask of a log, beyond whether it verifies.
//!
//! | part | what |
//! | --- | --- |
//! | [`check`] | the settings of a running log against a retention profile: PASS, WARN, FAIL with evidence |
//! | [`bundle`] | some days of a log in a directory, checked without the log |
//! | [`find`] | which batches can hold an entry, and the entry by its id |
//! | [`prove`] | one file that shows that an entry stood in the log |
//! | [`query`] | which entries fit, in order; what an actor did; a whole journey |
//!
//! # What it trusts
//! [`check`]: what AWS answers about settings; it changes none, and opens no entry. All others: the keys of the
//! policy, as a verifier does; of what is not sealed yet they say so.

pub mod bundle;
pub mod check;
pub mod find;
pub mod hold;
pub mod prove;
pub mod query;
pub mod subject;
