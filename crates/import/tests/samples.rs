//! Logs as the real programs wrote them (`samples/make.py`), mapped and checked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_format::UnixMillis;
use dayseal_format::event::{ActorType, Event, EventFields, EventId, Outcome};
use dayseal_import::{
    CheckState, Fernet, FileReport, Format, Importer, MapError, Mapped, Place, SourceKeys,
};

const PLAIN: &str = include_str!("samples/rotalabs-plain.jsonl");
const HASHES: &str = include_str!("samples/rotalabs-hashes.jsonl");
const ENCRYPTED: &str = include_str!("samples/rotalabs-encrypted.jsonl");
const KEY: &str = include_str!("samples/rotalabs.key");
const KAIZEN: &str = include_str!("samples/kaizen.jsonl");
const CHAIN: &str = include_str!("samples/kling-chain.jsonl");
const EVENTS: &str = include_str!("samples/kling-events.jsonl");

fn keys() -> SourceKeys {
    SourceKeys::new(&[7; 32], &"audit.example.com/test".parse().unwrap())
}

fn keyed(format: Format) -> Importer {
    Importer::new(format).keys(keys())
}

fn parent() -> EventId {
    EventId::from_parts(UnixMillis::new(1_795_000_000_000).unwrap(), [9; 10])
}

fn map_all(importer: &mut Importer, text: &str) -> Vec<Result<Mapped, MapError>> {
    importer.begin_file(parent());
    let map = |(n, line): (usize, &str)| {
        importer.map(line.as_bytes(), Place::line("sample.jsonl", n as u64 + 1))
    };
    text.lines().enumerate().map(map).collect()
}

/// Every line, as the fields of its draft; nothing is refused.
fn mapped(importer: &mut Importer, text: &str) -> Vec<(EventFields, Vec<String>)> {
    let all = map_all(importer, text).into_iter().map(|mapped| {
        let mut mapped = mapped.unwrap();
        (mapped.draft.edit().clone(), mapped.dropped)
    });
    all.collect()
}

