use proptest::prelude::*;

use super::*;
use crate::event::EventId;
use crate::{Day, Origin, StreamId, UnixMillis};

fn origin() -> Origin {
    "audit.example.com/test".parse().unwrap()
}

pub(super) fn header() -> Header {
    let zero = Digest([0; 32]);
    Header {
        commitment: zero,
        day: "2026-11-20".parse::<Day>().unwrap(),
        key_id: "local:00".into(),
        mac: zero,
        origin: origin(),
        parts: 0,
        root: zero,
        salt: zero,
        seq: 3,
        stream: StreamId([7; 16]),
        wrapped_key: vec![1; 80],
    }
}

pub(super) fn key() -> ContentKey {
    ContentKey::new([3; 32])
}

pub(super) fn entry(n: u8) -> EventId {
    EventId::from_parts(UnixMillis::new(1_795_132_800_000).unwrap(), [n; 10])
}

pub(super) fn record(n: u8, content: &[u8]) -> ContentRecord {
    ContentRecord {
        entry: entry(n),
        field: Field::Input,
        media_type: None,
        nonce: [n; 32],
        content: content.to_vec(),
    }
}

fn frame(subjects: &[&str], records: Vec<ContentRecord>) -> FrameDraft {
    FrameDraft { subjects: subjects.iter().map(|s| (*s).to_owned()).collect(), records }
}

pub(super) fn three() -> Vec<u8> {
    let frames = [
        frame(&["ada"], vec![record(1, b"about Ada"), record(2, "über Ada\n".as_bytes())]),
        frame(&["bob", "ada"], vec![record(3, b"about both")]),
        frame(&[], vec![record(4, &[0xff, 0x00, 0x0a])]),
    ];
    encode(header(), &frames, &key(), &[5; 32]).unwrap()
}

#[test]
fn what_was_written_is_read() {
    let bytes = three();
    let object = ContentObject::parse(&bytes).unwrap();
    let records = object.open(&key()).unwrap();
    let contents: Vec<_> = records.iter().map(|r| r.content.as_slice()).collect();
    let expected: [&[u8]; 4] =
        [b"about Ada", "über Ada\n".as_bytes(), b"about both", &[0xff, 0x00, 0x0a]];
    assert_eq!(contents, expected);
    let subjects: Vec<_> = object
        .parts()
        .map(|part| match part {
            Part::Frame(frame) => frame.subjects.join(","),
            Part::Stub(_) => "stub".into(),
        })
        .collect();
    assert_eq!(subjects, ["ada", "ada,bob", ""]);
}

#[test]
fn an_erased_subject_is_gone_and_the_rest_still_opens() {
    let bytes = three();
    let erased = ContentObject::parse(&bytes).unwrap().erase("ada", entry(9)).unwrap();
    assert!(erased.len() < bytes.len());
    let object = ContentObject::parse(&erased).unwrap();
    let left: Vec<_> = object.open(&key()).unwrap().into_iter().map(|r| r.content).collect();
    assert_eq!(left, [[0xff, 0x00, 0x0a]], "a content about both is gone too");
    let stubs = object.parts().filter(|p| matches!(p, Part::Stub(s) if s.receipt == entry(9)));
    assert_eq!(stubs.count(), 2);
    assert!(!erased.windows(3).any(|w| w == b"ada"), "a stub does not name whom it was about");
    assert_eq!(object.erase("ada", entry(10)), None, "twice is once");
    assert_eq!(object.erase("nobody", entry(10)), None);
    assert_eq!(object.header(), ContentObject::parse(&bytes).unwrap().header());
}

#[test]
fn a_record_gives_the_digest_of_its_entry_alone() {
    let digest = record(1, b"text").digest(&origin());
    let others = [
        ContentRecord { nonce: [2; 32], ..record(1, b"text") },
        ContentRecord { entry: entry(2), ..record(1, b"text") },
        ContentRecord { field: Field::Output, ..record(1, b"text") },
        record(1, b"text "),
    ];
    assert!(others.iter().all(|other| other.digest(&origin()) != digest));
    assert_ne!(record(1, b"text").digest(&"audit.example.com/else".parse().unwrap()), digest);
}

#[test]
fn another_key_a_moved_frame_and_a_changed_header_are_named() {
    let bytes = three();
    let object = ContentObject::parse(&bytes).unwrap();
    assert_eq!(object.open(&ContentKey::new([4; 32])).unwrap_err(), ContentError::Commitment);

    // Another day in the header: all keys and the root stay as they are.
    let at = bytes.windows(10).position(|w| w == b"2026-11-20").unwrap();
    let mut other_day = bytes.clone();
    other_day[at + 9] = b'1';
    let object = ContentObject::parse(&other_day).unwrap();
    assert_eq!(object.open(&key()).unwrap_err(), ContentError::Mac);
}

#[test]
fn limits_are_errors_and_not_panics() {
    let encode = |frames: &[FrameDraft]| encode(header(), frames, &key(), &[5; 32]);
    let big = vec![b'x'; MAX_CONTENT + 1];
    let control = vec![0x01; MAX_CONTENT];
    let many: Vec<_> = (0..17).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert!(matches!(encode(&[]), Err(ContentError::Header(_))));
    let bad: [&[FrameDraft]; 6] = [
        &[frame(&["a"], vec![])],
        &[frame(&["a"], vec![record(1, &big)])],
        &[frame(&["a", "a"], vec![record(1, b"")])],
        &[frame(&[""], vec![record(1, b"")])],
        &[frame(&many, vec![record(1, b"")])],
        &[frame(&["a", "b"], vec![record(1, b"")]), frame(&["b", "a"], vec![record(2, b"")])],
    ];
    for frames in bad {
        assert!(matches!(encode(frames), Err(ContentError::Limit(_))), "{frames:?}");
    }
    // Six bytes an escape: text would be over the limit of a record, base64 is not.
    let bytes = encode(&[frame(&["a"], vec![record(1, &control)])]).unwrap();
    let records = ContentObject::parse(&bytes).unwrap().open(&key()).unwrap();
    assert_eq!(records[0].content, control);
}

#[test]
fn errors_and_debug_say_nothing_of_the_content() {
    let text = format!("{:?} {:?}", record(1, b"SECRET"), key());
    assert!(!text.contains("SECRET") && !text.contains("[3"), "{text}");
    assert!(!ContentRecord::decode(br#"{"text":"SECRET","x":1}"#).unwrap_err().contains("SECRET"));
}

proptest! {
    #[test]
    fn any_content_comes_back(content in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let frames = [frame(&["a"], vec![record(1, &content)])];
        let bytes = encode(header(), &frames, &key(), &[5; 32]).unwrap();
        let records = ContentObject::parse(&bytes).unwrap().open(&key()).unwrap();
        prop_assert_eq!(&records, &frames[0].records);
    }

    #[test]
    fn a_changed_byte_is_found(at in any::<proptest::sample::Index>(), bit in 0u8..8) {
        let mut bytes = three();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let read = ContentObject::parse(&bytes).and_then(|object| object.open(&key()));
        prop_assert!(read.is_err(), "byte {}", at);
    }
}
