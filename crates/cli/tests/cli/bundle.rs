//! `bundle`, `verify-bundle`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Done, Log, day, dayseal, run, time};

const NOW: &str = "2026-11-19T03:00:00.000Z";

/// A log of three sealed days, and a bundle of the last two.
fn bundled(more: &[&str]) -> (Log, PathBuf) {
    let log = Log::sealed(3);
    let out = log.home("bundle");
    let days = format!("{}..{}", day(1), day(2));
    let args = ["bundle", "--days", &days, "--out", out.to_str().unwrap()];
    log.at(&time(3, 3), args.iter().chain(more))
        .exits(0)
        .prints("4 entries in 2 batches of 2 days");
    fs::copy(log.path("policy"), log.home("auditor.policy")).unwrap();
    (log, out)
}

fn check(log: &Log, dir: &Path) -> Done {
    let mut command = dayseal();
    command.arg("verify-bundle").arg(dir).arg("--policy").arg(log.home("auditor.policy"));
    run(command.current_dir(log.home("")).env("DAYSEAL_NOW", NOW), b"")
}

/// A copy of a bundle with one file edited, its line in SHA256SUMS put right if asked for.
fn edited(
    log: &Log,
    dir: &Path,
    name: &str,
    sums: bool,
    edit: impl Fn(String) -> String,
) -> PathBuf {
    let copy = log.home("edited");
    let _ = fs::remove_dir_all(&copy);
    let status = std::process::Command::new("cp").arg("-r").arg(dir).arg(&copy).status().unwrap();
    assert!(status.success());
    let path = copy.join(name);
    let before = fs::read_to_string(&path).unwrap();
    let after = edit(before.clone());
    assert_ne!(before, after, "{name}");
    fs::write(&path, &after).unwrap();
    if sums {
        let list = fs::read_to_string(copy.join("SHA256SUMS")).unwrap();
        let digest = |text: &str| dayseal_format::Digest::of(text.as_bytes()).to_string();
        let list = list.replacen(&digest(&before), &digest(&after), 1);
        fs::write(copy.join("SHA256SUMS"), list).unwrap();
    }
    copy
}

#[test]
fn a_bundle_needs_no_log() {
    for (more, words) in [(&[][..], "shown"), (&["--digests"][..], "as salted hashes")] {
        let (log, dir) = bundled(more);
        // The report names who acted: not where the entries are kept back.
        let report = fs::read_to_string(dir.join("report.json"));
        assert_eq!(report.is_ok(), more.is_empty(), "{more:?}");
        assert_eq!(dir.join("report.html").exists(), more.is_empty(), "{more:?}");
        if let Ok(report) = report {
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["statistics"]["entries"], 4, "of its days alone");
            assert_eq!((&report["first"], &report["last"]), (&day(1).into(), &day(2).into()));
        }
        fs::remove_dir_all(log.path("evidence")).unwrap();
        let done = check(&log, &dir).exits(0).prints("4 entries in 2 batches of 2 days");
        done.prints(words).prints("result: the bundle holds").prints("6 leaves");
        let entries = fs::read_to_string(dir.join("entries/2026-11-17.txt")).unwrap();
        assert_eq!(entries.contains("data.read"), more.is_empty(), "{entries}");
        assert_eq!(entries.lines().count(), 3);
        // As its README says.
        let sums = std::process::Command::new("sha256sum")
            .args(["--quiet", "-c", "SHA256SUMS"])
            .current_dir(&dir)
            .status();
        assert!(sums.unwrap().success());
        let readme = fs::read_to_string(dir.join("README.txt")).unwrap();
        assert!(readme.contains("2026-11-17 to 2026-11-18"), "{readme}");
    }
}

#[test]
fn the_first_day_goes_on_from_the_empty_tree() {
    let log = Log::sealed(1);
    let out = log.home("bundle");
    log.at(&time(1, 3), ["bundle", "--days", &day(0), "--out", out.to_str().unwrap()]).exits(0);
    fs::copy(log.path("policy"), log.home("auditor.policy")).unwrap();
    check(&log, &out).exits(0).prints("2 entries in 1 batch of 1 day");
    assert!(out.join("evidence/checkpoints/first").exists());
}

#[test]
fn what_cannot_be_bundled_is_refused() {
    let log = Log::sealed(1);
    log.record_day(1);
    let out = log.home("bundle");
    let bundle = |days: &str| {
        log.at(&time(1, 15), ["bundle", "--days", days, "--out", out.to_str().unwrap()])
    };
    bundle("2026-11-15").exits(2).says("begins on");
    bundle("..2026-11-16").exits(2).says("both ends");
    bundle("2026-11-16..2026-11-17").exits(3).says("2026-11-17 is not sealed");
    bundle("2026-11-16").exits(2).says("exists");
    // What was begun and not finished does not pass.
    fs::copy(log.path("policy"), log.home("auditor.policy")).unwrap();
    check(&log, &out).exits(4).prints("bundle.json");
    check(&log, &log.home("nowhere")).exits(2);
}

