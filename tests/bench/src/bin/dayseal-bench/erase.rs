//! Erasing one person out of many content objects: what is read, how long it takes, in how much memory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Ended, Eraser, Order, Recorder};
use dayseal_bench::harness::peak_memory;
use dayseal_format::content::{
    ContentKey, ContentObject, ContentRecord, Field, FrameDraft, Header, encode,
};
use dayseal_format::event::{EventDraft, EventId};
use dayseal_format::names::{CONTENT, ContentObjectKey};
use dayseal_format::{Acknowledgement, Day, Digest, Origin, StreamId};
use dayseal_store::{Condition, DirectoryStore, Store};
use serde::Serialize;

use crate::store::Counting;
use crate::{Outcome, print};

/// Batches of one stream.
const STREAM: u32 = 1_000;
/// Whom it is about.
const PERSON: &str = "p1:subject:aaaaaaaa:adaadaadaadaadaadaadaadaadaadaad";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory that is not there yet.
    dir: PathBuf,
    /// Content objects.
    #[arg(long, default_value_t = 100_000)]
    objects: u32,
    /// One object in so many names the person.
    #[arg(long, default_value_t = 1_000)]
    one_in: u32,
    /// Frames of one object, each about another person.
    #[arg(long, default_value_t = 8)]
    frames: u32,
    /// Bytes of a frame's content, which does not compress.
    #[arg(long, default_value_t = 4_096)]
    bytes: usize,
    /// Objects looked at at once.
    #[arg(long, default_value_t = 16)]
    jobs: usize,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    objects: u32,
    stored_bytes: u64,
    named: u64,
    /// Looking at everything, as a dry run does.
    plan_seconds: f64,
    plan_reads: u64,
    plan_listings: u64,
    /// Order, a pass and the job's file.
    erase_seconds: f64,
    erase_reads: u64,
    erase_writes: u64,
    /// Reading every object whole and checking its root, one after the other: what the look does without.
    whole_seconds: f64,
    memory_before: u64,
    peak_memory: u64,
}

/// Takes entries and keeps none.
struct Nowhere;

#[async_trait]
impl Recorder for Nowhere {
    async fn record(
        &self,
        event: EventDraft,
    ) -> Result<Acknowledgement, Box<dyn std::error::Error + Send + Sync>> {
        let (stream, digest) = (StreamId([0; 16]), Digest([0; 32]));
        let (origin, day, entry) = (origin()?, event.time.day(), event.id);
        Ok(Acknowledgement { v: 1, origin, day, stream, seq: 0, digest, index: 0, entry })
    }
}

fn origin() -> Result<Origin, dayseal_format::NameError> {
    "bench.example.com/erase".parse()
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    std::fs::create_dir(&args.dir)?;
    let day: Day = "2026-11-20".parse()?;
    let content = DirectoryStore::create(args.dir.join("content"))?;
    let state = DirectoryStore::create(args.dir.join("state"))?;
    let (stored_bytes, named) = fill(&args, day, &content).await?;

    let memory_before = peak_memory();
    let (content, origin) = (Counting::new(content), origin()?);
    let eraser = Eraser {
        content: &content,
        state: &state,
        recorder: &Nowhere,
        origin: &origin,
        late_days: 0,
        grace_ms: 0,
        jobs: args.jobs,
        indexes: &[],
    };
    let (holds, subjects) = (Holds::default(), vec![PERSON.to_owned()]);
    let begin = Instant::now();
    let plan = eraser.plan(&subjects, &holds).await?;
    let plan_seconds = begin.elapsed().as_secs_f64();
    if (plan.looked, plan.total().objects) != (u64::from(args.objects), named) {
        return Err(format!("{} looked at, {} found", plan.looked, plan.total().objects).into());
    }
    let take = |n: &AtomicU64| n.swap(0, Ordering::Relaxed);
    let (plan_reads, plan_listings) = (take(&content.other_gets), take(&content.lists));
    let order = Order {
        subjects,
        tenant: "default".into(),
        reason: "bench".into(),
        exemption: "gdpr-17-3-b".into(),
        by: "bench".into(),
    };
    let begin = Instant::now();
    let mut job = eraser.begin(order, &plan, &holds, day.start(), [1; 10]).await?;
    let ended = eraser.run(&mut job, &holds, day.last_instant().saturating_add(1)).await?;
    let erase_seconds = begin.elapsed().as_secs_f64();
    if ended != Ended::Completed || job.job.total().objects != named {
        return Err(format!("{ended:?}, {:?}", job.job.total()).into());
    }
    let (erase_reads, erase_writes) = (take(&content.other_gets), take(&content.puts));
    let peak_memory = peak_memory();
    let row = Row {
        bench: "erase",
        objects: args.objects,
        stored_bytes,
        named,
        plan_seconds,
        plan_reads,
        plan_listings,
        erase_seconds,
        erase_reads,
        erase_writes,
        whole_seconds: whole(&content.inner).await?,
        memory_before,
        peak_memory,
    };
    print(json, &row)
}

/// Writes the objects; their bytes, and how many name the person.
async fn fill(
    args: &Args,
    day: Day,
    content: &DirectoryStore,
) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let (key, origin) = (ContentKey::new([3; 32]), origin()?);
    let (mut stored, mut named) = (0, 0);
    for n in 0..args.objects {
        let mut stream = [0; 16];
        stream[..4].copy_from_slice(&Digest::of(&(n / STREAM).to_be_bytes()).0[..4]);
        let place = ContentObjectKey { day, stream: StreamId(stream), seq: n % STREAM };
        let zero = Digest([0; 32]);
        let header = Header {
            commitment: zero,
            day,
            key_id: "local:00".into(),
            mac: zero,
            origin: origin.clone(),
            parts: 0,
            root: zero,
            salt: zero,
            seq: place.seq,
            stream: place.stream,
            wrapped_key: vec![1; 80],
        };
        let is_named = n % args.one_in == 0;
        named += u64::from(is_named);
        let frame = |f: u32| {
            let who = match is_named && f == 0 {
                true => PERSON.to_owned(),
                false => format!("p1:subject:aaaaaaaa:{:032}", u64::from(n) * 64 + u64::from(f)),
            };
            let noise = Digest::of(&(u64::from(n) << 32 | u64::from(f)).to_be_bytes()).0;
            let record = ContentRecord {
                entry: EventId::from_parts(day.start(), [f as u8; 10]),
                field: Field::Input,
                media_type: None,
                nonce: noise,
                content: noise
                    .iter()
                    .cycle()
                    .zip(0u32..)
                    .map(|(b, i)| b ^ (i / 32) as u8)
                    .take(args.bytes)
                    .collect(),
            };
            FrameDraft { subjects: vec![who], records: vec![record] }
        };
        let frames: Vec<_> = (0..args.frames).map(frame).collect();
        let bytes = Bytes::from(encode(header, &frames, &key, &[5; 32])?);
        stored += bytes.len() as u64;
        let digest = Digest::of(&bytes);
        content.put(&place.to_string(), bytes, digest.as_bytes(), Condition::Absent).await?;
    }
    Ok((stored, named))
}

/// Reads and checks every object whole.
async fn whole(content: &DirectoryStore) -> Result<f64, Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let mut from = None;
    loop {
        let page = content.list(CONTENT, from.as_deref()).await?;
        for entry in page.entries {
            let stored = content.get(&entry.key, None, 1 << 30).await?;
            ContentObject::parse(&stored.bytes)?;
        }
        from = page.next;
        if from.is_none() {
            return Ok(begin.elapsed().as_secs_f64());
        }
    }
}
