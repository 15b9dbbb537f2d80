//! Putting stubs in the place of one object's frames.

use std::collections::BTreeMap;

use bytes::Bytes;
use dayseal_format::Digest;
use dayseal_format::content::{ContentObject, MAX_HEADER, MAX_PARTS_LEN, Part};
use dayseal_format::event::EventId;
use dayseal_store::{Condition, ErrorKind, Store};

use super::job::Problem;

/// Longest content object, in bytes.
const MAX_OBJECT: u64 = (16 + MAX_HEADER + MAX_PARTS_LEN) as u64;
/// Races lost, and answers missed, before the object is left for another run.
const TRIES: usize = 16;

/// Frames and records that are stubs of this receipt now. `planned` has the records of frames that an
/// earlier run may have replaced, by their places.
///
/// Each attempt reads the object anew, so a write whose answer was lost is found done.
///
/// # Errors
/// [`Problem`] if the object was left as it is, or that is not known.
pub(super) async fn replace(
    content: &dyn Store,
    key: &str,
    subjects: &[String],
    receipt: EventId,
    planned: &BTreeMap<u32, u32>,
) -> Result<BTreeMap<u32, u32>, Problem> {
    let fail = |problem: String| Problem { object: key.to_owned(), problem };
    let mut last = String::new();
    for _ in 0..TRIES {
        let stored = match content.get(key, None, MAX_OBJECT).await {
            Ok(stored) => stored,
            // Its life was over: what it held is gone with it.
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(e) => return Err(fail(e.to_string())),
        };
        let object = ContentObject::parse(&stored.bytes).map_err(|e| {
            fail(format!("{e}: look at it, and delete it or put the right one back"))
        })?;
        let mut done = BTreeMap::new();
        let mut left = false;
        for (place, part) in (0u32..).zip(object.parts()) {
            match part {
                Part::Stub(stub) if stub.receipt == receipt => {
                    done.extend(planned.get(&place).map(|records| (place, *records)));
                }
                Part::Frame(frame) if frame.names_any(subjects) => {
                    left = true;
                    done.insert(place, frame.records);
                }
                _ => {}
            }
        }
        let Some(bytes) = object.erase_any(subjects, receipt).filter(|_| left) else {
            return Ok(done);
        };
        let digest = Digest::of(&bytes);
        let condition = Condition::Matches(stored.meta.etag.clone());
        match content.put(key, Bytes::from(bytes), digest.as_bytes(), condition).await {
            Ok(_) => return Ok(done),
            Err(e) if retry(e.kind()) => last = e.to_string(),
            Err(e) => return Err(fail(e.to_string())),
        }
    }
    Err(fail(last))
}

/// Lost to another eraser, or perhaps done: reading tells.
fn retry(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Precondition | ErrorKind::Unavailable)
}
