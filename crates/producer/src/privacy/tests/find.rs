//! What is found without changing anything is what is changed.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use dayseal_format::event::{
    Actor, AiCall, Change, Event, EventBuilder, EventDraft, EventFields, Outcome, Reason, Scalar,
    Source, limits,
};
use dayseal_keys::LocalKeys;

use super::super::{
    Address, Counts, Detector, Guard, Labels, Mask, Name, Pseudonyms, Redaction, Rule, Settings,
};
use super::put_text;

const CARD: &str = "4111 1111 1111 1111";

/// Finds the word `ticket`, which is in no mask.
#[derive(Debug)]
struct Ticket;

impl Detector for Ticket {
    fn name(&self) -> &str {
        "own"
    }

    fn find(&self, text: &str, found: &mut Vec<Range<usize>>) {
        found.extend(text.match_indices("ticket").map(|(at, word)| at..at + word.len()));
    }
}

/// All that changes what is looked for, alone and together.
static SETTINGS: LazyLock<Vec<Settings>> = LazyLock::new(|| {
    let origin = "audit.example.com/test".parse().unwrap();
    let keys = LocalKeys::generate(&origin).unwrap();
    let pseudonyms = Pseudonyms::new(keys.log_secret().unwrap(), &origin);
    let own = || Arc::new(Ticket);
    vec![
        Settings::off(),
        Settings::default(),
        Settings::default().address(Address::Keep),
        Settings::default().address(Address::Pseudonym).pseudonyms(pseudonyms.clone()),
        Settings::default().labels(Labels::declared(["note", "redacted:card"])),
        Settings::default().redaction(Redaction::all().mask(Mask::Partial)),
        Settings::default().redaction(Redaction::default().without(Rule::Secret).detector(own())),
        Settings::off().address(Address::Network),
        Settings::off().labels(Labels::declared([""; 0])),
        Settings::off().pseudonyms(pseudonyms),
        Settings::off().redaction(Redaction::none().detector(own())),
        Settings::strict(["note", "text"]),
    ]
});

/// What settings find in an event, which is what applying them to a copy counts.
fn found(settings: Settings, event: &EventDraft) -> Counts {
    let guard = Guard::new(settings);
    let found = guard.find(event);
    assert_eq!(guard.counts(), Counts::default(), "finding counts nothing of its own");
    // With its pseudonyms, as far as such are made: those are no findings.
    let mut copy = event.clone().named(true);
    guard.apply(&mut copy, "default").unwrap();
    assert_eq!(found, guard.counts(), "{event:?}");
    assert_eq!(found.total() > 0, **event != *copy, "{event:?}");
    assert_eq!(guard.find(&copy), Counts::default(), "{copy:?}");
    found
}

/// The same for all settings.
pub(super) fn agree(event: &EventDraft) {
    for settings in SETTINGS.iter() {
        found(settings.clone(), event);
    }
}

fn event() -> EventBuilder {
    Event::builder("data.read").actor(Actor::user("ada")).action("x").outcome(Outcome::Success)
}

fn full() -> Event {
    let full = include_bytes!("../../../../../tests/vectors/entry/ok_full.json");
    Event::decode(full).unwrap()
}

fn one(rule: Rule) -> Counts {
    let mut counts = Counts::default();
    counts.add(&Name::Rule(rule));
    counts
}

#[test]
fn in_every_event_vector() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/entry");
    let mut read = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let draft = Event::decode(&bytes).ok().map(EventDraft::from);
        let Some(draft) = draft.or_else(|| Event::from_json(&bytes).ok()) else { continue };
        agree(&draft);
        read += 1;
    }
    assert!(read > 10, "{read}");
}

#[test]
fn in_every_text_of_the_corpus() {
    let corpus = include_str!("../../../../../tests/privacy/corpus.jsonl");
    let default = Settings::default;
    let (mut cards, mut events) = (0, 0);
    for line in corpus.lines() {
        let text: String = serde_json::from_str(line).unwrap();
        // Without the marks and the labels in them.
        let text: String = text
            .split('⟧')
            .flat_map(|part| match part.split_once('⟦') {
                Some((before, marked)) => [before, marked.split_once(':').unwrap().1],
                None => [part, ""],
            })
            .collect();
        let cut = |limit| &text[..text.floor_char_boundary(limit)];
        let draft = event()
            .reason(Reason::default().text(cut(limits::SHORT_TEXT)))
            .source(Source::default().address("203.0.113.7").user_agent(cut(limits::TEXT)))
            .ai(AiCall::new("p", "m").param("text", cut(limits::TEXT)))
            .label("note", cut(limits::SHORT_TEXT))
            .build()
            .unwrap();
        agree(&draft);
        cards += found(default(), &draft).of(Rule::Card);
        events += 1;
    }
    // The corpus has 190 in some 1,500 texts, and each stands in four fields, cut or not.
    assert!(events > 1_000 && (300..=800).contains(&cards), "{events} {cards}");
}

#[test]
fn in_each_text() {
    let full = full();
    let mut places = Vec::new();
    full.texts(|place, _| places.push(place));
    for (n, place) in places.iter().enumerate().filter(|(_, place)| place.limit >= CARD.len()) {
        let mut draft = EventDraft::from(full.clone());
        put_text(&mut draft, n, CARD);
        assert_eq!(found(Settings::default(), &draft), one(Rule::Card), "{place}");
        agree(&draft);
    }
}

