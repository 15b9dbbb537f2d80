//! Keys in a local file.

use std::fmt;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use async_trait::async_trait;
use dayseal_format::batch::DataKey;
use dayseal_format::{Origin, VerifierKey};
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{DataKeyOpener, DataKeySource, GeneratedKey, KeyContext, KeyError, Signer};

/// `kind` of every key file, so that no other JSON is taken for one.
const KIND: &str = "dayseal-keys";
/// Longest key file read, in bytes.
const MAX_FILE: u64 = 16 * 1024;

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
    file: KeyFile,
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeys({})", self.file.origin)
    }
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    v: u8,
    kind: String,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing_seed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrapping_key: Option<String>,
    /// Root of pseudonyms, content digests and hints; unused by this version, made at `init` so that
    /// a log has one from its first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_secret: Option<String>,
    /// The one before a rotation. In Secrets Manager the version before has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_log_secret: Option<String>,
}

#[derive(Zeroize, ZeroizeOnDrop)]
struct WrappingKey {
    key: [u8; 32],
    id: String,
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

    /// The same without a wrapping key, when that is kept elsewhere.
    #[must_use]
    pub fn without_wrapping_key(mut self) -> Self {
        self.wrapping = None;
        self.file.wrapping_key.zeroize();
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
        let io = |source| KeyError::File { action: "read", path: path.to_owned(), source };
        let meta = fs::metadata(path).map_err(io)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = meta.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyError::Exposed { path: path.to_owned(), mode });
            }
        }
        let mut bytes = Zeroizing::new(Vec::new());
        fs::File::open(path)
            .and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes))
            .map_err(io)?;
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
        self.write_new(path).map_err(|source| KeyError::File {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// Replaces a key file in one step: a reader sees the old keys or the new, never half.
    ///
    /// # Errors
    /// [`KeyError::File`]; the old file then stands.
    pub fn replace(&self, path: &Path) -> Result<(), KeyError> {
        let file_error =
            |source| KeyError::File { action: "replace", path: path.to_owned(), source };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        self.write_new(&temporary).map_err(file_error)?;
        fs::rename(&temporary, path).map_err(|source| {
            let _ = fs::remove_file(&temporary);
            file_error(source)
        })
    }

    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        let written = file
            .write_all(self.to_json().as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all());
        if written.is_err() {
            // Half a key file must not look like a whole one.
            let _ = fs::remove_file(path);
        }
        written
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
        let secret = |name, value| -> Result<_, String> {
            Ok(bytes(name, value)?.map(|b| LogSecret(Zeroizing::new(b))))
        };
        let log_secret = secret("log_secret", &file.log_secret)?;
        let previous_log_secret = secret("previous_log_secret", &file.previous_log_secret)?;
        Ok(Self { signing, wrapping, log_secret, previous_log_secret, file })
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
        Ok(&self.wrapping()?.id)
    }

    fn wrapping(&self) -> Result<&WrappingKey, KeyError> {
        self.wrapping.as_ref().ok_or(KeyError::Absent { what: "wrapping key" })
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
        let wrapping = self.wrapping()?;
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
        let wrapping = self.wrapping()?;
        if wrapping.id != key_id {
            return Err(KeyError::UnknownKey { key_id: key_id.to_owned() });
        }
        wrapping
            .unwrap(wrapped, context)
            .ok_or_else(|| KeyError::Unwrap { key_id: key_id.to_owned() })
    }
}

/// Bytes of a wrapped key: salt, data key, tag.
const WRAPPED_LEN: usize = 32 + 32 + 16;

impl WrappingKey {
    fn new(key: [u8; 32]) -> Self {
        let mut id = [0; 16];
        Hkdf::<Sha256>::new(None, &key)
            .expand(b"dayseal/v1/key-id", &mut id)
            .expect("16 bytes is within HKDF's bound");
        Self { key, id: format!("local:{}", hex::encode(id)) }
    }

