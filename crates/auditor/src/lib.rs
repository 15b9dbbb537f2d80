//! What auditors ask of a log, beyond whether it verifies.
//!
//! | part | what |
//! | --- | --- |
//! | [`check`] | the settings of a running log against a retention profile: PASS, WARN, FAIL with evidence |
//! | [`find`] | which batches can hold an entry, and the entry by its id |
//! | [`prove`] | one file that shows that an entry stood in the log |
//!
//! # What it trusts
//! [`check`]: what AWS answers about settings; it changes none, and opens no entry. [`find`] and [`prove`]: the keys of the
//! policy, as a verifier does; of what is not sealed yet they say so.

pub mod check;
pub mod find;
pub mod prove;
