//! What expires when, and what another rule would change. Verifies nothing, changes nothing.

use std::collections::BTreeMap;

use dayseal_format::{Day, UnixMillis};
use dayseal_store::Store;
use serde::Serialize;

use super::cost::{ClassCost, Sizes, costs};
use super::stock::{self, Stock};
use super::{Held, RetentionError, Rules, later};

/// What is stored and when it goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Version of this structure, 1.
    pub v: u8,
    /// The time the plan took for now.
    pub at: UnixMillis,
    /// Days that entries are kept, as the configuration has it for days not sealed yet.
    pub retention_days: u32,
    /// Days from the end of their retention to their expiry.
    pub margin_days: u16,
    /// Each day of which anything is stored, oldest first.
    pub days: Vec<PlannedDay>,
    /// Objects below `entries/`, every version.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What these entries would cost in each storage class.
    pub costs: Vec<ClassCost>,
    /// What another number of days would change.
    pub change: Option<Change>,
}

/// One day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedDay {
    /// The day.
    pub day: Day,
    /// Whether its manifest is there, and so its retention fixed.
    pub sealed: bool,
    /// Objects of it, every version.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects of it that are held.
    pub held: u64,
    /// The last day on which all of them must be there; of a day not sealed yet, if it is sealed under the
    /// present configuration; `None` if its manifest is gone.
    pub keep_until: Option<Day>,
    /// The first day on which the rule has taken them.
    pub entries_gone: Option<Day>,
    /// The same of manifest and checkpoint.
    pub chain_gone: Option<Day>,
}

/// What another number of days would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Days that entries would be kept.
    pub days: u32,
    /// What it does to days not sealed yet.
    pub effect: Effect,
    /// The first day that it holds for.
    pub from: Day,
    /// Days sealed already, by how long they are kept. A change does not touch that: it is signed.
    pub sealed: Vec<SealedSpan>,
    /// Days after which a bucket's rule should take entries, once it may.
    pub expiry_days: u32,
    /// The first day on which a bucket's rule may be set so: a rule goes by age, and takes older days too.
    pub rule_not_before: Day,
    /// The day before which it must be set so.
    pub rule_before: Option<Day>,
    /// The policy's floor, if these days are fewer: each such day would be the finding `retention_shortened`.
    pub below_floor: Option<u32>,
    /// Bytes stored in the long run, at what the sealed days hold on average.
    pub bytes_in_the_long_run: u64,
    /// The same under the present configuration.
    pub bytes_at_present: u64,
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Kept longer.
    Longer,
    /// Kept shorter.
    Shorter,
    /// As long.
    None,
}

/// Sealed days in a row that are kept for one number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SealedSpan {
    /// First of them.
    pub first: Day,
    /// Last of them.
    pub last: Day,
    /// Days that each is kept.
    pub days: u32,
    /// The last day on which objects of `last` must be there.
    pub keep_until: Day,
}

/// Plans for the log in `evidence` at `now`. `retention_days` is the configuration's, `floor` the policy's;
/// `days` is another number to try.
///
/// # Errors
/// [`RetentionError`] if the store fails, or a manifest is none.
pub async fn plan(
    evidence: &dyn Store,
    retention_days: u32,
    floor: u32,
    rules: &Rules,
    days: Option<u32>,
    held: Held<'_>,
    now: UnixMillis,
) -> Result<Plan, RetentionError> {
    let stock = stock::take(evidence, held).await?;
    let mut planned = Vec::new();
    let mut latest: Option<Day> = None;
    for (&day, stock) in &stock {
        let stated = if stock.manifest { stock::stated(evidence, day).await? } else { None };
        let keep_until = stated.as_ref().map(|s| s.keep_until);
        latest = latest.max(keep_until);
        planned.push(planned_day(day, stock, keep_until, latest, rules));
    }
    // Days after the newest manifest are still to be sealed; those before the oldest have expired.
    let newest = planned.iter().filter(|d| d.sealed).map(|d| d.day).max();
    for day in planned.iter_mut().filter(|d| newest.is_none_or(|newest| d.day > newest)) {
        let keep_until = later(day.day, whole(retention_days));
        day.keep_until = Some(keep_until);
        day.entries_gone = Some(rules.entries_gone(keep_until));
        day.chain_gone = Some(rules.chain_gone(latest.max(Some(keep_until)).unwrap_or(keep_until)));
    }
    let mut sizes = Sizes::default();
    stock.values().for_each(|s| sizes.merge(s.sizes));
    let change = days.map(|days| {
        let next = newest.map_or(now.day(), |newest| later(newest, 1));
        change(&planned, next, retention_days, floor, rules, days)
    });
    Ok(Plan {
        v: 1,
        at: now,
        retention_days,
        margin_days: rules.margin_days,
        objects: planned.iter().map(|d| d.objects).sum(),
        bytes: planned.iter().map(|d| d.bytes).sum(),
        days: planned,
        costs: costs(sizes),
        change,
    })
}

