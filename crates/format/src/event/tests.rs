//! Round trips for any event, and what must be refused.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The time of every fixed event here and in the vectors.
pub(super) fn now() -> UnixMillis {
    UnixMillis::new(1_767_225_600_123).unwrap()
}

pub(super) fn id(n: u8) -> EventId {
    EventId::from_parts(now(), [n; 10])
}

/// The required fields and no other.
pub(crate) fn minimal() -> Event {
    Event::builder("ai.generation.started")
        .actor(Actor::system("scheduler"))
        .action("text_to_video")
        .outcome(Outcome::Success)
        .build()
        .unwrap()
        .complete(Defaults::new(id(1), now(), &Service::new("studio")))
        .unwrap()
}

/// Every field of the schema, once.
pub(crate) fn full() -> Event {
    let item = |n: u8| ContentItem {
        reference: Some(format!("content/2026-01-01/0f/{n}.content#0")),
        ..ContentItem::hmac(42 + u64::from(n), ContentDigest([n; 32]), "v2")
    };
    let commitment = ContentItem {
        reference: Some("c#1".into()),
        ..ContentItem::commitment(7, ContentDigest([0xc0; 32]))
    };
    Event::builder("ai.generation.blocked")
        .access_reason("treatment")
        .actor(Actor::agent("p_7f3a").session("s_456").on_behalf_of("p_123"))
        .action("summarise")
        .outcome(Outcome::Blocked)
        .agent(Agent::new("qa-agent-001").instance("run-9").name("QA").version("1.4"))
        .ai(AiCall::new("openai", "gpt-4-turbo")
            .operation("chat")
            .model_answered("gpt-4-turbo-2024-04-09")
            .model_version("2024-04-09")
            .param("duration", 5)
            .param("mode", "standard")
            .param("stream", false)
            .param("temperature", Scalar::decimal(0.7).unwrap())
            .input_tokens(150)
            .output_tokens(200)
            .cached_tokens(64)
            .reasoning_tokens(32)
            .first_token_ms(120)
            .latency_ms(451)
            .finish("content_filter")
            .response_id("chatcmpl-1")
            .output_type("text")
            .output_count(1)
            .region("eu-central-1")
            .tool(Tool::new("calculator").kind("function").call_id("call_1")))
        .change(
            Change::new("budget.monthly")
                .from("100")
                .to("250")
                .from_content(item(5))
                .to_content(item(6)),
        )
        .clock(Clock::default().source("lambda").offset_ms(-3))
        .content(Content::default().args(item(1)).input(item(2)).output(commitment).system(item(4)))
        .correlation(
            Correlation::default().conversation("conv-abc-123").job("task-1").parent_event(id(2)),
        )
        .data_class(DataClass::Phi)
        .data_class(DataClass::Confidential)
        .duration_ms(452)
        .end_time(now().saturating_add(452))
        .function(
            Function::default()
                .arn("arn:aws:lambda:eu-central-1:000000000000:function:studio")
                .cold_start(true)
                .execution("8c0e6a9e-0000-4000-8000-000000000001")
                .instance("2026/01/01/[$LATEST]abc")
                .memory_mb(512)
                .name("studio")
                .trigger("http")
                .version("$LATEST"),
        )
        .key(KeyRef::default().id("key-1").prefix("AKIA1234").version("v2"))
        .label("department", "finance")
        .label("pos_terminal", "POS-001")
        .label("quoted", "line\n\t\"\\/\u{1f}\u{7f} é 😀")
        .oversight(Oversight::default().required(true).decision(Decision::Rejected).reviewer("p_9"))
        .privacy(
            Privacy::new("video_generation")
                .legal_basis("legitimate_interest")
                .category("text_prompt")
                .recipient("klingai_api")
                .subject("ds_44")
                .transfer_region("CN")
                .exemption("gdpr-17-3-b"),
        )
        .reason(Reason::new("content_policy").text("Content violates safety policy"))
        .redaction("labels.note", "jwt")
        .resource(Resource::new("patient_record").id("p_5512"))
        .safety(
            Safety::failed(SafetyStage::Input)
                .detector("harmful_content")
                .detector("illegal_activity")
                .block_reason("Content violates safety policy")
                .alert("User warned")
                .policy_version("2026-01"),
        )
        .service(Service::new("studio").env("production").region("eu-central-1").version("3.1.0"))
        .severity(Severity::High)
        .source(Source::default().address("203.0.113.0/24").user_agent("curl/8").request_id("r-1"))
        .tenant("acme")
        .trace(
            Trace::new("4bf92f3577b34da6a3ce929d0e0e4736")
                .span_id("00f067aa0ba902b7")
                .parent_id("b7ad6b7169203331"),
        )
        .build()
        .unwrap()
        .complete(Defaults::new(id(1), now(), &Service::new("unused")))
        .unwrap()
}

