//! The `dayseal` command: thin over the libraries. This file knows exit codes and nothing else.

mod args;
mod cmd;
mod config;
mod exit;
mod output;
mod progress;

use std::io::Write as _;
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
            // `| head` closing the pipe is no failure of ours.
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            let _ = writeln!(std::io::stderr(), "dayseal: {error:#}");
            exit::of_error(&error)
        }
    };
    ExitCode::from(code as u8)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match &args.command {
            Command::Init(a) => cmd::init::run(&args, a).await,
            Command::Record(a) => cmd::record::run(&args, a).await,
            Command::Seal(a) => cmd::seal::run(&args, a).await,
            Command::Verify(a) => cmd::verify::run(&args, a).await,
            Command::Show(a) => cmd::show::run(&args, a).await,
            Command::Cat(a) => cmd::cat::run(&args, a).await,
            Command::Ack(a) => cmd::ack::run(&args, a).await,
            Command::Policy(a) => cmd::policy::run(&args, a),
            Command::Completions(a) => cmd::completions::run(a),
        }
    })
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
        .with_target(false)
        .init();
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
