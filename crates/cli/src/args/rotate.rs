//! Flags of `rotate` and `officer`: keys.

use std::path::PathBuf;

use clap::Subcommand;
use dayseal_keys::{Arn, KeyRef};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal rotate signing-key --to arn:aws:kms:eu-west-1:111122223333:key/0a1b…
  dayseal seal; dayseal rotate signing-key --finish
  dayseal rotate wrapping-key --to new-wrapping-key.json
  dayseal rotate log-secret")]
pub(crate) struct RotateArgs {
    #[command(subcommand)]
    pub(crate) command: RotateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RotateCommand {
    /// Let another key sign: the next day sealed by both keys, later days by the new one
    SigningKey(RotateSigningKey),
    /// Let another key wrap the data keys of streams from now on
    WrappingKey(RotateWrappingKey),
    /// Make a new log secret, and keep the one before
    LogSecret,
    /// Destroy the log secret before the last rotation: whose its pseudonyms were nobody can tell any more
    ///
    /// Recorded in the log before and after (key.destroyed); after, because it was looked for and not found. Copies
    /// and backups are beyond the command.
    DestroyLogSecret(DestroyLogSecret),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal rotate destroy-log-secret qhrf2dee --reason 'ticket 12' --by dpo")]
pub(crate) struct DestroyLogSecret {
    /// Its version, as it stands in pseudonyms: p1:subject:VERSION:…
    #[arg(value_name = "VERSION")]
    pub(crate) secret_version: String,
    /// Why, as it will stand in the log
    #[arg(long)]
    pub(crate) reason: String,
    /// Who orders it, as it will stand in the log
    #[arg(long)]
    pub(crate) by: String,
    /// Do it; without, what would be done is shown
    #[arg(long)]
    pub(crate) yes: bool,
    /// It is gone already, destroyed by hand or by a run that was stopped: record it
    #[arg(long)]
    pub(crate) gone: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RotateSigningKey {
    /// The new key: an ARN, or the path of a key file, which is made if it is not there
    #[arg(long, value_name = "ARN|FILE")]
    pub(crate) to: Option<KeyRef>,
    /// Give the old key up, after a day was sealed by both
    #[arg(long)]
    pub(crate) finish: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RotateWrappingKey {
    /// The new key: an ARN, or the path of a key file, which is made if it is not there
    #[arg(long, value_name = "ARN|FILE")]
    pub(crate) to: KeyRef,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dayseal officer new dpo --out dpo.json
  dayseal officer new dpo --key arn:aws:kms:eu-west-1:111122223333:key/0a1b…
The key file, or the right to sign with the KMS key, belongs to the officer alone: not to who runs the log.")]
pub(crate) struct OfficerArgs {
    #[command(subcommand)]
    pub(crate) command: OfficerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OfficerCommand {
    /// Make an officer's key, or take one from KMS, and print the line for the policy
    New(OfficerNew),
}

#[derive(Debug, clap::Args)]
pub(crate) struct OfficerNew {
    /// Name of the person or role, such as dpo
    pub(crate) name: String,
    /// Make a key in this new file, which only its owner may read
    #[arg(long, value_name = "FILE", required_unless_present = "key", conflicts_with = "key")]
    pub(crate) out: Option<PathBuf>,
    /// Take this KMS key (ECC_NIST_EDWARDS25519)
    #[arg(long, value_name = "ARN")]
    pub(crate) key: Option<Arn>,
}
