//! Whatever a line holds: a draft that the schema takes, or a reason; never a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_format::event::{Defaults, EventId, Service};
use dayseal_format::{Origin, UnixMillis};
use dayseal_import::{Fernet, Format, Importer, Place, SourceKeys};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

const SAMPLES: [(Format, &str); 8] = [
    (Format::Rotalabs, include_str!("samples/rotalabs-plain.jsonl")),
    (Format::Rotalabs, include_str!("samples/rotalabs-hashes.jsonl")),
    (Format::Rotalabs, include_str!("samples/rotalabs-encrypted.jsonl")),
    (Format::Kaizen, include_str!("samples/kaizen.jsonl")),
    (Format::KlingChain, include_str!("samples/kling-chain.jsonl")),
    (Format::KlingEvents, include_str!("samples/kling-events.jsonl")),
    (
        Format::CloudTrail,
        r#"{"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ada","accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"eventTime":"2023-07-10T11:42:44Z","eventSource":"s3.amazonaws.com","eventName":"GetBucketAcl","errorCode":"A","errorMessage":"b","requestParameters":{"a":[1,{"b":"c"}]},"responseElements":null,"eventID":"e","readOnly":true,"resources":[{"type":"t","ARN":"a"},{}]}"#,
    ),
    (
        Format::Ocsf,
        r#"{"class_uid":6003,"activity_id":2,"severity_id":1,"time":1763632800123,"end_time":1763632800124,"status_id":99,"status":"Blocked","metadata":{"uid":"u","tenant_uid":"acme"},"actor":{"user":{"uid":"ada","type_id":2}},"api":{"operation":"o"},"resources":[{"type":"thing","uid":"t-1"}]}"#,
    ),
];

fn importer(format: Format, keyed: bool) -> Importer {
    let importer = Importer::new(format);
    if !keyed {
        return importer;
    }
    let origin: Origin = "audit.example.com/p".parse().unwrap();
    let key = Fernet::new(include_str!("samples/rotalabs.key")).unwrap();
    importer.keys(SourceKeys::new(&[1; 32], &origin)).fernet(key)
}

/// Maps and completes; whether it became an event.
fn run(format: Format, keyed: bool, line: &[u8]) -> bool {
    let Ok(mapped) = importer(format, keyed).map(line, Place::line("f", 1)) else { return false };
    let now = UnixMillis::new(1_795_000_000_000).unwrap();
    let id = EventId::from_parts(now, [0; 10]);
    let event = mapped.draft.complete(Defaults::new(id, now, &Service::new("s")));
    event.expect("a draft that was given is an event");
    true
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        select(vec!["", "\n", "\u{202e}x", "success", "2026-01-01T00:00:00Z", "gAAAAA"])
            .prop_map(Value::from),
        "[a-zé]{250,300}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let key = prop_oneof![
            "[a-z.]{0,6}",
            "\\PC{0,4}",
            Just("prompt".to_owned()),
            Just("x_hash".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// Puts `value` at the `n`-th place of a tree.
fn replace(tree: &mut Value, n: &mut usize, value: &Value) {
    if *n == 0 {
        *tree = value.clone();
        *n = usize::MAX;
        return;
    }
    *n -= 1;
    match tree {
        Value::Object(map) => map.values_mut().for_each(|v| replace(v, n, value)),
        Value::Array(items) => items.iter_mut().for_each(|v| replace(v, n, value)),
        _ => {}
    }
}

#[test]
fn every_sample_is_an_event() {
    for (format, text) in SAMPLES {
        for line in text.lines() {
            assert!(
                run(format, true, line.as_bytes()) && run(format, false, line.as_bytes()),
                "{line}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes(format in select(Format::ALL.to_vec()), line in prop::collection::vec(any::<u8>(), 0..200)) {
        run(format, true, &line);
    }

    #[test]
    fn a_sample_with_other_values(
        which in 0..SAMPLES.len(), line in 0usize..30, places in prop::collection::vec((1usize..30, json()), 1..4),
        keyed in any::<bool>(),
    ) {
        let (format, text) = SAMPLES[which];
        let lines: Vec<_> = text.lines().collect();
        let mut tree: Value = serde_json::from_str(lines[line % lines.len()]).unwrap();
        for (mut n, value) in places {
            replace(&mut tree, &mut n, &value);
        }
        run(format, keyed, tree.to_string().as_bytes());
    }

    #[test]
    fn a_sample_with_other_bytes(
        which in 0..SAMPLES.len(), line in 0usize..30, edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let (format, text) = SAMPLES[which];
        let lines: Vec<_> = text.lines().collect();
        let mut bytes = lines[line % lines.len()].as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        run(format, true, &bytes);
    }
}
