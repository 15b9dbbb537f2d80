//! Checks on how entries were recorded, and who looks at them.

use dayseal_chain::verify::FindingCode;
use dayseal_format::event::EventType;
use serde_json::json;

use super::{Found, Status, count};
use crate::facts::Facts;

/// Entries should reach the log within this time.
const SOON_MS: u64 = 3_600_000;
/// A clock may be off by so much.
const OFFSET_MS: u64 = 1_000;

/// For checks that need entries.
pub(super) fn none(f: &Facts) -> Option<Found> {
    (f.statistics.entries == 0).then(|| Found::not_applicable("no entry in these days"))
}

pub(super) fn fields(f: &Facts) -> Found {
    let x = &f.statistics.fields;
    let evidence = json!({
        "access_entries": x.access, "with_source": x.access_with_source,
        "with_resource": x.access_with_resource, "with_both": x.access_with_both,
    });
    if let Some(none) = none(f) {
        return none;
    }
    if x.access == 0 {
        return Found::not_applicable(
            "no entry about access or change; who, what, when and how it ended is in every entry: the format refuses one without",
        );
    }
    let detail = format!(
        "{} about access or change: {} say from where, {} to what",
        count(x.access, "entry", "entries"),
        crate::render::number(x.access_with_source),
        crate::render::number(x.access_with_resource),
    );
    if x.access_with_both == x.access {
        return Found::new(Status::Pass, detail, evidence);
    }
    let detail = format!("{detail}; have the producers fill in `source` and `resource`");
    Found::new(Status::Warn, detail, evidence)
}