#[test]
fn rotalabs_with_content() {
    for (text, key) in [(PLAIN, None), (ENCRYPTED, Some(KEY))] {
        let mut importer = keyed(Format::Rotalabs);
        if let Some(key) = key {
            importer = importer.fernet(Fernet::new(key).unwrap());
        }
        let events = mapped(&mut importer, text);
        let [(first, dropped), (second, _), (third, _)] = &events[..] else { panic!("three") };
        assert!(dropped.is_empty(), "{dropped:?}");
        let prompt = "Summarize the quarterly report \u{2013} caf\u{e9} \u{1f512}";
        let item = keys().tenant("default").content(prompt.as_bytes());
        assert_eq!(first.content.as_ref().unwrap().input.as_ref(), Some(&item));
        assert_eq!((&*first.actor.id, first.actor.kind), ("user-123", ActorType::User));
        assert_eq!(first.actor.session.as_deref(), Some("session-456"));
        assert_eq!(
            (first.kind.as_str(), first.outcome),
            ("ai.generation.completed", Outcome::Success)
        );
        let ai = first.ai.as_ref().unwrap();
        assert_eq!(ai.provider.as_deref(), Some("openai"));
        assert_eq!(
            (ai.model_requested.as_deref(), ai.latency_ms),
            (Some("gpt-4-turbo"), Some(451))
        );
        assert_eq!((ai.usage.unwrap().input, ai.usage.unwrap().output), (Some(150), Some(200)));
        assert_eq!(first.data_class.len(), 1);
        assert_eq!(first.labels["metadata.department"], "finance");
        assert_eq!(first.labels["metadata.nested.team"], r#"["a","b"]"#);
        assert_eq!(first.labels["import.id"].len(), 36);
        let place =
            ["import.file", "import.format", "import.line"].map(|l| first.labels[l].as_str());
        assert_eq!(place, ["sample.jsonl", "rotalabs", "1"]);
        assert_eq!(first.correlation.as_ref().unwrap().parent_event, Some(parent()));
        assert_eq!(
            (second.kind.as_str(), second.outcome),
            ("ai.generation.blocked", Outcome::Blocked)
        );
        let safety = second.safety.as_ref().unwrap();
        assert_eq!((safety.passed, safety.detectors.len()), (false, 2));
        assert_eq!(second.content.as_ref().unwrap().output.as_ref().unwrap().bytes, 0);
        assert_eq!((&*third.actor.id, third.actor.kind), ("unknown", ActorType::Service));
        // Neither what was said nor a hash that gives it away.
        for (event, _) in &events {
            let json = serde_json::to_string(event).unwrap();
            for plain in
                ["quarterly", "hack a bank", "Hello!", "growth", "input_hash", "output_hash"]
            {
                assert!(!json.contains(plain), "{plain} in {json}");
            }
        }
        let check = importer.end_file();
        assert_eq!((check.state(), check.checked, check.failed), (CheckState::Intact, 6, 0));
    }
}

#[test]
fn rotalabs_encrypted_without_or_with_another_key() {
    let mut importer = keyed(Format::Rotalabs);
    for (event, dropped) in mapped(&mut importer, ENCRYPTED) {
        assert!(event.content.is_none());
        assert_eq!(dropped, ["input_content", "output_content"]);
        // The hashes of what cannot be read stay, under a key.
        assert!(event.labels["input_hash"].starts_with("p1:source:"), "{:?}", event.labels);
    }
    assert_eq!(importer.end_file().state(), CheckState::None);
    let other = KEY.replace(char::is_lowercase, "x");
    let mut importer = keyed(Format::Rotalabs).fernet(Fernet::new(&other).unwrap());
    for refused in map_all(&mut importer, ENCRYPTED) {
        assert_eq!(refused, Err(MapError::Sealed { field: "input_content" }));
    }
}

#[test]
fn rotalabs_with_hashes_only() {
    let mut importer = keyed(Format::Rotalabs);
    let hash = HASHES.split('"').find(|s| s.len() == 64).unwrap();
    for (n, (event, dropped)) in mapped(&mut importer, HASHES).into_iter().enumerate() {
        assert!(dropped.is_empty() && event.content.is_none());
        let mut hasher = keys().tenant("default").source();
        hasher.update(hash.as_bytes());
        assert_eq!(event.labels["input_hash"] == hasher.finish().text, n == 0);
    }
    assert_eq!(importer.end_file().state(), CheckState::None);
    // Without keys there is no way to keep them.
    for (event, dropped) in mapped(&mut Importer::new(Format::Rotalabs), HASHES) {
        assert_eq!(dropped, ["input_hash", "output_hash"]);
        assert!(event.id.is_unset() && !event.labels.contains_key("import.digest"));
    }
}

#[test]
fn rotalabs_content_that_is_not_that_of_its_hash() {
    let altered = PLAIN.replacen("Hello!", "Hullo!", 1);
    let mut importer = keyed(Format::Rotalabs);
    assert_eq!(mapped(&mut importer, &altered).len(), 3);
    let check = importer.end_file();
    assert_eq!((check.state(), check.line, check.failed), (CheckState::Broken, Some(3), 1));
    assert_eq!(importer.end_file().state(), CheckState::None);
}

#[test]
fn kaizen() {
    let mut importer = keyed(Format::Kaizen);
    let events = mapped(&mut importer, KAIZEN);
    assert_eq!(events.len(), 21);
    assert_eq!(importer.end_file().state(), CheckState::None);
    let kinds: Vec<_> = events.iter().map(|(e, _)| e.kind.as_str()).collect();
    assert_eq!(
        kinds[..7],
        [
            "ai.tool.executed",
            "authz.denied",
            "kaizen.checkpoint_save",
            "kaizen.pre_tool_use",
            "ai.tool.executed",
            "ai.agent.started",
            "ai.agent.ended",
        ]
    );
    assert_eq!(kinds[18..], ["ai.memory.written", "kaizen.pre_memory_load", "ai.memory.read"]);
    let (first, dropped) = &events[0];
    assert!(dropped.is_empty());
    assert_eq!((&*first.actor.id, first.actor.kind), ("qa-agent", ActorType::Agent));
    assert_eq!(first.actor.on_behalf_of.as_deref(), Some("user@example.com"));
    assert_eq!(first.ai.as_ref().unwrap().tool.as_ref().unwrap().name, "bash_command");
    assert_eq!((first.duration_ms, first.service.env.as_deref()), (Some(45), Some("production")));
    assert_eq!(first.labels["details.command"], "ls -la");
    assert_eq!(first.oversight.as_ref().unwrap().reviewer.as_deref(), Some("ada"));
    assert_eq!(first.time.to_string(), "2026-11-21T13:18:57.043Z");
    assert_eq!(first.id.millis(), first.time.as_millis() as u64);
    let (denied, _) = &events[1];
    assert_eq!(denied.outcome, Outcome::Blocked);
    assert_eq!(denied.reason.as_ref().unwrap().text.as_deref(), Some("outside the sandbox"));
    let (failed, _) = &events[2];
    assert_eq!(failed.outcome, Outcome::Failure);
    let args = failed.content.as_ref().unwrap().args.as_ref().unwrap();
    assert_eq!(args.bytes, r#"{"question":"What is GDPR?"}"#.len() as u64);
    assert_eq!(events[3].0.trace.as_ref().unwrap().trace_id.as_deref().unwrap().len(), 32);
}

#[test]
fn kaizen_as_its_guide_describes_it() {
    let line = r#"{"timestamp":"2025-10-26T10:53:45.123Z","event_type":"PHI_ACCESS","agent_id":"qa-agent-001",
        "trace_id":"abc123def456","action":"patient_record_read","inputs":{"patient_id":"P12345"},
        "outputs":{"record_accessed":true},"duration_ms":45.2,"success":true,"error":null,
        "metadata":{"user_id":"doctor123","access_reason":"treatment","phi_type":"medical_history"}}"#;
    let mut importer = keyed(Format::Kaizen);
    let mapped = importer.map(line.as_bytes(), Place::line("a", 1)).unwrap();
    let e = &mapped.draft;
    assert_eq!((e.kind.as_str(), &*e.action), ("data.read", "patient_record_read"));
    assert_eq!(e.access_reason.as_deref(), Some("treatment"));
    assert_eq!(e.privacy.as_ref().unwrap().categories, ["medical_history"]);
    assert_eq!(e.actor.on_behalf_of.as_deref(), Some("doctor123"));
    assert!(!serde_json::to_string(e).unwrap().contains("P12345"));
    let tool = line
        .replace("PHI_ACCESS", "tool_use")
        .replace("patient_record_read", "tool_use:calculator");
    let mapped = importer.map(tool.as_bytes(), Place::line("a", 1)).unwrap();
    assert_eq!(mapped.draft.kind, "ai.tool.executed");
    assert_eq!(mapped.draft.ai.as_ref().unwrap().tool.as_ref().unwrap().name, "calculator");
}

#[test]
fn kling_chain() {
    let mut importer = keyed(Format::KlingChain);
    let events = mapped(&mut importer, CHAIN);
    let check = importer.end_file();
    assert_eq!((check.state(), check.checked, check.failed), (CheckState::Intact, 5, 0), "{check}");
    let kinds: Vec<_> = events.iter().map(|(e, _)| (e.kind.as_str(), e.outcome)).collect();
    assert_eq!(
        kinds,
        [
            ("ai.generation.started", Outcome::Deferred),
            ("ai.generation.completed", Outcome::Success),
            ("authn.failed", Outcome::Failure),
            ("ai.generation.failed", Outcome::Failure),
            ("kling.quota_warning", Outcome::Unknown),
        ]
    );
    let first = &events[0].0;
    let ai = first.ai.as_ref().unwrap();
    assert_eq!((ai.model_requested.as_deref(), ai.params.len()), (Some("kling-v2-master"), 2));
    assert_eq!(first.action, "text_to_video");
    // Sixteen digits of a plain hash of a prompt.
    assert!(first.labels["details.prompt_hash"].starts_with("p1:source:"));
    assert_eq!(events[1].0.ai.as_ref().unwrap().output_count, Some(1));
    let auth = &events[2].0;
    assert_eq!((&*auth.action, auth.actor.kind), ("token_refresh", ActorType::System));
    assert_eq!(auth.key.as_ref().unwrap().prefix.as_deref(), Some("AKabcdef"));
    let odd = &events[3].0;
    assert_eq!(odd.labels["details.cost"], "0.1");
}

/// What each kind of tampering does to the verdict. The last lines cut off show nowhere.
#[test]
fn kling_chains_that_do_not_hold() {
    let lines: Vec<&str> = CHAIN.lines().collect();
    let without = |skip: usize| {
        let rest = lines.iter().enumerate().filter(|(n, _)| *n != skip).map(|(_, l)| *l);
        rest.collect::<Vec<_>>().join("\n")
    };
    let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4]].join("\n");
    // Put between two entries that follow each other.
    let slipped_in = [lines[0], "junk", lines[1], lines[2], lines[3], lines[4]].join("\n");
    let unreadable = CHAIN.replacen("\"auth_event\"", "auth_event", 1);
    let twice = format!("{CHAIN}{CHAIN}");
    for (text, line, failed, reason) in [
        (
            CHAIN.replacen("\"duration\": 5", "\"duration\": 6", 1),
            1,
            1,
            "its hash is not that of its content",
        ),
        (CHAIN.replacen("1e+16", "2e+16", 1), 4, 1, "its hash is not that of its content"),
        (without(1), 2, 1, "does not follow the line before"),
        (without(0), 1, 1, "follows an entry that is not here"),
        (swapped, 2, 3, "does not follow the line before"),
        (unreadable, 3, 2, "cannot be read as an entry of this chain"),
        (slipped_in, 2, 1, "cannot be read as an entry of this chain"),
        (twice, 6, 1, "the chain begins anew here"),
    ] {
        let mut importer = keyed(Format::KlingChain);
        let all = map_all(&mut importer, &text);
        let check = importer.end_file();
        assert_eq!(
            (check.state(), check.line, check.failed, check.reason),
            (CheckState::Broken, Some(line), failed, Some(reason))
        );
        // Evidence all the same.
        assert!(all.iter().filter(|m| m.is_err()).count() <= 1);
    }
    let mut importer = keyed(Format::KlingChain);
    map_all(&mut importer, &without(4));
    assert_eq!(importer.end_file().state(), CheckState::Intact);
}

