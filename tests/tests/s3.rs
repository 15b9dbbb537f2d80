//! The whole way on S3, against a running LocalStack at `DAYSEAL_TEST_S3_ENDPOINT`, see
//! localstack/README.md; what that does not tell is in localstack/LIMITS.md.
//!
//! Without that variable these tests say so and pass; where `CI` is set they fail instead.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule,
};
use dayseal::AuditLog;
use dayseal_chain::verify::{CheckState, FindingCode as Code, Silent};
use dayseal_chain::{Report, SealError, SealSummary, Verifier, VerifyOptions, create_log};
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_format::record::Record;
use dayseal_format::{BatchKey, Level, StreamId};
use dayseal_keys::{DataKeySource, random};
use dayseal_store::{S3Config, S3Store, Store, probe_conditional_create};
use dayseal_testkit::{ManualClock, TestLog, day, event, keys_below, noon, read_manifest};

const VARIABLE: &str = "DAYSEAL_TEST_S3_ENDPOINT";
const D1: &str = "2026-11-20";
const D2: &str = "2026-11-21";

/// A log in two buckets, and a client with every right, as an attacker has at worst.
struct Place {
    client: Client,
    bucket: String,
    evidence: Arc<S3Store>,
    state: Arc<S3Store>,
    /// Keys, settings and policy; its own stores are not used.
    log: TestLog,
}

impl Place {
    /// A fresh log: evidence in a versioned bucket with Object Lock, state in a plain one. `None`
    /// where no server is named and that is allowed.
    async fn new(retention: Option<ObjectLockRetentionMode>) -> Option<Self> {
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
        let client = Client::from_conf(config);
        let name = format!("dayseal-{}", StreamId(random().unwrap()));
        for (bucket, lock) in [(format!("{name}-ev"), true), (format!("{name}-st"), false)] {
            let request = client.create_bucket().bucket(&bucket);
            request.object_lock_enabled_for_bucket(lock).send().await.unwrap();
        }
        let bucket = format!("{name}-ev");
        if let Some(mode) = retention {
            let rule = DefaultRetention::builder().mode(mode).days(1).build();
            let lock = ObjectLockConfiguration::builder()
                .object_lock_enabled(ObjectLockEnabled::Enabled)
                .rule(ObjectLockRule::builder().default_retention(rule).build())
                .build();
            let request = client.put_object_lock_configuration().bucket(&bucket);
            request.object_lock_configuration(lock).send().await.unwrap();
        }
        let connect = async |bucket: &str| {
            let config = S3Config {
                prefix: "logs/one".into(),
                endpoint: Some(endpoint.clone()),
                path_style: true,
                ..S3Config::new(bucket)
            };
            Arc::new(S3Store::connect_with(config, &sdk).await.unwrap())
        };
        let evidence = connect(&bucket).await;
        let state = connect(&format!("{name}-st")).await;
        let log = TestLog::new(D1).await;
        let signer = log.keys.signer().unwrap();
        create_log(&*evidence, &*state, &signer, &log.settings).await.unwrap();
        Some(Self { client, bucket, evidence, state, log })
    }

    /// Three events a day on two days, by the real producer.
    async fn produce(&self) -> Vec<dayseal::Acknowledgement> {
        let clock = Arc::new(ManualClock::new(noon(day(D1))));
        let keys: Arc<dyn DataKeySource> = self.log.keys.clone();
        let audit =
            AuditLog::builder(self.log.settings.origin.clone(), "video-api".parse().unwrap())
                .store(self.evidence.clone())
                .keys(keys)
                .clock(clock.clone())
                .lifecycle_events(false)
                .open()
                .unwrap();
        let mut acknowledged = Vec::new();
        for on in [D1, D2] {
            clock.set(noon(day(on)));
            for _ in 0..3 {
                acknowledged.push(audit.record_durable(event("u-1")).await.unwrap());
            }
        }
        audit.close().await.unwrap();
        acknowledged
    }

    async fn seal(&self, through: &str) -> Result<SealSummary, SealError> {
        self.log.seal_in(&*self.evidence, &*self.state, through).await
    }

