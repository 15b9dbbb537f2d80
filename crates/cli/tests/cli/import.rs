//! `import`: others' records become events; what their own checks say is told and recorded.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Done, FIRST, Log, dayseal, run, time};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../import/tests/samples").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(sample(name)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn import(log: &Log, format: &str, args: &[&str], input: &[u8]) -> Done {
    log.feed(&time(0, 14), ["import", "--from", format].iter().chain(args), input)
}

/// Every entry of the first day.
fn entries(log: &Log) -> Vec<Value> {
    let out = log.at(&time(1, 3), ["cat", FIRST]).exits(0).out;
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    v: u8,
    format: String,
    dry_run: bool,
    files: Vec<File>,
    batches: u64,
    bytes: u64,
    redacted: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    file: String,
    event: String,
    digest: Option<String>,
    records: u64,
    imported: u64,
    refused: u64,
    check: Check,
    dropped: std::collections::BTreeMap<String, u64>,
    interrupted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    kind: String,
    state: String,
    checked: u64,
    failed: u64,
    line: Option<u64>,
    reason: Option<String>,
}

fn summary(done: &Done) -> Summary {
    serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e} in {done:#?}"))
}

#[test]
fn a_chain_that_holds_and_one_that_does_not() {
    let log = Log::new();
    let path = sample("kling-chain.jsonl");
    let path = path.to_str().unwrap();
    let done = import(&log, "kling-chain", &[path], b"").exits(0);
    done.says("kling-chain.jsonl: imported 5 of 5 records")
        .says("chain: intact, 5 checked")
        .says("recorded 6 entries in 1 batch");
    let broken = read("kling-chain.jsonl").replacen("\"video_count\": 1", "\"video_count\": 9", 1);
    let done = import(&log, "kling-chain", &[], broken.as_bytes()).exits(1);
    done.says("stdin: imported 5 of 5 records").says("chain: BROKEN at line 2: its hash is not");

    let all = entries(&log);
    assert_eq!(all.len(), 12);
    // Streams have random names: which run comes first is not said.
    let report = |state: &str| {
        let of = |e: &&Value| e["type"] == "log.imported" && e["labels"]["import.check"] == state;
        all.iter().find(of).unwrap()
    };
    let (intact, broken) = (report("intact"), report("broken"));
    assert_eq!((&intact["outcome"], intact.get("reason")), (&"success".into(), None));
    assert_eq!(
        (&broken["outcome"], &broken["reason"]["code"]),
        (&"failure".into(), &"check_broken".into())
    );
    assert_eq!(broken["labels"]["import.check_line"], "2");
    let of_report = |report: &Value| -> Vec<_> {
        all.iter().filter(|e| e["correlation"]["parent_event"] == report["id"]).collect()
    };
    let (once, again) = (of_report(intact), of_report(broken));
    assert_eq!((once.len(), again.len()), (5, 5));
    // The same lines have the same ids, the altered one has not; the event's time is the record's.
    let same: Vec<_> = once.iter().zip(&again).map(|(a, b)| a["id"] == b["id"]).collect();
    assert_eq!(same, [true, false, true, true, true]);
    assert!(once[0]["time"].as_str().unwrap().starts_with("2026-11-21T"));
    assert_eq!(once[0]["logged_time"], time(0, 14));
    // What was imported is sealed and verified as any entry.
    log.at(&time(1, 2), ["seal"]).exits(0);
    log.at(&time(1, 3), ["verify"]).exits(0);
}

#[test]
fn the_summary_is_a_contract() {
    let log = Log::new();
    let text = read("kling-chain.jsonl") + "not json\n";
    let done = import(&log, "kling-chain", &["--json"], text.as_bytes()).exits(1);
    let s = summary(&done);
    assert_eq!((s.v, s.format.as_str(), s.dry_run), (1, "kling-chain", false));
    assert_eq!((s.batches, s.redacted), (1, 0));
    assert!(s.bytes > 0);
    let [f] = &s.files[..] else { panic!("{s:?}") };
    assert_eq!((f.file.as_str(), f.event.len(), f.interrupted), ("stdin", 36, false));
    assert!(f.digest.as_ref().unwrap().starts_with("p1:source:"));
    assert_eq!((f.records, f.imported, f.refused), (6, 5, 1));
    assert!(f.dropped.is_empty());
    assert_eq!((f.check.kind.as_str(), f.check.state.as_str()), ("chain", "broken"));
    assert_eq!((f.check.checked, f.check.failed, f.check.line), (6, 1, Some(6)));
    assert!(f.check.reason.as_ref().unwrap().contains("cannot be read"));
    done.says("stdin:6: refused: not a JSON object");
}

