//! Files of a bundle and their digests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use dayseal_format::Digest;
use sha2::{Digest as _, Sha256};

/// Digests of files by their path, in order.
pub(super) type Sums = BTreeMap<String, Digest>;

/// A new file below `top`, hashed as it is written.
#[derive(Debug)]
pub(super) struct NewFile {
    name: String,
    file: BufWriter<File>,
    hasher: Sha256,
}

impl NewFile {
    pub(super) fn create(top: &Path, name: &str) -> io::Result<Self> {
        let path = top.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = BufWriter::new(File::create_new(path)?);
        Ok(Self { name: name.to_owned(), file, hasher: Sha256::new() })
    }

    /// Flushes it to disk and notes its digest.
    pub(super) fn finish(self, sums: &mut Sums) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        sums.insert(self.name, Digest(self.hasher.finalize().into()));
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A whole small file.
pub(super) fn write_file(top: &Path, name: &str, bytes: &[u8], sums: &mut Sums) -> io::Result<()> {
    let mut file = NewFile::create(top, name)?;
    file.write_all(bytes)?;
    file.finish(sums)
}

/// The text of `SHA256SUMS`.
pub(super) fn encode(sums: &Sums) -> String {
    sums.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect()
}

/// Reads the text of `SHA256SUMS`; `None` unless it is in its one form.
pub(super) fn decode(text: &str) -> Option<Sums> {
    let mut sums = Sums::new();
    for line in text.lines() {
        let (digest, name) = line.split_once("  ")?;
        sums.insert(name.to_owned(), digest.parse().ok()?);
    }
    (encode(&sums) == text).then_some(sums)
}

/// What lies below `top`: regular files, and the rest, which a bundle has not.
pub(super) fn walk(top: &Path) -> io::Result<(Vec<String>, Vec<String>)> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut open: Vec<PathBuf> = vec![top.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            let name = path.strip_prefix(top).unwrap_or(&path).to_string_lossy().into_owned();
            match entry.file_type()? {
                kind if kind.is_dir() => open.push(path),
                kind if kind.is_file() => files.push(name),
                _ => others.push(name),
            }
        }
    }
    files.sort_unstable();
    others.sort_unstable();
    Ok((files, others))
}

/// Opens a regular file: a stranger's bundle may have a link or a pipe in its place, which would lead elsewhere or
/// never end.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(path)
}

/// The digest of a file of any length.
pub(super) fn digest_of(path: &Path) -> io::Result<Digest> {
    let (mut file, mut hasher) = (open(path)?, Sha256::new());
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Digest(hasher.finalize().into())),
            n => hasher.update(&piece[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use super::*;

    #[test]
    fn sums_have_one_form() {
        let sums =
            Sums::from([("a".to_owned(), Digest::of(b"a")), ("b/c".to_owned(), Digest::of(b"c"))]);
        let text = encode(&sums);
        assert_eq!(decode(&text), Some(sums));
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for bad in [
            lines[1].to_owned() + lines[0],
            text.replacen("  ", " *", 1),
            text.trim_end().to_owned(),
            text.replacen('\n', "\r\n", 1),
            text.to_uppercase(),
            lines[0].repeat(2),
        ] {
            assert_eq!(decode(&bad), None, "{bad}");
        }
    }
}
