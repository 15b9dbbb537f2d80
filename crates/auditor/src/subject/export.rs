//! Everything a log has about one person: an access request's answer, entry by entry.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayseal_chain::content::{ContentReader, ContentState, Contents, committed, items};
use dayseal_chain::read::{BatchReader, list_day};
use dayseal_format::content::Field;
use dayseal_format::event::{Actor, Outcome, Privacy, Reason};
use dayseal_format::event::{Event, EventDraft, EventError, EventFields, EventId};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{BatchKey, Day, Origin, UnixMillis};
use dayseal_store::{Store, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;

use super::html::Page;
use super::names::{Names, Role};
use crate::hold::Holds;

/// What cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The listing of a day.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written.
    #[error("cannot write the export")]
    Write(#[from] io::Error),
}

/// Where everything of a person is looked for.
#[derive(Debug)]
pub struct Source<'a> {
    /// The log.
    pub origin: &'a Origin,
    /// The evidence root.
    pub evidence: &'a dyn Store,
    /// Opens its entries.
    pub entries: BatchReader<'a>,
    /// Opens contents; none, and contents are told as not read.
    pub contents: Option<ContentReader<'a>>,
    /// Days, both included.
    pub days: (Day, Day),
    /// Last day whose contents are expired, if any.
    pub expired_through: Option<Day>,
    /// Legal holds, to tell which contents are under one.
    pub holds: &'a Holds,
}

/// First line of the file, and what the page begins with.
#[derive(Debug, Serialize)]
pub(super) struct Head<'a> {
    kind: &'static str,
    v: u8,
    pub(super) origin: &'a Origin,
    pub(super) made: UnixMillis,
    pub(super) names: &'a Names,
    pub(super) from: Day,
    pub(super) through: Day,
}

/// One entry of the person.
#[derive(Debug, Serialize)]
pub(super) struct Item<'a> {
    kind: &'static str,
    pub(super) batch: String,
    pub(super) index: usize,
    pub(super) roles: Vec<Role>,
    /// Its stored bytes.
    entry: &'a RawValue,
    #[serde(skip)]
    pub(super) event: &'a EventFields,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) contents: Vec<Content>,
}

/// A content of it that is the person's.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub(super) field: Field,
    /// `present`, `erased`, `expired`, `missing`, `altered`; `digest_only` if the log never kept it; `not_read`.
    pub(super) state: &'static str,
    pub(super) bytes: u64,
    /// Number of the legal hold over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hold: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// Last line of the file: what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Entries of the person.
    pub entries: u64,
    /// Contents of theirs, read and right.
    pub present: u64,
    /// Erased before.
    pub erased: u64,
    /// Past their life.
    pub expired: u64,
    /// Missing without a reason, or altered: a finding for `dayseal verify`.
    pub wrong: u64,
    /// Not read: no right, or no content root given.
    pub not_read: u64,
    /// Under a legal hold.
    pub held: u64,
    /// What could not be read at all: object and reason. The export is not whole if there is any.
    pub failures: Vec<String>,
}

/// Last line.
#[derive(Serialize)]
struct End<'a> {
    kind: &'static str,
    v: u8,
    #[serde(flatten)]
    found: &'a Exported,
}

/// Writes everything about `names` as JSON lines and as one page, day by day: one batch is in memory.
///
/// # Errors
/// [`ExportError`]; a batch or content that cannot be read is told in [`Exported::failures`] instead.
pub async fn export(
    source: &Source<'_>,
    names: &Names,
    now: UnixMillis,
    mut lines: impl Write,
    page: impl Write,
) -> Result<Exported, ExportError> {
    let (from, through) = source.days;
    let origin = source.origin;
    let head = Head { kind: "subject-export", v: 1, origin, made: now, names, from, through };
    line(&mut lines, &head)?;
    let mut page = Page::begin(page, &head)?;
    let mut found = Exported::default();
    for day in from.through(through) {
        let (batches, others) = list_day(source.evidence, day).await?;
        found.failures.extend(others.iter().map(|name| format!("{name:?}: not a readable batch")));
        for key in batches {
            let batch = match source.entries.open(&key).await {
                Ok(batch) => batch,
                Err(e) => {
                    found.failures.push(reasons(&e));
                    continue;
                }
            };
            // Read once for the batch, and only if an entry of it has contents.
            let mut contents = None;
            for (index, stored) in batch.iter().enumerate() {
                let Ok(event) = Event::decode(stored) else {
                    found.failures.push(format!("{key}: entry {index} is no event"));
                    continue;
                };
                if contents.is_none() && committed(&event).next().is_some() {
                    contents = Some(read_contents(source, &key, &mut found).await);
                }
                let theirs = source.of(names, &key, &event, contents.as_ref(), &mut found);
                let mut roles = names.roles(&event);
                if roles.is_empty() && !theirs.is_empty() {
                    roles.push(Role::Content);
                }
                if roles.is_empty() {
                    continue;
                }
                let Some(entry) = std::str::from_utf8(stored)
                    .ok()
                    .and_then(|text| serde_json::from_str::<&RawValue>(text).ok())
                else {
                    continue;
                };
                found.entries += 1;
                let (kind, batch) = ("entry", key.to_string());
                let item =
                    Item { kind, batch, index, roles, entry, event: &event, contents: theirs };
                line(&mut lines, &item)?;
                page.entry(&item)?;
            }
        }
    }
    line(&mut lines, &End { kind: "end", v: 1, found: &found })?;
    page.end(&found)?;
    lines.flush()?;
    Ok(found)
}

