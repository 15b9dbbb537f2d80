//! A log in a temporary directory, and a way to run the command on it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "audit.example.com/cli";
/// First day of every test log.
pub(crate) const FIRST: &str = "2026-11-16";

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// The same, after checking the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "expected {text:?} on standard error: {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.out.contains(text), "expected {text:?} on standard output: {self:#?}");
        self
    }
}

/// The command, free of the caller's environment.
pub(crate) fn dayseal() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dayseal"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DAYSEAL_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end with `input`.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Done {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A command that does not read its input closes the pipe: no failure.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A log made by `init`.
pub(crate) struct Log {
    home: TempDir,
}

impl Log {
    pub(crate) fn new() -> Self {
        let log = Self { home: tempfile::tempdir().unwrap() };
        let init = ["init", "log", "--origin", ORIGIN, "--service", "video-api"];
        log.at(&format!("{FIRST}T08:00:00.000Z"), init).exits(0);
        log
    }

    /// A log with these days recorded (two events each) and sealed.
    pub(crate) fn sealed(days: u32) -> Self {
        let log = Self::new();
        for n in 0..days {
            log.record_day(n);
            log.at(&time(n + 1, 2), ["seal"]).exits(0);
        }
        log
    }

    pub(crate) fn record_day(&self, n: u32) -> Done {
        let lines = [event(&format!("a{n}")), event(&format!("b{n}"))].concat();
        self.feed(&time(n, 14), ["record"], lines.as_bytes()).exits(0)
    }

    /// A copy to damage.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { home: tempfile::tempdir().unwrap() };
        let from = self.home.path().join(".");
        let done = Command::new("cp").arg("-r").arg(from).arg(copy.home.path()).status().unwrap();
        assert!(done.success());
        let done = Command::new("chmod").args(["-R", "u+w"]).arg(copy.home.path()).status();
        assert!(done.unwrap().success());
        copy
    }

    /// A path in the test's directory.
    pub(crate) fn home(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// A path in the log's directory.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.home.path().join("log").join(path)
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = dayseal();
        command.current_dir(self.home.path()).args(args);
        if self.path("dayseal.toml").exists() {
            command.env("DAYSEAL_CONFIG", "log/dayseal.toml");
        }
        command
    }

    /// Runs at a time, with input; no secret may show.
    pub(crate) fn feed<S: AsRef<OsStr>>(
        &self,
        now: &str,
        args: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Done {
        let mut command = self.command(args);
        let done = run(command.env("DAYSEAL_NOW", now), input);
        self.assert_no_secret(&done.err);
        self.assert_no_secret(&done.out);
        done
    }

    pub(crate) fn at<S: AsRef<OsStr>>(&self, now: &str, args: impl IntoIterator<Item = S>) -> Done {
        self.feed(now, args, b"")
    }

    /// Verifies after two days were sealed, in time for the third.
    pub(crate) fn verify(&self, args: &[&str]) -> Done {
        self.at(&time(2, 3), ["verify"].iter().chain(args))
    }

    /// No key of the key file, in hexadecimal or base64.
    pub(crate) fn assert_no_secret(&self, text: &str) {
        let Ok(keys) = fs::read(self.path("keys.json")) else { return };
        let Ok(keys) = serde_json::from_slice::<serde_json::Value>(&keys) else { return };
        for name in ["signing_seed", "wrapping_key", "content_wrapping_key", "log_secret"] {
            let secret = keys[name].as_str().unwrap();
            assert!(secret.len() >= 43, "{name} is shorter than a key");
            assert!(!text.contains(secret), "{name} shows");
        }
    }

    /// Keys of the batches, in order.
    pub(crate) fn batches(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.path("evidence/entries"), &mut found);
        let root = self.path("evidence");
        let key = |p: PathBuf| p.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let mut keys: Vec<_> = found.into_iter().map(key).collect();
        keys.sort();
        keys
    }

    pub(crate) fn evidence(&self, key: &str) -> PathBuf {
        self.path("evidence").join(key)
    }

    /// Overwrites one byte.
    pub(crate) fn flip(&self, key: &str, at: usize) {
        let path = self.evidence(key);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// A time `n` days after the first.
pub(crate) fn time(n: u32, hour: u32) -> String {
    format!("{}T{hour:02}:00:00.000Z", day(n))
}

/// The day `n` days after the first.
pub(crate) fn day(n: u32) -> String {
    format!("2026-11-{:02}", 16 + n)
}

/// One event as a line of input.
pub(crate) fn event(action: &str) -> String {
    format!(
        r#"{{"type":"data.read","actor":{{"id":"u-1","type":"user"}},"action":"{action}","outcome":"success"}}"#
    ) + "\n"
}

/// The field `action` of each line.
pub(crate) fn actions(lines: &str) -> Vec<String> {
    let action = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["action"].as_str().unwrap().to_owned()
    };
    lines.lines().map(action).collect()
}

/// Whether a word stands in a text by itself. Pseudonyms, ids and signatures
/// are of letters too, and now and then hold a short name by chance.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}
