//! The targets, by name.

use dayseal_format::batch::{Batch, BatchEncoder, BatchError, Entries};
use dayseal_format::content::{
    self, ContentError, ContentKey, ContentObject, ContentRecord, Field, FrameDraft, Part,
};
use dayseal_format::event::{ContentDigest, Defaults, Event, EventDraft, EventId, Service};
use dayseal_format::hints::{self, HintKeys};
use dayseal_format::index::{Index, IndexWriter};
use dayseal_format::merkle::{leaf_hash, root_of_inclusion};
use dayseal_format::names::{parse_checkpoint_key, parse_manifest_key};
use dayseal_format::proof::Proof;
use dayseal_format::{
    Acknowledgement, BatchKey, Checkpoint, Day, Digest, EntryProof, LogFile, Manifest, Note,
    Origin, Policy, Record, ServiceName, Statement, StreamId, UnixMillis, VerifierKey,
};

use dayseal_import::{Fernet, Format, Importer, Place, SourceKeys, Splitter};

use ed25519_dalek::{Signer as _, SigningKey};

use crate::seal;

/// One target.
pub type Target = fn(&[u8]);

/// Every target.
pub const ALL: &[(&str, Target)] = &[
    ("batch", batch),
    ("header", header),
    ("open", open),
    ("lines", lines),
    ("content", content),
    ("content_record", content_record),
    ("record", record),
    ("manifest", manifest),
    ("note", note),
    ("checkpoint", checkpoint),
    ("verifier_key", verifier_key),
    ("policy", policy),
    ("statement", statement),
    ("acknowledgement", acknowledgement),
    ("proof", proof),
    ("entry_proof", entry_proof),
    ("event", event),
    ("event_json", event_json),
    ("names", names),
    ("log_file", log_file),
    ("import", import),
    ("split", split),
    ("hints", hints),
    ("hinted_lines", hinted_lines),
    ("index", index),
];

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The framing of a whole object.
fn batch(bytes: &[u8]) {
    let Ok(batch) = Batch::parse(bytes) else { return };
    let json = serde_json::to_vec(batch.header()).expect("a header is plain data");
    assert!(bytes[16..].starts_with(&json), "the header has one encoding");
    let _ = batch.open(&seal::key());
}

/// The header alone, in a frame that is always right.
fn header(json: &[u8]) {
    let bytes = seal::frame(json, &[0; 17]);
    let Ok(batch) = Batch::parse(&bytes) else { return };
    let again = serde_json::to_vec(batch.header()).expect("a header is plain data");
    assert_eq!(again, json, "the header has one encoding");
}

/// Any plaintext, sealed as it should be; the first byte is the number of entries.
fn open(input: &[u8]) {
    let Some((entries, plain)) = input.split_first() else { return };
    let mut header = seal::header(u32::from(*entries).max(1), Digest([0; 32]));
    let bytes = seal::seal(&header, plain);
    // An empty plaintext is refused by its length.
    let Ok(batch) = Batch::parse(&bytes) else { return assert!(plain.is_empty()) };
    match batch.open(&seal::key()) {
        // All that is wrong is the root: put it right.
        Err(BatchError::Root { found, .. }) => header.root = found,
        Err(BatchError::Contents(_)) => return,
        other => panic!("sealed here, so it opens or its contents are bad: {other:?}"),
    }
    let bytes = seal::seal(&header, plain);
    let open = Batch::parse(&bytes).and_then(|b| b.open(&seal::key())).expect("root put right");
    let mut entries = Entries::new();
    open.iter().for_each(|entry| entries.push(entry).expect("what was read can be written"));
    assert_eq!(entries.len(), open.len());
    let lines: Vec<u8> = entries.iter().flat_map(|e| e.iter().chain(b"\n")).copied().collect();
    assert_eq!(lines, open.lines());
    assert!(open.proof(open.len() - 1).is_some() && open.proof(open.len()).is_none());
}

const CONTENT_KEY: ContentKey = ContentKey::new([4; 32]);

