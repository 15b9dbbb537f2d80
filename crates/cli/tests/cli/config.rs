//! `init`, configuration, keys, policy, completions, help.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{FIRST, Log, ORIGIN, dayseal, run, time};

#[test]
fn init_refuses_to_overwrite() {
    let log = Log::new();
    let before: Vec<_> = ["dayseal.toml", "keys.json", "policy", "evidence/log.json"]
        .map(|name| fs::read(log.path(name)).unwrap())
        .into();
    log.at(&time(0, 9), ["init", "log"]).exits(2).says("never overwritten");
    for left in ["dayseal.toml", "keys.json", "policy"] {
        let copy = log.copy();
        for name in ["dayseal.toml", "keys.json", "policy"] {
            if name != left {
                fs::remove_file(copy.path(name)).unwrap();
            }
        }
        let done = run(dayseal().args(["init", "log"]).current_dir(copy.home("")), b"");
        done.exits(2).says(left);
    }
    let after: Vec<_> = ["dayseal.toml", "keys.json", "policy", "evidence/log.json"]
        .map(|name| fs::read(log.path(name)).unwrap())
        .into();
    assert_eq!(before, after);
}

#[test]
fn init_refuses_an_evidence_root_that_holds_a_log() {
    let log = Log::new();
    let evidence = log.path("evidence");
    let args = ["init", "other", "--evidence", evidence.to_str().unwrap()];
    log.at(&time(0, 9), args).exits(2).says("exists already");
    assert!(!log.home("other/keys.json").exists(), "keys of a log that was not made");
    assert!(!log.home("other/dayseal.toml").exists());
    log.record_day(0);
    // Nothing is in the way of a second try.
    log.at(&time(0, 9), ["init", "other"]).exits(0);
}

