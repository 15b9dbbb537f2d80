//! Flags of what reads one day, one object or one entry as it is stored.

use std::path::PathBuf;

use clap::Subcommand;
use dayseal_format::Day;
use dayseal_format::event::{EventId, Outcome};

use super::Reading;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal show 2026-11-20
  dayseal show entries/2026-11-20/0011…/00000000-….batch
  dayseal show checkpoints/2026-11-20
  dayseal show 019aa0f2-0000-7000-8000-000000000000
  dayseal show ./some.batch")]
pub(crate) struct Show {
    /// A day, an object's key, the id of an event, or a local file
    pub(crate) what: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal cat 2026-11-20 | jq .actor.id
  dayseal cat 2026-11-20 --format text
  dayseal cat 2026-11-20 --content | jq -r '.contents[].text'")]
pub(crate) struct Cat {
    /// The day of the batches
    pub(crate) day: Day,
    /// The contents of each entry too: {\"entry\": …, \"contents\": […]}, each present, erased, expired, missing or altered
    #[arg(long, conflicts_with = "format")]
    pub(crate) content: bool,
    /// As they are stored, or one line of text each
    #[arg(long, value_enum, default_value = "json", value_name = "FORMAT")]
    pub(crate) format: EntryFormat,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Content {
    #[command(subcommand)]
    pub(crate) command: ContentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContentCommand {
    /// Check a given content against what an entry says of it
    ///
    /// Of an entry with a keyed digest the log secret decides; of one with a commitment the content record that is
    /// kept: once that is erased nobody can tell. Exit code 0: it is the content; 1: it is another; 3: cannot be told.
    Check(ContentCheck),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal content check --entry 01932d5c-… --field content.input --input prompt.txt")]
pub(crate) struct ContentCheck {
    /// Id of the entry
    #[arg(long, value_name = "ID")]
    pub(crate) entry: EventId,
    /// The content item, if the entry has several: content.input, content.output, content.args, content.system,
    /// change.from_content or change.to_content
    #[arg(long)]
    pub(crate) field: Option<String>,
    /// File with the exact bytes of the content; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// How an entry is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EntryFormat {
    /// Time, severity, outcome, type, action, actor, resource, reason
    Text,
    /// Its stored bytes
    Json,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal tail
  dayseal tail -f --outcome failure --outcome blocked
  dayseal tail -n 20 -f --type ai. --type authz.denied
  dayseal tail --day 2026-11-20 --format json | jq .actor.id
Entries that no seal covers yet are not proved: `dayseal verify` is what proves, after the day's seal.")]
pub(crate) struct Tail {
    /// The day; today (UTC) if not given
    #[arg(long)]
    pub(crate) day: Option<Day>,
    /// Go on with what comes, over midnight too, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Begin with the last N entries only
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) lines: Option<usize>,
    /// One line of text each, or as they are stored
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: EntryFormat,
    /// Only this type, or with a dot at its end all types below it; can be given several times
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Only this outcome: success, failure, blocked, deferred or unknown; can be given several times
    #[arg(long = "outcome", value_name = "OUTCOME", value_parser = super::outcome)]
    pub(crate) outcomes: Vec<Outcome>,
    /// Seconds between two looks, with --follow
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = interval)]
    pub(crate) interval: f64,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|s| (0.1..=86_400.0).contains(s));
    seconds.ok_or_else(|| "expected seconds from 0.1 to 86400".to_owned())
}
