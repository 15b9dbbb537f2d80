//! `dayseal check`

use dayseal_auditor::check::{CheckReport, Profile, Status, Target, collect, judge};

use crate::args::{Args, Check};
use crate::config::{self, Config};
use crate::exit::{Exit, UsageError};
use crate::output::{clean, count, json, line};

/// The profile if nothing says otherwise.
const DEFAULT_PROFILE: &str = "soc2";

pub(crate) async fn run(args: &Args, own: &Check) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let file = config.based_file().map(|(_, file)| file);
    let own = merged(own, file.map(|f| f.check.clone()).unwrap_or_default());
    let profile = profile(own.profile.as_deref().unwrap_or(DEFAULT_PROFILE))?;
    let all = own.all;
    let report = judged(&config, own, profile).await?;
    if args.json {
        json(&report)?;
    } else {
        print(&report, all)?;
    }
    Ok(Exit::from_code(report.exit_code))
}

/// The same for a report: by the configuration, against this profile.
pub(super) async fn look(config: &Config<'_>, name: Option<&str>) -> anyhow::Result<CheckReport> {
    let file = config.based_file().map(|(_, file)| file.check.clone()).unwrap_or_default();
    let own = merged(&Check::default(), file);
    judged(config, own, profile(name.unwrap_or(DEFAULT_PROFILE))?).await
}

async fn judged(
    config: &Config<'_>,
    own: Merged,
    profile: &'static Profile,
) -> anyhow::Result<CheckReport> {
    let file = config.based_file().map(|(_, file)| file);
    let state = config.state().await?;
    let state = state.ok_or_else(|| UsageError("no state root: give --state URL".into()))?;
    let evidence = config.evidence().await?;
    let target = Target {
        evidence: &*evidence,
        state: &*state,
        content: own.content.as_deref(),
        signing_key: file.and_then(|f| f.signing_key.as_ref()),
        wrapping_key: file.and_then(|f| f.wrapping_key.as_ref()),
        schedules: &own.schedules,
        options: &config.options(),
        policy: config.policy()?,
        regions: own.regions,
        now: config.now()?,
    };
    let facts = collect(target).await.map_err(|e| UsageError(e.to_string()))?;
    Ok(judge(&facts, profile))
}

struct Merged {
    profile: Option<String>,
    content: Option<String>,
    schedules: Vec<String>,
    regions: Vec<String>,
    all: bool,
}

/// Flags over the file.
fn merged(own: &Check, file: config::Check) -> Merged {
    let or =
        |flags: &[String], file: Vec<String>| if flags.is_empty() { file } else { flags.to_vec() };
    Merged {
        profile: own.profile.clone().or(file.profile),
        content: own.content.clone().or(file.content),
        schedules: or(&own.schedules, file.schedules),
        regions: or(&own.regions, file.regions),
        all: own.all,
    }
}

fn profile(name: &str) -> Result<&'static Profile, UsageError> {
    Profile::named(name).ok_or_else(|| {
        let names: Vec<_> = Profile::ALL.iter().map(|p| p.name).collect();
        UsageError(format!(
            "no profile `{}`: expected one of {}",
            name.escape_debug(),
            names.join(", ")
        ))
    })
}

fn print(report: &CheckReport, all: bool) -> anyhow::Result<()> {
    for check in &report.checks {
        if check.status == Status::Pass && !all {
            continue;
        }
        line(format!("{}  {}  {}", check.status.as_str(), check.id, check.title))?;
        line(format!("      {}", clean(&check.detail)))?;
        if check.status != Status::Pass {
            line(format!("      evidence for {}", check.controls.join(", ")))?;
        }
    }
    line(format!(
        "profile {}: {} passed, {}, {} failed (exit code {})",
        report.profile,
        report.passed,
        count(report.warnings as u64, "warning", "warnings"),
        report.failed,
        report.exit_code
    ))
}
