//! `dayseal subject erase`

use anyhow::Context as _;
use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{
    Certificate, Counts, Ended, Eraser, Job, OpenJob, Order, Plan, Problem, jobs,
};
use dayseal_format::UnixMillis;
use dayseal_keys::{random, sign_note};
use serde::Serialize;

use super::Producer;
use super::people::{Signing, names, officers, origin};
use crate::args::{Args, SubjectErase};
use crate::cmd::create_file;
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{count, json, line, number, tell};
use crate::recording::open_plain_log;

/// The `--json` contract of one erasure.
#[derive(Serialize)]
struct Answer<'a> {
    v: u8,
    /// `dry_run`, `nothing`, `refused`, `waiting`, `unfinished` or `completed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    subjects: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'a Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<UnixMillis>,
    problems: &'a [Problem],
}

pub(super) async fn run(args: &Args, own: &SubjectErase) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let file = config.file()?;
    let origin = origin(&config)?;
    let subjects = match (own.person.ids.is_empty(), own.resume) {
        (true, true) => Vec::new(),
        _ => names(&config, &own.person.ids, &own.person.tenants).await?.subjects,
    };
    let content = config.needed_content().await?;
    let state = config.state().await?.context("no state root: give --state URL")?;
    let log = open_plain_log(args, &config).await?;
    let recorder = Producer(log);
    let eraser = Eraser {
        content: &*content,
        state: &*state,
        recorder: &recorder,
        origin,
        late_days: file.late_days,
        grace_ms: config.grace_ms(None),
        jobs: own.jobs,
        indexes: &[],
    };
    let known = jobs(&*state, origin).await?;
    let seen = known.iter().map(|open| open.job.holds).max().unwrap_or_default();
    let holds = Holds::read(&*state, origin, &officers(&config)?, seen).await;
    let holds = holds.context("the holds of the log cannot be relied on, so nothing is erased")?;
    let signing = Signing::open(&config, &own.order).await?;
    let command = Command { args, own, config: &config, eraser, holds, signing };
    let done = command.run(known, subjects).await;
    let closed = recorder.0.close().await;
    let exit = done?;
    closed.context("not every entry was stored")?;
    Ok(exit)
}

struct Command<'a> {
    args: &'a Args,
    own: &'a SubjectErase,
    config: &'a Config<'a>,
    eraser: Eraser<'a>,
    holds: Holds,
    signing: Signing,
}

