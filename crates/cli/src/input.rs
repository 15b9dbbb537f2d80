//! Where records come from: files and standard input, compressed or not, a record at a time.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use anyhow::Context as _;
use async_compression::tokio::bufread::GzipDecoder;
use dayseal_format::pseudonym::SourceHasher;
use dayseal_import::{Splitter, Unit};
use indicatif::ProgressBar;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, ReadBuf,
};

use crate::exit::UsageError;
use crate::output::{clean, tell};

/// The first bytes of a gzip stream (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Refused records reported one by one; the rest are counted.
const MAX_REPORTED: u64 = 100;

/// What a run reads, in order.
pub(crate) struct Inputs(pub(crate) Vec<Input>);

pub(crate) enum Input {
    Stdin,
    File(PathBuf, u64),
}

impl Inputs {
    /// Looks at every file before the first record is taken: a typing error records nothing.
    pub(crate) fn new(files: &[PathBuf]) -> Result<Self, UsageError> {
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

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|i| if let Input::File(_, len) = i { *len } else { 0 }).sum()
    }
}

impl Input {
    /// The name for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path, _) => path.display().to_string(),
        }
    }

    /// The name without directories, which are nobody else's business.
    pub(crate) fn file_name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path, _) => {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
        }
    }

    /// Opens it; reads no more than what shows whether it is compressed.
    pub(crate) async fn open(self, tap: Tap, splitter: Splitter) -> anyhow::Result<Records> {
        let name: Arc<str> = self.name().into();
        let inner: Box<dyn AsyncRead + Unpin + Send> = match self {
            Self::Stdin => Box::new(tokio::io::stdin()),
            Self::File(path, _) => {
                let file = tokio::fs::File::open(&path).await;
                Box::new(file.with_context(|| format!("cannot read {name}"))?)
            }
        };
        let mut reader = Tapped { inner, tap };
        let mut first = Vec::with_capacity(GZIP.len());
        let read = (&mut reader).take(GZIP.len() as u64).read_to_end(&mut first).await;
        read.with_context(|| format!("cannot read {name}"))?;
        let compressed = first == GZIP;
        let whole = BufReader::with_capacity(256 * 1024, std::io::Cursor::new(first).chain(reader));
        let reader: Box<dyn AsyncBufRead + Unpin + Send> = if compressed {
            let mut decoder = GzipDecoder::new(whole);
            // Files put behind each other are one file, as for gunzip.
            decoder.multiple_members(true);
            Box::new(BufReader::with_capacity(256 * 1024, decoder))
        } else {
            Box::new(whole)
        };
        Ok(Records { name, reader, splitter, ended: false })
    }
}

/// Looks at the bytes of an input as they stand in it: for the progress bar, and for a digest.
#[derive(Clone)]
pub(crate) struct Tap {
    bar: ProgressBar,
    hasher: Arc<Mutex<Option<SourceHasher>>>,
}

impl Tap {
    pub(crate) fn new(bar: &ProgressBar, hasher: Option<SourceHasher>) -> Self {
        Self { bar: bar.clone(), hasher: Arc::new(Mutex::new(hasher)) }
    }

    /// The digest of what was read.
    pub(crate) fn digest(&self) -> Option<String> {
        let hasher = self.hasher.lock().unwrap_or_else(PoisonError::into_inner).take();
        hasher.map(|hasher| hasher.finish().text)
    }

    fn take(&self, bytes: &[u8]) {
        self.bar.inc(bytes.len() as u64);
        if let Some(hasher) = &mut *self.hasher.lock().unwrap_or_else(PoisonError::into_inner) {
            hasher.update(bytes);
        }
    }
}

struct Tapped {
    inner: Box<dyn AsyncRead + Unpin + Send>,
    tap: Tap,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.tap.take(&buffer.filled()[before..]);
        done
    }
}

/// The records of one input.
pub(crate) struct Records {
    pub(crate) name: Arc<str>,
    reader: Box<dyn AsyncBufRead + Unpin + Send>,
    splitter: Splitter,
    ended: bool,
}

impl Records {
    /// The next record, in [`Records::record`]; `None` at the end. Safe to cancel.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Unit>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let chunk = self.reader.fill_buf().await;
            let chunk = chunk.with_context(|| format!("cannot read {}", self.name))?;
            if chunk.is_empty() {
                self.ended = true;
                return Ok(self.splitter.finish());
            }
            let (taken, unit) = self.splitter.feed(chunk);
            self.reader.consume(taken);
            if unit.is_some() {
                return Ok(unit);
            }
        }
    }

    /// The record found last, without white space around it.
    pub(crate) fn record(&self) -> &[u8] {
        self.splitter.record().trim_ascii()
    }
}

/// Tells of records that were refused.
pub(crate) struct Refusals {
    pub(crate) count: u64,
    bar: ProgressBar,
}

impl Refusals {
    pub(crate) fn new(bar: &ProgressBar) -> Self {
        Self { count: 0, bar: bar.clone() }
    }

    /// `place` is the input's name and the line.
    pub(crate) fn refuse(&mut self, place: &str, reason: &str) {
        self.count += 1;
        let text = match self.count {
            n if n <= MAX_REPORTED => format!("{place}: refused: {}", clean(reason)),
            n if n == MAX_REPORTED + 1 => "more refused lines are counted, not shown".into(),
            _ => return,
        };
        self.bar.suspend(|| tell(&text));
    }
}

/// Ends when the process is asked to: what was accepted is still stored then.
pub(crate) async fn interrupted() {
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
