//! Reading and checking the statements of the state root.

use std::collections::BTreeSet;

use dayseal_format::statement::{MAX_STATEMENT, Signed, Statement, StatementError};
use dayseal_format::{Digest, Note, Origin, VerifierKey};
use dayseal_store::Store;

use super::{HOLD, Hold, HoldError, Holds, PREFIX, RELEASE, Release, Scope, officer};

/// Longest list of a label's objects, in bytes: a million of them.
const MAX_OBJECTS: u64 = 96 * 1024 * 1024;
/// Ends the key of such a list.
const OBJECTS: &str = ".objects";

/// Key of statement `number`.
pub(super) fn statement_key(number: u32) -> String {
    format!("{PREFIX}{number:08}")
}

/// Key of the list of objects that statement `number` holds.
pub(super) fn objects_key(number: u32) -> String {
    format!("{PREFIX}{number:08}{OBJECTS}")
}

impl Holds {
    /// Every hold of `origin`, signed by one of `officers`, which come from the policy. `seen` is the
    /// highest number that anybody remembers.
    ///
    /// # Errors
    /// [`HoldError`]: whoever may not rely on all holds must not erase.
    pub async fn read(
        state: &dyn Store,
        origin: &Origin,
        officers: &[VerifierKey],
        seen: u32,
    ) -> Result<Self, HoldError> {
        let mut holds = Self::default();
        let listed = state.list_direct(PREFIX).await?;
        let statements: BTreeSet<_> = listed
            .into_iter()
            .filter(|entry| entry.latest && !entry.key.ends_with(OBJECTS))
            .map(|entry| entry.key)
            .collect();
        for key in statements {
            let expected = statement_key(holds.last + 1);
            if key != expected {
                let detail = format!("expected {expected} to come first");
                return Err(HoldError::Chain { object: key, detail });
            }
            let stored = state.get(&key, None, MAX_STATEMENT as u64).await?;
            holds.take(state, origin, officers, &key, &stored.bytes).await?;
            holds.digest = Some(Digest::of(&stored.bytes));
            holds.last += 1;
        }
        if holds.last < seen {
            return Err(HoldError::Missing { expected: seen, found: holds.last });
        }
        Ok(holds)
    }

    async fn take(
        &mut self,
        state: &dyn Store,
        origin: &Origin,
        officers: &[VerifierKey],
        key: &str,
        bytes: &[u8],
    ) -> Result<(), HoldError> {
        let bad = |source| HoldError::Statement { object: key.to_owned(), source };
        let kind = if is_release(bytes) { RELEASE } else { HOLD };
        let signed = Statement::open(bytes, kind, origin, officers).map_err(bad)?;
        let said = read(&signed).map_err(bad)?;
        let chain = |detail: String| HoldError::Chain { object: key.to_owned(), detail };
        if said.number != self.last + 1 {
            return Err(chain(format!("it calls itself number {}", said.number)));
        }
        if said.previous != self.digest {
            return Err(chain("it follows another statement than the one before it".into()));
        }
        match said.body {
            Body::Hold(mut hold, digest) => {
                if let (Scope::Label { objects, .. }, Some(digest)) = (&mut hold.scope, digest) {
                    *objects = read_objects(state, hold.number, digest).await?;
                }
                self.all.push(*hold);
            }
            Body::Release(number, release) => {
                let held = self.all.iter_mut().find(|h| h.number == number);
                match held.filter(|hold| hold.released.is_none()) {
                    Some(hold) => hold.released = Some(*release),
                    None => return Err(chain(format!("there is no hold {number} to release"))),
                }
            }
        }
        Ok(())
    }
}

/// By the first line, which is looked at again once the signature is.
fn is_release(bytes: &[u8]) -> bool {
    let note = Note::parse(bytes).ok();
    note.is_some_and(|note| note.unverified_text().starts_with(&format!("{RELEASE} ")))
}

struct Said {
    number: u32,
    previous: Option<Digest>,
    body: Body,
}

enum Body {
    /// With the digest of its list of objects.
    Hold(Box<Hold>, Option<Digest>),
    /// Of the hold of this number.
    Release(u32, Box<Release>),
}

/// The lines of a hold or a release.
fn read(signed: &Signed) -> Result<Said, StatementError> {
    let statement = &signed.statement;
    let mut lines = statement.lines();
    let number = lines.one("number")?;
    let previous = lines.maybe("previous")?;
    let event = lines.one("event")?;
    let officers: Vec<_> = signed.signers.iter().map(officer).collect();
    let time = statement.time();
    let body = if statement.kind() == RELEASE {
        let hold = lines.one("hold")?;
        let reason = lines.one("reason")?;
        Body::Release(hold, Box::new(Release { number, time, officers, event, reason }))
    } else {
        let (mut digest, subjects) = (None, lines.all::<String>("subject")?);
        let scope = if !subjects.is_empty() {
            Scope::Subjects(subjects)
        } else if let Some(from) = lines.maybe("from")? {
            Scope::Days { from, through: lines.one("through")? }
        } else {
            let (label, value) = (lines.one("label")?, lines.one("value")?);
            let through = lines.one("through")?;
            digest = Some(lines.one("objects")?);
            Scope::Label { label, value, through, objects: BTreeSet::new() }
        };
        let reason = lines.one("reason")?;
        let released = None;
        Body::Hold(
            Box::new(Hold { number, time, officers, event, scope, reason, released }),
            digest,
        )
    };
    lines.end()?;
    Ok(Said { number, previous, body })
}

/// The list beside a label's hold.
async fn read_objects(
    state: &dyn Store,
    number: u32,
    expected: Digest,
) -> Result<BTreeSet<String>, HoldError> {
    let object = objects_key(number);
    let stored = state.get(&object, None, MAX_OBJECTS).await?;
    let found = Digest::of(&stored.bytes);
    let text = std::str::from_utf8(&stored.bytes);
    match text {
        Ok(text) if found == expected => Ok(text.lines().map(str::to_owned).collect()),
        _ => {
            let detail = format!("expected SHA-256 {expected} by the hold, found {found}");
            Err(HoldError::Chain { object, detail })
        }
    }
}
