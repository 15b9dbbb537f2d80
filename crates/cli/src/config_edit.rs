//! Changes single lines of the configuration file and leaves every other one, comments too, as it is.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cmd::replace_file;
use crate::config::File;
use crate::exit::UsageError;

/// The text of a configuration file under change.
#[derive(Debug)]
pub(crate) struct Edit {
    path: PathBuf,
    lines: Vec<String>,
}

impl Edit {
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        Ok(Self { path, lines: text.lines().map(str::to_owned).collect() })
    }

    /// The directory that paths in the file are relative to.
    pub(crate) fn base(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Sets a key of the top level.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<toml::Value>) {
        let line = format!("{name} = {}", value.into());
        match self.find(name) {
            Some(at) => self.lines[at] = line,
            None => self.lines.insert(self.top_level(), line),
        }
    }

    /// Removes a key of the top level, if it is there.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(at) = self.find(name) {
            self.lines.remove(at);
        }
    }

    /// Writes the file in one step, if what `expected` holds is what a reader of it will find.
    pub(crate) fn save(self, expected: impl Fn(&File) -> bool) -> anyhow::Result<()> {
        let text = self.lines.join("\n") + "\n";
        // Values over several lines, or keys quoted otherwise, are beyond an edit by lines.
        if !toml::from_str::<File>(&text).is_ok_and(|file| expected(&file)) {
            return Err(UsageError(format!(
                "{} is written in a form that cannot be edited here: write each key on one line",
                self.path.display()
            ))
            .into());
        }
        replace_file(&self.path, text.as_bytes())
            .with_context(|| format!("cannot write the configuration {}", self.path.display()))
    }

    /// Lines before the first table, without the empty ones at their end.
    fn top_level(&self) -> usize {
        let end = self.lines.iter().position(|l| l.trim_start().starts_with('['));
        let top = &self.lines[..end.unwrap_or(self.lines.len())];
        top.iter().rposition(|l| !l.trim().is_empty()).map_or(0, |at| at + 1)
    }

    fn find(&self, name: &str) -> Option<usize> {
        let is = |line: &String| line.split_once('=').is_some_and(|(key, _)| key.trim() == name);
        self.lines[..self.top_level()].iter().position(is)
    }
}
