//! Erasing a person's content: all of it, nothing else, once, whatever fails on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

mod crash;
mod holds;
mod races;
mod world;

use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Counts, DerivedIndex, Ended, EraseError, Eraser, Order, jobs};
use dayseal_format::content::{ContentError, ContentObject};
use dayseal_format::names::ContentObjectKey;
use dayseal_store::{MemoryStore, Store};
use dayseal_testkit::{Fault, FaultStore, Operation};
use world::{
    ADA, BOB, D1, D2, Records, SETTLED, World, at, erase, key, land, object, on, order, origin,
};

/// An eraser over these stores.
fn eraser<'a>(
    content: &'a dyn Store,
    state: &'a dyn Store,
    recorder: &'a Records,
    origin: &'a dayseal_format::Origin,
) -> Eraser<'a> {
    let grace_ms = 3_600_000;
    Eraser { content, state, recorder, origin, late_days: 3, grace_ms, jobs: 4, indexes: &[] }
}

impl World {
    fn eraser<'a>(&'a self, origin: &'a dayseal_format::Origin) -> Eraser<'a> {
        eraser(&*self.content, &*self.state, &self.records, origin)
    }
}

fn none() -> Holds {
    Holds::default()
}

#[tokio::test]
async fn everything_of_the_person_goes_and_nothing_else() {
    let (world, origin) = (World::new().await, origin());
    let eraser = world.eraser(&origin);
    let untouched = world.bytes(&at(D1, 1, 1).to_string()).await;
    let plan = eraser.plan(&[ADA.to_owned()], &none()).await.unwrap();
    assert_eq!((plan.looked, plan.problems.len()), (4, 0));
    assert_eq!(plan.total(), Counts { objects: 3, frames: 4, records: 8 });
    assert_eq!(plan.days[D2], Counts { objects: 1, frames: 1, records: 1 });

    // Within the late days everything goes, and the job stays open for what may still come.
    let (open, ended) = erase(&eraser, ADA, &none(), on(D2)).await.unwrap();
    let settled = eraser.settled_at(on(D2).day());
    assert_eq!(ended, Ended::Waiting(settled));
    assert_eq!(settled.to_string(), "2026-11-25T01:00:00.000Z");
    let receipt = open.job.receipt;
    let (frames, stubs) = world.parts(ADA).await;
    assert_eq!((frames, stubs[&receipt]), (0, 4));
    assert_eq!(world.parts(BOB).await.0, 3, "a frame about both is gone too");
    assert_eq!(world.bytes(&at(D1, 1, 1).to_string()).await, untouched);
    assert_eq!(world.records.of("privacy.erasure.completed"), []);

    // A producer that was cut off brings some of it later.
    land(&*world.content, at(D2, 4, 0), &[(&[ADA], 5)]).await;
    let (open, ended) = erase(&eraser, ADA, &none(), on(SETTLED)).await.unwrap();
    assert_eq!((ended, open.job.receipt), (Ended::Completed, receipt), "the same job");
    assert_eq!(world.parts(ADA).await.0, 0);
    assert_eq!(open.job.total(), Counts { objects: 4, frames: 5, records: 13 });
    assert_eq!(open.job.erased[D1], Counts { objects: 2, frames: 3, records: 7 });

    let requested = &world.records.of("privacy.erasure.requested")[..];
    let [requested] = requested else { panic!("{requested:?}") };
    assert_eq!((requested.id, requested.labels["erasure.frames"].as_str()), (receipt, "4"));
    let privacy = requested.privacy.as_ref().unwrap();
    assert_eq!(privacy.subject.as_deref(), Some(ADA));
    let completed = &world.records.of("privacy.erasure.completed")[..];
    let [completed] = completed else { panic!("{completed:?}") };
    assert_eq!(completed.correlation.as_ref().unwrap().parent_event, Some(receipt));
    let labels = &completed.labels;
    assert_eq!(
        ["objects", "frames", "records", "through"]
            .map(|l| labels[&format!("erasure.{l}")].as_str()),
        ["4", "5", "13", "2026-11-22"]
    );
    assert_eq!(completed.privacy.as_ref().unwrap().exemption.as_deref(), Some("gdpr-17-3-b"));
    assert!(!completed.tenant.is_empty());
}

