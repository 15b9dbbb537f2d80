//! `dayseal sql`

mod rows;

use std::sync::{Arc, Mutex, PoisonError};

use dayseal_auditor::find::Tally;
use dayseal_auditor::query::{Hit, People, Query, Scan};
use dayseal_sql::{ScanFailed, Settings, Source, SqlError};
use futures_util::StreamExt as _;
use tokio::runtime::Handle;

use crate::access::Access;
use crate::args::{Args, RowFormat, Sql};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::exit::{Exit, UsageError};
use crate::output::{count, number, tell};
use rows::Rows;

pub(crate) async fn run(args: &Args, own: &Sql) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let people = desk.people(&config).await;
    // A person's name in a condition is plain equality, as SQL has it.
    let (written, full) = (people.as_written(), own.full);
    let runtime = Handle::current();
    let log = Arc::new(Log { desk, runtime, written, full, seen: Mutex::default() });
    let settings = Settings { memory: (own.memory as usize) << 20 };
    let source = Arc::clone(&log) as Arc<dyn Source>;
    let mut answer = match dayseal_sql::run(&own.statement, source, people, settings).await {
        Ok(answer) => answer,
        Err(e @ SqlError::Statement(_)) => return Err(UsageError(e.to_string()).into()),
        Err(e) => return Err(e.into()),
    };
    let format = if args.json { RowFormat::Json } else { own.format };
    let mut rows = Rows::new(format, answer.schema());
    let mut failed = None;
    while let Some(batch) = answer.next().await {
        match batch {
            Ok(batch) if rows.push(&batch)? => {}
            Ok(_) => break,
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    // The search ends with the stream: what it looked at is complete then.
    drop(answer);
    let access = Access {
        kind: "log.accessed",
        action: "sql",
        resource: None,
        filters: Vec::new(),
        entries: rows.count,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, &config).await;
    let exit = log.told();
    if let Some(error) = failed {
        return Err(anyhow::Error::from(error).context("the statement did not end"));
    }
    rows.finish()?;
    let mut text = count(rows.count, "row", "rows");
    if rows.cut {
        let most = number(rows::MOST as u64);
        text = format!("the first {most} rows; --format csv or json prints them all");
    }
    tell(&text);
    Ok(exit)
}

/// The log, and what reading it told.
#[derive(Debug)]
struct Log {
    desk: Desk,
    runtime: Handle,
    written: People,
    full: bool,
    seen: Mutex<(Problems, Tally)>,
}

impl Log {
    fn told(&self) -> Exit {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        tell_tally(&seen.1);
        seen.0.exit(Exit::Ok)
    }
}

impl Source for Log {
    fn run(&self, query: &Query, each: &mut dyn FnMut(Hit) -> bool) -> Result<(), ScanFailed> {
        let log = self.desk.reader();
        let query = Query { full: self.full, ..query.clone() };
        let mut scan = Scan::new(&log, &query, self.written.as_written());
        let lock = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.runtime.block_on(scan.all(|problem| lock().0.tell(problem), each));
        lock().1.add(&scan.tally);
        read.map_err(|e| ScanFailed(format!("{:#}", anyhow::Error::from(e))))
    }
}
