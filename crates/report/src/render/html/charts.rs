//! Charts: bars are SVG that stretches, words are HTML that does not, so both are right at any width.

use std::fmt::Write as _;

use dayseal_format::event::Outcome;

use super::parts::{esc, name};
use crate::collect::{Latency, Ranking, Sum, Tally};
use crate::render::{bounds, count, number, percent, ranking_note, success_rate};

/// A column: what it is called, how high it is, and how much of it went wrong.
pub(super) struct Column {
    pub(super) label: String,
    pub(super) entries: u64,
    pub(super) wrong: u64,
}

/// Columns over an axis that names the first, the middle and the last, or all that `axis` gives.
pub(super) fn columns(id: &str, title: &str, aside: &str, columns: &[Column], axis: &[&str]) -> String {
    let most = columns.iter().map(|c| c.entries).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let peak = columns.iter().find(|c| c.entries == most).map_or("", |c| c.label.as_str());
    let total: u64 = columns.iter().map(|c| c.entries).sum();
    let wrong: u64 = columns.iter().map(|c| c.wrong).sum();
    let mut out = format!(
        r#"<figure><figcaption>{}<span>{}</span></figcaption><div class="plot"><span class="top">{}</span><svg viewBox="0 0 {} 110" preserveAspectRatio="none" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{}</title><desc id="{id}-d">{} in {} columns; the highest is {}: {}. Failed or blocked: {}.</desc>"#,
        esc(title),
        esc(aside),
        number(most),
        columns.len() * 10,
        esc(title),
        count(total, "entry", "entries"),
        columns.len(),
        esc(peak),
        number(most),
        number(wrong),
    );
    for y in [10, 60] {
        let _ = write!(out, r#"<line class="grid-line" x1="0" x2="{}" y1="{y}" y2="{y}"/>"#, columns.len() * 10);
    }
    for (n, column) in columns.iter().enumerate().filter(|(_, c)| c.entries > 0) {
        let height = |entries: u64| entries as f64 / most as f64 * 100.0;
        let (all, bad) = (height(column.entries).max(0.7), height(column.wrong));
        let label = format!(
            "{}: {}, {} failed or blocked",
            column.label,
            count(column.entries, "entry", "entries"),
            number(column.wrong)
        );
        let _ = write!(
            out,
            r#"<g><title>{}</title><rect class="bar" x="{}" y="{:.2}" width="8" height="{all:.2}"/>"#,
            esc(&label),
            n * 10 + 1,
            110.0 - all,
        );
        if column.wrong > 0 {
            let _ = write!(
                out,
                r#"<rect class="bar2" x="{}" y="{:.2}" width="8" height="{:.2}"/>"#,
                n * 10 + 1,
                110.0 - all,
                bad.max(0.7),
            );
        }
        out.push_str("</g>");
    }
    out.push_str(r#"</svg></div><div class="axis" aria-hidden="true">"#);
    for label in axis {
        let _ = write!(out, "<span>{}</span>", esc(label));
    }
    out.push_str("</div>");
    if wrong > 0 {
        out.push_str(r#"<ul class="legend"><li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="bar" width="10" height="10"/></svg>other</li><li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="bar2" width="10" height="10"/></svg>failed or blocked, at the top of each column</li></ul>"#);
    }
    out.push_str("</figure>");
    out
}

/// How entries ended: one bar, and each outcome with its number.
pub(super) fn outcomes(t: &Tally) -> String {
    if t.entries == 0 {
        return String::new();
    }
    let said: Vec<_> = Outcome::ALL
        .iter()
        .filter(|o| t.of(**o) > 0)
        .map(|o| format!("{o} {} ({})", number(t.of(*o)), percent(t.of(*o), t.entries)))
        .collect();
    let mut out = format!(
        r#"<figure><figcaption>Outcomes<span>{} success of {} decided</span></figcaption><svg class="stack" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-labelledby="oc-t oc-d"><title id="oc-t">Outcomes</title><desc id="oc-d">{}</desc>"#,
        success_rate(t),
        number(t.decided()),
        esc(&said.join(", "))
    );
    let mut x = 0.0;
    for outcome in Outcome::ALL {
        let width = t.of(*outcome) as f64 / t.entries as f64 * 1_000.0;
        if width > 0.0 {
            let _ = write!(out, r#"<rect class="o-{outcome}" x="{x:.2}" width="{:.2}" height="10"/>"#, width.max(1.5));
        }
        x += width;
    }
    out.push_str(r#"</svg><ul class="legend">"#);
    for outcome in Outcome::ALL {
        let n = t.of(*outcome);
        let _ = write!(
            out,
            r#"<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="o-{outcome}" width="10" height="10"/></svg>{outcome} <strong>{}</strong> <span class="soft">{}</span></li>"#,
            number(n),
            percent(n, t.entries)
        );
    }
    out.push_str("</ul></figure>");
    out
}

/// A stretching bar under a name; the number stands beside it.
fn hbar(part: u64, most: u64) -> String {
    let width = part as f64 / most.max(1) as f64 * 100.0;
    format!(
        r#"<svg class="hbar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect class="bar" width="{:.2}" height="1"/></svg>"#,
        if part > 0 { width.max(0.6) } else { 0.0 }
    )
}

/// Names by their entries, with a column or two of the caller's.
pub(super) fn ranking<S: Sum>(
    title: &str,
    of: &str,
    r: &Ranking<S>,
    heads: &[&str],
    cells: impl Fn(&S) -> Vec<String>,
) -> String {
    let Some(most) = r.top.first().map(|first| first.sum.entries()) else { return String::new() };
    let at_least = if r.exact { "" } else { "at least " };
    let mut out = format!(
        r#"<figure><figcaption>{}<span>{at_least}{}</span></figcaption><table><thead><tr><th scope="col">{}</th>"#,
        esc(title),
        number(r.distinct),
        esc(of)
    );
    for head in heads {
        let _ = write!(out, r#"<th scope="col" class="n">{}</th>"#, esc(head));
    }
    out.push_str(r#"<th scope="col" class="n">Entries</th></tr></thead><tbody>"#);
    for ranked in &r.top {
        let entries = ranked.sum.entries();
        let _ = write!(out, r#"<tr><td class="name">{}{}</td>"#, name(&ranked.name), hbar(entries, most));
        for cell in cells(&ranked.sum) {
            let _ = write!(out, r#"<td class="n">{}</td>"#, esc(&cell));
        }
        let _ = write!(out, r#"<td class="n">{}</td></tr>"#, number(entries));
    }
    out.push_str("</tbody></table>");
    if let Some(note) = ranking_note(r) {
        let _ = write!(out, r#"<p class="note">{}</p>"#, esc(&note));
    }
    out.push_str("</figure>");
    out
}

/// How long things took: one row for each bucket from the first to the last that is not empty.
pub(super) fn latency(title: &str, l: &Latency) -> String {
    let filled = |at: Option<usize>| at.unwrap_or(0);
    let first = filled(l.buckets.iter().position(|b| b.entries > 0));
    let last = filled(l.buckets.iter().rposition(|b| b.entries > 0));
    let (Some(p50), Some(p90), Some(p99), Some(max)) = (l.p50_ms, l.p90_ms, l.p99_ms, l.max_ms) else {
        return String::new();
    };
    let shown = &l.buckets[first..=last];
    let most = shown.iter().map(|b| b.entries).max().unwrap_or(1);
    let d = crate::render::duration;
    let mut out = format!(
        r#"<figure><figcaption>{}<span>median {} · 90 % {} · 99 % {} · longest {}</span></figcaption><table><thead><tr><th scope="col">From – to below</th><th scope="col" class="n">Share</th><th scope="col" class="n">Entries</th></tr></thead><tbody>"#,
        esc(title),
        d(p50),
        d(p90),
        d(p99),
        d(max)
    );
    for b in shown {
        let _ = write!(
            out,
            r#"<tr><td class="name">{}{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
            esc(&bounds(b)),
            hbar(b.entries, most),
            percent(b.entries, l.entries),
            number(b.entries)
        );
    }
    out.push_str("</tbody></table></figure>");
    out
}