/// A whole content object; erasing from what parses gives what parses.
fn content(bytes: &[u8]) {
    let Ok(object) = ContentObject::parse(bytes) else { return };
    let _ = object.open(&CONTENT_KEY);
    let receipt = EventId::from_parts(seal::time(), [0; 10]);
    for part in object.parts() {
        let Part::Frame(frame) = part else { continue };
        let Some(subject) = frame.subjects.first() else { continue };
        let erased = object.erase(subject, receipt).expect("it is named");
        let again = ContentObject::parse(&erased).expect("all other bytes are kept");
        assert_eq!(again.header(), object.header());
        assert_eq!(again.erase(subject, receipt), None);
    }
}

/// Any content, written and read again.
fn content_record(input: &[u8]) {
    let Some((fields, content)) = input.split_first() else { return };
    let record = ContentRecord {
        entry: EventId::from_parts(seal::time(), [*fields; 10]),
        field: if fields & 1 == 0 { Field::Input } else { Field::ChangeTo },
        media_type: (fields & 2 != 0).then(|| "text/plain".to_owned()),
        nonce: [*fields; 32],
        content: content.to_vec(),
    };
    let frames = [FrameDraft { subjects: vec!["a".into()], records: vec![record] }];
    let header = seal::content_header();
    let bytes = match content::encode(header, &frames, &CONTENT_KEY, &[5; 32]) {
        Err(ContentError::Limit(_)) => return assert!(content.len() > content::MAX_CONTENT),
        other => other.expect("within the limits"),
    };
    let read = ContentObject::parse(&bytes).and_then(|object| object.open(&CONTENT_KEY));
    assert_eq!(read.expect("what was written can be read"), frames[0].records);
}

/// Any lines, encoded and opened again.
fn lines(input: &[u8]) {
    let mut entries = Entries::new();
    for line in input.split(|b| *b == b'\n') {
        assert_eq!(entries.push(line).is_err(), line.is_empty() || line.len() > 65_535);
    }
    let header = seal::header(0, Digest([0; 32]));
    let encoded = BatchEncoder::new().encode(header, &entries, &seal::key(), &[5; 32]);
    if entries.is_empty() {
        return assert!(encoded.is_err());
    }
    let encoded = encoded.expect("lines within the limits");
    assert_eq!(Digest::of(&encoded.bytes), encoded.digest);
    let batch = Batch::parse(&encoded.bytes).expect("what was written can be read");
    assert_eq!(*batch.header(), encoded.header);
    let open = batch.open(&seal::key()).expect("under the same key");
    assert!(open.iter().eq(entries.iter()));
}

fn record(line: &[u8]) {
    if let Ok(record) = Record::decode(line) {
        assert_eq!(record.encode().as_bytes(), line);
    }
}

fn manifest(bytes: &[u8]) {
    let Ok(head) = Manifest::read_day_record(bytes) else { return };
    let mut again = Vec::new();
    let mut push = |record: &Record| {
        again.extend_from_slice(record.encode().as_bytes());
        again.push(b'\n');
    };
    push(&Record::Day(head.clone()));
    let read = Manifest::read(bytes, &head.origin, head.day, |_, record| push(&record));
    let Ok(read) = read else { return };
    assert_eq!(read.day, head);
    assert_eq!(again, bytes);
    let leaves = bytes.iter().filter(|b| **b == b'\n').count() as u64;
    assert_eq!(read.after.size(), read.before.size() + leaves);
    let _ = read.after.root();
}

/// The C2SP specification's own example key.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    let known: VerifierKey = VKEY.parse().expect("the example");
    assert!(bytes.starts_with(note.unverified_text().as_bytes()));
    if let Ok(text) = note.verify(std::slice::from_ref(&known)) {
        assert_eq!(text, note.unverified_text());
    }
}

