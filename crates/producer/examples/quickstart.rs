//! Records an AI call in a log made by `dayseal init ./audit --origin audit.example.com/prod`.

use std::path::Path;
use std::sync::Arc;

use dayseal::keys::LocalKeys;
use dayseal::store::DirectoryStore;
use dayseal::{Actor, AiCall, AuditLog, Event, Outcome};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    record(Path::new("./audit")).await
}

pub(crate) async fn record(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let keys = LocalKeys::load(&dir.join("keys.json"))?;
    let log = AuditLog::builder(keys.origin().parse()?, "video-api".parse()?)
        .store(Arc::new(DirectoryStore::open(dir.join("evidence"))?))
        .keys(Arc::new(keys))
        .open()?;

    let event = Event::builder("ai.generation.completed")
        .actor(Actor::user("u-17"))
        .action("text_to_video")
        .outcome(Outcome::Success)
        .ai(AiCall::new("kling", "kling-v2-master").input_tokens(150))
        .build()?;

    // Waits until the event is stored. `record` waits for room only, `try_record` for nothing.
    let acknowledgement = log.record_durable(event).await?;
    println!("{}", acknowledgement.encode());

    log.close().await?; // stores what is left and says that the stream ends here
    Ok(())
}
