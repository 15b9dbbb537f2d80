//! Conditional writes, and what to make of a refusal after a retry.

use std::path::Path;

use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use super::failure::Failure;
use super::signing::KnownDigest;
use super::{S3Store, read, retry, version_id};
use crate::{Condition, ErrorKind, ObjectMeta, Sha256, StoreError};

/// What is sent, as often as it takes.
pub(super) enum Body<'a> {
    Bytes(Bytes),
    File(&'a Path, u64),
}

impl Body<'_> {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    async fn stream(&self) -> Result<ByteStream, Failure> {
        match self {
            Self::Bytes(bytes) => Ok(ByteStream::from(bytes.clone())),
            Self::File(path, length) => {
                let file = ByteStream::read_from().path(path).length(Length::Exact(*length));
                file.build().await.map_err(|e| {
                    let detail = format!("cannot read {}: {e}", path.display());
                    Failure::of(ErrorKind::Unavailable, detail)
                })
            }
        }
    }
}

/// Stores one object with one request (and its repetitions).
pub(super) async fn put(
    store: &S3Store,
    key: &str,
    body: Body<'_>,
    sha256: &Sha256,
    condition: Condition,
) -> Result<ObjectMeta, StoreError> {
    let full_key = store.full_key("put", key)?;
    if let Condition::Matches(tag) = &condition
        && tag.is_empty()
    {
        // An empty If-Match would be no condition at all.
        let detail = "the empty tag matches nothing";
        return Err(StoreError::new(ErrorKind::Precondition, "put", store.object(key), detail));
    }
    let length = body.length();
    let request = Request { store, full_key, body, sha256, digest: BASE64.encode(sha256) };
    let attempt = |number| {
        let (request, condition) = (&request, &condition);
        async move {
            match request.send(condition).await {
                // On the first attempt only another writer can have been there. Later it may have been ourselves.
                Err(refused) if number > 0 && refused.kind == ErrorKind::Precondition => {
                    request.own_write(refused).await
                }
                other => other,
            }
        }
    };
    retry::retrying(store.patience(length), attempt).await.map_err(|failure| {
        let failure = match (&condition, failure.kind) {
            (Condition::Absent, ErrorKind::Precondition) => {
                failure.with_kind(ErrorKind::AlreadyExists)
            }
            // S3's answer to If-Match without an object.
            (Condition::Matches(_), ErrorKind::NotFound) => {
                failure.with_kind(ErrorKind::Precondition)
            }
            _ => failure,
        };
        failure.into_error("put", store.object(key))
    })
}

struct Request<'a> {
    store: &'a S3Store,
    full_key: String,
    body: Body<'a>,
    sha256: &'a Sha256,
    /// `sha256` in base64.
    digest: String,
}

impl Request<'_> {
    async fn send(&self, condition: &Condition) -> Result<ObjectMeta, Failure> {
        let config = &self.store.config;
        let put = self
            .store
            .client
            .put_object()
            .bucket(&config.bucket)
            .set_expected_bucket_owner(config.expected_owner.clone())
            .key(&self.full_key)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(&self.digest)
            .body(self.body.stream().await?);
        let put = match condition {
            Condition::Absent => put.if_none_match("*"),
            Condition::Matches(tag) => put.if_match(tag),
        };
        let answer = put.customize().interceptor(KnownDigest::new(self.sha256)).send().await?;
        self.check(answer)
    }

    /// What S3 says it stored must be what was sent.
    fn check(&self, answer: PutObjectOutput) -> Result<ObjectMeta, Failure> {
        if let Some(found) = answer.checksum_sha256.filter(|found| *found != self.digest) {
            let detail =
                format!("SHA-256 {} expected, {found:.64} reported as stored", self.digest);
            return Err(Failure::of(ErrorKind::Protocol, detail));
        }
        let Some(etag) = answer.e_tag else {
            return Err(Failure::of(ErrorKind::Protocol, "the answer has no ETag"));
        };
        let (length, version) = (self.body.length(), version_id(answer.version_id));
        Ok(ObjectMeta { length, etag, version })
    }

    /// After a repeated write was refused: success if our bytes are there, the refusal if not or if we may not look.
    ///
    /// An attempt that timed out may have landed, and then it is our own object that refuses the next attempt. The
    /// same bytes from another writer are as good: the caller wanted them to stand there, and they do.
    async fn own_write(&self, refused: Failure) -> Result<ObjectMeta, Failure> {
        match read::stored_digest(self.store, &self.full_key, self.body.length()).await {
            Ok((found, meta)) if found == *self.sha256 => Ok(meta),
            Ok(_) => Err(refused),
            Err(failure) if failure.kind == ErrorKind::Denied => Err(refused),
            // Longer than ours, so not ours.
            Err(failure) if failure.kind == ErrorKind::TooLarge => Err(refused),
            // It was there a moment ago; a delete marker may have come. The next attempt tells.
            Err(failure) if failure.kind == ErrorKind::NotFound => {
                Err(Failure::transient("the object that refused the write is gone again"))
            }
            Err(failure) => Err(failure),
        }
    }
}
