//! A log's content and state in memory, and a producer that keeps what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_auditor::hold::Holds;
use dayseal_auditor::subject::{Ended, EraseError, Eraser, OpenJob, Order, Recorder, jobs};
use dayseal_format::content::{
    ContentKey, ContentObject, ContentRecord, Field, FrameDraft, Header, Part, encode,
};
use dayseal_format::event::{Event, EventDraft, EventId};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{Acknowledgement, Digest, Origin, StreamId, UnixMillis};
use dayseal_store::{Condition, MemoryStore, Store};
use dayseal_testkit::{day, keys_below, noon};

pub(crate) const D1: &str = "2026-11-20";
pub(crate) const D2: &str = "2026-11-21";
/// A day on which all that was recorded on the first two has landed.
pub(crate) const SETTLED: &str = "2026-11-26";
pub(crate) const ADA: &str = "p1:subject:aaaaaaaa:adaadaadaadaadaadaadaadaadaadaad";
pub(crate) const BOB: &str = "p1:subject:aaaaaaaa:bobbobbobbobbobbobbobbobbobbobbo";

pub(crate) fn origin() -> Origin {
    "audit.example.com/test".parse().unwrap()
}

pub(crate) fn key() -> ContentKey {
    ContentKey::new([3; 32])
}

/// A content object: a frame for each list of names, of so many records.
pub(crate) fn object(at: ContentObjectKey, frames: &[(&[&str], u8)]) -> Vec<u8> {
    let zero = Digest([0; 32]);
    let header = Header {
        commitment: zero,
        day: at.day,
        key_id: "local:00".into(),
        mac: zero,
        origin: origin(),
        parts: 0,
        root: zero,
        salt: zero,
        seq: at.seq,
        stream: at.stream,
        wrapped_key: vec![1; 80],
    };
    let mut frame_number = 0;
    let drafts: Vec<_> = frames
        .iter()
        .map(|(subjects, records)| {
            frame_number += 1;
            let record = |n| ContentRecord {
                entry: EventId::from_parts(noon(at.day), [frame_number, n, 0, 0, 0, 0, 0, 0, 0, 1]),
                field: Field::Input,
                media_type: None,
                nonce: [n; 32],
                content: format!("said by {subjects:?}").into_bytes(),
            };
            FrameDraft {
                subjects: subjects.iter().map(|s| (*s).to_owned()).collect(),
                records: (0..*records).map(record).collect(),
            }
        })
        .collect();
    encode(header, &drafts, &key(), &[5; 32]).unwrap()
}

pub(crate) fn at(on: &str, stream: u8, seq: u32) -> ContentObjectKey {
    ContentObjectKey { day: day(on), stream: StreamId([stream; 16]), seq }
}

/// Writes as a producer does.
pub(crate) async fn land(content: &dyn Store, at: ContentObjectKey, frames: &[(&[&str], u8)]) {
    let bytes = object(at, frames);
    let digest = Digest::of(&bytes);
    let (key, bytes) = (at.to_string(), Bytes::from(bytes));
    content.put(&key, bytes, digest.as_bytes(), Condition::Absent).await.unwrap();
}

/// What a recorder does with its next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The event.
    Event,
    /// The answer: the event is stored.
    Answer,
}

/// Keeps what it records; loses what it is told to.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) lose: Mutex<Vec<Lost>>,
}

#[async_trait]
impl Recorder for Records {
    async fn record(
        &self,
        draft: EventDraft,
    ) -> Result<Acknowledgement, Box<dyn std::error::Error + Send + Sync>> {
        let lose = self.lose.lock().unwrap().pop();
        if lose == Some(Lost::Event) {
            return Err("lost".into());
        }
        let service = dayseal_format::event::Service::new("tests");
        let defaults = dayseal_format::event::Defaults::new(draft.id, draft.time, &service);
        let event = draft.complete(defaults)?;
        let (entry, on) = (event.id, event.time.day());
        let mut events = self.events.lock().unwrap();
        events.push(event);
        if lose == Some(Lost::Answer) {
            return Err("the answer is lost".into());
        }
        let (stream, index) = (StreamId([9; 16]), events.len() as u32);
        let digest = Digest([1; 32]);
        Ok(Acknowledgement {
            v: 1,
            origin: origin(),
            day: on,
            stream,
            seq: 0,
            digest,
            index,
            entry,
        })
    }
}

