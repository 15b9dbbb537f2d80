//! Reading objects with every length checked before it is used.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256 as Hasher};

use super::failure::Failure;
use super::{S3Store, retry, version_id};
use crate::{ErrorKind, ObjectMeta, Sha256, StoreError, StoredObject};

/// Largest object size S3 could ever mean; an end beyond it might not be understood as a range.
const LARGEST: u64 = 1 << 50;

/// The whole object.
pub(super) async fn get(
    store: &S3Store,
    key: &str,
    version: Option<&str>,
    limit: u64,
) -> Result<StoredObject, StoreError> {
    let full_key = store.full_key("get", key)?;
    let attempt = |_| fetch(store, &full_key, version, limit);
    retry::retrying(store.patience(limit), attempt)
        .await
        .map_err(|failure| failure.into_error("get", store.object(key)))
}

/// `length` bytes from `offset`.
pub(super) async fn get_range(
    store: &S3Store,
    key: &str,
    version: Option<&str>,
    offset: u64,
    length: u64,
) -> Result<StoredObject, StoreError> {
    let full_key = store.full_key("get", key)?;
    let attempt = |_| async {
        // HTTP cannot ask for an empty range.
        if length > 0 && offset < LARGEST {
            match fetch_range(store, &full_key, version, offset, length).await {
                Err(failure) if failure.status == 416 => {}
                other => return other,
            }
        }
        let meta = fetch_head(store, &full_key, version).await?;
        if offset < meta.length && length > 0 {
            let detail = format!("offset {offset} refused in {} bytes", meta.length);
            return Err(Failure::of(ErrorKind::Protocol, detail));
        }
        Ok(StoredObject { bytes: Bytes::new(), meta })
    };
    retry::retrying(store.patience(length), attempt)
        .await
        .map_err(|failure| failure.into_error("get", store.object(key)))
}

/// Length, tag and version.
pub(super) async fn head(
    store: &S3Store,
    key: &str,
    version: Option<&str>,
) -> Result<ObjectMeta, StoreError> {
    let full_key = store.full_key("head", key)?;
    let attempt = |_| fetch_head(store, &full_key, version);
    retry::retrying(store.patience(0), attempt)
        .await
        .map_err(|failure| failure.into_error("head", store.object(key)))
}

/// SHA-256 and metadata of the current object: from its stored checksum, or by reading it, at most `limit` bytes.
pub(super) async fn stored_digest(
    store: &S3Store,
    full_key: &str,
    limit: u64,
) -> Result<(Sha256, ObjectMeta), Failure> {
    let config = &store.config;
    let answer = store
        .client
        .head_object()
        .bucket(&config.bucket)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .key(full_key)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await?;
    // A multipart upload's checksum is one of checksums, `<base64>-<parts>`: it does not decode, so the bytes are read.
    let stored = answer.checksum_sha256.as_deref().and_then(|text| BASE64.decode(text).ok());
    if let Some(digest) = stored.and_then(|bytes| Sha256::try_from(bytes).ok()) {
        let meta = meta(answer.content_length, answer.e_tag, answer.version_id)?;
        return Ok((digest, meta));
    }
    let found = fetch(store, full_key, None, limit).await?;
    Ok((Hasher::digest(&found.bytes).into(), found.meta))
}

async fn fetch(
    store: &S3Store,
    full_key: &str,
    version: Option<&str>,
    limit: u64,
) -> Result<StoredObject, Failure> {
    let config = &store.config;
    let request = store
        .client
        .get_object()
        .bucket(&config.bucket)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .key(full_key)
        .set_version_id(version.map(str::to_owned));
    let answer = in_time(store, request.send()).await?.map_err(|e| missing(e.into(), version))?;
    let meta = meta(answer.content_length, answer.e_tag, answer.version_id)?;
    if meta.length > limit {
        let detail = format!("{} bytes, at most {limit} expected", meta.length);
        return Err(Failure::of(ErrorKind::TooLarge, detail));
    }
    let bytes = read_exactly(answer.body, meta.length).await?;
    Ok(StoredObject { bytes, meta })
}

