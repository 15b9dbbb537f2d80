//! What a bundle says to people.

use super::{About, Show};

/// The text of `README.txt`.
pub(super) fn text(about: &About) -> String {
    let About { origin, first, last, made_at, made_by, .. } = about;
    let entries = match about.entries {
        Show::Shown => {
            "a line for each entry: its salt (32 hexadecimal digits), a space, the entry.
      The leaf of an entry is SHA-256(0x00 | salt | entry), all as bytes."
        }
        Show::Digests => {
            "a line for each entry: its leaf, SHA-256(0x00 | salt | entry), which tells nothing
      of the entry to one who has not the salt."
        }
    };
    format!(
        "Evidence of the audit log {origin}
Days {first} to {last}, made {made_at} by {made_by}

CHECK IT

  dayseal verify-bundle . --policy YOUR-POLICY

with the policy that you have from elsewhere. The file `policy` in here is a copy by whoever made
this bundle, who also wrote these lines and, if there is one, the report: none of them is a reason
to trust anything.

BY HAND

  1. sha256sum -c SHA256SUMS
     shows that nothing was damaged on the way. It shows no more.
  2. evidence/checkpoints/DAY is a signed note (c2sp.org/signed-note) with a checkpoint
     (c2sp.org/tlog-checkpoint): the log, the number of leaves, the root of its tree (RFC 6962).
     Check the Ed25519 signature with the verifier key of your policy.
  3. evidence/manifests/DAY.ndjson: each line without its newline is a leaf of that tree. The first
     names the tree before (`size`, `frontier`), which is that of the checkpoint of the day before, unless that has expired;
     with the day's lines it grows to the tree of the day's checkpoint.
  4. entries/DAY.txt: for each line of kind `batch`, in order, a line with its key and
     {entries}
     RFC 6962 over the leaves gives the `root` in the manifest's line.
     `absent`: the batch had expired, was missing, could not be opened, or was removed by the
     signed order in removals/, named by the digest in the batch's key.

WHAT IT SHOWS

  That these entries stood in the log when the checkpoints were signed, and that no batch of these
  days was left out in silence. Not that what they say is true, and not that a batch is authentic
  under its wrapping key: that takes the log and the key (`dayseal verify`).

docs/spec/bundle.md, manifest.md, checkpoint.md and batch.md of dayseal have every byte.
"
    )
}
