//! Asking a log: which entries fit, in order, a page at a time; what an actor did; a whole journey.

mod activity;
mod filter;
mod people;
mod prune;
mod run;
mod sieve;

pub use activity::{Activity, Journey, Step};
pub use filter::{Field, FieldError, Filter, Term};
pub use people::People;
pub use run::{Cursor, CursorError, Hit, MAX_PAGE, Order, Page, Query, Scan};
pub use sieve::Passing;
