//! `dayseal init`

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use dayseal_chain::{LogSettings, SealError, create_log};
use dayseal_format::{Day, Origin, Policy, StreamId};
use dayseal_keys::aws::{Aws, open_signer, open_source};
use dayseal_keys::{KeyContext, KeyError, KeyRef, LocalKeys, Signer, random};
use dayseal_store::{OpenOptions, Store};

use super::create_file;
use crate::args::{Args, Init};
use crate::config::{self, Check, ContentAs, FILE, File, Privacy, S3};
use crate::exit::{Exit, UsageError};
use crate::output::line;

const KEYS: &str = "keys.json";
const POLICY: &str = "policy";

pub(crate) async fn run(args: &Args, own: &Init) -> anyhow::Result<Exit> {
    let dir = &own.dir;
    for name in [FILE, KEYS, POLICY] {
        if dir.join(name).exists() {
            let path = dir.join(name);
            return Err(UsageError(format!(
                "{} exists: a log is never overwritten; take another directory",
                path.display()
            ))
            .into());
        }
    }
    let origin = match &own.origin {
        Some(origin) => origin.clone(),
        None => made_up_origin()?,
    };
    let settings = LogSettings {
        origin: origin.clone(),
        first_day: own.first_day.unwrap_or(config::now(args)?.day()),
        retention_days: own.retention_days,
        late_days: own.late_days,
    };
    let aws = Aws::default();
    // Before anything is written: a log whose keys cannot be used is none.
    let keys = NewKeys::check(&aws, own, &origin, settings.first_day).await?;
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let file = File {
        origin: origin.clone(),
        service: own.service.clone(),
        first_day: settings.first_day,
        retention_days: settings.retention_days,
        late_days: settings.late_days,
        grace_minutes: None,
        evidence: args.evidence.clone().unwrap_or_else(|| "evidence".into()),
        state: args.state.clone().unwrap_or_else(|| "state".into()),
        content: args.content_root.clone().or(args.evidence.is_none().then(|| "content".into())),
        content_days: None,
        keys: keys.local.as_ref().map(|_| KEYS.into()),
        signing_key: own.signing_key.clone().map(KeyRef::from),
        wrapping_key: keys.wrapping.clone(),
        next_signing_key: None,
        old_wrapping_keys: Vec::new(),
        log_secret: None,
        policy: POLICY.into(),
        s3: S3 {
            endpoint: args.s3_endpoint.clone(),
            path_style: args.s3_path_style,
            region: args.s3_region.clone(),
        },
        privacy: match own.keep_content {
            true => {
                Privacy { pseudonyms: true, content: Some(ContentAs::Store), ..Privacy::default() }
            }
            false => Privacy::default(),
        },
        check: Check::default(),
    };
    let evidence = open_root(args, dir, &file.evidence, &file.s3).await?;
    let state = open_root(args, dir, &file.state, &file.s3).await?;
    if let Some(content) = &file.content {
        open_root(args, dir, content, &file.s3).await?;
    }
    // A store that ignores preconditions would overwrite evidence in silence.
    dayseal_store::probe_conditional_create(&*state, "probe").await?;

    if let Some(local) = &keys.local {
        local.save_new(&dir.join(KEYS))?;
    }
    match create_log(&*evidence, &*state, &*keys.signer, &settings).await {
        Ok(_) => {}
        Err(error @ (SealError::LogExists { .. } | SealError::Settings { .. })) => {
            // Refused before anything was written: nothing is signed with these keys.
            if keys.local.is_some() {
                let _ = fs::remove_file(dir.join(KEYS));
            }
            return Err(error.into());
        }
        // The last answer may be lost and the log whole: its keys stay.
        Err(error) => {
            let kept = match &keys.local {
                Some(_) => format!("; its keys are in {}", dir.join(KEYS).display()),
                None => String::new(),
            };
            let what = format!(
                "the log was not made, or not as far as this command could see{kept}: \
                 to start over, clear both roots and {}",
                dir.display()
            );
            return Err(anyhow::Error::from(error).context(what));
        }
    }
    let mut policy = Policy::new(origin, keys.signer.verifier_key().clone(), settings.first_day);
    policy.wrapping_keys.push(keys.wrapping_key_id);
    policy.wrapping_keys.extend(keys.content_key_id);
    policy.retention_floor = settings.retention_days;
    write_new(&dir.join(POLICY), &policy.to_string())?;
    let header = "# dayseal configuration, see docs/cli.md. Paths are relative to this file.\n";
    write_new(&dir.join(FILE), &format!("{header}{}", toml::to_string(&file)?))?;
    report(args, dir, &file, &policy, &*evidence, &*state)
}

