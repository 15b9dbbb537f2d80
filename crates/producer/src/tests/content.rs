//! Contents in the mode `store`: written before their entries, bound to them, never lost, never in
//! the evidence.

use dayseal_format::content::{ContentKey, ContentObject, Field, FrameDraft, MAX_CONTENT};
use dayseal_format::event::{
    Actor, Attachment, AttachmentError, Change, ContentItem, DigestScheme, Event, Outcome, Privacy,
};
use dayseal_format::names::ContentObjectKey;
use dayseal_keys::LocalKeys;

use super::script::Answer;
use super::*;
use crate::privacy::{Pseudonyms, Purpose};
use crate::{ContentMode, EventDraft, OpenError, RecordError, TryRecordError};

const PROMPT: &str = "Where is my parcel?";

struct Content {
    f: Fixture,
    contents: Arc<ScriptedStore>,
    pseudonyms: Pseudonyms,
}

/// A content object with the frames in it.
struct StoredContent {
    key: ContentObjectKey,
    bytes: Vec<u8>,
    frames: Vec<FrameDraft>,
}

impl Content {
    fn new(mode: ContentMode, limits: Limits) -> Self {
        let mut f = Fixture::at(NOON, limits.clone(), false);
        let contents = Arc::new(ScriptedStore::default());
        let origin = "audit.example.com/test".parse().unwrap();
        let secret = LocalKeys::generate(&origin).unwrap();
        let pseudonyms = Pseudonyms::new(secret.log_secret().unwrap(), &origin);
        f.log = AuditLog::builder(origin, "tests".parse().unwrap())
            .store(f.store.clone())
            .keys(f.keys.clone())
            .clock(f.clock.clone())
            .limits(limits)
            .lifecycle_events(false)
            .privacy(Settings::default().pseudonyms(pseudonyms.clone()))
            .content(mode)
            .content_store(contents.clone())
            .open()
            .unwrap();
        Self { f, contents, pseudonyms }
    }

    fn subject(&self, id: &str) -> String {
        self.pseudonyms.pseudonym(Purpose::Subject, "default", id)
    }

    async fn stored(&self) -> Vec<StoredContent> {
        let mut out = Vec::new();
        for (name, bytes) in self.contents.objects() {
            let key = name.parse().unwrap();
            let object = ContentObject::parse(&bytes).unwrap();
            let h = object.header();
            let context = KeyContext::content(&h.origin, h.stream, h.day);
            let opened = self.f.keys.local.open(&h.key_id, &h.wrapped_key, &context).await.unwrap();
            let frames = object.frames(&ContentKey::new(*opened.expose())).unwrap();
            out.push(StoredContent { key, bytes: bytes.to_vec(), frames });
        }
        out
    }

    async fn events(&self) -> Vec<(BatchKey, Event)> {
        let stored = self.f.stored().await;
        stored.into_iter().flat_map(|s| s.events.into_iter().map(move |e| (s.key, e))).collect()
    }
}

fn prompt(actor: &str, text: &str) -> EventDraft {
    let mut draft = event(actor);
    draft.attach(Attachment::new(Field::Input, text));
    draft
}

