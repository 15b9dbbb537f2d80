//! `dayseal cat`

use dayseal::Resource;
use dayseal_chain::content::ContentReader;
use dayseal_chain::read::list_day;
use dayseal_format::batch::OpenBatch;
use dayseal_format::event::Event;
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{BatchKey, Origin};

use crate::access::Access;
use crate::args::{Args, Cat};
use crate::config::Config;
use crate::contents::{Refused, WithContents};
use crate::entries::{Failures, Printer};
use crate::exit::Exit;
use crate::input::interrupted;
use crate::output::{tell, write};

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
    if let Some(contents) = &contents {
        contents.may_be_read(&batches).await?;
    }
    let (printer, mut failures) = (Printer::new(own.format), Failures::default());
    others.iter().for_each(|other| failures.stray(other));
    let access = Access {
        kind: "log.accessed",
        action: if own.content { "cat_content" } else { "cat" },
        resource: Some(Resource::new("days").id(own.day.to_string())),
        filters: Vec::new(),
        entries: 0,
        purpose: own.reading.purpose.as_deref(),
    };
    let begun = access.begin(args, &config).await;
    let mut stop = std::pin::pin!(interrupted());
    let (mut shown, mut stopped) = (0, false);
    for key in batches {
        let opened = tokio::select! {
            biased;
            () = &mut stop => {
                stopped = true;
                break;
            }
            opened = reader.open(&key) => opened,
        };
        let batch = match opened {
            Ok(batch) => batch,
            // One bad batch does not hide the others.
            Err(error) => {
                failures.batch(error);
                continue;
            }
        };
        shown += batch.len() as u64;
        let more = match &contents {
            Some(contents) => with_contents(contents, &key, &batch, &mut failures).await,
            None => printer.batch(&key, &batch, &mut failures),
        };
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                begun.end(Some(shown)).await;
                return Err(error);
            }
        }
    }
    begun.end(Some(shown)).await;
    if stopped {
        tell("interrupted");
        return Ok(Exit::Unchecked);
    }
    Ok(failures.exit())
}

/// What `--content` needs besides.
struct Contents<'a> {
    reader: ContentReader<'a>,
    origin: Origin,
    expired: bool,
}

impl Contents<'_> {
    /// Refuses before anything is printed if contents may not be read: tries the first object there is.
    async fn may_be_read(&self, batches: &[BatchKey]) -> anyhow::Result<()> {
        for key in batches {
            match self.reader.open(&ContentObjectKey::from(key)).await {
                Ok(None) => {}
                Ok(Some(_)) => break,
                Err(error) => match Refused::of(error) {
                    Ok(refused) => return Err(refused.into()),
                    // About this object alone: told when it is met.
                    Err(_) => break,
                },
            }
        }
        Ok(())
    }
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
