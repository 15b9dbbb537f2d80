//! `dayseal cat`

use dayseal_chain::read::list_day;

use crate::args::{Args, Cat};
use crate::config::Config;
use crate::entries::{Failures, Printer};
use crate::exit::Exit;

pub(crate) async fn run(args: &Args, own: &Cat) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let evidence = config.evidence().await?;
    let opener = config.needed_opener().await?;
    let reader = opener.reader(&*evidence);
    let (batches, others) = list_day(&*evidence, own.day).await?;
    let (printer, mut failures) = (Printer::new(own.format), Failures::default());
    others.iter().for_each(|other| failures.stray(other));
    for key in batches {
        match reader.open(&key).await {
            Ok(batch) => {
                if !printer.batch(&key, &batch, &mut failures)? {
                    break;
                }
            }
            // One bad batch does not hide the others.
            Err(error) => failures.batch(error),
        }
    }
    Ok(failures.exit())
}
