//! Asking AWS: read-only calls, each answer or refusal a fact.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::types::{LifecycleRuleFilter, ObjectLockRetentionMode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use dayseal_format::manifest::Manifest;
use dayseal_format::names::{CHECKPOINTS, manifest_key, parse_checkpoint_key};
use dayseal_format::{Day, Policy, UnixMillis};
use dayseal_keys::{Arn, KeyRef};
use dayseal_store::{ErrorKind, OpenOptions, Store};
use serde_json::Value;

use super::LockMode;
use super::facts::{
    BucketFacts, BucketLock, Encryption, Fact, Facts, KeyFacts, LifecycleRule, LogFacts,
    QueueFacts, ScheduleFacts, Unread, VerifyFacts,
};

/// Longest first line of a manifest.
const MAX_LINE: u64 = 65_536;
/// Longest report read, in bytes: a thousand findings, twice.
const MAX_REPORT: u64 = 16 * 1024 * 1024;

/// Which deployment to read.
#[derive(Debug)]
pub struct Target<'a> {
    /// The evidence root, a bucket.
    pub evidence: &'a dyn Store,
    /// The state root, a bucket.
    pub state: &'a dyn Store,
    /// The content root's URL, if there is one.
    pub content: Option<&'a str>,
    /// What signs.
    pub signing_key: Option<&'a KeyRef>,
    /// What wraps data keys.
    pub wrapping_key: Option<&'a KeyRef>,
    /// Schedules, as `GROUP/NAME` or `NAME`.
    pub schedules: &'a [String],
    /// How to reach AWS.
    pub options: &'a OpenOptions,
    /// The auditor's policy.
    pub policy: Option<Policy>,
    /// Regions that data may be in.
    pub regions: Vec<String>,
    /// The time now.
    pub now: UnixMillis,
}

/// A deployment that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// A root that is no bucket.
    #[error(
        "{url} is no bucket: settings of buckets are what is checked; a directory enforces none of them"
    )]
    NotABucket {
        /// The root.
        url: String,
    },
}

/// The clients, made once.
struct Clients {
    s3: aws_sdk_s3::Client,
    sdk: SdkConfig,
}

/// Reads a deployment. What is refused or fails becomes an unread fact.
///
/// # Errors
/// [`CollectError`].
pub async fn collect(target: Target<'_>) -> Result<Facts, CollectError> {
    let evidence = bucket_of(target.evidence.url())?;
    let state = bucket_of(target.state.url())?;
    let content = target.content.map(bucket_of).transpose()?;
    let clients = Clients::new(target.options).await;
    let evidence = clients.bucket(evidence).await;
    let state = clients.bucket(state).await;
    let content = match content {
        Some(content) => Some(clients.bucket(content).await),
        None => None,
    };
    let storage_key = match &evidence.encryption {
        Ok(Some(Encryption { key: Some(arn), .. })) => match arn.parse::<Arn>() {
            Ok(arn) => clients.key(&KeyRef::Kms(arn)).await,
            // A key id or alias name: in this account and region.
            Err(_) => clients.kms_key(arn, None).await.map(Some),
        },
        Ok(_) => Ok(None),
        Err(e) => Err(e.clone()),
    };
    let mut keys = Vec::new();
    for key in [target.wrapping_key, target.signing_key] {
        keys.push(match key {
            Some(key) => clients.key(key).await,
            None => Ok(None),
        });
    }
    let signing_key = keys.pop().expect("two were pushed");
    let data_key = keys.pop().expect("two were pushed");
    let mut schedules = Vec::new();
    for name in target.schedules {
        schedules.push(clients.schedule(name).await);
    }
    let local = |key: Option<&KeyRef>| !matches!(key, Some(KeyRef::Kms(_) | KeyRef::Secret(_)));
    let newest = newest_sealed(target.evidence).await;
    let log = LogFacts {
        keep_until: keep_until(target.evidence, &newest).await,
        newest_sealed: newest,
        verified: last_report(target.state).await,
        local_key_file: local(target.signing_key) || local(target.wrapping_key),
    };
    Ok(Facts {
        now: target.now,
        evidence,
        state,
        content,
        storage_key,
        data_key,
        signing_key,
        schedules,
        log,
        policy: target.policy,
        regions: target.regions,
    })
}

/// Bucket and prefix of a root's URL.
fn bucket_of(url: &str) -> Result<(String, String), CollectError> {
    let rest = url
        .strip_prefix("s3://")
        .ok_or_else(|| CollectError::NotABucket { url: url.to_owned() })?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok((bucket.to_owned(), prefix))
}

type Answer<T, E> = Result<T, SdkError<E, HttpResponse>>;

