//! The certificate of an erasure: what an officer signs for the person, and for whoever asks later.

use dayseal_format::event::EventId;
use dayseal_format::statement::{Lines, Signed, Statement, StatementError};
use dayseal_format::{Day, Note, Origin, UnixMillis, VerifierKey};

use super::job::{Counts, Job};

/// Its kind.
const KIND: &str = "dayseal-erasure";

/// Whether a certificate will be able to say what the order says.
pub(super) fn check_words(job: &Job) -> Result<(), StatementError> {
    let mut statement = Statement::new(KIND, job.origin.clone(), job.time)
        .with("reason", &job.reason)?
        .with("exemption", &job.exemption)?;
    for name in &job.subjects {
        statement = statement.with("subject", name)?;
    }
    Ok(())
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Certificate {
    /// The log.
    pub origin: Origin,
    /// When it was made, by the clock of who signed.
    pub time: UnixMillis,
    /// The entry that records the order.
    pub receipt: EventId,
    /// When it was ordered.
    pub ordered: UnixMillis,
    /// The entry that records the end.
    pub completed: EventId,
    /// When it ended.
    pub ended: UnixMillis,
    /// The person's names in frames. No real id.
    pub subjects: Vec<String>,
    /// Why.
    pub reason: String,
    /// What was erased.
    pub erased: Counts,
    /// The oldest day that something was erased of.
    pub from: Option<Day>,
    /// No frame of these names is left on any day up to this one.
    pub through: Day,
    /// Number of the last hold that was looked at.
    pub holds: u32,
    /// What keeps the entries.
    pub exemption: String,
    /// What is still there, in words.
    pub remains: Vec<String>,
}

impl Certificate {
    /// Of a job that is done; `None` before. `retention_days` is how long entries are kept.
    pub fn of(job: &Job, retention_days: u32, now: UnixMillis) -> Option<Self> {
        let end = job.completed.as_ref().filter(|_| job.is_done())?;
        let kept = end.time.day().checked_add(i32::try_from(retention_days).unwrap_or(i32::MAX));
        let kept = kept.map_or_else(|| "the end of their retention".to_owned(), |d| d.to_string());
        let pseudonymous = job.subjects.iter().any(|name| name.starts_with("p1:"));
        let mut remains = vec![format!(
            "entries of the log under these names, kept until {kept} at the latest by {}",
            job.exemption
        )];
        remains.push(if pseudonymous {
            "who holds the log secret can confirm a guess of whom the names stand for; destroying that secret ends it, for all persons at once".to_owned()
        } else {
            "this log has no pseudonyms: the names are the ids that were given".to_owned()
        });
        Some(Self {
            origin: job.origin.clone(),
            time: now,
            receipt: job.receipt,
            ordered: job.time,
            completed: end.id,
            ended: end.time,
            subjects: job.subjects.clone(),
            reason: job.reason.clone(),
            erased: job.total(),
            from: job.erased.keys().find_map(|day| day.parse().ok()),
            through: end.through,
            holds: job.holds,
            exemption: job.exemption.clone(),
            remains,
        })
    }

    /// The statement to be signed.
    ///
    /// # Errors
    /// [`StatementError`] if a reason or a name cannot be stated: line breaks, characters that hide text.
    pub fn statement(&self) -> Result<Statement, StatementError> {
        let mut statement = Statement::new(KIND, self.origin.clone(), self.time)
            .with("receipt", self.receipt)?
            .with("ordered", self.ordered)?
            .with("completed", self.completed)?
            .with("ended", self.ended)?;
        for name in &self.subjects {
            statement = statement.with("subject", name)?;
        }
        statement = statement
            .with("reason", &self.reason)?
            .with("objects", self.erased.objects)?
            .with("frames", self.erased.frames)?
            .with("records", self.erased.records)?;
        if let Some(from) = self.from {
            statement = statement.with("from", from)?;
        }
        statement = statement
            .with("through", self.through)?
            .with("holds", self.holds)?
            .with("exemption", &self.exemption)?;
        for text in &self.remains {
            statement = statement.with("remains", text)?;
        }
        Ok(statement)
    }

    /// Reads a certificate and who signed it: one of `officers`, which come from the policy; nobody if
    /// it has no signature at all.
    ///
    /// # Errors
    /// [`StatementError`], by what is wrong.
    pub fn read(
        bytes: &[u8],
        origin: &Origin,
        officers: &[VerifierKey],
    ) -> Result<(Self, Vec<VerifierKey>), StatementError> {
        if Note::parse(bytes).is_err()
            && let Ok(text) = std::str::from_utf8(bytes)
            && let Ok(statement) = Statement::parse_text(text)
        {
            // Nobody signed: what it says may still be right, which the log has to tell.
            return Ok((Self::said(&statement, origin)?, Vec::new()));
        }
        let Signed { statement, signers } = Statement::open(bytes, KIND, origin, officers)?;
        Ok((Self::said(&statement, origin)?, signers))
    }

    fn said(statement: &Statement, origin: &Origin) -> Result<Self, StatementError> {
        if statement.kind() != KIND {
            let (expected, found) = (KIND.to_owned(), statement.kind().to_owned());
            return Err(StatementError::Kind { expected, found });
        }
        if statement.origin() != origin {
            let (expected, found) = (origin.clone(), statement.origin().clone());
            return Err(StatementError::Origin { expected, found });
        }
        let mut lines: Lines<'_> = statement.lines();
        let said = Self {
            origin: origin.clone(),
            time: statement.time(),
            receipt: lines.one("receipt")?,
            ordered: lines.one("ordered")?,
            completed: lines.one("completed")?,
            ended: lines.one("ended")?,
            subjects: lines.all("subject")?,
            reason: lines.one("reason")?,
            erased: Counts {
                objects: lines.one("objects")?,
                frames: lines.one("frames")?,
                records: lines.one("records")?,
            },
            from: lines.maybe("from")?,
            through: lines.one("through")?,
            holds: lines.one("holds")?,
            exemption: lines.one("exemption")?,
            remains: lines.all("remains")?,
        };
        lines.end()?;
        Ok(said)
    }

    /// What differs from the job in the state root, in words.
    pub fn differs(&self, job: &Job) -> Vec<String> {
        let Some(other) = Self::of(job, 0, self.time) else {
            return vec![format!("the erasure {} is not completed", job.receipt)];
        };
        let pairs = [
            ("completed", self.completed.to_string(), other.completed.to_string()),
            ("subject", self.subjects.join(", "), other.subjects.join(", ")),
            ("reason", self.reason.clone(), other.reason),
            ("objects", self.erased.objects.to_string(), other.erased.objects.to_string()),
            ("frames", self.erased.frames.to_string(), other.erased.frames.to_string()),
            ("records", self.erased.records.to_string(), other.erased.records.to_string()),
            ("through", self.through.to_string(), other.through.to_string()),
        ];
        let differ = pairs.into_iter().filter(|(_, said, is)| said != is);
        differ
            .map(|(what, said, is)| format!("{what}: the certificate says {said}, the job {is}"))
            .collect()
    }
}
