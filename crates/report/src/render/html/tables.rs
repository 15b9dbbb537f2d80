//! Tables: controls with their evidence, what verification said, whose data was processed.

use std::fmt::Write as _;

use dayseal_chain::verify::{CheckState, Finding, VerdictState};
use serde_json::Value;

use super::charts::{self, Shown};
use super::parts::{badge, esc, labelled, look, name, prose};
use crate::collect::{Access, Processing};
use crate::judge::{CheckResult, ControlResult, FrameworkResult, Status, of_setting};
use crate::render::{count, number, percent, scope, success_rate};
use crate::report::Report;

pub(super) fn framework(r: &Report, f: &FrameworkResult) -> String {
    let mut out = format!(
        r#"<h3 id="f-{0}">{1}</h3><p class="note">{2}</p><div class="scroll"><table class="controls stacked"><thead><tr><th scope="col">Evidence</th><th scope="col">Control</th><th scope="col">What the log shows</th></tr></thead><tbody>"#,
        f.id.as_str(),
        esc(f.title),
        esc(f.note)
    );
    f.controls.iter().for_each(|c| control(&mut out, r, f, c));
    out.push_str("</tbody></table></div>");
    out
}

/// Where a control stands on the page.
fn anchor(f: &FrameworkResult, c: &ControlResult) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("{}-{}", f.id.as_str(), c.id.chars().map(safe).collect::<String>())
}

