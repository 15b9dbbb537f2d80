//! The page: well-formed, whole in itself, and safe whatever the log says.

use dayseal_format::event::{Actor, EventDraft, Privacy, Resource};
use dayseal_report::{Framework, Report, render};
use roxmltree::{Document, Node, ParsingOptions};

use crate::support::{event, facts, good, report, sealed};

fn parse(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|e| panic!("{e}"))
}

/// Elements of this name.
fn all<'a>(page: &'a Document<'_>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    page.descendants().filter(move |n| n.tag_name().name() == name)
}

#[tokio::test]
async fn the_page_is_well_formed_and_needs_nothing_else() {
    let report = report(&good().await).await;
    let page = render::html(&report);
    let document = parse(&page);
    for element in ["script", "link", "iframe", "object", "embed", "img", "form", "base"] {
        assert_eq!(all(&document, element).count(), 0, "<{element}>");
    }
    for node in document.descendants().filter(Node::is_element) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on"), "{name}");
            assert!(!matches!(name, "src" | "srcset" | "style" | "action"), "{name}={value}");
            if name == "href" {
                assert!(value.starts_with('#'), "{value} leads away");
            }
        }
    }
    let style = all(&document, "style").next().unwrap().text().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("://"));
    assert!(style.contains("prefers-color-scheme:dark") && style.contains("@media print"));
    let policy = page.find("default-src 'none'").unwrap();
    assert!(policy < page.find("<style>").unwrap());
    // The only address is the name of the language.
    assert_eq!(
        page.matches("http://").count(),
        page.matches("http://www.w3.org/1999/xhtml").count()
    );
}

#[tokio::test]
async fn links_and_names_lead_somewhere() {
    let report = report(&good().await).await;
    let page = render::html(&report);
    let document = parse(&page);
    let mut ids: Vec<_> = document.descendants().filter_map(|n| n.attribute("id")).collect();
    for node in document.descendants() {
        if let Some(to) = node.attribute("href") {
            assert!(ids.contains(&&to[1..]), "{to} leads nowhere");
        }
        for label in node.attribute("aria-labelledby").into_iter().flat_map(str::split_whitespace) {
            assert!(ids.contains(&label), "no {label}");
        }
    }
    let before = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), before, "an id stands twice");
    // Every picture says what it is, or is hidden from whoever cannot see it.
    for svg in all(&document, "svg") {
        let named = svg.attribute("aria-labelledby").or(svg.attribute("aria-label"));
        let hidden = svg.attribute("aria-hidden") == Some("true");
        assert!(hidden || (svg.attribute("role") == Some("img") && named.is_some()), "{svg:?}");
    }
}

#[tokio::test]
async fn every_result_says_itself_without_its_colour() {
    let mut facts = facts(&good().await).await;
    facts.policy.retention_floor = 9_999;
    facts.policy.services.clear();
    let report = Report::new(facts, &Framework::ALL, 0);
    let page = render::html(&report);
    let document = parse(&page);
    let badges = document
        .descendants()
        .filter(|n| n.attribute("class").is_some_and(|c| c.starts_with("badge")));
    let mut seen = std::collections::BTreeSet::new();
    for badge in badges {
        let (class, text) = (badge.attribute("class").unwrap(), badge.text().unwrap());
        let mark = match class {
            "badge pass" => "✓ ",
            "badge warn" => "! ",
            "badge fail" => "✕ ",
            _ => "",
        };
        assert!(text.starts_with(mark) && text.len() > mark.len(), "{class}: {text}");
        seen.insert(class);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

const HOSTILE: [&str; 4] = [
    "</bdi><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "a|b`c`*d*[e](javascript:f)",
    "=cmd()",
];

fn hostile(mut events: Vec<EventDraft>) -> Vec<EventDraft> {
    for text in HOSTILE {
        let privacy = Privacy::new(text).legal_basis(text).category(text).recipient(text);
        let more = event("privacy.processing")
            .actor(Actor::user(text))
            .action(text)
            .privacy(privacy)
            .resource(Resource::new("thing").id(text));
        events.push(more.build().unwrap());
    }
    events
}

#[tokio::test]
async fn a_hostile_name_is_a_name() {
    let report = report(&sealed(&hostile).await).await;
    let page = render::html(&report);
    let document = parse(&page);
    assert_eq!(all(&document, "script").count() + all(&document, "img").count(), 0);
    let names: Vec<_> = all(&document, "bdi").filter_map(|n| n.text()).collect();
    for text in HOSTILE {
        assert!(names.contains(&text), "{text} is not shown as it is");
    }
    let markdown = render::markdown(&report);
    assert!(!markdown.contains("<script>") && !markdown.contains("<img"), "markup came through");
    assert!(!markdown.contains("](javascript"));
    // A table's row keeps its cells.
    for line in markdown.lines().filter(|l| l.starts_with("| p1") || l.contains("a\\|b")) {
        let cells = line.replace("\\|", "").matches('|').count();
        assert!(cells == 4 || cells == 7, "{line}");
    }
    serde_json::from_str::<serde_json::Value>(&serde_json::to_string(&report).unwrap()).unwrap();
}

/// What an entry may not hold cannot come from one; an officer's reason and the name of an object can.
#[tokio::test]
async fn nothing_reaches_a_terminal_that_it_would_obey() {
    let mut facts = facts(&good().await).await;
    let wild = "a\u{1b}[2J\u{202e}b\r\nc\u{0}\u{7f}";
    facts.holds.standing[0].reason = wild.into();
    facts.reading.problems = 1;
    facts.reading.problem(wild.into());
    facts.verification.evidence = wild.into();
    let report = Report::new(facts, &Framework::ALL, 0);
    for page in [render::text(&report), render::markdown(&report), render::html(&report)] {
        let bad = page.chars().find(|c| *c != '\n' && dayseal_format::event::forbidden(*c));
        assert_eq!(bad, None, "{:?}", bad.map(u32::from));
    }
    parse(&render::html(&report));
}

#[tokio::test]
async fn the_text_is_what_the_seeds_print() {
    let text = render::text(&report(&good().await).await);
    for line in [
        "AUDIT TRAIL COMPLIANCE REPORT",
        "Generated:            2026-11-18T12:00:00.000Z",
        "Total entries:        25",
        "Retention period:     2557 days; the policy asks for 2557",
        "Agent: qa-agent",
        "  Total operations:     2",
        "  Success rate:         2/2 (100.0 %)",
        "  Recent operations:",
        "ai.tool.executed act (45 ms)",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // Addresses and objects are not broken.
    let long = text.lines().find(|l| l.chars().count() > 100 && l.split_whitespace().count() > 3);
    assert_eq!(long, None);
}
