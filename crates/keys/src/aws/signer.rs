//! Checkpoints signed by KMS.

use std::fmt;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, MessageType, SigningAlgorithmSpec};
use dayseal_format::{Origin, VerifierKey};
use ed25519_dalek::{Signature, VerifyingKey};

use super::Aws;
use super::failure::{PUBLIC_KEY, SIGN, failure, text, unusable};
use crate::{Arn, KeyError, Signer};

/// Longest text that KMS signs as it is (`MessageType` RAW), in bytes. A checkpoint is under 1 KiB.
pub const MAX_MESSAGE: usize = 4_096;

/// `SubjectPublicKeyInfo` of Ed25519 before the 32 key bytes (RFC 8410, section 4): one encoding in DER.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Signs with a KMS key `ECC_NIST_EDWARDS25519`, which nobody can export.
pub struct KmsSigner {
    aws: Aws,
    client: Client,
    /// The key as configured, for errors.
    key: Arn,
    /// The key that answered at the start: what is named from then on, so that an alias cannot be moved under us.
    key_id: String,
    verifier: VerifierKey,
    public: VerifyingKey,
}

impl fmt::Debug for KmsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KmsSigner({}, {})", self.key_id, self.verifier)
    }
}

impl KmsSigner {
    /// Asks once for the public key, and makes the verifier key of the log `origin` from it.
    ///
    /// # Errors
    /// [`KeyError::WrongKind`] for a key of another spec or usage, [`KeyError::Service`].
    pub async fn connect(aws: &Aws, key: Arn, origin: &Origin) -> Result<Self, KeyError> {
        let client = aws.kms(&key).await;
        let asked = public_key(&client, &key, origin).await;
        let (key_id, verifier, public) = aws.counted(asked)?;
        Ok(Self { aws: aws.clone(), client, key, key_id, verifier, public })
    }

    /// The key's ARN, an alias resolved.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

async fn public_key(
    client: &Client,
    key: &Arn,
    origin: &Origin,
) -> Result<(String, VerifierKey, VerifyingKey), KeyError> {
    let name = key.as_str();
    let answer = client.get_public_key().key_id(name).send().await;
    let answer = answer.map_err(|e| failure(name, PUBLIC_KEY, &e))?;
    let wrong = |expected, found: &str| {
        Err(KeyError::WrongKind { key: name.to_owned(), expected, found: text(found) })
    };
    match &answer.key_spec {
        Some(KeySpec::EccNistEdwards25519) => {}
        other => {
            let found = other.as_ref().map_or("none", KeySpec::as_str);
            return wrong("key spec ECC_NIST_EDWARDS25519", found);
        }
    }
    match &answer.key_usage {
        Some(KeyUsageType::SignVerify) => {}
        other => {
            let found = other.as_ref().map_or("none", KeyUsageType::as_str);
            return wrong("key usage SIGN_VERIFY", found);
        }
    }
    if !answer.signing_algorithms().contains(&SigningAlgorithmSpec::Ed25519Sha512) {
        let found: Vec<_> = answer.signing_algorithms().iter().map(|a| a.as_str()).collect();
        return wrong("signing algorithm ED25519_SHA_512", &found.join(", "));
    }
    let key_id = answer.key_id.unwrap_or_default();
    let is_key = key_id.parse::<Arn>().is_ok_and(|a| a.service() == "kms" && !a.is_alias());
    if !is_key || (!key.is_alias() && key_id != name) {
        let detail = format!("it is of the key `{}`", text(&key_id));
        return Err(unusable(name, PUBLIC_KEY, detail));
    }
    let der = answer.public_key.map(Blob::into_inner).unwrap_or_default();
    let bytes = der.strip_prefix(&SPKI).and_then(|k| <&[u8; 32]>::try_from(k).ok());
    let Some(bytes) = bytes else {
        let found = der.len();
        let detail =
            format!("expected the 44 bytes of an RFC 8410 Ed25519 key, found {found} others");
        return Err(unusable(name, PUBLIC_KEY, detail));
    };
    let public = VerifyingKey::from_bytes(bytes).ok().filter(|k| !k.is_weak());
    let verifier = VerifierKey::new(origin.as_str(), bytes).ok();
    let (Some(public), Some(verifier)) = (public, verifier) else {
        return Err(unusable(name, PUBLIC_KEY, "the bytes are not an Ed25519 key"));
    };
    Ok((key_id, verifier, public))
}

#[async_trait]
impl Signer for KmsSigner {
    fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], KeyError> {
        let key = self.key.as_str();
        if message.len() > MAX_MESSAGE {
            let (key, found) = (key.to_owned(), message.len());
            return Err(KeyError::TooLong { key, found, limit: MAX_MESSAGE });
        }
        // RAW and ED25519_SHA_512 are pure Ed25519 (RFC 8032), as notes want it; DIGEST would be Ed25519ph.
        let request = self
            .client
            .sign()
            .key_id(&self.key_id)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512);
        let answer = request.send().await;
        let signed = answer.map_err(|e| failure(key, SIGN, &e)).and_then(|answer| {
            let signature = answer.signature.map(Blob::into_inner).unwrap_or_default();
            let found = signature.len();
            let signature: [u8; 64] = signature.try_into().map_err(|_| {
                unusable(key, SIGN, format!("a signature of {found} bytes, expected 64"))
            })?;
            // What does not verify would be refused by every reader of the log, from then on.
            self.public.verify_strict(message, &Signature::from_bytes(&signature)).map_err(
                |_| {
                    unusable(key, SIGN, "the signature does not verify under the key's public half")
                },
            )?;
            Ok(signature)
        });
        self.aws.counted(signed)
    }
}