pub(crate) fn encoded(event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    event.encode(&mut out);
    out
}

fn code_and_path(error: &EventError) -> (&'static str, &str) {
    (error.code(), error.path())
}

fn draft(json: &str) -> Result<EventDraft, EventError> {
    Event::from_json(json.as_bytes())
}

fn completed(draft: EventDraft) -> Result<Event, EventError> {
    draft.complete(Defaults::new(id(1), now(), &Service::new("studio")))
}

const INPUT: &str =
    r#"{"type":"a.b","actor":{"type":"user","id":"u"},"action":"x","outcome":"success""#;

fn input(rest: &str) -> Result<EventDraft, EventError> {
    draft(&format!("{INPUT},{rest}}}"))
}

// --- the encoding -------------------------------------------------------------------------------

#[test]
fn keys_are_written_in_byte_order_everywhere() {
    // `Value` keeps keys in a sorted map, unless a dependency turns on `preserve_order`.
    let sorted: serde_json::Value = serde_json::from_str(r#"{"b":{"d":1,"c":1},"a":1}"#).unwrap();
    assert_eq!(sorted.to_string(), r#"{"a":1,"b":{"c":1,"d":1}}"#);
    let line = encoded(&full());
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(serde_json::to_vec(&value).unwrap(), line);
}

#[test]
fn encode_appends_and_decode_gives_it_back() {
    for event in [minimal(), full()] {
        let mut out = b"before".to_vec();
        event.encode(&mut out);
        assert_eq!(Event::decode(&out[6..]).unwrap(), event);
        assert!(!out.contains(&b'\n'));
    }
}

#[test]
fn every_field_of_the_full_event_is_there() {
    // A field left out of `full()` would be left out of the vectors and of the documents' tests.
    let text = format!("{:?}", full().into_fields());
    // The one `None` is the commitment's key version, which it cannot have.
    assert_eq!(text.matches("None").count(), 1, "{text}");
    assert!(!text.contains("[]") && !text.contains("{}"), "{text}");
}

#[test]
fn the_bound_covers_the_frame() {
    // All names, punctuation and numbers of a full event, its texts included, fit into the frame.
    assert!(encoded(&full()).len() < 4_096, "{}", encoded(&full()).len());
}

#[test]
fn bytes_that_differ_are_shown_by_their_offset() {
    let line = encoded(&minimal());
    let text = String::from_utf8(line.clone()).unwrap();
    let cases = [
        (text.replace("\"outcome\"", " \"outcome\""), text.find("\"outcome\"").unwrap()),
        (format!("{text} "), text.len()),
        (format!("{text}\n"), text.len()),
        (text.replace("scheduler", "sch\\u0065duler"), text.find("eduler").unwrap()),
    ];
    for (changed, at) in cases {
        assert_eq!(
            Event::decode(changed.as_bytes()),
            Err(EventError::NotCanonical { at }),
            "{changed}"
        );
    }
}

#[test]
fn every_single_byte_change_is_another_event_or_refused() {
    let line = encoded(&minimal());
    for at in 0..line.len() {
        for bit in 0..8 {
            let mut changed = line.clone();
            changed[at] ^= 1 << bit;
            if let Ok(event) = Event::decode(&changed) {
                assert_eq!(encoded(&event), changed, "byte {at} bit {bit}");
            }
        }
    }
    for cut in 0..line.len() {
        assert!(Event::decode(&line[..cut]).is_err(), "cut at {cut}");
    }
}

// --- drafts -------------------------------------------------------------------------------------

#[test]
fn a_draft_is_completed_by_the_producer() {
    let draft = input("\"service\":{\"env\":\"dev\"}").unwrap();
    let service = Service::new("studio").env("production").version("3");
    let event = draft.complete(Defaults::new(id(9), now(), &service).tenant("acme")).unwrap();
    assert_eq!((event.id, event.time, event.logged_time, event.v), (id(9), now(), now(), 1));
    assert_eq!(event.service, Service::new("studio").env("dev").version("3"));
    assert_eq!(event.tenant, "acme");
    assert_eq!(completed(input("\"v\":1").unwrap()).unwrap().tenant, DEFAULT_TENANT);
}

#[test]
fn what_a_draft_has_is_kept() {
    let line = encoded(&full());
    let pretty: serde_json::Value = serde_json::from_slice(&line).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    assert_eq!(completed(draft(&pretty).unwrap()).unwrap(), full());
}

#[test]
fn empty_parts_and_nulls_of_a_draft_are_absent() {
    let event = completed(
        input(r#""ai":{"usage":{},"params":{}},"labels":{},"reason":null,"trace":{}"#).unwrap(),
    )
    .unwrap();
    assert_eq!((&event.ai, &event.reason, &event.trace), (&None, &None, &None));
}

#[test]
fn an_edited_draft_is_checked_again() {
    let mut d = input("\"v\":1").unwrap();
    d.edit().labels.insert("k".into(), "x".repeat(257));
    let error = completed(d.clone()).unwrap_err();
    assert_eq!(code_and_path(&error), ("limit", "labels.k"));
    d.edit().labels.clear();
    d.edit().kind = "log.loss".into();
    assert_eq!(completed(d), Err(EventError::ReservedType));
}

#[test]
fn log_types_are_for_dayseal_only() {
    let refused = draft(&format!("{INPUT}}}").replace("a.b", "log.loss"));
    assert_eq!(refused, Err(EventError::ReservedType));
    let own = Event::reserved_builder(EventType::LOG_LOSS)
        .actor(Actor::system("dayseal"))
        .action("drop")
        .outcome(Outcome::Failure)
        .build()
        .unwrap();
    let event = completed(own).unwrap();
    assert_eq!(Event::decode(&encoded(&event)).unwrap(), event);
}

#[test]
fn the_builder_names_what_is_missing() {
    let b = || Event::builder("a.b");
    assert_eq!(code_and_path(&b().build().unwrap_err()), ("missing", "outcome"));
    let b = || b().outcome(Outcome::Success);
    assert_eq!(code_and_path(&b().build().unwrap_err()), ("missing", "action"));
    let b = || b().action("x");
    assert_eq!(code_and_path(&b().build().unwrap_err()), ("missing", "actor.id"));
    let b = || b().actor(Actor::user("u"));
    assert!(b().build().is_ok());
    let no_name = Service::default();
    let error = b().build().unwrap().complete(Defaults::new(id(1), now(), &no_name)).unwrap_err();
    assert_eq!(code_and_path(&error), ("missing", "service.name"));
}

// --- refusals -----------------------------------------------------------------------------------

#[test]
fn refusals_name_the_path() {
    let long = |n: usize| "x".repeat(n);
    let many = |n: usize| (0..n).map(|i| format!("\"k{i}\":\"\"")).collect::<Vec<_>>().join(",");
    let cases: Vec<(String, &str, &str)> = vec![
        (r#""ai":{"usage":{"outptu":1}}"#.into(), "unknown_field", "ai.usage.outptu"),
        (r#""nope":1"#.into(), "unknown_field", "nope"),
        (r#""ai":{"usage":{"input":1,"input":2}}"#.into(), "duplicate_key", "ai.usage.input"),
        (r#""labels":{"a":"1","a":"2"}"#.into(), "duplicate_key", "labels.a"),
        (r#""ai":{"params":{"a":1,"a":1}}"#.into(), "duplicate_key", "ai.params.a"),
        (r#""ai":{"params":{"t":0.7}}"#.into(), "wrong_type", "ai.params.t"),
        (r#""ai":{"params":{"t":[1]}}"#.into(), "wrong_type", "ai.params.t"),
        (r#""ai":{"params":{"t":null}}"#.into(), "wrong_type", "ai.params.t"),
        (r#""ai":{"latency_ms":1.0}"#.into(), "wrong_type", "ai.latency_ms"),
        (r#""ai":{"latency_ms":1e3}"#.into(), "wrong_type", "ai.latency_ms"),
        (r#""ai":{"latency_ms":-1}"#.into(), "wrong_type", "ai.latency_ms"),
        (r#""ai":{"latency_ms":9007199254740992}"#.into(), "limit", "ai.latency_ms"),
        (r#""ai":{"params":{"n":18446744073709551615}}"#.into(), "limit", "ai.params.n"),
        (r#""clock":{"offset_ms":-9007199254740992}"#.into(), "limit", "clock.offset_ms"),
        (r#""safety":{"passed":"yes"}"#.into(), "wrong_type", "safety.passed"),
        (r#""safety":{"stage":"input"}"#.into(), "missing", "safety.passed"),
        (
            r#""safety":{"passed":false,"detectors":["a",""]}"#.into(),
            "empty",
            "safety.detectors[1]",
        ),
        (
            r#""safety":{"passed":false,"detectors":["a",7]}"#.into(),
            "wrong_type",
            "safety.detectors[1]",
        ),
        (r#""severity":"bad""#.into(), "invalid_value", "severity"),
        (r#""time":"2026-01-01T00:00:00Z""#.into(), "invalid_value", "time"),
        (r#""id":"019B76DA-A87B-7FFF-BFFF-FFFFFFFFFFFF""#.into(), "invalid_value", "id"),
        (r#""data_class":["pii","gossip"]"#.into(), "invalid_value", "data_class[1]"),
        (r#""reason":{"text":""}"#.into(), "empty", "reason.text"),
        (format!(r#""reason":{{"text":"{}"}}"#, long(257)), "limit", "reason.text"),
        (format!(r#""resource":{{"type":"{}"}}"#, long(129)), "limit", "resource.type"),
        (format!(r#""trace":{{"trace_id":"{}"}}"#, long(257)), "limit", "trace.trace_id"),
        (r#""resource":{"type":"a","id":"x\ny"}"#.into(), "character", "resource.id"),
        (r#""resource":{"type":"a","id":"x\u007f"}"#.into(), "character", "resource.id"),
        (r#""resource":{"type":"a","id":"x\u0085"}"#.into(), "character", "resource.id"),
        (r#""resource":{"type":"a","id":"x\u202ey"}"#.into(), "character", "resource.id"),
        (r#""key":{"prefix":"AKIA12345"}"#.into(), "limit", "key.prefix"),
        (format!(r#""labels":{{{}}}"#, many(33)), "limit", "labels"),
        (r#""labels":{"a b":"1"}"#.into(), "character", "labels.a b"),
        (r#""labels":{"é":"1"}"#.into(), "character", "labels.é"),
        (r#""labels":{"":"1"}"#.into(), "empty", "labels."),
        (r#""labels":{"a":{"b":"c"}}"#.into(), "wrong_type", "labels.a"),
        (
            r#""content":{"input":{"bytes":1,"digest":"00"}}"#.into(),
            "invalid_value",
            "content.input.digest",
        ),
        (
            r#""content":{"input":{"bytes":1,"scheme":"sha256"}}"#.into(),
            "invalid_value",
            "content.input.scheme",
        ),
        (
            r#""content":{"input":{"bytes":1,"scheme":"commit-v1"}}"#.into(),
            "contradiction",
            "content.input",
        ),
        (
            r#""content":{"input":{"bytes":1,"key_version":"1"}}"#.into(),
            "contradiction",
            "content.input",
        ),
        (r#""redactions":[{"path":"a","rule":""}]"#.into(), "empty", "redactions[0].rule"),
        (
            r#""time":"2026-01-01T00:00:00.001Z","end_time":"2026-01-01T00:00:00.000Z""#.into(),
            "contradiction",
            "end_time",
        ),
        (r#""v":2"#.into(), "version", "v"),
        (r#""v":2,"new_field":1"#.into(), "version", "v"),
        (r#""type":"c.d""#.into(), "duplicate_key", "type"),
    ];
    for (rest, code, path) in cases {
        let error = input(&rest).err().unwrap_or_else(|| panic!("taken: {rest}"));
        assert_eq!(code_and_path(&error), (code, path), "{rest}: {error}");
    }
}

#[test]
fn bad_types_and_missing_fields() {
    for bad in ["ai", "Ai.b", "a..b", "a.b-c"] {
        let error = draft(&format!("{INPUT}}}").replace("a.b", bad)).unwrap_err();
        assert_eq!(code_and_path(&error), ("invalid_value", "type"), "{bad}");
    }
    let error = draft(r#"{"type":"a.b","action":"x","outcome":"success"}"#).unwrap_err();
    assert_eq!(code_and_path(&error), ("missing", "actor"));
    let error = draft(r#"{"type":"a.b","actor":{"id":"u"},"action":"x","outcome":"success"}"#);
    assert_eq!(code_and_path(&error.unwrap_err()), ("missing", "actor.type"));
}

#[test]
fn not_json() {
    for (bad, at) in [("", 0), ("{", 0), ("{\"action\"}", 9), ("{ \n x}", 4), ("\u{feff}{}", 0)] {
        let error = draft(bad).unwrap_err();
        assert!(
            matches!(error, EventError::Syntax { at: found, .. } if found == at),
            "{bad}: {error}"
        );
    }
    let error = draft(&format!("{INPUT}}} {{}}")).unwrap_err();
    assert_eq!(error.code(), "syntax");
    for bad in [&b"{\"action\":\"\xff\"}"[..], b"{\"action\":\"\\ud800\"}", b"{\"action\":\"\n\"}"]
    {
        assert_eq!(Event::from_json(bad).unwrap_err().code(), "syntax");
    }
    let deep = "[".repeat(100_000);
    assert!(input(&format!("\"labels\":{deep}")).is_err());
}

#[test]
fn an_array_is_not_an_object() {
    for (rest, path) in [
        (r#""source":["203.0.113.0/24",null,null]"#, "source"),
        (r#""safety" : [[],null,[],true,null,null]"#, "safety"),
        (r#""redactions":[["path","rule"]]"#, ""),
        (r#""data_class":["pii"],"content":{"input":[1,null,null,null,null]}"#, "input"),
    ] {
        assert_eq!(code_and_path(&input(rest).unwrap_err()), ("wrong_type", path), "{rest}");
    }
    let lists = r#""data_class" : [],"ai":{"finish":["[\"["]},"labels":{"finish":"[","a":"\\"}"#;
    assert!(input(lists).is_ok(), "{:?}", input(lists));
}

#[test]
fn errors_do_not_tell_values() {
    for rest in [
        r#""ai":{"usage":{"input":"hunter2, expected `x`"}}"#,
        r#""labels":"hunter2""#,
        r#""actor":"hunter2""#,
        r#""safety":{"passed":"hunter2"}"#,
        r#""reason":{"code":"hunter2\n"}"#,
    ] {
        let error = input(rest).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn an_unknown_key_cannot_forge_a_line_of_the_error() {
    let error = input(r#""a\nb\u001b[2J":1"#).unwrap_err();
    assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
    let error = input(&format!("\"{}\":1", "k".repeat(10_000))).unwrap_err();
    assert!(error.to_string().len() < 2_000);
}

#[test]
fn sizes_are_bounded() {
    let alerts = |n: usize, size: usize| {
        let text = "\\u0001".repeat(size);
        let list = vec![format!("\"{text}\""); n].join(",");
        format!("\"safety\":{{\"passed\":true,\"alerts\":[{list}]}}")
    };
    // 64 texts of 256 bytes, each byte six when escaped: 98 kB.
    let error = completed(input(&alerts(64, 256)).unwrap()).unwrap_err();
    assert!(matches!(error, EventError::Limit { limit: 65_535, found: 98_000.., .. }), "{error}");
    assert!(completed(input(&alerts(40, 256)).unwrap()).is_ok());
    let error = input(&alerts(65, 1)).unwrap_err();
    assert_eq!(code_and_path(&error), ("limit", "safety.alerts"));
    assert_eq!(Event::decode(&vec![b' '; 65_536]).unwrap_err().code(), "limit");
    assert_eq!(Event::from_json(&vec![b' '; limits::INPUT + 1]).unwrap_err().code(), "limit");
}

#[test]
fn serde_both_ways() {
    let event = full();
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(text.as_bytes(), encoded(&event));
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    let draft = input("\"v\":1").unwrap();
    let text = serde_json::to_string(&draft).unwrap();
    assert!(!text.contains("\"id\":\"") || text.contains("\"id\":\"u\""), "{text}");
    assert_eq!(serde_json::from_str::<EventDraft>(&text).unwrap(), draft);
    assert!(serde_json::from_str::<Event>(&text).is_err());
}

// --- any event ----------------------------------------------------------------------------------

fn identifier() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{1,24}", "[a-zé😀ß]{1,8}"]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_.:/ -]{1,16}"
}

fn free() -> impl Strategy<Value = String> {
    // Any characters at all, controls and quotes more often than chance gives them.
    vec(
        prop_oneof![any::<char>(), select(vec!['"', '\\', '/', '\n', '\u{1}', '\u{7f}', '😀'])],
        1..24,
    )
    .prop_map(|c| c.into_iter().collect())
}

fn number() -> impl Strategy<Value = u64> {
    0..=limits::INTEGER
}

fn event_id() -> impl Strategy<Value = EventId> {
    (time(), any::<[u8; 10]>()).prop_map(|(t, r)| EventId::from_parts(t, r))
}

fn time() -> impl Strategy<Value = UnixMillis> {
    (1..=UnixMillis::MAX.as_millis()).prop_map(|ms| UnixMillis::new(ms).unwrap())
}

fn item() -> impl Strategy<Value = ContentItem> {
    (number(), any::<[u8; 32]>(), name(), 0..3u8).prop_map(|(bytes, d, text, which)| match which {
        0 => ContentItem::sized(bytes),
        1 => ContentItem::hmac(bytes, ContentDigest(d), text),
        _ => ContentItem {
            reference: Some(text),
            ..ContentItem::commitment(bytes, ContentDigest(d))
        },
    })
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        any::<bool>().prop_map(Scalar::Bool),
        (-(limits::INTEGER as i64)..=limits::INTEGER as i64).prop_map(Scalar::Integer),
        free().prop_map(Scalar::Text),
        any::<f64>().prop_filter_map("finite", Scalar::decimal),
    ]
}

fn key() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_.:/-]{1,16}"
}

fn ai() -> impl Strategy<Value = AiCall> {
    let texts = (
        of(name()),
        of(name()),
        of(name()),
        of(name()),
        of(name()),
        of(name()),
        of(name()),
        of(identifier()),
    );
    let numbers = (of(number()), of(number()), of(number()));
    let usage = (of(number()), of(number()), of(number()), of(number()))
        .prop_map(|(cached, input, output, reasoning)| Usage { cached, input, output, reasoning });
    let tool = (of(identifier()), name(), of(name())).prop_map(|(call_id, name, kind)| Tool {
        call_id,
        name,
        kind,
    });
    (vec(name(), 0..3), texts, numbers, btree_map(key(), scalar(), 0..4), of(tool), of(usage))
        .prop_map(|(finish, t, n, params, tool, usage)| AiCall {
            finish,
            first_token_ms: n.0,
            latency_ms: n.1,
            model_answered: t.0,
            model_requested: t.1,
            model_version: t.2,
            operation: t.3,
            output_count: n.2,
            output_type: t.4,
            params,
            provider: t.5,
            region: t.6,
            response_id: t.7,
            tool,
            usage,
        })
}

fn function() -> impl Strategy<Value = Function> {
    let ids = (of(identifier()), of(identifier()), of(identifier()));
    let names = (of(name()), of(name()), of(name()));
    (ids, names, of(any::<bool>()), of(any::<u32>())).prop_map(|(i, n, cold_start, memory_mb)| {
        Function {
            arn: i.0,
            cold_start,
            execution: i.1,
            instance: i.2,
            memory_mb,
            name: n.0,
            trigger: n.1,
            version: n.2,
        }
    })
}

prop_compose! {
    fn privacy()(
        lists in (vec(name(), 0..3), vec(name(), 0..3)),
        n in (of(name()), of(name()), of(name()), of(name())),
        subject in of(identifier()),
    ) -> Privacy {
        Privacy {
            categories: lists.0, recipients: lists.1, subject,
            exemption: n.0, legal_basis: n.1, purpose: n.2, transfer_region: n.3,
        }
    }
}

prop_compose! {
    fn who()(
        id in identifier(), on_behalf_of in of(identifier()), session in of(identifier()),
        kind in select(ActorType::ALL),
        agent in of((of(identifier()), of(identifier()), of(name()), of(name()))),
        source in of((of(identifier()), of(identifier()), of(free()))),
        trace in of((of(identifier()), of(identifier()), of(identifier()))),
        correlation in of((of(identifier()), of(identifier()), of(event_id()))),
        function in of(function()),
    ) -> EventFields {
        let mut e = minimal().into_fields();
        e.actor = Actor { id, on_behalf_of, session, kind };
        e.agent = agent.map(|(id, instance, name, version)| Agent { id, instance, name, version });
        e.source = source.map(|(address, request_id, user_agent)| Source { address, request_id, user_agent });
        e.trace = trace.map(|(parent_id, span_id, trace_id)| Trace { parent_id, span_id, trace_id });
        e.correlation = correlation
            .map(|(conversation, job, parent_event)| Correlation { conversation, job, parent_event });
        e.function = function;
        e
    }
}

prop_compose! {
    pub(crate) fn fields()(
        who in who(), ai in of(ai()), privacy in of(privacy()),
        content in of((of(item()), of(item()), of(item()), of(item()))),
        change in of((name(), of(free()), of(item()), of(free()), of(item()))),
        safety in of((vec(free(), 0..3), of(free()), vec(name(), 0..3), any::<bool>(), of(name()), of(select(SafetyStage::ALL)))),
        small in (
            of((of(-5_000..5_000i64), of(name()))),
            of((of(identifier()), of("[A-Z0-9]{1,8}"), of(name()))),
            of((of(select(Decision::ALL)), of(any::<bool>()), of(identifier()))),
            of((of(name()), of(free()))),
            of((of(identifier()), name())),
            vec((identifier(), name()), 0..3),
        ),
        times in (time(), time(), of(0..100_000i64), of(number())),
        head in (event_id(), identifier(), name(), of(name()), of(name()), of(name())),
        kind in prop_oneof!["[a-z0-9_]{1,5}(\\.[a-z0-9_]{1,5}){1,3}", select(EventType::KNOWN).prop_map(|t| t.to_string())],
        rest in (name(), select(Outcome::ALL), of(select(Severity::ALL)), of(free())),
        labels in btree_map(key(), free(), 0..4),
        data_class in btree_set(select(DataClass::ALL), 0..4),
    ) -> EventFields {
        let mut e = who;
        e.ai = ai;
        e.privacy = privacy;
        e.content = content.map(|(args, input, output, system)| Content { args, input, output, system });
        e.change = change.map(|(field, from, from_content, to, to_content)| Change { field, from, from_content, to, to_content });
        e.safety = safety.map(|(alerts, block_reason, detectors, passed, policy_version, stage)| Safety {
            alerts, block_reason, detectors, passed, policy_version, stage,
        });
        e.clock = small.0.map(|(offset_ms, source)| Clock { offset_ms, source });
        e.key = small.1.map(|(id, prefix, version)| KeyRef { id, prefix, version });
        e.oversight = small.2.map(|(decision, required, reviewer)| Oversight { decision, required, reviewer });
        e.reason = small.3.map(|(code, text)| Reason { code, text });
        e.resource = small.4.map(|(id, kind)| Resource { id, kind });
        e.redactions = small.5.into_iter().map(|(path, rule)| Redaction { path, rule }).collect();
        (e.time, e.logged_time) = (times.0, times.1);
        e.end_time = times.2.map(|ms| e.time.saturating_add(ms));
        e.duration_ms = times.3;
        (e.id, e.tenant) = (head.0, head.1);
        e.service = Service { name: head.2, env: head.3, region: head.4, version: head.5 };
        e.kind = kind.into();
        (e.action, e.outcome, e.severity) = (rest.0, rest.1, rest.2);
        e.access_reason = rest.3;
        e.labels = labels;
        e.data_class = data_class;
        validate::drop_empty(&mut e);
        e
    }
}

proptest! {
    #[test]
    fn any_event_round_trips(fields in fields()) {
        let event = Event::from_fields(fields).unwrap();
        let line = encoded(&event);
        prop_assert!(line.len() <= limits::EVENT);
        let read = Event::decode(&line).unwrap();
        prop_assert_eq!(encoded(&read), line.clone());
        prop_assert_eq!(&read, &event);
        // Sorted keys, however they are read: `Value` keeps them in a sorted map.
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(serde_json::to_vec(&value).unwrap(), line);
        // The same event, indented, is a draft that is already complete.
        if !event.kind.is_reserved() {
            let pretty = serde_json::to_vec_pretty(&value).unwrap();
            prop_assert_eq!(completed(Event::from_json(&pretty).unwrap()).unwrap(), event);
        }
    }

    #[test]
    fn the_bound_is_never_too_small(fields in fields()) {
        let event = Event::from_fields(fields).unwrap();
        let bound = validate::bound(&event);
        prop_assert!(encoded(&event).len() <= bound);
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(at in 0usize..4_000, with in vec(any::<u8>(), 0..4), cut in 0usize..4) {
        let mut line = encoded(&full());
        let at = at % line.len();
        line.splice(at..(at + cut).min(line.len()), with);
        if let Ok(event) = Event::decode(&line) {
            prop_assert_eq!(encoded(&event), line.clone());
        }
        let _ = Event::from_json(&line);
    }
}
#[test]
fn a_cut_list_of_fields_ends_behind_a_whole_name() {
    let error = Event::from_json(br#"{"bogus":1}"#).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `bogus`: expected one of `"), "{error}");
    let names = error.strip_suffix("`, …").expect("the list is longer than the limit");
    assert!(names.ends_with(|c: char| c.is_ascii_lowercase()), "{error}");
    let known = ["redactions", "reason", "privacy", "resource"];
    assert!(known.iter().any(|name| names.ends_with(&format!("`{name}"))), "{error}");
}