/// An answer; `None` for one of the errors that mean "there is none".
fn absent<T, E>(call: &str, answer: Answer<T, E>, codes: &[&str]) -> Fact<Option<T>>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(e) => {
            let code = e.as_service_error().and_then(|e| e.code());
            match code {
                Some(code) if codes.contains(&code) => Ok(None),
                Some(code) => Err(Unread(format!("{call}: {code}"))),
                None => Err(Unread(format!("{call}: {e}"))),
            }
        }
    }
}

fn present<T, E>(call: &str, answer: Answer<T, E>) -> Fact<T>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    absent(call, answer, &[])?.ok_or_else(|| Unread(format!("{call}: no answer")))
}

fn json(call: &str, text: Option<&str>) -> Fact<Option<Value>> {
    let parsed = text.map(serde_json::from_str).transpose();
    parsed.map_err(|e| Unread(format!("{call}: {e}")))
}

fn days(n: i32) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

impl Clients {
    async fn new(options: &OpenOptions) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &options.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let sdk = loader.load().await;
        let s3 =
            aws_sdk_s3::config::Builder::from(&sdk).force_path_style(options.path_style).build();
        Self { s3: aws_sdk_s3::Client::from_conf(s3), sdk }
    }

    async fn bucket(&self, (name, prefix): (String, String)) -> BucketFacts {
        let (s3, b) = (&self.s3, name.as_str());
        BucketFacts {
            region: present("GetBucketLocation", s3.get_bucket_location().bucket(b).send().await)
                .map(|l| {
                    // The oldest region has no name here.
                    let name = l.location_constraint().map_or("", |c| c.as_str());
                    if name.is_empty() { "us-east-1".to_owned() } else { name.to_owned() }
                }),
            versioning: present(
                "GetBucketVersioning",
                s3.get_bucket_versioning().bucket(b).send().await,
            )
            .map(|v| v.status().map(|s| s.as_str().to_owned())),
            lock: self.lock(b).await,
            encryption: self.encryption(b).await,
            public_access_blocked: self.public_access(b).await,
            policy: match absent(
                "GetBucketPolicy",
                s3.get_bucket_policy().bucket(b).send().await,
                &["NoSuchBucketPolicy"],
            ) {
                Ok(found) => json("GetBucketPolicy", found.as_ref().and_then(|p| p.policy())),
                Err(e) => Err(e),
            },
            lifecycle: self.lifecycle(b).await,
            ownership: absent(
                "GetBucketOwnershipControls",
                s3.get_bucket_ownership_controls().bucket(b).send().await,
                &["OwnershipControlsNotFoundError"],
            )
            .map(|found| {
                let controls = found.and_then(|f| f.ownership_controls);
                controls
                    .and_then(|c| c.rules.first().map(|r| r.object_ownership.as_str().to_owned()))
            }),
            access_log: present("GetBucketLogging", s3.get_bucket_logging().bucket(b).send().await)
                .map(|l| l.logging_enabled().map(|l| l.target_bucket().to_owned())),
            replicas: absent(
                "GetBucketReplication",
                s3.get_bucket_replication().bucket(b).send().await,
                &["ReplicationConfigurationNotFoundError"],
            )
            .map(|found| {
                let rules = found
                    .and_then(|f| f.replication_configuration)
                    .map(|c| c.rules)
                    .unwrap_or_default();
                rules.into_iter().filter_map(|r| r.destination).map(|d| d.bucket).collect()
            }),
            name,
            prefix,
        }
    }

    async fn lock(&self, bucket: &str) -> Fact<Option<BucketLock>> {
        let answer = self.s3.get_object_lock_configuration().bucket(bucket).send().await;
        let found = absent(
            "GetObjectLockConfiguration",
            answer,
            &["ObjectLockConfigurationNotFoundError"],
        )?;
        Ok(found.and_then(|f| f.object_lock_configuration).map(|c| {
            let retention = c.rule.and_then(|r| r.default_retention).and_then(|r| {
                let mode = match r.mode? {
                    ObjectLockRetentionMode::Compliance => LockMode::Compliance,
                    _ => LockMode::Governance,
                };
                // A year of S3 is 365 days.
                Some((mode, r.days.map(days).or(r.years.map(|y| days(y) * 365))?))
            });
            BucketLock { retention }
        }))
    }

    async fn encryption(&self, bucket: &str) -> Fact<Option<Encryption>> {
        let answer = self.s3.get_bucket_encryption().bucket(bucket).send().await;
        let found = absent(
            "GetBucketEncryption",
            answer,
            &["ServerSideEncryptionConfigurationNotFoundError"],
        )?;
        let rules = found
            .and_then(|f| f.server_side_encryption_configuration)
            .map(|c| c.rules)
            .unwrap_or_default();
        Ok(rules.into_iter().find_map(|rule| {
            let default = rule.apply_server_side_encryption_by_default?;
            Some(Encryption {
                algorithm: default.sse_algorithm.as_str().to_owned(),
                key: default.kms_master_key_id,
                bucket_key: rule.bucket_key_enabled.unwrap_or(false),
            })
        }))
    }

    async fn public_access(&self, bucket: &str) -> Fact<bool> {
        let answer = self.s3.get_public_access_block().bucket(bucket).send().await;
        let found =
            absent("GetPublicAccessBlock", answer, &["NoSuchPublicAccessBlockConfiguration"])?;
        Ok(found.and_then(|f| f.public_access_block_configuration).is_some_and(|c| {
            let flags = [
                c.block_public_acls,
                c.ignore_public_acls,
                c.block_public_policy,
                c.restrict_public_buckets,
            ];
            flags.iter().all(|flag| *flag == Some(true))
        }))
    }

    async fn lifecycle(&self, bucket: &str) -> Fact<Vec<LifecycleRule>> {
        let answer = self.s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
        let found =
            absent("GetBucketLifecycleConfiguration", answer, &["NoSuchLifecycleConfiguration"])?;
        Ok(found
            .and_then(|f| f.rules)
            .unwrap_or_default()
            .into_iter()
            .map(lifecycle_rule)
            .collect())
    }

    async fn key(&self, key: &KeyRef) -> Fact<Option<KeyFacts>> {
        match key {
            KeyRef::File(_) => Ok(None),
            KeyRef::Kms(arn) => self.kms_key(arn.as_str(), Some(arn.region())).await.map(Some),
            // Who may read a secret stands in IAM and in its own policy; the latter is not read here.
            KeyRef::Secret(arn) => Ok(Some(KeyFacts {
                arn: arn.to_string(),
                state: None,
                rotates: None,
                policy: Err(Unread(
                    "a secret's policy is not read: see infra/, or the console".into(),
                )),
            })),
        }
    }

    async fn kms_key(&self, id: &str, region: Option<&str>) -> Fact<KeyFacts> {
        let mut config = aws_sdk_kms::config::Builder::from(&self.sdk);
        if let Some(region) = region {
            config = config.region(aws_sdk_kms::config::Region::new(region.to_owned()));
        }
        let kms = aws_sdk_kms::Client::from_conf(config.build());
        let described = present("kms:DescribeKey", kms.describe_key().key_id(id).send().await)?;
        let meta =
            described.key_metadata.ok_or_else(|| Unread("kms:DescribeKey: no metadata".into()))?;
        let symmetric = meta.key_spec().is_some_and(|s| s.as_str() == "SYMMETRIC_DEFAULT");
        let rotates = match symmetric {
            true => {
                let answer = kms.get_key_rotation_status().key_id(&meta.key_id).send().await;
                Some(present("kms:GetKeyRotationStatus", answer)?.key_rotation_enabled)
            }
            false => None,
        };
        let policy = present(
            "kms:GetKeyPolicy",
            kms.get_key_policy().key_id(&meta.key_id).policy_name("default").send().await,
        );
        Ok(KeyFacts {
            arn: meta.arn.unwrap_or_else(|| id.to_owned()),
            state: meta.key_state.map(|s| s.as_str().to_owned()),
            rotates,
            policy: policy.and_then(|p| json("kms:GetKeyPolicy", p.policy())),
        })
    }

    async fn schedule(&self, name: &str) -> Fact<ScheduleFacts> {
        let client = aws_sdk_scheduler::Client::new(&self.sdk);
        let (group, own) = match name.split_once('/') {
            Some((group, own)) => (Some(group.to_owned()), own),
            None => (None, name),
        };
        let answer = client.get_schedule().set_group_name(group).name(own).send().await;
        let found =
            present("scheduler:GetSchedule", answer).map_err(|e| Unread(format!("{name}: {e}")))?;
        let target = found.target().cloned();
        let queue = target
            .as_ref()
            .and_then(|t| t.dead_letter_config())
            .and_then(|d| d.arn())
            .map(str::to_owned);
        Ok(ScheduleFacts {
            name: name.to_owned(),
            enabled: found.state().is_some_and(|s| s.as_str() == "ENABLED"),
            expression: found.schedule_expression().unwrap_or_default().to_owned(),
            target: target.map_or(String::new(), |t| t.arn().to_owned()),
            dead_letters: match queue {
                Some(arn) => Some(QueueFacts { messages: self.messages(&arn).await, arn }),
                None => None,
            },
        })
    }

    async fn messages(&self, arn: &str) -> Fact<u64> {
        use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages as Messages;
        let client = aws_sdk_sqs::Client::new(&self.sdk);
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let url = present("sqs:GetQueueUrl", client.get_queue_url().queue_name(name).send().await)?;
        let url = url.queue_url().unwrap_or_default();
        let answer =
            client.get_queue_attributes().queue_url(url).attribute_names(Messages).send().await;
        let found = present("sqs:GetQueueAttributes", answer)?;
        let text = found.attributes().and_then(|a| a.get(&Messages));
        text.and_then(|t| t.parse().ok())
            .ok_or_else(|| Unread("sqs:GetQueueAttributes: no number".into()))
    }
}

