//! What data subjects and officers ask for: a copy, erasure with its certificate, legal holds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Done, ORIGIN, dayseal, has_word, run};

const DAY: &str = "2026-11-20";
const NOW: &str = "2026-11-20T14:00:00.000Z";
/// When nothing of that day can land any more.
const LATER: &str = "2026-11-25T14:00:00.000Z";
const HOSTILE: &str = "<script>alert('x')</script> Where is my parcel?";

/// A log with contents of Ada and Bob, and an officer whom the policy knows.
struct Rights(TempDir);

impl Rights {
    fn new() -> Self {
        let log = Self(tempfile::tempdir().unwrap());
        let init = ["init", "log", "--origin", ORIGIN, "--first-day", DAY, "--keep-content"];
        log.at(NOW, &init, b"").exits(0);
        let made = log.run(&["officer", "new", "dpo", "--out", "dpo.json"]).exits(0);
        let line =
            made.out.lines().find(|l| l.contains("officer audit")).unwrap().trim().to_owned();
        let policy = fs::read_to_string(log.path("log/policy")).unwrap();
        fs::write(log.path("log/policy"), format!("{policy}{line}\n")).unwrap();
        log.record("ada", HOSTILE, "matter-7");
        log.record("bob", "About Bob alone.", "matter-8");
        log
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn at(&self, now: &str, args: &[&str], input: &[u8]) -> Done {
        let mut command = dayseal();
        command.current_dir(self.0.path()).env("DAYSEAL_NOW", now).args(args);
        if self.path("log/dayseal.toml").exists() {
            command.env("DAYSEAL_CONFIG", "log/dayseal.toml");
        }
        run(&mut command, input)
    }

    fn run(&self, args: &[&str]) -> Done {
        self.at(NOW, args, b"")
    }

    fn record(&self, who: &str, prompt: &str, matter: &str) {
        let event = json!({
            "type": "ai.generation.completed", "actor": {"id": who, "type": "user"},
            "action": "chat", "outcome": "success", "labels": {"matter": matter},
        });
        let contents = json!([{"field": "content.input", "text": prompt}]);
        let line = json!({"event": event, "contents": contents});
        self.at(NOW, &["record"], line.to_string().as_bytes()).exits(0);
    }

    /// Entries of a type in the whole log.
    fn entries(&self, kind: &str) -> Vec<Value> {
        let days = [DAY, "2026-11-25"];
        let lines = days.iter().flat_map(|day| {
            let out = self.run(&["cat", day]).exits(0).out;
            out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).collect::<Vec<_>>()
        });
        lines.filter(|e| e["type"] == kind).collect()
    }

    fn export(&self, out: &str) -> Done {
        self.run(&["subject", "export", "ada", "--reason", "request 1", "--out", out])
    }

    /// The lines of an export: its head, its entries, its end.
    fn exported(&self, out: &str) -> (Value, Vec<Value>, Value) {
        let text = fs::read_to_string(self.path(&format!("{out}.ndjson"))).unwrap();
        let mut lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (end, head) = (lines.pop().unwrap(), lines.remove(0));
        (head, lines, end)
    }
}

const SIGN: [&str; 4] = ["--officer", "dpo", "--sign-with", "dpo.json"];
const ERASE: [&str; 6] = ["subject", "erase", "ada", "--reason", "request 2", "--yes"];

