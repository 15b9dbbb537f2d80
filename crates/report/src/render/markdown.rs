//! Markdown: CommonMark with tables, as code hosts and wikis show it.

use std::fmt::Write as _;

use dayseal_chain::verify::CheckState;
use dayseal_format::event::{Outcome, forbidden};

use super::{
    LIMITS, bounds, count, duration, number, percent, ranking_note, result, scope, success_rate,
    verdict,
};
use crate::collect::{Ranking, Sum};
use crate::days::DayState;
use crate::report::Report;

/// The report as Markdown.
pub fn markdown(r: &Report) -> String {
    let mut out = String::new();
    head(&mut out, r);
    statistics(&mut out, r);
    verification(&mut out, r);
    people(&mut out, r);
    controls(&mut out, r);
    let _ = writeln!(out, "## What this report is\n");
    for limit in LIMITS {
        let _ = writeln!(out, "- {limit}");
    }
    out
}

/// Text as nothing but text, also inside a table: what Markdown or HTML would take for markup is escaped.
fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if forbidden(c) => out.push('\u{fffd}'),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|'
            | '~' | ':' | '@' | '=' | '-' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// Heads of a table; those that begin with `>` are of numbers.
fn heads(out: &mut String, heads: &[&str]) {
    let names: Vec<_> = heads.iter().map(|h| h.trim_start_matches('>').to_owned()).collect();
    row(out, &names);
    let lines: Vec<_> =
        heads.iter().map(|h| if h.starts_with('>') { "--:" } else { "---" }.to_owned()).collect();
    row(out, &lines);
}

fn ranking<S: Sum>(out: &mut String, title: &str, r: &Ranking<S>, cell: impl Fn(&S) -> String) {
    if r.top.is_empty() {
        return;
    }
    let at_least = if r.exact { "" } else { "at least " };
    let _ = writeln!(out, "### {title} ({at_least}{})\n", number(r.distinct));
    heads(out, &["name", ">entries", ">success"]);
    for ranked in &r.top {
        row(out, &[esc(&ranked.name), number(ranked.sum.entries()), cell(&ranked.sum)]);
    }
    if let Some(note) = ranking_note(r) {
        let _ = writeln!(out, "\n{note}");
    }
    out.push('\n');
}

fn head(out: &mut String, r: &Report) {
    let c = &r.counts;
    let _ = writeln!(out, "# Audit trail compliance report: {}\n", esc(&r.origin));
    heads(out, &["", ""]);
    let kept = r
        .retention
        .shortest_days
        .map_or("no day is sealed yet".to_owned(), |d| format!("{d} days at least"));
    let frameworks: Vec<_> = r.frameworks.iter().map(|f| f.title).collect();
    for (term, is) in [
        ("Generated", r.at.to_string()),
        ("Evidence", esc(&r.evidence)),
        ("Days", format!("{} to {}", r.first, r.last)),
        ("Frameworks", esc(&frameworks.join("; "))),
        ("Total entries", number(r.statistics.entries)),
        ("Retention period", format!("{kept}; the policy asks for {}", r.retention.floor_days)),
        (
            "Controls",
            format!(
                "{} passed, {} warnings, {} failed, {} not applicable, {} not covered",
                c.passed, c.warnings, c.failed, c.not_applicable, c.not_covered
            ),
        ),
        ("Result", format!("**{}** (exit code {})", result(r.exit_code), r.exit_code)),
    ] {
        row(out, &[term.to_owned(), is]);
    }
    out.push('\n');
}

