//! Opening a log.

use std::sync::Arc;
use std::time::Duration;

use dayseal_format::batch::{MAX_ENTRIES, MAX_ENTRIES_LEN, MAX_ENTRY_LEN};
use dayseal_format::event::{DEFAULT_TENANT, Service};
use dayseal_format::hints::HintKeys;
use dayseal_format::{Origin, ServiceName};
use dayseal_keys::{DataKeySource, LogSecret};
use dayseal_store::Store;

use crate::privacy::Settings;
use crate::{AuditLog, Clock, ContentMode, OpenError, SystemClock};

/// When a batch closes, and how much may wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entry bytes at which a batch closes. Default 4 MiB, at most 31 MiB.
    pub flush_bytes: usize,
    /// Entries at which a batch closes. Default 16,384.
    pub flush_count: usize,
    /// Age of its oldest entry at which a batch closes. Default 5 s.
    pub flush_age: Duration,
    /// How long a durable record waits for company, so that one PUT serves many. Default 2 ms.
    pub linger: Duration,
    /// Bytes that may wait in memory, encoded batches and retries included. Default 64 MiB.
    pub memory: usize,
    /// Uploads under way at once. Default 4.
    pub in_flight: usize,
    /// Pause after a failed attempt; doubles up to 64 times this. Default 500 ms.
    pub retry_pause: Duration,
    /// Days after which a batch that could not be stored is encoded anew under today, because its
    /// own day takes no more late batches. Default 3: the sealer's.
    pub late_days: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flush_bytes: 4 * 1024 * 1024,
            flush_count: 16_384,
            flush_age: Duration::from_secs(5),
            linger: Duration::from_millis(2),
            memory: 64 * 1024 * 1024,
            in_flight: 4,
            retry_pause: Duration::from_millis(500),
            late_days: 3,
        }
    }
}

/// Settings of a log to be opened; see [`AuditLog::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) origin: Origin,
    pub(crate) service_name: ServiceName,
    pub(crate) service: Service,
    pub(crate) tenant: String,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) keys: Option<Arc<dyn DataKeySource>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) lifecycle: bool,
    pub(crate) privacy: Settings,
    pub(crate) content: Option<ContentMode>,
    pub(crate) content_store: Option<Arc<dyn Store>>,
    pub(crate) hints: Hinting,
}

/// Under which secret hints are made.
#[derive(Clone, Debug)]
pub(crate) enum Hinting {
    /// The pseudonyms', if there are any.
    AsPseudonyms,
    /// This one's.
    Under(Box<HintKeys>),
    /// There are none.
    Off,
}

impl Builder {
    pub(crate) fn new(origin: Origin, service: ServiceName) -> Self {
        Self {
            origin,
            service: Service::new(service.as_str()),
            service_name: service,
            tenant: DEFAULT_TENANT.to_owned(),
            store: None,
            keys: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            lifecycle: true,
            privacy: Settings::default(),
            content: None,
            content_store: None,
            hints: Hinting::AsPseudonyms,
        }
    }

    /// Where batches go: the evidence root.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Who makes data keys.
    #[must_use]
    pub fn keys(mut self, keys: Arc<dyn DataKeySource>) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The tenant of events that name none. Default `default`.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The service's version, environment or region for events that name none. The name stays the
    /// one given to [`AuditLog::builder`], which is also in every batch header.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = Service { name: self.service.name, ..service };
        self
    }

    /// Batch sizes and bounds.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether the log records its own start and stop (`log.started`, `log.stopped`; PCI DSS
    /// 10.2.1.6). Default true.
    #[must_use]
    pub fn lifecycle_events(mut self, on: bool) -> Self {
        self.lifecycle = on;
        self
    }

    /// What is taken out of events or replaced before they are queued. By default credentials and
    /// card numbers are redacted, and addresses become networks: see [`Settings`].
    #[must_use]
    pub fn privacy(mut self, settings: Settings) -> Self {
        self.privacy = settings;
        self
    }

    /// What is kept of the contents attached to events. By default keyed digests if there are
    /// pseudonyms, else sizes.
    #[must_use]
    pub fn content(mut self, mode: ContentMode) -> Self {
        self.content = Some(mode);
        self
    }

    /// Where contents go in the mode [`ContentMode::Store`]: the content root, which is another one
    /// than the evidence's, since what is in it can be erased.
    #[must_use]
    pub fn content_store(mut self, store: Arc<dyn Store>) -> Self {
        self.content_store = Some(store);
        self
    }

    /// Batches with hints under the log secret, by which searches leave batches unread
    /// (`docs/spec/hints.md`). By default if there are pseudonyms, under their secret; so this is for a
    /// log without.
    #[must_use]
    pub fn hints(mut self, secret: &LogSecret) -> Self {
        self.hints = Hinting::Under(Box::new(HintKeys::derive(secret.expose(), &self.origin)));
        self
    }

    /// Batches without hints: some 0.4 to 5 KB less each, and searches read every one.
    #[must_use]
    pub fn without_hints(mut self) -> Self {
        self.hints = Hinting::Off;
        self
    }

    /// The keys of the hints, if there are to be any.
    pub(crate) fn hint_keys(&self) -> Option<HintKeys> {
        match &self.hints {
            Hinting::AsPseudonyms => self.privacy.pseudonyms_used().map(|p| p.hint_keys()),
            Hinting::Under(keys) => Some((**keys).clone()),
            Hinting::Off => None,
        }
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the log and starts its background task. Writes nothing yet: stream and data key are
    /// made with the first batch.
    ///
    /// # Errors
    /// [`OpenError`]: something not set, a limit that cannot work, or no tokio runtime.
    pub fn open(self) -> Result<AuditLog, OpenError> {
        let l = &self.limits;
        let within = |name, expected, found, good: bool| {
            if good { Ok(()) } else { Err(OpenError::Limit { name, expected, found }) }
        };
        let most = MAX_ENTRIES_LEN - 1024 * 1024;
        let bytes = l.flush_bytes;
        within("flush_bytes", "1 byte to 31 MiB", bytes, (1..=most).contains(&bytes))?;
        let count = l.flush_count;
        within("flush_count", "1 to 262,144", count, (1..=MAX_ENTRIES as usize).contains(&count))?;
        let least = (l.flush_bytes * 2).max(2 * MAX_ENTRY_LEN);
        within("memory", "at least twice flush_bytes and 128 KiB", l.memory, l.memory >= least)?;
        within("in_flight", "1 to 1,024", l.in_flight, (1..=1024).contains(&l.in_flight))?;
        self.privacy.check(&self.origin)?;
        let named = self.privacy.pseudonyms_used().is_some();
        match self.content {
            Some(ContentMode::Digest) if !named => {
                return Err(OpenError::Missing("pseudonyms, under whose keys digests are made"));
            }
            Some(ContentMode::Store) if !named => {
                let what = "pseudonyms, by which content is found when it is to be erased";
                return Err(OpenError::Missing(what));
            }
            Some(ContentMode::Store) if self.content_store.is_none() => {
                return Err(OpenError::Missing("content store, where contents are to go"));
            }
            _ => {}
        }
        AuditLog::start(self)
    }
}
