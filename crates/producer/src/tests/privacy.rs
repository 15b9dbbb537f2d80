//! The privacy stage inside a log: what is queued, counted and handed back.

use dayseal_format::event::{Actor, Event, Outcome, Source};
use dayseal_keys::LocalKeys;

use super::{Fixture, NOON, event};
use crate::privacy::{Address, Labels, Pseudonyms, Purpose, Redaction, Rule, Settings};
use crate::{AuditLog, EventDraft, Limits, OpenError, RecordError, TryRecordError};

const CARD: &str = "4111 1111 1111 1111";

fn with_card() -> EventDraft {
    let mut draft = event("ada");
    draft.edit().labels.insert("note".into(), format!("paid with {CARD}"));
    draft
}

fn reopened(limits: Limits, settings: Settings) -> Fixture {
    let mut fixture = Fixture::at(NOON, limits.clone(), false);
    let origin = "audit.example.com/test".parse().unwrap();
    fixture.log = AuditLog::builder(origin, "tests".parse().unwrap())
        .store(fixture.store.clone())
        .keys(fixture.keys.clone())
        .clock(fixture.clock.clone())
        .limits(limits)
        .lifecycle_events(false)
        .privacy(settings)
        .open()
        .unwrap();
    fixture
}

#[tokio::test(start_paused = true)]
async fn every_way_to_record_redacts_by_default() {
    let f = Fixture::new(Limits::default());
    f.log.try_record(with_card()).unwrap();
    f.log.record(with_card()).await.unwrap();
    f.log.record_durable(with_card()).await.unwrap();
    let metrics = f.log.close().await.unwrap();
    assert_eq!((metrics.redacted.of(Rule::Card), metrics.redacted.total()), (3, 3));
    let events: Vec<_> = f.stored().await.into_iter().flat_map(|batch| batch.events).collect();
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(event.labels["note"], "paid with [redacted:card]");
        assert_eq!(
            (&*event.redactions[0].path, &*event.redactions[0].rule),
            ("labels.note", "card")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_handed_back_is_not_treated_twice() {
    let origin = "audit.example.com/test".parse().unwrap();
    let keys = LocalKeys::generate(&origin).unwrap();
    let pseudonyms = Pseudonyms::new(keys.log_secret().unwrap(), &origin);
    let f = reopened(Limits::default(), Settings::default().pseudonyms(pseudonyms.clone()));
    let name = pseudonyms.pseudonym(Purpose::Actor, "default", "ada");
    f.log.close().await.unwrap();
    let Err(TryRecordError::Closed { event }) = f.log.try_record(with_card()) else { panic!() };
    assert_eq!(event.actor.id, name);
    let again = reopened(Limits::default(), Settings::default().pseudonyms(pseudonyms));
    again.log.record(*event).await.unwrap();
    assert_eq!(again.log.close().await.unwrap().redacted.total(), 0);
    let stored = &again.stored().await[0].events[0];
    assert_eq!((&stored.actor.id, stored.redactions.len()), (&name, 1));
    // What a log without rules hands back, one with rules treats.
    let off = reopened(Limits::default(), Settings::off());
    off.log.close().await.unwrap();
    let Err(TryRecordError::Closed { event }) = off.log.try_record(with_card()) else { panic!() };
    let on = Fixture::new(Limits::default());
    on.log.record(*event).await.unwrap();
    assert_eq!(on.log.close().await.unwrap().redacted.total(), 1);
}

#[tokio::test(start_paused = true)]
async fn undeclared_labels_are_refused_with_their_name() {
    let refusing = Settings::default().labels(Labels::declared(["team"]).or_refuse());
    let f = reopened(Limits::default(), refusing);
    let refused = f.log.record(with_card()).await.unwrap_err();
    assert!(matches!(&refused, RecordError::Undeclared(e) if e.label == "note"), "{refused}");
    let refused = f.log.try_record(with_card()).unwrap_err();
    assert!(refused.to_string().starts_with("labels.note is not declared"), "{refused}");
    assert_eq!(f.log.close().await.unwrap().recorded, 0);
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_work_do_not_open() {
    let open = |settings| {
        let origin = "audit.example.com/test".parse().unwrap();
        let f = Fixture::new(Limits::default());
        AuditLog::builder(origin, "tests".parse().unwrap())
            .store(f.store.clone())
            .keys(f.keys.clone())
            .privacy(settings)
            .open()
            .unwrap_err()
    };
    let missing = open(Settings::default().address(Address::Pseudonym));
    assert!(matches!(missing, OpenError::Missing(_)), "{missing}");
    let other = "audit.example.com/other".parse().unwrap();
    let keys = LocalKeys::generate(&other).unwrap();
    let foreign = Pseudonyms::new(keys.log_secret().unwrap(), &other);
    let foreign = open(Settings::default().pseudonyms(foreign));
    assert!(matches!(foreign, OpenError::OtherLog { .. }), "{foreign}");
    #[derive(Debug)]
    struct Nameless;
    impl crate::privacy::Detector for Nameless {
        fn name(&self) -> &str {
            "No Name"
        }
        fn find(&self, _: &str, _: &mut Vec<std::ops::Range<usize>>) {}
    }
    let rules = Redaction::none().detector(std::sync::Arc::new(Nameless));
    let nameless = open(Settings::off().redaction(rules));
    assert!(matches!(&nameless, OpenError::Detector { name } if name == "No Name"), "{nameless}");
}

#[tokio::test(start_paused = true)]
async fn off_stores_what_it_is_given() {
    let f = reopened(Limits::default(), Settings::off());
    let draft = Event::builder("data.read")
        .actor(Actor::user("ada"))
        .action("open")
        .outcome(Outcome::Success)
        .source(Source::default().address("203.0.113.7"))
        .label("password", CARD)
        .build()
        .unwrap();
    f.log.record(draft).await.unwrap();
    f.log.close().await.unwrap();
    let stored = &f.stored().await[0].events[0];
    assert_eq!(stored.labels["password"], CARD);
    assert_eq!(stored.source.clone().unwrap().address.as_deref(), Some("203.0.113.7"));
}