fn item(event: &Event, field: Field) -> ContentItem {
    let content = event.content.clone().unwrap_or_default();
    let change = event.change.clone();
    match field {
        Field::Args => content.args,
        Field::Input => content.input,
        Field::Output => content.output,
        Field::System => content.system,
        Field::ChangeFrom => change.unwrap().from_content,
        Field::ChangeTo => change.unwrap().to_content,
    }
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn content_is_bound_to_its_entry_and_nowhere_in_it() {
    let t = Content::new(ContentMode::Store, Limits::default());
    let mut draft = prompt("u-1", PROMPT);
    draft.edit().change = Some(Change::new("address"));
    draft.attach(Attachment::new(Field::Output, vec![0xff, 0x00]).media_type("image/png"));
    draft.attach(Attachment::new(Field::ChangeTo, "Elm Street 5"));
    t.f.log.record(draft).await.unwrap();
    let metrics = t.f.log.close().await.unwrap();
    let (events, stored) = (t.events().await, t.stored().await);
    let (batch, event) = &events[0];
    assert_eq!(stored[0].key, ContentObjectKey::from(batch), "at the place of its batch");
    assert_eq!(metrics.stored_content_bytes, stored[0].bytes.len() as u64);
    assert_eq!(metrics.data_keys, 2, "a data key and a content key");
    assert_eq!((metrics.pending_bytes, metrics.pending_entries), (0, 0));
    let [frame] = &stored[0].frames[..] else { panic!("one frame") };
    assert_eq!(frame.subjects, [t.subject("u-1")], "the person who acted, by pseudonym");
    assert_eq!(frame.records.len(), 3);
    for record in &frame.records {
        let item = item(event, record.field);
        assert_eq!(record.entry, event.id);
        assert_eq!(item.bytes, record.content.len() as u64);
        assert_eq!(item.scheme, Some(DigestScheme::CommitV1));
        let origin = "audit.example.com/test".parse().unwrap();
        assert_eq!(item.digest.unwrap().0, record.digest(&origin).0);
    }
    assert_eq!(frame.records[0].content, PROMPT.as_bytes());
    assert_eq!(frame.records[1].media_type.as_deref(), Some("image/png"));
    let mut line = Vec::new();
    event.encode(&mut line);
    assert!(!String::from_utf8(line).unwrap().contains("parcel"));
}

#[tokio::test(start_paused = true)]
async fn frames_are_by_the_people_they_are_about() {
    let t = Content::new(ContentMode::Store, Limits::default());
    t.f.log.try_record(prompt("u-1", "one")).unwrap();
    t.f.log.try_record(prompt("u-1", "two")).unwrap();
    let service = || {
        let actor = Actor::service("bot");
        Event::builder("ai.generation.completed").actor(actor).action("x").outcome(Outcome::Success)
    };
    let about = |a: Attachment, who: &[&str]| a.about(who.iter().copied());
    let input = || Attachment::new(Field::Input, "x");
    let drafts = [
        service().attach(input()),
        service().attach(input()).privacy(Privacy::new("support").subject("u-1")),
        service().attach(about(input(), &["u-2", "u-1", "u-2"])),
        service().attach(about(input(), &[])).privacy(Privacy::new("support").subject("u-1")),
        service().attach(about(input(), &[&t.subject("u-2"), "u-1"])),
    ];
    for draft in drafts {
        t.f.log.try_record(draft.build().unwrap()).unwrap();
    }
    t.f.log.close().await.unwrap();
    let stored = t.stored().await;
    let mut frames: Vec<_> =
        stored[0].frames.iter().map(|f| (f.subjects.clone(), f.records.len())).collect();
    frames.sort();
    let mut both = vec![t.subject("u-1"), t.subject("u-2")];
    both.sort();
    let mut expected = vec![(vec![], 2), (vec![t.subject("u-1")], 3), (both, 2)];
    expected.sort();
    assert_eq!(frames, expected);
}

#[tokio::test(start_paused = true)]
async fn content_is_stored_first_and_an_entry_never_without_it() {
    let t = Content::new(ContentMode::Store, Limits { in_flight: 1, ..by_count(1) });
    t.contents.script([Answer::Fail]);
    let error = t.f.log.record_durable(prompt("u-1", PROMPT)).await.unwrap_err();
    assert!(matches!(error, RecordError::NotStored(_)));
    assert!(t.f.store.asked().is_empty(), "no entry without its content");
    t.f.log.flush().await.unwrap();
    let asked = t.contents.asked();
    assert_eq!((asked.len(), &asked[0]), (2, &asked[1]), "the same place again");
    assert_eq!(t.f.store.objects().len(), 1);

    // The content landed, its answer was lost, and then the batch failed as well.
    t.contents.script([Answer::FailAfter]);
    t.f.store.script([Answer::Fail]);
    t.f.log.try_record(prompt("u-1", "again")).unwrap();
    for _ in 0..2 {
        assert!(t.f.log.flush().await.is_err());
    }
    t.f.log.flush().await.unwrap();
    t.f.log.close().await.unwrap();
    let (events, stored) = (t.events().await, t.stored().await);
    assert_eq!((events.len(), stored.len()), (2, 2));
    let records: Vec<_> = stored.iter().map(|s| s.frames[0].records[0].content.clone()).collect();
    assert_eq!(records, [PROMPT.as_bytes(), b"again"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_late_for_its_day_takes_its_content_along() {
    let t = Content::new(ContentMode::Store, by_count(1));
    t.f.store.broken(true);
    t.f.log.try_record(prompt("u-1", PROMPT)).unwrap();
    assert!(t.f.log.flush().await.is_err());
    t.f.clock.jump(5 * 24 * HOUR_MS);
    t.f.store.broken(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    t.f.log.close().await.unwrap();
    let (events, stored) = (t.events().await, t.stored().await);
    let (batch, event) = &events[0];
    let own = stored.iter().find(|s| s.key == ContentObjectKey::from(batch)).unwrap();
    let record = &own.frames[0].records[0];
    assert_eq!((record.entry, &record.content[..]), (event.id, PROMPT.as_bytes()));
    assert_eq!(own.frames[0].subjects, [t.subject("u-1")], "no pseudonym of a pseudonym");
    assert_eq!(t.f.log.metrics().pending_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_can_be_recorded_again_with_its_content() {
    let limits = Limits { memory: 256 * 1024, flush_bytes: 64 * 1024, ..Limits::default() };
    let t = Content::new(ContentMode::Store, limits);
    t.contents.hold();
    let long = "x".repeat(100_000);
    let mut refused = None;
    for _ in 0..10 {
        match t.f.log.try_record(prompt("u-1", &long)) {
            Ok(_) => {}
            Err(TryRecordError::Full { event, pending, .. }) => {
                assert!(pending > 100_000, "content counts: {pending}");
                refused = Some(event);
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    let again = *refused.expect("256 KiB hold no ten contents of 100,000 bytes");
    let id = again.id().unwrap();
    t.contents.let_through(100);
    t.f.log.flush().await.unwrap();
    t.f.log.record(again).await.unwrap();
    t.f.log.close().await.unwrap();
    let stored = t.stored().await;
    let records: Vec<_> = stored.iter().flat_map(|s| &s.frames).flat_map(|f| &f.records).collect();
    let mine = records.iter().find(|r| r.entry == id).unwrap();
    assert_eq!(mine.content, long.as_bytes());
    let subjects: Vec<_> = stored.iter().flat_map(|s| &s.frames).map(|f| &f.subjects).collect();
    assert!(subjects.iter().all(|s| **s == [t.subject("u-1")]));
    let (_, event) = t.events().await.into_iter().find(|(_, e)| e.id == id).unwrap();
    let origin = "audit.example.com/test".parse().unwrap();
    assert_eq!(item(&event, Field::Input).digest.unwrap().0, mine.digest(&origin).0);
}

#[tokio::test(start_paused = true)]
async fn contents_close_a_batch_before_it_outgrows_an_object() {
    let limits = Limits { flush_bytes: 16 * 1024, ..Limits::default() };
    let t = Content::new(ContentMode::Store, limits);
    for n in 0..40 {
        // Quotes and controls: what JSON escapes, two to six bytes for one.
        let text = "\"\u{1}".repeat(1_000);
        t.f.log.try_record(prompt(&format!("u-{n}"), &text)).unwrap();
    }
    t.f.log.close().await.unwrap();
    let stored = t.stored().await;
    assert!(stored.len() >= 4, "{} objects", stored.len());
    let records: usize = stored.iter().flat_map(|s| &s.frames).map(|f| f.records.len()).sum();
    assert_eq!(records, 40);
}

#[tokio::test(start_paused = true)]
async fn the_other_modes_keep_sizes_and_keyed_digests() {
    let t = Content::new(ContentMode::Digest, Limits::default());
    t.f.log.try_record(prompt("u-1", PROMPT)).unwrap();
    t.f.log.close().await.unwrap();
    let (_, event) = &t.events().await[0];
    assert_eq!(item(event, Field::Input), t.pseudonyms.content("default", PROMPT.as_bytes()));
    assert!(t.contents.objects().is_empty());

    let t = Content::new(ContentMode::None, Limits::default());
    t.f.log.try_record(prompt("u-1", PROMPT)).unwrap();
    t.f.log.close().await.unwrap();
    let (_, event) = &t.events().await[0];
    assert_eq!(item(event, Field::Input), ContentItem::sized(PROMPT.len() as u64));

    let t = Content::new(ContentMode::Store, Limits::default());
    let film = vec![7; MAX_CONTENT + 1];
    let mut draft = super::event("u-1");
    draft.attach(Attachment::new(Field::Output, film.clone()).digest_only());
    t.f.log.try_record(draft).unwrap();
    t.f.log.close().await.unwrap();
    let (_, event) = &t.events().await[0];
    assert_eq!(item(event, Field::Output), t.pseudonyms.content("default", &film));
    assert!(t.contents.objects().is_empty(), "binary content by its digest");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_refused_by_name() {
    let t = Content::new(ContentMode::Store, Limits::default());
    let refused = |attachments: Vec<Attachment>| {
        let mut draft = event("u-1");
        attachments.into_iter().for_each(|a| draft.attach(a));
        match t.f.log.try_record(draft) {
            Err(TryRecordError::Attachment(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let (field, found) = (Field::Input, MAX_CONTENT + 1);
    let large = Attachment::new(field, vec![0; found]);
    assert_eq!(refused(vec![large]), AttachmentError::TooLarge { field, found });
    let input = || Attachment::new(field, "secret words");
    assert_eq!(refused(vec![input(), input()]), AttachmentError::Twice { field });
    let change = Attachment::new(Field::ChangeTo, "x");
    assert_eq!(refused(vec![change]), AttachmentError::NoChange { field: Field::ChangeTo });
    let many = input().about((0..17).map(|n| format!("u-{n}")));
    assert_eq!(refused(vec![many]), AttachmentError::Subjects { field, found: 17 });
    assert_eq!(refused(vec![input().about(["a\nb"])]), AttachmentError::Subject { field });
    assert_eq!(refused(vec![input().media_type("a b")]), AttachmentError::MediaType { field });
    assert!(!format!("{:?}", input()).contains("secret"));
    t.f.log.close().await.unwrap();
    assert!(t.contents.objects().is_empty() && t.f.store.objects().is_empty());
}

#[tokio::test]
async fn storing_needs_a_place_and_pseudonyms() {
    let origin: crate::Origin = "audit.example.com/test".parse().unwrap();
    let keys = Arc::new(LocalKeys::generate(&origin).unwrap());
    let builder = || {
        AuditLog::builder(origin.clone(), "tests".parse().unwrap())
            .store(Arc::new(ScriptedStore::default()))
            .keys(keys.clone())
            .content(ContentMode::Store)
    };
    let missing = |builder: crate::Builder| match builder.open() {
        Err(OpenError::Missing(what)) => what,
        other => panic!("{other:?}"),
    };
    let store = Arc::new(ScriptedStore::default());
    assert!(missing(builder().content_store(store)).starts_with("pseudonyms"));
    let named =
        Settings::default().pseudonyms(Pseudonyms::new(keys.log_secret().unwrap(), &origin));
    assert!(missing(builder().privacy(named)).starts_with("content store"));
}

#[test]
fn without_a_log_nothing_takes_an_attachment() {
    let draft = prompt("u-1", PROMPT);
    let service = crate::Service::new("tests");
    let now = UnixMillis::new(NOON).unwrap();
    let id = crate::EventId::from_parts(now, [0; 10]);
    let error = draft.complete(crate::Defaults::new(id, now, &service)).unwrap_err();
    assert!(error.to_string().contains("only an audit log can take it"), "{error}");
}
