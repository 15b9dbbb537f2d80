//! Lines: nothing is lost, nothing panics, bytes stay bytes.

use std::collections::BTreeSet;

use dayseal_export::ocsf::{Class, JsonLines, Options, classify};
use dayseal_export::{Csv, Entry, Ndjson, Otel, Sink as _, guard, unguard};
use dayseal_format::event::{Event, EventFields};
use proptest::prelude::*;
use serde_json::Value;

use super::events::{any_event, full, give, leaves, line, place};

fn ocsf(events: &[Event], raw: bool) -> Vec<Value> {
    let mut out = Vec::new();
    give(&mut JsonLines::new(&mut out, Options { raw }), events);
    lines(&out)
}

fn otel(events: &[Event]) -> Vec<Value> {
    let mut out = Vec::new();
    give(&mut Otel::new(&mut out), events);
    lines(&out)
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    assert!(bytes.is_empty() || bytes.ends_with(b"\n"));
    bytes
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every value of the event stands somewhere in what came out, as text; times as numbers.
fn nothing_lost(event: &Event, out: &Value, skip: &[&str]) {
    let there: BTreeSet<String> = leaves(out).iter().map(|(_, v)| text(v).to_lowercase()).collect();
    // A list that is one text, and a number that is part of one.
    let whole = there.iter().cloned().collect::<Vec<_>>().join("\u{0}");
    let own = serde_json::to_value(&**event).unwrap();
    for (path, value) in leaves(&own).into_iter().filter(|(path, _)| !skip.contains(&path.as_str()))
    {
        let mut wanted = text(&value).to_lowercase();
        if matches!(path.as_str(), "time" | "logged_time" | "end_time") {
            let time: dayseal_format::UnixMillis = text(&value).parse().unwrap();
            let ms = time.as_millis();
            assert!(
                there.contains(&ms.to_string())
                    || there.contains(&(ms * 1_000_000).to_string())
                    || there.contains(&wanted),
                "{path}"
            );
            continue;
        }
        if !there.contains(&wanted) {
            // Inside JSON text.
            wanted = serde_json::to_string(&wanted).unwrap();
            wanted = wanted.trim_matches('"').to_owned();
            assert!(whole.contains(&wanted), "{path} = {wanted} is lost from {out}");
        }
    }
}

#[test]
fn the_full_event_loses_nothing() {
    for kind in [
        "ai.generation.completed",
        "data.read",
        "authn.failed",
        "identity.user.created",
        "log.started",
        "review.completed",
        "own.kind",
    ] {
        let mut fields = full().into_fields();
        fields.kind = kind.to_owned().into();
        let event = Event::from_fields(fields).unwrap();
        nothing_lost(&event, &ocsf(std::slice::from_ref(&event), false)[0], &[]);
        nothing_lost(&event, &otel(std::slice::from_ref(&event))[0], &["function.memory_mb"]);
    }
}

#[test]
fn integrity_says_what_is_proven() {
    let out = ocsf(&[full(), full(), full()], true);
    let line = line(&full());
    for (index, event) in out.iter().enumerate() {
        let attestation = &event["attestation_list"][0];
        let leaf = &attestation["fingerprint"]["value"];
        assert_eq!(*leaf, place(&line, 0, true).leaf.to_string());
        assert_eq!(attestation["chain_uid"], "audit.example.com/a");
        assert!(attestation["uid"].as_str().unwrap().ends_with(&format!(".batch#{index}")));
        // Sealed ones have the signed root; what is not sealed has no signature.
        assert_eq!(attestation.get("signatures").is_some(), index % 2 == 0);
        if index % 2 == 0 {
            let root = &attestation["signatures"][0]["digest"]["value"];
            assert_eq!(*root, "03".repeat(32));
            assert_eq!(event["unmapped"]["dayseal.checkpoint.size"], "9");
        }
        assert_eq!(attestation.get("prev_event").is_some(), index > 0);
        assert_eq!(event["raw_data"].as_str().unwrap().as_bytes(), line);
        assert_eq!(event["unmapped"]["dayseal.salt"], "07".repeat(16));
    }
    let bare = ocsf(&[full()], false);
    assert!(bare[0].get("raw_data").is_none() && bare[0]["unmapped"].get("dayseal.salt").is_none());
}

#[test]
fn the_entry_before_is_the_one_beside_it_in_the_same_batch() {
    let event = full();
    let line = line(&event);
    let at = |seq: u32, index: u32| {
        let mut place = place(&line, index, false);
        place.batch.seq = seq;
        place
    };
    let mut out = Vec::new();
    let mut sink = JsonLines::new(&mut out, Options::default());
    for place in [at(0, 0), at(0, 1), at(0, 3), at(1, 4), at(1, 5)] {
        sink.push(&Entry { line: &line, event: &event, place: &place }).unwrap();
    }
    let found = lines(&out);
    let links: Vec<_> =
        found.iter().map(|e| e["attestation_list"][0].get("prev_event").is_some()).collect();
    assert_eq!(links, [false, true, false, false, true]);
}

#[test]
fn ndjson_holds_the_stored_bytes() {
    let mut out = Vec::new();
    give(&mut Ndjson::new(&mut out), &[full()]);
    let line = line(&full());
    let start = b"{\"entry\":".len();
    assert_eq!(&out[start..start + line.len()], line);
    let read: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(read["place"]["index"], 0);
    assert_eq!(read["place"]["seal"]["tree"]["size"], 9);
}

#[test]
fn otel_lines_are_of_one_service_and_a_hundred_records() {
    let mut other = full().into_fields();
    other.service.name = "other".into();
    let other = Event::from_fields(other).unwrap();
    let mut events = vec![full(); 201];
    events.push(other);
    events.push(full());
    let sizes: Vec<_> = otel(&events)
        .iter()
        .map(|l| l["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 1, 1, 1]);
    assert_eq!(otel(&[]), [] as [Value; 0]);
}

#[test]
fn an_otel_time_past_2554_stays_as_text() {
    let mut fields = full().into_fields();
    (fields.time, fields.end_time) = ("9999-01-01T00:00:00.000Z".parse().unwrap(), None);
    let event = Event::from_fields(fields).unwrap();
    let out = otel(&[event]).remove(0).to_string();
    assert!(!out.contains("timeUnixNano\":\"253") && out.contains("9999-01-01T00:00:00.000Z"));
}

fn csv_rows(bytes: &[u8]) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn csv_has_its_head_without_rows_and_ends_lines_as_the_rfc_says() {
    let mut out = Vec::new();
    give(&mut Csv::new(&mut out), &[]);
    let head = String::from_utf8(out).unwrap();
    assert!(head.starts_with("time,id,type,") && head.ends_with("dayseal.leaf\r\n"));
    assert_eq!(head.lines().count(), 1);
}

#[test]
fn no_cell_is_a_formula_and_each_comes_back() {
    for cell in
        ["=1+1", "+1", "-1", "@A1", " =1", "\t=1", "\r1", "\n=1", "＝1", "'quoted", "\u{1b}[2J"]
    {
        let guarded = guard(cell.to_owned());
        assert!(guarded.starts_with('\''), "{cell:?}");
        assert_eq!(unguard(&guarded), cell);
    }
    for plain in ["a=1", "", "203.0.113.0/24", "{\"a\":1}"] {
        assert_eq!(guard(plain.to_owned()), plain);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_event_loses_nothing(event in any_event()) {
        prop_assume!(event.is_some());
        let event = event.unwrap();
        let out = ocsf(std::slice::from_ref(&event), false).remove(0);
        nothing_lost(&event, &out, &[]);
        let (class, activity) = classify(event.kind.as_str());
        prop_assert!(Class::ALL.contains(&class));
        prop_assert_eq!(&out["type_uid"], class.uid() * 100 + activity);
        nothing_lost(&event, &otel(std::slice::from_ref(&event))[0], &["function.memory_mb"]);
    }

    #[test]
    fn csv_gives_every_value_back(event in any_event()) {
        prop_assume!(event.is_some());
        let event = event.unwrap();
        let mut out = Vec::new();
        give(&mut Csv::new(&mut out), std::slice::from_ref(&event));
        let row = csv_rows(&out).remove(0);
        let fields: &EventFields = &event;
        let mut rest = serde_json::to_value(fields).unwrap();
        for (column, cell) in row.iter().filter(|(_, cell)| !cell.is_empty()) {
            if column.starts_with("dayseal.") {
                continue;
            }
            let pointer = format!("/{}", column.replace('.', "/"));
            let (parent, last) = pointer.rsplit_once('/').unwrap();
            let parent = rest.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let value = parent.remove(last).unwrap();
            let found = match &value {
                Value::Number(_) => cell.as_str(),
                _ => unguard(cell),
            };
            prop_assert_eq!(found, text(&value), "{}", column);
        }
        // Every field had a column.
        let left: Vec<_> = leaves(&rest).into_iter().filter(|(_, v)| !text(v).is_empty()).collect();
        prop_assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn any_text_is_guarded(cell in "\\PC{0,10}") {
        let guarded = guard(cell.clone());
        let guarded = if guarded == cell { guarded } else { unguard(&guarded).to_owned() };
        prop_assert_eq!(guarded, cell);
    }
}
