//! The tables of docs/report.md are those of the code.

use dayseal_report::Framework;
use dayseal_report::control::Control;

const DOCS: &str = include_str!("../../../../docs/report.md");

fn row(c: &Control) -> String {
    let checks: Vec<_> = c.checks.iter().map(|check| check.id()).collect();
    let settings = if c.settings.is_empty() { "–".to_owned() } else { c.settings.join(" ") };
    let source = if c.source.is_empty() { "no address noted" } else { c.source };
    let standing = c.standing.as_str();
    format!(
        "| {} | {} | {} | {} | {settings} | {source} ({standing}) |",
        c.id,
        c.title,
        c.asks,
        checks.join(" ")
    )
}

#[test]
fn every_control_stands_in_the_documentation() {
    let mut missing = Vec::new();
    for framework in Framework::ALL {
        assert!(DOCS.contains(&format!("### {}", framework.title())), "{}", framework.title());
        missing.extend(framework.controls().iter().map(row).filter(|row| !DOCS.contains(row)));
    }
    assert!(missing.is_empty(), "not in docs/report.md:\n{}", missing.join("\n"));
}

#[test]
fn every_check_stands_in_the_documentation() {
    for check in Framework::ALL.iter().flat_map(|f| f.controls()).flat_map(|c| c.checks) {
        let id = check.id();
        let id = id.split('-').next().unwrap();
        assert!(DOCS.contains(&format!("| `{id}` |")), "{id} is not in docs/report.md");
    }
}
