//! `dayseal rotate`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dayseal_format::names::{CHECKPOINTS, checkpoint_key, parse_checkpoint_key};
use dayseal_format::note::MAX_NOTE;
use dayseal_format::{Checkpoint, Origin, StreamId};
use dayseal_keys::aws::{SecretKeys, open_signer, open_source};
use dayseal_keys::{KeyContext, KeyError, KeyRef, LocalKeys, random};
use dayseal_store::Store;

use crate::args::{Args, RotateArgs, RotateCommand};
use crate::config::{Config, config_path};
use crate::config_edit::Edit;
use crate::exit::{Exit, UsageError};
use crate::output::{json, line};

pub(crate) async fn run(args: &Args, own: &RotateArgs) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    if args.keys.is_some() {
        let reason = "--keys goes over the configuration, which this command changes: leave it out";
        return Err(UsageError(reason.into()).into());
    }
    config.file()?;
    let path = config_path(args).expect("there is a configuration");
    match &own.command {
        RotateCommand::SigningKey(own) => match &own.to {
            Some(to) => signing_key(&config, path, to).await,
            None => finish(&config, path).await,
        },
        RotateCommand::WrappingKey(own) => wrapping_key(&config, path, &own.to).await,
        RotateCommand::LogSecret => log_secret(&config).await,
        RotateCommand::DestroyLogSecret(own) => super::destroy::run(args, &config, own).await,
    }
}

/// What was changed, and what the auditor has to be told.
fn report(
    args: &Args,
    changed: &str,
    to: &str,
    policy_lines: &[String],
    next: &str,
) -> anyhow::Result<Exit> {
    if args.json {
        json(
            &serde_json::json!({ "v": 1, "changed": changed, "to": to, "policy_lines": policy_lines }),
        )?;
        return Ok(Exit::Ok);
    }
    line(format!("{changed}: {to}"))?;
    if !policy_lines.is_empty() {
        line(
            "add this to every copy of the policy, over another channel than the log, and leave the old lines:",
        )?;
    }
    for text in policy_lines {
        line(format!("  {text}"))?;
    }
    line(next)?;
    Ok(Exit::Ok)
}

async fn signing_key(config: &Config<'_>, path: PathBuf, to: &KeyRef) -> anyhow::Result<Exit> {
    let file = config.file()?;
    if let Some(next) = &file.next_signing_key {
        return Err(UsageError(format!(
            "a change to {next} is under way: seal a day, then `dayseal rotate signing-key --finish`"
        ))
        .into());
    }
    let old = config.signer(&file.origin).await?;
    make_file(to, |keys| keys.without_wrapping_key().without_log_secret(), &file.origin)?;
    let new = open_signer(&config.aws, to, &file.origin).await?;
    if old.verifier_key() == new.verifier_key() {
        return Err(UsageError(format!("{to} is the signing key already")).into());
    }
    // No checkpoint, whose first line is the origin alone.
    new.sign(format!("dayseal rotate of {}\n", file.origin).as_bytes()).await?;
    let mut edit = Edit::open(path)?;
    let to = relative(to, edit.base())?;
    edit.set("next_signing_key", to.to_string());
    edit.save(|file| file.next_signing_key.as_ref() == Some(&to))?;
    let policy_line = format!("log {}", new.verifier_key());
    let next = "the next `dayseal seal` signs by both keys; after it: `dayseal rotate signing-key --finish`";
    report(config.args, "next signing key", &to.to_string(), &[policy_line], next)
}

async fn finish(config: &Config<'_>, path: PathBuf) -> anyhow::Result<Exit> {
    let file = config.file()?;
    let Some(next) = file.next_signing_key.clone() else {
        return Err(UsageError("no change of signing key is under way".into()).into());
    };
    let signer = config.next_signer(&file.origin).await?.context("named in the configuration")?;
    let evidence = config.evidence().await?;
    let note = newest_checkpoint(&*evidence).await?;
    let known = [signer.verifier_key().clone()];
    if note.is_none_or(|note| Checkpoint::open(&note, &file.origin, &known).is_err()) {
        return Err(UsageError(format!(
            "no day is sealed by {} yet: `dayseal seal` comes first",
            signer.verifier_key()
        ))
        .into());
    }
    let mut edit = Edit::open(path)?;
    edit.remove("next_signing_key");
    edit.set("signing_key", next.to_string());
    edit.save(|f| f.next_signing_key.is_none() && f.signing_key.as_ref() == Some(&next))?;
    let then = "the old key signs nothing any more; keep it disabled for a while, then delete it";
    report(config.args, "signing key", &next.to_string(), &[], then)
}

