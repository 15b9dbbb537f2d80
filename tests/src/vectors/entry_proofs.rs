//! `entry_proof/`: that an entry stood in a log.

use super::Set;
use super::mini::{Hash, Key, b64, leaf, path, sha256, tree};

const ORIGIN: &str = "audit.example.com/acme/prod";
const DAY: &str = "2026-11-20";
const STREAM: &str = "00112233445566778899aabbccddeeff";
/// Where the batch record stands among the log's leaves, and how many there are.
const LEAF_INDEX: usize = 5;
const LEAVES: usize = 11;

/// The entries of the batch: events a second apart.
fn entry(n: usize) -> Vec<u8> {
    format!(
        "{{\"action\":\"open\",\"actor\":{{\"id\":\"ada\",\"type\":\"user\"}},\"id\":\"019aa0f2-0000-7000-8000-{n:012}\",\"logged_time\":\"2026-11-20T09:00:0{n}.000Z\",\"outcome\":\"success\",\"service\":{{\"name\":\"api\"}},\"tenant\":\"default\",\"time\":\"2026-11-20T09:00:0{n}.000Z\",\"type\":\"data.read\",\"v\":1}}"
    )
    .into_bytes()
}

fn salt(n: usize) -> [u8; 16] {
    std::array::from_fn(|i| (n * 16 + i) as u8)
}

fn salted(salt: &[u8; 16], entry: &[u8]) -> Hash {
    sha256(&[&[0], salt, entry])
}

/// A proof to be written, honest unless told otherwise.
#[derive(Clone)]
struct Draft {
    first: String,
    index: String,
    /// The lines `entry` and `salt`, or `leaf`.
    leaf: Vec<(&'static str, Vec<u8>)>,
    path: Vec<String>,
    record: Vec<u8>,
    /// What the log holds; the record if `None`.
    sealed: Option<Vec<u8>>,
    behind: Option<fn(String) -> String>,
}

/// A batch record over these leaves.
fn record(leaves: &[Hash]) -> String {
    let digest = hex::encode(sha256(&[b"the object"]));
    format!(
        "{{\"kind\":\"batch\",\"key\":\"entries/{DAY}/{STREAM}/00000000-{digest}.batch\",\"length\":1234,\"entries\":{},\"first_time\":\"2026-11-20T09:00:00.000Z\",\"last_time\":\"2026-11-20T09:00:04.000Z\",\"root\":\"{}\",\"service\":\"api\"}}",
        leaves.len(),
        hex::encode(tree(leaves)),
    )
}

/// Entry `at` of a batch of `count`.
fn of_batch(at: usize, count: usize) -> Draft {
    let leaves: Vec<Hash> = (0..count).map(|n| salted(&salt(n), &entry(n))).collect();
    Draft {
        first: "dayseal-entry-proof v1".into(),
        index: at.to_string(),
        leaf: vec![("entry", entry(at)), ("salt", hex::encode(salt(at)).into_bytes())],
        path: path(at, &leaves).iter().map(hex::encode).collect(),
        record: record(&leaves).into_bytes(),
        sealed: None,
        behind: None,
    }
}

/// A batch of one entry that is `bytes`, sealed as it is.
fn of_bytes(bytes: &[u8]) -> Draft {
    let mut draft = of_batch(0, 1);
    draft.leaf[0].1 = bytes.to_vec();
    draft.record = record(&[salted(&salt(0), bytes)]).into_bytes();
    draft
}

impl Draft {
    fn build(&self) -> Vec<u8> {
        let key = Key::counting(ORIGIN, 0);
        let sealed = self.sealed.as_ref().unwrap_or(&self.record);
        let mut leaves: Vec<Hash> = (0..LEAVES).map(|n| leaf(&[n as u8])).collect();
        leaves[LEAF_INDEX] = leaf(sealed);
        let hashes: String = path(LEAF_INDEX, &leaves).iter().map(|h| b64(h) + "\n").collect();
        let note = key.note(&format!("{ORIGIN}\n{LEAVES}\n{}\n", b64(&tree(&leaves))));
        let proof = format!("c2sp.org/tlog-proof@v1\nindex {LEAF_INDEX}\n{hashes}\n{note}");
        let proof = self.behind.map_or(proof.clone(), |edit| edit(proof));
        let mut out = format!("{}\nindex {}\n", self.first, self.index).into_bytes();
        for (word, value) in &self.leaf {
            out.extend_from_slice(&[word.as_bytes(), b" ", value, b"\n"].concat());
        }
        for hash in &self.path {
            out.extend_from_slice(format!("path {hash}\n").as_bytes());
        }
        out.extend_from_slice(&[b"record ", &self.record[..], b"\n\n", proof.as_bytes()].concat());
        out
    }

