//! How a call ended, from what was seen of it.

use dayseal_format::event::{AiCall, EventType, Outcome, Reason, Safety, SafetyStage};

use super::facts::{Captured, Facts, Job};
use super::route::Endpoint;

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Its last byte came.
    Complete,
    /// The caller took no more of it, or gave up waiting for it.
    Dropped,
    /// It broke off, or never came: a code of the caller's, such as `connect`.
    Failed(&'static str),
    /// No answer in the time the caller set: what became of the call is not known.
    TimedOut,
}

/// What is known of a call at its end.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// The event's type.
    pub kind: EventType,
    /// How it ended.
    pub outcome: Outcome,
    /// Provider, models, operation, parameters, tokens, finish reasons. Times are the caller's to set.
    pub call: AiCall,
    /// Why it ended so; also what could not be read.
    pub reason: Option<Reason>,
    /// What the provider's guardrails decided, where they said so.
    pub safety: Option<Safety>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The provider's id of the job, for answers that come later.
    pub job: Option<String>,
    /// It only asked after a job, which is not done, or read again what no job is behind: such calls
    /// come every few seconds and say nothing.
    pub pending_query: bool,
    /// The prompt.
    pub input: Option<Captured>,
    /// The system instructions beside it.
    pub system: Option<Captured>,
    /// The texts of the answer, in order, joined; of speech, the file.
    pub output: Option<Captured>,
}

/// All that decides.
pub(super) struct Seen<'a> {
    pub(super) facts: &'a Facts,
    pub(super) endpoint: Endpoint,
    /// None: no head came.
    pub(super) status: Option<u16>,
    /// What was not read of the answer could hold a refusal.
    pub(super) blind: bool,
    /// The answer was there as a whole.
    pub(super) whole: bool,
    pub(super) end: End,
}

impl Seen<'_> {
    /// Type and outcome of the event, and the code of its reason.
    pub(super) fn verdict(self) -> (EventType, Outcome, Option<String>) {
        let Self { facts, endpoint, status, blind, whole, end } = self;
        let code = |word: &str| Some(word.to_owned());
        let failed = |word| (EventType::AI_GENERATION_FAILED, Outcome::Failure, word);
        let unknown = |word| (EventType::AI_GENERATION_FAILED, Outcome::Unknown, code(word));
        let Some(status) = status else {
            return match end {
                End::Failed(word) => failed(code(word)),
                End::TimedOut => unknown("timeout"),
                End::Dropped => unknown("dropped"),
                End::Complete => unknown("no_response"),
            };
        };
        if let Some(block) = &facts.blocked {
            return (
                EventType::AI_GENERATION_BLOCKED,
                Outcome::Blocked,
                Some(block.reason.clone()),
            );
        }
        let http = || format!("http_{status}");
        if status == 429 || facts.limited {
            let word = facts.error.clone().unwrap_or_else(http);
            return (EventType::USAGE_RATE_LIMITED, Outcome::Failure, Some(word));
        }
        if facts.error.is_some() {
            return failed(facts.error.clone());
        }
        if !(200..300).contains(&status) {
            return failed(Some(http()));
        }
        if !whole {
            match end {
                End::Failed(word) => return failed(code(word)),
                End::TimedOut => return unknown("timeout"),
                End::Dropped => return unknown("dropped"),
                End::Complete => return failed(code("truncated")),
            }
        }
        match facts.job {
            Some(Job::Pending) if endpoint == Endpoint::Query => {
                return (EventType::from("ai.generation.polled"), Outcome::Deferred, None);
            }
            Some(Job::Pending) => {
                return (EventType::AI_GENERATION_STARTED, Outcome::Deferred, None);
            }
            _ => {}
        }
        // Whether it was refused stands in what was not read.
        let outcome = if blind { Outcome::Unknown } else { Outcome::Success };
        (EventType::AI_GENERATION_COMPLETED, outcome, None)
    }
}

/// What the provider's guardrails decided, where they said so.
pub(super) fn safety(facts: &mut Facts) -> Option<Safety> {
    match (&mut facts.blocked, facts.moderated) {
        (Some(block), _) => Some(Safety {
            stage: block.stage,
            block_reason: Some(std::mem::take(&mut block.reason)),
            detectors: std::mem::take(&mut facts.detectors),
            ..Safety::default()
        }),
        (None, Some(passed)) => Some(Safety {
            passed,
            stage: Some(SafetyStage::Input).filter(|_| !passed),
            detectors: std::mem::take(&mut facts.detectors),
            ..Safety::default()
        }),
        // Detected and let through: an alert of Azure's annotations.
        (None, None) if !facts.detectors.is_empty() => {
            Some(Safety { detectors: std::mem::take(&mut facts.detectors), ..Safety::passed() })
        }
        (None, None) => None,
    }
}
