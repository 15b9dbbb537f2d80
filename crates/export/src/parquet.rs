//! OCSF events as Parquet, in the layout that Amazon Security Lake wants of a custom source.
//!
//! One class a file, below `ext/<source>-<class_uid>/region=…/accountId=…/eventDay=YYYYMMDD/`. Within a file
//! rows are in the order of time. Compressed with zstd; nested objects are structs.

mod layout;
mod schema;
mod write;

pub use layout::{Layout, partition};
pub use schema::{hive_columns, schema};
pub use write::{Files, FilesWritten};
