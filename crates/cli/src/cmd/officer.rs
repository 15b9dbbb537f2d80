//! `dayseal officer`

use dayseal_format::{OfficerName, Origin};
use dayseal_keys::aws::open_signer;
use dayseal_keys::{KeyRef, LocalKeys};

use crate::args::{Args, OfficerArgs, OfficerCommand, OfficerNew};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{json, line};

pub(crate) async fn run(args: &Args, own: &OfficerArgs) -> anyhow::Result<Exit> {
    let OfficerCommand::New(new) = &own.command;
    let config = Config::load(args)?;
    let origin = config.origin()?.ok_or_else(|| {
        UsageError("an officer of which log? give --config FILE or --policy FILE".into())
    })?;
    let officer = OfficerName::new(&origin, &new.name).map_err(|e| UsageError(e.to_string()))?;
    let verifier_key = verifier_key(&config, new, &officer.key_name()).await?;
    let policy_line = format!("officer {verifier_key}");
    if args.json {
        json(&serde_json::json!({
            "v": 1, "officer": officer, "verifier_key": verifier_key, "policy_line": policy_line,
        }))?;
        return Ok(Exit::Ok);
    }
    line(format!("officer: {officer}"))?;
    line("add this line to every copy of the policy, over another channel than the log:")?;
    line(format!("  {policy_line}"))?;
    if let Some(path) = &new.out {
        line(format!("{} is the officer's alone: take it off this machine", path.display()))?;
    }
    Ok(Exit::Ok)
}

async fn verifier_key(
    config: &Config<'_>,
    new: &OfficerNew,
    name: &Origin,
) -> anyhow::Result<String> {
    let key = match (&new.out, &new.key) {
        (Some(path), _) => {
            let keys = LocalKeys::generate(name)?.without_wrapping_key().without_log_secret();
            keys.save_new(path)?;
            KeyRef::File(path.clone())
        }
        (None, Some(arn)) => arn.clone().into(),
        (None, None) => return Err(UsageError("give --out FILE or --key ARN".into()).into()),
    };
    let signer = open_signer(&config.aws, &key, name).await?;
    // Tried, so that nobody trusts a key that cannot sign. No statement: those begin otherwise.
    signer.sign(format!("officer {name}\n").as_bytes()).await?;
    Ok(signer.verifier_key().to_string())
}
