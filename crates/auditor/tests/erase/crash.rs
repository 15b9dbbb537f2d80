//! Whatever request fails, or is the last before the process dies, running again ends in one whole
//! erasure: one order, one end, exact counts.

use std::sync::Arc;

use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Counts, Ended, jobs};
use dayseal_testkit::{Fault, FaultStore};

use super::eraser;
use super::world::{ADA, D2, Lost, SETTLED, World, erase, on, origin};

const FAULTS: [Fault; 4] = [Fault::Fail, Fault::FailAfter, Fault::Deny, Fault::Die];

/// One run until it ends, its process dies or it fails.
async fn run(world: &World, content: &FaultStore, state: &FaultStore, day: &str) -> Option<Ended> {
    let origin = origin();
    let eraser = eraser(content, state, &world.records, &origin);
    let holds = Holds::default();
    tokio::select! {
        ended = erase(&eraser, ADA, &holds, on(day)) => ended.ok().map(|(_, ended)| ended),
        () = content.died() => None,
        () = state.died() => None,
    }
}

fn whole(inner: &Arc<dayseal_store::MemoryStore>) -> FaultStore {
    FaultStore::new(inner.clone(), |_, _, _| None)
}

async fn is_whole(world: &World, what: &str) {
    let (frames, stubs) = world.parts(ADA).await;
    assert_eq!(frames, 0, "{what}");
    let done = jobs(&*world.state, &origin()).await.unwrap();
    let [done] = &done[..] else { panic!("{what}: {} jobs", done.len()) };
    assert!(done.job.is_done() && done.job.pending.is_empty(), "{what}");
    assert_eq!(stubs.into_iter().collect::<Vec<_>>(), [(done.job.receipt, 4)], "{what}");
    assert_eq!(done.job.total(), Counts { objects: 3, frames: 4, records: 8 }, "{what}");
    let requested = world.records.of("privacy.erasure.requested");
    let completed = world.records.of("privacy.erasure.completed");
    assert_eq!((requested.len(), completed.len()), (1, 1), "{what}");
    assert_eq!(requested[0].id, done.job.receipt, "{what}");
    assert_eq!(completed[0].labels["erasure.records"], "8", "{what}");
}

/// Runs without faults until the job is done: none at all is begun anew.
async fn finish(world: &World, what: &str) {
    for _ in 0..3 {
        let jobs = jobs(&*world.state, &origin()).await.unwrap();
        if jobs.iter().any(|open| open.job.is_done()) {
            return;
        }
        run(world, &whole(&world.content), &whole(&world.state), SETTLED).await;
    }
    panic!("{what}: it does not end");
}

#[tokio::test]
async fn a_crash_at_any_request_is_finished_by_running_again() {
    let counted = World::new().await;
    let (content, state) = (whole(&counted.content), whole(&counted.state));
    assert_eq!(run(&counted, &content, &state, SETTLED).await, Some(Ended::Completed));
    is_whole(&counted, "without a fault").await;
    let requests = [content.requests(), state.requests()];
    assert!(requests[0] >= 15 && requests[1] >= 6, "{requests:?}");

    let mut ended = 0;
    for (store, requests) in requests.into_iter().enumerate() {
        for number in 0..requests + 2 {
            for fault in FAULTS {
                for lasting in [false, true] {
                    let world = World::new().await;
                    let plan = move |_, _: &str, n| {
                        (n == number || lasting && n > number).then_some(fault)
                    };
                    let (mut content, mut state) = (whole(&world.content), whole(&world.state));
                    match store {
                        0 => content = FaultStore::new(world.content.clone(), plan),
                        _ => state = FaultStore::new(world.state.clone(), plan),
                    }
                    let what =
                        format!("store {store}, request {number}, {fault:?}, lasting {lasting}");
                    let first = run(&world, &content, &state, SETTLED).await;
                    ended += u32::from(first == Some(Ended::Completed));
                    if first != Some(Ended::Completed) {
                        finish(&world, &what).await;
                    }
                    is_whole(&world, &what).await;
                }
            }
        }
    }
    assert!(ended > 0, "some faults are survived at once");
}

#[tokio::test]
async fn an_entry_whose_answer_is_lost_is_recorded_once() {
    for lost in [Lost::Event, Lost::Answer] {
        // Of the order, of the end, of both, more than once.
        for (before, after) in [(1, 0), (0, 1), (2, 2)] {
            let (world, what) = (World::new().await, format!("{lost:?}, {before}, {after}"));
            let lose = |n| *world.records.lose.lock().unwrap() = vec![lost; n];
            for (losses, day) in [(before, D2), (after, SETTLED)] {
                lose(losses);
                for _ in 0..losses {
                    let ended =
                        run(&world, &whole(&world.content), &whole(&world.state), day).await;
                    assert_eq!(ended, None, "{what}");
                }
                let ended = run(&world, &whole(&world.content), &whole(&world.state), day).await;
                assert!(ended.is_some(), "{what}");
            }
            is_whole(&world, &what).await;
        }
    }
}
