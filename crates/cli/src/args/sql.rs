//! Flags of `sql`.

use super::{Reading, RowFormat};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal sql \"select type, outcome, count(*) from entries where day >= '2026-11-01' group by 1, 2 order by 3 desc\"
  dayseal sql \"select model, sum(input_tokens) from entries where type = 'ai.generation.completed' group by 1\"
  dayseal sql \"select time, actor, labels['department'] from entries where outcome = 'blocked'\" --format csv
  dayseal sql \"select time, action from entries where same_person(actor, tenant, 'ada@example.com')\"
docs/export.md has the columns.")]
pub(crate) struct Sql {
    /// The statement
    pub(crate) statement: String,
    /// How rows are printed
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: RowFormat,
    /// Memory for sorting, grouping and joining, in MiB: beyond it the statement ends with an error
    #[arg(long, default_value_t = 192, value_name = "MIB", value_parser = clap::value_parser!(u32).range(16..=1_048_576))]
    pub(crate) memory: u32,
    /// Read also batches whose hints exclude an answer: their producer made them
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
