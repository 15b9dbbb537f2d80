//! `dayseal cat`

use anyhow::Context as _;
use dayseal_chain::content::ContentReader;
use dayseal_chain::read::list_day;
use dayseal_format::batch::OpenBatch;
use dayseal_format::event::Event;
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{BatchKey, Origin};

use crate::args::{Args, Cat};
use crate::config::Config;
use crate::contents::WithContents;
use crate::entries::{Failures, Printer};
use crate::exit::Exit;
use crate::output::write;

pub(crate) async fn run(args: &Args, own: &Cat) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let evidence = config.evidence().await?;
    let opener = config.needed_opener().await?;
    let reader = opener.reader(&*evidence);
    let (batches, others) = list_day(&*evidence, own.day).await?;
    let root = if own.content { Some(config.needed_content().await?) } else { None };
    let contents = root.as_ref().map(|root| Contents {
        reader: opener.contents(&**root),
        origin: opener.origin.clone(),
        expired: config.content_expired(own.day),
    });
    let (printer, mut failures) = (Printer::new(own.format), Failures::default());
    others.iter().for_each(|other| failures.stray(other));
    for key in batches {
        match reader.open(&key).await {
            Ok(batch) if own.content => {
                let contents = contents.as_ref().context("opened above")?;
                if !with_contents(contents, &key, &batch, &mut failures).await? {
                    break;
                }
            }
            Ok(batch) => {
                if !printer.batch(&key, &batch, &mut failures)? {
                    break;
                }
            }
            // One bad batch does not hide the others.
            Err(error) => failures.batch(error),
        }
    }
    Ok(failures.exit())
}

/// What `--content` needs besides.
struct Contents<'a> {
    reader: ContentReader<'a>,
    origin: Origin,
    expired: bool,
}

/// Prints a batch's entries with their contents; false once nobody reads them any more.
async fn with_contents(
    contents: &Contents<'_>,
    key: &BatchKey,
    batch: &OpenBatch,
    failures: &mut Failures,
) -> anyhow::Result<bool> {
    let found = match contents.reader.open(&ContentObjectKey::from(key)).await {
        Ok(found) => found.unwrap_or_default(),
        Err(error) => {
            failures.content(error);
            return Ok(true);
        }
    };
    let mut out = Vec::new();
    for (index, line) in batch.iter().enumerate() {
        match Event::decode(line) {
            Ok(event) => {
                let shown =
                    WithContents::new(line, &event, &found, &contents.origin, contents.expired)?;
                serde_json::to_writer(&mut out, &shown)?;
                out.push(b'\n');
            }
            Err(e) => failures.entry(key, index, &e.to_string()),
        }
    }
    write(&out)
}
