//! ISO/IEC 27001:2022, Annex A, as others sum it up.

use super::{Control, Standing};
use crate::judge::Check;

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "A.8.15",
        title: "Logging",
        asks: "Logs of activities, exceptions, faults and other relevant events are produced, stored, protected and analysed; nobody, privileged users included, can delete or switch off logs of their own activity.",
        source: "knowledge.adoptech.co.uk/a.8.15-logging; isms.online/iso-27001/annex-a/8-15-logging-2022",
        standing: Standing::Secondary,
        checks: &[
            Check::Fields,
            Check::Integrity,
            Check::SealedInTime,
            Check::Completeness,
            Check::Versions,
            Check::Reviews,
        ],
        settings: &["B08"],
        beyond: "Activities that no system hands to the log.",
    },
    Control {
        id: "A.8.17",
        title: "Clock synchronisation",
        asks: "Clocks of information processing systems are synchronised to approved time sources.",
        source: "knowledge.adoptech.co.uk/a.8.15-logging",
        standing: Standing::Secondary,
        checks: &[Check::Times],
        settings: &[],
        beyond: "How your clocks are set: the log has what they said.",
    },
];
