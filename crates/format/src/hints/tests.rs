#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::set::MAX_SET;
use super::*;
use crate::event::tests::{encoded, fields, full, minimal};
use crate::event::{
    Actor, Defaults, Event, EventFields, EventId, Outcome, Resource, Service, Trace,
};
use crate::{Origin, StreamId, UnixMillis};

fn origin() -> Origin {
    "audit.example.com/a".parse().unwrap()
}

fn keys() -> HintKeys {
    HintKeys::derive(&[1; 32], &origin())
}

const PLACE: Place = Place { stream: StreamId([2; 16]), seq: 7, entries: 3 };

fn line(n: u32, tenant: &str) -> Vec<u8> {
    let now = UnixMillis::new(1_767_225_600_000 + i64::from(n)).unwrap();
    let id = EventId::from_parts(now, [n as u8; 10]);
    let event = Event::builder("data.read")
        .actor(Actor::user(format!("u-{}", n % 40)).on_behalf_of("boss \"q\""))
        .action("open")
        .outcome(Outcome::Success)
        .resource(Resource::new("video").id(format!("v:{}", n % 7)))
        .trace(Trace::new(format!("t-{n}")))
        .label("team", "red")
        .tenant(tenant)
        .build()
        .unwrap()
        .complete(Defaults::new(id, now, &Service::new("studio")))
        .unwrap();
    let mut line = Vec::new();
    event.encode(&mut line);
    line
}

fn hints_of(lines: &[Vec<u8>]) -> Hints {
    let sealed = keys().make(&PLACE, lines.iter().map(Vec::as_slice)).unwrap();
    keys().open(&PLACE, &sealed).unwrap()
}

#[test]
fn nothing_that_is_there_is_missed() {
    for count in [1, 10, 1_000, 3_000] {
        let lines: Vec<_> = (0..count).map(|n| line(n, "t")).collect();
        let (hints, keys) = (hints_of(&lines), keys());
        let has = |field, value: &str| hints.may_have(&keys, field, value);
        for n in 0..count {
            assert!(has(Field::Actor, &format!("u-{}", n % 40)));
            assert!(has(Field::Trace, &format!("t-{n}")));
            assert!(has(Field::Resource, &format!("v:{}", n % 7)));
        }
        for (field, value) in [
            (Field::Type, "data.read"),
            (Field::Type, "data."),
            (Field::Action, "open"),
            (Field::ActorType, "user"),
            (Field::OnBehalfOf, "boss \"q\""),
            (Field::Resource, "video"),
            (Field::Outcome, "success"),
            (Field::Tenant, "t"),
            (Field::Label, "team"),
            (Field::Label, "team=red"),
        ] {
            assert!(has(field, value), "{field:?} {value}");
        }
        // A value counts in its field only.
        assert!(!has(Field::Session, "u-1") && !has(Field::Reviewer, "u-1"));
        assert_eq!(hints.tenants(), Some(&["t".to_owned()][..]));
    }
}

#[test]
fn what_is_not_there_is_told_as_often_as_promised() {
    let lines: Vec<_> = (0..1_000).map(|n| line(n, "t")).collect();
    let (hints, keys) = (hints_of(&lines), keys());
    for field in [Field::Actor, Field::Trace] {
        let (n, precision) = hints.size(field).unwrap();
        let wrong =
            (0..20_000).filter(|i| hints.may_have(&keys, field, &format!("nobody-{i}"))).count();
        let expected = 20_000 >> precision;
        assert!(wrong <= 2 * expected + 10, "{field:?}: {wrong} of {expected} at {n} {precision}");
    }
    assert!(hints.size(Field::Actor).unwrap().1 >= 7);
}

#[test]
fn too_many_values_are_not_covered() {
    let lines: Vec<_> = (0..6_000).map(|n| line(n, &format!("t{}", n % 20))).collect();
    let hints = hints_of(&lines);
    assert!(!hints.covers(Field::Trace));
    assert!(hints.may_have(&keys(), Field::Trace, "t-9999"), "not covered: perhaps");
    assert!(hints.covers(Field::Actor));
    assert_eq!(hints.tenants(), None, "over 16");
    assert!(hints.covers(Field::Tenant));
}

