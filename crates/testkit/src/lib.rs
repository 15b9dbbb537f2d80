//! dayseal testkit.