    async fn verify(&self, newest: &str) -> Report {
        let options = VerifyOptions::new(Level::Entries, noon(day(newest).next().unwrap()));
        let (state, keys) = (Some(&*self.state as _), Some(&*self.log.keys as _));
        let policy = Some(&self.log.policy);
        let verifier = Verifier::new(&*self.evidence, state, policy, keys, options).await;
        verifier.unwrap().run(&Silent).await.unwrap()
    }

    async fn expect(&self, exit: u8, expected: &[(Code, &str)]) {
        let report = self.verify(D2).await;
        let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.object.as_str())).collect();
        assert_eq!(found, expected, "{:#?}", report.findings);
        assert_eq!(report.exit_code, exit);
    }

    /// Two sealed days.
    async fn sealed(&self) -> Vec<BatchKey> {
        self.produce().await;
        self.seal(D2).await.unwrap();
        let keys = keys_below(&*self.evidence, "entries/").await;
        keys.iter().map(|k| k.parse().unwrap()).collect()
    }

    fn full(&self, key: &str) -> String {
        format!("logs/one/{key}")
    }

    /// Puts past every condition; the new version.
    async fn overwrite(&self, key: &str, bytes: &[u8]) -> String {
        let put = self.client.put_object().bucket(&self.bucket).key(self.full(key));
        let put = put.body(bytes.to_vec().into()).send().await.unwrap();
        put.version_id().unwrap().to_owned()
    }

    /// Deletes without naming a version; the marker's.
    async fn hide(&self, key: &str) -> String {
        let delete = self.client.delete_object().bucket(&self.bucket).key(self.full(key));
        delete.send().await.unwrap().version_id().unwrap().to_owned()
    }

    /// Deletes a version for good; whether the bucket lets it.
    async fn remove(&self, key: &str, version: &str) -> bool {
        let delete = self.client.delete_object().bucket(&self.bucket).key(self.full(key));
        delete.version_id(version).send().await.is_ok()
    }

    async fn version(&self, key: &str) -> String {
        self.evidence.head(key, None).await.unwrap().version.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_lives_in_two_buckets() {
    let Some(place) = Place::new(None).await else { return };
    let signer = place.log.keys.signer().unwrap();
    let again = create_log(&*place.evidence, &*place.state, &signer, &place.log.settings).await;
    assert!(matches!(again.unwrap_err(), SealError::LogExists { .. }));
    let acknowledged = place.produce().await;
    let summary = place.seal(D2).await.unwrap();
    assert_eq!(summary.sealed.len(), 2);
    let report = place.verify(D2).await;
    assert_eq!((report.exit_code, &report.findings), (0, &vec![]));
    let t = report.totals;
    assert_eq!((t.days, t.batches, t.entries, t.opened), (2, 6, 6, 6));
    let versions = report.checks.iter().find(|c| c.name.contains("versions")).unwrap();
    assert_eq!(versions.state, CheckState::Checked);
    // Manifests name the versions that stand, and the acknowledged batches are among them.
    let mut sealed = Vec::new();
    for on in [D1, D2] {
        let origin = &place.log.settings.origin;
        for record in read_manifest(&*place.evidence, origin, day(on)).await.1 {
            let Record::Batch(b) = record else { panic!("{record:?}") };
            let key = b.key.to_string();
            assert_eq!(b.version, Some(place.version(&key).await));
            sealed.push(b.key);
        }
    }
    assert!(acknowledged.iter().all(|a| sealed.contains(&a.key())));
    // Sealing again finds nothing to do.
    assert_eq!(place.seal(D2).await.unwrap().sealed, []);
    // Creates are refused twice, also under evidence's lock.
    probe_conditional_create(&*place.state, "probe").await.unwrap();
    assert_eq!(place.verify(D2).await.exit_code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sealers_at_once() {
    let Some(place) = Place::new(None).await else { return };
    place.produce().await;
    let place = Arc::new(place);
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let place = place.clone();
            tokio::spawn(async move { place.seal(D2).await })
        })
        .collect();
    for run in runs {
        assert_eq!(run.await.unwrap().unwrap().newest, Some(day(D2)));
    }
    assert_eq!(place.verify(D2).await.exit_code, 0);
    let keys = keys_below(&*place.evidence, "").await;
    let count = |prefix: &str| keys.iter().filter(|k| k.starts_with(prefix)).count();
    assert_eq!((count("manifests/"), count("checkpoints/")), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attacker_with_all_rights_does_is_found() {
    let Some(place) = Place::new(None).await else { return };
    let keys = place.sealed().await;
    place.expect(0, &[]).await;

    let key = keys[1].to_string();
    let marker = place.hide(&key).await;
    place.expect(1, &[(Code::DeleteMarker, &format!("{key}@{marker}"))]).await;
    assert!(place.remove(&key, &marker).await);
    place.expect(0, &[]).await;

    let version = place.overwrite(&key, b"other").await;
    place.expect(1, &[(Code::ExtraVersion, &format!("{key}@{version}"))]).await;
    assert!(place.remove(&key, &version).await);

    // The same bytes as a new version, the sealed one gone.
    let bytes = place.evidence.get(&key, None, 1 << 20).await.unwrap().bytes;
    let sealed = place.version(&key).await;
    place.overwrite(&key, &bytes).await;
    assert!(place.remove(&key, &sealed).await);
    place.expect(1, &[(Code::MovedVersion, &key)]).await;

    let other = keys[4].to_string();
    let sealed = place.version(&other).await;
    assert!(place.remove(&other, &sealed).await);
    place.expect(1, &[(Code::MovedVersion, &key), (Code::MissingObject, &other)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_objects_are_found() {
    let Some(place) = Place::new(None).await else { return };
    place.sealed().await;
    // With characters that a listing has to encode.
    let strays = ["entries/2026-11-20/a b+c%d", "entries/2026-11-21/notes.txt", "secret/plans"];
    for stray in strays {
        place.overwrite(stray, b"x").await;
    }
    place.overwrite("zebra", b"x").await;
    let unlisted = |key| (Code::UnlistedObject, key);
    let outside = [unlisted(strays[2]), unlisted("zebra")];
    place.expect(1, &[&outside[..], &[unlisted(strays[0]), unlisted(strays[1])]].concat()).await;
    // Outside the log's prefix it is none of its business.
    let put = place.client.put_object().bucket(&place.bucket).key("logs/two/entries/x");
    put.body(b"x".to_vec().into()).send().await.unwrap();
    assert_eq!(place.verify(D2).await.findings.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_s_own_objects_are_guarded() {
    let Some(place) = Place::new(None).await else { return };
    place.sealed().await;
    let (manifest, checkpoint) = (manifest_key(day(D1)), checkpoint_key(day(D2)));
    // Behind a marker a plain listing would show nothing; the sealer sees it too.
    let marker = place.hide(&checkpoint).await;
    place.expect(1, &[(Code::DeleteMarker, &checkpoint)]).await;
    assert!(matches!(place.seal("2026-11-22").await, Err(SealError::Tampered { .. })));
    assert!(place.remove(&checkpoint, &marker).await);
    // A second version of a manifest: the first one still counts.
    let version = place.overwrite(&manifest, b"{}\n").await;
    place.expect(1, &[(Code::ExtraVersion, &manifest)]).await;
    assert!(place.remove(&manifest, &version).await);
    place.expect(0, &[]).await;
    // Gone for good.
    let version = place.version(&manifest).await;
    assert!(place.remove(&manifest, &version).await);
    place.expect(4, &[(Code::MissingManifest, &manifest)]).await;
    let version = place.version(&checkpoint).await;
    assert!(place.remove(&checkpoint, &version).await);
    let report = place.verify(D2).await;
    let codes: Vec<Code> = report.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::MissingManifest, Code::MissingCheckpoint]);
    assert_eq!(report.exit_code, 4);
    assert!(matches!(place.seal(D2).await, Err(SealError::Tampered { .. } | SealError::Store(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_bucket_lets_nothing_be_deleted() {
    let Some(place) = Place::new(Some(ObjectLockRetentionMode::Compliance)).await else { return };
    let keys = place.sealed().await;
    place.expect(0, &[]).await;
    let key = keys[0].to_string();
    for key in [&key, &manifest_key(day(D1)), &checkpoint_key(day(D2))] {
        let version = place.version(key).await;
        assert!(!place.remove(key, &version).await, "{key}");
    }
    place.expect(0, &[]).await;
    // Markers can be put over anything; they hide nothing from who lists versions.
    let marker = place.hide(&key).await;
    place.expect(1, &[(Code::DeleteMarker, &format!("{key}@{marker}"))]).await;
    let report = place.verify(D2).await;
    assert_eq!(report.totals.opened, 6, "the version under the marker was read");
}
