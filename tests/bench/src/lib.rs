//! What the benchmarks share: inputs, clocks, medians.
//!
//! Nothing here is published. `docs/performance.md` says what is measured and how to read it.

pub mod corpus;
pub mod harness;
