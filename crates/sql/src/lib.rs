//! SQL over a log.
