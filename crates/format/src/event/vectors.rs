//! The test vectors in `tests/vectors/entry`: one case a file, listed in `INDEX.tsv`.
//!
//! `DAYSEAL_BLESS=1 cargo test -p dayseal-format event::vectors` writes them. Without it, the files
//! must be exactly what this generator gives, and be read as their index line says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::tests::{encoded, full, id, minimal, now};
use super::*;

/// How a case is read.
const STORED: &str = "stored";
const INPUT: &str = "input";

struct Case {
    name: &'static str,
    reader: &'static str,
    bytes: Vec<u8>,
    /// Code and path of the refusal.
    refused: Option<(&'static str, &'static str)>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/entry")
}

fn read(reader: &str, bytes: &[u8]) -> Result<Event, EventError> {
    match reader {
        STORED => Event::decode(bytes),
        INPUT => {
            Event::from_json(bytes)?.complete(Defaults::new(id(1), now(), &Service::new("studio")))
        }
        other => panic!("unknown reader {other}"),
    }
}

fn cases() -> Vec<Case> {
    let line = String::from_utf8(encoded(&minimal())).unwrap();
    let whole = String::from_utf8(encoded(&full())).unwrap();
    // Each edit must find its place: a vector that is secretly the good one tests nothing.
    let edit = |text: &str, from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to).into_bytes()
    };
    let text_label = |json: &str| {
        let labels = format!("\"labels\":{{\"text\":\"{json}\"}},\"logged_time\"");
        edit(&line, "\"logged_time\"", &labels)
    };
    let add = |name: &str, json: &str| {
        edit(&line, "\"logged_time\"", &format!("\"{name}\":{json},\"logged_time\""))
    };
    let mut all = Vec::new();
    let mut good = |name, bytes| all.push(Case { name, reader: STORED, bytes, refused: None });
    good("ok_minimal", line.clone().into_bytes());
    good("ok_full", whole.clone().into_bytes());
    good("ok_escapes", text_label(r#"\"\\/\b\f\n\r\t\u0000\u001f"#));
    good("ok_raw_utf8", text_label("\u{7f}\u{80}é\u{2028}\u{feff}😀\u{10ffff}"));
    good("ok_empty_label", text_label(""));
    good("ok_own_type", edit(&line, "ai.generation.started", "shop.order_2.paid"));
    good("ok_reserved_type", edit(&line, "ai.generation.started", "log.loss"));
    good("ok_largest_integer", edit(&line, ",\"id\"", ",\"duration_ms\":9007199254740991,\"id\""));
    good("ok_longest_identifier", edit(&line, "scheduler", &"x".repeat(256)));
    good(
        "ok_last_instant",
        line.replace("2026-01-01T00:00:00.123Z", "9999-12-31T23:59:59.999Z").into_bytes(),
    );

    let mut bad = |name, bytes, code, path| {
        all.push(Case { name, reader: STORED, bytes, refused: Some((code, path)) });
    };
    // Another spelling of the same event.
    let moved = line
        .replacen("{\"action\":\"text_to_video\",", "{", 1)
        .replace(",\"v\":1}", ",\"v\":1,\"action\":\"text_to_video\"}");
    bad("bad_key_order", moved.into_bytes(), "not_canonical", "");
    bad("bad_space", edit(&line, "\"v\":1", "\"v\": 1"), "not_canonical", "");
    bad("bad_leading_space", format!(" {line}").into_bytes(), "not_canonical", "");
    bad("bad_trailing_space", format!("{line} ").into_bytes(), "not_canonical", "");
    bad("bad_trailing_newline", format!("{line}\n").into_bytes(), "not_canonical", "");
    bad("bad_escaped_ascii", edit(&line, "scheduler", "sch\\u0065duler"), "not_canonical", "");
    bad("bad_escaped_slash", text_label("a\\/b"), "not_canonical", "");
    bad("bad_escaped_unicode", text_label("\\u00e9"), "not_canonical", "");
    bad("bad_escaped_surrogates", text_label("\\ud83d\\ude00"), "not_canonical", "");
    bad("bad_escaped_delete", text_label("\\u007f"), "not_canonical", "");
    bad("bad_upper_case_escape", text_label("\\u001F"), "not_canonical", "");
    bad("bad_long_escape", text_label("\\u000a"), "not_canonical", "");
    bad("bad_null_field", add("key", "null"), "not_canonical", "");
    bad(
        "bad_empty_list",
        edit(&line, "\"service\"", "\"redactions\":[],\"service\""),
        "not_canonical",
        "",
    );
    bad("bad_empty_map", add("labels", "{}"), "not_canonical", "");
    bad(
        "bad_set_order",
        edit(&whole, "[\"confidential\",\"phi\"]", "[\"phi\",\"confidential\"]"),
        "not_canonical",
        "",
    );
    bad(
        "bad_set_twice",
        edit(&whole, "[\"confidential\",\"phi\"]", "[\"phi\",\"phi\"]"),
        "not_canonical",
        "",
    );
    bad(
        "bad_map_order",
        edit(
            &whole,
            "\"duration\":5,\"mode\":\"standard\"",
            "\"mode\":\"standard\",\"duration\":5",
        ),
        "not_canonical",
        "",
    );
    // Not JSON, or not one text of it.
    bad("bad_empty_file", Vec::new(), "syntax", "");
    bad("bad_truncated", line.as_bytes()[..line.len() - 1].to_vec(), "syntax", "");
    bad("bad_second_object", format!("{line}{line}").into_bytes(), "syntax", "");
    bad("bad_byte_order_mark", format!("\u{feff}{line}").into_bytes(), "syntax", "");
    bad("bad_lone_surrogate", text_label("\\ud800"), "syntax", "");
    bad("bad_raw_control", text_label("a\tb"), "syntax", "");
    let mut not_utf8 = text_label("?");
    if let Some(at) = not_utf8.iter().position(|b| *b == b'?') {
        not_utf8[at] = 0xff;
    }
    bad("bad_utf8", not_utf8, "syntax", "");
    // Not the schema.
    bad("bad_unknown_field", add("kind", "1"), "unknown_field", "kind");
    bad(
        "bad_unknown_field_nested",
        edit(&whole, "\"output\":200", "\"outptu\":200"),
        "unknown_field",
        "ai.usage.outptu",
    );
    bad(
        "bad_duplicate_key",
        add("id", "\"019b76da-a87b-7101-8101-010101010101\""),
        "duplicate_key",
        "id",
    );
    bad(
        "bad_duplicate_key_nested",
        edit(&whole, "\"input\":150", "\"input\":150,\"input\":150"),
        "duplicate_key",
        "ai.usage.input",
    );
    bad("bad_duplicate_label", add("labels", r#"{"a":"1","a":"1"}"#), "duplicate_key", "labels.a");
    bad(
        "bad_duplicate_param",
        edit(&whole, "\"duration\":5", "\"duration\":5,\"duration\":5"),
        "duplicate_key",
        "ai.params.duration",
    );
    bad(
        "bad_float",
        edit(&whole, "\"temperature\":\"0.7\"", "\"temperature\":0.7"),
        "wrong_type",
        "ai.params.temperature",
    );
    bad(
        "bad_whole_float",
        edit(&whole, "\"duration_ms\":452", "\"duration_ms\":452.0"),
        "wrong_type",
        "duration_ms",
    );
    bad(
        "bad_exponent",
        edit(&whole, "\"duration_ms\":452", "\"duration_ms\":1e3"),
        "wrong_type",
        "duration_ms",
    );
    bad(
        "bad_negative",
        edit(&whole, "\"duration_ms\":452", "\"duration_ms\":-1"),
        "wrong_type",
        "duration_ms",
    );
    bad(
        "bad_negative_zero",
        edit(&whole, "\"duration\":5", "\"duration\":-0"),
        "wrong_type",
        "ai.params.duration",
    );
    bad(
        "bad_number_as_text",
        edit(&whole, "\"duration_ms\":452", "\"duration_ms\":\"452\""),
        "wrong_type",
        "duration_ms",
    );
    bad("bad_array_as_event", format!("[{line}]").into_bytes(), "wrong_type", "");
    bad(
        "bad_missing_id",
        edit(&line, "\"id\":\"019b76da-a87b-7101-8101-010101010101\",", ""),
        "missing",
        "id",
    );
    bad("bad_missing_actor_type", edit(&line, ",\"type\":\"system\"", ""), "missing", "actor.type");
    bad("bad_missing_outcome", edit(&line, "\"outcome\":\"success\",", ""), "missing", "outcome");
    bad(
        "bad_missing_service",
        edit(&line, "\"service\":{\"name\":\"studio\"},", ""),
        "missing",
        "service.name",
    );
    bad("bad_missing_tenant", edit(&line, "\"tenant\":\"default\",", ""), "missing", "tenant");
    bad("bad_missing_version", edit(&line, ",\"v\":1", ""), "missing", "v");
    bad("bad_version", edit(&line, "\"v\":1", "\"v\":2"), "version", "v");
    bad("bad_outcome", edit(&line, "\"success\"", "\"ok\""), "invalid_value", "outcome");
    bad(
        "bad_type_name",
        edit(&line, "ai.generation.started", "AI.started"),
        "invalid_value",
        "type",
    );
    bad(
        "bad_type_one_word",
        edit(&line, "ai.generation.started", "started"),
        "invalid_value",
        "type",
    );
    bad(
        "bad_id_upper_case",
        edit(&line, "019b76da-a87b-7101", "019B76DA-A87B-7101"),
        "invalid_value",
        "id",
    );
    bad(
        "bad_id_version_4",
        edit(&line, "019b76da-a87b-7101", "019b76da-a87b-4101"),
        "invalid_value",
        "id",
    );
    bad(
        "bad_time_without_fraction",
        edit(&line, "\"time\":\"2026-01-01T00:00:00.123Z\"", "\"time\":\"2026-01-01T00:00:00Z\""),
        "invalid_value",
        "time",
    );
    bad(
        "bad_time_offset",
        edit(
            &line,
            "\"time\":\"2026-01-01T00:00:00.123Z\"",
            "\"time\":\"2026-01-01T00:00:00.123+00:00\"",
        ),
        "invalid_value",
        "time",
    );
    bad(
        "bad_time_1970",
        edit(
            &line,
            "\"time\":\"2026-01-01T00:00:00.123Z\"",
            "\"time\":\"1970-01-01T00:00:00.000Z\"",
        ),
        "missing",
        "time",
    );
    bad(
        "bad_end_before_start",
        edit(
            &whole,
            "\"end_time\":\"2026-01-01T00:00:00.575Z\"",
            "\"end_time\":\"2026-01-01T00:00:00.122Z\"",
        ),
        "contradiction",
        "end_time",
    );
    bad("bad_empty_object", edit(&line, ",\"id\"", ",\"clock\":{},\"id\""), "empty", "clock");
    bad("bad_empty_text", edit(&whole, "\"department\"", "\"\""), "empty", "labels.");
    bad(
        "bad_identifier_control",
        edit(&line, "scheduler", "sched\\nuler"),
        "character",
        "actor.id",
    );
    bad(
        "bad_identifier_delete",
        edit(&line, "scheduler", "sched\u{7f}uler"),
        "character",
        "actor.id",
    );
    bad(
        "bad_identifier_bidi",
        edit(&line, "scheduler", "sched\u{202e}uler"),
        "character",
        "actor.id",
    );
    bad("bad_identifier_too_long", edit(&line, "scheduler", &"x".repeat(257)), "limit", "actor.id");
    bad("bad_label_name", add("labels", r#"{"a b":"1"}"#), "character", "labels.a b");
    bad(
        "bad_integer_too_large",
        edit(&whole, "\"duration_ms\":452", "\"duration_ms\":9007199254740992"),
        "limit",
        "duration_ms",
    );
    let labels: Vec<String> = (10..43).map(|n| format!("\"k{n}\":\"\"")).collect();
    bad(
        "bad_too_many_labels",
        add("labels", &format!("{{{}}}", labels.join(","))),
        "limit",
        "labels",
    );
    bad(
        "bad_digest_without_scheme",
        edit(&whole, ",\"ref\":\"c#1\",\"scheme\":\"commit-v1\"", ",\"ref\":\"c#1\""),
        "contradiction",
        "content.output",
    );
    bad(
        "bad_plain_hash_scheme",
        edit(&whole, "\"commit-v1\"", "\"sha256\""),
        "invalid_value",
        "content.output.scheme",
    );
    bad(
        "bad_too_large",
        format!("{line}{}", " ".repeat(65_536 - line.len())).into_bytes(),
        "limit",
        "",
    );

    let mut input = |name, json: &str, refused| {
        all.push(Case { name, reader: INPUT, bytes: json.as_bytes().to_vec(), refused });
    };
    let short = r#"{ "type": "ai.generation.started", "outcome": "success", "action": "text_to_video",
  "actor": {"type": "system", "id": "scheduler"} }
"#;
    input("input_ok_any_order", short, None);
    input("input_ok_null", &short.replacen('{', "{\"reason\":null,", 1), None);
    input(
        "input_bad_reserved_type",
        &short.replace("ai.generation.started", "log.loss"),
        Some(("reserved_type", "type")),
    );
    input(
        "input_bad_unknown_field",
        &short.replace("\"id\"", "\"uid\""),
        Some(("unknown_field", "actor.uid")),
    );
    all
}

fn index(cases: &[Case]) -> String {
    let mut text = "name\treader\texpect\tcode\tpath\n".to_owned();
    for case in cases {
        let (expect, (code, path)) = match case.refused {
            None => ("success", ("-", "-")),
            Some((code, path)) => ("failure", (code, if path.is_empty() { "-" } else { path })),
        };
        writeln!(text, "{}\t{}\t{expect}\t{code}\t{path}", case.name, case.reader).unwrap();
    }
    text
}

/// One test for both: writing files and reading them must not run at once.
#[test]
fn vectors() {
    files_are_what_the_generator_gives();
    files_are_read_as_the_index_says();
}

fn files_are_what_the_generator_gives() {
    let (cases, folder) = (cases(), folder());
    if std::env::var_os("DAYSEAL_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for case in &cases {
            std::fs::write(folder.join(format!("{}.json", case.name)), &case.bytes).unwrap();
        }
        std::fs::write(folder.join("INDEX.tsv"), index(&cases)).unwrap();
    }
    for case in &cases {
        let file = std::fs::read(folder.join(format!("{}.json", case.name))).unwrap();
        assert!(file == case.bytes, "{} differs from what the generator gives", case.name);
    }
    assert_eq!(std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap(), index(&cases));
}

fn files_are_read_as_the_index_says() {
    let text = std::fs::read_to_string(folder().join("INDEX.tsv")).unwrap();
    let mut listed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        assert_eq!(columns.len(), 5, "{line}");
        assert!(listed.insert(columns[0], columns).is_none(), "listed twice: {line}");
    }
    let mut files = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let line =
                listed.get(name).unwrap_or_else(|| panic!("{name} has no line in INDEX.tsv"));
            let bytes = std::fs::read(&path).unwrap();
            let (expect, code, at) = match read(line[1], &bytes) {
                Ok(event) => {
                    let again = encoded(&event);
                    assert!(line[1] != STORED || again == bytes, "{name}: encodes otherwise");
                    assert!(
                        line[1] != INPUT || again == encoded(&minimal()),
                        "{name}: another event"
                    );
                    ("success", "-", "-".to_owned())
                }
                Err(e) => ("failure", e.code(), e.path().to_owned()),
            };
            let at = if at.is_empty() { "-".to_owned() } else { at };
            assert_eq!((expect, code, at.as_str()), (line[2], line[3], line[4]), "{name}");
            files += 1;
        }
    }
    assert_eq!(files, listed.len(), "a line of INDEX.tsv without its file");
}

