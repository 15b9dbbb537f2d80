//! The classes in use, and what each has a place for.

/// A class of OCSF events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Account Change.
    AccountChange,
    /// API Activity: also every type that has no better place.
    ApiActivity,
    /// Application Lifecycle.
    ApplicationLifecycle,
    /// Authentication.
    Authentication,
    /// Compliance Finding.
    ComplianceFinding,
    /// Datastore Activity.
    DatastoreActivity,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AccountChange,
        Self::ApiActivity,
        Self::ApplicationLifecycle,
        Self::Authentication,
        Self::ComplianceFinding,
        Self::DatastoreActivity,
    ];

    /// `class_uid`.
    pub const fn uid(self) -> u32 {
        match self {
            Self::ComplianceFinding => 2003,
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::ApplicationLifecycle => 6002,
            Self::ApiActivity => 6003,
            Self::DatastoreActivity => 6005,
        }
    }

    /// `class_name`.
    pub const fn caption(self) -> &'static str {
        match self {
            Self::AccountChange => "Account Change",
            Self::ApiActivity => "API Activity",
            Self::ApplicationLifecycle => "Application Lifecycle",
            Self::Authentication => "Authentication",
            Self::ComplianceFinding => "Compliance Finding",
            Self::DatastoreActivity => "Datastore Activity",
        }
    }

    /// `category_uid`: the thousands of `class_uid`.
    pub const fn category_uid(self) -> u32 {
        self.uid() / 1_000
    }

    /// `category_name`.
    pub const fn category(self) -> &'static str {
        match self.category_uid() {
            2 => "Findings",
            3 => "Identity & Access Management",
            _ => "Application Activity",
        }
    }

    /// `type_uid` with this `activity_id`.
    pub const fn type_uid(self, activity: u32) -> u32 {
        self.uid() * 100 + activity
    }

    /// Whether the class has the profile `ai_operation`.
    pub(crate) const fn has_ai(self) -> bool {
        !matches!(self, Self::ComplianceFinding)
    }

    /// Whether the class has the profile `trace`.
    pub(crate) const fn has_trace(self) -> bool {
        matches!(self, Self::ApiActivity)
    }

    /// Whether the class has `src_endpoint` and `http_request`.
    pub(crate) const fn has_source(self) -> bool {
        !matches!(self, Self::ApplicationLifecycle | Self::ComplianceFinding)
    }

    /// Whether `src_endpoint` must be there.
    pub(crate) const fn needs_source(self) -> bool {
        matches!(self, Self::ApiActivity | Self::DatastoreActivity)
    }

    /// Whether `actor` comes with the class, and not with the profile `host`.
    pub(crate) const fn has_actor(self) -> bool {
        self.has_source()
    }

    /// Whether the class has `resources`.
    pub(crate) const fn has_resources(self) -> bool {
        matches!(self, Self::ApiActivity | Self::ComplianceFinding)
    }

    /// The caption of an `activity_id`; `None` for 99.
    pub(crate) const fn activity(self, id: u32) -> Option<&'static str> {
        Some(match (self, id) {
            (_, 0) => "Unknown",
            (Self::AccountChange, 5) => "Disable",
            (Self::AccountChange, 6) => "Delete",
            (Self::ApiActivity, 2) | (Self::DatastoreActivity, 1) => "Read",
            (Self::ApiActivity, 3) | (Self::DatastoreActivity, 2) => "Update",
            (Self::ApiActivity, 4) | (Self::DatastoreActivity, 7) => "Delete",
            (Self::ApplicationLifecycle, 3) => "Start",
            (Self::ApplicationLifecycle, 4) => "Stop",
            (Self::ApplicationLifecycle, 6) => "Enable",
            (Self::ApplicationLifecycle, 7) => "Disable",
            (Self::ApplicationLifecycle, 8) => "Update",
            (Self::Authentication, 1) => "Logon",
            (Self::DatastoreActivity, 5) => "Write",
            (Self::DatastoreActivity, 6)
            | (Self::AccountChange | Self::ApiActivity | Self::ComplianceFinding, 1) => "Create",
            _ => return None,
        })
    }
}
