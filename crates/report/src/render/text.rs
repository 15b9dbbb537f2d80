//! Text for a terminal or a mail, in the form that the seeds' reports have.

use std::fmt::Write as _;

use dayseal_chain::verify::CheckState;
use dayseal_format::event::Outcome;

use super::{
    LIMITS, bounds, bytes, clean, count, duration, number, percent, ranking_note, result, scope,
    success_rate, verdict,
};
use crate::collect::{Latency, Ranking, Sum, Tally};
use crate::days::DayState;
use crate::judge::{ControlResult, Status};
use crate::report::Report;

const WIDTH: usize = 78;

/// The report as plain text.
pub fn text(r: &Report) -> String {
    let mut out = Text(String::new());
    head(&mut out, r);
    statistics(&mut out, r);
    people(&mut out, r);
    verification(&mut out, r);
    controls(&mut out, r);
    out.section("WHAT THIS REPORT IS");
    LIMITS.iter().for_each(|limit| out.wrapped("  ", limit));
    out.rule('=');
    out.0
}

struct Text(String);

impl Text {
    /// A line; whatever stands in it is shown, not obeyed.
    fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(clean(text.as_ref()).trim_end());
        self.0.push('\n');
    }

    fn rule(&mut self, of: char) {
        self.line(of.to_string().repeat(WIDTH));
    }

    fn section(&mut self, title: &str) {
        self.line("");
        self.line(title);
        self.rule('-');
    }

    fn pair(&mut self, name: &str, value: impl AsRef<str>) {
        self.hanging(&format!("  {name:<22}"), 24, value.as_ref());
    }

    /// Words in lines, each begun as far to the right as `first`.
    fn wrapped(&mut self, first: &str, text: &str) {
        self.hanging(first, first.len() - first.trim_start().len(), text);
    }

    /// Words in lines of [`WIDTH`] at most, where words allow; all but the first begin with so many spaces.
    fn hanging(&mut self, first: &str, spaces: usize, text: &str) {
        let hanging = " ".repeat(spaces);
        let (mut begin, mut line) = (first, String::new());
        for word in text.split_whitespace() {
            let used = begin.chars().count() + line.chars().count();
            if used + word.chars().count() >= WIDTH && !line.is_empty() {
                self.line(format!("{begin}{line}"));
                (begin, line) = (&hanging, String::new());
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() || begin == first {
            self.line(format!("{begin}{line}"));
        }
    }

    fn ranking<S: Sum>(&mut self, title: &str, r: &Ranking<S>, row: impl Fn(&S) -> String) {
        if r.top.is_empty() {
            return;
        }
        let at_least = if r.exact { "" } else { "at least " };
        self.line(format!("  {title} ({at_least}{}):", number(r.distinct)));
        for ranked in &r.top {
            let name = shortened(&ranked.name, 52);
            self.line(format!("    {name:<52}{}", row(&ranked.sum)));
        }
        if let Some(note) = ranking_note(r) {
            self.line(format!("    … {note}"));
        }
    }
}

fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

fn tally(t: &Tally) -> String {
    format!("{:>10}  {:>7} success", number(t.entries), success_rate(t))
}

fn head(out: &mut Text, r: &Report) {
    let s = &r.statistics;
    out.rule('=');
    out.line("AUDIT TRAIL COMPLIANCE REPORT");
    out.rule('=');
    out.pair("Generated:", r.at.to_string());
    out.pair("Log:", format!("{} in {}", r.origin, r.evidence));
    out.pair("Days:", format!("{} to {}", r.first, r.last));
    let frameworks: Vec<_> = r.frameworks.iter().map(|f| f.title).collect();
    out.pair("Frameworks:", frameworks.join("; "));
    out.pair("Total entries:", number(s.entries));
    let kept = match (r.retention.shortest_days, r.retention.longest_days) {
        (Some(a), Some(b)) if a == b => format!("{a} days"),
        (Some(a), Some(b)) => format!("{a} to {b} days"),
        _ => "no day is sealed yet".to_owned(),
    };
    out.pair(
        "Retention period:",
        format!("{kept}; the policy asks for {}", r.retention.floor_days),
    );
    let batches = count(r.reading.batches, "batch", "batches");
    out.pair("Encryption:", format!("{batches} opened, AES-256-GCM under keys of the policy"));
    let access = match &r.settings {
        Some(settings) => format!(
            "{} settings pass, {} warn, {} fail",
            settings.passed, settings.warnings, settings.failed
        ),
        None => "settings were not looked at (--settings)".to_owned(),
    };
    out.pair("Access control:", access);
    let c = &r.counts;
    out.pair(
        "Controls:",
        format!(
            "{} passed, {} warnings, {} failed, {} not applicable, {} not covered",
            c.passed, c.warnings, c.failed, c.not_applicable, c.not_covered
        ),
    );
    out.pair("Result:", format!("{} (exit code {})", result(r.exit_code), r.exit_code));
}

fn statistics(out: &mut Text, r: &Report) {
    let s = &r.statistics;
    out.section("ENTRIES");
    out.pair("Sealed:", number(s.sealed));
    out.pair("Not sealed yet:", number(s.not_sealed));
    if let (Some(first), Some(last)) = (s.first(), s.last()) {
        out.pair("First, last:", format!("{first}, {last}"));
    }
    for outcome in Outcome::ALL {
        let n = s.outcomes.of(*outcome);
        let outcome = format!("{outcome}:");
        out.line(format!("  {outcome:<22}{:>12}  {:>7}", number(n), percent(n, s.entries)));
    }
    out.pair(
        "Success rate:",
        format!("{} of {} decided", success_rate(&s.outcomes), number(s.outcomes.decided())),
    );
    if r.reading.problems + r.reading.expired > 0 {
        out.pair(
            "Not counted:",
            format!(
                "{} expired, {} not to be read or relied on",
                count(r.reading.expired, "batch", "batches"),
                count(r.reading.problems, "batch or day", "batches or days"),
            ),
        );
        r.reading.problem_texts.iter().take(10).for_each(|p| out.wrapped("    ", p));
    }
    out.line("");
    out.ranking("Types", &s.types, tally);
    out.ranking("Actors", &s.actors, |a| {
        let kind = a.kind.map_or("", |k| k.as_str());
        format!("{}  {kind}", tally(&a.tally))
    });
    out.ranking("Services", &s.services, tally);
    if s.ai.calls.entries > 0 {
        out.line("");
        out.line(format!(
            "  Model calls: {}, {} tokens in, {} out",
            number(s.ai.calls.entries),
            number(s.ai.input_tokens),
            number(s.ai.output_tokens)
        ));
        out.ranking("Models", &s.ai.models, tally);
        latency(out, "Latency of model calls", &s.ai.latency);
    }
    for agent in &s.ai.agents.top {
        out.line("");
        out.line(format!("Agent: {}", agent.name));
        let t = &agent.sum.tally;
        out.pair("Total operations:", number(t.entries));
        let rate = success_rate(t);
        out.pair(
            "Success rate:",
            format!("{}/{} ({rate})", number(t.success), number(t.decided())),
        );
        out.line("  Recent operations:");
        for step in &agent.sum.recent {
            let took = step.duration_ms.map_or(String::new(), |ms| format!(" ({})", duration(ms)));
            out.line(format!("    - {}: {} {}{took}", step.time, step.kind, step.action));
        }
    }
    let ai = &s.ai;
    if ai.safety_passed + ai.safety_failed > 0 {
        out.line("");
        out.pair("Safety decisions:", number(ai.safety_passed + ai.safety_failed));
        out.pair(
            "Not passed:",
            format!("{}, {} blocked for it", number(ai.safety_failed), number(ai.blocked)),
        );
        out.ranking("Detectors", &ai.detectors, |n| format!("{:>12}", number(n.entries)));
    }
}

fn latency(out: &mut Text, title: &str, l: &Latency) {
    let (Some(p50), Some(p90), Some(p99), Some(max)) = (l.p50_ms, l.p90_ms, l.p99_ms, l.max_ms)
    else {
        return;
    };
    out.line(format!(
        "  {title}: median {}, 90 % {}, 99 % {}, longest {}",
        duration(p50),
        duration(p90),
        duration(p99),
        duration(max)
    ));
    for b in l.buckets.iter().filter(|b| b.entries > 0) {
        out.line(format!("    {:<24}{:>12}", bounds(b), number(b.entries)));
    }
}

fn people(out: &mut Text, r: &Report) {
    let p = &r.statistics.processing;
    if p.entries > 0 {
        out.section("PROCESSING ACTIVITIES (GDPR ART. 30)");
        for row in &p.activities {
            let purpose = row.purpose.as_deref().unwrap_or("NO PURPOSE");
            let basis = row.legal_basis.as_deref().unwrap_or("NO LEGAL BASIS");
            out.line(format!("  {purpose}: {basis}, {}", count(row.entries, "entry", "entries")));
            for (name, names) in [
                ("categories:", &row.categories),
                ("recipients:", &row.recipients),
                ("transfers:", &row.transfers),
            ] {
                let list = names.iter().collect::<Vec<_>>().join(", ");
                out.pair(&format!("  {name}"), if list.is_empty() { "–" } else { &list });
            }
        }
        if p.others > 0 {
            out.line(format!("  … {} of further activities", count(p.others, "entry", "entries")));
        }
    }
    for (class, title) in
        [("phi", "ACCESS TO HEALTH INFORMATION"), ("chd", "ACCESS TO CARDHOLDER DATA")]
    {
        let Some(access) = r.statistics.access.get(class).filter(|a| a.all.entries > 0) else {
            continue;
        };
        out.section(title);
        out.pair(
            "Entries:",
            format!("{} ({} success)", number(access.all.entries), success_rate(&access.all)),
        );
        out.pair("With a reason:", number(access.with_reason));
        out.pair("With the resource:", number(access.with_resource));
        out.ranking("Actors", &access.actors, |a| tally(&a.tally));
        out.ranking("Actions", &access.actions, tally);
    }
    let e = &r.statistics.erasures;
    if e.requested + e.completed > 0 {
        out.section("ERASURES (GDPR ART. 17)");
        out.pair("Asked for:", number(e.requested));
        out.pair("Done:", number(e.completed));
        out.pair("Open:", number(e.open_count));
        for open in e.open.iter().take(10) {
            out.line(format!("    {} since {}", open.receipt, open.time));
        }
    }
    if !r.holds.standing.is_empty() || r.holds.unread.is_some() {
        out.section("LEGAL HOLDS");
        for hold in &r.holds.standing {
            let scope = scope(&hold.scope);
            let by = hold.officers.join(", ");
            let text = format!("{scope}, by {by} at {}: {}", hold.time, hold.reason);
            out.hanging(&format!("  hold {}: ", hold.number), 4, &text);
        }
        if let Some(why) = &r.holds.unread {
            out.wrapped("  ", &format!("cannot be relied on: {why}"));
        }
    }
}

fn verification(out: &mut Text, r: &Report) {
    let v = &r.verification;
    out.section("VERIFICATION");
    let range = match (v.first, v.last) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no sealed day".to_owned(),
    };
    out.pair("Level:", format!("{} ({range})", v.level.0));
    for (name, verdict) in [
        ("Integrity:", &v.integrity),
        ("Completeness:", &v.completeness),
        ("Anchoring:", &v.anchoring),
    ] {
        out.pair(name, format!("{}: {}", self::verdict(verdict.state), verdict.reason));
    }
    for check in &v.checks {
        let state = match check.state {
            CheckState::Checked => "checked    ",
            CheckState::NotChecked => "not checked",
            CheckState::Failed => "FAILED     ",
        };
        out.hanging(&format!("  {state}  "), 15, &format!("{}: {}", check.name, check.detail));
    }
    let states =
        DayState::ALL.map(|state| (state, r.calendar.iter().filter(|d| d.state == state).count()));
    let mut days = String::new();
    for (state, n) in states.into_iter().filter(|(_, n)| *n > 0) {
        let comma = if days.is_empty() { "" } else { ", " };
        let _ = write!(days, "{comma}{} {}", number(n as u64), state.as_str());
    }
    out.pair("Days:", days);
    for day in r.calendar.iter().filter(|d| d.state >= DayState::Unchecked) {
        out.line(format!("    {}  {}", day.day, day.state.as_str()));
    }
    for (finding, known) in
        v.findings.iter().map(|f| (f, None)).chain(v.known.iter().map(|(f, why)| (f, Some(why))))
    {
        let known = known.map_or(String::new(), |why| format!("known, not counted ({why}): "));
        out.line(format!("  {known}{}  {}", finding.code.as_str(), finding.object));
        out.wrapped("    ", &finding.detail);
        out.wrapped("    ", &format!("to do: {} [{}]", finding.code.remedy(), finding.id));
    }
    if v.more_findings > 0 {
        out.line(format!("  and {} more findings", number(v.more_findings)));
    }
    for removal in &v.removals {
        let state = match removal.gone {
            Some(true) => "removed by order",
            Some(false) => "not yet removed",
            None => "removal ordered",
        };
        let by = removal.officers.join(", ");
        out.line(format!(
            "  {state}  {}: {}, by {by}: {}",
            removal.object, removal.basis, removal.reason
        ));
    }
    if let (Some(objects), Some(size)) = (r.retention.objects, r.retention.bytes) {
        out.pair("Stored:", format!("{}, {}", count(objects, "object", "objects"), bytes(size)));
    }
    if let Some(day) = r.retention.next_expiry {
        out.pair("Next expiry:", day.to_string());
    }
}