/// A repository file of documentation.
fn document(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Dotted paths of an event's fields: without items of lists, keys of maps and insides of content items.
fn paths(value: &serde_json::Value, path: &str, out: &mut Vec<String>) {
    let serde_json::Value::Object(map) = value else { return };
    for (key, value) in map {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let item = value.get("bytes").is_some();
        if !item && path != "labels" && path != "ai.params" {
            paths(value, &path, out);
        }
        out.push(path);
    }
}

#[test]
fn documents_name_every_field_and_type() {
    let event: serde_json::Value = serde_json::from_slice(&encoded(&full())).unwrap();
    let mut fields = Vec::new();
    paths(&event, "", &mut fields);
    let (spec, mapping) = (document("spec/entry.md"), document("event-mapping.md"));
    for path in &fields {
        assert!(spec.contains(&format!("`{path}`")), "spec/entry.md lacks `{path}`");
        // Objects are mapped by their fields.
        let leaf = !fields.iter().any(|other| other.starts_with(&format!("{path}.")));
        assert!(!leaf || mapping.contains(&format!("`{path}`")), "event-mapping.md lacks `{path}`");
    }
    for item in
        ["bytes", "digest", "key_version", "ref", "scheme", "redactions.path", "redactions.rule"]
    {
        assert!(spec.contains(&format!("`{item}`")), "spec/entry.md lacks `{item}`");
    }
    let names = EventType::KNOWN.iter().map(EventType::as_str);
    let lists = [
        Outcome::ALL.iter().map(|n| n.as_str()).collect::<Vec<_>>(),
        Severity::ALL.iter().map(|n| n.as_str()).collect(),
        ActorType::ALL.iter().map(|n| n.as_str()).collect(),
        DataClass::ALL.iter().map(|n| n.as_str()).collect(),
        SafetyStage::ALL.iter().map(|n| n.as_str()).collect(),
        Decision::ALL.iter().map(|n| n.as_str()).collect(),
        DigestScheme::ALL.iter().map(|n| n.as_str()).collect(),
    ];
    for name in names.chain(lists.into_iter().flatten()) {
        assert!(spec.contains(&format!("`{name}`")), "spec/entry.md lacks `{name}`");
    }
}

/// Every field and event type that the five seed documents log.
const SEED_FIELDS: &str =
    "timestamp event_type actor details prev_hash hash action model duration mode
    prompt_hash prompt_length status video_count event success access_key_prefix task_submitted
    task_completed auth_event event_id actor_id actor_type resource_type resource_id outcome
    ip_address user_agent metadata checksum api_key_used access_denied generation_started
    generation_completed generation_failed video_downloaded prompt_submitted settings_changed
    user_added budget_modified rate_limit_exceeded policy_violation purpose data_subject
    data_subject_id legal_basis data_categories recipients processing_activity deletion_request id
    input output input_hash output_hash input_content output_content provider conversation_id
    safety_passed detectors_triggered block_reason alerts blocked_at latency_ms input_tokens
    output_tokens user_id session_id department use_case sensitivity encryption_key_version agent_id
    trace_id inputs outputs duration_ms error environment service_name question patient_id
    masked_card record_accessed transaction_approved access_reason phi_type pos_terminal location
    user_id_hash retention_days AGENT_LOOP_START agent_execution_start agent_execution_end tool_use
    PHI_ACCESS CHD_ACCESS TEST_EVENT";

#[test]
fn every_seed_field_is_mapped() {
    let mapping = document("event-mapping.md");
    for field in SEED_FIELDS.split_whitespace() {
        assert!(mapping.contains(&format!("`{field}`")), "event-mapping.md lacks `{field}`");
    }
}
