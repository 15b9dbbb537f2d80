//! Anchoring: whether the log leads to the heads remembered elsewhere.

use dayseal_format::names::head_key;
use dayseal_format::{Checkpoint, Day, Digest};
use dayseal_store::StoreError;

use super::finding::{Finding, FindingCode as Code};
use super::report::{Check, CheckState};
use super::verifier::Verifier;
use super::walk::Walk;
use crate::SealError;
use crate::head::Head;

/// What comparing with one head showed.
enum Compared {
    Leads,
    /// The head is older than the range that was walked.
    OutOfRange,
    RolledBack(u64),
    Diverged,
}

impl Verifier<'_> {
    /// Compares the walk with the head in the state root and the one the caller remembered.
    /// Whether any head could be compared, and a line for each.
    pub(super) async fn anchor(&self, walk: &mut Walk) -> Result<(bool, Vec<Check>), StoreError> {
        let mut checks = Vec::new();
        let mut anchored = false;
        if let Some(state) = self.state {
            let name = "head in the state root";
            let object = format!("{}/{}", state.url(), head_key(&self.origin));
            match Head::read(state, &self.origin, &self.keys).await {
                Ok(Some(head)) => {
                    anchored |=
                        self.compare_head(walk, name, object, &head.checkpoint, &mut checks);
                }
                Ok(None) => checks.push(not_checked(name, "there is none: only `init` makes one")),
                Err(SealError::Store(e)) => {
                    walk.find(Finding::new(Code::Unreadable, None, object, e.to_string()));
                    checks.push(not_checked(name, &e.to_string()));
                }
                Err(SealError::Checkpoint { .. }) if self.head_is_unnamed(walk, state).await => {
                    let detail = "signed by a key that the policy does not name";
                    walk.find(Finding::new(Code::UnnamedKey, None, object, detail));
                    checks.push(not_checked(name, detail));
                }
                Err(e) => {
                    walk.find(Finding::new(Code::Diverged, None, object, e.to_string()));
                    let state = CheckState::Failed;
                    checks.push(Check { name: name.into(), state, detail: e.to_string() });
                }
            }
        } else {
            checks.push(not_checked("head in the state root", "no state root given"));
        }
        match &self.options.known_head {
            Some(head) => {
                let object = "the known head".to_owned();
                anchored |= self.compare_head(walk, "known head", object, head, &mut checks);
            }
            None if self.options.first_run => {
                checks.push(not_checked("known head", "first run: none is remembered yet"));
            }
            None => checks.push(not_checked("known head", "none given")),
        }
        Ok((anchored, checks))
    }

    fn compare_head(
        &self,
        walk: &mut Walk,
        name: &str,
        object: String,
        head: &Checkpoint,
        checks: &mut Vec<Check>,
    ) -> bool {
        let leaves = head.size;
        let compared = self.relation(walk, head);
        let (done, state, detail) = match compared {
            Compared::Leads => {
                (true, CheckState::Checked, format!("{leaves} leaves, led to by the log"))
            }
            Compared::OutOfRange => {
                let why =
                    format!("its {leaves} leaves lie outside the days that are kept and walked");
                (false, CheckState::NotChecked, why)
            }
            Compared::RolledBack(found) => {
                let detail = format!("expected at least {leaves} leaves, found {found}");
                walk.find(Finding::new(Code::RolledBack, None, object, detail.clone()));
                (true, CheckState::Failed, detail)
            }
            Compared::Diverged => {
                let detail = format!("no day of the log has its {leaves} leaves with its root");
                walk.find(Finding::new(Code::Diverged, None, object, detail.clone()));
                (true, CheckState::Failed, detail)
            }
        };
        checks.push(Check { name: name.into(), state, detail });
        done
    }

    fn relation(&self, walk: &Walk, head: &Checkpoint) -> Compared {
        let here: Option<&(Day, u64, Digest)> =
            walk.boundaries.iter().find(|(_, size, _)| *size == head.size);
        let newest = walk.boundaries.last().map_or(0, |b| b.1);
        match here {
            Some((_, _, root)) if *root == head.root => Compared::Leads,
            Some(_) => Compared::Diverged,
            None if head.size == 0 => Compared::Leads,
            // A seal under way moves the head before it publishes the checkpoint.
            None if walk.tip == Some((head.size, head.root)) => Compared::Leads,
            None if head.size > newest && self.options.last.is_some() => Compared::OutOfRange,
            None if head.size > newest => Compared::RolledBack(newest),
            None if walk.boundaries.first().is_some_and(|b| head.size < b.1)
                && walk.first.is_some_and(|f| f > self.first_day) =>
            {
                Compared::OutOfRange
            }
            // Boundaries of days that may be gone may be gone with them.
            None if walk.boundaries.iter().any(|b| walk.chain_over(b.0) && head.size < b.1) => {
                Compared::OutOfRange
            }
            None => Compared::Diverged,
        }
    }
}

fn not_checked(name: &str, why: &str) -> Check {
    Check { name: name.into(), state: CheckState::NotChecked, detail: why.into() }
}
