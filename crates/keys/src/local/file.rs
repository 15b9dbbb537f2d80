//! The key file: its fields, and how it is read and written.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::KeyError;

/// `kind` of every key file, so that no other JSON is taken for one.
pub(super) const KIND: &str = "dayseal-keys";
/// Longest key file read, in bytes.
pub(super) const MAX_FILE: u64 = 16 * 1024;

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    pub(super) v: u8,
    pub(super) kind: String,
    pub(super) origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signing_seed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wrapping_key: Option<String>,
    /// Wraps content keys: who may open entries need not be able to open content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_wrapping_key: Option<String>,
    /// Root of pseudonyms, content digests and hints; made at `init` so that a log has one from its
    /// first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log_secret: Option<String>,
    /// The one before a rotation. In Secrets Manager the version before has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous_log_secret: Option<String>,
}

/// The bytes of a file that only its owner may read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let io = |source| KeyError::File { action: "read", path: path.to_owned(), source };
    let meta = fs::metadata(path).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
    }
    let mut bytes = Zeroizing::new(Vec::new());
    fs::File::open(path).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(io)?;
    Ok(bytes)
}

/// Writes a new file that only its owner may read; an existing one is never overwritten.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), KeyError> {
    create(path, text).map_err(|source| KeyError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// Replaces a file in one step.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |source| KeyError::File { action: "replace", path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    create(&temporary, text).map_err(failed)?;
    fs::rename(&temporary, path).map_err(|source| {
        let _ = fs::remove_file(&temporary);
        failed(source)
    })
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key file must not look like a whole one.
        let _ = fs::remove_file(path);
    }
    written
}
