//! Checks on which kinds of entries there are.

use dayseal_format::event::EventType;
use serde_json::{Value, json};

use super::recording::none;
use super::{Found, Status, count};
use crate::facts::Facts;

/// Entries of some kind: there are any, or it is not shown.
fn seen(f: &Facts, n: u64, what: &str, evidence: Value) -> Found {
    if let Some(none) = none(f) {
        return none;
    }
    if n == 0 {
        let detail = format!(
            "no entry about {what}: none happened, or none is recorded here; the log cannot tell which"
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    Found::new(Status::Pass, format!("{} about {what}", count(n, "entry", "entries")), evidence)
}

/// Entries of these types, and each as evidence.
fn of(f: &Facts, kinds: &[EventType]) -> (u64, Value) {
    let counts = kinds.iter().map(|kind| (kind.as_str().to_owned(), f.statistics.of(kind).into()));
    let total = kinds.iter().map(|kind| f.statistics.of(kind)).sum();
    (total, Value::Object(counts.collect()))
}

pub(super) fn access(f: &Facts) -> Found {
    let n = f.statistics.fields.access;
    seen(f, n, "access or change", json!({ "entries": n }))
}

pub(super) fn credentials(f: &Facts) -> Found {
    let (n, evidence) = of(
        f,
        &[
            EventType::IDENTITY_USER_CREATED,
            EventType::IDENTITY_USER_UPDATED,
            EventType::IDENTITY_USER_DISABLED,
            EventType::IDENTITY_USER_DELETED,
            EventType::AUTHZ_CHANGED,
            EventType::KEY_CREATED,
            EventType::KEY_ROTATED,
            EventType::KEY_DESTROYED,
        ],
    );
    seen(f, n, "accounts, rights or keys that changed", evidence)
}

pub(super) fn denied(f: &Facts) -> Found {
    let (n, evidence) = of(f, &[EventType::AUTHN_FAILED, EventType::AUTHZ_DENIED]);
    seen(f, n, "failed or denied access", evidence)
}

pub(super) fn changes(f: &Facts) -> Found {
    let (n, mut evidence) = of(f, &[EventType::CONFIG_CHANGED, EventType::LOG_CONFIG_CHANGED]);
    evidence["with_change"] = f.statistics.changes.into();
    seen(f, n, "settings that changed", evidence)
}

pub(super) fn admins(f: &Facts) -> Found {
    let n = f.statistics.actor_types.get("admin").copied().unwrap_or(0);
    seen(f, n, "what administrators did", json!({ "entries": n }))
}

/// Access to a kind of data: recorded, with its reason if that is asked, and naming what was touched.
fn data(f: &Facts, class: &str, what: &str, reason: bool) -> Found {
    let access = f.statistics.access.get(class).cloned().unwrap_or_default();
    let n = access.all.entries;
    let evidence = json!({
        "entries": n, "with_reason": access.with_reason, "with_resource": access.with_resource,
        "actors": access.actors.distinct,
    });
    if n == 0 {
        return seen(f, n, what, evidence);
    }
    let without = |with: u64| n - with;
    let mut lacking = Vec::new();
    if reason && without(access.with_reason) > 0 {
        lacking.push(format!(
            "{} without a reason",
            crate::render::number(without(access.with_reason))
        ));
    }
    if without(access.with_resource) > 0 {
        lacking.push(format!(
            "{} do not name what was touched",
            crate::render::number(without(access.with_resource))
        ));
    }
    let detail = format!("{} about {what}", count(n, "entry", "entries"));
    if lacking.is_empty() {
        return Found::new(Status::Pass, detail, evidence);
    }
    Found::new(Status::Warn, format!("{detail}: {}", lacking.join(", ")), evidence)
}

pub(super) fn phi(f: &Facts) -> Found {
    data(f, "phi", "access to health information", true)
}

pub(super) fn cards(f: &Facts) -> Found {
    data(f, "chd", "access to cardholder data", false)
}

pub(super) fn ai_fields(f: &Facts) -> Found {
    let x = f.statistics.ai.fields;
    if x.calls == 0 {
        return Found::not_applicable("no model call in these days");
    }
    let detail = format!(
        "of {}, {} name the provider, {} the model, {} when it ended, {} what guardrails decided",
        count(x.calls, "model call", "model calls"),
        crate::render::number(x.with_provider),
        crate::render::number(x.with_model),
        crate::render::number(x.with_end),
        crate::render::number(x.with_safety),
    );
    let status = match x.complete {
        n if n == x.calls => Status::Pass,
        0 => Status::Fail,
        _ => Status::Warn,
    };
    Found::new(status, detail, json!(x))
}

pub(super) fn ai_risk(f: &Facts) -> Found {
    let ai = &f.statistics.ai;
    let decided = ai.safety_passed + ai.safety_failed;
    let stopped = f.statistics.of(&EventType::AI_GENERATION_BLOCKED);
    let evidence = json!({
        "passed": ai.safety_passed, "failed": ai.safety_failed, "blocked": stopped,
        "oversight_decisions": ai.decisions,
    });
    if ai.calls.entries + decided == 0 {
        return Found::not_applicable("no model call in these days");
    }
    if decided + stopped == 0 {
        let detail = "model calls, and none says what guardrails decided: situations of risk would not be seen";
        return Found::new(Status::Warn, detail, evidence);
    }
    let detail = format!(
        "guardrails decided about {}; {} did not pass, {} blocked",
        count(decided, "entry", "entries"),
        crate::render::number(ai.safety_failed),
        count(stopped, "call was", "calls were"),
    );
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn oversight(f: &Facts) -> Found {
    let ai = &f.statistics.ai;
    let decided: u64 = ai.decisions.values().sum();
    let evidence = json!({
        "decisions": ai.decisions, "without_reviewer": ai.decisions_without_reviewer,
        "required": ai.oversight_required,
    });
    if decided == 0 && ai.oversight_required == 0 {
        return Found::not_applicable("no entry tells of a person's decision");
    }
    if ai.decisions_without_reviewer > 0 {
        let n = count(ai.decisions_without_reviewer, "decision names", "decisions name");
        return Found::new(Status::Fail, format!("{n} nobody who decided"), evidence);
    }
    let detail = format!("{} by people who are named", count(decided, "decision", "decisions"));
    Found::new(Status::Pass, detail, evidence)
}
