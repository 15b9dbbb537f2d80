//! `DAYSEAL_LOGS`: what whoever deploys says about the logs.

use std::collections::BTreeMap;

use dayseal_chain::LogSettings;
use dayseal_format::{Day, Level, Origin};
use dayseal_keys::KeyRef;
use serde::Deserialize;

use crate::FunctionError;

/// The environment variable.
const VARIABLE: &str = "DAYSEAL_LOGS";
/// Where the policies lie in the state bucket; so no log may have this name.
const POLICIES: &str = "policies";

/// The configuration of a function. `docs/functions.md` explains each field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    v: u8,
    evidence: String,
    state: String,
    /// What signs checkpoints.
    #[serde(default, deserialize_with = "key")]
    pub signing_key: Option<KeyRef>,
    /// What takes over from it (`docs/rotation.md`).
    #[serde(default, deserialize_with = "key")]
    pub next_signing_key: Option<KeyRef>,
    /// What wraps data keys.
    #[serde(default, deserialize_with = "key")]
    pub wrapping_key: Option<KeyRef>,
    /// What wrapped them before a change: files and secrets that older entries are opened with. KMS
    /// keys stand in the policy.
    #[serde(default)]
    pub old_wrapping_keys: Vec<KeyRef>,
    #[serde(default = "default_retention_days")]
    retention_days: u32,
    #[serde(default = "default_late_days")]
    late_days: u16,
    /// Minutes after a day's end before it is sealed.
    #[serde(default = "default_grace_minutes")]
    pub grace_minutes: u32,
    /// ARN of the SNS topic that hears of findings.
    #[serde(default)]
    pub topic: Option<String>,
    /// Level of the scheduled verification.
    #[serde(default = "default_level", deserialize_with = "level")]
    pub level: Level,
    /// Every kept object is hashed again once in so many days.
    #[serde(default = "default_rehash_days")]
    pub rehash_days: u32,
    /// The logs by name.
    pub logs: BTreeMap<String, LogConfig>,
}

/// One log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Its origin.
    pub origin: Origin,
    /// Its first day.
    pub first_day: Day,
}

const fn default_retention_days() -> u32 {
    LogSettings::DEFAULT_RETENTION_DAYS
}
const fn default_late_days() -> u16 {
    LogSettings::DEFAULT_LATE_DAYS
}
const fn default_grace_minutes() -> u32 {
    60
}
const fn default_level() -> Level {
    Level::Objects
}
const fn default_rehash_days() -> u32 {
    30
}

fn key<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<KeyRef>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    text.map(|t| t.parse()).transpose().map_err(serde::de::Error::custom)
}

fn level<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Level, D::Error> {
    String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
}

impl Config {
    /// From the environment.
    ///
    /// # Errors
    /// [`FunctionError::Config`].
    pub fn from_environment() -> Result<Self, FunctionError> {
        match std::env::var(VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(e) => Err(FunctionError::Config(format!("{VARIABLE}: {e}"))),
        }
    }

    /// From its JSON text.
    ///
    /// # Errors
    /// [`FunctionError::Config`], with the place.
    pub fn parse(text: &str) -> Result<Self, FunctionError> {
        let wrong = |what: String| FunctionError::Config(format!("{VARIABLE}: {what}"));
        let config: Self = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if config.v != 1 {
            return Err(wrong(format!("version {}: expected 1", config.v)));
        }
        for (field, root) in [("evidence", &config.evidence), ("state", &config.state)] {
            if root.is_empty() || root.ends_with('/') {
                return Err(wrong(format!(
                    "{field} `{root}`: expected a URL without a slash at its end"
                )));
            }
        }
        if config.logs.is_empty() {
            return Err(wrong("logs: expected one at least".into()));
        }
        let good = |name: &str| {
            let bytes = name.bytes();
            (1..=32).contains(&name.len())
                && bytes.into_iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
                && name != POLICIES
        };
        if let Some(name) = config.logs.keys().find(|name| !good(name)) {
            let expected = "1 to 32 of a-z, 0-9 and -, not `policies`";
            return Err(wrong(format!(
                "the log name `{}`: expected {expected}",
                name.escape_debug()
            )));
        }
        if config.rehash_days == 0 {
            return Err(wrong("rehash_days 0: expected 1 or more".into()));
        }
        Ok(config)
    }

