//! Whether the log runs: schedules, the last seal, the last verification, and the policy it is judged by.

use dayseal_format::UnixMillis;
use serde_json::{Value, json};

use super::bucket::{fail, pass, warn};
use super::facts::{Facts, ScheduleFacts};
use super::{CheckResult, Control, Profile, Status};

/// Longest time without a seal or a verification, in hours: a day and a grace.
const MAX_HOURS: i64 = 26;
const HOUR_MS: i64 = 3_600_000;

const REVIEW: &[&str] = &["PCI 10.4.1.1", "SOC2 CC7.2", "NIST AU-6"];
const FAILURE: &[&str] = &["PCI 10.7.2", "SOC2 CC7.2", "NIST AU-5"];

pub(super) fn operations(facts: &Facts, profile: &Profile, out: &mut Vec<CheckResult>) {
    schedules(facts, out);
    let c = Control { id: "S03", title: "the last seal", controls: FAILURE };
    out.push(c.of(&facts.log.newest_sealed, |newest| {
        let due = facts.now.saturating_add(-MAX_HOURS * HOUR_MS).day().previous();
        match (newest, due) {
            (Some(day), Some(due)) if *day >= due => {
                pass(format!("{day}: audit logging is enabled"), json!(newest))
            }
            (Some(day), Some(due)) => fail(
                format!("{day}: {due} should be sealed by now; see the sealer's log"),
                json!(newest),
            ),
            _ => fail("no day was ever sealed", json!(newest)),
        }
    }));
    let c = Control { id: "S04", title: "the last scheduled verification", controls: REVIEW };
    out.push(c.of(&facts.log.verified, |verified| match verified {
        None => fail("there is no report: no schedule verifies this log", json!(verified)),
        Some(v) if hours_since(v.at, facts.now) > MAX_HOURS => fail(
            format!("{} hours ago: the verifier is silent", hours_since(v.at, facts.now)),
            json!(verified),
        ),
        Some(v) if v.exit_code != 0 => fail(
            format!("it ended with exit code {}: read its report", v.exit_code),
            json!(verified),
        ),
        Some(v) => {
            pass(format!("it held, {} hours ago", hours_since(v.at, facts.now)), json!(verified))
        }
    }));
    let c = Control {
        id: "S05",
        title: "what the log promises to keep",
        controls: &["HIPAA 164.316(b)(2)(i)", "PCI 10.5.1", "AI Act 19"],
    };
    out.push(c.of(&facts.log.keep_until, |until| {
        let floor = i32::try_from(profile.floor_days).unwrap_or(i32::MAX);
        match (until, facts.log.newest_sealed.as_ref().ok().copied().flatten()) {
            (Some(until), Some(day)) if until.days_since(day) >= floor => pass(format!("{day} is kept until {until}"), json!(until)),
            (Some(until), Some(day)) => fail(format!("{day} is promised until {until}: expected {floor} days at least; correct retention_days"), json!(until)),
            _ => warn("no day was sealed yet", json!(until)),
        }
    }));
    policy(facts, profile, out);
}

fn hours_since(at: UnixMillis, now: UnixMillis) -> i64 {
    (now.as_millis() - at.as_millis()) / HOUR_MS
}

fn schedules(facts: &Facts, out: &mut Vec<CheckResult>) {
    let c = Control { id: "S01", title: "schedules", controls: FAILURE };
    if facts.schedules.is_empty() {
        out.push(c.result(
            Status::Warn,
            "none were named, so none were looked at; name them with --schedule GROUP/NAME",
            Value::Null,
        ));
        return;
    }
    for fact in &facts.schedules {
        out.push(c.of(fact, |s: &ScheduleFacts| match s.enabled {
            true => pass(format!("{} runs {}", s.name, s.expression), json!(s)),
            false => fail(format!("{} is disabled", s.name), json!(s)),
        }));
        let c = Control { id: "S02", title: "runs that failed are kept", controls: FAILURE };
        out.push(c.of(fact, |s| match &s.dead_letters {
            None => fail(
                format!("{} has no dead-letter queue: a run that fails for good is gone", s.name),
                json!(s),
            ),
            Some(queue) => match &queue.messages {
                Ok(0) => pass(format!("{}: its queue is empty", s.name), json!(queue)),
                Ok(n) => fail(
                    format!("{}: {n} runs failed for good; read {}", s.name, queue.arn),
                    json!(queue),
                ),
                Err(e) => warn(format!("{}: {e}", queue.arn), json!(queue)),
            },
        }));
    }
}

fn policy(facts: &Facts, profile: &Profile, out: &mut Vec<CheckResult>) {
    let c = Control {
        id: "P01",
        title: "the auditor's policy",
        controls: &["SOC2 CC7.2", "NIST AU-10"],
    };
    let Some(policy) = &facts.policy else {
        out.push(c.result(
            Status::Fail,
            "there is none: without it a verification is self-consistent and no more",
            Value::Null,
        ));
        return;
    };
    let floor = profile.floor_days;
    let evidence = json!({ "origin": policy.origin, "retention_floor": policy.retention_floor, "services": policy.services.len() });
    let (status, detail) = if policy.retention_floor < floor {
        (
            Status::Fail,
            format!(
                "its retention-floor-days is {}: expected {floor}, or a shortened retention goes unseen",
                policy.retention_floor
            ),
        )
    } else if policy.wrapping_keys.is_empty() {
        (Status::Fail, "it names no wrapping-key: no entry can be opened under it".to_owned())
    } else if policy.services.is_empty() {
        (
            Status::Warn,
            "it expects no service: one that falls silent goes unseen; add a service line"
                .to_owned(),
        )
    } else {
        (
            Status::Pass,
            format!(
                "floor of {} days, {} services expected",
                policy.retention_floor,
                policy.services.len()
            ),
        )
    };
    out.push(c.result(status, detail, evidence));
}
