//! Benchmarks of the whole: recording, a directory log against its peers, verifying, sealing, finding, erasing.

mod content;
mod desk;
mod desk_log;
mod directory;
mod erase;
mod find;
mod hints;
mod layer;
mod log;
mod privacy;
mod record;
mod seal;
mod store;
mod verify;

use clap::{Parser, Subcommand};
use serde::Serialize;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Measures dayseal. Results are numbers of this machine; ratios carry over better.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// Results as one line of JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Threads of the runtime.
    #[arg(long, global = true, default_value_t = 2)]
    threads: usize,
}

#[derive(Subcommand)]
enum Command {
    /// What `try_record` costs the caller.
    Record(record::Args),
    /// What redaction, pseudonyms and encoding cost the caller, apart and together.
    Privacy(privacy::Args),
    /// Finds what redaction finds in given texts, for a comparison of detectors.
    Find(find::Args),
    /// What the layer around a Lambda handler costs.
    Layer(layer::Args),
    /// Records into a directory and seals: events a second.
    Directory(directory::Args),
    /// Writes a log for `verify` into a directory that is not there yet.
    Genlog(log::Args),
    /// Verifies a log of `genlog`, against plain SHA-256 of the same objects.
    Verify(verify::Args),
    /// Seals one day of many batches, counting reads.
    Seal(seal::Args),
    /// What the content modes cost an event.
    Content(content::Args),
    /// What hints cost a batch, and asking them a search.
    Hints(hints::Args),
    /// Writes a year of several services for `desk`, and its entries as plain lines for the peers.
    DeskLog(desk_log::Args),
    /// What an auditor asks of a log of `desk-log`.
    Desk(desk::Args),
    /// Erases one person out of many content objects, counting reads.
    Erase(erase::Args),
}

fn main() -> Outcome {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads)
        .enable_all()
        .build()?;
    let json = args.json;
    runtime.block_on(async {
        match args.command {
            Command::Record(args) => record::run(args, json).await,
            Command::Privacy(args) => privacy::run(&args, json),
            Command::Find(args) => find::run(&args),
            Command::Layer(args) => layer::run(args, json).await,
            Command::Directory(args) => directory::run(args, json).await,
            Command::Genlog(args) => log::run(args, json).await,
            Command::Verify(args) => verify::run(args, json).await,
            Command::Seal(args) => seal::run(args, json).await,
            Command::Hints(args) => hints::run(&args, json),
            Command::Content(args) => content::run(&args, json).await,
            Command::DeskLog(args) => desk_log::run(args, json).await,
            Command::Desk(args) => desk::run(args, json).await,
            Command::Erase(args) => erase::run(args, json).await,
        }
    })
}

/// Prints a result: JSON on one line, or a line for each field.
fn print(json: bool, result: &impl Serialize) -> Outcome {
    let value = serde_json::to_value(result)?;
    if json {
        println!("{value}");
        return Ok(());
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        println!("{name:<28} {value}");
    }
    Ok(())
}
