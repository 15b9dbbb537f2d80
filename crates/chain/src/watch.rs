//! Verifying on a schedule: forward from what is remembered, and a share of the past again.
//!
//! A full verification reads the whole log. A [`Watcher`] runs every few hours, so it goes on from
//! its [`Memory`] in the state root, which holds the last head that passed, as the signed note it
//! was, and the tree's size and root at the end of each day. Each run also reads a share of the
//! older days once more, so that every kept object is hashed again at least once in
//! [`WatchOptions::rehash_days`], and compares them with what was remembered: a past that was
//! rewritten and signed anew does not lead to it.
//!
//! The memory moves on only past days that hold, or whose findings the policy knows: a finding
//! stays red until somebody deals with it. Without memory a run checks everything and passes
//! nothing, unless it is said to be the first.

mod error;
mod memory;
mod share;
mod watcher;

pub use error::WatchError;
pub use memory::{Boundary, Memory, RememberedHead};
pub use watcher::{MemoryState, WatchOptions, WatchReport, Watcher};