#[test]
fn a_copy_has_everything_of_the_person_and_runs_nothing() {
    let log = Rights::new();
    log.export("ada").exits(0).prints("1 entry of the person");
    let (head, entries, end) = log.exported("ada");
    assert_eq!((head["kind"].as_str(), head["v"].as_u64()), (Some("subject-export"), Some(1)));
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(entry["contents"][0]["text"], HOSTILE);
    assert_eq!(entry["contents"][0]["state"], "present");
    assert_eq!(entry["roles"], json!(["actor"]));
    assert_eq!((end["kind"].as_str(), end["present"].as_u64()), (Some("end"), Some(1)));
    let page = fs::read_to_string(log.path("ada.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("src="));
    assert!(!has_word(&page, "Bob") && page.ends_with("</html>\n"));
    for name in ["ada.ndjson", "ada.html"] {
        let mode = fs::metadata(log.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let recorded = log.entries("data.exported");
    assert_eq!(recorded[0]["labels"]["export.entries"], "1");
    assert_eq!(recorded[0]["privacy"]["subject"], head["names"]["subjects"][0]);

    // Nothing is overwritten, and nothing is left of an export that did not come to its end.
    let before = fs::read(log.path("ada.ndjson")).unwrap();
    assert_ne!(log.export("ada").code, 0);
    assert_eq!(fs::read(log.path("ada.ndjson")).unwrap(), before);
    fs::remove_file(log.path("ada.ndjson")).unwrap();
    assert_ne!(log.export("ada").code, 0);
    assert!(!log.path("ada.ndjson").exists());
}

#[test]
fn an_erasure_from_its_dry_run_to_its_certificate() {
    let log = Rights::new();
    let dry = log.run(&["subject", "erase", "ada"]).exits(0);
    dry.prints("would erase 1 object, 1 frame, 1 record").says("nothing was changed");
    log.run(&["subject", "erase", "ada", "--yes"]).exits(2);
    log.export("before").exits(0);
    let waits = log.run(&ERASE).exits(0).prints("erased 1 object").prints("stays open");
    assert!(waits.out.contains("2026-11-24T01:00:00.000Z"), "{waits:?}");
    let receipt = waits.out.lines().next().unwrap().strip_prefix("receipt: ").unwrap().to_owned();

    // Gone for everybody, and told as what it is; Bob's is there.
    log.export("after").exits(0);
    let (_, entries, end) = log.exported("after");
    let states: Vec<_> =
        entries.iter().filter_map(|e| e["contents"][0]["state"].as_str()).collect();
    assert_eq!((states, end["erased"].as_u64()), (vec!["erased"], Some(1)));
    let dry = log.run(&["subject", "erase", "bob", "--json"]).exits(0);
    let plan: Value = serde_json::from_str(&dry.out).unwrap();
    assert_eq!(plan["plan"]["days"][DAY]["frames"], 1);

    // Before its time, nothing but waiting; then a schedule ends it.
    log.run(&["subject", "erase", "--resume"]).exits(0).prints("stays open");
    assert!(log.entries("privacy.erasure.completed").is_empty());
    log.at(LATER, &["subject", "erase", "--resume"], b"").exits(0).prints("complete");
    log.at(LATER, &["subject", "erase", "--resume"], b"").exits(0).says("no erasure is open");
    let again = log.at(LATER, &ERASE, b"").exits(0).prints("nothing was changed");
    assert!(again.out.contains(&receipt));
    let (asked, done) =
        (log.entries("privacy.erasure.requested"), log.entries("privacy.erasure.completed"));
    assert_eq!((asked.len(), done.len()), (1, 1));
    assert_eq!(
        (&asked[0]["id"], &done[0]["correlation"]["parent_event"]),
        (&json!(receipt), &json!(receipt))
    );
    assert_eq!(asked[0]["reason"]["text"], "request 2");

    let certify = ["subject", "erase", "ada", "--resume", "--certificate", "ada.txt"];
    log.at(LATER, &[&certify[..], &SIGN].concat(), b"").exits(0);
    log.at(LATER, &[&certify[..], &SIGN].concat(), b"").exits(3).says("ada.txt");
    let check = |file: &str| log.at(LATER, &["subject", "certificate", file], b"");
    let good = check("ada.txt").exits(0).prints("signed by").prints("no content about the person");
    assert_eq!(good.out.matches("\nchecked: ").count() + 1, 4, "{}", good.out);
    let text = fs::read_to_string(log.path("ada.txt")).unwrap();
    assert!(!has_word(&text, "ada"), "{text}");
    fs::write(log.path("bad.txt"), text.replace("frames 1", "frames 9")).unwrap();
    check("bad.txt").exits(1).prints("failed: certificate");
    let body = text.split("\n\n").next().unwrap().to_owned() + "\n";
    fs::write(log.path("unsigned.txt"), &body).unwrap();
    check("unsigned.txt").exits(3).prints("not checked: nobody signed it");
    fs::write(log.path("forged.txt"), body.replace("records 1", "records 9")).unwrap();
    check("forged.txt").exits(1).prints("failed: records: the certificate says 9, the job 1");
}

#[test]
fn a_backup_put_back_after_an_erasure_is_found() {
    let log = Rights::new();
    let objects = || {
        let day = log.path("log/content/content").join(DAY);
        let streams = fs::read_dir(day).unwrap().map(|s| s.unwrap().path());
        let files = streams.flat_map(|s| fs::read_dir(s).unwrap().map(|f| f.unwrap().path()));
        files.map(|path| (fs::read(&path).unwrap(), path)).collect::<Vec<_>>()
    };
    let backup = objects();
    log.run(&ERASE).exits(0);
    log.at(LATER, &["subject", "erase", "--resume"], b"").exits(0);
    let certify = ["subject", "erase", "ada", "--resume", "--certificate", "ada.txt"];
    log.at(LATER, &certify, b"").exits(0).says("not signed");
    let changed = backup.iter().filter(|(bytes, path)| fs::read(path).unwrap() != *bytes).count();
    assert_eq!(changed, 1, "one object was rewritten");
    backup.iter().for_each(|(bytes, path)| fs::write(path, bytes).unwrap());
    let found = log.at(LATER, &["subject", "certificate", "ada.txt"], b"").exits(1);
    found.prints("failed: contents about the person are there again, of 2026-11-20");
    // And erased again, under a receipt of its own.
    log.at(LATER, &ERASE, b"").exits(0).prints("erased 1 object");
}

#[test]
fn holds_keep_until_an_officer_releases_them() {
    let log = Rights::new();
    let set = |scope: &[&str]| {
        log.run(&[&["hold", "set"], scope, &["--reason", "case 7"], &SIGN[..]].concat())
    };
    let clear =
        |n: &str| log.run(&[&["hold", "clear", n, "--reason", "closed"], &SIGN[..]].concat());
    log.run(&["hold", "set", "--subject", "ada", "--reason", "x"]).exits(2).says("--officer");
    set(&[]).exits(2);
    set(&["--label", "matter=matter-9"]).exits(2).says("no entry has the label");
    let scopes: [&[&str]; 3] = [
        &["--subject", "ada"],
        &["--days", "2026-11-20..2026-11-20"],
        &["--label", "matter=matter-7"],
    ];
    for (number, scope) in (0..).zip(scopes) {
        let hold = (2 * number + 1).to_string();
        set(scope).exits(0).prints(&format!("hold {hold}: "));
        log.run(&ERASE).exits(1).prints(&format!("by hold {hold}: case 7")).says("refused");
        log.run(&["hold", "list"]).exits(0).prints("1 hold stands");
        clear(&hold).exits(0);
        clear(&hold).exits(3).says("no standing hold");
    }
    assert_eq!(log.entries("hold.placed").len(), 3);
    assert_eq!(log.entries("hold.released").len(), 3);
    // A hold on another does not keep it.
    set(&["--subject", "bob"]).exits(0);
    log.run(&ERASE).exits(0).prints("erased 1 object");
    log.run(&["subject", "erase", "bob", "--reason", "x", "--yes", "--skip-held"])
        .exits(3)
        .prints("1 object is under a legal hold");

    // Taken away behind the tool's back: the erasures remember its number, the log has its entry.
    let holds = log.path("log/state/holds");
    let newest = holds.join("00000007");
    let kept = fs::read(&newest).unwrap();
    fs::remove_file(&newest).unwrap();
    log.run(&["subject", "erase", "bob"]).exits(3).says("taken away");
    fs::write(&newest, kept).unwrap();
    set(&["--subject", "bob"]).exits(0);
    fs::remove_file(holds.join("00000008")).unwrap();
    log.run(&["hold", "list"]).exits(1).prints("a hold was taken away");
}

#[test]
fn a_pseudonym_stands_for_who_has_no_log_secret() {
    let log = Rights::new();
    let dry = log.run(&["subject", "erase", "ada", "--json"]).exits(0);
    let plan: Value = serde_json::from_str(&dry.out).unwrap();
    let name = plan["subjects"][0].as_str().unwrap().to_owned();
    let keys: Value =
        serde_json::from_slice(&fs::read(log.path("log/keys.json")).unwrap()).unwrap();
    let mut without = keys;
    without.as_object_mut().unwrap().remove("log_secret");
    fs::write(log.path("log/keys.json"), without.to_string()).unwrap();
    log.run(&["subject", "erase", "ada"]).exits(2).says("no log secret");
    log.run(&["subject", "erase", "p1:session:x"]).exits(2).says("not a person's pseudonym");
    log.run(&["subject", "erase", &name, "--reason", "request 2", "--yes"])
        .exits(0)
        .prints("erased 1 object, 1 frame, 1 record");
}

#[test]
fn what_is_held_outlives_its_time() {
    let log = Rights::new();
    let hold = ["hold", "set", "--subject", "ada", "--reason", "case 7"];
    log.run(&[&hold[..], &SIGN].concat()).exits(0);
    let objects = || {
        let root = log.path(&format!("log/content/content/{DAY}"));
        let streams = fs::read_dir(root).into_iter().flatten();
        streams.flat_map(|s| fs::read_dir(s.unwrap().path()).unwrap()).count()
    };
    assert_eq!(objects(), 2, "one of Ada, one of Bob");
    let verify = |args: &[&str]| log.run(&[&["verify", "--no-progress"], args].concat());
    verify(&[]).prints("held         by hold 1: p1:subject:").prints("case 7");
    let report: Value = serde_json::from_str(&verify(&["--json"]).out).unwrap();
    assert_eq!(report["held"]["holds"][0]["reason"], "case 7");
    let at = |now: &str, more: &[&str]| log.at(now, &[&["retention", "apply"], more].concat(), b"");
    let over = "2026-12-22T12:00:00.000Z";
    at("2026-12-10T12:00:00.000Z", &[]).exits(0);
    assert_eq!(objects(), 2, "thirty days are not over");
    at(over, &["--dry-run"]).exits(0).prints("content");
    assert_eq!(objects(), 2, "a dry run");
    at(over, &[]).exits(0);
    assert_eq!(objects(), 1, "Ada's is held");
    // A statement that is not one makes all of them unreliable: nothing goes.
    let statement = log.path("log/state/holds/00000001");
    let signed = fs::read(&statement).unwrap();
    fs::remove_file(&statement).unwrap();
    fs::write(&statement, "junk").unwrap();
    at(over, &[]).says("cannot rely on the legal holds");
    verify(&[]).prints("the legal holds cannot be relied on");
    assert_eq!(objects(), 1);
    // Nor may one be missing that an erasure has seen.
    let erase = ["subject", "erase", "cyd", "--reason", "request 3", "--yes"];
    fs::remove_file(&statement).unwrap();
    fs::write(&statement, &signed).unwrap();
    log.run(&erase).exits(0);
    fs::remove_file(&statement).unwrap();
    at(over, &[]).says("cannot rely on the legal holds");
    verify(&[]).prints("the legal holds cannot be relied on");
    assert_eq!(objects(), 1);
    fs::write(&statement, signed).unwrap();
    let clear = ["hold", "clear", "1", "--reason", "case 7 closed"];
    log.run(&[&clear[..], &SIGN].concat()).exits(0);
    assert!(!verify(&[]).out.contains("held  "));
    at(over, &[]).exits(0);
    assert_eq!(objects(), 0);
}

#[test]
fn an_ordered_removal_goes_once_it_is_sealed() {
    let log = Rights::new();
    let seal = |now: &str| log.at(now, &["seal"], b"").exits(0);
    let verify = |now: &str| log.at(now, &["verify", "--no-progress"], b"");
    seal("2026-11-21T02:00:00.000Z");
    let streams = fs::read_dir(log.path("log/evidence/entries").join(DAY)).unwrap();
    let batch = streams.flat_map(|s| fs::read_dir(s.unwrap().path()).unwrap()).next().unwrap();
    let batch = batch.unwrap().path();
    let object = batch.strip_prefix(log.path("log/evidence")).unwrap().to_str().unwrap().to_owned();
    let now = "2026-11-21T14:00:00.000Z";
    let order = |basis: &str, sign: &[&str]| {
        let args =
            ["removal", "order", "--object", &object, "--reason", "case 7", "--basis", basis];
        log.at(now, &[&args, sign].concat(), b"")
    };
    order("court-order", &[]).exits(2).says("--officer");
    order("Court", &SIGN).exits(3).says("an order cannot say this");
    log.at(now, &["removal", "apply", "--yes"], b"").exits(0);
    assert!(batch.exists(), "nothing is ordered");
    order("court-order", &SIGN).exits(0).prints("may go once 2026-11-21 is sealed");
    log.at(now, &["removal", "list"], b"").exits(0).prints("waits for a seal");
    log.at(now, &["removal", "apply", "--yes"], b"").exits(0);
    assert!(batch.exists(), "no seal has recorded it");

    seal("2026-11-22T02:00:00.000Z");
    let now = "2026-11-22T14:00:00.000Z";
    log.at(now, &["removal", "list"], b"").exits(0).prints("recorded on 2026-11-21, still there");
    verify(now).exits(0).prints("not yet removed");
    log.at(now, &["removal", "apply"], b"").exits(0).prints("nothing was deleted");
    assert!(batch.exists());
    let hold =
        [&["hold", "set", "--days", "2026-11-20..2026-11-20", "--reason", "case 8"], &SIGN[..]];
    log.at(now, &hold.concat(), b"").exits(0);
    log.at(now, &["removal", "apply", "--yes"], b"").exits(1).says("legal hold 1");
    assert!(batch.exists());
    let clear = [&["hold", "clear", "1", "--reason", "closed"], &SIGN[..]];
    log.at(now, &clear.concat(), b"").exits(0);
    log.at(now, &["removal", "apply", "--yes"], b"").exits(0).prints("gone");
    assert!(!batch.exists());
    log.at(now, &["removal", "list"], b"").exits(0).prints("recorded on 2026-11-21, gone");
    let told = verify(now).exits(0);
    told.prints("removed by order: 1 gone").prints("court-order, by dpo at").prints("case 7");
    let entry = log.at(now, &["cat", "2026-11-21"], b"").exits(0).out;
    assert!(entry.contains("\"removal.order\"") && entry.contains("\"deferred\""), "{entry}");
    // Another one gone without an order is as bad as before.
    let other = fs::read_dir(log.path("log/evidence/entries/2026-11-21")).unwrap().next().unwrap();
    fs::remove_dir_all(other.unwrap().path()).unwrap();
    verify(now).exits(4).prints("missing_object");
}
