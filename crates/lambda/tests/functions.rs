//! The handlers on directories, without Lambda: answers, metrics, errors, budget.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use dayseal::{AuditLog, Clock};
use dayseal_chain::create_log;
use dayseal_format::{Day, Policy, UnixMillis};
use dayseal_keys::{KeyRef, LocalKeys, Signer as _};
use dayseal_lambda::example::Example;
use dayseal_lambda::seal::{Seal, SealOutput};
use dayseal_lambda::verify::{Verify, VerifyOutput};
use dayseal_lambda::{Budget, Config, Context, FunctionError, Handler, Metrics};
use dayseal_store::DirectoryStore;
use serde_json::json;
use tempfile::TempDir;

const ORIGIN: &str = "audit.example.com/test";

fn now() -> UnixMillis {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixMillis::new(i64::try_from(now.as_millis()).unwrap()).unwrap()
}

fn days_ago(days: i32) -> Day {
    now().day().checked_add(-days).unwrap()
}

/// A log of its own in a directory, made as `dayseal init` would, and what the functions are told.
struct Deployed {
    home: TempDir,
    first_day: Day,
    policy: Policy,
}

impl Deployed {
    async fn new(first_day: Day) -> Self {
        let home = tempfile::tempdir().unwrap();
        for root in ["evidence/main", "state/main", "state/policies"] {
            std::fs::create_dir_all(home.path().join(root)).unwrap();
        }
        let keys = LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap();
        keys.save_new(&home.path().join("keys.json")).unwrap();
        let signer = keys.signer().unwrap();
        let mut policy =
            Policy::new(ORIGIN.parse().unwrap(), signer.verifier_key().clone(), first_day);
        policy.wrapping_keys.push(keys.wrapping_key_id().unwrap().to_owned());
        let this = Self { home, first_day, policy };
        let config = this.config("");
        let (_, log) = config.log(None).unwrap();
        let evidence = DirectoryStore::open(this.path("evidence/main")).unwrap();
        let state = DirectoryStore::open(this.path("state/main")).unwrap();
        create_log(&evidence, &state, &signer, &config.settings(log)).await.unwrap();
        this.publish();
        this
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.home.path().join(below)
    }

    fn publish(&self) {
        std::fs::write(self.path("state/policies/main"), self.policy.to_string()).unwrap();
    }

    /// The configuration; `more` is further fields, each after a comma.
    fn config(&self, more: &str) -> Config {
        let root = |name: &str| self.path(name).display().to_string();
        let text = format!(
            r#"{{"v":1,"evidence":"{}","state":"{}","signing_key":"{key}","wrapping_key":"{key}","retention_days":366{more},
            "logs":{{"main":{{"origin":"{ORIGIN}","first_day":"{}"}}}}}}"#,
            root("evidence"),
            root("state"),
            self.first_day,
            key = root("keys.json"),
        );
        Config::parse(&text).unwrap()
    }

    async fn call<H: Handler>(
        &self,
        input: serde_json::Value,
        budget: Budget,
    ) -> (Result<H::Output, FunctionError>, Option<Metrics>) {
        let handler = H::new(Context::new(self.config(""), SdkConfig::builder().build()));
        handler.call(serde_json::from_value(input).unwrap(), budget).await
    }

    async fn seal(&self) -> (SealOutput, Metrics) {
        let (answer, metrics) = self.call::<Seal>(json!({"grace_minutes": 0}), minutes(5)).await;
        (answer.unwrap(), metrics.unwrap())
    }

    async fn verify(&self, input: serde_json::Value) -> (VerifyOutput, Metrics) {
        let (answer, metrics) = self.call::<Verify>(input, minutes(5)).await;
        (answer.unwrap(), metrics.unwrap())
    }

    fn batches(&self) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        walk(&self.path("evidence/main/entries"), &mut found);
        found
    }
}

