//! A manifest on its way to the store: in a temporary file, since a large day's may not fit in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, Write};

use dayseal_format::manifest::{ManifestPlan, ManifestWriter};
use dayseal_format::{Day, Digest};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::SealError;

/// Writes records to an unnamed temporary file.
pub(super) type SpooledWriter = ManifestWriter<BufWriter<File>>;

/// A whole manifest in a file that is removed when this is dropped. Holds no plaintext.
#[derive(Debug)]
pub(super) struct Spooled {
    pub(super) file: NamedTempFile,
    pub(super) digest: Digest,
}

pub(super) fn begin(plan: ManifestPlan) -> Result<SpooledWriter, SealError> {
    let day = plan.day;
    let file = tempfile::tempfile().map_err(|e| failed(day, e))?;
    Ok(ManifestWriter::new(plan, BufWriter::new(file)))
}

/// The first line, which is known last, and then the rest.
pub(super) fn finish(day: Day, writer: SpooledWriter) -> Result<Spooled, SealError> {
    let join = || -> io::Result<Spooled> {
        let (first, body) = writer.finish()?;
        let mut body = body.into_inner()?;
        body.rewind()?;
        let mut out = Hashing { out: NamedTempFile::new()?, hasher: Sha256::new() };
        out.write_all(&first)?;
        io::copy(&mut BufReader::with_capacity(1 << 18, body), &mut out)?;
        let digest = Digest(out.hasher.finalize().into());
        Ok(Spooled { file: out.out, digest })
    };
    join().map_err(|e| failed(day, e))
}

pub(super) fn failed(day: Day, source: io::Error) -> SealError {
    SealError::Spool { day, directory: std::env::temp_dir(), source }
}

struct Hashing {
    out: NamedTempFile,
    hasher: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
