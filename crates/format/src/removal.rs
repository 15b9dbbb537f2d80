//! Lawful removal: an officer's order that a batch goes before its time.
//!
//! A signed statement `dayseal-removal` with three lines: `object`, `reason`, `basis`. It lies in the
//! state root until a seal copies it into a leaf record `removed`. Normative: `docs/spec/manifest.md`,
//! "Lawful removal".

use crate::statement::{Signed, Statement, StatementError};
use crate::{BatchKey, Day, Digest, Origin, UnixMillis, VerifierKey};

/// Kind of the statement.
pub const KIND: &str = "dayseal-removal";
/// Where orders lie in the state root.
pub const ORDERS: &str = "removals/";
/// Longest basis in bytes.
const MAX_BASIS: usize = 64;

/// What is removed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The batch; its digest is in its key.
    pub object: BatchKey,
    /// Why, in words: 1 to 1,024 bytes.
    pub reason: String,
    /// By what law or order, such as `gdpr-17`: 1 to 64 of `a`–`z`, `0`–`9`, `-`.
    pub basis: String,
}

impl Removal {
    /// The statement to sign.
    ///
    /// # Errors
    /// [`StatementError::Malformed`] for a reason or basis that it cannot hold.
    pub fn statement(&self, origin: Origin, now: UnixMillis) -> Result<Statement, StatementError> {
        let statement = Statement::new(KIND, origin, now)
            .with("object", self.object)?
            .with("reason", &self.reason)?
            .with("basis", &self.basis)?;
        Self::of(&statement)?;
        Ok(statement)
    }

    /// Opens an order about the log `origin` that one of `officers` signed.
    ///
    /// # Errors
    /// [`StatementError`], by what is wrong.
    pub fn open(
        note: &[u8],
        origin: &Origin,
        officers: &[VerifierKey],
    ) -> Result<(Self, Signed), StatementError> {
        let signed = Statement::open(note, KIND, origin, officers)?;
        Ok((Self::of(&signed.statement)?, signed))
    }

    /// Reads an order about the log `origin`, whoever signed it: for who does not decide by it.
    ///
    /// # Errors
    /// [`StatementError`], by what is wrong.
    pub fn unverified(note: &[u8], origin: &Origin) -> Result<(Self, Statement), StatementError> {
        let statement = Statement::unverified(note, KIND, origin)?;
        Ok((Self::of(&statement)?, statement))
    }

    fn of(statement: &Statement) -> Result<Self, StatementError> {
        let mut lines = statement.lines();
        let object = lines.one("object")?;
        let reason = lines.one("reason")?;
        let basis: String = lines.one("basis")?;
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if basis.len() > MAX_BASIS || !basis.bytes().all(letter) {
            return Err(lines.bad("a basis has 1 to 64 of a-z, 0-9 and -".into()));
        }
        lines.end()?;
        Ok(Self { object, reason, basis })
    }
}

/// Where the orders of a day lie in the state root: `removals/<day>/`.
pub fn orders_prefix(day: Day) -> String {
    format!("{ORDERS}{day}/")
}

/// Where an order lies in the state root: `removals/<day of its time>/<SHA-256 of its bytes>`.
pub fn order_key(day: Day, note: &[u8]) -> String {
    format!("{}{}", orders_prefix(day), Digest::of(note))
}