impl Records {
    /// Events of a type, each id once; those of one id must be the same event.
    pub(crate) fn of(&self, kind: &str) -> Vec<Event> {
        let mut found: BTreeMap<EventId, Event> = BTreeMap::new();
        for event in self.events.lock().unwrap().iter().filter(|e| e.kind.as_str() == kind) {
            if let Some(before) = found.insert(event.id, event.clone()) {
                assert_eq!(&before, event, "one id, one event");
            }
        }
        found.into_values().collect()
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) content: Arc<MemoryStore>,
    pub(crate) state: Arc<MemoryStore>,
    pub(crate) records: Records,
}

impl World {
    /// Three objects on two days that name Ada: 3 objects, 4 frames, 8 records.
    pub(crate) async fn new() -> Self {
        let content = Arc::new(MemoryStore::without_versions());
        let state = Arc::new(MemoryStore::without_versions());
        land(&*content, at(D1, 1, 0), &[(&[ADA], 2), (&[BOB], 1), (&[ADA, BOB], 1)]).await;
        land(&*content, at(D1, 1, 1), &[(&[BOB], 3), (&[], 1)]).await;
        land(&*content, at(D1, 2, 0), &[(&[ADA], 4)]).await;
        land(&*content, at(D2, 3, 0), &[(&[BOB], 1), (&[ADA], 1)]).await;
        Self { content, state, records: Records::default() }
    }

    pub(crate) async fn bytes(&self, key: &str) -> Vec<u8> {
        self.content.get(key, None, 1 << 30).await.unwrap().bytes.to_vec()
    }

    /// Frames that name somebody, and stubs, by receipt.
    pub(crate) async fn parts(&self, who: &str) -> (u32, BTreeMap<EventId, u32>) {
        let (mut frames, mut stubs) = (0, BTreeMap::new());
        for key in keys_below(&*self.content, "content/").await {
            let Ok(stored) = self.content.get(&key, None, 1 << 30).await else { continue };
            let Ok(object) = ContentObject::parse(&stored.bytes) else { continue };
            for part in object.parts() {
                match part {
                    Part::Frame(f) => frames += u32::from(f.subjects.iter().any(|s| s == who)),
                    Part::Stub(stub) => *stubs.entry(stub.receipt).or_default() += 1,
                }
            }
        }
        (frames, stubs)
    }
}

pub(crate) fn order(who: &str) -> Order {
    Order {
        subjects: vec![who.to_owned()],
        tenant: "default".into(),
        reason: "request 7".into(),
        exemption: "gdpr-17-3-b".into(),
        by: "dpo".into(),
    }
}

/// What the command does: goes on with the open job at `now`, or plans and begins one on the second day.
pub(crate) async fn erase(
    eraser: &Eraser<'_>,
    who: &str,
    holds: &Holds,
    now: UnixMillis,
) -> Result<(OpenJob, Ended), EraseError> {
    let subjects = [who.to_owned()];
    let open = jobs(eraser.state, eraser.origin).await?;
    let open = open.into_iter().find(|o| !o.job.is_done() && o.job.covers(&subjects));
    let mut open = match open {
        Some(open) => open,
        None => {
            let plan = eraser.plan(&subjects, holds).await?;
            eraser.begin(order(who), &plan, holds, on(D2), [who.as_bytes()[20]; 10]).await?
        }
    };
    let ended = eraser.run(&mut open, holds, now).await?;
    Ok((open, ended))
}

pub(crate) fn on(day_text: &str) -> UnixMillis {
    noon(day(day_text))
}
