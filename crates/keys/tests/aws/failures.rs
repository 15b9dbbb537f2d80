//! What a failing service is called: never a word about the data.

use std::time::{Duration, Instant};

use dayseal_keys::aws::{Aws, AwsOptions, KmsDataKeys, KmsOpener, KmsSigner, SecretKeys, Stage};
use dayseal_keys::{DataKeyOpener as _, DataKeySource as _, KeyError, ServiceFault, Signer as _};

use crate::stub::{Stub, Trouble};
use crate::{aws, context, origin, sdk};

#[tokio::test]
async fn each_failure_has_its_kind_and_names_key_and_right() {
    use ServiceFault::{Configuration, Denied, Disabled, NotFound};
    let stub = Stub::start();
    let (aws, data, sign) = (aws(&stub), stub.data_key("data"), stub.signing_key("sign"));
    let source = KmsDataKeys::new(&aws, data.parse().unwrap()).await;
    let opener = KmsOpener::new(&aws, &[data.parse().unwrap()]).await.unwrap();
    let signer = KmsSigner::connect(&aws, sign.parse().unwrap(), &origin()).await.unwrap();
    let made = source.generate(&context(1)).await.unwrap();
    let secret = stub.secret("audit", "v-1", "{}");
    for (code, expected) in [
        ("AccessDeniedException", Denied),
        ("NotFoundException", NotFound),
        ("DisabledException", Disabled),
        ("KMSInvalidStateException", Disabled),
        ("ExpiredTokenException", Configuration),
        ("ValidationException", Configuration),
        ("SomeExceptionOf2030", Configuration),
    ] {
        let before = stub.seen().len();
        stub.trouble(std::iter::repeat_n(Trouble::Error(400, code), 4));
        let refusals = [
            (&data, "kms:GenerateDataKey", source.generate(&context(1)).await.err()),
            (&data, "kms:Decrypt", opener.open(&data, &made.wrapped, &context(1)).await.err()),
            (&sign, "kms:Sign", signer.sign(b"text").await.err()),
            (
                &secret,
                "secretsmanager:GetSecretValue",
                SecretKeys::load(&aws, secret.parse().unwrap(), Stage::Current).await.err(),
            ),
        ];
        for (key, action, error) in refusals {
            let error = error.expect(code);
            let KeyError::Service { fault, .. } = &error else { panic!("{error}") };
            assert_eq!(*fault, expected, "{code}");
            let shown = error.to_string();
            assert!(shown.contains(key.as_str()) && shown.contains(action), "{shown}");
            assert!(shown.contains(code) && !shown.contains('\u{1b}'), "{shown}");
        }
        assert_eq!(stub.seen().len() - before, 4, "{code} is not worth another attempt");
    }
}

#[tokio::test]
async fn throttling_and_outages_are_tried_again_and_then_named() {
    let stub = Stub::start();
    let (aws, data) = (aws(&stub), stub.data_key("data"));
    let source = KmsDataKeys::new(&aws, data.parse().unwrap()).await;
    for (trouble, expected) in [
        (Trouble::Error(400, "ThrottlingException"), ServiceFault::Throttled),
        (Trouble::Error(500, "KMSInternalException"), ServiceFault::Unavailable),
        (Trouble::Error(503, "DependencyTimeoutException"), ServiceFault::Unavailable),
        (Trouble::Close, ServiceFault::Unavailable),
    ] {
        let before = aws.counts();
        stub.trouble([trouble.clone(), trouble.clone()]);
        assert!(source.generate(&context(1)).await.is_ok(), "{trouble:?}");
        assert_eq!(aws.counts().kms_requests - before.kms_requests, 3, "{trouble:?}");
        stub.trouble(std::iter::repeat_n(trouble.clone(), 3));
        let error = source.generate(&context(1)).await.unwrap_err();
        let KeyError::Service { fault, .. } = &error else { panic!("{error}") };
        assert_eq!(*fault, expected, "{error}");
        let after = aws.counts();
        assert_eq!(after.kms_requests - before.kms_requests, 6, "every attempt is counted");
        assert_eq!(after.failures - before.failures, 1, "the call failed once");
    }
}

#[tokio::test]
async fn a_silent_service_is_given_up_in_time() {
    let stub = Stub::start();
    let data = stub.data_key("data");
    let options = AwsOptions {
        attempts: 2,
        attempt_timeout: Duration::from_millis(200),
        timeout: Duration::from_secs(5),
    };
    let aws = Aws::with_config(options, sdk(&stub.endpoint()));
    let source = KmsDataKeys::new(&aws, data.parse().unwrap()).await;
    stub.trouble([Trouble::Hang]);
    assert!(source.generate(&context(1)).await.is_ok(), "the second attempt is answered");
    stub.trouble([Trouble::Hang, Trouble::Hang]);
    let begun = Instant::now();
    let error = source.generate(&context(1)).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let unavailable = ServiceFault::Unavailable;
    assert!(matches!(error, KeyError::Service { fault, .. } if fault == unavailable), "{error}");
}

#[tokio::test]
async fn no_key_shows_in_debug() {
    let stub = Stub::start();
    let (aws, data, sign) = (aws(&stub), stub.data_key("data"), stub.signing_key("sign"));
    let source = KmsDataKeys::new(&aws, data.parse().unwrap()).await;
    let made = source.generate(&context(1)).await.unwrap();
    let signer = KmsSigner::connect(&aws, sign.parse().unwrap(), &origin()).await.unwrap();
    let opener = KmsOpener::new(&aws, &[data.parse().unwrap()]).await.unwrap();
    let shown = format!("{aws:?} {source:?} {signer:?} {opener:?} {:?}", made.key);
    // The stub's data keys are counted up in front of these bytes.
    assert!(!shown.contains("165, 165") && !shown.to_lowercase().contains("a5a5"), "{shown}");
    assert!(shown.contains(&data) && shown.contains("DataKey(..)"), "{shown}");
}
