//! Where a key is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Arn, KeyError};

/// Where a key is: in a local key file, in AWS KMS, or in a secret of AWS Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeyRef {
    /// A key file.
    File(PathBuf),
    /// A KMS key, or an alias of one.
    Kms(Arn),
    /// A secret that holds the text of a key file.
    Secret(Arn),
}

impl KeyRef {
    /// The same with a relative path taken from `base`.
    #[must_use]
    pub fn within(self, base: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(base.join(path)),
            other => other,
        }
    }
}

impl FromStr for KeyRef {
    type Err = KeyError;

    /// What starts with `arn:` is an ARN, anything else a path.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() {
            let reason = "expected an ARN or the path of a key file";
            return Err(KeyError::Reference { given: String::new(), reason });
        }
        if !text.starts_with("arn:") {
            return Ok(Self::File(text.into()));
        }
        Ok(text.parse::<Arn>()?.into())
    }
}

impl From<Arn> for KeyRef {
    fn from(arn: Arn) -> Self {
        if arn.service() == "kms" { Self::Kms(arn) } else { Self::Secret(arn) }
    }
}

impl TryFrom<String> for KeyRef {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<KeyRef> for String {
    fn from(key: KeyRef) -> Self {
        key.to_string()
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Kms(arn) | Self::Secret(arn) => write!(f, "{arn}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_and_paths_are_told_apart() {
        let kms = "arn:aws-cn:kms:cn-north-1:111122223333:alias/audit";
        assert_eq!(kms.parse::<KeyRef>().unwrap(), KeyRef::Kms(kms.parse().unwrap()));
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:audit-a1B2c3";
        let parsed = secret.parse::<KeyRef>().unwrap();
        assert_eq!(parsed, KeyRef::Secret(secret.parse().unwrap()));
        assert_eq!(parsed.to_string(), secret);
        let file = "keys.json".parse::<KeyRef>().unwrap();
        assert_eq!(file.clone().within(Path::new("/a")), KeyRef::File("/a/keys.json".into()));
        assert_eq!(parsed.clone().within(Path::new("/a")), parsed);
        assert!("".parse::<KeyRef>().is_err());
        // A typing error in an ARN is not a file's name.
        assert!("arn:aws:kms:eu-west-1:1:key/1".parse::<KeyRef>().is_err());
    }
}
