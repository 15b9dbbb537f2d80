//! Seals the days of a log into a signed chain, and verifies logs.
//!
//! Decisions about bytes are `dayseal-format`'s; this crate reads and writes stores in the right
//! order. Time is a parameter: the library never reads a clock.
//!
//! | part | what | normative |
//! | --- | --- | --- |
//! | [`create_log`] | the first checkpoint, signed over nothing; refuses an existing log | `docs/spec/sealing.md` |
//! | [`Sealer`] | every unsealed day into a manifest and a checkpoint; finishes what a crash left | `docs/spec/sealing.md` |
//! | [`Verifier`] | four levels, three verdicts, findings with stable codes, one exit code | `docs/threat-model.md` |
//! | [`content`] | contents of entries: present, erased, expired, missing or altered | `docs/spec/content.md` |
//! | [`expiry`] | how long manifests and checkpoints outlive what they list | `docs/spec/manifest.md` |
//! | [`watch`] | what a scheduled verifier does: forward from its memory, a share of the past again | `docs/functions.md` |
//! | [`days`] | sealed days, each compared with its signed checkpoint | `docs/spec/manifest.md` |
//! | [`index`] | a sealed day's hints in one object, by which searches leave batches unread | `docs/spec/hints.md` |
//! | [`receipts`] | completed erasures against the frames that are there | `docs/spec/erasure.md` |
//! | [`read`] | opened batches, and what became of an acknowledgement; verifies nothing else | `docs/spec/acknowledgement.md` |
//!
//! # What it trusts
//! A sealer trusts its signing key, its clock as far as time goes forward, and the head in the state
//! root; it holds no data key and does not know whether entries are authentic. A verifier trusts the
//! policy and the head its caller remembered, and nothing that the stores say: what they say is
//! compared with digests and signatures. What no verifier can see stands under "Out of reach" in
//! `docs/threat-model.md`.

pub mod content;
mod cpu;
mod create;
pub mod days;
pub mod expiry;
pub mod follow;
mod head;
pub mod index;
mod key_cache;
mod lines;
mod objects;
pub mod read;
pub mod receipts;
pub mod seal;
pub mod verify;
pub mod watch;

pub use create::{LogSettings, create_log};
pub use seal::{SealError, SealSummary, SealedDay, Sealer};
pub use verify::{Report, Verifier, VerifyError, VerifyOptions};
