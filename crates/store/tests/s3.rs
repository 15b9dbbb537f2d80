//! The S3 back-end against a running LocalStack (or another S3) at `DAYSEAL_TEST_S3_ENDPOINT`, see localstack/README.md.
//!
//! Without that variable these tests say so and pass; where `CI` is set they fail instead, so that none is left out there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]
#![cfg(feature = "conformance")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use bytes::Bytes;
use dayseal_store::conformance::run;
use dayseal_store::{
    Condition, EntryKind, ErrorKind, S3Config, S3Store, Store, probe_conditional_create,
};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

const VARIABLE: &str = "DAYSEAL_TEST_S3_ENDPOINT";

struct Lab {
    endpoint: String,
    sdk: SdkConfig,
    client: Client,
}

impl Lab {
    /// `None` where no server is named and that is allowed.
    fn open() -> Option<Self> {
        let Ok(endpoint) = std::env::var(VARIABLE) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "{VARIABLE} must be set in CI: see localstack/"
            );
            eprintln!("skipped: {VARIABLE} is not set; start one with localstack/start.sh");
            return None;
        };
        // The emulator takes any credentials; real ones must not get near it.
        let keys = Credentials::new("test", "test", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build();
        let config = aws_sdk_s3::config::Builder::from(&sdk)
            .endpoint_url(&endpoint)
            .force_path_style(true)
            .build();
        Some(Self { endpoint, sdk, client: Client::from_conf(config) })
    }

    /// A new bucket: with Object Lock (and so versions), or plain.
    async fn bucket(&self, lock: bool) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut random = [0; 6];
        getrandom::fill(&mut random).unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("dayseal-{}-{number}", hex::encode(random));
        let request = self.client.create_bucket().bucket(&name);
        request.object_lock_enabled_for_bucket(lock).send().await.unwrap();
        name
    }

    async fn store(&self, config: S3Config) -> S3Store {
        S3Store::connect_with(self.at(config), &self.sdk).await.unwrap()
    }

    fn at(&self, config: S3Config) -> S3Config {
        S3Config { endpoint: Some(self.endpoint.clone()), path_style: true, ..config }
    }
}

