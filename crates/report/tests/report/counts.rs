//! Numbers equal those of somebody who counts otherwise: over the JSON of the stored lines, with maps.

use std::collections::BTreeMap;

use dayseal_format::Level;
use dayseal_format::event::{
    Actor, Agent, AiCall, Defaults, Event, EventDraft, Outcome, Privacy, Safety, SafetyStage,
    Service,
};
use dayseal_report::collect::{CLASSES, Collector};
use dayseal_report::{Framework, Report};
use dayseal_testkit::{TestLog, day};
use serde_json::Value;

use crate::support::{FIRST, LAST, empty, event, facts_at, good_day, id, store};

/// A few hundred entries whose fields go round in cycles of different lengths.
fn mixed(seed: usize) -> Vec<EventDraft> {
    let kinds =
        ["ai.generation.completed", "data.read", "shop.order.paid", "authn.failed", "log.loss"];
    let one = |n: usize| {
        let outcome = Outcome::ALL[(n * 7 + seed) % 5];
        let mut e = event(kinds[(n + seed) % kinds.len()])
            .actor(Actor::user(format!("u-{}", n * n % 11)))
            .outcome(outcome)
            .time(
                day(FIRST).start().saturating_add((n as i64 * 977_000 + seed as i64) % 86_400_000),
            );
        if n.is_multiple_of(3) {
            e = e.ai(AiCall::new("openai", format!("m-{}", n % 4)).latency_ms(n as u64 * n as u64));
        }
        if n.is_multiple_of(4) {
            e = e.safety(Safety::failed(SafetyStage::Input).detector(format!("d-{}", n % 3)));
        }
        if n % 4 == 1 {
            e = e.safety(Safety::passed());
        }
        e.build().unwrap()
    };
    (0..150).map(one).collect()
}

async fn lines(log: &TestLog) -> Vec<Value> {
    let mut all = Vec::new();
    for key in log.keys_below("entries/").await {
        let lines = log.entries(&key.parse().unwrap()).await;
        all.extend(lines.iter().map(|l| serde_json::from_slice::<Value>(l).unwrap()));
    }
    all
}

