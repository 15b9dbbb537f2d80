//! Making a bundle: day by day, batch by batch, in flat memory.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};

use dayseal_chain::SealError;
use dayseal_chain::days::DayError;
use dayseal_chain::expiry::chain_kept_from;
use dayseal_format::Day;
use dayseal_format::batch::leaf_of;
use dayseal_format::names::{FIRST_CHECKPOINT, LOG_JSON, checkpoint_key, manifest_key};
use dayseal_format::record::Record;
use dayseal_store::{ErrorKind, StoreError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::sums::{NewFile, Sums, encode, write_file};
use super::{
    About, BUNDLE_JSON, EVIDENCE, POLICY, README, REPORT_HTML, REPORT_JSON, SUMS, Show,
    entries_file, order_file, readme,
};
use crate::find::{JOBS, Listed, LogReader, Opened, Problem, Sealed, listed_of};

/// What a bundle is made of.
#[derive(Clone, Debug)]
pub struct BundleOptions {
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
    /// What is shown of entries.
    pub show: Show,
    /// The name and version of the program.
    pub made_by: String,
    /// The text of the maker's policy, for information.
    pub policy: Option<String>,
    /// A report on the days, as a page and as JSON, for information.
    pub report: Option<BundledReport>,
}

/// A report in a bundle.
#[derive(Clone, Debug)]
pub struct BundledReport {
    /// `report.html`
    pub html: String,
    /// `report.json`
    pub json: String,
}

/// How much a bundle holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Days.
    pub days: u64,
    /// Batches.
    pub batches: u64,
    /// Entries.
    pub entries: u64,
    /// Batches that could not be given.
    pub absent: u64,
}

/// Why a batch is not in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Its retention is over.
    Expired,
    /// An officer ordered it away, and the order is in the bundle.
    Removed,
    /// It must be there and is not.
    Missing,
    /// It could not be read or opened.
    Unreadable,
}

impl Absent {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Removed => "removed",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A bundle that was not made. What was written until then lies in the directory, without `SHA256SUMS`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file of the bundle.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A day that cannot be relied on.
    #[error("cannot make a bundle with the day {day}; run `dayseal verify`")]
    Day {
        /// The day.
        day: Day,
        /// Why.
        source: DayError,
    },
    /// A day without a seal.
    #[error(
        "{day} is not sealed: a bundle has sealed days only; seal it, or end the bundle before it"
    )]
    NotSealed {
        /// The day.
        day: Day,
    },
    /// A day that is over, and gone.
    #[error("the manifest of {day} has expired: begin the bundle behind it")]
    Expired {
        /// The day.
        day: Day,
    },
    /// The checkpoint before the first day.
    #[error("cannot go on from the checkpoint before the first day")]
    Before {
        /// Why.
        source: DayError,
    },
}

/// Writes a bundle into a new directory. `told` hears of batches that could not be given.
///
/// Memory: a few batches at a time, however long a day is.
///
/// # Errors
/// [`BundleError`]; `top` must not exist.
pub async fn write_bundle(
    log: &LogReader<'_>,
    top: &Path,
    options: &BundleOptions,
    told: impl FnMut(Problem),
) -> Result<Written, BundleError> {
    let made = fs::create_dir(top);
    made.map_err(|source| BundleError::File { path: top.to_owned(), source })?;
    let mut writer = Writer {
        log,
        top,
        show: options.show,
        sums: Sums::new(),
        told,
        written: Written::default(),
    };
    writer.before(options.first).await?;
    for day in options.first.through(options.last) {
        writer.day(day).await?;
    }
    let about = About {
        v: 1,
        origin: log.origin.clone(),
        first: options.first,
        last: options.last,
        entries: options.show,
        made_at: log.now,
        made_by: options.made_by.chars().filter(|c| !c.is_control()).take(64).collect(),
    };
    writer.file(BUNDLE_JSON, &about.encode())?;
    writer.file(README, readme::text(&about).as_bytes())?;
    if let Some(policy) = &options.policy {
        writer.file(POLICY, policy.as_bytes())?;
    }
    if let Some(BundledReport { html, json }) = &options.report {
        writer.file(REPORT_HTML, html.as_bytes())?;
        writer.file(REPORT_JSON, json.as_bytes())?;
    }
    match log.evidence.get(LOG_JSON, None, 64 * 1024).await {
        Ok(stored) => writer.file(LOG_JSON, &stored.bytes)?,
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e.into()),
    }
    // Last: a bundle without it was not finished.
    let sums = encode(&writer.sums);
    writer.file(SUMS, sums.as_bytes())?;
    Ok(writer.written)
}

struct Writer<'a, F> {
    log: &'a LogReader<'a>,
    top: &'a Path,
    show: Show,
    sums: Sums,
    told: F,
    written: Written,
}

