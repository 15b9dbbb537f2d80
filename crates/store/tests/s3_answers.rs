//! What the S3 back-end sends, and what it makes of each answer, against a scripted server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

mod common;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use common::{Reply, Server};
use dayseal_store::{Condition, EntryKind, ErrorKind, ObjectMeta, Store, StoreError};
use sha2::{Digest, Sha256};

const BODY: &str = "the batch";
const LONG: Duration = Duration::from_secs(10);

fn base64_of(body: &str) -> String {
    BASE64.encode(Sha256::digest(body))
}

async fn put(server: &Server, condition: Condition) -> Result<ObjectMeta, StoreError> {
    let digest = Sha256::digest(BODY).into();
    server.store(LONG).await.put("k", Bytes::from_static(BODY.as_bytes()), &digest, condition).await
}

async fn create(script: Vec<Reply>) -> (Result<ObjectMeta, StoreError>, Server) {
    let server = Server::start(script).await;
    (put(&server, Condition::Absent).await, server)
}

fn stored() -> Reply {
    let digest = base64_of(BODY);
    Reply::ok(&[("etag", "\"e1\""), ("x-amz-version-id", "v1"), ("x-amz-checksum-sha256", &digest)])
}

/// An answer to HEAD for an object with these bytes.
fn head_of(body: &str) -> Reply {
    let (length, digest) = (body.len().to_string(), base64_of(body));
    Reply::ok(&[
        ("etag", "\"e1\""),
        ("x-amz-version-id", "v1"),
        ("content-length", &length),
        ("x-amz-checksum-sha256", &digest),
    ])
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> ErrorKind {
    outcome.unwrap_err().kind()
}

#[tokio::test]
async fn a_create_is_conditional_and_carries_its_digest_once() {
    let (outcome, server) = create(vec![stored()]).await;
    let meta = outcome.unwrap();
    assert_eq!((meta.etag.as_str(), meta.version.as_deref()), ("\"e1\"", Some("v1")));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    let request = &seen[0];
    assert!(request.line.starts_with("PUT /bucket/root/k"), "{}", request.line);
    assert_eq!(request.header("if-none-match"), "*");
    assert_eq!(request.header("x-amz-checksum-sha256"), base64_of(BODY));
    // Signed over the digest given, not a streaming or unsigned payload.
    assert_eq!(request.header("x-amz-content-sha256"), hex::encode(Sha256::digest(BODY)));
    assert_eq!(request.header("content-encoding"), "");
    assert_eq!(request.header("x-amz-checksum-crc32"), "");
    assert_eq!(request.header("x-amz-expected-bucket-owner"), "111122223333");
    assert_eq!(request.body, BODY.as_bytes());
}

#[tokio::test]
async fn the_digest_given_is_the_one_signed() {
    let server = Server::start(vec![Reply::error(400, "XAmzContentSHA256Mismatch")]).await;
    let store = server.store(LONG).await;
    let wrong = Sha256::digest("other").into();
    let outcome = store.put("k", Bytes::from_static(BODY.as_bytes()), &wrong, Condition::Absent);
    assert_eq!(kind(outcome.await), ErrorKind::Protocol);
    // Had the SDK hashed the body again, the header would hold the body's own digest.
    let signed = server.seen()[0].header("x-amz-content-sha256");
    assert_eq!(signed, hex::encode(Sha256::digest("other")));
}

#[tokio::test]
async fn transient_answers_are_retried() {
    let transient = [
        Reply::error(409, "ConditionalRequestConflict"),
        Reply::error(429, "TooManyRequests"),
        Reply::error(500, "InternalError"),
        Reply::error(502, "BadGateway"),
        Reply::error(503, "SlowDown"),
        Reply::error(504, "GatewayTimeout"),
        Reply::error(400, "RequestTimeout"),
        Reply::Answer(503, Vec::new(), "<html>not S3</html>".into()),
        Reply::Close,
        Reply::Hang,
    ];
    for reply in transient {
        let what = format!("{reply:?}");
        let (outcome, server) = create(vec![reply, stored()]).await;
        assert_eq!(outcome.expect(&what).etag, "\"e1\"");
        assert_eq!(server.seen().len(), 2, "{what}");
    }
}

#[tokio::test]
async fn final_answers_are_not_retried() {
    for (reply, expected) in [
        (Reply::error(412, "PreconditionFailed"), ErrorKind::AlreadyExists),
        (Reply::error(403, "AccessDenied"), ErrorKind::Denied),
        (Reply::error(403, "RequestTimeTooSkewed"), ErrorKind::Configuration),
        (Reply::error(400, "ExpiredToken"), ErrorKind::Denied),
        (Reply::error(400, "KMS.DisabledException"), ErrorKind::Denied),
        (Reply::error(400, "InvalidRequest"), ErrorKind::Protocol),
        (Reply::error(400, "AuthorizationHeaderMalformed"), ErrorKind::Configuration),
        (Reply::error(301, "PermanentRedirect"), ErrorKind::Configuration),
        (Reply::error(404, "NoSuchBucket"), ErrorKind::Configuration),
        (Reply::error(501, "NotImplemented"), ErrorKind::Configuration),
    ] {
        let what = format!("{reply:?}");
        let (outcome, server) = create(vec![reply]).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), expected, "{what}");
        let text = error.to_string();
        assert!(
            text.starts_with("cannot put s3://bucket/root/k: ") && text.contains("REQ1"),
            "{text}"
        );
        assert_eq!(server.seen().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn own_bytes_that_landed_before_a_timeout_are_success() {
    for lost in [Reply::Hang, Reply::Close, Reply::error(500, "InternalError")] {
        let script = vec![lost, Reply::error(412, "PreconditionFailed"), head_of(BODY)];
        let (outcome, server) = create(script).await;
        let meta = outcome.unwrap();
        assert_eq!((meta.length, meta.version.as_deref()), (BODY.len() as u64, Some("v1")));
        let head = &server.seen()[2];
        assert!(head.line.starts_with("HEAD /bucket/root/k"), "{}", head.line);
        assert_eq!(head.header("x-amz-checksum-mode"), "ENABLED");
    }
}

#[tokio::test]
async fn without_a_stored_checksum_the_bytes_are_read() {
    for (found, landed) in [(BODY, true), ("THE BATCH", false), ("another, longer object", false)] {
        let length = found.len().to_string();
        let head = Reply::ok(&[("etag", "\"e1\""), ("content-length", &length)]);
        let get = Reply::body(&[("etag", "\"e1\"")], found);
        let refused = Reply::error(412, "PreconditionFailed");
        let (outcome, _server) = create(vec![Reply::Hang, refused, head, get]).await;
        assert_eq!(outcome.is_ok(), landed, "{outcome:?}");
        assert!(outcome.is_ok() || kind(outcome) == ErrorKind::AlreadyExists);
    }
}

#[tokio::test]
async fn foreign_bytes_after_a_retry_are_already_there() {
    let refused = Reply::error(412, "PreconditionFailed");
    let (outcome, _server) = create(vec![Reply::Hang, refused, head_of("not the batch")]).await;
    assert_eq!(kind(outcome), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn who_may_not_read_hears_that_it_is_there() {
    let refused = Reply::error(412, "PreconditionFailed");
    let (outcome, _server) = create(vec![Reply::Hang, refused, Reply::bare(403)]).await;
    assert_eq!(kind(outcome), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn an_object_gone_after_the_refusal_is_written_again() {
    let refused = Reply::error(412, "PreconditionFailed");
    let (outcome, server) = create(vec![Reply::Hang, refused, Reply::bare(404), stored()]).await;
    assert_eq!(outcome.unwrap().etag, "\"e1\"");
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_swap_that_landed_before_a_timeout_is_success_and_a_lost_one_is_not() {
    let swap = || Condition::Matches("\"e0\"".into());
    let refused = || Reply::error(412, "PreconditionFailed");
    let server = Server::start(vec![Reply::Hang, refused(), head_of(BODY)]).await;
    put(&server, swap()).await.unwrap();
    assert_eq!(server.seen()[0].header("if-match"), "\"e0\"");
    for script in [
        vec![Reply::Hang, refused(), head_of("theirs")],
        vec![refused()],
        vec![Reply::error(404, "NoSuchKey")],
    ] {
        let server = Server::start(script).await;
        assert_eq!(kind(put(&server, swap()).await), ErrorKind::Precondition);
    }
}

#[tokio::test]
async fn the_deadline_ends_the_retries() {
    let server = Server::start(vec![Reply::error(503, "SlowDown"); 200]).await;
    let store = server.store(Duration::from_millis(900)).await;
    let started = std::time::Instant::now();
    let error = store.head("k", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("gave up after"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(server.seen().len() > 2);
}

#[tokio::test]
async fn another_digest_or_no_tag_in_the_answer_is_an_error() {
    let digest = base64_of("other");
    let wrong = Reply::ok(&[("etag", "\"e\""), ("x-amz-checksum-sha256", &digest)]);
    for reply in [wrong, Reply::ok(&[])] {
        let (outcome, _server) = create(vec![reply]).await;
        assert_eq!(kind(outcome), ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn a_body_cut_short_is_read_again() {
    let tag = [("etag", "\"e1\""), ("x-amz-version-id", "null")];
    let server = Server::start(vec![Reply::cut(&tag, BODY), Reply::body(&tag, BODY)]).await;
    let found = server.store(LONG).await.get("k", None, 99).await.unwrap();
    assert_eq!((&found.bytes[..], found.meta.version), (BODY.as_bytes(), None));
    assert_eq!(server.seen().len(), 2);
    assert_eq!(server.seen()[0].header("x-amz-checksum-mode"), "");
}

#[tokio::test]
async fn a_long_object_is_not_read() {
    // Only its head ever comes: whoever waited for the body would wait for ever.
    let headers = [("etag", "\"e1\""), ("content-length", "1099511627776")];
    let server = Server::start(vec![Reply::cut(&headers, "ab")]).await;
    let found = server.store(LONG).await.get("k", None, 1 << 20).await;
    assert_eq!(kind(found), ErrorKind::TooLarge);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_service_that_ignores_ranges_is_found_out() {
    let server = Server::start(vec![Reply::body(&[("etag", "\"e1\"")], BODY)]).await;
    let found = server.store(LONG).await.get_range("k", None, 2, 3).await;
    assert_eq!(kind(found), ErrorKind::Protocol);
    assert_eq!(server.seen()[0].header("range"), "bytes=2-4");
}

#[tokio::test]
async fn missing_things_are_not_found() {
    for (reply, version) in [
        (Reply::error(404, "NoSuchKey"), None),
        (Reply::error(404, "NoSuchVersion"), Some("v9")),
        (Reply::error(405, "MethodNotAllowed"), Some("marker")),
        (Reply::error(400, "InvalidArgument"), Some("not a version")),
    ] {
        let server = Server::start(vec![reply]).await;
        let found = server.store(LONG).await.get("k", version, 99).await;
        assert_eq!(kind(found), ErrorKind::NotFound);
    }
    let server = Server::start(vec![Reply::bare(403)]).await;
    assert_eq!(kind(server.store(LONG).await.head("k", None).await), ErrorKind::Denied);
}

#[tokio::test]
async fn markers_and_versions_are_listed_in_one_order() {
    let version = |key: &str, id: &str, latest: bool, time: &str| {
        format!(
            "<Version><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest>\
             <LastModified>{time}</LastModified><ETag>\"e\"</ETag><Size>7</Size></Version>"
        )
    };
    let marker = |key: &str, id: &str, latest: bool, time: &str| {
        format!(
            "<DeleteMarker><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest>\
             <LastModified>{time}</LastModified></DeleteMarker>"
        )
    };
    let first = format!(
        "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>root/b%2Bc</NextKeyMarker>\
         <NextVersionIdMarker>v5</NextVersionIdMarker><EncodingType>url</EncodingType>{}{}{}{}{}</ListVersionsResult>",
        marker("root/a", "m3", true, "2026-01-01T00:00:03.000Z"),
        version("root/a", "v2", false, "2026-01-01T00:00:02.000Z"),
        marker("root/a", "m1", false, "2026-01-01T00:00:01.000Z"),
        version("root/a+%C3%A4", "v4", true, "2026-01-01T00:00:01.000Z"),
        version("root/b%2Bc", "v5", true, "2026-01-01T00:00:01.000Z"),
    );
    let second = format!(
        "<ListVersionsResult><IsTruncated>false</IsTruncated>{}</ListVersionsResult>",
        version("root/c", "null", true, "2026-01-01T00:00:01.000Z")
    );
    let server = Server::start(vec![
        // Cut in its middle: asked again, not taken for the end of the listing.
        Reply::cut(&[], &first),
        Reply::body(&[], &first),
        Reply::body(&[], &second),
    ])
    .await;
    let store = server.store(LONG).await;
    let page = store.list("", None).await.unwrap();
    let found: Vec<_> = page
        .entries
        .iter()
        .map(|e| (e.key.as_str(), e.version.as_deref().unwrap(), e.kind, e.length, e.latest))
        .collect();
    let (object, marker) = (EntryKind::Object, EntryKind::DeleteMarker);
    let expected = [
        ("a", "m3", marker, 0, true),
        ("a", "v2", object, 7, false),
        ("a", "m1", marker, 0, false),
        ("a \u{e4}", "v4", object, 7, true),
        ("b+c", "v5", object, 7, true),
    ];
    assert_eq!(found, expected);
    let last = store.list("", page.next.as_deref()).await.unwrap();
    assert_eq!((last.entries[0].version.as_deref(), last.next), (None, None));
    let line = &server.seen()[2].line;
    assert!(
        line.contains("key-marker=root%2Fb%2Bc") && line.contains("version-id-marker=v5"),
        "{line}"
    );
}

#[tokio::test]
async fn a_listing_that_makes_no_sense_is_an_error() {
    for body in [
        "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
        "<ListVersionsResult><Version><Key>elsewhere/x</Key><VersionId>v</VersionId></Version></ListVersionsResult>",
    ] {
        let server = Server::start(vec![Reply::body(&[], body)]).await;
        assert_eq!(kind(server.store(LONG).await.list("", None).await), ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn missing_credentials_are_said_at_once_and_a_slow_source_is_asked_again() {
    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_credential_types::credential_fn::provide_credentials_fn;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_sdk_s3::config::SharedCredentialsProvider;
    use dayseal_store::{S3Config, S3Store};

    for (missing, expected) in [(true, ErrorKind::Configuration), (false, ErrorKind::Unavailable)] {
        let provider = provide_credentials_fn(move || async move {
            let outage = CredentialsError::provider_timed_out(Duration::from_secs(1));
            Err(if missing { CredentialsError::not_loaded("nothing set") } else { outage })
        });
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .build();
        let server = Server::start(Vec::new()).await;
        let config = S3Config {
            endpoint: Some(server.endpoint().to_owned()),
            check_versioning: false,
            deadline: Duration::from_millis(700),
            ..S3Config::new("bucket")
        };
        let store = S3Store::connect_with(config, &sdk).await.unwrap();
        let started = std::time::Instant::now();
        let error = store.head("k", None).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        assert!(error.to_string().contains("credentials"), "{error}");
        assert_eq!(error.to_string().contains("gave up"), !missing, "{error}");
        assert!(started.elapsed() < Duration::from_secs(3));
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn who_may_not_ask_for_versioning_still_connects() {
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    for (reply, versions) in [
        (Reply::error(403, "AccessDenied"), false),
        (Reply::body(&[], "<VersioningConfiguration/>"), false),
        (Reply::body(&[], enabled), true),
    ] {
        let server = Server::start(vec![reply]).await;
        let store = server.store_that_asks().await;
        assert_eq!(store.capabilities().versions, versions);
        assert_eq!(server.seen().len(), 1);
    }
}