fn counted(lines: &[Value], of: impl Fn(&Value) -> Option<String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    lines.iter().filter_map(of).for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[tokio::test]
async fn every_count_equals_an_independent_one() {
    let log = empty().await;
    for stream in 1..=3 {
        store(&log, stream, FIRST, mixed(stream.into())).await;
    }
    log.seal(FIRST).await.unwrap();
    store(&log, 9, LAST, mixed(9)).await;
    let report = Report::new(facts_at(&log, LAST, Level::Entries, 1_000).await, &Framework::ALL, 0);
    // As others see it: the JSON.
    let json: Value = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    let s = &json["statistics"];
    let lines = lines(&log).await;
    assert_eq!((s["entries"].as_u64(), lines.len()), (Some(600), 600));
    assert_eq!((s["sealed"].as_u64(), s["not_sealed"].as_u64()), (Some(450), Some(150)));
    let ranking = |r: &Value| -> BTreeMap<String, u64> {
        let top = r["top"].as_array().unwrap();
        top.iter().map(|t| (text(&t["name"]).unwrap(), t["entries"].as_u64().unwrap())).collect()
    };
    assert_eq!(ranking(&s["types"]), counted(&lines, |l| text(&l["type"])));
    assert_eq!(ranking(&s["actors"]), counted(&lines, |l| text(&l["actor"]["id"])));
    assert_eq!(ranking(&s["services"]), counted(&lines, |l| text(&l["service"]["name"])));
    for (outcome, n) in counted(&lines, |l| text(&l["outcome"])) {
        assert_eq!(s["outcomes"][&outcome], n, "{outcome}");
    }
    let success = lines.iter().filter(|l| l["outcome"] == "success").count() as f64;
    let decided =
        lines.iter().filter(|l| !matches!(l["outcome"].as_str(), Some("deferred" | "unknown")));
    assert_eq!(s["outcomes"]["success_rate"].as_f64(), Some(success / decided.count() as f64));
    let hours = counted(&lines, |l| text(&l["time"]).map(|t| t[11..13].to_owned()));
    for (hour, n) in s["hours"].as_array().unwrap().iter().enumerate() {
        let expected = hours.get(&format!("{hour:02}")).copied().unwrap_or(0);
        assert_eq!(n.as_u64(), Some(expected), "hour {hour}");
    }
    assert_eq!(
        (s["days"][FIRST]["entries"].as_u64(), s["days"][LAST]["entries"].as_u64()),
        (Some(450), Some(150))
    );
    let calls: Vec<&Value> =
        lines.iter().filter(|l| l["type"] == "ai.generation.completed").collect();
    assert_eq!(s["ai"]["calls"]["entries"], calls.len());
    let latencies: Vec<u64> = calls.iter().filter_map(|l| l["ai"]["latency_ms"].as_u64()).collect();
    assert_eq!(s["ai"]["latency"]["entries"], latencies.len());
    assert_eq!(s["ai"]["latency"]["max_ms"], *latencies.iter().max().unwrap());
    assert_eq!(
        s["ai"]["latency"]["mean_ms"],
        latencies.iter().sum::<u64>() / latencies.len() as u64
    );
    let of_buckets: u64 = s["ai"]["latency"]["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["entries"].as_u64().unwrap())
        .sum();
    assert_eq!(of_buckets, latencies.len() as u64);
    let failed = lines.iter().filter(|l| l["safety"]["passed"] == false);
    assert_eq!(s["ai"]["safety_failed"], failed.clone().count());
    assert_eq!(s["ai"]["blocked"], failed.filter(|l| l["outcome"] == "blocked").count());
    assert_eq!(
        ranking(&s["ai"]["detectors"]),
        counted(&lines, |l| text(&l["safety"]["detectors"][0]))
    );
    let access = lines.iter().filter(|l| {
        let kind = l["type"].as_str().unwrap();
        kind.starts_with("data.") || kind.starts_with("authn.")
    });
    assert_eq!(s["fields"]["access"], access.count());
}

#[tokio::test]
async fn a_short_ranking_counts_the_others() {
    let log = empty().await;
    store(&log, 1, FIRST, mixed(1)).await;
    let report = Report::new(facts_at(&log, FIRST, Level::Entries, 2).await, &Framework::ALL, 0);
    let actors = &report.statistics.actors;
    assert_eq!(actors.top.len(), 2);
    assert!(actors.exact && actors.distinct > 2);
    let listed: u64 = actors.top.iter().map(|a| a.sum.tally.entries).sum();
    assert_eq!(listed + actors.others, 150);
}

/// Each kind of entry there is, in a few variants: holds, erasures, redactions, agents, oversight, kinds of data.
fn pool() -> Vec<Event> {
    let mut drafts = [good_day(true), good_day(false), mixed(0), mixed(3)].concat();
    let subject = |n| Privacy::new(format!("p{n}")).subject(format!("p1:subject:{n}"));
    for n in 0..12 {
        let kind = ["privacy.erasure.requested", "privacy.erasure.completed"][n % 2];
        drafts.push(event(kind).privacy(subject(n / 4)).build().unwrap());
        let agent = event("ai.tool.executed").agent(Agent::new(format!("a-{}", n % 2)));
        drafts.push(agent.action(format!("step {n}")).duration_ms(n as u64).build().unwrap());
        let hold = event("hold.placed").label("hold.number", format!("{n}"));
        drafts.push(hold.build().unwrap());
        let data = event("data.read").data_class(CLASSES[n % CLASSES.len()]);
        let privacy = subject(n / 4).category(format!("c{n}")).transfer_region(format!("r-{n}"));
        drafts.push(data.privacy(privacy).build().unwrap());
    }
    let service = Service::new("tests");
    let complete = |(n, draft): (usize, EventDraft)| {
        let now = day(FIRST).start().saturating_add(n as i64 % 5 * 40_000_000);
        let tenant = ["default", "acme"][n % 2];
        draft
            .complete(Defaults::new(id(day(FIRST), n as u64), now, &service).tenant(tenant))
            .unwrap()
    };
    drafts.into_iter().enumerate().map(complete).collect()
}

fn shown(collector: Collector) -> Value {
    let statistics = collector.finish(50);
    let holds: Vec<_> = statistics.recorded_holds.iter().map(|h| format!("{h:?}")).collect();
    serde_json::json!([statistics, holds, statistics.holds_left_out])
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Entries in any order, cut anywhere: parts added up are the whole.
    #[test]
    fn parts_add_up_to_the_whole(
        picks in proptest::collection::vec((0..10_000usize, 0..4i32, 0..9u8), 0..250),
    ) {
        let pool = pool();
        let (mut whole, mut sum, mut part) =
            (Collector::default(), Collector::default(), Collector::default());
        for (pick, later, cut) in picks {
            let (event, on) = (&pool[pick % pool.len()], day(FIRST).checked_add(later).unwrap());
            whole.add(event, on, later > 0);
            part.add(event, on, later > 0);
            if cut == 0 {
                sum.merge(std::mem::take(&mut part));
            }
        }
        sum.merge(part);
        proptest::prop_assert_eq!(shown(sum), shown(whole));
    }
}
