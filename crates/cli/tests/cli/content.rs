//! Contents by the command: recorded with their events, shown, compared, and closed to who lacks the key.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Done, ORIGIN, dayseal, run};

const NOW: &str = "2026-11-20T14:00:00.000Z";
const DAY: &str = "2026-11-20";
const PROMPT: &str = "Where is my parcel?";

struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        let kept = Self(tempfile::tempdir().unwrap());
        let init = ["init", "log", "--origin", ORIGIN, "--first-day", DAY, "--keep-content"];
        kept.run(&init, b"").exits(0).prints("content");
        kept
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Done {
        let mut command = dayseal();
        command.current_dir(self.0.path()).env("DAYSEAL_NOW", NOW).args(args);
        if self.0.path().join("log/dayseal.toml").exists() {
            command.env("DAYSEAL_CONFIG", "log/dayseal.toml");
        }
        run(&mut command, input)
    }

    fn record(&self, contents: &Value) -> Done {
        let event = json!({
            "type": "ai.generation.completed", "actor": {"id": "u-1", "type": "user"},
            "action": "chat", "outcome": "success",
        });
        let line = json!({"event": event, "contents": contents});
        self.run(&["record"], line.to_string().as_bytes())
    }

    fn cat(&self, args: &[&str]) -> Vec<Value> {
        let done = self.run(&[&["cat", DAY], args].concat(), b"").exits(0);
        // That it was read stands there as well.
        let read = |line: &Value| {
            line["type"] != "log.accessed" && line["entry"]["type"] != "log.accessed"
        };
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).filter(read).collect()
    }
}

#[test]
fn contents_are_kept_shown_and_compared() {
    let log = Kept::new();
    let contents = json!([
        {"field": "content.input", "text": PROMPT},
        {"field": "content.output", "base64": "/wA=", "media_type": "image/png"},
    ]);
    log.record(&contents).exits(0).says("of content");
    let [shown] = &log.cat(&["--content"])[..] else { panic!("one entry") };
    let expected = json!([
        {"field": "content.input", "state": "present", "text": PROMPT},
        {"field": "content.output", "state": "present", "media_type": "image/png", "base64": "/wA="},
    ]);
    assert_eq!(shown["contents"], expected);
    let entry = &log.cat(&[])[0];
    assert_eq!(shown["entry"], *entry);
    assert_eq!(entry["content"]["input"]["scheme"], "commit-v1");
    assert!(!entry.to_string().contains("parcel"));

    let id = entry["id"].as_str().unwrap();
    let check = |input: &str, field: &str| {
        let args = ["content", "check", "--entry", id, "--input", "-", "--field", field];
        log.run(&args, input.as_bytes())
    };
    check(PROMPT, "content.input").exits(0).prints("same");
    check("Where is my parcel!", "content.input").exits(1).prints("another content");
    check("short", "content.input").exits(1).prints("expected 19 bytes, found 5");
    check(PROMPT, "content.args").exits(2).says("it has content.input, content.output");
    let args = ["content", "check", "--entry", id, "--input", "-"];
    log.run(&args, b"x").exits(2).says("give --field");
    let missing = ["content", "check", "--entry", &id.replace('7', "6"), "--input", "-"];
    assert_ne!(log.run(&missing, b"x").code, 0);
}

#[test]
fn what_is_gone_or_changed_is_told_apart() {
    let log = Kept::new();
    log.record(&json!([{"field": "content.input", "text": PROMPT}])).exits(0);
    let id = log.cat(&[])[0]["id"].as_str().unwrap().to_owned();
    let root = log.0.path().join(format!("log/content/content/{DAY}"));
    let stream = fs::read_dir(&root).unwrap().next().unwrap().unwrap().path();
    let object = stream.join("00000000.content");
    let bytes = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    assert_eq!(log.cat(&["--content"])[0]["contents"][0]["state"], "missing");
    let args = ["content", "check", "--entry", &id, "--input", "-"];
    log.run(&args, PROMPT.as_bytes()).exits(3).prints("it alone could tell");

    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&object, changed).unwrap();
    let done = log.run(&["cat", DAY, "--content"], b"").exits(1);
    done.says("00000000.content");
    fs::write(&object, bytes).unwrap();
    assert_eq!(log.cat(&["--content"])[0]["contents"][0]["state"], "present");
}

#[test]
fn who_reads_entries_need_not_be_able_to_read_content() {
    let log = Kept::new();
    log.record(&json!([{"field": "content.input", "text": PROMPT}])).exits(0);
    let path = log.0.path().join("log/keys.json");
    let mut keys: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    keys.as_object_mut().unwrap().remove("content_wrapping_key");
    fs::write(&path, keys.to_string()).unwrap();
    assert_eq!(log.cat(&[]).len(), 1);
    let done = log.run(&["cat", DAY, "--content"], b"").exits(3);
    let done = done.says("contents are closed to you").says("Missing: the content wrapping key");
    let done = done.says("Who owns the log can grant it").says("is not held here");
    assert_eq!(done.out, "", "nothing is half shown");
    let id = log.cat(&[])[0]["id"].as_str().unwrap().to_owned();
    let args = ["content", "check", "--entry", &id, "--input", "-"];
    let done = log.run(&args, PROMPT.as_bytes()).exits(3).says("contents are closed to you");
    assert_eq!(done.out, "");
    // Nothing can be kept either: the event is refused with its reason, not stored without its content.
    let done = log.record(&json!([{"field": "content.input", "text": PROMPT}]));
    assert_eq!((done.code, log.cat(&[]).len()), (3, 1), "{}", done.err);
}

#[test]
fn by_digest_the_log_secret_decides() {
    let log = Kept::new();
    let toml = log.0.path().join("log/dayseal.toml");
    let text = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, text.replace("content = \"store\"", "content = \"digest\"")).unwrap();
    log.record(&json!([{"field": "content.input", "text": PROMPT}])).exits(0);
    let id = log.cat(&[])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(log.cat(&["--content"])[0]["contents"], json!([]));
    let args = ["content", "check", "--entry", &id, "--input", "-"];
    log.run(&args, PROMPT.as_bytes()).exits(0).prints("same");
    log.run(&args, b"Where is my parcel!").exits(1).prints("other");
    let path = log.0.path().join("log/keys.json");
    let keys = fs::read_to_string(&path).unwrap();
    let mut gone: Value = serde_json::from_str(&keys).unwrap();
    gone["log_secret"] = json!("ab".repeat(32));
    fs::write(&path, gone.to_string()).unwrap();
    log.run(&args, PROMPT.as_bytes()).exits(3).prints("which is not here");
}

#[test]
fn a_content_that_cannot_be_kept_is_refused_and_the_rest_recorded() {
    let log = Kept::new();
    let twice = json!([
        {"field": "content.input", "text": "secret"}, {"field": "content.input", "text": "secret"},
    ]);
    let done = log.record(&twice).exits(1).says("two contents of one item");
    assert!(!done.err.contains("secret"));
    let toml = log.0.path().join("log/dayseal.toml");
    let text = fs::read_to_string(&toml).unwrap().replace("pseudonyms = true", "");
    fs::write(&toml, text).unwrap();
    log.record(&json!([])).exits(2).says("needs `pseudonyms = true`");
}