async fn conformance(lock: bool, prefix: &str) {
    let Some(lab) = Lab::open() else { return };
    let bucket = lab.bucket(lock).await;
    let config = S3Config { prefix: prefix.into(), ..S3Config::new(&bucket) };
    let store = lab.store(config).await;
    assert_eq!(store.capabilities().versions, lock);
    let root = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let delete = |key: String| {
        let request = lab.client.delete_object().bucket(&bucket).key(format!("{root}{key}"));
        Box::pin(async move { drop(request.send().await.unwrap()) }) as _
    };
    let started = Instant::now();
    let outcome = run(&store, "suite", Some(&delete)).await;
    eprintln!("conformance of {} (lock: {lock}) in {:.1?}", store.url(), started.elapsed());
    outcome.unwrap_or_else(|broken| panic!("{broken:#?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_versioned_bucket_with_object_lock_conforms() {
    conformance(true, "some/root").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_bucket_conforms() {
    conformance(false, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_finds_conditional_creates() {
    let Some(lab) = Lab::open() else { return };
    let store = lab.store(S3Config::new(lab.bucket(true).await)).await;
    let key = probe_conditional_create(&store, "probe").await.unwrap();
    assert_eq!(store.head(&key, None).await.unwrap().length, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_and_a_suspended_one() {
    let Some(lab) = Lab::open() else { return };
    let config = lab.at(S3Config::new("dayseal-no-such-bucket"));
    let e = S3Store::connect_with(config.clone(), &lab.sdk).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Configuration, "{e}");
    // A producer asks nothing when it connects and hears of it from its first write.
    let config = S3Config { check_versioning: false, ..config };
    let store = S3Store::connect_with(config, &lab.sdk).await.unwrap();
    let digest = Sha256::digest(b"x").into();
    let put = store.put("k", Bytes::from_static(b"x"), &digest, Condition::Absent).await;
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Configuration);

    let bucket = lab.bucket(false).await;
    for (status, versions) in
        [(BucketVersioningStatus::Enabled, true), (BucketVersioningStatus::Suspended, false)]
    {
        let setting = VersioningConfiguration::builder().status(status).build();
        let request = lab.client.put_bucket_versioning().bucket(&bucket);
        request.versioning_configuration(setting).send().await.unwrap();
        let store = lab.store(S3Config::new(&bucket)).await;
        assert_eq!(store.capabilities().versions, versions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_stores_nothing() {
    let Some(lab) = Lab::open() else { return };
    let store = lab.store(S3Config::new(lab.bucket(true).await)).await;
    let digest = Sha256::digest(b"other").into();
    let put = store.put("k", Bytes::from_static(b"bytes"), &digest, Condition::Absent).await;
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(store.head("k", None).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_one_key_over_pages_and_stray_names() {
    let Some(lab) = Lab::open() else { return };
    let bucket = lab.bucket(true).await;
    let store = lab.store(S3Config { prefix: "root".into(), ..S3Config::new(&bucket) }).await;
    // More versions of one key than a page takes: the next page starts within the key. One after the other, because
    // LocalStack pages wrongly over versions that were written at the same time.
    for i in 0..1_010 {
        let put = lab.client.put_object().bucket(&bucket).key("root/many");
        put.body(format!("{i}").into_bytes().into()).send().await.unwrap();
    }
    // Before `many`: LocalStack compares encoded keys with decoded markers and would leave out later ones.
    for stray in ["root/a b+c%d", "root/b\u{e4}//x", "root/new\nline", "elsewhere/x"] {
        let put = lab.client.put_object().bucket(&bucket).key(stray);
        put.body(Bytes::from_static(b"stray").into()).send().await.unwrap();
    }
    let (mut found, mut from, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = store.list("", from.as_deref()).await.unwrap();
        found.extend(page.entries);
        (from, pages) = (page.next, pages + 1);
        if from.is_none() {
            break;
        }
    }
    assert!(pages >= 2);
    let many: Vec<_> = found.iter().filter(|e| e.key == "many").collect();
    assert_eq!(many.len(), 1_010);
    assert!(many[0].latest && many[1..].iter().all(|e| !e.latest));
    let versions: std::collections::BTreeSet<_> = many.iter().map(|e| &e.version).collect();
    assert_eq!(versions.len(), 1_010);
    assert!(found.is_sorted_by(|a, b| a.key <= b.key));
    let strays: Vec<&str> =
        found.iter().map(|e| e.key.as_str()).filter(|key| *key != "many").collect();
    assert_eq!(strays, ["a b+c%d", "b\u{e4}//x", "new\nline"]);
    assert!(found.iter().all(|e| e.kind == EntryKind::Object));
}

/// Not a benchmark of dayseal: it says what the emulator lets through.
#[tokio::test(flavor = "multi_thread")]
async fn creates_in_parallel() {
    let Some(lab) = Lab::open() else { return };
    let store = &lab.store(S3Config::new(lab.bucket(true).await)).await;
    for (count, size) in [(500, 1 << 10), (16, 8 << 20)] {
        let bytes = Bytes::from(vec![7; size]);
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let started = Instant::now();
        stream::iter(0..count)
            .map(|i| {
                let bytes = bytes.clone();
                async move {
                    let key = format!("put/{size}/{i}");
                    store.put(&key, bytes, &digest, Condition::Absent).await.unwrap()
                }
            })
            .buffer_unordered(16)
            .for_each(|meta| async move { assert!(meta.version.is_some()) })
            .await;
        let rate = f64::from(count) / started.elapsed().as_secs_f64();
        eprintln!("{count} creates of {size} bytes, 16 at a time: {rate:.0} a second");
    }
}
