//! `retention`: what a plan says, and what goes from a directory.

use std::fs;

use serde_json::Value;

use crate::place::Place;
use crate::support::{day, time};

/// Kept for two days, and seven more: entries of day 0 go on day 10.
fn log() -> Place {
    let place = Place::new();
    place.init(&["--retention-days", "2"]).exits(0);
    place.fill_day(0);
    place.fill_day(1);
    place
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_plan_says_what_goes_when() {
    let place = log();
    let plan = place.at(&time(2, 8), &["retention", "plan", "--all"]).exits(0);
    plan.prints(&format!("{}  of {}", day(10), day(0)))
        .prints("$0.00 a month")
        .prints("DEEP_ARCHIVE");
    let args = ["retention", "plan", "--days", "1", "--json"];
    let plan = parsed(&place.at(&time(2, 8), &args).exits(0).out);
    assert_eq!((&plan["v"], &plan["retention_days"]), (&1.into(), &2.into()));
    assert_eq!(plan["days"][0]["entries_gone"], day(10));
    assert_eq!(plan["change"]["effect"], "shorter");
    assert_eq!(plan["change"]["below_floor"], 2);
    assert_eq!(plan["change"]["rule_not_before"], day(11));
    let text = place.at(&time(2, 8), &["retention", "plan", "--days", "9"]).exits(0);
    text.prints("7 days longer").prints("no change").prints("expiry after 16 days");
    place.at(&time(2, 8), &["retention", "plan", "--days", "0"]).exits(2);
}

#[test]
fn what_has_expired_goes_and_the_log_verifies() {
    let place = log();
    let batches = || place.path(&format!("log/evidence/entries/{}", day(0)));
    let apply = |at: &str, more: &[&str]| place.at(at, &[&["retention", "apply"], more].concat());
    apply(&time(9, 8), &[]).exits(0).prints("nothing has expired");
    apply(&time(10, 8), &["--dry-run"]).exits(0).prints(&format!("would go  {}", day(0)));
    assert!(batches().exists());
    let done = parsed(&apply(&time(10, 8), &["--json"]).exits(0).out);
    assert_eq!((&done["v"], &done["dry_run"]), (&1.into(), &false.into()));
    assert_eq!(
        (&done["days"][0]["day"], &done["days"][0]["manifest"]),
        (&day(0).into(), &false.into())
    );
    assert!(!batches().exists());
    apply(&time(10, 9), &[]).exits(0).prints("nothing has expired");
    place.at(&time(10, 9), &["seal"]).exits(0);
    place.at(&time(10, 10), &["verify"]).exits(0).prints("expired");
    // A manifest that somebody wrote over lets nothing go.
    let manifest = place.path(&format!("log/evidence/manifests/{}.ndjson", day(1)));
    let text =
        fs::read_to_string(&manifest).unwrap().replacen("\"late_days\":3", "\"late_days\":4", 1);
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, text).unwrap();
    apply(&time(11, 8), &[]).exits(3).prints(&format!("left  {}", day(1)));
}

#[test]
fn buckets_have_rules_of_their_own() {
    let place = log();
    let args = ["retention", "apply", "--content-root", "s3://bucket/content"];
    place.at(&time(10, 8), &args).exits(2).says("lifecycle rules");
    place
        .at(
            &time(10, 8),
            &["--evidence", "log/evidence", "--policy", "/nowhere", "retention", "apply"],
        )
        .exits(2);
}
