//! `officer`: keys of people who sign orders about a log.

use std::fs;

use serde_json::Value;

use crate::place::Place;
use crate::support::{ORIGIN, time};

#[test]
fn a_new_officer_gets_a_key_and_the_auditor_a_line() {
    let place = Place::new();
    place.init(&[]).exits(0);
    let now = time(0, 9);
    let done = place.at(&now, &["officer", "new", "dpo", "--out", "dpo.json"]).exits(0);
    let line = done.out.lines().find(|l| l.starts_with("  officer ")).unwrap().trim().to_owned();
    assert!(line.starts_with(&format!("officer {ORIGIN}/officer/dpo+")), "{line}");
    let path = place.path("log/policy");
    let policy = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{policy}{line}\n")).unwrap();
    place.at(&now, &["policy", "check"]).exits(0);
    place.at(&now, &["policy", "print"]).exits(0).prints(line.strip_prefix("officer ").unwrap());

    // The file is the officer's alone, holds no other key, and is never overwritten.
    let file: Value = serde_json::from_slice(&fs::read(place.path("dpo.json")).unwrap()).unwrap();
    assert_eq!(file["origin"], format!("{ORIGIN}/officer/dpo"));
    assert!(file["wrapping_key"].is_null() && file["log_secret"].is_null());
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(place.path("dpo.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    place.at(&now, &["officer", "new", "dpo", "--out", "dpo.json"]).exits(3);
    // It is no key of the log.
    place.at(&time(1, 3), &["--keys", "dpo.json", "seal"]).exits(3).says("officer/dpo");

    place.at(&now, &["officer", "new", "a/b", "--out", "x.json"]).exits(2).says("officer");
    place.at(&now, &["officer", "new", "ciso"]).exits(2);
    assert!(!place.path("x.json").exists());
}

#[test]
fn an_officers_key_may_be_in_kms() {
    let place = Place::new();
    place.init(&[]).exits(0);
    let arn = place.stub.signing_key("officer");
    let args = ["officer", "new", "ciso", "--key", &arn, "--json"];
    let made: Value = serde_json::from_str(&place.at(&time(0, 9), &args).exits(0).out).unwrap();
    assert_eq!(made["officer"], format!("{ORIGIN}/officer/ciso"));
    assert_eq!(made["policy_line"], format!("officer {}", made["verifier_key"].as_str().unwrap()));
}