async fn newest_checkpoint(evidence: &dyn Store) -> anyhow::Result<Option<Vec<u8>>> {
    let (mut newest, mut from) = (None, None);
    loop {
        let page = evidence.list(CHECKPOINTS, from.as_deref()).await?;
        newest = newest.max(page.entries.iter().filter_map(|e| parse_checkpoint_key(&e.key)).max());
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let Some(day) = newest else { return Ok(None) };
    let note = evidence.get(&checkpoint_key(day), None, MAX_NOTE as u64).await?;
    Ok(Some(note.bytes.to_vec()))
}

async fn wrapping_key(config: &Config<'_>, path: PathBuf, to: &KeyRef) -> anyhow::Result<Exit> {
    let file = config.file()?;
    make_file(to, |keys| keys.without_signing_key().without_log_secret(), &file.origin)?;
    let (origin, stream) = (file.origin.clone(), StreamId(random()?));
    let context = KeyContext::entries(&origin, stream, config.now()?.day());
    let made = open_source(&config.aws, to, &origin).await?.generate(&context).await?;
    let made_from = to.clone();
    let mut edit = Edit::open(path)?;
    let to = match to {
        // Policies name keys, and an alias can be moved.
        KeyRef::Kms(_) => made.key_id.parse()?,
        other => relative(other, edit.base())?,
    };
    if file.wrapping_key.as_ref() == Some(&to) {
        return Err(UsageError(format!("{to} is the wrapping key already")).into());
    }
    // A KMS key stays in the policy, the key file in its own field.
    let mut older = file.old_wrapping_keys.clone();
    older.extend(file.wrapping_key.clone().filter(|k| !matches!(k, KeyRef::Kms(_))));
    older.retain(|key| *key != to);
    if !older.is_empty() {
        let list: Vec<String> = older.iter().map(ToString::to_string).collect();
        edit.set("old_wrapping_keys", list);
    }
    edit.set("wrapping_key", to.to_string());
    edit.save(|f| f.wrapping_key.as_ref() == Some(&to) && f.old_wrapping_keys == older)?;
    let mut lines = vec![format!("wrapping-key {}", made.key_id)];
    // In a key file, content keys are wrapped by another one.
    let context = KeyContext::content(&origin, stream, config.now()?.day());
    match open_source(&config.aws, &made_from, &origin).await?.generate(&context).await {
        Ok(content) if content.key_id != made.key_id => {
            lines.push(format!("wrapping-key {}", content.key_id));
        }
        Ok(_) | Err(KeyError::Absent { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let next = "producers use it from their next stream on; keep the old key as long as the entries under it";
    report(config.args, "wrapping key", &to.to_string(), &lines, next)
}

async fn log_secret(config: &Config<'_>) -> anyhow::Result<Exit> {
    let origin = &config.file()?.origin;
    let (place, version) = match config.log_secret() {
        Some(KeyRef::File(path)) => {
            let keys = LocalKeys::load(&path)?;
            if keys.origin() != origin.as_str() {
                return Err(
                    UsageError(format!("{} is of {}", path.display(), keys.origin())).into()
                );
            }
            keys.with_new_log_secret(true)?.replace(&path)?;
            (path.display().to_string(), None)
        }
        Some(KeyRef::Secret(arn)) => {
            let version = SecretKeys::rotate_log_secret(&config.aws, arn.clone()).await?;
            (arn.to_string(), Some(version))
        }
        Some(KeyRef::Kms(arn)) => {
            return Err(
                UsageError(format!("{arn} is a KMS key: a log secret is in a secret")).into()
            );
        }
        None => {
            let reason = "no log secret: the configuration has neither `log_secret` nor `keys`";
            return Err(UsageError(reason.into()).into());
        }
    };
    let to = version.map_or(place.clone(), |version| format!("{place}, version {version}"));
    let next = "the one before is kept beside it, to recognise what it made";
    report(config.args, "new log secret", &to, &[], next)
}

/// Makes a key file with the one key that is needed, unless it is there.
fn make_file(
    to: &KeyRef,
    part: impl Fn(LocalKeys) -> LocalKeys,
    origin: &Origin,
) -> anyhow::Result<()> {
    let KeyRef::File(path) = to else { return Ok(()) };
    if !path.exists() {
        part(LocalKeys::generate(origin)?).save_new(path)?;
    }
    Ok(())
}

/// A reference as the configuration in `base` names it.
fn relative(key: &KeyRef, base: &Path) -> anyhow::Result<KeyRef> {
    let KeyRef::File(path) = key else { return Ok(key.clone()) };
    let whole = std::path::absolute(path)?;
    // The parent of `dayseal.toml` is the empty path, which stands for the current directory.
    let base = std::path::absolute(Path::new(".").join(base))?;
    Ok(KeyRef::File(whole.strip_prefix(&base).map_or(whole.clone(), Path::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_named_from_where_the_configuration_lies() {
        let named = |key: &str, base: &str| relative(&key.parse().unwrap(), Path::new(base));
        let here = std::path::absolute("other.json").unwrap();
        for (key, base, expected) in [
            ("next.json", "", "next.json"),
            ("./next.json", ".", "next.json"),
            ("log/next.json", "log", "next.json"),
            ("log/keys/next.json", "./log", "keys/next.json"),
            ("other.json", "log", here.to_str().unwrap()),
            ("/etc/next.json", "log", "/etc/next.json"),
        ] {
            assert_eq!(named(key, base).unwrap().to_string(), expected, "{key} from {base:?}");
        }
    }
}
