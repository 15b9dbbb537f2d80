//! Keys in a local file.

mod file;
#[cfg(test)]
mod tests;
mod wrapping;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use dayseal_format::batch::DataKey;
use dayseal_format::{Origin, VerifierKey};
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{DataKeyOpener, DataKeySource, GeneratedKey, KeyContext, KeyError, KeyKind, Signer};
use file::{KIND, KeyFile, MAX_FILE};
use wrapping::WrappingKey;

/// `N` random bytes from the kernel; no generator in user space that a fork or a resumed snapshot
/// could repeat.
///
/// # Errors
/// [`KeyError::Random`].
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(KeyError::Random)?;
    Ok(out)
}

/// The keys of one log from a key file, wiped when dropped.
///
/// A role gets a file with only the keys it needs: the others are optional in the file.
pub struct LocalKeys {
    signing: Option<LocalSigner>,
    log_secret: Option<LogSecret>,
    previous_log_secret: Option<LogSecret>,
    wrapping: Option<WrappingKey>,
    content_wrapping: Option<WrappingKey>,
    file: KeyFile,
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeys({})", self.file.origin)
    }
}

impl LocalKeys {
    /// Fresh keys for the log `origin`.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate(origin: &Origin) -> Result<Self, KeyError> {
        let secret = || random::<32>().map(|bytes| Some(hex::encode(bytes)));
        let file = KeyFile {
            v: 1,
            kind: KIND.to_owned(),
            origin: origin.to_string(),
            signing_seed: secret()?,
            wrapping_key: secret()?,
            content_wrapping_key: secret()?,
            log_secret: secret()?,
            previous_log_secret: None,
        };
        Self::from_file(file)
            .map_err(|reason| KeyError::Malformed { place: "(new keys)".into(), reason })
    }

    /// The same without a signing key, when that is kept elsewhere.
    #[must_use]
    pub fn without_signing_key(mut self) -> Self {
        self.signing = None;
        self.file.signing_seed.zeroize();
        self
    }

    /// The same without wrapping keys, when those are kept elsewhere.
    #[must_use]
    pub fn without_wrapping_key(mut self) -> Self {
        self.wrapping = None;
        self.file.wrapping_key.zeroize();
        self.without_content_key()
    }

    /// The same without the key that wraps content keys: for who may read entries and not content.
    #[must_use]
    pub fn without_content_key(mut self) -> Self {
        self.content_wrapping = None;
        self.file.content_wrapping_key.zeroize();
        self
    }

    /// The same without a log secret.
    #[must_use]
    pub fn without_log_secret(mut self) -> Self {
        (self.log_secret, self.previous_log_secret) = (None, None);
        self.file.log_secret.zeroize();
        self.file.previous_log_secret.zeroize();
        self
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError::File`], [`KeyError::Malformed`], and [`KeyError::Exposed`] when group or others
    /// may read it.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let bytes = file::read(path)?;
        Self::parse(&bytes, &path.display().to_string())
    }

    /// Reads the bytes of a key file that lies in `place`, which errors name.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn parse(bytes: &[u8], place: &str) -> Result<Self, KeyError> {
        let malformed = |reason: String| KeyError::Malformed { place: place.to_owned(), reason };
        if bytes.len() as u64 > MAX_FILE {
            return Err(malformed(format!("longer than {MAX_FILE} bytes")));
        }
        // serde's message could quote a value; say only where.
        let file = serde_json::from_slice(bytes)
            .map_err(|e| malformed(format!("line {} column {}", e.line(), e.column())));
        Self::from_file(file?).map_err(malformed)
    }

    /// Writes the keys to a new file that only its owner may read.
    ///
    /// # Errors
    /// [`KeyError::File`]; an existing file is never overwritten.
    pub fn save_new(&self, path: &Path) -> Result<(), KeyError> {
        file::write_new(path, &self.to_json())
    }

    /// Replaces a key file in one step: a reader sees the old keys or the new, never half.
    ///
    /// # Errors
    /// [`KeyError::File`]; the old file then stands.
    pub fn replace(&self, path: &Path) -> Result<(), KeyError> {
        file::replace(path, &self.to_json())
    }

    fn from_file(file: KeyFile) -> Result<Self, String> {
        if file.v != 1 || file.kind != KIND {
            return Err(format!("expected kind {KIND} version 1"));
        }
        let bytes = |what: &str, value: &Option<String>| -> Result<Option<[u8; 32]>, String> {
            let Some(value) = value else { return Ok(None) };
            let mut out = [0; 32];
            hex::decode_to_slice(value, &mut out)
                .map_err(|_| format!("{what}: expected 64 hexadecimal digits"))?;
            Ok(Some(out))
        };
        let signing = match bytes("signing_seed", &file.signing_seed)? {
            None => None,
            Some(mut seed) => {
                let key = SigningKey::from_bytes(&seed);
                seed.zeroize();
                let verifier = VerifierKey::new(&file.origin, key.verifying_key().as_bytes())
                    .map_err(|e| e.to_string())?;
                Some(LocalSigner { key: Arc::new(key), verifier })
            }
        };
        let wrapping = bytes("wrapping_key", &file.wrapping_key)?.map(WrappingKey::new);
        let content_wrapping =
            bytes("content_wrapping_key", &file.content_wrapping_key)?.map(WrappingKey::new);
        let secret = |name, value| -> Result<_, String> {
            Ok(bytes(name, value)?.map(|b| LogSecret(Zeroizing::new(b))))
        };
        let log_secret = secret("log_secret", &file.log_secret)?;
        let previous_log_secret = secret("previous_log_secret", &file.previous_log_secret)?;
        Ok(Self { signing, wrapping, content_wrapping, log_secret, previous_log_secret, file })
    }

    /// The log these keys belong to.
    pub fn origin(&self) -> &str {
        &self.file.origin
    }

    /// What signs with the file's signing key, and knows its verifier key.
    ///
    /// # Errors
    /// [`KeyError::Absent`] if the file has no signing key.
    pub fn signer(&self) -> Result<LocalSigner, KeyError> {
        self.signing.clone().ok_or(KeyError::Absent { what: "signing key" })
    }

    /// The same without the log secret before the last rotation: what was made under it is nobody's
    /// from then on, as far as this file goes.
    #[must_use]
    pub fn without_previous_log_secret(mut self) -> Self {
        self.previous_log_secret = None;
        self.file.previous_log_secret.zeroize();
        self
    }

    /// The log secret.
    ///
    /// # Errors
    /// [`KeyError::Absent`] if the file has none.
    pub fn log_secret(&self) -> Result<&LogSecret, KeyError> {
        self.log_secret.as_ref().ok_or(KeyError::Absent { what: "log secret" })
    }

    /// The log secret before the last rotation of a key file, if there was one.
    pub fn previous_log_secret(&self) -> Option<&LogSecret> {
        self.previous_log_secret.as_ref()
    }

    /// The same keys with a new log secret, the present one remembered as the previous if `keep`.
    ///
    /// # Errors
    /// [`KeyError::Random`]; [`KeyError::Absent`] if there is no log secret to replace.
    pub fn with_new_log_secret(mut self, keep: bool) -> Result<Self, KeyError> {
        self.log_secret()?;
        let fresh = Zeroizing::new(random::<32>()?);
        self.file.previous_log_secret.zeroize();
        let old = self.file.log_secret.replace(hex::encode(*fresh)).map(Zeroizing::new);
        let previous = self.log_secret.replace(LogSecret(fresh));
        if keep {
            self.file.previous_log_secret = old.map(|text| (*text).clone());
            self.previous_log_secret = previous;
        } else {
            self.previous_log_secret = None;
        }
        Ok(self)
    }

    /// The text of the key file. Secret: wiped when dropped.
    pub fn to_json(&self) -> Zeroizing<String> {
        Zeroizing::new(serde_json::to_string_pretty(&self.file).expect("a key file is plain JSON"))
    }

    /// Id of the wrapping key, for the policy.
    ///
    /// # Errors
    /// [`KeyError::Absent`] if the file has no wrapping key.
    pub fn wrapping_key_id(&self) -> Result<&str, KeyError> {
        Ok(&self.wrapping(KeyKind::Entries)?.id)
    }

    /// Id of the key that wraps content keys, for the policy.
    ///
    /// # Errors
    /// [`KeyError::Absent`] if the file has none.
    pub fn content_key_id(&self) -> Result<&str, KeyError> {
        Ok(&self.wrapping(KeyKind::Content)?.id)
    }

    /// The same with a key that wraps content keys, made now if there is none: files of logs made
    /// before content have none.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn with_content_key(mut self) -> Result<Self, KeyError> {
        if self.content_wrapping.is_none() {
            let fresh = Zeroizing::new(random::<32>()?);
            self.file.content_wrapping_key = Some(hex::encode(*fresh));
            self.content_wrapping = Some(WrappingKey::new(*fresh));
        }
        Ok(self)
    }

    fn wrapping(&self, kind: KeyKind) -> Result<&WrappingKey, KeyError> {
        let (key, what) = match kind {
            KeyKind::Entries => (&self.wrapping, "wrapping key"),
            KeyKind::Content => (&self.content_wrapping, "content wrapping key"),
        };
        key.as_ref().ok_or(KeyError::Absent { what })
    }
}

/// Signs with the signing key of a key file. The key is wiped with the last clone.
#[derive(Clone)]
pub struct LocalSigner {
    key: Arc<SigningKey>,
    verifier: VerifierKey,
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalSigner({})", self.verifier)
    }
}

#[async_trait]
impl Signer for LocalSigner {
    fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], KeyError> {
        Ok(self.key.sign(text).to_bytes())
    }
}

/// The root of a log's pseudonyms, content digests and hints: 32 bytes, never printed, wiped when dropped.
#[derive(Clone)]
pub struct LogSecret(Zeroizing<[u8; 32]>);

impl LogSecret {
    /// The bytes, for derivation only.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for LogSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSecret(..)")
    }
}

#[async_trait]
impl DataKeySource for LocalKeys {
    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KeyError> {
        let wrapping = self.wrapping(context.kind)?;
        let key = DataKey::new(random()?);
        let wrapped = wrapping.wrap(&key, &random()?, context);
        Ok(GeneratedKey { key, wrapped, key_id: wrapping.id.clone() })
    }
}

#[async_trait]
impl DataKeyOpener for LocalKeys {
    async fn open(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &KeyContext,
    ) -> Result<DataKey, KeyError> {
        let wrapping = self.wrapping(context.kind)?;
        if wrapping.id != key_id {
            return Err(KeyError::UnknownKey { key_id: key_id.to_owned() });
        }
        wrapping
            .unwrap(wrapped, context)
            .ok_or_else(|| KeyError::Unwrap { key_id: key_id.to_owned() })
    }
}
