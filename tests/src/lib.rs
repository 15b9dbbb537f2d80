//! End-to-end tests live in `tests/`; here is what makes the test vectors.

pub mod vectors;
