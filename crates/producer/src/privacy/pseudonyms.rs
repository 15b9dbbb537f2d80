//! Pseudonyms in the place of people, sessions and addresses. Bytes: `docs/spec/privacy.md`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use dayseal_format::Origin;
use dayseal_format::event::{ActorType, ContentItem, EventFields};
use dayseal_format::hints::HintKeys;
use dayseal_format::pseudonym::{PrivacyKeys, Purpose};
use dayseal_keys::LogSecret;

/// Tenants whose keys are kept; deriving them again costs microseconds.
const TENANTS: usize = 1_024;

/// Makes pseudonyms and content digests under the log secret. Clones share their keys.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dayseal::privacy::{Pseudonyms, Settings};
///
/// let keys = dayseal::keys::LocalKeys::load("audit/keys.json".as_ref())?;
/// let pseudonyms = Pseudonyms::new(keys.log_secret()?, &keys.origin().parse()?);
/// let settings = Settings::default().pseudonyms(pseudonyms);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pseudonyms(Arc<Shared>);

struct Shared {
    secret: LogSecret,
    origin: Origin,
    tenants: RwLock<HashMap<String, Arc<PrivacyKeys>>>,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonyms({})", self.0.origin)
    }
}

impl Pseudonyms {
    /// For the log `origin` under its secret.
    pub fn new(secret: &LogSecret, origin: &Origin) -> Self {
        let (secret, origin) = (secret.clone(), origin.clone());
        Self(Arc::new(Shared { secret, origin, tenants: RwLock::default() }))
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.0.origin
    }

    pub(crate) fn hint_keys(&self) -> HintKeys {
        HintKeys::derive(self.0.secret.expose(), &self.0.origin)
    }

    /// The pseudonym of `value` at this tenant: to look for somebody in a log.
    pub fn pseudonym(&self, purpose: Purpose, tenant: &str, value: &str) -> String {
        self.tenant(tenant).pseudonym(purpose, value.as_bytes())
    }

    /// Content by its size and keyed digest, for the fields under `content`: the mode `digest`.
    pub fn content(&self, tenant: &str, content: &[u8]) -> ContentItem {
        self.tenant(tenant).content(content)
    }

    fn tenant(&self, tenant: &str) -> Arc<PrivacyKeys> {
        let known = self.0.tenants.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.get(tenant) {
            return keys.clone();
        }
        drop(known);
        let keys = Arc::new(PrivacyKeys::derive(self.0.secret.expose(), &self.0.origin, tenant));
        let mut known = self.0.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TENANTS {
            known.clear();
        }
        known.insert(tenant.to_owned(), keys.clone());
        keys
    }

    /// Replaces who acted, for whom, in which session, who reviewed and whose data it is. Names of
    /// services, systems and agents stay: they are nobody.
    pub(super) fn apply(&self, e: &mut EventFields, default_tenant: &str, address: bool) {
        let tenant = if e.tenant.is_empty() { default_tenant } else { &e.tenant };
        let keys = self.tenant(tenant);
        let replace = |purpose, text: &mut String| {
            // The empty text is refused later, by its path.
            if !text.is_empty() {
                *text = keys.pseudonym(purpose, text.as_bytes());
            }
        };
        let maybe = |purpose, text: &mut Option<String>| {
            if let Some(text) = text {
                replace(purpose, text);
            }
        };
        if matches!(e.actor.kind, ActorType::User | ActorType::Admin) {
            replace(Purpose::Actor, &mut e.actor.id);
        }
        maybe(Purpose::Actor, &mut e.actor.on_behalf_of);
        maybe(Purpose::Session, &mut e.actor.session);
        if let Some(oversight) = &mut e.oversight {
            maybe(Purpose::Actor, &mut oversight.reviewer);
        }
        if let Some(privacy) = &mut e.privacy {
            maybe(Purpose::Subject, &mut privacy.subject);
        }
        if let (true, Some(source)) = (address, &mut e.source)
            && let Some(text) = &mut source.address
        {
            // One address has one spelling (RFC 5952).
            if let Ok(address) = text.parse::<std::net::IpAddr>() {
                *text = address.to_canonical().to_string();
            }
            replace(Purpose::Address, text);
        }
    }
}
