//! Logs whose keys are in KMS or Secrets Manager, against a stub of both.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::place::Place;
use crate::place::stub::Trouble;
use crate::support::{FIRST, ORIGIN, actions, dayseal, event, run, time};

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}

#[test]
fn a_log_with_both_keys_in_kms() {
    let (place, sign, data) = Place::kms_log();
    assert!(!exists(&place.path("log/keys.json")), "no key file is left");
    let config = fs::read_to_string(place.path("log/dayseal.toml")).unwrap();
    assert!(config.contains(&format!("signing_key = \"{sign}\"")), "{config}");
    assert!(config.contains(&format!("wrapping_key = \"{data}\"")), "{config}");
    assert!(!config.contains("\nkeys ="), "{config}");
    place.at(&time(0, 9), &["policy", "print"]).exits(0).prints(&data);

    place.fill();
    place.verify(&[]).exits(0).prints("entries: 4 entries opened");
    assert_eq!(place.stub.count("Decrypt"), 2, "once a stream");
    for (operation, body) in place.stub.seen() {
        let key = if operation == "Sign" || operation == "GetPublicKey" { &sign } else { &data };
        assert_eq!(body["KeyId"], Value::from(key.as_str()), "{operation} names the key");
    }
    let done = place.at(&time(2, 3), &["cat", FIRST]).exits(0);
    assert_eq!(actions(&done.out), ["a0", "b0"]);
    let entry: Value = serde_json::from_str(done.out.lines().next().unwrap()).unwrap();
    place.at(&time(2, 3), &["show", entry["id"].as_str().unwrap()]).exits(0).prints("\"a0\"");

    // An auditor has the policy, the right to Decrypt, and nothing else.
    fs::rename(place.path("log/dayseal.toml"), place.path("gone")).unwrap();
    let calls = place.stub.count("Decrypt");
    let roots = ["--evidence", "log/evidence", "--state", "log/state"];
    let args = [&roots[..], &["--policy", "log/policy"]].concat();
    place.verify(&args).exits(0).prints("entries: 4 entries opened");
    assert_eq!(place.stub.count("Decrypt"), calls + 2);
    // Less deep, no key is asked for.
    let done = place.verify(&[&args[..], &["--level", "objects"]].concat());
    done.exits(3).prints("entries: needs level entries");
    let args = [&["verify"], &args[..], &["--level", "objects"]].concat();
    let done = place.feed_as(None, &time(2, 3), &args, b"").exits(3);
    assert_eq!(done.err, "", "credentials are not looked for");
    assert_eq!(place.stub.count("Decrypt"), calls + 2);
}

#[test]
fn durable_acknowledgements_are_checked_inside_the_batch() {
    let (place, _, _) = Place::kms_log();
    let done = place.feed(&time(0, 14), &["record", "--durable"], event("a").as_bytes()).exits(0);
    fs::write(place.path("acks"), &done.out).unwrap();
    place.at(&time(1, 2), &["seal"]).exits(0);
    place.at(&time(1, 3), &["ack", "acks"]).exits(0).prints("stored, sealed by");
    assert_eq!(place.stub.count("Decrypt"), 1);
    // Without credentials the digest has to do, and the command says so.
    let done = place.feed_as(None, &time(1, 3), &["ack", "acks"], b"").exits(0);
    done.says("no AWS credentials: nothing is opened").prints("stored, sealed by");
}

#[test]
fn init_writes_nothing_when_a_key_cannot_be_used() {
    let place = Place::new();
    let (sign, data) = (place.stub.signing_key("sign"), place.stub.data_key("data"));
    let p256 = place.stub.other_key("p256", "ECC_NIST_P256", "SIGN_VERIFY", &[0; 91]);
    let denied = || Trouble::Error(400, "AccessDeniedException");
    let fine = || Trouble::Change(Value::Object(serde_json::Map::new()));
    for (signing, wrapping, troubles, key, text) in [
        (&sign, &data, vec![denied()], &sign, "kms:GetPublicKey was refused"),
        (&sign, &data, vec![fine(), denied()], &sign, "kms:Sign was refused"),
        (&sign, &data, vec![fine(), fine(), denied()], &data, "kms:GenerateDataKey was refused"),
        (&p256, &data, vec![], &p256, "expected key spec ECC_NIST_EDWARDS25519"),
        (&data, &data, vec![], &data, "with usage SIGN_VERIFY"),
        (&sign, &sign, vec![], &sign, "with usage ENCRYPT_DECRYPT"),
    ] {
        place.stub.trouble(troubles);
        let done = place.init(&["--signing-key", signing, "--wrapping-key", wrapping]);
        done.exits(3).says(text).says(key);
        assert!(!exists(&place.path("log")), "{text}: something was written");
    }
    place.init(&["--signing-key", "arn:aws:kms:eu:1:key/2"]).exits(2).says("twelve digits");
    place.init(&["--signing-key", "keys.json"]).exits(2).says("starts with `arn:`");
    place.init(&["--signing-key", &sign, "--wrapping-key", &data]).exits(0);
}

