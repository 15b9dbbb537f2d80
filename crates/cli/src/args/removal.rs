//! Flags of `dayseal removal`.

use clap::Subcommand;
use dayseal_format::BatchKey;

use super::Order;

#[derive(Debug, clap::Args)]
pub(crate) struct RemovalArgs {
    #[command(subcommand)]
    pub(crate) command: RemovalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RemovalCommand {
    /// Order that a batch goes before its time
    ///
    /// A statement that an officer signs, kept in the state root; the next seal copies it into the log, and from then on
    /// the object may go. A batch goes as a whole. To erase the contents of one person use `subject erase`.
    Order(RemovalOrder),
    /// List the orders: which are recorded, and which batches are gone
    ///
    /// Of orders that officers of the policy signed; `verify` tells the others.
    List,
    /// Let go what recorded orders name; a dry run without --yes
    ///
    /// Deletes from a directory. For a bucket it prints the command for each version, to be run with the right to
    /// bypass GOVERNANCE retention. What a legal hold covers stays. Exit code 1 if something is held.
    Apply(RemovalApply),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  dayseal removal order --object entries/2026-11-20/…/00000000-….batch --reason 'case 7' --basis court-order --officer dpo --sign-with dpo.json")]
pub(crate) struct RemovalOrder {
    /// Key of the batch, as `show` and `get` print it
    #[arg(long, value_name = "KEY")]
    pub(crate) object: BatchKey,
    /// Why; at most 256 bytes. It is in the log for ever: a case, never a person
    #[arg(long)]
    pub(crate) reason: String,
    /// By what law or order: a-z, 0-9 and -, such as gdpr-17 or court-order
    #[arg(long)]
    pub(crate) basis: String,
    #[command(flatten)]
    pub(crate) order: Order,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RemovalApply {
    /// Delete; there is no way back
    #[arg(long)]
    pub(crate) yes: bool,
}