#[test]
fn one_form_bound_to_its_batch() {
    let lines = [line(1, "t"), line(2, "t"), line(3, "u")];
    let make = |lines: &[Vec<u8>]| keys().make(&PLACE, lines.iter().map(Vec::as_slice)).unwrap();
    let sealed = make(&lines);
    assert_eq!(sealed, make(&lines));
    assert_eq!(sealed.len(), 289);
    let mut turned = lines.clone();
    turned.reverse();
    assert_eq!(sealed, make(&turned), "a set has no order");
    assert_ne!(sealed[1..17], make(&lines[..2])[1..17], "other entries, another key");

    assert_eq!(keys().open(&Place { seq: 8, ..PLACE }, &sealed), Err(HintsError::Sealed));
    assert_eq!(keys().open(&Place { entries: 2, ..PLACE }, &sealed), Err(HintsError::Sealed));
    let stream = StreamId([3; 16]);
    assert_eq!(keys().open(&Place { stream, ..PLACE }, &sealed), Err(HintsError::Sealed));
    let other = HintKeys::derive(&[1; 32], &"audit.example.com/b".parse().unwrap());
    assert_eq!(other.open(&PLACE, &sealed), Err(HintsError::Sealed));
    let other = HintKeys::derive(&[2; 32], &origin());
    assert_eq!(other.open(&PLACE, &sealed), Err(HintsError::Sealed));
    for at in 1..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert_eq!(keys().open(&PLACE, &altered), Err(HintsError::Sealed), "{at}");
    }
    for cut in 1..sealed.len() {
        assert_eq!(keys().open(&PLACE, &sealed[..cut]).unwrap_err().code(), "length");
    }
    let mut later = sealed;
    later[0] = 2;
    assert_eq!(keys().open(&PLACE, &later), Err(HintsError::Version { found: 2 }));
}

#[test]
fn a_plaintext_has_one_form() {
    let open = |plain: Vec<u8>| {
        let sealed = keys().seal(&PLACE, plain);
        keys().open(&PLACE, &sealed).map_err(|e| e.to_string())
    };
    let padded = |bytes: &[u8]| {
        let mut plain = bytes.to_vec();
        plain.resize(bytes.len().next_multiple_of(STEP).max(STEP), 0);
        plain
    };
    let empty = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(open(padded(&empty)).is_ok());
    let mut longer = padded(&empty);
    longer.resize(2 * STEP, 0);
    let masks = |covered: u32, filled: u32, sets: &[u8]| {
        let mut bytes = vec![0];
        bytes.extend(covered.to_be_bytes());
        bytes.extend(filled.to_be_bytes());
        bytes.extend(sets);
        padded(&bytes)
    };
    // One value at precision 1: a step of 0 is `0 0`, of 1 is `0 1`; two are beyond.
    assert!(open(masks(1, 1, &[0, 1, 1, 0b0100_0000])).is_ok());
    for (what, plain) in [
        ("behind", longer),
        ("behind", masks(0, 0, &[0, 0, 1])),
        ("masks", masks(1 << 20, 0, &[])),
        ("masks", masks(0, 1, &[])),
        ("values", masks(1, 1, &[0, 0, 1])),
        ("values", masks(1, 1, &[0x13, 0xfa, 1])),
        ("precision", masks(1, 1, &[0, 1, 0])),
        ("precision", masks(1, 1, &[0, 1, 13])),
        ("beyond", masks(1, 1, &[0, 1, 1, 0b1000_0000])),
        ("behind a set", masks(1, 1, &[0, 1, 1, 0b0100_0001])),
        ("cut", masks(1, 1, &[0x13, 0xf9, 12])),
        ("16 tenants", padded(&[17])),
        ("order", padded(&[2, 0, 1, b'b', 0, 1, b'a'])),
        ("order", padded(&[2, 0, 1, b'a', 0, 1, b'a'])),
        ("UTF-8", padded(&[1, 0, 1, 0xff])),
        ("cut", padded(&[1, 1, 0])),
    ] {
        let error = open(plain).unwrap_err();
        assert!(error.contains(what), "{what}: {error}");
    }
}

