//! `dayseal subject`

mod certificate;
mod erase;
mod export;
mod people;

use async_trait::async_trait;
use dayseal::{Acknowledgement, AuditLog, EventDraft};
use dayseal_auditor::subject::Recorder;

use crate::args::{Args, SubjectArgs, SubjectCommand};
use crate::exit::Exit;

pub(crate) use people::{Signing, names, random_id};

pub(crate) async fn run(args: &Args, own: &SubjectArgs) -> anyhow::Result<Exit> {
    match &own.command {
        SubjectCommand::Export(own) => export::run(args, own).await,
        SubjectCommand::Erase(own) => erase::run(args, own).await,
        SubjectCommand::Certificate(own) => certificate::run(args, own).await,
    }
}

/// Records through the producer library.
#[derive(Debug)]
pub(crate) struct Producer(pub(crate) AuditLog);

#[async_trait]
impl Recorder for Producer {
    async fn record(
        &self,
        event: EventDraft,
    ) -> Result<Acknowledgement, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.record_durable(event).await?)
    }
}
