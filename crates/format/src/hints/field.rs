//! What hints tell of.

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $number:literal least $least:literal;)+) => {
        /// A field that hints cover, under its number in the bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Field {
            $($(#[$doc])* $name = $number,)+
        }

        impl Field {
            /// Every field, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its least precision, in bits.
            pub(super) const fn least(self) -> u8 {
                match self { $(Self::$name => $least,)+ }
            }
        }
    };
}

fields! {
    /// `type`, and each beginning of it that ends in a dot.
    Type = 0 least 7;
    /// `action`.
    Action = 1 least 7;
    /// `actor.id`.
    Actor = 2 least 7;
    /// `actor.type`.
    ActorType = 3 least 7;
    /// `actor.on_behalf_of`.
    OnBehalfOf = 4 least 7;
    /// `actor.session`.
    Session = 5 least 4;
    /// `privacy.subject`.
    Subject = 6 least 7;
    /// `oversight.reviewer`.
    Reviewer = 7 least 7;
    /// `resource.id` and `resource.type`.
    Resource = 8 least 4;
    /// `outcome`.
    Outcome = 9 least 7;
    /// `severity`.
    Severity = 10 least 7;
    /// `trace.trace_id`.
    Trace = 11 least 4;
    /// `correlation.conversation`.
    Conversation = 12 least 4;
    /// `correlation.job`.
    Job = 13 least 4;
    /// `agent.id`, `agent.name`, `agent.instance`.
    Agent = 14 least 7;
    /// `ai.provider`.
    Provider = 15 least 7;
    /// `ai.model_requested`, `ai.model_answered`, `ai.model_version`.
    Model = 16 least 7;
    /// `passed` or `failed`, and each detector.
    Safety = 17 least 7;
    /// `tenant`.
    Tenant = 18 least 7;
    /// A label's name, and `name=value`.
    Label = 19 least 4;
}

impl Field {
    /// Its place in [`Field::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Its bit in the masks.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}
