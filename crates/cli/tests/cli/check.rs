//! `dayseal check`: its usage errors, and the contract of its JSON, on a service that refuses everything.
//! What each check judges is tested in `crates/auditor`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Done, Log, dayseal, run, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    v: u8,
    profile: String,
    checks: Vec<Check>,
    passed: usize,
    warnings: usize,
    failed: usize,
    exit_code: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    id: String,
    title: String,
    status: Status,
    detail: String,
    evidence: Value,
    controls: Vec<String>,
    unread: bool,
}

#[derive(Debug, Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Pass,
    Warn,
    Fail,
}

/// Answers every request with 403, until the test ends.
fn refusing_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            std::thread::spawn(move || refuse(connection.unwrap()));
        }
    });
    endpoint
}

fn refuse(mut connection: TcpStream) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = connection.write_all(answer.as_bytes());
}

/// Runs `check` with roots in buckets of that service.
fn check(log: &Log, more: &[&str]) -> Done {
    let endpoint = refusing_service();
    let mut command = dayseal();
    command
        .current_dir(log.home(""))
        .env("HOME", log.home(""))
        .env("AWS_ENDPOINT_URL", &endpoint)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("DAYSEAL_NOW", time(1, 3))
        .env("DAYSEAL_CONFIG", "log/dayseal.toml")
        .env("DAYSEAL_S3_ENDPOINT", &endpoint)
        .env("DAYSEAL_S3_REGION", "eu-west-1")
        .env("DAYSEAL_S3_PATH_STYLE", "true")
        .args(["check", "--evidence", "s3://evidence/main", "--state", "s3://state/main"])
        .args(more);
    run(&mut command, b"")
}

#[test]
fn usage_errors_say_what_is_expected() {
    let log = Log::new();
    let now = time(1, 3);
    // What is checked are settings of buckets.
    let done = log.at(&now, ["check"]).exits(2).says("is no bucket: settings of buckets");
    assert!(done.err.contains("/log/evidence"), "{done:?}");
    let names = "expected one of soc2, pci, three-years, hipaa, seven-years, ai-act, sec";
    let done = log.at(&now, ["check", "--profile", "sox"]).exits(2).says(names);
    assert!(done.err.contains("no profile `sox`"), "{done:?}");
    // The same from the configuration, where a flag wins.
    let path = log.path("dayseal.toml");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{good}\n[check]\nprofile = \"sox\"\n")).unwrap();
    log.at(&now, ["check"]).exits(2).says(names);
    log.at(&now, ["check", "--profile", "pci"]).exits(2).says("is no bucket");
    fs::write(&path, format!("{good}\n[check]\nprofiles = [\"pci\"]\n")).unwrap();
    log.at(&now, ["check"]).exits(2).says("unknown field `profiles`");
    fs::write(&path, good).unwrap();
    let content = log.home("content").display().to_string();
    check(&log, &["--content", &content]).exits(2).says("is no bucket");
    fs::remove_file(&path).unwrap();
    let evidence = log.path("evidence").display().to_string();
    let done =
        run(dayseal().current_dir(log.home("")).args(["check", "--evidence", &evidence]), b"");
    done.exits(2).says("no state root: give --state URL");
}

#[test]
fn what_may_not_be_read_is_a_warning_and_never_a_pass() {
    let log = Log::new();
    let schedule = ["--schedule", "dayseal/seal-main"];
    let all =
        [&schedule[..], &["--content", "s3://content/main", "--region", "eu-west-1"]].concat();
    let done = check(&log, &[&all[..], &["--json", "--profile", "pci"]].concat());
    let report: Report =
        serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e}: {done:?}"));
    assert_eq!((report.v, report.profile.as_str()), (1, "pci"));
    assert_eq!(report.exit_code, done.code);
    let count = |status| report.checks.iter().filter(|c| c.status == status).count();
    let (passed, warned, failed) = (count(Status::Pass), count(Status::Warn), count(Status::Fail));
    assert_eq!((report.passed, report.warnings, report.failed), (passed, warned, failed));
    assert_eq!(done.code, if failed > 0 { 1 } else { 3 }, "{done:?}");
    for check in &report.checks {
        let unread = check.detail.starts_with("could not be read: ");
        assert_eq!(check.unread, unread, "{check:?}");
        assert!(!check.unread || check.status == Status::Warn, "{check:?}");
        assert!(!check.unread || check.evidence.is_null(), "{check:?}");
        assert!(!check.title.is_empty() && !check.controls.is_empty(), "{check:?}");
    }
    assert!(report.checks.iter().filter(|c| c.unread).count() > 20, "{report:#?}");
    // What passes without a look at AWS stays out of the text unless asked for.
    let text = check(&log, &all);
    assert!(text.out.contains("WARN  B01") && !text.out.contains("PASS"), "{text:?}");
    check(&log, &[&all[..], &["--all"]].concat()).prints("profile soc2: ");

    // docs/cli.md names each check, and no other.
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|l| l.strip_prefix("| `")?.split_once("` | "));
    let is_id = |id: &str| {
        let bytes = id.as_bytes();
        bytes.len() == 3
            && bytes[0].is_ascii_uppercase()
            && bytes[1..].iter().all(u8::is_ascii_digit)
    };
    let named: BTreeSet<_> =
        rows.filter(|(id, _)| is_id(id)).map(|(id, _)| id.to_owned()).collect();
    let found: BTreeSet<_> = report.checks.iter().map(|c| c.id.clone()).collect();
    assert_eq!(named, found);
}
