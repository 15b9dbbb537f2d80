//! Sealing one day of many batches: how often each object is read, and how much memory it takes.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use dayseal_bench::corpus;
use dayseal_bench::harness::{peak_memory, process_cpu};
use dayseal_chain::Sealer;
use dayseal_format::batch::{BatchEncoder, Entries, Header};
use dayseal_format::{BatchKey, Digest, StreamId};
use dayseal_keys::{DataKeySource as _, KeyContext};
use dayseal_store::{Condition, Store as _};
use serde::Serialize;

use crate::store::Counting;
use crate::{Outcome, log, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory that is not there yet.
    dir: PathBuf,
    /// Batches of the day.
    #[arg(long, default_value_t = 10_000)]
    batches: u32,
    /// Batches of one stream.
    #[arg(long, default_value_t = 100)]
    stream: u32,
    /// Entries of one batch.
    #[arg(long, default_value_t = 16)]
    entries: u64,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    batches: u32,
    stored_bytes: u64,
    seal_seconds: f64,
    seal_cpu_seconds: f64,
    batches_per_second: f64,
    reads_of_batches: u64,
    reads_of_others: u64,
    listings: u64,
    writes: u64,
    memory_before: u64,
    peak_memory: u64,
    again_seconds: f64,
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let (texts, _) = corpus::interactions()?;
    let day = corpus::time(0).day();
    let (log, settings) = log::create(&args.dir, day).await?;
    let mut encoder = BatchEncoder::new();
    let mut stored_bytes = 0;
    let (mut lines, mut line) = (Entries::new(), Vec::new());
    let mut header: Option<(Header, dayseal_format::batch::DataKey)> = None;
    let time = corpus::time(0);
    for n in 0..args.batches {
        let seq = n % args.stream;
        if seq == 0 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&(n / args.stream).to_be_bytes());
            let stream = StreamId(id);
            let context = KeyContext::entries(&settings.origin, stream, day);
            let made = log.keys.generate(&context).await?;
            let zero = Digest([0; 32]);
            let fresh = Header {
                after: None,
                commitment: zero,
                day,
                entries: 0,
                first_time: time,
                hints: None,
                key_id: made.key_id,
                last: false,
                last_time: time,
                origin: settings.origin.clone(),
                previous: None,
                root: zero,
                salt: zero,
                seq,
                service: "video-api".parse()?,
                stream,
                wrapped_key: made.wrapped,
            };
            header = Some((fresh, made.key));
        }
        let (header, key) = header.as_mut().ok_or("the first batch of a stream has seq 0")?;
        lines.clear();
        for _ in 0..args.entries {
            line.clear();
            corpus::event(0, &texts).encode(&mut line);
            lines.push(&line)?;
        }
        header.seq = seq;
        header.last = seq + 1 == args.stream;
        let random = Digest::of(&n.to_be_bytes()).0;
        let batch = encoder.encode(header.clone(), &lines, key, &random)?;
        header.previous = Some(batch.digest);
        let key = BatchKey { day, stream: header.stream, seq, digest: batch.digest };
        stored_bytes += batch.bytes.len() as u64;
        let bytes = Bytes::from(batch.bytes);
        let digest = batch.digest.as_bytes();
        log.evidence.put(&key.to_string(), bytes, digest, Condition::Absent).await?;
    }

    let memory_before = peak_memory();
    let evidence = Counting::new(log.evidence);
    let signer = log.keys.signer()?;
    let sealer = Sealer::new(&evidence, &log.state, &signer, settings)?;
    let now = day.last_instant().saturating_add(3_600_000);
    let (begin, cpu) = (Instant::now(), process_cpu());
    let summary = sealer.seal_through(day, now, |_| {}).await?;
    let (wall, cpu) = (begin.elapsed(), process_cpu() - cpu);
    let batches = summary.sealed.first().map_or(0, |d| d.counts.batches);
    if batches != u64::from(args.batches) {
        return Err(format!("{batches} batches sealed, {} written", args.batches).into());
    }
    let count = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
    let row = Row {
        bench: "seal",
        batches: args.batches,
        stored_bytes,
        seal_seconds: wall.as_secs_f64(),
        seal_cpu_seconds: cpu.as_secs_f64(),
        batches_per_second: f64::from(args.batches) / wall.as_secs_f64(),
        reads_of_batches: count(&evidence.entry_gets),
        reads_of_others: count(&evidence.other_gets),
        listings: count(&evidence.lists),
        writes: count(&evidence.puts),
        memory_before,
        peak_memory: peak_memory(),
        again_seconds: {
            let begin = Instant::now();
            sealer.seal_through(day, now, |_| {}).await?;
            begin.elapsed().as_secs_f64()
        },
    };
    print(json, &row)
}
