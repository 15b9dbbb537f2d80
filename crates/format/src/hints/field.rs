//! What hints tell of.

/// Which fields give way to which where room is scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Who, what, how it ended: asked most.
    First,
    /// What may be another in each entry.
    References,
    /// What an application puts in.
    Rest,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $number:literal class $class:ident;)+) => {
        /// A field that hints cover, under its number in the bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Field {
            $($(#[$doc])* $name = $number,)+
        }

        impl Field {
            /// Every field, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// What it gives way to where room is scarce.
            pub(super) const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)+ }
            }
        }
    };
}

fields! {
    /// `type`, and each beginning of it that ends in a dot.
    Type = 0 class First;
    /// `action`.
    Action = 1 class First;
    /// `actor.id`.
    Actor = 2 class First;
    /// `actor.type`.
    ActorType = 3 class First;
    /// `actor.on_behalf_of`.
    OnBehalfOf = 4 class First;
    /// `actor.session`.
    Session = 5 class References;
    /// `privacy.subject`.
    Subject = 6 class First;
    /// `oversight.reviewer`.
    Reviewer = 7 class First;
    /// `resource.id` and `resource.type`.
    Resource = 8 class References;
    /// `outcome`.
    Outcome = 9 class First;
    /// `severity`.
    Severity = 10 class First;
    /// `trace.trace_id`.
    Trace = 11 class References;
    /// `correlation.conversation`.
    Conversation = 12 class References;
    /// `correlation.job`.
    Job = 13 class References;
    /// `agent.id`, `agent.name`, `agent.instance`.
    Agent = 14 class First;
    /// `ai.provider`.
    Provider = 15 class First;
    /// `ai.model_requested`, `ai.model_answered`, `ai.model_version`.
    Model = 16 class First;
    /// `passed` or `failed`, and each detector.
    Safety = 17 class First;
    /// `tenant`.
    Tenant = 18 class First;
    /// A label's name, and `name=value`.
    Label = 19 class Rest;
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
