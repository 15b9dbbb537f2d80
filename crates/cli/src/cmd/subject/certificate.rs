//! `dayseal subject certificate`

use anyhow::Context as _;
use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Certificate, Eraser, Recorder, jobs};
use dayseal_chain::receipts::Receipt;

use super::people::{officers, origin};
use crate::args::{Args, SubjectCertificate};
use crate::config::Config;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::output::{json, line};

/// One thing looked at.
#[derive(serde::Serialize)]
struct Line {
    /// `checked`, `not_checked` or `failed`.
    result: &'static str,
    what: String,
}

fn checked(what: impl Into<String>) -> Line {
    Line { result: "checked", what: what.into() }
}

fn not_checked(what: impl Into<String>) -> Line {
    Line { result: "not_checked", what: what.into() }
}

fn failed(what: impl Into<String>) -> Line {
    Line { result: "failed", what: what.into() }
}

pub(super) async fn run(args: &Args, own: &SubjectCertificate) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let origin = origin(&config)?;
    let bytes = std::fs::read(&own.file)
        .with_context(|| format!("cannot read the certificate {}", own.file.display()))?;
    let (said, signers) = match Certificate::read(&bytes, origin, &officers(&config)?) {
        Ok(read) => read,
        Err(error) => {
            return report(args, None, &[failed(format!("certificate: {error}"))]);
        }
    };
    let mut lines = Vec::new();
    lines.push(match signers.first() {
        Some(key) => checked(format!("signed by {}", key.name())),
        None => not_checked("nobody signed it"),
    });
    lines.push(by_job(&config, &said).await?);
    lines.push(by_log(&config, &said).await);
    lines.push(by_content(&config, &said).await?);
    report(args, Some(&said), &lines)
}

fn report(args: &Args, said: Option<&Certificate>, lines: &[Line]) -> anyhow::Result<Exit> {
    if args.json {
        json(&serde_json::json!({ "v": 1, "certificate": said, "checks": lines }))?;
    } else {
        for l in lines {
            line(format!("{}: {}", l.result.replace('_', " "), crate::output::clean(&l.what)))?;
        }
    }
    let any = |result| lines.iter().any(|l| l.result == result);
    Ok(match (any("failed"), any("not_checked")) {
        (true, _) => Exit::Altered,
        (false, true) => Exit::Unchecked,
        _ => Exit::Ok,
    })
}

/// Against the erasure's file.
async fn by_job(config: &Config<'_>, said: &Certificate) -> anyhow::Result<Line> {
    let Some(state) = config.state().await? else { return Ok(not_checked("no state root given")) };
    let known = jobs(&*state, &said.origin).await?;
    let Some(open) = known.iter().find(|open| open.job.receipt == said.receipt) else {
        return Ok(failed(format!("there is no erasure {} in the state root", said.receipt)));
    };
    let differs = said.differs(&open.job);
    Ok(match differs.first() {
        None => checked("it says what the erasure's file says"),
        Some(_) => failed(differs.join("; ")),
    })
}

/// Against the entry that records the end.
async fn by_log(config: &Config<'_>, said: &Certificate) -> Line {
    let found = async { Desk::open(config).await?.entry(said.completed).await };
    let found = match found.await {
        Err(error) => return not_checked(format!("the log cannot be read: {error:#}")),
        Ok(None) => return failed(format!("no entry {} in the log", said.completed)),
        Ok(Some(found)) => found,
    };
    let Some(receipt) = Receipt::of(&found.event) else {
        return failed(format!("entry {} completes no erasure", said.completed));
    };
    let label = |name: &str| found.event.labels.get(&format!("erasure.{name}")).cloned();
    let counts = [
        ("objects", said.erased.objects),
        ("frames", said.erased.frames),
        ("records", said.erased.records),
    ];
    let same = receipt.id == said.receipt
        && receipt.through == said.through
        && receipt.subjects.iter().eq(&said.subjects)
        && counts.iter().all(|(name, n)| label(name) == Some(n.to_string()));
    match same {
        true => checked(format!(
            "it says what entry {} says; `dayseal verify` proves the entry",
            said.completed
        )),
        false => failed(format!("entry {} says something else", said.completed)),
    }
}

/// Against what is there now.
async fn by_content(config: &Config<'_>, said: &Certificate) -> anyhow::Result<Line> {
    let Some(content) = config.content().await? else {
        return Ok(not_checked("no content root given"));
    };
    let (origin, none) = (&said.origin, Nobody);
    let (content, late_days, grace_ms) = (&*content, config.late_days(), 0);
    let eraser = Eraser {
        content,
        state: content,
        recorder: &none,
        origin,
        late_days,
        grace_ms,
        jobs: 16,
        indexes: &[],
    };
    let plan = match eraser.plan(&said.subjects, &Holds::default()).await {
        Ok(plan) => plan,
        Err(error) => return Ok(not_checked(format!("the content root cannot be read: {error}"))),
    };
    let through = said.through.to_string();
    let back: Vec<_> = plan.days.keys().filter(|day| **day <= through).cloned().collect();
    Ok(if !back.is_empty() {
        failed(format!("contents about the person are there again, of {}", back.join(", ")))
    } else if plan.failed > 0 {
        not_checked(format!("{} content objects could not be read", plan.failed))
    } else {
        checked(format!("no content about the person is there of days up to {through}"))
    })
}

/// Checking records nothing.
struct Nobody;

#[async_trait::async_trait]
impl Recorder for Nobody {
    async fn record(
        &self,
        _: dayseal::EventDraft,
    ) -> Result<dayseal::Acknowledgement, Box<dyn std::error::Error + Send + Sync>> {
        Err("a check records nothing".into())
    }
}
