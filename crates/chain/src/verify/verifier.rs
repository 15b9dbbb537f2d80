//! The verifier: what it reads, and what it trusts.

use std::sync::Arc;

use dayseal_format::hints::HintKeys;
use dayseal_format::names::LOG_JSON;
use dayseal_format::{Day, LogFile, Origin, Policy, VerifierKey};
use dayseal_keys::DataKeyOpener;
use dayseal_store::{Store, StoreError};
use tokio::sync::Semaphore;

use super::options::VerifyOptions;
use crate::content::ContentReader;
use crate::key_cache::KeyCache;

/// Longest `log.json` read, in bytes.
const MAX_LOG_JSON: u64 = 64 * 1024;

/// Verifies one log.
#[derive(Debug)]
pub struct Verifier<'a> {
    pub(super) evidence: &'a dyn Store,
    pub(super) state: Option<&'a dyn Store>,
    pub(super) policy: Option<&'a Policy>,
    pub(super) opener: Option<&'a dyn DataKeyOpener>,
    pub(super) options: VerifyOptions,
    pub(super) origin: Origin,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) first_day: Day,
    pub(super) cache: KeyCache,
    /// The content root, and what reads it.
    pub(super) content: Option<&'a dyn Store>,
    pub(super) contents: Option<ContentReader<'a>>,
    pub(super) content_gate: Semaphore,
    /// Of every log secret at hand.
    pub(super) hint_keys: Arc<[HintKeys]>,
}

/// A run that could not even begin, or lost its store on the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Without a policy `log.json` must at least say which log this is.
    #[error("{object} does not describe a log: {reason}; give a policy, which needs no log.json")]
    LogFile {
        /// The object.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// The saved state belongs to another run.
    #[error("the saved progress is of another run: {0}; delete it to start anew")]
    OtherRun(&'static str),
}

impl<'a> Verifier<'a> {
    /// A verifier of the log in `evidence`.
    ///
    /// With a policy, trust comes from it alone. Without one, keys come from `log.json`, and the
    /// most the report says is "self-consistent, not authenticated".
    ///
    /// # Errors
    /// [`VerifyError`] if there is neither policy nor readable `log.json`.
    pub async fn new(
        evidence: &'a dyn Store,
        state: Option<&'a dyn Store>,
        policy: Option<&'a Policy>,
        opener: Option<&'a dyn DataKeyOpener>,
        options: VerifyOptions,
    ) -> Result<Self, VerifyError> {
        let (origin, keys, first_day) = match policy {
            Some(p) => (p.origin.clone(), p.verifier_keys.clone(), p.first_day),
            None => {
                let stored = evidence.get(LOG_JSON, None, MAX_LOG_JSON).await?;
                let fail = |reason: String| VerifyError::LogFile {
                    object: format!("{}/{LOG_JSON}", evidence.url()),
                    reason,
                };
                let file: LogFile =
                    serde_json::from_slice(&stored.bytes).map_err(|e| fail(e.to_string()))?;
                let keys = file.verifier_keys.iter().map(|k| k.parse());
                let keys = keys
                    .collect::<Result<_, _>>()
                    .map_err(|e: dayseal_format::note::NoteError| fail(e.to_string()))?;
                (file.origin, keys, file.first_day)
            }
        };
        let cache = KeyCache::default();
        Ok(Self {
            evidence,
            state,
            policy,
            opener,
            options,
            origin,
            keys,
            first_day,
            cache,
            content: None,
            contents: None,
            content_gate: Semaphore::new(super::content::OBJECTS),
            hint_keys: Arc::from([]),
        })
    }
}
