//! What lives as long as the function's process: configuration, connections, keys.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use dayseal_keys::aws::{Aws, AwsOptions, open_signer};
use dayseal_keys::{KeyRef, Signer};
use dayseal_store::{OpenOptions, Store};
use tokio::sync::Mutex;

use crate::{Config, FunctionError};

/// Made once at cold start and lent to each invocation. What a log needs is opened when it is first
/// asked for, and kept: an invocation that finds it warm opens nothing.
#[derive(Debug)]
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The way to the key services.
    pub aws: Aws,
    /// Loaded once, for every client: region, endpoint, and credentials with their cache.
    pub sdk: SdkConfig,
    stores: Mutex<HashMap<String, Arc<dyn Store>>>,
    signers: Mutex<HashMap<String, Arc<dyn Signer>>>,
}

impl Context {
    /// Opens nothing yet.
    pub fn new(config: Config, sdk: SdkConfig) -> Self {
        let aws = Aws::with_config(AwsOptions::default(), sdk.clone());
        Self { config, aws, sdk, stores: Mutex::default(), signers: Mutex::default() }
    }

    /// From the environment. Sends no request: Lambda's environment has region and credentials.
    ///
    /// # Errors
    /// [`FunctionError::Config`].
    pub async fn from_environment() -> Result<Self, FunctionError> {
        let config = Config::from_environment()?;
        Ok(Self::new(config, aws_config::load_defaults(BehaviorVersion::latest()).await))
    }

    /// The store at a root.
    ///
    /// # Errors
    /// [`FunctionError::Store`], [`FunctionError::Config`].
    pub async fn store(&self, url: &str) -> Result<Arc<dyn Store>, FunctionError> {
        self.open(url, OpenOptions::default()).await
    }

    /// The store at a root, for a role that may only put objects.
    ///
    /// # Errors
    /// As [`Context::store`].
    pub async fn store_for_writing(&self, url: &str) -> Result<Arc<dyn Store>, FunctionError> {
        self.open(url, OpenOptions { check_versioning: false, ..OpenOptions::default() }).await
    }

    async fn open(&self, url: &str, options: OpenOptions) -> Result<Arc<dyn Store>, FunctionError> {
        let mut stores = self.stores.lock().await;
        if let Some(store) = stores.get(url) {
            return Ok(store.clone());
        }
        let store = dayseal_store::open_with(url, &options, &self.sdk).await?;
        stores.insert(url.to_owned(), store.clone());
        Ok(store)
    }

    /// The signer of a configured log, and the one that takes over from it if there is one.
    ///
    /// # Errors
    /// [`FunctionError::Config`] without a signing key, [`FunctionError::Keys`].
    pub async fn signers(&self, name: &str) -> Result<Signers, FunctionError> {
        let config = &self.config;
        let key = config.signing_key.as_ref().ok_or_else(|| {
            FunctionError::Config(
                "DAYSEAL_LOGS: `signing_key` is missing: nothing can be sealed".into(),
            )
        })?;
        let next = match &config.next_signing_key {
            Some(next) => Some(self.signer(name, next).await?),
            None => None,
        };
        Ok(Signers { signer: self.signer(name, key).await?, next })
    }

    async fn signer(&self, name: &str, key: &KeyRef) -> Result<Arc<dyn Signer>, FunctionError> {
        let (_, log) = self.config.log(Some(name))?;
        let mut signers = self.signers.lock().await;
        let id = format!("{name} {key}");
        if let Some(signer) = signers.get(&id) {
            return Ok(signer.clone());
        }
        let signer = open_signer(&self.aws, key, &log.origin).await?;
        signers.insert(id, signer.clone());
        Ok(signer)
    }
}

/// What signs a log's checkpoints.
#[derive(Debug)]
pub struct Signers {
    /// The present signer.
    pub signer: Arc<dyn Signer>,
    /// The next one.
    pub next: Option<Arc<dyn Signer>>,
}
