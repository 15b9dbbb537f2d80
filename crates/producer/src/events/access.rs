//! Who came in, with what, and who did not.

use dayseal_format::event::{
    Actor, Event, EventBuilder, EventType, KeyRef, Outcome, Reason, Resource, Severity, Source,
};

fn authn(kind: EventType, action: &str, actor: Actor, source: Source) -> EventBuilder {
    Event::builder(kind).actor(actor).action(action).source(source).outcome(Outcome::Success)
}

fn failed(action: &str, actor: Actor, source: Source, code: impl Into<String>) -> EventBuilder {
    authn(EventType::AUTHN_FAILED, action, actor, source)
        .outcome(Outcome::Failure)
        .reason(Reason::new(code))
}

/// Somebody logged in: `authn.succeeded`. Seed 000's `auth_event`.
///
/// SOC 2 CC6.1; HIPAA 164.312(b); PCI DSS 10.2.2, which asks from where.
pub fn login(actor: Actor, source: Source) -> EventBuilder {
    authn(EventType::AUTHN_SUCCEEDED, "login", actor, source)
}

/// Somebody failed to: `authn.failed`, with a code such as `bad_password`. `actor` is who was claimed
/// to be; never the password.
///
/// SOC 2 CC6.1; PCI DSS 10.2.1.4: invalid logical access attempts.
pub fn login_failed(actor: Actor, source: Source, code: impl Into<String>) -> EventBuilder {
    failed("login", actor, source, code)
}

/// Somebody logged out: `authn.logout`.
///
/// SOC 2 CC6.1.
pub fn logout(actor: Actor, source: Source) -> EventBuilder {
    authn(EventType::from("authn.logout"), "logout", actor, source)
}

/// A second factor was given: `authn.succeeded`.
///
/// SOC 2 CC6.1; PCI DSS 10.2.1.5: use of identification and authentication credentials.
pub fn mfa_passed(actor: Actor, source: Source) -> EventBuilder {
    authn(EventType::AUTHN_SUCCEEDED, "mfa", actor, source)
}

/// A second factor was wrong or missing: `authn.failed`, with a code such as `wrong_code`.
///
/// SOC 2 CC6.1; PCI DSS 10.2.1.4.
pub fn mfa_failed(actor: Actor, source: Source, code: impl Into<String>) -> EventBuilder {
    failed("mfa", actor, source, code)
}

/// An account was locked, by `actor` or, after too many attempts, by the system:
/// `identity.user.disabled`, with a code such as `too_many_attempts`.
///
/// SOC 2 CC6.1; PCI DSS 10.2.1.5: changes to credentials and accounts.
pub fn account_locked(
    actor: Actor,
    account: impl Into<String>,
    code: impl Into<String>,
) -> EventBuilder {
    Event::builder(EventType::IDENTITY_USER_DISABLED)
        .actor(actor)
        .action("lock_account")
        .resource(Resource::new("account").id(account))
        .outcome(Outcome::Success)
        .reason(Reason::new(code))
        .severity(Severity::Medium)
}

/// A user was added: `identity.user.created`. Seed 001's `user_added`.
///
/// SOC 2 CC6.2; PCI DSS 10.2.1.5.
pub fn user_created(actor: Actor, account: impl Into<String>) -> EventBuilder {
    Event::builder(EventType::IDENTITY_USER_CREATED)
        .actor(actor)
        .action("create_user")
        .resource(Resource::new("account").id(account))
        .outcome(Outcome::Success)
}

/// Somebody was refused for lack of rights: `authz.denied`, outcome blocked. Seed 001's
/// `access_denied`.
///
/// SOC 2 CC6.3; PCI DSS 10.2.1.4.
pub fn access_denied(
    actor: Actor,
    action: impl Into<String>,
    resource: Resource,
    source: Source,
) -> EventBuilder {
    Event::builder(EventType::AUTHZ_DENIED)
        .actor(actor)
        .action(action)
        .resource(resource)
        .source(source)
        .outcome(Outcome::Blocked)
}

/// An API or access key was used: `authn.key.used`. Of `key` only [`safe_prefix`] is kept. Seeds 000
/// and 001, `access_key_prefix` and `api_key_used`.
///
/// SOC 2 CC6.1; PCI DSS 10.2.1.5.
pub fn key_used(actor: Actor, key: &str) -> EventBuilder {
    Event::builder(EventType::AUTHN_KEY_USED)
        .actor(actor)
        .action("use_key")
        .key(KeyRef { prefix: safe_prefix(key), ..KeyRef::default() })
        .outcome(Outcome::Success)
}

/// The first characters of a key, as many as tell it from others and do not help to guess it: a
/// quarter of it, four at least and eight at most. `None` for keys of less than 16 bytes, of which
/// nothing is safe, and for what is not printable ASCII there.
///
/// Seeds 000 and 002 keep eight characters, 002 the last four as well: those are left out here.
///
/// ```
/// use dayseal::events::safe_prefix;
/// assert_eq!(safe_prefix("AKIAIOSFODNN7EXAMPLE").as_deref(), Some("AKIAI"));
/// assert_eq!(safe_prefix("sk-proj-0123456789abcdef0123456789abcdef").as_deref(), Some("sk-proj-"));
/// assert_eq!(safe_prefix("hunter2"), None);
/// ```
pub fn safe_prefix(key: &str) -> Option<String> {
    let kept = (key.len() / 4).min(8);
    let prefix = key.get(..kept).filter(|_| kept >= 4)?;
    prefix.bytes().all(|b| b.is_ascii_graphic()).then(|| prefix.to_owned())
}
