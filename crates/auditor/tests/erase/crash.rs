//! Whatever request fails, or is the last before the process dies, running again ends in one whole
//! erasure: one order, one end, exact counts.

use std::sync::Arc;

use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Counts, Ended, jobs};
use dayseal_testkit::{Fault, FaultStore, Operation};

use super::eraser;
use super::world::{ADA, BOB, D1, D2, Lost, SETTLED, World, at, erase, land, on, origin};

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
async fn a_walk_cut_short_before_its_time_is_never_taken_for_the_last() {
    let world = World::new().await;
    // Three windows of objects, and the process dies over the second.
    for seq in 0..600 {
        let frames: &[(&[&str], u8)] = if seq % 50 == 0 { &[(&[ADA], 1)] } else { &[(&[BOB], 1)] };
        land(&*world.content, at(D2, 8, seq), frames).await;
    }
    let content = FaultStore::new(world.content.clone(), |operation, key, _| {
        let dies = operation == Operation::Put && key.ends_with("/00000450.content");
        dies.then_some(Fault::Die)
    });
    assert_eq!(run(&world, &content, &whole(&world.state), D2).await, None);
    let cut = jobs(&*world.state, &origin()).await.unwrap().remove(0).job.pass.unwrap();
    assert!(cut.after.is_some() && !cut.ended, "{cut:?}");
    // What is late lands where that walk has been.
    land(&*world.content, at(D1, 0, 0), &[(&[ADA], 1)]).await;
    let ended = run(&world, &whole(&world.content), &whole(&world.state), SETTLED).await;
    assert_eq!(ended, Some(Ended::Completed));
    assert_eq!(world.parts(ADA).await.0, 0);
    let done = jobs(&*world.state, &origin()).await.unwrap().remove(0).job;
    assert_eq!(done.total(), Counts { objects: 16, frames: 17, records: 21 });
}

#[tokio::test]
async fn a_walk_begun_before_its_time_and_ended_after_is_not_the_last() {
    let world = World::new().await;
    for seq in 0..600 {
        let frames: &[(&[&str], u8)] = if seq % 50 == 0 { &[(&[ADA], 1)] } else { &[(&[BOB], 1)] };
        land(&*world.content, at(D2, 8, seq), frames).await;
    }
    let origin = origin();
    let eraser = world.eraser(&origin);
    let holds = Holds::default();
    let settled = eraser.settled_at(on(D2).day());
    let just_before = settled.saturating_add(-1);
    let (mut open, _) = erase(&eraser, ADA, &holds, on(D2)).await.unwrap();
    assert_eq!(eraser.run(&mut open, &holds, just_before).await.unwrap(), Ended::Waiting(settled));
    land(&*world.content, at(D1, 0, 0), &[(&[ADA], 1)]).await;
    assert_eq!(eraser.run(&mut open, &holds, settled).await.unwrap(), Ended::Completed);
    assert_eq!(world.parts(ADA).await.0, 0);
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
                // Found the next morning: the entry is the same all the same.
                let day = if losses > 0 && day == SETTLED { "2026-11-27" } else { day };
                let ended = run(&world, &whole(&world.content), &whole(&world.state), day).await;
                assert!(ended.is_some(), "{what}");
            }
            is_whole(&world, &what).await;
        }
    }
}
