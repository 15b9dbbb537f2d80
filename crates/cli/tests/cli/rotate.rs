//! `rotate`: a key of each kind is changed, and what was made before still verifies.

use std::fs;

use serde_json::Value;

use crate::place::Place;
use crate::place::stub::Trouble;
use crate::support::{Done, actions, day, time};

/// The line for the auditor, from the output in words.
fn policy_line(done: &Done) -> String {
    let lines = done.out.lines();
    let found = lines.skip_while(|l| !l.starts_with("add this to")).skip(1);
    let found: Vec<_> = found.take_while(|l| l.starts_with("  ")).map(str::trim).collect();
    assert!(!found.is_empty(), "no line for the policy: {done:?}");
    found.join("\n")
}

fn add_to_policy(place: &Place, line: &str) {
    let path = place.path("log/policy");
    let policy = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{policy}{line}\n")).unwrap();
}

fn config(place: &Place) -> String {
    fs::read_to_string(place.path("log/dayseal.toml")).unwrap()
}

#[test]
fn a_signing_key_in_a_file_gives_way_to_one_in_kms() {
    let place = Place::new();
    place.init(&[]).exits(0);
    place.fill_day(0);
    let comment = "# the production log\n";
    fs::write(place.path("log/dayseal.toml"), format!("{comment}{}", config(&place))).unwrap();
    let arn = place.stub.signing_key("sign");
    place.at(&time(1, 9), &["rotate", "signing-key", "--finish"]).exits(2).says("under way");
    let done = place.at(&time(1, 9), &["rotate", "signing-key", "--to", &arn]).exits(0);
    let line = policy_line(&done);
    assert!(line.starts_with("log audit.example.com/cli+"), "{line}");
    assert!(config(&place).starts_with(comment), "comments stay");
    // Once is enough, and too early is told.
    place.at(&time(1, 9), &["rotate", "signing-key", "--to", &arn]).exits(2).says("under way");
    place.at(&time(1, 9), &["rotate", "signing-key", "--finish"]).exits(2).says("no day is sealed");

    place.fill_day(1);
    let manifest = place.at(&time(2, 3), &["show", &day(1)]).exits(0);
    manifest.prints("KEY").prints(line.strip_prefix("log ").unwrap());
    place.at(&time(2, 4), &["rotate", "signing-key", "--finish"]).exits(0);
    let text = config(&place);
    assert!(
        text.contains(&format!("signing_key = \"{arn}\"")) && !text.contains("next_"),
        "{text}"
    );
    // The old key is gone: the new one is enough to go on.
    let keys = fs::read_to_string(place.path("log/keys.json")).unwrap();
    let mut keys: Value = serde_json::from_str(&keys).unwrap();
    keys.as_object_mut().unwrap().remove("signing_seed");
    fs::write(place.path("log/keys.json"), keys.to_string()).unwrap();
    place.fill_day(2);

    let done = place.at(&time(3, 3), &["verify"]).exits(3);
    done.prints("unnamed_key").prints("change of signing key").prints("add its `log` line");
    add_to_policy(&place, &line);
    place.at(&time(3, 3), &["verify"]).exits(0).prints("since 2026-11-17 signed by");
}

#[test]
fn a_signing_key_gives_way_to_a_new_key_file() {
    let place = Place::new();
    place.init(&[]).exits(0);
    let args = ["rotate", "signing-key", "--to", "log/next.json", "--json"];
    let done = place.at(&time(0, 9), &args).exits(0);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&report["v"], &report["to"]), (&Value::from(1), &Value::from("next.json")));
    assert!(config(&place).contains("next_signing_key = \"next.json\""));
    let made = fs::read_to_string(place.path("log/next.json")).unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    let names: Vec<_> = made.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["kind", "origin", "signing_seed", "v"]);
    let line = report["policy_lines"][0].as_str().unwrap().to_owned();
    place.fill();
    add_to_policy(&place, &line);
    place.verify(&[]).exits(0);
}

#[test]
fn a_new_signing_key_that_cannot_sign_changes_nothing() {
    let (place, sign, data) = Place::kms_log();
    let before = config(&place);
    let next = place.stub.signing_key("next");
    place.at(&time(0, 9), &["rotate", "signing-key", "--to", &data]).exits(3).says("SIGN_VERIFY");
    place.at(&time(0, 9), &["rotate", "signing-key", "--to", &sign]).exits(2).says("already");
    let fine = || Trouble::Change(serde_json::json!({}));
    place.stub.trouble([fine(), fine(), Trouble::Error(400, "AccessDeniedException")]);
    let done = place.at(&time(0, 9), &["rotate", "signing-key", "--to", &next]);
    done.exits(3).says("kms:Sign was refused").says(&next);
    assert_eq!(config(&place), before);
}

