//! `dayseal verify`

use std::path::Path;

use anyhow::Context as _;
use dayseal_auditor::hold::Hold;
use dayseal_chain::verify::{
    CheckState, Finding, Removal, Report, Verdict, VerdictState, VerifyOptions, Walk,
};
use dayseal_chain::{Verifier, verify::HeadInfo};
use dayseal_format::names::checkpoint_key;
use dayseal_format::note::MAX_NOTE;
use dayseal_format::{Checkpoint, Day, Level, Policy};
use dayseal_store::Store;
use serde::Serialize;

use super::hold::{read_signed, words};
use super::replace_file;
use crate::args::{Args, Verify};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{clean, count, json, line};
use crate::progress::VerifyProgress;

pub(crate) async fn run(args: &Args, own: &Verify) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let policy = config.policy()?;
    let level = own.level.or(policy.as_ref().map(|p| p.require)).unwrap_or(Level::Objects);
    let mut options = VerifyOptions::new(level, config.now()?);
    (options.first, options.last) = days(own.days.as_deref())?;
    options.jobs = own.jobs;
    options.first_run = own.first_run;
    options.known_head = known_head(own.known_head.as_deref(), own.first_run, policy.as_ref())?;

    let (evidence, state) = (config.evidence().await?, config.state().await?);
    // Less deep, no key is needed: none is asked for.
    let opener = if level == Level::Entries { config.opener().await? } else { None };
    let opener = opener.as_ref().map(|o| &*o.keys);
    let content = if level == Level::Entries { config.content().await? } else { None };
    let mut verifier =
        Verifier::new(&*evidence, state.as_deref(), policy.as_ref(), opener, options).await?;
    if let Some(content) = &content {
        verifier = verifier.with_content(&**content);
    }
    let progress = VerifyProgress::new(args, own.resume.clone());
    let report = match saved_walk(own.resume.as_deref())? {
        Some(walk) => verifier.resume(walk, &progress).await,
        None => verifier.run(&progress).await,
    };
    progress.finish();
    let report = report?;
    if let Some(path) = &own.resume {
        // The run is complete: the next one starts anew.
        let _ = std::fs::remove_file(path);
    }
    let held = held(policy.as_ref(), state.as_deref()).await;
    if args.json {
        json(&Answer { report: &report, held: &held })?;
    } else {
        print(&report, &held)?;
    }
    if let (Some(path), Some(head), 0) = (&own.known_head, &report.head, report.exit_code) {
        remember(path, head, &*evidence).await?;
    }
    Ok(Exit::from_code(report.exit_code))
}

/// The report, and what is held beside it.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    report: &'a Report,
    held: &'a Held,
}

/// Legal holds that stand. They change no verdict: what is held is there, and whoever wants it gone is told so.
#[derive(Default, Serialize)]
struct Held {
    holds: Vec<Hold>,
    /// Why they could not be relied on.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
}

async fn held(policy: Option<&Policy>, state: Option<&dyn Store>) -> Held {
    let (Some(policy), Some(state)) = (policy, state) else { return Held::default() };
    match read_signed(state, &policy.origin, &policy.officers).await {
        Ok(holds) => Held { holds: holds.standing().cloned().collect(), unread: None },
        Err(error) => {
            let unread = Some(format!("{error:#}"));
            Held { holds: Vec::new(), unread }
        }
    }
}

/// `FIRST..LAST`, either side open, or one day.
pub(super) fn days(text: Option<&str>) -> Result<(Option<Day>, Option<Day>), UsageError> {
    let Some(text) = text else { return Ok((None, None)) };
    let day = |t: &str| -> Result<Option<Day>, UsageError> {
        if t.is_empty() {
            return Ok(None);
        }
        t.parse().map(Some).map_err(|e| UsageError(format!("--days: {e}")))
    };
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    if let (Some(f), Some(l)) = (first, last)
        && f > l
    {
        return Err(UsageError(format!("--days: {f} is after {l}")));
    }
    Ok((first, last))
}

/// The remembered head, its signature verified like any other.
pub(super) fn known_head(
    path: Option<&Path>,
    first_run: bool,
    policy: Option<&Policy>,
) -> anyhow::Result<Option<Checkpoint>> {
    let Some(path) = path else { return Ok(None) };
    let policy = policy
        .ok_or_else(|| UsageError("--known-head needs a policy: whose signature counts?".into()))?;
    let note = match std::fs::read(path) {
        Ok(note) => note,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && first_run => return Ok(None),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            anyhow::bail!(
                "the known head {} is missing: a rollback would not be seen; restore the file, or say --first-run",
                path.display()
            );
        }
        Err(e) => {
            return Err(e)
                .with_context(|| format!("cannot read the known head {}", path.display()));
        }
    };
    if first_run {
        return Err(UsageError(format!(
            "--first-run, but {} exists: leave one of them out",
            path.display()
        ))
        .into());
    }
    let head = Checkpoint::open(&note, &policy.origin, &policy.verifier_keys);
    Ok(Some(head.with_context(|| format!("the known head {} does not verify", path.display()))?))
}

