//! One import: records in, drafts out, their own checks on the way.

use std::collections::BTreeMap;
use std::mem;

use dayseal_format::UnixMillis;
use dayseal_format::event::{Correlation, DEFAULT_TENANT, EventDraft, EventId};
use dayseal_format::pseudonym::SourceHasher;

use crate::fields::Fields;
use crate::formats::{self, Format, Parts};
use crate::keys::Digests;
use crate::labels;
use crate::names::cut;
use crate::{Check, Fernet, MapError, SourceKeys};

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Name of the file, shortened to what a label holds.
    pub file: &'a str,
    /// The line, from 1.
    pub line: u64,
    /// The record within the line's document, from 1, where there is one.
    pub record: Option<u64>,
}

impl<'a> Place<'a> {
    /// A record that is a line.
    pub fn line(file: &'a str, line: u64) -> Self {
        Self { file, line, record: None }
    }
}

/// A record as an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// The event: time and, with keys, id are set.
    pub draft: EventDraft,
    /// Paths of what the event has no place for, and of texts that were cut.
    pub dropped: Vec<String>,
}

/// Maps the records of one run, in the order of files and lines.
#[derive(Debug)]
pub struct Importer {
    format: Format,
    tenant: String,
    keys: Option<SourceKeys>,
    pub(crate) fernet: Option<Fernet>,
    parent: Option<EventId>,
    pub(crate) check: Check,
    pub(crate) chain: formats::ChainState,
}

impl Importer {
    /// For records of this format, without keys: no digests, and ids are the producer's.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            tenant: DEFAULT_TENANT.to_owned(),
            keys: None,
            fernet: None,
            parent: None,
            check: Check::new(format.check()),
            chain: formats::ChainState::default(),
        }
    }

    /// With keyed digests and ids.
    #[must_use]
    pub fn keys(mut self, keys: SourceKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Opens encrypted content.
    #[must_use]
    pub fn fernet(mut self, key: Fernet) -> Self {
        self.fernet = Some(key);
        self
    }

    /// The tenant of records that name none: the same as the producer's.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        tenant.clone_into(&mut self.tenant);
        self
    }

    /// Begins a file. Its events name `parent`, the event that will report on it.
    pub fn begin_file(&mut self, parent: EventId) {
        self.parent = Some(parent);
        self.chain.begin_file();
    }

    /// Ends a file: what its own checks said.
    pub fn end_file(&mut self) -> Check {
        mem::replace(&mut self.check, Check::new(self.format.check()))
    }

    /// The digest of a file, to be fed with its bytes; `None` without keys.
    pub fn file_hasher(&mut self) -> Option<SourceHasher> {
        let keys = self.keys.as_mut()?;
        Some(keys.tenant(&self.tenant).source())
    }

    /// Maps one record. Its own check counts even if it cannot be mapped.
    ///
    /// # Errors
    /// [`MapError`]; it holds no value of the record.
    pub fn map(&mut self, record: &[u8], place: Place<'_>) -> Result<Mapped, MapError> {
        let record = record.trim_ascii();
        formats::check_record(self, record, place.line);
        let mut fields = Fields::read(record, self.format.as_str())?;
        let tenant = self.format.tenant(&mut fields);
        let keys = self.keys.as_mut().map(|k| k.tenant(tenant.as_deref().unwrap_or(&self.tenant)));
        let digests = Digests(keys);
        let Parts { builder, time, id } =
            formats::map(self, self.format, &mut fields, &digests, place.line)?;

        let mut own = BTreeMap::from([
            ("import.file".to_owned(), cut(place.file, 256).0.to_owned()),
            ("import.format".to_owned(), self.format.as_str().to_owned()),
            ("import.line".to_owned(), place.line.to_string()),
        ]);
        own.extend(place.record.map(|n| ("import.record".to_owned(), n.to_string())));
        own.extend(id.map(|id| ("import.id".to_owned(), id)));
        let mut builder = builder.time(time);
        if let Some(keys) = &digests.0 {
            let mut hasher = keys.source();
            hasher.update(record);
            let digest = hasher.finish();
            builder = builder.id(EventId::from_parts(time, digest.random));
            own.insert("import.digest".to_owned(), digest.text);
        }
        labels::add_rest(&mut fields, &mut own, &digests, self.format.has_prompts());
        for (key, value) in own {
            builder = builder.label(key, value);
        }
        if let Some(tenant) = tenant {
            builder = builder.tenant(tenant);
        }
        let mut draft = builder.build()?;
        if let Some(parent) = self.parent {
            let correlation = draft.edit().correlation.get_or_insert_with(Correlation::default);
            correlation.parent_event = Some(parent);
        }
        Ok(Mapped { draft, dropped: fields.dropped })
    }
}

/// Reads the time of a record.
pub(crate) fn time(fields: &mut Fields, field: &'static str) -> Result<UnixMillis, MapError> {
    let text = fields.need(field, "a time in ISO 8601", Fields::text)?;
    crate::time::iso(&text)
        .ok_or(MapError::Invalid { field, expected: "a time in ISO 8601 between 1970 and 9999" })
}
