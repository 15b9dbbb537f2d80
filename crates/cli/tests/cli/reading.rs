//! Who reads stands in the log: every command that opens entries and tells of them, and what becomes of the record
//! when the reading is stopped, killed or not allowed to record.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Log, day, dayseal, event, run, time};

const PATIENCE: Duration = Duration::from_secs(20);

/// How a command stands to entries.
enum Reads {
    /// Opens entries and tells of them: run with these arguments and `--purpose`, it records this action.
    Recorded(&'static [&'static str], &'static str),
    /// Records in its own way, which other tests hold it to.
    Otherwise(&'static str),
    /// Opens entries to check them, and tells of none.
    Tells(&'static str),
    /// Opens no entry.
    Never,
}
use Reads::{Never, Otherwise, Recorded, Tells};

/// Every command there is. A new one that is not here fails the test below: decide what it is.
fn commands() -> BTreeMap<&'static str, Reads> {
    let sql = ("sql", Recorded(&["sql", "SELECT id FROM entries WHERE type = 'data.read'"], "sql"));
    let always = [
        ("ack", Tells("compares the id at the place of an acknowledgement")),
        ("activity", Recorded(&["activity", "u-1"], "activity")),
        ("bundle", Recorded(&["bundle", "--days", "2026-11-16", "--out", "OUT"], "bundle")),
        ("cat", Recorded(&["cat", "2026-11-16"], "cat")),
        ("check", Never),
        ("completions", Never),
        (
            "content check",
            Recorded(&["content", "check", "--entry", "ID", "--input", "input"], "content_check"),
        ),
        (
            "export",
            Recorded(
                &["export", "--format", "ndjson", "--days", "2026-11-16", "--out", "-"],
                "export_ndjson",
            ),
        ),
        ("get", Recorded(&["get", "ID"], "get")),
        ("health", Recorded(&["health", "--safety"], "health")),
        ("hold clear", Tells("compares the log's entries about holds with the holds")),
        ("hold list", Tells("as `hold clear`")),
        ("hold set", Never),
        ("import", Never),
        ("index", Never),
        ("init", Never),
        ("officer new", Never),
        ("policy check", Never),
        ("policy print", Never),
        ("prove", Recorded(&["prove", "ID"], "prove")),
        ("query", Recorded(&["query", "--actor", "u-1"], "query")),
        ("record", Never),
        ("removal apply", Never),
        ("removal list", Never),
        ("removal order", Never),
        ("report", Recorded(&["report", "--days", "2026-11-16"], "report")),
        ("retention apply", Never),
        ("retention plan", Never),
        ("rotate destroy-log-secret", Never),
        ("rotate log-secret", Never),
        ("rotate signing-key", Never),
        ("rotate wrapping-key", Never),
        ("seal", Never),
        ("show", Recorded(&["show", "ID"], "get")),
        ("subject certificate", Tells("looks for the entry that completes the erasure")),
        ("subject erase", Never),
        ("subject export", Otherwise("hands out nothing that is not recorded: rights.rs")),
        ("tail", Recorded(&["tail", "--day", "2026-11-16"], "tail")),
        ("trace", Recorded(&["trace", "4bf92f3577b34da6a3ce929d0e0e4736"], "trace")),
        ("verify", Tells("opens entries at level `entries`, and tells of batches")),
        ("verify-bundle", Never),
        ("verify-proof", Never),
    ];
    always.into_iter().chain(cfg!(feature = "sql").then_some(sql)).collect()
}

/// The subcommands in a help text.
fn subcommands(args: &[&str]) -> Vec<String> {
    let help = run(dayseal().args(args).arg("--help"), b"").exits(0).out;
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let list = list.split("\n\n").next().unwrap();
    let names = list.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    names.map(|l| l.split_whitespace().next().unwrap().to_owned()).filter(|n| n != "help").collect()
}

/// Every command that can be run, by its words.
fn leaves() -> Vec<String> {
    let mut found = Vec::new();
    for name in subcommands(&[]) {
        let below = subcommands(&[&name]);
        match below.is_empty() {
            true => found.push(name),
            false => found.extend(below.into_iter().map(|sub| format!("{name} {sub}"))),
        }
    }
    found.sort();
    found
}

/// The entries of a day by which readings stand in the log.
fn readings(log: &Log, on: u32) -> Vec<Value> {
    // By one who may not record: it leaves nothing behind.
    let path = |name: &str| log.path(name).to_str().unwrap().to_owned();
    let mut command = dayseal();
    command.args(["cat", &day(on), "--evidence", &path("evidence")]);
    command.args(["--policy", &path("policy"), "--keys", &path("keys.json")]);
    let done =
        run(command.current_dir(log.home("")).env("DAYSEAL_NOW", time(on, 23)), b"").exits(0);
    assert!(done.err.starts_with("not recorded in the log"), "{}", done.err);
    let entries = done.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.filter(|e| e["type"].as_str().unwrap().starts_with("log.")).collect()
}

#[test]
fn every_command_that_tells_of_entries_records_that_it_did() {
    let known = commands();
    let expected: Vec<String> = known.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(leaves(), expected, "a new command: say in this test what it does with entries");

    let log = Log::new();
    let traced = event("a").replacen(
        '{',
        r#"{"trace":{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"},"content":{"input":{"bytes":3}},"#,
        1,
    );
    log.feed(&time(0, 14), ["record"], traced.as_bytes()).exits(0);
    log.at(&time(1, 2), ["seal"]).exits(0);
    fs::write(log.home("input"), "abc").unwrap();
    let cat = log.at(&time(1, 3), ["cat", &day(0)]).exits(0).out;
    let id = serde_json::from_str::<Value>(&cat).unwrap()["id"].as_str().unwrap().to_owned();

    for (name, reads) in &known {
        let Recorded(args, action) = reads else { continue };
        let out = log.home(name).to_str().unwrap().to_owned();
        let args = args.iter().map(|arg| match *arg {
            "ID" => id.as_str(),
            "OUT" => &out,
            other => other,
        });
        let purpose = format!("the purpose of {name}");
        let before = readings(&log, 1).len();
        let done = log.at(&time(1, 4), args.chain(["--purpose", &purpose]));
        assert!(!done.err.contains("not recorded"), "{name}: {done:#?}");
        assert!([0, 3, 6].contains(&done.code), "{name}: {done:#?}");
        let all = readings(&log, 1);
        let own: Vec<_> = all.iter().filter(|e| e["access_reason"] == *purpose).collect();
        assert!(all.len() == before + own.len() && !own.is_empty(), "{name} records nothing");
        let ends: Vec<_> = own.iter().filter(|e| e["outcome"] == "success").collect();
        let [end] = ends[..] else { panic!("{name}: {own:#?}") };
        assert_eq!(end["action"], **action, "{name}");
        let shown = if *name == "health" { "0" } else { "1" };
        assert_eq!(end["labels"]["access.entries"], shown, "{name}");
        assert!(!end["actor"]["id"].as_str().unwrap().is_empty());
    }
}

#[test]
fn what_opens_entries_is_known_by_its_source() {
    // The table above says what a command does; this says which can do otherwise than it says.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cmd");
    let mut open = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let opens =
                ["Desk::open", "needed_opener(", ".opener()"].iter().any(|w| text.contains(w));
            let records = text.contains(".record(args, ") || text.contains(".begin(args, ");
            if opens && !records {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                found.push(name);
            }
        }
    }
    found.sort();
    let tell_nothing = ["ack.rs", "hold.rs", "subject/certificate.rs", "verify.rs"];
    let otherwise = ["subject/export.rs"];
    // The command that they are parts of records.
    let parts = ["report/facts.rs"];
    let mut expected = [&tell_nothing[..], &otherwise, &parts].concat();
    expected.sort_unstable();
    assert_eq!(found, expected, "they open entries and have no `Access`");
    let commands = commands();
    let count = |is: fn(&Reads) -> bool| commands.values().filter(|r| is(r)).count();
    // `hold` is two commands in one file.
    assert_eq!(count(|r| matches!(r, Tells(why) if !why.is_empty())), tell_nothing.len() + 1);
    assert_eq!(count(|r| matches!(r, Otherwise(why) if !why.is_empty())), otherwise.len());
}

