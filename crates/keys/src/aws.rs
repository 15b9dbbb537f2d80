//! Keys in AWS KMS and AWS Secrets Manager. Only with the feature `aws`.
//!
//! | what | by | right |
//! | --- | --- | --- |
//! | [`KmsDataKeys`] | a symmetric KMS key | `kms:GenerateDataKey`; an alias is taken too |
//! | [`KmsOpener`] | the same | `kms:Decrypt`; `kms:DescribeKey` to resolve an alias |
//! | [`KmsSigner`] | a KMS key `ECC_NIST_EDWARDS25519` | `kms:Sign`, `kms:GetPublicKey` |
//! | [`SecretKeys`] | a secret that holds a key file | `secretsmanager:GetSecretValue` (`PutSecretValue` to rotate), and `kms:Decrypt` on the secret's own key |
//!
//! [`open_source`], [`open_opener`] and [`open_signer`] take a [`KeyRef`](crate::KeyRef) of any kind.
//!
//! # What it trusts
//! KMS, the network only as far as TLS goes. An answer by another key than the one asked for is refused, and a
//! signature that does not verify under the public key that KMS gave at the start is never handed out. The SDK
//! holds copies of a response's bytes that cannot be wiped from here; ours are wiped when dropped.

mod data_keys;
mod failure;
mod metrics;
mod open;
mod secret;
mod signer;

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use tokio::sync::OnceCell;

use crate::{Arn, KeyError};
use metrics::{CountRequests, KeyMetrics, Service};

pub use data_keys::{KmsDataKeys, KmsOpener};
pub use metrics::KeyCounts;
pub use open::{
    open_log_secret, open_log_secrets, open_opener, open_signer, open_source, wrapping_key_id,
};
pub use secret::{SecretKeys, Stage};
pub use signer::{KmsSigner, MAX_MESSAGE};

/// A connection that is not up after this long never comes up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause before the second attempt at most; the next may be twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// How patient to be with the services.
///
/// Credentials, and an endpoint other than AWS's (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_KMS`,
/// `AWS_ENDPOINT_URL_SECRETS_MANAGER`), come from the environment; regions from the keys' ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsOptions {
    /// Attempts at one call, the first included; at least 1. Throttling, outages and timeouts are tried again,
    /// with exponential backoff and jitter. Default 4.
    pub attempts: u32,
    /// How long one attempt may take. Default 5 s.
    pub attempt_timeout: Duration,
    /// How long one call may take, attempts and pauses together. Default 20 s.
    pub timeout: Duration,
}

impl Default for AwsOptions {
    fn default() -> Self {
        Self {
            attempts: 4,
            attempt_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
        }
    }
}

/// The way to the key services: one for a process. Clones share the configuration and the counters.
#[derive(Clone, Debug)]
pub struct Aws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: AwsOptions,
    sdk: OnceCell<SdkConfig>,
    metrics: Arc<KeyMetrics>,
}

impl Default for Aws {
    fn default() -> Self {
        Self::new(AwsOptions::default())
    }
}

impl Aws {
    /// Configured by the environment, as AWS tools are, on the first use. Sends no request.
    pub fn new(options: AwsOptions) -> Self {
        Self(Arc::new(Inner { options, sdk: OnceCell::new(), metrics: Arc::default() }))
    }

    /// With an SDK configuration that the caller has: its credentials, endpoint and HTTP client are used; region,
    /// retries and timeouts are replaced.
    pub fn with_config(options: AwsOptions, sdk: SdkConfig) -> Self {
        Self(Arc::new(Inner {
            options,
            sdk: OnceCell::new_with(Some(sdk)),
            metrics: Arc::default(),
        }))
    }

    /// Requests and failures so far.
    pub fn counts(&self) -> KeyCounts {
        self.0.metrics.counts()
    }

    /// Whether credentials can be found at all. May ask a metadata service; asks neither KMS nor Secrets Manager.
    pub async fn has_credentials(&self, region: &str) -> bool {
        match self.sdk(region).await.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.is_ok(),
            None => false,
        }
    }

    /// The configuration, loaded once. Without `AWS_REGION` the region is the first key's: the SDK would look
    /// for one in files and at a metadata service, and every client here gets its key's region anyway.
    async fn sdk(&self, region: &str) -> &SdkConfig {
        let load = || async {
            let own = EnvironmentVariableRegionProvider::new().region().await;
            let region = own.unwrap_or_else(|| Region::new(region.to_owned()));
            aws_config::defaults(BehaviorVersion::latest()).region(region).load().await
        };
        self.0.sdk.get_or_init(load).await
    }

    /// Counts a call that failed.
    fn counted<T>(&self, result: Result<T, KeyError>) -> Result<T, KeyError> {
        if result.is_err() {
            self.0.metrics.failed();
        }
        result
    }

    fn retries(&self) -> RetryConfig {
        RetryConfig::standard()
            .with_max_attempts(self.0.options.attempts.max(1))
            .with_initial_backoff(FIRST_PAUSE)
            .with_max_backoff(MAX_PAUSE)
    }

    fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(self.0.options.attempt_timeout)
            .operation_timeout(self.0.options.timeout)
            .build()
    }

    /// A KMS client in the key's region.
    async fn kms(&self, key: &Arn) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::config::Builder::from(self.sdk(key.region()).await)
            .region(Region::new(key.region().to_owned()))
            .retry_config(self.retries())
            .timeout_config(self.timeouts())
            .interceptor(CountRequests::new(self.0.metrics.clone(), Service::Kms));
        aws_sdk_kms::Client::from_conf(config.build())
    }

    /// A Secrets Manager client in the secret's region.
    async fn secrets(&self, secret: &Arn) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::config::Builder::from(self.sdk(secret.region()).await)
            .region(Region::new(secret.region().to_owned()))
            .retry_config(self.retries())
            .timeout_config(self.timeouts())
            .interceptor(CountRequests::new(self.0.metrics.clone(), Service::Secrets));
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }
}
