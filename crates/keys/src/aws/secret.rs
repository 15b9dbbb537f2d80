//! Key files kept in AWS Secrets Manager.

use std::fmt;

use zeroize::Zeroizing;

use super::Aws;
use super::failure::{GET_SECRET, PUT_SECRET, failure, text, unusable};
use crate::{Arn, KeyError, LocalKeys, LogSecret, random};

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

    /// Puts a new version of the secret, the same but for a new log secret; its version id. The version
    /// read before becomes `AWSPREVIOUS`.
    ///
    /// # Errors
    /// As [`SecretKeys::load`]; [`KeyError::Absent`] if the secret holds no log secret.
    pub async fn rotate_log_secret(aws: &Aws, secret: Arn) -> Result<String, KeyError> {
        let keys = Self::load(aws, secret.clone(), Stage::Current).await?.keys;
        let keys = keys.with_new_log_secret(false)?;
        let name = secret.as_str();
        // The token becomes the version's id: a repeated attempt makes no second version.
        let token = hex::encode(random::<16>()?);
        let client = aws.secrets(&secret).await;
        let request = client.put_secret_value().secret_id(name).client_request_token(token);
        let answer = request.secret_string(keys.to_json().as_str()).send().await;
        let put = answer.map_err(|e| failure(name, PUT_SECRET, &e)).and_then(|answer| {
            answer.version_id.ok_or_else(|| unusable(name, PUT_SECRET, "it names no version"))
        });
        aws.counted(put)
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
