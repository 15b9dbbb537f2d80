//! SQL over a dayseal log, read only, through Apache DataFusion.
//!
//! One table, `entries`, whose columns are [`columns()`]. Conditions on times, days and the fields of a query
//! become the search's own terms ([`dayseal_auditor::query`]), so that batches which cannot hold an answer are not
//! read; what is left DataFusion checks itself. `docs/export.md` has the columns and limits.
//!
//! Nothing but `SELECT` runs (and `EXPLAIN`, `DESCRIBE`, `SHOW` of what there is): no statement makes, changes
//! or reads a table or file elsewhere. Memory is bounded, and nothing is spilled to disk, where entries would lie
//! in the clear.
//!
//! People stand in the log under pseudonyms: `actor = 'ada'` compares with what is stored. The function
//! `same_person(actor, tenant, 'ada')` is true if the stored text is that id or its pseudonym.

mod columns;
mod people;
mod pushdown;
mod session;
mod table;

pub use columns::columns;
pub use datafusion::arrow;
pub use datafusion::error::DataFusionError;
pub use session::{Answer, Settings, SqlError, run};
pub use table::{ScanFailed, Source};
