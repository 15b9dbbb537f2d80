//! What happened: dotted type names.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The prefix that only dayseal itself writes.
pub const RESERVED_PREFIX: &str = "log.";

/// What happened, as a dotted lower-case name: `[a-z0-9_]+(\.[a-z0-9_]+)+`, at most 128 bytes.
///
/// The constants name what audits ask about; a name of your own is as good, under any prefix but
/// `log.`. The grammar is checked with the event. Sources: the seeds' event types, OWASP Logging
/// Vocabulary, OCSF classes; `docs/event-mapping.md` has the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventType(Cow<'static, str>);

impl EventType {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name lies under `log.`.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(RESERVED_PREFIX)
    }

    /// Whether the name fits the grammar. Its length is checked apart.
    pub(super) fn is_well_formed(&self) -> bool {
        let word = |w: &str| {
            !w.is_empty() && w.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        self.0.contains('.') && self.0.split('.').all(word)
    }
}

impl From<&'static str> for EventType {
    fn from(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<String> for EventType {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl PartialEq<str> for EventType {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for EventType {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        impl EventType {
            /// Every name this version defines, in declared order.
            pub const KNOWN: &'static [Self] = &[$(Self::$name,)+];

            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($text));)+
        }
    };
}

types! {
    /// A model call was accepted: prompt or job submitted.
    AI_GENERATION_STARTED = "ai.generation.started";
    /// A model call ended with an answer.
    AI_GENERATION_COMPLETED = "ai.generation.completed";
    /// A model call ended without an answer.
    AI_GENERATION_FAILED = "ai.generation.failed";
    /// A guardrail or policy stopped a model call or its answer.
    AI_GENERATION_BLOCKED = "ai.generation.blocked";
    /// An agent run or loop began.
    AI_AGENT_STARTED = "ai.agent.started";
    /// An agent run or loop ended.
    AI_AGENT_ENDED = "ai.agent.ended";
    /// A tool was called on a model's or agent's decision.
    AI_TOOL_EXECUTED = "ai.tool.executed";
    /// An agent's memory was read.
    AI_MEMORY_READ = "ai.memory.read";
    /// An agent's memory was written.
    AI_MEMORY_WRITTEN = "ai.memory.written";
    /// An agent's memory was deleted.
    AI_MEMORY_DELETED = "ai.memory.deleted";
    /// An API key or access key was used.
    AUTHN_KEY_USED = "authn.key.used";
    /// Someone proved who they are.
    AUTHN_SUCCEEDED = "authn.succeeded";
    /// Someone failed to.
    AUTHN_FAILED = "authn.failed";
    /// A permission was missing.
    AUTHZ_DENIED = "authz.denied";
    /// Permissions or roles changed.
    AUTHZ_CHANGED = "authz.changed";
    /// A user or account was added.
    IDENTITY_USER_CREATED = "identity.user.created";
    /// A user or account was changed.
    IDENTITY_USER_UPDATED = "identity.user.updated";
    /// A user or account was suspended.
    IDENTITY_USER_DISABLED = "identity.user.disabled";
    /// A user or account was removed.
    IDENTITY_USER_DELETED = "identity.user.deleted";
    /// A setting, limit or budget changed.
    CONFIG_CHANGED = "config.changed";
    /// Data was read.
    DATA_READ = "data.read";
    /// Data was created.
    DATA_CREATED = "data.created";
    /// Data was changed.
    DATA_UPDATED = "data.updated";
    /// Data was deleted.
    DATA_DELETED = "data.deleted";
    /// Data left the system: download, export, transfer.
    DATA_EXPORTED = "data.exported";
    /// A rate limit or quota was exceeded.
    USAGE_RATE_LIMITED = "usage.rate_limited";
    /// A policy was broken outside a model call.
    POLICY_VIOLATED = "policy.violated";
    /// Personal data was processed (GDPR Art. 30).
    PRIVACY_PROCESSING = "privacy.processing";
    /// Erasure was asked for (GDPR Art. 17).
    PRIVACY_ERASURE_REQUESTED = "privacy.erasure.requested";
    /// Erasure was done.
    PRIVACY_ERASURE_COMPLETED = "privacy.erasure.completed";
    /// A key was made.
    KEY_CREATED = "key.created";
    /// A key was replaced by its next version.
    KEY_ROTATED = "key.rotated";
    /// A key was destroyed.
    KEY_DESTROYED = "key.destroyed";
    /// Encryption, decryption or a signature failed.
    CRYPTO_FAILED = "crypto.failed";
    /// A person finished a review of the log or of an output (PCI DSS 10.4.1).
    REVIEW_COMPLETED = "review.completed";
    /// A legal hold was placed.
    HOLD_PLACED = "hold.placed";
    /// A legal hold was released.
    HOLD_RELEASED = "hold.released";
    /// A producer began to record (PCI DSS 10.2.1.6).
    LOG_STARTED = "log.started";
    /// A producer stopped recording.
    LOG_STOPPED = "log.stopped";
    /// Recording was paused.
    LOG_PAUSED = "log.paused";
    /// Recording was resumed.
    LOG_RESUMED = "log.resumed";
    /// The log's own configuration changed.
    LOG_CONFIG_CHANGED = "log.config_changed";
    /// A range of sequence numbers is missing.
    LOG_GAP = "log.gap";
    /// Entries were lost that could not be kept.
    LOG_LOSS = "log.loss";
    /// A producer with nothing to say is alive.
    LOG_HEARTBEAT = "log.heartbeat";
    /// The log was queried (PCI DSS 10.2.1.3).
    LOG_ACCESSED = "log.accessed";
    /// The log was exported.
    LOG_EXPORTED = "log.exported";
    /// Others' records were imported: one for each file, with what became of it.
    LOG_IMPORTED = "log.imported";
    /// The log was verified.
    LOG_VERIFIED = "log.verified";
    /// A day was sealed.
    LOG_SEALED = "log.sealed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_well_formed_and_distinct() {
        let mut names: Vec<_> = EventType::KNOWN.iter().map(EventType::as_str).collect();
        assert!(EventType::KNOWN.iter().all(EventType::is_well_formed));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EventType::KNOWN.len());
    }

    #[test]
    fn grammar() {
        for good in ["a.b", "shop.order_2.paid", "log.loss", "0.1"] {
            assert!(EventType::from(good).is_well_formed(), "{good}");
        }
        for bad in ["", "a", ".a", "a.", "a..b", "A.b", "a.b-c", "a.é", "a. b", "a.b\n"] {
            assert!(!EventType::from(bad).is_well_formed(), "{bad}");
        }
        assert!(EventType::LOG_GAP.is_reserved() && !EventType::from("login.x").is_reserved());
    }
}
