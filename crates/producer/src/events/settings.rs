//! Limits, policies, and who changed what.

use dayseal_format::event::{
    Actor, Change, Event, EventBuilder, EventType, Outcome, Reason, Resource, Severity,
};

/// A setting changed: `config.changed`, before and after. Seed 001's `settings_changed`.
///
/// Texts of at most 256 bytes; of a secret or of long text use [`Change::from_content`]. A setting whose
/// name says that it is a secret has its values masked by the log.
///
/// SOC 2 CC8.1, CC7.1; PCI DSS 10.2.1.2: actions with administrative access.
pub fn setting_changed(
    actor: Actor,
    setting: impl Into<String>,
    from: impl Into<String>,
    to: impl Into<String>,
) -> EventBuilder {
    changed(actor, "change_setting", Change::new(setting).from(from).to(to))
}

/// A budget changed: `config.changed` of the resource `budget`, before and after. Amounts are text:
/// `100.00 EUR`. Seed 001's `budget_modified`.
///
/// SOC 2 CC8.1; PCI DSS 10.2.1.2.
pub fn budget_changed(
    actor: Actor,
    budget: impl Into<String>,
    from: impl Into<String>,
    to: impl Into<String>,
) -> EventBuilder {
    changed(actor, "change_budget", Change::new("budget").from(from).to(to))
        .resource(Resource::new("budget").id(budget))
}

fn changed(actor: Actor, action: &str, change: Change) -> EventBuilder {
    Event::builder(EventType::CONFIG_CHANGED)
        .actor(actor)
        .action(action)
        .change(change)
        .outcome(Outcome::Success)
}

/// A limit of one's own stopped somebody: `usage.rate_limited`, outcome blocked; `limit` names it
/// (`requests_per_minute`). A provider's limit is recorded by the middleware as a failure. Seed 001's
/// `rate_limit_exceeded`.
///
/// SOC 2 CC7.2: anomalies; NIST AU-2.
pub fn rate_limited(
    actor: Actor,
    action: impl Into<String>,
    limit: impl Into<String>,
) -> EventBuilder {
    Event::builder(EventType::USAGE_RATE_LIMITED)
        .actor(actor)
        .action(action)
        .resource(Resource::new("rate_limit").id(limit))
        .outcome(Outcome::Blocked)
        .reason(Reason::new("rate_limited"))
        .severity(Severity::Low)
}

/// A policy was broken outside a model call: `policy.violated`, outcome blocked; for a model call,
/// [`prompt_blocked`](super::prompt_blocked). `code` says how. Seed 001's `policy_violation`.
///
/// SOC 2 CC7.2, CC7.3.
pub fn policy_violated(
    actor: Actor,
    action: impl Into<String>,
    policy: impl Into<String>,
    code: impl Into<String>,
) -> EventBuilder {
    Event::builder(EventType::POLICY_VIOLATED)
        .actor(actor)
        .action(action)
        .resource(Resource::new("policy").id(policy))
        .outcome(Outcome::Blocked)
        .reason(Reason::new(code))
        .severity(Severity::Medium)
}