#[test]
fn a_kling_chain_over_two_files() {
    let lines: Vec<&str> = CHAIN.lines().collect();
    let (one, two) = (lines[..2].join("\n"), lines[2..].join("\n"));
    for (files, line) in [
        ([&*one, &*two], None),
        // A logger that was started again.
        ([CHAIN, CHAIN], None),
        ([&*two, &*one], Some(1)),
    ] {
        let mut importer = keyed(Format::KlingChain);
        let mut first = None;
        for file in files {
            map_all(&mut importer, file);
            first = first.or(importer.end_file().line);
        }
        assert_eq!(first, line);
    }
}

#[test]
fn kling_events() {
    let mut importer = keyed(Format::KlingEvents);
    let events = mapped(&mut importer, EVENTS);
    let check = importer.end_file();
    assert_eq!((check.state(), check.checked), (CheckState::Intact, 6));
    let kinds: Vec<_> = events.iter().map(|(e, _)| e.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "ai.generation.started",
            "ai.generation.completed",
            "authz.denied",
            "config.changed",
            "ai.generation.blocked",
            "authn.key.used",
        ]
    );
    let first = &events[0].0;
    assert_eq!(first.source.as_ref().unwrap().address.as_deref(), Some("203.0.xxx.xxx"));
    assert_eq!(first.content.as_ref().unwrap().input.as_ref().unwrap().bytes, 15);
    assert!(!serde_json::to_string(first).unwrap().contains("a cat on"));
    let change = events[3].0.change.as_ref().unwrap();
    assert_eq!(
        (&*change.field, change.from.as_deref(), change.to.as_deref()),
        ("monthly", Some("100"), Some("500"))
    );
    assert_eq!(events[5].0.actor.kind, ActorType::System);

    for (altered, failed) in [
        (EVENTS.replacen("\"bob\"", "\"eve\"", 1), 1),
        (EVENTS.replacen("\"checksum\": \"", "\"checksum\": \"0", 2), 2),
        // Not covered: the check does not see it.
        (EVENTS.replacen("\"blocked\"", "\"success\"", 1), 0),
    ] {
        map_all(&mut importer, &altered);
        assert_eq!(importer.end_file().failed, failed);
    }
}

