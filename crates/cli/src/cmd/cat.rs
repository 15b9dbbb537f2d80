//! `dayseal cat`

use std::io::Write as _;

use dayseal_chain::read::{BatchReader, list_day};

use crate::args::{Args, Cat};
use crate::config::Config;
use crate::exit::Exit;

pub(crate) async fn run(args: &Args, own: &Cat) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let evidence = config.evidence().await?;
    let keys = config.needed_keys()?;
    let origin = keys.origin().parse()?;
    let reader = BatchReader::new(&*evidence, &keys, origin, config.allowed_keys(&keys)?);
    let (batches, others) = list_day(&*evidence, own.day).await?;
    let mut exit = Exit::Ok;
    for other in others {
        writeln!(std::io::stderr(), "{}: not a readable batch", crate::output::clean(&other))?;
        exit = Exit::Altered;
    }
    for key in batches {
        match reader.open(&key).await {
            Ok(batch) => std::io::stdout().lock().write_all(batch.lines())?,
            // One bad batch does not hide the others.
            Err(error) => {
                let error = anyhow::Error::from(error);
                writeln!(std::io::stderr(), "dayseal: {error:#}")?;
                exit = Exit::Altered;
            }
        }
    }
    Ok(exit)
}
