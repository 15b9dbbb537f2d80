//! Which keys a run uses: `--keys` over the configuration, and for reading those that the policy names.

use std::sync::Arc;

use anyhow::Context as _;
use dayseal_chain::content::ContentReader;
use dayseal_chain::read::BatchReader;
use dayseal_format::Origin;
use dayseal_format::hints::HintKeys;
use dayseal_keys::aws::{
    open_log_secret, open_log_secrets, open_opener, open_signer, open_source, wrapping_key_id,
};
use dayseal_keys::{DataKeyOpener, DataKeySource, KeyRef, LocalKeys, LogSecret, Signer};
use dayseal_store::Store;

use crate::config::{Config, File};
use crate::exit::UsageError;
use crate::output::tell;

/// What opens the entries of one log.
#[derive(Debug)]
pub(crate) struct Opener {
    pub(crate) keys: Arc<dyn DataKeyOpener>,
    pub(crate) origin: Origin,
    /// Ids of the wrapping keys that may open batches: the policy's; without one, our own.
    allowed: Vec<String>,
}

impl Opener {
    /// Reads contents of this log.
    pub(crate) fn contents<'a>(&'a self, content: &'a dyn Store) -> ContentReader<'a> {
        ContentReader::new(content, &*self.keys, self.origin.clone(), self.allowed.clone())
    }

    /// Reads batches of this log.
    pub(crate) fn reader<'a>(&'a self, evidence: &'a dyn Store) -> BatchReader<'a> {
        BatchReader::new(evidence, &*self.keys, self.origin.clone(), self.allowed.clone())
    }
}

