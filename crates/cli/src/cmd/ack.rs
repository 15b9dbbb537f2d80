//! `dayseal ack`

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use dayseal_chain::read::{AckState, check_acknowledgement};
use dayseal_format::Acknowledgement;
use dayseal_format::ack::AckError;

use crate::args::{Ack, Args};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::line;

pub(crate) async fn run(args: &Args, own: &Ack) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let text = read(&own.file)?;
    let evidence = config.evidence().await?;
    let opener = config.opener().await?;
    let reader = opener.as_ref().map(|o| (o.reader(&*evidence), &o.origin));
    let (origin, policy) = (config.origin()?, config.policy()?);
    let today = config.now()?.day();
    let mut exit = Exit::Ok;
    for (number, text) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let name = own.file.display();
        let at = format!("{name}:{}", number + 1);
        let ack = Acknowledgement::decode(text.as_bytes()).map_err(|e| match e {
            AckError::Version { .. } => anyhow::anyhow!("{at}: {e}"),
            _ => UsageError(format!("{at}: {e}")).into(),
        })?;
        if let Some(own) = &origin
            && ack.origin != *own
        {
            let found = &ack.origin;
            let text = format!("{at}: of another log: expected {own}, found {found}");
            return Err(UsageError(text).into());
        }
        let reader = reader.as_ref().filter(|(_, own)| **own == ack.origin).map(|(r, _)| r);
        let late = config.late_days();
        let state =
            check_acknowledgement(&*evidence, &ack, late, (reader, policy.as_ref()), today).await?;
        if args.json {
            line(serde_json::to_string(
                &serde_json::json!({ "v": 1, "entry": ack.entry, "state": state }),
            )?)?;
        } else {
            let words = match state {
                AckState::Sealed(day) => format!("stored, sealed by {day}"),
                AckState::Stored => "stored, not sealed yet".into(),
                AckState::NotSealed => {
                    format!(
                        "NOT SEALED: {} is stored, and no manifest that could lists it",
                        ack.key()
                    )
                }
                AckState::Expired => "expired: its retention is over".into(),
                AckState::Removed(day) => {
                    format!("removed by an officer's order, which {day} records")
                }
                AckState::Missing => format!("MISSING: {} is not in the log", ack.key()),
                AckState::Altered => format!("ALTERED: {} is not what was acknowledged", ack.key()),
            };
            line(format!("{}  {words}", ack.entry))?;
        }
        exit = match (exit, state) {
            (_, AckState::Altered) | (Exit::Altered, _) => Exit::Altered,
            (_, AckState::Missing | AckState::NotSealed) => Exit::Incomplete,
            (exit, _) => exit,
        };
    }
    Ok(exit)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(path)
            .map_err(|e| UsageError(format!("cannot read {}: {e}", path.display())))?;
    }
    Ok(text)
}
