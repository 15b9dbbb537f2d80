//! GDPR. Articles 5, 25, 30 and 32 were not read in the original.

use super::{Control, Standing};
use crate::judge::Check;

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "Art. 5(1)(e)",
        title: "Storage limitation",
        asks: "Personal data is kept in identifiable form no longer than its purpose needs: retention is also a maximum.",
        source: "",
        standing: Standing::NotVerified,
        checks: &[Check::ContentLife, Check::Pseudonyms],
        settings: &["C03", "B10"],
        beyond: "What the purpose needs.",
    },
    Control {
        id: "Art. 17(1), (3)",
        title: "Erasure, and its exemptions",
        asks: "Personal data is erased without undue delay on request, unless an exemption such as a legal obligation or legal claims holds.",
        source: "law-reg.org/gdpr-en/regulations/exemptions-from-the-application-of-article-17-paragraph-1-and-2",
        standing: Standing::Read,
        checks: &[Check::Erasures, Check::Holds],
        settings: &[],
        beyond: "Requests that were not recorded, and data outside the log.",
    },
    Control {
        id: "Art. 4(5), 25, 32",
        title: "Pseudonyms and security by design",
        asks: "Pseudonymised data stays personal data; what names people is kept apart; processing is secure by design.",
        source: "stibbe.com/publications-and-insights/key-takeaways-and-insights-from-the-edpb-pseudonymisation-guidelines",
        standing: Standing::Secondary,
        checks: &[Check::Pseudonyms, Check::Unmasked, Check::Encrypted],
        settings: &["B04", "K03", "K04"],
        beyond: "Who holds the log secret, and what else could name people.",
    },
    Control {
        id: "Art. 30(1)",
        title: "Record of processing activities",
        asks: "Purposes, categories of data and of people, recipients, transfers and time limits of processing are recorded.",
        source: "",
        standing: Standing::NotVerified,
        checks: &[Check::Processing],
        settings: &[],
        beyond: "Activities that are not recorded; names of controller and officer, and time limits, which a record has besides.",
    },
];
