//! Each check passes on a log that shows it, and does not on one that lacks or contradicts it.

use std::collections::BTreeMap;

use dayseal_auditor::check::{CheckReport, CheckResult, Status as Setting};
use dayseal_format::event::{Actor, Clock, DataClass, EventDraft, Outcome, Privacy};
use dayseal_format::{Level, UnixMillis};
use dayseal_report::facts::{Facts, Unmasked};
use dayseal_report::judge::Status::{self, Fail, NotApplicable, NotCovered, Pass, Warn};
use dayseal_report::{Framework, Report};
use dayseal_testkit::{day, noon};

use crate::support::{LAST, event, facts, facts_at, good, report, sealed, status};

#[tokio::test]
async fn a_log_that_shows_all_passes_all_that_a_log_can_show() {
    let report = report(&good().await).await;
    for check in &report.checks {
        let expected = match check.id.as_str() {
            // No entry can tell of alarms, and none has a field for system-level objects.
            "L18" | "E06" => NotCovered,
            // Nothing was found that would need a disposition.
            "L20" => NotApplicable,
            _ => Pass,
        };
        assert_eq!(check.status, expected, "{check:#?}");
        assert!(!check.detail.is_empty());
    }
    assert_eq!(report.verification.exit_code, 0);
    assert_eq!(report.exit_code, 0);
    let c = report.counts;
    assert_eq!((c.warnings, c.failed), (0, 0));
    let all: usize = report.frameworks.iter().map(|f| f.controls.len()).sum();
    assert_eq!(c.passed + c.not_applicable + c.not_covered, all as u64);
    // CC7.3 and CC7.4 have nothing to evaluate; 10.2.1.7 no log shows.
    assert_eq!((c.not_applicable, c.not_covered), (2, 1));
}

/// Drops events of a type.
fn without(events: Vec<EventDraft>, kind: &str) -> Vec<EventDraft> {
    events.into_iter().filter(|e| e.kind.as_str() != kind).collect()
}

/// Changes the fields of events of a type.
fn change(
    mut events: Vec<EventDraft>,
    kind: &str,
    with: impl Fn(&mut dayseal_format::event::EventFields),
) -> Vec<EventDraft> {
    events.iter_mut().filter(|e| e.kind.as_str() == kind).for_each(|e| with(e.edit()));
    events
}

fn plus(mut events: Vec<EventDraft>, more: dayseal_format::event::EventBuilder) -> Vec<EventDraft> {
    events.push(more.build().unwrap());
    events
}

type Recorded = (&'static str, &'static str, Status, fn(Vec<EventDraft>) -> Vec<EventDraft>);

