//! EU AI Act: record-keeping of high-risk systems.

use super::{Control, Standing};
use crate::judge::Check;

const ARTICLE_12: &str = "agledger.ai/compliance/eu-ai-act/article-12/";

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "Art. 12(1)",
        title: "Automatic recording",
        asks: "High-risk systems technically allow automatic recording of events over their lifetime.",
        source: ARTICLE_12,
        standing: Standing::Read,
        checks: &[Check::AiFields, Check::Heard, Check::Integrity, Check::Completeness],
        settings: &[],
        beyond: "What the system did before it recorded here, or without recording.",
    },
    Control {
        id: "Art. 12(2)",
        title: "Events of risk and monitoring",
        asks: "Logging records events that matter for identifying risk or substantial modification, for post-market monitoring and for the deployer's monitoring.",
        source: ARTICLE_12,
        standing: Standing::Read,
        checks: &[Check::AiRisk],
        settings: &[],
        beyond: "Which events matter for your system.",
    },
    Control {
        id: "Art. 12(3)",
        title: "Remote biometric identification",
        asks: "For remote biometric identification: the period of each use, the reference database, the matched input, and the natural persons who verified the result.",
        source: "powerquant.dk/en/logging-article-12",
        standing: Standing::Read,
        checks: &[Check::Oversight],
        settings: &[],
        beyond: "Whether the system is one of these; periods of use, database and matched input have no field here.",
    },
    Control {
        id: "Art. 19",
        title: "Logs kept by the provider",
        asks: "Providers keep the logs under their control for a time that fits the purpose, six months at least unless other law says otherwise.",
        source: "springlex.eu/en/packages/ai-act/ai-act-regulation/article-19/",
        standing: Standing::Read,
        checks: &[Check::Retention(184), Check::Readable],
        settings: &["B02", "B10", "S05"],
        beyond: "What fits the purpose.",
    },
    Control {
        id: "Art. 26(6)",
        title: "Logs kept by the deployer",
        asks: "Deployers keep the logs under their control for a time that fits the purpose, six months at least unless other law says otherwise.",
        source: "",
        standing: Standing::Read,
        checks: &[Check::Retention(184), Check::Readable],
        settings: &["B02", "B10", "S05"],
        beyond: "What fits the purpose.",
    },
    Control {
        id: "Art. 72",
        title: "Post-market monitoring",
        asks: "Providers collect and analyse data on the performance of high-risk systems throughout their lifetime.",
        source: "powerquant.dk/en/logging-article-12",
        standing: Standing::Read,
        checks: &[Check::AiFields, Check::Reviews],
        settings: &[],
        beyond: "The monitoring plan, and what is done with what it shows.",
    },
];
