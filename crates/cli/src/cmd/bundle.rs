//! `dayseal bundle`

use dayseal::Resource;
use dayseal_auditor::bundle::{BundleError, BundleOptions, Show, write_bundle};

use super::report;
use super::verify::days;
use crate::access::Access;
use crate::args::{Args, Bundle};
use crate::config::Config;
use crate::desk::{Desk, Problems};
use crate::exit::{Exit, UsageError};
use crate::output::{count, line, number, tell};

pub(crate) async fn run(args: &Args, own: &Bundle) -> anyhow::Result<Exit> {
    let (Some(first), Some(last)) = days(Some(&own.days))? else {
        return Err(UsageError("--days: give both ends, as FIRST..LAST".into()).into());
    };
    if own.out.exists() {
        return Err(UsageError(format!("{} exists", own.out.display())).into());
    }
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let log = desk.reader();
    if first < log.first_day {
        let text = format!("--days: the log begins on {}", log.first_day);
        return Err(UsageError(text).into());
    }
    let policy = config.policy_path().and_then(|path| std::fs::read_to_string(path).ok());
    let options = BundleOptions {
        first,
        last,
        show: if own.digests { Show::Digests } else { Show::Shown },
        made_by: concat!("dayseal ", env!("CARGO_PKG_VERSION")).to_owned(),
        policy,
        report: match own.digests || own.no_report {
            true => None,
            false => Some(report::of_days(args, &config, &own.days).await?),
        },
    };
    // What a bundle holds that is not finished was given out all the same.
    let access = Access {
        kind: "log.exported",
        action: if own.digests { "bundle_digests" } else { "bundle" },
        resource: Some(Resource::new("days").id(format!("{first}..{last}"))),
        filters: Vec::new(),
        entries: 0,
        purpose: own.reading.purpose.as_deref(),
    };
    let begun = access.begin(args, &config).await;
    let mut problems = Problems::default();
    let written = write_bundle(&log, &own.out, &options, |p| problems.tell(p)).await;
    begun.end(written.as_ref().ok().map(|w| w.entries)).await;
    let written = match written {
        Ok(written) => written,
        Err(BundleError::Day { day, source }) => {
            let exit = Exit::from_code(source.outcome().exit_code());
            let error = anyhow::Error::from(BundleError::Day { day, source });
            tell(&format!("dayseal: {error:#}"));
            return Ok(exit);
        }
        Err(error) => return Err(error.into()),
    };
    let absent = match written.absent {
        0 => String::new(),
        n => format!("; {} could not be given", number(n)),
    };
    line(format!(
        "wrote {}: {} in {} of {}{absent}",
        own.out.display(),
        count(written.entries, "entry", "entries"),
        count(written.batches, "batch", "batches"),
        count(written.days, "day", "days"),
    ))?;
    Ok(problems.exit(Exit::Ok))
}