#[test]
fn what_is_no_entry_has_no_hints() {
    for line in [&b"{}"[..], b"\xff", b"{\"type\":\"a\"}"] {
        assert_eq!(keys().make(&PLACE, [line]), None);
    }
}

// --- of decoded events --------------------------------------------------------------------------

/// The events of lines, changed.
fn events(count: u32, change: impl Fn(usize, &mut EventFields)) -> Vec<Event> {
    let one = |n: u32| {
        let mut fields = Event::decode(&line(n, "t")).unwrap().into_fields();
        change(n as usize, &mut fields);
        Event::from_fields(fields).unwrap()
    };
    (0..count).map(one).collect()
}

fn values_of(events: &[Event]) -> Values {
    let mut values = Values::default();
    events.iter().for_each(|event| values.add(event));
    values
}

/// Every value with its field; none of fields that have too many.
fn listed(values: &Values) -> BTreeSet<(u8, String)> {
    let of = |f| values.of(f).into_iter().flatten().map(move |v| (f as u8, v.to_owned()));
    Field::ALL.iter().copied().flat_map(of).collect()
}

/// The hints of events, which are those of their lines.
fn same(events: &[Event]) -> Vec<u8> {
    let lines: Vec<_> = events.iter().map(encoded).collect();
    let (mut of_lines, of_events) = (Values::default(), values_of(events));
    lines.iter().for_each(|line| of_lines.add_line(line).unwrap());
    assert_eq!(listed(&of_lines), listed(&of_events));
    let made = keys().make_of(&PLACE, &of_events);
    assert!(keys().make(&PLACE, lines.iter().map(Vec::as_slice)).unwrap() == made);
    made
}

#[test]
fn hints_of_events_are_those_of_their_lines() {
    same(&[]);
    same(&[minimal(), full()]);
    // What the vectors of entries hold: escapes, characters of every length, the longest texts.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/entry");
    let good = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with("ok_");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path| Event::decode(&fs::read(path).unwrap()).unwrap();
    let stored: Vec<_> = paths.filter(|path| good(path)).map(read).collect();
    assert!(stored.len() >= 10, "{}", stored.len());
    stored.iter().for_each(|event| drop(same(std::slice::from_ref(event))));
    same(&stored);

    let of = |made: &[u8]| keys().open(&PLACE, made).unwrap();
    let tenants = |n| events(100, move |i, e| e.tenant = format!("t{}", i % n));
    assert_eq!(of(&same(&tenants(16))).tenants().map(<[_]>::len), Some(16));
    assert_eq!(of(&same(&tenants(17))).tenants(), None);
    assert!(!of(&same(&events(6_000, |_, _| {}))).covers(Field::Trace), "too many");
}

#[test]
fn a_value_of_each_field_is_told() {
    let values = listed(&values_of(&[full()]));
    let expected: &[(Field, &[&str])] = &[
        (Field::Type, &["ai.", "ai.generation.", "ai.generation.blocked"]),
        (Field::Action, &["summarise"]),
        (Field::Actor, &["p_7f3a"]),
        (Field::ActorType, &["agent"]),
        (Field::OnBehalfOf, &["p_123"]),
        (Field::Session, &["s_456"]),
        (Field::Subject, &["ds_44"]),
        (Field::Reviewer, &["p_9"]),
        (Field::Resource, &["p_5512", "patient_record"]),
        (Field::Outcome, &["blocked"]),
        (Field::Severity, &["high"]),
        (Field::Trace, &["4bf92f3577b34da6a3ce929d0e0e4736"]),
        (Field::Conversation, &["conv-abc-123"]),
        (Field::Job, &["task-1"]),
        (Field::Agent, &["QA", "qa-agent-001", "run-9"]),
        (Field::Provider, &["openai"]),
        (Field::Model, &["2024-04-09", "gpt-4-turbo", "gpt-4-turbo-2024-04-09"]),
        (Field::Safety, &["failed", "harmful_content", "illegal_activity"]),
        (Field::Tenant, &["acme"]),
        (
            Field::Label,
            &[
                "department",
                "department=finance",
                "pos_terminal",
                "pos_terminal=POS-001",
                "quoted",
                "quoted=line\n\t\"\\/\u{1f}\u{7f} é 😀",
            ],
        ),
    ];
    assert_eq!(expected.len(), Field::ALL.len());
    let pair = |(f, texts): &(Field, &[&str])| -> Vec<_> {
        texts.iter().map(|text| (*f as u8, (*text).to_owned())).collect()
    };
    assert_eq!(values, expected.iter().flat_map(pair).collect());
}

