//! Flags of the auditor's desk: finding entries and proving them.

use std::path::PathBuf;

use dayseal_format::event::EventId;

/// Why entries are read.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// Why the entries are read: stands in the log, with who read what, where the configuration can record
    #[arg(long, value_name = "TEXT")]
    pub(crate) purpose: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal get 019aa0f2-0000-7000-8000-000000000000
  dayseal get 019aa0f2-0000-7000-8000-000000000000 --json --purpose 'ticket 4711'")]
pub(crate) struct Get {
    /// The id of the event
    pub(crate) id: EventId,
    /// Read also batches whose times exclude the id's: for ids that somebody chose
    #[arg(long)]
    pub(crate) full: bool,
    /// Go on behind the first: what was imported twice stands in the log twice
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal prove 019aa0f2-0000-7000-8000-000000000000 --out entry.proof
  dayseal prove 019aa0f2-0000-7000-8000-000000000000 --redact --out sealed.proof
  dayseal verify-proof entry.proof --policy prod.policy
docs/spec/entry-proof.md has the file, and what it shows to whom.")]
pub(crate) struct Prove {
    /// The id of the event
    pub(crate) id: EventId,
    /// Write to this file, which must not exist; standard output if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Show where the entry stands, and not what it says
    #[arg(long)]
    pub(crate) redact: bool,
    /// Read also batches whose times exclude the id's: for ids that somebody chose
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal verify-proof entry.proof --policy prod.policy")]
pub(crate) struct VerifyProof {
    /// The proof, `-` for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal bundle --days 2026-11-01..2026-11-30 --out november --purpose 'SOC 2 sample'
  dayseal bundle --days 2026-11-20 --digests --out receipts
  tar -cf november.tar november        # any archiver makes one file of it
docs/spec/bundle.md has the files.")]
pub(crate) struct Bundle {
    /// Sealed days, as FIRST..LAST or one day
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: String,
    /// The directory to make
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Salted hashes in the place of entries
    #[arg(long)]
    pub(crate) digests: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal verify-bundle november --policy prod.policy")]
pub(crate) struct VerifyBundle {
    /// The bundle
    pub(crate) dir: PathBuf,
}
