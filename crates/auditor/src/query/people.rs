//! Finding a person by the real id, though the log holds pseudonyms.

use std::collections::HashMap;
use std::fmt;

use dayseal_format::Origin;
use dayseal_format::hints::HintKeys;
use dayseal_format::pseudonym::{PrivacyKeys, Purpose};

/// Tenants whose keys are kept: deriving them costs ten hashes.
const TENANTS: usize = 256;

/// Recognises people by their real ids, under the log's secrets.
///
/// A pseudonym depends on the entry's tenant: its keys are derived as tenants come.
pub struct People {
    origin: Origin,
    /// The present log secret, and those before it.
    secrets: Vec<[u8; 32]>,
    /// Only ids as they are written count.
    as_written: bool,
    tenants: HashMap<String, Vec<PrivacyKeys>>,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "People({} secrets)", self.secrets.len())
    }
}

impl Drop for People {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secrets);
    }
}

impl People {
    /// Without secrets only ids as they are written are recognised.
    pub fn new(origin: Origin, secrets: Vec<[u8; 32]>) -> Self {
        Self { origin, secrets, as_written: false, tenants: HashMap::new() }
    }

    /// One who recognises only ids as they are written, whatever they stand for; the secrets open hints and no more.
    #[must_use]
    pub fn as_written(&self) -> Self {
        let (origin, secrets) = (self.origin.clone(), self.secrets.clone());
        Self { origin, secrets, as_written: true, tenants: HashMap::new() }
    }

    /// Whether `stored`, in an entry of `tenant`, is `value` as it is written or its pseudonym.
    pub fn is(&mut self, purpose: Purpose, tenant: &str, stored: &str, value: &str) -> bool {
        if stored == value {
            return true;
        }
        let pseudonym = stored.strip_prefix("p1:").and_then(|t| t.strip_prefix(purpose.as_str()));
        if self.as_written
            || self.secrets.is_empty()
            || pseudonym.is_none_or(|t| !t.starts_with(':'))
        {
            return false;
        }
        self.keys(tenant).iter().any(|keys| keys.pseudonym(purpose, value.as_bytes()) == stored)
    }

    /// What `value` is called in entries of `tenant`, under each secret.
    pub(super) fn pseudonyms(
        &mut self,
        purpose: Purpose,
        tenant: &str,
        value: &str,
    ) -> Vec<String> {
        if self.as_written {
            return Vec::new();
        }
        self.keys(tenant).iter().map(|keys| keys.pseudonym(purpose, value.as_bytes())).collect()
    }

    /// The keys of hints under each secret.
    pub(super) fn hint_keys(&self) -> Vec<HintKeys> {
        self.secrets.iter().map(|secret| HintKeys::derive(secret, &self.origin)).collect()
    }

    fn keys(&mut self, tenant: &str) -> &[PrivacyKeys] {
        if !self.tenants.contains_key(tenant) {
            if self.tenants.len() == TENANTS {
                self.tenants.clear();
            }
            let derive = |secret| PrivacyKeys::derive(secret, &self.origin, tenant);
            let keys = self.secrets.iter().map(derive).collect();
            self.tenants.insert(tenant.to_owned(), keys);
        }
        self.tenants.get(tenant).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use super::*;

    #[test]
    fn a_person_is_known_under_every_secret_and_tenant() {
        let origin: Origin = "audit.example.com/a".parse().unwrap();
        let mut people = People::new(origin.clone(), vec![[1; 32], [2; 32]]);
        for (secret, tenant) in [([1; 32], "t"), ([2; 32], "t"), ([1; 32], "u")] {
            let stored =
                PrivacyKeys::derive(&secret, &origin, tenant).pseudonym(Purpose::Actor, b"ada");
            assert!(people.is(Purpose::Actor, tenant, &stored, "ada"));
            assert!(people.is(Purpose::Actor, tenant, &stored, &stored), "as it is written");
            assert!(!people.is(Purpose::Actor, tenant, &stored, "bob"));
            assert!(!people.is(Purpose::Subject, tenant, &stored, "ada"), "another purpose");
            assert!(!people.is(Purpose::Actor, "other", &stored, "ada"), "another tenant");
        }
        let foreign = PrivacyKeys::derive(&[3; 32], &origin, "t").pseudonym(Purpose::Actor, b"ada");
        assert!(!people.is(Purpose::Actor, "t", &foreign, "ada"), "an unknown secret");
        assert!(people.is(Purpose::Actor, "t", "ada", "ada"));
        // As it is written only, under whatever secrets.
        let mut plain = people.as_written();
        let stored = PrivacyKeys::derive(&[1; 32], &origin, "t").pseudonym(Purpose::Actor, b"ada");
        assert!(!plain.is(Purpose::Actor, "t", &stored, "ada"));
        assert!(plain.is(Purpose::Actor, "t", &stored, &stored));
        assert!(plain.pseudonyms(Purpose::Actor, "t", "ada").is_empty());
        assert_eq!(plain.hint_keys().len(), 2);
        let mut blind = People::new(origin.clone(), vec![]);
        let stored = PrivacyKeys::derive(&[1; 32], &origin, "t").pseudonym(Purpose::Actor, b"ada");
        assert!(!blind.is(Purpose::Actor, "t", &stored, "ada"));
        for n in 0..1_000 {
            people.is(Purpose::Actor, &n.to_string(), &stored, "ada");
        }
        assert!(people.tenants.len() <= TENANTS);
    }
}