async fn fetch_range(
    store: &S3Store,
    full_key: &str,
    version: Option<&str>,
    offset: u64,
    length: u64,
) -> Result<StoredObject, Failure> {
    let config = &store.config;
    let last = offset.saturating_add(length - 1).min(LARGEST);
    let request = store
        .client
        .get_object()
        .bucket(&config.bucket)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .key(full_key)
        .range(format!("bytes={offset}-{last}"))
        .set_version_id(version.map(str::to_owned));
    let answer = in_time(store, request.send()).await?.map_err(|e| missing(e.into(), version))?;
    let Some((start, whole)) = answer.content_range.as_deref().and_then(content_range) else {
        let detail = "a Content-Range expected, none found: the service ignores ranges";
        return Err(Failure::of(ErrorKind::Protocol, detail));
    };
    let part = meta(answer.content_length, answer.e_tag, answer.version_id)?;
    if start != offset || part.length != length.min(whole.saturating_sub(offset)) {
        let detail = format!(
            "{length} bytes from {offset} expected, {} from {start} of {whole} found",
            part.length
        );
        return Err(Failure::of(ErrorKind::Protocol, detail));
    }
    let bytes = read_exactly(answer.body, part.length).await?;
    Ok(StoredObject { bytes, meta: ObjectMeta { length: whole, ..part } })
}

async fn fetch_head(
    store: &S3Store,
    full_key: &str,
    version: Option<&str>,
) -> Result<ObjectMeta, Failure> {
    let config = &store.config;
    let answer = store
        .client
        .head_object()
        .bucket(&config.bucket)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .key(full_key)
        .set_version_id(version.map(str::to_owned))
        .send()
        .await
        .map_err(|e| missing(e.into(), version))?;
    meta(answer.content_length, answer.e_tag, answer.version_id)
}

/// The head of an answer has the time of an attempt without a body; the body has the rest of the attempt.
async fn in_time<T>(store: &S3Store, answer: impl Future<Output = T>) -> Result<T, Failure> {
    let limit = store.config.attempt_timeout;
    tokio::time::timeout(limit, answer).await.map_err(|_| Failure::timeout(limit))
}

/// What S3 says to a version that is a delete marker (405) or that it never gave out (400).
fn missing(failure: Failure, version: Option<&str>) -> Failure {
    let absent = match (failure.status, failure.code.as_str()) {
        (405, _) => true,
        (400, "InvalidArgument" | "NoSuchVersion") => version.is_some(),
        // Answers to HEAD have no body, so no code.
        (400, "" | "BadRequest") => version.is_some(),
        _ => false,
    };
    if absent { failure.with_kind(ErrorKind::NotFound) } else { failure }
}

fn meta(
    length: Option<i64>,
    etag: Option<String>,
    version: Option<String>,
) -> Result<ObjectMeta, Failure> {
    let length = length.and_then(|n| u64::try_from(n).ok());
    let (Some(length), Some(etag)) = (length, etag) else {
        let detail = "a Content-Length and an ETag expected, one of them is missing";
        return Err(Failure::of(ErrorKind::Protocol, detail));
    };
    Ok(ObjectMeta { length, etag, version: version_id(version) })
}

/// Reads a body that must have `length` bytes; stops as soon as it has more.
async fn read_exactly(mut body: ByteStream, length: u64) -> Result<Bytes, Failure> {
    let cut = |found: usize| Failure::transient(format!("{length} bytes expected, {found} came"));
    let mut bytes = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| cut(bytes.len()))?;
        if (bytes.len() + piece.len()) as u64 > length {
            return Err(cut(bytes.len() + piece.len()));
        }
        if bytes.is_empty() {
            // Not before bytes come: a length is only a claim.
            bytes.reserve(usize::try_from(length).unwrap_or(0).min(64 << 20));
        }
        bytes.extend_from_slice(&piece);
    }
    if bytes.len() as u64 == length { Ok(bytes.freeze()) } else { Err(cut(bytes.len())) }
}

/// First byte and whole length of `bytes <first>-<last>/<whole>` (RFC 9110 section 14.4).
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.parse().ok()?, whole.parse().ok()?))
}
