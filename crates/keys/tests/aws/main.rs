//! Keys in KMS and Secrets Manager: against a stub of this process, and against a running emulator.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

mod data_keys;
mod emulator;
mod failures;
mod secrets;
mod signer;
mod stub;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use dayseal_format::{Origin, StreamId};
use dayseal_keys::KeyContext;
use dayseal_keys::aws::{Aws, AwsOptions};

fn origin() -> Origin {
    "audit.example.com/prod".parse().unwrap()
}

fn context(stream: u8) -> KeyContext {
    let day = "2026-11-20".parse().unwrap();
    KeyContext::entries(&origin(), StreamId([stream; 16]), day)
}

fn sdk(endpoint: &str) -> SdkConfig {
    // Real credentials must not get near a stub.
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .build()
}

fn aws(stub: &stub::Stub) -> Aws {
    let options = AwsOptions {
        attempts: 3,
        attempt_timeout: Duration::from_millis(500),
        timeout: Duration::from_secs(8),
    };
    Aws::with_config(options, sdk(&stub.endpoint()))
}
