//! What auditors ask of a log, beyond whether it verifies.
//!
//! | part | what |
//! | --- | --- |
//! | [`check`] | the settings of a running log against a retention profile: PASS, WARN, FAIL with evidence |
//! | [`hold`] | legal holds: signed statements that keep contents from erasure |
//! | [`retention`] | what expires when and what it costs; the lifecycle of a log in a directory |
//! | [`subject`] | the rights of a data subject: export, erasure, its certificate |
//!
//! # What it trusts
//! [`check`] trusts what AWS answers about settings; it reads settings only and changes none.
//! [`retention::apply`] deletes, and trusts the policy and signed day records alone; it opens no entry.
//! [`subject`] erases with no key at all, and opens entries and contents for an export only.

pub mod check;
pub mod hold;
pub mod retention;
pub mod subject;
