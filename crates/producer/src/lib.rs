//! dayseal producer.
