//! Checks on how long things are kept.

use dayseal_chain::verify::FindingCode;
use serde_json::json;

use super::{Found, Status, count};
use crate::facts::Facts;

pub(super) fn retention(f: &Facts, days: u32) -> Found {
    let floor = if days == 0 { f.policy.retention_floor } else { days };
    let sealed =
        f.calendar.iter().filter_map(|d| d.keep_until.map(|k| (d.day, k.days_since(d.day))));
    let sealed: Vec<_> = sealed.collect();
    let Some(shortest) = sealed.iter().copied().min_by_key(|(_, kept)| *kept) else {
        return Found::not_applicable("no day is sealed, so none has a retention yet");
    };
    let longest = sealed.iter().map(|(_, kept)| *kept).max().unwrap_or(shortest.1);
    let below = sealed.iter().filter(|(_, kept)| i64::from(*kept) < i64::from(floor));
    let below: Vec<_> = below.map(|(day, _)| day.to_string()).collect();
    let shortened =
        f.verification.findings.iter().find(|x| x.code == FindingCode::RetentionShortened);
    let evidence = json!({
        "floor_days": floor, "shortest_days": shortest.1, "longest_days": longest,
        "oldest_day": sealed.first().map(|(day, _)| day), "days_below": below.len(),
        "below": below.iter().take(10).collect::<Vec<_>>(),
        "finding": shortened.map(|x| &x.id),
    });
    if let (Some(finding), true) = (shortened, below.is_empty()) {
        return Found::new(Status::Fail, finding.detail.clone(), evidence);
    }
    if let Some(first) = below.first() {
        let detail = format!(
            "{} kept for less than {floor} days, the first {first}; the shortest is kept {}: raise `retention_days` for days to come",
            count(below.len() as u64, "day is", "days are"),
            count(u64::try_from(shortest.1).unwrap_or(0), "day", "days"),
        );
        return Found::new(Status::Fail, detail, evidence);
    }
    if floor == 0 {
        let detail = format!(
            "kept {} days; the policy has no floor (`retention-floor-days`) to hold that against",
            shortest.1
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    let detail = format!("every sealed day is kept {} days at least; asked: {floor}", shortest.1);
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn readable(f: &Facts) -> Found {
    let r = &f.reading;
    let evidence = json!({ "batches": r.batches, "expired": r.expired, "problems": r.problems });
    if r.problems > 0 {
        let detail = format!(
            "{} could not be read or relied on; the report does not count their entries",
            count(r.problems, "batch or day", "batches or days")
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    if r.batches == 0 {
        return Found::not_applicable("no batch was there to read");
    }
    let detail = format!(
        "{} read for this report, none from an archive",
        count(r.batches, "batch", "batches")
    );
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn content_life(f: &Facts) -> Found {
    let contents = f.verification.totals.contents;
    let evidence = json!({ "content_days": f.policy.content_days, "contents": contents });
    match f.policy.content_days {
        Some(days) => {
            let detail =
                format!("contents live {} by the policy", count(days.into(), "day", "days"));
            Found::new(Status::Pass, detail, evidence)
        }
        None if contents.items == 0 => Found::not_applicable("no content was met"),
        None => {
            let detail = format!(
                "{} met, and the policy has no `content-days`: nobody can tell from the log how long they live",
                count(contents.items, "content", "contents")
            );
            Found::new(Status::Warn, detail, evidence)
        }
    }
}
