//! `dayseal import`

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use dayseal::privacy::{Guard, Settings};
use dayseal::{AuditLog, EventDraft, EventId, RecordError, UnixMillis};
use dayseal_format::event::{DEFAULT_TENANT, Defaults, Service};
use dayseal_import::{
    Fernet, FileReport, Format, Importer, Interrupted, LABELS, MAX_RECORD, Place, SourceKeys,
    Splitter, Unit,
};
use dayseal_keys::random;
use indicatif::ProgressBar;

use crate::args::{Args, Import};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::input::{Input, Inputs, Records, Refusals, Tap, interrupted};
use crate::output::{tell, write};
use crate::progress::bar;
use crate::recording::{open_log, privacy};

mod report;

use report::{FileSummary, Summary};

/// Where a Fernet key may stand besides a file. Never an argument: those can be read by others.
const FERNET_KEY: &str = "DAYSEAL_FERNET_KEY";
/// More than a key in base64 and the white space around it.
const FERNET_FILE_LIMIT: u64 = 256;

pub(crate) async fn run(args: &Args, own: &Import) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let origin = config.file()?.origin.clone();
    let inputs = Inputs::new(&own.files)?;
    let mut importer = Importer::new(own.from);
    if let Some(key) = fernet_key(own)? {
        importer = importer.fernet(key);
    }
    if let Some(tenant) = &own.recording.tenant {
        importer = importer.tenant(tenant);
    }
    match config.open_log_secret(&origin).await? {
        Some(secret) => importer = importer.keys(SourceKeys::new(secret.expose(), &origin)),
        None => tell(
            "no log secret: no digests of lines, files and contents are kept, and an import run twice shows nowhere",
        ),
    }
    let privacy = privacy(&config, &own.recording, &LABELS).await?;
    let sink = match own.dry_run {
        true => Sink::Dry(Box::new(Dry::new(&config, own, privacy)?)),
        false => Sink::Log(open_log(args, &config, &own.recording, privacy).await?),
    };

    let template = "{spinner} {bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta}";
    let bar = bar(args, inputs.total(), template);
    let service = own.recording.service.as_ref().unwrap_or(&config.file()?.service);
    let mut run = Run {
        importer,
        format: own.from,
        now: config.now()?,
        service: service.to_string(),
        summary: Summary::new(own.from, own.dry_run),
        refusals: Refusals::new(&bar),
        sink,
        bar,
    };
    let read = run.read_all(inputs).await;
    run.bar.finish_and_clear();
    // Whatever stopped the reading, what was accepted is stored before the command ends.
    let mut summary = run.summary;
    run.sink.close(&mut summary).await?;
    summary.print(args)?;
    read?;
    Ok(if summary.is_clean() { Exit::Ok } else { Exit::Altered })
}

fn fernet_key(own: &Import) -> anyhow::Result<Option<Fernet>> {
    let (text, place) = match (&own.fernet_key_file, std::env::var(FERNET_KEY)) {
        (Some(_), _) if own.from != Format::Rotalabs => {
            let text = "--fernet-key-file is for --from rotalabs: no other format is encrypted";
            return Err(UsageError(text.into()).into());
        }
        (Some(path), _) => (key_file(path)?, path.display().to_string()),
        (None, Ok(text)) if own.from == Format::Rotalabs => (text, FERNET_KEY.to_owned()),
        _ => return Ok(None),
    };
    Ok(Some(Fernet::new(&text).map_err(|e| UsageError(format!("{place}: {e}")))?))
}

fn key_file(path: &Path) -> Result<String, UsageError> {
    let cannot = |e: std::io::Error| UsageError(format!("cannot read {}: {e}", path.display()));
    let file = std::fs::File::open(path).map_err(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(cannot)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = path.display();
            let text =
                format!("{path} can be read by others (mode {mode:o}): run `chmod 600` on it");
            return Err(UsageError(text));
        }
    }
    let mut text = String::new();
    file.take(FERNET_FILE_LIMIT).read_to_string(&mut text).map_err(cannot)?;
    Ok(text)
}

/// Where drafts go.
enum Sink {
    Log(AuditLog),
    Dry(Box<Dry>),
}

/// Nowhere, after all that would be done to them.
struct Dry {
    guard: Guard,
    tenant: String,
    service: Service,
    now: UnixMillis,
    print: bool,
}

impl Dry {
    fn new(config: &Config<'_>, own: &Import, privacy: Settings) -> anyhow::Result<Self> {
        let service = own.recording.service.as_ref().unwrap_or(&config.file()?.service);
        let tenant = own.recording.tenant.clone().unwrap_or_else(|| DEFAULT_TENANT.to_owned());
        Ok(Self {
            guard: Guard::new(privacy),
            tenant,
            service: Service::new(service.to_string()),
            now: config.now()?,
            print: own.print,
        })
    }

