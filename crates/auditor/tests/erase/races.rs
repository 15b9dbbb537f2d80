//! Erasers and producers at the same time.

use std::sync::Arc;

use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Ended, jobs};
use dayseal_store::{MemoryStore, Store};
use dayseal_testkit::FaultStore;

use super::eraser;
use super::world::{ADA, BOB, D1, D2, Records, SETTLED, World, at, erase, land, on, origin};

#[tokio::test]
async fn two_erasers_of_two_persons_lose_nothing() {
    for seed in 0..40 {
        let (world, origin) = (World::new().await, origin());
        let content = FaultStore::yielding(world.content.clone(), seed);
        let (ada, bob) = (Records::default(), Records::default());
        let state = MemoryStore::without_versions();
        let one = eraser(&content, &*world.state, &ada, &origin);
        let two = eraser(&content, &state, &bob, &origin);
        let holds = Holds::default();
        let (one, two) = tokio::join!(
            erase(&one, ADA, &holds, on(SETTLED)),
            erase(&two, BOB, &holds, on(SETTLED)),
        );
        let ((one, ended), (two, other)) = (one.unwrap(), two.unwrap());
        assert_eq!((ended, other), (Ended::Completed, Ended::Completed), "seed {seed}");
        assert_eq!((world.parts(ADA).await.0, world.parts(BOB).await.0), (0, 0), "seed {seed}");
        // The frame about both is counted by one of them.
        let frames = one.job.total().frames + two.job.total().frames;
        let stubs: u32 = world.parts(ADA).await.1.values().sum();
        assert_eq!((frames, stubs), (7, 7), "seed {seed}");
    }
}

#[tokio::test]
async fn two_runs_of_one_job_end_in_one_erasure() {
    for seed in 0..40 {
        let (world, origin) = (World::new().await, origin());
        erase(&world.eraser(&origin), ADA, &Holds::default(), on(D2)).await.unwrap();
        land(&*world.content, at(D2, 5, 0), &[(&[ADA], 1)]).await;
        let content = FaultStore::yielding(world.content.clone(), seed);
        let state = FaultStore::yielding(world.state.clone(), seed + 1);
        let one = eraser(&content, &state, &world.records, &origin);
        let holds = Holds::default();
        let (a, b) = tokio::join!(
            erase(&one, ADA, &holds, on(SETTLED)),
            erase(&one, ADA, &holds, on(SETTLED)),
        );
        assert!(a.is_ok() || b.is_ok(), "seed {seed}: one of them goes on");
        let mut jobs = jobs(&*world.state, &origin).await.unwrap();
        assert_eq!(jobs.len(), 1, "seed {seed}");
        let ended = one.run(&mut jobs[0], &holds, on(SETTLED)).await.unwrap();
        assert_eq!(ended, Ended::Completed, "seed {seed}");
        assert_eq!(jobs[0].job.total().frames, 5, "seed {seed}");
        assert_eq!(world.records.of("privacy.erasure.completed").len(), 1, "seed {seed}");
        assert_eq!(world.parts(ADA).await.0, 0, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_three_producers_write_meanwhile_is_erased_in_the_end() {
    let (world, origin) = (World::new().await, origin());
    let producers: Vec<_> = (10u8..13)
        .map(|stream| {
            let content: Arc<dyn Store> = world.content.clone();
            tokio::spawn(async move {
                for seq in 0..60 {
                    let day = if seq % 2 == 0 { D1 } else { D2 };
                    land(&*content, at(day, stream, seq), &[(&[ADA], 1), (&[BOB], 1)]).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let eraser = world.eraser(&origin);
    let holds = Holds::default();
    // Passes while they write, and one when nothing can come any more.
    let mut ended = None;
    while producers.iter().any(|p| !p.is_finished()) || ended.is_none() {
        ended = Some(erase(&eraser, ADA, &holds, on(D2)).await.unwrap().1);
    }
    for producer in producers {
        producer.await.unwrap();
    }
    let (open, ended) = erase(&eraser, ADA, &holds, on(SETTLED)).await.unwrap();
    assert_eq!(ended, Ended::Completed);
    assert_eq!(world.parts(ADA).await.0, 0);
    assert_eq!(open.job.total().frames, 4 + 180);
    assert_eq!(world.parts(BOB).await.0, 180 + 3);
}
