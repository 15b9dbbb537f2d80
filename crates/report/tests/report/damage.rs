//! What was done to a log is in its report: by the check, on the day, by name.

use std::collections::BTreeMap;

use dayseal_chain::verify::FindingCode;
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_report::days::{DayState, read_days};
use dayseal_report::judge::Status::{self, Fail, NotApplicable, Pass, Warn};
use dayseal_report::{Report, render};
use dayseal_testkit::{TestLog, day, noon};

use crate::support::{FIRST, LAST, empty, good, good_day, report, status, store};

fn state(report: &Report, on: &str) -> DayState {
    report.calendar.iter().find(|d| d.day == day(on)).unwrap().state
}

/// Every way of writing it names this.
fn named(report: &Report, text: &str) {
    for (format, page) in [
        ("text", render::text(report)),
        ("html", render::html(report)),
        ("markdown", render::markdown(report).replace('\\', "")),
        ("json", serde_json::to_string(report).unwrap()),
    ] {
        assert!(page.contains(text), "{format} does not name {text}");
    }
}

/// The only batch of a day.
async fn batch(log: &TestLog, on: &str) -> String {
    log.keys_below(&format!("entries/{on}/")).await.remove(0)
}

async fn overwrite(log: &TestLog, key: &str) {
    let mut bytes = log.bytes(key).await;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(log.evidence.rot(key, bytes));
}

#[tokio::test]
async fn an_altered_batch() {
    let log = good().await;
    let key = batch(&log, FIRST).await;
    overwrite(&log, &key).await;
    let report = report(&log).await;
    assert_eq!(report.exit_code, 1);
    assert_eq!(status(&report, "L03"), Fail);
    assert_eq!(status(&report, "L14"), Warn, "its entries are not counted");
    assert_eq!(status(&report, "L20"), Warn, "and nobody dealt with it");
    assert_eq!((state(&report, FIRST), state(&report, LAST)), (DayState::Altered, DayState::Holds));
    assert_eq!(report.statistics.entries, good_day(false).len() as u64);
    named(&report, &key);
    let row = format!("<code>{key}</code></td>");
    assert!(render::html(&report).contains(&row), "the finding has a row of its own");
}

#[tokio::test]
async fn a_missing_batch() {
    let log = good().await;
    let key = batch(&log, LAST).await;
    assert!(log.evidence.remove(&key));
    let report = report(&log).await;
    assert_eq!(report.exit_code, 4);
    assert_eq!((status(&report, "L05"), status(&report, "L03")), (Fail, Pass));
    assert_eq!(state(&report, LAST), DayState::Incomplete);
    named(&report, &key);
}

#[tokio::test]
async fn a_day_that_is_gone() {
    let mut log = good().await;
    store(&log, 3, "2026-11-18", good_day(false)).await;
    log.seal("2026-11-18").await.unwrap();
    for key in [manifest_key(day(LAST)), checkpoint_key(day(LAST)), batch(&log, LAST).await] {
        assert!(log.evidence.remove(&key));
    }
    let facts =
        crate::support::facts_at(&log, "2026-11-18", dayseal_format::Level::Entries, 20).await;
    let report = Report::new(facts, &dayseal_report::Framework::ALL, 0);
    assert_eq!(status(&report, "L04"), Fail);
    assert_eq!(state(&report, LAST), DayState::Missing);
    assert_eq!(state(&report, FIRST), DayState::Holds);
    assert_eq!(report.check("L04").unwrap().evidence["missing"][0], LAST);
    named(&report, "missing");

    // A policy that knows it: still missing, and not counted.
    for finding in report.verification.findings {
        log.policy.known_findings.insert(finding.id, "fire of the 17th".into());
    }
    let level = dayseal_format::Level::Entries;
    let facts = crate::support::facts_at(&log, "2026-11-18", level, 20).await;
    let report = Report::new(facts, &dayseal_report::Framework::ALL, 0);
    assert_eq!((state(&report, LAST), status(&report, "L04")), (DayState::Missing, Pass));
}

#[tokio::test]
async fn a_gap_in_a_stream() {
    let log = good().await;
    let mut writer = log.stream(9, "2026-11-18").await;
    let lost = writer.next(2, false);
    drop(lost);
    let kept = writer.next(2, true);
    log.store(&writer, &kept).await;
    log.seal("2026-11-18").await.unwrap();
    let facts =
        crate::support::facts_at(&log, "2026-11-18", dayseal_format::Level::Entries, 20).await;
    let report = Report::new(facts, &dayseal_report::Framework::ALL, 0);
    assert_eq!((status(&report, "L05"), report.exit_code), (Fail, 4));
    assert_eq!(report.check("L05").unwrap().evidence["gaps_recorded"], 1);
    assert_eq!(state(&report, "2026-11-18"), DayState::Incomplete);
    named(&report, FindingCode::Gap.as_str());
}

#[tokio::test]
async fn a_delete_marker_and_another_version() {
    let log = good().await;
    let key = batch(&log, FIRST).await;
    log.evidence.delete(&key);
    let report = report(&log).await;
    assert_eq!(status(&report, "L06"), Fail);
    named(&report, "delete_marker");
}

