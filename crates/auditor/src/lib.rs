//! What auditors ask of a log, beyond whether it verifies.
//!
//! | part | what |
//! | --- | --- |
//! | [`check`] | the settings of a running log against a retention profile: PASS, WARN, FAIL with evidence |
//!
//! | [`retention`] | what expires when and what it costs; the lifecycle of a log in a directory |
//!
//! # What it trusts
//! [`check`] trusts what AWS answers about settings; it reads settings only and changes none.
//! [`retention::apply`] deletes, and trusts the policy and signed day records alone. Nothing here opens an entry.

pub mod check;
pub mod retention;
