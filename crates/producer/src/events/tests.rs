//! Each event is valid and has what its control asks for.

use dayseal_format::UnixMillis;
use dayseal_format::event::{
    Actor, Agent, AiCall, Decision, EventBuilder, EventId, Outcome, Privacy, Resource, Source, Tool,
};
use serde_json::Value;

use super::*;

/// PCI DSS 10.2.2: user, type, outcome, origination; date and affected component are the log's.
const PCI: &[&str] = &["actor.id", "type", "outcome", "source.address"];
/// GDPR Art. 30(1)(b) to (d), and the basis of Art. 6.
const GDPR_30: &[&str] =
    &["privacy.purpose", "privacy.legal_basis", "privacy.categories", "privacy.recipients"];
/// HIPAA 164.312(b): who examined what, and why.
const HIPAA: &[&str] = &["actor.id", "resource.type", "resource.id", "access_reason", "data_class"];
/// Before and after, by whom.
const CHANGE: &[&str] = &["actor.id", "change.field", "change.from", "change.to"];
const AGENT: &[&str] = &["actor.id", "agent.id"];
const OF: &[&str] = &["actor.id", "resource.type", "resource.id"];

fn anna() -> Actor {
    Actor::user("anna")
}

fn desk() -> Source {
    Source::default().address("203.0.113.9").user_agent("Mozilla/5.0")
}

fn bot() -> Agent {
    Agent::new("qa-agent-001")
}

fn about() -> EventId {
    EventId::from_parts(UnixMillis::new(1_767_225_600_123).unwrap(), [7; 10])
}

