//! The function `verify`: goes on from its memory, reads a share of the past again, and tells.

use std::pin::pin;
use std::sync::Arc;

use dayseal_chain::Verifier;
use dayseal_chain::verify::{Finding, Report, Silent, VerifyOptions};
use dayseal_chain::watch::{MemoryState, WatchOptions, Watcher};
use dayseal_format::{Day, Digest, Level, Policy, UnixMillis};
use dayseal_keys::aws::open_opener;
use dayseal_keys::{DataKeyOpener, KeyRef};
use dayseal_store::{Condition, ErrorKind, Store};
use serde::Serialize;
use tokio::time::Instant;

use crate::metrics::hours;
use crate::{Alarm, Budget, Context, FunctionError, Handler, Metrics, Topic, Unit, VerifyInput};

/// Objects read at once: what hides S3's latency without filling a small function's memory.
const JOBS: usize = 8;
/// Longest policy read, in bytes.
const MAX_POLICY: u64 = 1 << 20;
/// Findings in an answer and a message; the report has more.
const SHOWN: usize = 10;

/// The handler.
#[derive(Debug)]
pub struct Verify {
    context: Context,
    topic: std::sync::OnceLock<Topic>,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyOutput {
    v: u8,
    log: String,
    /// Of `dayseal verify`.
    pub exit_code: u8,
    /// The exit code in a word.
    pub verdict: &'static str,
    /// Whether the run knew anything from before; `None` for a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryState>,
    /// How many findings.
    pub findings: u64,
    /// The first of them.
    pub first_findings: Vec<Finding>,
    /// First day checked.
    pub from: Option<Day>,
    /// Last day checked.
    pub to: Option<Day>,
    /// Days hashed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehashed: Option<Days>,
    /// URL of the report.
    pub report: String,
    /// The run reached its end.
    pub done: bool,
}

/// Two days and what lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Days {
    from: Option<Day>,
    to: Option<Day>,
}

/// What a run gives, before it is told.
struct Ran {
    json: Vec<u8>,
    memory: Option<MemoryState>,
    exit_code: u8,
    findings: Vec<Finding>,
    more: u64,
    forward: Days,
    rehashed: Option<Days>,
    bytes_again: u64,
    done: bool,
}

impl Handler for Verify {
    type Input = VerifyInput;
    type Output = VerifyOutput;

    fn new(context: Context) -> Self {
        Self { context, topic: std::sync::OnceLock::new() }
    }

    async fn call(
        &self,
        input: VerifyInput,
        budget: Budget,
    ) -> (Result<VerifyOutput, FunctionError>, Option<Metrics>) {
        let begun = Instant::now();
        let kms = self.context.aws.counts().kms_requests;
        let (name, ran) = match Box::pin(self.run(&input, budget)).await {
            Ok(ran) => ran,
            Err(error) => return (Err(error), None),
        };
        // Metrics first: they must not depend on the report or the message.
        let mut metrics = metrics(&name, &ran, budget.now);
        metrics.count("KmsCalls", self.context.aws.counts().kms_requests - kms);
        let duration = begun.elapsed().as_secs_f64() * 1000.0;
        metrics.put("VerifyDuration", Unit::Milliseconds, duration);
        (Box::pin(self.tell(name, ran, budget.now)).await, Some(metrics))
    }
}

