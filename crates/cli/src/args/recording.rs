//! Flags of what records: `record` and `import`.

use std::path::PathBuf;

use dayseal_format::ServiceName;
use dayseal_import::Format;
use serde::{Deserialize, Serialize};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal record events.ndjson
  producer | dayseal record --service billing
  echo '{\"type\":\"data.read\",\"actor\":{\"id\":\"u-1\",\"type\":\"user\"},\"action\":\"open\",\"outcome\":\"success\"}' | dayseal record --durable")]
pub(crate) struct Record {
    /// Files of JSON lines; standard input if none, or for `-`
    pub(crate) files: Vec<PathBuf>,
    /// Wait for storage and print an acknowledgement for each entry
    #[arg(long)]
    pub(crate) durable: bool,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// How events are recorded, whatever they come from.
#[derive(Debug, clap::Args)]
pub(crate) struct Recording {
    /// Name of the recording service
    #[arg(long)]
    pub(crate) service: Option<ServiceName>,
    /// Tenant of events that name none
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// What is masked before it is stored (docs/privacy.md); `default` if the configuration does not say either
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) redaction: Option<Redaction>,
    /// With redaction strict: a label that may be stored; can be given several times
    #[arg(long = "declare-label", value_name = "NAME")]
    pub(crate) declared: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal import --from cloudtrail 111122223333_CloudTrail_eu-west-1_*.json.gz
  dayseal import --from kling-chain --dry-run --print audit-2026-11-20.jsonl
  DAYSEAL_FERNET_KEY=$(cat key) dayseal import --from rotalabs audit_20260129.jsonl --json
Formats: rotalabs (rotalabs-comply 1.1), kaizen (kailash-kaizen 2.46), kling-chain and kling-events (the two
Kling AI audit loggers), cloudtrail (AWS CloudTrail), ocsf (OCSF events). docs/import.md has each mapping.")]
pub(crate) struct Import {
    /// Who wrote the records: rotalabs, kaizen, kling-chain, kling-events, cloudtrail or ocsf
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Format,
    /// Files of records, gzip or not; standard input if none, or for `-`
    pub(crate) files: Vec<PathBuf>,
    /// Map and report, and record nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run: print the events that would be recorded, as JSON lines
    #[arg(long, requires = "dry_run", conflicts_with = "json")]
    pub(crate) print: bool,
    /// File with the Fernet key of encrypted content (rotalabs); or the key itself in DAYSEAL_FERNET_KEY
    #[arg(long, value_name = "FILE")]
    pub(crate) fernet_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// What is taken out of events before they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Redaction {
    /// Nothing: the events were treated elsewhere
    Off,
    /// Credentials and card numbers; of addresses the network stays
    #[default]
    Default,
    /// All that a rule finds, and the values of labels that are not declared
    Strict,
}
