//! Whole events.

use dayseal_format::event::{
    Actor, AiCall, Change, Event, EventBuilder, EventDraft, EventFields, Outcome, Oversight,
    Privacy, Reason, Safety, Scalar, Source, limits,
};
use dayseal_keys::LocalKeys;

use super::super::{Address, Guard, Labels, Mask, Pseudonyms, Purpose, Redaction, Rule, Settings};
use super::put_text;

const CARD: &str = "4111 1111 1111 1111";

fn event() -> EventBuilder {
    Event::builder("data.read").actor(Actor::user("ada")).action("x").outcome(Outcome::Success)
}

fn run(settings: Settings, event: EventBuilder) -> EventDraft {
    let mut draft = event.build().unwrap();
    Guard::new(settings).apply(&mut draft, "default").unwrap();
    draft
}

fn notes(event: &EventFields) -> Vec<(&str, &str)> {
    event.redactions.iter().map(|r| (r.path.as_str(), r.rule.as_str())).collect()
}

#[test]
fn every_text_is_looked_at() {
    // Texts of the full event of the vectors, each in turn replaced by a card number.
    let full = include_bytes!("../../../../../tests/vectors/entry/ok_full.json");
    let full: Event = Event::decode(full).unwrap();
    let mut places = Vec::new();
    full.clone().into_fields().edit_texts(|place, _| places.push(place));
    assert!(places.len() > 75, "{}", places.len());
    for (n, place) in places.iter().enumerate().filter(|(_, place)| place.limit >= CARD.len()) {
        let mut draft = EventDraft::from(full.clone());
        put_text(&mut draft, n, CARD);
        Guard::new(Settings::default()).apply(&mut draft, "default").unwrap();
        let json = serde_json::to_string(&draft).unwrap();
        assert!(!json.contains(CARD), "{place}");
        assert!(notes(&draft).contains(&(place.to_string().as_str(), "card")), "{place}");
    }
    // And the maps.
    let mut json: serde_json::Value = serde_json::to_value(&*full).unwrap();
    for map in ["/labels", "/ai/params"] {
        let map = json.pointer_mut(map).unwrap().as_object_mut().unwrap();
        map.values_mut().for_each(|value| *value = CARD.into());
    }
    let mut draft: EventDraft = serde_json::from_value(json).unwrap();
    Guard::new(Settings::default()).apply(&mut draft, "default").unwrap();
    assert!(!serde_json::to_string(&draft).unwrap().contains(CARD));
}