#[test]
fn a_dry_run_records_nothing_and_says_the_same() {
    let log = Log::new();
    let text = read("kaizen.jsonl") + "{}\n";
    let dry = import(&log, "kaizen", &["--dry-run", "--json"], text.as_bytes()).exits(1);
    assert_eq!(log.batches(), Vec::<String>::new());
    let wet = import(&log, "kaizen", &["--json"], text.as_bytes()).exits(1);
    let (dry, wet) = (summary(&dry), summary(&wet));
    assert!(dry.dry_run && dry.batches == 0 && dry.bytes == 0);
    let of = |s: &Summary| {
        let f = &s.files[0];
        (f.records, f.imported, f.refused, f.digest.clone(), s.redacted)
    };
    assert_eq!(of(&dry), of(&wet));
    assert_eq!((dry.files[0].records, dry.files[0].refused), (22, 1));
    let printed = import(&log, "kaizen", &["--dry-run", "--print"], text.as_bytes()).exits(1);
    let printed = printed.says("would import 21 of 22").says("recorded nothing");
    // What is printed is what would be stored, but for the ids of the run.
    let stored = entries(&log);
    let shown: Vec<Value> = printed.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(shown.len(), stored.len());
    for (shown, stored) in shown.iter().zip(&stored).take(21) {
        assert_eq!((&shown["id"], &shown["labels"]), (&stored["id"], &stored["labels"]));
    }
    import(&log, "kaizen", &["--print"], b"").exits(2).says("--dry-run");
}