type Case = (&'static str, EventBuilder, &'static str, Outcome, &'static [&'static [&'static str]]);

/// Name, event, type, outcome, fields asked for.
fn cases() -> Vec<Case> {
    use Outcome::{Blocked, Deferred, Failure, Success};
    let file = || Resource::new("video").id("v-1");
    let tool = || Tool::new("calculator").call_id("call-1");
    let call = AiCall::new("openai", "gpt-4o").operation("chat");
    let gdpr = processing(
        Actor::system("api"),
        "video_generation",
        "legitimate_interest",
        ["text_prompt"],
        ["klingai_api"],
    );
    vec![
        ("login", login(anna(), desk()), "authn.succeeded", Success, &[PCI]),
        (
            "login_failed",
            login_failed(anna(), desk(), "bad_password"),
            "authn.failed",
            Failure,
            &[PCI, &["reason.code"]],
        ),
        ("logout", logout(anna(), desk()), "authn.logout", Success, &[PCI]),
        ("mfa_passed", mfa_passed(anna(), desk()), "authn.succeeded", Success, &[PCI]),
        (
            "mfa_failed",
            mfa_failed(anna(), desk(), "wrong_code"),
            "authn.failed",
            Failure,
            &[PCI, &["reason.code"]],
        ),
        (
            "account_locked",
            account_locked(Actor::system("idp"), "anna", "too_many_attempts"),
            "identity.user.disabled",
            Success,
            &[OF, &["reason.code"]],
        ),
        (
            "user_created",
            user_created(Actor::admin("root"), "anna"),
            "identity.user.created",
            Success,
            &[OF],
        ),
        (
            "access_denied",
            access_denied(anna(), "delete", file(), desk()),
            "authz.denied",
            Blocked,
            &[PCI, OF],
        ),
        (
            "key_used",
            key_used(Actor::service("api"), "ak-0123456789abcdef0123456789"),
            "authn.key.used",
            Success,
            &[&["actor.id", "key.prefix"]],
        ),
        ("processing", gdpr, "privacy.processing", Success, &[GDPR_30]),
        (
            "erasure_requested",
            erasure_requested(anna(), "anna"),
            "privacy.erasure.requested",
            Deferred,
            &[&["privacy.subject"]],
        ),
        (
            "erasure_completed",
            erasure_completed(Actor::system("eraser"), "anna"),
            "privacy.erasure.completed",
            Success,
            &[&["privacy.subject"]],
        ),
        (
            "phi_access",
            phi_access(Actor::user("doctor123"), "patient_record_read", "P12345", "treatment"),
            "data.read",
            Success,
            &[HIPAA],
        ),
        (
            "cardholder_access",
            cardholder_access(
                Actor::user("cashier456"),
                "payment_processing",
                "4111111111111234",
                desk(),
            ),
            "data.read",
            Success,
            &[PCI, OF, &["data_class"]],
        ),
        ("exported", exported(anna(), "download", file()), "data.exported", Success, &[OF]),
        (
            "setting_changed",
            setting_changed(Actor::admin("root"), "max_tokens", "100", "200"),
            "config.changed",
            Success,
            &[CHANGE],
        ),
        (
            "budget_changed",
            budget_changed(Actor::admin("root"), "team-a", "100.00 EUR", "250.00 EUR"),
            "config.changed",
            Success,
            &[CHANGE, OF],
        ),
        (
            "rate_limited",
            rate_limited(anna(), "chat", "requests_per_minute"),
            "usage.rate_limited",
            Blocked,
            &[OF],
        ),
        (
            "policy_violated",
            policy_violated(anna(), "upload", "acceptable-use", "malware"),
            "policy.violated",
            Blocked,
            &[OF, &["reason.code"]],
        ),
        ("agent_started", agent_started(bot()), "ai.agent.started", Success, &[AGENT]),
        ("agent_step", agent_step(bot(), 1), "ai.agent.step", Success, &[AGENT, OF]),
        ("agent_ended", agent_ended(bot(), Failure), "ai.agent.ended", Failure, &[AGENT]),
        (
            "tool_called",
            tool_called(bot(), tool()),
            "ai.tool.called",
            Deferred,
            &[AGENT, &["ai.tool.name", "ai.tool.call_id"]],
        ),
        (
            "tool_returned",
            tool_returned(bot(), tool(), Success),
            "ai.tool.executed",
            Success,
            &[AGENT, &["ai.tool.name", "ai.tool.call_id"]],
        ),
        (
            "memory_read",
            memory_read(bot(), "profile/anna"),
            "ai.memory.read",
            Success,
            &[AGENT, OF],
        ),
        (
            "memory_written",
            memory_written(bot(), "profile/anna"),
            "ai.memory.written",
            Success,
            &[AGENT, OF],
        ),
        (
            "memory_deleted",
            memory_deleted(bot(), "profile/anna"),
            "ai.memory.deleted",
            Success,
            &[AGENT, OF],
        ),
        (
            "prompt_blocked",
            prompt_blocked(anna(), call, ["harmful_content"], "Content violates safety policy"),
            "ai.generation.blocked",
            Blocked,
            &[&[
                "ai.provider",
                "ai.model_requested",
                "safety.detectors",
                "safety.block_reason",
                "safety.stage",
            ]],
        ),
        (
            "oversight_decided",
            oversight_decided("eve", Decision::Overridden, about()),
            "review.completed",
            Success,
            &[&[
                "oversight.reviewer",
                "oversight.decision",
                "oversight.required",
                "correlation.parent_event",
            ]],
        ),
    ]
}

fn json(event: EventBuilder) -> Value {
    serde_json::to_value(event.build().unwrap()).unwrap()
}

#[test]
fn each_event_is_valid_and_has_what_its_control_asks_for() {
    for (name, event, kind, outcome, controls) in cases() {
        let event = json(event);
        assert_eq!(
            (&event["type"], &event["outcome"]),
            (&kind.into(), &outcome.as_str().into()),
            "{name}"
        );
        for path in controls.iter().copied().flatten() {
            let found = path.split('.').try_fold(&event, |part, key| part.get(key));
            assert!(found.is_some_and(|value| !value.is_null()), "{name} has no {path}: {event}");
        }
    }
}

#[test]
fn the_table_of_the_docs_has_each_event() {
    let docs = include_str!("../../../../docs/ai-calls.md");
    for (name, _, kind, ..) in cases() {
        let row = docs.lines().find(|line| line.contains(&format!("`{name}`")));
        assert!(row.is_some_and(|row| row.contains(&format!("`{kind}`"))), "{name} → {kind}");
    }
}

#[test]
fn no_key_and_no_card_number() {
    let key = "ak-0123456789abcdef0123456789";
    let event = json(key_used(anna(), key));
    assert_eq!(event["key"]["prefix"], "ak-0123");
    let event = json(cardholder_access(anna(), "pay", "4111 1111 1111 1234", desk()));
    assert_eq!(event["resource"]["id"], "****1234");
    assert_eq!(event["data_class"][0], "chd");
    assert_eq!(json(key_used(anna(), "short"))["key"], Value::Null);
}

#[test]
fn prefixes() {
    for (key, expected) in [
        ("", None),
        ("0123456789abcde", None),
        ("0123456789abcdef", Some("0123")),
        ("0123456789abcdef0123456789abcdef", Some("01234567")),
        (&"k".repeat(500), Some("kkkkkkkk")),
        ("ééééééééééééééééé", None),
        ("ab\ncdefghijklmnop", None),
    ] {
        assert_eq!(safe_prefix(key).as_deref(), expected, "{key}");
    }
}

#[test]
fn last_digits() {
    for (card, expected) in [
        ("4111111111111234", "****1234"),
        ("4111-1111-1111-1234", "****1234"),
        ("XXXXXXXXXXXX1234", "****1234"),
        ("****1234", "****1234"),
        ("1*3*1234", "****"),
        ("12341234", "****"),
        ("411111111111****", "****"),
        ("12345678901", "****"),
        ("no card", "****"),
    ] {
        assert_eq!(last_four(card), expected, "{card}");
    }
}

#[test]
fn what_is_added_stays() {
    let privacy = Privacy::default().category("medical_history");
    let event = json(phi_access(anna(), "read", "P1", "treatment").agent(bot()).privacy(privacy));
    assert_eq!(event["privacy"]["categories"][0], "medical_history");
    assert_eq!(event["agent"]["id"], "qa-agent-001");
    assert_eq!(event["data_class"][0], "phi");
}

#[test]
fn a_decision_not_made_is_deferred() {
    for decision in Decision::ALL {
        let event = json(oversight_decided("eve", *decision, about()));
        let open = matches!(decision, Decision::Pending | Decision::Escalated);
        assert_eq!(event["outcome"] == "deferred", open, "{decision}");
    }
}