/// A child that a failing test does not leave behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn tail(log: &Log) -> Self {
        let args = ["tail", "-f", "--interval", "0.1", "--purpose", "watching"];
        Self(log.command(args).env("DAYSEAL_NOW", time(0, 15)).spawn().unwrap())
    }

    /// Waits for so many lines; the pipe stays open as long as what is returned.
    fn lines(&mut self, n: usize) -> impl Sized + use<> {
        let mut out = BufReader::new(self.0.stdout.take().unwrap());
        for _ in 0..n {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            assert!(line.contains("data.read"), "{line}");
        }
        out
    }

    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn ends(&mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "still running");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut err = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.0.wait().unwrap().code(), err)
    }
}

#[test]
fn a_reading_that_is_stopped_is_recorded_with_what_it_showed() {
    for name in ["-INT", "-TERM"] {
        let log = Log::new();
        log.record_day(0);
        let mut tail = Running::tail(&log);
        let _open = tail.lines(2);
        tail.signal(name);
        assert_eq!(tail.ends(), (Some(0), String::new()), "{name}");
        let all = readings(&log, 0);
        let [begun, end] = &all[..] else { panic!("{all:#?}") };
        assert_eq!((&begun["outcome"], &end["outcome"]), (&"deferred".into(), &"success".into()));
        assert_eq!(end["correlation"]["parent_event"], begun["id"]);
        assert!(begun["labels"].is_null());
        assert_eq!(end["labels"]["access.entries"], "2");
        for e in [begun, end] {
            assert_eq!((&e["action"], &e["access_reason"]), (&"tail".into(), &"watching".into()));
        }
    }
}

