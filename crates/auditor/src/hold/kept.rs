//! What a deletion by age must leave where it is.

use std::collections::BTreeSet;

use dayseal_store::{Store, StoreError};

use super::{Holds, Scope};
use crate::subject::scan::Scan;

/// Objects looked into at once.
const JOBS: usize = 8;

/// The objects that standing holds keep, whatever their age.
#[derive(Debug)]
pub struct Kept<'a> {
    holds: &'a Holds,
    /// Content objects that name somebody held, or that could not be looked into.
    named: BTreeSet<String>,
}

impl<'a> Kept<'a> {
    /// Looks into every content object if a hold is by person.
    ///
    /// # Errors
    /// [`StoreError`] if the content root cannot be read.
    pub async fn find(holds: &'a Holds, content: Option<&dyn Store>) -> Result<Self, StoreError> {
        let mut subjects = Vec::new();
        for hold in holds.standing() {
            if let Scope::Subjects(names) = &hold.scope {
                subjects.extend(names.iter().cloned());
            }
        }
        let mut named = BTreeSet::new();
        if let Some(content) = content.filter(|_| !subjects.is_empty()) {
            let mut scan = Scan::new(content, &subjects, JOBS, None);
            while let Some(window) = scan.next().await? {
                named.extend(window.hits.into_iter().map(|hit| hit.object));
                named.extend(window.problems.into_iter().map(|problem| problem.object));
            }
        }
        Ok(Self { holds, named })
    }

    /// Whether a hold keeps this object: of either root by its day, of the content root also by whom
    /// it is about and by label.
    pub fn keeps(&self, object: &str) -> bool {
        self.named.contains(object) || self.holds.covering(object, &[]).is_some()
    }
}
