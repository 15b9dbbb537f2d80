//! What a verification can find.

use dayseal_format::{Day, Digest};
use serde::{Deserialize, Serialize};

/// What a finding means for the verdict; of several, the first in this order decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something was changed, put in or contradicts itself. Exit 1.
    Altered,
    /// The log is not the one that was remembered. Exit 5.
    RolledBack,
    /// Something is missing. Exit 4.
    Incomplete,
    /// Something could not be checked. Exit 3.
    Unchecked,
}

impl Outcome {
    /// The stable exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Altered => 1,
            Self::RolledBack => 5,
            Self::Incomplete => 4,
            Self::Unchecked => 3,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $outcome:ident $remedy:literal;)+) => {
        /// The kind of a finding: a stable name, what it means, what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[$doc])* $name,)+
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name used in output and policies.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What it means for the verdict.
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$name => Outcome::$outcome,)+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

codes! {
    /// An object's bytes are not the sealed ones.
    AlteredObject "altered_object" Altered "compare with a backup; find out who could write";
    /// A manifest is malformed or does not lead to its signed checkpoint.
    AlteredManifest "altered_manifest" Altered "restore the manifest from a backup; find out who could write";
    /// A checkpoint is malformed or of another log.
    AlteredCheckpoint "altered_checkpoint" Altered "restore the checkpoint from a backup";
    /// A signature by a known key does not verify, or no known key signed.
    BadSignature "bad_signature" Altered "check the policy's keys; if they are right, the checkpoint was forged";
    /// A day does not continue the tree of the day before.
    TreeMismatch "tree_mismatch" Altered "one of the two days was replaced; compare with a backup";
    /// A sealing time before an earlier one, or before the day's end.
    ClockBackwards "clock_backwards" Altered "find out what clock the sealer had";
    /// An object lies in the log's place and no manifest lists it.
    UnlistedObject "unlisted_object" Altered "find out who put it there; it is no evidence of this log";
    /// A key has a version that no manifest lists.
    ExtraVersion "extra_version" Altered "the listed version still stands; find out who wrote another";
    /// A delete marker hides an object before its time.
    DeleteMarker "delete_marker" Altered "remove the marker; find out who could delete";
    /// The listed version is gone and another one is there.
    MovedVersion "moved_version" Altered "verify at level objects: the bytes decide; find out who replaced it";
    /// The sealer found an object that is no batch of the log.
    StrayObject "stray_object" Altered "find out who put it there; if known, name it in the policy";
    /// Batches of one stream contradict one another.
    Conflict "conflict" Altered "find out whether the producer was forked, resumed or impersonated";
    /// A manifest says something else than the batch's header, or a header than its entries.
    HeaderMismatch "header_mismatch" Altered "the sealer or the producer lied, or has a bug";
    /// The hints of a batch are not those of its entries.
    HintsMismatch "hints_mismatch" Altered "searches may miss its entries: search with --full; its producer lied, or has a bug";
    /// A data key was wrapped by a key that the policy does not name.
    ForeignKey "foreign_key" Altered "the batch is not by one of your producers, or the policy lacks a key";
    /// A batch does not open under its own key.
    WrongKeyOrForged "wrong_key_or_forged" Altered "the batch was made by someone without the key";
    /// Decrypted entries are not what the format allows.
    BadEntry "bad_entry" Altered "the producer that wrote it is broken or hostile";
    /// A content is not what its entry commits to, or its object was changed.
    AlteredContent "altered_content" Altered "the entry still says what it was by digest; find out who could write to the content root";
    /// Content was erased for a request that the log does not have.
    UnreceiptedErasure "unreceipted_erasure" Altered "find out who could write to the content root: no erasure of the log took it out";
    /// Content of somebody whose erasure is completed.
    NotErased "not_erased" Altered "erase again; find out whether a backup was restored";
    /// A removal was recorded by an order that no officer of the policy gave, or of another batch.
    UnapprovedRemoval "unapproved_removal" Altered "ask the officers; if the order is theirs, the policy lacks its `officer` line";
    /// Evidence may expire before the policy's floor.
    RetentionShortened "retention_shortened" Altered "restore the retention before the objects expire";
    /// The log is shorter than a remembered head.
    RolledBack "rolled_back" RolledBack "restore what was removed; do not seal until then";
    /// The log and a remembered head contradict each other.
    Diverged "diverged" RolledBack "two histories were signed; find out where the signing key is used";
    /// A sealed object is not there before its time.
    MissingObject "missing_object" Incomplete "restore it from a backup: its digest is in the manifest; if an officer ordered its removal, it counts once a seal has recorded the order";
    /// A content is not there before its time, and was not erased.
    MissingContent "missing_content" Incomplete "find out who could delete in the content root";
    /// A day's manifest is not there.
    MissingManifest "missing_manifest" Incomplete "restore it from a backup";
    /// A day's checkpoint is not there.
    MissingCheckpoint "missing_checkpoint" Incomplete "run seal again, or restore it from a backup";
    /// Days that should be sealed are not.
    MissingDay "missing_day" Incomplete "run seal; if it fails, see its error";
    /// Batches are missing inside a stream.
    Gap "gap" Incomplete "ask the producer for the batches, or explain the loss";
    /// A service that the policy expects was not heard of.
    SilentService "silent_service" Incomplete "find out whether the service still records";
    /// Signed by a key that the log announced and the policy does not name.
    UnnamedKey "unnamed_key" Unchecked "ask the log's owner over another channel; if the key is theirs, add its `log` line to the policy";
    /// Something could not be read or opened.
    Unreadable "unreadable" Unchecked "give the verifier the right it lacks, or try again";
}

/// One finding: what, where, expected and found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of this finding, for the policy's `known-finding`.
    pub id: String,
    /// Its kind.
    pub code: FindingCode,
    /// The day it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// The object it is about.
    pub object: String,
    /// Expected and found, in words. Never contents.
    pub detail: String,
}

impl Finding {
    /// A finding about `object`. The id depends on code and object only, so that it stays the same
    /// from run to run.
    pub fn new(
        code: FindingCode,
        day: impl Into<Option<Day>>,
        object: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let object = object.into();
        let hash = Digest::of(format!("{}\n{object}", code.as_str()).as_bytes()).to_string();
        // Stray names come from strangers: no control character may reach a terminal.
        let clean = |text: String| -> String {
            let shown = text.chars().take(600);
            shown.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
        };
        Self {
            id: format!("{}-{}", code.as_str(), &hash[..12]),
            code,
            day: day.into(),
            object: clean(object),
            detail: clean(detail.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_json_and_are_distinct() {
        let mut names: Vec<_> = FindingCode::ALL.iter().map(|c| c.as_str()).collect();
        for code in FindingCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.as_str()));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FindingCode::ALL.len());
    }
}
