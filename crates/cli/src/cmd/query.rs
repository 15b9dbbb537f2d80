//! `dayseal query`

use dayseal_auditor::query::{self, Field, Filter, Hit, Page, Scan, Term};

use super::verify::days;
use crate::access::Access;
use crate::args::{Args, Filters, Query, RowFormat};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::exit::Exit;
use crate::input::interrupted;
use crate::output::{count, tell};
use crate::rows::Rows;

pub(crate) async fn run(args: &Args, own: &Query) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let asked = asked(&own.filters, desk.first_day(), desk.today())?;
    let log = desk.reader();
    let mut scan = Scan::new(&log, &asked, desk.people(&config).await);
    let mut rows = Rows::new(if args.json { RowFormat::Json } else { own.format });
    let mut problems = Problems::default();
    let (mut shown, mut open) = (0, 0);
    let mut failed = None;
    let mut print = |hit: &Hit| {
        shown += 1;
        open += u64::from(hit.sealed.is_none());
        match rows.hit(hit) {
            Ok(more) => more,
            Err(error) => {
                failed = Some(error);
                false
            }
        }
    };
    let mut next = None;
    if own.stored {
        let begun = access(own, &asked, 0).begin(args, &config).await;
        let done = tokio::select! {
            biased;
            () = interrupted() => None,
            done = scan.all(|p| problems.tell(p), |hit| print(&hit)) => Some(done),
        };
        begun.end(Some(shown)).await;
        match done {
            Some(done) => done?,
            None => {
                tell("interrupted");
                return Ok(Exit::Unchecked);
            }
        }
    } else {
        let page = Page { order: own.order.into(), limit: own.limit as usize, after: own.after };
        let (hits, after) = scan.page(page, |p| problems.tell(p)).await?;
        next = after;
        // Before anything is shown it stands in the log that it was.
        access(own, &asked, hits.len() as u64).record(args, &config).await;
        for hit in &hits {
            if !print(hit) {
                break;
            }
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    rows.begin()?;
    tell_tally(&scan.tally);
    let mut text = count(shown, "entry fits", "entries fit");
    if open > 0 {
        text.push_str(&format!(", {open} of them not sealed yet"));
    }
    tell(&text);
    if let Some(next) = next {
        tell(&format!("there are more: --after {next}"));
    }
    Ok(problems.exit(Exit::Ok))
}

fn access<'a>(own: &'a Query, asked: &query::Query, entries: u64) -> Access<'a> {
    Access {
        kind: "log.accessed",
        action: "query",
        resource: None,
        filters: names(asked),
        entries,
        purpose: own.reading.purpose.as_deref(),
    }
}

/// What was asked by, for the record of the access.
pub(super) fn names(asked: &query::Query) -> Vec<&'static str> {
    let mut filters = asked.filter.fields();
    for (is, name) in [
        (!asked.services.is_empty(), "service"),
        (asked.since.is_some(), "since"),
        (asked.until.is_some(), "until"),
        (asked.days.is_some(), "days"),
    ] {
        if is {
            filters.push(name);
        }
    }
    filters
}

/// From flags to a query.
pub(super) fn asked(
    own: &Filters,
    first: dayseal_format::Day,
    today: dayseal_format::Day,
) -> anyhow::Result<query::Query> {
    let mut all = Vec::new();
    for (field, values) in [
        (Field::Type, &own.types),
        (Field::Actor, &own.actor),
        (Field::Subject, &own.subject),
        (Field::Resource, &own.resource),
        (Field::Trace, &own.trace),
        (Field::Conversation, &own.conversation),
        (Field::Agent, &own.agent),
        (Field::Provider, &own.provider),
        (Field::Model, &own.model),
        (Field::Safety, &own.safety),
        (Field::Label, &own.label),
        (Field::Text, &own.text),
    ] {
        all.extend(values.iter().map(|value| Term::new(field, value)));
    }
    all.extend(own.outcome.iter().map(|o| Term::new(Field::Outcome, o.as_str())));
    let days = match days(own.days.as_deref())? {
        (None, None) => None,
        (from, to) => Some((from.unwrap_or(first), to.unwrap_or(today))),
    };
    Ok(query::Query {
        filter: Filter { all, any: own.any.clone(), not: own.not.clone() },
        services: own.service.clone(),
        since: own.since,
        until: own.until,
        full: own.full,
        days,
    })
}