/// What the entry before held is passed over; nothing else is.
#[test]
fn each_value_is_kept_however_values_move() {
    let labels: [&[(&str, &str)]; 9] = [
        &[("a", "x"), ("b", "y")],
        &[("d", "x")],
        &[("a", "y"), ("b", "x")],
        &[("b", "x")],
        &[],
        &[("a", "x"), ("b", "x"), ("c", "")],
        &[("b", "=x"), ("c", "a=x")],
        &[("x", "a")],
        &[("a", "x=y"), ("c", "x")],
    ];
    let detectors: [&[&str]; 4] = [&["pii"], &["passed", "pii"], &["toxic", "pii"], &[]];
    let moving = events(40, |n, e| {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        e.labels = labels[n % 9].iter().map(pair).collect();
        e.kind = ["a.b", "a.b.c", "b.c", "a.b_c.d"][n % 4].to_owned().into();
        let mut safety = full().safety.clone().unwrap();
        (safety.passed, safety.detectors) =
            (n % 3 == 0, detectors[n / 2 % 4].iter().map(|d| (*d).to_owned()).collect());
        e.safety = (n % 5 > 0).then_some(safety);
        let ids = [None, Some("v:1"), Some("video"), Some("v:2")];
        e.resource.as_mut().unwrap().id = ids[n % 4].map(str::to_owned);
    });
    same(&moving);
    let of_each = moving.chunks(1).flat_map(|one| listed(&values_of(one))).collect();
    assert_eq!(listed(&values_of(&moving)), of_each);
}

#[test]
fn values_of_one_token_count_once() {
    let even = |_, value: &str| u64::from(value.ends_with(['0', '2', '4', '6', '8']));
    let plain = plan::plaintext(&values_of(&events(40, |_, _| {})), even);
    let hints = Hints::parse(PLACE, &plain).unwrap();
    assert_eq!(hints.size(Field::Trace), Some((2, 12)));
    assert_eq!(hints.size(Field::Action), Some((1, 12)));
}

#[test]
fn one_value_too_many_and_none_is_kept() {
    let mut values = values_of(&events(MAX_SET as u32, |_, _| {}));
    assert_eq!(values.of(Field::Trace).map(|v| v.len()), Some(MAX_SET));
    let more = events(MAX_SET as u32 + 1, |_, _| {});
    values.add(more.last().unwrap());
    assert!(values.of(Field::Trace).is_none());
    values.add(&more[0]);
    assert!(values.of(Field::Trace).is_none(), "and it stays so");
    assert_eq!(values.of(Field::Actor).map(|v| v.len()), Some(40));
    assert!(!format!("{values:?}").contains("u-1"), "no value is told");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn hints_of_any_events_are_those_of_their_lines(some in proptest::collection::vec(fields(), 1..6)) {
        let events: Vec<_> = some.into_iter().map(|f| Event::from_fields(f).unwrap()).collect();
        same(&events);
        let of_each = events.chunks(1).flat_map(|one| listed(&values_of(one))).collect();
        prop_assert_eq!(listed(&values_of(&events)), of_each);
    }
}