pub(super) fn times(f: &Facts) -> Found {
    let (x, all) = (&f.statistics.fields, f.statistics.entries);
    let backwards = f.verification.findings.iter().find(|x| x.code == FindingCode::ClockBackwards);
    let evidence = json!({
        "entries": all, "from_the_future": x.from_the_future, "with_clock": x.with_clock,
        "largest_offset_ms": x.largest_offset_ms, "delay_p99_ms": x.delay.p99_ms,
    });
    if let Some(finding) = backwards {
        return Found::new(Status::Fail, finding.detail.clone(), evidence);
    }
    if let Some(none) = none(f) {
        return none;
    }
    let mut wrong = Vec::new();
    if x.from_the_future > 0 {
        let n = count(x.from_the_future, "entry", "entries");
        wrong.push(format!("{n} happened more than a second after being taken in"));
    }
    if x.largest_offset_ms > OFFSET_MS {
        wrong.push(format!("a clock said it was {} ms off", x.largest_offset_ms));
    }
    if x.with_clock == 0 {
        wrong.push("no entry names its clock, so that clocks were set is not shown".to_owned());
    }
    if !wrong.is_empty() {
        return Found::new(Status::Warn, wrong.join("; "), evidence);
    }
    let detail = format!(
        "{} of {} name their clock; none is from the future",
        crate::render::number(x.with_clock),
        count(all, "entry", "entries")
    );
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn delay(f: &Facts) -> Found {
    let delay = &f.statistics.fields.delay;
    if let Some(none) = none(f) {
        return none;
    }
    let p99 = delay.p99_ms.unwrap_or(0);
    let evidence = json!({ "p50_ms": delay.p50_ms, "p99_ms": p99, "max_ms": delay.max_ms });
    let detail = format!(
        "99 of 100 entries were taken in within {} of what they tell",
        crate::render::duration(p99)
    );
    if p99 > SOON_MS {
        let detail =
            format!("{detail}: more than an hour; imported records are, others should not be");
        return Found::new(Status::Warn, detail, evidence);
    }
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn heard(f: &Facts) -> Found {
    let silent = f.verification.findings.iter().filter(|x| x.code == FindingCode::SilentService);
    let silent: Vec<_> = silent.map(|x| format!("{}: {}", x.object, x.detail)).collect();
    let expected: Vec<_> = f.policy.services.keys().map(|s| s.to_string()).collect();
    let heartbeats = f.statistics.of(&EventType::LOG_HEARTBEAT);
    let evidence = json!({
        "expected": expected, "silent": silent, "heartbeats": heartbeats,
        "services": f.statistics.services.distinct,
    });
    if !silent.is_empty() {
        return Found::new(Status::Fail, silent.join("; "), evidence);
    }
    if expected.is_empty() {
        let detail = "the policy expects no service, so that one fell silent would not be seen: add `service NAME DAYS` lines";
        return Found::new(Status::Warn, detail, evidence);
    }
    let n = count(expected.len() as u64, "expected service was", "expected services were");
    Found::new(Status::Pass, format!("{n} heard of in time"), evidence)
}

pub(super) fn lifecycle(f: &Facts) -> Found {
    let of = |kind| f.statistics.of(&kind);
    let (started, stopped) = (of(EventType::LOG_STARTED), of(EventType::LOG_STOPPED));
    let (paused, resumed) = (of(EventType::LOG_PAUSED), of(EventType::LOG_RESUMED));
    let changed = of(EventType::LOG_CONFIG_CHANGED);
    let evidence = json!({
        "started": started, "stopped": stopped, "paused": paused, "resumed": resumed,
        "config_changed": changed,
    });
    if let Some(none) = none(f) {
        return none;
    }
    if started == 0 {
        let detail = "no producer says that it began (`log.started`): the command does not, services do unless they are told not to";
        return Found::new(Status::Warn, detail, evidence);
    }
    let detail =
        format!("{}, {}", count(started, "start", "starts"), count(stopped, "stop", "stops"));
    if paused > resumed {
        let detail = format!("{detail}; paused {paused} times and resumed {resumed}");
        return Found::new(Status::Warn, detail, evidence);
    }
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn losses(f: &Facts) -> Found {
    let (lost, gaps) =
        (f.statistics.of(&EventType::LOG_LOSS), f.statistics.of(&EventType::LOG_GAP));
    let evidence = json!({ "log.loss": lost, "log.gap": gaps });
    if let Some(none) = none(f) {
        return none;
    }
    if lost + gaps > 0 {
        let detail = format!(
            "{} that entries were lost: `dayseal query --type log.loss --type log.gap`",
            count(lost + gaps, "entry tells", "entries tell")
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    Found::new(Status::Pass, "no producer told of a loss", evidence)
}

pub(super) fn readings(f: &Facts) -> Found {
    let of = |kind| f.statistics.of(&kind);
    let (read, exported) = (of(EventType::LOG_ACCESSED), of(EventType::LOG_EXPORTED));
    let evidence = json!({ "log.accessed": read, "log.exported": exported });
    if read + exported == 0 {
        let detail = "none is recorded: nobody read, or with tools that cannot record; the bucket's own access log has the rest";
        return Found::new(Status::Warn, detail, evidence);
    }
    let detail = format!(
        "{} and {}",
        count(read, "reading", "readings"),
        count(exported, "export", "exports")
    );
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn reviews(f: &Facts) -> Found {
    let (days, reviews) = (&f.statistics.days, &f.statistics.reviews);
    if let Some(none) = none(f) {
        return none;
    }
    // The running day can still be reviewed.
    let due = days.keys().filter(|day| **day < f.at.day());
    let without: Vec<_> =
        due.filter(|day| !reviews.contains_key(day)).map(ToString::to_string).collect();
    let evidence = json!({
        "reviews": reviews.values().sum::<u64>(), "days_with_entries": days.len(),
        "days_without_review": without.len(), "first_without": without.first(),
    });
    if without.is_empty() {
        return Found::new(Status::Pass, "every day with entries has a review", evidence);
    }
    let detail = format!(
        "{} of {} without a review (`review.completed`), the first {}; it may be recorded elsewhere",
        crate::render::number(without.len() as u64),
        count(days.len() as u64, "day", "days"),
        without.first().map_or("", String::as_str),
    );
    Found::new(Status::Warn, detail, evidence)
}
