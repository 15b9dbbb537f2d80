//! Ready-made events: the right type, action and outcome, and the fields that an auditor asks for.
//!
//! Each gives an [`EventBuilder`](crate::EventBuilder): add what else is known, then build. Which control each serves stands
//! with it and, as a table, in `docs/ai-calls.md`. Times, ids, tenant and service are the log's to
//! fill in; people become pseudonyms if the log makes such.
//!
//! ```
//! use dayseal::{Actor, Source, events};
//!
//! let event = events::login_failed(
//!     Actor::user("u-17"),
//!     Source::default().address("203.0.113.9").user_agent("Mozilla/5.0"),
//!     "bad_password",
//! )
//! .build()?;
//! assert_eq!(event.kind, "authn.failed");
//! # Ok::<(), dayseal::EventError>(())
//! ```

mod access;
mod agents;
mod data;
mod settings;

#[cfg(test)]
mod tests;

pub use access::{
    access_denied, account_locked, key_used, login, login_failed, logout, mfa_failed, mfa_passed,
    safe_prefix, user_created,
};
pub use agents::{
    agent_ended, agent_started, agent_step, memory_deleted, memory_read, memory_written,
    oversight_decided, prompt_blocked, tool_called, tool_returned,
};
pub use data::{
    cardholder_access, erasure_completed, erasure_requested, exported, last_four, phi_access,
    processing,
};
pub use settings::{budget_changed, policy_violated, rate_limited, setting_changed};