fn checkpoint(bytes: &[u8]) {
    let _ = Checkpoint::parse_unverified(bytes);
    let Some(text) = text(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse_text(text) {
        assert_eq!(checkpoint.text(), text);
    }
}

fn verifier_key(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
}

/// What an officer signs has one encoding.
fn statement(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(statement) = Statement::parse_text(text) {
        assert_eq!(statement.text(), text);
    }
    let origin: Origin = "example.com/foo".parse().expect("an origin");
    let known: VerifierKey = VKEY.parse().expect("the example");
    let _ = Statement::open(bytes, "dayseal-removal", &origin, &[known]);
}

/// A policy has comments and free spacing: what was read must be read again the same.
fn policy(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(policy) = text.parse::<Policy>() {
        assert_eq!(policy.to_string().parse::<Policy>().as_ref(), Ok(&policy));
    }
}

fn acknowledgement(bytes: &[u8]) {
    if let Ok(ack) = Acknowledgement::decode(bytes) {
        let line = ack.encode();
        assert_eq!(line.as_bytes(), bytes.strip_suffix(b"\n").unwrap_or(bytes));
        let key = ack.key().to_string();
        assert_eq!(key.parse::<BatchKey>().ok(), Some(ack.key()), "an acknowledged key is a key");
    }
}

fn proof(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(proof) = Proof::parse(text) else { return };
    assert_eq!(proof.encode(), text);
    let origin: Origin = "example.com/foo".parse().expect("an origin");
    let known: VerifierKey = VKEY.parse().expect("the example");
    let _ = proof.verify(b"record", &origin, &[known]);
}

/// Signed here again, so that what lies behind the signature is reached.
fn entry_proof(bytes: &[u8]) {
    let Ok(mut proof) = EntryProof::parse(bytes) else { return };
    assert_eq!(proof.encode(), bytes, "one encoding");
    let key = SigningKey::from_bytes(&[7; 32]);
    let origin: Origin = "example.com/foo".parse().expect("an origin");
    let known = VerifierKey::new(origin.as_str(), key.verifying_key().as_bytes()).expect("a key");
    let size =
        Checkpoint::parse_unverified(proof.proof.checkpoint.as_bytes()).map_or(1, |c| c.size);
    let record = leaf_hash(&proof.record);
    let root = root_of_inclusion(record, proof.proof.index, size, &proof.proof.path);
    let Some(root) = root else { return };
    let text = Checkpoint { origin: origin.clone(), size, root }.text();
    let signature = key.sign(text.as_bytes()).to_bytes();
    proof.proof.checkpoint = Note::encode(&text, &known, &signature);
    let known = [known];
    if let Ok(proven) = proof.verify(&origin, &known) {
        let again = proof.redact().verify(&origin, &known).expect("redacted, it still holds");
        assert_eq!((again.leaf, again.record), (proven.leaf, proven.record));
    }
}

fn event(line: &[u8]) {
    let Ok(event) = Event::decode(line) else { return };
    let mut again = Vec::new();
    event.encode(&mut again);
    assert_eq!(again, line);
    assert!(!line.contains(&b'\n') && line.len() <= 65_535);
    // Looser readers agree.
    assert_eq!(serde_json::from_slice::<Event>(line).expect("an event is JSON"), event);
}

fn event_json(input: &[u8]) {
    let Ok(draft) = Event::from_json(input) else { return };
    let now = UnixMillis::new(1_795_132_800_000).expect("2026-11-20");
    let id = EventId::from_parts(now, [7; 10]);
    let service = Service::new("fuzz");
    let Ok(event) = draft.complete(Defaults::new(id, now, &service)) else { return };
    let mut line = Vec::new();
    event.encode(&mut line);
    assert_eq!(Event::decode(&line).as_ref(), Ok(&event), "what is written is read");
    // Recorded a second time, it stays what it is.
    let other = EventId::from_parts(now, [8; 10]);
    let again = EventDraft::from(event.clone()).complete(Defaults::new(other, now, &service));
    assert_eq!(again.as_ref(), Ok(&event));
}

fn names(bytes: &[u8]) {
    fn one_spelling<T: std::str::FromStr + ToString>(text: &str) {
        if let Ok(value) = text.parse::<T>() {
            assert_eq!(value.to_string(), text);
        }
    }
    let Some(text) = text(bytes) else { return };
    one_spelling::<BatchKey>(text);
    one_spelling::<Origin>(text);
    one_spelling::<ServiceName>(text);
    one_spelling::<StreamId>(text);
    one_spelling::<Digest>(text);
    one_spelling::<Day>(text);
    one_spelling::<UnixMillis>(text);
    one_spelling::<EventId>(text);
    one_spelling::<ContentDigest>(text);
    if let Some(day) = parse_manifest_key(text) {
        assert_eq!(dayseal_format::names::manifest_key(day), text);
    }
    if let Some(day) = parse_checkpoint_key(text) {
        assert_eq!(dayseal_format::names::checkpoint_key(day), text);
    }
}

fn log_file(bytes: &[u8]) {
    let _ = serde_json::from_slice::<LogFile>(bytes);
}

/// A record of another program; the first byte is its format. What is mapped is an event.
fn import(input: &[u8]) {
    let Some((format, record)) = input.split_first() else { return };
    let format = Format::ALL[usize::from(*format) % Format::ALL.len()];
    let origin = seal::header(1, Digest([0; 32])).origin;
    let key = Fernet::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("32 bytes");
    let mut importer = Importer::new(format).keys(SourceKeys::new(&[1; 32], &origin)).fernet(key);
    let Ok(mapped) = importer.map(record, Place::line("f", 1)) else { return };
    let now = UnixMillis::new(1_795_132_800_000).expect("a time");
    let id = EventId::from_parts(now, [1; 10]);
    let event = mapped.draft.complete(Defaults::new(id, now, &Service::new("s")));
    event.expect("a draft that was given is an event");
}

/// Records out of bytes; how they are cut into pieces does not matter. The first byte is the size of a piece.
fn split(input: &[u8]) {
    let Some((size, bytes)) = input.split_first() else { return };
    let units = |size: usize| {
        let (mut splitter, mut found) = (Splitter::new(true), Vec::new());
        for piece in bytes.chunks(size.max(1)) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (taken, unit) = splitter.feed(rest);
                rest = &rest[taken..];
                found.extend(unit.map(|unit| (unit, splitter.record().to_vec())));
            }
        }
        let last = splitter.finish();
        found.extend(last.map(|unit| (unit, splitter.record().to_vec())));
        found
    };
    assert_eq!(units(usize::from(*size)), units(usize::MAX));
}

