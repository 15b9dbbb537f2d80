//! A log in memory: easy to fill, seal, verify, and tamper with.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dayseal::privacy::{Pseudonyms, Purpose, Settings};
use dayseal::{AuditLog, ContentMode};
use dayseal_chain::verify::Silent;
use dayseal_chain::{LogSettings, Report, SealError, SealSummary, Sealer, Verifier, VerifyOptions};
use dayseal_format::batch::{Batch, BatchEncoder, EncodedBatch, Entries, Header};
use dayseal_format::event::{Actor, Defaults, Event, EventDraft, EventId, Outcome, Service};
use dayseal_format::manifest::Manifest;
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_format::record::{DayRecord, Record};
use dayseal_format::removal::{Removal, order_key};
use dayseal_format::{
    BatchKey, Checkpoint, Day, Digest, Level, OfficerName, Origin, Policy, StreamId, UnixMillis,
};
use dayseal_keys::{
    DataKeyOpener as _, DataKeySource as _, GeneratedKey, KeyContext, LocalKeys, LocalSigner,
    sign_note,
};
use dayseal_store::{Condition, ErrorKind, MemoryStore, Store};

use crate::ManualClock;

/// A day by its text.
pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Noon of a day.
pub fn noon(day: Day) -> UnixMillis {
    day.start().saturating_add(12 * 3_600_000)
}

/// A small event.
pub fn event(actor: &str) -> EventDraft {
    Event::builder("ai.generation.completed")
        .actor(Actor::user(actor))
        .action("chat")
        .outcome(Outcome::Success)
        .build()
        .unwrap()
}

/// One log with its stores, keys and policy.
#[derive(Debug)]
pub struct TestLog {
    /// Evidence root; versioned unless made otherwise.
    pub evidence: Arc<MemoryStore>,
    /// State root.
    pub state: Arc<MemoryStore>,
    /// Content root: no versions.
    pub content: Arc<MemoryStore>,
    /// All keys.
    pub keys: Arc<LocalKeys>,
    /// What the sealer states.
    pub settings: LogSettings,
    /// What the auditor pinned.
    pub policy: Policy,
}

impl TestLog {
    /// A fresh log whose first day is `first`.
    pub async fn new(first: &str) -> Self {
        Self::with(MemoryStore::new(), first).await
    }

    /// A fresh log in a given evidence store.
    pub async fn with(evidence: MemoryStore, first: &str) -> Self {
        Self::with_settings(evidence, Self::settings(first)).await
    }

    /// A fresh log with settings of the test's own.
    pub async fn with_settings(evidence: MemoryStore, settings: LogSettings) -> Self {
        let origin = settings.origin.clone();
        let keys = LocalKeys::generate(&origin).unwrap();
        let signer = keys.signer().unwrap();
        let key = dayseal_keys::Signer::verifier_key(&signer).clone();
        let mut policy = Policy::new(origin, key, settings.first_day);
        policy.wrapping_keys.push(keys.wrapping_key_id().unwrap().to_owned());
        policy.wrapping_keys.push(keys.content_key_id().unwrap().to_owned());
        policy.retention_floor = settings.retention_days;
        let (evidence, state) = (Arc::new(evidence), Arc::new(MemoryStore::new()));
        dayseal_chain::create_log(&*evidence, &*state, &signer, &settings).await.unwrap();
        let content = Arc::new(MemoryStore::without_versions());
        Self { evidence, state, content, keys: Arc::new(keys), settings, policy }
    }

    /// A stream of this log that writes by hand.
    pub async fn stream(&self, id: u8, on: &str) -> StreamWriter {
        StreamWriter::new(self.keys.clone(), self.settings.origin.clone(), id, day(on)).await
    }

    /// Writes a stream of `batches` batches of three entries each, closed cleanly.
    pub async fn fill(&self, id: u8, on: &str, batches: u32) -> Vec<BatchKey> {
        let mut stream = self.stream(id, on).await;
        let mut keys = Vec::new();
        for n in 0..batches {
            let batch = stream.next(3, n + 1 == batches);
            keys.push(self.store(&stream, &batch).await);
        }
        keys
    }

    /// The settings of a log of tests: kept a leap year, three days for what is late.
    pub fn settings(first: &str) -> LogSettings {
        LogSettings {
            origin: "audit.example.com/test".parse().unwrap(),
            first_day: day(first),
            retention_days: 366,
            late_days: 3,
        }
    }

    /// An encoded batch under its name; storing it again changes nothing.
    pub async fn land(&self, key: &BatchKey, bytes: &[u8]) {
        let (name, bytes) = (key.to_string(), Bytes::copy_from_slice(bytes));
        let digest = key.digest.as_bytes();
        match self.evidence.put(&name, bytes, digest, Condition::Absent).await {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            other => drop(other.unwrap()),
        }
    }

    /// Stores an encoded batch under its name.
    pub async fn store(&self, stream: &StreamWriter, batch: &EncodedBatch) -> BatchKey {
        let key = stream.key(batch);
        put(&*self.evidence, &key.to_string(), batch.bytes.clone()).await;
        key
    }

