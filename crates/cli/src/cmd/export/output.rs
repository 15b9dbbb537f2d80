//! Where an export goes: a file or directory that appears whole or not at all, or standard output.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::args::Export;
use crate::exit::UsageError;

/// Bytes written at once. The end of standard output waits with them until the export stands in the log.
const BUFFER: usize = 64 << 10;

/// Where to.
pub(super) enum Out {
    File(Box<FileOut>),
    #[cfg(feature = "parquet")]
    Directory {
        directory: NewDirectory,
        layout: dayseal_export::parquet::Layout,
    },
}

impl Out {
    /// Nothing is there under the name asked for before [`FileOut::commit`] or [`NewDirectory::commit`].
    pub(super) fn new(own: &Export) -> anyhow::Result<Self> {
        let standard = own.out.as_os_str() == "-";
        if !standard && own.out.symlink_metadata().is_ok() {
            return Err(exists(&own.out).into());
        }
        #[cfg(feature = "parquet")]
        if own.format == crate::args::ExportFormat::Parquet {
            if standard {
                let text =
                    "--out: parquet makes a directory of files; give one that does not exist";
                return Err(UsageError(text.into()).into());
            }
            let layout =
                dayseal_export::parquet::Layout::new(&own.source, &own.region, &own.account)
                    .map_err(|e| UsageError(format!("--{e}")))?;
            return Ok(Self::Directory { directory: NewDirectory::create(&own.out)?, layout });
        }
        let out = if standard { FileOut::standard() } else { FileOut::create(&own.out)? };
        Ok(Self::File(Box::new(out)))
    }
}

fn exists(path: &Path) -> UsageError {
    UsageError(format!("{} exists: an export overwrites nothing", path.display()))
}

/// The directory that a path lies in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary name beside the path, so that the last step is a rename.
fn beside(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.partial-")
}

enum Target {
    File { file: Option<BufWriter<NamedTempFile>>, path: PathBuf },
    Standard(BufWriter<Stdout>),
}

/// One stream of bytes.
pub(super) struct FileOut {
    target: Target,
    closed: bool,
}

impl FileOut {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let made = tempfile::Builder::new().prefix(&beside(path)).tempfile_in(parent(path));
        let file = made.with_context(|| format!("cannot write beside {}", path.display()))?;
        let file = Some(BufWriter::with_capacity(BUFFER, file));
        Ok(Self { target: Target::File { file, path: path.to_owned() }, closed: false })
    }

    fn standard() -> Self {
        let out = BufWriter::with_capacity(BUFFER, io::stdout());
        Self { target: Target::Standard(out), closed: false }
    }

    /// Whether nobody reads standard output any more.
    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    /// Makes it whole: the file gets its name, unless one has it by now.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Standard(out) => {
                let flushed = out.flush().map(|()| 0);
                self.seen(flushed).map(drop)
            }
            Target::File { file, path } => {
                let Some(file) = file.take() else { return Ok(()) };
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist_noclobber(path).map(drop).map_err(|e| e.error)
            }
        }
    }

    fn seen(&mut self, result: io::Result<usize>) -> io::Result<usize> {
        if let Err(e) = &result {
            let standard = matches!(self.target, Target::Standard(_));
            self.closed |= standard && e.kind() == ErrorKind::BrokenPipe;
        }
        result
    }
}

impl Write for FileOut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Standard(out) => out.write(bytes),
            Target::File { file: Some(out), .. } => out.write(bytes),
            Target::File { file: None, .. } => Err(ErrorKind::BrokenPipe.into()),
        };
        self.seen(written)
    }

    /// Nothing: only [`FileOut::commit`] lets the end out.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A directory under a temporary name, removed again unless it is committed.
#[cfg(feature = "parquet")]
pub(super) struct NewDirectory {
    made: tempfile::TempDir,
    path: PathBuf,
}

#[cfg(feature = "parquet")]
impl NewDirectory {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let name = beside(path);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&name);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let made = builder.tempdir_in(parent(path));
        let made = made.with_context(|| format!("cannot write beside {}", path.display()))?;
        Ok(Self { made, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        self.made.path()
    }

    /// Gives it its name, unless one has it by now.
    pub(super) fn commit(self) -> anyhow::Result<()> {
        if self.path.symlink_metadata().is_ok() {
            return Err(exists(&self.path).into());
        }
        let renamed = std::fs::rename(self.made.path(), &self.path);
        renamed.with_context(|| format!("cannot name {}", self.path.display()))?;
        // It has another name now: there is nothing left to remove.
        let _ = self.made.keep();
        Ok(())
    }
}