#[test]
fn in_maps_and_changes() {
    let param = |key: &str, value: Scalar| event().ai(AiCall::new("p", "m").param(key, value));
    let number = Scalar::Integer(4_111_111_111_111_111);
    for (rule, event) in [
        (Rule::Card, event().label("note", CARD)),
        (Rule::Card, event().label("4111-1111-1111-1111", "x")),
        (Rule::Secret, event().label("db_password", "plain words")),
        (Rule::Card, param("seed", Scalar::Text(CARD.into()))),
        (Rule::Card, param("4111-1111-1111-1111", Scalar::Bool(true))),
        (Rule::Card, param("seed", number.clone())),
        (Rule::Secret, param("pin", number)),
        (Rule::Secret, param("pin", Scalar::Text("x".into()))),
        (Rule::Secret, event().change(Change::new("apiKey").from("old"))),
        (Rule::Secret, event().change(Change::new("apiKey").to("new"))),
    ] {
        let draft = event.build().unwrap();
        assert_eq!(found(Settings::default(), &draft), one(rule), "{draft:?}");
        agree(&draft);
    }
    // Once for each text and rule; what a key becomes can make its value a secret.
    let draft = event()
        .reason(Reason::default().text(format!("password=x, password=y, {CARD}, {CARD}")))
        .label("token:abc123", "x")
        .change(Change::new("apiKey").from("old").to("new"))
        .build()
        .unwrap();
    let counts = found(Settings::default(), &draft);
    assert_eq!((counts.of(Rule::Secret), counts.of(Rule::Card), counts.total()), (5, 1, 6));
    // What only shows once another finding is masked.
    let token = format!("eyJ{}.eyJ{}.x", "a".repeat(150), "b".repeat(150));
    let draft =
        event().source(Source::default().user_agent(format!("https://u:{token}@host"))).build();
    let counts = found(Settings::default(), &draft.unwrap());
    assert_eq!((counts.of(Rule::Jwt), counts.of(Rule::Secret), counts.total()), (1, 1, 2));
}

#[test]
fn by_a_detector_of_ones_own() {
    let rules = Redaction::none().detector(Arc::new(Ticket));
    let draft = event().label("note", "ticket 7, ticket 8").label("my.ticket", "x").build();
    let counts = found(Settings::off().redaction(rules), &draft.unwrap());
    assert_eq!((counts.own(), counts.total()), (2, 2));
}

#[test]
fn what_is_masked_or_harmless_is_not_found() {
    let draft = event()
        .label("password", "[redacted:secret]")
        .label("redacted:card", "[redacted:card]")
        .change(Change::new("apiKey").from("[redacted:secret]").to("[redacted:secret]"))
        .ai(AiCall::new("p", "m").param("pin", "[redacted:secret]").param("use_token", true))
        .source(Source::default().address("203.0.113.0/24"))
        .build()
        .unwrap();
    assert_eq!(found(Settings::default(), &draft), Counts::default());
    // Another mask than that of its rule is none.
    let draft = event().label("password", "[redacted:undeclared]").build().unwrap();
    assert_eq!(found(Settings::default(), &draft), one(Rule::Secret));
}

#[test]
fn addresses_by_the_settings() {
    let origin = "audit.example.com/test".parse().unwrap();
    let keys = LocalKeys::generate(&origin).unwrap();
    let pseudonyms = Pseudonyms::new(keys.log_secret().unwrap(), &origin);
    let named = Settings::default().pseudonyms(pseudonyms).address(Address::Pseudonym);
    let from = |address: &str| event().source(Source::default().address(address)).build().unwrap();
    let kept = Settings::default().address(Address::Keep);
    assert_eq!(found(Settings::default(), &from("203.0.113.7")), one(Rule::Ipv4));
    assert_eq!(found(Settings::default(), &from("2001:db8::1")), one(Rule::Ipv6));
    assert_eq!(found(Settings::default(), &from("proxy 203.0.113.7")), one(Rule::Ipv4));
    assert_eq!(found(kept.clone(), &from("203.0.113.7")), Counts::default());
    assert_eq!(found(kept, &from(CARD)), one(Rule::Card));
    assert_eq!(found(named.clone(), &from("p1:address:x:y")), Counts::default());
    assert_eq!(found(named, &from("203.0.113.7")), one(Rule::Ipv4));
}

#[test]
fn undeclared_labels_count_and_none_is_refused() {
    let draft = event().label("team", "red").label("stray", "who knows").label("other", CARD);
    let draft = draft.label("gone", "[redacted:undeclared]").build().unwrap();
    let declared = Settings::default().labels(Labels::declared(["team"]));
    let counts = found(declared.clone(), &draft);
    // A label that is dropped is not looked into.
    assert_eq!((counts.undeclared(), counts.total()), (2, 2));
    let refusing = Guard::new(declared.labels(Labels::declared(["team"]).or_refuse()));
    assert_eq!(refusing.find(&draft), counts);
}

#[test]
fn threads_share_a_guard_and_counts_add_up() {
    let guard = Guard::new(Settings::default());
    let draft = event().label("note", CARD).label("pin", "1").build().unwrap();
    let fields: &EventFields = &draft;
    let mut sum = Counts::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| guard.find(fields))).collect();
        threads.into_iter().for_each(|thread| sum += thread.join().unwrap());
    });
    assert_eq!((sum.of(Rule::Card), sum.of(Rule::Secret), sum.total()), (4, 4, 8));
}
