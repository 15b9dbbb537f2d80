//! An example producer: a function that audits what it does, and answers only when that is stored.
//!
//! A Lambda process is frozen once it has answered and may never wake, so what is still in memory
//! then can be lost: flush, or record durably, before the response ends.

use std::sync::Arc;

use dayseal::{Actor, AiCall, AuditLog, Event, Limits, Outcome};
use dayseal_keys::aws::open_source;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{Budget, Context, FunctionError, Handler, Metrics};

/// The handler.
#[derive(Debug)]
pub struct Example {
    context: Context,
    log: OnceCell<AuditLog>,
}

/// What it is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExampleInput {
    /// Who asks: in a real function, from the authorizer.
    user: Option<String>,
    /// How many calls to a model it pretends to make; 1 if left out, at most 10,000.
    calls: Option<u32>,
}

/// What it answers.
#[derive(Clone, Debug, Serialize)]
pub struct ExampleOutput {
    v: u8,
    /// Entries that are stored, for certain, when this is read.
    pub stored: u32,
}

impl Handler for Example {
    type Input = ExampleInput;
    type Output = ExampleOutput;

    fn new(context: Context) -> Self {
        Self { context, log: OnceCell::new() }
    }

    async fn call(
        &self,
        input: ExampleInput,
        _budget: Budget,
    ) -> (Result<ExampleOutput, FunctionError>, Option<Metrics>) {
        (Box::pin(self.work(input)).await, None)
    }
}

impl Example {
    async fn work(&self, input: ExampleInput) -> Result<ExampleOutput, FunctionError> {
        let log = self.log.get_or_try_init(|| self.open()).await?;
        let calls = input.calls.unwrap_or(1).min(10_000);
        let user = input.user.unwrap_or_else(|| "anonymous".to_owned());
        for _ in 0..calls {
            // … the work itself …
            let event = Event::builder("ai.generation.completed")
                .actor(Actor::user(&user))
                .action("text_to_video")
                .outcome(Outcome::Success)
                .ai(AiCall::new("kling", "kling-v2-master").input_tokens(150))
                .build()
                .map_err(|e| FunctionError::Input(e.to_string()))?;
            log.record(event).await.map_err(|e| FunctionError::Store(e.to_string()))?;
        }
        log.flush().await.map_err(|e| FunctionError::Store(e.to_string()))?;
        Ok(ExampleOutput { v: 1, stored: calls })
    }

    /// One log for the life of the process: one stream a day, one data key a stream.
    async fn open(&self) -> Result<AuditLog, FunctionError> {
        let config = &self.context.config;
        let (name, log) = config.log(None)?;
        let key = config.wrapping_key.as_ref().ok_or_else(|| {
            FunctionError::Config(
                "DAYSEAL_LOGS: `wrapping_key` is missing: nothing can be encrypted".into(),
            )
        })?;
        let keys = open_source(&self.context.aws, key, &log.origin).await?;
        let store = self.context.store_for_writing(&config.evidence(name)).await?;
        let service = "example".parse().expect("a service name");
        AuditLog::builder(log.origin.clone(), service)
            .store(store)
            .keys(Arc::clone(&keys))
            .limits(Limits { memory: 16 * 1024 * 1024, ..Limits::default() })
            .open()
            .map_err(|e| FunctionError::Config(e.to_string()))
    }
}
