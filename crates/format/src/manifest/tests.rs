use super::*;
use crate::record::{ConflictReason, StrayReason, StrayRecord};
use crate::{BatchKey, Digest, StreamId, UnixMillis};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn origin() -> Origin {
    "audit.example.com/test".parse().unwrap()
}

fn plan() -> ManifestPlan {
    ManifestPlan {
        origin: origin(),
        day: day("2026-11-20"),
        sealed_at: day("2026-11-21").start(),
        before: Frontier::new(),
        previous: None,
        late_days: 3,
        keep_until: day("2027-11-21"),
        kept_from: day("2026-11-20"),
    }
}

fn digest(stream: u8, seq: u32) -> Digest {
    Digest::of(&[&[stream][..], &seq.to_be_bytes()].concat())
}

fn batch(stream: u8, seq: u32) -> BatchRecord {
    let day = day("2026-11-20");
    BatchRecord {
        key: BatchKey { day, stream: StreamId([stream; 16]), seq, digest: digest(stream, seq) },
        version: None,
        length: 1_000,
        previous: (seq > 0).then(|| digest(stream, seq - 1)),
        entries: 10,
        first_time: day.start(),
        last_time: day.start(),
        root: Digest([1; 32]),
        service: "tests".parse().unwrap(),
        last: false,
        late: false,
    }
}

fn build(batches: Vec<BatchRecord>) -> Vec<u8> {
    let mut builder = ManifestBuilder::new(plan());
    batches.into_iter().for_each(|b| builder.batch(b));
    builder.finish()
}

fn read(bytes: &[u8]) -> Result<(Manifest, Vec<Record>), ManifestError> {
    let mut records = Vec::new();
    let m = Manifest::read(bytes, &origin(), day("2026-11-20"), |_, r| records.push(r))?;
    Ok((m, records))
}

#[test]
fn what_is_built_reads_back() {
    let mut closing = batch(2, 1);
    closing.last = true;
    let bytes = build(vec![closing, batch(1, 0), batch(2, 0)]);
    let (manifest, records) = read(&bytes).unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(manifest.after.size(), 4);
    let counts = manifest.day.counts;
    assert_eq!((counts.batches, counts.entries, counts.bytes), (3, 30, 3_000));
    assert_eq!((counts.streams_closed, counts.streams_open, counts.gaps), (1, 1, 0));
}

#[test]
fn an_empty_day_is_a_manifest() {
    let (manifest, records) = read(&build(vec![])).unwrap();
    assert!(records.is_empty());
    assert_eq!(manifest.after.size(), 1);
}

#[test]
fn gaps_and_conflicts_are_found() {
    let mut other = batch(1, 4);
    other.key.digest = Digest([0xee; 32]);
    let mut unlinked = batch(1, 5);
    unlinked.previous = Some(Digest([0xdd; 32]));
    let bytes = build(vec![batch(1, 1), batch(1, 4), other, unlinked, batch(3, 0)]);
    let (_, records) = read(&bytes).unwrap();
    let gaps: Vec<_> = records
        .iter()
        .filter_map(|r| if let Record::Gap(g) = r { Some((g.from, g.to)) } else { None })
        .collect();
    assert_eq!(gaps, [(0, 0), (2, 3)]);
    let conflicts: Vec<_> = records
        .iter()
        .filter_map(|r| if let Record::Conflict(c) = r { Some((c.seq, c.reason)) } else { None })
        .collect();
    assert_eq!(conflicts, [(4, ConflictReason::Duplicate), (5, ConflictReason::Link)]);
}

#[test]
fn a_batch_after_the_last_and_another_service() {
    let mut closing = batch(1, 0);
    closing.last = true;
    let mut foreign = batch(1, 1);
    foreign.service = "other".parse().unwrap();
    let (_, records) = read(&build(vec![closing, foreign])).unwrap();
    let reasons: Vec<_> = records
        .iter()
        .filter_map(|r| if let Record::Conflict(c) = r { Some(c.reason) } else { None })
        .collect();
    assert_eq!(reasons, [ConflictReason::AfterLast, ConflictReason::Service]);
}

#[test]
fn altered_manifests_are_refused_with_their_line() {
    let good = String::from_utf8(build(vec![batch(1, 0), batch(1, 1), batch(1, 3)])).unwrap();
    let lines: Vec<_> = good.lines().collect();
    let join = |lines: &[&str]| lines.join("\n") + "\n";
    for (name, bad) in [
        ("gap hidden", join(&lines[..4])),
        ("reordered", join(&[lines[0], lines[2], lines[1], lines[3], lines[4]])),
        ("doubled", join(&[lines[0], lines[1], lines[1], lines[2], lines[3], lines[4]])),
        ("dropped", join(&[lines[0], lines[1], lines[3], lines[4]])),
        ("no day record", join(&lines[1..])),
        ("second day record", join(&[lines[0], lines[0], lines[1], lines[2], lines[3], lines[4]])),
        ("crlf", good.replace('\n', "\r\n")),
        ("empty line", good.replace("}\n{\"kind\":\"gap", "}\n\n{\"kind\":\"gap")),
        ("no end", good.trim_end().to_owned()),
        ("space", good.replacen("\"v\":1", "\"v\": 1", 1)),
        ("count", good.replacen("\"entries\":30", "\"entries\":31", 1)),
        ("unknown field", good.replacen("\"v\":1", "\"v\":1,\"x\":1", 1)),
        ("duplicate field", good.replacen("\"v\":1", "\"v\":1,\"v\":1", 1)),
    ] {
        assert!(read(bad.as_bytes()).is_err(), "{name}");
    }
    let unknown = good.replacen("\"kind\":\"gap\"", "\"kind\":\"pack\"", 1);
    assert!(matches!(
        read(unknown.as_bytes()),
        Err(ManifestError::Record { line: 5, source: RecordError::UnknownKind { .. } })
    ));
    let other_day = Manifest::read(good.as_bytes(), &origin(), day("2026-11-21"), |_, _| {});
    assert!(other_day.is_err());
}

#[test]
fn late_batches_must_be_said_and_within_the_window() {
    let mut builder = ManifestBuilder::new(plan());
    let mut late = batch(1, 0);
    late.key.day = day("2026-11-17");
    builder.batch(late.clone());
    let bytes = builder.finish();
    assert_eq!(read(&bytes).unwrap().0.day.counts.late, 1);

    let mut builder = ManifestBuilder::new(plan());
    late.key.day = day("2026-11-16");
    builder.batch(late);
    assert!(read(&builder.finish()).is_err());
}

#[test]
fn many_services_and_long_keys_stay_within_a_line() {
    let mut builder = ManifestBuilder::new(plan());
    for i in 0..300u32 {
        let mut b = batch(0, 0);
        b.key.stream = StreamId(Digest::of(&i.to_be_bytes()).0[..16].try_into().unwrap());
        b.service = format!("{i:064}").parse().unwrap();
        builder.batch(b);
    }
    builder.stray(StrayRecord {
        key: "\u{1}".repeat(1_024),
        version: Some("v".repeat(1_024)),
        length: 5,
        sha256: Some(Digest([0; 32])),
        reason: StrayReason::Name,
    });
    let bytes = builder.finish();
    let (manifest, _) = read(&bytes).unwrap();
    assert_eq!((manifest.day.services.len(), manifest.day.more_services), (200, 100));
    assert!(bytes.split(|b| *b == b'\n').all(|l| l.len() <= crate::record::MAX_RECORD));
}

#[test]
fn time_is_the_sealers() {
    assert_eq!(plan().sealed_at, UnixMillis::new(day("2026-11-21").start().as_millis()).unwrap());
}
