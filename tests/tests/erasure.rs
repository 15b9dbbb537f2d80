//! Erasing a person from a log that producers write meanwhile, and what `verify` makes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dayseal::{Acknowledgement, Attachment, AuditLog, ContentField, Event, EventDraft, Outcome};
use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{
    Certificate, Ended, Eraser, Names, Order, Recorder, Source, export, jobs,
};
use dayseal_chain::content::ContentReader;
use dayseal_chain::read::BatchReader;
use dayseal_chain::verify::{ContentTotals, FindingCode as Code};
use dayseal_format::content::{ContentObject, Part};
use dayseal_format::event::Actor;
use dayseal_format::{Day, Note, UnixMillis};
use dayseal_store::Store as _;
use dayseal_testkit::{TestLog, day, keys_below, noon};

const D1: &str = "2026-11-20";
/// The first day on which all of the first one has landed, three late days and the grace later.
const SETTLED: &str = "2026-11-24";
const LIFE: u32 = 30;

fn prompt(who: &str, text: &str) -> EventDraft {
    Event::builder("ai.generation.completed")
        .actor(Actor::user(who))
        .action("chat")
        .outcome(Outcome::Success)
        .attach(Attachment::new(ContentField::Input, text))
        .build()
        .unwrap()
}

/// Records through a producer of the log, as the command does.
struct Producer(AuditLog);

#[async_trait]
impl Recorder for Producer {
    async fn record(
        &self,
        event: EventDraft,
    ) -> Result<Acknowledgement, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.record_durable(event).await?)
    }
}

fn producer(log: &TestLog, now: UnixMillis) -> Producer {
    // Names stay as they are: these are pseudonyms already.
    let builder = AuditLog::builder(log.settings.origin.clone(), "eraser".parse().unwrap())
        .store(log.evidence.clone())
        .keys(log.keys.clone())
        .privacy(dayseal::privacy::Settings::off())
        .lifecycle_events(false)
        .clock(Arc::new(dayseal_testkit::ManualClock::new(now)));
    Producer(builder.open().unwrap())
}

/// One run at a time, of the open erasure or a new one.
async fn erase(log: &TestLog, who: &str, now: UnixMillis) -> Ended {
    let recorder = producer(log, now);
    let origin = &log.settings.origin;
    let eraser = Eraser {
        content: &*log.content,
        state: &*log.state,
        recorder: &recorder,
        origin,
        late_days: log.settings.late_days,
        grace_ms: 3_600_000,
        jobs: 4,
        indexes: &[],
    };
    let subjects = vec![log.subject(who)];
    let holds = Holds::default();
    let known = jobs(&*log.state, origin).await.unwrap();
    let open = known.into_iter().find(|o| !o.job.is_done() && o.job.covers(&subjects));
    let mut open = match open {
        Some(open) => open,
        None => {
            let plan = eraser.plan(&subjects, &holds).await.unwrap();
            let order = Order {
                subjects,
                tenant: "default".into(),
                reason: "request 7".into(),
                exemption: "gdpr-17-3-b".into(),
                by: "dpo".into(),
            };
            eraser.begin(order, &plan, &holds, now, [7; 10]).await.unwrap()
        }
    };
    let ended = eraser.run(&mut open, &holds, now).await.unwrap();
    recorder.0.close().await.unwrap();
    ended
}

/// Frames about somebody.
async fn frames(log: &TestLog, who: &str) -> usize {
    let (mut count, name) = (0, log.subject(who));
    for key in keys_below(&*log.content, "content/").await {
        let bytes = log.content.get(&key, None, 1 << 30).await.unwrap().bytes;
        let object = ContentObject::parse(&bytes).unwrap();
        let named = |p: &&Part| matches!(p, Part::Frame(f) if f.subjects.contains(&name));
        count += object.parts().filter(named).count();
    }
    count
}

async fn seal_through(log: &TestLog, last: &str) {
    log.seal(last).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_person_is_erased_while_three_producers_write() {
    let mut log = TestLog::new(D1).await;
    log.policy.content_days = Some(LIFE);
    let log = Arc::new(log);
    let first = noon(day(D1));
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new([0u64; 2])));
    let producers: Vec<_> = (0..3)
        .map(|n| {
            let (log, stop, written) = (log.clone(), stop.clone(), written.clone());
            tokio::spawn(async move {
                let recorder = log.recorder(first);
                for i in 0.. {
                    let who = if (n + i) % 2 == 0 { "ada" } else { "bob" };
                    recorder.record_durable(prompt(who, &format!("{who} {n} {i}"))).await.unwrap();
                    written.lock().unwrap()[(n + i) % 2] += 1;
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                }
                recorder.close().await.unwrap();
            })
        })
        .collect();
    // Passes while they write, each finding more.
    for _ in 0..5 {
        assert!(matches!(erase(&log, "ada", first).await, Ended::Waiting(_)));
    }
    stop.store(true, Ordering::SeqCst);
    for producer in producers {
        producer.await.unwrap();
    }
    seal_through(&log, D1).await;
    assert_eq!(erase(&log, "ada", noon(day(SETTLED))).await, Ended::Completed);
    seal_through(&log, SETTLED).await;

    let [ada, bob] = *written.lock().unwrap();
    assert_eq!(frames(&log, "ada").await, 0);
    let done = jobs(&*log.state, &log.settings.origin).await.unwrap().remove(0).job;
    assert_eq!(done.total().records, ada, "counted exactly, whichever pass took them");
    let report = log.verify(SETTLED).await;
    assert_eq!(report.findings, []);
    let expected =
        ContentTotals { items: ada + bob, present: bob, erased: ada, ..ContentTotals::default() };
    assert_eq!(report.totals.contents, expected);

    // Unsigned, it is the text alone, and says what the job says.
    let certificate = Certificate::of(&done, 366, noon(day(SETTLED))).unwrap();
    let text = certificate.statement().unwrap().text();
    assert!(Note::parse(text.as_bytes()).is_err());
    let (read, signers) = Certificate::read(text.as_bytes(), &log.settings.origin, &[]).unwrap();
    assert_eq!((&read, signers.len(), read.differs(&done)), (&certificate, 0, vec![]));
    assert!(text.split(|c: char| !c.is_alphanumeric()).all(|word| word != "ada"), "{text}");
}

