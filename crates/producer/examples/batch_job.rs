//! A job that audits itself and each of its steps: what failed, was stopped or took too long too.

#[path = "support/home.rs"]
mod home;

use std::time::Duration;

use dayseal::{Actor, AuditLog, Ending, NotStarted, Operation, Reason, Resource};

#[derive(Debug, thiserror::Error)]
enum ExportError {
    /// So that a step whose intent cannot be recorded is not taken.
    #[error(transparent)]
    Audit(#[from] NotStarted),
    #[error("customer {0} objected to exports")]
    Objected(u32),
    #[error("customer {0} is not there")]
    Missing(u32),
}

async fn export(customer: u32) -> Result<u64, ExportError> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    match customer {
        3 => Err(ExportError::Objected(customer)),
        4 => Err(ExportError::Missing(customer)),
        5 => std::future::pending().await,
        _ => Ok(1_000),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = home::Home::from_args()?;
    let log = home.log("nightly-export")?;
    log.audited("export_customers")
        .actor(Actor::system("scheduler"))
        .durable()
        .run_with(|job| export_all(&log, job))
        .await?;
    log.close().await?;
    home.print().await;
    Ok(())
}

async fn export_all(log: &AuditLog, job: Operation) -> Result<(), ExportError> {
    let mut exported = 0;
    for customer in 1..=5 {
        // The actor and the cause of each step are the job's.
        let step = log
            .audited("export_customer")
            .kind("data.exported")
            .resource(Resource::new("customer").id(customer.to_string()))
            .explain(|error: &ExportError| match error {
                ExportError::Objected(_) => Ending::blocked(Reason::new("objection")),
                _ => Ending::failure(Reason::new("export")),
            })
            .run_with(|step| async move {
                let bytes = export(customer).await?;
                step.label("bytes", bytes.to_string());
                Ok::<_, ExportError>(())
            });
        // The fifth takes too long: its future is dropped, and recorded as cancelled.
        match tokio::time::timeout(Duration::from_millis(200), step).await {
            Ok(Ok(())) => exported += 1,
            Ok(Err(error)) => eprintln!("{error}"),
            Err(_) => eprintln!("customer {customer} took too long"),
        }
    }
    job.label("exported", exported.to_string());
    Ok(())
}