/// What became of reading a batch's contents.
enum Read {
    Contents(Box<Contents>),
    /// No right to, or no content root.
    NotRead,
}

async fn read_contents(source: &Source<'_>, key: &BatchKey, found: &mut Exported) -> Read {
    let Some(reader) = &source.contents else { return Read::NotRead };
    match reader.open(&ContentObjectKey::from(key)).await {
        Ok(contents) => Read::Contents(Box::new(contents.unwrap_or_default())),
        Err(e) => {
            if !e.is_refusal() {
                found.failures.push(reasons(&e));
            }
            Read::NotRead
        }
    }
}

impl Source<'_> {
    /// The contents of an entry that are the person's: about them by the frame they are in, or, where it
    /// is gone, of an entry about them.
    fn of(
        &self,
        names: &Names,
        key: &BatchKey,
        event: &EventFields,
        read: Option<&Read>,
        found: &mut Exported,
    ) -> Vec<Content> {
        let about_them = !names.roles(event).is_empty();
        let object = ContentObjectKey::from(key);
        let expired = self.expired_through.is_some_and(|last| key.day <= last);
        let mut theirs = Vec::new();
        for (field, item) in items(event) {
            let mut content = Content {
                field,
                state: "digest_only",
                bytes: item.bytes,
                hold: None,
                media_type: None,
                text: None,
                base64: None,
            };
            if committed(event).all(|(other, _)| other != field) {
                if about_them {
                    theirs.push(content);
                }
                continue;
            }
            let place: (EventId, Field) = (event.id, field);
            match read {
                Some(Read::Contents(contents)) => {
                    let about = contents.subjects.get(&place);
                    let is_theirs = match about {
                        Some(about) => about.iter().any(|name| names.subjects.contains(name)),
                        None => about_them,
                    };
                    // Somebody else's, in an entry about this person: theirs to ask for.
                    if !is_theirs {
                        continue;
                    }
                    let state = contents.state(self.origin, event.id, field, item, expired);
                    content.state = state.as_str();
                    match state {
                        ContentState::Present => found.present += 1,
                        ContentState::Erased => found.erased += 1,
                        ContentState::Expired => found.expired += 1,
                        ContentState::Missing | ContentState::Altered => found.wrong += 1,
                    }
                    if state == ContentState::Present {
                        if let Some((hold, _)) =
                            self.holds.covering(&object.to_string(), &names.subjects)
                        {
                            content.hold = Some(hold);
                            found.held += 1;
                        }
                        if let Some(record) = contents.records.get(&place) {
                            content.media_type = record.media_type.clone();
                            match std::str::from_utf8(&record.content) {
                                Ok(text) => content.text = Some(text.to_owned()),
                                Err(_) => content.base64 = Some(STANDARD.encode(&record.content)),
                            }
                        }
                    }
                }
                _ if about_them => {
                    content.state = "not_read";
                    found.not_read += 1;
                }
                _ => continue,
            }
            theirs.push(content);
        }
        theirs
    }
}

/// The entry that records an export.
///
/// # Errors
/// [`EventError`] if the reason or a name is too long.
pub fn exported(
    names: &Names,
    found: &Exported,
    (tenant, by, reason): (&str, &str, &str),
) -> Result<EventDraft, EventError> {
    let subject = names.subjects.first().or(names.actors.first()).map_or("", String::as_str);
    Event::builder("data.exported")
        .tenant(tenant)
        .actor(Actor::admin(by))
        .action("subject-export")
        .outcome(Outcome::Success)
        .privacy(Privacy::new("data_subject_rights").subject(subject))
        .reason(Reason { code: None, text: Some(reason.to_owned()) })
        .label("export.entries", found.entries.to_string())
        .label("export.contents", found.present.to_string())
        .label("export.failures", found.failures.len().to_string())
        .build()
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// An error with its causes, in one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
