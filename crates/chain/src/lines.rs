//! A manifest's lines, read from the store a piece at a time.

use dayseal_format::Digest;
use dayseal_format::manifest::{MAX_MANIFEST, ManifestError};
use dayseal_store::{Store, StoreError};
use sha2::{Digest as _, Sha256};

/// Bytes asked for at once; many times the longest line.
const PIECE: u64 = 1 << 20;
/// Longest line, its newline included: no leaf is longer (`docs/spec/manifest.md`).
const MAX_LINE: usize = 65_536;

/// Why lines end early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinesError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("it changed while it was read")]
    Changed,
}

/// Reads one version of one object, whichever is current at the first piece.
pub(crate) struct Lines<'a> {
    store: &'a dyn Store,
    key: String,
    version: Option<String>,
    /// Length and tag, once the first piece came.
    meta: Option<(u64, String)>,
    /// Bytes of the object that were fetched.
    fetched: u64,
    buffer: Vec<u8>,
    /// Where the next line begins in `buffer`.
    start: usize,
    hasher: Sha256,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(store: &'a dyn Store, key: String) -> Self {
        Self::of_version(store, key, None)
    }

    /// Lines of the version named, instead of the current one.
    pub(crate) fn of_version(store: &'a dyn Store, key: String, version: Option<String>) -> Self {
        let (buffer, hasher) = (Vec::new(), Sha256::new());
        Self { store, key, version, meta: None, fetched: 0, buffer, start: 0, hasher }
    }

    /// The next line without its newline; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<&[u8]>, LinesError> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(length) = memchr::memchr(b'\n', rest) {
                let line = self.start..self.start + length;
                self.start += length + 1;
                return Ok(Some(&self.buffer[line]));
            }
            if rest.len() >= MAX_LINE {
                return Err(ManifestError::Framing("a line of over 65,535 bytes").into());
            }
            if !self.fetch().await? {
                return match self.buffer.len() - self.start {
                    0 => Ok(None),
                    _ => Err(ManifestError::Framing("does not end in a newline").into()),
                };
            }
        }
    }

    /// The digest of the object, once all its lines were read.
    pub(crate) fn digest(self) -> Digest {
        Digest(self.hasher.finalize().into())
    }

    /// Whether there was another piece.
    async fn fetch(&mut self) -> Result<bool, LinesError> {
        if self.meta.as_ref().is_some_and(|(length, _)| self.fetched >= *length) {
            return Ok(false);
        }
        let version = self.version.as_deref();
        let piece = self.store.get_range(&self.key, version, self.fetched, PIECE).await?;
        let found = (piece.meta.length, piece.meta.etag);
        match &self.meta {
            None if found.0 > MAX_MANIFEST => {
                return Err(ManifestError::Framing("longer than 1 GiB").into());
            }
            None => {
                self.version = piece.meta.version;
                self.meta = Some(found);
            }
            Some(known) if *known != found || piece.bytes.is_empty() => {
                return Err(LinesError::Changed);
            }
            Some(_) => {}
        }
        self.hasher.update(&piece.bytes);
        self.fetched += piece.bytes.len() as u64;
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(&piece.bytes);
        Ok(!piece.bytes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use dayseal_store::MemoryStore;

    use super::*;

    async fn read(bytes: Vec<u8>) -> Result<(Vec<Vec<u8>>, Digest), LinesError> {
        let store = MemoryStore::new();
        store.overwrite("k", bytes);
        let (mut lines, mut out) = (Lines::new(&store, "k".into()), Vec::new());
        while let Some(line) = lines.next().await? {
            out.push(line.to_vec());
        }
        Ok((out, lines.digest()))
    }

    #[tokio::test]
    async fn lines_across_pieces_are_whole() {
        let mut bytes = Vec::new();
        let expected: Vec<Vec<u8>> =
            (0..5_000_u32).map(|n| vec![b'a' + (n % 26) as u8; (n % 997) as usize]).collect();
        for line in &expected {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        assert!(bytes.len() as u64 > 2 * PIECE);
        let digest = Digest::of(&bytes);
        let (lines, found) = read(bytes).await.unwrap();
        assert_eq!((lines, found), (expected, digest));
    }

    #[tokio::test]
    async fn what_is_no_lines_is_refused() {
        assert!(matches!(read(Vec::new()).await, Ok((lines, _)) if lines.is_empty()));
        let open = read(b"a\nb".to_vec()).await.unwrap_err();
        assert!(open.to_string().contains("newline"), "{open}");
        let long = read([vec![b'x'; 70_000], b"\n".to_vec()].concat()).await;
        assert!(long.is_ok(), "one piece holds it; the record's own bound refuses it");
        let long = read(vec![b'x'; 3 << 20]).await.unwrap_err();
        assert!(long.to_string().contains("65,535"), "{long}");
    }

    #[tokio::test]
    async fn an_object_that_changes_meanwhile_is_noticed() {
        let store = MemoryStore::without_versions();
        let line = [vec![b'x'; 1000], b"\n".to_vec()].concat();
        store.overwrite("k", line.repeat(2_000));
        let mut lines = Lines::new(&store, "k".into());
        lines.next().await.unwrap();
        store.overwrite("k", line.repeat(2_001));
        let outcome = loop {
            match lines.next().await {
                Ok(Some(_)) => {}
                other => break other.map(|_| ()),
            }
        };
        assert!(matches!(outcome, Err(LinesError::Changed)), "{outcome:?}");
    }
}