    /// A cipher for one wrap: its own key by a 32-byte random salt, so that the nonce can be zero
    /// and the number of wraps has no bound. The context is in the key, so a wrapped key moved to
    /// another stream, day or log does not open.
    fn cipher(&self, salt: &[u8; 32], context: &KeyContext) -> Aes256Gcm {
        let mut info = Vec::with_capacity(256);
        let mut field = |bytes: &[u8]| {
            // Names are at most 256 bytes.
            info.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
            info.extend_from_slice(bytes);
        };
        field(b"dayseal/v1/wrap");
        field(context.origin.as_str().as_bytes());
        field(&context.stream.0);
        field(context.day.to_string().as_bytes());
        field(self.id.as_bytes());
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(salt), &self.key)
            .expand(&info, &mut key)
            .expect("32 bytes is within HKDF's bound");
        let cipher = Aes256Gcm::new(&key.into());
        key.zeroize();
        cipher
    }

    fn wrap(&self, key: &DataKey, salt: &[u8; 32], context: &KeyContext) -> Vec<u8> {
        let mut out = Vec::with_capacity(WRAPPED_LEN);
        out.extend_from_slice(salt);
        out.extend_from_slice(key.expose());
        let tag = self
            .cipher(salt, context)
            .encrypt_inout_detached(&[0; 12].into(), &[], (&mut out[32..]).into())
            .expect("AES-GCM takes 32 bytes");
        out.extend_from_slice(&tag);
        out
    }

    fn unwrap(&self, wrapped: &[u8], context: &KeyContext) -> Option<DataKey> {
        let wrapped: &[u8; WRAPPED_LEN] = wrapped.try_into().ok()?;
        let salt: [u8; 32] = wrapped[..32].try_into().ok()?;
        let mut key: [u8; 32] = wrapped[32..64].try_into().ok()?;
        let tag: [u8; 16] = wrapped[64..].try_into().ok()?;
        let opened = self.cipher(&salt, context).decrypt_inout_detached(
            &[0; 12].into(),
            &[],
            key.as_mut_slice().into(),
            &tag.into(),
        );
        let out = opened.is_ok().then(|| DataKey::new(key));
        key.zeroize();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dayseal_format::StreamId;

    fn context(stream: u8) -> KeyContext {
        KeyContext {
            origin: "a.example/x".parse().unwrap(),
            stream: StreamId([stream; 16]),
            day: "2026-11-20".parse().unwrap(),
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("local keys never wait"),
        }
    }

    #[test]
    fn a_wrapped_key_opens_for_its_own_stream_only() {
        let keys = LocalKeys::generate(&context(1).origin).unwrap();
        let made = now(keys.generate(&context(1))).unwrap();
        assert_eq!(made.wrapped.len(), WRAPPED_LEN);
        let opened = now(keys.open(&made.key_id, &made.wrapped, &context(1))).unwrap();
        assert_eq!(opened.expose(), made.key.expose());
        let moved = now(keys.open(&made.key_id, &made.wrapped, &context(2)));
        assert!(matches!(moved, Err(KeyError::Unwrap { .. })));
        let foreign = now(keys.open("local:00", &made.wrapped, &context(1)));
        assert!(matches!(foreign, Err(KeyError::UnknownKey { .. })));
        for at in 0..made.wrapped.len() {
            let mut bad = made.wrapped.clone();
            bad[at] ^= 1;
            assert!(now(keys.open(&made.key_id, &bad, &context(1))).is_err(), "byte {at}");
        }
    }

    #[test]
    fn files_round_trip_and_are_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        let keys = LocalKeys::generate(&context(1).origin).unwrap();
        keys.save_new(&path).unwrap();
        assert!(matches!(keys.save_new(&path), Err(KeyError::File { .. })));
        let again = LocalKeys::load(&path).unwrap();
        assert_eq!(again.wrapping_key_id().unwrap(), keys.wrapping_key_id().unwrap());
        let (a, b) = (again.signer().unwrap(), keys.signer().unwrap());
        assert_eq!(a.verifier_key(), b.verifier_key());
        assert_eq!(now(a.sign(b"x")).unwrap(), now(b.sign(b"x")).unwrap());
    }

    #[test]
    fn a_new_log_secret_leaves_the_old_one_to_be_recognised() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        let keys = LocalKeys::generate(&context(1).origin).unwrap();
        keys.save_new(&path).unwrap();
        let first = *keys.log_secret().unwrap().expose();
        LocalKeys::load(&path).unwrap().with_new_log_secret(true).unwrap().replace(&path).unwrap();
        let rotated = LocalKeys::load(&path).unwrap();
        assert_ne!(*rotated.log_secret().unwrap().expose(), first);
        assert_eq!(rotated.previous_log_secret().unwrap().expose(), &first);
        assert_eq!(rotated.wrapping_key_id().unwrap(), keys.wrapping_key_id().unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let alone = rotated.with_new_log_secret(false).unwrap();
        assert!(alone.previous_log_secret().is_none());
        assert!(!alone.to_json().contains("previous"));
    }

    #[test]
    #[cfg(unix)]
    fn exposed_and_broken_files_are_refused_without_their_contents() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        LocalKeys::generate(&context(1).origin).unwrap().save_new(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(LocalKeys::load(&path), Err(KeyError::Exposed { .. })));
        for (name, bad) in [
            ("cut", text[..text.len() / 2].to_owned()),
            ("kind", text.replace(KIND, "other")),
            ("short", text.replacen("\"signing_seed\": \"", "\"signing_seed\": \"zz", 1)),
            ("unknown", text.replacen("\"v\"", "\"w\": 1, \"v\"", 1)),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, bad).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let Err(error) = LocalKeys::load(&path) else { panic!("{name} was accepted") };
            assert!(!error.to_string().contains(&text[80..110]), "{error}");
        }
    }

    #[test]
    fn a_file_of_one_role_lacks_the_others() {
        let keys = LocalKeys::generate(&context(1).origin).unwrap();
        let text = serde_json::to_string(&keys.file).unwrap();
        let copy = || LocalKeys::parse(text.as_bytes(), "a copy").unwrap();
        let written = |keys: LocalKeys| {
            LocalKeys::parse(&serde_json::to_vec(&keys.file).unwrap(), "a part").unwrap()
        };
        let producer = written(copy().without_signing_key());
        assert!(matches!(producer.signer(), Err(KeyError::Absent { .. })));
        assert!(now(producer.generate(&context(1))).is_ok());
        let sealer = written(copy().without_wrapping_key());
        assert!(matches!(now(sealer.generate(&context(1))), Err(KeyError::Absent { .. })));
        assert!(sealer.signer().is_ok());
    }
}
