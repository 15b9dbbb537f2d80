//! What an unsuccessful answer of S3 means.

use std::error::Error as StdError;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::{ErrorKind, StoreError};

/// Longest text taken over from an answer, in characters.
const LONGEST_TEXT: usize = 300;

/// One failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    /// HTTP status; 0 if there was no answer.
    pub(super) status: u16,
    /// S3's error code; empty if there was none (answers to HEAD have no body).
    pub(super) code: String,
    pub(super) kind: ErrorKind,
    /// Worth another attempt.
    pub(super) transient: bool,
    pub(super) detail: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// No answer in time; the request may have taken effect.
    pub(super) fn timeout(limit: Duration) -> Self {
        Self::transient(format!("no answer within {:.1} s", limit.as_secs_f64()))
    }

    /// Something that may be different next time.
    pub(super) fn transient(detail: impl Into<String>) -> Self {
        Self { transient: true, ..Self::of(ErrorKind::Unavailable, detail) }
    }

    /// Something that will not change.
    pub(super) fn of(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let (code, detail) = (String::new(), detail.into());
        Self { status: 0, code, kind, transient: false, detail, source: None }
    }

    /// The same as another kind, for what only the caller can tell.
    pub(super) fn with_kind(self, kind: ErrorKind) -> Self {
        Self { kind, transient: false, ..self }
    }

    /// The last failure once the deadline has passed.
    pub(super) fn after(self, attempts: u32, elapsed: Duration) -> Self {
        let seconds = elapsed.as_secs_f64();
        let detail =
            format!("gave up after {attempts} attempts in {seconds:.1} s: {}", self.detail);
        Self { detail, transient: false, ..self }
    }

    pub(super) fn into_error(self, action: &'static str, object: String) -> StoreError {
        let error = StoreError::new(self.kind, action, object, self.detail);
        match self.source {
            Some(source) => error.caused_by(source),
            None => error,
        }
    }

    fn no_answer(connector: &ConnectorError) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(connector);
        while let Some(error) = cause {
            match error.downcast_ref::<CredentialsError>() {
                Some(CredentialsError::CredentialsNotLoaded(_)) => {
                    let detail = "no AWS credentials found: set AWS_ACCESS_KEY_ID and \
                                  AWS_SECRET_ACCESS_KEY, a profile, or a role";
                    return Self::of(ErrorKind::Configuration, detail);
                }
                Some(CredentialsError::InvalidConfiguration(_)) => {
                    let detail = "the AWS credentials are configured wrongly: check the profile";
                    return Self::of(ErrorKind::Configuration, detail);
                }
                // A metadata service that does not answer now may answer soon.
                Some(_) => return Self::transient("no AWS credentials could be fetched"),
                None => cause = error.source(),
            }
        }
        if connector.is_user() {
            return Self::of(ErrorKind::Configuration, text(&chain(connector)));
        }
        Self::transient(format!("no answer: {}", text(&chain(connector))))
    }

    fn answered(status: u16, code: &str, message: &str, request: Option<&str>) -> Self {
        let (kind, transient, hint) = meaning(status, code);
        let mut detail = format!("{status} {code}").trim_end().to_owned();
        for part in [message, hint] {
            if !part.is_empty() {
                detail = format!("{detail}: {}", text(part));
            }
        }
        if let Some(request) = request {
            detail = format!("{detail} (request {})", text(request));
        }
        Self { status, code: code.to_owned(), kind, transient, detail, source: None }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let response = error.raw_response();
        let status = response.map_or(0, |r| r.status().as_u16());
        let request = response.and_then(|r| r.headers().get("x-amz-request-id"));
        let failure = match &error {
            SdkError::ServiceError(answer) => {
                let (code, message) = (answer.err().code(), answer.err().message());
                Self::answered(status, code.unwrap_or(""), message.unwrap_or(""), request)
            }
            // An answer that says it is fine and cannot be read was cut on the way.
            SdkError::ResponseError(_) if status < 300 => {
                Self::transient("the answer was cut short or is not S3's")
            }
            SdkError::ResponseError(_) => Self::answered(status, "", "", request),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) => Self::no_answer(connector),
                None => Self::transient("no answer"),
            },
            SdkError::TimeoutError(_) => Self::transient("no answer in time"),
            SdkError::ConstructionFailure(_) => {
                Self::of(ErrorKind::Configuration, text(&chain(&error)))
            }
            _ => Self::of(ErrorKind::Protocol, text(&chain(&error))),
        };
        Self { source: Some(Box::new(error)), ..failure }
    }
}

/// Kind, whether to try again, and what to do about it (S3 API reference, "Error responses").
fn meaning(status: u16, code: &str) -> (ErrorKind, bool, &'static str) {
    use ErrorKind::{Configuration, Denied, NotFound, Precondition, Protocol, Unavailable};
    match (status, code) {
        (_, "NoSuchBucket") => (Configuration, false, "check the bucket's name and account"),
        (_, "InvalidBucketName") => (Configuration, false, "check the bucket's name"),
        (_, "PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect")
        | (301 | 302 | 307 | 308, _) => {
            (Configuration, false, "the bucket is in another region: set the region")
        }
        (_, "RequestTimeTooSkewed") => (Configuration, false, "set this machine's clock"),
        (_, "ExpiredToken" | "InvalidToken") => (Denied, false, "renew the credentials"),
        (400, "RequestTimeout" | "Throttling" | "ThrottlingException") => (Unavailable, true, ""),
        (_, code) if code.starts_with("KMS.") => {
            (Denied, false, "check the bucket's encryption key and its policy")
        }
        (401 | 403, _) => (Denied, false, ""),
        // ConditionalRequestConflict: a delete or another write of this key was under way (409 is no verdict, 412 is).
        (408 | 409 | 429 | 500 | 502 | 503 | 504, _) => (Unavailable, true, ""),
        (404, _) => (NotFound, false, ""),
        (412, _) => (Precondition, false, ""),
        (501, _) => (Configuration, false, "this service lacks what dayseal needs"),
        _ => (Protocol, false, ""),
    }
}

/// An error and its causes on one line.
fn chain(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

/// Text of a stranger, fit for a terminal and a log line.
fn text(of: &str) -> String {
    of.chars().take(LONGEST_TEXT).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_text_is_bounded_and_escaped() {
        let failure = Failure::answered(400, "X", &format!("\x1b[2J\n{}", "m".repeat(9_999)), None);
        assert!(failure.detail.len() < 400, "{}", failure.detail);
        assert!(!failure.detail.contains(['\x1b', '\n']));
    }
}