fn walk(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn minutes(n: u64) -> Budget {
    Budget::new(now(), Duration::from_secs(60 * n))
}

#[tokio::test]
async fn seal_does_every_day_that_is_due_and_nothing_twice() {
    let log = Deployed::new(days_ago(3)).await;
    let (first, metrics) = log.seal().await;
    assert_eq!(first.sealed.len(), 3);
    assert_eq!((first.newest, first.done), (Some(days_ago(1)), true));
    assert_eq!((metrics.get("DaysSealed"), metrics.get("Unfinished")), (Some(3.0), Some(0.0)));
    assert!(metrics.get("HoursSinceSeal").unwrap() < 24.1);
    let (again, metrics) = log.seal().await;
    assert_eq!((again.sealed.len(), again.newest, again.done), (0, first.newest, true));
    assert_eq!(metrics.get("DaysSealed"), Some(0.0), "the alarm on no seal counts runs, too");
}

#[tokio::test]
async fn two_seals_at_once_end_in_one() {
    let log = Deployed::new(days_ago(5)).await;
    let (a, b) = tokio::join!(log.seal(), log.seal());
    assert_eq!((a.0.newest, b.0.newest), (Some(days_ago(1)), Some(days_ago(1))));
    let (verified, _) = log.verify(json!({"first_run": true})).await;
    assert_eq!(verified.exit_code, 0, "{verified:?}");
}

#[tokio::test]
async fn a_day_is_signed_by_both_keys_when_another_takes_over() {
    let mut log = Deployed::new(days_ago(3)).await;
    let first = json!({"through": days_ago(3).to_string()});
    log.call::<Seal>(first, minutes(1)).await.0.unwrap();
    let next = LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap();
    next.save_new(&log.path("next.json")).unwrap();
    let more = format!(r#","next_signing_key":"{}""#, log.path("next.json").display());
    let rotating = Seal::new(Context::new(log.config(&more), SdkConfig::builder().build()));
    let input = serde_json::from_value(json!({"grace_minutes": 0})).unwrap();
    let sealed = rotating.call(input, minutes(1)).await.0.unwrap();
    assert_eq!(sealed.sealed.len(), 2);
    let (answer, _) = log.verify(json!({"first_run": true})).await;
    assert_eq!(answer.exit_code, 3, "the policy does not name the new key yet: {answer:?}");
    log.policy.verifier_keys.push(next.signer().unwrap().verifier_key().clone());
    log.publish();
    let (answer, _) = log.verify(json!({"first_run": true})).await;
    assert_eq!((answer.exit_code, answer.to), (0, Some(days_ago(1))), "{answer:?}");
}

#[tokio::test]
async fn the_example_answers_when_its_entries_are_stored() {
    let log = Deployed::new(days_ago(1)).await;
    let (answer, _) = log.call::<Example>(json!({"user": "u-1", "calls": 25}), minutes(1)).await;
    assert_eq!(answer.unwrap().stored, 25);
    assert_eq!(log.batches().len(), 1, "one object, before the process is frozen");
}

#[tokio::test]
async fn verify_needs_a_first_run_then_remembers_then_finds() {
    let log = Deployed::new(days_ago(2)).await;
    log.seal().await;
    let (answer, metrics) = log.verify(json!({})).await;
    assert_eq!((answer.exit_code, answer.verdict), (3, "not_checked"));
    assert_eq!((metrics.get("Verdict"), metrics.get("Findings")), (Some(3.0), Some(1.0)));
    let (answer, metrics) = log.verify(json!({"log": "main", "first_run": true})).await;
    assert_eq!((answer.exit_code, answer.verdict, answer.done), (0, "holds", true));
    assert_eq!((metrics.get("Verdict"), metrics.get("VerifyRuns")), (Some(0.0), Some(1.0)));
    let report = answer.report.strip_prefix("file://").unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["forward"]["exit_code"], 0);
    let (answer, _) = log.verify(json!({})).await;
    assert_eq!((answer.exit_code, answer.to), (0, Some(days_ago(1))));

    std::fs::remove_file(log.path(&format!("evidence/main/manifests/{}.ndjson", days_ago(1))))
        .unwrap();
    let (answer, metrics) = log.verify(json!({})).await;
    assert_ne!(answer.exit_code, 0);
    assert!(answer.findings >= 1 && metrics.get("Findings").unwrap() >= 1.0, "{answer:?}");
    assert!(!answer.first_findings.is_empty());
}

#[tokio::test]
async fn verify_at_entries_opens_what_the_policy_allows_and_only_that() {
    let mut log = Deployed::new(days_ago(1)).await;
    log.call::<Example>(json!({"calls": 3}), minutes(1)).await.0.unwrap();
    // Today's entries are not sealed yet; move them to the day before, which their header denies.
    let batch = log.batches().remove(0);
    let there =
        batch.display().to_string().replace(&now().day().to_string(), &days_ago(1).to_string());
    std::fs::create_dir_all(Path::new(&there).parent().unwrap()).unwrap();
    std::fs::rename(&batch, &there).unwrap();
    log.seal().await;
    let (answer, _) = log.verify(json!({"first_run": true, "level": "entries"})).await;
    assert_eq!((answer.exit_code, answer.verdict), (1, "altered"), "{answer:?}");
    assert_eq!(answer.first_findings[0].code.as_str(), "stray_object");

    log.policy.known_findings.insert(answer.first_findings[0].id.clone(), "a drill".into());
    log.publish();
    let (answer, _) = log.verify(json!({"first_run": true, "level": "entries"})).await;
    assert_eq!(answer.exit_code, 0, "{answer:?}");
}

/// A clock that stands on a day that can be sealed.
#[derive(Debug)]
struct Noon(Day);

impl Clock for Noon {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.last_instant().as_millis() - 12 * 3_600_000).unwrap()
    }
}

