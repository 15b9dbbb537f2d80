//! What hints cost: making them of lines and of decoded events, beside encoding the batch that they are of; opening and asking them, beside opening
//! that batch. CPU of one thread, the cases in turn.

use dayseal_bench::corpus::{self, Random};
use dayseal_bench::harness::{Stage, interleave};
use dayseal_format::batch::{Batch, BatchEncoder, DataKey, EncodedBatch, Entries, Header};
use dayseal_format::event::{Actor, Correlation, Event, Trace};
use dayseal_format::hints::{Field, HintKeys, Place, Values};
use dayseal_format::{Digest, StreamId};
use serde::Serialize;

use crate::{Outcome, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds; the cases take turns.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
}

#[derive(Serialize)]
struct Row {
    bench: &'static str,
    entries: u64,
    hint_bytes: usize,
    batch_bytes: usize,
    /// Precision of the actors' set, in bits.
    actor_bits: u8,
    encode_ns_per_entry: f64,
    make_ns_per_entry: f64,
    /// Decoding the entries, and making hints on the way: as a verifier does.
    decode_ns_per_entry: f64,
    decode_and_make_ns_per_entry: f64,
    /// Opening hints and asking for one actor, the whole batch.
    ask_us_per_batch: f64,
    /// Opening the batch, without reading its entries.
    open_us_per_batch: f64,
}

struct State {
    encoder: BatchEncoder,
    entries: Entries,
    header: Header,
    keys: HintKeys,
    hints: Vec<u8>,
    batch: EncodedBatch,
    /// What every stage adds to, so that nothing is optimised away.
    sum: usize,
}

const DATA: [u8; 32] = [3; 32];

pub(crate) fn run(args: &Args, json: bool) -> Outcome {
    for entries in [64, 1_000, 10_000] {
        let mut state = state(entries)?;
        let place = Place { entries: entries as u32, ..Place::of(&state.header) };
        let key = DataKey::new(DATA);
        let mut stages = [
            Stage::<State> {
                name: "encode",
                run: Box::new(|s| {
                    let made = s.encoder.encode(s.header.clone(), &s.entries, &key, &[5; 32]);
                    s.sum += made.map_or(0, |b| b.bytes.len());
                }),
            },
            Stage {
                name: "make",
                run: Box::new(move |s| {
                    s.sum += s.keys.make(&place, s.entries.iter()).map_or(0, |h| h.len());
                }),
            },
            Stage {
                name: "decode",
                run: Box::new(|s| {
                    s.sum += decoded(&s.entries).map(|e| e.labels.len()).sum::<usize>()
                }),
            },
            Stage {
                name: "decode and make",
                run: Box::new(move |s| {
                    let mut values = Values::default();
                    decoded(&s.entries).for_each(|event| values.add(&event));
                    s.sum += s.keys.make_of(&place, &values).len();
                }),
            },
            Stage {
                name: "ask",
                run: Box::new(move |s| {
                    let hints = s.keys.open(&place, &s.hints);
                    s.sum += hints
                        .map_or(0, |h| usize::from(h.may_have(&s.keys, Field::Actor, "nobody")));
                }),
            },
            Stage {
                name: "open",
                run: Box::new(|s| {
                    let open = Batch::parse(&s.batch.bytes).and_then(|b| b.open(&key));
                    s.sum += open.map_or(0, |o| o.len());
                }),
            },
        ];
        let times = interleave(&mut state, &mut stages, args.rounds, 1);
        let ns = |at: usize| times[at].ns;
        let opened = state.keys.open(&place, &state.hints)?;
        print(
            json,
            &Row {
                bench: "hints",
                entries,
                hint_bytes: state.hints.len(),
                batch_bytes: state.batch.bytes.len(),
                actor_bits: opened.size(Field::Actor).map_or(0, |(_, bits)| bits),
                encode_ns_per_entry: ns(0) / entries as f64,
                make_ns_per_entry: ns(1) / entries as f64,
                decode_ns_per_entry: ns(2) / entries as f64,
                decode_and_make_ns_per_entry: ns(3) / entries as f64,
                ask_us_per_batch: ns(4) / 1e3,
                open_us_per_batch: ns(5) / 1e3,
            },
        )?;
    }
    Ok(())
}

fn decoded(entries: &Entries) -> impl Iterator<Item = Event> {
    entries.iter().filter_map(|line| Event::decode(line).ok())
}

/// A batch of as many entries: a tenth as many actors, a trace each, a conversation for every four.
fn state(entries: u64) -> Result<State, Box<dyn std::error::Error>> {
    let (texts, _) = corpus::interactions()?;
    let mut random = Random(7);
    let mut lines = Entries::new();
    for n in 0..entries {
        let mut draft = corpus::draft(n, &texts);
        let fields = draft.edit();
        fields.actor =
            Actor::user(format!("p1:actor:aaaaaaaa:{:032}", random.below(entries / 10 + 1)));
        fields.trace = Some(Trace::new(random.hex(32)));
        fields.correlation = Some(Correlation::default().conversation(format!("c-{}", n / 4)));
        fields.labels.remove("note");
        let mut line = Vec::new();
        corpus::complete(n, draft).encode(&mut line);
        lines.push(&line)?;
    }
    let time = corpus::time(0);
    let header = Header {
        after: None,
        commitment: Digest([0; 32]),
        day: time.day(),
        entries: 0,
        first_time: time,
        hints: None,
        key_id: "local:00".into(),
        last: true,
        last_time: corpus::time(entries - 1),
        origin: "audit.example.com/bench".parse()?,
        previous: None,
        root: Digest([0; 32]),
        salt: Digest([0; 32]),
        seq: 0,
        service: "video-api".parse()?,
        stream: StreamId([7; 16]),
        wrapped_key: vec![1; 80],
    };
    let keys = HintKeys::derive(&[6; 32], &header.origin);
    let place = Place { entries: entries as u32, ..Place::of(&header) };
    let hints = keys.make(&place, lines.iter()).ok_or("entries")?;
    let mut encoder = BatchEncoder::new();
    let hinted = Header { hints: Some(hints.clone()), ..header.clone() };
    let batch = encoder.encode(hinted, &lines, &DataKey::new(DATA), &[5; 32])?;
    Ok(State { encoder, entries: lines, header, keys, hints, batch, sum: 0 })
}
