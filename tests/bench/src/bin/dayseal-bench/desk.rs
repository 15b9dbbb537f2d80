//! What an auditor asks, on a log of `desk-log`: how long, how many objects read, how much memory.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use dayseal_auditor::find::{IdSearch, LogReader, Orders, Tally};
use dayseal_auditor::query::{Field, Filter, Order, Page, People, Query, Scan, Term};
use dayseal_bench::harness::{median, peak_memory};
use dayseal_chain::read::BatchReader;
use serde::Serialize;

use crate::desk_log::Facts;
use crate::store::Counting;
use crate::{Outcome, log, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The directory of `desk-log`.
    dir: PathBuf,
    /// What is asked: one a process, since the peak of memory is the process's.
    #[arg(long, value_enum)]
    ask: Ask,
    /// How often.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    /// The entry with an id in the middle of the year.
    Id,
    /// All entries of an actor who has a handful in the year.
    Actor,
    /// The entries of a trace.
    Trace,
    /// All entries of one hour.
    Hour,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    ask: Ask,
    entries: u64,
    found: u64,
    /// Median, seconds.
    seconds: f64,
    all_runs: Vec<f64>,
    objects: u64,
    /// Of the last run.
    objects_read: u64,
    /// Percent of all.
    objects_read_share: f64,
    other_reads: u64,
    listings: u64,
    batches_opened: u64,
    peak_memory: u64,
}

pub(crate) async fn run(args: Args, json: bool) -> Outcome {
    let facts: Facts = serde_json::from_slice(&std::fs::read(args.dir.join("facts.json"))?)?;
    let (mut seconds, mut last) = (Vec::new(), None);
    for _ in 0..args.runs.max(1) {
        let opened = log::open(&args.dir)?;
        let store = Counting::new(opened.evidence);
        let begin = Instant::now();
        // As the command does it: anew each time, keys and all.
        let log = LogReader {
            evidence: &store,
            state: Some(&opened.state),
            batches: BatchReader::new(
                &store,
                &opened.keys,
                opened.policy.origin.clone(),
                opened.policy.wrapping_keys.clone(),
            ),
            origin: opened.policy.origin.clone(),
            keys: opened.policy.verifier_keys.clone(),
            orders: Orders::of(opened.policy.officers.clone()),
            first_day: opened.policy.first_day,
            now: facts.now,
        };
        let secrets = vec![*opened.keys.log_secret()?.expose()];
        let people = People::new(log.origin.clone(), secrets);
        let (found, tally) = ask(&log, people, args.ask, &facts).await?;
        seconds.push(begin.elapsed().as_secs_f64());
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let counts = (read(&store.entry_gets), read(&store.other_gets), read(&store.lists));
        last = Some((found, tally, counts));
    }
    let Some((found, tally, (objects_read, other_reads, listings))) = last else {
        return Err("nothing was run".into());
    };
    let expected = match args.ask {
        Ask::Id => 1,
        Ask::Actor => facts.of_actor,
        Ask::Trace => facts.of_trace,
        Ask::Hour => facts.of_hour,
    };
    if found != expected {
        return Err(format!("expected {expected} entries, found {found}").into());
    }
    print(
        json,
        &Row {
            bench: "desk",
            ask: args.ask,
            entries: facts.entries,
            found,
            seconds: median(&seconds),
            all_runs: seconds,
            objects: facts.objects,
            objects_read,
            objects_read_share: objects_read as f64 * 100.0 / facts.objects.max(1) as f64,
            other_reads,
            listings,
            batches_opened: tally.read,
            peak_memory: peak_memory(),
        },
    )
}

async fn ask(
    log: &LogReader<'_>,
    people: People,
    ask: Ask,
    facts: &Facts,
) -> Result<(u64, Tally), Box<dyn std::error::Error>> {
    let mut problems = 0;
    let (found, tally) = if ask == Ask::Id {
        let search = IdSearch { id: facts.id, full: false, all: false };
        let (found, tally) = search.run(log, |_| problems += 1).await?;
        (found.len(), tally)
    } else {
        let term = match ask {
            Ask::Actor => Some(Term::new(Field::Actor, &facts.actor)),
            Ask::Trace => Some(Term::new(Field::Trace, &facts.trace)),
            Ask::Id | Ask::Hour => None,
        };
        let hour = ask == Ask::Hour;
        let query = Query {
            filter: Filter { all: term.into_iter().collect(), ..Filter::default() },
            since: hour.then_some(facts.since),
            until: hour.then_some(facts.until),
            ..Query::default()
        };
        let mut scan = Scan::new(log, &query, people);
        let page = Page { order: Order::Oldest, limit: 100_000, after: None };
        let (hits, _) = scan.page(page, |_| problems += 1).await?;
        (hits.len(), scan.tally)
    };
    match problems {
        0 => Ok((found as u64, tally)),
        n => Err(format!("{n} days or batches were not to be relied on").into()),
    }
}
