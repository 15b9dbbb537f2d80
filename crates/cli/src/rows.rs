//! Printing entries that were found: text, stored bytes, or rows for a spreadsheet.

use dayseal_auditor::query::Hit;
use dayseal_format::event::{EventFields, Severity, forbidden};

use crate::args::{EntryFormat, RowFormat};
use crate::entries::Printer;
use crate::output::write;

/// The columns of a row.
const COLUMNS: [&str; 23] = [
    "time",
    "id",
    "type",
    "action",
    "outcome",
    "severity",
    "actor_type",
    "actor",
    "on_behalf_of",
    "subject",
    "resource_type",
    "resource",
    "tenant",
    "service",
    "trace",
    "conversation",
    "agent",
    "provider",
    "model",
    "safety",
    "reason",
    "sealed_by",
    "batch",
];

/// Prints hits one by one.
pub(crate) enum Rows {
    Lines(Printer),
    Csv { writer: Box<csv::Writer<Vec<u8>>>, begun: bool },
}

impl Rows {
    pub(crate) fn new(format: RowFormat) -> Self {
        match format {
            RowFormat::Text => Self::Lines(Printer::new(EntryFormat::Text)),
            RowFormat::Json => Self::Lines(Printer::new(EntryFormat::Json)),
            RowFormat::Csv => {
                Self::Csv { writer: Box::new(csv::Writer::from_writer(Vec::new())), begun: false }
            }
        }
    }

    /// Prints what stands before the first; also if there is none.
    pub(crate) fn begin(&mut self) -> anyhow::Result<bool> {
        let Self::Csv { writer, begun } = self else { return Ok(true) };
        if std::mem::replace(begun, true) {
            return Ok(true);
        }
        row(writer, COLUMNS)
    }

    /// Prints one; false once nobody reads it any more.
    pub(crate) fn hit(&mut self, hit: &Hit) -> anyhow::Result<bool> {
        if !self.begin()? {
            return Ok(false);
        }
        match self {
            Self::Lines(printer) => {
                let mut text = String::new();
                printer.push(&hit.event, &hit.line, &mut text);
                write(text.as_bytes())
            }
            Self::Csv { writer, .. } => row(writer, cells(hit)),
        }
    }
}

fn row<T: AsRef<[u8]>>(
    writer: &mut csv::Writer<Vec<u8>>,
    cells: impl IntoIterator<Item = T>,
) -> anyhow::Result<bool> {
    writer.write_record(cells)?;
    writer.flush()?;
    // What was written so far goes out; the buffer begins anew.
    let fresh = csv::Writer::from_writer(Vec::new());
    let bytes = std::mem::replace(writer, fresh).into_inner()?;
    write(&bytes)
}

fn cells(hit: &Hit) -> [String; 23] {
    let e: &EventFields = &hit.event;
    let text = |t: Option<&String>| t.cloned().unwrap_or_default();
    let ai = e.ai.as_ref();
    let reason = e.reason.as_ref();
    let agent = e.agent.as_ref();
    [
        e.time.to_string(),
        e.id.to_string(),
        e.kind.as_str().to_owned(),
        e.action.clone(),
        e.outcome.as_str().to_owned(),
        e.severity.map(Severity::as_str).unwrap_or_default().to_owned(),
        e.actor.kind.as_str().to_owned(),
        e.actor.id.clone(),
        text(e.actor.on_behalf_of.as_ref()),
        text(e.privacy.as_ref().and_then(|p| p.subject.as_ref())),
        e.resource.as_ref().map(|r| r.kind.clone()).unwrap_or_default(),
        text(e.resource.as_ref().and_then(|r| r.id.as_ref())),
        e.tenant.clone(),
        e.service.name.clone(),
        text(e.trace.as_ref().and_then(|t| t.trace_id.as_ref())),
        text(e.correlation.as_ref().and_then(|c| c.conversation.as_ref())),
        text(agent.and_then(|a| a.id.as_ref().or(a.name.as_ref()))),
        text(ai.and_then(|a| a.provider.as_ref())),
        text(ai.and_then(|a| a.model_answered.as_ref().or(a.model_requested.as_ref()))),
        e.safety.as_ref().map_or("", |s| if s.passed { "passed" } else { "failed" }).to_owned(),
        text(reason.and_then(|r| r.text.as_ref().or(r.code.as_ref()))),
        hit.sealed.map_or("not sealed".to_owned(), |day| day.to_string()),
        hit.key.to_string(),
    ]
    .map(|cell| safe(&cell))
}

/// A value that no spreadsheet takes for a formula, and no terminal for a command.
fn safe(cell: &str) -> String {
    let text: String = cell.chars().map(|c| if forbidden(c) { '\u{fffd}' } else { c }).collect();
    match text.trim_start().chars().next() {
        Some('\u{fffd}') => format!("'{text}"),
        _ => dayseal_export::guard(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1"] {
            assert!(safe(cell).starts_with('\''), "{cell:?}");
        }
        assert_eq!(safe("a=1"), "a=1");
        assert_eq!(safe("\u{1b}[2J"), "'\u{fffd}[2J");
        assert_eq!(safe(""), "");
    }
}
