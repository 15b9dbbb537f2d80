//! A log that shows all that a report can ask for, and the report of it.

use std::collections::BTreeMap;

use dayseal_auditor::find::{LogReader, Orders};
use dayseal_auditor::hold::{Holds, Scope, place, placed, unmatched};
use dayseal_auditor::query::{People, Query, Scan};
use dayseal_chain::read::BatchReader;
use dayseal_chain::verify::{Listener, Silent};
use dayseal_chain::{LogSettings, VerifyOptions};
use dayseal_format::batch::Entries;
use dayseal_format::event::{
    Actor, Agent, AiCall, Clock, Correlation, DataClass, Decision, Defaults, Event, EventBuilder,
    EventDraft, EventId, Outcome, Oversight, Privacy, Resource, Safety, Service, Source,
};
use dayseal_format::record::{BatchRecord, DayRecord, Record};
use dayseal_format::{BatchKey, Day, Level, UnixMillis};
use dayseal_keys::Signer as _;
use dayseal_report::collect::Collector;
use dayseal_report::days::{SealedFacts, read_days};
use dayseal_report::facts::{Facts, HoldFacts, Reading, Unmasked};
use dayseal_report::judge::Status;
use dayseal_report::{Framework, Report};
use dayseal_store::MemoryStore;
use dayseal_testkit::{TestLog, day, noon};

pub(crate) const FIRST: &str = "2026-11-16";
pub(crate) const LAST: &str = "2026-11-17";
/// Seven years: enough for every framework.
const RETENTION: u32 = 2_557;
pub(crate) const PERSON: &str = "p1:actor:aaaaaaaa:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// An event that says all that is asked of one about access.
pub(crate) fn event(kind: &'static str) -> EventBuilder {
    let base =
        if kind.starts_with("log.") { Event::reserved_builder(kind) } else { Event::builder(kind) };
    base.actor(Actor::user(PERSON))
        .action("act")
        .outcome(Outcome::Success)
        .source(Source::default().address("203.0.113.0/24"))
        .resource(Resource::new("thing").id("t-1"))
        .clock(Clock::default().source("chrony").offset_ms(2))
}

/// The events of a day on which every check passes; the first ones belong to the whole log.
pub(crate) fn good_day(first: bool) -> Vec<EventDraft> {
    let call = AiCall::new("openai", "gpt-4").latency_ms(1_200).input_tokens(10).output_tokens(20);
    let privacy =
        Privacy::new("support").legal_basis("contract").category("prompt").recipient("openai");
    let mut events = vec![
        event("log.started"),
        event("log.accessed"),
        event("authn.failed").outcome(Outcome::Failure),
        event("config.changed").actor(Actor::admin(PERSON)),
        event("identity.user.created"),
        event("data.read").data_class(DataClass::Phi).access_reason("treatment"),
        event("data.read").data_class(DataClass::Chd),
        event("privacy.processing").privacy(privacy).data_class(DataClass::Pii),
        event("ai.generation.completed").ai(call).safety(Safety::passed()),
        event("ai.tool.executed").agent(Agent::new("qa-agent")).duration_ms(45),
        event("review.completed").oversight(
            Oversight::default().required(true).decision(Decision::Approved).reviewer(PERSON),
        ),
    ];
    if first {
        let subject = || Privacy::default().subject("p1:subject:x");
        let receipt = id(day(FIRST), 900);
        events.push(
            event("privacy.erasure.requested")
                .id(receipt)
                .privacy(subject())
                .outcome(Outcome::Deferred),
        );
        let parent = Correlation::default().parent_event(receipt);
        events.push(event("privacy.erasure.completed").privacy(subject()).correlation(parent));
    }
    events.into_iter().map(|e| e.build().unwrap()).collect()
}

