//! dayseal command.
fn main() {}
