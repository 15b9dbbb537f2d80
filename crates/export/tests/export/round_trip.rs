//! What is exported as OCSF and imported again has the fields that both know.

use dayseal_export::ocsf::{JsonLines, Options};
use dayseal_format::event::{ActorType, Event, EventFields, EventType};
use dayseal_import::{Format, Importer, Place};
use proptest::prelude::*;

use super::events::{any_event, full, give};

/// Exports an event and reads it as any other OCSF event.
fn back(event: &Event) -> EventFields {
    let mut out = Vec::new();
    give(&mut JsonLines::new(&mut out, Options::default()), std::slice::from_ref(event));
    let mapped =
        Importer::new(Format::Ocsf).map(out.trim_ascii_end(), Place::line("export", 1)).unwrap();
    (*mapped.draft).clone()
}

fn same(event: &Event) {
    let (found, e) = (back(event), event);
    // The draft's time is the record's own.
    assert_eq!(found.time, e.time);
    if EventType::KNOWN.contains(&e.kind) && !e.kind.is_reserved() {
        assert_eq!(found.kind, e.kind);
    }
    assert_eq!(found.outcome, e.outcome);
    assert_eq!(found.action, e.action);
    assert_eq!(found.actor.id, e.actor.id);
    if e.actor.kind != ActorType::Agent {
        assert_eq!(found.actor.kind, e.actor.kind);
    }
    assert_eq!(found.actor.session, e.actor.session);
    assert_eq!(found.reason, e.reason.clone().filter(|r| *r != Default::default()));
    assert_eq!((found.end_time, found.duration_ms), (e.end_time, e.duration_ms));
    assert_eq!(
        found.severity.unwrap_or(dayseal_format::event::Severity::Unknown),
        e.severity.unwrap_or(dayseal_format::event::Severity::Unknown)
    );
    let job = |f: &EventFields| f.correlation.as_ref().and_then(|c| c.job.clone());
    assert_eq!(job(&found), job(e));
    assert_eq!(found.service.region, e.service.region);
}

#[test]
fn the_full_event_comes_back() {
    let mut fields = full().into_fields();
    fields.kind = EventType::AI_GENERATION_COMPLETED;
    let event = Event::from_fields(fields).unwrap();
    same(&event);
    let (found, e) = (back(&event), &event);
    // API Activity has a place for all of these.
    assert_eq!(found.agent, e.agent);
    assert_eq!(found.source, e.source);
    assert_eq!(found.resource, e.resource);
    assert_eq!(found.trace, e.trace);
    let model = |f: &EventFields| {
        let ai = f.ai.clone().unwrap();
        (ai.provider, ai.model_requested, ai.model_version)
    };
    assert_eq!(model(&found), model(e));
    let conversation = |f: &EventFields| f.correlation.clone().and_then(|c| c.conversation);
    assert_eq!(conversation(&found), conversation(e));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_event_comes_back(event in any_event()) {
        prop_assume!(event.is_some());
        same(&event.unwrap());
    }
}
