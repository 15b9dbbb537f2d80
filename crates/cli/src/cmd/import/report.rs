//! What an import did, for people and as JSON.

use std::collections::BTreeMap;

use dayseal::EventId;
use dayseal_import::{CheckKind, CheckState, FileReport, Format, Interrupted};
use serde::Serialize;

use crate::args::Args;
use crate::output::{bytes, clean, count, json, number, tell};

/// Names of dropped fields shown to people; JSON has more.
const MAX_SHOWN: usize = 8;

/// The `--json` contract.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    v: u8,
    format: &'static str,
    dry_run: bool,
    pub(crate) files: Vec<FileSummary>,
    pub(crate) batches: u64,
    pub(crate) bytes: u64,
    pub(crate) redacted: u64,
}

/// One file.
#[derive(Debug, Serialize)]
pub(crate) struct FileSummary {
    file: String,
    /// The event that reports on it.
    event: EventId,
    digest: Option<String>,
    records: u64,
    imported: u64,
    refused: u64,
    check: CheckSummary,
    dropped: BTreeMap<String, u64>,
    interrupted: bool,
    #[serde(skip)]
    report: FileReport,
}

#[derive(Debug, Serialize)]
struct CheckSummary {
    kind: CheckKind,
    state: CheckState,
    checked: u64,
    failed: u64,
    line: Option<u64>,
    reason: Option<&'static str>,
}

impl FileSummary {
    pub(crate) fn new(report: FileReport, event: EventId) -> Self {
        let check = &report.check;
        let check = CheckSummary {
            kind: check.kind,
            state: check.state(),
            checked: check.checked,
            failed: check.failed,
            line: check.line,
            reason: check.reason,
        };
        Self {
            file: report.file.clone(),
            event,
            digest: report.digest.clone(),
            records: report.records,
            imported: report.imported,
            refused: report.refused,
            check,
            dropped: report.dropped.clone(),
            interrupted: report.interrupted == Interrupted::Yes,
            report,
        }
    }

    fn tell(&self, verb: &str) {
        let records = count(self.records, "record", "records");
        let mut text =
            format!("{}: {verb} {} of {records}", clean(&self.file), number(self.imported));
        if self.refused > 0 {
            text.push_str(&format!("; refused {}", number(self.refused)));
        }
        text.push_str(&format!("\n  {}", self.report.check));
        if let Some(digest) = &self.digest {
            text.push_str(&format!("\n  digest {digest}"));
        }
        if !self.dropped.is_empty() {
            let mut all: Vec<_> = self.dropped.iter().collect();
            all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            let shown = all.iter().take(MAX_SHOWN);
            let shown: Vec<_> =
                shown.map(|(path, n)| format!("{path} ({})", number(**n))).collect();
            let more = all.len().saturating_sub(MAX_SHOWN) as u64;
            let more = if more > 0 {
                format!(" and {}", count(more, "other", "others"))
            } else {
                String::new()
            };
            text.push_str(&format!("\n  left out: {}{more}", shown.join(", ")));
        }
        tell(&text);
    }
}

impl Summary {
    pub(crate) fn new(format: Format, dry_run: bool) -> Self {
        let format = format.as_str();
        Self { v: 1, format, dry_run, files: Vec::new(), batches: 0, bytes: 0, redacted: 0 }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.files.iter().all(|file| file.report.is_clean())
    }

    pub(crate) fn print(&self, args: &Args) -> anyhow::Result<()> {
        if args.json {
            return json(self);
        }
        let verb = if self.dry_run { "would import" } else { "imported" };
        self.files.iter().for_each(|file| file.tell(verb));
        let redacted = match self.redacted {
            0 => String::new(),
            n => format!("; redacted {}", count(n, "text", "texts")),
        };
        match self.dry_run {
            true => tell(&format!("recorded nothing{redacted}")),
            false => {
                let entries = self.files.iter().map(|f| f.imported + 1).sum();
                let entries = count(entries, "entry", "entries");
                let batches = count(self.batches, "batch", "batches");
                tell(&format!("recorded {entries} in {batches} ({}){redacted}", bytes(self.bytes)));
            }
        }
        Ok(())
    }
}
