//! Flags, as given. What they mean is decided in `config` and in the commands.

mod chain;
mod desk;
mod export;
mod health;
mod reading;
mod recording;
mod removal;
mod report;
mod rights;
mod rotate;
#[cfg(feature = "sql")]
mod sql;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use dayseal_format::event::Outcome;
use dayseal_format::{Day, Origin, ServiceName, UnixMillis};
use dayseal_keys::Arn;

pub(crate) use chain::{Index, Seal, Verify};
pub(crate) use desk::{
    Activity, Bundle, Filters, Get, Prove, Query, Reading, RowFormat, Trace, VerifyBundle,
    VerifyProof,
};
pub(crate) use export::{Export, ExportFormat};
pub(crate) use health::Health;
pub(crate) use reading::*;
pub(crate) use recording::{Import, Record, Recording, Redaction};
pub(crate) use removal::*;
pub(crate) use report::{FrameworkArg, Report, ReportFormat};
pub(crate) use rights::*;
pub(crate) use rotate::*;
#[cfg(feature = "sql")]
pub(crate) use sql::Sql;

/// A tamper-evident audit log in S3 or a directory: record, seal, verify.
#[derive(Debug, Parser)]
#[command(name = "dayseal", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  dayseal init ./audit --origin audit.example.com/prod
  dayseal --config ./audit/dayseal.toml record events.ndjson
  dayseal --config ./audit/dayseal.toml seal
  dayseal --config ./audit/dayseal.toml verify
  dayseal verify --evidence s3://acme-audit/prod --policy prod.policy --known-head prod.head

Exit codes: 0 done, all required was checked and holds; 1 altered, or some input refused; 2 usage;
3 could not be done or checked; 4 incomplete; 5 rolled back or diverged; 6 a control fails (report).")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Configuration file; ./dayseal.toml is taken if it exists
    #[arg(long, global = true, env = "DAYSEAL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Evidence root: s3://bucket/prefix or a directory
    #[arg(long, global = true, env = "DAYSEAL_EVIDENCE", value_name = "URL")]
    pub(crate) evidence: Option<String>,
    /// State root: heads and other changing things
    #[arg(long, global = true, env = "DAYSEAL_STATE", value_name = "URL")]
    pub(crate) state: Option<String>,
    /// Content root: contents that can be erased
    #[arg(long, global = true, env = "DAYSEAL_CONTENT", value_name = "URL")]
    pub(crate) content_root: Option<String>,
    /// Key file, instead of the keys that the configuration names
    #[arg(long, global = true, env = "DAYSEAL_KEYS", value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// The auditor's policy file
    #[arg(long, global = true, env = "DAYSEAL_POLICY", value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// S3 endpoint other than AWS's
    #[arg(long, global = true, env = "DAYSEAL_S3_ENDPOINT", value_name = "URL")]
    pub(crate) s3_endpoint: Option<String>,
    /// Address buckets by path, as most other S3 servers want
    #[arg(long, global = true, env = "DAYSEAL_S3_PATH_STYLE")]
    pub(crate) s3_path_style: bool,
    /// S3 region
    #[arg(long, global = true, env = "DAYSEAL_S3_REGION", value_name = "REGION")]
    pub(crate) s3_region: Option<String>,
    /// Print JSON, a contract described in docs/cli.md
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log more to standard error; twice for still more (DAYSEAL_LOG has the finer filters)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No progress bar
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Take this for the time, as YYYY-MM-DDTHH:MM:SS.mmmZ: for demonstrations and tests
    #[arg(long, global = true, env = "DAYSEAL_NOW", value_name = "TIME")]
    pub(crate) now: Option<UnixMillis>,
}

