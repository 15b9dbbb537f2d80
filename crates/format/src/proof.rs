//! Proof files: that a leaf record is in the log.
//!
//! Source: c2sp.org/tlog-proof. A proof carries its checkpoint; it is worth what the signatures on
//! that checkpoint are worth, so [`Proof::verify`] is the only way to a verdict.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::{leaf_hash, root_of_inclusion};
use crate::{Digest, Origin, VerifierKey};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves has audit paths of at most 64 hashes.
const MAX_PATH: usize = 64;
/// Longest proof file, in bytes: the longest note and a path of 64 hashes.
pub const MAX_PROOF: usize = crate::note::MAX_NOTE + 16 * 1024;

/// An inclusion proof of one leaf with the checkpoint it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Number of the leaf, from 0.
    pub index: u64,
    /// Audit path, leaf to root.
    pub path: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// A proof that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Not a proof file.
    #[error("malformed proof: {0}")]
    Malformed(&'static str),
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from this leaf to the checkpoint's root.
    #[error(
        "the proof does not lead from leaf {index} to the checkpoint's root: another record, or an altered proof"
    )]
    Root {
        /// Number of the leaf.
        index: u64,
    },
}

impl Proof {
    /// The text of a `.tlog-proof` file.
    pub fn encode(&self) -> String {
        let mut out = format!("{HEADER}\nindex {}\n", self.index);
        for hash in &self.path {
            out.push_str(&STANDARD.encode(hash.0));
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    /// Parses a `.tlog-proof` file. Verifies nothing. `extra` lines are refused: dayseal writes none
    /// and they are not authenticated.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let bad = ProofError::Malformed;
        if text.len() > MAX_PROOF {
            return Err(bad("longer than 272 KiB"));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(bad("no empty line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(bad("the first line is not c2sp.org/tlog-proof@v1"));
        }
        let index =
            lines.next().and_then(|l| l.strip_prefix("index ")).ok_or(bad("no index line"))?;
        let number: u64 = index.parse().map_err(|_| bad("the index is not a number"))?;
        if number.to_string() != index {
            return Err(bad("the index is not in its one spelling"));
        }
        let path = lines
            .map(|line| {
                let hash = STANDARD.decode(line).map_err(|_| bad("a hash is not base64"))?;
                hash.try_into().map(Digest).map_err(|_| bad("a hash has 32 bytes"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if path.len() > MAX_PATH {
            return Err(bad("more than 64 hashes"));
        }
        Ok(Self { index: number, path, checkpoint: checkpoint.to_owned() })
    }

    /// The checkpoint, if `record` (a manifest line without newline) is the proven leaf of a log
    /// signed by a known key.
    ///
    /// # Errors
    /// [`ProofError`], by what fails.
    pub fn verify(
        &self,
        record: &[u8],
        origin: &Origin,
        known: &[VerifierKey],
    ) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), origin, known)?;
        let root = root_of_inclusion(leaf_hash(record), self.index, checkpoint.size, &self.path);
        if root == Some(checkpoint.root) {
            Ok(checkpoint)
        } else {
            Err(ProofError::Root { index: self.index })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::inclusion_proof;

    const VKEY: &str =
        "audit.example.com/acme/prod+db22d6f9+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    const NOTE: &str = "audit.example.com/acme/prod\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n\u{2014} audit.example.com/acme/prod 2yLW+cSVh/oXpUZVkgGNFafopbuj3j6WDKsn51/KsqT47Dl13eIyqhDEnd8m7exXIMeZ9f/mL1Z4mtBTlXc5QWDQogQ=\n";

    fn leaves() -> Vec<Vec<u8>> {
        [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .iter()
        .map(|h| hex::decode(h).unwrap())
        .collect()
    }

    #[test]
    fn proves_each_leaf_and_nothing_else() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let origin: Origin = key.name().parse().unwrap();
        let hashes: Vec<_> = leaves().iter().map(|l| leaf_hash(l)).collect();
        for (i, leaf) in leaves().iter().enumerate() {
            let path = inclusion_proof(&hashes, i).unwrap();
            let proof = Proof { index: i as u64, path, checkpoint: NOTE.into() };
            let again = Proof::parse(&proof.encode()).unwrap();
            assert_eq!(again, proof);
            assert_eq!(again.verify(leaf, &origin, std::slice::from_ref(&key)).unwrap().size, 8);
            let other = again.verify(b"other", &origin, std::slice::from_ref(&key));
            assert!(matches!(other, Err(ProofError::Root { .. })));
        }
    }

    #[test]
    fn hostile_files_are_refused() {
        for bad in [
            "",
            "c2sp.org/tlog-proof@v1\nindex 01\n\n",
            "c2sp.org/tlog-proof@v1\nindex 0\nAA\n\n",
            "c2sp.org/tlog-proof@v2\nindex 0\n\n",
            "c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\n",
        ] {
            assert!(Proof::parse(bad).is_err(), "{bad:?}");
        }
    }
}
