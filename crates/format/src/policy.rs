//! The auditor's policy: what to trust, kept outside the log.
//!
//! A text file. `log` and `quorum` lines have the C2SP tlog-policy form; the other lines are
//! dayseal's. Normative: `docs/spec/policy.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::{Day, NameError, OfficerName, Origin, ServiceName, VerifierKey};

/// First line of every policy file.
pub const POLICY_HEADER: &str = "dayseal-policy v1";

/// How deep a verification goes. Each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Signatures, tree, days, head.
    Chain,
    /// Every listed object is there, in one version, and nothing else is.
    Listing,
    /// The bytes of every object.
    Objects,
    /// Every entry, under the policy's keys.
    #[default]
    Entries,
}

impl Level {
    /// All levels, shallow to deep.
    pub const ALL: [Self; 4] = [Self::Chain, Self::Listing, Self::Objects, Self::Entries];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "chain",
            Self::Listing => "listing",
            Self::Objects => "objects",
            Self::Entries => "entries",
        })
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|l| l.to_string() == text).ok_or_else(|| {
            format!("`{text}` is not a level: expected chain, listing, objects or entries")
        })
    }
}

/// What the auditor pins out of band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The log.
    pub origin: Origin,
    /// Keys that may sign its checkpoints.
    pub verifier_keys: Vec<VerifierKey>,
    /// Ids of the keys that may wrap its data keys.
    pub wrapping_keys: Vec<String>,
    /// Keys whose signed statements count: orders about the log, by people outside its sealer.
    pub officers: Vec<VerifierKey>,
    /// The log's first day.
    pub first_day: Day,
    /// Days that evidence must at least be kept.
    pub retention_floor: u32,
    /// Days that contents live: until then they must be there, unless they were erased. `None`: not known.
    pub content_days: Option<u32>,
    /// The least level that satisfies this policy.
    pub require: Level,
    /// Longest time from a day's end to its seal, in hours.
    pub max_seal_hours: u32,
    /// Services that must be heard of, and the most days each may be silent.
    pub services: BTreeMap<ServiceName, u32>,
    /// Findings the auditor has dealt with, by id: shown, not counted.
    pub known_findings: BTreeMap<String, String>,
}

/// A policy file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy line {line}: {reason}")]
pub struct PolicyError {
    line: usize,
    reason: String,
}

impl Policy {
    /// A policy for a fresh log, with the defaults of `init`.
    pub fn new(origin: Origin, key: VerifierKey, first_day: Day) -> Self {
        Self {
            origin,
            verifier_keys: vec![key],
            wrapping_keys: Vec::new(),
            officers: Vec::new(),
            first_day,
            retention_floor: 0,
            content_days: None,
            require: Level::Entries,
            max_seal_hours: 26,
            services: BTreeMap::new(),
            known_findings: BTreeMap::new(),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{POLICY_HEADER}")?;
        writeln!(f, "origin {}", self.origin)?;
        for key in &self.verifier_keys {
            writeln!(f, "log {key}")?;
        }
        writeln!(f, "quorum none")?;
        for id in &self.wrapping_keys {
            writeln!(f, "wrapping-key {id}")?;
        }
        for key in &self.officers {
            writeln!(f, "officer {key}")?;
        }
        writeln!(f, "first-day {}", self.first_day)?;
        writeln!(f, "retention-floor-days {}", self.retention_floor)?;
        if let Some(days) = self.content_days {
            writeln!(f, "content-days {days}")?;
        }
        writeln!(f, "require {}", self.require)?;
        writeln!(f, "max-seal-hours {}", self.max_seal_hours)?;
        for (service, days) in &self.services {
            writeln!(f, "service {service} max-silent-days {days}")?;
        }
        for (id, reason) in &self.known_findings {
            writeln!(f, "known-finding {id} {reason}")?;
        }
        Ok(())
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut draft = Draft::default();
        let mut seen_header = false;
        for (number, line) in text.lines().enumerate() {
            let fail = |reason: String| PolicyError { line: number + 1, reason };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !seen_header {
                if line != POLICY_HEADER {
                    return Err(fail(format!("expected `{POLICY_HEADER}` first, found `{line}`")));
                }
                seen_header = true;
                continue;
            }
            draft.line(line).map_err(fail)?;
        }
        draft.finish().map_err(|reason| PolicyError { line: text.lines().count(), reason })
    }
}

#[derive(Default)]
struct Draft {
    origin: Option<Origin>,
    verifier_keys: Vec<VerifierKey>,
    wrapping_keys: Vec<String>,
    officers: Vec<VerifierKey>,
    first_day: Option<Day>,
    retention_floor: Option<u32>,
    content_days: Option<u32>,
    require: Option<Level>,
    max_seal_hours: Option<u32>,
    services: BTreeMap<ServiceName, u32>,
    known_findings: BTreeMap<String, String>,
}

impl Draft {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let number =
            || whole(rest).ok_or_else(|| format!("`{word}` needs a whole number, found `{rest}`"));
        match word {
            "origin" => once(&mut self.origin, rest.parse().map_err(|e: NameError| e.to_string())?),
            "log" => {
                // C2SP allows a URL behind the key; dayseal reads the log from where it is told.
                let key = rest.split(' ').next().unwrap_or_default();
                self.verifier_keys.push(key.parse::<VerifierKey>().map_err(|e| e.to_string())?);
                Ok(())
            }
            "quorum" if rest == "none" => Ok(()),
            "quorum" | "witness" | "group" => Err(format!(
                "`{word}` asks for witnesses, which this version does not check; only `quorum none` is accepted"
            )),
            "wrapping-key" if rest.is_empty() || rest.contains(char::is_whitespace) => {
                Err(format!("`wrapping-key` needs one key id, found `{rest}`"))
            }
            "wrapping-key" => {
                self.wrapping_keys.push(rest.to_owned());
                Ok(())
            }
            "officer" => {
                self.officers.push(rest.parse::<VerifierKey>().map_err(|e| e.to_string())?);
                Ok(())
            }
            "first-day" => once(
                &mut self.first_day,
                rest.parse().map_err(|e: crate::TimeError| e.to_string())?,
            ),
            "retention-floor-days" => once(&mut self.retention_floor, number()?),
            "content-days" => once(&mut self.content_days, number()?),
            "require" => once(&mut self.require, rest.parse()?),
            "max-seal-hours" => once(&mut self.max_seal_hours, number()?),
            "service" => {
                let parts: Vec<_> = rest.split(' ').collect();
                let [name, "max-silent-days", days] = parts[..] else {
                    return Err("expected `service NAME max-silent-days N`".into());
                };
                let name: ServiceName = name.parse().map_err(|e: NameError| e.to_string())?;
                let days = whole(days).ok_or_else(|| format!("expected days, found `{days}`"))?;
                match self.services.insert(name, days) {
                    None => Ok(()),
                    Some(_) => Err("this service is named twice".into()),
                }
            }
            "known-finding" => match rest.split_once(' ') {
                Some((id, reason)) if !reason.trim().is_empty() => {
                    let reason = reason.trim().to_owned();
                    match self.known_findings.insert(id.to_owned(), reason) {
                        None => Ok(()),
                        Some(_) => Err("this finding is named twice".into()),
                    }
                }
                _ => Err("expected `known-finding ID REASON`".into()),
            },
            _ => Err(format!("unknown word `{word}`; a newer dayseal may know it")),
        }
    }