impl Verify {
    async fn run(
        &self,
        input: &VerifyInput,
        budget: Budget,
    ) -> Result<(String, Ran), FunctionError> {
        let config = &self.context.config;
        let (name, log) = config.log(input.log.as_deref())?;
        tracing::info!(log = name, scheduled_time = input.scheduled_time, "verifying");
        let level = input.level.unwrap_or(config.level);
        let evidence = self.context.store(&config.evidence(name)).await?;
        let state = self.context.store(&config.state(name)).await?;
        let policy = self.policy(name).await?;
        if let Some(policy) = policy.as_ref().filter(|p| p.origin != log.origin) {
            return Err(FunctionError::Config(format!(
                "{}/{name} is the policy of {}: expected {}",
                config.policies(),
                policy.origin,
                log.origin
            )));
        }
        let opener = match &policy {
            Some(policy) if level == Level::Entries => Some(self.opener(policy).await?),
            _ => None,
        };
        let roots = (&*evidence, &*state);
        let ran = match (&policy, input.from, input.to) {
            (Some(policy), None, None) => {
                let options = WatchOptions {
                    level,
                    now: budget.now,
                    rehash_days: config.rehash_days,
                    first_run: input.first_run,
                    jobs: JOBS,
                };
                watch(roots, policy, opener.as_deref(), options, budget).await?
            }
            (policy, from, to) => {
                let options = VerifyOptions {
                    first: from,
                    last: to,
                    first_run: input.first_run,
                    jobs: JOBS,
                    ..VerifyOptions::new(level, budget.now)
                };
                range(roots, policy.as_ref(), opener.as_deref(), options, budget).await?
            }
        };
        Ok((name.to_owned(), ran))
    }

    /// The auditor's policy; `None` if there is none, which is a verdict and no error.
    async fn policy(&self, name: &str) -> Result<Option<Policy>, FunctionError> {
        let root = self.context.store(&self.context.config.policies()).await?;
        let stored = match root.get(name, None, MAX_POLICY).await {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let wrong =
            |why: String| FunctionError::Config(format!("the policy {}/{name}: {why}", root.url()));
        let text = std::str::from_utf8(&stored.bytes).map_err(|e| wrong(e.to_string()))?;
        text.parse()
            .map(Some)
            .map_err(|e: dayseal_format::policy::PolicyError| wrong(e.to_string()))
    }

    /// Opens what the policy's KMS keys wrapped, and what the configured keys did, the older ones among them.
    async fn opener(&self, policy: &Policy) -> Result<Arc<dyn DataKeyOpener>, FunctionError> {
        let config = &self.context.config;
        let ids = policy.wrapping_keys.iter().filter_map(|id| id.parse::<KeyRef>().ok());
        let mut keys: Vec<KeyRef> = ids.filter(|key| matches!(key, KeyRef::Kms(_))).collect();
        for key in config.wrapping_key.iter().chain(&config.old_wrapping_keys) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        Ok(open_opener(&self.context.aws, &keys, &policy.origin).await?)
    }

    /// Writes the report, and a message if something is wrong.
    async fn tell(
        &self,
        name: String,
        ran: Ran,
        now: UnixMillis,
    ) -> Result<VerifyOutput, FunctionError> {
        let config = &self.context.config;
        let state = self.context.store(&config.state(&name)).await?;
        let report = write_report(&*state, ran.json, now).await;
        let output = VerifyOutput {
            v: 1,
            log: name,
            exit_code: ran.exit_code,
            verdict: verdict(ran.exit_code, ran.done),
            memory: ran.memory,
            findings: ran.findings.len() as u64 + ran.more,
            first_findings: ran.findings.into_iter().take(SHOWN).collect(),
            from: ran.forward.from,
            to: ran.forward.to,
            rehashed: ran.rehashed,
            report: report.as_ref().map_or(String::new(), Clone::clone),
            done: ran.done,
        };
        if (ran.done && output.exit_code != 0) || output.findings > 0 {
            tracing::error!(
                log = output.log,
                verdict = output.verdict,
                findings = output.findings,
                "does not hold"
            );
            if let Some(arn) = &config.topic {
                let topic = self.topic.get_or_init(|| Topic::new(arn, &self.context.sdk));
                topic.publish(&alarm(&output)).await?;
            }
        }
        report.map(|_| output)
    }
}

fn alarm(output: &VerifyOutput) -> Alarm {
    Alarm {
        subject: format!("dayseal {}: {}", output.log, output.verdict),
        body: serde_json::to_string_pretty(output).expect("an answer is plain data"),
    }
}

/// The exit code of `dayseal verify` in a word.
fn verdict(exit_code: u8, done: bool) -> &'static str {
    match exit_code {
        0 => "holds",
        1 => "altered",
        4 => "incomplete",
        5 => "rolled_back",
        _ if !done => "unfinished",
        _ => "not_checked",
    }
}