    /// Seals every day up to and with `through`, one hour after its end.
    pub async fn seal(&self, through: &str) -> Result<SealSummary, SealError> {
        self.seal_in(&*self.evidence, &*self.state, through).await
    }

    /// The same through other stores.
    pub async fn seal_in(
        &self,
        evidence: &dyn Store,
        state: &dyn Store,
        through: &str,
    ) -> Result<SealSummary, SealError> {
        let through = day(through);
        let now = through.last_instant().saturating_add(3_600_000);
        self.seal_at(evidence, state, through, now).await
    }

    /// The same at a given time.
    pub async fn seal_at(
        &self,
        evidence: &dyn Store,
        state: &dyn Store,
        through: Day,
        now: UnixMillis,
    ) -> Result<SealSummary, SealError> {
        let signer = self.keys.signer().unwrap();
        let sealer = Sealer::new(evidence, state, &signer, self.settings.clone())?;
        sealer.seal_through(through, now, |_| {}).await
    }

    /// Verifies everything at level `entries`, at noon of the day after `newest`.
    pub async fn verify(&self, newest: &str) -> Report {
        self.verify_with(newest, |_| {}).await
    }

    /// The same with other options.
    pub async fn verify_with(
        &self,
        newest: &str,
        change: impl FnOnce(&mut VerifyOptions),
    ) -> Report {
        let now = noon(day(newest).next().unwrap());
        let mut options = VerifyOptions::new(Level::Entries, now);
        change(&mut options);
        self.verifier(options).await.run(&Silent).await.unwrap()
    }

    /// A producer of this log that keeps contents, at a given time, which stands still.
    pub fn recorder(&self, now: UnixMillis) -> AuditLog {
        let origin = &self.settings.origin;
        let pseudonyms = Pseudonyms::new(self.keys.log_secret().unwrap(), origin);
        AuditLog::builder(origin.clone(), "tests".parse().unwrap())
            .store(self.evidence.clone())
            .content_store(self.content.clone())
            .content(ContentMode::Store)
            .keys(self.keys.clone())
            .privacy(Settings::default().pseudonyms(pseudonyms))
            .lifecycle_events(false)
            .clock(Arc::new(ManualClock::new(now)))
            .open()
            .unwrap()
    }

    /// The name of a data subject in entries and frames.
    pub fn subject(&self, id: &str) -> String {
        let secret = self.keys.log_secret().unwrap();
        Pseudonyms::new(secret, &self.settings.origin).pseudonym(Purpose::Subject, "default", id)
    }

    /// A verifier under the policy, with state root and keys.
    pub async fn verifier(&self, options: VerifyOptions) -> Verifier<'_> {
        let (state, opener) = (Some(&*self.state as _), Some(&*self.keys as _));
        let verifier = Verifier::new(&*self.evidence, state, Some(&self.policy), opener, options);
        verifier.await.unwrap().with_content(&*self.content)
    }

    /// An officer of this log, whom the policy does not name yet.
    pub fn officer(&self, name: &str) -> LocalSigner {
        let name = OfficerName::new(&self.settings.origin, name).unwrap();
        LocalKeys::generate(&name.key_name()).unwrap().signer().unwrap()
    }

    /// Stores the order of `officer`, given at noon of a day, that a batch be removed; its key.
    pub async fn order(&self, officer: &LocalSigner, object: BatchKey, on: &str) -> String {
        let (reason, basis) = ("a court asked".to_owned(), "court-order".to_owned());
        let (origin, at) = (self.settings.origin.clone(), noon(day(on)));
        let statement = Removal { object, reason, basis }.statement(origin, at).unwrap();
        let note = sign_note(&statement.text(), &[officer]).await.unwrap().into_bytes();
        let key = order_key(at.day(), &note);
        put(&*self.state, &key, note).await;
        key
    }

    /// The keys of every object below a prefix of the evidence, each once.
    pub async fn keys_below(&self, prefix: &str) -> Vec<String> {
        keys_below(&*self.evidence, prefix).await
    }

    /// A day's manifest: its `day` record and the rest, in order.
    pub async fn manifest(&self, on: Day) -> (DayRecord, Vec<Record>) {
        read_manifest(&*self.evidence, &self.settings.origin, on).await
    }

    /// How often each batch is listed by the manifests from the first day through `last`.
    pub async fn sealed_batches(&self, last: Day) -> BTreeMap<BatchKey, u32> {
        let mut sealed = BTreeMap::new();
        for on in self.settings.first_day.through(last) {
            for record in self.manifest(on).await.1 {
                if let Record::Batch(b) = record {
                    *sealed.entry(b.key).or_default() += 1;
                }
            }
        }
        sealed
    }

    /// The checkpoint of a day, verified.
    pub async fn checkpoint(&self, on: Day) -> Checkpoint {
        let note = self.bytes(&checkpoint_key(on)).await;
        Checkpoint::open(&note, &self.settings.origin, &self.policy.verifier_keys).unwrap()
    }

    /// The decrypted entries of a stored batch, one line each.
    pub async fn entries(&self, key: &BatchKey) -> Vec<Vec<u8>> {
        entries(&*self.evidence, &self.keys, key).await
    }

    /// The signed head in the state root.
    pub async fn head(&self) -> Checkpoint {
        let key = dayseal_format::names::head_key(&self.settings.origin);
        let note = self.state.get(&key, None, 100_000).await.unwrap().bytes;
        Checkpoint::open(&note, &self.settings.origin, &self.policy.verifier_keys).unwrap()
    }

    /// The bytes under a key.
    pub async fn bytes(&self, key: &str) -> Vec<u8> {
        self.evidence.get(key, None, 1 << 30).await.unwrap().bytes.to_vec()
    }
}

