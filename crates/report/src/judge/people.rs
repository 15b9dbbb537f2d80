//! Checks on people's data.

use dayseal_chain::verify::FindingCode;
use serde_json::json;

use super::recording::none;
use super::{Found, Status, count};
use crate::facts::Facts;

/// A request for erasure should be answered within this time: a month, by GDPR Art. 12(3) (not verified).
const ERASURE_MS: i64 = 30 * 86_400_000;

pub(super) fn unmasked(f: &Facts) -> Found {
    let Some(found) = &f.unmasked else {
        return Found::not_covered("no detector looked into the entries");
    };
    if let Some(none) = none(f) {
        return none;
    }
    let masked: u64 = f.statistics.redactions.top.iter().map(|r| r.sum.entries).sum();
    let masked = masked + f.statistics.redactions.others;
    let evidence = json!({
        "entries": found.entries, "rules": found.rules, "examples": found.examples,
        "masked_before_storing": masked,
    });
    if found.entries > 0 {
        let rules: Vec<_> = found.rules.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        let detail = format!(
            "{} what looks like a credential or card number ({}): find the producer that records without redaction",
            count(found.entries, "entry holds", "entries hold"),
            rules.join(", ")
        );
        return Found::new(Status::Fail, detail, evidence);
    }
    let detail = format!(
        "detectors found none; {} masked before storing",
        count(masked, "text was", "texts were")
    );
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn pseudonyms(f: &Facts) -> Found {
    let s = &f.statistics;
    let evidence = json!({ "by_people": s.people, "as_pseudonyms": s.people_as_pseudonyms });
    if s.people == 0 {
        return Found::not_applicable("no entry of a person's doing");
    }
    let detail = format!(
        "{} of {} by people name them by a pseudonym of the log",
        crate::render::number(s.people_as_pseudonyms),
        count(s.people, "entry", "entries"),
    );
    if s.people_as_pseudonyms == s.people {
        return Found::new(Status::Pass, detail, evidence);
    }
    let detail = format!(
        "{detail}; others may be pseudonyms of the application's own: set `privacy.pseudonyms`"
    );
    Found::new(Status::Warn, detail, evidence)
}

pub(super) fn processing(f: &Facts) -> Found {
    let p = &f.statistics.processing;
    let evidence = json!({
        "entries": p.entries, "complete": p.complete, "activities": p.activities.len(),
        "without_purpose": p.without_purpose, "without_legal_basis": p.without_legal_basis,
    });
    if p.entries == 0 {
        let personal = ["pii", "phi", "special"].iter();
        let touched: u64 =
            personal.filter_map(|c| f.statistics.access.get(c)).map(|a| a.all.entries).sum();
        if touched > 0 {
            let detail = format!(
                "{} personal data, and none tells of a processing activity (`privacy.processing`)",
                count(touched, "entry touches", "entries touch")
            );
            return Found::new(Status::Warn, detail, evidence);
        }
        return Found::not_applicable("no entry tells of processing of personal data");
    }
    let n = count(p.entries, "entry", "entries");
    if p.without_purpose + p.without_legal_basis > 0 {
        let detail = format!(
            "of {n}, {} name no purpose and {} no legal basis",
            crate::render::number(p.without_purpose),
            crate::render::number(p.without_legal_basis)
        );
        return Found::new(Status::Fail, detail, evidence);
    }
    let activities = count(p.activities.len() as u64, "activity", "activities");
    if p.complete < p.entries {
        let detail = format!(
            "{activities} in {n}; {} name no categories or no recipients",
            crate::render::number(p.entries - p.complete)
        );
        return Found::new(Status::Warn, detail, evidence);
    }
    let detail =
        format!("{activities} in {n}, each with purpose, legal basis, categories and recipients");
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn erasures(f: &Facts) -> Found {
    let e = &f.statistics.erasures;
    let bad: Vec<_> = f
        .verification
        .findings
        .iter()
        .filter(|x| matches!(x.code, FindingCode::NotErased | FindingCode::UnreceiptedErasure))
        .collect();
    let due = f.at.as_millis() - ERASURE_MS;
    let overdue = e.open.iter().filter(|open| open.time.as_millis() < due).count() as u64;
    let evidence = json!({
        "requested": e.requested, "completed": e.completed, "open": e.open_count,
        "open_over_30_days": overdue,
        "receipts": e.open.iter().take(10).map(|o| o.receipt.to_string()).collect::<Vec<_>>(),
        "findings": bad.iter().take(10).map(|x| x.id.as_str()).collect::<Vec<_>>(),
    });
    if let Some(first) = bad.first() {
        let n = count(bad.len() as u64, "finding", "findings");
        let detail = format!("{n}: {} {}", first.code.as_str(), first.object);
        return Found::new(Status::Fail, detail, evidence);
    }
    if e.requested + e.completed == 0 {
        return Found::not_applicable("no erasure was asked for in these days");
    }
    let detail = format!(
        "{} asked for, {} done, {} open",
        crate::render::number(e.requested),
        crate::render::number(e.completed),
        crate::render::number(e.open_count)
    );
    if overdue > 0 || e.too_many {
        let detail = format!("{detail}, {overdue} of them for over 30 days");
        return Found::new(Status::Warn, detail, evidence);
    }
    Found::new(Status::Pass, detail, evidence)
}

pub(super) fn holds(f: &Facts) -> Found {
    let h = &f.holds;
    let standing = h.standing.len() as u64;
    let evidence = json!({
        "standing": h.standing.iter().map(|h| h.number).collect::<Vec<_>>(),
        "released": h.released, "differences": h.differences,
    });
    if let Some(why) = &h.unread {
        return Found::new(Status::Warn, format!("the holds cannot be relied on: {why}"), evidence);
    }
    match &h.differences {
        Some(differences) if !differences.is_empty() => {
            Found::new(Status::Fail, differences.join("; "), evidence)
        }
        _ if standing + h.released == 0 => Found::not_applicable("no hold was placed"),
        None => {
            let detail = "not compared with the log: that needs every day of it";
            Found::new(Status::Warn, detail, evidence)
        }
        Some(_) => {
            let detail = format!(
                "{} and {} released, each recorded in the log",
                count(standing, "hold stands", "holds stand"),
                h.released
            );
            Found::new(Status::Pass, detail, evidence)
        }
    }
}
