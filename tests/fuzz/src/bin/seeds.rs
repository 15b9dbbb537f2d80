//! Writes the seeds: `cargo run --bin seeds -- seeds` makes one directory for each target with small,
//! well-formed inputs and near misses. Deterministic; the result is committed under `seeds/`.

use std::fs;
use std::path::Path;

use dayseal_format::batch::{BatchEncoder, Entries};
use dayseal_format::content::{self, ContentKey, ContentObject, ContentRecord, Field, FrameDraft};
use dayseal_format::event::{Actor, AiCall, Defaults, Event, EventId, Outcome, Service};
use dayseal_format::manifest::{ManifestBuilder, ManifestPlan};
use dayseal_format::merkle::{Frontier, leaf_hash};
use dayseal_format::proof::Proof;
use dayseal_format::record::{BatchRecord, GapRecord, StrayReason, StrayRecord};
use dayseal_format::{
    Acknowledgement, BatchKey, Checkpoint, Digest, LogFile, Note, Policy, StreamId, UnixMillis,
    VerifierKey,
};
use dayseal_fuzz::seal;
use dayseal_fuzz::targets::ALL;
use ed25519_dalek::{Signer as _, SigningKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = std::env::args().nth(1).ok_or("usage: seeds DIRECTORY")?;
    for (target, name, bytes) in seeds()? {
        assert!(ALL.iter().any(|(known, _)| *known == target), "{target}");
        let directory = Path::new(&argument).join(target);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(name), bytes)?;
    }
    Ok(())
}

/// First lines of the samples, and made records, each behind the number of its format.
const IMPORTS: [(&str, u8, &str); 6] = [
    ("rotalabs", 0, include_str!("../../../../crates/import/tests/samples/rotalabs-plain.jsonl")),
    ("kaizen", 1, include_str!("../../../../crates/import/tests/samples/kaizen.jsonl")),
    ("kling_chain", 2, include_str!("../../../../crates/import/tests/samples/kling-chain.jsonl")),
    ("kling_events", 3, include_str!("../../../../crates/import/tests/samples/kling-events.jsonl")),
    (
        "cloudtrail",
        4,
        r#"{"eventTime":"2026-11-16T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","readOnly":true,"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ada"},"resources":[{"type":"t","ARN":"a"}]}"#,
    ),
    (
        "ocsf",
        5,
        r#"{"class_uid":6003,"activity_id":2,"time":1763632800123,"status_id":1,"metadata":{"tenant_uid":"acme"},"actor":{"user":{"uid":"ada"}}}"#,
    ),
];
const DOCUMENT: &str = "\x03{\"Records\":[{\"a\":\"}\"},{\"b\":[1]}]}\n{\"c\":1}\n";

const ENTRY_PROOF: &[u8] = include_bytes!("../../../vectors/entry_proof/entry_2_of_5.proof");
const REDACTED_PROOF: &[u8] =
    include_bytes!("../../../vectors/entry_proof/redacted_entry_2_of_5.proof");

type Seed = (&'static str, &'static str, Vec<u8>);

const STATEMENT: &str =
    "dayseal-removal v1\norigin example.com/foo\ntime 2026-11-20T10:00:00.000Z\nday 2026-11-01\n";

