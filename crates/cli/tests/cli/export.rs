//! `export`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Done, Log, dayseal, time};

const FORMATS: [&str; 4] = ["ndjson", "csv", "ocsf", "otel"];

/// Two sealed days of two events each, and an open one.
fn log() -> Log {
    let log = Log::sealed(2);
    log.record_day(2);
    log
}

fn export(log: &Log, format: &str, out: &Path, more: &[&str]) -> Done {
    let args = ["export", "--format", format, "--out", out.to_str().unwrap(), "--no-progress"];
    let own = ["--not", "type=log.exported", "--not", "type=log.accessed"];
    log.at(&time(2, 15), args.iter().chain(&own).chain(more))
}

/// What lies in the test's directory beside the log.
fn beside(log: &Log) -> Vec<String> {
    let names = fs::read_dir(log.home("")).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<_> = names.map(|n| n.to_string_lossy().into_owned()).collect();
    names.retain(|name| name != "log");
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(top).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_file_is_whole_private_and_never_overwritten() {
    let log = log();
    for format in FORMATS {
        let out = log.home(format);
        export(&log, format, &out, &[]).exits(0).prints("6 entries, 2 of them not sealed yet");
        assert_eq!(mode(&out), 0o600);
        let before = fs::read(&out).unwrap();
        export(&log, format, &out, &[]).exits(2).says("overwrites nothing");
        assert_eq!(fs::read(&out).unwrap(), before);
        // The same to standard output.
        let done = export(&log, format, Path::new("-"), &[]).exits(0).says("6 entries");
        assert_eq!(done.out.as_bytes(), before);
    }
    assert_eq!(beside(&log), ["csv", "ndjson", "ocsf", "otel"]);
}

#[cfg(feature = "parquet")]
#[test]
fn a_directory_is_whole_private_and_never_overwritten() {
    let log = log();
    let out = log.home("lake");
    let more = ["--source", "acme", "--region", "eu-west-1", "--account", "111122223333"];
    export(&log, "parquet", &out, &more).exits(0).prints("6 entries in 3 files");
    assert_eq!(mode(&out), 0o700);
    for file in files(&out) {
        assert_eq!(mode(&file), 0o600);
        let path = file.strip_prefix(&out).unwrap().to_str().unwrap();
        assert!(path.starts_with("ext/acme-60"), "{path}");
        assert!(
            path.contains("/region=eu-west-1/accountId=111122223333/eventDay=202611"),
            "{path}"
        );
    }
    assert_eq!(files(&out).len(), 3);
    export(&log, "parquet", &out, &more).exits(2).says("overwrites nothing");
    export(&log, "parquet", Path::new("-"), &[]).exits(2).says("directory");
    export(&log, "parquet", &log.home("x"), &["--source", "../up"]).exits(2).says("source");
    assert_eq!(beside(&log), ["lake"]);
}

#[test]
fn filters_are_those_of_query() {
    let log = log();
    let count = |more: &[&str]| {
        let done = export(&log, "ocsf", Path::new("-"), more).exits(0);
        done.out.lines().count()
    };
    assert_eq!(count(&["--days", "2026-11-16..2026-11-17"]), 4);
    assert_eq!(count(&["--since", "2026-11-18"]), 2);
    assert_eq!(count(&["--sealed-only"]), 4);
    assert_eq!(count(&["--text", "no such words"]), 0);
    let done = export(&log, "csv", Path::new("-"), &["--text", "no such words"]).exits(0);
    assert_eq!(done.out.lines().count(), 1, "the head alone");
    let done = export(&log, "ocsf", Path::new("-"), &["--sealed-only"]);
    done.exits(0).says("left out 2 not sealed yet");
}

#[test]
fn the_log_knows_what_was_exported() {
    let log = log();
    let more = ["--purpose", "audit 7", "--days", "2026-11-16", "--outcome", "success"];
    export(&log, "ocsf", &log.home("out"), &more).exits(0);
    let found = log.at(&time(2, 16), ["query", "--type", "log.exported", "--format", "json"]);
    let event: Value = serde_json::from_str(found.exits(0).out.lines().next().unwrap()).unwrap();
    assert_eq!(event["action"], "export_ocsf");
    assert_eq!(event["access_reason"], "audit 7");
    assert_eq!(event["labels"]["access.entries"], "2");
    assert_eq!(event["labels"]["access.filters"], "outcome type days");
    assert_eq!(event["resource"]["id"], "2026-11-16");
}

#[test]
fn raw_events_carry_the_stored_bytes() {
    let log = log();
    // Not its own record of the reading.
    let query = ["query", "--stored", "--type", "data.", "--format", "json"];
    let stored = log.at(&time(2, 15), query).exits(0).out;
    let done = export(&log, "ocsf", Path::new("-"), &["--raw"]).exits(0);
    let raw: Vec<Value> = done.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for (event, line) in raw.iter().zip(stored.lines()) {
        assert_eq!(event["raw_data"], line);
        let salt = hex(event["unmapped"]["dayseal.salt"].as_str().unwrap());
        let leaf = dayseal_format::batch::leaf_of(&salt.try_into().unwrap(), line.as_bytes());
        assert_eq!(event["attestation_list"][0]["fingerprint"]["value"], leaf.to_string());
    }
    assert_eq!(raw.len(), 6);
    export(&log, "csv", Path::new("-"), &["--raw"]).exits(2).says("--raw");
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_exported() {
    let log = log().copy();
    let day = log.path("evidence/entries/2026-11-16");
    let batch = files(&day).remove(0);
    let mut bytes = fs::read(&batch).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&batch, bytes).unwrap();
    let out = log.home("out");
    let done = export(&log, "ndjson", &out, &[]).exits(1);
    done.says("not to be relied on or read").prints("4 entries");
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 4);
}

#[test]
fn nobody_reading_is_no_failure_and_nothing_is_left_behind() {
    let log = log();
    let mut command = dayseal();
    command.args(["export", "--format", "ocsf", "--out", "-"]).current_dir(log.path(""));
    command.env("DAYSEAL_NOW", time(2, 15));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    export(&log, "csv", &log.home("no/such/directory"), &[]).exits(3).says("cannot write beside");
    assert_eq!(beside(&log), [""; 0]);
}