#[tokio::test]
async fn a_backup_put_back_is_found_and_erased_again() {
    let mut log = TestLog::new(D1).await;
    log.policy.content_days = Some(LIFE);
    let recorder = log.recorder(noon(day(D1)));
    for who in ["ada", "bob"] {
        recorder.record_durable(prompt(who, "text")).await.unwrap();
    }
    recorder.close().await.unwrap();
    let mut backup = Vec::new();
    for key in keys_below(&*log.content, "content/").await {
        let bytes = log.content.get(&key, None, 1 << 30).await.unwrap().bytes;
        backup.push((key, bytes));
    }
    erase(&log, "ada", noon(day(D1))).await;
    assert_eq!(erase(&log, "ada", noon(day(SETTLED))).await, Ended::Completed);
    seal_through(&log, SETTLED).await;
    assert_eq!(log.verify(SETTLED).await.findings, []);

    for (key, bytes) in &backup {
        log.content.overwrite(key, bytes.clone());
    }
    let report = log.verify(SETTLED).await;
    let codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    assert_eq!((codes, report.exit_code), (vec![Code::NotErased], 1));
    let later = "2026-11-28";
    erase(&log, "ada", noon(day(SETTLED))).await;
    assert_eq!(erase(&log, "ada", noon(day(later))).await, Ended::Completed);
    seal_through(&log, later).await;
    assert_eq!(log.verify(later).await.findings, []);
    let origin = &log.settings.origin;
    assert_eq!(jobs(&*log.state, origin).await.unwrap().len(), 2, "a receipt of its own");
}

/// Lines of an export of the whole first day.
async fn exported(log: &TestLog, who: &str) -> (Vec<serde_json::Value>, String) {
    let origin = &log.settings.origin;
    let secret = log.keys.log_secret().unwrap().clone();
    let names = Names::new(who, origin, &[secret], &["default".to_owned()]);
    let allowed = log.policy.wrapping_keys.clone();
    let (holds, on): (_, Day) = (Holds::default(), day(D1));
    let source = Source {
        origin,
        evidence: &*log.evidence,
        entries: BatchReader::new(&*log.evidence, &*log.keys, origin.clone(), allowed.clone()),
        contents: Some(ContentReader::new(&*log.content, &*log.keys, origin.clone(), allowed)),
        days: (on, on),
        expired_through: None,
        holds: &holds,
    };
    let (mut lines, mut page) = (Vec::new(), Vec::new());
    export(&source, &names, noon(on), &mut lines, &mut page).await.unwrap();
    let text = String::from_utf8(lines).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, String::from_utf8(page).unwrap())
}

#[tokio::test]
async fn a_copy_has_what_is_about_the_person_and_nobody_elses() {
    let log = TestLog::new(D1).await;
    let recorder = log.recorder(noon(day(D1)));
    let mut mixed = prompt("ada", "said by Ada");
    // In one entry: a content about Ada, and one about Bob alone.
    let about_bob = Attachment::new(ContentField::Output, "about Bob").about(["bob"]);
    mixed.attach(about_bob);
    let mut of_bob = prompt("bob", "said by Bob");
    let about_ada = Attachment::new(ContentField::Output, "Bob on Ada").about(["ada", "bob"]);
    of_bob.attach(about_ada);
    for event in [mixed, of_bob, prompt("cyd", "said by Cyd")] {
        recorder.record_durable(event).await.unwrap();
    }
    recorder.close().await.unwrap();
    let (lines, page) = exported(&log, "ada").await;
    let [head, own, bobs, end] = &lines[..] else { panic!("{lines:#?}") };
    assert_eq!(head["kind"], "subject-export");
    let texts = |entry: &serde_json::Value| -> Vec<String> {
        let contents = entry["contents"].as_array().unwrap();
        contents.iter().map(|c| c["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (texts(own), &own["roles"]),
        (vec!["said by Ada".into()], &serde_json::json!(["actor"]))
    );
    assert_eq!(
        (texts(bobs), &bobs["roles"]),
        (vec!["Bob on Ada".into()], &serde_json::json!(["content"]))
    );
    assert_eq!((end["entries"].as_u64(), end["present"].as_u64()), (Some(2), Some(2)));
    assert!(page.contains("said by Ada") && page.contains("Bob on Ada"));
    for other in ["about Bob", "said by Bob", "said by Cyd"] {
        assert!(!page.contains(other) && !lines.iter().any(|l| l.to_string().contains(other)));
    }

    // Erased, altered and unreadable things are told as what they are.
    erase(&log, "ada", noon(day(D1))).await;
    let (lines, _) = exported(&log, "ada").await;
    let end = lines.last().unwrap();
    assert_eq!((end["present"].as_u64(), end["erased"].as_u64()), (Some(0), Some(1)));
    let batch = keys_below(&*log.evidence, "entries/").await.remove(0);
    log.evidence.rot(&batch, "rotten");
    let (lines, _) = exported(&log, "ada").await;
    assert_eq!(lines.last().unwrap()["failures"].as_array().unwrap().len(), 1);
}
