//! When batches close, what flush and close promise, and the turn of the day.

use super::*;
use crate::{RecordError, TryRecordError};

#[tokio::test(start_paused = true)]
async fn a_batch_closes_by_count() {
    let t = Fixture::new(by_count(3));
    for n in 0..7 {
        t.log.try_record(event(&n.to_string())).unwrap();
    }
    settle().await;
    let stored = t.stored().await;
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].actors(), ["0", "1", "2"]);
    assert_eq!(stored[1].actors(), ["3", "4", "5"]);
    assert_eq!(t.log.metrics().pending_entries, 1);
    assert_eq!(t.log.close().await.unwrap().stored_entries, 7);
}

#[tokio::test(start_paused = true)]
async fn a_batch_closes_by_bytes() {
    let t = Fixture::new(Limits { flush_bytes: 1_000, ..Limits::default() });
    for n in 0..9 {
        t.log.try_record(event(&n.to_string())).unwrap();
    }
    settle().await;
    let stored = t.stored().await;
    assert!(stored.len() > 1);
    for batch in &stored {
        let lines = batch.events.iter().map(|e| {
            let mut line = Vec::new();
            e.encode(&mut line);
            line.len() + 1
        });
        let lines: Vec<_> = lines.collect();
        let all: usize = lines.iter().sum();
        assert!(all >= 1_000 && all - lines.last().unwrap() < 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_closes_by_the_age_of_its_oldest_entry() {
    let t = Fixture::new(Limits::default());
    t.log.try_record(event("first")).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    t.log.try_record(event("second")).unwrap();
    tokio::time::sleep(Duration::from_millis(990)).await;
    assert_eq!(t.log.metrics().stored_batches, 0);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(t.stored().await[0].actors(), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn durable_records_share_a_put_and_are_acknowledged() {
    let t = Fixture::new(Limits::default());
    t.log.try_record(event("before")).unwrap();
    let (a, b) = tokio::join!(t.log.record_durable(event("a")), t.log.record_durable(event("b")));
    let (a, b) = (a.unwrap(), b.unwrap());
    let stored = t.stored().await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].actors(), ["before", "a", "b"]);
    for (ack, index) in [(a, 1), (b, 2)] {
        assert_eq!((ack.key(), ack.index), (stored[0].key, index));
        assert_eq!(ack.entry, stored[0].events[index as usize].id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_what_came_before_it_and_no_more() {
    let t = Fixture::new(Limits::default());
    t.log.flush().await.unwrap();
    t.store.hold();
    t.log.try_record(event("before")).unwrap();
    let log = t.log.clone();
    let flush = tokio::spawn(async move { log.flush().await });
    settle().await;
    t.log.try_record(event("after")).unwrap();
    settle().await;
    assert!(!flush.is_finished());
    t.store.let_through(1);
    flush.await.unwrap().unwrap();
    let stored = t.stored().await;
    assert_eq!((stored.len(), stored[0].actors()), (1, vec!["before"]));
    t.store.let_through(1);
    t.log.flush().await.unwrap();
    assert_eq!(t.stored().await[1].actors(), ["after"]);
}

/// Fills the log while nothing is let through; the event that found no room.
fn fill(t: &Fixture) -> EventDraft {
    loop {
        match t.log.try_record(event("filler")) {
            Ok(_) => {}
            Err(TryRecordError::Full { event, pending, limit }) => {
                assert!(pending <= limit && pending > limit / 2);
                return *event;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// The smallest memory there is; nothing closes by itself.
fn small() -> Limits {
    Limits {
        memory: 131_070,
        flush_bytes: 65_535,
        flush_age: Duration::from_secs(3_600),
        ..Limits::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_log_hands_the_event_back_as_completed() {
    let t = Fixture::new(small());
    t.store.hold();
    let event = fill(&t);
    let id = event.id;
    assert!(!id.is_unset());
    assert_eq!(t.log.metrics().refused, 1);
    t.store.let_through(1_000);
    t.log.flush().await.unwrap();
    assert_eq!(t.log.try_record(event).unwrap(), id);
    let metrics = t.log.close().await.unwrap();
    assert_eq!(metrics.stored_entries, metrics.recorded);
    let stored = t.stored().await;
    let ids: Vec<_> = stored.iter().flat_map(|s| &s.events).map(|e| e.id).collect();
    assert_eq!(ids.iter().filter(|known| **known == id).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn record_waits_for_room() {
    let t = Fixture::new(Limits { flush_bytes: 1, in_flight: 1, ..small() });
    t.store.hold();
    let _ = fill(&t);
    let log = t.log.clone();
    let record = tokio::spawn(async move { log.record(event("waits")).await });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!record.is_finished());
    // Encoded, a batch of one entry takes more than its line: until some are stored there is room only
    // for moments, in which the waiting task need not be polled.
    t.store.let_through(20);
    record.await.unwrap().unwrap();
    t.store.let_through(1_000_000);
    t.log.close().await.unwrap();
    assert_eq!(t.stored().await.last().unwrap().actors(), ["waits"]);
}

#[tokio::test(start_paused = true)]
async fn compressing_a_batch_makes_room_before_it_is_stored() {
    let t = Fixture::new(small());
    t.store.hold();
    let _ = fill(&t);
    let log = t.log.clone();
    let record = tokio::spawn(async move { log.record(event("waits")).await });
    settle().await;
    assert_eq!(t.log.metrics().stored_batches, 0);
    assert!(record.is_finished());
}

#[tokio::test(start_paused = true)]
async fn closing_is_clean() {
    let t = Fixture::at(NOON, by_count(2), true);
    for n in 0..4 {
        t.log.try_record(event(&n.to_string())).unwrap();
    }
    t.log.close().await.unwrap();
    let stored = t.stored().await;
    let kinds: Vec<_> =
        stored.iter().flat_map(|s| &s.events).map(|e| e.kind.as_str().to_owned()).collect();
    assert_eq!(kinds.first().map(String::as_str), Some("log.started"));
    assert_eq!(kinds.last().map(String::as_str), Some("log.stopped"));
    assert_eq!(kinds.len(), 6);
    for (n, batch) in stored.iter().enumerate() {
        assert_eq!(batch.header.seq as usize, n);
        let previous = n.checked_sub(1).map(|before| stored[before].key.digest);
        assert_eq!(batch.header.previous, previous);
        assert_eq!(batch.header.last, n + 1 == stored.len());
        assert_eq!(batch.header.first_time, batch.events.first().unwrap().time);
        assert_eq!(batch.header.last_time, batch.events.last().unwrap().time);
    }

    let refused = t.log.try_record(event("late")).unwrap_err();
    assert!(matches!(refused, TryRecordError::Closed { event } if event.actor.id == "late"));
    let refused = t.log.record(event("late")).await.unwrap_err();
    assert!(matches!(refused, RecordError::Closed));
    t.log.close().await.unwrap();
    assert_eq!(t.stored().await.len(), stored.len());
}

#[tokio::test(start_paused = true)]
async fn closing_an_unused_log_writes_nothing() {
    let t = Fixture::new(Limits::default());
    assert_eq!(t.log.close().await.unwrap().data_keys, 0);
    assert!(t.store.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_day_is_a_new_stream_that_names_the_one_before() {
    // Ten seconds before midnight.
    let t = Fixture::at(NOON + 12 * HOUR_MS - 10_000, by_count(2), false);
    t.log.try_record(event("a")).unwrap();
    t.log.try_record(event("b")).unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    // Not due by age before midnight: the stream's end closes it.
    t.log.try_record(event("c")).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    t.log.try_record(event("d")).unwrap();
    t.log.close().await.unwrap();
    let stored = t.stored().await;
    let actors: Vec<_> = stored.iter().map(Stored::actors).collect();
    assert_eq!(actors, [vec!["a", "b"], vec!["c"], vec!["d"]]);
    let [first, end, next] = &stored[..] else { panic!("three batches") };
    assert_eq!(first.header.day.to_string(), "2026-11-20");
    assert_eq!(end.header.day, first.header.day);
    assert_eq!(end.header.stream, first.header.stream);
    assert!(end.header.last);
    assert_eq!(next.header.day.to_string(), "2026-11-21");
    assert_ne!(next.header.stream, first.header.stream);
    assert_eq!((next.header.seq, next.header.after), (0, Some(first.header.stream)));
    assert_eq!(t.log.metrics().data_keys, 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_over_midnight_never_mixes_days() {
    let t = Fixture::new(by_count(2));
    t.log.try_record(event("a")).unwrap();
    t.log.try_record(event("b")).unwrap();
    settle().await;
    t.log.try_record(event("c")).unwrap();
    t.clock.jump(24 * HOUR_MS);
    t.log.close().await.unwrap();
    let stored = t.stored().await;
    assert_eq!(stored[1].header.day.to_string(), "2026-11-21");
    assert_eq!(stored[1].header.after, Some(stored[0].header.stream));
    assert_eq!(stored[1].key.day, stored[1].header.day);
}
