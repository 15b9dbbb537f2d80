//! Data keys: what is asked of KMS, and what is believed of its answers.

use dayseal_keys::aws::{KmsDataKeys, KmsOpener, open_opener, open_source, wrapping_key_id};
use dayseal_keys::{
    DataKeyOpener as _, DataKeySource as _, KeyError, KeyRef, LocalKeys, ServiceFault,
};
use serde_json::json;

use crate::stub::{ACCOUNT, Stub, Trouble};
use crate::{aws, context, origin};

#[tokio::test]
async fn a_data_key_is_made_and_opened_with_key_and_context_named() {
    let stub = Stub::start();
    let (aws, arn) = (aws(&stub), stub.data_key("data"));
    let source = KmsDataKeys::new(&aws, arn.parse().unwrap()).await;
    let made = source.generate(&context(1)).await.unwrap();
    assert_eq!(made.key_id, arn);
    let opener = KmsOpener::new(&aws, &[arn.parse().unwrap()]).await.unwrap();
    let opened = opener.open(&arn, &made.wrapped, &context(1)).await.unwrap();
    assert_eq!(opened.expose(), made.key.expose());

    let bound = json!({
        "dayseal-origin": "audit.example.com/prod",
        "dayseal-stream": "01010101010101010101010101010101",
        "dayseal-day": "2026-11-20",
    });
    let seen = stub.seen();
    let [(generate, first), (decrypt, second)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((generate.as_str(), decrypt.as_str()), ("GenerateDataKey", "Decrypt"));
    assert_eq!(*first, json!({ "KeyId": arn, "KeySpec": "AES_256", "EncryptionContext": bound }));
    assert_eq!((&second["KeyId"], &second["EncryptionContext"]), (&json!(arn), &bound));
    let counts = aws.counts();
    assert_eq!((counts.kms_requests, counts.secret_requests, counts.failures), (2, 0, 0));
}

#[tokio::test]
async fn what_is_altered_or_moved_does_not_open() {
    let stub = Stub::start();
    let (aws, arn, second) = (aws(&stub), stub.data_key("data"), stub.data_key("second"));
    let source = KmsDataKeys::new(&aws, arn.parse().unwrap()).await;
    let made = source.generate(&context(1)).await.unwrap();
    let keys = [arn.parse().unwrap(), second.parse().unwrap()];
    let opener = KmsOpener::new(&aws, &keys).await.unwrap();

    let mut altered = made.wrapped.clone();
    *altered.last_mut().unwrap() ^= 1;
    let later = dayseal_keys::KeyContext { day: "2026-11-21".parse().unwrap(), ..context(1) };
    let other = dayseal_keys::KeyContext { origin: "b.example/x".parse().unwrap(), ..context(1) };
    for (key_id, wrapped, context) in [
        (&arn, &altered, context(1)),
        (&arn, &made.wrapped, context(2)),
        (&arn, &made.wrapped, later),
        (&arn, &made.wrapped, other),
        // Wrapped by one key of the policy, and said to be by another.
        (&second, &made.wrapped, context(1)),
    ] {
        let refused = opener.open(key_id, wrapped, &context).await;
        assert!(matches!(refused, Err(KeyError::Unwrap { .. })), "{refused:?}");
    }
    assert_eq!(aws.counts().failures, 5);
}

#[tokio::test]
async fn a_foreign_key_is_refused_without_a_request() {
    let stub = Stub::start();
    let (aws, own, foreign) = (aws(&stub), stub.data_key("own"), stub.data_key("foreign"));
    let source = KmsDataKeys::new(&aws, foreign.parse().unwrap()).await;
    let made = source.generate(&context(1)).await.unwrap();
    let opener = KmsOpener::new(&aws, &[own.parse().unwrap()]).await.unwrap();
    let refused = opener.open(&foreign, &made.wrapped, &context(1)).await;
    assert!(matches!(refused, Err(KeyError::UnknownKey { key_id }) if key_id == foreign));
    assert_eq!((stub.count("Decrypt"), aws.counts().kms_requests), (0, 1));
}

#[tokio::test]
async fn an_alias_is_resolved_once_and_must_not_move() {
    let stub = Stub::start();
    let (aws, first, second) = (aws(&stub), stub.data_key("first"), stub.data_key("second"));
    let alias = stub.alias("audit", &first);
    let source = KmsDataKeys::new(&aws, alias.parse().unwrap()).await;
    let made = source.generate(&context(1)).await.unwrap();
    assert_eq!(made.key_id, first, "headers name keys, not aliases");
    let reference: KeyRef = alias.parse().unwrap();
    assert_eq!(wrapping_key_id(&aws, &reference, &origin()).await.unwrap(), first);
    let opener = KmsOpener::new(&aws, &[alias.parse().unwrap()]).await.unwrap();
    assert_eq!(opener.key_ids().collect::<Vec<_>>(), [&first]);

    stub.alias("audit", &second);
    let refused = source.generate(&context(2)).await;
    let Err(KeyError::Moved { expected, found, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((expected, found), (first.clone(), second));
    // The opener goes on with the key it resolved.
    assert!(opener.open(&first, &made.wrapped, &context(1)).await.is_ok());
}

#[tokio::test]
async fn answers_that_cannot_be_right_are_refused() {
    let stub = Stub::start();
    let (aws, arn) = (aws(&stub), stub.data_key("data"));
    let source = KmsDataKeys::new(&aws, arn.parse().unwrap()).await;
    let opener = KmsOpener::new(&aws, &[arn.parse().unwrap()]).await.unwrap();
    let made = source.generate(&context(1)).await.unwrap();
    for change in [
        json!({ "KeyId": format!("{ACCOUNT}:key/other") }),
        json!({ "KeyId": null }),
        json!({ "KeyId": "arn:aws:kms:us-east-1:999999999999:key/data" }),
        json!({ "Plaintext": "AAAA" }),
        json!({ "Plaintext": null }),
    ] {
        stub.trouble([Trouble::Change(change.clone()), Trouble::Change(change.clone())]);
        let generated = source.generate(&context(1)).await.map(|_| ());
        let opened = opener.open(&arn, &made.wrapped, &context(1)).await.map(|_| ());
        for refused in [generated, opened] {
            let fault = ServiceFault::Answer;
            let right = matches!(&refused, Err(KeyError::Service { fault: f, .. }) if *f == fault);
            assert!(right, "{change}: {refused:?}");
        }
    }
    for blob in ["", &"AAAA".repeat(2_049)] {
        stub.trouble([Trouble::Change(json!({ "CiphertextBlob": blob }))]);
        assert!(source.generate(&context(1)).await.is_err(), "{} digits", blob.len());
    }
}

#[tokio::test]
async fn one_opener_for_the_keys_before_and_after_a_rotation() {
    let stub = Stub::start();
    let (aws, arn) = (aws(&stub), stub.data_key("data"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let local = LocalKeys::generate(&origin()).unwrap();
    local.save_new(&path).unwrap();
    let (file, kms) = (KeyRef::File(path.clone()), arn.parse::<KeyRef>().unwrap());
    let opener = open_opener(&aws, &[file.clone(), kms.clone()], &origin()).await.unwrap();
    for reference in [&file, &kms] {
        let source = open_source(&aws, reference, &origin()).await.unwrap();
        let made = source.generate(&context(1)).await.unwrap();
        assert_eq!(made.key_id, wrapping_key_id(&aws, reference, &origin()).await.unwrap());
        let opened = opener.open(&made.key_id, &made.wrapped, &context(1)).await.unwrap();
        assert_eq!(opened.expose(), made.key.expose());
    }
    let other = "other.example/log".parse().unwrap();
    let refused = open_source(&aws, &file, &other).await;
    assert!(matches!(refused, Err(KeyError::OtherLog { .. })), "{refused:?}");
}
