//! Every file of `tests/vectors/` against `dayseal-format`: success, or exactly the failure that its
//! `INDEX.tsv` names. `tests/vectors/README.md` explains the codes.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayseal_format::batch::{Batch, BatchEncoder, BatchError, DataKey, Entries, padded_len};
use dayseal_format::checkpoint::CheckpointError;
use dayseal_format::content::{self, ContentError, ContentKey, ContentObject, FrameDraft, Part};
use dayseal_format::entry_proof::{EntryProof, EntryProofError};
use dayseal_format::event::{Event, EventError};
use dayseal_format::hints::{HintKeys, Place, Values};
use dayseal_format::index::Index;
use dayseal_format::manifest::ManifestError;
use dayseal_format::merkle::{is_consistent, leaf_hash, root, root_of_inclusion};
use dayseal_format::note::NoteError;
use dayseal_format::policy::Policy;
use dayseal_format::proof::{Proof, ProofError};
use dayseal_format::pseudonym::{PrivacyKeys, Purpose};
use dayseal_format::record::RecordError;
use dayseal_format::statement::StatementError;
use dayseal_format::{
    Acknowledgement, BatchKey, Checkpoint, Day, Digest, Manifest, Note, OfficerName, Origin,
    ServiceName, Statement, StreamId, UnixMillis, VerifierKey, names,
};
use dayseal_keys::{DataKeyOpener as _, KeyContext, KeyError, KeyKind, LocalKeys};
use serde_json::Value;

/// Vectors on which the code and the specification do not agree yet: path, what the code says today.
///
/// A fix makes the test fail until its line here is gone.
const PENDING: &[(&str, &str)] = &[];

type Outcome = Result<(), String>;

struct Case {
    folder: String,
    file: String,
    expect: String,
    inputs: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

impl Case {
    fn input(&self, name: &str) -> &str {
        self.inputs.get(name).unwrap_or_else(|| panic!("{}: no input {name}", self.file))
    }

    fn origin(&self) -> Origin {
        self.input("origin").parse().unwrap()
    }

