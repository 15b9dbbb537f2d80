//! Where an example records: the directory given as first argument, which `dayseal init` made, or a
//! temporary one with keys of its own.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dayseal::keys::LocalKeys;
use dayseal::privacy::{Pseudonyms, Settings};
use dayseal::store::DirectoryStore;
use dayseal::{AuditLog, Event};

#[path = "entries.rs"]
mod entries;

pub(crate) struct Home {
    keys: Arc<LocalKeys>,
    store: Arc<DirectoryStore>,
    /// Removed when dropped.
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    /// By the first argument of the command line.
    pub(crate) fn from_args() -> Result<Self, Box<dyn Error>> {
        match std::env::args_os().nth(1).map(PathBuf::from) {
            Some(dir) => Self::open(&dir, None),
            None => Self::temporary(),
        }
    }

    pub(crate) fn temporary() -> Result<Self, Box<dyn Error>> {
        let home = tempfile::tempdir()?;
        std::fs::create_dir(home.path().join("evidence"))?;
        let keys = LocalKeys::generate(&"audit.example.com/examples".parse()?)?;
        keys.save_new(&home.path().join("keys.json"))?;
        let dir = home.path().to_owned();
        Self::open(&dir, Some(home))
    }

    fn open(dir: &Path, temporary: Option<tempfile::TempDir>) -> Result<Self, Box<dyn Error>> {
        let keys = Arc::new(LocalKeys::load(&dir.join("keys.json"))?);
        let store = Arc::new(DirectoryStore::open(dir.join("evidence"))?);
        Ok(Self { keys, store, _temporary: temporary })
    }

    /// A log that makes pseudonyms of people and digests of content.
    pub(crate) fn log(&self, service: &str) -> Result<AuditLog, Box<dyn Error>> {
        let origin = self.keys.origin().parse()?;
        let pseudonyms = Pseudonyms::new(self.keys.log_secret()?, &origin);
        let log = AuditLog::builder(origin, service.parse()?)
            .store(self.store.clone())
            .keys(self.keys.clone())
            .privacy(Settings::default().pseudonyms(pseudonyms))
            .open()?;
        Ok(log)
    }

    /// Prints what is stored, line by line as it is stored.
    pub(crate) async fn print(&self) -> Vec<Event> {
        let entries = entries::entries(&*self.store, &self.keys).await;
        for entry in &entries {
            let mut line = Vec::new();
            entry.encode(&mut line);
            println!("{}", String::from_utf8_lossy(&line));
        }
        entries
    }
}
