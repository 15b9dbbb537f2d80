//! What the records' own chain or checksums say.

use serde::Serialize;

/// What a format has to check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Nothing.
    #[default]
    None,
    /// Each record names the hash of the one before.
    Chain,
    /// Each record has a checksum of itself.
    Checksums,
    /// Records with content have a plain hash of it.
    ContentHashes,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// There was nothing to check.
    None,
    /// All that was checked fits.
    Intact,
    /// Something does not.
    Broken,
}

/// What was checked in one file, and where it first did not fit.
///
/// None of these checks needs a key: whoever could write the file could make it fit. Intact says that
/// nothing went wrong by accident, and no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// What is checked.
    pub kind: CheckKind,
    /// Hashes compared.
    pub checked: u64,
    /// Of these, those that did not fit.
    pub failed: u64,
    /// Line of the first that did not fit.
    pub line: Option<u64>,
    /// What did not fit there.
    pub reason: Option<&'static str>,
}

impl Check {
    pub(crate) fn new(kind: CheckKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// How it ended.
    pub fn state(&self) -> CheckState {
        match (self.failed, self.checked) {
            (0, 0) => CheckState::None,
            (0, _) => CheckState::Intact,
            _ => CheckState::Broken,
        }
    }

    pub(crate) fn note(&mut self, line: u64, failure: Option<&'static str>) {
        self.checked += 1;
        if let Some(reason) = failure {
            self.failed += 1;
            if self.line.is_none() {
                (self.line, self.reason) = (Some(line), Some(reason));
            }
        }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            CheckKind::None => return f.write_str("no chain or checksum of its own"),
            CheckKind::Chain => "chain",
            CheckKind::Checksums => "checksums",
            CheckKind::ContentHashes => "content hashes",
        };
        match (self.state(), self.line) {
            (CheckState::None, _) => write!(f, "{what}: nothing to check"),
            (CheckState::Broken, Some(line)) => {
                let reason = self.reason.unwrap_or("does not fit");
                write!(f, "{what}: BROKEN at line {line}: {reason}")?;
                match self.failed {
                    1 => Ok(()),
                    n => write!(f, "; {n} of {} do not fit", self.checked),
                }
            }
            _ => write!(f, "{what}: intact, {} checked", self.checked),
        }
    }
}
