//! One page that needs no script and no other file: right in a browser, light and dark, on a phone, on paper.
//!
//! It is XML as well as HTML, so that a test can parse it strictly.

mod calendar;
mod charts;
mod parts;
mod tables;

use std::fmt::Write as _;

use dayseal_format::Day;

use self::charts::{Column, Shown};
use self::parts::{badge, esc, look, pair};
use super::{LIMITS, bytes, count, number, percent, result, success_rate};
use crate::collect::{Statistics, Tally};
use crate::judge::Status;
use crate::report::Report;

const STYLE: &str = include_str!("html/style.css");
/// Columns of a chart of days; of more days, several share one.
const MAX_COLUMNS: usize = 92;

/// The report as one HTML page.
pub fn html(r: &Report) -> String {
    let title = format!("Audit report: {}, {} to {}", r.origin, r.first, r.last);
    let mut out = format!(
        r#"<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="color-scheme" content="light dark"/>
<title>{}</title>
<style>
{STYLE}</style></head><body><div class="page">
"#,
        esc(&title)
    );
    header(&mut out, r);
    out.push_str("<main>\n");
    summary(&mut out, r);
    activity(&mut out, r);
    models(&mut out, r);
    out.push_str(r#"<section><h2 id="days">Days</h2><p class="soft">Each day is sealed into a signed manifest. What verification found of it stands here by colour and by mark; a tooltip has the numbers.</p>"#);
    out.push_str(&calendar::calendar(r));
    out.push_str("</section>\n");
    verification(&mut out, r);
    people(&mut out, r);
    retention(&mut out, r);
    controls(&mut out, r);
    out.push_str("</main>\n<footer>");
    for limit in LIMITS {
        let _ = write!(out, "<p>{}</p>", esc(limit));
    }
    let _ = writeln!(
        out,
        "<p>Made by dayseal {} at {} from <code>{}</code>.</p></footer></div></body></html>",
        env!("CARGO_PKG_VERSION"),
        r.at,
        esc(&r.evidence)
    );
    out
}

fn header(out: &mut String, r: &Report) {
    let frameworks: Vec<_> = r.frameworks.iter().map(|f| esc(f.title)).collect();
    let _ = write!(
        out,
        r#"<header><p class="eyebrow">Audit trail compliance report</p><h1>{}</h1><dl class="meta">{}{}{}<div class="wide"><dt>Frameworks</dt><dd>{}</dd></div></dl>"#,
        esc(&r.origin),
        pair("Days", &format!("{} to {}", r.first, r.last)),
        pair("Generated", &r.at.to_string()),
        pair("Verified at level", &r.verification.level.0.to_string()),
        frameworks.join("; "),
    );
    out.push_str(r#"<nav aria-label="Contents"><ul>"#);
    for (id, title) in [
        ("activity", "Activity"),
        ("days", "Days"),
        ("verification", "Verification"),
        ("people", "People's data"),
        ("retention", "Retention"),
        ("controls", "Controls"),
        ("checks", "Checks"),
    ] {
        let _ = write!(out, r##"<li><a href="#{id}">{title}</a></li>"##);
    }
    out.push_str("</ul></nav></header>\n");
}

/// The class of the banner, its mark, and what it says.
fn outcome(r: &Report) -> (Status, String) {
    let status = match r.exit_code {
        0 if r.counts.warnings == 0 => Status::Pass,
        0 | 3 => Status::Warn,
        _ => Status::Fail,
    };
    let text = result(r.exit_code);
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    (status, format!("{first}{}", chars.as_str()))
}

fn summary(out: &mut String, r: &Report) {
    let (status, text) = outcome(r);
    let (class, mark) = look(status);
    let c = &r.counts;
    let _ = write!(
        out,
        r#"<section aria-label="Summary"><div class="banner {class}"><span class="mark" aria-hidden="true">{mark}</span><div><strong>{}</strong><span>{} passed, {}, {} failed, {} not applicable, {} not covered (exit code {})</span></div></div>"#,
        esc(&text),
        count(c.passed, "control", "controls"),
        count(c.warnings, "warning", "warnings"),
        c.failed,
        c.not_applicable,
        c.not_covered,
        r.exit_code
    );
    out.push_str(&tables::failing(r));
    let v = &r.verification;
    let _ = write!(
        out,
        r#"<div class="tiles">{}{}{}</div>"#,
        tables::verdict("Integrity", &v.integrity),
        tables::verdict("Completeness", &v.completeness),
        tables::verdict("Anchoring", &v.anchoring)
    );
    let s = &r.statistics;
    let sealed = r.calendar.iter().filter(|d| d.sealed_at.is_some()).count() as u64;
    let findings = v.findings.len() as u64 + v.more_findings;
    let at_least = if s.actors.exact { "" } else { "at least " };
    out.push_str(r#"<dl class="facts">"#);
    for (term, is, small) in [
        ("Entries", number(s.entries), format!("{} not sealed yet", number(s.not_sealed))),
        (
            "Success",
            success_rate(&s.outcomes),
            format!("of {} decided", number(s.outcomes.decided())),
        ),
        ("Blocked", number(s.outcomes.blocked), format!("{} by guardrails", number(s.ai.blocked))),
        (
            "Actors",
            format!("{at_least}{}", number(s.actors.distinct)),
            count(s.services.distinct, "service", "services"),
        ),
        ("Days sealed", number(sealed), format!("of {}", number(r.calendar.len() as u64))),
        ("Findings", number(findings), format!("{} known to the policy", v.known.len())),
    ] {
        let _ = write!(
            out,
            "<div><dt>{term}</dt><dd>{}<small>{}</small></dd></div>",
            esc(&is),
            esc(&small)
        );
    }
    out.push_str("</dl>");
    if r.reading.problems + r.reading.expired > 0 {
        let _ = write!(
            out,
            r#"<p class="note">Not counted: {} gone after their retention, {} that could not be read or relied on.</p>"#,
            count(r.reading.expired, "batch", "batches"),
            count(r.reading.problems, "batch or day", "batches or days")
        );
        out.push_str(r#"<ul class="note">"#);
        for problem in r.reading.problem_texts.iter().take(10) {
            let _ = write!(out, r#"<li class="id">{}</li>"#, esc(problem));
        }
        out.push_str("</ul>");
    }
    out.push_str("</section>\n");
}

/// Days in columns, several to a column if there are many.
fn day_columns(s: &Statistics, first: Day, last: Day) -> (Vec<Column>, usize) {
    let all = usize::try_from(last.days_since(first)).unwrap_or(0) + 1;
    let each = all.div_ceil(MAX_COLUMNS).max(1);
    let mut columns: Vec<Column> = Vec::new();
    let mut add = |tally: Option<&Tally>, day: Day, begins: bool| {
        if begins {
            let label = if each > 1 { format!("{each} days from {day}") } else { day.to_string() };
            columns.push(Column { label, entries: 0, wrong: 0 });
        }
        if let (Some(column), Some(tally)) = (columns.last_mut(), tally) {
            column.entries += tally.entries;
            column.wrong += tally.failure + tally.blocked;
        }
    };
    for (n, day) in first.through(last).enumerate() {
        add(s.days.get(&day), day, n % each == 0);
    }
    (columns, each)
}

fn activity(out: &mut String, r: &Report) {
    let s = &r.statistics;
    out.push_str(r#"<section><h2 id="activity">Activity</h2>"#);
    if s.entries == 0 {
        out.push_str(r#"<p class="soft">No entry in these days.</p></section>"#);
        return;
    }
    if let (Some(first), Some(last)) = (s.first(), s.last()) {
        let _ = write!(
            out,
            r#"<p class="soft">The earliest entry happened at <span class="t">{first}</span>, the latest at <span class="t">{last}</span>. Charts by day go by the day on which entries were recorded.</p>"#
        );
    }
    // A batch may be of a day ahead of the report's clock.
    let last = s.days.keys().next_back().copied().unwrap_or(r.last).min(r.last.max(r.at.day()));
    let (columns, each) = day_columns(s, r.first, last.max(r.first));
    let (from, to) = (r.first.to_string(), last.max(r.first).to_string());
    let title =
        if each > 1 { format!("Entries by {each} days") } else { "Entries by day".to_owned() };
    let days = count(s.days.len() as u64, "day", "days");
    out.push_str(&charts::columns(
        "cd",
        &title,
        &format!("{days} with entries"),
        &columns,
        &[&from, &to],
    ));
    out.push_str(r#"<div class="grid">"#);
    let hours: Vec<Column> = s
        .hours
        .iter()
        .enumerate()
        .map(|(hour, entries)| Column {
            label: format!("{hour:02}:00"),
            entries: *entries,
            wrong: 0,
        })
        .collect();
    let axis = ["00", "06", "12", "18", "24"];
    out.push_str(&charts::columns("ch", "Entries by hour", "of the day, UTC", &hours, &axis));
    out.push_str(&charts::outcomes(&s.outcomes));
    out.push_str(&charts::ranking("Actors", "Actor", &s.actors, |a| Shown {
        kind: a.kind.map(|k| k.as_str()),
        ..Shown::rate(&a.tally)
    }));
    out.push_str(&charts::ranking("Types", "Type", &s.types, Shown::rate));
    out.push_str(&charts::ranking("Services", "Service", &s.services, Shown::rate));
    if s.tenants.distinct > 1 {
        out.push_str(&charts::ranking("Tenants", "Tenant", &s.tenants, Shown::rate));
    }
    out.push_str("</div></section>\n");
}

fn models(out: &mut String, r: &Report) {
    let ai = &r.statistics.ai;
    let safety = ai.safety_passed + ai.safety_failed;
    if ai.calls.entries + safety == 0 && ai.agents.top.is_empty() {
        return;
    }
    out.push_str(r#"<section><h2 id="models">Models and agents</h2>"#);
    let _ = write!(
        out,
        r#"<p class="soft">{}, {} success; {} tokens in, {} out. Guardrails decided about {}: {} did not pass, {} of them blocked.</p><div class="grid">"#,
        count(ai.calls.entries, "model call", "model calls"),
        success_rate(&ai.calls),
        number(ai.input_tokens),
        number(ai.output_tokens),
        count(safety, "entry", "entries"),
        number(ai.safety_failed),
        number(ai.blocked)
    );
    out.push_str(&charts::ranking("Models", "Model", &ai.models, Shown::rate));
    out.push_str(&charts::latency("Latency of model calls", &ai.latency));
    out.push_str(&charts::ranking("Detectors", "Detector", &ai.detectors, |_| Shown::default()));
    out.push_str(&charts::ranking("Agents", "Agent", &ai.agents, |a| Shown::rate(&a.tally)));
    out.push_str("</div></section>\n");
}

fn verification(out: &mut String, r: &Report) {
    let v = &r.verification;
    let range = match (v.first, v.last) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no sealed day".to_owned(),
    };
    let asks =
        v.required.map_or(String::new(), |level| format!(", the policy asks for {}", level.0));
    let _ = write!(
        out,
        r#"<section><h2 id="verification">Verification</h2><p class="soft">Level {}{asks}; {range}. {} late, {} removed by order, {} expired.</p>"#,
        v.level.0,
        count(v.totals.late, "batch was", "batches were"),
        number(v.totals.removed),
        number(v.totals.expired)
    );
    out.push_str(&tables::verification(r));
    out.push_str("</section>\n");
}

fn people(out: &mut String, r: &Report) {
    let s = &r.statistics;
    let _ = write!(
        out,
        r#"<section><h2 id="people">People's data</h2><p class="soft">{} of {} by people name them by a pseudonym of the log. {} masked before storing.</p><h3>Processing activities (GDPR Art. 30)</h3>"#,
        percent(s.people_as_pseudonyms, s.people),
        count(s.people, "entry", "entries"),
        count(
            s.redactions.top.iter().map(|r| r.sum.entries).sum::<u64>() + s.redactions.others,
            "text was",
            "texts were"
        )
    );
    if s.processing.activities.is_empty() {
        out.push_str(r#"<p class="soft">No entry tells of one.</p>"#);
    } else {
        out.push_str(&tables::processing(&s.processing));
    }
    out.push_str(r#"<div class="grid">"#);
    for (class, title) in [
        ("phi", "Access to health information"),
        ("chd", "Access to cardholder data"),
        ("special", "Access to special categories of data"),
        ("secret", "Access to credentials and keys"),
    ] {
        if let Some(access) = s.access.get(class).filter(|a| a.all.entries > 0) {
            out.push_str(&tables::access(title, access));
        }
    }
    out.push_str("</div>");
    let e = &s.erasures;
    if e.requested + e.completed > 0 {
        let _ = write!(
            out,
            "<h3>Erasures (GDPR Art. 17)</h3><p>{} asked for, {} done, {} open.</p>",
            number(e.requested),
            number(e.completed),
            number(e.open_count)
        );
        if !e.open.is_empty() {
            let open = e.open.iter().take(20);
            let open = open.map(|o| format!("<code>{}</code> since {}", o.receipt, o.time));
            let _ = write!(out, "<p>Open: {}.</p>", open.collect::<Vec<_>>().join(", "));
        }
        let c = &r.verification.totals.contents;
        if c.items > 0 {
            let _ = write!(
                out,
                r#"<p class="soft">Of {} that entries commit to, {} are there, {} erased, {} expired.</p>"#,
                count(c.items, "content", "contents"),
                number(c.present),
                number(c.erased),
                number(c.expired)
            );
        }
    }
    out.push_str("<h3>Legal holds</h3>");
    let holds = tables::holds(r);
    out.push_str(if holds.is_empty() { r#"<p class="soft">None stands.</p>"# } else { &holds });
    out.push_str("</section>\n");
}

fn retention(out: &mut String, r: &Report) {
    let t = &r.retention;
    let days = |days: Option<i32>| {
        days.and_then(|d| u64::try_from(d).ok())
            .map_or("–".to_owned(), |d| count(d, "day", "days"))
    };
    let day = |day: Option<Day>| day.map_or("–".to_owned(), |d| d.to_string());
    let content =
        t.content_days.map_or("not stated".to_owned(), |d| count(d.into(), "day", "days"));
    let _ = write!(
        out,
        r#"<section><h2 id="retention">Retention</h2><dl class="meta">{}{}{}{}{}{}{}</dl></section>"#,
        pair("The policy asks for", &count(t.floor_days.into(), "day", "days")),
        pair("A sealed day is kept at least", &days(t.shortest_days)),
        pair("At most", &days(t.longest_days)),
        pair("Oldest sealed day of these", &day(t.oldest_day)),
        pair("Entries next expire on", &day(t.next_expiry)),
        pair("Contents live", &content),
        pair(
            "Stored",
            &match (t.objects, t.bytes) {
                (Some(objects), Some(size)) => {
                    format!("{}, {}", count(objects, "object", "objects"), bytes(size))
                }
                _ => "–".to_owned(),
            }
        ),
    );
}

fn controls(out: &mut String, r: &Report) {
    out.push_str(r#"<section><h2 id="controls">Controls</h2><p class="soft">What the log has as evidence for each control, and what lies beyond it. PASS is about that evidence, not about the control as a whole.</p><p>"#);
    for status in Status::ALL {
        let _ = write!(out, "{} {} &#160; ", badge(status), number(r.counts.of(status)));
    }
    out.push_str("</p>");
    for framework in &r.frameworks {
        out.push_str(&tables::framework(r, framework));
    }
    out.push_str(r#"</section><section><h2 id="checks">Checks</h2><p class="soft">Every check once, with the numbers behind it.</p>"#);
    out.push_str(&tables::checks(r));
    out.push_str("</section>\n");
}
