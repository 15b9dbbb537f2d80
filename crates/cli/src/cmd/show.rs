//! `dayseal show`

use std::path::Path;

use anyhow::Context as _;
use dayseal_format::batch::{Batch, MAX_BATCH_LEN};
use dayseal_format::event::EventId;
use dayseal_format::manifest::{MAX_MANIFEST, lines};
use dayseal_format::names::{CHECKPOINTS, MANIFESTS, checkpoint_key, manifest_key};
use dayseal_format::record::Record;
use dayseal_format::{BatchKey, Checkpoint, Day};
use dayseal_store::Store;

use super::get;
use crate::args::{Args, Get, Show};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{bytes, clean, line, number};

pub(crate) async fn run(args: &Args, own: &Show) -> anyhow::Result<Exit> {
    let what = own.what.as_str();
    let config = Config::load(args)?;
    if let Ok(day) = what.parse::<Day>() {
        let evidence = config.evidence().await?;
        let manifest = read(&*evidence, &manifest_key(day), MAX_MANIFEST).await?;
        show_bytes(args, &manifest)?;
        let note = read(&*evidence, &checkpoint_key(day), 1 << 20).await?;
        show_bytes(args, &note)?;
    } else if let Ok(id) = what.parse::<EventId>() {
        let reading = own.reading.clone();
        return get::run(args, &Get { id, full: false, all: false, reading }).await;
    } else if what.starts_with("entries/")
        || what.starts_with(MANIFESTS)
        || what.starts_with(CHECKPOINTS)
    {
        let evidence = config.evidence().await?;
        show_bytes(args, &read(&*evidence, what, MAX_MANIFEST).await?)?;
    } else if Path::new(what).is_file() {
        show_bytes(args, &std::fs::read(what).with_context(|| format!("cannot read {what}"))?)?;
    } else {
        let what = clean(what);
        return Err(UsageError(format!(
            "{what} is neither a day, a key of the log, an event id nor a file"
        ))
        .into());
    }
    Ok(Exit::Ok)
}

async fn read(evidence: &dyn Store, key: &str, limit: u64) -> anyhow::Result<Vec<u8>> {
    Ok(evidence.get(key, None, limit).await?.bytes.to_vec())
}

/// Tells by the bytes what they are.
fn show_bytes(args: &Args, object: &[u8]) -> anyhow::Result<()> {
    if object.starts_with(dayseal_format::batch::MAGIC) {
        return show_batch(args, object);
    }
    if object.starts_with(b"{") {
        return show_manifest(args, object);
    }
    if let Ok(checkpoint) = Checkpoint::parse_unverified(object) {
        return show_checkpoint(args, &checkpoint);
    }
    Err(UsageError("neither a batch, a manifest nor a checkpoint".into()).into())
}

fn show_batch(args: &Args, object: &[u8]) -> anyhow::Result<()> {
    anyhow::ensure!(object.len() as u64 <= MAX_BATCH_LEN, "longer than any batch");
    let batch = Batch::parse(object)?;
    let h = batch.header();
    if args.json {
        return line(serde_json::to_string(h)?);
    }
    let digest = dayseal_format::Digest::of(object);
    let place = BatchKey { day: h.day, stream: h.stream, seq: h.seq, digest };
    line(format!("batch {} of stream {} of {}", h.seq, h.stream, h.day))?;
    line(format!("  log          {}", h.origin))?;
    line(format!("  service      {}", h.service))?;
    line(format!(
        "  entries      {}, from {} to {}",
        number(h.entries.into()),
        h.first_time,
        h.last_time
    ))?;
    line(format!("  object       {}, SHA-256 {digest}", bytes(object.len() as u64)))?;
    line(format!("  belongs at   {place}"))?;
    let before = h.previous.map_or("none: the first of its stream".to_owned(), |d| d.to_string());
    line(format!("  before it    {before}"))?;
    if let Some(after) = h.after {
        line(format!("  stream after {after}"))?;
    }
    line(format!(
        "  stream ends  {}",
        if h.last { "with this batch" } else { "later, or without a word" }
    ))?;
    line(format!("  data key by  {}", h.key_id))?;
    line(format!("  entries root {}", h.root))?;
    line("  (claims of its producer: nothing here was verified)")
}

fn show_manifest(args: &Args, object: &[u8]) -> anyhow::Result<()> {
    for (at, text) in lines(object)? {
        let record = Record::decode(text).with_context(|| format!("line {at}"))?;
        if args.json {
            line(serde_json::to_string(&record)?)?;
            continue;
        }
        match record {
            Record::Day(d) => {
                let c = &d.counts;
                line(format!("manifest of {} of {}", d.day, d.origin))?;
                line(format!("  sealed at    {}", d.sealed_at))?;
                line(format!("  leaves       {} before this day", number(d.size)))?;
                line(format!(
                    "  entries      {} in {} batches, {}",
                    number(c.entries),
                    number(c.batches),
                    bytes(c.bytes)
                ))?;
                line(format!(
                    "  streams      {} closed, {} ended without a word",
                    c.streams_closed, c.streams_open
                ))?;
                line(format!(
                    "  kept until   {} (all from {} on must be there)",
                    d.keep_until, d.kept_from
                ))?;
                for s in &d.services {
                    line(format!(
                        "  service      {}: {} entries in {} batches",
                        s.name,
                        number(s.entries),
                        number(s.batches)
                    ))?;
                }
            }
            Record::Batch(b) => {
                let late = if b.late { ", late" } else { "" };
                line(format!(
                    "  batch        {}: {} entries, {}{late}",
                    b.key,
                    b.entries,
                    bytes(b.length)
                ))?;
            }
            Record::Stray(s) => line(format!("  STRAY        {}: {:?}", clean(&s.key), s.reason))?,
            Record::Gap(g) => {
                line(format!("  GAP          {}/{}: {} to {}", g.day, g.stream, g.from, g.to))?
            }
            Record::Conflict(c) => {
                line(format!("  CONFLICT     {}/{}/{}: {:?}", c.day, c.stream, c.seq, c.reason))?
            }
            Record::Removed(r) => line(format!("  REMOVED      {} by the order in it", r.key))?,
            Record::Key(k) => {
                line(format!("  KEY          later days are signed by {}", k.verifier_key))?
            }
            other => line(format!("  {}", other.encode()))?,
        }
    }
    Ok(())
}

fn show_checkpoint(args: &Args, c: &Checkpoint) -> anyhow::Result<()> {
    if args.json {
        let shown = serde_json::json!({ "origin": c.origin, "size": c.size, "root": c.root });
        return line(shown.to_string());
    }
    line(format!("checkpoint of {}", c.origin))?;
    line(format!("  leaves       {}", number(c.size)))?;
    line(format!("  root         {}", c.root))?;
    line("  (its signature was not verified)")
}
