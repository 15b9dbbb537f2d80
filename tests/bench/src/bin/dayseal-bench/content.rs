//! What the content modes cost an event: the caller's thread, the whole way to the store, the bytes stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dayseal::privacy::{Pseudonyms, Settings};
use dayseal::{Attachment, AuditLog, ContentField, ContentMode, EventDraft, Limits};
use dayseal_bench::corpus::{self, Interaction};
use dayseal_bench::harness::quantile;
use dayseal_keys::LocalKeys;
use serde::Serialize;

use crate::store::Sink;
use crate::{Outcome, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Events of each case and round.
    #[arg(long, default_value_t = 20_000)]
    events: u64,
    /// Rounds; the cases take turns, so that other load falls on all of them.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    case: &'static str,
    content_bytes_per_event: u64,
    record_p50_ns: u64,
    record_p99_ns: u64,
    /// Recording and closing, two threads working.
    events_per_second: u64,
    stored_entry_bytes_per_event: u64,
    stored_content_bytes_per_event: u64,
}

struct Case {
    name: &'static str,
    mode: Option<ContentMode>,
    times: Vec<u64>,
    rates: Vec<u64>,
    stored: (u64, u64),
}

pub(crate) async fn run(args: &Args, json: bool) -> Outcome {
    let (texts, _) = corpus::interactions()?;
    let case = |name, mode| Case { name, mode, times: vec![], rates: vec![], stored: (0, 0) };
    let mut cases = [
        case("no content attached", None),
        case("none", Some(ContentMode::None)),
        case("digest", Some(ContentMode::Digest)),
        case("store", Some(ContentMode::Store)),
    ];
    for _ in 0..args.rounds {
        for case in &mut cases {
            measure(case, args.events, &texts).await?;
        }
    }
    let content: u64 = (0..args.events).map(|n| bytes(of(n, &texts))).sum();
    for Case { name, mut times, mut rates, stored, .. } in cases {
        times.sort_unstable();
        rates.sort_unstable();
        let row = Row {
            bench: "content",
            case: name,
            content_bytes_per_event: content / args.events,
            record_p50_ns: quantile(&times, 0.5),
            record_p99_ns: quantile(&times, 0.99),
            events_per_second: quantile(&rates, 0.5),
            stored_entry_bytes_per_event: stored.0 / args.events,
            stored_content_bytes_per_event: stored.1 / args.events,
        };
        print(json, &row)?;
    }
    Ok(())
}

fn of(n: u64, texts: &[Interaction]) -> &Interaction {
    &texts[(n % texts.len() as u64) as usize]
}

fn bytes(text: &Interaction) -> u64 {
    (text.input.len() + text.output.len()) as u64
}

/// An event of one of a thousand users, with prompt and answer if it has contents at all.
fn draft(n: u64, texts: &[Interaction], attached: bool) -> EventDraft {
    let mut draft = corpus::draft(n, texts);
    draft.edit().actor = dayseal::Actor::user(format!("user-{}", n % 1_000));
    if attached {
        let text = of(n, texts);
        draft.attach(Attachment::new(ContentField::Input, text.input.as_str()));
        draft.attach(Attachment::new(ContentField::Output, text.output.as_str()));
    }
    draft
}

async fn measure(case: &mut Case, events: u64, texts: &[Interaction]) -> Outcome {
    let origin = "audit.example.com/bench".parse()?;
    let keys = Arc::new(LocalKeys::generate(&origin)?);
    let pseudonyms = Pseudonyms::new(keys.log_secret()?, &origin);
    let log = AuditLog::builder(origin, "video-api".parse()?)
        .privacy(Settings::off().pseudonyms(pseudonyms))
        .content(case.mode.unwrap_or(ContentMode::None))
        .content_store(Arc::new(Sink::default()))
        .store(Arc::new(Sink::default()))
        .keys(keys)
        .limits(Limits { flush_age: Duration::from_secs(3_600), ..Limits::default() })
        .lifecycle_events(false)
        .open()?;
    let mut spent = Duration::ZERO;
    for n in 0..events {
        let draft = draft(n, texts, case.mode.is_some());
        let begin = Instant::now();
        log.record(draft).await?;
        let took = begin.elapsed();
        case.times.push(took.as_nanos() as u64);
        spent += took;
    }
    let begin = Instant::now();
    let metrics = log.close().await?;
    spent += begin.elapsed();
    case.rates.push((events as f64 / spent.as_secs_f64()) as u64);
    case.stored = (metrics.stored_bytes, metrics.stored_content_bytes);
    Ok(())
}
