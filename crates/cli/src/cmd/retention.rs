//! `dayseal retention`

use anyhow::Context as _;
use dayseal_auditor::hold::{Holds, Kept};
use dayseal_auditor::retention::{
    Applied, Change, ClassCost, DEFAULT_CONTENT_DAYS, Effect, Plan, Roots, Rules, Swept, apply,
    nothing_held, plan,
};
use dayseal_format::{Day, Policy};
use dayseal_store::{DirectoryStore, Store, open_directory};

use crate::args::{Args, RetentionApply, RetentionArgs, RetentionCommand, RetentionPlan};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{bytes, clean, count, json, line, number};

pub(crate) async fn run(args: &Args, own: &RetentionArgs) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    match &own.command {
        RetentionCommand::Plan(own) => run_plan(&config, own).await,
        RetentionCommand::Apply(own) => run_apply(&config, own).await,
    }
}

async fn run_plan(config: &Config<'_>, own: &RetentionPlan) -> anyhow::Result<Exit> {
    let evidence = config.evidence().await?;
    let retention = config.file()?.retention_days;
    let floor = config.policy()?.map_or(0, |p| p.retention_floor);
    let rules = Rules { margin_days: own.margin_days, ..Rules::default() };
    let now = config.now()?;
    let plan = plan(&*evidence, retention, floor, &rules, own.days, &nothing_held, now).await?;
    if config.args.json {
        json(&plan)?;
    } else {
        print(&plan, own.all)?;
    }
    Ok(Exit::Ok)
}

async fn run_apply(config: &Config<'_>, own: &RetentionApply) -> anyhow::Result<Exit> {
    let evidence = directory(config.evidence().await?.url())?;
    let content = config.content_url().map(|url| directory(&url)).transpose()?;
    let policy = config.policy()?.ok_or_else(|| {
        UsageError(
            "no policy: what is deleted must be signed by a key that it names; give --policy FILE"
                .into(),
        )
    })?;
    let configured = config.content_days().and_then(|days| u16::try_from(days).ok());
    let content_days = own.content_days.or(configured).unwrap_or(DEFAULT_CONTENT_DAYS);
    let rules = Rules { margin_days: own.margin_days, content_days };
    let holds = holds(config, &policy).await?;
    let looked_into = content.as_ref().map(|content| content as &dyn Store);
    let kept = Kept::find(&holds, looked_into).await.context("cannot tell what is held")?;
    let held = |object: &str, _: Day| kept.keeps(object);
    let state = config.state().await?.map(|state| open_directory(state.url())).transpose()?;
    let state = state.flatten();
    let roots = Roots { evidence: &evidence, content: content.as_ref(), state: state.as_ref() };
    let today = config.now()?.day();
    let applied = apply(roots, &policy, &rules, today, &held, own.dry_run).await?;
    if config.args.json {
        json(&applied)?;
    } else {
        print_applied(&applied)?;
    }
    Ok(if applied.left.is_empty() { Exit::Ok } else { Exit::Unchecked })
}

/// The legal holds of the log. Without a state root there is nowhere that they could be.
async fn holds(config: &Config<'_>, policy: &Policy) -> anyhow::Result<Holds> {
    let Some(state) = config.state().await? else { return Ok(Holds::default()) };
    let read = super::hold::read_signed(&*state, &policy.origin, &policy.officers).await;
    read.context("cannot rely on the legal holds: nothing is removed")
}

fn directory(url: &str) -> anyhow::Result<DirectoryStore> {
    open_directory(url)?.ok_or_else(|| {
        let say = "the bucket's own lifecycle rules do this (infra/README.md, \"Retention\"); `retention apply` is for directories";
        UsageError(format!("{url} is a bucket: {say}")).into()
    })
}

/// A row of the table: what goes in a month, or on a day.
struct Row {
    name: String,
    days: u64,
    objects: u64,
    bytes: u64,
    held: u64,
}

