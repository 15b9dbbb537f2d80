//! `dayseal report`

mod detect;
mod entries;
mod facts;

use std::path::Path;

use anyhow::Context as _;
use dayseal::Resource;
use dayseal_auditor::bundle::BundledReport;
use dayseal_report::{Report, render};

use crate::access::Access;
use crate::args::{Args, FrameworkArg, Report as Own, ReportFormat};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{line, write};

pub(crate) async fn run(args: &Args, own: &Own) -> anyhow::Result<Exit> {
    let format = format(args, own)?;
    if let Some(out) = own.out.as_deref().filter(|out| out.symlink_metadata().is_ok()) {
        return Err(UsageError(format!("--out: {} exists", out.display())).into());
    }
    let config = Config::load(args)?;
    let frameworks = FrameworkArg::chosen(&own.frameworks);
    let (facts, reading_code) = facts::gather(args, &config, own, &frameworks).await?;
    let report = Report::new(facts, &frameworks, reading_code);
    let text = match format {
        ReportFormat::Text => render::text(&report),
        ReportFormat::Json => serde_json::to_string_pretty(&report)? + "\n",
        ReportFormat::Markdown => render::markdown(&report),
        ReportFormat::Html => render::html(&report),
    };
    // Before anything is shown it stands in the log that it was.
    let mut filters = vec!["framework"];
    filters.extend(own.days.as_ref().map(|_| "days"));
    let access = Access {
        kind: if own.out.is_some() { "log.exported" } else { "log.accessed" },
        action: "report",
        resource: Some(Resource::new("days").id(format!("{}..{}", report.first, report.last))),
        filters,
        entries: report.statistics.entries,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, &config).await;
    match &own.out {
        None => drop(write(text.as_bytes())?),
        Some(out) => {
            publish(out, text.as_bytes())?;
            line(format!("wrote {}", out.display()))?;
        }
    }
    Ok(Exit::from_code(report.exit_code))
}

/// The report of all frameworks on some days, for a bundle of them.
pub(super) async fn of_days(
    args: &Args,
    config: &Config<'_>,
    days: &str,
) -> anyhow::Result<BundledReport> {
    let frameworks = FrameworkArg::chosen(&[FrameworkArg::All]);
    let own = Own::of_days(days);
    let (facts, reading_code) = facts::gather(args, config, &own, &frameworks).await?;
    let report = Report::new(facts, &frameworks, reading_code);
    let json = serde_json::to_string_pretty(&report)? + "\n";
    Ok(BundledReport { html: render::html(&report), json })
}

/// As asked for; else by the file's name.
fn format(args: &Args, own: &Own) -> Result<ReportFormat, UsageError> {
    let end = own.out.as_ref().and_then(|out| out.extension()).and_then(|end| end.to_str());
    Ok(match (args.json, own.format, end) {
        (true, Some(ReportFormat::Json) | None, _) => ReportFormat::Json,
        (true, Some(_), _) => return Err(UsageError("--json goes with --format json only".into())),
        (false, Some(format), _) => format,
        (false, None, Some("json")) => ReportFormat::Json,
        (false, None, Some("md" | "markdown")) => ReportFormat::Markdown,
        (false, None, Some("html" | "htm")) => ReportFormat::Html,
        (false, None, _) => ReportFormat::Text,
    })
}

/// Makes a file for its owner's eyes, whole or not at all; never over another.
fn publish(out: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = out.file_name().context("--out names no file")?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = out.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(&temporary).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        // A link, unlike a rename, never replaces what is there.
        std::fs::hard_link(&temporary, out)
    });
    let _ = std::fs::remove_file(&temporary);
    made.with_context(|| format!("cannot create {}", out.display()))
}
