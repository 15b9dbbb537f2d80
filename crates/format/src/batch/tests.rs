use proptest::prelude::*;

use super::*;
use crate::merkle::root_of_inclusion;
use crate::{StreamId, UnixMillis};

fn header(seq: u32) -> Header {
    let time = UnixMillis::new(1_763_640_000_000).unwrap();
    Header {
        after: None,
        commitment: Digest([0; 32]),
        day: time.day(),
        entries: 0,
        first_time: time,
        hints: None,
        key_id: "local:00".into(),
        last: false,
        last_time: time,
        origin: "audit.example.com/test".parse().unwrap(),
        previous: (seq > 0).then_some(Digest([9; 32])),
        root: Digest([0; 32]),
        salt: Digest([0; 32]),
        seq,
        service: "tests".parse().unwrap(),
        stream: StreamId([7; 16]),
        wrapped_key: vec![1; 80],
    }
}

fn entries(lines: &[&str]) -> Entries {
    let mut entries = Entries::new();
    lines.iter().for_each(|l| entries.push(l.as_bytes()).unwrap());
    entries
}

fn key() -> DataKey {
    DataKey::new([3; 32])
}

fn encode(lines: &[&str]) -> EncodedBatch {
    BatchEncoder::new().encode(header(0), &entries(lines), &key(), &[5; 32]).unwrap()
}

#[test]
fn round_trip_and_proofs() {
    let encoded = encode(&["a", "bb", "ccc"]);
    let batch = Batch::parse(&encoded.bytes).unwrap();
    assert_eq!(*batch.header(), encoded.header);
    let open = batch.open(&key()).unwrap();
    assert_eq!(open.lines(), b"a\nbb\nccc\n");
    assert_eq!(open.iter().collect::<Vec<_>>(), [&b"a"[..], b"bb", b"ccc"]);
    for (i, entry) in open.iter().enumerate() {
        let (salt, path) = open.proof(i).unwrap();
        let leaf = salted_leaf_of(&salt, entry);
        assert_eq!(root_of_inclusion(leaf, i as u64, 3, &path), Some(encoded.header.root));
    }
}

fn salted_leaf_of(salt: &[u8; 16], entry: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], salt, entry])
}

#[test]
fn every_flipped_bit_is_found() {
    let good = encode(&["an entry", "another"]);
    for at in 0..good.bytes.len() {
        for bit in [1u8, 0x80] {
            let mut bytes = good.bytes.clone();
            bytes[at] ^= bit;
            let result = Batch::parse(&bytes).and_then(|b| b.open(&key()).map(drop));
            assert!(result.is_err(), "byte {at}");
        }
    }
    for cut in 0..good.bytes.len() {
        assert!(Batch::parse(&good.bytes[..cut]).is_err());
    }
    let mut long = good.bytes.clone();
    long.push(0);
    assert!(matches!(Batch::parse(&long), Err(BatchError::Length { .. })));
}

#[test]
fn another_key_fails_at_the_commitment() {
    let batch = encode(&["x"]);
    let error = Batch::parse(&batch.bytes).unwrap().open(&DataKey::new([4; 32])).unwrap_err();
    assert_eq!(error, BatchError::Commitment);
}

#[test]
fn a_repeated_random_generator_does_not_repeat_a_key() {
    let mut encoder = BatchEncoder::new();
    let mut salt = |h: Header, lines: &[&str]| {
        encoder.encode(h, &entries(lines), &key(), &[5; 32]).unwrap().header.salt
    };
    let base = salt(header(1), &["same"]);
    let mut closing = header(1);
    closing.last = true;
    assert_ne!(base, salt(header(1), &["else"]), "other entries");
    assert_ne!(base, salt(closing, &["same"]), "other header");
    assert_eq!(base, salt(header(1), &["same"]), "same bytes throughout: the same batch");
}

#[test]
fn limits_of_the_encoder() {
    let mut list = Entries::new();
    assert!(list.push(b"").is_err());
    assert!(list.push(b"a\nb").is_err());
    assert!(list.push(&[b'x'; MAX_ENTRY_LEN + 1]).is_err());
    assert!(list.push(&[b'x'; MAX_ENTRY_LEN]).is_ok());
    let mut encoder = BatchEncoder::new();
    assert!(encoder.encode(header(0), &Entries::new(), &key(), &[0; 32]).is_err());
    let mut bad = header(0);
    bad.previous = Some(Digest([0; 32]));
    assert!(encoder.encode(bad, &entries(&["x"]), &key(), &[0; 32]).is_err());
}

proptest! {
    #[test]
    fn any_lines_round_trip(lines in prop::collection::vec("[^\n]{1,200}", 1..50)) {
        let refs: Vec<_> = lines.iter().map(String::as_str).collect();
        let encoded = encode(&refs);
        let open = Batch::parse(&encoded.bytes).unwrap().open(&key()).unwrap();
        let expected = refs.join("\n") + "\n";
        prop_assert_eq!(open.lines(), expected.as_bytes());
    }

    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut framed = b"DAYSEAL\x01".to_vec();
        framed.extend_from_slice(&bytes);
        let _ = Batch::parse(&bytes);
        let _ = Batch::parse(&framed);
    }
}
