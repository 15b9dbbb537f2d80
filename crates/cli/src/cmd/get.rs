//! `dayseal get`

use dayseal::Resource;
use dayseal_auditor::find::{Found, IdSearch};

use crate::access::Access;
use crate::args::{Args, Get};
use crate::config::Config;
use crate::desk::{Desk, Problems, tell_tally};
use crate::exit::Exit;
use crate::output::{json, line, tell, write};

pub(crate) async fn run(args: &Args, own: &Get) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let desk = Desk::open(&config).await?;
    let mut problems = Problems::default();
    let search = IdSearch { id: own.id, full: own.full, all: own.all };
    let (found, tally) = search.run(&desk.reader(), |p| problems.tell(p)).await?;
    tell_tally(&tally);
    let access = Access {
        kind: "log.accessed",
        action: "get",
        resource: Some(Resource::new("entry").id(own.id.to_string())),
        filters: Vec::new(),
        entries: found.len() as u64,
        purpose: own.reading.purpose.as_deref(),
    };
    access.record(args, &config).await;
    for entry in &found {
        show(args, entry)?;
    }
    if found.is_empty() {
        line(format!("no entry {} in the batches that can hold it", own.id))?;
        if tally.skipped > 0 {
            tell("the times of the batches left out exclude it; --full reads them too");
        }
        return Ok(problems.exit(Exit::Incomplete));
    }
    Ok(problems.exit(Exit::Ok))
}

fn show(args: &Args, found: &Found) -> anyhow::Result<()> {
    if args.json {
        // The stored bytes: what the leaf hash is over.
        write(&found.line)?;
        return line("");
    }
    line(format!("entry {} of {}", found.index, found.batch.key))?;
    line(match found.batch.sealed {
        Some(sealed) => format!("  sealed by {}, kept until {}", sealed.by, sealed.keep_until),
        None => "  NOT SEALED YET: nothing is signed over it".to_owned(),
    })?;
    json(&found.event)
}
