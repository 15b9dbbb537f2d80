//! Gathers what a report is made of: verification, the entries it opens and those it does not, days, holds, retention, settings.

use dayseal_auditor::check::{CheckReport, Profile};
use dayseal_auditor::find::Problem;
use dayseal_auditor::hold::{Recorded, unmatched};
use dayseal_auditor::query::{People, Query, Scan};
use dayseal_auditor::retention::{Plan, Rules, nothing_held, plan};
use dayseal_chain::verify::Report as Verification;
use dayseal_chain::{Verifier, VerifyOptions};
use dayseal_format::{Day, Level};
use dayseal_report::Framework;
use dayseal_report::days::read_days;
use dayseal_report::facts::{Facts, HoldFacts, Reading};

use super::entries::Entries;
use crate::args::{Args, Report as Own};
use crate::cmd::check;
use crate::cmd::hold::read_signed;
use crate::cmd::verify::{days, known_head};
use crate::config::Config;
use crate::desk::{Desk, Problems, needed_policy, tell_tally};
use crate::exit::{Exit, UsageError};
use crate::output::tell;
use crate::progress::VerifyProgress;

/// Everything, and the exit code that problems of reading lead to.
pub(super) async fn gather(
    args: &Args,
    config: &Config<'_>,
    own: &Own,
    frameworks: &[Framework],
) -> anyhow::Result<(Facts, u8)> {
    let policy = needed_policy(config)?;
    let desk = Desk::open(config).await?;
    let log = desk.reader();
    let (first, last) = days(own.days.as_deref())?;
    let (from, to) =
        (first.unwrap_or(log.first_day).max(log.first_day), last.unwrap_or(desk.today()));
    if from > to {
        let text =
            format!("--days: the log begins on {}; today is {}", log.first_day, desk.today());
        return Err(UsageError(text).into());
    }
    let mut entries = Entries::new(from..=to);
    // What is stored is summed up meanwhile.
    let verifying = verify(args, config, own, &desk, (first, last), &mut entries);
    let (verification, plan) = tokio::join!(verifying, planned(config, &policy));
    let verification = verification?;

    let scanned = entries.scanned();
    let Entries { mut numbers, taken, sealed, .. } = entries;
    let query = Query { days: Some((from, to)), ..Query::default() };
    // Nobody is looked for: no secret is needed.
    let people = People::new(log.origin.clone(), Vec::new());
    let mut scan = Scan::new(&log, &query, people).without(&taken);
    let (mut reading, mut problems) = (Reading::default(), Problems::default());
    let told = |problem: Problem| {
        let text = problem.to_string();
        // What the policy knows is shown, and not counted.
        let known = verification.known.iter().any(|(f, _)| about(&f.object, &text));
        if known {
            tell(&format!("dayseal: {text}"));
        } else {
            problems.tell(problem);
        }
        reading.problem(text);
    };
    let take = |later| {
        numbers.merge(later);
        true
    };
    scan.fold(told, scanned, take).await?;
    reading.tally(&scan);
    tell_tally(&scan.tally);

    let statistics = numbers.collector.finish(own.top as usize);
    let calendar =
        read_days(&log, (from, to), policy.max_seal_hours, &verification, &sealed).await?;
    let whole = from == log.first_day && to >= desk.today() && reading.problems == 0;
    let compared = (whole && !statistics.holds_left_out).then_some(&*statistics.recorded_holds);
    let holds = holds(config, &policy, compared).await?;
    let facts = Facts {
        at: log.now,
        days: (from, to),
        statistics,
        reading,
        verification,
        calendar,
        holds,
        plan,
        unmasked: Some(numbers.found.finish()),
        settings: settings(config, own, frameworks).await?,
        policy,
    };
    let code = problems.exit(Exit::Ok) as u8;
    Ok((facts, code))
}

/// Whether a text names this object, which may have a version behind it.
fn about(object: &str, text: &str) -> bool {
    object.split('@').next().is_some_and(|key| key.contains('/') && text.contains(key))
}

async fn verify(
    args: &Args,
    config: &Config<'_>,
    own: &Own,
    desk: &Desk,
    (first, last): (Option<Day>, Option<Day>),
    entries: &mut Entries,
) -> anyhow::Result<Verification> {
    let policy = needed_policy(config)?;
    let level = own.level.unwrap_or(policy.require);
    let mut options = VerifyOptions::new(level, config.now()?);
    // A last day that is not over asks for the newest there is: only then is what is overdue looked for.
    (options.first, options.last) = (first, last.filter(|last| *last < desk.today()));
    options.known_head = known_head(own.known_head.as_deref(), false, Some(&policy))?;
    let (evidence, state) = (config.evidence().await?, config.state().await?);
    let content = if level == Level::Entries { config.content().await? } else { None };
    let keys = (level == Level::Entries).then_some(&*desk.opener().keys);
    let mut verifier =
        Verifier::new(&*evidence, state.as_deref(), Some(&policy), keys, options).await?;
    if let Some(content) = &content {
        verifier = verifier.with_content(&**content);
    }
    if level == Level::Entries {
        verifier = verifier.with_hint_keys(config.hint_keys(&policy.origin).await);
    }
    let progress = VerifyProgress::new(args, None);
    let report = verifier.run_with(entries, &progress).await;
    progress.finish();
    Ok(report?)
}

/// Legal holds, compared with what the log records of them where all of it was read.
async fn holds(
    config: &Config<'_>,
    policy: &dayseal_format::Policy,
    recorded: Option<&[Recorded]>,
) -> anyhow::Result<HoldFacts> {
    let Some(state) = config.state().await? else { return Ok(HoldFacts::default()) };
    Ok(match read_signed(&*state, &policy.origin, &policy.officers).await {
        Ok(holds) => {
            let standing: Vec<_> = holds.standing().cloned().collect();
            HoldFacts {
                released: (holds.all.len() - standing.len()) as u64,
                standing,
                differences: recorded.map(|recorded| unmatched(&holds, recorded)),
                unread: None,
            }
        }
        Err(error) => HoldFacts { unread: Some(format!("{error:#}")), ..HoldFacts::default() },
    })
}

/// What is stored and when it goes: of all days.
async fn planned(config: &Config<'_>, policy: &dayseal_format::Policy) -> Option<Plan> {
    let retention = config.file().map_or(policy.retention_floor, |file| file.retention_days);
    let evidence = config.evidence().await.ok()?;
    let (rules, now) = (Rules::default(), config.now().ok()?);
    let floor = policy.retention_floor;
    match plan(&*evidence, retention, floor, &rules, None, &nothing_held, now).await {
        Ok(plan) => Some(plan),
        Err(error) => {
            tell(&format!(
                "what is stored could not be summed up: {:#}",
                anyhow::Error::from(error)
            ));
            None
        }
    }
}

/// Settings in AWS, against the profile of the framework that asks for most.
async fn settings(
    config: &Config<'_>,
    own: &Own,
    frameworks: &[Framework],
) -> anyhow::Result<Option<CheckReport>> {
    if !own.settings {
        return Ok(None);
    }
    let profiles = frameworks.iter().filter_map(|f| Profile::named(f.profile()));
    let strictest = profiles.max_by_key(|p| p.floor_days).map(|p| p.name);
    let configured = config.based_file().and_then(|(_, file)| file.check.profile.as_deref());
    check::look(config, configured.or(strictest)).await.map(Some)
}
