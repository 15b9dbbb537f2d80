//! Contents under attack, erased and expired: `verify` tells each apart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal::{Attachment, ContentField, Event, EventDraft, EventId, Outcome};
use dayseal_chain::verify::{CheckState, ContentTotals, FindingCode as Code};
use dayseal_chain::{Report, VerifyOptions};
use dayseal_format::content::{ContentObject, FrameDraft, Header, encode};
use dayseal_format::event::{Actor, Correlation, Privacy};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{Digest, Level};
use dayseal_keys::{DataKeySource as _, KeyContext, LocalKeys};
use dayseal_store::Store as _;
use dayseal_testkit::{TestLog, day, noon};

const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";
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

/// One sealed day: three prompts by two people, a batch each.
async fn one_day() -> (TestLog, Vec<ContentObjectKey>) {
    let mut log = TestLog::new(D1).await;
    log.policy.content_days = Some(LIFE);
    let recorder = log.recorder(noon(day(D1)));
    for (who, text) in [("ada", "one"), ("bob", "two"), ("ada", "three")] {
        recorder.record_durable(prompt(who, text)).await.unwrap();
    }
    recorder.close().await.unwrap();
    log.seal(D1).await.unwrap();
    let keys = contents(&log).await;
    assert_eq!(keys.len(), 3);
    (log, keys)
}

async fn contents(log: &TestLog) -> Vec<ContentObjectKey> {
    let page = log.content.list("content/", None).await.unwrap();
    page.entries.iter().map(|e| e.key.parse().unwrap()).collect()
}

async fn bytes(log: &TestLog, key: &ContentObjectKey) -> Vec<u8> {
    log.content.get(&key.to_string(), None, 1 << 30).await.unwrap().bytes.to_vec()
}

#[track_caller]
fn expect(report: &Report, exit: u8, expected: &[Code]) {
    let mut codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    codes.dedup();
    assert_eq!(codes, expected, "{:#?}", report.findings);
    assert_eq!(report.exit_code, exit);
}

#[track_caller]
fn state(report: &Report) -> CheckState {
    report.checks.iter().find(|check| check.name == "contents").expect("a line on contents").state
}

fn totals(items: u64) -> ContentTotals {
    ContentTotals { items, ..ContentTotals::default() }
}

/// Takes one person's frames out, as an erasure does.
async fn erase(log: &TestLog, keys: &[ContentObjectKey], who: &str, receipt: EventId) {
    for key in keys {
        let before = bytes(log, key).await;
        let erased = ContentObject::parse(&before).unwrap().erase(&log.subject(who), receipt);
        if let Some(after) = erased {
            log.content.overwrite(&key.to_string(), after);
        }
    }
}

/// The entry of a request; its id.
async fn request(log: &TestLog, on: &str, who: &str) -> EventId {
    let event = Event::builder("privacy.erasure.requested")
        .actor(Actor::admin("dpo"))
        .action("erase")
        .outcome(Outcome::Success)
        .privacy(Privacy::new("data_subject_rights").subject(who))
        .build()
        .unwrap();
    let recorder = log.recorder(noon(day(on)));
    let stored = recorder.record_durable(event).await.unwrap();
    recorder.close().await.unwrap();
    stored.entry
}

async fn complete(log: &TestLog, on: &str, who: &str, receipt: EventId, through: &str) {
    let event = Event::builder("privacy.erasure.completed")
        .actor(Actor::admin("dpo"))
        .action("erase")
        .outcome(Outcome::Success)
        .privacy(Privacy::new("data_subject_rights").subject(who))
        .correlation(Correlation::default().parent_event(receipt))
        .label("erasure.through", through)
        .build()
        .unwrap();
    let recorder = log.recorder(noon(day(on)));
    recorder.record_durable(event).await.unwrap();
    recorder.close().await.unwrap();
}

#[tokio::test]
async fn contents_that_are_there_are_checked() {
    let (log, _) = one_day().await;
    let report = log.verify(D1).await;
    expect(&report, 0, &[]);
    assert_eq!(state(&report), CheckState::Checked);
    assert_eq!(report.totals.contents, ContentTotals { present: 3, ..totals(3) });
}