#[tokio::test]
async fn a_batch_that_came_late() {
    let log = empty().await;
    store(&log, 1, FIRST, good_day(true)).await;
    log.seal(FIRST).await.unwrap();
    store(&log, 2, FIRST, good_day(false)).await;
    log.seal(LAST).await.unwrap();
    let report = report(&log).await;
    assert_eq!(report.exit_code, 0);
    assert_eq!(report.check("L05").unwrap().evidence["late"], 1);
    assert_eq!((report.verification.totals.late, status(&report, "L05")), (1, Pass));
}

#[tokio::test]
async fn a_service_that_fell_silent() {
    let mut log = good().await;
    log.policy.services.insert("billing".parse().unwrap(), 1);
    let report = report(&log).await;
    assert_eq!((status(&report, "L08"), report.exit_code), (Fail, 4));
    // Silence is not a batch that is missing.
    assert_eq!(status(&report, "L05"), Pass);
    named(&report, "service billing");
}

#[tokio::test]
async fn a_foreign_key() {
    let mut log = good().await;
    log.policy.wrapping_keys = vec!["local:00000000000000000000000000000000".into()];
    let report = report(&log).await;
    assert_eq!((status(&report, "L19"), report.exit_code), (Fail, 1));
    assert_eq!(report.statistics.entries, 0);
}

#[tokio::test]
async fn a_removal_by_order() {
    let mut log = good().await;
    let officer = log.officer("dpo");
    log.policy.officers.push(dayseal_keys::Signer::verifier_key(&officer).clone());
    let key: dayseal_format::BatchKey = batch(&log, FIRST).await.parse().unwrap();
    log.order(&officer, key, "2026-11-18").await;
    log.seal("2026-11-18").await.unwrap();
    assert!(log.evidence.remove(&key.to_string()));
    let facts =
        crate::support::facts_at(&log, "2026-11-18", dayseal_format::Level::Entries, 20).await;
    let report = Report::new(facts, &[dayseal_report::Framework::Gdpr], 0);
    assert_eq!(report.verification.totals.removed, 1);
    named(&report, "a court asked");
}

#[tokio::test]
async fn a_finding_that_the_policy_knows_has_a_disposition() {
    let mut log = good().await;
    let key = batch(&log, FIRST).await;
    overwrite(&log, &key).await;
    for finding in report(&log).await.verification.findings {
        log.policy.known_findings.insert(finding.id, "disk fault, ticket 17".into());
    }
    let report = report(&log).await;
    assert_eq!(status(&report, "L20"), Pass);
    named(&report, "disk fault, ticket 17");
}

#[tokio::test]
async fn an_empty_log() {
    let log = empty().await;
    let facts =
        crate::support::facts_at(&log, "2026-11-15", dayseal_format::Level::Entries, 20).await;
    let report = Report::new(facts, &dayseal_report::Framework::ALL, 0);
    assert_eq!(report.statistics.entries, 0);
    assert_eq!(report.statistics.outcomes.success_rate(), None);
    let fails = report.checks.iter().filter(|c| c.status == Fail);
    assert_eq!(fails.count(), 0, "{:#?}", report.checks);
    for id in ["L01", "L04", "L12", "L13", "L14", "L19", "E01", "E07"] {
        assert!(matches!(status(&report, id), NotApplicable | Status::Warn), "{id}");
    }
    assert_eq!(state(&report, FIRST), DayState::Open);
    for page in [render::text(&report), render::markdown(&report), render::html(&report)] {
        assert!(
            page.contains("audit.example.com/test") || page.contains("audit.example.com\\/test")
        );
    }
}

#[tokio::test]
async fn a_day_that_should_be_sealed() {
    let log = empty().await;
    store(&log, 1, FIRST, good_day(true)).await;
    // Nobody seals, and it is two days later.
    let facts = crate::support::facts_at(&log, LAST, dayseal_format::Level::Entries, 20).await;
    let report = Report::new(facts, &dayseal_report::Framework::ALL, 0);
    assert_eq!((status(&report, "L04"), report.exit_code), (Fail, 4));
    assert_eq!(state(&report, FIRST), DayState::Missing);
    assert_eq!(report.statistics.not_sealed, good_day(true).len() as u64);
    assert_eq!(noon(day(FIRST)), report.statistics.first().unwrap());
}

/// Verification of a range of days does not look for what is overdue behind it: the days do.
#[tokio::test]
async fn a_day_that_is_overdue_is_missing_whatever_verification_says() {
    let log = good().await;
    let mut facts = crate::support::facts(&log).await;
    facts.verification.findings.clear();
    let later = crate::support::reader(&log, noon(day("2026-11-20")));
    let days = (day(FIRST), day("2026-11-20"));
    let found = read_days(&later, days, 26, &facts.verification, &BTreeMap::new()).await.unwrap();
    let states: Vec<_> = found.iter().map(|d| d.state).collect();
    use DayState::{Holds, Missing, Open};
    // At noon of the 20th the 18th is due since two o'clock, and the 19th is not.
    assert_eq!(states, [Holds, Holds, Missing, Open, Open]);
}
