//! dayseal chain.