fn lifecycle_rule(rule: aws_sdk_s3::types::LifecycleRule) -> LifecycleRule {
    let (prefix, narrowed) = scope(rule.filter.as_ref());
    let expiration = rule.expiration;
    LifecycleRule {
        id: rule.id.unwrap_or_default(),
        enabled: rule.status.as_str() == "Enabled",
        // Rules from before filters have a prefix of their own.
        #[allow(deprecated)]
        prefix: rule.prefix.unwrap_or(prefix),
        narrowed,
        expiration_days: expiration.as_ref().and_then(|e| e.days).map(days),
        expires_at_a_date: expiration.as_ref().is_some_and(|e| e.date.is_some()),
        noncurrent_days: rule
            .noncurrent_version_expiration
            .and_then(|n| n.noncurrent_days)
            .map(days),
        removes_markers: expiration.is_some_and(|e| e.expired_object_delete_marker == Some(true)),
        abort_days: rule
            .abort_incomplete_multipart_upload
            .and_then(|a| a.days_after_initiation)
            .map(days),
        transitions: rule
            .transitions
            .unwrap_or_default()
            .into_iter()
            .map(|t| {
                (
                    t.days.map_or(0, days),
                    t.storage_class.map_or(String::new(), |c| c.as_str().to_owned()),
                )
            })
            .collect(),
    }
}

