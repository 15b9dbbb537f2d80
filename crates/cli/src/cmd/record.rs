//! `dayseal record`

use std::sync::Arc;

use anyhow::Context as _;
use dayseal::{Acknowledgement, AuditLog, EventDraft, RecordError};
use dayseal_import::{Splitter, Unit};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::args::{Args, Record};
use crate::attached::{self, MAX_LINE};
use crate::config::Config;
use crate::exit::Exit;
use crate::input::{Inputs, Records, Refusals, Tap, interrupted};
use crate::output::{bytes, count, json, tell, write};
use crate::progress::bar;
use crate::recording::{open_log, privacy};

/// Durable records under way at once.
const DURABLE_WINDOW: usize = 4_096;

/// What a run did: the `--json` contract.
#[derive(Debug, Default, Serialize)]
struct Summary {
    v: u8,
    recorded: u64,
    refused: u64,
    batches: u64,
    bytes: u64,
    content_bytes: u64,
    redacted: u64,
}

pub(crate) async fn run(args: &Args, own: &Record) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let inputs = Inputs::new(&own.files)?;
    let privacy = privacy(&config, &own.recording, &[]).await?;
    let log = open_log(args, &config, &own.recording, privacy).await?;

    let total = inputs.total();
    let bar = bar(args, total, "{spinner} {bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta}");
    let mut recorder = Recorder {
        log: log.clone(),
        durable: own.durable,
        pending: FuturesOrdered::new(),
        summary: Summary { v: 1, ..Summary::default() },
        refusals: Refusals::new(&bar),
        unread: 0,
        bar,
    };
    let read = recorder.read_all(inputs).await;
    // Whatever stopped the reading, what was accepted is stored before the command ends.
    let settled = recorder.settle().await;
    recorder.bar.finish_and_clear();
    let metrics = log.close().await.context("not every entry was stored")?;
    let (mut summary, unread) = (recorder.summary, recorder.unread);
    summary.refused = recorder.refusals.count;
    summary.batches = metrics.stored_batches;
    summary.bytes = metrics.stored_bytes;
    summary.content_bytes = metrics.stored_content_bytes;
    summary.redacted = metrics.redacted.total();
    report(args, own, &summary)?;
    if unread > 0 {
        let n = count(unread, "acknowledgement", "acknowledgements");
        tell(&format!("standard output was closed: {n} not printed"));
    }
    read.and(settled)?;
    Ok(if summary.refused > 0 { Exit::Altered } else { Exit::Ok })
}

fn report(args: &Args, own: &Record, s: &Summary) -> anyhow::Result<()> {
    if args.json && !own.durable {
        return json(s);
    }
    // With --durable, standard output belongs to the acknowledgements.
    if args.json {
        tell(&serde_json::to_string(s)?);
        return Ok(());
    }
    let mut text = format!(
        "recorded {} in {} ({})",
        count(s.recorded, "entry", "entries"),
        count(s.batches, "batch", "batches"),
        bytes(s.bytes)
    );
    if s.content_bytes > 0 {
        text.push_str(&format!("; {} of content", bytes(s.content_bytes)));
    }
    if s.redacted > 0 {
        text.push_str(&format!("; redacted {}", count(s.redacted, "text", "texts")));
    }
    if s.refused > 0 {
        text.push_str(&format!("; refused {}", count(s.refused, "line", "lines")));
    }
    tell(&text);
    Ok(())
}

/// A durable record under way, and the line it came from.
type Pending = std::pin::Pin<Box<dyn Future<Output = Answer>>>;

struct Answer {
    name: Arc<str>,
    number: u64,
    result: Result<Acknowledgement, RecordError>,
}

struct Recorder {
    log: AuditLog,
    durable: bool,
    pending: FuturesOrdered<Pending>,
    summary: Summary,
    refusals: Refusals,
    /// Acknowledgements that nobody was there to read.
    unread: u64,
    bar: ProgressBar,
}

