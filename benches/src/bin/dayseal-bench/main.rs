//! Benchmarks of the whole: recording, peers, sealing, verifying.
fn main() {}