fn controls(out: &mut Text, r: &Report) {
    for framework in &r.frameworks {
        out.section(&framework.title.to_uppercase());
        out.wrapped("  ", framework.note);
        for control in &framework.controls {
            self::control(out, r, control);
        }
    }
    if let Some(settings) = &r.settings {
        out.section("SETTINGS IN AWS");
        for check in &settings.checks {
            let text = format!("{}  {}: {}", check.id, check.title, check.detail);
            out.hanging(&format!("  {}  ", check.status.as_str()), 8, &text);
        }
    }
}

fn control(out: &mut Text, r: &Report, c: &ControlResult) {
    out.line("");
    out.line(format!("  [{}] {}  {}", c.status.as_str(), c.id, c.title));
    out.wrapped("      asks: ", c.asks);
    for check in c.checks.iter().filter_map(|id| r.check(id)) {
        out.wrapped(
            "      ",
            &format!("{} {}: {}: {}", check.status.as_str(), check.id, check.title, check.detail),
        );
    }
    if c.status != Status::NotCovered && !c.settings.is_empty() && !c.settings_checked {
        out.line(format!("      not looked at: settings {} (--settings)", c.settings.join(", ")));
    }
    out.wrapped("      beyond the log: ", c.beyond);
    let source = if c.source.is_empty() { "no public address noted" } else { c.source };
    out.wrapped("      source: ", &format!("{source} ({})", c.standing.as_str()));
}
