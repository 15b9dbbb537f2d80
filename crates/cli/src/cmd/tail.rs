//! `dayseal tail`

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use dayseal::Resource;
use dayseal_chain::follow::{Follower, Found};
use dayseal_chain::read::{BatchReader, ReadError};
use dayseal_format::event::{Event, EventFields};
use dayseal_format::{BatchKey, Day, StreamId, UnixMillis};
use dayseal_store::{ErrorKind, Store, StoreError};

use crate::access::Access;
use crate::args::{Args, Tail};
use crate::config::Config;
use crate::entries::{Failures, Printer};
use crate::exit::{Exit, UsageError};
use crate::input::interrupted;
use crate::output::{tell, write};

/// Bytes of entries kept for sorting, without `--lines`.
const MEMORY: usize = 64 * 1024 * 1024;

pub(crate) async fn run(args: &Args, own: &Tail) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let today = config.now()?.day();
    let day = own.day.unwrap_or(today);
    if own.follow && day != today {
        let text = format!("--follow follows today, {today}: {day} gets no more batches");
        return Err(UsageError(text).into());
    }
    let evidence = config.evidence().await?;
    let opener = config.needed_opener().await?;
    let mut tail = Tailing {
        evidence: &*evidence,
        reader: opener.reader(&*evidence),
        follower: Follower::new(day),
        printer: Printer::new(own.format),
        failures: Failures::default(),
        own,
        shown: Rc::default(),
        recorded_in: None,
    };
    let access = Access {
        kind: "log.accessed",
        action: "tail",
        resource: Some(Resource::new("days").id(day.to_string())),
        filters: own.filters(),
        entries: 0,
        purpose: own.reading.purpose.as_deref(),
    };
    let begun = access.begin(args, &config).await;
    tail.recorded_in = begun.stream();
    let done = tail.run(&config, day).await;
    begun.end(Some(tail.shown.get())).await;
    done?;
    Ok(tail.failures.exit())
}

impl Tail {
    /// Names of the filters given.
    fn filters(&self) -> Vec<&'static str> {
        [(!self.types.is_empty(), "type"), (!self.outcomes.is_empty(), "outcome")]
            .into_iter()
            .filter_map(|(given, name)| given.then_some(name))
            .collect()
    }
}
struct Tailing<'a> {
    evidence: &'a dyn Store,
    reader: BatchReader<'a>,
    follower: Follower,
    printer: Printer,
    failures: Failures,
    own: &'a Tail,
    /// Entries printed so far.
    shown: Rc<Cell<u64>>,
    /// Where this reading is recorded: not printed by itself.
    recorded_in: Option<StreamId>,
}

impl Tailing<'_> {
    /// Looks once, or until interrupted.
    async fn run(&mut self, config: &Config<'_>, day: Day) -> anyhow::Result<()> {
        let own = self.own;
        let now = || if own.follow { config.now() } else { Ok(day.start()) };
        let mut stop = std::pin::pin!(interrupted());
        let mut lines = own.lines;
        loop {
            let reading = tokio::select! {
                biased;
                () = &mut stop => break,
                reading = self.round(now()?, lines) => reading?,
            };
            if !own.follow || !reading {
                break;
            }
            // All of what comes later is new.
            lines = None;
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = tokio::time::sleep(Duration::from_secs_f64(own.interval)) => {}
            }
        }
        Ok(())
    }

    /// Prints what is new; false once nobody reads it any more.
    async fn round(&mut self, now: UnixMillis, lines: Option<usize>) -> anyhow::Result<bool> {
        let found = match self.follower.poll(self.evidence, now).await {
            Ok(found) => found,
            Err(e) if self.own.follow && passes(&e) => {
                self.failures.store(&e.into());
                return Ok(true);
            }
            Err(e) => return Err(e.into()),
        };
        let Found { batches, others } = found;
        others.iter().for_each(|other| self.failures.stray(other));
        let shown = Rc::clone(&self.shown);
        let mut sorted = Sorted { entries: Vec::new(), bytes: 0, lines, shown };
        let own = self.recorded_in;
        for key in batches.into_iter().filter(|key| Some(key.stream) != own) {
            if !self.batch(&key, &mut sorted).await? {
                return Ok(false);
            }
        }
        sorted.print()
    }

    async fn batch(&mut self, key: &BatchKey, sorted: &mut Sorted) -> anyhow::Result<bool> {
        let (header, batch) = match self.reader.read(key).await {
            Ok(read) => read,
            Err(ReadError::Store(e)) if self.own.follow && passes(&e) => {
                self.follower.again(key);
                self.failures.store(&e.into());
                return Ok(true);
            }
            Err(e) => {
                self.failures.batch(e);
                return Ok(true);
            }
        };
        if header.last {
            self.follower.closed(key);
        }
        for (index, line) in batch.iter().enumerate() {
            match Event::decode(line) {
                Ok(event) if self.wants(&event) => {
                    let mut text = String::new();
                    self.printer.push(&event, line, &mut text);
                    if !sorted.push(event.time, text)? {
                        return Ok(false);
                    }
                }
                Ok(_) => {}
                Err(e) => self.failures.entry(key, index, &e.to_string()),
            }
        }
        Ok(true)
    }

    fn wants(&self, e: &EventFields) -> bool {
        let kind = e.kind.as_str();
        let is = |wanted: &String| match wanted.strip_suffix('.') {
            Some(_) => kind.starts_with(wanted.as_str()),
            None => kind == wanted,
        };
        (self.own.types.is_empty() || self.own.types.iter().any(is))
            && (self.own.outcomes.is_empty() || self.own.outcomes.contains(&e.outcome))
    }
}

/// A failure that the next try may not have.
fn passes(error: &StoreError) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Protocol)
}

/// Lines to be printed in time order; those of one millisecond in the order read.
struct Sorted {
    entries: Vec<(UnixMillis, String)>,
    bytes: usize,
    /// Only the last so many.
    lines: Option<usize>,
    /// Counts what is printed, also of a look that is interrupted.
    shown: Rc<Cell<u64>>,
}

impl Sorted {
    fn push(&mut self, time: UnixMillis, text: String) -> anyhow::Result<bool> {
        self.bytes += text.len();
        self.entries.push((time, text));
        match self.lines {
            Some(lines) if self.entries.len() >= lines.saturating_mul(2).max(1_024) => {
                self.keep(lines)
            }
            Some(_) => {}
            None if self.bytes < MEMORY => {}
            None => {
                tell("more than 64 MiB of entries: in time order within parts of that size");
                return self.print();
            }
        }
        Ok(true)
    }

    fn keep(&mut self, lines: usize) {
        self.entries.sort_by_key(|(time, _)| *time);
        let over = self.entries.len().saturating_sub(lines);
        self.entries.drain(..over);
    }

    fn print(&mut self) -> anyhow::Result<bool> {
        self.keep(self.lines.unwrap_or(usize::MAX));
        self.bytes = 0;
        for (_, text) in self.entries.drain(..) {
            self.shown.set(self.shown.get() + 1);
            if !write(text.as_bytes()).context("cannot print entries")? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
