#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use super::*;
use crate::event::{Actor, Defaults, Event, EventId, Outcome, Resource, Service, Trace};
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
