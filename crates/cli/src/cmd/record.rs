//! `dayseal record`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use dayseal::privacy::Settings;
use dayseal::{
    Acknowledgement, AuditLog, Clock, Event, EventDraft, Limits, RecordError, SystemClock,
    UnixMillis,
};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, BufReader};

use crate::args::{Args, Record, Redaction};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::output::{bytes, count, json, tell, write};
use crate::progress::bar;

/// Longest input line, in bytes: several times the longest event, whatever its white space.
const MAX_LINE: usize = 1024 * 1024;
/// Refused lines reported one by one; the rest are counted.
const MAX_REPORTED: u64 = 100;
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
    redacted: u64,
}

/// The time given for demonstrations and tests.
#[derive(Debug)]
struct FixedClock(UnixMillis);

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

pub(crate) async fn run(args: &Args, own: &Record) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let file = config.file()?;
    let inputs = Inputs::new(&own.files)?;
    let clock: Arc<dyn Clock> = match args.now {
        Some(now) => Arc::new(FixedClock(now)),
        None => Arc::new(SystemClock),
    };
    let service = own.service.clone().unwrap_or_else(|| file.service.clone());
    let mut builder = AuditLog::builder(file.origin.clone(), service)
        .store(config.evidence_for_writing().await?)
        .keys(config.source(&file.origin).await?)
        .limits(Limits { late_days: file.late_days, ..Limits::default() })
        .privacy(privacy(own)?)
        .lifecycle_events(false)
        .clock(clock);
    if let Some(tenant) = &own.tenant {
        builder = builder.tenant(tenant);
    }
    let log = builder.open()?;

    let total = inputs.total();
    let bar = bar(args, total, "{spinner} {bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta}");
    let mut recorder = Recorder {
        log: log.clone(),
        durable: own.durable,
        pending: FuturesOrdered::new(),
        summary: Summary { v: 1, ..Summary::default() },
        unread: 0,
        bar,
    };
    let read = recorder.read_all(inputs).await;
    // Whatever stopped the reading, what was accepted is stored before the command ends.
    let settled = recorder.settle().await;
    recorder.bar.finish_and_clear();
    let metrics = log.close().await.context("not every entry was stored")?;
    let (mut summary, unread) = (recorder.summary, recorder.unread);
    summary.batches = metrics.stored_batches;
    summary.bytes = metrics.stored_bytes;
    summary.redacted = metrics.redacted.total();
    report(args, own, &summary)?;
    if unread > 0 {
        let n = count(unread, "acknowledgement", "acknowledgements");
        tell(&format!("standard output was closed: {n} not printed"));
    }
    read.and(settled)?;
    Ok(if summary.refused > 0 { Exit::Altered } else { Exit::Ok })
}

fn privacy(own: &Record) -> Result<Settings, UsageError> {
    if own.redaction != Redaction::Strict && !own.declared.is_empty() {
        return Err(UsageError("--declare-label needs --redaction strict".into()));
    }
    Ok(match own.redaction {
        Redaction::Off => Settings::off(),
        Redaction::Default => Settings::default(),
        Redaction::Strict => Settings::strict(&own.declared),
    })
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
    /// Acknowledgements that nobody was there to read.
    unread: u64,
    bar: ProgressBar,
}

impl Recorder {
    async fn read_all(&mut self, inputs: Inputs) -> anyhow::Result<()> {
        let mut interrupt = std::pin::pin!(interrupted());
        for input in inputs.0 {
            let (name, reader) = input.open().await?;
            let mut lines = Lines { reader, buffer: Vec::new(), number: 0 };
            let mut taken = 0;
            let stopped = |taken: u64| match taken {
                0 => anyhow::anyhow!("interrupted before the first line of {name}"),
                _ => anyhow::anyhow!("interrupted after {name}:{taken}"),
            };
            while let Some(read) = {
                let next = self.next_line(&name, &mut lines);
                tokio::select! {
                    biased;
                    () = &mut interrupt => return Err(stopped(taken)),
                    next = next => next?,
                }
            } {
                self.bar.inc(read as u64);
                tokio::select! {
                    biased;
                    done = self.take(&name, &lines) => done?,
                    () = &mut interrupt => return Err(stopped(taken)),
                }
                taken = lines.number;
            }
        }
        Ok(())
    }

