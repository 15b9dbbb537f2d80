//! How an operation ended, and under which type its entries are written.

use dayseal_format::event::{EventType, Outcome, Reason, limits};

/// How an operation ended, as its result entry says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
    /// Whether the operation's own words about its end count less than this.
    pub(crate) forced: bool,
}

impl Ending {
    fn new(outcome: Outcome, reason: Option<Reason>) -> Self {
        Self { outcome, reason, forced: false }
    }

    /// It was done.
    pub fn success() -> Self {
        Self::new(Outcome::Success, None)
    }

    /// It was tried and did not succeed.
    pub fn failure(reason: Reason) -> Self {
        Self::new(Outcome::Failure, Some(reason))
    }

    /// A policy, guardrail or permission stopped it.
    pub fn blocked(reason: Reason) -> Self {
        Self::new(Outcome::Blocked, Some(reason))
    }

    /// It is not known how it ended, for example after a timeout.
    pub fn unknown(reason: Reason) -> Self {
        Self::new(Outcome::Unknown, Some(reason))
    }

    /// The future, stream or body was dropped before its end.
    pub(crate) fn cancelled() -> Self {
        Self { forced: true, ..Self::unknown(Reason::new("cancelled")) }
    }

    /// It panicked. The panic's message may hold a user's data, so it is not recorded.
    pub(crate) fn panicked() -> Self {
        Self { forced: true, ..Self::failure(Reason::new("panic")) }
    }

    /// Its intent is recorded, and it was not begun.
    pub(crate) fn not_started() -> Self {
        Self { forced: true, ..Self::failure(Reason::new("not_started")) }
    }

    /// A failure known by the type of its error and by nothing of its content.
    pub(crate) fn of_type<E: ?Sized>() -> Self {
        let mut name = std::any::type_name::<E>().to_owned();
        cut(&mut name, limits::NAME);
        Self::failure(Reason::new(name))
    }
}

/// A reason alone is a failure.
impl From<Reason> for Ending {
    fn from(reason: Reason) -> Self {
        Self::failure(reason)
    }
}

/// Says how an operation ended that returned an error.
pub trait Explain<E> {
    /// What the result entry says. Never a user's data: entries are kept for years.
    fn explain(&self, error: &E) -> Ending;
}

/// The type of the error as `reason.code`, and nothing of its content: what is recorded by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByType;

impl<E> Explain<E> for ByType {
    fn explain(&self, _: &E) -> Ending {
        Ending::of_type::<E>()
    }
}

/// What a closure makes of the error.
#[derive(Clone, Copy, Debug)]
pub struct By<F>(pub(crate) F);

impl<E, R: Into<Ending>, F: Fn(&E) -> R> Explain<E> for By<F> {
    fn explain(&self, error: &E) -> Ending {
        (self.0)(error).into()
    }
}

/// The types of an operation's entries: one for its intent, and one for each way to end.
#[derive(Clone, Debug)]
pub(crate) struct Kinds {
    pub(crate) started: EventType,
    completed: EventType,
    failed: EventType,
    blocked: EventType,
}

impl Kinds {
    /// `<name>.started`, `.completed`, `.failed` and `.blocked`; agents' runs only have `.ended`.
    pub(crate) fn family(name: &str) -> Self {
        let kind = |end: &str| EventType::from(format!("{name}.{end}"));
        let ended = |end| kind(if name == "ai.agent" { "ended" } else { end });
        Self {
            started: kind("started"),
            completed: ended("completed"),
            failed: ended("failed"),
            blocked: ended("blocked"),
        }
    }

    /// The same for all; the outcome tells them apart.
    pub(crate) fn one(kind: EventType) -> Self {
        Self { started: kind.clone(), completed: kind.clone(), failed: kind.clone(), blocked: kind }
    }

    pub(crate) fn of(&self, outcome: Outcome) -> EventType {
        match outcome {
            Outcome::Success | Outcome::Deferred => &self.completed,
            Outcome::Failure | Outcome::Unknown => &self.failed,
            Outcome::Blocked => &self.blocked,
        }
        .clone()
    }
}

/// Cuts `text` at a character, to at most `limit` bytes.
pub(crate) fn cut(text: &mut String, limit: usize) {
    text.truncate(text.floor_char_boundary(limit));
}

/// `text` as a name or identifier: what these refuse becomes a space, and `limit` bytes are kept.
#[cfg(any(feature = "http", feature = "lambda", feature = "tracing-layer"))]
pub(crate) fn name(text: &str, limit: usize) -> Option<String> {
    let refused = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut name: String = text.chars().map(|c| if refused(c) { ' ' } else { c }).collect();
    cut(&mut name, limit);
    (!name.is_empty()).then_some(name)
}
