//! Creating a log: once, and never over another.

use bytes::Bytes;
use dayseal_format::names::{FIRST_CHECKPOINT, LOG_JSON, head_key};
use dayseal_format::{Checkpoint, Day, Digest, LogFile, Origin, merkle};
use dayseal_keys::{Signer, sign_note};
use dayseal_store::{Condition, Store};

use crate::SealError;

/// What the operator decides about a log; the sealer states it in every `day` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The log.
    pub origin: Origin,
    /// Its first day: the first that is sealed.
    pub first_day: Day,
    /// Days that a day's evidence is kept after it.
    pub retention_days: u32,
    /// Days that a batch may land after its own day and still be sealed.
    pub late_days: u16,
}

impl LogSettings {
    /// Days a batch may be late unless said otherwise.
    pub const DEFAULT_LATE_DAYS: u16 = 3;
    /// One leap year (SOC 2, PCI DSS 10.5.1).
    pub const DEFAULT_RETENTION_DAYS: u32 = 366;
    /// Longest retention, in days: one hundred years, Object Lock's own bound.
    pub const MAX_RETENTION_DAYS: u32 = 36_525;
    /// Longest lateness, in days: what the sealer lists again at every seal.
    pub const MAX_LATE_DAYS: u16 = 31;
}

/// Makes an empty log: signs the checkpoint of the empty tree, remembers it as head, describes the
/// log in `log.json`. The only place that signs a first checkpoint.
///
/// Every write is create-only, so an existing log is never touched. The head is written last: a
/// crash before it leaves a place that refuses to be sealed ([`SealError::NoHead`]) and to become a
/// log again, so clear it, or take another prefix.
///
/// # Errors
/// [`SealError::LogExists`] if either root already holds a log; otherwise what the stores report.
pub async fn create_log(
    evidence: &dyn Store,
    state: &dyn Store,
    signer: &dyn Signer,
    settings: &LogSettings,
) -> Result<Checkpoint, SealError> {
    settings.check()?;
    for (store, prefix) in [(evidence, ""), (state, "heads/")] {
        if let Some(entry) = store.list(prefix, None).await?.entries.first() {
            let found = format!("{}/{}", store.url(), entry.key);
            return Err(SealError::LogExists { found });
        }
    }
    let first = Checkpoint { origin: settings.origin.clone(), size: 0, root: merkle::empty_root() };
    let note = sign(&[signer], &first).await?;
    let file = LogFile {
        v: 1,
        origin: settings.origin.clone(),
        first_day: settings.first_day,
        retention_days: settings.retention_days,
        late_days: settings.late_days,
        verifier_keys: vec![signer.verifier_key().to_string()],
        made_by: concat!("dayseal ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut json = serde_json::to_vec_pretty(&file).expect("log.json is plain data");
    json.push(b'\n');
    put_new(evidence, LOG_JSON, json.into()).await?;
    put_new(evidence, FIRST_CHECKPOINT, note.clone().into()).await?;
    put_new(state, &head_key(&settings.origin), note.into()).await?;
    Ok(first)
}

impl LogSettings {
    pub(crate) fn check(&self) -> Result<(), SealError> {
        let fail = |reason: String| Err(SealError::Settings { reason });
        if self.retention_days > Self::MAX_RETENTION_DAYS {
            let max = Self::MAX_RETENTION_DAYS;
            return fail(format!(
                "retention of {} days: expected at most {max}",
                self.retention_days
            ));
        }
        if self.late_days > Self::MAX_LATE_DAYS {
            let max = Self::MAX_LATE_DAYS;
            return fail(format!("late days {}: expected at most {max}", self.late_days));
        }
        Ok(())
    }
}

/// The note of a checkpoint signed by each of `signers`, every signature verified with the key it
/// claims before anyone sees it.
pub(crate) async fn sign(
    signers: &[&dyn Signer],
    checkpoint: &Checkpoint,
) -> Result<String, SealError> {
    let note = sign_note(&checkpoint.text(), signers).await?;
    for signer in signers {
        let key = std::slice::from_ref(signer.verifier_key());
        Checkpoint::open(note.as_bytes(), &checkpoint.origin, key)
            .map_err(|source| SealError::Signer { source })?;
    }
    Ok(note)
}

pub(crate) async fn put_new(store: &dyn Store, key: &str, bytes: Bytes) -> Result<(), SealError> {
    let digest = Digest::of(&bytes);
    store.put(key, bytes, digest.as_bytes(), Condition::Absent).await?;
    Ok(())
}