    /// Reads a line. Acknowledgements go out while the input is slow.
    async fn next_line(&mut self, name: &str, lines: &mut Lines) -> anyhow::Result<Option<usize>> {
        let mut reading = std::pin::pin!(lines.next());
        loop {
            tokio::select! {
                biased;
                next = &mut reading => return next.with_context(|| format!("cannot read {name}")),
                Some(answer) = self.pending.next() => self.acknowledged(answer)?,
            }
        }
    }

    async fn take(&mut self, name: &Arc<str>, lines: &Lines) -> anyhow::Result<()> {
        let text = lines.buffer.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        let draft = if lines.buffer.len() >= MAX_LINE {
            Err(format!("longer than {MAX_LINE} bytes"))
        } else {
            Event::from_json(text).map_err(|e| e.to_string())
        };
        match draft {
            Ok(draft) => self.record(name, lines.number, draft).await?,
            Err(reason) => self.refuse(name, lines.number, &reason),
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
        self.summary.refused += 1;
        let text = match self.summary.refused {
            n if n <= MAX_REPORTED => {
                format!("{name}:{number}: refused: {}", crate::output::clean(reason))
            }
            n if n == MAX_REPORTED + 1 => "more refused lines are counted, not shown".into(),
            _ => return,
        };
        self.bar.suspend(|| tell(&text));
    }
}

/// Ends when the process is asked to: what was accepted is still stored then.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Where lines come from.
struct Inputs(Vec<Input>);

enum Input {
    Stdin,
    File(PathBuf, u64),
}

impl Inputs {
    /// Looks at every file before the first line is recorded: a typing error records nothing.
    fn new(files: &[PathBuf]) -> Result<Self, UsageError> {
        if files.is_empty() {
            return Ok(Self(vec![Input::Stdin]));
        }
        let input = |path: &PathBuf| {
            if path == Path::new("-") {
                return Ok(Input::Stdin);
            }
            match std::fs::metadata(path) {
                Ok(meta) if meta.is_dir() => {
                    Err(UsageError(format!("{} is a directory", path.display())))
                }
                Ok(meta) => Ok(Input::File(path.clone(), meta.len())),
                Err(e) => Err(UsageError(format!("cannot read {}: {e}", path.display()))),
            }
        };
        files.iter().map(input).collect::<Result<_, _>>().map(Self)
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|i| if let Input::File(_, len) = i { *len } else { 0 }).sum()
    }
}

impl Input {
    async fn open(self) -> anyhow::Result<(Arc<str>, Box<dyn AsyncBufRead + Unpin + Send>)> {
        Ok(match self {
            Self::Stdin => ("stdin".into(), Box::new(BufReader::new(tokio::io::stdin()))),
            Self::File(path, _) => {
                let name = path.display().to_string();
                let file = tokio::fs::File::open(&path).await;
                let file = file.with_context(|| format!("cannot read {name}"))?;
                (name.into(), Box::new(BufReader::with_capacity(256 * 1024, file)))
            }
        })
    }
}

/// Lines of bounded length: of a longer one the rest is read and thrown away.
struct Lines {
    reader: Box<dyn AsyncBufRead + Unpin + Send>,
    buffer: Vec<u8>,
    number: u64,
}

impl Lines {
    /// Reads the next line into `buffer`; the bytes consumed, or `None` at the end.
    async fn next(&mut self) -> std::io::Result<Option<usize>> {
        self.buffer.clear();
        let mut consumed = 0;
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                if consumed == 0 {
                    return Ok(None);
                }
                break;
            }
            let end = chunk.iter().position(|b| *b == b'\n');
            let take = end.map_or(chunk.len(), |at| at + 1);
            let room = MAX_LINE.saturating_sub(self.buffer.len()).min(take);
            self.buffer.extend_from_slice(&chunk[..room]);
            self.reader.consume(take);
            consumed += take;
            if end.is_some() {
                break;
            }
        }
        self.number += 1;
        Ok(Some(consumed))
    }
}
