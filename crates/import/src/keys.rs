//! Digests of what must not be found by guessing: lines, contents, others' plain hashes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use dayseal_format::Origin;
use dayseal_format::event::ContentItem;
use dayseal_format::pseudonym::PrivacyKeys;
use zeroize::Zeroizing;

/// Tenants whose keys are kept; deriving them again costs microseconds.
const TENANTS: usize = 1_024;

/// Keys of each tenant, from the log secret. Never printed.
pub struct SourceKeys {
    secret: Zeroizing<[u8; 32]>,
    origin: Origin,
    tenants: HashMap<String, Arc<PrivacyKeys>>,
}

impl fmt::Debug for SourceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceKeys({})", self.origin)
    }
}

impl SourceKeys {
    /// For the log `origin` under its secret.
    pub fn new(secret: &[u8; 32], origin: &Origin) -> Self {
        let secret = Zeroizing::new(*secret);
        Self { secret, origin: origin.clone(), tenants: HashMap::new() }
    }

    /// The keys of a tenant.
    pub fn tenant(&mut self, tenant: &str) -> Arc<PrivacyKeys> {
        if let Some(keys) = self.tenants.get(tenant) {
            return keys.clone();
        }
        let keys = Arc::new(PrivacyKeys::derive(&self.secret, &self.origin, tenant));
        if self.tenants.len() >= TENANTS {
            self.tenants.clear();
        }
        self.tenants.insert(tenant.to_owned(), keys.clone());
        keys
    }
}

/// What one record's digests are made with: keys, or the knowledge that there are none.
#[derive(Clone, Debug)]
pub(crate) struct Digests(pub(crate) Option<Arc<PrivacyKeys>>);

impl Digests {
    /// Content by its size, and its keyed digest if there are keys.
    pub(crate) fn content(&self, bytes: &[u8]) -> ContentItem {
        match &self.0 {
            Some(keys) => keys.content(bytes),
            None => ContentItem::sized(bytes.len() as u64),
        }
    }
}