fn planned_day(
    day: Day,
    stock: &Stock,
    keep_until: Option<Day>,
    latest: Option<Day>,
    rules: &Rules,
) -> PlannedDay {
    PlannedDay {
        day,
        sealed: stock.manifest,
        objects: stock.objects,
        bytes: stock.bytes,
        held: stock.held,
        keep_until,
        entries_gone: keep_until.map(|k| rules.entries_gone(k)),
        chain_gone: keep_until.and(latest).map(|k| rules.chain_gone(k)),
    }
}

fn change(
    planned: &[PlannedDay],
    next: Day,
    retention_days: u32,
    floor: u32,
    rules: &Rules,
    days: u32,
) -> Change {
    let sealed = spans(planned);
    let longest = planned.iter().filter(|d| d.sealed).filter_map(|d| d.keep_until).max();
    let effect = match days.cmp(&retention_days) {
        std::cmp::Ordering::Greater => Effect::Longer,
        std::cmp::Ordering::Less => Effect::Shorter,
        std::cmp::Ordering::Equal => Effect::None,
    };
    let (rule_not_before, rule_before) = match effect {
        // An older rule would take the new days at the old age.
        Effect::Longer => (next, Some(rules.entries_gone(later(next, whole(retention_days))))),
        // By age it would take days that are still to be kept.
        Effect::Shorter => (longest.map_or(next, |k| rules.entries_gone(k)), None),
        Effect::None => (next, None),
    };
    let with_bytes: Vec<u64> = planned.iter().filter(|d| d.objects > 0).map(|d| d.bytes).collect();
    let average = with_bytes.iter().sum::<u64>() / (with_bytes.len() as u64).max(1);
    let stored =
        |days: u32| average.saturating_mul(u64::from(days) + u64::from(rules.margin_days) + 1);
    Change {
        days,
        effect,
        from: next,
        sealed,
        expiry_days: days.saturating_add(u32::from(rules.margin_days)),
        rule_not_before,
        rule_before,
        below_floor: (days < floor).then_some(floor),
        bytes_in_the_long_run: stored(days),
        bytes_at_present: stored(retention_days),
    }
}

fn spans(planned: &[PlannedDay]) -> Vec<SealedSpan> {
    let mut spans: BTreeMap<Day, SealedSpan> = BTreeMap::new();
    let mut open: Option<SealedSpan> = None;
    for day in planned.iter().filter(|d| d.sealed) {
        let Some(keep_until) = day.keep_until else { continue };
        let days = u32::try_from(keep_until.days_since(day.day)).unwrap_or(0);
        match &mut open {
            Some(span) if span.days == days => (span.last, span.keep_until) = (day.day, keep_until),
            _ => {
                spans.extend(open.take().map(|span| (span.first, span)));
                open = Some(SealedSpan { first: day.day, last: day.day, days, keep_until });
            }
        }
    }
    spans.extend(open.map(|span| (span.first, span)));
    spans.into_values().collect()
}

fn whole(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}
