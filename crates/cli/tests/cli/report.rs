//! `report`.

use std::fs;

use serde_json::Value;

use crate::support::{Log, actions, has_word, time};

const NOW: fn() -> String = || time(2, 3);

fn json(log: &Log, args: &[&str], code: i32) -> Value {
    let args: Vec<&str> = ["report", "--json"].iter().chain(args).copied().collect();
    serde_json::from_str(&log.at(&NOW(), args).exits(code).out).unwrap()
}

#[test]
fn every_format_tells_the_same() {
    let log = Log::sealed(2);
    let soc2 = ["report", "--framework", "soc2", "--days", "2026-11-16..2026-11-17"];
    let run = |format: &str| log.at(&NOW(), soc2.iter().chain(&["--format", format])).exits(0).out;
    let text = run("text");
    assert!(text.contains("Total entries:        4"), "{text}");
    assert!(text.contains("AUDIT TRAIL COMPLIANCE REPORT") && text.contains("data.read"));
    let markdown = run("markdown");
    assert!(
        markdown.contains("| Total entries | 4 |") && markdown.contains("data.read"),
        "{markdown}"
    );
    let html = run("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<dt>Entries</dt><dd>4<"));
    assert!(!html.contains("<script"));
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!((&json["v"], &json["statistics"]["entries"]), (&1.into(), &4.into()));
    assert_eq!(json["frameworks"].as_array().unwrap().len(), 1);
    assert_eq!(json["verification"]["integrity"]["state"], "holds");
}

