//! Signing and storing the next statement.

use bytes::Bytes;
use dayseal_format::event::EventId;
use dayseal_format::statement::{Statement, StatementError};
use dayseal_format::{Digest, Origin, UnixMillis};
use dayseal_keys::{Signer, sign_note};
use dayseal_store::{Condition, ErrorKind, Store};

use super::read::{objects_key, statement_key};
use super::{HOLD, Hold, HoldError, Holds, RELEASE, Release, Scope, officer};

/// Holds `scope` from now on. `event` is the id of the entry that is to record it, which the caller
/// records next ([`super::placed`]): the other way round, a crash would leave data unprotected that the log
/// says is held.
///
/// # Errors
/// [`HoldError`]; [`HoldError::Raced`] if `holds` is no longer all there is.
pub async fn place(
    state: &dyn Store,
    holds: &Holds,
    (origin, signer): (&Origin, &dyn Signer),
    (scope, reason): (Scope, String),
    (now, event): (UnixMillis, EventId),
) -> Result<Hold, HoldError> {
    let number = holds.last + 1;
    let mut statement = begin(HOLD, holds, origin, now, event)?;
    match &scope {
        Scope::Subjects(names) => {
            for name in names {
                statement = with(statement, "subject", name)?;
            }
        }
        Scope::Days { from, through } => {
            statement = with(statement, "from", from)?;
            statement = with(statement, "through", through)?;
        }
        Scope::Label { label, value, through, objects } => {
            let list: String = objects.iter().map(|object| format!("{object}\n")).collect();
            let digest = Digest::of(list.as_bytes());
            store_objects(state, number, list, digest).await?;
            statement = with(statement, "label", label)?;
            statement = with(statement, "value", value)?;
            statement = with(statement, "through", through)?;
            statement = with(statement, "objects", digest)?;
        }
    }
    let statement = with(statement, "reason", &reason)?;
    store(state, number, &statement, signer).await?;
    let officers = vec![officer(signer.verifier_key())];
    Ok(Hold { number, time: now, officers, event, scope, reason, released: None })
}

/// Ends the hold of this number. The hold stays where it is.
///
/// # Errors
/// As [`place`]; [`HoldError::NotStanding`].
pub async fn release(
    state: &dyn Store,
    holds: &Holds,
    (origin, signer): (&Origin, &dyn Signer),
    (hold, reason): (u32, String),
    (now, event): (UnixMillis, EventId),
) -> Result<Release, HoldError> {
    if !holds.standing().any(|h| h.number == hold) {
        return Err(HoldError::NotStanding { number: hold });
    }
    let number = holds.last + 1;
    let statement = begin(RELEASE, holds, origin, now, event)?;
    let statement = with(with(statement, "hold", hold)?, "reason", &reason)?;
    store(state, number, &statement, signer).await?;
    let officers = vec![officer(signer.verifier_key())];
    Ok(Release { number, time: now, officers, event, reason })
}

fn begin(
    kind: &str,
    holds: &Holds,
    origin: &Origin,
    now: UnixMillis,
    event: EventId,
) -> Result<Statement, HoldError> {
    let mut statement = Statement::new(kind, origin.clone(), now);
    statement = with(statement, "number", holds.last + 1)?;
    if let Some(digest) = holds.digest {
        statement = with(statement, "previous", digest)?;
    }
    with(statement, "event", event)
}

fn with(
    statement: Statement,
    word: &str,
    value: impl std::fmt::Display,
) -> Result<Statement, HoldError> {
    statement.with(word, value).map_err(HoldError::Unsayable)
}

async fn store(
    state: &dyn Store,
    number: u32,
    statement: &Statement,
    signer: &dyn Signer,
) -> Result<(), HoldError> {
    let note = sign_note(&statement.text(), &[signer]).await?;
    // A key service may sign with another key than it showed; and what is stored must be readable.
    let known = std::slice::from_ref(signer.verifier_key());
    Statement::open(note.as_bytes(), statement.kind(), statement.origin(), known).map_err(|e| {
        match e {
            e @ StatementError::Note(_) => HoldError::Signature(e),
            e => HoldError::Unsayable(e),
        }
    })?;
    let digest = Digest::of(note.as_bytes());
    let key = statement_key(number);
    match state.put(&key, Bytes::from(note), digest.as_bytes(), Condition::Absent).await {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(HoldError::Raced { number }),
        Err(e) => Err(e.into()),
    }
}

/// Before the statement, which names its digest. What a crash left is taken over if it is the same.
async fn store_objects(
    state: &dyn Store,
    number: u32,
    list: String,
    digest: Digest,
) -> Result<(), HoldError> {
    let key = objects_key(number);
    let bytes = Bytes::from(list);
    match state.put(&key, bytes.clone(), digest.as_bytes(), Condition::Absent).await {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let there = state.head(&key, None).await?;
            let condition = Condition::Matches(there.etag);
            // No statement names it yet, or the number were taken.
            state.put(&key, bytes, digest.as_bytes(), condition).await?;
            Ok(())
        }
        other => other.map(drop).map_err(HoldError::from),
    }
}
