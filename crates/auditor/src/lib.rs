//! What auditors ask of a log, beyond whether it verifies.
//!
//! | part | what |
//! | --- | --- |
//! | [`check`] | the settings of a running log against a retention profile: PASS, WARN, FAIL with evidence |
//!
//! # What it trusts
//! What AWS answers about settings. It reads settings only, changes none, and opens no entry.

pub mod check;
pub mod hold;
pub mod subject;
