//! The function `seal`: every unsealed day of one log, in order.
//!
//! Safe when run twice, late, or at the same time (`docs/spec/sealing.md`). When its time is over it
//! drops the day under way, of which nothing is written, and the next run begins there.

use std::pin::pin;
use std::sync::Mutex;

use dayseal_chain::{SealError, SealedDay, Sealer};
use dayseal_format::Day;
use dayseal_format::record::Counts;
use serde::Serialize;
use tokio::time::Instant;

use crate::metrics::hours;
use crate::{Budget, Context, FunctionError, Handler, Metrics, SealInput, Unit};

/// The handler.
#[derive(Debug)]
pub struct Seal {
    context: Context,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SealOutput {
    v: u8,
    log: String,
    /// Days sealed now.
    pub sealed: Vec<SealedDay>,
    /// Newest sealed day.
    pub newest: Option<Day>,
    /// Nothing that is due is left.
    pub done: bool,
}

impl Handler for Seal {
    type Input = SealInput;
    type Output = SealOutput;

    fn new(context: Context) -> Self {
        Self { context }
    }

    async fn call(
        &self,
        input: SealInput,
        budget: Budget,
    ) -> (Result<SealOutput, FunctionError>, Option<Metrics>) {
        let begun = Instant::now();
        let kms = self.context.aws.counts().kms_requests;
        // Boxed: the futures below are deep enough to overflow the compiler's queries.
        let answer = Box::pin(self.seal(&input, budget)).await;
        let metrics = answer.as_ref().ok().map(|output| {
            let mut metrics = metrics(output, budget);
            metrics.count("KmsCalls", self.context.aws.counts().kms_requests - kms);
            let duration = begun.elapsed().as_secs_f64() * 1000.0;
            metrics.put("SealDuration", Unit::Milliseconds, duration);
            metrics
        });
        (answer, metrics)
    }
}

impl Seal {
    async fn seal(&self, input: &SealInput, budget: Budget) -> Result<SealOutput, FunctionError> {
        let config = &self.context.config;
        let (name, log) = config.log(input.log.as_deref())?;
        tracing::info!(log = name, scheduled_time = input.scheduled_time, "sealing");
        let grace = i64::from(input.grace_minutes.unwrap_or(config.grace_minutes)) * 60_000;
        let due = Sealer::due(budget.now, grace);
        let Some(through) = input.through.or(due) else {
            return Err(FunctionError::Input("no day has ended yet".into()));
        };
        let evidence = self.context.store(&config.evidence(name)).await?;
        let state = self.context.store(&config.state(name)).await?;
        let signers = self.context.signers(name).await?;
        let mut sealer = Sealer::new(&*evidence, &*state, &*signers.signer, config.settings(log))?;
        if let Some(next) = &signers.next {
            sealer = sealer.rotating_to(&**next)?;
        }

        let sealed = Mutex::new(Vec::new());
        let each = |day: &SealedDay| sealed.lock().expect("no panic inside").push(day.clone());
        let outcome = {
            let work = pin!(sealer.seal_through(through, budget.now, each));
            tokio::select! {
                biased;
                outcome = work => Some(outcome),
                () = budget.over() => None,
            }
        };
        let sealed = sealed.into_inner().expect("no panic inside");
        let (newest, done) = match outcome {
            Some(Ok(summary)) => (summary.newest, true),
            Some(Err(error)) => return Err(self.failed(&sealed, error)),
            None if sealed.is_empty() => {
                return Err(FunctionError::Budget(format!(
                    "the next day of {name} was not sealed within the time of the function: give it more memory or time"
                )));
            }
            None => (sealed.last().map(|d| d.day), false),
        };
        Ok(SealOutput { v: 1, log: name.to_owned(), sealed, newest, done })
    }

    /// Days sealed before the error stay sealed; the log line says so, since the answer cannot.
    fn failed(&self, sealed: &[SealedDay], error: SealError) -> FunctionError {
        for day in sealed {
            tracing::warn!(day = %day.day, "sealed before the failure");
        }
        error.into()
    }
}

fn metrics(output: &SealOutput, budget: Budget) -> Metrics {
    let mut metrics = Metrics::new(&output.log, budget.now);
    let sum = |of: fn(&Counts) -> u64| output.sealed.iter().map(|d| of(&d.counts)).sum();
    metrics.count("DaysSealed", output.sealed.len() as u64);
    metrics.count("Entries", sum(|c| c.entries));
    metrics.count("Batches", sum(|c| c.batches));
    metrics.put("Bytes", Unit::Bytes, sum(|c| c.bytes) as f64);
    metrics.count("Late", sum(|c| c.late));
    metrics.count("Gaps", sum(|c| c.gaps));
    metrics.count("Conflicts", sum(|c| c.conflicts));
    metrics.count("Strays", sum(|c| c.strays));
    metrics.count("Unfinished", u64::from(!output.done));
    if let Some(newest) = output.newest {
        metrics.put("HoursSinceSeal", Unit::Count, hours(newest.last_instant(), budget.now));
    }
    metrics
}
