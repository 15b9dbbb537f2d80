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

/// Fewer columns than these are never cut.
const MIN_CUT: usize = 10;
/// A column this many times as high as nine of ten others is cut, so that these can be seen.
const CUT: u64 = 4;

/// The height that a chart shows: that of its highest column, or less if few tower above all others.
fn shown_height(columns: &[Column]) -> u64 {
    let mut heights: Vec<u64> = columns.iter().map(|c| c.entries).filter(|n| *n > 0).collect();
    heights.sort_unstable();
    let most = heights.last().copied().unwrap_or(0);
    if heights.len() < MIN_CUT {
        return most;
    }
    let common = heights[heights.len() * 9 / 10 - 1];
    if most / CUT > common { common + common / 4 } else { most }
}

/// Columns over an axis with these labels, evenly spread.
pub(super) fn columns(
    id: &str,
    title: &str,
    aside: &str,
    columns: &[Column],
    axis: &[&str],
) -> String {
    let most = columns.iter().map(|c| c.entries).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let top = shown_height(columns).max(1);
    let peak = columns.iter().find(|c| c.entries == most).map_or("", |c| c.label.as_str());
    let total: u64 = columns.iter().map(|c| c.entries).sum();
    let wrong: u64 = columns.iter().map(|c| c.wrong).sum();
    let width = columns.len() * 10;
    let mut out = format!(
        r#"<figure class="chart"><figcaption>{}<span>{}</span></figcaption><div class="plot"><span class="top">{}</span><svg viewBox="0 0 {width} 110" preserveAspectRatio="none" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{}</title><desc id="{id}-d">{} in {} columns; the highest is {}: {}. Failed or blocked: {}.</desc>"#,
        esc(title),
        esc(aside),
        number(top),
        esc(title),
        count(total, "entry", "entries"),
        columns.len(),
        esc(peak),
        number(most),
        number(wrong),
    );
    for y in [10, 60] {
        let _ = write!(out, r#"<line class="grid-line" x1="0" x2="{width}" y1="{y}" y2="{y}"/>"#);
    }
    for (n, c) in columns.iter().enumerate().filter(|(_, c)| c.entries > 0) {
        column(&mut out, n * 10 + 1, c, top);
    }
    out.push_str(r#"</svg></div><div class="axis" aria-hidden="true">"#);
    for label in axis {
        let _ = write!(out, "<span>{}</span>", esc(label));
    }
    out.push_str("</div>");
    let cut: Vec<&Column> = columns.iter().filter(|c| c.entries > top).collect();
    if !cut.is_empty() {
        let named = cut.iter().take(3).map(|c| format!("{} has {}", c.label, number(c.entries)));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = cut.len().saturating_sub(3);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let _ = write!(
            out,
            r#"<p class="note">Cut at {}, marked by a gap: {}{more}.</p>"#,
            number(top),
            esc(&named)
        );
    }
    if wrong > 0 {
        out.push_str(r#"<ul class="legend"><li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="bar" width="10" height="10"/></svg>other</li><li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="bar2" width="10" height="10"/></svg>failed or blocked, at the top of each column</li></ul>"#);
    }
    out.push_str("</figure>");
    out
}

fn column(out: &mut String, x: usize, c: &Column, top: u64) {
    let cut = c.entries > top;
    let all = if cut { 108.0 } else { (c.entries as f64 / top as f64 * 100.0).max(0.7) };
    let label = format!(
        "{}: {}, {} failed or blocked",
        c.label,
        count(c.entries, "entry", "entries"),
        number(c.wrong)
    );
    let y = 110.0 - all;
    let _ = write!(
        out,
        r#"<g><title>{}</title><rect class="bar" x="{x}" y="{y:.2}" width="8" height="{all:.2}"/>"#,
        esc(&label),
    );
    if c.wrong > 0 {
        // Of a column that is cut, the share of what is shown.
        let wrong = (c.wrong as f64 / c.entries as f64 * all).max(0.7);
        let _ =
            write!(out, r#"<rect class="bar2" x="{x}" y="{y:.2}" width="8" height="{wrong:.2}"/>"#);
    }
    if cut {
        let _ = write!(out, r#"<rect class="gap" x="{x}" y="52" width="8" height="4"/>"#);
    }
    out.push_str("</g>");
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
        r#"<figure class="chart"><figcaption>Outcomes<span>{} success of {} decided</span></figcaption><svg class="stack" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-labelledby="oc-t oc-d"><title id="oc-t">Outcomes</title><desc id="oc-d">{}</desc>"#,
        success_rate(t),
        number(t.decided()),
        esc(&said.join(", "))
    );
    let mut x = 0.0;
    for outcome in Outcome::ALL {
        let width = t.of(*outcome) as f64 / t.entries as f64 * 1_000.0;
        if width > 0.0 {
            let _ = write!(
                out,
                r#"<rect class="o-{outcome}" x="{x:.2}" width="{:.2}" height="10"/>"#,
                width.max(1.5)
            );
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

/// What stands beside a name, besides its entries.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) kind: Option<&'static str>,
    pub(super) success: Option<String>,
}

impl Shown {
    pub(super) fn rate(tally: &Tally) -> Self {
        Self { kind: None, success: Some(success_rate(tally)) }
    }
}

/// Names by their entries.
pub(super) fn ranking<S: Sum>(
    title: &str,
    of: &str,
    r: &Ranking<S>,
    show: impl Fn(&S) -> Shown,
) -> String {
    let Some(most) = r.top.first().map(|first| first.sum.entries()) else { return String::new() };
    let at_least = if r.exact { "" } else { "at least " };
    let rates = r.top.iter().any(|x| show(&x.sum).success.is_some());
    let head = if rates { r#"<th scope="col" class="n">Success</th>"# } else { "" };
    let mut out = format!(
        r#"<figure><figcaption>{}<span>{at_least}{}</span></figcaption><table><thead><tr><th scope="col">{}</th>{head}<th scope="col" class="n">Entries</th></tr></thead><tbody>"#,
        esc(title),
        number(r.distinct),
        esc(of)
    );
    for ranked in &r.top {
        let entries = ranked.sum.entries();
        let Shown { kind, success } = show(&ranked.sum);
        let kind =
            kind.map_or(String::new(), |k| format!(r#" <span class="kind">{}</span>"#, esc(k)));
        let _ = write!(
            out,
            r#"<tr><td class="name">{}{kind}{}</td>"#,
            name(&ranked.name),
            hbar(entries, most)
        );
        if rates {
            let _ = write!(out, r#"<td class="n">{}</td>"#, success.unwrap_or_default());
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
    let (Some(p50), Some(p90), Some(p99), Some(max)) = (l.p50_ms, l.p90_ms, l.p99_ms, l.max_ms)
    else {
        return String::new();
    };
    let shown = &l.buckets[first..=last];
    let most = shown.iter().map(|b| b.entries).max().unwrap_or(1);
    let d = crate::render::duration;
    let mut out = format!(
        r#"<figure class="chart"><figcaption>{}<span>median {} · 90 % {} · 99 % {} · longest {}</span></figcaption><table><thead><tr><th scope="col">From – to below</th><th scope="col" class="n">Share</th><th scope="col" class="n">Entries</th></tr></thead><tbody>"#,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(heights: &[u64]) -> Vec<Column> {
        let column = |n: &u64| Column { label: n.to_string(), entries: *n, wrong: 0 };
        heights.iter().map(column).collect()
    }

    #[test]
    fn one_tower_does_not_hide_the_others() {
        let mut heights = vec![100; 20];
        assert_eq!(shown_height(&of(&heights)), 100);
        heights[7] = 399;
        assert_eq!(shown_height(&of(&heights)), 399);
        heights[7] = 5_000;
        assert_eq!(shown_height(&of(&heights)), 125);
        let page = columns("a", "t", "", &of(&heights), &[]);
        assert!(page.contains("Cut at 125") && page.contains("5000 has 5,000"), "{page}");
        assert_eq!(shown_height(&of(&[1, 1, 1_000])), 1_000, "few columns are not cut");
        assert_eq!(shown_height(&[]), 0);
    }
}
