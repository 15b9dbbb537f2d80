//! From a reference of any kind to the key.

use std::sync::Arc;

use async_trait::async_trait;
use dayseal_format::Origin;
use dayseal_format::batch::DataKey;

use super::{Aws, KmsDataKeys, KmsOpener, KmsSigner, SecretKeys, Stage};
use crate::{
    DataKeyOpener, DataKeySource, KeyContext, KeyError, KeyKind, KeyRef, LocalKeys, LogSecret,
    Signer,
};

/// The source of data keys for the log `origin`. With KMS it sends no request.
///
/// # Errors
/// [`KeyError`] as [`LocalKeys::load`] and [`SecretKeys::load`] report; [`KeyError::OtherLog`],
/// [`KeyError::Absent`].
pub async fn open_source(
    aws: &Aws,
    key: &KeyRef,
    origin: &Origin,
) -> Result<Arc<dyn DataKeySource>, KeyError> {
    if let KeyRef::Kms(arn) = key {
        return Ok(Arc::new(KmsDataKeys::new(aws, arn.clone()).await));
    }
    let keys = held(aws, key, origin).await?;
    keys.wrapping_key_id()?;
    Ok(Arc::new(keys))
}

/// What opens the data keys of the log `origin` that any of `keys` wrapped: all those of a policy, after a rotation.
///
/// Which of them may open a batch is still the policy's to say.
///
/// # Errors
/// As [`open_source`], and [`KeyError::Service`] when an alias cannot be resolved.
pub async fn open_opener(
    aws: &Aws,
    keys: &[KeyRef],
    origin: &Origin,
) -> Result<Arc<dyn DataKeyOpener>, KeyError> {
    let (mut kms, mut local) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            KeyRef::Kms(arn) => kms.push(arn.clone()),
            other => {
                let keys = held(aws, other, origin).await?;
                keys.wrapping_key_id()?;
                local.push(keys);
            }
        }
    }
    Ok(Arc::new(Openers { kms: KmsOpener::new(aws, &kms).await?, local }))
}

/// The signer of the log `origin`. With KMS it asks for the public key.
///
/// # Errors
/// As [`open_source`] and [`KmsSigner::connect`].
pub async fn open_signer(
    aws: &Aws,
    key: &KeyRef,
    origin: &Origin,
) -> Result<Arc<dyn Signer>, KeyError> {
    if let KeyRef::Kms(arn) = key {
        return Ok(Arc::new(KmsSigner::connect(aws, arn.clone(), origin).await?));
    }
    Ok(Arc::new(held(aws, key, origin).await?.signer()?))
}

/// The log secret of the log `origin`; `None` if the file or secret holds none.
///
/// # Errors
/// As [`open_source`].
pub async fn open_log_secret(
    aws: &Aws,
    key: &KeyRef,
    origin: &Origin,
) -> Result<Option<LogSecret>, KeyError> {
    Ok(held(aws, key, origin).await?.log_secret().ok().cloned())
}

/// The log secret of the log `origin` and the one before it, as far as the file or secret holds them: people
/// have a pseudonym under each.
///
/// # Errors
/// As [`open_source`].
pub async fn open_log_secrets(
    aws: &Aws,
    key: &KeyRef,
    origin: &Origin,
) -> Result<Vec<LogSecret>, KeyError> {
    let keys = held(aws, key, origin).await?;
    Ok(keys.log_secret().ok().into_iter().chain(keys.previous_log_secret()).cloned().collect())
}

/// The id under which headers and policies name the wrapping key: an alias is resolved, a file is read.
///
/// # Errors
/// As [`open_opener`].
pub async fn wrapping_key_id(aws: &Aws, key: &KeyRef, origin: &Origin) -> Result<String, KeyError> {
    match key {
        KeyRef::Kms(arn) if !arn.is_alias() => Ok(arn.to_string()),
        KeyRef::Kms(arn) => {
            let opener = KmsOpener::new(aws, std::slice::from_ref(arn)).await?;
            Ok(opener.key_ids().map(str::to_owned).collect())
        }
        other => Ok(held(aws, other, origin).await?.wrapping_key_id()?.to_owned()),
    }
}

/// The keys of a file or a secret, which must be this log's.
async fn held(aws: &Aws, key: &KeyRef, origin: &Origin) -> Result<LocalKeys, KeyError> {
    let keys = match key {
        KeyRef::File(path) => LocalKeys::load(path)?,
        KeyRef::Secret(arn) | KeyRef::Kms(arn) => {
            SecretKeys::load(aws, arn.clone(), Stage::Current).await?.into_keys()
        }
    };
    if keys.origin() != origin.as_str() {
        let (expected, found) = (origin.to_string(), keys.origin().to_owned());
        return Err(KeyError::OtherLog { place: key.to_string(), expected, found });
    }
    Ok(keys)
}

/// Several openers as one: each knows the ids it holds.
#[derive(Debug)]
struct Openers {
    kms: KmsOpener,
    local: Vec<LocalKeys>,
}

#[async_trait]
impl DataKeyOpener for Openers {
    async fn open(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &KeyContext,
    ) -> Result<DataKey, KeyError> {
        for keys in &self.local {
            let own = match context.kind {
                KeyKind::Entries => keys.wrapping_key_id(),
                KeyKind::Content => keys.content_key_id(),
            };
            if own.is_ok_and(|id| id == key_id) {
                return keys.open(key_id, wrapped, context).await;
            }
        }
        self.kms.open(key_id, wrapped, context).await
    }
}