impl Recorder {
    async fn read_all(&mut self, inputs: Inputs) -> anyhow::Result<()> {
        let mut interrupt = std::pin::pin!(interrupted());
        for input in inputs.0 {
            let name = input.name();
            let stopped = |taken: u64| match taken {
                0 => anyhow::anyhow!("interrupted before the first line of {name}"),
                _ => anyhow::anyhow!("interrupted after {name}:{taken}"),
            };
            let mut taken = 0;
            let mut records = tokio::select! {
                biased;
                () = &mut interrupt => return Err(stopped(0)),
                opened = input.open(Tap::new(&self.bar, None), Splitter::new(false).limit(MAX_LINE)) => opened?,
            };
            while let Some(unit) = {
                let next = self.next_unit(&mut records);
                tokio::select! {
                    biased;
                    () = &mut interrupt => return Err(stopped(taken)),
                    next = next => next?,
                }
            } {
                let (Unit::Record { line, .. } | Unit::Broken { line, .. }) = unit;
                tokio::select! {
                    biased;
                    done = self.take(&records, unit) => done?,
                    () = &mut interrupt => return Err(stopped(taken)),
                }
                taken = line;
                tracing::debug!(input = %name, line, "taken");
            }
        }
        Ok(())
    }

    /// Reads a line. Acknowledgements go out while the input is slow.
    async fn next_unit(&mut self, records: &mut Records) -> anyhow::Result<Option<Unit>> {
        let mut reading = std::pin::pin!(records.next());
        loop {
            tokio::select! {
                biased;
                next = &mut reading => return next,
                Some(answer) = self.pending.next() => self.acknowledged(answer)?,
            }
        }
    }

    async fn take(&mut self, records: &Records, unit: Unit) -> anyhow::Result<()> {
        let text = records.record();
        if text.is_empty() {
            return Ok(());
        }
        // Without documents, every unit is a line.
        let Unit::Record { line, too_long, .. } = unit else { return Ok(()) };
        let draft = match too_long {
            true => Err(format!("longer than {MAX_LINE} bytes")),
            false => attached::parse(text),
        };
        match draft {
            Ok(draft) => self.record(&records.name, line, draft).await?,
            Err(reason) => self.refuse(&records.name, line, &reason),
        }
        Ok(())
    }

    async fn record(
        &mut self,
        name: &Arc<str>,
        number: u64,
        draft: EventDraft,
    ) -> anyhow::Result<()> {
        if self.durable {
            let (log, name) = (self.log.clone(), name.clone());
            self.pending.push_back(Box::pin(async move {
                Answer { name, number, result: log.record_durable(draft).await }
            }));
            if self.pending.len() >= DURABLE_WINDOW
                && let Some(answer) = self.pending.next().await
            {
                self.acknowledged(answer)?;
            }
            return Ok(());
        }
        match self.log.record(draft).await {
            Ok(_) => self.summary.recorded += 1,
            Err(RecordError::Invalid(e)) => self.refuse(name, number, &e.to_string()),
            Err(RecordError::Attachment(e)) => self.refuse(name, number, &e.to_string()),
            Err(e) => return Err(e.into()),
        }
        Ok(())
    }

    /// Prints an acknowledgement. They come in the order of the input.
    fn acknowledged(&mut self, answer: Answer) -> anyhow::Result<()> {
        match answer.result {
            Ok(acknowledgement) => {
                self.summary.recorded += 1;
                // Recording goes on without a reader: the events matter more.
                if !write(format!("{}\n", acknowledgement.encode()).as_bytes())? {
                    self.unread += 1;
                }
            }
            Err(RecordError::Invalid(e)) => {
                self.refuse(&answer.name, answer.number, &e.to_string());
            }
            Err(RecordError::Attachment(e)) => {
                self.refuse(&answer.name, answer.number, &e.to_string());
            }
            Err(e) => return Err(e.into()),
        }
        Ok(())
    }

    /// Waits for every record under way. One that failed does not silence the others.
    async fn settle(&mut self) -> anyhow::Result<()> {
        let mut settled = Ok(());
        while let Some(answer) = self.pending.next().await {
            settled = settled.and(self.acknowledged(answer));
        }
        settled
    }

    fn refuse(&mut self, name: &str, number: u64, reason: &str) {
        self.refusals.refuse(&format!("{name}:{number}"), reason);
    }
}
