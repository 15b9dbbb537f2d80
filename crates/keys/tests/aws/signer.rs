//! Checkpoints signed by KMS.

use dayseal_format::Checkpoint;
use dayseal_format::note::Note;
use dayseal_format::{Digest, VerifierKey};
use dayseal_keys::aws::{KmsSigner, MAX_MESSAGE, open_signer};
use dayseal_keys::{KeyError, KeyRef, ServiceFault, Signer as _};
use serde_json::json;

use crate::stub::{Stub, Trouble, hex};
use crate::{aws, origin};

#[tokio::test]
async fn a_checkpoint_signed_by_kms_verifies_under_the_key_it_gave() {
    let stub = Stub::start();
    let (aws, arn) = (aws(&stub), stub.signing_key("sign"));
    let signer = KmsSigner::connect(&aws, arn.parse().unwrap(), &origin()).await.unwrap();
    let head = Checkpoint { origin: origin(), size: 3, root: Digest([5; 32]) };
    for _ in 0..2 {
        let signature = signer.sign(head.text().as_bytes()).await.unwrap();
        let note = Note::encode(&head.text(), signer.verifier_key(), &signature);
        let policy_key: VerifierKey = signer.verifier_key().to_string().parse().unwrap();
        assert_eq!(policy_key.name(), origin().as_str());
        let opened = Checkpoint::open(note.as_bytes(), &origin(), &[policy_key]).unwrap();
        assert_eq!(opened, head);
    }
    let seen = stub.seen();
    assert_eq!(seen[0], ("GetPublicKey".into(), json!({ "KeyId": arn })));
    let (operation, sign) = &seen[1];
    assert_eq!((operation.as_str(), seen.len()), ("Sign", 3), "the public key is asked for once");
    assert_eq!(sign["KeyId"], json!(arn));
    assert_eq!(sign["SigningAlgorithm"], "ED25519_SHA_512");
    assert_eq!(sign["MessageType"], "RAW");
}

#[tokio::test]
async fn keys_of_another_spec_or_usage_are_refused_by_name() {
    let stub = Stub::start();
    let aws = aws(&stub);
    for (name, spec, usage, expected) in [
        ("p256", "ECC_NIST_P256", "SIGN_VERIFY", "ECC_NIST_P256"),
        ("agree", "ECC_NIST_EDWARDS25519", "KEY_AGREEMENT", "KEY_AGREEMENT"),
        ("new", "SOME_KEY_OF_2030", "SIGN_VERIFY", "SOME_KEY_OF_2030"),
    ] {
        let arn = stub.other_key(name, spec, usage, &[0; 44]);
        let refused = KmsSigner::connect(&aws, arn.parse().unwrap(), &origin()).await;
        let Err(KeyError::WrongKind { found, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(found, expected);
    }
    let symmetric = stub.data_key("data");
    let refused = KmsSigner::connect(&aws, symmetric.parse().unwrap(), &origin()).await;
    assert!(matches!(refused, Err(KeyError::WrongKind { .. })), "{refused:?}");
    // And a signing key makes no data keys.
    let arn = stub.signing_key("sign").parse().unwrap();
    let source = dayseal_keys::aws::KmsDataKeys::new(&aws, arn).await;
    let refused = dayseal_keys::DataKeySource::generate(&source, &crate::context(1)).await;
    assert!(matches!(refused, Err(KeyError::WrongKind { .. })), "{refused:?}");
    assert_eq!(aws.counts().failures, 5);
}

#[tokio::test]
async fn a_garbage_public_key_is_refused() {
    let stub = Stub::start();
    let aws = aws(&stub);
    let good = hex(&format!("302a300506032b6570032100{}", "11".repeat(32)));
    let point = [&good[..12], &hex(&format!("02{}", "00".repeat(31)))].concat();
    let weak = [&good[..12], &hex(&format!("01{}", "00".repeat(31)))].concat();
    let mut x25519 = good.clone();
    x25519[8] = 0x6e;
    let long = [&good[..], &[0]].concat();
    for (name, der) in [
        ("empty", &good[..0]),
        ("bare", &good[12..]),
        ("cut", &good[..43]),
        ("long", &long),
        ("x25519", &x25519),
        ("point", &point),
        ("weak", &weak),
    ] {
        let arn = stub.other_key(name, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY", der);
        let refused = KmsSigner::connect(&aws, arn.parse().unwrap(), &origin()).await;
        let right = matches!(&refused, Err(KeyError::Service { fault: ServiceFault::Answer, .. }));
        assert!(right, "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn a_signature_that_does_not_verify_is_never_handed_out() {
    let stub = Stub::start();
    let (aws, arn) = (aws(&stub), stub.signing_key("sign"));
    let signer = KmsSigner::connect(&aws, arn.parse().unwrap(), &origin()).await.unwrap();
    for signature in ["AAAA".to_owned(), "A".repeat(86) + "=="] {
        stub.trouble([Trouble::Change(json!({ "Signature": signature }))]);
        let refused = signer.sign(b"text").await;
        let right = matches!(&refused, Err(KeyError::Service { fault: ServiceFault::Answer, .. }));
        assert!(right, "{refused:?}");
    }
    assert!(signer.sign(b"text").await.is_ok());
}

#[tokio::test]
async fn what_kms_would_not_sign_raw_is_not_sent() {
    let stub = Stub::start();
    let (aws, arn) = (aws(&stub), stub.signing_key("sign"));
    let signer = KmsSigner::connect(&aws, arn.parse().unwrap(), &origin()).await.unwrap();
    let refused = signer.sign(&[0; MAX_MESSAGE + 1]).await;
    assert!(matches!(refused, Err(KeyError::TooLong { found: 4_097, limit: 4_096, .. })));
    assert_eq!(stub.count("Sign"), 0);
    assert!(signer.sign(&[0; MAX_MESSAGE]).await.is_ok());
}

#[tokio::test]
async fn a_moved_alias_does_not_change_who_signs() {
    let stub = Stub::start();
    let aws = aws(&stub);
    let (first, second) = (stub.signing_key("first"), stub.signing_key("second"));
    let alias = stub.alias("sign", &first);
    let reference: KeyRef = alias.parse().unwrap();
    let signer = open_signer(&aws, &reference, &origin()).await.unwrap();
    stub.alias("sign", &second);
    assert!(signer.sign(b"text").await.is_ok());
    assert_eq!(stub.seen()[1].1["KeyId"], json!(first), "the key is named, not the alias");
}
