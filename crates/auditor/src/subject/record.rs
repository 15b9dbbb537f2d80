//! The entries that an erasure leaves in the log.

use async_trait::async_trait;
use dayseal_format::Acknowledgement;
use dayseal_format::event::{
    Actor, Correlation, Event, EventBuilder, EventDraft, Outcome, Privacy, Reason,
};

use super::error::EraseError;
use super::job::{Completion, Counts, Job};

/// Begins every label of these entries.
const LABELS: &str = "erasure.";
/// What the entries say they are for.
const PURPOSE: &str = "data_subject_rights";

/// Records entries durably: a producer.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Returns once the entry is stored. It keeps the event's id, times and names as they are.
    ///
    /// # Errors
    /// Whatever kept it from being known to be stored.
    async fn record(
        &self,
        event: EventDraft,
    ) -> Result<Acknowledgement, Box<dyn std::error::Error + Send + Sync>>;
}

/// The order: its id is the receipt.
pub(super) fn requested(job: &Job) -> Result<EventDraft, EraseError> {
    let event = Event::builder("privacy.erasure.requested").id(job.receipt).time(job.time);
    let event = counts(event.logged_time(job.time), job.planned);
    Ok(common(event, job, "erase").build()?)
}

/// The end. `parent_event` is the receipt.
pub(super) fn completed(job: &Job, end: &Completion) -> Result<EventDraft, EraseError> {
    let event = Event::builder("privacy.erasure.completed").id(end.id).time(end.time);
    let event = counts(event.logged_time(end.time), job.total())
        .correlation(Correlation::default().parent_event(job.receipt))
        .label(format!("{LABELS}through"), end.through.to_string());
    Ok(common(event, job, "erase").build()?)
}

fn counts(event: EventBuilder, counts: Counts) -> EventBuilder {
    event
        .label(format!("{LABELS}objects"), counts.objects.to_string())
        .label(format!("{LABELS}frames"), counts.frames.to_string())
        .label(format!("{LABELS}records"), counts.records.to_string())
}

fn common(mut event: EventBuilder, job: &Job, action: &str) -> EventBuilder {
    // One name has a field of its own; the others are labels.
    let (first, others) = job.subjects.split_first().map_or(("", &[][..]), |(f, o)| (f, o));
    for (number, name) in (2..).zip(others) {
        event = event.label(format!("{LABELS}subject.{number}"), name);
    }
    let privacy = Privacy::new(PURPOSE).subject(first).exemption(&job.exemption);
    event
        .tenant(&job.tenant)
        .actor(Actor::admin(&job.by))
        .action(action)
        .outcome(Outcome::Success)
        .reason(Reason { code: None, text: Some(job.reason.clone()) })
        .privacy(privacy)
}