#[test]
fn keys_values_and_integers() {
    let done = run(
        Settings::default(),
        event()
            .label("note", format!("paid with {CARD}"))
            .label("db_password", "plain words")
            .label("4111-1111-1111-1111", "a")
            .label("4111111111111111", "b")
            .change(Change::new("apiKey").from("old").to(""))
            .reason(Reason::default().text("password=x, password=y"))
            .ai(AiCall::new("p", "m")
                .param("seed", 4_111_111_111_111_111i64)
                .param("pin", 1234)
                .param("use_token", true)
                .param("max_tokens", 100)),
    );
    let params = &done.ai.as_ref().unwrap().params;
    assert_eq!(params["seed"], Scalar::Text("[redacted:card]".into()));
    assert_eq!(params["pin"], Scalar::Text("[redacted:secret]".into()));
    assert_eq!(params["use_token"], Scalar::Bool(true));
    assert_eq!(params["max_tokens"], Scalar::Integer(100));
    assert_eq!(done.labels["note"], "paid with [redacted:card]");
    assert_eq!(done.labels["db_password"], "[redacted:secret]");
    assert_eq!(done.labels["redacted:card"], "a");
    assert_eq!(done.labels["redacted:card:2"], "b");
    let mut found = notes(&done);
    found.sort_unstable();
    let expected = [
        ("ai.params.pin", "secret"),
        ("ai.params.seed", "card"),
        ("change.from", "secret"),
        ("change.to", "secret"),
        ("labels.db_password", "secret"),
        ("labels.note", "card"),
        ("labels.redacted:card", "card"),
        ("labels.redacted:card:2", "card"),
        ("reason.text", "secret"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn off_changes_nothing() {
    let draft = event().label("password", CARD).source(Source::default().address("10.0.0.1"));
    assert_eq!(run(Settings::off(), draft.clone()), draft.build().unwrap());
}

#[test]
fn counts_by_rule() {
    let guard = Guard::new(Settings::strict(["note"]));
    let mut draft = event().label("note", CARD).label("x", "y").reason(Reason::new("a@b.co"));
    draft = draft.source(Source::default().address("203.0.113.7"));
    let mut draft = draft.build().unwrap();
    guard.apply(&mut draft, "default").unwrap();
    let counts = guard.counts();
    assert_eq!((counts.of(Rule::Card), counts.of(Rule::Email), counts.undeclared()), (1, 1, 1));
    assert_eq!((counts.of(Rule::Ipv4), counts.own(), counts.total()), (1, 0, 4));
    // Through the same stage again: neither changed nor counted.
    let before = draft.clone();
    guard.apply(&mut draft, "default").unwrap();
    assert_eq!((guard.counts(), draft), (counts, before));
}

#[test]
fn undeclared_labels() {
    let labelled = || event().label("team", "red").label("stray", "who knows");
    let marked = run(Settings::default().labels(Labels::declared(["team"])), labelled());
    assert_eq!(marked.labels["team"], "red");
    assert_eq!(marked.labels["stray"], "[redacted:undeclared]");
    assert_eq!(notes(&marked), [("labels.stray", "undeclared")]);

    let refusing = Settings::default().labels(Labels::declared(["team"]).or_refuse());
    let mut draft = labelled().build().unwrap();
    let refused = Guard::new(refusing.clone()).apply(&mut draft, "default").unwrap_err();
    assert_eq!(refused.label, "stray");
    let mut draft = event().label("4111111111111111", "x").build().unwrap();
    let refused = Guard::new(refusing).apply(&mut draft, "default").unwrap_err();
    assert_eq!(refused.label, "[redacted:card]");
}

#[test]
fn addresses() {
    let from = |address: &str| event().source(Source::default().address(address));
    let address = |draft: EventDraft| draft.source.clone().unwrap().address.unwrap();
    let network = run(Settings::default(), from("203.0.113.7"));
    assert_eq!(notes(&network), [("source.address", "ipv4")]);
    assert_eq!(address(network), "203.0.113.0/24");
    let forwarded = run(Settings::default(), from("203.0.113.7, 2001:db8::1"));
    assert_eq!(address(forwarded), "[redacted:ipv4], [redacted:ipv6]");
    let nameless = run(Settings::default().address(Address::Pseudonym), from("203.0.113.7"));
    assert_eq!(address(nameless), "203.0.113.0/24");
    let kept = Settings::default().address(Address::Keep);
    assert_eq!(address(run(kept, from("203.0.113.7"))), "203.0.113.7");
}

#[test]
fn masks_never_break_a_limit() {
    // 42 addresses of 6 bytes in 256; their masks would take 672.
    let text = "a@b.co ".repeat(36);
    let done = run(Settings::strict(["note"]), event().label("note", text.clone()));
    assert_eq!(done.labels["note"], "[redacted:email]");
    assert_eq!(notes(&done), [("labels.note", "email")]);
    // 64 lists of findings: one note too many.
    let mut safety = Safety::passed();
    for _ in 0..64 {
        safety = safety.alert("a@b.co");
    }
    let many = run(Settings::strict(["note"]), event().safety(safety).label("note", "a@b.co"));
    assert_eq!(many.redactions.len(), limits::LIST);
    assert_eq!(notes(&many)[63], ("*", "more"));
}

#[test]
fn an_event_near_its_limit_is_kept() {
    // Control characters take six bytes each, so that texts within their limits fill an event.
    let mut builder =
        event().safety((0..62).fold(Safety::passed(), |s, n| {
            s.alert(format!("{}a@b.co {n:02}", "\u{1}".repeat(150)))
        }));
    for n in 0..9 {
        builder = builder.label(format!("l{n}"), "\u{1}".repeat(128) + " a@b.co");
    }
    let draft = builder.build().unwrap();
    let before = draft.encoded_len();
    assert!((limits::EVENT - 2_600..limits::EVENT - 1_024).contains(&before), "{before}");
    let names: Vec<_> = (0..9).map(|n| format!("l{n}")).collect();
    let mut after = draft.clone();
    Guard::new(Settings::strict(names)).apply(&mut after, "default").unwrap();
    assert!(after.encoded_len() <= before);
    assert_eq!(notes(&after), [("*", "more")]);
    assert!(!serde_json::to_string(&after).unwrap().contains("a@b.co"));
    assert_eq!(
        (after.labels["l3"].as_str(), after.safety.as_ref().unwrap().alerts[3].as_str()),
        ("*", "*")
    );
}

#[test]
fn pseudonyms() {
    let origin = "audit.example.com/test".parse().unwrap();
    let keys = LocalKeys::generate(&origin).unwrap();
    let pseudonyms = Pseudonyms::new(keys.log_secret().unwrap(), &origin);
    let settings =
        Settings::strict([""; 0]).pseudonyms(pseudonyms.clone()).address(Address::Pseudonym);
    let people = || {
        event()
            .actor(Actor::user("ada@example.com").session("s-1").on_behalf_of("bob"))
            .oversight(Oversight::default().reviewer("eve"))
            .privacy(Privacy::default().subject("ada@example.com"))
            .source(Source::default().address("2001:DB8::1"))
    };
    let done = run(settings.clone(), people());
    let name = |purpose, value| pseudonyms.pseudonym(purpose, "default", value);
    assert_eq!(done.actor.id, name(Purpose::Actor, "ada@example.com"));
    assert_eq!(done.actor.session, Some(name(Purpose::Session, "s-1")));
    assert_eq!(done.actor.on_behalf_of, Some(name(Purpose::Actor, "bob")));
    assert_eq!(done.oversight.clone().unwrap().reviewer, Some(name(Purpose::Actor, "eve")));
    let subject = done.privacy.clone().unwrap().subject.unwrap();
    assert_eq!(subject, name(Purpose::Subject, "ada@example.com"));
    assert_ne!(subject, done.actor.id);
    let address = done.source.clone().unwrap().address.unwrap();
    assert_eq!(address, name(Purpose::Address, "2001:db8::1"));
    assert!(done.redactions.is_empty(), "{:?}", done.redactions);
    // Each tenant has its own.
    let other = run(settings.clone(), people().tenant("acme"));
    assert_ne!(other.actor.id, done.actor.id);
    assert_eq!(other.actor.id, pseudonyms.pseudonym(Purpose::Actor, "acme", "ada@example.com"));
    // A service is nobody.
    let service = run(settings, event().actor(Actor::service("billing")));
    assert_eq!(service.actor.id, "billing");
    // No secret in what is printed.
    assert_eq!(format!("{pseudonyms:?}"), "Pseudonyms(audit.example.com/test)");
    // Content of the mode `digest`.
    let item = pseudonyms.content("default", b"a prompt");
    assert_eq!((item.bytes, item.key_version.as_deref().map(str::len)), (8, Some(8)));
    run(Settings::default(), event()).edit().content =
        Some(dayseal_format::event::Content::default().input(item));
}

#[test]
fn styles() {
    let rules = Redaction::all().mask(Mask::Partial);
    let done = run(Settings::default().redaction(rules), event().label("card", CARD));
    assert_eq!(done.labels["card"], "411111******1111");
}