#[tokio::test]
async fn entries_of_before_a_change_of_wrapping_key_are_opened_with_the_old_one() {
    let mut log = Deployed::new(days_ago(2)).await;
    let next = LocalKeys::generate(&ORIGIN.parse().unwrap()).unwrap().without_signing_key();
    next.save_new(&log.path("next.json")).unwrap();
    log.policy.wrapping_keys.push(next.wrapping_key_id().unwrap().to_owned());
    log.publish();
    for (day, file) in [(days_ago(2), "keys.json"), (days_ago(1), "next.json")] {
        let store = DirectoryStore::open(log.path("evidence/main")).unwrap();
        let producer = AuditLog::builder(ORIGIN.parse().unwrap(), "test".parse().unwrap())
            .store(Arc::new(store))
            .keys(Arc::new(LocalKeys::load(&log.path(file)).unwrap()))
            .clock(Arc::new(Noon(day)))
            .open()
            .unwrap();
        producer.close().await.unwrap();
    }
    assert_eq!(log.batches().len(), 2);
    log.seal().await;

    let input = json!({"from": days_ago(2), "to": days_ago(1), "level": "entries"});
    let verify = async |more: &str| {
        let mut config = log.config(more);
        config.wrapping_key = Some(KeyRef::File(log.path("next.json")));
        let verify = Verify::new(Context::new(config, SdkConfig::builder().build()));
        let (answer, _) =
            verify.call(serde_json::from_value(input.clone()).unwrap(), minutes(1)).await;
        answer.unwrap()
    };
    let without = verify("").await;
    assert_eq!(without.verdict, "not_checked", "{without:?}");
    let old = format!(r#","old_wrapping_keys":["{}"]"#, log.path("keys.json").display());
    let with = verify(&old).await;
    assert!(with.first_findings.is_empty() && with.from == Some(days_ago(2)), "{with:?}");
}

#[tokio::test]
async fn without_a_policy_it_says_so_and_alarms() {
    let log = Deployed::new(days_ago(1)).await;
    log.seal().await;
    std::fs::remove_file(log.path("state/policies/main")).unwrap();
    let (answer, metrics) = log.verify(json!({})).await;
    assert_eq!((answer.exit_code, answer.verdict), (3, "not_checked"));
    assert_eq!(metrics.get("Findings"), Some(1.0));
}

#[tokio::test]
async fn a_policy_of_another_log_is_a_wrong_configuration() {
    let mut log = Deployed::new(days_ago(1)).await;
    log.policy.origin = "audit.example.com/other".parse().unwrap();
    let text = log.policy.to_string();
    std::fs::write(log.path("state/policies/main"), text).unwrap();
    let (answer, _) = log.call::<Verify>(json!({}), minutes(1)).await;
    let error = answer.unwrap_err();
    assert_eq!(error.error_type(), "Config", "{error}");
}

#[tokio::test]
async fn no_time_is_an_error_with_a_name_and_harms_nothing() {
    let log = Deployed::new(days_ago(2)).await;
    let none = Budget::new(now(), Duration::ZERO);
    let (answer, _) = log.call::<Seal>(json!({}), none).await;
    match answer {
        // The directory answers at once: the first poll may have finished the work.
        Ok(output) => assert!(!output.sealed.is_empty()),
        Err(error) => assert_eq!(error.error_type(), "Budget"),
    }
    let (output, _) = log.seal().await;
    assert_eq!(output.newest, Some(days_ago(1)));
}

#[tokio::test]
async fn errors_have_stable_names() {
    let log = Deployed::new(days_ago(1)).await;
    let (answer, _) = log.call::<Seal>(json!({"log": "other"}), minutes(1)).await;
    assert_eq!(answer.unwrap_err().error_type(), "Input");
    let today = now().day().to_string();
    let (answer, _) = log.call::<Seal>(json!({"through": today}), minutes(1)).await;
    assert_eq!(answer.unwrap_err().error_type(), "Input");
    // A head that is gone: only `init` makes one.
    std::fs::remove_dir_all(log.path("state/main/heads")).unwrap();
    let (answer, _) = log.call::<Seal>(json!({}), minutes(1)).await;
    assert_eq!(answer.unwrap_err().error_type(), "Log");
    std::fs::remove_file(log.path("keys.json")).unwrap();
    let (answer, _) = log.call::<Seal>(json!({}), minutes(1)).await;
    assert_eq!(answer.unwrap_err().error_type(), "Keys");
    std::fs::remove_dir_all(log.path("evidence")).unwrap();
    let (answer, _) = log.call::<Seal>(json!({}), minutes(1)).await;
    assert_eq!(answer.unwrap_err().error_type(), "Store");
}
