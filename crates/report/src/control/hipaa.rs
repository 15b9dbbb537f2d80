//! HIPAA: 45 CFR Part 164, Subpart C.

use super::{Control, Standing};
use crate::judge::Check;

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "164.312(b)",
        title: "Audit controls",
        asks: "Mechanisms record and examine activity in systems that hold or use electronic protected health information (required).",
        source: "45 CFR 164.312(b)",
        standing: Standing::Read,
        checks: &[Check::PhiAccess, Check::Fields, Check::Heard, Check::Readings, Check::Reviews],
        settings: &["S01", "S04"],
        beyond: "Whether every system with such information records here.",
    },
    Control {
        id: "164.312(c)(1)",
        title: "Integrity",
        asks: "Electronic protected health information is protected from improper alteration or destruction.",
        source: "45 CFR 164.312(c)(1)",
        standing: Standing::Read,
        checks: &[Check::Integrity, Check::SealedInTime, Check::Completeness, Check::Versions],
        settings: &["B01", "B02"],
        beyond: "The records themselves: this is about the log of what was done to them.",
    },
    Control {
        id: "164.316(b)(2)(i)",
        title: "Retention of documentation",
        asks: "Required documentation is kept six years from its creation or from when it last was in effect, whichever is later.",
        source: "law.lawstack.com/cfr/45/164.316/",
        standing: Standing::Read,
        checks: &[Check::Retention(2_192)],
        settings: &["B02", "B10", "S05"],
        beyond: "How long a policy is in effect: its six years begin when it ends.",
    },
    Control {
        id: "164.316(b)(2)(ii)",
        title: "Availability of documentation",
        asks: "Documentation is available to those who are responsible for what it is about.",
        source: "law.lawstack.com/cfr/45/164.316/",
        standing: Standing::Read,
        checks: &[Check::Readable],
        settings: &["B11"],
        beyond: "Who is responsible, and whether they can get at it.",
    },
];
