//! An application that already speaks `tracing`: what has the target `audit` becomes entries, and all
//! of it still goes to the console.

#[path = "support/home.rs"]
mod home;

use dayseal::tracing_layer::AuditLayer;
use tracing::{info, instrument};
use tracing_subscriber::layer::SubscriberExt as _;

#[derive(Debug, thiserror::Error)]
#[error("video {0} is locked")]
struct Locked(u32);

#[instrument(target = "audit", err, fields(actor = user, resource = "video", resource.id = video))]
async fn delete_video(user: &str, video: u32) -> Result<(), Locked> {
    info!(target: "audit", action = "permission.checked", permission = "video:delete");
    info!("not for the audit log");
    if video == 2 { Err(Locked(video)) } else { Ok(()) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = home::Home::from_args()?;
    let log = home.log("video-api")?;
    let audit = AuditLayer::new(log);
    let guard = audit.guard();
    let console = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(audit.filtered()).with(console),
    )?;

    info!(target: "audit", actor = "u-17", action = "login", authn.method = "passkey");
    delete_video("u-17", 1).await?;
    if let Err(error) = delete_video("u-17", 2).await {
        info!(%error, "told to the user");
    }

    guard.close().await?; // stores what is left; without it the end of the process would lose it
    home.print().await;
    Ok(())
}
