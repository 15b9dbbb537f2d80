//! Verifying: what a log proves, and what it does not.
//!
//! Three verdicts, judged apart: *integrity* (nothing sealed was changed, removed, reordered or
//! slipped in), *completeness* (nothing is missing that the log itself or the policy says must be
//! there), *anchoring* (the log leads to a head remembered elsewhere). Every check says checked,
//! not checked and why, or failed.

mod ahead;
mod anchor;
mod chain;
mod content;
mod due;
mod entries;
mod finding;
mod hints;
mod judge;
mod keys;
mod late;
mod listener;
mod listing;
mod objects;
mod options;
mod removal;
mod report;
mod run;
mod verdict;
mod verifier;
mod walk;

pub use content::ContentTotals;
pub use due::{overdue, silent_days};
pub use finding::{Finding, FindingCode, Outcome};
pub use hints::HintTotals;
pub use listener::Listener;
pub use options::{Progress, Silent, VerifyOptions};
pub use removal::Removal;
pub use report::{Check, CheckState, HeadInfo, LevelName, Report, Totals, Verdict, VerdictState};
pub use verifier::{Verifier, VerifyError};
pub use walk::Walk;
