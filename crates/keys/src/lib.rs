//! dayseal keys.
