//! `dayseal verify-bundle`

use dayseal_auditor::bundle::{Show, verify_bundle};

use super::verify::print_finding;
use crate::args::{Args, VerifyBundle};
use crate::config::Config;
use crate::desk::needed_policy;
use crate::exit::{Exit, UsageError};
use crate::output::{count, json, line};

pub(crate) async fn run(args: &Args, own: &VerifyBundle) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let policy = needed_policy(&config)?;
    if !own.dir.is_dir() {
        return Err(UsageError(format!("{} is not a directory", own.dir.display())).into());
    }
    let report = verify_bundle(&own.dir, &policy, config.now()?).await?;
    if args.json {
        json(&report)?;
        return Ok(Exit::from_code(report.exit_code));
    }
    if let Some(about) = &report.about {
        line(format!("{}: days {} to {}", about.origin, about.first, about.last))?;
        line(format!("  made {} by {}, by its own word", about.made_at, about.made_by))?;
        let what = match about.entries {
            Show::Shown => "shown",
            Show::Digests => "as salted hashes",
        };
        line(format!(
            "  checked      {} in {} of {}, {what}",
            count(report.entries, "entry", "entries"),
            count(report.batches, "batch", "batches"),
            count(report.days, "day", "days"),
        ))?;
        if report.expired > 0 {
            let expired = count(report.expired, "batch had", "batches had");
            line(format!("  note         {expired} expired when it was made"))?;
        }
        if report.removed > 0 {
            let removed = count(report.removed, "batch was", "batches were");
            line(format!("  note         {removed} removed by order of an officer of the policy"))?;
        }
    }
    if let Some(head) = &report.head {
        line(format!("  ends at      {} leaves, root {}", head.size, head.root))?;
    }
    line("  not shown    that entries are true or batches authentic under their wrapping key;")?;
    line("               that the log leads to a head that you remember: compare the root")?;
    report.findings.iter().try_for_each(print_finding)?;
    if report.more_findings > 0 {
        line(format!("  and {} more", report.more_findings))?;
    }
    let words = match report.exit_code {
        0 => "the bundle holds",
        1 => "ALTERED",
        4 => "INCOMPLETE",
        _ => "NOT PROVED",
    };
    line(format!("result: {words} (exit code {})", report.exit_code))?;
    Ok(Exit::from_code(report.exit_code))
}
