//! An entry by its id.

use dayseal_chain::read::list_day;
use dayseal_format::event::{Event, EventId};
use dayseal_format::{BatchKey, Day, UnixMillis};

use crate::config::Config;

/// An entry and where it is.
pub(crate) struct Found {
    pub(crate) key: BatchKey,
    pub(crate) event: Event,
}

/// Finds an entry by its id: a UUIDv7 carries its time, so two or three days are enough, unless the day of
/// its batch is known.
pub(crate) async fn find_entry(
    config: &Config<'_>,
    id: EventId,
    day: Option<Day>,
) -> anyhow::Result<Option<Found>> {
    let evidence = config.evidence().await?;
    let opener = config.needed_opener().await?;
    let reader = opener.reader(&*evidence);
    let made = UnixMillis::new(i64::try_from(id.millis())?)?.day();
    let days = match day {
        Some(day) => vec![day],
        None => [Some(made), made.next(), made.previous()].into_iter().flatten().collect(),
    };
    for day in days {
        let (batches, _) = list_day(&*evidence, day).await?;
        for key in batches {
            let Ok(open) = reader.open(&key).await else { continue };
            for line in open.iter() {
                match Event::decode(line) {
                    Ok(event) if event.id == id => {
                        return Ok(Some(Found { key, event }));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(None)
}