/// The prefix of a filter, and whether it narrows further.
fn scope(filter: Option<&LifecycleRuleFilter>) -> (String, bool) {
    let Some(f) = filter else { return (String::new(), false) };
    let alone = f.tag.is_some()
        || f.object_size_greater_than.is_some()
        || f.object_size_less_than.is_some();
    let and = f.and.as_ref();
    let together = and.is_some_and(|a| {
        a.tags.as_ref().is_some_and(|t| !t.is_empty())
            || a.object_size_greater_than.is_some()
            || a.object_size_less_than.is_some()
    });
    let prefix = f.prefix.clone().or_else(|| and.and_then(|a| a.prefix.clone()));
    (prefix.unwrap_or_default(), alone || together)
}

async fn newest_sealed(evidence: &dyn Store) -> Fact<Option<Day>> {
    let listed = evidence.list_direct(CHECKPOINTS).await.map_err(|e| Unread(e.to_string()))?;
    Ok(listed.iter().filter_map(|entry| parse_checkpoint_key(&entry.key)).max())
}

async fn keep_until(evidence: &dyn Store, newest: &Fact<Option<Day>>) -> Fact<Option<Day>> {
    let Some(day) = newest.clone()? else { return Ok(None) };
    let key = manifest_key(day);
    let start =
        evidence.get_range(&key, None, 0, MAX_LINE).await.map_err(|e| Unread(e.to_string()))?;
    let record = Manifest::read_day_record(&start.bytes);
    Ok(Some(record.map_err(|e| Unread(format!("{key}: {e}")))?.keep_until))
}

/// The newest report of the scheduled verifier: `reports/<day>/<milliseconds>.json`.
async fn last_report(state: &dyn Store) -> Fact<Option<VerifyFacts>> {
    let unread = |e: dayseal_store::StoreError| Unread(e.to_string());
    let days = state.list_prefixes("reports/").await.map_err(unread)?;
    let Some(newest) = days.last() else { return Ok(None) };
    let listed = state.list_direct(newest).await.map_err(unread)?;
    let at = |key: &str| {
        let ms = key.strip_prefix(newest.as_str())?.strip_suffix(".json")?.parse::<i64>().ok()?;
        UnixMillis::new(ms).ok()
    };
    let Some((at, key)) = listed.iter().filter_map(|e| Some((at(&e.key)?, &e.key))).max() else {
        return Ok(None);
    };
    let stored = match state.get(key, None, MAX_REPORT).await {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(unread)?,
    };
    let report: Value =
        serde_json::from_slice(&stored.bytes).map_err(|e| Unread(format!("{key}: {e}")))?;
    // A range has only the forward part.
    let code = report["exit_code"].as_u64().or_else(|| report["forward"]["exit_code"].as_u64());
    let exit_code = code
        .and_then(|c| u8::try_from(c).ok())
        .ok_or_else(|| Unread(format!("{key}: no exit_code")))?;
    Ok(Some(VerifyFacts { at, exit_code }))
}
