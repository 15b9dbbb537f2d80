//! What runs a log in an AWS account: the functions `seal` and `verify`, and an example producer.
//!
//! Thin: what is done is `dayseal-chain`'s and `dayseal`'s; here are configuration, input, output,
//! metrics, errors and the time budget. Normative: `docs/functions.md`. Only its binaries and [`serve`]
//! know `lambda_runtime`; handlers take a deadline and return data, so tests call them without a
//! runtime. An application's own functions take the layer `dayseal::lambda`: `docs/ways-in.md`.
//!
//! # What it trusts
//! Its configuration, and for `verify` the policy object, both written by whoever deploys. The input
//! only chooses among configured logs; it can name no bucket and no key.

mod alarm;
mod budget;
mod config;
mod context;
mod error;
pub mod example;
mod input;
mod metrics;
mod run;
pub mod seal;
pub mod verify;

pub use alarm::{Alarm, Topic};
pub use budget::Budget;
pub use config::{Config, LogConfig};
pub use context::{Context, Signers};
pub use error::FunctionError;
pub use input::{SealInput, VerifyInput};
pub use metrics::{Metrics, Unit};
pub use run::{Handler, serve};