    fn vkey(&self) -> VerifierKey {
        self.input("vkey").parse().unwrap()
    }
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// The cases of one folder. Each file has its line and each line its file.
fn cases(folder: &str) -> Vec<Case> {
    let dir = vectors().join(folder);
    let index = fs::read_to_string(dir.join("INDEX.tsv")).unwrap();
    let mut cases = Vec::new();
    for line in index.lines().filter(|l| !l.starts_with('#')) {
        let parts: Vec<_> = line.split('\t').collect();
        let [file, expect, inputs] = parts[..] else { panic!("{folder}: {line}") };
        let inputs = inputs
            .split(' ')
            .filter_map(|i| i.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let bytes = fs::read(dir.join(file)).unwrap_or_else(|e| panic!("{folder}/{file}: {e}"));
        cases.push(Case {
            folder: folder.into(),
            file: file.into(),
            expect: expect.into(),
            inputs,
            bytes,
        });
    }
    let listed: BTreeSet<_> = cases.iter().map(|c| c.file.clone()).collect();
    assert_eq!(listed.len(), cases.len(), "{folder}: a file is listed twice");
    let found: BTreeSet<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .filter(|f| f != "INDEX.tsv")
        .collect();
    assert_eq!(found, listed, "{folder}: files and INDEX.tsv");
    cases
}

fn run(folder: &str, check: impl Fn(&Case) -> Outcome) {
    let mut wrong = Vec::new();
    for case in cases(folder) {
        let path = format!("{}/{}", case.folder, case.file);
        let check = std::panic::AssertUnwindSafe(|| check(&case));
        let outcome = std::panic::catch_unwind(check).unwrap_or_else(|_| Err("panic".into()));
        let found = outcome.err().unwrap_or_else(|| "success".into());
        match PENDING.iter().find(|(p, _)| *p == path) {
            None if found == case.expect => {}
            None => wrong.push(format!("{path}: expected {}, found {found}", case.expect)),
            Some((_, today)) if found == *today => {}
            Some((_, today)) => {
                wrong.push(format!("{path}: was {today}, is {found}: take it out of PENDING"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn fail<T>(code: &str) -> Result<T, String> {
    Err(code.to_owned())
}

#[test]
fn the_generator_writes_what_is_checked_in() {
    let made = dayseal_tests::vectors::generate();
    let folders: BTreeSet<_> = made.keys().map(|k| k.split('/').next().unwrap()).collect();
    for (name, bytes) in &made {
        let found = fs::read(vectors().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(found == *bytes, "{name} is not what the generator makes");
    }
    for folder in folders {
        for file in fs::read_dir(vectors().join(folder)).unwrap() {
            let name = format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap());
            assert!(made.contains_key(&name), "{name} is not made by the generator");
        }
    }
}

#[test]
fn batches() {
    run("batch", |case| {
        let key = hex::decode(case.input("data_key")).unwrap().try_into().unwrap();
        let key = DataKey::new(key);
        let batch = Batch::parse(&case.bytes).map_err(|e| batch_code(&e))?;
        let open = batch.open(&key).map_err(|e| batch_code(&e))?;
        assert_eq!(open.len().to_string(), case.input("entries"));
        assert_eq!(batch.header().root.to_string(), case.input("root"));
        assert_eq!(Digest::of(&case.bytes).to_string(), case.input("sha256"));
        if let Some(random) = case.inputs.get("random") {
            let random = hex::decode(random).unwrap().try_into().unwrap();
            let mut entries = Entries::new();
            open.iter().for_each(|e| entries.push(e).unwrap());
            let header = batch.header().clone();
            let again = BatchEncoder::new().encode(header, &entries, &key, &random).unwrap();
            assert!(again.bytes == case.bytes, "{}: the encoder writes other bytes", case.file);
        }
        Ok(())
    });
}

fn batch_code(error: &BatchError) -> String {
    match error {
        BatchError::Framing(_) => "framing",
        BatchError::Version { .. } => "version",
        BatchError::Length { .. } => "length",
        BatchError::Header(_) => "header",
        BatchError::Commitment => "commitment",
        BatchError::Decrypt => "decrypt",
        BatchError::Root { .. } => "root",
        BatchError::Contents(reason) => contents_code(reason),
        other => return other.to_string(),
    }
    .to_owned()
}

fn contents_code(reason: &str) -> &'static str {
    match reason {
        "shorter than its two lengths" => "contents.short",
        "entries length outside 1 byte to 32 MiB" => "contents.lengths",
        "frame length and padding do not fit the plaintext" => "contents.padding",
        "padding is not all zero" => "contents.zeros",
        "not exactly one zstd frame" => "contents.frame",
        "the zstd frame declares another length" => "contents.declared",
        "the zstd frame is corrupt" | "the zstd frame has another length" => "contents.corrupt",
        "an entry is empty or longer than 65,535 bytes" => "contents.line",
        "the number of lines is not the header's number of entries"
        | "a record without its newline"
        | "the number of records is not the one that the frame says" => "contents.count",
        _ => "contents",
    }
}

#[test]
fn content_objects() {
    run("content", |case| {
        let key: [u8; 32] = hex::decode(case.input("content_key")).unwrap().try_into().unwrap();
        let key = ContentKey::new(key);
        let object = ContentObject::parse(&case.bytes).map_err(|e| content_code(&e))?;
        let records = object.open(&key).map_err(|e| content_code(&e))?;
        let origin = &object.header().origin;
        let digests: Vec<_> = records.iter().map(|r| r.digest(origin).to_string()).collect();
        assert_eq!(digests.join(","), case.input("digests"));
        let stubs = object.parts().filter(|part| matches!(part, Part::Stub(_))).count();
        assert_eq!(stubs.to_string(), case.input("stubs"));
        if let Some(whole) = case.inputs.get("erased_from") {
            let whole = fs::read(vectors().join("content").join(whole)).unwrap();
            let whole = ContentObject::parse(&whole).unwrap();
            let receipt = case.input("receipt").parse().unwrap();
            let erased = whole.erase(case.input("subject"), receipt).unwrap();
            assert!(erased == case.bytes, "{}: erasing writes other bytes", case.file);
        }
        if let Some(random) = case.inputs.get("random") {
            let random = hex::decode(random).unwrap().try_into().unwrap();
            let mut rest = records.into_iter();
            let frames: Vec<_> = object
                .parts()
                .map(|part| {
                    let Part::Frame(frame) = part else { panic!("a stub in a whole object") };
                    let records = rest.by_ref().take(frame.records as usize).collect();
                    FrameDraft { subjects: frame.subjects.clone(), records }
                })
                .collect();
            let again = content::encode(object.header().clone(), &frames, &key, &random).unwrap();
            assert!(again == case.bytes, "{}: the encoder writes other bytes", case.file);
        }
        Ok(())
    });
}

fn content_code(error: &ContentError) -> String {
    match error {
        ContentError::Framing(_) => "framing",
        ContentError::Version { .. } => "version",
        ContentError::Length { .. } => "length",
        ContentError::Header(_) => "header",
        ContentError::Part { .. } => "part",
        ContentError::Parts { .. } => "parts",
        ContentError::Root { .. } => "root",
        ContentError::Commitment => "commitment",
        ContentError::Mac => "mac",
        ContentError::Decrypt { .. } => "decrypt",
        ContentError::Contents { detail, .. } => contents_code(detail),
        ContentError::Record { .. } => "record",
        ContentError::Twice { .. } => "twice",
        other => return other.to_string(),
    }
    .to_owned()
}

#[test]
fn manifests() {
    run("manifest", |case| {
        let day: Day = case.input("day").parse().unwrap();
        let manifest = Manifest::read(&case.bytes, &case.origin(), day, |_, _| {})
            .map_err(|e| manifest_code(&e))?;
        if let Some(size) = case.inputs.get("size") {
            assert_eq!(manifest.after.size().to_string(), *size);
            assert_eq!(manifest.after.root().to_string(), case.input("root"), "{}", case.file);
        }
        Ok(())
    });
}

fn manifest_code(error: &ManifestError) -> String {
    match error {
        ManifestError::Framing(_) => "framing",
        ManifestError::Frontier(_) => "frontier",
        ManifestError::Record { source, .. } => match source {
            RecordError::TooLong { .. } => "too_long",
            RecordError::UnknownKind { .. } => "unknown_kind",
            RecordError::Version { .. } => "version",
            _ => "record",
        },
        ManifestError::Mismatch { reason, .. } => match *reason {
            "first record" => "mismatch.first",
            "origin" => "mismatch.origin",
            "day" => "mismatch.day",
            "order of records" | "key" => "mismatch.order",
            "record" => "mismatch.second_day",
            "day of the batch" | "day of the gap" => "mismatch.late",
            "gaps and conflicts of the day's streams" => "mismatch.streams",
            "counts" => "mismatch.counts",
            "services" => "mismatch.services",
            "keep_until and kept_from" => "mismatch.keep",
            "removed records" | "day of the removed batch" => "mismatch.removed",
            "key record" => "mismatch.second_key",
            "name of the key" => "mismatch.key_name",
            other => return format!("mismatch: {other}"),
        },
        other => return other.to_string(),
    }
    .to_owned()
}

#[test]
fn notes() {
    run("note", |case| {
        let note = Note::parse(&case.bytes).map_err(|e| note_code(&e))?;
        note.verify(&[case.vkey()]).map(drop).map_err(|e| note_code(&e))
    });
}

fn note_code(error: &NoteError) -> String {
    match error {
        NoteError::Malformed(_) => "note",
        NoteError::VerifierKey { .. } => "vkey",
        NoteError::BadSignature { .. } => "bad_signature",
        NoteError::Unsigned { .. } => "unsigned",
        other => return other.to_string(),
    }
    .to_owned()
}

#[test]
fn verifier_keys() {
    run("vkey", |case| {
        let text = std::str::from_utf8(&case.bytes).unwrap();
        let key: VerifierKey = text.parse().map_err(|e| note_code(&e))?;
        assert_eq!(key.to_string(), text);
        Ok(())
    });
}

#[test]
fn statements() {
    run("statement", |case| {
        let (kind, origin) = (case.input("kind"), case.origin());
        let signed = Statement::open(&case.bytes, kind, &origin, &[case.vkey()])
            .map_err(|e| statement_code(&e))?;
        let text = signed.statement.text();
        assert!(case.bytes.starts_with(text.as_bytes()), "{}: it has one encoding", case.file);
        assert_eq!(signed.signers, [case.vkey()]);
        assert_eq!((text.lines().count() - 3).to_string(), case.input("lines"));
        Ok(())
    });
}

fn statement_code(error: &StatementError) -> String {
    match error {
        StatementError::Note(error) => return note_code(error),
        StatementError::Malformed { .. } | StatementError::TooLong { .. } => "statement",
        StatementError::Version { .. } => "version",
        StatementError::Kind { .. } => "kind",
        StatementError::Origin { .. } => "other_origin",
        other => return other.to_string(),
    }
    .to_owned()
}

#[test]
fn checkpoints() {
    run("checkpoint", |case| {
        let checkpoint = Checkpoint::open(&case.bytes, &case.origin(), &[case.vkey()])
            .map_err(|e| checkpoint_code(&e))?;
        assert_eq!(checkpoint.size.to_string(), case.input("size"));
        assert_eq!(checkpoint.root.to_string(), case.input("root"));
        Ok(())
    });
}

fn checkpoint_code(error: &CheckpointError) -> String {
    match error {
        CheckpointError::Note(e) => note_code(e),
        CheckpointError::Malformed(_) => "checkpoint".into(),
        CheckpointError::Origin { .. } => "other_origin".into(),
        other => other.to_string(),
    }
}

fn proof_code(e: ProofError) -> String {
    match e {
        ProofError::Malformed(_) => "proof".to_owned(),
        ProofError::Checkpoint(e) => checkpoint_code(&e),
        ProofError::Root { .. } => "root".into(),
        other => other.to_string(),
    }
}

#[test]
fn proofs() {
    run("proof", |case| {
        let Ok(text) = std::str::from_utf8(&case.bytes) else { return fail("proof") };
        let proof = Proof::parse(text).map_err(proof_code)?;
        let record = hex::decode(case.input("record")).unwrap();
        proof.verify(&record, &case.origin(), &[case.vkey()]).map_err(proof_code)?;
        assert_eq!(proof.encode(), text);
        Ok(())
    });
}

#[test]
fn entry_proofs() {
    let code = |e: EntryProofError| match e {
        EntryProofError::Version => "version".to_owned(),
        EntryProofError::Malformed(_) => "entry_proof".into(),
        EntryProofError::Proof(e) => proof_code(e),
        EntryProofError::Record(RecordError::UnknownKind { .. }) => "unknown_kind".into(),
        EntryProofError::Record(RecordError::Version { .. }) => "version".into(),
        EntryProofError::Record(_) => "record".into(),
        EntryProofError::NotABatch => "not_a_batch".into(),
        EntryProofError::Root { .. } => "entry_root".into(),
        EntryProofError::Entry(EventError::Version { .. }) => "entry_version".into(),
        EntryProofError::Entry(_) => "entry".into(),
        EntryProofError::Time { .. } => "entry_time".into(),
        other => other.to_string(),
    };
    run("entry_proof", |case| {
        let proof = EntryProof::parse(&case.bytes).map_err(code)?;
        assert_eq!(proof.encode(), case.bytes);
        let (origin, keys) = (case.origin(), [case.vkey()]);
        let newer = ["version", "unknown_kind", "entry_version"].contains(&&*case.expect);
        let proven = proof.verify(&origin, &keys).map_err(|e| {
            assert_eq!(e.is_newer(), newer, "{}", case.file);
            code(e)
        })?;
        // Redacting changes what is shown, not what is proven.
        let redacted = proof.redact();
        let again = redacted.verify(&origin, &keys).map_err(code)?;
        assert_eq!((again.leaf, again.record, again.event), (proven.leaf, proven.record, None));
        Ok(())
    });
}

#[test]
fn hints() {
    run("hints", |case| {
        // The entries of another case.
        if case.expect == "lines" {
            return fail("lines");
        }
        let secret = hex::decode(case.input("secret")).unwrap().try_into().unwrap();
        let place = Place {
            stream: case.input("stream").parse().unwrap(),
            seq: case.input("seq").parse().unwrap(),
            entries: case.input("entries").parse().unwrap(),
        };
        let keys = HintKeys::derive(&secret, &case.origin());
        keys.open(&place, &case.bytes).map_err(|e| e.code().to_owned())?;
        if let Some(lines) = case.inputs.get("lines") {
            let lines = fs::read(vectors().join("hints").join(lines)).unwrap();
            let lines = lines.split(|b| *b == b'\n').filter(|l| !l.is_empty());
            let made = keys.make(&place, lines.clone()).unwrap();
            assert!(made == case.bytes, "{}: other hints are made", case.file);
            let mut values = Values::default();
            for line in lines {
                // Not `decode`: labels stand in another order in some.
                values.add(&serde_json::from_slice::<Event>(line).unwrap());
            }
            let made = keys.make_of(&place, &values);
            assert!(made == case.bytes, "{}: other hints are made of events", case.file);
        }
        Ok(())
    });
}

#[test]
fn indexes() {
    run("index", |case| {
        let (day, manifest) = (case.input("day").parse().unwrap(), case.input("manifest"));
        let index = Index::parse(&case.bytes, &case.origin(), day, &manifest.parse().unwrap());
        let index = index.map_err(|e| e.code().to_owned())?;
        let items: Vec<_> = index.items().map(|i| i.map_or(0, <[u8]>::len).to_string()).collect();
        assert_eq!(items.join(","), case.input("items"));
        Ok(())
    });
}

#[test]
fn acknowledgements() {
    run("ack", |case| match Acknowledgement::decode(&case.bytes) {
        Ok(ack) => {
            let line = case.bytes.strip_suffix(b"\n").unwrap_or(&case.bytes);
            assert_eq!(ack.encode().as_bytes(), line);
            Ok(())
        }
        Err(dayseal_format::ack::AckError::Version { .. }) => fail("version"),
        Err(_) => fail("ack"),
    });
}

#[test]
fn policies() {
    run("policy", |case| {
        let text = std::str::from_utf8(&case.bytes).unwrap();
        match text.parse::<Policy>() {
            Ok(policy) => {
                assert_eq!(policy.to_string().parse::<Policy>().unwrap(), policy);
                Ok(())
            }
            Err(error) => {
                let line = format!("policy line {}: ", case.input("line"));
                assert!(error.to_string().starts_with(&line), "{}: {error}", case.file);
                fail("policy")
            }
        }
    });
}

fn json(case: &Case) -> Value {
    serde_json::from_slice(&case.bytes).unwrap()
}

fn digest(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

fn hashes(value: &Value) -> Vec<Digest> {
    let decode = |v: &Value| STANDARD.decode(v.as_str().unwrap()).unwrap().try_into().unwrap();
    value.as_array().unwrap().iter().map(decode).map(Digest).collect()
}

#[test]
fn merkle_trees() {
    run("merkle", |case| {
        let v = json(case);
        let number = |name: &str| v[name].as_u64().unwrap();
        match v["kind"].as_str().unwrap() {
            "root" => {
                let inputs = v["inputs"].as_array().unwrap();
                let leaf = |v: &Value| leaf_hash(&hex::decode(v.as_str().unwrap()).unwrap());
                let leaves: Vec<_> = inputs.iter().map(leaf).collect();
                if root(&leaves) == digest(&v["root"]) { Ok(()) } else { fail("root") }
            }
            "inclusion" => {
                let (leaf, proof) = (digest(&v["leaf"]), hashes(&v["proof"]));
                let found = root_of_inclusion(leaf, number("index"), number("size"), &proof);
                if found == Some(digest(&v["root"])) { Ok(()) } else { fail("proof") }
            }
            _ => {
                let (old, new) = (digest(&v["old_root"]), digest(&v["root"]));
                let proof = hashes(&v["proof"]);
                let holds = is_consistent(number("old_size"), &old, number("size"), &new, &proof);
                if holds { Ok(()) } else { fail("proof") }
            }
        }
    });
}

#[test]
fn tables() {
    run("table", |case| {
        let text = std::str::from_utf8(&case.bytes).unwrap();
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let parts: Vec<_> = line.split('\t').collect();
            match (case.file.as_str(), &parts[..]) {
                ("padding.tsv", [len, padded]) => {
                    assert_eq!(padded_len(len.parse().unwrap()).to_string(), *padded, "{len}");
                }
                ("head_key.tsv", [origin, key]) => {
                    assert_eq!(names::head_key(&origin.parse().unwrap()), *key);
                }
                ("pseudonym.tsv", [secret, origin, tenant, kind, value, expected]) => {
                    assert_eq!(private(secret, origin, tenant, kind, value), *expected, "{line}");
                }
                ("names.tsv", [grammar, expect, text]) => {
                    assert_eq!(follows(grammar, text), *expect == "yes", "{line}");
                }
                _ => panic!("{line}"),
            }
        }
        Ok(())
    });
}

fn private(secret: &str, origin: &str, tenant: &str, kind: &str, value: &str) -> String {
    let secret = hex::decode(secret).unwrap().try_into().unwrap();
    let keys = PrivacyKeys::derive(&secret, &origin.parse().unwrap(), tenant);
    let value = hex::decode(value).unwrap();
    match kind {
        "version" => keys.version().to_owned(),
        "content" => {
            let item = keys.content(&value);
            assert_eq!(item.key_version.as_deref(), Some(keys.version()));
            assert_eq!(item.bytes, value.len() as u64);
            item.digest.unwrap().to_string()
        }
        purpose => {
            let purpose = Purpose::ALL.into_iter().find(|p| p.as_str() == purpose).unwrap();
            keys.pseudonym(purpose, &value)
        }
    }
}

/// Whether `text` follows the grammar; if so, it is also what the value prints as.
fn follows(grammar: &str, text: &str) -> bool {
    fn parsed<T: std::str::FromStr + ToString>(text: &str) -> bool {
        text.parse::<T>().is_ok_and(|v| v.to_string() == text)
    }
    match grammar {
        "batch_key" => parsed::<BatchKey>(text),
        "content_key" => parsed::<names::ContentObjectKey>(text),
        "origin" => parsed::<Origin>(text),
        "service" => parsed::<ServiceName>(text),
        "officer" => parsed::<OfficerName>(text),
        "day" => parsed::<Day>(text),
        "time" => parsed::<UnixMillis>(text),
        "stream" => parsed::<StreamId>(text),
        "digest" => parsed::<Digest>(text),
        "manifest_key" => {
            names::parse_manifest_key(text).is_some_and(|d| names::manifest_key(d) == text)
        }
        "checkpoint_key" => {
            names::parse_checkpoint_key(text).is_some_and(|d| names::checkpoint_key(d) == text)
        }
        _ => panic!("{grammar}"),
    }
}

/// The intermediate values are those of the batch next door.
#[test]
fn intermediate_values() {
    run("intermediate", |case| {
        let v = json(case);
        let batch = fs::read(vectors().join("batch/batch_three_entries")).unwrap();
        assert_eq!(Digest::of(&batch), digest(&v["batch_sha256"]));
        let parsed = Batch::parse(&batch).unwrap();
        assert_eq!(parsed.header().salt, digest(&v["salt"]));
        assert_eq!(parsed.header().commitment, digest(&v["commit_key"]));
        let key = hex::decode(v["data_key"].as_str().unwrap()).unwrap().try_into().unwrap();
        let open = parsed.open(&DataKey::new(key)).unwrap();
        for (i, salt) in v["leaf_salts"].as_array().unwrap().iter().enumerate() {
            assert_eq!(hex::encode(open.proof(i).unwrap().0), salt.as_str().unwrap());
        }
        Ok(())
    });
}

#[tokio::test]
async fn wrapped_keys() {
    for case in cases("wrap") {
        let v = json(&case);
        let text = |name: &str| v[name].as_str().unwrap();
        let bytes = |name: &str| hex::decode(text(name)).unwrap();
        let (kind, field) = match text("kind") {
            "content" => (KeyKind::Content, "content_wrapping_key"),
            _ => (KeyKind::Entries, "wrapping_key"),
        };
        let origin = text("origin");
        let file = serde_json::json!({
            "v": 1, "kind": "dayseal-keys", "origin": origin, field: text("wrapping_key"),
        });
        let keys = LocalKeys::parse(file.to_string().as_bytes(), "vector").unwrap();
        let context = KeyContext {
            kind,
            origin: origin.parse().unwrap(),
            stream: text("stream").parse().unwrap(),
            day: text("day").parse().unwrap(),
        };
        let opened = keys.open(text("key_id"), &bytes("wrapped"), &context).await;
        let outcome = match &opened {
            Ok(key) if key.expose().to_vec() == bytes("data_key") => "success",
            Ok(_) => "another key",
            Err(KeyError::Unwrap { .. }) => "unwrap",
            Err(KeyError::UnknownKey { .. }) => "foreign_key",
            Err(other) => panic!("{}: {other}", case.file),
        };
        assert_eq!(outcome, case.expect, "{}", case.file);
    }
}
