//! Flags of `export`.

use std::path::PathBuf;

use super::{Filters, Reading};

/// In which format entries are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// The stored bytes, with where each entry stands and its leaf; a line each
    Ndjson,
    /// Every field a column, for spreadsheets
    Csv,
    /// OCSF events as JSON, a line each
    Ocsf,
    /// OpenTelemetry log records, OTLP as JSON lines
    Otel,
    /// OCSF events as Parquet, for Security Lake, Athena, Spark and DuckDB
    #[cfg(feature = "parquet")]
    Parquet,
}

impl ExportFormat {
    /// Its name, for the record of the export.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Ndjson => "export_ndjson",
            Self::Csv => "export_csv",
            Self::Ocsf => "export_ocsf",
            Self::Otel => "export_otel",
            #[cfg(feature = "parquet")]
            Self::Parquet => "export_parquet",
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal export --format parquet --days 2026-11-01..2026-11-30 --sealed-only --region eu-west-1 \\
    --account 111122223333 --out lake --purpose 'monthly load'
  dayseal export --format ocsf --outcome blocked --since 2026-11-01 --out blocked.ocsf.ndjson
  dayseal export --format csv --label department=finance --out finance.csv
  dayseal export --format otel --type ai. --out - | gzip > ai-calls.otlp.jsonl.gz
  dayseal export --format ndjson --days 2026-11-20 --out - | jq .entry")]
pub(crate) struct Export {
    /// The format
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: ExportFormat,
    /// Where to: a new file, or a new directory for parquet; - for standard output
    #[arg(long, value_name = "FILE|DIR|-")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Leave out what no signed checkpoint covers yet
    #[arg(long)]
    pub(crate) sealed_only: bool,
    /// Give each OCSF event the stored bytes as raw_data, with the salt: its leaf can be computed from the row
    #[arg(long)]
    pub(crate) raw: bool,
    /// Parquet: the name of the custom source, before the class
    #[cfg(feature = "parquet")]
    #[arg(long, default_value = "dayseal", value_name = "NAME")]
    pub(crate) source: String,
    /// Parquet: the region of the lake's bucket
    #[cfg(feature = "parquet")]
    #[arg(long, default_value = "local", value_name = "REGION")]
    pub(crate) region: String,
    /// Parquet: the AWS account whose events they are
    #[cfg(feature = "parquet")]
    #[arg(long, default_value = "external", value_name = "ACCOUNT")]
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