fn seeds() -> Result<Vec<Seed>, Box<dyn std::error::Error>> {
    let now = UnixMillis::new(1_795_132_800_000)?;
    let day = now.day();
    let event = event(now)?;
    let mut line = Vec::new();
    event.encode(&mut line);

    let mut entries = Entries::new();
    entries.push(&line)?;
    entries.push(b"{}")?;
    let key = seal::key();
    let header = seal::header(0, Digest([0; 32]));
    let encoded = BatchEncoder::new().encode(header, &entries, &key, &[5; 32])?;
    let json = serde_json::to_vec(&encoded.header)?;
    let lines = [line.as_slice(), b"\n{}\n"].concat();
    let mut two_frames = seal::plaintext(b"a\n");
    two_frames[8] ^= 1;

    let of = |n: u8, text: &str| ContentRecord {
        entry: event.id,
        field: if n == 0 { Field::Input } else { Field::Output },
        media_type: None,
        nonce: [n; 32],
        content: text.into(),
    };
    let frames = [
        FrameDraft { subjects: vec!["a".into(), "b".into()], records: vec![of(0, "question")] },
        FrameDraft { subjects: vec![], records: vec![of(1, "answer")] },
    ];
    let content =
        content::encode(seal::content_header(), &frames, &ContentKey::new([4; 32]), &[5; 32])?;
    let erased = ContentObject::parse(&content)?.erase("a", event.id).ok_or("a is named")?;

    let signing = SigningKey::from_bytes(&[9; 32]);
    let origin = encoded.header.origin.clone();
    let vkey = VerifierKey::new(origin.as_str(), signing.verifying_key().as_bytes())?;
    let batch_key = BatchKey { day, stream: StreamId([7; 16]), seq: 0, digest: encoded.digest };
    let record = BatchRecord {
        key: batch_key,
        version: Some("v1".into()),
        length: encoded.bytes.len() as u64,
        previous: None,
        entries: encoded.header.entries,
        first_time: now,
        last_time: now,
        root: encoded.header.root,
        service: encoded.header.service.clone(),
        last: true,
        late: false,
    };
    let manifest = |before: Frontier| {
        let mut builder = ManifestBuilder::new(ManifestPlan {
            origin: origin.clone(),
            day,
            sealed_at: now,
            before,
            previous: Some(Digest([4; 32])),
            late_days: 3,
            keep_until: day,
            kept_from: day,
        });
        builder.batch(record.clone());
        let mut next = record.clone();
        next.key.seq = 3;
        next.previous = Some(Digest([6; 32]));
        builder.batch(next);
        builder.stray(StrayRecord {
            key: "entries/x".into(),
            version: None,
            length: 3,
            sha256: Some(Digest([5; 32])),
            reason: StrayReason::Name,
        });
        if let Some(earlier) = day.previous() {
            builder.late_gap(GapRecord { day: earlier, stream: StreamId([8; 16]), from: 0, to: 2 });
        }
        builder.finish()
    };
    let mut before = Frontier::new();
    (0..5u8).for_each(|n| before.push(leaf_hash(&[n])));
    let mut after = before.clone();
    let full = manifest(before.clone());
    let records: Vec<_> = full.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
    records.iter().for_each(|l| after.push(leaf_hash(l)));

    let checkpoint = Checkpoint { origin: origin.clone(), size: after.size(), root: after.root() };
    let text = checkpoint.text();
    let note = Note::encode(&text, &vkey, &signing.sign(text.as_bytes()).to_bytes());
    let proof =
        Proof { index: 5, path: vec![Digest([1; 32]), Digest([2; 32])], checkpoint: note.clone() };
    let mut policy = Policy::new(origin.clone(), vkey.clone(), day);
    policy.wrapping_keys.push("local:00".into());
    policy.services.insert(encoded.header.service.clone(), 2);
    policy.known_findings.insert("gap-01ab".into(), "disk swap, ticket 7".into());
    let ack = Acknowledgement {
        v: 1,
        origin: origin.clone(),
        day,
        stream: StreamId([7; 16]),
        seq: 0,
        digest: encoded.digest,
        index: 1,
        entry: event.id,
    };
    let log = LogFile {
        v: 1,
        origin: origin.clone(),
        first_day: day,
        retention_days: 366,
        late_days: 3,
        verifier_keys: vec![vkey.to_string()],
        made_by: "dayseal 0.1.0".into(),
    };
    // The example of c2sp.org/signed-note.
    let example = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tn\
        agv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    // The largest size its 64 nodes allow: nothing can be appended to it.
    let huge = String::from_utf8(manifest(Frontier::new()))?.replace(
        r#""size":0,"frontier":[]"#,
        &format!(
            r#""size":{},"frontier":{}"#,
            u64::MAX,
            serde_json::to_string(&vec![Digest([1; 32]); 64])?
        ),
    );

    let mut seeds = vec![
        ("batch", "two_entries", encoded.bytes),
        ("content", "two_frames", content),
        ("content", "one_erased", erased),
        ("content_record", "text", b"\x02a question".to_vec()),
        ("content_record", "bytes", vec![1, 0xff, 0x0a, 0]),
        ("header", "plain", json),
        ("open", "two_entries", [&[2], seal::plaintext(&lines).as_slice()].concat()),
        ("open", "one_short_entry", [&[1], seal::plaintext(b"a\n").as_slice()].concat()),
        ("open", "bad_frame", [&[1], two_frames.as_slice()].concat()),
        ("lines", "two_entries", lines),
        ("record", "day", records[0].to_vec()),
        ("record", "batch", records[1].to_vec()),
        ("record", "stray", records[3].to_vec()),
        ("record", "gap", records[4].to_vec()),
        ("record", "conflict", br#"{"kind":"conflict","day":"2026-11-20","stream":"07070707070707070707070707070707","seq":1,"reason":"link","sha256":[]}"#.to_vec()),
        ("manifest", "a_day", full),
        ("manifest", "empty_day", manifest(Frontier::new())),
        ("manifest", "largest_size", huge.into_bytes()),
        ("note", "ours", note.clone().into_bytes()),
        ("note", "c2sp_example", example.as_bytes().to_vec()),
        ("checkpoint", "note", note.into_bytes()),
        ("checkpoint", "text", text.into_bytes()),
        ("verifier_key", "ours", vkey.to_string().into_bytes()),
        ("policy", "full", policy.to_string().into_bytes()),
        ("statement", "plain", STATEMENT.into()),
        ("acknowledgement", "plain", ack.encode().into_bytes()),
        ("proof", "two_hashes", proof.encode().into_bytes()),
        ("entry_proof", "entry", ENTRY_PROOF.to_vec()),
        ("entry_proof", "redacted", REDACTED_PROOF.to_vec()),
        ("event", "plain", line.clone()),
        ("event_json", "plain", line.clone()),
        ("names", "batch_key", batch_key.to_string().into_bytes()),
        ("names", "day", b"2026-11-20".to_vec()),
        ("names", "time", b"2026-11-20T00:00:00.000Z".to_vec()),
        ("names", "id", event.id.to_string().into_bytes()),
        ("names", "manifest", b"manifests/2026-11-20.ndjson".to_vec()),
        ("names", "checkpoint", b"checkpoints/2026-11-20".to_vec()),
        ("log_file", "plain", serde_json::to_vec(&log)?),
    ];
    for (name, format, text) in IMPORTS {
        let line = text.lines().next().unwrap_or_default().as_bytes();
        seeds.push(("import", name, [&[format][..], line].concat()));
    }
    seeds.push(("split", "document", DOCUMENT.as_bytes().to_vec()));
    let mut sets =
        vec![1, 0, 1, b'a', 0, 0, 0, 5, 0, 0, 0, 5, 0, 1, 1, 0b0100_0000, 0, 1, 12, 0, 0];
    sets.resize(256, 0);
    seeds.push(("hints", "two_sets", sets));
    seeds.push(("hints", "nothing", vec![0; 256]));
    seeds.push(("hinted_lines", "entry", line));
    seeds.push(("index", "three", vec![0, 0, 0, 3, 0, 3, 1, 2, 3, 0, 0, 0, 1, 9]));
    Ok(seeds)
}

fn event(now: UnixMillis) -> Result<Event, Box<dyn std::error::Error>> {
    let draft = Event::builder("ai.generation.completed")
        .actor(Actor::user("u-17"))
        .action("text_to_video")
        .outcome(Outcome::Success)
        .ai(AiCall::new("kling", "kling-v2").param("duration", 5).param("mode", "standard"))
        .label("department", "finance")
        .redaction("labels.note", "email")
        .build()?;
    let service = Service::new("studio");
    Ok(draft.complete(Defaults::new(EventId::from_parts(now, [7; 10]), now, &service))?)
}
