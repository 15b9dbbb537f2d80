//! The loop around a handler: the only place that knows `lambda_runtime`.

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::{Budget, Context, FunctionError, Metrics};

/// What a function does with one input.
pub trait Handler: Send + Sync + 'static {
    /// What it takes.
    type Input: DeserializeOwned + Send;
    /// What it answers.
    type Output: Serialize + Send;

    /// Made once, at cold start.
    fn new(context: Context) -> Self;

    /// One invocation. The metrics are written whatever else happens.
    fn call(
        &self,
        input: Self::Input,
        budget: Budget,
    ) -> impl Future<Output = (Result<Self::Output, FunctionError>, Option<Metrics>)> + Send;
}

impl From<FunctionError> for Diagnostic {
    fn from(e: FunctionError) -> Self {
        Self { error_type: e.error_type().to_owned(), error_message: e.to_string() }
    }
}

/// Serves invocations until the process is ended: the `main` of each function.
///
/// # Errors
/// The configuration, or the runtime interface of Lambda.
pub async fn serve<H: Handler>() -> Result<(), lambda_runtime::Error> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_current_span(false)
        .with_ansi(false)
        .init();
    // A wrong configuration must be an answer with a name, not a process that will not start:
    // Lambda would show no more than its exit code.
    let handler = Arc::new(Context::from_environment().await.map(H::new));
    let call = move |event: LambdaEvent<Value>| {
        let handler = handler.clone();
        async move {
            let deadline = event.context.deadline;
            let answer = invoke(&handler, event.payload, deadline).await;
            if let Err(error) = &answer {
                tracing::error!(error_type = error.error_type(), error = %error, "failed");
            }
            answer.map_err(Diagnostic::from)
        }
    };
    lambda_runtime::run(service_fn(call)).await
}

async fn invoke<H: Handler>(
    handler: &Result<H, FunctionError>,
    input: Value,
    deadline_ms: u64,
) -> Result<H::Output, FunctionError> {
    let handler = handler.as_ref().map_err(|e| FunctionError::Config(e.to_string()))?;
    let budget = Budget::until(deadline_ms)?;
    let input = serde_json::from_value(input).map_err(|e| FunctionError::Input(e.to_string()))?;
    let (answer, metrics) = handler.call(input, budget).await;
    if let Some(metrics) = metrics {
        println!("{}", metrics.line());
    }
    answer
}
