//! A calendar of what became of each day: months side by side, each state with a shape of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dayseal_format::{Day, UnixMillis};

use super::parts::esc;
use crate::days::{DayFacts, DayState};
use crate::render::{count, duration};
use crate::report::Report;

/// Months shown; of a longer report the newest.
const MAX_MONTHS: i32 = 24;
/// A year, however few days the report is about.
const MIN_MONTHS: i32 = 12;

/// Class, and the mark that stands in the place of the day's number.
const fn look(state: DayState) -> (&'static str, Option<&'static str>) {
    match state {
        DayState::Holds => ("holds", None),
        DayState::Sealed => ("sealed", None),
        DayState::Open => ("open", None),
        DayState::Expired => ("expired", Some("–")),
        DayState::Unchecked => ("unchecked", Some("?")),
        DayState::Incomplete => ("incomplete", Some("!")),
        DayState::Missing => ("missing", Some("∅")),
        DayState::Altered => ("altered", Some("✕")),
    }
}

/// Months since year 0.
fn month_of(day: Day) -> i32 {
    let text = day.to_string();
    let part = |range| text.get(range).and_then(|t: &str| t.parse::<i32>().ok()).unwrap_or(1);
    part(0..4) * 12 + part(5..7) - 1
}

fn first_of(month: i32) -> Option<Day> {
    format!("{:04}-{:02}-01", month.div_euclid(12), month.rem_euclid(12) + 1).parse().ok()
}

/// Monday is 0.
fn weekday(day: Day) -> i32 {
    // 1970-01-01 was a Thursday.
    (day.days_since(UnixMillis::default().day()) + 3).rem_euclid(7)
}

pub(super) fn calendar(r: &Report) -> String {
    let days: BTreeMap<Day, &DayFacts> = r.calendar.iter().map(|d| (d.day, d)).collect();
    let (Some(first), Some(last)) = (r.calendar.first(), r.calendar.last()) else {
        return String::new();
    };
    let (mut from, to) = (month_of(first.day), month_of(last.day));
    let cut = to - from >= MAX_MONTHS;
    from = from.max(to - MAX_MONTHS + 1).min(to - MIN_MONTHS + 1);
    let mut out = String::from(r#"<ul class="legend">"#);
    for state in DayState::ALL {
        let n = r.calendar.iter().filter(|d| d.state == state).count() as u64;
        if n > 0 {
            let (class, mark) = look(state);
            let _ = write!(
                out,
                r#"<li><svg class="cell" viewBox="0 0 20 20" aria-hidden="true"><rect class="c c-{class}" x="1.5" y="1.5" width="17" height="17" rx="2"/><text class="t-{class}" x="10" y="14.5" fill="currentColor">{}</text></svg>{}: <strong>{}</strong></li>"#,
                mark.unwrap_or(""),
                state.as_str(),
                crate::render::number(n)
            );
        }
    }
    out.push_str(r#"</ul><div class="months">"#);
    (from..=to).for_each(|number| month(&mut out, number, &days, r));
    out.push_str("</div>");
    if cut {
        let _ = write!(
            out,
            r#"<p class="note">The newest {MAX_MONTHS} months; the JSON report has every day.</p>"#
        );
    }
    out
}

fn month(out: &mut String, number: i32, days: &BTreeMap<Day, &DayFacts>, r: &Report) {
    let Some(first) = first_of(number) else { return };
    let end = first_of(number + 1).and_then(Day::previous).unwrap_or(first);
    let offset = weekday(first);
    let mut bad = Vec::new();
    let mut cells = String::new();
    for day in first.through(end) {
        let place = offset + day.days_since(first);
        let (x, y) = (place % 7 * 22, place / 7 * 22 + 14);
        let day_number = day.days_since(first) + 1;
        let Some(facts) = days.get(&day) else {
            let _ = write!(
                cells,
                r#"<text class="t-out" x="{}" y="{}">{day_number}</text>"#,
                x + 11,
                y + 14
            );
            continue;
        };
        let (class, mark) = look(facts.state);
        if facts.state >= DayState::Unchecked {
            bad.push(format!("{day} {}", facts.state.as_str()));
        }
        let _ = write!(
            cells,
            r#"<g><title>{}</title><rect class="c c-{class}" x="{}" y="{}" width="19" height="19" rx="2"/><text class="t-{class}{}" x="{}" y="{}">{}</text></g>"#,
            esc(&title(facts, r)),
            x + 1,
            y + 1,
            if mark.is_some() { " g" } else { "" },
            x + 11,
            if mark.is_some() { y + 15 } else { y + 14 },
            mark.map_or_else(|| day_number.to_string(), str::to_owned)
        );
    }
    let name = first.to_string();
    let name = name.get(..7).unwrap_or_default();
    let within = days.range(first..=end).count() as u64;
    let said = match (within, bad.is_empty()) {
        (0, _) => "outside the report".to_owned(),
        (n, true) => format!("{}, nothing found", count(n, "day", "days")),
        (n, false) => format!("{}: {}", count(n, "day", "days"), bad.join(", ")),
    };
    let _ = write!(
        out,
        r#"<figure class="month"><figcaption>{name}</figcaption><svg viewBox="0 0 154 146" role="img" aria-label="{name}: {}">"#,
        esc(&said)
    );
    for (n, letter) in ["M", "T", "W", "T", "F", "S", "S"].into_iter().enumerate() {
        let _ = write!(out, r#"<text class="wd" x="{}" y="9">{letter}</text>"#, n * 22 + 11);
    }
    out.push_str(&cells);
    out.push_str("</svg></figure>");
}

fn title(d: &DayFacts, r: &Report) -> String {
    let mut text = format!("{}: {}", d.day, d.state.as_str());
    if let Some(tally) = r.statistics.days.get(&d.day) {
        text.push_str(&format!("; {}", count(tally.entries, "entry", "entries")));
    }
    if let Some(ms) = d.seal_delay_ms {
        text.push_str(&format!("; sealed {} after its end", duration(ms)));
    }
    if d.findings > 0 {
        text.push_str(&format!("; {}", count(d.findings, "finding", "findings")));
    }
    if d.known > 0 {
        text.push_str(&format!("; {} known to the policy", count(d.known, "finding", "findings")));
    }
    if let Some(counts) = d.counts.filter(|c| c.late + c.gaps > 0) {
        text.push_str(&format!("; late {}, gaps {}", counts.late, counts.gaps));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_and_months() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(weekday(day("1970-01-01")), 3);
        assert_eq!(weekday(day("2026-11-16")), 0, "a Monday");
        assert_eq!(weekday(day("2024-02-29")), 3, "a Thursday");
        assert_eq!(first_of(month_of(day("2026-01-31")) - 1), Some(day("2025-12-01")));
        assert_eq!(first_of(month_of(day("2026-12-31")) + 1), Some(day("2027-01-01")));
    }
}
