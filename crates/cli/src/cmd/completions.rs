//! `dayseal completions`

use clap::CommandFactory as _;

use crate::args::{Args, Completions};
use crate::exit::Exit;

pub(crate) fn run(own: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(own.shell, &mut Args::command(), "dayseal", &mut script);
    crate::output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Ok)
}
