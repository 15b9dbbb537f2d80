//! A Lambda handler whose invocations are recorded, and stored before each response.
//!
//! In a function, `main` ends with `lambda_runtime::run(service).await`. Here a loop stands in for
//! Lambda, so that the example runs anywhere.

#[path = "support/home.rs"]
mod home;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dayseal::lambda::AuditLayer;
use dayseal::{Actor, AiCall, AuditLog, NotStarted};
use lambda_runtime::{Config, Context, Diagnostic, LambdaEvent, service_fn};
use tower_layer::Layer as _;
use tower_service::Service;

/// What the function is asked for.
struct Order {
    user: &'static str,
    prompt: &'static str,
}

#[derive(Debug, thiserror::Error)]
enum VideoError {
    #[error(transparent)]
    Audit(#[from] NotStarted),
    #[error("the prompt is empty")]
    Empty,
}

impl From<VideoError> for Diagnostic {
    fn from(error: VideoError) -> Self {
        Self { error_type: "VideoError".to_owned(), error_message: error.to_string() }
    }
}

async fn handler(log: AuditLog, event: LambdaEvent<Order>) -> Result<String, VideoError> {
    // Its actor, its function and its cause are the invocation's.
    log.audited("text_to_video")
        .ai(AiCall::new("kling", "kling-v2-master"))
        .run_with(|operation| async move {
            if event.payload.prompt.is_empty() {
                return Err(VideoError::Empty);
            }
            operation.ai(|call| call.output_count(1));
            Ok("task-1".to_owned())
        })
        .await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = home::Home::from_args()?;
    let log = home.log("video-function")?;
    let handler = {
        let log = log.clone();
        service_fn(move |event| handler(log.clone(), event))
    };
    let service = AuditLayer::new(log.clone())
        .actor(|event: &LambdaEvent<Order>| Some(Actor::user(event.payload.user)))
        .remember_in(std::env::temp_dir())
        .layer(handler);
    // lambda_runtime::run(service).await
    invoke(service).await?;
    log.close().await?; // a real function is frozen instead: everything is stored already
    home.print().await;
    Ok(())
}

/// Lambda's part: two invocations, one of which fails.
async fn invoke<S>(mut service: S) -> Result<(), Box<dyn std::error::Error>>
where
    S: Service<LambdaEvent<Order>, Response = String>,
    S::Error: Into<Diagnostic>,
{
    for (id, prompt) in [("request-1", "a sunset"), ("request-2", "")] {
        let mut context = Context::default();
        context.request_id = id.to_owned();
        let deadline = SystemTime::now() + Duration::from_secs(10);
        let since = deadline.duration_since(SystemTime::UNIX_EPOCH)?;
        context.deadline = u64::try_from(since.as_millis())?;
        let function_name = "video-function".to_owned();
        context.env_config = Arc::new(Config { function_name, memory: 256, ..Config::default() });
        match service.call(LambdaEvent::new(Order { user: "u-17", prompt }, context)).await {
            Ok(task) => println!("{id}: {task}"),
            Err(error) => println!("{id}: {}", error.into().error_message),
        }
    }
    Ok(())
}
