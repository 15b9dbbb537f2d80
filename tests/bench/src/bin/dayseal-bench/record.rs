//! What `try_record` costs the caller: an event that is built, without redaction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dayseal::{AuditLog, Limits, TryRecordError};
use dayseal_bench::corpus::{self, Interaction};
use dayseal_bench::harness::quantile;
use dayseal_keys::LocalKeys;
use serde::Serialize;

use crate::store::Sink;
use crate::{Outcome, print};

/// Events recorded back to back before a caller pauses.
const BURST: u64 = 32;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Events of each caller that count.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Pause of a caller after 32 events, in microseconds.
    #[arg(long, default_value_t = 2_000)]
    pause_us: u64,
    /// How long the store takes for a PUT, in milliseconds.
    #[arg(long, default_value_t = 20)]
    put_ms: u64,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    case: &'static str,
    callers: u64,
    events: usize,
    bytes_per_event: u64,
    p50_ns: u64,
    p90_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    max_ns: u64,
    refused: u64,
    batches_stored_meanwhile: u64,
    seconds: f64,
}

/// What the median call is made of, measured alone on this thread.
#[derive(Serialize)]
struct Parts {
    bench: &'static str,
    complete_ns: u64,
    encode_ns: u64,
    drop_ns: u64,
    clock_ns: u64,
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let (texts, _) = corpus::interactions()?;
    let texts = Arc::new(texts);
    print(json, &parts(&texts))?;
    let idle = Limits {
        flush_bytes: 31 << 20,
        flush_count: 1 << 18,
        flush_age: Duration::from_secs(3_600),
        memory: 1 << 30,
        ..Limits::default()
    };
    let few = args.events.min(20_000);
    let cases = [
        ("nothing under way", 1, few, idle.clone()),
        ("nothing under way", 2, few / 2, idle),
        ("batches encoded and stored", 1, args.events, Limits::default()),
        ("batches encoded and stored", 2, args.events, Limits::default()),
        // A batch every few hundred events: the uploads never rest.
        (
            "a batch each 256 KiB",
            2,
            args.events,
            Limits { flush_bytes: 256 * 1024, ..Limits::default() },
        ),
    ];
    for (case, callers, events, limits) in cases {
        let row = measure(case, callers, events, limits, &texts, &args).await?;
        if !json {
            println!();
        }
        print(json, &row)?;
    }
    Ok(())
}

async fn measure(
    case: &'static str,
    callers: u64,
    events: u64,
    limits: Limits,
    texts: &Arc<Vec<Interaction>>,
    args: &Args,
) -> Result<Row, Box<dyn std::error::Error>> {
    let origin = "audit.example.com/bench".parse()?;
    let keys = Arc::new(LocalKeys::generate(&origin)?);
    let pause = Duration::from_millis(args.put_ms);
    let store = Arc::new(Sink { pause, ..Sink::default() });
    let log = AuditLog::builder(origin, "video-api".parse()?)
        // Measured apart: `privacy`.
        .privacy(dayseal::privacy::Settings::off())
        .store(store)
        .keys(keys)
        .limits(limits)
        .open()?;
    let begin = Instant::now();
    let threads: Vec<_> = (0..callers)
        .map(|caller| {
            let (log, texts) = (log.clone(), texts.clone());
            let pause = Duration::from_micros(args.pause_us);
            std::thread::spawn(move || call(&log, &texts, caller * events, events, pause))
        })
        .collect();
    let (mut times, mut refused) = (Vec::new(), 0);
    for thread in threads {
        let done = tokio::task::spawn_blocking(move || thread.join()).await?;
        let (own, full) = done.map_err(|_| "a caller panicked")??;
        times.extend(own);
        refused += full;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let batches = log.metrics().stored_batches;
    log.close().await?;
    times.sort_unstable();
    let mut sample = Vec::new();
    (0..1_000).for_each(|n| corpus::event(n, texts).encode(&mut sample));
    Ok(Row {
        bench: "record",
        case,
        callers,
        events: times.len(),
        bytes_per_event: sample.len() as u64 / 1_000,
        p50_ns: quantile(&times, 0.5),
        p90_ns: quantile(&times, 0.9),
        p99_ns: quantile(&times, 0.99),
        p999_ns: quantile(&times, 0.999),
        max_ns: times.last().copied().unwrap_or_default(),
        refused,
        batches_stored_meanwhile: batches,
        seconds,
    })
}

/// Records `count` events in bursts; the time of each call, and how many found the log full.
fn call(
    log: &AuditLog,
    texts: &[Interaction],
    first: u64,
    count: u64,
    pause: Duration,
) -> Result<(Vec<u64>, u64), String> {
    const WARM_UP: u64 = 1_024;
    let (mut times, mut refused) = (Vec::with_capacity(count as usize), 0);
    let mut n = first;
    while n < first + count + WARM_UP {
        let drafts: Vec<_> = (n..n + BURST).map(|n| corpus::draft(n, texts)).collect();
        for draft in drafts {
            let begin = Instant::now();
            let result = log.try_record(draft);
            let spent = begin.elapsed().as_nanos() as u64;
            match result {
                Ok(_) if n >= first + WARM_UP => times.push(spent),
                Ok(_) => {}
                Err(TryRecordError::Full { .. }) => refused += 1,
                Err(error) => return Err(error.to_string()),
            }
        }
        n += BURST;
        std::thread::sleep(pause);
    }
    Ok((times, refused))
}

fn parts(texts: &[Interaction]) -> Parts {
    use dayseal_format::event::{Defaults, EventId, Service};
    let service = Service::new("video-api");
    let [mut complete, mut encode, mut dropped, mut clock] = [const { Vec::new() }; 4];
    let mut line = Vec::new();
    for n in 0..20_000 {
        let draft = corpus::draft(n, texts);
        let id = EventId::from_parts(corpus::time(n), [7; 10]);
        let a = Instant::now();
        let event = draft.complete(Defaults::new(id, corpus::time(n), &service));
        let b = Instant::now();
        let event = event.expect("a checked draft");
        line.clear();
        let c = Instant::now();
        event.encode(&mut line);
        let d = Instant::now();
        drop(event);
        let e = Instant::now();
        let f = Instant::now();
        for (times, spent) in [
            (&mut complete, b - a),
            (&mut encode, d - c),
            (&mut dropped, e - d),
            (&mut clock, f - e),
        ] {
            times.push(spent.as_nanos() as u64);
        }
    }
    let median = |mut times: Vec<u64>| {
        times.sort_unstable();
        quantile(&times, 0.5)
    };
    Parts {
        bench: "record parts",
        complete_ns: median(complete),
        encode_ns: median(encode),
        drop_ns: median(dropped),
        clock_ns: median(clock),
    }
}
