//! Data about people: who touched it, and why that was lawful.

use dayseal_format::event::{
    Actor, DataClass, Event, EventBuilder, EventType, Outcome, Privacy, Resource, Source,
};

/// Personal data was processed: `privacy.processing`, with what a record of processing needs.
/// Seed 002's `processing_activity`.
///
/// `legal_basis` as in GDPR Art. 6 (`consent`, `contract`, `legitimate_interest`…). Of one person, add
/// [`Privacy::subject`]; for data that leaves the EU, [`Privacy::transfer_region`].
///
/// GDPR Art. 30(1): purpose, categories, recipients.
pub fn processing<C: Into<String>, R: Into<String>>(
    actor: Actor,
    purpose: impl Into<String>,
    legal_basis: impl Into<String>,
    categories: impl IntoIterator<Item = C>,
    recipients: impl IntoIterator<Item = R>,
) -> EventBuilder {
    let privacy = Privacy {
        categories: categories.into_iter().map(Into::into).collect(),
        recipients: recipients.into_iter().map(Into::into).collect(),
        ..Privacy::new(purpose).legal_basis(legal_basis)
    };
    Event::builder(EventType::PRIVACY_PROCESSING)
        .actor(actor)
        .action("process")
        .privacy(privacy)
        .data_class(DataClass::Pii)
        .outcome(Outcome::Success)
}

/// Somebody asked for erasure: `privacy.erasure.requested`, outcome deferred. Seed 002's
/// `deletion_request`.
///
/// GDPR Art. 17(1).
pub fn erasure_requested(actor: Actor, subject: impl Into<String>) -> EventBuilder {
    erasure(EventType::PRIVACY_ERASURE_REQUESTED, actor, subject).outcome(Outcome::Deferred)
}

/// It was done: `privacy.erasure.completed`. What had to stay: [`Privacy::exemption`].
///
/// GDPR Art. 17(1) and (3).
pub fn erasure_completed(actor: Actor, subject: impl Into<String>) -> EventBuilder {
    erasure(EventType::PRIVACY_ERASURE_COMPLETED, actor, subject).outcome(Outcome::Success)
}

fn erasure(kind: EventType, actor: Actor, subject: impl Into<String>) -> EventBuilder {
    let privacy = Privacy::default().subject(subject);
    Event::builder(kind).actor(actor).action("erase").privacy(privacy)
}

/// Protected health information was read: `data.read`, class `phi`. Seed 004's `PHI_ACCESS`.
///
/// `record` is a record's number or a pseudonym, never a name; `reason` such as `treatment`. Its
/// `phi_type` goes into [`Privacy::category`].
///
/// HIPAA 164.312(b): who examined which record; 164.502(b): for what.
pub fn phi_access(
    actor: Actor,
    action: impl Into<String>,
    record: impl Into<String>,
    reason: impl Into<String>,
) -> EventBuilder {
    Event::builder(EventType::DATA_READ)
        .actor(actor)
        .action(action)
        .resource(Resource::new("patient_record").id(record))
        .access_reason(reason)
        .data_class(DataClass::Phi)
        .outcome(Outcome::Success)
}

/// Cardholder data was accessed: `data.read`, class `chd`. Of `card` only [`last_four`] is kept.
/// Seed 004's `CHD_ACCESS`.
///
/// PCI DSS 10.2.1.1: individual access to cardholder data; 10.2.2: from where; 3.4.1: last four digits.
pub fn cardholder_access(
    actor: Actor,
    action: impl Into<String>,
    card: &str,
    source: Source,
) -> EventBuilder {
    Event::builder(EventType::DATA_READ)
        .actor(actor)
        .action(action)
        .resource(Resource::new("card").id(last_four(card)))
        .source(source)
        .data_class(DataClass::Chd)
        .outcome(Outcome::Success)
}

/// The last four digits of a card number after `****`: of one with 12 digits or more, or of one that
/// is masked before them. Of anything else nothing is kept.
///
/// ```
/// use dayseal::events::last_four;
/// assert_eq!(last_four("4111 1111 1111 1234"), "****1234");
/// assert_eq!(last_four("****1234"), "****1234");
/// assert_eq!(last_four("1234"), "****");
/// ```
pub fn last_four(card: &str) -> String {
    let masked = |c: char| matches!(c, '*' | 'x' | 'X' | '•');
    let places: Vec<char> = card.chars().filter(|c| c.is_ascii_digit() || masked(*c)).collect();
    let (before, last) = places.split_at(places.len().saturating_sub(4));
    let card = before.len() >= 8 || (before.len() >= 4 && before.iter().all(|c| masked(*c)));
    let keep = card && last.iter().all(char::is_ascii_digit);
    let last = if keep { last } else { &[] };
    std::iter::repeat_n('*', 4).chain(last.iter().copied()).collect()
}

/// Data left the system: `data.exported`. Seed 001's `video_downloaded`.
///
/// SOC 2 CC6.7; GDPR Art. 30(1)(d).
pub fn exported(actor: Actor, action: impl Into<String>, resource: Resource) -> EventBuilder {
    Event::builder(EventType::DATA_EXPORTED)
        .actor(actor)
        .action(action)
        .resource(resource)
        .outcome(Outcome::Success)
}
