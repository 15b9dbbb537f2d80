//! Key files kept in AWS Secrets Manager.

use std::fmt;

use zeroize::Zeroizing;

use super::Aws;
use super::failure::{GET_SECRET, failure, text, unusable};
use crate::{Arn, KeyError, LocalKeys, LogSecret};

/// Which version of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The one in use, `AWSCURRENT`.
    Current,
    /// The one before it, `AWSPREVIOUS`: after a rotation, to recognise what the old log secret made.
    Previous,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// The keys of one log from one version of a secret, which holds the same JSON as a key file.
pub struct SecretKeys {
    secret: Arn,
    version: String,
    keys: LocalKeys,
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys({}, version {})", self.secret, self.version)
    }
}

impl SecretKeys {
    /// Reads the keys of a version.
    ///
    /// # Errors
    /// [`KeyError::Service`]; [`KeyError::Malformed`] if the secret is not a key file.
    pub async fn load(aws: &Aws, secret: Arn, stage: Stage) -> Result<Self, KeyError> {
        let loaded = read(aws, &secret, stage).await;
        let (version, keys) = aws.counted(loaded)?;
        Ok(Self { secret, version, keys })
    }

    /// Id of the version that was read: 32 to 64 characters that Secrets Manager or the writer chose.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The keys.
    pub fn keys(&self) -> &LocalKeys {
        &self.keys
    }

    /// The keys alone.
    pub fn into_keys(self) -> LocalKeys {
        self.keys
    }

    /// The log secret of this version.
    ///
    /// # Errors
    /// [`KeyError::Absent`] if the secret holds none.
    pub fn log_secret(&self) -> Result<&LogSecret, KeyError> {
        self.keys.log_secret()
    }
}

async fn read(aws: &Aws, secret: &Arn, stage: Stage) -> Result<(String, LocalKeys), KeyError> {
    let name = secret.as_str();
    let client = aws.secrets(secret).await;
    let request = client.get_secret_value().secret_id(name).version_stage(stage.as_str());
    let answer = request.send().await.map_err(|e| failure(name, GET_SECRET, &e))?;
    let bytes = match (answer.secret_string, answer.secret_binary) {
        (Some(text), _) => Zeroizing::new(text.into_bytes()),
        (None, Some(blob)) => Zeroizing::new(blob.into_inner()),
        (None, None) => return Err(unusable(name, GET_SECRET, "the secret is empty")),
    };
    if answer.arn.as_deref() != Some(name) {
        let found = text(answer.arn.as_deref().unwrap_or_default());
        return Err(unusable(name, GET_SECRET, format!("it is of the secret `{found}`")));
    }
    let Some(version) = answer.version_id else {
        return Err(unusable(name, GET_SECRET, "it names no version"));
    };
    Ok((version, LocalKeys::parse(&bytes, name)?))
}