    fn take(&self, mut draft: EventDraft) -> Result<(), RecordError> {
        self.guard.apply(&mut draft, &self.tenant)?;
        let id = EventId::from_parts(self.now, random()?);
        let defaults = Defaults::new(id, self.now, &self.service).tenant(&self.tenant);
        let event = draft.complete(defaults)?;
        if self.print {
            let mut line = Vec::new();
            event.encode(&mut line);
            line.push(b'\n');
            // `| head` has seen enough; what remains is still judged.
            let _ = write(&line);
        }
        Ok(())
    }
}

impl Sink {
    async fn take(&self, draft: EventDraft) -> Result<(), RecordError> {
        match self {
            Self::Log(log) => log.record(draft).await.map(drop),
            Self::Dry(dry) => dry.take(draft),
        }
    }

    async fn close(&self, summary: &mut Summary) -> anyhow::Result<()> {
        match self {
            Self::Log(log) => {
                let metrics = log.close().await.context("not every entry was stored")?;
                summary.batches = metrics.stored_batches;
                summary.bytes = metrics.stored_bytes;
                summary.redacted = metrics.redacted.total();
            }
            Self::Dry(dry) => summary.redacted = dry.guard.counts().total(),
        }
        Ok(())
    }
}

struct Run {
    importer: Importer,
    format: Format,
    now: UnixMillis,
    service: String,
    summary: Summary,
    refusals: Refusals,
    sink: Sink,
    bar: ProgressBar,
}

impl Run {
    async fn read_all(&mut self, inputs: Inputs) -> anyhow::Result<()> {
        let mut interrupt = std::pin::pin!(interrupted());
        for input in inputs.0 {
            let name = input.name();
            let mut report = FileReport::new(self.format, &input.file_name());
            let id = EventId::from_parts(self.now, random()?);
            self.importer.begin_file(id);
            let tap = Tap::new(&self.bar, self.importer.file_hasher());
            let read = tokio::select! {
                biased;
                () = &mut interrupt => {
                    report.interrupted = Interrupted::Yes;
                    Ok(())
                }
                read = self.read(input, &tap, &mut report) => read,
            };
            report.check = self.importer.end_file();
            if read.is_ok() && report.interrupted == Interrupted::No {
                report.digest = tap.digest();
            } else {
                report.interrupted = Interrupted::Yes;
            }
            // What was taken so far is said in the log as well, not only here.
            self.sink.take(report.event(id, &self.service)?).await?;
            let stopped = report.interrupted == Interrupted::Yes;
            let taken = report.records;
            self.summary.files.push(FileSummary::new(report, id));
            read?;
            if stopped {
                anyhow::bail!("interrupted after {taken} records of {name}");
            }
        }
        Ok(())
    }

    async fn read(
        &mut self,
        input: Input,
        tap: &Tap,
        report: &mut FileReport,
    ) -> anyhow::Result<()> {
        let mut records =
            input.open(tap.clone(), Splitter::new(self.format.has_documents())).await?;
        while let Some(unit) = records.next().await? {
            self.take(&records, unit, report).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        records: &Records,
        unit: Unit,
        report: &mut FileReport,
    ) -> anyhow::Result<()> {
        let (line, record) = match unit {
            Unit::Record { .. } if records.record().is_empty() => return Ok(()),
            Unit::Record { line, nth, .. } => (line, nth),
            Unit::Broken { line, records } => (line, Some(records + 1)),
        };
        report.records += 1;
        let place = || match record {
            Some(n) => format!("{}:{line}: record {n}", records.name),
            None => format!("{}:{line}", records.name),
        };
        let file = report.file.clone();
        let mapped = match unit {
            Unit::Broken { .. } => {
                Err("the document ends here, or is not {\"Records\":[…]}".to_owned())
            }
            Unit::Record { too_long: true, .. } => Err(format!("longer than {MAX_RECORD} bytes")),
            Unit::Record { .. } => {
                let place = Place { file: &file, line, record };
                self.importer.map(records.record(), place).map_err(|e| e.to_string())
            }
        };
        let refused = match mapped {
            Err(reason) => Some(reason),
            Ok(mapped) => match self.sink.take(mapped.draft).await {
                Ok(()) => {
                    report.imported += 1;
                    report.dropped(&mapped.dropped);
                    None
                }
                Err(RecordError::Invalid(e)) => Some(e.to_string()),
                Err(RecordError::Undeclared(e)) => Some(e.to_string()),
                Err(e) => return Err(e.into()),
            },
        };
        if let Some(reason) = refused {
            report.refused += 1;
            self.refusals.refuse(&place(), &reason);
        }
        Ok(())
    }
}