    /// The log that an input names, or the only one.
    ///
    /// # Errors
    /// [`FunctionError::Input`].
    pub fn log(&self, name: Option<&str>) -> Result<(&str, &LogConfig), FunctionError> {
        let names = || self.logs.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match (name, self.logs.iter().next()) {
            (Some(name), _) => self
                .logs
                .get_key_value(name)
                .map(|(name, log)| (name.as_str(), log))
                .ok_or_else(|| {
                    let name = name.escape_debug();
                    FunctionError::Input(format!("no log `{name}`: expected one of {}", names()))
                }),
            (None, Some((name, log))) if self.logs.len() == 1 => Ok((name, log)),
            (None, _) => {
                Err(FunctionError::Input(format!("`log` is missing: expected one of {}", names())))
            }
        }
    }

    /// The evidence root of a log.
    pub fn evidence(&self, name: &str) -> String {
        format!("{}/{name}", self.evidence)
    }

    /// The state root of a log.
    pub fn state(&self, name: &str) -> String {
        format!("{}/{name}", self.state)
    }

    /// The root that the policies lie in, each under its log's name.
    pub fn policies(&self) -> String {
        format!("{}/{POLICIES}", self.state)
    }

    /// What the sealer needs to know about a log.
    pub fn settings(&self, log: &LogConfig) -> LogSettings {
        LogSettings {
            origin: log.origin.clone(),
            first_day: log.first_day,
            retention_days: self.retention_days,
            late_days: self.late_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"v":1,"evidence":"s3://e","state":"s3://s",
        "logs":{"main":{"origin":"a.example/x","first_day":"2026-01-01"}}}"#;

    #[test]
    fn defaults_and_roots() {
        let config = Config::parse(GOOD).unwrap();
        let (name, log) = config.log(None).unwrap();
        assert_eq!(name, "main");
        assert_eq!(config.evidence(name), "s3://e/main");
        assert_eq!(config.state(name), "s3://s/main");
        assert_eq!(config.policies(), "s3://s/policies");
        let settings = config.settings(log);
        assert_eq!((settings.retention_days, settings.late_days), (366, 3));
        assert_eq!((config.grace_minutes, config.rehash_days), (60, 30));
        assert_eq!(config.level, Level::Objects);
    }

    #[test]
    fn wrong_configurations_name_the_place() {
        for (from, to, says) in [
            ("\"v\":1", "\"v\":2", "version 2"),
            ("\"v\":1,", "", "missing field `v`"),
            ("\"state\"", "\"sate\"", "unknown field `sate`"),
            ("s3://e", "s3://e/", "evidence"),
            ("\"main\"", "\"Main\"", "log name `Main`"),
            ("\"main\"", "\"policies\"", "log name `policies`"),
            ("2026-01-01", "2026-13-01", "day"),
            ("\"logs\"", "\"rehash_days\":0,\"logs\"", "rehash_days"),
            ("\"logs\"", "\"level\":\"deep\",\"logs\"", "`deep` is not a level"),
            ("\"logs\"", "\"old_wrapping_keys\":\"a\",\"logs\"", "expected a sequence"),
            (
                "\"main\":{\"origin\":\"a.example/x\",\"first_day\":\"2026-01-01\"}",
                "",
                "one at least",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = Config::parse(&text).unwrap_err();
            assert!(matches!(error, FunctionError::Config(_)));
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn an_input_must_name_a_log_where_there_are_several() {
        let two = GOOD.replacen(
            "\"main\"",
            "\"b\":{\"origin\":\"b.example/x\",\"first_day\":\"2026-01-01\"},\"main\"",
            1,
        );
        let config = Config::parse(&two).unwrap();
        assert!(config.log(None).unwrap_err().to_string().contains("b, main"));
        assert_eq!(config.log(Some("b")).unwrap().0, "b");
        assert!(matches!(config.log(Some("c")), Err(FunctionError::Input(_))));
    }
}