impl<F: FnMut(Problem)> Writer<'_, F> {
    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let written = write_file(self.top, name, bytes, &mut self.sums);
        written.map_err(|source| self.failed(name, source))
    }

    fn failed(&self, name: &str, source: io::Error) -> BundleError {
        BundleError::File { path: self.top.join(name), source }
    }

    /// The checkpoint that the first day goes on from. It may have expired; the first day's own first line says the
    /// tree before it, signed.
    async fn before(&mut self, first: Day) -> Result<(), BundleError> {
        let before = first.previous().filter(|_| first > self.log.first_day);
        let object = before.map_or(FIRST_CHECKPOINT.to_owned(), checkpoint_key);
        let note = match (self.log.sealed().note(object.clone()).await, before) {
            (Err(DayError::Unfinished { .. }), Some(day)) if self.chain_over(day).await? => {
                return Ok(());
            }
            (note, _) => note.map_err(|source| BundleError::Before { source })?.0,
        };
        self.file(&format!("{EVIDENCE}/{object}"), note.as_bytes())
    }

    /// Whether the manifest and the checkpoint of a day may be gone, as the log says.
    async fn chain_over(&self, day: Day) -> Result<bool, BundleError> {
        let LogReader { evidence, origin, keys, now, .. } = self.log;
        let days = self.log.sealed().list().await?;
        let kept = chain_kept_from(*evidence, origin, keys, days.into_iter(), now.day()).await;
        match kept {
            Ok(kept_from) => Ok(kept_from.is_some_and(|from| day < from)),
            Err(SealError::Store(e)) => Err(e.into()),
            Err(_) => Ok(false),
        }
    }

    async fn day(&mut self, day: Day) -> Result<(), BundleError> {
        let name = format!("{EVIDENCE}/{}", manifest_key(day));
        let mut copy =
            NewFile::create(self.top, &name).map_err(|source| self.failed(&name, source))?;
        let mut copied = Ok(());
        let days = self.log.sealed();
        let read = days.read(day, |line, _| {
            if copied.is_ok() {
                copied = copy.write_all(line).and_then(|()| copy.write_all(b"\n"));
            }
        });
        let sealed = read.await.map_err(|source| BundleError::Day { day, source })?;
        let Some(sealed) = sealed else {
            return Err(match self.chain_over(day).await? {
                true => BundleError::Expired { day },
                false => BundleError::NotSealed { day },
            });
        };
        let copied = copied.and_then(|()| copy.finish(&mut self.sums));
        copied.map_err(|source| self.failed(&name, source))?;
        let checkpoint = format!("{EVIDENCE}/{}", checkpoint_key(day));
        self.file(&checkpoint, sealed.note.as_bytes())?;
        self.written.days += 1;
        let by = Sealed { by: day, keep_until: sealed.manifest.day.keep_until };
        self.entries(day, &self.top.join(&name), by).await
    }

    /// The blocks of a day, from the manifest as it was copied.
    async fn entries(&mut self, day: Day, manifest: &Path, by: Sealed) -> Result<(), BundleError> {
        let name = entries_file(day);
        let failed = |source| BundleError::File { path: self.top.join(&name), source };
        let mut out = NewFile::create(self.top, &name).map_err(failed)?;
        let lines = BufReader::new(File::open(manifest).map_err(failed)?).split(b'\n');
        let batches = stream::iter(lines).try_filter_map(|line| async move {
            Ok(match Record::decode(&line) {
                Ok(Record::Batch(b)) => Some(Listed { sealed: Some(by), ..listed_of(&b) }),
                _ => None,
            })
        });
        let log = self.log;
        let opened = batches.map(|batch| async move {
            match batch {
                Ok(batch) => {
                    let opened = log.open(&batch).await;
                    Ok((batch, opened))
                }
                Err(e) => Err(e),
            }
        });
        let mut opened = std::pin::pin!(opened.buffered(JOBS));
        while let Some(next) = opened.next().await {
            let (batch, opened) = next.map_err(failed)?;
            let absent = match opened {
                Opened::Batch(open) => {
                    self.written.batches += 1;
                    self.written.entries += open.len() as u64;
                    block(&mut out, &batch, &open, self.show).map_err(failed)?;
                    continue;
                }
                Opened::Expired => Absent::Expired,
                Opened::Removed(order) => {
                    self.file(&order_file(&batch.key), order.as_bytes())?;
                    Absent::Removed
                }
                Opened::Problem(problem) => {
                    let missing = matches!(problem, Problem::Missing { .. });
                    (self.told)(problem);
                    if missing { Absent::Missing } else { Absent::Unreadable }
                }
            };
            self.written.absent += 1;
            writeln!(out, "absent {} {}", batch.key, absent.as_str()).map_err(failed)?;
        }
        out.finish(&mut self.sums).map_err(|source| self.failed(&name, source))
    }
}

fn block(
    out: &mut NewFile,
    batch: &Listed,
    open: &dayseal_format::batch::OpenBatch,
    show: Show,
) -> io::Result<()> {
    writeln!(out, "batch {}", batch.key)?;
    for (salt, entry) in open.salted() {
        match show {
            Show::Digests => writeln!(out, "{}", leaf_of(&salt, entry))?,
            Show::Shown => {
                let mut text = [b' '; 33];
                // 32 digits for 16 bytes: it cannot fail.
                let _ = hex::encode_to_slice(salt, &mut text[..32]);
                out.write_all(&text)?;
                out.write_all(entry)?;
                out.write_all(b"\n")?;
            }
        }
    }
    Ok(())
}