/// The controls that fail, each with the way to it.
pub(super) fn failing(r: &Report) -> String {
    let mut out = String::new();
    for f in &r.frameworks {
        for c in f.controls.iter().filter(|c| c.status == Status::Fail) {
            let (to, title) = (anchor(f, c), esc(c.title));
            let _ = write!(
                out,
                r##"<li>{} <a href="#{to}">{} {}</a>: {title}</li>"##,
                badge(c.status),
                f.id.as_str(),
                esc(c.id)
            );
        }
    }
    if out.is_empty() { out } else { format!(r#"<ul class="failing">{out}</ul>"#) }
}

fn control(out: &mut String, r: &Report, f: &FrameworkResult, c: &ControlResult) {
    let source = if c.source.is_empty() { "no public address noted" } else { c.source };
    let _ = write!(
        out,
        r#"<tr class="t-{}" id="{}"><td>{}</td><td><strong>{} {}</strong><p class="asks">{}</p><p class="soft">Beyond the log: {}</p><p class="soft">Source: {} ({})</p></td><td><ul>"#,
        look(c.status).0,
        anchor(f, c),
        badge(c.status),
        esc(c.id),
        esc(c.title),
        esc(c.asks),
        esc(c.beyond),
        esc(source),
        c.standing.as_str()
    );
    for check in c.checks.iter().filter_map(|id| r.check(id)) {
        let _ = write!(
            out,
            r##"<li>{} <a href="#{1}">{1}</a> {2}: {3}</li>"##,
            badge(check.status),
            check.id,
            esc(check.title),
            prose(&check.detail)
        );
    }
    let settings = r.settings.iter().flat_map(|s| &s.checks).filter(|s| c.settings.contains(&s.id));
    for setting in settings {
        let status = badge(of_setting(setting.status));
        let _ = write!(
            out,
            "<li>{status} {} {}: {}</li>",
            setting.id,
            esc(setting.title),
            esc(&setting.detail)
        );
    }
    if !c.settings.is_empty() && !c.settings_checked {
        let list = c.settings.join(", ");
        let _ = write!(
            out,
            r#"<li class="soft">Not looked at: settings {list} (<code>--settings</code>)</li>"#
        );
    }
    out.push_str("</ul></td></tr>");
}

/// Every check with the numbers behind it.
pub(super) fn checks(r: &Report) -> String {
    let mut out = String::from(
        r#"<div class="scroll"><table class="stacked checks"><thead><tr><th scope="col">Check</th><th scope="col">Result</th><th scope="col">What was found</th></tr></thead><tbody>"#,
    );
    for CheckResult { id, title, status, detail, evidence } in &r.checks {
        let _ = write!(
            out,
            r#"<tr id="{id}"><td><strong>{id}</strong> {}</td><td>{}</td><td>{}{}</td></tr>"#,
            esc(title),
            badge(*status),
            prose(detail),
            evidence_of(evidence)
        );
    }
    out.push_str("</tbody></table></div>");
    out
}

fn evidence_of(evidence: &Value) -> String {
    let Some(fields) = evidence.as_object() else { return String::new() };
    let mut out = String::from(r#"<p class="kv">"#);
    for (key, value) in fields {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => "–".to_owned(),
            Value::Number(n) => n.as_u64().map_or_else(|| n.to_string(), number),
            other => other.to_string(),
        };
        let _ = write!(
            out,
            "<span>{}: <strong>{}</strong></span>",
            esc(&key.replace('_', " ")),
            esc(&value)
        );
    }
    out.push_str("</p>");
    out
}

pub(super) fn verification(r: &Report) -> String {
    let v = &r.verification;
    let mut out = String::from(
        r#"<div class="scroll"><table class="stacked checks"><thead><tr><th scope="col">Checked</th><th scope="col">State</th><th scope="col">How much, or why not</th></tr></thead><tbody>"#,
    );
    for check in &v.checks {
        let state = match check.state {
            CheckState::Checked => labelled(look(Status::Pass), "checked"),
            CheckState::NotChecked => labelled(look(Status::NotCovered), "not checked"),
            CheckState::Failed => labelled(look(Status::Fail), "failed"),
        };
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{state}</td><td>{}</td></tr>",
            esc(&check.name),
            esc(&check.detail)
        );
    }
    out.push_str("</tbody></table></div>");
    if !v.findings.is_empty() {
        let n = count(v.findings.len() as u64 + v.more_findings, "finding", "findings");
        let _ = write!(out, "<h3>{n}</h3>");
        findings(&mut out, v.findings.iter().map(|f| (f, None)));
        if v.more_findings > 0 {
            let _ = write!(out, r#"<p class="note">And {} more.</p>"#, number(v.more_findings));
        }
    }
    if !v.known.is_empty() {
        out.push_str("<h3>Known to the policy, not counted</h3>");
        findings(&mut out, v.known.iter().map(|(f, why)| (f, Some(why.as_str()))));
    }
    if !v.removals.is_empty() {
        removals(&mut out, r);
    }
    out
}

fn findings<'a>(out: &mut String, all: impl Iterator<Item = (&'a Finding, Option<&'a str>)>) {
    out.push_str(r#"<div class="scroll"><table class="stacked findings"><thead><tr><th scope="col">What</th><th scope="col">Object</th><th scope="col">Expected and found</th></tr></thead><tbody>"#);
    for (f, known) in all {
        let label = match known {
            None => labelled(look(Status::Fail), f.code.as_str()),
            Some(_) => labelled(look(Status::NotApplicable), f.code.as_str()),
        };
        let todo = known
            .map_or_else(|| format!("To do: {}", f.code.remedy()), |why| format!("Reason: {why}"));
        let _ = write!(
            out,
            r#"<tr><td>{label}</td><td><code>{}</code></td><td>{}<p class="soft">{} <span class="id">[{}]</span></p></td></tr>"#,
            esc(&f.object),
            esc(&f.detail),
            esc(&todo),
            esc(&f.id)
        );
    }
    out.push_str("</tbody></table></div>");
}

fn removals(out: &mut String, r: &Report) {
    out.push_str(r#"<h3>Removed by order</h3><div class="scroll"><table class="stacked findings"><thead><tr><th scope="col">State</th><th scope="col">Batch</th><th scope="col">By whom and why</th></tr></thead><tbody>"#);
    for removal in &r.verification.removals {
        let state = match removal.gone {
            Some(true) => "removed",
            Some(false) => "not yet removed",
            None => "ordered",
        };
        let _ = write!(
            out,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}, by {} at {}: {}</td></tr>",
            labelled(look(Status::NotApplicable), state),
            esc(&removal.object),
            esc(&removal.basis),
            esc(&removal.officers.join(", ")),
            removal.ordered_at,
            esc(&removal.reason)
        );
    }
    out.push_str("</tbody></table></div>");
    if r.verification.more_removals > 0 {
        let _ = write!(
            out,
            r#"<p class="note">And {} more.</p>"#,
            number(r.verification.more_removals)
        );
    }
}

pub(super) fn processing(p: &Processing) -> String {
    let mut out = String::from(
        r#"<div class="scroll"><table class="stacked processing"><thead><tr><th scope="col">Purpose</th><th scope="col">Legal basis</th><th scope="col">Categories</th><th scope="col">Recipients</th><th scope="col">Transfers</th><th scope="col" class="n">Entries</th></tr></thead><tbody>"#,
    );
    let missing = |what: &str| labelled(look(Status::Fail), what);
    for row in &p.activities {
        let purpose = row.purpose.as_ref().map_or_else(|| missing("no purpose"), |p| name(p));
        let basis = row.legal_basis.as_ref().map_or_else(|| missing("no legal basis"), |b| name(b));
        let list = |names: &crate::collect::Names| {
            let names: Vec<_> = names.iter().map(name).collect();
            if names.is_empty() { "–".to_owned() } else { names.join(", ") }
        };
        let _ = write!(
            out,
            r#"<tr><td data-label="Purpose"><strong>{purpose}</strong></td><td data-label="Legal basis">{basis}</td><td data-label="Categories">{}</td><td data-label="Recipients">{}</td><td data-label="Transfers">{}</td><td class="n" data-label="Entries">{}</td></tr>"#,
            list(&row.categories),
            list(&row.recipients),
            list(&row.transfers),
            number(row.entries)
        );
    }
    out.push_str("</tbody></table></div>");
    if p.others > 0 {
        let _ = write!(
            out,
            r#"<p class="note">{} of further activities.</p>"#,
            count(p.others, "entry", "entries")
        );
    }
    out
}

pub(super) fn access(title: &str, a: &Access) -> String {
    let mut out = format!(
        r#"<div><h3>{title}</h3><p class="note">{}, {} success; {} say why, {} name what was touched.</p>"#,
        count(a.all.entries, "entry", "entries"),
        success_rate(&a.all),
        percent(a.with_reason, a.all.entries),
        percent(a.with_resource, a.all.entries)
    );
    out.push_str(&charts::ranking("Actors", "Actor", &a.actors, |s| Shown::rate(&s.tally)));
    out.push_str(&charts::ranking("Actions", "Action", &a.actions, Shown::rate));
    out.push_str("</div>");
    out
}

pub(super) fn holds(r: &Report) -> String {
    let mut out = String::new();
    if let Some(why) = &r.holds.unread {
        let _ = write!(
            out,
            "<p>{} {}</p>",
            labelled(look(Status::Warn), "cannot be relied on"),
            esc(why)
        );
    }
    for text in r.holds.differences.iter().flatten() {
        let _ = write!(out, "<p>{} {}</p>", labelled(look(Status::Fail), "differs"), esc(text));
    }
    if r.holds.standing.is_empty() {
        return out;
    }
    out.push_str(r#"<div class="scroll"><table class="stacked findings"><thead><tr><th scope="col">Hold</th><th scope="col">What is held</th><th scope="col">By whom and why</th></tr></thead><tbody>"#);
    for hold in &r.holds.standing {
        let _ = write!(
            out,
            "<tr><td><strong>{}</strong></td><td>{}</td><td>{} at {}: {}</td></tr>",
            hold.number,
            esc(&scope(&hold.scope)),
            esc(&hold.officers.join(", ")),
            hold.time,
            esc(&hold.reason)
        );
    }
    out.push_str("</tbody></table></div>");
    out
}

/// One of the three verdicts.
pub(super) fn verdict(title: &str, v: &dayseal_chain::verify::Verdict) -> String {
    let (look, word) = match v.state {
        VerdictState::Holds => (look(Status::Pass), "holds"),
        VerdictState::Failed => (look(Status::Fail), "failed"),
        VerdictState::NotChecked => (look(Status::NotCovered), "not checked"),
    };
    format!(
        r#"<div class="tile"><h3>{title} {}</h3><p>{}</p></div>"#,
        labelled(look, word),
        esc(&v.reason)
    )
}
