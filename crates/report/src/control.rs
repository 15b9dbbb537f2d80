//! The controls of frameworks: plain data. What a control asks is a summary in our words, never the standard's
//! text; each says where it comes from, and whether that was read.

mod ai_act;
mod gdpr;
mod hipaa;
mod iso27001;
mod pci;
mod soc2;

use serde::Serialize;

use crate::judge::Check;

/// Frameworks that a report can be made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framework {
    /// AICPA Trust Services Criteria.
    Soc2,
    /// 45 CFR Part 164, Security Rule.
    Hipaa,
    /// PCI DSS 4.0.1.
    Pci,
    /// Regulation (EU) 2016/679.
    Gdpr,
    /// Regulation (EU) 2024/1689.
    AiAct,
    /// ISO/IEC 27001:2022, Annex A.
    Iso27001,
}

impl Framework {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Soc2, Self::Hipaa, Self::Pci, Self::Gdpr, Self::AiAct, Self::Iso27001];

    /// Its name in flags and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soc2 => "soc2",
            Self::Hipaa => "hipaa",
            Self::Pci => "pci",
            Self::Gdpr => "gdpr",
            Self::AiAct => "ai-act",
            Self::Iso27001 => "iso27001",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Soc2 => "SOC 2 (Trust Services Criteria)",
            Self::Hipaa => "HIPAA Security Rule (45 CFR Part 164)",
            Self::Pci => "PCI DSS 4.0.1",
            Self::Gdpr => "GDPR (Regulation (EU) 2016/679)",
            Self::AiAct => "EU AI Act (Regulation (EU) 2024/1689)",
            Self::Iso27001 => "ISO/IEC 27001:2022, Annex A",
        }
    }

    /// What one should know of all of it.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Soc2 => {
                "The criteria name no number of days for retention; the policy's floor is what is held against here."
            }
            Self::Hipaa => {
                "The six years of 164.316 are about required documentation; whether that covers an audit log is for \
                 you and your counsel. A proposed rule of 2025-01-06 would add duties; it was not final when this was written."
            }
            Self::Pci => "Whether a system is in scope, no log can tell.",
            Self::Gdpr => "Pseudonymous entries stay personal data. Nothing here is legal advice.",
            Self::AiAct => {
                "Duties of Articles 12, 19, 26 and 72 for high-risk systems apply from 2027-12-02 (Annex III) and \
                 2028-08-02 (Annex I), by the amendment of 2026; its number in the Official Journal was not seen. \
                 Whether a system is high-risk, no log can tell."
            }
            Self::Iso27001 => {
                "The standard is sold and was not read: summaries by others, named with each control."
            }
        }
    }

    /// Its controls, in its own order.
    pub const fn controls(self) -> &'static [Control] {
        match self {
            Self::Soc2 => soc2::CONTROLS,
            Self::Hipaa => hipaa::CONTROLS,
            Self::Pci => pci::CONTROLS,
            Self::Gdpr => gdpr::CONTROLS,
            Self::AiAct => ai_act::CONTROLS,
            Self::Iso27001 => iso27001::CONTROLS,
        }
    }

    /// The retention profile of `dayseal check` that goes with it.
    pub const fn profile(self) -> &'static str {
        match self {
            Self::Hipaa => "hipaa",
            Self::Pci => "pci",
            Self::AiAct => "ai-act",
            Self::Soc2 | Self::Gdpr | Self::Iso27001 => "soc2",
        }
    }
}

/// Where what is said of a control comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Read in a public source that renders the text.
    Read,
    /// What somebody else says of it; the text was not read.
    Secondary,
    /// From general knowledge: not compared with any text.
    NotVerified,
}

impl Standing {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read in a public source",
            Self::Secondary => "secondary source: not verified against the text",
            Self::NotVerified => "not verified",
        }
    }
}

/// One control, or several that are judged alike.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Its number, as the framework has it.
    pub id: &'static str,
    /// What it is about, in a few words of ours.
    pub title: &'static str,
    /// What it asks: a summary, not its words.
    pub asks: &'static str,
    /// Where that comes from; empty if no public address is known.
    pub source: &'static str,
    /// How far that was read.
    pub standing: Standing,
    /// Checks that have evidence for it.
    pub checks: &'static [Check],
    /// Checks of `dayseal check` that have more, by the settings in AWS.
    pub settings: &'static [&'static str],
    /// What the log cannot show of it.
    pub beyond: &'static str,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_control_is_whole_and_named_once() {
        for framework in Framework::ALL {
            let mut seen = BTreeSet::new();
            for c in framework.controls() {
                assert!(seen.insert(c.id), "{} twice", c.id);
                let texts = [c.id, c.title, c.asks, c.beyond];
                assert!(texts.iter().all(|t| !t.is_empty()), "{}: something is empty", c.id);
                assert!(c.asks.ends_with('.') && c.beyond.ends_with('.'), "{}", c.id);
            }
            assert!(seen.len() >= 2, "{}", framework.as_str());
        }
    }

    /// The seeds' code had CC6.2 as system boundaries, CC6.3 as change management, CC7.2 as incident response and
    /// CC8.1 as availability. An auditor would notice.
    #[test]
    fn controls_are_called_what_they_are() {
        let title =
            |id: &str| Framework::Soc2.controls().iter().find(|c| c.id == id).unwrap().title;
        assert!(title("CC6.2").contains("registration"), "{}", title("CC6.2"));
        assert!(title("CC6.3").contains("Role"), "{}", title("CC6.3"));
        assert!(title("CC7.2").contains("anomal"), "{}", title("CC7.2"));
        assert!(title("CC7.4").contains("incident"), "{}", title("CC7.4"));
        assert!(title("CC8.1").contains("Change management"), "{}", title("CC8.1"));
    }

    /// What our notes mark as general knowledge, as second-hand or as not read in the original says so.
    #[test]
    fn what_was_not_read_says_so() {
        let standing = |f: Framework, id: &str| {
            f.controls().iter().find(|c| c.id == id).unwrap_or_else(|| panic!("{id}")).standing
        };
        assert_eq!(standing(Framework::Gdpr, "Art. 5(1)(e)"), Standing::NotVerified);
        assert_eq!(standing(Framework::Gdpr, "Art. 30(1)"), Standing::NotVerified);
        assert_eq!(standing(Framework::Soc2, "CC7.1"), Standing::Secondary);
        assert!(Framework::Iso27001.controls().iter().all(|c| c.standing == Standing::Secondary));
    }
}
