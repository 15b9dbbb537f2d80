//! Fuzz targets of dayseal: one function each, over raw bytes.
//!
//! A target never panics on any input, and what it decodes it encodes to the same bytes.

pub mod seal;
pub mod targets;
