//! What was read of a deployment. Plain data: tests make broken deployments of it.

use std::fmt;

use dayseal_format::{Day, Policy, UnixMillis};
use serde::Serialize;
use serde_json::Value;

use super::LockMode;

/// Something that was asked for and not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread(pub String);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was read, or why not.
pub type Fact<T> = Result<T, Unread>;

/// A fact that could be read.
pub const fn read<T>(value: T) -> Fact<T> {
    Ok(value)
}

/// Everything that is judged.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The time of the reading.
    pub now: UnixMillis,
    /// Evidence.
    pub evidence: BucketFacts,
    /// State.
    pub state: BucketFacts,
    /// Content, if the log has any.
    pub content: Option<BucketFacts>,
    /// The key that S3 encrypts evidence with.
    pub storage_key: Fact<Option<KeyFacts>>,
    /// The key that wraps data keys; `None` for a local file.
    pub data_key: Fact<Option<KeyFacts>>,
    /// The key that signs checkpoints; `None` for a local file.
    pub signing_key: Fact<Option<KeyFacts>>,
    /// Schedules of the functions; empty if none were named.
    pub schedules: Vec<Fact<ScheduleFacts>>,
    /// The log itself.
    pub log: LogFacts,
    /// The auditor's policy.
    pub policy: Option<Policy>,
    /// Regions that data may be in; empty: anywhere.
    pub regions: Vec<String>,
}

/// Settings of one bucket.
#[derive(Clone, Debug)]
pub struct BucketFacts {
    /// Its name.
    pub name: String,
    /// The log's place in it: empty, or ending in a slash.
    pub prefix: String,
    /// Its region.
    pub region: Fact<String>,
    /// `Enabled`, `Suspended`; `None` if it never was.
    pub versioning: Fact<Option<String>>,
    /// Object Lock with its default retention.
    pub lock: Fact<Option<BucketLock>>,
    /// Default encryption.
    pub encryption: Fact<Option<Encryption>>,
    /// The four flags of Block Public Access.
    pub public_access_blocked: Fact<bool>,
    /// The bucket's own policy.
    pub policy: Fact<Option<Value>>,
    /// Lifecycle rules.
    pub lifecycle: Fact<Vec<LifecycleRule>>,
    /// `BucketOwnerEnforced` and so on.
    pub ownership: Fact<Option<String>>,
    /// The bucket that access logs go to.
    pub access_log: Fact<Option<String>>,
    /// Buckets that objects are copied to.
    pub replicas: Fact<Vec<String>>,
}

/// Object Lock's default retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BucketLock {
    /// Mode and days; `None` if new objects are not locked by default.
    pub retention: Option<(LockMode, u32)>,
}

/// Default encryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Encryption {
    /// `aws:kms`, `AES256` and so on.
    pub algorithm: String,
    /// The KMS key; `None` is AWS's own.
    pub key: Option<String>,
    /// A bucket key spares a KMS call for each object.
    pub bucket_key: bool,
}

/// One lifecycle rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleRule {
    /// Its name.
    pub id: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Keys it applies to.
    pub prefix: String,
    /// It is narrowed by tag or size: it applies to some objects only.
    pub narrowed: bool,
    /// Days until the current version expires.
    pub expiration_days: Option<u32>,
    /// It expires at a date, whatever the object's age.
    pub expires_at_a_date: bool,
    /// Days until a version that is no longer current is removed.
    pub noncurrent_days: Option<u32>,
    /// It removes delete markers with nothing behind them.
    pub removes_markers: bool,
    /// Days until an unfinished upload is removed.
    pub abort_days: Option<u32>,
    /// Days and storage class of each transition.
    pub transitions: Vec<(u32, String)>,
}

/// A KMS key or a secret.
#[derive(Clone, Debug, Serialize)]
pub struct KeyFacts {
    /// Its ARN.
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` and so on; `None` for a secret.
    pub state: Option<String>,
    /// Whether KMS makes new key material each year; `None` where it cannot.
    pub rotates: Option<bool>,
    /// The key's own policy.
    pub policy: Fact<Option<Value>>,
}

/// A schedule of EventBridge Scheduler.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleFacts {
    /// Group and name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// `rate(…)` or `cron(…)`.
    pub expression: String,
    /// ARN of what it calls.
    pub target: String,
    /// Its dead-letter queue.
    pub dead_letters: Option<QueueFacts>,
}

/// A dead-letter queue.
#[derive(Clone, Debug, Serialize)]
pub struct QueueFacts {
    /// Its ARN.
    pub arn: String,
    /// Messages in it.
    pub messages: Fact<u64>,
}

/// What the log says of itself.
#[derive(Clone, Debug)]
pub struct LogFacts {
    /// Newest sealed day.
    pub newest_sealed: Fact<Option<Day>>,
    /// Last day on which the newest sealed day must be there, as its manifest states.
    pub keep_until: Fact<Option<Day>>,
    /// The newest report of the scheduled verifier.
    pub verified: Fact<Option<VerifyFacts>>,
    /// Where the keys are: `true` if a local key file is among them.
    pub local_key_file: bool,
}

/// The last scheduled verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyFacts {
    /// When it ran.
    pub at: UnixMillis,
    /// What it ended with.
    pub exit_code: u8,
}