/// Remembers whom it was told to forget, once it is not out of order any more.
#[derive(Default)]
struct Index {
    broken: std::sync::atomic::AtomicBool,
    forgotten: std::sync::Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl DerivedIndex for Index {
    async fn forget(
        &self,
        subjects: &[String],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self.broken.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Err("out of order".into());
        }
        self.forgotten.lock().unwrap().extend(subjects.iter().cloned());
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_completed_before_every_index_has_forgotten() {
    let (world, origin) = (World::new().await, origin());
    let index = Index::default();
    index.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    let indexes: [&dyn DerivedIndex; 1] = [&index];
    let eraser = Eraser { indexes: &indexes, ..world.eraser(&origin) };
    let stopped = erase(&eraser, ADA, &none(), on(SETTLED)).await;
    assert!(matches!(stopped, Err(EraseError::Index(_))), "{stopped:?}");
    assert_eq!(world.records.of("privacy.erasure.completed"), []);
    // An order of this day is settled later than that: the next run ends it.
    let later = on("2026-12-30");
    let (_, ended) = erase(&eraser, ADA, &none(), later).await.unwrap();
    assert_eq!(
        (ended, &index.forgotten.lock().unwrap()[..]),
        (Ended::Completed, &[ADA.to_owned()][..])
    );
    assert_eq!(world.records.of("privacy.erasure.completed").len(), 1);
}

#[tokio::test]
async fn erasing_twice_changes_nothing() {
    let (world, origin) = (World::new().await, origin());
    let eraser = world.eraser(&origin);
    let (mut open, ended) = erase(&eraser, ADA, &none(), on(D2)).await.unwrap();
    assert!(matches!(ended, Ended::Waiting(_)));
    // Too early is not an error, and changes no count.
    let before = open.job.total();
    assert!(matches!(eraser.run(&mut open, &none(), on(D2)).await.unwrap(), Ended::Waiting(_)));
    assert_eq!(open.job.total(), before);
    erase(&eraser, ADA, &none(), on(SETTLED)).await.unwrap();
    let bytes = world.bytes(&at(D1, 1, 0).to_string()).await;

    let mut again = jobs(&*world.state, &origin).await.unwrap().pop().unwrap();
    assert!(again.job.is_done());
    assert_eq!(eraser.run(&mut again, &none(), on(SETTLED)).await.unwrap(), Ended::Completed);
    let plan = eraser.plan(&[ADA.to_owned()], &none()).await.unwrap();
    assert!(plan.total().is_empty());
    assert_eq!(world.bytes(&at(D1, 1, 0).to_string()).await, bytes);
    assert_eq!(world.records.events.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn hostile_objects_stop_no_other_and_are_named() {
    let (world, origin) = (World::new().await, origin());
    let good = object(at(D1, 9, 0), &[(&[ADA], 1)]);
    let mut newer = good.clone();
    newer[7] = 2;
    let mut rotten = good.clone();
    let last = rotten.len() - 1;
    rotten[last] ^= 1;
    let mut greedy = good[..16].to_vec();
    greedy[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    let bad = [
        ("content/2026-11-20/junk", b"junk".to_vec()),
        ("content/2026-11-20/x/cut", good[..good.len() - 1].to_vec()),
        ("content/2026-11-20/x/empty", Vec::new()),
        ("content/2026-11-20/x/greedy", greedy),
        ("content/2026-11-20/x/newer", newer),
        // It names her, and is not what was written.
        ("content/2026-11-20/x/rotten", rotten),
    ];
    for (name, bytes) in &bad {
        world.content.overwrite(name, bytes.clone());
    }
    // A key that no store operation takes.
    world.content.overwrite("content/../up", good.clone());
    // A right object in a wrong place is erased all the same.
    world.content.overwrite("content/elsewhere", good);
    let eraser = world.eraser(&origin);
    for _ in 0..2 {
        let (open, ended) = erase(&eraser, ADA, &none(), on(SETTLED)).await.unwrap();
        assert_eq!(ended, Ended::Unfinished);
        let pass = open.job.pass.unwrap();
        let mut named: Vec<_> = pass.problems.iter().map(|p| p.object.as_str()).collect();
        named.sort_unstable();
        named.dedup();
        let mut expected: Vec<_> = bad.iter().map(|(name, _)| *name).collect();
        expected.insert(0, "content/../up");
        assert_eq!(named, expected);
        assert_eq!(world.parts(ADA).await.0, 0, "all that could be read");
        assert_eq!(world.records.of("privacy.erasure.completed"), []);
    }
    for (name, _) in &bad {
        world.content.remove(name);
    }
    world.content.remove("content/../up");
    let (open, ended) = erase(&eraser, ADA, &none(), on(SETTLED)).await.unwrap();
    assert_eq!(ended, Ended::Completed);
    assert_eq!(open.job.total(), Counts { objects: 4, frames: 5, records: 9 });
}

#[tokio::test]
async fn a_bucket_that_keeps_versions_erases_nothing_for_good() {
    let (world, origin) = (World::new().await, origin());
    let versioned = MemoryStore::new();
    land(&versioned, at(D1, 1, 0), &[(&[ADA], 2)]).await;
    let eraser = eraser(&versioned, &*world.state, &world.records, &origin);
    erase(&eraser, ADA, &none(), on(D2)).await.unwrap();
    let (open, ended) = erase(&eraser, ADA, &none(), on(SETTLED)).await.unwrap();
    assert_eq!(ended, Ended::Unfinished);
    assert!(open.job.pass.unwrap().problems[0].problem.contains("version"));
}

#[tokio::test]
async fn many_objects_are_walked_over_in_windows() {
    let (world, origin) = (World::new().await, origin());
    for seq in 0..700 {
        let frames: &[(&[&str], u8)] =
            if seq % 100 == 0 { &[(&[ADA], 1), (&[BOB], 1)] } else { &[(&[BOB], 1)] };
        land(&*world.content, at(D2, 8, seq), frames).await;
    }
    let eraser = world.eraser(&origin);
    let plan = eraser.plan(&[ADA.to_owned()], &none()).await.unwrap();
    assert_eq!((plan.looked, plan.total().objects), (704, 10));
    let (open, _) = erase(&eraser, ADA, &none(), on(SETTLED)).await.unwrap();
    assert_eq!(open.job.total(), Counts { objects: 10, frames: 11, records: 15 });
    assert_eq!(world.parts(ADA).await.0, 0);
}

#[tokio::test]
async fn a_root_that_takes_no_replacement_keeps_the_job_small_and_open() {
    let (world, origin) = (World::new().await, origin());
    for seq in 0..1_600 {
        land(&*world.content, at(D2, 8, seq), &[(&[ADA], 1)]).await;
    }
    let closed = FaultStore::new(world.content.clone(), |operation, _, _| {
        (operation == Operation::Put).then_some(Fault::Deny)
    });
    let denied = eraser(&closed, &*world.state, &world.records, &origin);
    for _ in 0..2 {
        let (open, ended) = erase(&denied, ADA, &none(), on(D2)).await.unwrap();
        assert_eq!(ended, Ended::Unfinished);
        assert!((1_000..1_300).contains(&open.job.pending.len()), "{}", open.job.pending.len());
        assert_eq!(open.job.pass.unwrap().problems.len(), 100);
    }
    let (open, ended) = erase(&world.eraser(&origin), ADA, &none(), on(SETTLED)).await.unwrap();
    assert_eq!(ended, Ended::Completed);
    assert_eq!(open.job.total(), Counts { objects: 1_603, frames: 1_604, records: 1_608 });
}

#[tokio::test]
async fn an_order_that_cannot_be_recorded_leaves_no_job() {
    let (world, origin) = (World::new().await, origin());
    let eraser = world.eraser(&origin);
    let plan = eraser.plan(&[ADA.to_owned()], &none()).await.unwrap();
    let bad = [
        Order { reason: "x".repeat(257), ..order(ADA) },
        Order { subjects: vec![], ..order(ADA) },
        Order { subjects: (0..17).map(|n| n.to_string()).collect(), ..order(ADA) },
    ];
    for order in bad {
        eraser.begin(order, &plan, &none(), on(D2), [1; 10]).await.unwrap_err();
    }
    assert!(jobs(&*world.state, &origin).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_that_is_none_is_never_passed_over() {
    let (world, origin) = (World::new().await, origin());
    let (open, _) = erase(&world.eraser(&origin), ADA, &none(), on(D2)).await.unwrap();
    let name = format!("erasures/{}.json", open.job.receipt);
    let text =
        String::from_utf8(world.state.get(&name, None, 1 << 20).await.unwrap().bytes.to_vec());
    let text = text.unwrap();
    let other = "audit.example.com/other";
    for bad in [
        "{}".to_owned(),
        text.replace("\"v\": 1", "\"v\": 2"),
        text.replace("audit.example.com/test", other),
        text.replace("\"reason\"", "\"unknown\""),
    ] {
        world.state.overwrite(&name, bad);
        let error = jobs(&*world.state, &origin).await.unwrap_err();
        assert!(matches!(error, EraseError::Job { .. }), "{error}");
    }
    world.state.overwrite(&name, text.clone());
    world.state.overwrite("erasures/other.json", text);
    jobs(&*world.state, &origin).await.unwrap_err();
}

#[tokio::test]
async fn a_frame_under_another_name_does_not_open_and_is_erased_by_the_name_it_bears() {
    let (world, origin) = (World::new().await, origin());
    let place: ContentObjectKey = at(D1, 2, 0);
    let bytes = world.bytes(&place.to_string()).await;
    // Whoever can write the bucket puts Ada's frame under Bob's name.
    let from = bytes.windows(ADA.len()).position(|w| w == ADA.as_bytes()).unwrap();
    let mut swapped = bytes.clone();
    swapped[from..from + ADA.len()].copy_from_slice(BOB.as_bytes());
    let found = ContentObject::parse(&swapped);
    assert!(matches!(found, Err(ContentError::Root { .. })), "the root shows it without a key");
    world.content.overwrite(&place.to_string(), swapped);
    let (open, ended) = erase(&world.eraser(&origin), BOB, &none(), on(SETTLED)).await.unwrap();
    // It is not silently taken for done.
    assert_eq!(ended, Ended::Unfinished);
    assert_eq!(open.job.pass.unwrap().problems[0].object, place.to_string());
    assert!(ContentObject::parse(&bytes).unwrap().open(&key()).is_ok());
}
