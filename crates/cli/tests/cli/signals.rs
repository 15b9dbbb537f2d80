//! Slow input, closed pipes, and processes that are stopped or killed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::{Log, actions, event, time};

const PATIENCE: Duration = Duration::from_secs(20);

fn spawn(log: &Log, args: &[&str]) -> Child {
    log.command(args).env("DAYSEAL_NOW", time(0, 14)).stdin(Stdio::piped()).spawn().unwrap()
}

/// Lines of a child's standard output, as they come.
fn lines(child: &mut Child) -> mpsc::Receiver<String> {
    each_line(child.stdout.take().unwrap())
}

/// The same of its standard error.
fn told(child: &mut Child) -> mpsc::Receiver<String> {
    each_line(child.stderr.take().unwrap())
}

fn each_line(from: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

fn ends(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("still running after {PATIENCE:?}");
}

#[test]
fn killed_while_its_input_is_open_every_acknowledged_entry_is_there() {
    let log = Log::new();
    let mut child = spawn(&log, &["record", "--durable"]);
    let acks = lines(&mut child);
    let mut stdin = child.stdin.take().unwrap();
    let mut acknowledged = Vec::new();
    for n in 0..5 {
        stdin.write_all(event(&format!("n{n}")).as_bytes()).unwrap();
        let ack = acks.recv_timeout(PATIENCE).expect("acknowledged while the input is open");
        acknowledged.push(ack);
    }
    stdin.write_all(event("perhaps").as_bytes()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(acks);

    log.at(&time(1, 2), ["seal"]).exits(0);
    log.at(&time(1, 3), ["verify"]).exits(0);
    let kept = log.at(&time(1, 3), ["cat", "2026-11-16"]).exits(0).out;
    for ack in &acknowledged {
        let ack: serde_json::Value = serde_json::from_str(ack).unwrap();
        assert!(kept.contains(ack["entry"].as_str().unwrap()), "{ack} is lost");
    }
    let text = acknowledged.join("\n");
    log.feed(&time(1, 3), ["ack", "-"], text.as_bytes()).exits(0);
}

#[test]
fn asked_to_stop_it_stores_what_it_has_and_ends() {
    for name in ["-INT", "-TERM"] {
        let log = Log::new();
        let mut command = log.command(["record"]);
        // It says which lines it took: then they are its own, wherever they are.
        command.env("DAYSEAL_NOW", time(0, 14)).env("DAYSEAL_LOG", "dayseal::cmd=debug");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let told = told(&mut child);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(event("kept").repeat(4).as_bytes()).unwrap();
        // The input stays open: waiting for it would be waiting for ever.
        let mut err = String::new();
        while !err.contains("line=4") {
            err += &told.recv_timeout(PATIENCE).expect("the line is taken while the input is open");
        }
        signal(&child, name);
        assert_eq!(ends(&mut child), Some(3), "{name}");
        err.extend(told);
        assert!(err.contains("interrupted after stdin:4"), "{err}");
        assert!(err.contains("recorded 4 entries"), "{err}");
        drop(stdin);
        let kept = log.at(&time(1, 3), ["cat", "2026-11-16"]).exits(0).out;
        assert_eq!(actions(&kept).len(), 4);
    }
}

#[test]
fn an_import_asked_to_stop_says_so_in_the_log_as_well() {
    let log = Log::new();
    let mut child = spawn(&log, &["import", "--from", "ocsf"]);
    let record = r#"{"class_uid":6003,"activity_id":2,"time":1763632800123,"status_id":1}"#;
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{record}\n").repeat(3).as_bytes()).unwrap();
    let start = Instant::now();
    while log.batches().is_empty() && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    signal(&child, "-INT");
    assert_eq!(ends(&mut child), Some(3));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("interrupted after 3 records of stdin"), "{err}");
    drop(stdin);
    let kept = log.at(&time(1, 3), ["cat", "2026-11-16"]).exits(0).out;
    assert_eq!(kept.lines().count(), 4);
    let report = kept.lines().find(|l| l.contains("log.imported")).unwrap();
    assert!(report.contains(r#""reason":{"code":"interrupted"}"#), "{report}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let log = Log::new();
    let input: String = (0..20_000).map(|n| event(&format!("n{n}"))).collect();
    log.feed(&time(0, 14), ["record"], input.as_bytes()).exits(0);
    let mut command = log.command(["cat", "2026-11-16"]);
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(actions(&first), ["n0"]);
    assert_eq!(ends(&mut child), Some(0));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err, "");
}

#[test]
fn without_a_reader_of_acknowledgements_the_events_are_recorded() {
    let log = Log::new();
    let mut command = log.command(["record", "--durable"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command
        .env("DAYSEAL_NOW", time(0, 14))
        .stdin(Stdio::piped())
        .stdout(writer)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(event("a").repeat(7).as_bytes()).unwrap();
    assert_eq!(ends(&mut child), Some(0));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("7 acknowledgements not printed"), "{err}");
    let kept = log.at(&time(1, 3), ["cat", "2026-11-16"]).exits(0).out;
    assert_eq!(actions(&kept).len(), 7);
}
