//! Checks on what verification said.

use dayseal_chain::verify::{CheckState, Finding, FindingCode, Outcome, VerdictState};
use dayseal_format::Level;
use serde_json::{Value, json};

use super::{Found, Status, count};
use crate::days::DayState;
use crate::facts::Facts;

/// Objects named in an evidence.
const EXAMPLES: usize = 10;

fn with(f: &Facts, is: impl Fn(&Finding) -> bool) -> Vec<&Finding> {
    f.verification.findings.iter().filter(|finding| is(finding)).collect()
}

/// Which findings, in words, and as evidence.
fn told(findings: &[&Finding]) -> (String, Value) {
    let named = findings.iter().take(3).map(|f| format!("{} {}", f.code.as_str(), f.object));
    let mut text = named.collect::<Vec<_>>().join("; ");
    if findings.len() > 3 {
        text.push_str(&format!("; and {} more", findings.len() - 3));
    }
    let ids: Vec<_> = findings.iter().take(EXAMPLES).map(|f| f.id.as_str()).collect();
    (text, json!(ids))
}

pub(super) fn integrity(f: &Facts) -> Found {
    let v = &f.verification;
    let bad = with(f, |x| matches!(x.code.outcome(), Outcome::Altered | Outcome::RolledBack));
    let (named, ids) = told(&bad);
    let evidence = json!({
        "level": v.level, "objects": v.totals.objects, "bytes": v.totals.bytes,
        "opened": v.totals.opened, "anchored": v.anchoring.state == VerdictState::Holds,
        "findings": ids,
    });
    if !bad.is_empty() {
        let n = count(bad.len() as u64, "finding", "findings");
        return Found::new(Status::Fail, format!("{n}: {named}"), evidence);
    }
    if v.integrity.state != VerdictState::Holds {
        let detail = format!("not shown: {}", v.integrity.reason);
        return Found::new(Status::Warn, detail, evidence);
    }
    if v.level.0 < Level::Objects {
        let detail = format!(
            "signatures and tree hold; no object was read at level {}: verify at level objects",
            v.level.0
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    let objects = count(v.totals.objects, "object", "objects");
    let anchor = match v.anchoring.state {
        VerdictState::Holds => "; the log leads to the remembered head",
        _ => "; no remembered head was compared, so a rollback would not be seen",
    };
    let detail = format!("{objects} hashed, signatures and tree hold{anchor}");
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn sealed_in_time(f: &Facts) -> Found {
    let hours = f.policy.max_seal_hours;
    let missing = f.calendar.iter().filter(|d| d.state == DayState::Missing && d.known == 0);
    let missing: Vec<_> = missing.map(|d| d.day.to_string()).collect();
    let sealed = f.calendar.iter().filter(|d| d.sealed_at.is_some()).count() as u64;
    let limit = u64::from(hours) * 3_600_000;
    let late = f.calendar.iter().filter(|d| d.seal_delay_ms.is_some_and(|ms| ms > limit));
    let late: Vec<_> = late.map(|d| d.day.to_string()).collect();
    let evidence = json!({
        "max_seal_hours": hours, "sealed_days": sealed,
        "missing": missing.iter().take(EXAMPLES).collect::<Vec<_>>(), "missing_days": missing.len(),
        "sealed_late": late.iter().take(EXAMPLES).collect::<Vec<_>>(), "sealed_late_days": late.len(),
    });
    let days = |n: usize| count(n as u64, "day", "days");
    let first = |list: &[String]| list.first().cloned().unwrap_or_default();
    if !missing.is_empty() {
        let detail = format!(
            "{} not sealed or gone, the first {}: run seal, or restore it",
            days(missing.len()),
            first(&missing)
        );
        return Found::new(Status::Fail, detail, evidence);
    }
    if sealed == 0 {
        return Found::not_applicable("no day is sealed, and none is overdue");
    }
    if !late.is_empty() {
        let detail = format!(
            "{} sealed more than {hours} hours after their end, the first {}",
            days(late.len()),
            first(&late)
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    let detail =
        format!("{} sealed, each within {hours} hours of its end", count(sealed, "day", "days"));
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn completeness(f: &Facts) -> Found {
    let v = &f.verification;
    let bad = with(f, |x| {
        x.code.outcome() == Outcome::Incomplete && x.code != FindingCode::SilentService
            || x.code == FindingCode::UnlistedObject
    });
    let (named, ids) = told(&bad);
    let sum = |of: fn(&dayseal_format::record::Counts) -> u64| -> u64 {
        f.calendar.iter().filter_map(|d| d.counts.as_ref()).map(of).sum()
    };
    let evidence = json!({
        "level": v.level, "batches": v.totals.batches, "entries": v.totals.entries,
        "gaps_recorded": sum(|c| c.gaps), "late": sum(|c| c.late), "strays": sum(|c| c.strays),
        "streams_open_ended": v.totals.streams_open, "removed_by_order": v.totals.removed,
        "findings": ids,
    });
    if !bad.is_empty() {
        let n = count(bad.len() as u64, "finding", "findings");
        return Found::new(Status::Fail, format!("{n}: {named}"), evidence);
    }
    if v.level.0 < Level::Listing || v.totals.days == 0 {
        let detail = format!("not shown at level {}: {}", v.level.0, v.completeness.reason);
        return Found::new(Status::Warn, detail, evidence);
    }
    let open = match v.totals.streams_open {
        0 => String::new(),
        n => format!(
            "; {} ended without a word: whether they lost a tail no log can tell",
            count(n, "stream", "streams")
        ),
    };
    let detail = format!(
        "{} there, streams without gaps{open}",
        count(v.totals.batches, "batch", "batches")
    );
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn versions(f: &Facts) -> Found {
    use FindingCode::{DeleteMarker, ExtraVersion, MovedVersion};
    let bad = with(f, |x| matches!(x.code, ExtraVersion | DeleteMarker | MovedVersion));
    let (named, ids) = told(&bad);
    let check = f.verification.checks.iter().find(|c| c.name.starts_with("object versions"));
    let evidence = json!({ "findings": ids });
    match check {
        _ if !bad.is_empty() => Found::new(Status::Fail, named, evidence),
        Some(check) if check.state == CheckState::Checked => {
            Found::new(Status::Pass, check.detail.clone(), evidence)
        }
        Some(check) => {
            let detail =
                format!("not checked: {}; a bucket with versions shows more", check.detail);
            Found::new(Status::Warn, detail, evidence)
        }
        None => Found::new(Status::Warn, "not checked", evidence),
    }
}

pub(super) fn encrypted(f: &Facts) -> Found {
    let bad =
        with(f, |x| matches!(x.code, FindingCode::ForeignKey | FindingCode::WrongKeyOrForged));
    let (named, ids) = told(&bad);
    let batches = f.reading.batches;
    let keys = f.policy.wrapping_keys.len();
    let evidence =
        json!({ "batches_opened": batches, "keys_of_the_policy": keys, "findings": ids });
    if !bad.is_empty() {
        return Found::new(Status::Fail, named, evidence);
    }
    if batches == 0 {
        return Found::not_applicable("no batch was there to open");
    }
    let opened = count(batches, "batch", "batches");
    let detail = format!("{opened} opened, each AES-256-GCM under a key that the policy names");
    if f.reading.problems > 0 {
        let not = count(f.reading.problems, "batch or day", "batches or days");
        return Found::new(Status::Warn, format!("{detail}; {not} could not be read"), evidence);
    }
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn findings(f: &Facts) -> Found {
    let v = &f.verification;
    let (open, known) = (v.findings.len() as u64 + v.more_findings, v.known.len() as u64);
    let ids: Vec<_> = v.findings.iter().take(EXAMPLES).map(|x| x.id.as_str()).collect();
    let evidence = json!({ "open": open, "known": known, "findings": ids });
    if open > 0 {
        let detail = format!(
            "{} without a disposition: look into each, then name it in the policy (`known-finding`) with the reason",
            count(open, "finding", "findings")
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    if known == 0 {
        return Found::not_applicable("verification found nothing that would need one");
    }
    let n = count(known, "finding", "findings");
    let detail = format!("{n} of verification, each with its reason in the policy");
    Found::new(Status::Pass, detail, evidence)
}