fn report(
    args: &Args,
    dir: &Path,
    file: &File,
    policy: &Policy,
    evidence: &dyn Store,
    state: &dyn Store,
) -> anyhow::Result<Exit> {
    if args.json {
        crate::output::json(&serde_json::json!({
            "v": 1,
            "origin": policy.origin,
            "first_day": policy.first_day,
            "evidence": evidence.url(),
            "state": state.url(),
            "content": file.content,
            "config": dir.join(FILE),
            "keys": file.keys.as_ref().map(|keys| dir.join(keys)),
            "policy": dir.join(POLICY),
            "signing_key": file.signing_key,
            "verifier_keys": policy.verifier_keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "wrapping_keys": policy.wrapping_keys,
        }))?;
        return Ok(Exit::Ok);
    }
    line(format!("made the log {} with {} as its first day", policy.origin, policy.first_day))?;
    line(format!("  evidence       {}", evidence.url()))?;
    line(format!("  state          {}", state.url()))?;
    if let Some(content) = &file.content {
        let kept = if file.privacy.content.is_some() {
            ""
        } else {
            " (nothing is kept there yet: see [privacy] in docs/cli.md)"
        };
        line(format!("  content        {content}{kept}"))?;
    }
    line(format!("  configuration  {}", dir.join(FILE).display()))?;
    if let Some(keys) = &file.keys {
        let can = match (&file.signing_key, &file.wrapping_key) {
            (None, None) => "read, forge and sign",
            (None, Some(_)) => "sign",
            _ => "read and forge",
        };
        let keys = dir.join(keys);
        line(format!(
            "  keys           {} (secret: whoever has it can {can}; back it up)",
            keys.display()
        ))?;
    }
    for (name, key) in [("signing key ", &file.signing_key), ("wrapping key", &file.wrapping_key)] {
        if let Some(key) = key {
            line(format!("  {name}   {key}"))?;
        }
    }
    line(format!(
        "  policy         {} (give a copy to your auditor now, over another channel)",
        dir.join(POLICY).display()
    ))?;
    for key in &policy.verifier_keys {
        line(format!("  verifier key   {key}"))?;
    }
    Ok(Exit::Ok)
}

/// The keys of a new log, each of which was seen to work.
struct NewKeys {
    /// What is kept here: nothing, when both keys are elsewhere.
    local: Option<LocalKeys>,
    signer: Arc<dyn Signer>,
    /// The wrapping key as the configuration names it; an alias is resolved, since policies name keys.
    wrapping: Option<KeyRef>,
    wrapping_key_id: String,
    /// Of the key that wraps content keys, if it is another.
    content_key_id: Option<String>,
}

impl NewKeys {
    async fn check(aws: &Aws, own: &Init, origin: &Origin, day: Day) -> anyhow::Result<Self> {
        let mut local = LocalKeys::generate(origin)?;
        let signer: Arc<dyn Signer> = match &own.signing_key {
            None => Arc::new(local.signer()?),
            Some(arn) => {
                local = local.without_signing_key();
                open_signer(aws, &arn.clone().into(), origin).await?
            }
        };
        // No checkpoint, whose first line is the origin alone.
        signer.sign(format!("dayseal init of {origin}\n").as_bytes()).await?;
        let Some(arn) = &own.wrapping_key else {
            let wrapping_key_id = local.wrapping_key_id()?.to_owned();
            let content_key_id = Some(local.content_key_id()?.to_owned());
            let (local, wrapping) = (Some(local), None);
            return Ok(Self { local, signer, wrapping, wrapping_key_id, content_key_id });
        };
        local = local.without_wrapping_key();
        let key = KeyRef::from(arn.clone());
        let context = KeyContext::entries(origin, StreamId(random()?), day);
        let made = open_source(aws, &key, origin).await?.generate(&context).await?;
        let key = if arn.is_alias() { made.key_id.parse()? } else { key };
        let local = own.signing_key.is_none().then_some(local);
        // Of a KMS key it is the same; of a secret's key file it stands in the file.
        let content = KeyContext::content(origin, context.stream, day);
        let content = match open_source(aws, &key, origin).await?.generate(&content).await {
            Ok(made) => Some(made.key_id),
            // A key file made for entries alone.
            Err(KeyError::Absent { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let (wrapping, wrapping_key_id) = (Some(key), made.key_id);
        let content_key_id = content.filter(|id| *id != wrapping_key_id);
        Ok(Self { local, signer, wrapping, wrapping_key_id, content_key_id })
    }
}

/// `log.invalid` belongs to nobody (RFC 2606); the random part keeps two such logs apart.
fn made_up_origin() -> anyhow::Result<Origin> {
    let random: [u8; 8] = random()?;
    let hex: String = random.iter().map(|b| format!("{b:02x}")).collect();
    Ok(format!("log.invalid/{hex}").parse()?)
}

async fn open_root(
    args: &Args,
    dir: &Path,
    url: &str,
    s3: &S3,
) -> anyhow::Result<std::sync::Arc<dyn Store>> {
    let options = OpenOptions { create: true, ..config::s3_options(args, s3.clone()) };
    let url =
        if url.contains("://") { url.to_owned() } else { dir.join(url).display().to_string() };
    Ok(dayseal_store::open(&url, &options).await?)
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    create_file(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
