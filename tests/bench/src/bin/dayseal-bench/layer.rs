//! What the layer around a Lambda handler that does nothing costs, beside the bare handler.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use dayseal::AuditLog;
use dayseal::lambda::AuditLayer;
use dayseal_bench::harness::{median, thread_cpu};
use dayseal_keys::LocalKeys;
use lambda_runtime::{Config, Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use tower_layer::Layer as _;
use tower_service::Service;

use crate::store::Sink;
use crate::{Outcome, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Invocations of each case that count.
    #[arg(long, default_value_t = 5_000)]
    invocations: usize,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    invocations: usize,
    /// CPU of the thread that invokes, which does not store: microseconds, medians.
    bare_us: f64,
    layer_us: f64,
    /// The same with a file for each running invocation.
    remembering_us: f64,
    /// From call to response, encoding and an empty store included.
    bare_wall_us: f64,
    layer_wall_us: f64,
}

async fn nothing(_: LambdaEvent<()>) -> Result<(), Error> {
    Ok(())
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let origin = "audit.example.com/bench".parse()?;
    let keys = Arc::new(LocalKeys::generate(&origin)?);
    let log = AuditLog::builder(origin, "video-api".parse()?)
        .store(Arc::new(Sink::default()))
        .keys(keys)
        .open()?;
    let layer = AuditLayer::new(log.clone());
    let home = std::env::temp_dir().join(format!("dayseal-bench-{}", std::process::id()));
    std::fs::create_dir(&home)?;
    let mut bare = service_fn(nothing);
    let mut layered = layer.clone().layer(service_fn(nothing));
    let mut remembering = layer.remember_in(&home).layer(service_fn(nothing));

    let [mut cpu, mut wall] = [const { [const { Vec::new() }; 3] }; 2];
    const WARM_UP: usize = 200;
    // In turn, so that a slow spell of the machine hits all of them.
    for n in 0..args.invocations + WARM_UP {
        let times = [
            time(&mut bare, n).await?,
            time(&mut layered, n).await?,
            time(&mut remembering, n).await?,
        ];
        if n >= WARM_UP {
            for (case, (own, whole)) in times.into_iter().enumerate() {
                cpu[case].push(own.as_nanos() as f64 / 1e3);
                wall[case].push(whole.as_nanos() as f64 / 1e3);
            }
        }
    }
    log.close().await?;
    std::fs::remove_dir_all(&home)?;
    print(
        json,
        &Row {
            bench: "layer",
            invocations: args.invocations,
            bare_us: median(&cpu[0]),
            layer_us: median(&cpu[1]),
            remembering_us: median(&cpu[2]),
            bare_wall_us: median(&wall[0]),
            layer_wall_us: median(&wall[1]),
        },
    )
}

/// One invocation: CPU of this thread, and time.
async fn time<S>(
    service: &mut S,
    n: usize,
) -> Result<(Duration, Duration), Box<dyn std::error::Error>>
where
    S: Service<LambdaEvent<()>>,
    S::Error: Into<Diagnostic>,
{
    let event = event(n)?;
    let (begin, before) = (Instant::now(), thread_cpu());
    let answer = service.call(event).await;
    let spent = (thread_cpu() - before, begin.elapsed());
    answer.map_err(|error| error.into().error_message)?;
    Ok(spent)
}

fn event(n: usize) -> Result<LambdaEvent<()>, Box<dyn std::error::Error>> {
    let mut context = Context::default();
    context.request_id = format!("8476a536-e9f4-11e8-9739-{n:012}");
    let deadline = SystemTime::now() + Duration::from_secs(60);
    context.deadline = deadline.duration_since(SystemTime::UNIX_EPOCH)?.as_millis().try_into()?;
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:v".to_owned();
    let trace = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    context.xray_trace_id = Some(trace.to_owned());
    context.env_config = Arc::new(Config {
        function_name: "v".to_owned(),
        memory: 256,
        version: "7".to_owned(),
        log_stream: "2026/11/20/[7]8476a536e9f411e89739".to_owned(),
        log_group: String::new(),
    });
    Ok(LambdaEvent::new((), context))
}
