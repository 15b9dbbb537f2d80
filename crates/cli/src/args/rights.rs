//! Flags of what data subjects and officers ask for.

use std::path::PathBuf;

use clap::Subcommand;
use dayseal_keys::KeyRef;

#[derive(Debug, clap::Args)]
pub(crate) struct SubjectArgs {
    #[command(subcommand)]
    pub(crate) command: SubjectCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubjectCommand {
    /// Write down everything the log has about a person, for an access request
    ///
    /// Writes OUT.ndjson for machines and OUT.html for people, both for the owner's eyes alone, and records the
    /// export in the log. Needs the right to read entries, and contents for what is in them. Exit code 3 if
    /// something could not be read: then the export is not whole, and says so.
    Export(SubjectExport),
    /// Erase the contents about a person; a dry run without --yes
    ///
    /// Replaces every content frame that names the person by a stub, records the order and the end in the log, and
    /// needs no right to read anything. The entries stay: they are pseudonymous and are kept by law. What is late
    /// can still land for some days: the erasure stays open until then, and `--resume`, run daily, ends it.
    /// Running it again at any time is safe.
    Erase(SubjectErase),
    /// Check the certificate of an erasure against the log
    Certificate(SubjectCertificate),
}

/// Whom it is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Person {
    /// The person's id as applications give it, or a pseudonym (p1:…); several for several spellings
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Tenant whose pseudonyms are meant; `default` if none; can be given several times
    #[arg(long = "tenant", value_name = "TENANT")]
    pub(crate) tenants: Vec<String>,
}

/// Who orders it.
#[derive(Debug, clap::Args)]
pub(crate) struct Order {
    /// Name of the officer who orders it
    #[arg(long, value_name = "NAME")]
    pub(crate) officer: Option<String>,
    /// The officer's key: a key file, or the ARN of a KMS key or secret
    #[arg(long, value_name = "ARN|FILE", requires = "officer")]
    pub(crate) sign_with: Option<KeyRef>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal subject export ada@example.com --reason 'request 12' --out ada
  dayseal subject export u-17 --tenant acme --days 2026-01-01.. --reason 'request 12' --out u-17")]
pub(crate) struct SubjectExport {
    #[command(flatten)]
    pub(crate) person: Person,
    /// Why, for the log; at most 256 bytes
    #[arg(long)]
    pub(crate) reason: String,
    /// Days, as FIRST..LAST; either side may be left out
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
    /// Where to write: OUT.ndjson and OUT.html, which must not be there yet
    #[arg(long, value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// Name of the officer who orders it, for the log
    #[arg(long, value_name = "NAME")]
    pub(crate) officer: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal subject erase ada@example.com
  dayseal subject erase ada@example.com --reason 'request 12' --yes
  dayseal subject erase --resume
  dayseal subject erase ada@example.com --resume --officer dpo --sign-with dpo.json --certificate ada.txt")]
pub(crate) struct SubjectErase {
    #[command(flatten)]
    pub(crate) person: Person,
    /// Why, for the log and the certificate; at most 256 bytes
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Do it
    #[arg(long, requires = "reason", conflicts_with = "resume")]
    pub(crate) yes: bool,
    /// Go on with every open erasure, or with this person's; for a schedule
    #[arg(long)]
    pub(crate) resume: bool,
    /// Begin although some is under a legal hold; that stays, and the erasure open
    #[arg(long)]
    pub(crate) skip_held: bool,
    /// What keeps the entries, which are not erased
    #[arg(long, value_name = "NAME", default_value = "gdpr-17-3-b")]
    pub(crate) exemption: String,
    /// Write the certificate of the completed erasure to this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) order: Order,
    /// Objects looked at at once
    #[arg(long, default_value_t = 16)]
    pub(crate) jobs: usize,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal subject certificate ada.txt --policy prod.policy")]
pub(crate) struct SubjectCertificate {
    /// The certificate
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HoldArgs {
    #[command(subcommand)]
    pub(crate) command: HoldCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Place a legal hold: what is under it is not erased
    ///
    /// A statement that an officer signs, kept in the state root and recorded in the log. It holds contents alone:
    /// the entries are kept anyway. A hold by label is resolved now: of what is recorded later it holds nothing.
    Set(HoldSet),
    /// Release a hold; nothing is deleted
    Clear(HoldClear),
    /// List the holds, and compare them with the log if it can be read
    ///
    /// Exit code 1 if the log and the holds do not agree; 3 if the log could not be read.
    List,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal hold set --subject ada@example.com --reason 'case 7' --officer counsel --sign-with counsel.json
  dayseal hold set --days 2026-11-01..2026-11-30 --reason 'case 8' --officer counsel --sign-with counsel.json
  dayseal hold set --label matter=8 --reason 'case 8' --officer counsel --sign-with counsel.json")]
#[group(id = "scope", required = true, multiple = false, args = ["subjects", "days", "label"])]
pub(crate) struct HoldSet {
    /// Contents about this person: an id or a pseudonym; can be given several times
    #[arg(long = "subject", value_name = "ID")]
    pub(crate) subjects: Vec<String>,
    /// Tenant whose pseudonyms are meant; `default` if none; can be given several times
    #[arg(long = "tenant", value_name = "TENANT", requires = "subjects")]
    pub(crate) tenants: Vec<String>,
    /// Contents of these days, as FIRST..LAST
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
    /// Contents of batches with an entry of this label; needs the right to read
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) label: Option<String>,
    /// Why; at most 256 bytes
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) order: Order,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal hold clear 1 --reason 'case 7 closed' --officer counsel --sign-with counsel.json")]
pub(crate) struct HoldClear {
    /// Number of the hold
    pub(crate) hold: u32,
    /// Why; at most 256 bytes
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) order: Order,
}
