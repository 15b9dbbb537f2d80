//! Key files kept in Secrets Manager.

use dayseal_keys::aws::{SecretKeys, Stage, open_opener, open_signer, open_source};
use dayseal_keys::{KeyError, KeyRef, LocalKeys, ServiceFault};
use serde_json::json;

use crate::stub::{Stub, Trouble};
use crate::{aws, context, origin};

/// A key file's text, as `dayseal init` writes it.
fn key_file() -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    LocalKeys::generate(&origin()).unwrap().save_new(&path).unwrap();
    std::fs::read_to_string(path).unwrap()
}

fn field(text: &str, name: &str) -> String {
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    file[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_secret_serves_every_role_of_a_key_file() {
    let stub = Stub::start();
    let aws = aws(&stub);
    let secret: KeyRef = stub.secret("audit/prod", "v-1", &key_file()).parse().unwrap();
    let source = open_source(&aws, &secret, &origin()).await.unwrap();
    let made = source.generate(&context(1)).await.unwrap();
    let opener = open_opener(&aws, std::slice::from_ref(&secret), &origin()).await.unwrap();
    let opened = opener.open(&made.key_id, &made.wrapped, &context(1)).await.unwrap();
    assert_eq!(opened.expose(), made.key.expose());
    let signer = open_signer(&aws, &secret, &origin()).await.unwrap();
    assert!(signer.sign(b"text").await.is_ok());
    let counts = aws.counts();
    assert_eq!((counts.kms_requests, counts.secret_requests, counts.failures), (0, 3, 0));
    let other = "other.example/log".parse().unwrap();
    let refused = open_signer(&aws, &secret, &other).await;
    assert!(matches!(refused, Err(KeyError::OtherLog { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_log_secret_before_a_rotation_can_still_be_read() {
    let stub = Stub::start();
    let aws = aws(&stub);
    let (old, new) = (key_file(), key_file());
    let arn = stub.secret("audit", "v-1", &old);
    let missing = SecretKeys::load(&aws, arn.parse().unwrap(), Stage::Previous).await;
    let not_found = ServiceFault::NotFound;
    assert!(matches!(missing, Err(KeyError::Service { fault, .. }) if fault == not_found));
    stub.secret("audit", "v-2", &new);
    for (stage, version, text) in [(Stage::Current, "v-2", &new), (Stage::Previous, "v-1", &old)] {
        let keys = SecretKeys::load(&aws, arn.parse().unwrap(), stage).await.unwrap();
        assert_eq!(keys.version(), version);
        let expected = field(text, "log_secret");
        let found = keys.log_secret().unwrap().expose();
        let found: String = found.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(found, expected);
        for shown in [format!("{keys:?}"), format!("{:?}", keys.log_secret())] {
            assert!(!shown.contains(&expected[..8]), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_new_log_secret_is_a_new_version_and_changes_no_other_key() {
    let stub = Stub::start();
    let aws = aws(&stub);
    let text = key_file();
    let arn = stub.secret("audit", "v-1", &text);
    let version = SecretKeys::rotate_log_secret(&aws, arn.parse().unwrap()).await.unwrap();
    let current = SecretKeys::load(&aws, arn.parse().unwrap(), Stage::Current).await.unwrap();
    let previous = SecretKeys::load(&aws, arn.parse().unwrap(), Stage::Previous).await.unwrap();
    assert_eq!((current.version(), previous.version()), (version.as_str(), "v-1"));
    let secret = |keys: &SecretKeys| *keys.log_secret().unwrap().expose();
    assert_ne!(secret(&current), secret(&previous));
    assert!(current.keys().previous_log_secret().is_none(), "the version before has it");
    let id = |keys: &SecretKeys| keys.keys().wrapping_key_id().unwrap().to_owned();
    assert_eq!(id(&current), id(&previous));
    stub.trouble([Trouble::Change(json!({})), Trouble::Error(400, "AccessDeniedException")]);
    let refused = SecretKeys::rotate_log_secret(&aws, arn.parse().unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("secretsmanager:PutSecretValue was refused"), "{refused}");
}

#[tokio::test]
async fn a_secret_that_is_no_key_file_is_refused_without_its_contents() {
    let stub = Stub::start();
    let aws = aws(&stub);
    let text = key_file();
    let secret = field(&text, "signing_seed");
    for (name, bad) in [
        ("cut", text[..text.len() / 2].to_owned()),
        ("kind", text.replace("dayseal-keys", "other")),
        ("digits", text.replacen("\"signing_seed\": \"", "\"signing_seed\": \"zz", 1)),
        ("long", text.replacen('{', &format!("{{{}", " ".repeat(20_000)), 1)),
    ] {
        let arn = stub.secret(name, "v-1", &bad);
        let refused = SecretKeys::load(&aws, arn.parse().unwrap(), Stage::Current).await;
        let Err(error) = refused else { panic!("{name} was accepted") };
        assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(&arn), "{error}");
        for shown in [format!("{error}"), format!("{error:?}")] {
            assert!(!shown.contains(&secret[..8]), "{shown}");
        }
    }
    let arn = stub.secret("other", "v-1", &text);
    for change in [json!({ "ARN": "arn:aws:x" }), json!({ "VersionId": null })] {
        stub.trouble([Trouble::Change(change)]);
        let refused = SecretKeys::load(&aws, arn.parse().unwrap(), Stage::Current).await;
        let right = matches!(&refused, Err(KeyError::Service { fault: ServiceFault::Answer, .. }));
        assert!(right, "{refused:?}");
    }
}
