//! End-to-end tests live in `tests/`; here is what makes the test vectors and reads real inputs.

pub mod dataset;
pub mod vectors;
