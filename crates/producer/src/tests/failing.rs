//! Stores and key services that fail: nothing is lost, nothing is said that is not so.

use super::script::Answer;
use super::*;
use crate::RecordError;

#[tokio::test(start_paused = true)]
async fn a_failed_put_is_told_and_tried_again_with_the_same_bytes() {
    let t = Fixture::new(Limits { in_flight: 1, ..by_count(1) });
    t.store.script([Answer::Fail]);
    let error = t.log.record_durable(event("a")).await.unwrap_err();
    assert!(matches!(error, RecordError::NotStored(_)));
    let later = t.log.record_durable(event("b")).await.unwrap();
    t.log.flush().await.unwrap();
    let asked = t.store.asked();
    assert_eq!(asked.iter().filter(|key| **key == asked[0]).count(), 2, "the same name again");
    let metrics = t.log.close().await.unwrap();
    assert_eq!((metrics.failures, metrics.stored_entries), (1, 2));
    let mut stored = t.stored().await;
    stored.sort_by_key(|s| s.key.seq);
    let actors: Vec<_> = stored.iter().map(Stored::actors).collect();
    assert_eq!(actors, [["a"], ["b"]]);
    assert_eq!(stored[1].header.previous, Some(stored[0].key.digest));
    assert_eq!(later.key(), stored[1].key);
}

#[tokio::test(start_paused = true)]
async fn a_put_that_landed_although_it_failed_is_stored_once() {
    let t = Fixture::new(by_count(1));
    t.store.script([Answer::FailAfter]);
    t.log.try_record(event("a")).unwrap();
    assert!(t.log.flush().await.is_err());
    t.log.flush().await.unwrap();
    assert_eq!(t.store.asked().len(), 2);
    assert_eq!(t.store.objects().len(), 1);
    assert_eq!(t.log.close().await.unwrap().stored_batches, 1);
}

#[tokio::test(start_paused = true)]
async fn pauses_between_attempts_double() {
    let t = Fixture::new(by_count(1));
    t.store.script([Answer::Fail; 3]);
    t.log.try_record(event("a")).unwrap();
    let mut attempts = Vec::new();
    for half in 0..10 {
        settle().await;
        attempts.push((half, t.store.asked().len()));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // At 0, 0.5, 1.5 and 3.5 s.
    let at = |n| attempts.iter().find(|(_, asked)| *asked == n).unwrap().0;
    assert_eq!([at(1), at(2), at(3), at(4)], [0, 1, 3, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_learns_of_a_failure_of_what_it_waits_for_only() {
    let t = Fixture::new(by_count(1));
    t.store.hold();
    t.log.try_record(event("a")).unwrap();
    let log = t.log.clone();
    let flush = tokio::spawn(async move { log.flush().await });
    settle().await;
    t.log.try_record(event("b")).unwrap();
    settle().await;
    t.store.let_through(1);
    flush.await.unwrap().unwrap();
    t.store.script([Answer::Fail]);
    t.store.let_through(1);
    let error = t.log.flush().await.unwrap_err();
    assert_eq!(error.entries, 1);
    t.store.let_through(10);
    t.log.flush().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn closing_on_a_broken_store_says_how_much_is_lost() {
    let t = Fixture::new(by_count(2));
    t.store.broken(true);
    for n in 0..5 {
        t.log.try_record(event(&n.to_string())).unwrap();
    }
    let error = t.log.close().await.unwrap_err();
    assert_eq!(error.entries, 5);
    assert!(error.source.is_some());
    assert!(t.store.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_batch_too_late_for_its_day_is_encoded_anew_under_today() {
    let t = Fixture::new(by_count(2));
    t.store.broken(true);
    t.log.try_record(event("a")).unwrap();
    t.log.try_record(event("b")).unwrap();
    settle().await;
    let before = t.store.asked()[0].parse::<BatchKey>().unwrap();

    // Three days late it may still land; the fourth is too late.
    t.clock.jump(3 * 24 * HOUR_MS);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(t.store.asked().iter().all(|key| *key == before.to_string()));
    t.clock.jump(24 * HOUR_MS);
    t.store.broken(false);
    tokio::time::sleep(Duration::from_secs(120)).await;

    let stored = t.stored().await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].header.day.to_string(), "2026-11-24");
    assert_eq!(stored[0].header.after, Some(before.stream));
    assert_eq!(stored[0].actors(), ["a", "b"]);
    assert_eq!(stored[0].events[0].time.day(), before.day, "the entries are what they were");
    let metrics = t.log.close().await.unwrap();
    assert_eq!((metrics.stored_entries, metrics.pending_bytes), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn several_batches_too_late_keep_their_order() {
    let t = Fixture::new(by_count(1));
    t.store.broken(true);
    for actor in ["a", "b", "c"] {
        t.log.try_record(event(actor)).unwrap();
    }
    settle().await;
    t.clock.jump(5 * 24 * HOUR_MS);
    t.store.broken(false);
    t.log.flush().await.unwrap();
    let stored = t.stored().await;
    let actors: Vec<_> = stored.iter().flat_map(Stored::actors).collect();
    assert_eq!(actors, ["a", "b", "c"]);
    t.log.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_data_key_entries_wait() {
    let t = Fixture::new(by_count(1));
    t.keys.gone(true);
    let error = t.log.record_durable(event("a")).await.unwrap_err();
    assert!(matches!(error, RecordError::NotStored(_)));
    t.log.try_record(event("b")).unwrap();
    settle().await;
    assert!(t.store.asked().is_empty());
    t.keys.gone(false);
    t.log.flush().await.unwrap();
    let stored = t.stored().await;
    let actors: Vec<_> = stored.iter().map(Stored::actors).collect();
    assert_eq!(actors, [["a"], ["b"]]);
    t.log.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_callers_under_failures_lose_nothing() {
    let t = Fixture::new(Limits { linger: Duration::from_millis(1), ..by_count(16) });
    t.store.script((0..40).map(|n| if n % 3 == 0 { Answer::Fail } else { Answer::FailAfter }));
    let callers: Vec<_> = (0..20)
        .map(|caller| {
            let log = t.log.clone();
            tokio::spawn(async move {
                for n in 0..10 {
                    let draft = event(&format!("{caller}-{n}"));
                    match log.record_durable(draft).await {
                        Ok(_) | Err(RecordError::NotStored(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    while t.log.flush().await.is_err() {}
    t.log.close().await.unwrap();
    let mut stored = t.stored().await;
    stored.sort_by_key(|s| s.key.seq);
    let mut actors: Vec<_> = stored.iter().flat_map(Stored::actors).collect();
    assert_eq!(actors.len(), 200);
    actors.sort_unstable();
    actors.dedup();
    assert_eq!(actors.len(), 200, "each once");
    let seqs: Vec<_> = stored.iter().map(|s| s.header.seq as usize).collect();
    assert_eq!(seqs, (0..stored.len()).collect::<Vec<_>>());
    for pair in stored.windows(2) {
        assert_eq!(pair[1].header.previous, Some(pair[0].key.digest));
    }
}
