//! From attachments to items of the entry, and contents that wait.

use std::collections::BTreeSet;

use dayseal_format::Origin;
use dayseal_format::content::{ContentRecord, Field, MAX_SUBJECTS};
use dayseal_format::event::{
    ActorType, Attachment, AttachmentError, ContentDigest, ContentItem, EventDraft, EventId,
};
use dayseal_format::pseudonym::Purpose;
use dayseal_keys::random;

use super::{ContentMode, Pending};
use crate::log::CompleteError;
use crate::privacy::Pseudonyms;

/// Begins every pseudonym of a data subject.
const PSEUDONYM: &str = "p1:subject:";

/// The content stage of a log.
#[derive(Debug)]
pub(crate) struct ContentStage {
    mode: ContentMode,
    origin: Origin,
    pseudonyms: Option<Pseudonyms>,
}

/// Attachments taken from an event that is not yet completed, their subjects named.
pub(crate) struct Taken(Vec<Attachment>);

impl ContentStage {
    pub(crate) fn new(
        mode: Option<ContentMode>,
        origin: Origin,
        pseudonyms: Option<Pseudonyms>,
    ) -> Self {
        let usual = if pseudonyms.is_some() { ContentMode::Digest } else { ContentMode::None };
        Self { mode: mode.unwrap_or(usual), origin, pseudonyms }
    }

    pub(crate) fn mode(&self) -> ContentMode {
        self.mode
    }

    /// Takes the attachments off, before the privacy stage takes the names of people away.
    pub(crate) fn take(
        &self,
        draft: &mut EventDraft,
        tenant: &str,
    ) -> Result<Taken, AttachmentError> {
        let mut taken = draft.take_attachments();
        let mut seen = BTreeSet::new();
        for attachment in &mut taken {
            let field = attachment.field;
            if !seen.insert(field) {
                return Err(AttachmentError::Twice { field });
            }
            if matches!(field, Field::ChangeFrom | Field::ChangeTo) && draft.change.is_none() {
                return Err(AttachmentError::NoChange { field });
            }
            if self.keeps(attachment) {
                if let Some(refusal) = attachment.refusal() {
                    return Err(refusal);
                }
                let tenant = if draft.tenant.is_empty() { tenant } else { &draft.tenant };
                self.name(draft, attachment, tenant);
            }
        }
        Ok(Taken(taken))
    }

    /// Whether an attachment goes to the content root.
    fn keeps(&self, attachment: &Attachment) -> bool {
        self.mode == ContentMode::Store && !attachment.digest_only
    }

    /// Says whom the content is about, by pseudonym.
    fn name(&self, draft: &EventDraft, attachment: &mut Attachment, tenant: &str) {
        let subjects = match attachment.subjects.take() {
            Some(subjects) => subjects,
            None => people(draft),
        };
        let pseudonym = |subject: String| match &self.pseudonyms {
            // A pseudonym of a pseudonym would be nobody.
            Some(pseudonyms) if !subject.starts_with(PSEUDONYM) => {
                pseudonyms.pseudonym(Purpose::Subject, tenant, &subject)
            }
            _ => subject,
        };
        let named: BTreeSet<_> = subjects.into_iter().map(pseudonym).collect();
        debug_assert!(named.len() <= MAX_SUBJECTS);
        attachment.subjects = Some(named.into_iter().collect());
    }

    /// Puts what is known of each content into the event `id`; what is to be stored is given back.
    pub(crate) fn place(
        &self,
        draft: &mut EventDraft,
        taken: Taken,
        id: EventId,
        tenant: &str,
    ) -> Result<Vec<Pending>, CompleteError> {
        let mut pending = Vec::new();
        for attachment in taken.0 {
            let bytes = attachment.content.len() as u64;
            let item = if self.keeps(&attachment) {
                let held = self.held(attachment, id)?;
                let (digest, field) = (held.record.digest(&self.origin), held.record.field);
                pending.push(held);
                (field, ContentItem::commitment(bytes, ContentDigest(digest.0)))
            } else {
                let tenant = if draft.tenant.is_empty() { tenant } else { &draft.tenant };
                let item = match (&self.pseudonyms, self.mode) {
                    (None, _) | (_, ContentMode::None) => ContentItem::sized(bytes),
                    (Some(keys), _) => keys.content(tenant, &attachment.content),
                };
                (attachment.field, item)
            };
            draft.set_content(item.0, item.1)?;
        }
        Ok(pending)
    }

    fn held(&self, attachment: Attachment, entry: EventId) -> Result<Pending, CompleteError> {
        let Attachment { field, content, media_type, subjects, .. } = attachment;
        // The nonce is a secret, unlike an event's id: fresh from the kernel.
        let record = ContentRecord { entry, field, media_type, nonce: random()?, content };
        Ok(Pending { record, subjects: subjects.unwrap_or_default() })
    }
}

/// Whom a content is about where its caller does not say: the data subject, or else the person who
/// acted and the one it was done for.
fn people(draft: &EventDraft) -> Vec<String> {
    if let Some(subject) = draft.privacy.as_ref().and_then(|p| p.subject.clone()) {
        return vec![subject];
    }
    let person = matches!(draft.actor.kind, ActorType::User | ActorType::Admin);
    let actor = person.then(|| draft.actor.id.clone());
    actor.into_iter().chain(draft.actor.on_behalf_of.clone()).filter(|id| !id.is_empty()).collect()
}
