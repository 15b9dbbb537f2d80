//! A store in an S3 bucket, through the AWS SDK for Rust.

mod failure;
mod list;
mod put;
mod read;
mod retry;
mod signing;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::types::BucketVersioningStatus;
use bytes::Bytes;

use crate::contract::unreadable;
use crate::key::{MAX_KEY, check_key, check_prefix, fault_of_key};
use crate::{
    Capabilities, Condition, Entry, ErrorKind, ObjectMeta, Page, Sha256, Store, StoreError,
    StoredObject,
};
use retry::Patience;

/// How long one request is retried unless told otherwise.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// A connection that is not up after this long never comes up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the bucket is and how patient to be. Credentials are not in here: they come from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Config {
    /// Bucket name.
    pub bucket: String,
    /// What stands before every key, without a slash at its end; empty for the whole bucket. Of the grammar of keys.
    pub prefix: String,
    /// Another service than AWS: `http://host:port` or `https://…`, without user or password.
    pub endpoint: Option<String>,
    /// The bucket in the path rather than in the host name; most other services want it.
    pub path_style: bool,
    /// AWS region; otherwise `AWS_REGION`, the profile, or the instance's, and `us-east-1` with an `endpoint`.
    pub region: Option<String>,
    /// Account id that must own the bucket: a bucket deleted and made anew by someone else is then refused by S3.
    pub expected_owner: Option<String>,
    /// Ask at [`S3Store::connect`] whether the bucket keeps versions. A producer switches it off: its role may not ask, and a
    /// request is saved. Without it [`Capabilities::versions`] is false.
    pub check_versioning: bool,
    /// How long one call goes on, retries included; 2 s are added for every MiB of body. Default 60 s.
    pub deadline: Duration,
    /// How long one attempt may take before it is given up and repeated; 2 s are added for every MiB of body. Default 10 s.
    pub attempt_timeout: Duration,
}

impl S3Config {
    /// A whole bucket on AWS, with the defaults named at each field.
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: String::new(),
            endpoint: None,
            path_style: false,
            region: None,
            expected_owner: None,
            check_versioning: true,
            deadline: DEFAULT_DEADLINE,
            attempt_timeout: Duration::from_secs(10),
        }
    }

    fn url(&self) -> String {
        match self.prefix.as_str() {
            "" => format!("s3://{}", self.bucket),
            prefix => format!("s3://{}/{prefix}", self.bucket),
        }
    }

    fn check(&self, url: &str) -> Result<(), StoreError> {
        let wrong = |detail: String| {
            Err(StoreError::new(
                ErrorKind::Configuration,
                "open",
                url.escape_debug().to_string(),
                detail,
            ))
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if self.bucket.is_empty() || !self.bucket.bytes().all(plain) {
            return wrong("expected a bucket name of letters, digits, dots and hyphens".into());
        }
        if let Some(fault) = fault_of_key(&self.prefix).filter(|_| !self.prefix.is_empty()) {
            return wrong(format!("the prefix is outside the grammar of keys: {fault}"));
        }
        if let Some(endpoint) = &self.endpoint {
            let host =
                endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
            // Not shown: what stands before the @ is likely a password.
            if host.is_none_or(|h| h.is_empty() || h.contains('@')) {
                return wrong(
                    "the endpoint must be http://host:port or https://host, no user".into(),
                );
            }
        }
        Ok(())
    }
}

/// One root of a log in an S3 bucket.
///
/// - Creates carry `If-None-Match: *`, replacements `If-Match`; every body goes in one request with its SHA-256, which S3
///   checks before it stores anything. The digest also signs the request, so the SDK hashes nothing again.
/// - Retried within the deadline, with exponential backoff and full jitter: 409, 408, 429, 500, 502, 503, 504, timeouts
///   and broken connections. A repeated create that is refused reads back what is there: our own bytes mean that an
///   earlier attempt had landed. Where reading is denied the answer is `AlreadyExists`, as it also is for foreign bytes.
/// - Reads don't ask S3 for checksums: callers hash what they read.
/// - S3 answers 403, not 404, for a missing key to whoever may not list the bucket: `Denied`, then, not `NotFound`.
/// - An object that stood in the bucket before versioning was switched on has no version id here.
/// - S3 tells apart a marker and an object that follow each other within one second only by which is current.
///
/// Credentials come from the SDK's default chain: environment, profile (static keys and assumed roles), web identity, ECS and
/// EKS, EC2 instance. Left out of the build: SSO, `aws login`, and credential processes, which need further TLS and
/// crypto stacks or start programs; pass such credentials through the environment.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    config: S3Config,
    url: String,
    /// Empty, or the prefix with a slash.
    root: String,
    versions: bool,
}

impl S3Store {
    /// Connects with credentials from the default chain. Sends no request if `check_versioning` is off.
    ///
    /// # Errors
    /// `Configuration` for a wrong bucket, prefix, endpoint or a missing region, and, when versioning is asked for,
    /// what S3 reports, except that `Denied` only leaves [`Capabilities::versions`] false.
    pub async fn connect(config: S3Config) -> Result<Self, StoreError> {
        config.check(&config.url())?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = config.region.clone() {
            loader = loader.region(Region::new(region));
        } else if config.endpoint.is_some() {
            // The whole chain would ask EC2's metadata service, which other services' machines do not have.
            let region = EnvironmentVariableRegionProvider::new().region().await;
            loader = loader.region(region.unwrap_or(Region::from_static("us-east-1")));
        }
        Self::connect_with(config, &loader.load().await).await
    }

