//! Flags of `health`.

use super::Reading;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal health
  dayseal health --json --timeout 20 > health.json || notify
  dayseal health --hours 72 --safety --purpose 'weekly review'
docs/operations.md, \"How a log does\", says what to do about each problem.")]
pub(crate) struct Health {
    /// Hours looked at, the one under way included
    #[arg(long, default_value_t = 24, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(dayseal_auditor::health::MAX_HOURS)))]
    pub(crate) hours: u32,
    /// End after so many seconds, with what is known by then
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) timeout: u32,
    /// Count safety failures too: opens the entries of these hours, which needs the data key and is recorded
    #[arg(long)]
    pub(crate) safety: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