#[tokio::test]
async fn content_deleted() {
    let (mut log, keys) = one_day().await;
    log.content.remove(&keys[1].to_string());
    let report = log.verify(D1).await;
    expect(&report, 4, &[Code::MissingContent]);
    assert_eq!(report.findings[0].object, keys[1].to_string());
    assert_eq!(state(&report), CheckState::Failed);

    // Until the last day of its life it must be there, and from the next on it may be gone.
    let at = |days: i32| noon(day(D1).checked_add(days).unwrap());
    log.policy.max_seal_hours = 10_000;
    for (age, exit) in [(LIFE as i32, 4), (LIFE as i32 + 1, 0)] {
        let report = log.verify_with(D1, |o: &mut VerifyOptions| o.now = at(age)).await;
        assert_eq!(report.exit_code, exit, "{age}: {:?}", report.findings);
    }
    let report = log.verify_with(D1, |o| o.now = at(40)).await;
    assert_eq!(report.totals.contents, ContentTotals { present: 2, expired: 1, ..totals(3) });

    // Whoever does not know how long contents live cannot tell, and says so.
    log.policy.content_days = None;
    let report = log.verify(D1).await;
    expect(&report, 0, &[]);
    assert_eq!(state(&report), CheckState::NotChecked);
    assert_eq!(report.totals.contents.untold, 1);
}

#[tokio::test]
async fn content_changed_or_swapped() {
    let (log, keys) = one_day().await;
    let whole = [bytes(&log, &keys[0]).await, bytes(&log, &keys[2]).await];
    let mut changed = whole[0].clone();
    *changed.last_mut().unwrap() ^= 1;
    for bad in [changed, whole[1].clone(), b"junk".to_vec(), Vec::new()] {
        log.content.overwrite(&keys[0].to_string(), bad);
        let report = log.verify(D1).await;
        expect(&report, 1, &[Code::AlteredContent]);
        assert_eq!(report.findings[0].object, keys[0].to_string());
    }
}

/// Writes an object of its own for `key`, with the records of `frames`, under `keys`.
async fn forge(log: &TestLog, keys: &LocalKeys, key: &ContentObjectKey, frames: &[FrameDraft]) {
    let origin = &log.settings.origin;
    let made = keys.generate(&KeyContext::content(origin, key.stream, key.day)).await.unwrap();
    let content_key = made.content_key();
    let zero = Digest([0; 32]);
    let header = Header {
        commitment: zero,
        day: key.day,
        key_id: made.key_id,
        mac: zero,
        origin: origin.clone(),
        parts: 0,
        root: zero,
        salt: zero,
        seq: key.seq,
        stream: key.stream,
        wrapped_key: made.wrapped,
    };
    let bytes = encode(header, frames, &content_key, &[7; 32]).unwrap();
    log.content.overwrite(&key.to_string(), bytes);
}

/// The frames of an object, by who may open it.
async fn frames(log: &TestLog, key: &ContentObjectKey) -> Vec<FrameDraft> {
    use dayseal_keys::DataKeyOpener as _;
    let bytes = bytes(log, key).await;
    let object = ContentObject::parse(&bytes).unwrap();
    let h = object.header();
    let context = KeyContext::content(&h.origin, h.stream, h.day);
    let opened = log.keys.open(&h.key_id, &h.wrapped_key, &context).await.unwrap();
    object.frames(&dayseal_format::content::ContentKey::new(*opened.expose())).unwrap()
}

#[tokio::test]
async fn content_forged() {
    let (log, keys) = one_day().await;
    // By who has the right to make content keys: the entries tell.
    let mut other = frames(&log, &keys[0]).await;
    other[0].records[0].content = b"something else".to_vec();
    forge(&log, &log.keys, &keys[0], &other).await;
    let report = log.verify(D1).await;
    expect(&report, 1, &[Code::AlteredContent]);
    assert!(report.findings[0].detail.contains("1 of 1"), "{:?}", report.findings);
    // The records of another object do not become this one's.
    let others = frames(&log, &keys[1]).await;
    forge(&log, &log.keys, &keys[0], &others).await;
    expect(&log.verify(D1).await, 4, &[Code::MissingContent]);
    // By a key that the policy does not name.
    let stranger = LocalKeys::generate(&log.settings.origin).unwrap();
    forge(&log, &stranger, &keys[0], &others).await;
    expect(&log.verify(D1).await, 1, &[Code::AlteredContent]);
}