// The first paragraph stands in `dayseal --help`, all of it in `dayseal <command> --help`. Not on the structs: clap
// takes a variant's text in place of its struct's.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a log with its keys, policy and configuration
    ///
    /// Makes DIR/dayseal.toml, DIR/keys.json and DIR/policy, and an empty log. Refuses to overwrite.
    ///
    /// Keys in AWS are made before, by whoever runs the account; each is tried before anything is written. With both
    /// of them there is no DIR/keys.json. Region and account are the ARN's, credentials those of AWS tools.
    Init(Init),
    /// Record events: JSON lines from files or standard input
    ///
    /// Each line is one event (docs/spec/entry.md). Lines that break a rule are reported with their
    /// number and left out; the others are recorded, and the exit code is 1.
    Record(Record),
    /// Record what others logged: rotalabs-comply, Kaizen, Kling AI loggers, CloudTrail, OCSF
    ///
    /// Each record becomes an event with its own time, and one event for each file says what became of it. Their own
    /// chains and checksums are checked; one that does not hold is reported and stops nothing.
    ///
    /// The exit code is 1 if a record was refused or a check failed; the others are recorded all the same.
    Import(Import),
    /// Seal every day that has ended
    ///
    /// Safe to run at any time, twice, or at the same time: what one run leaves half-done the next finishes.
    Seal(Seal),
    /// Make the indexes of sealed days anew, from the hints in their batches
    ///
    /// The sealer makes them; this is for what it could not, and for a state root that was lost. They are derived: without one a search reads more, and finds the same.
    Index(Index),
    /// Verify the log
    ///
    /// Says apart whether the log is intact, complete and anchored, and what was not checked.
    ///
    /// With a policy file, trust comes from it alone. A known head is a checkpoint remembered from an
    /// earlier run: it shows a rollback, and is moved on when all holds.
    Verify(Verify),
    /// Show a batch, manifest, checkpoint or entry in words
    ///
    /// Nothing shown is verified; `verify` does that.
    Show(Show),
    /// Print the decrypted entries of a day as JSON lines
    ///
    /// Entries come batch by batch, in order within each stream.
    Cat(Cat),
    /// Print the entries of a day as they come, a line each
    ///
    /// Entries of the day's stored batches in time order: time, severity, outcome, type, action, actor, resource and reason,
    /// two spaces apart, `-` for none, control characters escaped. A producer stores within seconds, so a line may come
    /// after a later one of another stream.
    ///
    /// Nothing printed is proved: before the seal only the bucket protects it. A batch that is altered (exit code 1)
    /// or cannot be opened (3) is told on standard error, and the others are printed. Ctrl-C ends with 0 otherwise.
    Tail(Tail),
    /// Find an entry by its id
    ///
    /// Looks at the days around the id's time first, then at all others. Sealed days count only if their manifest is the one
    /// that was signed; what is not sealed yet is marked so. Exit code 4: no such entry.
    Get(Get),
    /// Find the entries that fit
    ///
    /// Different flags must all fit; one flag given several times fits with any of its values; --any and --not take
    /// FIELD=VALUE. A value is taken as it is: nothing in it has to be escaped. Fields: type, action, actor, actor-type,
    /// on-behalf-of, session, subject, reviewer, resource, outcome, severity, trace, conversation, job, agent, provider,
    /// model, safety, tenant, label, text.
    ///
    /// Where the log holds pseudonyms, people are found by their real ids if the log secret is at hand, under the one
    /// before the last rotation as well.
    Query(Box<Query>),
    /// Hand entries out in others' formats: OCSF, Parquet, CSV, OpenTelemetry
    ///
    /// Takes the filters of `query`. Parquet makes a new directory, in the layout of Amazon Security Lake; every other
    /// format one new file, or standard output with --out -. A file or directory appears whole or not at all, readable
    /// by its owner alone. What a format has no field for goes into its free part: nothing is left out.
    ///
    /// Entries of sealed days count only if the manifest is the one that was signed. Exit codes are those of `query`:
    /// what could not be relied on is told, the rest is exported. docs/export.md has the mappings and layouts.
    Export(Box<Export>),
    /// Ask the log in SQL: one SELECT over the table `entries`
    ///
    /// Conditions on time, day and the fields of `query` keep batches unread that cannot hold an answer. Nothing is
    /// changed, and no other table or file is read. People stand under their pseudonyms:
    /// same_person(actor, tenant, 'ada') finds them by the real id. DESCRIBE entries lists the columns.
    ///
    /// Exit codes are those of `query`; a statement that cannot be run is 2.
    #[cfg(feature = "sql")]
    Sql(Sql),
    /// Sum up what an actor did
    Activity(Activity),
    /// Show a whole journey in order: all entries of a trace
    ///
    /// An intent, which says what is about to be done, is marked if no result names it. Exit code 4: no such entry.
    Trace(Trace),
    /// Report on the log: numbers, verification, and the controls of frameworks with their evidence
    ///
    /// Verifies the log, reads its entries once more, and says for each control of SOC 2, HIPAA, PCI DSS, GDPR, the EU AI Act
    /// and ISO 27001 what the log shows of it: PASS, WARN, FAIL, N/A or NOT COVERED. It cannot show that a control is met.
    ///
    /// Exit code: that of `verify`; 6 if a control fails and the log itself is neither altered, incomplete nor rolled back.
    Report(Box<Report>),
    /// Write a proof that an entry stood in the log
    ///
    /// One file, which `dayseal verify-proof` checks with the policy alone, also after the entry has expired. It holds
    /// the entry in the clear, unless it is redacted: then it shows where an entry stands, and not what it says.
    Prove(Prove),
    /// Check a proof, without the log
    ///
    /// Exit code 0: it holds; 1: it does not; 3: it could not be checked.
    VerifyProof(VerifyProof),
    /// Write an evidence bundle: some days, to be checked without the log
    ///
    /// A directory with the days' entries, manifests and checkpoints and a README.txt that says how to check them by hand.
    /// With --digests it holds no entry, and shows only which ones there were.
    Bundle(Bundle),
    /// Check an evidence bundle, without the log
    ///
    /// Trust comes from your own policy, never from the copy in the bundle. Exit codes as of `verify`.
    VerifyBundle(VerifyBundle),
    /// Check acknowledgements
    ///
    /// One acknowledgement a line, as `record --durable` prints them.
    Ack(Ack),
    /// Print or check a policy file
    Policy(PolicyArgs),
    /// Look into the contents of entries
    Content(Content),
    /// Answer a person's request: a copy of everything about them, or its erasure
    ///
    /// docs/rights.md has the steps.
    Subject(SubjectArgs),
    /// Place, release and list legal holds: what may not be erased
    Hold(HoldArgs),
    /// Order that a batch goes before its time, for a court or a law, and let it go
    ///
    /// docs/retention.md, "Removal before its time", has the steps.
    Removal(RemovalArgs),
    /// Check how the log is set up in AWS against a retention profile
    ///
    /// Reads settings and changes none: buckets, keys, schedules, the last seal and verification, the policy. Each check is
    /// PASS, WARN or FAIL with its evidence; what may not be read is a WARN that says so. Exit code 0: none failed; 1: one
    /// failed; 3: none failed, and not all could be read.
    Check(Check),
    /// Say how the log does: entries by hour, last seal, lag, open streams, silent services
    ///
    /// Reads listings, manifests and the headers of batches that are not sealed yet, and opens nothing unless --safety is
    /// given. For monitors: --json is a contract, --timeout bounds it. It proves nothing; `verify` does.
    ///
    /// Exit codes: 0 well; 1 the newest manifest was altered or names conflicts or strays; 4 it names gaps, days are not sealed in
    /// time, or an expected service is silent; 3 not all could be read in time. Of several the first of 1, 4, 3.
    Health(Health),
    /// Change a key of the log
    ///
    /// Nothing is lost by a change: what was made under the old key stays readable and verifiable. The
    /// configuration is edited; the policy is the auditor's, who gets the line that is printed.
    /// docs/rotation.md has the steps.
    Rotate(RotateArgs),
    /// What expires when, what it costs, and the lifecycle of a log in a directory
    ///
    /// docs/retention.md has the rules.
    Retention(RetentionArgs),
    /// Make the key of an officer: who signs orders about the log
    ///
    /// An officer is a named person or role outside the log's sealer, such as a data protection officer. What they sign
    /// counts once the auditor's policy has the line that is printed (docs/spec/statement.md).
    Officer(OfficerArgs),
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal init ./audit
  dayseal init ./audit --origin audit.example.com/prod --retention-days 2192
  dayseal init ./audit --evidence s3://acme-audit/prod --state s3://acme-state/prod
  dayseal init ./audit --signing-key arn:aws:kms:eu-west-1:111122223333:key/0a1b… \\
      --wrapping-key arn:aws:kms:eu-west-1:111122223333:key/2c3d…")]
