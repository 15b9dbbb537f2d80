//! What must hold for any text and any event.

use proptest::prelude::*;

use dayseal_format::UnixMillis;
use dayseal_format::event::{Actor, Change, Event, EventDraft, Outcome, Reason, Source, limits};
use dayseal_format::event::{AiCall, Defaults, EventId, Service};

use super::super::{Guard, Mask, Redaction, Rule, Settings};

/// A secret of each rule, to be planted.
fn secret() -> impl Strategy<Value = (Rule, String)> {
    let card = ("4[0-9]{14}", prop_oneof![Just(""), Just(" "), Just("-"), Just(".")]).prop_map(
        |(digits, separator)| {
            let number = with_check_digit(&digits);
            let groups: Vec<_> = (0..4).map(|n| &number[4 * n..4 * n + 4]).collect();
            groups.join(separator)
        },
    );
    prop_oneof![
        card.prop_map(|text| (Rule::Card, text)),
        "AKIA[A-Z2-7]{16}".prop_map(|text| (Rule::AwsKey, text)),
        "eyJ[A-Za-z0-9_-]{20}\\.eyJ[A-Za-z0-9_-]{10}\\.[A-Za-z0-9_-]{20}"
            .prop_map(|text| (Rule::Jwt, text)),
        "ghp_[A-Za-z0-9]{35}7".prop_map(|text| (Rule::ApiKey, text)),
        "Bearer [A-Za-z0-9]{10}7".prop_map(|text| (Rule::Bearer, text)),
        "password=[a-z0-9]{6,12}".prop_map(|text| (Rule::Secret, text)),
        "[a-z]{3,8}@[a-z]{3,8}\\.(com|org)".prop_map(|text| (Rule::Email, text)),
        "[1-9][0-9]\\.[1-9][0-9]\\.[1-9][0-9]\\.[1-9][0-9]".prop_map(|text| (Rule::Ipv4, text)),
        "2001:db8:[1-9]::[1-9]".prop_map(|text| (Rule::Ipv6, text)),
        "[1-5][1-9]{2}-[1-9]{2}-[1-9]{4}".prop_map(|text| (Rule::Ssn, text)),
        "\\+1[2-9][0-9]{2}[2-9][0-9]{6}".prop_map(|text| (Rule::Phone, text)),
    ]
}

fn with_check_digit(digits: &str) -> String {
    let candidate = |check: u8| format!("{digits}{check}");
    let good = |number: &String| {
        let digits = number.bytes().rev().map(|b| u32::from(b - b'0')).enumerate();
        digits.map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d }).sum::<u32>() % 10
            == 0
    };
    (0..10).map(candidate).find(good).unwrap()
}

/// Any text, and text of what the detectors look at.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,80}",
        "[0-9a-fA-F .:@=/+(){}\"'\\\\-]{0,80}",
        "([0-9]{1,5}[ .-]?){0,12}",
        "(eyJ|AKIA|Bearer |password|=|:|://|-----BEGIN |@|\\.|[a-z0-9]{1,4}| ){0,20}",
    ]
}

fn rules(partial: bool) -> Redaction {
    Redaction::all().mask(if partial { Mask::Partial } else { Mask::Full })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_planted_secret_is_found(
        before in any_text(), after in any_text(), (rule, secret) in secret(), partial: bool,
    ) {
        // Line breaks around it: what belongs to a value is another matter than what surrounds it.
        let text = format!("{before}\n{secret}\n{after}");
        let redacted = rules(partial).redact(&text).expect("a finding");
        prop_assert!(!redacted.text.contains(&secret), "{rule}: {}", redacted.text);
    }

    #[test]
    fn redacting_twice_changes_nothing(text in any_text(), partial: bool) {
        let rules = rules(partial);
        if let Some(redacted) = rules.redact(&text) {
            prop_assert_eq!(rules.redact(&redacted.text), None, "{}", redacted.text);
        }
    }

    #[test]
    fn findings_are_in_order_and_on_characters(text in any_text()) {
        let mut end = 0;
        for finding in Redaction::all().find(&text) {
            prop_assert!(finding.range.start >= end && finding.range.start < finding.range.end);
            prop_assert!(text.get(finding.range.clone()).is_some());
            end = finding.range.end;
        }
    }

    #[test]
    fn an_event_stays_an_event(
        texts in prop::collection::vec(any_text(), 8), keys in prop::collection::vec(key(), 4),
    ) {
        let draft = draft(&texts, &keys);
        super::find::agree(&draft);
        let guard = Guard::new(Settings::strict(["note", "a.b"]));
        let once = guarded(&guard, draft.clone());
        let line = |event: &Event| { let mut line = Vec::new(); event.encode(&mut line); line };
        prop_assert_eq!(&Event::decode(&line(&once)).unwrap(), &once);
        // Taken back and recorded by another log of the same settings, it changes no more.
        let twice = guarded(&guard, EventDraft::from(once.clone()));
        prop_assert_eq!(once, twice);
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_.:/-]{1,40}",
        Just("password".to_owned()),
        Just("4111111111111111".to_owned()),
        Just("4111-1111-1111-1111".to_owned()),
    ]
}

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

fn draft(texts: &[String], keys: &[String]) -> EventDraft {
    // Names take no control characters; the strategies make none but what Unicode calls format.
    let name = |n: usize, limit| {
        let good = |c: &char| !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let text: String = texts[n].chars().filter(good).collect();
        format!("x{}", cut(&text, limit))
    };
    let mut builder = Event::builder("data.read")
        .actor(Actor::user(name(0, 200)))
        .action(name(1, 100))
        .outcome(Outcome::Success)
        .reason(Reason::new(name(2, 100)).text(format!("x{}", texts[3])))
        .source(Source::default().address(name(4, 200)).user_agent(format!("x{}", texts[5])))
        .change(Change::new(keys[0].clone()).from(texts[6].clone()).to(texts[7].clone()))
        .redaction(keys[1].clone(), "mine")
        .ai(AiCall::new("p", "m")
            .param(keys[2].clone(), texts[6].clone())
            .param(keys[3].clone(), 4_111_111_111_111_111i64));
    for (key, text) in keys.iter().zip(texts) {
        builder = builder.label(key.clone(), cut(text, limits::SHORT_TEXT));
    }
    builder.build().unwrap()
}

fn guarded(guard: &Guard, mut draft: EventDraft) -> Event {
    guard.apply(&mut draft, "default").unwrap();
    let now = UnixMillis::new(1_795_176_000_000).unwrap();
    let id = EventId::from_parts(now, [7; 10]);
    draft.complete(Defaults::new(id, now, &Service::new("tests"))).unwrap()
}