const PLACE: hints::Place = hints::Place { stream: StreamId([1; 16]), seq: 7, entries: 3 };

/// Any plaintext of hints, sealed as it should be.
fn hints(plain: &[u8]) {
    let keys = HintKeys::derive(&seal::SECRET, &seal::origin());
    let Ok(hints) = keys.open(&PLACE, &seal::hints(&PLACE, plain)) else { return };
    for field in hints::Field::ALL {
        let found = hints.may_have(&keys, *field, "u-1");
        match hints.size(*field) {
            None => assert!(found && !hints.covers(*field)),
            Some((n, precision)) => assert!(n <= 5_113 && precision <= 12 && (n > 0 || !found)),
        }
    }
}

/// Lines that may be entries: whatever hints are made of them open, and are made once; those of decoded entries are
/// the same.
fn hinted_lines(input: &[u8]) {
    let keys = HintKeys::derive(&seal::SECRET, &seal::origin());
    let lines = || input.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let made = keys.make(&PLACE, lines());
    if let Ok(events) = lines().map(Event::decode).collect::<Result<Vec<_>, _>>() {
        let mut values = hints::Values::default();
        events.iter().for_each(|event| values.add(event));
        assert_eq!(made, Some(keys.make_of(&PLACE, &values)));
    }
    let Some(made) = made else { return };
    let hints = keys.open(&PLACE, &made).expect("what is made opens");
    for line in lines() {
        let entry: serde_json::Value = serde_json::from_slice(line).expect("it was read");
        if let Some(actor) = entry["actor"]["id"].as_str() {
            assert!(hints.may_have(&keys, hints::Field::Actor, actor));
        }
    }
    assert_eq!(keys.make(&PLACE, lines()), Some(made));
}

/// What stands behind the head of an index.
fn index(items: &[u8]) {
    let (origin, day, manifest) = (seal::origin(), seal::time().day(), Digest([7; 32]));
    let head = IndexWriter::new(&origin, day, &manifest).finish();
    let bytes = [&head[..head.len() - 4], items].concat();
    let Ok(index) = Index::parse(&bytes, &origin, day, &manifest) else { return };
    let mut again = IndexWriter::new(&origin, day, &manifest);
    index.items().for_each(|item| again.push(item));
    assert_eq!(again.finish(), bytes, "one encoding");
}
