//! Data keys and signing keys of a log.
//!
//! Three traits, one for each right: [`DataKeySource`] makes data keys (producers),
//! [`DataKeyOpener`] opens them (auditors), [`Signer`] signs checkpoints (the sealer). Each role
//! needs one of them and holds no more. [`LocalKeys`] is all three from a key file, for laptops,
//! tests and small set-ups. With the feature `aws`, the module `aws` fills the same traits from AWS KMS, whose
//! keys nobody can export, and from key files kept in AWS Secrets Manager. A [`KeyRef`] says which.
//!
//! # What it trusts
//! The key file's owner and the operating system's random generator. A local wrapping key both makes
//! and opens data keys: who can record with it can read. Keys are wiped when dropped, never printed,
//! and a file that group or others may read is refused. Which key may open a batch is the caller's
//! policy to say, never the batch's header. Wrapping: `docs/spec/batch.md`, "Local wrapping".

mod arn;
#[cfg(feature = "aws")]
pub mod aws;
mod context;
mod error;
mod local;
mod reference;

use async_trait::async_trait;
use dayseal_format::batch::DataKey;
use dayseal_format::content::ContentKey;
use dayseal_format::{Note, VerifierKey};

pub use arn::Arn;
pub use context::{KeyContext, KeyKind};
pub use error::{KeyError, ServiceFault};
pub use local::{LocalKeys, LocalSigner, LogSecret, random};
pub use reference::KeyRef;

/// A fresh data key, in the clear for its user and wrapped for the batch header.
#[derive(Debug)]
pub struct GeneratedKey {
    /// The key itself. Wiped when dropped.
    pub key: DataKey,
    /// What goes into the header.
    pub wrapped: Vec<u8>,
    /// Id of the wrapping key.
    pub key_id: String,
}

impl GeneratedKey {
    /// The key as a content key: of [`KeyKind::Content`].
    pub fn content_key(&self) -> ContentKey {
        ContentKey::new(*self.key.expose())
    }
}

/// Makes data keys; cannot open them. The right of a producer (KMS `GenerateDataKey`).
#[async_trait]
pub trait DataKeySource: Send + Sync + std::fmt::Debug {
    /// A fresh data key bound to `context`.
    ///
    /// # Errors
    /// [`KeyError`] when the key service refuses or cannot be reached.
    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KeyError>;
}

/// Opens data keys. The right of an auditor (KMS `Decrypt`).
#[async_trait]
pub trait DataKeyOpener: Send + Sync + std::fmt::Debug {
    /// Opens `wrapped` with the wrapping key `key_id`, which the caller takes from the policy and
    /// never from the header alone: a header must not choose the key that opens it.
    ///
    /// # Errors
    /// [`KeyError::UnknownKey`] if this opener does not hold `key_id`, [`KeyError::Unwrap`] if the
    /// wrapped key was not made by it for `context`.
    async fn open(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &KeyContext,
    ) -> Result<DataKey, KeyError>;
}

/// Signs checkpoints. The right of the sealer (KMS `Sign`, `ED25519_SHA_512`, RAW).
#[async_trait]
pub trait Signer: Send + Sync + std::fmt::Debug {
    /// The key that verifies what this signs.
    fn verifier_key(&self) -> &VerifierKey;

    /// An Ed25519 signature (RFC 8032) over `text`.
    ///
    /// # Errors
    /// [`KeyError`] when the key service refuses or cannot be reached.
    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], KeyError>;
}

/// The note of `text`, which ends in a newline, signed by each of `signers`. The caller verifies it
/// before anyone sees it: a key service may sign with another key than it showed.
///
/// # Errors
/// [`KeyError`] when a key service refuses or cannot be reached.
pub async fn sign_note(text: &str, signers: &[&dyn Signer]) -> Result<String, KeyError> {
    let mut note = format!("{text}\n");
    for signer in signers {
        let signature = signer.sign(text.as_bytes()).await?;
        Note::add_signature(&mut note, signer.verifier_key(), &signature);
    }
    Ok(note)
}
