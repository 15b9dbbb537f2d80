//! Printing entries, as they are stored or as a line for people, and telling of batches that could not be read.

use std::io::IsTerminal as _;

use dayseal_chain::content::ContentReadError;
use dayseal_chain::read::ReadError;
use dayseal_chain::verify::Outcome;
use dayseal_format::BatchKey;
use dayseal_format::batch::OpenBatch;
use dayseal_format::event::{Event, EventFields, Outcome as EventOutcome, Severity, forbidden};

use crate::args::EntryFormat;
use crate::exit::Exit;
use crate::output::{clean, tell, write};

/// Prints entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    format: EntryFormat,
    colour: bool,
}

impl Printer {
    pub(crate) fn new(format: EntryFormat) -> Self {
        // https://no-color.org
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self { format, colour: wanted && std::io::stdout().is_terminal() }
    }

    /// Prints all of a batch; false once nobody reads it any more.
    pub(crate) fn batch(
        &self,
        key: &BatchKey,
        batch: &OpenBatch,
        failures: &mut Failures,
    ) -> anyhow::Result<bool> {
        if self.format == EntryFormat::Json {
            return write(batch.lines());
        }
        let mut text = String::new();
        for (index, line) in batch.iter().enumerate() {
            match Event::decode(line) {
                Ok(event) => self.push(&event, line, &mut text),
                Err(e) => failures.entry(key, index, &e.to_string()),
            }
        }
        write(text.as_bytes())
    }

    /// Appends one entry's line.
    pub(crate) fn push(&self, event: &EventFields, stored: &[u8], out: &mut String) {
        match self.format {
            EntryFormat::Json => out.push_str(&String::from_utf8_lossy(stored)),
            EntryFormat::Text => text(event, self.colour, out),
        }
        out.push('\n');
    }
}

/// Time, severity, outcome, type, action, actor, resource, reason; `-` for none. Two spaces apart, so that a value
/// cannot make a column: in values they are one.
fn text(e: &EventFields, colour: bool, out: &mut String) {
    let severity = e.severity.map_or("-", Severity::as_str);
    let resource = e.resource.as_ref().map(|r| match &r.id {
        Some(id) => format!("{}:{id}", r.kind),
        None => r.kind.clone(),
    });
    let reason = e.reason.as_ref().map(|r| match (&r.code, &r.text) {
        (Some(code), Some(text)) => format!("{code}: {text}"),
        (code, text) => code.as_ref().or(text.as_ref()).cloned().unwrap_or_default(),
    });
    let paint = |code: &str, text: String| match colour {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text,
    };
    let by_outcome = match e.outcome {
        EventOutcome::Success => "32",
        EventOutcome::Failure => "31",
        EventOutcome::Blocked => "33",
        EventOutcome::Deferred | EventOutcome::Unknown => "36",
    };
    let by_severity = match e.severity {
        Some(Severity::High | Severity::Critical | Severity::Fatal) => "31",
        Some(Severity::Medium) => "33",
        _ => "2",
    };
    let columns = [
        paint("2", e.time.to_string()),
        paint(by_severity, format!("{severity:<13}")),
        paint(by_outcome, format!("{:<8}", e.outcome.as_str())),
        paint("1", format!("{:<23}", escaped(e.kind.as_str()))),
        escaped(&e.action),
        escaped(&format!("{}:{}", e.actor.kind, e.actor.id)),
        escaped(resource.as_deref().unwrap_or("-")),
        escaped(reason.as_deref().unwrap_or("-")),
    ];
    out.push_str(&columns.join("  "));
}

/// A value on one line, as nothing but itself: what could move a cursor, begin a line, turn the direction of text or
/// look like a column is written as an escape.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        match c {
            ' ' if space => {}
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if forbidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
        space = c == ' ';
    }
    out
}

/// What could not be read, told at once and kept for the exit code.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    altered: bool,
    unchecked: bool,
}

impl Failures {
    pub(crate) fn stray(&mut self, name: &str) {
        tell(&format!("{}: not a readable batch", clean(name)));
        self.altered = true;
    }

    pub(crate) fn batch(&mut self, error: ReadError) {
        match error.outcome() {
            Outcome::Unchecked => self.unchecked = true,
            _ => self.altered = true,
        }
        tell(&format!("dayseal: {:#}", anyhow::Error::from(error)));
    }

    pub(crate) fn content(&mut self, error: ContentReadError) {
        match error.is_alteration() {
            true => self.altered = true,
            false => self.unchecked = true,
        }
        tell(&format!("dayseal: {:#}", anyhow::Error::from(error)));
    }

    pub(crate) fn entry(&mut self, key: &BatchKey, index: usize, reason: &str) {
        tell(&format!("{key}: entry {index}: {reason}"));
        self.altered = true;
    }

    /// The store could not be asked.
    pub(crate) fn store(&mut self, error: &anyhow::Error) {
        tell(&format!("dayseal: {error:#}; trying again"));
        self.unchecked = true;
    }

    pub(crate) fn exit(&self) -> Exit {
        match (self.altered, self.unchecked) {
            (true, _) => Exit::Altered,
            (_, true) => Exit::Unchecked,
            _ => Exit::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use dayseal_format::event::{Actor, Event, Outcome, Reason, Resource};

    use super::*;

    #[test]
    fn no_value_leaves_its_column_or_its_line() {
        let draft = Event::builder("data.read")
            .actor(Actor::user("ada   x"))
            .action("open  \\ file")
            .outcome(Outcome::Failure)
            .resource(Resource::new("file").id("a b"))
            .reason(Reason {
                code: None,
                text: Some("a\n2026-11-20T10:00:00.000Z  -\u{1b}[2J\u{202e}\t".into()),
            })
            .severity(Severity::High)
            .build()
            .unwrap();
        let mut out = String::new();
        text(&draft, false, &mut out);
        let columns: Vec<&str> = out.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        assert_eq!(
            columns,
            [
                "1970-01-01T00:00:00.000Z",
                "high",
                "failure",
                "data.read",
                "open \\\\ file",
                "user:ada x",
                "file:a b",
                "a\\n2026-11-20T10:00:00.000Z -\\u{1b}[2J\\u{202e}\\t",
            ]
        );
        assert!(out.chars().all(|c| !forbidden(c)));
        let mut painted = String::new();
        text(&draft, true, &mut painted);
        assert!(painted.contains("\u{1b}[31mfailure \u{1b}[0m"), "{painted:?}");
    }
}
