//! Redaction: each rule by examples, whole events, and what must hold for any text.

mod event;
mod find;
mod property;
mod rules;