fn saved_walk(path: Option<&Path>) -> anyhow::Result<Option<Walk>> {
    let Some(path) = path else { return Ok(None) };
    match std::fs::read(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
        Ok(bytes) => {
            let walk = serde_json::from_slice(&bytes);
            Ok(Some(walk.map_err(|e| {
                UsageError(format!(
                    "{} is not saved progress of this version: {e}; delete it",
                    path.display()
                ))
            })?))
        }
    }
}

/// Moves the known head on to what was just verified.
async fn remember(path: &Path, head: &HeadInfo, evidence: &dyn Store) -> anyhow::Result<()> {
    let note = evidence.get(&checkpoint_key(head.day), None, MAX_NOTE as u64).await?;
    replace_file(path, &note.bytes)
        .with_context(|| format!("cannot write the known head {}", path.display()))
}

fn print(r: &Report, held: &Held) -> anyhow::Result<()> {
    let range = match (r.first, r.last) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no sealed day".into(),
    };
    line(format!("{} in {}", r.origin, r.evidence))?;
    line(format!("  days {range}, level {}", r.level.0))?;
    line("")?;
    for check in &r.checks {
        let state = match check.state {
            CheckState::Checked => "checked    ",
            CheckState::NotChecked => "not checked",
            CheckState::Failed => "FAILED     ",
        };
        line(format!("  {state}  {}: {}", check.name, check.detail))?;
    }
    let t = &r.totals;
    for (n, one, many) in [
        (
            t.expired,
            "object has expired, as its retention says",
            "objects have expired, as their retention says",
        ),
        (
            t.awaiting_seal,
            "object landed after its day's seal and waits for the next",
            "objects landed after their day's seal and wait for the next",
        ),
    ] {
        if n > 0 {
            line(format!("  note         {}", count(n, one, many)))?;
        }
    }
    for removal in &r.removals {
        print_removal(removal)?;
    }
    if r.more_removals > 0 {
        line(format!("  and {} more removed by order", r.more_removals))?;
    }
    for hold in &held.holds {
        let (number, reason) = (hold.number, clean(&hold.reason));
        line(format!("  held         by hold {number}: {}: {reason}", words(&hold.scope)))?;
    }
    if let Some(why) = &held.unread {
        line(format!("  note         the legal holds cannot be relied on: {}", clean(why)))?;
    }
    if !r.findings.is_empty() {
        line("")?;
        line(format!(
            "{}:",
            count(r.findings.len() as u64 + r.more_findings, "finding", "findings")
        ))?;
        for finding in &r.findings {
            print_finding(finding)?;
        }
        if r.more_findings > 0 {
            line(format!("  and {} more", r.more_findings))?;
        }
    }
    for (finding, reason) in &r.known {
        line(format!("  known, not counted: {} {} ({reason})", finding.id, finding.object))?;
    }
    line("")?;
    print_verdict("integrity", &r.integrity)?;
    print_verdict("completeness", &r.completeness)?;
    print_verdict("anchoring", &r.anchoring)?;
    let words = match r.exit_code {
        0 => "all that was asked was checked and holds",
        1 => "ALTERED",
        4 => "INCOMPLETE",
        5 => "ROLLED BACK OR DIVERGED",
        _ => "NOT PROVED: see what was not checked",
    };
    line(format!("result: {words} (exit code {})", r.exit_code))
}

fn print_removal(r: &Removal) -> anyhow::Result<()> {
    let state = match r.gone {
        Some(true) => "removed by order",
        Some(false) => "not yet removed",
        None => "removal ordered",
    };
    line(format!("  {state}  {}", r.object))?;
    let by = if r.officers.is_empty() { "nobody known".into() } else { r.officers.join(", ") };
    let (basis, reason) = (&r.basis, clean(&r.reason));
    line(format!("    {basis}, by {by} at {}: {reason}", r.ordered_at))
}

pub(super) fn print_finding(f: &Finding) -> anyhow::Result<()> {
    line(format!("  {}  {}", f.code.as_str(), f.object))?;
    line(format!("    {}", f.detail))?;
    line(format!("    to do: {}  [{}]", f.code.remedy(), f.id))
}

fn print_verdict(name: &str, v: &Verdict) -> anyhow::Result<()> {
    let state = match v.state {
        VerdictState::Holds => "holds",
        VerdictState::Failed => "FAILED",
        VerdictState::NotChecked => "not checked",
    };
    line(format!("{name:<13} {state}: {}", v.reason))
}