/// An id of this day.
pub(crate) fn id(on: Day, n: u64) -> EventId {
    let mut random = [1; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    EventId::from_parts(noon(on), random)
}

/// Stores these events as one batch of a stream of their own, that ends with it.
pub(crate) async fn store(
    log: &TestLog,
    stream: u8,
    on: &str,
    events: Vec<EventDraft>,
) -> BatchKey {
    let mut writer = log.stream(stream, on).await;
    let now = writer.header.first_time;
    let (service, mut lines, mut times) = (Service::new("tests"), Entries::new(), Vec::new());
    for (n, draft) in events.into_iter().enumerate() {
        let id = id(day(on), u64::from(stream) * 10_000 + n as u64);
        let event = draft.complete(Defaults::new(id, now, &service)).unwrap();
        let mut line = Vec::new();
        event.encode(&mut line);
        lines.push(&line).unwrap();
        times.push(event.time);
    }
    writer.header.first_time = *times.iter().min().unwrap();
    writer.header.last_time = *times.iter().max().unwrap();
    let batch = writer.encode(&lines, true);
    log.store(&writer, &batch).await
}

/// An empty log whose policy asks for all that one can.
pub(crate) async fn empty() -> TestLog {
    let settings = LogSettings { retention_days: RETENTION, ..TestLog::settings(FIRST) };
    let mut log = TestLog::with_settings(MemoryStore::new(), settings).await;
    log.policy.content_days = Some(30);
    log.policy.services = BTreeMap::from([("tests".parse().unwrap(), 2)]);
    let officer = log.officer("dpo");
    log.policy.officers.push(officer.verifier_key().clone());
    log
}

/// What a test changes of the good log before it is sealed.
pub(crate) type Change = dyn Fn(Vec<EventDraft>) -> Vec<EventDraft>;

/// Two sealed days with everything in them, after `change`, and a legal hold that stands.
pub(crate) async fn sealed(change: &Change) -> TestLog {
    let mut log = empty().await;
    let officer = log.officer("counsel");
    log.policy.officers.push(officer.verifier_key().clone());
    let scope = Scope::Days { from: day(FIRST), through: day(FIRST) };
    let (origin, event) = (log.settings.origin.clone(), id(day(FIRST), 901));
    let who = (&origin, &officer as _);
    let at = (noon(day(FIRST)), event);
    let hold =
        place(&*log.state, &Holds::default(), who, (scope, "case 7".into()), at).await.unwrap();
    let mut first = change(good_day(true));
    first.push(placed(&hold).unwrap());
    store(&log, 1, FIRST, first).await;
    log.seal(FIRST).await.unwrap();
    store(&log, 2, LAST, change(good_day(false))).await;
    log.seal(LAST).await.unwrap();
    log
}

/// The log in which every check passes.
pub(crate) async fn good() -> TestLog {
    sealed(&|events| events).await
}

pub(crate) fn reader(log: &TestLog, now: UnixMillis) -> LogReader<'_> {
    let origin = log.settings.origin.clone();
    let allowed = log.policy.wrapping_keys.clone();
    LogReader {
        evidence: &*log.evidence,
        state: Some(&*log.state),
        batches: BatchReader::new(&*log.evidence, &*log.keys, origin.clone(), allowed),
        origin,
        keys: log.policy.verifier_keys.clone(),
        orders: Orders::of(log.policy.officers.clone()),
        first_day: log.policy.first_day,
        now,
    }
}

/// What verification reads of each sealed day.
#[derive(Default)]
struct Manifests(BTreeMap<Day, SealedFacts>);

impl Listener for Manifests {
    type Heard = ();

    fn hear(&self) -> impl Fn(&mut (), &BatchRecord, &Event) + Clone + Send + Sync + 'static {
        |(), _, _| {}
    }

    fn sealed(&mut self, head: &DayRecord, records: &[Record]) {
        self.0.insert(head.day, SealedFacts::new(head, records));
    }

    fn batch(&mut self, _: Day, _: &BatchRecord, (): ()) {}

    fn day(&mut self, _: Day) {}
}

/// Everything, at noon after the last day and at level `entries`; `change` changes it before it is judged.
pub(crate) async fn facts_at(log: &TestLog, newest: &str, level: Level, top: usize) -> Facts {
    let now = noon(day(newest).next().unwrap());
    let verifier = log.verifier(VerifyOptions::new(level, now)).await;
    let mut manifests = Manifests::default();
    let verification = verifier.run_with(&mut manifests, &Silent).await.unwrap();
    let desk = reader(log, now);
    let days = (log.policy.first_day, now.day());
    let query = Query { days: Some(days), ..Query::default() };
    let mut scan = Scan::new(&desk, &query, People::new(desk.origin.clone(), Vec::new()));
    let (mut collector, mut reading) = (Collector::default(), Reading::default());
    let each = |hit: dayseal_auditor::query::Hit| {
        collector.add(&hit.event, hit.key.day, hit.sealed.is_some());
        true
    };
    scan.all(|problem| reading.problem(problem.to_string()), each).await.unwrap();
    reading.tally(&scan);
    let statistics = collector.finish(top);
    let hours = log.policy.max_seal_hours;
    let calendar = read_days(&desk, days, hours, &verification, &manifests.0).await.unwrap();
    let read = read_days(&desk, days, hours, &verification, &BTreeMap::new()).await.unwrap();
    assert_eq!(calendar, read, "what verification read is what is read without it");
    let holds = Holds::read(&*log.state, &desk.origin, &log.policy.officers, 0).await.unwrap();
    let holds = HoldFacts {
        standing: holds.standing().cloned().collect(),
        released: 0,
        differences: Some(unmatched(&holds, &statistics.recorded_holds)),
        unread: None,
    };
    Facts {
        at: now,
        days,
        policy: log.policy.clone(),
        statistics,
        reading,
        verification,
        calendar,
        holds,
        plan: None,
        unmasked: Some(Unmasked::default()),
        settings: None,
    }
}

pub(crate) async fn facts(log: &TestLog) -> Facts {
    facts_at(log, LAST, Level::Entries, 20).await
}

pub(crate) async fn report(log: &TestLog) -> Report {
    Report::new(facts(log).await, &Framework::ALL, 0)
}

/// What became of a check.
pub(crate) fn status(report: &Report, id: &str) -> Status {
    let check = report.check(id).unwrap_or_else(|| panic!("no check {id}"));
    check.status
}