#[test]
fn every_edit_is_found() {
    let (log, dir) = bundled(&[]);
    let entries = "entries/2026-11-17.txt";
    let manifest = "evidence/manifests/2026-11-17.ndjson";
    let finds =
        |name: &str, sums: bool, edit: &dyn Fn(String) -> String, code: i32, words: &str| {
            let copy = edited(&log, &dir, name, sums, edit);
            let done = check(&log, &copy);
            assert!(done.code == code && done.out.contains(words), "{name}: {words}: {done:#?}");
        };
    let word = |from: &'static str, to: &'static str| move |t: String| t.replacen(from, to, 1);
    // An accident, and a lie that put the sums right.
    finds("README.txt", false, &word("CHECK", "TRUST"), 1, "altered_object  README.txt");
    finds("README.txt", true, &word("CHECK", "TRUST"), 0, "the bundle holds");
    finds(entries, true, &word("\"a1\"", "\"a9\""), 1, "altered_object  entries/2026-11-17/");
    finds(entries, true, &word("data.read", "data read"), 1, "bad_entry  entries/2026-11-17/");
    let swapped = |t: String| {
        let l: Vec<&str> = t.lines().collect();
        format!("{}\n{}\n{}\n", l[0], l[2], l[1])
    };
    finds(entries, true, &swapped, 1, "lead to the sealed root");
    let cut = |t: String| t.lines().take(2).map(|l| format!("{l}\n")).collect();
    finds(entries, true, &cut, 1, "ends in the block of");
    finds(entries, true, &|_| String::new(), 1, "ends before");
    finds(entries, true, &|t| t + "absent x expired\n", 1, "lines behind the last batch");
    finds(entries, true, &|t| t.trim_end().to_owned(), 1, "has no end");
    finds(entries, true, &word("batch ", "Batch "), 1, "found another line");
    let absent = |why: &'static str| {
        move |t: String| {
            let key = t.lines().next().unwrap().strip_prefix("batch ").unwrap();
            format!("absent {key} {why}\n")
        }
    };
    finds(entries, true, &absent("missing"), 4, "missing_object");
    finds(entries, true, &absent("unreadable"), 3, "unreadable");
    finds(entries, true, &absent("expired"), 4, "kept until");
    finds(entries, true, &absent("lost"), 1, "found another line");
    let without = |t: String| t.lines().next().unwrap().to_owned() + "\n";
    finds(manifest, true, &without, 1, "altered_manifest");
    finds("evidence/checkpoints/2026-11-18", true, &word("\n6\n", "\n7\n"), 1, "bad_signature");
    finds(
        "bundle.json",
        true,
        &word("2026-11-18", "2026-11-19"),
        4,
        "missing_object  entries/2026-11-19",
    );
    finds("bundle.json", true, &word("2026-11-17", "2026-11-16"), 4, "missing_manifest");
    finds("bundle.json", true, &word("\"v\":1", "\"v\":2"), 3, "a bundle of version 2");
    finds("bundle.json", true, &word("{", "{ "), 1, "not the description of a bundle");
    finds(
        "bundle.json",
        true,
        &word("example.com/cli", "example.com/cl1"),
        1,
        "expected the policy's log",
    );
    let line = |t: String| t.lines().skip(1).map(|l| format!("{l}\n")).collect();
    finds("SHA256SUMS", false, &line, 1, "unlisted_object");
    finds("SHA256SUMS", false, &|t| t.clone() + &t, 1, "not a list of digests");

    let copy = edited(&log, &dir, "README.txt", true, word("CHECK", "TRUST"));
    fs::remove_file(copy.join(entries)).unwrap();
    check(&log, &copy).exits(4).prints("missing_object  entries/2026-11-17.txt");
    fs::copy(dir.join(entries), copy.join(entries)).unwrap();
    fs::write(copy.join("more"), "x").unwrap();
    check(&log, &copy).exits(1).prints("unlisted_object  more");
    fs::remove_file(copy.join("more")).unwrap();
    std::os::unix::fs::symlink("/dev/null", copy.join("link")).unwrap();
    check(&log, &copy).exits(1).prints("neither a file nor a directory");
    // A link in the place of a file is not followed.
    fs::remove_file(copy.join("bundle.json")).unwrap();
    std::os::unix::fs::symlink(dir.join("bundle.json"), copy.join("bundle.json")).unwrap();
    check(&log, &copy).exits(3).prints("not a regular file");
    // Another log's policy, and the copy in the bundle is not asked.
    let other = Log::new();
    fs::copy(other.path("policy"), log.home("auditor.policy")).unwrap();
    check(&log, &dir).exits(1).prints("bad_signature");
}

#[test]
fn an_altered_batch_is_left_out_and_told() {
    let log = Log::sealed(1).copy();
    log.flip(&log.batches()[0], 700);
    let out = log.home("bundle");
    let done = log.at(&time(1, 3), ["bundle", "--days", &day(0), "--out", out.to_str().unwrap()]);
    done.exits(1).prints("1 could not be given").says("expected SHA-256");
    fs::copy(log.path("policy"), log.home("auditor.policy")).unwrap();
    check(&log, &out).exits(3).prints("could not be opened when the bundle was made");
}