/// The keys of every object below a prefix, each once, in order.
pub async fn keys_below(store: &dyn Store, prefix: &str) -> Vec<String> {
    let (mut keys, mut from) = (Vec::new(), None);
    loop {
        let page = store.list(prefix, from.as_deref()).await.unwrap();
        keys.extend(page.entries.into_iter().map(|e| e.key));
        from = page.next;
        if from.is_none() {
            keys.dedup();
            return keys;
        }
    }
}

/// A day's manifest: its `day` record and the rest, in order.
pub async fn read_manifest(
    store: &dyn Store,
    origin: &Origin,
    on: Day,
) -> (DayRecord, Vec<Record>) {
    let bytes = store.get(&manifest_key(on), None, 1 << 30).await.unwrap().bytes;
    let mut records = Vec::new();
    let manifest = Manifest::read(&bytes, origin, on, |_, record| records.push(record)).unwrap();
    (manifest.day, records)
}

/// The decrypted entries of a stored batch, one line each.
pub async fn entries(store: &dyn Store, keys: &LocalKeys, key: &BatchKey) -> Vec<Vec<u8>> {
    let bytes = store.get(&key.to_string(), None, 1 << 30).await.unwrap().bytes;
    let batch = Batch::parse(&bytes).unwrap();
    let h = batch.header();
    let context = KeyContext::entries(&h.origin, h.stream, h.day);
    let data_key = keys.open(&h.key_id, &h.wrapped_key, &context).await.unwrap();
    batch.open(&data_key).unwrap().iter().map(<[u8]>::to_vec).collect()
}

/// Stores bytes under a free key.
pub(crate) async fn put(store: &dyn Store, key: &str, bytes: Vec<u8>) {
    let digest = Digest::of(&bytes);
    store.put(key, Bytes::from(bytes), digest.as_bytes(), Condition::Absent).await.unwrap();
}

/// Encodes the batches of one stream, by hand, so that tests can misuse it.
#[derive(Debug)]
pub struct StreamWriter {
    /// The header of the next batch; tests may change it.
    pub header: Header,
    /// The stream's data key.
    pub key: GeneratedKey,
    encoder: BatchEncoder,
    count: u64,
}

impl StreamWriter {
    async fn new(keys: Arc<LocalKeys>, origin: Origin, id: u8, on: Day) -> Self {
        let stream = StreamId([id; 16]);
        let context = KeyContext::entries(&origin, stream, on);
        let key = keys.generate(&context).await.unwrap();
        let header = Header {
            after: None,
            commitment: Digest([0; 32]),
            day: on,
            entries: 0,
            first_time: noon(on),
            hints: None,
            key_id: key.key_id.clone(),
            last: false,
            last_time: noon(on),
            origin,
            previous: None,
            root: Digest([0; 32]),
            salt: Digest([0; 32]),
            seq: 0,
            service: "tests".parse().unwrap(),
            stream,
            wrapped_key: key.wrapped.clone(),
        };
        Self { header, key, encoder: BatchEncoder::new(), count: 0 }
    }

    /// The next batch, of `entries` entries.
    pub fn next(&mut self, entries: u32, last: bool) -> EncodedBatch {
        let mut lines = Entries::new();
        let service = Service::new("tests");
        for _ in 0..entries {
            let mut random = [self.header.stream.0[0]; 10];
            random[2..].copy_from_slice(&self.count.to_be_bytes());
            self.count += 1;
            let now = self.header.first_time;
            let id = EventId::from_parts(now, random);
            let event = event("u-1").complete(Defaults::new(id, now, &service)).unwrap();
            let mut line = Vec::new();
            event.encode(&mut line);
            lines.push(&line).unwrap();
        }
        self.encode(&lines, last)
    }

    /// The next batch, of these lines.
    pub fn encode(&mut self, lines: &Entries, last: bool) -> EncodedBatch {
        self.header.last = last;
        let random = Digest::of(&self.count.to_be_bytes()).0;
        let batch =
            self.encoder.encode(self.header.clone(), lines, &self.key.key, &random).unwrap();
        self.header.seq += 1;
        self.header.previous = Some(batch.digest);
        batch
    }

    /// The name of a batch of this stream.
    pub fn key(&self, batch: &EncodedBatch) -> BatchKey {
        let h = &batch.header;
        BatchKey { day: h.day, stream: h.stream, seq: h.seq, digest: batch.digest }
    }
}