impl Config<'_> {
    /// Makes data keys.
    pub(crate) async fn source(&self, origin: &Origin) -> anyhow::Result<Arc<dyn DataKeySource>> {
        let key = self.wrapping_key().ok_or_else(|| missing("wrapping_key"))?;
        Ok(open_source(&self.aws, &key, origin).await?)
    }

    /// What pseudonyms and digests are made under, if the log has one here.
    pub(crate) async fn open_log_secret(
        &self,
        origin: &Origin,
    ) -> anyhow::Result<Option<LogSecret>> {
        let Some(key) = self.log_secret() else { return Ok(None) };
        Ok(open_log_secret(&self.aws, &key, origin).await?)
    }

    /// The log secret and the one before it, as far as they are here.
    /// The keys of hints under every log secret at hand; none if there is none. Then searches read more and a
    /// verification says what it did not compare.
    pub(crate) async fn hint_keys(&self, origin: &Origin) -> Vec<HintKeys> {
        match self.log_secrets(origin).await {
            Ok(secrets) => secrets.iter().map(|s| HintKeys::derive(s.expose(), origin)).collect(),
            Err(error) => {
                tracing::debug!("hints stay closed: {error:#}");
                Vec::new()
            }
        }
    }

    pub(crate) async fn log_secrets(&self, origin: &Origin) -> anyhow::Result<Vec<LogSecret>> {
        let Some(key) = self.log_secret() else { return Ok(Vec::new()) };
        Ok(open_log_secrets(&self.aws, &key, origin).await?)
    }

    /// Signs checkpoints.
    pub(crate) async fn signer(&self, origin: &Origin) -> anyhow::Result<Arc<dyn Signer>> {
        let key = self.signing_key().ok_or_else(|| missing("signing_key"))?;
        Ok(open_signer(&self.aws, &key, origin).await?)
    }

    pub(crate) fn signing_key(&self) -> Option<KeyRef> {
        self.key(|file| file.signing_key.as_ref())
    }

    /// Signs from the next day sealed on, if a change of key is under way.
    pub(crate) async fn next_signer(
        &self,
        origin: &Origin,
    ) -> anyhow::Result<Option<Arc<dyn Signer>>> {
        let Some((base, file)) = self.based_file() else { return Ok(None) };
        let Some(key) = file.next_signing_key.clone() else { return Ok(None) };
        Ok(Some(open_signer(&self.aws, &key.within(base), origin).await?))
    }

    /// Opens entries.
    pub(crate) async fn needed_opener(&self) -> anyhow::Result<Opener> {
        let keys = self.reading_keys()?;
        Ok(self.open_with(keys).await?.ok_or_else(|| missing("wrapping_key"))?)
    }

    /// The same for who can do without: what has no wrapping key, or needs AWS credentials where there are none,
    /// is left out.
    pub(crate) async fn opener(&self) -> anyhow::Result<Option<Opener>> {
        let mut keys = Vec::new();
        let mut credentials = None;
        for key in self.reading_keys()? {
            let usable = match &key {
                KeyRef::File(path) => LocalKeys::load(path)?.wrapping_key_id().is_ok(),
                KeyRef::Kms(arn) | KeyRef::Secret(arn) => match credentials {
                    Some(known) => known,
                    None => {
                        let found = self.aws.has_credentials(arn.region()).await;
                        if !found {
                            tell(&format!("no AWS credentials: nothing is opened under {arn}"));
                        }
                        *credentials.insert(found)
                    }
                },
            };
            if usable {
                keys.push(key);
            }
        }
        self.open_with(keys).await
    }

    async fn open_with(&self, keys: Vec<KeyRef>) -> anyhow::Result<Option<Opener>> {
        if keys.is_empty() {
            return Ok(None);
        }
        let origin = match (self.origin()?, &keys[0]) {
            (Some(origin), _) => origin,
            // Neither policy nor configuration: the key file says whose it is.
            (None, KeyRef::File(path)) => LocalKeys::load(path)?.origin().parse()?,
            (None, _) => return Err(UsageError("which log? give --policy FILE".into()).into()),
        };
        let allowed = match self.policy()? {
            Some(policy) => policy.wrapping_keys,
            None => vec![wrapping_key_id(&self.aws, &keys[0], &origin).await?],
        };
        let opened = open_opener(&self.aws, &keys, &origin).await;
        let opened = opened.context("cannot use the keys that open entries")?;
        Ok(Some(Opener { keys: opened, origin, allowed }))
    }

    /// Our own wrapping key first, then the KMS keys that the policy names: those before a rotation among them.
    fn reading_keys(&self) -> anyhow::Result<Vec<KeyRef>> {
        let mut keys: Vec<_> = self.wrapping_key().into_iter().collect();
        keys.extend(self.older_keys()?);
        for id in self.policy()?.map(|p| p.wrapping_keys).unwrap_or_default() {
            if let Ok(key @ KeyRef::Kms(_)) = id.parse()
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// Files and secrets from before a change of wrapping key, the key file among them.
    fn older_keys(&self) -> anyhow::Result<Vec<KeyRef>> {
        let Some((base, file)) = self.based_file().filter(|_| self.args.keys.is_none()) else {
            return Ok(Vec::new());
        };
        let older = file.old_wrapping_keys.iter().cloned().map(|key| key.within(base));
        let mut keys: Vec<_> = older.collect();
        let key_file = file.keys.as_ref().map(|path| base.join(path)).filter(|p| p.exists());
        if let (Some(path), Some(_)) = (key_file, &file.wrapping_key)
            && LocalKeys::load(&path)?.wrapping_key_id().is_ok()
        {
            keys.push(KeyRef::File(path));
        }
        Ok(keys)
    }

    pub(crate) fn wrapping_key(&self) -> Option<KeyRef> {
        self.key(|file| file.wrapping_key.as_ref())
    }

    pub(crate) fn log_secret(&self) -> Option<KeyRef> {
        self.key(|file| file.log_secret.as_ref())
    }

    /// `--keys`, or what the configuration names for this purpose, or its key file.
    fn key(&self, own: impl Fn(&File) -> Option<&KeyRef>) -> Option<KeyRef> {
        if let Some(path) = &self.args.keys {
            return Some(KeyRef::File(path.clone()));
        }
        let (base, file) = self.based_file()?;
        if let Some(key) = own(file) {
            return Some(key.clone().within(base));
        }
        // An auditor may have the configuration and not the keys; a file given by flag must be there.
        file.keys.as_ref().map(|path| base.join(path)).filter(|p| p.exists()).map(KeyRef::File)
    }
}

fn missing(field: &str) -> UsageError {
    UsageError(format!("no keys: give --keys FILE, or a configuration with `{field}` or `keys`"))
}
