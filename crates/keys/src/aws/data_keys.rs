//! Data keys by KMS: GenerateDataKey for producers, Decrypt for auditors.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, EncryptionAlgorithmSpec};
use dayseal_format::batch::DataKey;
use zeroize::Zeroizing;

use super::Aws;
use super::failure::{DECRYPT, DESCRIBE, GENERATE, failure, text, unusable};
use crate::{Arn, DataKeyOpener, DataKeySource, GeneratedKey, KeyContext, KeyError, KeyKind};

/// Longest wrapped key that a batch's header takes, in bytes (`docs/spec/batch.md`, "Limits").
const MAX_WRAPPED: usize = 6_144;

/// What a data key is bound to (`docs/spec/batch.md`, "AWS KMS"). CloudTrail shows it in the clear.
fn encryption_context(context: &KeyContext) -> HashMap<String, String> {
    let mut pairs = HashMap::from([
        ("dayseal-origin".to_owned(), context.origin.to_string()),
        ("dayseal-stream".to_owned(), context.stream.to_string()),
        ("dayseal-day".to_owned(), context.day.to_string()),
    ]);
    // A pair more, so that a policy can allow the one kind and not the other.
    if context.kind == KeyKind::Content {
        pairs.insert("dayseal-kind".to_owned(), "content".to_owned());
    }
    pairs
}

/// Takes the 32 bytes out of an answer and wipes them there.
fn data_key(key: &str, action: &'static str, plaintext: Option<Blob>) -> Result<DataKey, KeyError> {
    let bytes = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    match <&[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ok(DataKey::new(*bytes)),
        Err(_) => {
            let found = bytes.len();
            Err(unusable(key, action, format!("a data key of {found} bytes, expected 32")))
        }
    }
}

/// Makes data keys with a symmetric KMS key. Cannot open them.
///
/// The key may be named by an alias: the first answer says which key that is, and an answer by another is refused,
/// since the auditor's policy names keys and not aliases.
pub struct KmsDataKeys {
    aws: Aws,
    client: Client,
    key: Arn,
    resolved: OnceLock<String>,
}

impl fmt::Debug for KmsDataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KmsDataKeys({})", self.key)
    }
}

impl KmsDataKeys {
    /// A source of data keys wrapped by `key`. Sends no request.
    pub async fn new(aws: &Aws, key: Arn) -> Self {
        let client = aws.kms(&key).await;
        Self { aws: aws.clone(), client, key, resolved: OnceLock::new() }
    }

    /// Holds that `answered` is the key meant.
    fn check(&self, answered: Option<String>) -> Result<String, KeyError> {
        let key = self.key.as_str();
        let answered = answered.unwrap_or_default();
        let same_place = answered.parse::<Arn>().is_ok_and(|a| {
            (a.service(), a.region(), a.account(), a.is_alias())
                == ("kms", self.key.region(), self.key.account(), false)
        });
        if !same_place || (!self.key.is_alias() && answered != key) {
            let detail = format!("it is by the key `{}`", text(&answered));
            return Err(unusable(key, GENERATE, detail));
        }
        let first = self.resolved.get_or_init(|| answered.clone());
        if *first != answered {
            let (key, expected) = (key.to_owned(), first.clone());
            return Err(KeyError::Moved { key, expected, found: answered });
        }
        Ok(answered)
    }
}

#[async_trait]
impl DataKeySource for KmsDataKeys {
    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KeyError> {
        let key = self.key.as_str();
        let request = self
            .client
            .generate_data_key()
            .key_id(key)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(encryption_context(context)));
        let answer = request.send().await;
        let made = answer.map_err(|e| failure(key, GENERATE, &e)).and_then(|answer| {
            let data_key = data_key(key, GENERATE, answer.plaintext)?;
            let key_id = self.check(answer.key_id)?;
            let wrapped = answer.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
            if !(1..=MAX_WRAPPED).contains(&wrapped.len()) {
                let found = wrapped.len();
                let detail = format!("a wrapped key of {found} bytes, expected 1 to {MAX_WRAPPED}");
                return Err(unusable(key, GENERATE, detail));
            }
            Ok(GeneratedKey { key: data_key, wrapped, key_id })
        });
        self.aws.counted(made)
    }
}

/// Opens data keys with the KMS keys it was given, and with no other.
pub struct KmsOpener {
    aws: Aws,
    keys: BTreeMap<String, Client>,
}

impl fmt::Debug for KmsOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KmsOpener").field(&self.keys.keys()).finish()
    }
}

impl KmsOpener {
    /// An opener for the data keys wrapped by `keys`, in whatever regions they are. Asks KMS only to resolve aliases.
    ///
    /// # Errors
    /// [`KeyError::Service`] when an alias cannot be resolved.
    pub async fn new(aws: &Aws, keys: &[Arn]) -> Result<Self, KeyError> {
        let mut regions: BTreeMap<&str, Client> = BTreeMap::new();
        let mut held = BTreeMap::new();
        for key in keys {
            if !regions.contains_key(key.region()) {
                regions.insert(key.region(), aws.kms(key).await);
            }
            let client = regions[key.region()].clone();
            let id = if key.is_alias() {
                aws.counted(resolve(&client, key).await)?
            } else {
                key.to_string()
            };
            held.insert(id, client);
        }
        Ok(Self { aws: aws.clone(), keys: held })
    }

    /// The keys it opens with, as headers name them.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

/// The key that an alias stands for now.
async fn resolve(client: &Client, alias: &Arn) -> Result<String, KeyError> {
    let answer = client.describe_key().key_id(alias.as_str()).send().await;
    let answer = answer.map_err(|e| failure(alias.as_str(), DESCRIBE, &e))?;
    let arn = answer.key_metadata.and_then(|m| m.arn).unwrap_or_default();
    if arn.parse::<Arn>().is_ok_and(|a| a.service() == "kms" && !a.is_alias()) {
        return Ok(arn);
    }
    Err(unusable(alias.as_str(), DESCRIBE, format!("`{}` is no key ARN", text(&arn))))
}

#[async_trait]
impl DataKeyOpener for KmsOpener {
    async fn open(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &KeyContext,
    ) -> Result<DataKey, KeyError> {
        let Some(client) = self.keys.get(key_id) else {
            return Err(KeyError::UnknownKey { key_id: key_id.to_owned() });
        };
        // Always with the key named: Decrypt without it takes the key from the wrapped bytes, which the writer of
        // the header chose.
        let request = client
            .decrypt()
            .key_id(key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_algorithm(EncryptionAlgorithmSpec::SymmetricDefault)
            .set_encryption_context(Some(encryption_context(context)));
        let opened = match request.send().await {
            Ok(answer) if answer.key_id.as_deref() == Some(key_id) => {
                data_key(key_id, DECRYPT, answer.plaintext)
            }
            Ok(answer) => {
                let by = text(answer.key_id.as_deref().unwrap_or_default());
                Err(unusable(key_id, DECRYPT, format!("it is by the key `{by}`")))
            }
            Err(error) => Err(match error.as_service_error() {
                Some(
                    DecryptError::InvalidCiphertextException(_)
                    | DecryptError::IncorrectKeyException(_),
                ) => KeyError::Unwrap { key_id: key_id.to_owned() },
                _ => failure(key_id, DECRYPT, &error),
            }),
        };
        self.aws.counted(opened)
    }
}
