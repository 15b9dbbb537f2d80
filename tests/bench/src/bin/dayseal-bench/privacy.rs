//! What the caller's thread pays for an event: redaction, pseudonyms, completing and encoding. And
//! what a reader pays to look through it as it was stored.

use std::time::Instant;

use dayseal::privacy::{Address, Guard, Pseudonyms, Redaction, Settings};
use dayseal_bench::corpus::{self, Interaction};
use dayseal_bench::harness::quantile;
use dayseal_format::event::{Actor, Defaults, EventDraft, EventId, Privacy, Service, Source};
use dayseal_keys::LocalKeys;
use serde::Serialize;

use crate::{Outcome, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Events of each case and round.
    #[arg(long, default_value_t = 4_096)]
    events: u64,
    /// Rounds; the cases take turns, so that other load falls on all of them.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    case: &'static str,
    bytes_per_event: usize,
    guard_p50_ns: u64,
    complete_encode_p50_ns: u64,
    together_p50_ns: u64,
    together_p99_ns: u64,
    find_p50_ns: u64,
}

struct Case {
    name: &'static str,
    guard: Guard,
    /// Guard, complete and encode, together; find in the stored event.
    times: [Vec<u64>; 4],
    bytes: usize,
}

pub(crate) fn run(args: &Args, json: bool) -> Outcome {
    let (texts, _) = corpus::interactions()?;
    let origin = "audit.example.com/bench".parse()?;
    let keys = LocalKeys::generate(&origin)?;
    let pseudonyms = Pseudonyms::new(keys.log_secret()?, &origin);
    let strict = || Settings::strict(["department", "note"]);
    let mut cases = [
        ("off", Settings::off()),
        ("redact: default", Settings::default().address(Address::Keep)),
        ("redact: all rules", Settings::off().redaction(Redaction::all())),
        ("pseudonyms", Settings::off().pseudonyms(pseudonyms.clone())),
        ("default", Settings::default()),
        ("strict", strict()),
        ("strict, pseudonyms", strict().pseudonyms(pseudonyms).address(Address::Pseudonym)),
    ]
    .map(|(name, settings)| Case {
        name,
        guard: Guard::new(settings),
        times: [const { Vec::new() }; 4],
        bytes: 0,
    });
    for round in 0..args.rounds {
        for case in &mut cases {
            measure(case, round as u64 * args.events, args.events, &texts);
        }
    }
    for Case { name, mut times, bytes, .. } in cases {
        times.iter_mut().for_each(|t| t.sort_unstable());
        let row = Row {
            bench: "privacy",
            case: name,
            bytes_per_event: bytes / times[0].len(),
            guard_p50_ns: quantile(&times[0], 0.5),
            complete_encode_p50_ns: quantile(&times[1], 0.5),
            together_p50_ns: quantile(&times[2], 0.5),
            together_p99_ns: quantile(&times[2], 0.99),
            find_p50_ns: quantile(&times[3], 0.5),
        };
        print(json, &row)?;
    }
    Ok(())
}

/// An event of the corpus with people in it: five texts that pseudonyms can replace.
fn draft(n: u64, texts: &[Interaction]) -> EventDraft {
    let mut draft = corpus::draft(n, texts);
    let fields = draft.edit();
    fields.actor = Actor::user(format!("user-{n}")).session("s-0123456789").on_behalf_of("user-7");
    fields.privacy = Some(Privacy::new("support").subject(format!("customer-{n}")));
    fields.source =
        Some(Source::default().address("203.0.113.77").user_agent("acme-web/4.2 (Linux x86_64)"));
    // Checked, as what a builder gives.
    let json = serde_json::to_vec(&draft).expect("plain JSON");
    dayseal_format::event::Event::from_json(&json).expect("a good event")
}

fn measure(case: &mut Case, first: u64, count: u64, texts: &[Interaction]) {
    let service = Service::new("video-api");
    let mut line = Vec::with_capacity(65_536);
    for n in first..first + count {
        let mut draft = draft(n, texts);
        let id = EventId::from_parts(corpus::time(n), [7; 10]);
        let begin = Instant::now();
        let guarded = case.guard.apply(&mut draft, "default");
        let middle = Instant::now();
        let event = draft.complete(Defaults::new(id, corpus::time(n), &service));
        let event = event.expect("a good event");
        line.clear();
        event.encode(&mut line);
        let end = Instant::now();
        guarded.expect("labels are declared");
        case.bytes += line.len();
        let look = Instant::now();
        std::hint::black_box(case.guard.find(std::hint::black_box(&event)));
        let found = look.elapsed();
        let spent = [middle - begin, end - middle, end - begin, found];
        for (times, spent) in case.times.iter_mut().zip(spent) {
            times.push(spent.as_nanos() as u64);
        }
    }
}