#[test]
fn init_keeps_the_keys_from_others_and_makes_up_an_origin() {
    let log = Log::new();
    let mode = fs::metadata(log.path("keys.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    log.at(&time(0, 8), ["init", "b"]).exits(0).prints("made the log log.invalid/");
    log.at(&time(0, 8), ["init", "c", "--origin", "No Origin"]).exits(2).says("--origin");
    assert!(!log.home("c").exists());
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let log = Log::sealed(1);
    let keys = log.path("keys.json");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    for args in [&["record"][..], &["seal"], &["verify"], &["cat", FIRST]] {
        log.at(&time(2, 2), args).exits(3).says("chmod 600");
    }
}

#[test]
fn what_is_missing_is_named() {
    let log = Log::sealed(1);
    let now = time(1, 3);
    log.at(&now, ["--config", "none.toml", "verify"]).exits(2).says("none.toml");
    log.at(&now, ["--policy", "none", "verify"]).exits(2).says("the policy none");
    log.at(&now, ["--keys", "none", "cat", FIRST]).exits(3).says("the key file none");
    let empty = log.home("empty");
    fs::create_dir(&empty).unwrap();
    for (args, text) in [
        (&["verify"][..], "--evidence"),
        (&["record"], "no configuration"),
        (&["seal"], "--evidence"),
        (&["policy", "print"], "--policy"),
    ] {
        run(dayseal().args(args).current_dir(&empty), b"").exits(2).says(text);
    }
    fs::remove_file(log.path("keys.json")).unwrap();
    log.at(&now, ["record"]).exits(2).says("no keys");
    log.at(&now, ["seal"]).exits(2).says("no keys");
    fs::remove_file(log.path("policy")).unwrap();
    log.at(&now, ["verify", "--level", "objects"]).exits(3).prints("no policy");
}

#[test]
fn a_broken_configuration_is_named_with_its_line() {
    let log = Log::new();
    let path = log.path("dayseal.toml");
    let good = fs::read_to_string(&path).unwrap();
    for (bad, text) in [
        (format!("{good}evidense = \"x\"\n"), "evidense"),
        (good.replace("late_days = 3", "late_days = \"three\""), "late_days"),
        (good.replace("origin = ", "# "), "origin"),
        ("= nothing".to_owned(), "line 1"),
    ] {
        fs::write(&path, bad).unwrap();
        log.at(&time(0, 9), ["verify"]).exits(2).says("dayseal.toml is not valid").says(text);
    }
}

#[test]
fn configuration_is_found_in_the_current_directory_and_flags_win() {
    let log = Log::sealed(1);
    let here = run(dayseal().args(["--now", &time(1, 3), "verify"]).current_dir(log.path("")), b"");
    here.exits(0);
    let mut command = dayseal();
    command.current_dir(log.path("")).env("DAYSEAL_POLICY", "none");
    run(command.args(["policy", "print"]), b"").exits(2).says("none");
    run(command.args(["--policy", "policy"]), b"").exits(0).prints(ORIGIN);
}

#[test]
fn policy_print_and_check() {
    let log = Log::new();
    let now = time(0, 9);
    log.at(&now, ["policy", "check"]).exits(0).prints("is a valid policy of");
    log.at(&now, ["policy", "print"]).exits(0).prints("first day       2026-11-16");
    let good = fs::read_to_string(log.path("policy")).unwrap();
    for (name, bad) in [
        ("empty", String::new()),
        ("version", good.replace("v1", "v2")),
        ("key", good.replace("+", "-")),
        ("level", good.replace("require entries", "require all")),
        ("unknown", format!("{good}trust everybody\n")),
        ("twice", format!("{good}first-day 2026-11-17\n")),
        ("terminal", format!("{good}\u{1b}[2J\n")),
    ] {
        fs::write(log.home("bad"), bad).unwrap();
        let done = log.at(&now, ["policy", "check", "bad"]).exits(2);
        assert!(done.err.contains("the policy bad is not valid: "), "{name}: {done:?}");
        assert!(!done.err.contains('\u{1b}'), "{name}: {done:?}");
        log.at(&now, ["--policy", "bad", "verify"]).exits(2);
    }
}

#[test]
fn completions_for_shells() {
    for (shell, text) in [("bash", "complete"), ("zsh", "#compdef dayseal"), ("fish", "complete")] {
        let done = run(dayseal().args(["completions", shell]), b"").exits(0).prints(text);
        assert!(done.out.len() > 1_000);
    }
    run(dayseal().args(["completions", "abacus"]), b"").exits(2);
}

#[test]
fn every_command_has_help_and_a_usage_error_is_2() {
    let short = run(dayseal().arg("--help"), b"").exits(0).out;
    for (command, line, more) in [
        ("init", "Make a log with its keys, policy and configuration", "Refuses to overwrite."),
        ("record", "Record events", "Lines that break a rule are reported"),
        ("seal", "Seal every day that has ended", "Safe to run at any time, twice"),
        ("verify", "Verify the log", "what was not checked."),
        ("show", "Show a batch", "Nothing shown is verified"),
        ("cat", "Print the decrypted entries", "in order within each stream."),
        ("ack", "Check acknowledgements", "One acknowledgement a line"),
        ("policy", "Print or check a policy file", ""),
        ("check", "Check how the log is set up in AWS", "PASS, WARN or FAIL with its evidence"),
        ("rotate", "Change a key of the log", "Nothing is lost by a change"),
        ("completions", "Print a completion script", ""),
    ] {
        let help = run(dayseal().args([command, "--help"]), b"").exits(0).prints("Usage: dayseal");
        // Lines are broken to the terminal's width.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = words(&help.out);
        assert!(help.starts_with(line) && help.contains(more), "{command}: {help}");
        let listed = short.lines().filter(|l| l.trim_start().starts_with(&format!("{command} ")));
        let listed: Vec<_> = listed.map(words).collect();
        assert_eq!(listed.len(), 1, "{command}: {short}");
        assert!(listed[0].starts_with(&format!("{command} {line}")), "{command}: {listed:?}");
        assert!(more.is_empty() || !words(&short).contains(more), "{command}: {short}");
    }
    run(dayseal().arg("--version"), b"").exits(0).prints("dayseal 0.");
    run(&mut dayseal(), b"").exits(2);
    run(dayseal().arg("destroy"), b"").exits(2);
    run(dayseal().args(["--now", "yesterday", "seal"]), b"").exits(2).says("--now");
    run(dayseal().args(["verify", "--level", "deep"]), b"").exits(2).says("--level");
    run(dayseal().args(["cat", "2026-02-30"]), b"").exits(2);
}