impl Command<'_> {
    async fn run(&self, known: Vec<OpenJob>, subjects: Vec<String>) -> anyhow::Result<Exit> {
        let (done, open): (Vec<_>, Vec<_>) = known.into_iter().partition(|o| o.job.is_done());
        if self.own.resume && subjects.is_empty() {
            return self.resume_all(open).await;
        }
        if let Some(mut open) = open.into_iter().find(|open| open.job.covers(&subjects)) {
            if self.own.yes || self.own.resume {
                return self.go_on(&mut open).await;
            }
            tell(&format!("an erasure is open: receipt {}; --resume goes on", open.job.receipt));
        } else if self.own.resume {
            // A certificate of what was completed before.
            let last = done.iter().rev().find(|open| open.job.covers(&subjects));
            let Some(last) = last else {
                return Err(
                    UsageError("there is no erasure of this person to go on with".into()).into()
                );
            };
            self.certify(&last.job).await?;
            return self.tell_done(&last.job);
        }
        let plan = self.eraser.plan(&subjects, &self.holds).await?;
        let held = !plan.held.is_empty() && !self.own.skip_held;
        if !self.own.yes || held {
            return self.tell_plan(&subjects, &plan, held);
        }
        let before = done.iter().rev().find(|open| open.job.covers(&subjects));
        if let Some(before) = before.filter(|_| plan.total().is_empty() && plan.problems.is_empty())
        {
            return self.tell_nothing(&before.job);
        }
        let order = Order {
            subjects,
            tenant: self.own.person.tenants.first().cloned().unwrap_or_else(|| "default".into()),
            reason: self.own.reason.clone().unwrap_or_default(),
            exemption: self.own.exemption.clone(),
            by: self.signing.name.clone(),
        };
        let now = self.config.now()?;
        let mut open = self.eraser.begin(order, &plan, &self.holds, now, random()?).await?;
        self.go_on(&mut open).await
    }

    /// Every open one; one that fails stops no other.
    async fn resume_all(&self, open: Vec<OpenJob>) -> anyhow::Result<Exit> {
        if open.is_empty() {
            tell("no erasure is open");
        }
        let mut exit = Exit::Ok;
        for mut open in open {
            match self.go_on(&mut open).await {
                Ok(Exit::Ok) => {}
                Ok(other) => exit = other,
                Err(error) => {
                    tell(&format!("dayseal: erasure {}: {error:#}", open.job.receipt));
                    exit = Exit::Unchecked;
                }
            }
        }
        Ok(exit)
    }

    async fn go_on(&self, open: &mut OpenJob) -> anyhow::Result<Exit> {
        let ended = self.eraser.run(open, &self.holds, self.config.now()?).await?;
        let job = &open.job;
        match ended {
            Ended::Completed => {
                self.certify(job).await?;
                self.tell_done(job)
            }
            Ended::Waiting(due) => {
                let text = format!(
                    "what is late can still land until {due}: the erasure stays open, and `dayseal subject erase --resume` ends it then"
                );
                self.tell_job(job, "waiting", Some(due), &text)?;
                Ok(Exit::Ok)
            }
            Ended::Unfinished => {
                let pass = job.pass.as_ref();
                let (held, failed) = pass.map_or((0, 0), |p| (p.held, p.failed));
                for problem in pass.map(|p| p.problems.as_slice()).unwrap_or_default() {
                    tell(&format!("{}: {}", problem.object, problem.problem));
                }
                let text = format!(
                    "not complete: {} under a legal hold, {} could not be dealt with; the erasure stays open",
                    count(held, "object is", "objects are"),
                    number(failed),
                );
                self.tell_job(job, "unfinished", None, &text)?;
                Ok(Exit::Unchecked)
            }
        }
    }

    fn tell_plan(&self, subjects: &[String], plan: &Plan, refused: bool) -> anyhow::Result<Exit> {
        let state = if refused && self.own.yes { "refused" } else { "dry_run" };
        if self.args.json {
            let (plan, problems) = (Some(plan), plan.problems.as_slice());
            json(&Answer {
                v: 1,
                state,
                receipt: None,
                subjects,
                plan,
                erased: None,
                due: None,
                problems,
            })?;
        } else {
            subjects.iter().try_for_each(|name| line(format!("subject: {name}")))?;
            line(format!("looked at {}", count(plan.looked, "content object", "content objects")))?;
            for (day, counts) in &plan.days {
                line(format!("  {day}: {}", words(*counts)))?;
            }
            line(format!("would erase {}", words(plan.total())))?;
            for held in &plan.held {
                let objects = count(held.objects, "object", "objects");
                line(format!(
                    "held: {objects}, by hold {}: {}",
                    held.hold,
                    crate::output::clean(&held.reason)
                ))?;
            }
            for problem in &plan.problems {
                tell(&format!("{}: {}", problem.object, problem.problem));
            }
            match state {
                "refused" => {
                    tell("refused: some of it is under a legal hold; --skip-held erases the rest")
                }
                _ => tell("nothing was changed: give --reason TEXT --yes to erase"),
            }
        }
        Ok(match (state, plan.problems.is_empty()) {
            ("refused", _) => Exit::Altered,
            (_, false) => Exit::Unchecked,
            _ => Exit::Ok,
        })
    }

    fn tell_nothing(&self, job: &Job) -> anyhow::Result<Exit> {
        let text = "nothing is left to erase, and nothing was changed: it was erased before";
        self.tell_job(job, "nothing", None, text)?;
        Ok(Exit::Ok)
    }

    fn tell_done(&self, job: &Job) -> anyhow::Result<Exit> {
        let through = job.completed.as_ref().map(|end| end.through.to_string());
        let text =
            format!("complete: nothing is left of days up to {}", through.unwrap_or_default());
        self.tell_job(job, "completed", None, &text)?;
        Ok(Exit::Ok)
    }

    fn tell_job(
        &self,
        job: &Job,
        state: &'static str,
        due: Option<UnixMillis>,
        text: &str,
    ) -> anyhow::Result<()> {
        if self.args.json {
            let problems = job.pass.as_ref().map(|p| p.problems.as_slice()).unwrap_or_default();
            let receipt = Some(job.receipt.to_string());
            let (subjects, erased) = (job.subjects.as_slice(), Some(job.total()));
            return json(&Answer {
                v: 1,
                state,
                receipt,
                subjects,
                plan: None,
                erased,
                due,
                problems,
            });
        }
        line(format!("receipt: {}", job.receipt))?;
        line(format!("erased {}", words(job.total())))?;
        line(text)
    }

    /// Writes the certificate, if it is asked for.
    async fn certify(&self, job: &Job) -> anyhow::Result<()> {
        let Some(path) = &self.own.certificate else { return Ok(()) };
        let retention = self.config.file()?.retention_days;
        let certificate = Certificate::of(job, retention, self.config.now()?);
        let text = certificate.context("the erasure is not completed")?.statement()?.text();
        let text = match &self.signing.signer {
            Some(signer) => {
                let note = sign_note(&text, &[&**signer]).await?;
                let known = [signer.verifier_key().clone()];
                Certificate::read(note.as_bytes(), &job.origin, &known)?;
                note
            }
            None => {
                tell("the certificate is not signed: --officer NAME --sign-with KEY sign it");
                text
            }
        };
        create_file(path, text.as_bytes())
            .with_context(|| format!("cannot write the certificate {}", path.display()))
    }
}

fn words(counts: Counts) -> String {
    format!(
        "{}, {}, {}",
        count(counts.objects, "object", "objects"),
        count(counts.frames, "frame", "frames"),
        count(counts.records, "record", "records")
    )
}