#[test]
fn one_key_in_kms_and_the_other_in_a_file() {
    for (flag, in_file) in [("--signing-key", "wrapping_key"), ("--wrapping-key", "signing_seed")] {
        let place = Place::new();
        let key = match flag {
            "--signing-key" => place.stub.signing_key("sign"),
            _ => place.stub.data_key("data"),
        };
        place.init(&[flag, &key]).exits(0).prints(&key);
        let file = fs::read_to_string(place.path("log/keys.json")).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        let names: Vec<_> = file.as_object().unwrap().keys().cloned().collect();
        let mut expected = vec!["kind", "log_secret", "origin", in_file, "v"];
        // With the one comes the other: content keys are wrapped apart.
        expected.extend((in_file == "wrapping_key").then_some("content_wrapping_key"));
        expected.sort_unstable();
        assert_eq!(names, expected, "only what is needed here");
        place.fill();
        place.verify(&[]).exits(0).prints("4 entries opened");
    }
}

#[test]
fn keys_in_a_secret() {
    let place = Place::new();
    let local =
        run(dayseal().current_dir(place.home.path()).args(["init", "a", "--origin", ORIGIN]), b"");
    local.exits(0);
    let text = fs::read_to_string(place.path("a/keys.json")).unwrap();
    let secret = place.stub.secret("audit", "v-1", &text);
    place.init(&["--signing-key", &secret, "--wrapping-key", &secret]).exits(0);
    assert!(!exists(&place.path("log/keys.json")));
    place.fill();
    place.verify(&[]).exits(0).prints("4 entries opened");
    let seed = serde_json::from_str::<Value>(&text).unwrap()["signing_seed"].clone();
    place.stub.secret("audit", "v-2", &text[..60]);
    let done = place.at(&time(3, 2), &["seal"]).exits(3).says("is not a dayseal key file");
    assert!(!done.err.contains(&seed.as_str().unwrap()[..8]), "{}", done.err);
}

#[test]
fn an_alias_of_the_data_key_is_resolved_for_good() {
    let place = Place::new();
    let (sign, data) = (place.stub.signing_key("sign"), place.stub.data_key("data"));
    let alias = place.stub.alias("audit", &data);
    place.init(&["--signing-key", &sign, "--wrapping-key", &alias]).exits(0);
    place.stub.alias("audit", &place.stub.data_key("other"));
    place.fill();
    place.verify(&[]).exits(0).prints("4 entries opened");
    let policy = fs::read_to_string(place.path("log/policy")).unwrap();
    assert!(policy.contains(&format!("wrapping-key {data}")), "{policy}");
}

#[test]
fn a_key_service_that_refuses_is_not_an_altered_log() {
    let (place, _, data) = Place::kms_log();
    place.fill();
    place.stub.trouble(std::iter::repeat_n(Trouble::Error(400, "AccessDeniedException"), 2));
    let done = place.verify(&["--json"]).exits(3);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{findings:?}");
    for finding in findings {
        assert_eq!(finding["code"], "unreadable");
        let detail = finding["detail"].as_str().unwrap();
        assert!(detail.contains(&data) && detail.contains("kms:Decrypt was refused"), "{detail}");
    }
    // What was not opened is not called checked.
    place.stub.trouble(std::iter::repeat_n(Trouble::Error(400, "AccessDeniedException"), 2));
    let done = place.verify(&[]).exits(3);
    done.prints("not checked  entries: 0 entries opened; 2 batches could not be read");
    place.stub.trouble([Trouble::Error(400, "AccessDeniedException")]);
    let done = place.verify(&[]).exits(3);
    done.prints("not checked  entries: 2 entries opened; 1 batch could not be read");
    // Could not check is not altered, and is said once.
    for args in [&["cat", FIRST][..], &["tail", "--day", FIRST]] {
        // By who may read the log and not record in it.
        let args = &[args, &["--evidence", "log/evidence"]].concat();
        place.stub.trouble([Trouble::Error(400, "AccessDeniedException")]);
        let done = place.at(&time(2, 3), args).exits(3).says("kms:Decrypt was refused");
        assert_eq!(done.err.matches("was refused").count(), 1, "{}", done.err);
    }
    let done = place.feed_as(None, &time(2, 3), &["verify"], b"").exits(3);
    done.says("no AWS credentials").prints("entries: no data keys were given");
    place.stub.trouble([Trouble::Error(400, "DisabledException")]);
    place.at(&time(3, 2), &["seal"]).exits(3).says("enable the key").says("kms:GetPublicKey");
    place.verify(&[]).exits(0);
}

#[test]
fn a_wrong_reference_in_the_configuration_is_a_usage_error() {
    let (place, sign, _) = Place::kms_log();
    let path = place.path("log/dayseal.toml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace(&sign, "arn:aws:s3:eu-west-1:111122223333:key/1")).unwrap();
    place.at(&time(1, 2), &["seal"]).exits(2).says("names no key");
    let without: String = config
        .lines()
        .filter(|l| !l.starts_with("signing_key"))
        .fold(String::new(), |text, line| text + line + "\n");
    fs::write(&path, without).unwrap();
    place.at(&time(1, 2), &["seal"]).exits(2).says("`signing_key`");
}
