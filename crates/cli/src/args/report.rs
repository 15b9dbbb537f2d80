//! Flags of the report.

use std::path::PathBuf;

use dayseal_format::Level;
use dayseal_report::Framework;

use super::Reading;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal report --framework soc2 --days 2026-01-01..2026-12-31 --out soc2.html --purpose 'SOC 2 audit 2026'
  dayseal report --framework hipaa --framework gdpr --format markdown
  dayseal report --json | jq '.counts'
docs/report.md says what each number is and what each check needs.")]
pub(crate) struct Report {
    /// Whose controls are judged; can be given several times
    #[arg(long = "framework", value_enum, value_name = "FRAMEWORK", default_value = "all")]
    pub(crate) frameworks: Vec<FrameworkArg>,
    /// Days of the batches, as FIRST..LAST; either side may be left out
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<String>,
    /// How it is written; if not given, by the end of --out's name, else text
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<ReportFormat>,
    /// Write to this file, which must not exist; standard output if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How deep the log is verified: chain, listing, objects or entries; what the policy requires if not given
    #[arg(long)]
    pub(crate) level: Option<Level>,
    /// File with the head remembered from the last verification; it is read, and not moved on
    #[arg(long, value_name = "FILE")]
    pub(crate) known_head: Option<PathBuf>,
    /// Names in each ranking
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) top: u32,
    /// Look at the settings in AWS as well, as `dayseal check` does
    #[arg(long)]
    pub(crate) settings: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

impl Report {
    /// What a bundle of these days asks for.
    pub(crate) fn of_days(days: &str) -> Self {
        Self {
            frameworks: vec![FrameworkArg::All],
            days: Some(days.to_owned()),
            format: None,
            out: None,
            level: None,
            known_head: None,
            top: 20,
            settings: false,
            reading: Reading { purpose: None },
        }
    }
}

/// A framework, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FrameworkArg {
    /// SOC 2, Trust Services Criteria
    Soc2,
    /// HIPAA Security Rule
    Hipaa,
    /// PCI DSS
    Pci,
    /// GDPR
    Gdpr,
    /// EU AI Act
    AiAct,
    /// ISO/IEC 27001, Annex A
    Iso27001,
    /// Every one of them
    All,
}

impl FrameworkArg {
    /// Those that were asked for, each once, in one order.
    pub(crate) fn chosen(asked: &[Self]) -> Vec<Framework> {
        let is = |one: Framework| asked.iter().any(|a| a.one().is_none_or(|a| a == one));
        Framework::ALL.into_iter().filter(|f| is(*f)).collect()
    }

    fn one(self) -> Option<Framework> {
        match self {
            Self::Soc2 => Some(Framework::Soc2),
            Self::Hipaa => Some(Framework::Hipaa),
            Self::Pci => Some(Framework::Pci),
            Self::Gdpr => Some(Framework::Gdpr),
            Self::AiAct => Some(Framework::AiAct),
            Self::Iso27001 => Some(Framework::Iso27001),
            Self::All => None,
        }
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// For a terminal or a mail
    Text,
    /// One document, a contract described in docs/report.md
    Json,
    /// CommonMark with tables
    Markdown,
    /// One page with charts; it needs no script and no other file
    Html,
}
