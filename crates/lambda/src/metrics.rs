//! CloudWatch embedded metric format: one JSON line on standard output becomes metrics.
//!
//! Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

use dayseal_format::UnixMillis;
use serde_json::{Map, Value, json};

/// The namespace of every metric.
const NAMESPACE: &str = "Dayseal";

/// A unit of CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// The metrics of one run, with the dimension `log`.
#[derive(Clone, Debug)]
pub struct Metrics {
    log: String,
    at: UnixMillis,
    values: Vec<(&'static str, Unit, f64)>,
}

impl Metrics {
    /// None yet.
    pub fn new(log: &str, at: UnixMillis) -> Self {
        Self { log: log.to_owned(), at, values: Vec::new() }
    }

    /// Adds one. Numbers above 2^53 lose their last digits, as in CloudWatch.
    pub fn put(&mut self, name: &'static str, unit: Unit, value: f64) {
        self.values.push((name, unit, value));
    }

    /// Adds a number of things.
    pub fn count(&mut self, name: &'static str, value: u64) {
        self.put(name, Unit::Count, value as f64);
    }

    /// The value of a metric, if it is there.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(n, _, _)| *n == name).map(|(_, _, v)| *v)
    }

    /// The line.
    pub fn line(&self) -> String {
        let definitions: Vec<Value> = self
            .values
            .iter()
            .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit.name() }))
            .collect();
        let mut root = Map::new();
        root.insert(
            "_aws".into(),
            json!({
                "Timestamp": self.at.as_millis(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["log"]],
                    "Metrics": definitions,
                }],
            }),
        );
        root.insert("log".into(), self.log.clone().into());
        for (name, _, value) in &self.values {
            root.insert((*name).into(), json!(value));
        }
        Value::Object(root).to_string()
    }
}

/// Hours from then to now, never below 0.
pub(crate) fn hours(since: UnixMillis, now: UnixMillis) -> f64 {
    (now.as_millis() - since.as_millis()).max(0) as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_what_cloudwatch_asks_for() {
        let mut metrics = Metrics::new("main", UnixMillis::new(1_700_000_000_000).unwrap());
        metrics.count("Entries", 3);
        metrics.put("SealDuration", Unit::Milliseconds, 1.5);
        let line: Value = serde_json::from_str(&metrics.line()).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Dayseal",
                        "Dimensions": [["log"]],
                        "Metrics": [
                            { "Name": "Entries", "Unit": "Count" },
                            { "Name": "SealDuration", "Unit": "Milliseconds" },
                        ],
                    }],
                },
                "log": "main",
                "Entries": 3.0,
                "SealDuration": 1.5,
            })
        );
        assert!(!metrics.line().contains('\n'));
    }
}
