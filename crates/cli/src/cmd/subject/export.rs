//! `dayseal subject export`

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Exported, Recorder as _, Source, export, exported, jobs};
use dayseal_format::Day;

use super::Producer;
use super::people::{names, officers, origin};
use crate::args::{Args, SubjectExport};
use crate::cmd::verify::days;
use crate::config::Config;
use crate::exit::Exit;
use crate::output::{count, json, line, tell};
use crate::recording::open_plain_log;

pub(super) async fn run(args: &Args, own: &SubjectExport) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let file = config.file()?;
    let names = names(&config, &own.person.ids, &own.person.tenants).await?;
    let (evidence, opener) = (config.evidence().await?, config.needed_opener().await?);
    let content = config.content().await?;
    let now = config.now()?;
    let (first, last) = days(own.days.as_deref())?;
    let holds = match config.state().await? {
        Some(state) => {
            let known = jobs(&*state, origin(&config)?).await?;
            let seen = known.iter().map(|open| open.job.holds).max().unwrap_or_default();
            Holds::read(&*state, origin(&config)?, &officers(&config)?, seen).await?
        }
        None => Holds::default(),
    };
    let source = Source {
        origin: &file.origin,
        evidence: &*evidence,
        entries: opener.reader(&*evidence),
        contents: content.as_deref().map(|content| opener.contents(content)),
        days: (first.unwrap_or(file.first_day), last.unwrap_or(now.day())),
        expired_through: newest_expired(&config, now.day())?,
        holds: &holds,
    };
    let recorder = Producer(open_plain_log(args, &config).await?);
    let files = Files::create(&own.out)?;
    let found = export(&source, &names, now, files.writer(0)?, files.writer(1)?).await?;
    // What nobody recorded is handed out to nobody.
    let by = own.officer.clone().unwrap_or_else(|| file.service.to_string());
    let tenant = own.person.tenants.first().map_or("default", String::as_str);
    let event = exported(&names, &found, (tenant, &by, &own.reason))?;
    let recorded = recorder.record(event).await;
    let recorded = recorded
        .map_err(|e| anyhow::anyhow!(e))
        .context("the export is not recorded, so its files are deleted")?;
    recorder.0.close().await.context("not every entry was stored")?;
    let paths = files.keep();
    report(args, &found, &paths, &recorded.entry.to_string())
}

fn report(args: &Args, found: &Exported, paths: &[PathBuf], entry: &str) -> anyhow::Result<Exit> {
    if args.json {
        json(&serde_json::json!({ "v": 1, "entry": entry, "found": found, "files": paths }))?;
    } else {
        line(format!("{} of the person", count(found.entries, "entry", "entries")))?;
        line(format!(
            "contents: {} shown, {} erased, {} past their life, {} missing or altered, {} not read; {} under a legal hold",
            found.present, found.erased, found.expired, found.wrong, found.not_read, found.held
        ))?;
        paths.iter().try_for_each(|path| line(format!("written: {}", path.display())))?;
        line(format!("recorded as entry {entry}"))?;
    }
    for failure in &found.failures {
        tell(&format!("not read: {failure}"));
    }
    let whole = found.failures.is_empty() && found.not_read == 0;
    Ok(match (found.wrong, whole) {
        (1.., _) => Exit::Altered,
        (0, false) => Exit::Unchecked,
        (0, true) => Exit::Ok,
    })
}

/// The newest day whose contents are past their life.
fn newest_expired(config: &Config<'_>, today: Day) -> anyhow::Result<Option<Day>> {
    let days = config.file()?.content_days.and_then(|days| i32::try_from(days).ok());
    Ok(days.and_then(|days| today.checked_add(-days - 1)))
}

/// Two files for the owner's eyes alone, deleted unless they are kept.
struct Files {
    paths: [PathBuf; 2],
    keep: std::cell::Cell<bool>,
}

impl Files {
    fn create(out: &Path) -> anyhow::Result<Self> {
        let path = |end: &str| {
            let mut name = out.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        let paths = [path(".ndjson"), path(".html")];
        create(&paths[0])?;
        if let Err(error) = create(&paths[1]) {
            let _ = std::fs::remove_file(&paths[0]);
            return Err(error);
        }
        Ok(Self { paths, keep: false.into() })
    }

    fn writer(&self, which: usize) -> anyhow::Result<BufWriter<File>> {
        let file = OpenOptions::new().append(true).open(&self.paths[which])?;
        Ok(BufWriter::new(file))
    }

    fn keep(&self) -> Vec<PathBuf> {
        self.keep.set(true);
        self.paths.to_vec()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if !self.keep.get() {
            self.paths.iter().for_each(|path| drop(std::fs::remove_file(path)));
        }
    }
}

fn create(path: &Path) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(())
}