pub(crate) struct Init {
    /// Directory for the configuration, and for the log itself unless --evidence and --state say otherwise
    pub(crate) dir: PathBuf,
    /// Name of the log, unique for all time; made up if not given
    #[arg(long)]
    pub(crate) origin: Option<Origin>,
    /// Name of the service that records with this configuration
    #[arg(long, default_value = "cli")]
    pub(crate) service: ServiceName,
    /// First day of the log; today if not given
    #[arg(long, value_name = "DAY")]
    pub(crate) first_day: Option<Day>,
    /// Sign with this KMS key (ECC_NIST_EDWARDS25519), or with the key file in this secret
    #[arg(long, value_name = "ARN")]
    pub(crate) signing_key: Option<Arn>,
    /// Wrap data keys by this KMS key (symmetric), or by the key file in this secret
    #[arg(long, value_name = "ARN")]
    pub(crate) wrapping_key: Option<Arn>,
    /// Keep the contents of events (prompts, answers), encrypted and erasable: sets `pseudonyms` and `content`
    #[arg(long)]
    pub(crate) keep_content: bool,
    /// Days that evidence is kept
    #[arg(long, default_value_t = dayseal_chain::LogSettings::DEFAULT_RETENTION_DAYS)]
    pub(crate) retention_days: u32,
    /// Days that a batch may land after its own and still be sealed
    #[arg(long, default_value_t = dayseal_chain::LogSettings::DEFAULT_LATE_DAYS)]
    pub(crate) late_days: u16,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal record --durable events.ndjson > acks.ndjson; dayseal ack acks.ndjson")]
pub(crate) struct Ack {
    /// File of acknowledgements, `-` for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print what the policy says
    Print,
    /// Check a policy file's form
    Check {
        /// The file; the configured one if not given
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  dayseal check --profile hipaa
  dayseal check --profile pci --schedule dayseal/seal-main --schedule dayseal/verify-main --region eu-west-1 --json
The configuration's [check] table holds the same: profile, content, schedules, regions.")]
pub(crate) struct Check {
    /// soc2, pci, three-years, hipaa, seven-years, ai-act or sec; soc2 if nothing says otherwise
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The content root, if the log has one
    #[arg(long, value_name = "URL")]
    pub(crate) content: Option<String>,
    /// A schedule of the functions, as GROUP/NAME; may be given more than once
    #[arg(long = "schedule", value_name = "GROUP/NAME")]
    pub(crate) schedules: Vec<String>,
    /// A region that data may lie in; may be given more than once
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Show what passed, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal retention plan
  dayseal retention plan --days 2192 --json
  dayseal retention apply --dry-run
  dayseal retention apply --content ./content --content-days 30")]
pub(crate) struct RetentionArgs {
    #[command(subcommand)]
    pub(crate) command: RetentionCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// Show what expires when and what it costs; with --days, what another retention would change
    ///
    /// Reads listings and the first line of each manifest. Verifies nothing and changes nothing.
    Plan(RetentionPlan),
    /// Delete from a directory what has expired, as a bucket's lifecycle rules would
    ///
    /// Only what the policy and a signed day record let go. Oldest first; safe to stop and to run again.
    ///
    /// Exit code 3 if something that seems over was left; the reason is printed.
    Apply(RetentionApply),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RetentionPlan {
    /// Try another number of days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    pub(crate) days: Option<u32>,
    /// Print each day, not each month
    #[arg(long)]
    pub(crate) all: bool,
    /// Days from the end of a day's retention to its expiry
    #[arg(long, value_name = "DAYS", default_value_t = dayseal_auditor::retention::DEFAULT_MARGIN_DAYS)]
    pub(crate) margin_days: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RetentionApply {
    /// Say what would go, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Days that contents are kept; else the configuration's `content_days`, else 30
    #[arg(long, value_name = "DAYS")]
    pub(crate) content_days: Option<u16>,
    /// Days from the end of a day's retention to its expiry
    #[arg(long, value_name = "DAYS", default_value_t = dayseal_auditor::retention::DEFAULT_MARGIN_DAYS)]
    pub(crate) margin_days: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let names = || Outcome::ALL.iter().map(|o| o.as_str()).collect::<Vec<_>>().join(", ");
    Outcome::from_name(text).ok_or_else(|| format!("expected one of {}", names()))
}