    fn redacted(mut self) -> Self {
        let salt: [u8; 16] =
            hex::decode(&self.leaf[1].1).expect("a salt").try_into().expect("16 bytes");
        let digest = hex::encode(salted(&salt, &self.leaf[0].1));
        self.leaf = vec![("leaf", digest.into_bytes())];
        self
    }
}

pub(super) fn add(set: &mut Set) {
    let vkey = Key::counting(ORIGIN, 0).vkey();
    let mut case = |name: &str, bytes: Vec<u8>, expect: &str| {
        let inputs = [("origin", ORIGIN), ("vkey", vkey.as_str())];
        set.case("entry_proof", &format!("{name}.proof"), bytes, expect, &inputs);
    };
    good(&mut case);
    form(&mut case);
    log(&mut case);
    batch(&mut case);
}

type Case<'a> = dyn FnMut(&str, Vec<u8>, &str) + 'a;

fn good(case: &mut Case<'_>) {
    for (at, count) in [(0, 1), (0, 5), (2, 5), (4, 5)] {
        case(&format!("entry_{at}_of_{count}"), of_batch(at, count).build(), "success");
    }
    case("redacted_entry_2_of_5", of_batch(2, 5).redacted().build(), "success");
    // Nothing is said of what a redacted leaf stands for.
    case("redacted_no_entry", of_bytes(b"not an event").redacted().build(), "success");
}

/// Version and form.
fn form(case: &mut Case<'_>) {
    let mut bad = |name: &str, change: &dyn Fn(&mut Draft)| {
        let mut draft = of_batch(2, 5);
        change(&mut draft);
        case(name, draft.build(), "entry_proof");
    };
    bad("index_leading_zero", &|d| d.index = "02".into());
    bad("index_with_plus", &|d| d.index = "+2".into());
    bad("index_empty", &|d| d.index = String::new());
    bad("index_262144", &|d| d.index = "262144".into());
    bad("index_over_u32", &|d| d.index = "4294967298".into());
    bad("salt_of_15_bytes", &|d| d.leaf[1].1.truncate(30));
    bad("salt_in_capitals", &|d| d.leaf[1].1 = d.leaf[1].1.to_ascii_uppercase());
    bad("salt_missing", &|d| drop(d.leaf.pop()));
    bad("salt_before_entry", &|d| d.leaf.swap(0, 1));
    bad("entry_empty", &|d| d.leaf[0].1.clear());
    bad("entry_of_65536_bytes", &|d| d.leaf[0].1 = vec![b'x'; 65_536]);
    bad("entry_twice", &|d| d.leaf.insert(1, d.leaf[0].clone()));
    bad("entry_and_leaf", &|d| {
        let leaf = d.clone().redacted().leaf;
        d.leaf.extend(leaf);
    });
    bad("leaf_with_salt", &|d| {
        let salt = d.leaf[1].clone();
        *d = d.clone().redacted();
        d.leaf.push(salt);
    });
    bad("leaf_of_31_bytes", &|d| {
        *d = d.clone().redacted();
        d.leaf[0].1.truncate(62);
    });
    bad("neither_entry_nor_leaf", &|d| d.leaf.clear());
    bad("path_in_capitals", &|d| d.path[0] = d.path[0].to_uppercase());
    bad("path_of_31_bytes", &|d| d.path[0].truncate(62));
    bad("path_of_19_hashes", &|d| d.path = vec!["00".repeat(32); 19]);
    bad("record_empty", &|d| d.record.clear());
    bad("record_of_65536_bytes", &|d| d.record = vec![b'x'; 65_536]);
    bad("extra_line", &|d| d.leaf.push(("note", b"by the way".to_vec())));

    let good = of_batch(2, 5).build();
    let text = String::from_utf8(good.clone()).expect("text");
    let mut edit = |name: &str, from: &str, to: &str, expect: &str| {
        assert!(text.contains(from), "{name}");
        case(name, text.replacen(from, to, 1).into_bytes(), expect);
    };
    edit("version_2", "proof v1", "proof v2", "version");
    edit("version_10", "proof v1", "proof v10", "version");
    edit("version_none", "proof v1", "proof v", "entry_proof");
    edit("version_word", "proof v1", "proof vX", "entry_proof");
    edit("other_first_line", "dayseal-entry-proof", "dayseal-proof", "entry_proof");
    edit("two_spaces", "index 2", "index  2", "entry_proof");
    edit("tab", "index 2", "index\t2", "entry_proof");
    edit("crlf_in_the_head", "index 2\n", "index 2\r\n", "entry_proof");
    edit("no_index", "index 2\n", "", "entry_proof");
    edit("no_empty_line", "\n\nc2sp", "\nc2sp", "entry_proof");
    edit("two_empty_lines", "\n\nc2sp", "\n\n\nc2sp", "proof");
    edit("no_record", "record {", "leaf {", "entry_proof");
    edit("tlog_proof_version_2", "tlog-proof@v1", "tlog-proof@v2", "proof");
    case("no_bytes", Vec::new(), "entry_proof");
    case(
        "no_proof",
        good[..good.len() - text.split_once("\n\n").map_or(0, |t| t.1.len())].into(),
        "proof",
    );
    case("not_utf8", [&good[..], b"\xff"].concat(), "proof");
}

/// The record and the log.
fn log(case: &mut Case<'_>) {
    let mut with = |name: &str, change: &dyn Fn(&mut Draft), expect: &str| {
        let mut draft = of_batch(2, 5);
        change(&mut draft);
        case(name, draft.build(), expect);
    };
    with("record_not_in_the_log", &|d| d.sealed = Some(b"another".to_vec()), "root");
    // The signature comes before what it covers is read.
    let unread = |d: &mut Draft| {
        d.record = b"{}".to_vec();
        d.sealed = Some(b"another".to_vec());
    };
    with("record_malformed_and_not_in_the_log", &unread, "root");
    with(
        "log_index_altered",
        &|d| d.behind = Some(|p| p.replacen("index 5", "index 4", 1)),
        "root",
    );
    with(
        "checkpoint_altered",
        &|d| d.behind = Some(|p| p.replacen("\n11\n", "\n12\n", 1)),
        "bad_signature",
    );
    let other = |p: String| {
        let (head, note) = p.split_once("\n\n").expect("an empty line");
        let text = note.split_once("\n\n").expect("signatures").0.to_owned() + "\n";
        format!("{head}\n\n{}", Key::counting(ORIGIN, 0x80).note(&text))
    };
    with("checkpoint_by_another_key", &|d| d.behind = Some(other), "unsigned");
    with("record_malformed", &|d| d.record = b"{}".to_vec(), "record");
    let spaced = |d: &mut Draft| {
        let text = String::from_utf8(d.record.clone()).expect("text");
        d.record = text.replacen(':', ": ", 1).into_bytes();
    };
    with("record_not_its_one_encoding", &spaced, "record");
    with("record_of_unknown_kind", &|d| d.record = b"{\"kind\":\"pack\"}".to_vec(), "unknown_kind");
    let day = b"{\"kind\":\"day\",\"v\":2}";
    with("record_of_a_later_manifest", &|d| d.record = day.to_vec(), "version");
    let gap = format!(
        "{{\"kind\":\"gap\",\"day\":\"{DAY}\",\"stream\":\"{STREAM}\",\"from\":0,\"to\":1}}"
    );
    with("record_of_a_gap", &|d| d.record = gap.clone().into_bytes(), "not_a_batch");
}

/// The entry and its batch.
fn batch(case: &mut Case<'_>) {
    let mut with = |name: &str, change: &dyn Fn(&mut Draft)| {
        let mut draft = of_batch(2, 5);
        change(&mut draft);
        case(name, draft.build(), "entry_root");
    };
    with("entry_altered", &|d| d.leaf[0].1 = entry(3));
    with("entry_not_an_event_and_not_in_the_batch", &|d| d.leaf[0].1 = b"hello".to_vec());
    with("salt_altered", &|d| d.leaf[1].1 = hex::encode(salt(3)).into_bytes());
    with("leaf_altered", &|d| {
        *d = d.clone().redacted();
        d.leaf[0].1 = hex::encode([0; 32]).into_bytes();
    });
    with("index_altered", &|d| d.index = "3".into());
    with("index_past_the_batch", &|d| d.index = "5".into());
    with("path_altered", &|d| d.path[1] = "00".repeat(32));
    with("path_reversed", &|d| d.path.reverse());
    with("path_too_short", &|d| drop(d.path.pop()));
    with("path_too_long", &|d| d.path.push("00".repeat(32)));
    with("path_empty", &|d| d.path.clear());
    // The root itself, and an inner node, as if they were leaves.
    let leaves: Vec<Hash> = (0..5).map(|n| salted(&salt(n), &entry(n))).collect();
    with("root_as_leaf", &|d| {
        *d = d.clone().redacted();
        d.leaf[0].1 = hex::encode(tree(&leaves)).into_bytes();
        d.index = "0".into();
        d.path.clear();
    });
    with("inner_node_as_leaf", &|d| {
        *d = d.clone().redacted();
        d.leaf[0].1 = hex::encode(tree(&leaves[..2])).into_bytes();
        d.index = "0".into();
        d.path.remove(0);
    });

    let text = |n| String::from_utf8(entry(n)).expect("text");
    case("bytes_that_are_no_entry", of_bytes(b"not an event").build(), "entry");
    case("entry_not_utf8", of_bytes(b"{\"a\":\"\xff\"}").build(), "entry");
    let spaced = text(0).replacen(':', ": ", 1);
    case("entry_not_its_one_encoding", of_bytes(spaced.as_bytes()).build(), "entry");
    let later = text(0).replacen("\"v\":1", "\"v\":2", 1);
    case("entry_of_version_2", of_bytes(later.as_bytes()).build(), "entry_version");
    for (name, time) in [
        ("entry_before_its_batch", "2026-11-20T08:59:59.999Z"),
        ("entry_after_its_batch", "2026-11-20T09:00:04.001Z"),
    ] {
        let moved = text(0).replace("2026-11-20T09:00:00.000Z", time);
        case(name, of_bytes(moved.as_bytes()).build(), "entry_time");
    }
}
