//! The same against running emulators.
//!
//! - Data keys and secrets: LocalStack at `DAYSEAL_TEST_S3_ENDPOINT` (one port for all its services), as the tests of
//!   the S3 back-end.
//! - Signing: what knows Ed25519, as LocalStack does with the plugin of `localstack/`, or AWS itself, at
//!   `DAYSEAL_TEST_ED25519_ENDPOINT`.
//!
//! `tests/with-localstack.sh` sets both. Without them the tests say so and pass; where `CI` is set they fail.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use dayseal_format::note::Note;
use dayseal_format::{Checkpoint, Digest};
use dayseal_keys::aws::{
    Aws, AwsOptions, KmsDataKeys, KmsOpener, KmsSigner, SecretKeys, Stage, wrapping_key_id,
};
use dayseal_keys::{
    DataKeyOpener as _, DataKeySource as _, KeyError, KeyRef, LocalKeys, ServiceFault, Signer as _,
};

use crate::{context, origin, sdk};

struct Lab {
    aws: Aws,
    kms: aws_sdk_kms::Client,
    secrets: aws_sdk_secretsmanager::Client,
}

/// `None` where no emulator is named and that is allowed.
fn lab(variable: &str) -> Option<Lab> {
    let Ok(endpoint) = std::env::var(variable) else {
        assert!(std::env::var_os("CI").is_none(), "{variable} must be set in CI: see localstack/");
        eprintln!("skipped: {variable} is not set");
        return None;
    };
    let sdk = sdk(&endpoint);
    Some(Lab {
        kms: aws_sdk_kms::Client::new(&sdk),
        secrets: aws_sdk_secretsmanager::Client::new(&sdk),
        aws: Aws::with_config(AwsOptions::default(), sdk),
    })
}

impl Lab {
    async fn data_key(&self) -> String {
        let made = self.kms.create_key().send().await.unwrap();
        made.key_metadata.unwrap().arn.unwrap()
    }
}

/// A name no other run of these tests has taken.
fn fresh(what: &str) -> String {
    let random: [u8; 8] = dayseal_keys::random().unwrap();
    random.iter().fold(format!("dayseal-{what}-"), |name, byte| format!("{name}{byte:02x}"))
}

#[tokio::test]
async fn data_keys_by_an_emulated_kms() {
    let Some(lab) = lab("DAYSEAL_TEST_S3_ENDPOINT") else { return };
    let (arn, second) = (lab.data_key().await, lab.data_key().await);
    let source = KmsDataKeys::new(&lab.aws, arn.parse().unwrap()).await;
    let made = source.generate(&context(1)).await.unwrap();
    assert_eq!(made.key_id, arn);
    let keys = [arn.parse().unwrap(), second.parse().unwrap()];
    let opener = KmsOpener::new(&lab.aws, &keys).await.unwrap();
    let opened = opener.open(&arn, &made.wrapped, &context(1)).await.unwrap();
    assert_eq!(opened.expose(), made.key.expose());
    for (key, context) in [(&arn, context(2)), (&second, context(1))] {
        let refused = opener.open(key, &made.wrapped, &context).await;
        assert!(matches!(refused, Err(KeyError::Unwrap { .. })), "{refused:?}");
    }

    let alias = format!("alias/{}", fresh("data"));
    lab.kms.create_alias().alias_name(&alias).target_key_id(&arn).send().await.unwrap();
    let reference: KeyRef = arn.replace(arn.rsplit(':').next().unwrap(), &alias).parse().unwrap();
    assert_eq!(wrapping_key_id(&lab.aws, &reference, &origin()).await.unwrap(), arn);

    lab.kms.disable_key().key_id(&arn).send().await.unwrap();
    let refused = source.generate(&context(3)).await;
    let disabled = ServiceFault::Disabled;
    assert!(matches!(&refused, Err(KeyError::Service { fault, .. }) if *fault == disabled));
    let gone: dayseal_keys::Arn = arn.replace("key/", "key/0").parse().unwrap();
    let refused = KmsDataKeys::new(&lab.aws, gone).await.generate(&context(3)).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_key_file_in_an_emulated_secrets_manager() {
    let Some(lab) = lab("DAYSEAL_TEST_S3_ENDPOINT") else { return };
    let keys = LocalKeys::generate(&origin()).unwrap().to_json();
    let name = fresh("keys");
    let made =
        lab.secrets.create_secret().name(&name).secret_string(keys.as_str()).send().await.unwrap();
    let arn: dayseal_keys::Arn = made.arn.unwrap().parse().unwrap();
    let first = SecretKeys::load(&lab.aws, arn.clone(), Stage::Current).await.unwrap();
    assert_eq!(Some(first.version()), made.version_id.as_deref());
    let version = SecretKeys::rotate_log_secret(&lab.aws, arn.clone()).await.unwrap();
    let current = SecretKeys::load(&lab.aws, arn.clone(), Stage::Current).await.unwrap();
    assert_eq!(current.version(), version);
    let previous = SecretKeys::load(&lab.aws, arn, Stage::Previous).await.unwrap();
    assert_eq!(previous.version(), first.version());
    assert_eq!(previous.log_secret().unwrap().expose(), first.log_secret().unwrap().expose());
    assert_ne!(current.log_secret().unwrap().expose(), first.log_secret().unwrap().expose());
}

#[tokio::test]
async fn checkpoints_by_an_emulated_ed25519_key() {
    let Some(lab) = lab("DAYSEAL_TEST_ED25519_ENDPOINT") else { return };
    let request = lab.kms.create_key().key_usage(KeyUsageType::SignVerify);
    let made = request.key_spec(KeySpec::EccNistEdwards25519).send().await.unwrap();
    let arn = made.key_metadata.unwrap().arn.unwrap();
    let signer = KmsSigner::connect(&lab.aws, arn.parse().unwrap(), &origin()).await.unwrap();
    let head = Checkpoint { origin: origin(), size: 3, root: Digest([5; 32]) };
    let signature = signer.sign(head.text().as_bytes()).await.unwrap();
    let note = Note::encode(&head.text(), signer.verifier_key(), &signature);
    let keys = [signer.verifier_key().clone()];
    assert_eq!(Checkpoint::open(note.as_bytes(), &origin(), &keys).unwrap(), head);

    let request = lab.kms.create_key().key_usage(KeyUsageType::SignVerify);
    let p256 = request.key_spec(KeySpec::EccNistP256).send().await.unwrap();
    let p256 = p256.key_metadata.unwrap().arn.unwrap().parse().unwrap();
    let refused = KmsSigner::connect(&lab.aws, p256, &origin()).await;
    assert!(matches!(refused, Err(KeyError::WrongKind { .. })), "{refused:?}");
}