fn print(plan: &Plan, all: bool) -> anyhow::Result<()> {
    let today = plan.at.day();
    line(format!(
        "{} of entries in {}; days are kept {} days and {} more",
        bytes(plan.bytes),
        count(plan.objects, "object", "objects"),
        plan.retention_days,
        plan.margin_days,
    ))?;
    let mut rows: Vec<Row> = Vec::new();
    for day in plan.days.iter().filter(|d| d.objects > 0) {
        let name = match day.entries_gone {
            None => "its manifest is gone".to_owned(),
            Some(gone) if gone <= today => "due now".to_owned(),
            Some(gone) if all => format!("{gone}  of {}", day.day),
            Some(gone) => gone.to_string()[..7].to_owned(),
        };
        if rows.last().is_none_or(|row| row.name != name) {
            rows.push(Row { name: name.clone(), days: 0, objects: 0, bytes: 0, held: 0 });
        }
        if let Some(row) = rows.last_mut() {
            row.days += 1;
            row.objects += day.objects;
            row.bytes += day.bytes;
            row.held += day.held;
        }
    }
    line("entries go, by the rule:")?;
    for row in &rows {
        let held =
            if row.held > 0 { format!(", {} held", number(row.held)) } else { String::new() };
        let days = count(row.days, "day", "days");
        let objects = count(row.objects, "object", "objects");
        line(format!("  {:<24}{days}, {objects}, {}{held}", row.name, bytes(row.bytes)))?;
    }
    if let Some(first) = plan.days.iter().filter(|d| d.sealed).find_map(|d| d.chain_gone) {
        line(format!("manifests and checkpoints go from {first} on, oldest first"))?;
    }
    costs(&plan.costs)?;
    plan.change.as_ref().map_or(Ok(()), |change| print_change(change, plan.retention_days))
}

fn costs(costs: &[ClassCost]) -> anyhow::Result<()> {
    line("these entries in each storage class, at the list prices of us-east-1, March 2026:")?;
    for cost in costs {
        let restore = if cost.class.restore { "; not readable without a restore" } else { "" };
        line(format!(
            "  {:<14}${:.2} a month; ${:.2} to move {}, ${:.2} to read them once{restore}",
            cost.class.class,
            cost.usd_per_month,
            cost.usd_to_move,
            count(cost.moved_objects, "object", "objects"),
            cost.usd_to_read,
        ))?;
    }
    line("  objects under 128 KB stay in STANDARD: rules do not move them")
}

fn print_change(change: &Change, present: u32) -> anyhow::Result<()> {
    line(format!("with {} days instead of {present}:", change.days))?;
    for span in &change.sealed {
        line(format!(
            "  {} to {}: sealed, kept {} days, the last until {}: no change",
            span.first, span.last, span.days, span.keep_until
        ))?;
    }
    let difference = change.days.abs_diff(present);
    let what = match change.effect {
        Effect::Longer => format!("{} longer", count(difference.into(), "day", "days")),
        Effect::Shorter => format!("{} shorter", count(difference.into(), "day", "days")),
        Effect::None => "as long as now".to_owned(),
    };
    line(format!("  from {} on: kept {what}", change.from))?;
    if let Some(floor) = change.below_floor {
        line(format!(
            "  the policy's floor is {floor} days: every such day would be the finding retention_shortened"
        ))?;
    }
    let when = match change.rule_before {
        Some(before) => format!("before {before}, or it takes the first of them too early"),
        None => format!(
            "not before {}: it goes by age and would take older days too",
            change.rule_not_before
        ),
    };
    if change.effect != Effect::None {
        line(format!("  a bucket's rule: expiry after {} days, {when}", change.expiry_days))?;
    }
    line(format!(
        "  in the long run {} of entries, instead of {}",
        bytes(change.bytes_in_the_long_run),
        bytes(change.bytes_at_present)
    ))
}

fn print_applied(applied: &Applied) -> anyhow::Result<()> {
    let done = if applied.dry_run { "would go" } else { "gone" };
    for day in &applied.days {
        let chain = match (day.manifest, day.checkpoint) {
            (false, false) => "",
            (true, true) => ", its manifest and checkpoint",
            (true, false) => ", its manifest",
            (false, true) => ", its checkpoint",
        };
        line(format!("{done}  {}  {}{chain}", day.day, swept(day.entries)))?;
    }
    if applied.content != Swept::default() {
        line(format!("{done}  content     {}", swept(applied.content)))?;
    }
    for left in &applied.left {
        line(format!("left  {}  {}", clean(&left.object), clean(&left.why)))?;
    }
    if applied.days.is_empty() && applied.content == Swept::default() {
        line("nothing has expired")?;
    }
    Ok(())
}

fn swept(swept: Swept) -> String {
    let held =
        if swept.held > 0 { format!(", {} held", number(swept.held)) } else { String::new() };
    format!("{}, {}{held}", count(swept.objects, "object", "objects"), bytes(swept.bytes))
}