#[test]
fn entries_before_and_after_a_change_of_wrapping_key_are_read() {
    let place = Place::new();
    place.init(&[]).exits(0);
    place.fill_day(0);
    // From the key file to another file, and on to KMS.
    let done = place.at(&time(1, 9), &["rotate", "wrapping-key", "--to", "log/wrap.json"]).exits(0);
    let first = policy_line(&done);
    place.fill_day(1);
    let done = place.at(&time(2, 3), &["verify"]).exits(1);
    done.prints("foreign_key");
    add_to_policy(&place, &first);
    place.verify(&[]).exits(0).prints("4 entries opened");
    let alias = place.stub.alias("audit", &place.stub.data_key("data"));
    let done = place.at(&time(2, 9), &["rotate", "wrapping-key", "--to", &alias]).exits(0);
    let second = policy_line(&done);
    assert!(second.ends_with(":key/data"), "{second}: an alias is resolved");
    assert!(config(&place).contains("old_wrapping_keys = [\"wrap.json\"]"), "{}", config(&place));
    place.fill_day(2);
    add_to_policy(&place, &second);
    place.at(&time(3, 3), &["verify"]).exits(0).prints("6 entries opened");
    for n in 0..3 {
        let done = place.at(&time(3, 3), &["cat", &day(n)]).exits(0);
        assert_eq!(actions(&done.out), [format!("a{n}"), format!("b{n}")]);
    }
    let before = config(&place);
    place.stub.trouble([Trouble::Error(400, "AccessDeniedException")]);
    let other = place.stub.data_key("other");
    let done = place.at(&time(3, 9), &["rotate", "wrapping-key", "--to", &other]);
    done.exits(3).says("kms:GenerateDataKey was refused");
    assert_eq!(config(&place), before);
}

#[test]
fn a_new_log_secret_keeps_the_one_before() {
    let place = Place::new();
    place.init(&[]).exits(0);
    let file = || -> Value {
        let text = fs::read_to_string(place.path("log/keys.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let before = file();
    let done = place.at(&time(0, 9), &["rotate", "log-secret"]).exits(0);
    let after = file();
    assert_ne!(after["log_secret"], before["log_secret"]);
    assert_eq!(after["previous_log_secret"], before["log_secret"]);
    assert_eq!(after["wrapping_key"], before["wrapping_key"]);
    for secret in [&before["log_secret"], &after["log_secret"]] {
        assert!(!done.out.contains(secret.as_str().unwrap()));
    }
    let secret = place.stub.secret("audit", "v-1", &before.to_string());
    let text = format!("log_secret = \"{secret}\"\n{}", config(&place));
    fs::write(place.path("log/dayseal.toml"), text).unwrap();
    place.at(&time(0, 9), &["rotate", "log-secret"]).exits(0).prints("version ");
    assert_eq!(file(), after, "the file is not touched");
    place.fill();
    place.verify(&[]).exits(0);
}

#[test]
fn an_old_log_secret_is_destroyed_and_the_log_says_so() {
    let place = Place::new();
    place.init(&[]).exits(0);
    let path = place.path("log/dayseal.toml");
    fs::write(&path, format!("{}\n[privacy]\npseudonyms = true\n", config(&place))).unwrap();
    place.fill_day(0);
    let entries = |n| place.at(&time(n, 23), &["cat", &day(n)]).exits(0).out;
    let version = |text: &str| text.split("p1:actor:").nth(1).unwrap()[..8].to_owned();
    let old = version(&entries(0));
    let args = |version: &str, more: &[&str]| -> Vec<String> {
        let own = ["rotate", "destroy-log-secret", version, "--reason", "ticket 12", "--by", "dpo"];
        own.iter().chain(more).map(|s| (*s).to_owned()).collect()
    };
    let run = |version: &str, more: &[&str]| {
        let args = args(version, more);
        place.at(&time(1, 9), &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run(&old, &["--yes"]).exits(2).says("is the log secret in use");
    place.at(&time(1, 8), &["rotate", "log-secret"]).exits(0);
    run("aaaaaaaa", &["--yes"]).exits(2).says("does not hold the version");
    run(&old, &[]).exits(0).prints("nothing was changed");
    let file = || fs::read_to_string(place.path("log/keys.json")).unwrap();
    assert!(file().contains("previous_log_secret"), "a dry run");

    run(&old, &["--yes"]).exits(0).prints("does not hold it any more");
    assert!(!file().contains("previous_log_secret"));
    let told: Vec<Value> =
        entries(1).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 2, "the order and its end: {told:?}");
    for (entry, outcome) in told.iter().zip(["deferred", "success"]) {
        assert_eq!((&entry["type"], &entry["outcome"]), (&"key.destroyed".into(), &outcome.into()));
        assert_eq!(entry["key"]["version"], old.as_str());
        assert_eq!(entry["reason"]["text"], "ticket 12");
    }
    assert_eq!(told[1]["correlation"]["parent_event"], told[0]["id"]);
    // By hand, or by a run that could not say so.
    run(&old, &["--yes"]).exits(2).says("--gone");
    run(&old, &["--yes", "--gone"]).exits(0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (place, _, _) = Place::kms_log();
    place.at(&time(0, 9), &["rotate", "log-secret"]).exits(2).says("`log_secret`");
    place.at(&time(0, 9), &["rotate", "signing-key"]).exits(2);
    let args = ["--keys", "keys.json", "rotate", "log-secret"];
    place.at(&time(0, 9), &args).exits(2).says("leave it out");
}
