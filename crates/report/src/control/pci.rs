//! PCI DSS 4.0.1: requirements 10 and 3.

use super::{Control, Standing};
use crate::judge::Check;

const R10_2: &str = "ce.prod.cloudaware.com/frameworks/pci-dss-v4.0/10/02/index.html";
const R10_3: &str = "ce.prod.cloudaware.com/frameworks/pci-dss-v4.0.1/10/03/index.html";
const SCOPE: &str = "Whether every system in scope records here.";

/// One of the kinds of event that 10.2.1 asks for.
const fn event(
    id: &'static str,
    title: &'static str,
    asks: &'static str,
    check: &'static [Check],
) -> Control {
    Control {
        id,
        title,
        asks,
        source: R10_2,
        standing: Standing::Read,
        checks: check,
        settings: &[],
        beyond: SCOPE,
    }
}

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "3.4.1, 3.5.1, 3.5.1.1",
        title: "Card numbers are masked and unreadable",
        asks: "At most BIN and last four digits are shown; stored numbers are unreadable; hashes of them are keyed and of the whole number.",
        source: "ce.prod.cloudaware.com/frameworks/pci-dss-v4.0.1/03/05/01",
        standing: Standing::Read,
        checks: &[Check::Unmasked],
        settings: &[],
        beyond: "Numbers that the detectors do not know as such, and contents, which are not looked into here.",
    },
    event(
        "10.2.1.1",
        "Access to cardholder data is logged",
        "Individual user access to cardholder data is logged.",
        &[Check::CardAccess],
    ),
    event(
        "10.2.1.2",
        "Administrative actions are logged",
        "Actions by anybody with administrative access are logged, including interactive use of system accounts.",
        &[Check::AdminEvents],
    ),
    event(
        "10.2.1.3",
        "Access to audit logs is logged",
        "Access to audit logs is logged.",
        &[Check::Readings],
    ),
    event(
        "10.2.1.4",
        "Invalid access attempts are logged",
        "Invalid logical access attempts are logged.",
        &[Check::DeniedEvents],
    ),
    event(
        "10.2.1.5",
        "Changes of credentials are logged",
        "Changes to identification and authentication credentials are logged.",
        &[Check::CredentialEvents],
    ),
    event(
        "10.2.1.6",
        "Start, stop and pause of logging are logged",
        "Initialisation, starting, stopping and pausing of audit logs are logged.",
        &[Check::Lifecycle],
    ),
    event(
        "10.2.1.7",
        "Creation and deletion of system-level objects are logged",
        "Creation and deletion of system-level objects are logged.",
        &[Check::SystemObjects],
    ),
    Control {
        id: "10.2.2",
        title: "What each record holds",
        asks: "User, type, date and time, success or failure, origin, and the affected data, component, resource or service.",
        source: "withpci.com/requirements/10/10.2/10.2.2",
        standing: Standing::Read,
        checks: &[Check::Fields],
        settings: &[],
        beyond: SCOPE,
    },
    Control {
        id: "10.3.1",
        title: "Read access by need",
        asks: "Read access to audit logs is limited to those with a job-related need.",
        source: R10_3,
        standing: Standing::Read,
        checks: &[Check::Encrypted, Check::Readings],
        settings: &["B05", "B08"],
        beyond: "Who holds the keys, and why.",
    },
    Control {
        id: "10.3.2",
        title: "Logs cannot be modified",
        asks: "Audit log files are protected from modification by individuals.",
        source: R10_3,
        standing: Standing::Read,
        checks: &[Check::Integrity, Check::Versions],
        settings: &["B01", "B02", "B03", "B07", "B08"],
        beyond: "What happens to events before they are recorded.",
    },
    Control {
        id: "10.3.3",
        title: "Logs are backed up promptly",
        asks: "Audit logs are promptly backed up to a central, internal log server or other media that is difficult to modify.",
        source: R10_3,
        standing: Standing::Read,
        checks: &[Check::Delay],
        settings: &["B12"],
        beyond: "A second copy: the log does not know of one.",
    },
    Control {
        id: "10.3.4",
        title: "Change of existing logs is detected",
        asks: "File integrity monitoring or change detection makes sure that existing log data cannot be changed without an alert.",
        source: "learn.daydream.ai/requirements/pci-dss-10-3-4",
        standing: Standing::Read,
        checks: &[Check::Integrity, Check::Completeness, Check::SealedInTime],
        settings: &["S01", "S04"],
        beyond: "Whether somebody gets and reads the alert.",
    },
    Control {
        id: "10.4.1, 10.4.1.1",
        title: "Daily review, by automated means",
        asks: "Audit logs are reviewed at least once daily, by automated mechanisms.",
        source: "ce.prod.cloudaware.com/frameworks/pci-dss-v4.0.1/10/04/01",
        standing: Standing::Read,
        checks: &[Check::Reviews],
        settings: &["S01", "S04"],
        beyond: "Reviews that were recorded elsewhere, and what they looked for.",
    },
    Control {
        id: "10.5.1",
        title: "Twelve months, three of them at hand",
        asks: "Audit log history is kept at least 12 months, the most recent three immediately available for analysis.",
        source: "withpci.com/requirements/10/10.5/10.5.1",
        standing: Standing::Read,
        checks: &[Check::Retention(366), Check::Readable],
        settings: &["B02", "B10", "B11"],
        beyond: "Logs of before this one began.",
    },
    Control {
        id: "10.6",
        title: "Time is synchronised",
        asks: "Time-synchronisation keeps the time of all systems consistent.",
        source: "",
        standing: Standing::Read,
        checks: &[Check::Times],
        settings: &[],
        beyond: "How your clocks are set: the log has what they said.",
    },
    Control {
        id: "10.7",
        title: "Failure of logging is detected",
        asks: "Failures of critical security controls, audit logging among them, are detected, alerted and addressed promptly.",
        source: "",
        standing: Standing::Read,
        checks: &[Check::Heard, Check::Losses, Check::AlertDrills],
        settings: &["S01", "S02"],
        beyond: "A service that never recorded, and that the policy does not name.",
    },
];
