//! `dayseal cat`

use dayseal_chain::read::list_day;

use crate::args::{Args, Cat};
use crate::config::Config;
use crate::exit::Exit;
use crate::output::{clean, tell, write};

pub(crate) async fn run(args: &Args, own: &Cat) -> anyhow::Result<Exit> {
    let config = Config::load(args)?;
    let evidence = config.evidence().await?;
    let opener = config.needed_opener().await?;
    let reader = opener.reader(&*evidence);
    let (batches, others) = list_day(&*evidence, own.day).await?;
    let mut exit = Exit::Ok;
    for other in others {
        tell(&format!("{}: not a readable batch", clean(&other)));
        exit = Exit::Altered;
    }
    for key in batches {
        match reader.open(&key).await {
            Ok(batch) => {
                if !write(batch.lines())? {
                    break;
                }
            }
            // One bad batch does not hide the others.
            Err(error) => {
                let error = anyhow::Error::from(error);
                tell(&format!("dayseal: {error:#}"));
                exit = Exit::Altered;
            }
        }
    }
    Ok(exit)
}
