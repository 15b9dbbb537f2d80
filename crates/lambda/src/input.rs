//! What an invocation asks for. Chooses among configured logs; names no bucket and no key.

use dayseal_format::{Day, Level};
use serde::Deserialize;

/// Input of `seal`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealInput {
    /// The log; may be left out where there is only one.
    #[serde(default)]
    pub log: Option<String>,
    /// Last day to seal; the newest that is due if left out.
    #[serde(default)]
    pub through: Option<Day>,
    /// Instead of the configuration's.
    #[serde(default)]
    pub grace_minutes: Option<u32>,
    /// When the schedule meant to fire. For the log line only.
    #[serde(default)]
    pub scheduled_time: Option<String>,
}

/// Input of `verify`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyInput {
    /// The log; may be left out where there is only one.
    #[serde(default)]
    pub log: Option<String>,
    /// Instead of the configuration's.
    #[serde(default, deserialize_with = "level")]
    pub level: Option<Level>,
    /// There is no memory yet.
    #[serde(default)]
    pub first_run: bool,
    /// With `to`: look at these days instead of going on from memory.
    #[serde(default)]
    pub from: Option<Day>,
    /// See `from`.
    #[serde(default)]
    pub to: Option<Day>,
    /// When the schedule meant to fire. For the log line only.
    #[serde(default)]
    pub scheduled_time: Option<String>,
}

fn level<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Level>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    text.map(|t| t.parse()).transpose().map_err(serde::de::Error::custom)
}