#[test]
fn cloudtrail() {
    let record = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/ada","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"ada"},"eventTime":"2023-07-10T11:42:44Z","eventSource":"s3.amazonaws.com","eventName":"GetBucketAcl","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","userAgent":"[S3Console/0.4]","requestParameters":{"bucketName":"b","Host":"b.s3.amazonaws.com"},"responseElements":{"credentials":{"sessionToken":"FwoGZXIvYXdzEXAMPLE"}},"requestID":"NDWZRY56ZA5P31TT","eventID":"3c856bc0-1a07-4c18-89d9-4d9205856714","readOnly":true,"resources":[{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}"#;
    let map = |record: &str| {
        keyed(Format::CloudTrail)
            .map(record.as_bytes(), Place { file: "t", line: 1, record: Some(4) })
            .unwrap()
    };
    let mapped = map(record);
    let e = &mapped.draft;
    assert_eq!(mapped.dropped, ["userIdentity.userName", "userIdentity.principalId"]);
    assert_eq!((e.kind.as_str(), e.outcome), ("aws.api.read", Outcome::Success));
    assert_eq!(
        (&*e.actor.id, e.actor.kind),
        ("arn:aws:iam::111122223333:user/ada", ActorType::User)
    );
    assert_eq!(e.key.as_ref().unwrap().prefix.as_deref(), Some("AKIAIOSF"));
    let resource = e.resource.as_ref().unwrap();
    assert_eq!(
        (&*resource.kind, resource.id.as_deref()),
        ("AWS::S3::Bucket", Some("arn:aws:s3:::b"))
    );
    assert_eq!(e.labels["requestParameters.bucketName"], "b");
    assert_eq!(
        (&*e.labels["import.record"], &*e.labels["import.id"]),
        ("4", "3c856bc0-1a07-4c18-89d9-4d9205856714")
    );
    assert!(
        e.content.as_ref().unwrap().args.is_some() && e.content.as_ref().unwrap().output.is_some()
    );
    let json = serde_json::to_string(e).unwrap();
    assert!(!json.contains("FwoGZX") && !json.contains("AKIAIOSFO"), "{json}");

    let with = |extra: &str| {
        record.replacen("{\"eventVersion\"", &format!("{{{extra},\"eventVersion\""), 1)
    };
    let denied = map(&with(r#""errorCode":"Client.UnauthorizedOperation","errorMessage":"no""#));
    assert_eq!(
        (denied.draft.kind.as_str(), denied.draft.outcome),
        ("authz.denied", Outcome::Blocked)
    );
    let failed = map(&with(&format!(
        r#""errorCode":"ThrottlingException","errorMessage":"{}""#,
        "é".repeat(200)
    )));
    assert_eq!(
        (failed.draft.kind.as_str(), failed.draft.outcome),
        ("aws.api.read", Outcome::Failure)
    );
    assert_eq!(failed.dropped[2..], ["errorMessage (cut)"]);
    let login = record
        .replace(
            "s3.amazonaws.com\",\"eventName\":\"GetBucketAcl",
            "signin.amazonaws.com\",\"eventName\":\"ConsoleLogin",
        )
        .replace(
            r#"{"credentials":{"sessionToken":"FwoGZXIvYXdzEXAMPLE"}}"#,
            r#"{"ConsoleLogin":"Failure"}"#,
        );
    assert_eq!(map(&login).draft.kind, "authn.failed");
}

#[test]
fn ocsf() {
    let api = r#"{"class_uid":6003,"class_name":"API Activity","category_uid":6,"activity_id":2,"activity_name":"Read","type_uid":600302,"severity_id":1,"time":1763632800123,"status_id":1,"status":"Success","metadata":{"version":"1.8.0","uid":"u-9","tenant_uid":"acme","correlation_uid":"job-1","product":{"name":"gw"}},"actor":{"user":{"uid":"ada","type_id":2},"session":{"uid":"s-1"}},"api":{"operation":"GetThing","request":{"uid":"r-1"}},"src_endpoint":{"ip":"203.0.113.7"},"resources":[{"type":"thing","uid":"t-1"}],"unmapped":{"k":1}}"#;
    let map =
        |record: &str| keyed(Format::Ocsf).map(record.as_bytes(), Place::line("o", 1)).unwrap();
    let e = map(api).draft;
    assert_eq!(
        (e.kind.as_str(), &*e.action, e.outcome),
        ("ocsf.api_activity.read", "GetThing", Outcome::Success)
    );
    assert_eq!((&*e.tenant, &*e.actor.id, e.actor.kind), ("acme", "ada", ActorType::Admin));
    assert_eq!(e.time.as_millis(), 1_763_632_800_123);
    assert_eq!(e.source.as_ref().unwrap().request_id.as_deref(), Some("r-1"));
    assert_eq!(e.resource.as_ref().unwrap().id.as_deref(), Some("t-1"));
    assert_eq!(e.labels["unmapped.k"], "1");
    // The digest is made under the keys of the record's own tenant.
    let mut hasher = keys().tenant("acme").source();
    hasher.update(api.as_bytes());
    assert_eq!(e.labels["import.digest"], hasher.finish().text);

    let with = |from: &str, to: &str| map(&api.replace(from, to)).draft.kind.as_str().to_owned();
    assert_eq!(with("\"class_uid\":6003", "\"class_uid\":6005"), "ocsf.api_activity");
    assert_eq!(
        with(
            r#""class_uid":6003,"class_name":"API Activity""#,
            r#""class_uid":4001,"class_name":"Network Activity""#
        ),
        "ocsf.network_activity"
    );
    let login = api
        .replace(r#""class_uid":6003"#, r#""class_uid":3002"#)
        .replace(r#""activity_id":2"#, r#""activity_id":1"#);
    assert_eq!(map(&login).draft.kind, "authn.succeeded");
    let blocked = login
        .replace(r#""status_id":1,"status":"Success""#, r#""status_id":99,"status":"Blocked""#);
    assert_eq!(
        (map(&blocked).draft.kind.as_str(), map(&blocked).draft.outcome),
        ("authn.failed", Outcome::Blocked)
    );
    let ours = with(r#""version":"1.8.0""#, r#""version":"1.8.0","event_code":"key.rotated""#);
    assert_eq!(ours, "key.rotated");
    assert_eq!(
        with(r#""version":"1.8.0""#, r#""version":"1.8.0","event_code":"log.sealed""#),
        "ocsf.api_activity.read"
    );
}

#[test]
fn the_same_line_has_the_same_id_and_another_has_not() {
    let ids = |text: &str| -> Vec<EventId> {
        mapped(&mut keyed(Format::KlingEvents), text).iter().map(|(e, _)| e.id).collect()
    };
    let (once, again) = (ids(EVENTS), ids(&EVENTS.replace('\n', "\r\n")));
    assert_eq!(once, again);
    let mut distinct = once.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), once.len());
    assert_ne!(ids(&EVENTS.replace("violence", "violenc3"))[4], once[4]);
    let other = Importer::new(Format::KlingEvents).keys(keys()).tenant("acme");
    let mut other = other;
    assert_ne!(mapped(&mut other, EVENTS)[0].0.id, once[0]);
}

#[test]
fn refusals_hold_no_values() {
    for (format, line) in [
        (Format::Rotalabs, r#"{"timestamp":"s3cret","safety_passed":true,"input_hash":"s3cret"}"#),
        (Format::Rotalabs, r#"{"timestamp":"2026-01-01T00:00:00","safety_passed":"s3cret"}"#),
        (Format::Kaizen, r#"{"timestamp":"2026-01-01T00:00:00","agent_id":["s3cret"]}"#),
        (Format::KlingChain, r#"{"timestamp":"2026-01-01T00:00:00","event_type":{"s3cret":1}}"#),
        (Format::KlingEvents, r#""s3cret""#),
        (Format::CloudTrail, r#"{"eventTime":"2026-01-01T00:00:00Z","eventName":"s3cret s3cret"}"#),
        (Format::Ocsf, r#"{"time":"s3cret"}"#),
        (Format::Ocsf, "{s3cret"),
    ] {
        let error = keyed(format).map(line.as_bytes(), Place::line("a", 1)).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn labels_have_room_for_so_much() {
    let metadata: serde_json::Map<_, _> =
        (0..50).map(|n| (format!("k{n:02}"), n.to_string().into())).collect();
    let mut line: serde_json::Value = serde_json::from_str(EVENTS.lines().last().unwrap()).unwrap();
    line["metadata"] = metadata.into();
    line["metadata"]["a long one"] = "x".repeat(257).into();
    line["metadata"]["prompt_text"] = "kept, for its name says little".into();
    line["metadata"]["deep"] = serde_json::json!({"a": {"prompt": "never a label"}});
    let mapped =
        keyed(Format::KlingEvents).map(line.to_string().as_bytes(), Place::line("a", 1)).unwrap();
    assert_eq!(mapped.draft.labels.len(), 32);
    assert!(mapped.dropped.contains(&"metadata.a long one".to_owned()));
    assert!(mapped.dropped.contains(&"metadata.deep.a.prompt".to_owned()));
    assert!(mapped.dropped.contains(&"metadata.k49".to_owned()));
}

#[test]
fn a_report_is_an_event() {
    let mut report = FileReport::new(Format::KlingChain, "audit.jsonl");
    (report.records, report.imported, report.refused) = (3, 2, 1);
    report.dropped(&["a b".into(), "a b".into(), "c (cut)".into()]);
    let event = report.event(parent(), "cli").unwrap();
    assert_eq!(
        (event.kind.as_str(), event.outcome, event.id),
        ("log.imported", Outcome::Failure, parent())
    );
    assert_eq!(event.labels["import.dropped"], "a_b=2 c (cut)=1");
    assert_eq!(event.reason.as_ref().unwrap().code.as_deref(), Some("records_refused"));
    for n in 0..200 {
        report.dropped(&[format!("f{n}")]);
    }
    assert_eq!((report.dropped.len(), report.dropped["*"]), (65, 138));
    assert!(report.event(parent(), "cli").is_ok());
    report.digest = Some("p1:source:x".into());
    report.check = keyed(Format::KlingChain).end_file();
    (report.check.failed, report.check.line, report.check.reason) = (1, Some(1), Some("x"));
    let event = report.event(parent(), "cli").unwrap();
    let mapped = keyed(Format::KlingEvents)
        .map(
            EVENTS.lines().next().unwrap().as_bytes(),
            Place { file: "f", line: 1, record: Some(1) },
        )
        .unwrap();
    let labels = event.labels.keys().chain(mapped.draft.labels.keys());
    let added: std::collections::BTreeSet<_> =
        labels.filter(|l| l.starts_with("import.")).map(String::as_str).collect();
    assert_eq!(added, dayseal_import::LABELS.into_iter().collect());
    // Nobody else may write one.
    assert!(Event::builder("log.imported").build().is_err());
}
