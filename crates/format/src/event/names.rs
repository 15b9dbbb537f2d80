//! The closed lists: each value is one lower-case name on the wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! names {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value, in declared order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value with this name on the wire, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                super::wire::text(d, "a name as text", |text| {
                    Self::from_name(text).ok_or_else(|| {
                        let found: String = text.chars().take(40).collect();
                        format!("unknown name `{found}`, expected one of {}", [$($text),+].join(", "))
                    })
                })
            }
        }
    )+};
}

names! {
    /// How the action ended. Seeds' `outcome`, `success` and `status`; OCSF `status_id`; CADF `outcome`.
    Outcome {
        /// It was done.
        Success = "success",
        /// It was tried and did not succeed.
        Failure = "failure",
        /// A policy, guardrail or permission stopped it.
        Blocked = "blocked",
        /// It waits: for a person's decision, or as an accepted job not yet done.
        Deferred = "deferred",
        /// It is not known how it ended, for example after a timeout.
        Unknown = "unknown",
    }

    /// OCSF `severity_id` 0 to 6, in that order; see [`Severity::ocsf_id`].
    Severity {
        /// 0.
        Unknown = "unknown",
        /// 1.
        Informational = "informational",
        /// 2.
        Low = "low",
        /// 3.
        Medium = "medium",
        /// 4.
        High = "high",
        /// 5.
        Critical = "critical",
        /// 6.
        Fatal = "fatal",
    }

    /// What kind of actor acted. Seed 001's `actor_type`, and the two that AI systems add.
    ActorType {
        /// A person.
        User = "user",
        /// The system itself: schedulers, retention, recovery.
        System = "system",
        /// A person with administrative rights, using them.
        Admin = "admin",
        /// An AI agent acting on its own decision.
        Agent = "agent",
        /// Another service.
        Service = "service",
    }

    /// What kind of data the event touched. Declared in byte order of the names: the set is written sorted.
    DataClass {
        /// Cardholder data (PCI DSS).
        Chd = "chd",
        /// Confidential by the organisation's own rules.
        Confidential = "confidential",
        /// Internal by the organisation's own rules.
        Internal = "internal",
        /// Protected health information (HIPAA).
        Phi = "phi",
        /// Personal data (GDPR Art. 4(1)).
        Pii = "pii",
        /// Public.
        Public = "public",
        /// Restricted by the organisation's own rules: above confidential.
        Restricted = "restricted",
        /// Credentials and keys.
        Secret = "secret",
        /// Special categories of personal data (GDPR Art. 9).
        Special = "special",
    }

    /// Where in a call a guardrail decided. Seed 003's `blocked_at`.
    SafetyStage {
        /// On the prompt, before the model was called.
        Input = "input",
        /// On what was fetched to answer.
        Retrieval = "retrieval",
        /// On a tool call or its arguments.
        Tool = "tool",
        /// On the model's answer.
        Output = "output",
    }

    /// What a human reviewer decided (EU AI Act Art. 14(4)(d) and (e)).
    Decision {
        /// The output or action may stand.
        Approved = "approved",
        /// It may not.
        Rejected = "rejected",
        /// The reviewer changed it.
        Modified = "modified",
        /// The reviewer decided otherwise than the system.
        Overridden = "overridden",
        /// Passed on to someone else.
        Escalated = "escalated",
        /// Not decided yet.
        Pending = "pending",
    }

    /// How a content digest was made. There is no plain hash: a plain SHA-256 of a prompt, id or card
    /// number is found by guessing.
    DigestScheme {
        /// HMAC-SHA-256 under a versioned log secret; equal content gives equal digests.
        HmacSha256V1 = "hmac-sha256-v1",
        /// Commitment under 32 random bytes kept only in the content record: once that record is
        /// erased, the digest tells nothing.
        CommitV1 = "commit-v1",
    }
}

impl Severity {
    /// The OCSF `severity_id`, 0 to 6.
    pub const fn ocsf_id(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_declared_sorted() {
        assert!(DataClass::ALL.windows(2).all(|w| w[0].as_str() < w[1].as_str()));
    }

    #[test]
    fn severities_are_ocsf_ids() {
        let names: Vec<_> = Severity::ALL.iter().map(|s| (s.ocsf_id(), s.as_str())).collect();
        assert_eq!(names[0], (0, "unknown"));
        assert_eq!(names[6], (6, "fatal"));
    }

    #[test]
    fn an_unknown_name_lists_the_allowed() {
        let error = serde_json::from_str::<Outcome>("\"ok\"").unwrap_err().to_string();
        let expected =
            "unknown name `ok`, expected one of success, failure, blocked, deferred, unknown";
        assert!(error.starts_with(expected), "{error}");
    }
}