fn statistics(out: &mut String, r: &Report) {
    let s = &r.statistics;
    let _ = writeln!(out, "## Entries\n");
    heads(out, &["outcome", ">entries", ">share"]);
    for outcome in Outcome::ALL {
        let n = s.outcomes.of(*outcome);
        row(out, &[outcome.to_string(), number(n), percent(n, s.entries)]);
    }
    let _ = writeln!(
        out,
        "\nSuccess: {} of {} decided. Sealed: {}; not sealed yet: {}. Not counted: {} and {} that could not be read or relied on.\n",
        success_rate(&s.outcomes),
        number(s.outcomes.decided()),
        number(s.sealed),
        number(s.not_sealed),
        count(r.reading.expired, "expired batch", "expired batches"),
        count(r.reading.problems, "batch or day", "batches or days"),
    );
    ranking(out, "Types", &s.types, success_rate);
    ranking(out, "Actors", &s.actors, |a| success_rate(&a.tally));
    ranking(out, "Services", &s.services, success_rate);
    ranking(out, "Models", &s.ai.models, success_rate);
    ranking(out, "Agents", &s.ai.agents, |a| success_rate(&a.tally));
    ranking(out, "Detectors that triggered", &s.ai.detectors, |_| "–".to_owned());
    let l = &s.ai.latency;
    if l.entries > 0 {
        let _ = writeln!(out, "### Latency of model calls\n");
        heads(out, &["from – to below", ">entries", ">share"]);
        for b in l.buckets.iter().filter(|b| b.entries > 0) {
            row(out, &[bounds(b), number(b.entries), percent(b.entries, l.entries)]);
        }
        let d = |ms: Option<u64>| ms.map_or("–".to_owned(), duration);
        let _ = writeln!(
            out,
            "\nMedian {}, 99 % {}, longest {}.\n",
            d(l.p50_ms),
            d(l.p99_ms),
            d(l.max_ms)
        );
    }
}

fn verification(out: &mut String, r: &Report) {
    let v = &r.verification;
    let _ = writeln!(out, "## Verification at level {}\n", v.level.0);
    heads(out, &["verdict", "state", "why"]);
    for (name, verdict) in [
        ("integrity", &v.integrity),
        ("completeness", &v.completeness),
        ("anchoring", &v.anchoring),
    ] {
        row(out, &[name.to_owned(), self::verdict(verdict.state).to_owned(), esc(&verdict.reason)]);
    }
    out.push('\n');
    heads(out, &["checked", "state", "how much, or why not"]);
    for check in &v.checks {
        let state = match check.state {
            CheckState::Checked => "checked",
            CheckState::NotChecked => "not checked",
            CheckState::Failed => "**failed**",
        };
        row(out, &[esc(&check.name), state.to_owned(), esc(&check.detail)]);
    }
    out.push('\n');
    heads(out, &["days", ">number", "which"]);
    for state in DayState::ALL {
        let days: Vec<_> =
            r.calendar.iter().filter(|d| d.state == state).map(|d| d.day.to_string()).collect();
        let shown = match days.len() {
            0 => continue,
            n if state >= DayState::Unchecked && n <= 31 => days.join(", "),
            n => format!("{} to {}", days[0], days[n - 1]),
        };
        row(out, &[state.as_str().to_owned(), number(days.len() as u64), shown]);
    }
    out.push('\n');
    if !v.findings.is_empty() || !v.known.is_empty() {
        heads(out, &["finding", "object", "expected and found", "to do"]);
        for f in &v.findings {
            row(
                out,
                &[f.code.as_str().to_owned(), esc(&f.object), esc(&f.detail), esc(f.code.remedy())],
            );
        }
        for (f, why) in &v.known {
            let known = format!("known, not counted: {}", esc(why));
            row(out, &[f.code.as_str().to_owned(), esc(&f.object), esc(&f.detail), known]);
        }
        out.push('\n');
    }
    for removal in &v.removals {
        let state = match removal.gone {
            Some(true) => "Removed by order",
            Some(false) => "Not yet removed",
            None => "Removal ordered",
        };
        let _ = writeln!(
            out,
            "- {state}: {}, {}, by {}: {}",
            esc(&removal.object),
            esc(&removal.basis),
            esc(&removal.officers.join(", ")),
            esc(&removal.reason)
        );
    }
    for hold in &r.holds.standing {
        let (scope, reason) = (esc(&scope(&hold.scope)), esc(&hold.reason));
        let _ = writeln!(out, "- Held by hold {}: {scope}: {reason}", hold.number);
    }
    if let Some(why) = &r.holds.unread {
        let _ = writeln!(out, "- The legal holds cannot be relied on: {}", esc(why));
    }
    out.push('\n');
}