async fn watch(
    (evidence, state): (&dyn Store, &dyn Store),
    policy: &Policy,
    opener: Option<&dyn DataKeyOpener>,
    options: WatchOptions,
    budget: Budget,
) -> Result<Ran, FunctionError> {
    let watcher = Watcher { evidence, state, policy, opener, options };
    let report = watcher.run(budget.over(), &Silent).await?;
    let days = |r: &Report| Days { from: r.first, to: r.last };
    let more = |r: &Option<Report>| r.as_ref().map_or(0, |r| r.more_findings);
    let unfinished = Days { from: None, to: report.reached };
    Ok(Ran {
        json: to_json(&report),
        memory: Some(report.memory),
        exit_code: report.exit_code,
        findings: report.findings().cloned().collect(),
        more: more(&report.forward) + more(&report.rehashed),
        forward: report.forward.as_ref().map_or(unfinished, days),
        rehashed: report.rehashed.as_ref().map(days),
        bytes_again: report.rehashed.as_ref().map_or(0, |r| r.totals.bytes),
        done: report.done(),
    })
}

/// A range, or a log without a policy: neither reads nor writes memory.
async fn range(
    (evidence, state): (&dyn Store, &dyn Store),
    policy: Option<&Policy>,
    opener: Option<&dyn DataKeyOpener>,
    options: VerifyOptions,
    budget: Budget,
) -> Result<Ran, FunctionError> {
    let verifier = Verifier::new(evidence, Some(state), policy, opener, options).await?;
    let work = pin!(verifier.run(&Silent));
    let report = tokio::select! {
        biased;
        report = work => report?,
        () = budget.over() => {
            let what = "the range does not fit into the function's time: ask for fewer days";
            return Err(FunctionError::Budget(what.into()));
        }
    };
    Ok(Ran {
        json: to_json(&serde_json::json!({ "v": 1, "forward": report })),
        memory: None,
        exit_code: report.exit_code,
        forward: Days { from: report.first, to: report.last },
        rehashed: None,
        bytes_again: 0,
        more: report.more_findings,
        findings: report.findings,
        done: true,
    })
}

fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("a report is plain data")
}

/// Stores a report below the day and under the time it was made.
async fn write_report(
    state: &dyn Store,
    json: Vec<u8>,
    now: UnixMillis,
) -> Result<String, FunctionError> {
    let digest = Digest::of(&json);
    let key = format!("reports/{}/{}.json", now.day(), now.as_millis());
    match state.put(&key, json.into(), digest.as_bytes(), Condition::Absent).await {
        Ok(_) => {}
        // Another run of the same millisecond: its report stands.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e.into()),
    }
    Ok(format!("{}/{key}", state.url()))
}

fn metrics(name: &str, ran: &Ran, now: UnixMillis) -> Metrics {
    let mut metrics = Metrics::new(name, now);
    let found = ran.findings.len() as u64 + ran.more;
    metrics.count("VerifyRuns", u64::from(ran.done));
    metrics.count("Unfinished", u64::from(!ran.done));
    // A run that was cut short and found nothing has no verdict yet.
    if ran.done || found > 0 {
        metrics.count("Verdict", u64::from(ran.exit_code));
        metrics.count("Findings", found.max(u64::from(ran.exit_code != 0)));
    }
    metrics.put("Rehashed", Unit::Bytes, ran.bytes_again as f64);
    if let Some(to) = ran.forward.to {
        metrics.put("HoursSinceVerified", Unit::Count, hours(to.last_instant(), now));
    }
    metrics
}
