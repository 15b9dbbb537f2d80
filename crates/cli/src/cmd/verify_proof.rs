//! `dayseal verify-proof`

use std::io::Read as _;
use std::path::Path;

use dayseal_format::EntryProof;
use dayseal_format::entry_proof::{MAX_ENTRY_PROOF, Proven};

use crate::args::{Args, VerifyProof};
use crate::config::Config;
use crate::desk::needed_policy;
use crate::exit::{Exit, UsageError};
use crate::output::{json, line, tell};

pub(crate) fn run(args: &Args, own: &VerifyProof) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let policy = needed_policy(&config)?;
    let bytes = read(&own.file)?;
    let proven = EntryProof::parse(&bytes)
        .and_then(|proof| proof.verify(&policy.origin, &policy.verifier_keys).map(|p| (proof, p)));
    match proven {
        Ok((proof, proven)) => show(args, &proof, &proven).map(|()| Exit::Ok),
        Err(error) => {
            let newer = error.is_newer();
            let words = if newer { "NOT CHECKED" } else { "DOES NOT HOLD" };
            line(format!("result: {words}"))?;
            tell(&format!("dayseal: {}: {:#}", own.file.display(), anyhow::Error::from(error)));
            Ok(if newer { Exit::Unchecked } else { Exit::Altered })
        }
    }
}

/// A little more than any proof, so that a longer file is refused and not cut.
fn read(path: &Path) -> Result<Vec<u8>, UsageError> {
    let cannot = |e: std::io::Error| UsageError(format!("cannot read {}: {e}", path.display()));
    let reader: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(cannot)?)
    };
    let mut bytes = Vec::new();
    reader.take(MAX_ENTRY_PROOF as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}

fn show(args: &Args, proof: &EntryProof, p: &Proven) -> anyhow::Result<()> {
    if args.json {
        return json(&serde_json::json!({
            "v": 1,
            "origin": p.checkpoint.origin,
            "size": p.checkpoint.size,
            "root": p.checkpoint.root,
            "leaf_index": proof.proof.index,
            "record": p.record,
            "index": proof.index,
            "leaf": p.leaf,
            "entry": p.event.as_deref(),
        }));
    }
    let r = &p.record;
    match &p.event {
        Some(event) => {
            line("this entry stood in the log:")?;
            json(event)?;
        }
        None => line("an entry stood in the log, which this proof does not show:")?,
    }
    line(format!("  log          {}", p.checkpoint.origin))?;
    line(format!("  batch        {}", r.key))?;
    line(format!("  place        {} of {}", proof.index, r.entries))?;
    line(format!("  service      {}, {} to {}", r.service, r.first_time, r.last_time))?;
    line(format!("  leaf         {}", p.leaf))?;
    line(format!("  checkpoint   {} leaves, root {}", p.checkpoint.size, p.checkpoint.root))?;
    line("")?;
    line(
        "shown:     these bytes were in the log when the checkpoint was signed under a key of the policy",
    )?;
    line(
        "not shown: that what they say is true; that the batch is authentic under its wrapping key",
    )?;
    line("           (`dayseal verify` opens it); that the log is complete")?;
    line("result: the proof holds")
}
