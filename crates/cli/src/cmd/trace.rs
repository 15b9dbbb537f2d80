//! `dayseal trace`

use dayseal_auditor::query::{
    Field, Filter, Journey, MAX_PAGE, Order, Page, Query, Scan, Step, Term,
};

use crate::access::Access;
use crate::args::{Args, EntryFormat, Trace};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::entries::Printer;
use crate::exit::Exit;
use crate::output::{count, line, tell, write};

pub(crate) async fn run(args: &Args, own: &Trace) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let asked = Query {
        filter: Filter { all: vec![Term::new(Field::Trace, &own.id)], ..Filter::default() },
        full: own.full,
        ..Query::default()
    };
    let log = desk.reader();
    let mut scan = Scan::new(&log, &asked, desk.people(&config).await);
    let mut problems = Problems::default();
    let page = Page { order: Order::Oldest, limit: MAX_PAGE, after: None };
    let (hits, next) = scan.page(page, |p| problems.tell(p)).await?;
    tell_tally(&scan.tally);
    let access = Access {
        kind: "log.accessed",
        action: "trace",
        resource: None,
        filters: vec!["trace"],
        entries: hits.len() as u64,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, &config).await;
    if hits.is_empty() {
        line("no entry of this trace")?;
        return Ok(problems.exit(Exit::Incomplete));
    }
    let journey = Journey::of(hits.iter().map(|hit| &*hit.event));
    let printer = Printer::new(EntryFormat::Text);
    for hit in &hits {
        let step = journey.step(&hit.event);
        let mut text = String::new();
        if args.json {
            let entry: serde_json::Value = serde_json::from_slice(&hit.line)?;
            let shown = serde_json::json!({
                "v": 1, "step": step, "sealed_by": hit.sealed, "batch": hit.key.to_string(), "entry": entry,
            });
            text = shown.to_string() + "\n";
        } else {
            text.push_str(match step {
                Step::Event => "          ",
                Step::Intent => "intent    ",
                Step::Open => "NO RESULT ",
                Step::Result => "result    ",
            });
            printer.push(&hit.event, &hit.line, &mut text);
        }
        if !write(text.as_bytes())? {
            break;
        }
    }
    if next.is_some() {
        tell(&format!("a longer journey than {MAX_PAGE} entries: `query --trace` has the rest"));
    }
    if journey.open() > 0 {
        let open = count(journey.open(), "intent has", "intents have");
        tell(&format!("{open} no result in this trace"));
    }
    Ok(problems.exit(Exit::Ok))
}
