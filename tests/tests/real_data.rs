//! Twelve thousand real events over three days: recorded, sealed, verified, and read back byte for
//! byte. See `dataset.rs` for what was joined and where it comes from.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use dayseal::{AuditLog, EventId, Limits};
use dayseal_chain::verify::{Silent, VerdictState};
use dayseal_chain::{LogSettings, Sealer, Verifier, VerifyOptions, create_log};
use dayseal_format::batch::Batch;
use dayseal_format::event::{Defaults, Event, EventDraft, Service};
use dayseal_format::{BatchKey, Digest, Level, Policy, StreamId, UnixMillis};
use dayseal_keys::{DataKeySource, LocalKeys, Signer as _};
use dayseal_store::{DirectoryStore, Store};
use dayseal_testkit::{ManualClock, day, entries, keys_below, noon};
use dayseal_tests::dataset::{DAYS, Dataset, START_MS};

const SERVICE: &str = "gateway";
const FIRST: &str = "2026-11-20";
const LAST: &str = "2026-11-22";

/// The event as an application hands it over, with an id of the test's own, and the bytes it must be
/// stored as.
fn draft(json: &str, at: UnixMillis, n: usize) -> (EventDraft, Vec<u8>) {
    let mut random = [0; 10];
    random.copy_from_slice(&Digest::of(&n.to_be_bytes()).as_bytes()[..10]);
    let id = EventId::from_parts(at, random);
    let mut draft = Event::from_json(json.as_bytes()).unwrap_or_else(|e| panic!("{e}: {json}"));
    draft.edit().id = id;
    let service = Service::new(SERVICE);
    let event = draft.clone().complete(Defaults::new(id, at, &service)).unwrap();
    let mut line = Vec::new();
    event.encode(&mut line);
    (draft, line)
}