#[tokio::test]
async fn subjects_swapped() {
    let (log, keys) = one_day().await;
    let whole = bytes(&log, &keys[0]).await;
    // The same length, so that nothing but the name changes.
    let (ada, bob) = (log.subject("ada"), log.subject("bob"));
    let at = whole.windows(ada.len()).position(|w| w == ada.as_bytes()).unwrap();
    let mut swapped = whole.clone();
    swapped[at..at + bob.len()].copy_from_slice(bob.as_bytes());
    log.content.overwrite(&keys[0].to_string(), swapped);
    expect(&log.verify(D1).await, 1, &[Code::AlteredContent]);
}

#[tokio::test]
async fn erased_with_its_receipt() {
    let (log, keys) = one_day().await;
    let receipt = request(&log, D2, "ada").await;
    erase(&log, &keys, "ada", receipt).await;
    // The request's day is not sealed yet: nothing is said of it.
    expect(&log.verify(D1).await, 0, &[]);
    complete(&log, D2, "ada", receipt, D1).await;
    log.seal(D2).await.unwrap();
    let report = log.verify(D2).await;
    expect(&report, 0, &[]);
    assert_eq!(report.totals.contents, ContentTotals { present: 1, erased: 2, ..totals(3) });
    assert_eq!(state(&report), CheckState::Checked);
}

#[tokio::test]
async fn erased_without_a_receipt() {
    let (log, keys) = one_day().await;
    const LAST: &str = "2026-11-24";
    log.fill(9, D2, 1).await;
    log.seal(LAST).await.unwrap();
    for (receipt, exit) in [
        (EventId::from_parts(noon(day(D2)), [1; 10]), 1),
        (EventId::from_parts(noon(day("2026-12-30")), [1; 10]), 1),
        // What is late of that day can still be sealed: a later run knows.
        (EventId::from_parts(noon(day("2026-11-22")), [1; 10]), 0),
    ] {
        let before = bytes(&log, &keys[0]).await;
        erase(&log, &keys[..1], "ada", receipt).await;
        let report = log.verify(LAST).await;
        let codes: &[Code] = if exit == 1 { &[Code::UnreceiptedErasure] } else { &[] };
        expect(&report, exit, codes);
        log.content.overwrite(&keys[0].to_string(), before);
    }
}

#[tokio::test]
async fn receipt_without_erasure() {
    let (log, keys) = one_day().await;
    let receipt = request(&log, D2, "ada").await;
    let backup = bytes(&log, &keys[2]).await;
    erase(&log, &keys, "ada", receipt).await;
    complete(&log, D2, "ada", receipt, D1).await;
    log.seal(D2).await.unwrap();
    expect(&log.verify(D2).await, 0, &[]);
    // A backup put back.
    log.content.overwrite(&keys[2].to_string(), backup);
    let report = log.verify(D2).await;
    expect(&report, 1, &[Code::NotErased]);
    assert_eq!(report.findings[0].object, keys[2].to_string());
    assert!(report.findings[0].detail.contains(&receipt.to_string()));
}

#[tokio::test]
async fn who_may_not_open_content_is_told_so() {
    let (log, keys) = one_day().await;
    let file: serde_json::Value = serde_json::from_str(&log.keys.to_json()).unwrap();
    let keyless =
        LocalKeys::parse(file.to_string().as_bytes(), "test").unwrap().without_content_key();
    let options = VerifyOptions::new(Level::Entries, noon(day(D2)));
    let verifier = |options| {
        let state = Some(&*log.state as _);
        let (evidence, opener) = (&*log.evidence, Some(&keyless as _));
        dayseal_chain::Verifier::new(evidence, state, Some(&log.policy), opener, options)
    };
    let verify = async |content: bool| {
        let verifier = verifier(options.clone()).await.unwrap();
        let verifier = if content { verifier.with_content(&*log.content) } else { verifier };
        verifier.run(&dayseal_chain::verify::Silent).await.unwrap()
    };
    for content in [true, false] {
        let report = verify(content).await;
        expect(&report, 0, &[]);
        assert_eq!(state(&report), CheckState::NotChecked);
        assert_eq!(report.totals.contents, ContentTotals { closed: 3, ..totals(3) });
    }
    // What shows without a key is still found.
    log.content.overwrite(&keys[0].to_string(), b"junk".to_vec());
    expect(&verify(true).await, 1, &[Code::AlteredContent]);
}
