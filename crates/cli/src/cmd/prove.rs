//! `dayseal prove`

use anyhow::Context as _;
use dayseal::Resource;
use dayseal_auditor::find::{Found, IdSearch};
use dayseal_auditor::prove::{ProveError, prove};

use super::create_file;
use crate::access::Access;
use crate::args::{Args, Prove};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::exit::{Exit, UsageError};
use crate::output::{line, tell, write};

pub(crate) async fn run(args: &Args, own: &Prove) -> anyhow::Result<Exit> {
    if let Some(path) = own.out.as_ref().filter(|p| p.exists()) {
        return Err(UsageError(format!("{} exists", path.display())).into());
    }
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let mut problems = Problems::default();
    let search = IdSearch { id: own.id, full: own.full, all: false };
    let log = desk.reader();
    let (found, tally) = search.run(&log, |p| problems.tell(p)).await?;
    let access = |entries| Access {
        kind: "log.exported",
        action: if own.redact { "prove_redacted" } else { "prove" },
        resource: Some(Resource::new("entry").id(own.id.to_string())),
        filters: Vec::new(),
        entries,
        purpose: own.reading.purpose.as_deref(),
    };
    let Some(found) = found.first() else {
        access(0).record(args, &config).await;
        tell_tally(&tally);
        line(format!("no entry {} in the batches that can hold it", own.id))?;
        return Ok(problems.exit(Exit::Incomplete));
    };
    let proof = match prove(&log, found).await {
        Err(error @ ProveError::NotSealed { .. }) => {
            access(0).record(args, &config).await;
            tell(&format!("dayseal: {error}"));
            tell(&when(&config, found));
            return Ok(Exit::Unchecked);
        }
        Err(ProveError::Day { day, source }) => {
            let exit = Exit::from_code(source.outcome().exit_code());
            let error = anyhow::Error::from(ProveError::Day { day, source });
            tell(&format!("dayseal: {error:#}"));
            return Ok(exit);
        }
        other => other?,
    };
    let proof = if own.redact { proof.redact() } else { proof };
    access(1).record(args, &config).await;
    let bytes = proof.encode();
    match &own.out {
        None => drop(write(&bytes)?),
        Some(path) => {
            create_file(path, &bytes)
                .with_context(|| format!("cannot write {}", path.display()))?;
            tell(&format!("wrote {}; check it with `dayseal verify-proof`", path.display()));
        }
    }
    Ok(Exit::Ok)
}

/// When the day of a batch that is not sealed ends, with its grace.
fn when(config: &Config<'_>, found: &Found) -> String {
    let day = found.batch.key.day;
    let end = day.last_instant().saturating_add(1 + config.grace_ms(None));
    format!(
        "the day {day} can be sealed from {end} on; a day sealed already takes it with the next"
    )
}
