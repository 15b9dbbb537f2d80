//! What an unsuccessful answer of KMS or Secrets Manager means.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::{KeyError, ServiceFault};

/// Longest text taken over from an answer, in characters.
const LONGEST_TEXT: usize = 300;

/// The names of the rights, which are also those of the calls.
pub(super) const GENERATE: &str = "kms:GenerateDataKey";
pub(super) const DECRYPT: &str = "kms:Decrypt";
pub(super) const SIGN: &str = "kms:Sign";
pub(super) const PUBLIC_KEY: &str = "kms:GetPublicKey";
pub(super) const DESCRIBE: &str = "kms:DescribeKey";
pub(super) const GET_SECRET: &str = "secretsmanager:GetSecretValue";
pub(super) const PUT_SECRET: &str = "secretsmanager:PutSecretValue";

/// An answer that says it is fine and cannot be right.
pub(super) fn unusable(key: &str, action: &'static str, detail: impl Into<String>) -> KeyError {
    KeyError::Service {
        fault: ServiceFault::Answer,
        key: key.to_owned(),
        action,
        detail: detail.into(),
    }
}

/// The failure of a call about `key`.
pub(super) fn failure<E>(
    key: &str,
    action: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> KeyError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let status = error.raw_response().map_or(0, |r| r.status().as_u16());
    let (fault, detail) = match error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or("");
            let message = text(answer.err().message().unwrap_or(""));
            if code == "InvalidKeyUsageException" || code == "UnsupportedOperationException" {
                let expected = match action {
                    SIGN | PUBLIC_KEY => "a key ECC_NIST_EDWARDS25519 with usage SIGN_VERIFY",
                    _ => "a key SYMMETRIC_DEFAULT with usage ENCRYPT_DECRYPT",
                };
                return KeyError::WrongKind { key: key.to_owned(), expected, found: message };
            }
            (meaning(status, code), format!("{status} {} {message}", text(code)))
        }
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(connector) => no_answer(connector),
            None => (ServiceFault::Unavailable, "no answer".into()),
        },
        SdkError::TimeoutError(_) => (ServiceFault::Unavailable, "no answer in time".into()),
        SdkError::ResponseError(_) if status >= 500 => {
            (ServiceFault::Unavailable, format!("{status} without an answer in its form"))
        }
        SdkError::ResponseError(_) => {
            (ServiceFault::Answer, format!("{status}, cut short or not in the service's form"))
        }
        other => (ServiceFault::Configuration, text(&chain(other))),
    };
    KeyError::Service { fault, key: key.to_owned(), action, detail: detail.trim_end().to_owned() }
}

/// By KMS's and Secrets Manager's "Errors" pages, and the errors common to AWS's services.
fn meaning(status: u16, code: &str) -> ServiceFault {
    use ServiceFault::{Configuration, Denied, Disabled, NotFound, Throttled, Unavailable};
    match (status, code) {
        (_, "NotFoundException" | "ResourceNotFoundException") => NotFound,
        (_, "DisabledException" | "KMSInvalidStateException" | "InvalidRequestException") => {
            Disabled
        }
        (_, "ThrottlingException" | "Throttling" | "TooManyRequestsException") | (429, _) => {
            Throttled
        }
        (_, "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidClientTokenId")
        | (_, "InvalidSignatureException" | "IncompleteSignature" | "SignatureDoesNotMatch")
        | (_, "RequestExpired" | "MissingAuthenticationToken") => Configuration,
        // DecryptionFailure: Secrets Manager may not use the secret's own KMS key for this role.
        (_, "AccessDeniedException" | "AccessDenied" | "DecryptionFailure") | (401 | 403, _) => {
            Denied
        }
        (_, "DependencyTimeoutException" | "KeyUnavailableException" | "KMSInternalException")
        | (408 | 500..=599, _) => Unavailable,
        _ => Configuration,
    }
}

fn no_answer(connector: &ConnectorError) -> (ServiceFault, String) {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(connector);
    while let Some(error) = cause {
        match error.downcast_ref::<CredentialsError>() {
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                return (ServiceFault::Configuration, "no AWS credentials found".into());
            }
            Some(CredentialsError::InvalidConfiguration(_)) => {
                let detail = "the AWS credentials are configured wrongly";
                return (ServiceFault::Configuration, detail.into());
            }
            // A metadata service that does not answer now may answer soon.
            Some(_) => {
                return (ServiceFault::Unavailable, "no AWS credentials could be fetched".into());
            }
            None => cause = error.source(),
        }
    }
    if connector.is_user() {
        return (ServiceFault::Configuration, text(&chain(connector)));
    }
    (ServiceFault::Unavailable, text(&chain(connector)))
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
pub(super) fn text(of: &str) -> String {
    of.chars().take(LONGEST_TEXT).flat_map(char::escape_debug).collect()
}
