//! Retention profiles: the same table as `infra/retention`, and a test that they agree.

use serde::Serialize;

/// How an object is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LockMode {
    /// Whoever has the right to bypass it may delete.
    Governance,
    /// Nobody may, not even root.
    Compliance,
}

/// What a framework asks of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// Days that evidence must be kept at least.
    pub floor_days: u32,
    /// Days that it must be readable at once.
    pub hot_days: u32,
    /// The weakest lock that is accepted without a warning.
    pub lock: LockMode,
    /// Whether a weaker lock is a failure.
    pub lock_is_law: bool,
    /// Days that erasable content may live at most.
    pub content_ceiling_days: u32,
}

const fn profile(name: &'static str, floor_days: u32, hot_days: u32, lock: LockMode) -> Profile {
    Profile { name, floor_days, hot_days, lock, lock_is_law: false, content_ceiling_days: 180 }
}

use LockMode::{Compliance, Governance};

impl Profile {
    /// Every profile: SOC 2 and PCI DSS a leap year, HIPAA six years, the EU AI Act six months, 17 CFR 240.17a-4 six years in WORM.
    pub const ALL: &'static [Self] = &[
        profile("soc2", 366, 90, Governance),
        profile("pci", 366, 90, Compliance),
        profile("three-years", 1096, 90, Compliance),
        profile("hipaa", 2192, 90, Compliance),
        profile("seven-years", 2557, 90, Compliance),
        profile("ai-act", 184, 184, Governance),
        Self { lock_is_law: true, ..profile("sec", 2192, 731, Compliance) },
    ];

    /// The profile with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|p| p.name == name)
    }
}