/// What was recorded otherwise: the check, and what becomes of it.
const RECORDED: &[Recorded] = &[
    ("access without source", "L01", Warn, |e| change(e, "data.read", |f| f.source = None)),
    ("access without resource", "L01", Warn, |e| change(e, "data.read", |f| f.resource = None)),
    ("no clock is named", "L02", Warn, |mut e| {
        e.iter_mut().for_each(|e| e.edit().clock = None);
        e
    }),
    ("a clock is far off", "L02", Warn, |e| {
        change(e, "data.read", |f| f.clock = Some(Clock::default().offset_ms(-60_000)))
    }),
    ("an entry from the future", "L02", Warn, |e| {
        change(e, "data.read", |f| f.time = noon(day(LAST)).saturating_add(3_600_000))
    }),
    ("nobody says that recording began", "L09", Warn, |e| without(e, "log.started")),
    ("paused for good", "L09", Warn, |e| plus(e, event("log.paused"))),
    ("no reading is recorded", "L10", Warn, |e| without(e, "log.accessed")),
    ("model calls without model", "L11", Fail, |e| {
        change(e, "ai.generation.completed", |f| {
            let ai = f.ai.as_mut().unwrap();
            ai.model_requested = None;
        })
    }),
    ("one of the model calls without provider", "L11", Warn, |e| {
        plus(e, event("ai.generation.failed"))
    }),
    ("no model call", "L11", NotApplicable, |e| without(e, "ai.generation.completed")),
    ("no review", "L12", Warn, |e| without(e, "review.completed")),
    ("processing without purpose", "L15", Fail, |e| {
        change(e, "privacy.processing", |f| f.privacy.as_mut().unwrap().purpose = None)
    }),
    ("processing without legal basis", "L15", Fail, |e| {
        change(e, "privacy.processing", |f| f.privacy.as_mut().unwrap().legal_basis = None)
    }),
    ("processing without anything", "L15", Fail, |e| {
        change(e, "privacy.processing", |f| f.privacy = None)
    }),
    ("processing without recipients", "L15", Warn, |e| {
        change(e, "privacy.processing", |f| f.privacy.as_mut().unwrap().recipients.clear())
    }),
    ("personal data and no processing", "L15", Warn, |e| without(e, "privacy.processing")),
    ("no personal data at all", "L15", NotApplicable, |e| {
        let e = without(e, "privacy.processing");
        change(e, "data.read", |f| f.data_class.clear())
    }),
    ("no erasure asked for", "L16", NotApplicable, |e| {
        without(without(e, "privacy.erasure.requested"), "privacy.erasure.completed")
    }),
    ("people by their names", "L22", Warn, |mut e| {
        e.iter_mut().for_each(|e| e.edit().actor = Actor::user("ada"));
        e
    }),
    ("nobody did anything", "L22", NotApplicable, |mut e| {
        e.iter_mut().for_each(|e| e.edit().actor = Actor::service("gateway"));
        e
    }),
    ("old news", "L23", Warn, |mut e| {
        e.iter_mut().for_each(|e| e.edit().time = noon(day("2026-11-10")));
        e
    }),
    ("entries were lost", "L24", Warn, |e| plus(e, event("log.loss"))),
    ("no account changed", "E02", Warn, |e| without(e, "identity.user.created")),
    ("nothing was denied", "E03", Warn, |e| without(e, "authn.failed")),
    ("no setting changed", "E04", Warn, |e| without(e, "config.changed")),
    ("no health information", "E07", Warn, |e| {
        change(e, "data.read", |f| {
            f.data_class.remove(&DataClass::Phi);
        })
    }),
    ("health information for no reason", "E07", Warn, |e| {
        change(e, "data.read", |f| f.access_reason = None)
    }),
    ("no cardholder data", "E08", Warn, |e| {
        change(e, "data.read", |f| {
            f.data_class.remove(&DataClass::Chd);
        })
    }),
    ("cardholder data without a card", "E08", Warn, |e| {
        change(e, "data.read", |f| f.resource = None)
    }),
    ("no guardrail decided", "E09", Warn, |e| {
        change(e, "ai.generation.completed", |f| f.safety = None)
    }),
    ("no model and no guardrail", "E09", NotApplicable, |e| without(e, "ai.generation.completed")),
    ("a decision by nobody", "E10", Fail, |e| {
        change(e, "review.completed", |f| f.oversight.as_mut().unwrap().reviewer = None)
    }),
    ("no decision", "E10", NotApplicable, |e| without(e, "review.completed")),
];

#[tokio::test]
async fn what_was_recorded_otherwise_is_seen() {
    for (name, id, expected, with) in RECORDED {
        let report = report(&sealed(&with).await).await;
        assert_eq!(status(&report, id), *expected, "{name}: {:#?}", report.check(id));
        if *expected == Fail {
            assert_eq!(report.exit_code, 6, "{name}: a control fails, and the log verifies");
        }
    }
}

type Known = (&'static str, &'static str, Status, fn(&mut Facts));

/// What the policy, the holds or the detectors say otherwise.
const KNOWN: &[Known] = &[
    ("a policy that expects no service", "L08", Warn, |f| f.policy.services.clear()),
    ("nobody looked for secrets", "L07", NotCovered, |f| f.unmasked = None),
    ("a card number in clear", "L07", Fail, |f| {
        let rules = BTreeMap::from([("pan".to_owned(), 1)]);
        f.unmasked = Some(Unmasked { entries: 1, rules, examples: Vec::new() });
    }),
    ("a policy without a floor", "L13", Warn, |f| f.policy.retention_floor = 0),
    ("a floor above what is kept", "L13", Fail, |f| f.policy.retention_floor = 3_000),
    ("contents of which nobody knows how long", "L21", Warn, |f| {
        f.policy.content_days = None;
        f.verification.totals.contents.items = 1;
    }),
    ("no content", "L21", NotApplicable, |f| f.policy.content_days = None),
    ("holds that differ", "L17", Fail, |f| f.holds.differences = Some(vec!["one is gone".into()])),
    ("holds not compared", "L17", Warn, |f| f.holds.differences = None),
    ("holds not read", "L17", Warn, |f| f.holds.unread = Some("a hole".into())),
    ("no administrator", "E05", Warn, |f| {
        f.statistics.actor_types.remove("admin");
    }),
    ("no hold", "L17", NotApplicable, |f| f.holds = Default::default()),
    ("batches that could not be read", "L14", Warn, |f| f.reading.problems = 1),
    ("batches that could not be read", "L19", Warn, |f| f.reading.problems = 1),
    ("a day sealed late", "L04", Warn, |f| f.policy.max_seal_hours = 0),
    ("an erasure that waits", "L16", Warn, |f| {
        let open = dayseal_report::collect::OpenErasure {
            receipt: crate::support::id(day(LAST), 1),
            time: UnixMillis::new(f.at.as_millis() - 31 * 86_400_000).unwrap(),
        };
        f.statistics.erasures.open.push(open);
    }),
];

