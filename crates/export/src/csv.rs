//! RFC 4180, every field a column.

use std::io::Write;

use serde_json::Value;

use crate::flat::{Rest, text_of};
use crate::{Entry, ExportError, Sink};

/// The columns: the fields of `docs/spec/entry.md` by their paths, maps whole, and where the entry stands.
pub(crate) const COLUMNS: &[&str] = &[
    "time",
    "id",
    "type",
    "action",
    "outcome",
    "severity",
    "reason.code",
    "reason.text",
    "actor.type",
    "actor.id",
    "actor.session",
    "actor.on_behalf_of",
    "resource.type",
    "resource.id",
    "tenant",
    "service.name",
    "service.version",
    "service.env",
    "service.region",
    "agent.id",
    "agent.name",
    "agent.instance",
    "agent.version",
    "ai.provider",
    "ai.operation",
    "ai.model_requested",
    "ai.model_answered",
    "ai.model_version",
    "ai.region",
    "ai.params",
    "ai.usage.input",
    "ai.usage.output",
    "ai.usage.cached",
    "ai.usage.reasoning",
    "ai.finish",
    "ai.response_id",
    "ai.output_type",
    "ai.output_count",
    "ai.latency_ms",
    "ai.first_token_ms",
    "ai.tool.name",
    "ai.tool.type",
    "ai.tool.call_id",
    "safety.passed",
    "safety.stage",
    "safety.detectors",
    "safety.alerts",
    "safety.block_reason",
    "safety.policy_version",
    "oversight.required",
    "oversight.decision",
    "oversight.reviewer",
    "privacy.subject",
    "privacy.purpose",
    "privacy.legal_basis",
    "privacy.categories",
    "privacy.recipients",
    "privacy.transfer_region",
    "privacy.exemption",
    "data_class",
    "access_reason",
    "change",
    "content",
    "key.id",
    "key.prefix",
    "key.version",
    "source.address",
    "source.user_agent",
    "source.request_id",
    "trace.trace_id",
    "trace.span_id",
    "trace.parent_id",
    "correlation.conversation",
    "correlation.job",
    "correlation.parent_event",
    "function",
    "labels",
    "redactions",
    "end_time",
    "duration_ms",
    "logged_time",
    "clock.source",
    "clock.offset_ms",
    "v",
    "dayseal.sealed_by",
    "dayseal.batch",
    "dayseal.index",
    "dayseal.leaf",
];

/// Writes a line of names, then a row for each entry. An absent field is an empty cell.
///
/// Lists and maps are JSON text. A text that a spreadsheet could take for a formula gets an apostrophe in
/// front, see [`guard`].
#[derive(Debug)]
pub struct Csv<W: Write> {
    out: csv::Writer<W>,
    begun: bool,
}

impl<W: Write> Csv<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        let out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        Self { out, begun: false }
    }

    fn begin(&mut self) -> Result<(), ExportError> {
        if !std::mem::replace(&mut self.begun, true) {
            self.out.write_record(COLUMNS).map_err(io_error)?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for Csv<W> {
    fn push(&mut self, entry: &Entry<'_>) -> Result<(), ExportError> {
        self.begin()?;
        let mut rest = Rest::of(entry.event)?;
        let place = entry.place;
        let row = COLUMNS.iter().map(|column| match *column {
            "dayseal.sealed_by" => place.seal.map(|s| s.by.to_string()).unwrap_or_default(),
            "dayseal.batch" => place.batch.to_string(),
            "dayseal.index" => place.index.to_string(),
            "dayseal.leaf" => place.leaf.to_string(),
            path => match rest.take(path) {
                None => String::new(),
                // A number is no formula.
                Some(Value::Number(number)) => number.to_string(),
                Some(value) => guard(text_of(value)),
            },
        });
        self.out.write_record(row).map_err(io_error)?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        self.begin()?;
        self.out.flush()?;
        Ok(())
    }
}

fn io_error(error: csv::Error) -> ExportError {
    match error.into_kind() {
        csv::ErrorKind::Io(e) => ExportError::Write(e),
        other => ExportError::Write(std::io::Error::other(format!("{other:?}"))),
    }
}

/// A text that no spreadsheet takes for a formula: one that begins, behind white space, with `=`, `+`, `-`, `@`
/// or a control character gets an apostrophe in front. So does one that begins with an apostrophe, so that
/// [`unguard`] gives every text back.
pub fn guard(text: String) -> String {
    let suspicious = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let first = text.trim_start().chars().next();
    let control = |c: Option<char>| c.is_some_and(char::is_control);
    if text.starts_with('\'')
        || first.is_some_and(suspicious)
        || control(first)
        || control(text.chars().next())
    {
        return format!("'{text}");
    }
    text
}

/// What [`guard`] was given.
pub fn unguard(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}
