//! `dayseal export`

mod output;

use std::collections::HashMap;

use anyhow::Context as _;
use dayseal::Resource;
use dayseal_auditor::find::LogReader;
use dayseal_auditor::query::{Hit, Query, Scan};
use dayseal_export::ocsf::{JsonLines, Options};
use dayseal_export::{Csv, Entry, ExportError, Ndjson, Otel, Place, Seal, Sink, Tree};
use dayseal_format::batch::leaf_of;
use dayseal_format::names::checkpoint_key;
use dayseal_format::{Day, Origin};
use futures_util::{StreamExt as _, stream};

use super::query::{asked, names};
use crate::access::Access;
use crate::args::{Args, Export, ExportFormat};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::exit::{Exit, UsageError};
use crate::output::{count, line, number, tell};
use crate::progress::bar;
use output::{FileOut, Out};

/// Checkpoints read at once.
const JOBS: usize = 8;

pub(crate) async fn run(args: &Args, own: &Export) -> anyhow::Result<Exit> {
    if own.raw && !is_ocsf(own.format) {
        let text =
            "--raw: only formats ocsf and parquet have raw_data; ndjson has the stored bytes";
        return Err(UsageError(text.into()).into());
    }
    let out = Out::new(own)?;
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let query = asked(&own.filters, desk.first_day(), desk.today())?;
    let log = desk.reader();
    let places = Places { origin: desk.origin().clone(), trees: trees(&log, &query).await? };
    let people = desk.people(&config).await;
    match out {
        Out::File(mut file) => {
            let mut export = Exporting::new(args, own, places);
            let exit = {
                let mut sink = sink(own, &mut file);
                export.scan(Scan::new(&log, &query, people), &mut *sink).await
            };
            let Some(exit) = closed(&file, exit)? else { return Ok(Exit::Ok) };
            export.access(own, &query).record(args, &config).await;
            let written = file.commit();
            if closed(&file, written.map_err(anyhow::Error::from))?.is_some() {
                export.told(own, None)?;
            }
            Ok(exit)
        }
        #[cfg(feature = "parquet")]
        Out::Directory { directory, layout } => {
            let options = Options { raw: own.raw };
            let mut files = dayseal_export::parquet::Files::new(directory.path(), layout, options);
            let mut export = Exporting::new(args, own, places);
            let exit = export.scan(Scan::new(&log, &query, people), &mut files).await?;
            export.access(own, &query).record(args, &config).await;
            let written = files.written;
            directory.commit()?;
            export.told(own, Some(written.files))?;
            Ok(exit)
        }
    }
}

const fn is_ocsf(format: ExportFormat) -> bool {
    !matches!(format, ExportFormat::Csv | ExportFormat::Ndjson | ExportFormat::Otel)
}

/// The sink of a format that is one file.
fn sink<'a>(own: &Export, out: &'a mut FileOut) -> Box<dyn Sink + 'a> {
    match own.format {
        ExportFormat::Ndjson => Box::new(Ndjson::new(out)),
        ExportFormat::Csv => Box::new(Csv::new(out)),
        ExportFormat::Otel => Box::new(Otel::new(out)),
        _ => Box::new(JsonLines::new(out, Options { raw: own.raw })),
    }
}

/// Nobody reading standard output any more is no failure: `None` then.
fn closed<T>(out: &FileOut, result: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(_) if out.closed() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where entries stand.
struct Places {
    origin: Origin,
    trees: HashMap<Day, Tree>,
}

impl Places {
    fn of(&self, hit: &Hit) -> Place {
        Place {
            origin: self.origin.clone(),
            batch: hit.key,
            index: hit.index,
            leaf: leaf_of(&hit.salt, &hit.line),
            salt: hex::encode(hit.salt),
            seal: hit.sealed.map(|by| Seal { by, tree: self.trees.get(&by).copied() }),
        }
    }
}

/// The signed trees of the sealed days. A day whose checkpoint cannot be accepted is left out: the search
/// takes none of its entries, and says why.
async fn trees(log: &LogReader<'_>, query: &Query) -> anyhow::Result<HashMap<Day, Tree>> {
    let sealed = log.sealed();
    let wanted = |day: &Day| query.days.is_none_or(|(from, to)| (from..=to).contains(day));
    let days = sealed.list().await.context("cannot list the sealed days")?;
    let read = stream::iter(days.into_iter().filter(wanted))
        .map(|day| async move { (day, sealed.note(checkpoint_key(day)).await) });
    let mut trees = HashMap::new();
    let mut read = std::pin::pin!(read.buffer_unordered(JOBS));
    while let Some((day, note)) = read.next().await {
        if let Ok((_, checkpoint)) = note {
            trees.insert(day, Tree { size: checkpoint.size, root: checkpoint.root });
        }
    }
    Ok(trees)
}

/// An export under way.
struct Exporting {
    places: Places,
    sealed_only: bool,
    bar: indicatif::ProgressBar,
    entries: u64,
    open: u64,
}

impl Exporting {
    fn new(args: &Args, own: &Export, places: Places) -> Self {
        let bar = bar(args, 0, "{spinner} {pos} entries {per_sec} {msg} {elapsed}");
        Self { places, sealed_only: own.sealed_only, bar, entries: 0, open: 0 }
    }

    /// Gives every entry that fits to the sink, and finishes it.
    async fn scan(&mut self, mut scan: Scan<'_>, sink: &mut dyn Sink) -> anyhow::Result<Exit> {
        let mut problems = Problems::default();
        let mut failed: Option<ExportError> = None;
        let searched = scan
            .all(
                |problem| problems.tell(problem),
                |hit| {
                    if hit.sealed.is_none() && self.sealed_only {
                        self.open += 1;
                        return true;
                    }
                    let place = self.places.of(&hit);
                    let entry = Entry { line: &hit.line, event: &hit.event, place: &place };
                    if let Err(error) = sink.push(&entry) {
                        failed = Some(error);
                        return false;
                    }
                    self.entries += 1;
                    self.open += u64::from(hit.sealed.is_none());
                    self.bar.inc(1);
                    true
                },
            )
            .await;
        self.bar.finish_and_clear();
        searched?;
        match failed {
            Some(error) => return Err(error.into()),
            None => sink.finish()?,
        }
        tell_tally(&scan.tally);
        Ok(problems.exit(Exit::Ok))
    }

    fn access<'a>(&self, own: &'a Export, query: &Query) -> Access<'a> {
        let days = query.days.map(|(from, to)| {
            let days = if from == to { from.to_string() } else { format!("{from}..{to}") };
            Resource::new("days").id(days)
        });
        Access {
            kind: "log.exported",
            action: own.format.action(),
            resource: days,
            filters: names(query),
            entries: self.entries,
            purpose: own.reading.purpose.as_deref(),
        }
    }

    fn told(&self, own: &Export, files: Option<u64>) -> anyhow::Result<()> {
        let mut text = count(self.entries, "entry", "entries");
        if let Some(files) = files {
            text.push_str(&format!(" in {}", count(files, "file", "files")));
        }
        match (self.open, self.sealed_only) {
            (0, _) => {}
            (n, true) => text.push_str(&format!("; left out {} not sealed yet", number(n))),
            (n, false) => text.push_str(&format!(", {} of them not sealed yet", number(n))),
        }
        if own.out.as_os_str() == "-" {
            tell(&text);
            return Ok(());
        }
        line(format!("wrote {}: {text}", own.out.display()))
    }
}