#[test]
fn a_reading_that_is_killed_is_known_by_its_beginning() {
    let log = Log::new();
    log.record_day(0);
    let mut tail = Running::tail(&log);
    let _open = tail.lines(1);
    tail.signal("-KILL");
    assert_eq!(tail.ends().0, None);
    let all = readings(&log, 0);
    let [begun] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(
        (&begun["outcome"], &begun["access_reason"]),
        (&"deferred".into(), &"watching".into())
    );
}

#[test]
fn a_closed_pipe_does_not_hide_the_reading() {
    let log = Log::new();
    log.record_day(0);
    for args in [&["cat", "2026-11-16"][..], &["query", "--stored", "--type", "data."]] {
        let before = readings(&log, 1).len();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = log.command(args);
        let child = command.env("DAYSEAL_NOW", time(1, 15)).stdout(writer).spawn().unwrap();
        assert_eq!(Running(child).ends().0, Some(0));
        let all = readings(&log, 1);
        assert_eq!(all.len(), before + 2, "{args:?}");
        assert_eq!(all.iter().filter(|e| e["outcome"] == "success").count(), all.len() / 2);
    }
}

#[test]
fn who_cannot_record_reads_and_is_told_so() {
    let log = Log::sealed(1);
    // Nothing can be put where today's batches go, as with a role that may read the log and not add to it.
    fs::write(log.evidence(&format!("entries/{}", day(1))), "").unwrap();
    for args in [&["cat", "2026-11-16"][..], &["tail", "--day", "2026-11-16"], &["query"]] {
        let done = log.at(&time(1, 3), args).exits(0).says("not recorded in the log: ");
        assert_eq!(done.out.lines().count(), 2, "{args:?}");
    }
}

#[test]
fn what_was_asked_for_and_not_had_is_recorded_too() {
    let log = Log::sealed(1);
    log.record_day(1);
    let none = "019aa0f2-0000-7000-8000-000000000000";
    log.at(&time(1, 15), ["prove", none, "--purpose", "no such"]).exits(4);
    let day = log.at(&time(1, 15), ["tail", "--type", "data.", "--format", "json"]).exits(0).out;
    let entry: Value = serde_json::from_str(day.lines().next().unwrap()).unwrap();
    log.at(&time(1, 15), ["prove", entry["id"].as_str().unwrap(), "--purpose", "open"]).exits(3);
    // The first of the two days is given out, the second is not sealed: nobody knows how much that was.
    let out = log.home("bundle").to_str().unwrap().to_owned();
    let args = ["bundle", "--days", "2026-11-16..2026-11-17", "--out", &out, "--purpose", "half"];
    log.at(&time(1, 15), args).exits(3);
    let all = readings(&log, 1);
    let of = |purpose: &str| {
        let own = all.iter().filter(|e| e["access_reason"] == purpose);
        own.map(|e| (e["outcome"].clone(), e["labels"]["access.entries"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("no such"), [("success".into(), "0".into())]);
    assert_eq!(of("open"), [("success".into(), "0".into())]);
    assert_eq!(of("half"), [("deferred".into(), Value::Null), ("failure".into(), Value::Null)]);
}