fn people(out: &mut String, r: &Report) {
    let s = &r.statistics;
    if !s.processing.activities.is_empty() {
        let _ = writeln!(out, "## Processing activities (GDPR Art. 30)\n");
        heads(
            out,
            &["purpose", "legal basis", "categories", "recipients", "transfers", ">entries"],
        );
        for p in &s.processing.activities {
            let or = |text: &Option<String>| text.as_deref().map_or("**none**".to_owned(), esc);
            let list = |names: &crate::collect::Names| {
                let names: Vec<_> = names.iter().map(esc).collect();
                if names.is_empty() { "–".to_owned() } else { names.join(", ") }
            };
            row(
                out,
                &[
                    or(&p.purpose),
                    or(&p.legal_basis),
                    list(&p.categories),
                    list(&p.recipients),
                    list(&p.transfers),
                    number(p.entries),
                ],
            );
        }
        out.push('\n');
    }
    for (class, title) in
        [("phi", "Access to health information"), ("chd", "Access to cardholder data")]
    {
        if let Some(a) = s.access.get(class).filter(|a| a.all.entries > 0) {
            let _ = writeln!(
                out,
                "## {title}\n\n{}; {} say why, {} name what was touched.\n",
                count(a.all.entries, "entry", "entries"),
                number(a.with_reason),
                number(a.with_resource)
            );
            ranking(out, "Actors", &a.actors, |x| success_rate(&x.tally));
            ranking(out, "Actions", &a.actions, success_rate);
        }
    }
    let e = &s.erasures;
    if e.requested + e.completed > 0 {
        let _ = writeln!(
            out,
            "## Erasures (GDPR Art. 17)\n\n{} asked for, {} done, {} open.\n",
            number(e.requested),
            number(e.completed),
            number(e.open_count)
        );
    }
}

fn controls(out: &mut String, r: &Report) {
    for framework in &r.frameworks {
        let _ = writeln!(out, "## {}\n\n{}\n", esc(framework.title), framework.note);
        heads(out, &["result", "control", "asks", "evidence", "beyond the log", "source"]);
        for c in &framework.controls {
            let evidence: Vec<_> = c
                .checks
                .iter()
                .filter_map(|id| r.check(id))
                .map(|x| format!("{} {}: {}", x.status.as_str(), x.id, esc(&x.detail)))
                .collect();
            let source = if c.source.is_empty() { "no public address noted" } else { c.source };
            row(
                out,
                &[
                    format!("**{}**", c.status.as_str()),
                    format!("{} {}", esc(c.id), esc(c.title)),
                    esc(c.asks),
                    evidence.join("<br>"),
                    esc(c.beyond),
                    format!("{} ({})", esc(source), c.standing.as_str()),
                ],
            );
        }
        out.push('\n');
    }
    if let Some(settings) = &r.settings {
        let _ = writeln!(out, "## Settings in AWS\n");
        heads(out, &["result", "check", "found"]);
        for s in &settings.checks {
            row(
                out,
                &[
                    s.status.as_str().to_owned(),
                    format!("{} {}", s.id, esc(s.title)),
                    esc(&s.detail),
                ],
            );
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_nothing_but_text() {
        assert_eq!(esc("a|b\n[x](y)<i>\u{202e}"), "a\\|b\u{fffd}\\[x\\]\\(y\\)&lt;i&gt;\u{fffd}");
        assert_eq!(esc("*b* `c` #1 &amp;"), "\\*b\\* \\`c\\` \\#1 &amp;amp;");
    }
}
