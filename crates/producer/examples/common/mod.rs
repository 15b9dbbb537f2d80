//! The log that an example writes: one made by `dayseal init DIRECTORY`, named as the first argument;
//! without one, a temporary folder with a wrapping key of its own.

use std::path::PathBuf;
use std::sync::Arc;

use dayseal::AuditLog;
use dayseal::keys::LocalKeys;
use dayseal::store::DirectoryStore;

pub(crate) fn open(service: &str) -> Result<AuditLog, Box<dyn std::error::Error>> {
    let home = match std::env::args_os().nth(1) {
        Some(home) => PathBuf::from(home),
        None => temporary()?,
    };
    let keys = LocalKeys::load(&home.join("keys.json"))?;
    let log = AuditLog::builder(keys.origin().parse()?, service.parse()?)
        .store(Arc::new(DirectoryStore::open(home.join("evidence"))?))
        .keys(Arc::new(keys))
        .open()?;
    Ok(log)
}

fn temporary() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let home = tempfile::tempdir()?.keep();
    std::fs::create_dir(home.join("evidence"))?;
    LocalKeys::generate(&"audit.example.com/example".parse()?)?
        .save_new(&home.join("keys.json"))?;
    println!("the log is in {}", home.display());
    Ok(home)
}
