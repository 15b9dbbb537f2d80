//! `dayseal content`

use std::io::Read as _;

use anyhow::Context as _;
use dayseal::Resource;
use dayseal::privacy::Pseudonyms;
use dayseal_auditor::find::Found;
use dayseal_chain::content::items;
use dayseal_format::content::{Field, commit};
use dayseal_format::event::{ContentItem, DigestScheme, EventFields};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{BatchKey, Digest};
use serde::Serialize;

use crate::access::Access;
use crate::args::{Args, Content, ContentCheck, ContentCommand};
use crate::config::Config;
use crate::contents::Refused;
use crate::desk::Desk;
use crate::exit::{Exit, UsageError};
use crate::output::{json, line};

/// Longest file read, in bytes: contents known by a digest only may be longer than any that is stored.
const MAX_INPUT: u64 = 1 << 30;

pub(crate) async fn run(args: &Args, own: &Content) -> anyhow::Result<Exit> {
    match &own.command {
        ContentCommand::Check(own) => check(args, own).await,
    }
}

/// The `--json` contract of `content check`.
#[derive(Serialize)]
struct Answer {
    v: u8,
    entry: String,
    field: Field,
    /// `same`, `other` or `unknown`.
    result: &'static str,
    detail: String,
}

async fn check(args: &Args, own: &ContentCheck) -> anyhow::Result<Exit> {
    let given = read(own)?;
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let Some(Found { batch, event, .. }) = desk.entry(own.entry).await? else {
        line(format!("no entry {} in the batches that can hold it", own.entry))?;
        return Ok(Exit::Incomplete);
    };
    let access = Access {
        kind: "log.accessed",
        action: "content_check",
        resource: Some(Resource::new("entry").id(own.entry.to_string())),
        filters: Vec::new(),
        entries: 1,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, &config).await;
    let (field, item) = choose(&event, own.field.as_deref())?;
    let comparison = Comparison {
        config: &config,
        desk: &desk,
        batch: &batch.key,
        event: &event,
        field,
        given: &given,
    };
    let (result, detail) = comparison.with(item).await?;
    let exit = match result {
        "same" => Exit::Ok,
        "other" => Exit::Altered,
        _ => Exit::Unchecked,
    };
    if args.json {
        json(&Answer { v: 1, entry: event.id.to_string(), field, result, detail })?;
    } else {
        line(format!("{field} of {}: {result}: {detail}", event.id))?;
    }
    Ok(exit)
}

fn read(own: &ContentCheck) -> anyhow::Result<Vec<u8>> {
    let mut given = Vec::new();
    let name = own.input.display();
    let read = match own.input.to_str() {
        Some("-") => std::io::stdin().take(MAX_INPUT + 1).read_to_end(&mut given),
        _ => std::fs::File::open(&own.input)
            .and_then(|file| file.take(MAX_INPUT + 1).read_to_end(&mut given)),
    };
    read.with_context(|| format!("cannot read {name}"))?;
    if given.len() as u64 > MAX_INPUT {
        return Err(UsageError(format!("{name} has more than {MAX_INPUT} bytes")).into());
    }
    Ok(given)
}

/// The item that is meant: named, or the only one.
fn choose<'e>(
    event: &'e EventFields,
    field: Option<&str>,
) -> Result<(Field, &'e ContentItem), UsageError> {
    let has: Vec<_> = items(event).collect();
    let names = || has.iter().map(|(f, _)| f.as_str()).collect::<Vec<_>>().join(", ");
    match (field, &has[..]) {
        (_, []) => Err(UsageError("the entry has no content item".into())),
        (None, [only]) => Ok(*only),
        (None, _) => Err(UsageError(format!(
            "the entry has several items: give --field, one of {}",
            names()
        ))),
        (Some(name), _) => has
            .iter()
            .find(|(f, _)| f.as_str() == name)
            .copied()
            .ok_or_else(|| UsageError(format!("the entry has no {name}: it has {}", names()))),
    }
}

/// An entry's item, and what is to be compared with it.
struct Comparison<'a> {
    config: &'a Config<'a>,
    desk: &'a Desk,
    batch: &'a BatchKey,
    event: &'a EventFields,
    field: Field,
    given: &'a [u8],
}

impl Comparison<'_> {
    async fn with(&self, item: &ContentItem) -> anyhow::Result<(&'static str, String)> {
        let found = self.given.len();
        if item.bytes != found as u64 {
            return Ok(("other", format!("expected {} bytes, found {found}", item.bytes)));
        }
        let Some(digest) = item.digest else {
            return Ok(("unknown", "the entry holds its size alone, which is the same".into()));
        };
        match item.scheme {
            Some(DigestScheme::CommitV1) => self.by_record(Digest(digest.0)).await,
            _ => self.by_secret(item).await,
        }
    }

    /// By the log secret that the digest was made under, if it is here.
    async fn by_secret(&self, item: &ContentItem) -> anyhow::Result<(&'static str, String)> {
        let origin = self.desk.origin();
        let made = |secret| Pseudonyms::new(secret, origin).content(&self.event.tenant, self.given);
        let secrets = self.config.log_secrets(origin).await?;
        let own = secrets.iter().map(made).find(|made| made.key_version == item.key_version);
        Ok(match own {
            None => {
                let by = item.key_version.as_deref().unwrap_or("none");
                let detail = format!("its digest is under the log secret {by}, which is not here");
                ("unknown", detail)
            }
            Some(made) if made.digest == item.digest => {
                ("same", "its keyed digest is the entry's".into())
            }
            Some(_) => ("other", "its keyed digest is not the entry's".into()),
        })
    }

    /// By the record that is kept: it alone holds what opens the entry's commitment.
    async fn by_record(&self, expected: Digest) -> anyhow::Result<(&'static str, String)> {
        let (content, id) = (self.config.needed_content().await?, self.event.id);
        let reader = self.desk.opener().contents(&*content);
        let opened = reader.open(&ContentObjectKey::from(self.batch)).await;
        let contents = match opened.map_err(Refused::of) {
            Ok(contents) => contents.unwrap_or_default(),
            Err(Ok(refused)) => return Err(refused.into()),
            Err(Err(error)) => return Err(error.into()),
        };
        let Some(record) = contents.records.get(&(id, self.field)) else {
            let why = match contents.receipts.is_empty() {
                false => "its record was erased, and with it what could tell",
                true => "its record is not there, and it alone could tell",
            };
            return Ok(("unknown", why.into()));
        };
        let made = commit(&record.nonce, self.desk.origin(), id, self.field, self.given);
        Ok(match made == expected {
            true => ("same", "the entry commits to it".into()),
            false => ("other", "the entry commits to another content".into()),
        })
    }
}
