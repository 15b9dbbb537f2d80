//! What is taken out of events, or replaced, before they are queued: on the caller's thread, so that
//! no secret waits in memory or reaches a batch. What is found and what not: `docs/privacy.md`.
//!
//! ```
//! use dayseal::privacy::{Labels, Redaction, Settings};
//!
//! let settings = Settings::default()               // credentials and card numbers, networks for addresses
//!     .redaction(Redaction::all())                 // and e-mail, telephone, IBAN…
//!     .labels(Labels::declared(["department", "ticket"]));
//! ```

mod apply;
mod card;
mod counts;
mod look;
mod network;
mod numbers;
mod pseudonyms;
mod redaction;
mod rule;
mod secret;
mod settings;
mod text;
mod tokens;

#[cfg(test)]
mod tests;

pub use apply::{Guard, Undeclared};
pub use counts::Counts;
pub use dayseal_format::pseudonym::Purpose;
pub use pseudonyms::Pseudonyms;
pub use redaction::{Finding, Name, Redacted, Redaction};
pub use rule::{Detector, Mask, Rule};
pub use settings::{Address, Labels, Settings};