    /// Connects with an SDK configuration the caller has: shared with other clients, or with credentials of its own.
    ///
    /// `config` wins over region and endpoint in `sdk`; its retries, timeouts and checksum settings are replaced.
    ///
    /// # Errors
    /// As [`S3Store::connect`].
    pub async fn connect_with(config: S3Config, sdk: &SdkConfig) -> Result<Self, StoreError> {
        let url = config.url();
        config.check(&url)?;
        let mut builder = aws_sdk_s3::config::Builder::from(sdk)
            .behavior_version(BehaviorVersion::latest())
            .force_path_style(config.path_style)
            // Retries, timeouts and digests are ours: two layers would multiply, and hide what may have landed.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Some(region) = config.region.clone() {
            builder = builder.region(Region::new(region));
        } else if sdk.region().is_none() {
            let detail = "no AWS region: set AWS_REGION or name it in the options";
            return Err(StoreError::new(ErrorKind::Configuration, "open", url, detail));
        }
        if let Some(endpoint) = &config.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        let root =
            if config.prefix.is_empty() { String::new() } else { format!("{}/", config.prefix) };
        let client = Client::from_conf(builder.build());
        let mut store = Self { client, config, url, root, versions: false };
        if store.config.check_versioning {
            store.versions = store.keeps_versions().await?;
        }
        Ok(store)
    }

    /// Whether versioning is on now. Suspended counts as off: what is overwritten then leaves no trace.
    async fn keeps_versions(&self) -> Result<bool, StoreError> {
        let attempt = |_| async {
            let request = self.client.get_bucket_versioning().bucket(&self.config.bucket);
            let owner = self.config.expected_owner.clone();
            Ok(request.set_expected_bucket_owner(owner).send().await?)
        };
        match retry::retrying(self.patience(0), attempt).await {
            Ok(answer) => Ok(answer.status == Some(BucketVersioningStatus::Enabled)),
            Err(failure) if failure.kind == ErrorKind::Denied => {
                tracing::warn!(root = %self.url, "not allowed to ask whether versions are kept (s3:GetBucketVersioning); taken as no");
                Ok(false)
            }
            Err(failure) => Err(failure.into_error("open", self.url.clone())),
        }
    }

    /// How long to try something that moves about `bytes` bytes.
    fn patience(&self, bytes: u64) -> Patience {
        // 512 KiB/s is less than any connection a service runs on; past 1 GiB nothing here is meant to go.
        let allowance = Duration::from_millis(bytes.min(1 << 30) / 524);
        Patience {
            attempt: self.config.attempt_timeout + allowance,
            deadline: self.config.deadline + allowance,
        }
    }

    /// The key as the bucket has it.
    fn full_key(&self, action: &'static str, key: &str) -> Result<String, StoreError> {
        check_key(action, &self.url, key)?;
        let full = format!("{}{key}", self.root);
        if full.len() > MAX_KEY {
            let detail = format!("prefix and key have {} bytes, S3 takes {MAX_KEY}", full.len());
            return Err(StoreError::new(
                ErrorKind::Configuration,
                action,
                self.object(key),
                detail,
            ));
        }
        Ok(full)
    }

    fn object(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
    }
}

#[async_trait]
impl Store for S3Store {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        put::put(self, key, put::Body::Bytes(bytes), sha256, condition).await
    }

    async fn put_file(
        &self,
        key: &str,
        file: &Path,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        let length =
            std::fs::metadata(file).map_err(|e| unreadable(self.url(), key, file, e))?.len();
        put::put(self, key, put::Body::File(file, length), sha256, condition).await
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        read::get(self, key, version, limit).await
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        read::get_range(self, key, version, offset, length).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        read::head(self, key, version).await
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        check_prefix("list", &self.url, prefix)?;
        list::page(self, prefix, from).await
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        check_prefix("list", &self.url, prefix)?;
        Ok(list::level(self, prefix).await?.0)
    }

    async fn list_direct(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        check_prefix("list", &self.url, prefix)?;
        Ok(list::level(self, prefix).await?.1)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { versions: self.versions }
    }

    fn url(&self) -> &str {
        &self.url
    }
}

/// A version id as the contract has it: S3 calls the version of an unversioned object `null`.
fn version_id(id: Option<String>) -> Option<String> {
    id.filter(|id| id != "null" && !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wrong_configurations_are_refused_without_a_request() {
        let good = S3Config { check_versioning: false, ..S3Config::new("bucket") };
        for (bad, expected) in [
            (S3Config { bucket: "a/b".into(), ..good.clone() }, "bucket name"),
            (S3Config { bucket: String::new(), ..good.clone() }, "bucket name"),
            (S3Config { prefix: "a//b".into(), ..good.clone() }, "prefix"),
            (S3Config { endpoint: Some("127.0.0.1:4566".into()), ..good.clone() }, "endpoint"),
            (S3Config { endpoint: Some("http://me:secret@h".into()), ..good.clone() }, "endpoint"),
        ] {
            let e = S3Store::connect(bad).await.unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Configuration);
            assert!(e.to_string().contains(expected) && !e.to_string().contains("secret"), "{e}");
        }
        let e = S3Store::connect_with(good, &SdkConfig::builder().build()).await.unwrap_err();
        assert!(e.to_string().contains("AWS_REGION"), "{e}");
    }
}
