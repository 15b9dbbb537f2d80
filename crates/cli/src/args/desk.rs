//! Flags of the auditor's desk: finding entries and proving them.

use std::path::PathBuf;

use dayseal_auditor::query::{Cursor, Term};
use dayseal_format::event::EventId;
use dayseal_format::{Day, ServiceName, UnixMillis};

/// Why entries are read.
#[derive(Clone, Debug, clap::Args)]
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

/// How entries are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RowFormat {
    /// A line of text each
    Text,
    /// Their stored bytes, a line each
    Json,
    /// For spreadsheets; a value that one could take for a formula begins with an apostrophe
    Csv,
}

/// Which entries.
#[derive(Debug, clap::Args)]
pub(crate) struct Filters {
    /// A type, or with a dot at its end all types below it
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Who acted: the real id, or as it stands in the log
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Vec<String>,
    /// Whose data it was: the real id, or as it stands in the log
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Vec<String>,
    /// What was acted on: its id, its type, or TYPE:ID
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) resource: Vec<String>,
    /// success, failure, blocked, deferred or unknown
    #[arg(long, value_name = "OUTCOME", value_parser = super::outcome)]
    pub(crate) outcome: Vec<dayseal_format::event::Outcome>,
    /// The id of a trace
    #[arg(long, value_name = "ID")]
    pub(crate) trace: Vec<String>,
    /// The id of a conversation
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Vec<String>,
    /// An agent's id, name or instance
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Vec<String>,
    /// Who runs the model
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: Vec<String>,
    /// A model, asked for or answering
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Vec<String>,
    /// passed, failed, or a detector that triggered
    #[arg(long, value_name = "RESULT")]
    pub(crate) safety: Vec<String>,
    /// A label's name, or NAME=VALUE
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,
    /// Words that stand in any text of an entry, in any case
    #[arg(long, value_name = "WORDS")]
    pub(crate) text: Vec<String>,
    /// The service that recorded it
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Vec<ServiceName>,
    /// One of these must fit; can be given several times
    #[arg(long, value_name = "FIELD=VALUE")]
    pub(crate) any: Vec<Term>,
    /// None of these may fit; can be given several times
    #[arg(long, value_name = "FIELD=VALUE")]
    pub(crate) not: Vec<Term>,
    /// Not before this day or time
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<UnixMillis>,
    /// Not after this day or time
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub(crate) until: Option<UnixMillis>,
    /// Days of the batches, as FIRST..LAST: what was imported stands on a later day than it happened
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
    /// Read also batches whose hints exclude an answer: their producer made them
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal query --type ai. --outcome failure --outcome blocked --since 2026-11-01
  dayseal query --actor u-17 --not type=data.read --order newest --limit 20
  dayseal query --any subject=ada@example.com --any actor=ada@example.com --purpose 'access request 12'
  dayseal query --label department=finance --format csv --limit 100000 > finance.csv
  dayseal query --text 'quarterly report' --stored --format json | jq .id")]
pub(crate) struct Query {
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// By the time of the entries
    #[arg(long, value_enum, default_value = "oldest", value_name = "ORDER")]
    pub(crate) order: Order,
    /// Entries of a page, at most 100000
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Go on behind an earlier page, which ended with this
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<Cursor>,
    /// All that fit, as they are stored: not sorted, and not held in memory
    #[arg(long, conflicts_with_all = ["order", "limit", "after"])]
    pub(crate) stored: bool,
    /// How entries are printed
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: RowFormat,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// In which order entries come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Order {
    /// The oldest first
    Oldest,
    /// The newest first
    Newest,
}

impl From<Order> for dayseal_auditor::query::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Oldest => Self::Oldest,
            Order::Newest => Self::Newest,
        }
    }
}

fn since(text: &str) -> Result<UnixMillis, String> {
    time(text, Day::start)
}

fn until(text: &str) -> Result<UnixMillis, String> {
    time(text, Day::last_instant)
}

/// A time, or one end of a day.
fn time(text: &str, end: fn(Day) -> UnixMillis) -> Result<UnixMillis, String> {
    let day = text.parse::<Day>().map(end).ok();
    let expected = "expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS.mmmZ";
    day.or_else(|| text.parse().ok()).ok_or_else(|| expected.to_owned())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal activity u-17
  dayseal activity ada@example.com --days 90 --json --purpose 'quarterly access review'")]
pub(crate) struct Activity {
    /// Who acted: the real id, or as it stands in the log
    pub(crate) actor: String,
    /// How many days back
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: u32,
    /// Read also batches whose hints exclude an answer
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal trace 4bf92f3577b34da6a3ce929d0e0e4736")]
pub(crate) struct Trace {
    /// The id of the trace
    pub(crate) id: String,
    /// Read also batches whose hints exclude an answer
    #[arg(long)]
    pub(crate) full: bool,
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
    /// Without the report on the days, which names people as the entries do; with --digests there is none anyway
    #[arg(long)]
    pub(crate) no_report: bool,
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
