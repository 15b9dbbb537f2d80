//! The `dayseal` command: thin over the libraries. This file knows exit codes and nothing else.

mod access;
mod args;
mod attached;
mod cmd;
mod config;
mod config_edit;
mod contents;
mod desk;
mod entries;
mod exit;
mod input;
mod keys;
mod output;
mod progress;
mod recording;
mod rows;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use exit::Exit;

fn main() -> ExitCode {
    let args = Args::parse();
    init_logs(&args);
    let code = match run(args) {
        Ok(exit) => exit,
        Err(error) => {
            output::tell(&format!("dayseal: {error:#}"));
            exit::of_error(&error)
        }
    };
    ExitCode::from(code as u8)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match &args.command {
            Command::Init(a) => cmd::init::run(&args, a).await,
            Command::Record(a) => cmd::record::run(&args, a).await,
            Command::Import(a) => cmd::import::run(&args, a).await,
            Command::Seal(a) => cmd::seal::run(&args, a).await,
            Command::Index(a) => cmd::index::run(&args, a).await,
            Command::Verify(a) => cmd::verify::run(&args, a).await,
            Command::Show(a) => cmd::show::run(&args, a).await,
            Command::Cat(a) => cmd::cat::run(&args, a).await,
            Command::Tail(a) => cmd::tail::run(&args, a).await,
            Command::Get(a) => cmd::get::run(&args, a).await,
            Command::Query(a) => cmd::query::run(&args, a).await,
            Command::Export(a) => cmd::export::run(&args, a).await,
            #[cfg(feature = "sql")]
            Command::Sql(a) => cmd::sql::run(&args, a).await,
            Command::Activity(a) => cmd::activity::run(&args, a).await,
            Command::Trace(a) => cmd::trace::run(&args, a).await,
            Command::Report(a) => cmd::report::run(&args, a).await,
            Command::Prove(a) => cmd::prove::run(&args, a).await,
            Command::VerifyProof(a) => cmd::verify_proof::run(&args, a),
            Command::Bundle(a) => cmd::bundle::run(&args, a).await,
            Command::VerifyBundle(a) => cmd::verify_bundle::run(&args, a).await,
            Command::Ack(a) => cmd::ack::run(&args, a).await,
            Command::Policy(a) => cmd::policy::run(&args, a),
            Command::Content(a) => cmd::content::run(&args, a).await,
            Command::Subject(a) => cmd::subject::run(&args, a).await,
            Command::Removal(a) => cmd::removal::run(&args, a).await,
            Command::Hold(a) => cmd::hold::run(&args, a).await,
            Command::Health(a) => cmd::health::run(&args, a).await,
            Command::Check(a) => cmd::check::run(&args, a).await,
            Command::Rotate(a) => cmd::rotate::run(&args, a).await,
            Command::Retention(a) => cmd::retention::run(&args, a).await,
            Command::Officer(a) => cmd::officer::run(&args, a).await,
            Command::Completions(a) => cmd::completions::run(a),
        }
    });
    // Not dropped: that would wait for a read of standard input that nobody needs any more.
    runtime.shutdown_background();
    done
}

fn init_logs(args: &Args) {
    use tracing_subscriber::EnvFilter;
    let default = match args.verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("DAYSEAL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
}