#[tokio::test]
async fn what_is_known_otherwise_is_seen() {
    let log = good().await;
    for (name, id, expected, with) in KNOWN {
        let mut facts = facts(&log).await;
        with(&mut facts);
        let report = Report::new(facts, &Framework::ALL, 0);
        assert_eq!(status(&report, id), *expected, "{name}: {:#?}", report.check(id));
    }
}

#[tokio::test]
async fn what_was_not_verified_is_not_passed() {
    let report =
        Report::new(facts_at(&good().await, LAST, Level::Chain, 20).await, &Framework::ALL, 0);
    for id in ["L03", "L05", "L06"] {
        assert_eq!(status(&report, id), Warn, "{:#?}", report.check(id));
    }
    assert_eq!(report.exit_code, 3, "the policy asks for more");

    // A policy that asks for less gets its verdict, and not this check.
    let mut log = good().await;
    log.policy.require = Level::Listing;
    let report = Report::new(facts_at(&log, LAST, Level::Listing, 20).await, &Framework::ALL, 0);
    assert_eq!((report.verification.exit_code, status(&report, "L03")), (0, Warn));
}

#[tokio::test]
async fn retention_is_held_against_each_framework() {
    let log = crate::support::empty().await;
    let mut log = log;
    log.settings.retention_days = 366;
    log.policy.retention_floor = 366;
    crate::support::store(&log, 1, crate::support::FIRST, crate::support::good_day(true)).await;
    log.seal(LAST).await.unwrap();
    let report = report(&log).await;
    assert_eq!(status(&report, "L13"), Pass);
    assert_eq!(status(&report, "L13-184"), Pass);
    assert_eq!(status(&report, "L13-366"), Pass);
    assert_eq!(status(&report, "L13-2192"), Fail);
    assert_eq!(report.exit_code, 6);
    let failed = report.frameworks.iter().flat_map(|f| &f.controls).filter(|c| c.status == Fail);
    assert_eq!(failed.map(|c| c.id).collect::<Vec<_>>(), ["164.316(b)(2)(i)"]);
}

#[tokio::test]
async fn an_erasure_without_a_receipt_counts_for_its_person() {
    let subject = || Privacy::default().subject("p1:subject:y");
    let report = report(
        &sealed(&move |e| {
            let e = plus(
                e,
                event("privacy.erasure.requested").privacy(subject()).outcome(Outcome::Deferred),
            );
            plus(e, event("privacy.erasure.completed").privacy(subject()))
        })
        .await,
    )
    .await;
    let e = &report.statistics.erasures;
    assert_eq!((e.requested, e.completed, e.open_count), (3, 3, 0));
    assert_eq!(status(&report, "L16"), Pass);
}

#[tokio::test]
async fn settings_are_evidence_where_they_were_looked_at() {
    let mut facts = facts(&good().await).await;
    let check = |id, status| CheckResult {
        id,
        title: "a setting",
        status,
        detail: "found".into(),
        evidence: serde_json::Value::Null,
        controls: &[],
        unread: false,
    };
    facts.settings = Some(CheckReport {
        v: 1,
        profile: "soc2",
        checks: vec![check("B06", Setting::Pass), check("B04", Setting::Fail)],
        passed: 1,
        warnings: 0,
        failed: 1,
        exit_code: 1,
    });
    let report = Report::new(facts, &[Framework::Soc2], 0);
    let control = |id| report.frameworks[0].controls.iter().find(|c| c.id == id).unwrap();
    assert_eq!(control("CC6.1").status, Pass);
    assert_eq!(control("CC6.7").status, Fail, "its B04 fails");
    assert!(control("CC6.7").settings_checked);
    assert_eq!(report.exit_code, 6);
}
