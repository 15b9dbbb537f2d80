//! `dayseal content`

use std::io::Read as _;

use anyhow::Context as _;
use dayseal::privacy::Pseudonyms;
use dayseal_chain::content::items;
use dayseal_format::content::Field;
use dayseal_format::event::{ContentItem, DigestScheme, Event, EventFields};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{BatchKey, Digest, Origin};
use serde::Serialize;

use super::find::{Found, find_entry};
use crate::args::{Args, Content, ContentCheck, ContentCommand};
use crate::config::Config;
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
    let found = find_entry(&config, own.entry, own.day).await?;
    let Some(Found { key, event, .. }) = found else {
        line(format!("no entry {} in the batches of its days; give --day", own.entry))?;
        return Ok(Exit::Incomplete);
    };
    let (field, item) = choose(&event, own.field.as_deref())?;
    let (result, detail) = compare(&config, &key, &event, field, item, &given).await?;
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

async fn compare(
    config: &Config<'_>,
    key: &BatchKey,
    event: &EventFields,
    field: Field,
    item: &ContentItem,
    given: &[u8],
) -> anyhow::Result<(&'static str, String)> {
    if item.bytes != given.len() as u64 {
        return Ok(("other", format!("expected {} bytes, found {}", item.bytes, given.len())));
    }
    let Some(digest) = item.digest else {
        return Ok(("unknown", "the entry holds its size alone, which is the same".into()));
    };
    let expected = Digest(digest.0);
    let origin = &config.file()?.origin;
    match item.scheme {
        Some(DigestScheme::CommitV1) => {
            by_record(config, key, event, field, expected, origin, given).await
        }
        _ => {
            let secret = config.open_log_secret(origin).await?;
            let Some(secret) = secret else {
                return Ok((
                    "unknown",
                    "its digest is keyed, and there is no log secret here".into(),
                ));
            };
            let made = Pseudonyms::new(&secret, origin).content(&event.tenant, given);
            if made.key_version != item.key_version {
                let by = item.key_version.as_deref().unwrap_or("none");
                let text =
                    format!("its digest is under the log secret {by}, which is not the one here");
                return Ok(("unknown", text));
            }
            Ok(match made.digest == item.digest {
                true => ("same", "its keyed digest is the entry's".into()),
                false => ("other", "its keyed digest is not the entry's".into()),
            })
        }
    }
}

/// By the record that is kept: it alone holds what opens the entry's commitment.
async fn by_record(
    config: &Config<'_>,
    key: &BatchKey,
    event: &EventFields,
    field: Field,
    expected: Digest,
    origin: &Origin,
    given: &[u8],
) -> anyhow::Result<(&'static str, String)> {
    let content = config.needed_content().await?;
    let opener = config.needed_opener().await?;
    let reader = opener.contents(&*content);
    let contents = reader.open(&ContentObjectKey::from(key)).await?.unwrap_or_default();
    let Some(record) = contents.records.get(&(event.id, field)) else {
        let why = match contents.receipts.is_empty() {
            false => "its record was erased, and with it what could tell",
            true => "its record is not there, and it alone could tell",
        };
        return Ok(("unknown", why.into()));
    };
    let made = dayseal_format::content::commit(&record.nonce, origin, event.id, field, given);
    Ok(match made == expected {
        true => ("same", "the entry commits to it".into()),
        false => ("other", "the entry commits to another content".into()),
    })
}

/// An entry with its contents: the line of `cat --content`.
#[derive(Serialize)]
pub(crate) struct WithContents<'a> {
    entry: &'a serde_json::value::RawValue,
    contents: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    field: Field,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl<'a> WithContents<'a> {
    /// `expired` says whether the life of contents of the batch's day is over.
    pub(crate) fn new(
        line: &'a [u8],
        event: &Event,
        contents: &'a dayseal_chain::content::Contents,
        origin: &Origin,
        expired: bool,
    ) -> anyhow::Result<Self> {
        use base64::Engine as _;
        let shown = |(field, item)| {
            let state = contents.state(origin, event.id, field, item, expired);
            let record = contents.records.get(&(event.id, field));
            let text = record.and_then(|r| std::str::from_utf8(&r.content).ok());
            let base64 = record
                .filter(|_| text.is_none())
                .map(|r| base64::engine::general_purpose::STANDARD.encode(&r.content));
            let media_type = record.and_then(|r| r.media_type.as_deref());
            Shown { field, state: state.as_str(), media_type, text, base64 }
        };
        let contents = dayseal_chain::content::committed(event).map(shown).collect();
        Ok(Self { entry: serde_json::from_slice(line)?, contents })
    }
}