#[test]
fn frameworks_are_chosen_and_stand_once() {
    let log = Log::sealed(1);
    let ids = |args: &[&str], code| -> Vec<String> {
        let found = json(&log, args, code);
        let ids = found["frameworks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["id"].as_str().unwrap().into());
        ids.collect()
    };
    let all = ["soc2", "hipaa", "pci", "gdpr", "ai-act", "iso27001"];
    // HIPAA asks for six years.
    assert_eq!(ids(&[], 6), all);
    assert_eq!(ids(&["--framework", "all", "--framework", "pci"], 6), all);
    assert_eq!(
        ids(&["--framework", "pci", "--framework", "ai-act", "--framework", "pci"], 0),
        ["pci", "ai-act"]
    );
    log.at(&NOW(), ["report", "--framework", "sox"]).exits(2).says("possible values");
}

#[test]
fn the_exit_code_is_the_logs_then_the_controls() {
    let log = Log::sealed(2);
    assert_eq!(json(&log, &["--framework", "soc2"], 0)["counts"]["failed"], 0);
    // The log is kept a year, and not six.
    let report = json(&log, &["--framework", "hipaa"], 6);
    assert_eq!(
        (&report["exit_code"], &report["verification"]["exit_code"]),
        (&6.into(), &0.into())
    );
    let failed = report["frameworks"][0]["controls"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["status"] == "FAIL");
    assert_eq!(failed.unwrap()["id"], "164.316(b)(2)(i)");
    assert_eq!(json(&log, &["--framework", "soc2", "--level", "chain"], 3)["exit_code"], 3);

    let gone = log.copy();
    fs::remove_file(gone.evidence(&gone.batches()[0])).unwrap();
    assert_eq!(json(&gone, &["--framework", "hipaa"], 4)["exit_code"], 4);
    let altered = log.copy();
    altered.flip(&altered.batches()[0], 800);
    let report = json(&altered, &["--framework", "hipaa"], 1);
    assert_eq!(report["verification"]["findings"][0]["code"], "altered_object");
    assert_eq!(report["reading"]["problems"], 1);
    assert_eq!(report["calendar"][0]["state"], "altered");
    // Two readings of this log are recorded by now, beside the two entries that can still be read.
    assert_eq!(report["statistics"]["sealed"], 2);
}

#[test]
fn what_the_policy_knows_is_shown_and_not_counted() {
    let log = Log::sealed(2);
    log.flip(&log.batches()[0], 800);
    let soc2 = ["--framework", "soc2"];
    let found = json(&log, &soc2, 1)["verification"]["findings"].clone();
    let mut policy = fs::read_to_string(log.path("policy")).unwrap();
    for finding in found.as_array().unwrap() {
        policy += &format!("known-finding {} disk fault\n", finding["id"].as_str().unwrap());
    }
    fs::write(log.path("policy"), policy).unwrap();
    let report = json(&log, &soc2, 0);
    assert_eq!(
        (&report["reading"]["problems"], &report["counts"]["failed"]),
        (&1.into(), &0.into())
    );
    assert_eq!(
        (&report["calendar"][0]["state"], &report["calendar"][0]["known"]),
        (&"altered".into(), &1.into())
    );
    // One that it does not know still counts.
    log.flip(&log.batches()[1], 800);
    json(&log, &soc2, 1);
}

#[test]
fn a_report_stands_in_the_log() {
    let log = Log::sealed(2);
    let days = ["--days", "2026-11-16..2026-11-16", "--framework", "gdpr"];
    // A range that ends before the head does not lead to it: as with `verify --days`.
    log.at(&NOW(), ["report", "--purpose", "ticket 7"].iter().chain(&days)).exits(3);
    log.at(&NOW(), ["report", "--out", "r.html"].iter().chain(&days))
        .exits(3)
        .prints("wrote r.html");
    let found = |kind: &str| log.at(&NOW(), ["query", "--type", kind, "--json"]).exits(0).out;
    let read: Value = serde_json::from_str(found("log.accessed").lines().next().unwrap()).unwrap();
    assert_eq!((&read["action"], &read["access_reason"]), (&"report".into(), &"ticket 7".into()));
    assert_eq!(read["resource"]["id"], "2026-11-16..2026-11-16");
    assert_eq!(read["labels"]["access.entries"], "2");
    assert_eq!(actions(&found("log.exported")), ["report"]);
}

#[test]
fn a_file_is_whole_private_and_never_overwritten() {
    let log = Log::sealed(2);
    let report = |out: &str, more: &[&str]| {
        let args = ["report", "--framework", "soc2", "--out", out];
        log.at(&NOW(), args.iter().chain(more))
    };
    for (out, begins) in [
        ("r.html", "<!DOCTYPE html>"),
        ("r.md", "# Audit trail"),
        ("r.json", "{"),
        ("r.txt", "===="),
        ("r", "===="),
    ] {
        report(out, &[]).exits(0);
        let text = fs::read_to_string(log.home(out)).unwrap();
        assert!(text.starts_with(begins), "{out}: {}", &text[..40]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(log.home(out)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    report("page.txt", &["--format", "html"]).exits(0);
    assert!(fs::read_to_string(log.home("page.txt")).unwrap().starts_with("<!DOCTYPE"));
    fs::write(log.home("mine"), "mine").unwrap();
    report("mine", &[]).exits(2).says("exists");
    assert_eq!(fs::read_to_string(log.home("mine")).unwrap(), "mine");
    // A link that leads nowhere is there as well.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", log.home("link")).unwrap();
        report("link", &[]).exits(2).says("exists");
    }
    report("no/such/place", &[]).exits(3).says("cannot create");
    let left = fs::read_dir(log.home(""))
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(left.count(), 0, "nothing is left behind");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let log = Log::sealed(1);
    let now = NOW();
    log.at(&now, ["report", "--json", "--format", "html"]).exits(2).says("--format json");
    log.at(&now, ["report", "--days", "2026-11-01..2026-11-02"])
        .exits(2)
        .says("begins on 2026-11-16");
    log.at(&now, ["report", "--top", "0"]).exits(2);
    log.at(&now, ["report", "--settings"]).exits(2).says("bucket");
    log.at(&now, ["report", "--known-head", "nowhere"]).exits(3).says("missing");
    fs::remove_file(log.path("policy")).unwrap();
    log.at(&now, ["report"]).exits(2).says("no policy");
}

#[test]
fn credentials_in_clear_are_found_by_their_entry() {
    let log = Log::new();
    let line = |card: &str| {
        format!(
            r#"{{"type":"data.read","actor":{{"id":"u-1","type":"user"}},"action":"a","outcome":"success","labels":{{"note":"card {card}"}}}}"#
        )
    };
    let masked = line("4111 1111 1111 1111") + "\n";
    log.feed(&time(0, 14), ["record"], masked.as_bytes()).exits(0);
    log.at(&time(1, 2), ["seal"]).exits(0);
    let of = |report: &Value| {
        let checks = report["checks"].as_array().unwrap().iter();
        checks.clone().find(|c| c["id"] == "L07").unwrap()["status"].clone()
    };
    let at = |now: &str, code| -> Value {
        let args = ["report", "--framework", "pci", "--json"];
        serde_json::from_str(&log.at(now, args).exits(code).out).unwrap()
    };
    let report = at(&time(1, 3), 0);
    assert_eq!((of(&report), &report["unmasked"]["entries"]), ("PASS".into(), &0.into()));
    assert_eq!(report["statistics"]["redactions"]["top"][0]["entries"], 1);
    log.feed(&time(1, 14), ["record", "--redaction", "off"], masked.as_bytes()).exits(0);
    let report = at(&time(1, 15), 6);
    assert_eq!((of(&report), &report["unmasked"]["entries"]), ("FAIL".into(), &1.into()));
    let id = report["unmasked"]["examples"][0].as_str().unwrap();
    log.at(&time(1, 15), ["get", id]).exits(0).prints("4111");
    assert!(!has_word(&report.to_string(), "4111"), "the report does not repeat it");
}

#[test]
fn an_empty_log_has_a_report() {
    let log = Log::new();
    let now = time(0, 9);
    for format in ["text", "markdown", "html", "json"] {
        let done = log.at(&now, ["report", "--format", format]);
        // Nothing is sealed: integrity is not shown.
        assert_eq!(done.code, 3, "{done:#?}");
    }
}