#[test]
fn encrypted_content_needs_its_key_from_a_file_or_the_environment() {
    let key = read("rotalabs.key");
    let path = sample("rotalabs-encrypted.jsonl");
    let path = path.to_str().unwrap();
    let log = Log::new();
    fs::write(log.home("key"), &key).unwrap();
    let flag = ["--fernet-key-file", "key", path, "--json"];
    fs::set_permissions(log.home("key"), fs::Permissions::from_mode(0o644)).unwrap();
    import(&log, "rotalabs", &flag, b"").exits(2).says("chmod 600");
    fs::set_permissions(log.home("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let s = summary(&import(&log, "rotalabs", &flag, b"").exits(0));
    let check = &s.files[0].check;
    assert_eq!(
        (check.kind.as_str(), check.state.as_str(), check.checked),
        ("content_hashes", "intact", 6)
    );
    import(&log, "kaizen", &flag, b"").exits(2).says("no other format is encrypted");

    let by_environment = |key: &str| {
        let mut command = log.command(["import", "--from", "rotalabs", "--json", path]);
        run(command.env("DAYSEAL_NOW", time(0, 14)).env("DAYSEAL_FERNET_KEY", key), b"")
    };
    assert_eq!(summary(&by_environment(&key).exits(0)).files[0].check.checked, 6);
    let wrong = by_environment(&key.replace(char::is_lowercase, "x")).exits(1);
    assert_eq!(summary(&wrong).files[0].refused, 3);
    wrong.says("does not open under the Fernet key");
    let bad = by_environment("hunter2").exits(2).says("DAYSEAL_FERNET_KEY: not a Fernet key");
    assert!(!bad.err.contains("hunter2"));

    let s = summary(&import(&log, "rotalabs", &[path, "--json"], b"").exits(0));
    assert_eq!((s.files[0].dropped["input_content"], &*s.files[0].check.state), (3, "none"));
    for entry in entries(&log) {
        assert!(!entry.to_string().contains("quarterly"), "{entry}");
    }
}

const RECORD: &str = r#"{"eventTime":"2026-11-16T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","readOnly":true,"eventID":"e-1","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ada","userName":"ada"},"sourceIPAddress":"203.0.113.7","requestParameters":{"note":"card 4111 1111 1111 1111"}}"#;

#[test]
fn cloudtrail_in_documents_and_lines_compressed_or_not() {
    let log = Log::new();
    let document = format!("{{\"Records\":[{RECORD},{RECORD}]}}");
    let lines = format!("{RECORD}\n{RECORD}\n");
    // The name says nothing, the bytes do; two files put behind each other are one.
    let twice = [gzip(document.as_bytes()), gzip(document.as_bytes())].concat();
    fs::write(log.home("a.json"), &twice).unwrap();
    fs::write(log.home("b.gz"), &lines).unwrap();
    let done =
        import(&log, "cloudtrail", &["a.json", "-", "b.gz", "--json"], &gzip(lines.as_bytes()));
    let s = summary(&done.exits(0));
    let records: Vec<_> =
        s.files.iter().map(|f| (f.file.as_str(), f.records, f.imported)).collect();
    assert_eq!(records, [("a.json", 4, 4), ("stdin", 2, 2), ("b.gz", 2, 2)]);
    // The digest is that of the file as it is.
    assert_ne!(s.files[1].digest, s.files[2].digest);
    // Redaction works on the way in as on any event.
    let entries = entries(&log);
    assert_eq!(s.redacted, 16);
    assert_eq!(entries[0]["source"]["address"], "203.0.113.0/24");
    assert_eq!(entries[0]["labels"]["requestParameters.note"], "card [redacted:card]");
    assert_eq!(entries[1]["labels"]["import.record"], "2");

    let cut = &document[..document.len() - 10];
    let done = import(&log, "cloudtrail", &["--json"], cut.as_bytes()).exits(1);
    assert_eq!((summary(&done).files[0].imported, summary(&done).files[0].refused), (1, 1));
    done.says("stdin:1: record 2: refused: the document ends here");
    let mut cut = gzip(lines.as_bytes());
    cut.truncate(cut.len() - 12);
    let done = import(&log, "cloudtrail", &["--json"], &cut).exits(3).says("cannot read stdin");
    let s = summary(&done);
    assert!(s.files[0].interrupted && s.files[0].digest.is_none());
}

#[test]
fn strict_redaction_keeps_the_labels_of_an_import() {
    let log = Log::new();
    let args = ["--redaction", "strict", "--declare-label", "eventSource"];
    import(&log, "cloudtrail", &args, RECORD.as_bytes()).exits(0);
    let [entry, report] = &entries(&log)[..] else { panic!("two") };
    assert!(report.get("redactions").is_none(), "{report}");
    assert_eq!(entry["labels"]["import.id"], "e-1");
    assert_eq!(entry["labels"]["eventSource"], "s3.amazonaws.com");
    assert_eq!(entry["labels"]["requestParameters.note"], "[redacted:undeclared]");
}

#[test]
fn without_a_log_secret_nothing_is_digested() {
    let log = Log::new();
    let keys = fs::read_to_string(log.path("keys.json")).unwrap();
    let mut keys: Value = serde_json::from_str(&keys).unwrap();
    keys.as_object_mut().unwrap().remove("log_secret");
    fs::write(log.path("other.json"), keys.to_string()).unwrap();
    fs::set_permissions(log.path("other.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let args = ["--keys", "log/other.json", "--json"];
    let done = import(&log, "cloudtrail", &args, RECORD.as_bytes()).exits(0).says("no log secret");
    assert_eq!(summary(&done).files[0].digest, None);
    let entries = entries(&log);
    assert!(entries[0]["labels"].get("import.digest").is_none());
    assert!(entries[0]["content"]["args"].get("digest").is_none());
    assert_ne!(entries[0]["id"], entries[1]["id"]);
}

#[test]
fn pseudonyms_as_the_configuration_says() {
    let log = Log::new();
    let config = fs::read_to_string(log.path("dayseal.toml")).unwrap();
    let set = |privacy: &str| {
        fs::write(log.path("dayseal.toml"), format!("{config}\n[privacy]\n{privacy}\n")).unwrap()
    };
    set(
        "pseudonyms = true\naddress = \"pseudonym\"\nredaction = \"strict\"\ndeclared_labels = [\"eventSource\"]",
    );
    import(&log, "cloudtrail", &[], RECORD.as_bytes()).exits(0);
    log.feed(&time(0, 14), ["record"], crate::support::event("a").as_bytes()).exits(0);
    let mut entries = entries(&log);
    // Streams have random names: the import's two entries first.
    entries.sort_by_key(|e| e["type"] == "data.read" && e["action"] == "a");
    let actor = |e: &Value| e["actor"]["id"].as_str().unwrap().to_owned();
    assert!(actor(&entries[0]).starts_with("p1:actor:"), "{}", entries[0]);
    assert!(actor(&entries[2]).starts_with("p1:actor:"), "{}", entries[2]);
    assert!(entries[0]["source"]["address"].as_str().unwrap().starts_with("p1:address:"));
    assert_eq!(entries[0]["labels"]["eventSource"], "s3.amazonaws.com");
    assert!(!entries[0].to_string().contains("user/ada"));
    for (privacy, says) in [
        ("address = \"pseudonym\"", "needs `pseudonyms = true`"),
        ("declared_labels = [\"a\"]", "needs `redaction = \"strict\"`"),
        ("pseudonym = true", "unknown field `pseudonym`"),
    ] {
        set(privacy);
        import(&log, "cloudtrail", &[], b"").exits(2).says(says);
    }
}

#[test]
fn usage() {
    let log = Log::new();
    import(&log, "syslog", &[], b"").exits(2).says("expected one of rotalabs, kaizen");
    import(&log, "kaizen", &["none"], b"").exits(2).says("cannot read none");
    assert_eq!(log.batches(), Vec::<String>::new());
    // A file of nothing is imported: its report says so.
    import(&log, "kaizen", &[], b"\n").exits(0).says("imported 0 of 0 records");
    assert_eq!(entries(&log).len(), 1);
    let help = run(dayseal().args(["import", "--help"]), b"").exits(0);
    help.prints("DAYSEAL_FERNET_KEY").prints("kling-chain");
}

#[test]
fn compressed_events_are_recorded_too() {
    let log = Log::new();
    let input = gzip(crate::support::event("a").repeat(3).as_bytes());
    log.feed(&time(0, 14), ["record"], &input).exits(0).says("recorded 3 entries");
}
