//! `tail` and `cat --format`: entries for people, as they come; what cannot be read is said.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::{FIRST, Log, actions, event, time};

const PATIENCE: Duration = Duration::from_secs(20);

fn at(action: &str, minute: u32, more: &str) -> String {
    let time = format!(r#","time":"{FIRST}T10:{minute:02}:00.000Z"{more}}}"#);
    event(action).trim_end().strip_suffix('}').unwrap().to_owned() + &time + "\n"
}

fn columns(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()
}

fn record(log: &Log, input: &str) {
    log.feed(&time(0, 14), ["record", "--redaction", "off"], input.as_bytes()).exits(0);
}

#[test]
fn a_day_in_time_order_whatever_stream_it_is_in() {
    let log = Log::new();
    record(&log, &[at("c", 3, ""), at("a", 1, "")].concat());
    record(&log, &[at("d", 4, ""), at("b", 2, "")].concat());
    let done = log.at(&time(0, 15), ["tail"]).exits(0);
    assert_eq!(done.err, "", "and nothing of its own reading");
    let order: Vec<_> = done.out.lines().map(|l| columns(l)[4]).collect();
    assert_eq!(order, ["a", "b", "c", "d"]);
    let first = done.out.lines().next().unwrap();
    let expected =
        ["2026-11-16T10:01:00.000Z", "-", "success", "data.read", "a", "user:u-1", "-", "-"];
    assert_eq!(columns(first), expected);
    // The same bytes as stored, still in time order; the last ones only; another day.
    let json = log.at(&time(0, 15), ["tail", "--type", "data.", "--format", "json"]).exits(0).out;
    assert_eq!(actions(&json), ["a", "b", "c", "d"]);
    let cat = log.at(&time(1, 15), ["cat", FIRST]).exits(0).out;
    let cat: String = cat.split_inclusive('\n').filter(|l| l.contains("data.read")).collect();
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&json), sorted(&cat));
    let args = ["tail", "-n", "2", "--type", "data.", "--format", "json"];
    assert_eq!(actions(&log.at(&time(0, 15), args).exits(0).out), ["c", "d"]);
    assert_eq!(log.at(&time(2, 15), ["tail"]).exits(0).out, "");
    let args = ["tail", "--day", FIRST, "--type", "data."];
    assert_eq!(log.at(&time(1, 15), args).exits(0).out, done.out);
    log.at(&time(1, 15), ["tail", "-f", "--day", FIRST]).exits(2).says("--follow follows today");
    let text = log.at(&time(1, 15), ["cat", FIRST, "--format", "text"]).exits(0).out;
    let text: String = text.split_inclusive('\n').filter(|l| l.contains("data.read")).collect();
    assert_eq!(sorted(&text), sorted(&done.out));
}

#[test]
fn filters() {
    let log = Log::new();
    let failed = event("failed").replace("success", "failure");
    let model =
        event("model").replace("data.read", "ai.generation.failed").replace("success", "failure");
    let tool = event("tool").replace("data.read", "ai.tool.executed");
    record(&log, &[event("read"), failed, model, tool].concat());
    let shown = |args: &[&str]| {
        let args = [&["tail", "--format", "json"], args].concat();
        actions(&log.at(&time(0, 15), args).exits(0).out)
    };
    assert_eq!(shown(&["--outcome", "failure"]), ["failed", "model"]);
    assert_eq!(shown(&["--type", "ai."]), ["model", "tool"]);
    assert_eq!(
        shown(&["--type", "ai.tool.executed", "--type", "data.read"]),
        ["read", "failed", "tool"]
    );
    assert_eq!(shown(&["--type", "ai"]), Vec::<String>::new());
    assert_eq!(shown(&["--type", "ai.", "--outcome", "success"]), ["tool"]);
    log.at(&time(0, 15), ["tail", "--outcome", "bad"]).exits(2).says("expected one of success");
    log.at(&time(0, 15), ["tail", "--interval", "0"]).exits(2).says("expected seconds");
}

#[test]
fn no_value_begins_a_line_or_moves_the_cursor() {
    let log = Log::new();
    let reason = r#","reason":{"text":"x\n2026-11-16T10:01:00.000Z  critical\u001b[2J\u202e"}"#;
    record(&log, &at("a", 1, reason));
    for args in [&["tail", "--day", FIRST][..], &["cat", FIRST, "--format", "text"]] {
        let done = log.at(&time(1, 15), args).exits(0);
        assert_eq!(done.out.lines().count(), 1);
        assert!(!done.out.contains(['\u{1b}', '\u{202e}']), "{:?}", done.out);
        done.prints(r"x\n2026-11-16T10:01:00.000Z critical\u{1b}[2J\u{202e}");
    }
}

#[test]
fn an_altered_batch_is_said_and_does_not_hide_the_others() {
    let log = Log::new();
    record(&log, &event("a"));
    record(&log, &event("b"));
    log.flip(&log.batches()[0], 700);
    let stray = log.evidence(&format!("entries/{FIRST}/junk"));
    fs::write(stray, "x").unwrap();
    for args in [&["tail", "--day", FIRST][..], &["cat", FIRST]] {
        let done = log.at(&time(1, 15), args).exits(1).says("expected SHA-256").says("junk");
        assert_eq!(done.out.lines().count(), 1);
        assert_eq!(done.err.lines().count(), 2, "each is said once: {}", done.err);
    }
}

/// A child that a failing test does not leave behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn follow(log: &Log, args: &[&str]) -> (Running, mpsc::Receiver<String>) {
    let args = [&["tail", "-f", "--interval", "0.1"], args].concat();
    let mut child = log.command(args).env("DAYSEAL_NOW", time(0, 15)).spawn().unwrap();
    let (send, receive) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    (Running(child), receive)
}

fn ends(mut running: Running) -> (Option<i32>, String) {
    let child = &mut running.0;
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "still running");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code(), err)
}

fn interrupt(child: &Running, name: &str) {
    let pid = child.0.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

#[test]
fn it_follows_until_interrupted() {
    for name in ["-INT", "-TERM"] {
        let log = Log::new();
        record(&log, &[event("old"), event("before")].concat());
        let (child, lines) = follow(&log, &["-n", "1", "--format", "json"]);
        let next = || actions(&lines.recv_timeout(PATIENCE).unwrap());
        assert_eq!(next(), ["before"]);
        for action in ["new", "newer"] {
            record(&log, &event(action));
            assert_eq!(next(), [action]);
        }
        interrupt(&child, name);
        assert_eq!(ends(child), (Some(0), String::new()), "{name}");
        assert!(lines.recv_timeout(PATIENCE).is_err(), "each entry once");
    }
}

#[test]
fn what_it_could_not_read_while_following_is_in_its_exit_code() {
    let log = Log::new();
    record(&log, &event("a"));
    log.flip(&log.batches()[0], 700);
    record(&log, &event("b"));
    let (child, lines) = follow(&log, &[]);
    assert!(lines.recv_timeout(PATIENCE).unwrap().contains("  b  "));
    record(&log, &event("c"));
    assert!(lines.recv_timeout(PATIENCE).unwrap().contains("  c  "));
    interrupt(&child, "-INT");
    let (code, err) = ends(child);
    assert_eq!(code, Some(1));
    assert_eq!(err.matches("expected SHA-256").count(), 1, "{err}");
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let log = Log::new();
    record(&log, &event("a"));
    let mut command = log.command(["tail", "-f", "--interval", "0.1"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command.env("DAYSEAL_NOW", time(0, 15)).stdout(writer).spawn().unwrap();
    assert_eq!(ends(Running(child)), (Some(0), String::new()));
}