#[tokio::test(start_paused = true)]
async fn real_events_survive_the_whole_way_byte_for_byte() {
    let data = Dataset::open().unwrap();
    eprintln!("{}: {} model calls and {} API calls", data.source, data.generations, data.api_calls);
    assert_eq!(data.inputs.len(), data.generations + data.api_calls);
    let folder = tempfile::tempdir().unwrap();
    let evidence = Arc::new(DirectoryStore::create(folder.path().join("evidence")).unwrap());
    let state = DirectoryStore::create(folder.path().join("state")).unwrap();
    let settings = LogSettings {
        origin: "audit.example.com/real".parse().unwrap(),
        first_day: day(FIRST),
        retention_days: LogSettings::DEFAULT_RETENTION_DAYS,
        late_days: LogSettings::DEFAULT_LATE_DAYS,
    };
    let keys = Arc::new(LocalKeys::generate(&settings.origin).unwrap());
    let signer = keys.signer().unwrap();
    create_log(&*evidence, &state, &signer, &settings).await.unwrap();

    // Record. The clock goes along; a batch closes at 1,000 entries, each hour, and before midnight.
    let clock = Arc::new(ManualClock::new(UnixMillis::new(START_MS as i64).unwrap()));
    let source: Arc<dyn DataKeySource> = keys.clone();
    let audit = AuditLog::builder(settings.origin.clone(), SERVICE.parse().unwrap())
        // Redaction has its own tests; here the bytes are to be those handed over.
        .privacy(dayseal::privacy::Settings::off())
        .store(evidence.clone())
        .keys(source)
        .clock(clock.clone())
        .limits(Limits { flush_count: 1_000, ..Limits::default() })
        .lifecycle_events(false)
        .open()
        .unwrap();
    let (mut expected, mut by_day) = (Vec::new(), BTreeMap::<_, u64>::new());
    let mut hour = 0;
    for (n, input) in data.inputs.iter().enumerate() {
        let at = UnixMillis::new(input.at_ms as i64).unwrap();
        if input.at_ms / 3_600_000 != hour {
            audit.flush().await.unwrap();
            hour = input.at_ms / 3_600_000;
        }
        clock.set(at);
        let (draft, line) = draft(&input.json, at, n);
        audit.record(draft).await.unwrap();
        expected.push(line);
        *by_day.entry(at.day()).or_default() += 1;
    }
    let metrics = audit.close().await.unwrap();
    assert_eq!(metrics.stored_entries, expected.len() as u64);
    assert_eq!(by_day.len() as u64, DAYS);

    // Seal day by day.
    let sealer = Sealer::new(&*evidence, &state, &signer, settings.clone()).unwrap();
    for on in day(FIRST).through(day(LAST)) {
        let summary = sealer.seal_through(on, noon(on.next().unwrap()), |_| {}).await.unwrap();
        assert_eq!(summary.sealed[0].counts.entries, by_day[&on], "{on}");
        assert_eq!(summary.sealed[0].counts.streams_open, u64::from(on < day(LAST)), "{on}");
    }

    // Verify at every level, with a policy that asks for that level.
    let mut policy =
        Policy::new(settings.origin.clone(), signer.verifier_key().clone(), settings.first_day);
    policy.wrapping_keys.push(keys.wrapping_key_id().unwrap().to_owned());
    policy.retention_floor = settings.retention_days;
    policy.services.insert(SERVICE.parse().unwrap(), 1);
    for level in [Level::Chain, Level::Listing, Level::Objects, Level::Entries] {
        policy.require = level;
        let options = VerifyOptions::new(level, noon(day(LAST).next().unwrap()));
        let (root, opener) = (Some(&state as _), Some(&*keys as _));
        let verifier = Verifier::new(&*evidence, root, Some(&policy), opener, options).await;
        let report = verifier.unwrap().run(&Silent).await.unwrap();
        assert_eq!((report.exit_code, report.findings), (0, vec![]), "at {level}");
        assert_eq!(report.integrity.state, VerdictState::Holds, "at {level}");
        let t = report.totals;
        assert_eq!((t.days, t.entries), (DAYS, expected.len() as u64), "at {level}");
        let opened = if level == Level::Entries { expected.len() as u64 } else { 0 };
        assert_eq!((t.opened, t.batches), (opened, metrics.stored_batches), "at {level}");
    }

    // Read back. Streams follow one another, each in order: all entries, once, as they were.
    let mut batches: Vec<BatchKey> = Vec::new();
    for key in keys_below(&*evidence, "entries/").await {
        batches.push(key.parse().unwrap());
    }
    let streams: Vec<StreamId> = {
        let mut streams: Vec<_> = batches.iter().map(|b| b.stream).collect();
        streams.dedup();
        streams
    };
    assert_eq!(streams.len() as u64, DAYS, "one stream a day");
    let (mut found, mut stored, mut after) = (Vec::new(), 0, None);
    for (n, key) in batches.iter().enumerate() {
        let bytes = evidence.get(&key.to_string(), None, 1 << 30).await.unwrap().bytes;
        stored += bytes.len();
        let batch = Batch::parse(&bytes).unwrap();
        assert_eq!(batch.header().after, after.filter(|_| key.seq == 0), "batch {n}");
        found.extend(entries(&*evidence, &keys, key).await);
        if batches.get(n + 1).is_some_and(|next| next.stream != key.stream) {
            after = Some(key.stream);
        }
    }
    assert_eq!(found.len(), expected.len());
    for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!(found == expected, "entry {n} is not as it was accepted");
    }

    let plain: usize = expected.iter().map(|l| l.len() + 1).sum();
    eprintln!(
        "{} entries, {plain} bytes, {:.0} each; content they speak of and do not hold: {} bytes",
        expected.len(),
        plain as f64 / expected.len() as f64,
        data.content_bytes
    );
    eprintln!(
        "{} batches over {DAYS} days, {stored} bytes stored: {:.1} to 1, {:.0} bytes an entry",
        batches.len(),
        plain as f64 / stored as f64,
        stored as f64 / expected.len() as f64
    );
    for on in day(FIRST).through(day(LAST)) {
        let manifest = evidence.head(&dayseal_format::names::manifest_key(on), None).await.unwrap();
        eprintln!("{on}: {} entries, manifest of {} bytes", by_day[&on], manifest.length);
    }
}

#[test]
fn the_sample_has_the_shapes_of_the_data() {
    let (sample, data) = (Dataset::sample(), Dataset::open().unwrap());
    let kinds = |set: &Dataset| {
        let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (n, input) in set.inputs.iter().enumerate() {
            let at = UnixMillis::new(input.at_ms as i64).unwrap();
            let (draft, line) = draft(&input.json, at, n);
            assert_eq!(draft.time, at, "the JSON says the same time");
            let event = Event::decode(&line).unwrap();
            let kind = if event.ai.is_some() { "model call" } else { "API call" };
            let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
            let names = value.as_object().unwrap().keys().cloned();
            let seen = fields.entry(kind).or_default();
            seen.extend(names);
            seen.sort_unstable();
            seen.dedup();
        }
        fields
    };
    assert_eq!(kinds(&sample), kinds(&data));
    assert_eq!(sample.inputs.len(), 240);
}