    fn finish(self) -> Result<Policy, String> {
        let origin = self.origin.ok_or("no `origin` line")?;
        if self.verifier_keys.is_empty() {
            return Err("no `log` line: whose signatures count?".into());
        }
        if let Some(key) = self.verifier_keys.iter().find(|k| k.name() != origin.as_str()) {
            return Err(format!(
                "the verifier key is of `{}`, not of the origin `{origin}`",
                key.name()
            ));
        }
        for key in &self.officers {
            let name = key.name().parse::<OfficerName>().map_err(|e| e.to_string())?;
            if !name.is_of(&origin) {
                return Err(format!("the officer `{name}` is not one of the origin `{origin}`"));
            }
        }
        Ok(Policy {
            first_day: self.first_day.ok_or("no `first-day` line")?,
            origin,
            verifier_keys: self.verifier_keys,
            wrapping_keys: self.wrapping_keys,
            officers: self.officers,
            retention_floor: self.retention_floor.unwrap_or(0),
            content_days: self.content_days,
            require: self.require.unwrap_or_default(),
            max_seal_hours: self.max_seal_hours.unwrap_or(26),
            services: self.services,
            known_findings: self.known_findings,
        })
    }
}

/// A number in its one spelling: digits only, no sign, no leading zero.
fn whole(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|n| n.to_string() == text)
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("said twice".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Policy {
        let key =
            "audit.example.com/acme/prod+db22d6f9+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
        let key: VerifierKey = key.parse().unwrap();
        let origin: Origin = key.name().parse().unwrap();
        let mut policy = Policy::new(origin, key, "2026-11-20".parse().unwrap());
        policy.wrapping_keys.push("local:0011".into());
        let officer = format!("{}/officer/dpo", policy.origin);
        let public = *policy.verifier_keys[0].public_key();
        policy.officers.push(VerifierKey::new(&officer, &public).unwrap());
        policy.services.insert("api".parse().unwrap(), 2);
        policy.known_findings.insert("gap-01ab".into(), "disk swap, ticket 7".into());
        policy
    }

    #[test]
    fn prints_and_parses() {
        let text = sample().to_string();
        assert_eq!(text.parse::<Policy>().unwrap(), sample());
        let commented = format!("# mine\n\n{text}\n# end\n");
        assert_eq!(commented.parse::<Policy>().unwrap(), sample());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let text = sample().to_string();
        for (bad, says) in [
            (String::new(), "origin"),
            (text.replace("dayseal-policy v1", "dayseal-policy v2"), "line 1"),
            (text.replace("quorum none", "quorum q1"), "witnesses"),
            (text.replace("first-day 2026-11-20", "first-day yesterday"), "yesterday"),
            (text.replace("require entries", "require all"), "level"),
            (
                text.replace("origin audit.example.com/acme/prod", "origin audit.example.com/x"),
                "origin",
            ),
            (format!("{text}origin a\n"), "twice"),
            (format!("{text}retention 5\n"), "unknown word"),
            (text.lines().filter(|l| !l.starts_with("log ")).collect::<Vec<_>>().join("\n"), "log"),
        ] {
            let error = bad.parse::<Policy>().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
