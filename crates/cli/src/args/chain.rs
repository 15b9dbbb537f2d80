//! Flags of what seals, indexes and verifies.

use std::path::PathBuf;

use dayseal_format::{Day, Level};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal seal
  dayseal seal --through 2026-11-20")]
pub(crate) struct Seal {
    /// Last day to seal; the newest that has ended, with its grace, if not given
    #[arg(long, value_name = "DAY")]
    pub(crate) through: Option<Day>,
    /// Minutes after a day's end before it is sealed
    #[arg(long, value_name = "MINUTES")]
    pub(crate) grace: Option<u32>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal index
  dayseal index --days 2026-11-01..")]
pub(crate) struct Index {
    /// Sealed days, as FIRST..LAST; all if not given
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal verify
  dayseal verify --level listing --days 2026-11-01..2026-11-30
  dayseal verify --evidence s3://acme-audit/prod --policy prod.policy --known-head prod.head --json")]
pub(crate) struct Verify {
    /// chain, listing, objects or entries; what the policy requires if not given
    #[arg(long)]
    pub(crate) level: Option<Level>,
    /// File with the head remembered from the last run
    #[arg(long, value_name = "FILE")]
    pub(crate) known_head: Option<PathBuf>,
    /// There is no known head yet: write the file
    #[arg(long, requires = "known_head")]
    pub(crate) first_run: bool,
    /// Days to verify, as FIRST..LAST; either side may be left out
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
    /// Objects worked on at once
    #[arg(long, default_value_t = 8)]
    pub(crate) jobs: usize,
    /// Keep progress in this file, and go on from it if it exists
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
}
