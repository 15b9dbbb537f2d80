//! `content/`: content objects, good, erased and hostile.

use super::Set;
use super::mini::{Hash, b64, gcm, hkdf32, hmac, leaf, lp, padded, quoted_hex, sha256, tree};

const ORIGIN: &str = "audit.example.com/acme/prod";
const DAY: &str = "2026-11-20";
const STREAM: [u8; 16] = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
const SEQ: u32 = 3;
const ADA: &str = "p1:subject:aaaaaaaa:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const BOB: &str = "p1:subject:aaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const RECEIPT: &str = "0199f0e2-9f00-7000-8000-0000000000ff";

fn counting(first: u8) -> Hash {
    std::array::from_fn(|i| first.wrapping_add(i as u8))
}

fn entry(n: u8) -> String {
    format!("0199f0e2-9f00-7000-8000-0000000000{n:02x}")
}

/// A record's line and the digest of its entry.
#[derive(Clone)]
struct Record {
    line: String,
    digest: Hash,
}

fn record(n: u8, field: &str, json: &str, content: &[u8]) -> Record {
    let (entry, nonce) = (entry(n), counting(n));
    let (before, after) = match json.strip_prefix("\"base64\"") {
        Some(_) => (format!("{json},"), String::new()),
        None => (String::new(), format!(",{json}")),
    };
    let nonce_hex = quoted_hex(&nonce);
    let line = format!(
        "{{{before}\"entry\":\"{entry}\",\"field\":\"{field}\",\"nonce\":{nonce_hex}{after}}}"
    );
    let fixed =
        lp(&[b"dayseal/v1/content-commit", ORIGIN.as_bytes(), entry.as_bytes(), field.as_bytes()]);
    Record { line, digest: hmac(&nonce, &[&fixed, content]) }
}

fn text(n: u8, field: &str, text: &str) -> Record {
    record(n, field, &format!("\"text\":\"{text}\""), text.as_bytes())
}

/// One part, with a handle on every value.
#[derive(Clone)]
struct Piece {
    kind: u8,
    about: String,
    lines: Vec<u8>,
    digests: Vec<Hash>,
    /// In place of what `lines` give.
    plain: Option<Vec<u8>>,
    /// The place whose key encrypts, if not its own.
    key_of: Option<u32>,
    /// In place of the ciphertext.
    ciphertext: Option<Vec<u8>>,
    /// Leaf of a stub.
    leaf: Option<Hash>,
    /// Length of the ciphertext as the part says it.
    says: Option<u32>,
    /// Length of `about` as the part says it.
    says_about: Option<u32>,
}

fn frame(subjects: &[&str], records: &[Record]) -> Piece {
    let quoted: Vec<_> = subjects.iter().map(|s| format!("\"{s}\"")).collect();
    Piece {
        kind: 1,
        about: format!("{{\"records\":{},\"subjects\":[{}]}}", records.len(), quoted.join(",")),
        lines: records.iter().flat_map(|r| [r.line.as_bytes(), b"\n"].concat()).collect(),
        digests: records.iter().map(|r| r.digest).collect(),
        plain: None,
        key_of: None,
        ciphertext: None,
        leaf: None,
        says: None,
        says_about: None,
    }
}

fn packed(lines: &[u8], frame: &[u8]) -> Vec<u8> {
    let lengths = [(lines.len() as u32).to_be_bytes(), (frame.len() as u32).to_be_bytes()].concat();
    let mut plain = [&lengths, frame].concat();
    plain.resize(padded(plain.len()), 0);
    plain
}

fn zstd(lines: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(lines, 3).expect("zstd")
}

impl Piece {
    fn plain(&self) -> Vec<u8> {
        self.plain.clone().unwrap_or_else(|| packed(&self.lines, &zstd(&self.lines)))
    }

    fn bytes(&self, key: impl Fn(u32) -> Hash, place: u32) -> Vec<u8> {
        let plain = if self.kind == 2 { vec![] } else { self.plain() };
        let len = if self.kind == 2 { 0 } else { plain.len() as u32 + 16 };
        let len = self.ciphertext.as_ref().map_or(len, |c| c.len() as u32);
        let head = [
            &[self.kind][..],
            &self.says_about.unwrap_or(self.about.len() as u32).to_be_bytes(),
            &self.says.unwrap_or(len).to_be_bytes(),
            self.about.as_bytes(),
        ]
        .concat();
        let body = match (&self.ciphertext, self.kind) {
            (Some(bytes), _) => bytes.clone(),
            (None, 2) => vec![],
            _ => gcm(&key(self.key_of.unwrap_or(place)), &head, &plain),
        };
        [head, body].concat()
    }

    fn stub(leaf: &Hash, receipt: &str) -> Self {
        let about = format!("{{\"leaf\":{},\"receipt\":\"{receipt}\"}}", quoted_hex(leaf));
        let lines = vec![];
        Self { kind: 2, about, lines, digests: vec![], leaf: Some(*leaf), ..frame(&[], &[]) }
    }
}

type EditHeader = fn(&mut String);

/// An object, honest unless told otherwise.
#[derive(Clone)]
struct Object {
    pieces: Vec<Piece>,
    /// Places whose frames are erased after all is computed.
    erased: Vec<usize>,
    /// Changes the header's text before its mac is made.
    before_mac: Option<EditHeader>,
    /// Changes it after.
    after_mac: Option<EditHeader>,
    /// Changes the parts after all is computed.
    after: Option<fn(&mut Vec<Vec<u8>>)>,
    magic: &'static [u8],
    version: u8,
    header_len: Option<u32>,
    parts_len: Option<u32>,
    trailing: &'static [u8],
}

fn object(pieces: Vec<Piece>) -> Object {
    Object {
        pieces,
        erased: vec![],
        before_mac: None,
        after_mac: None,
        after: None,
        magic: b"DAYCONT",
        version: 1,
        header_len: None,
        parts_len: None,
        trailing: b"",
    }
}

struct Values {
    commitment: Hash,
    mac: Hash,
    root: Hash,
    salt: Hash,
}

fn header(v: &Values, parts: usize) -> String {
    let (commitment, mac) = (quoted_hex(&v.commitment), quoted_hex(&v.mac));
    let (root, salt, stream) = (quoted_hex(&v.root), quoted_hex(&v.salt), quoted_hex(&STREAM));
    let wrapped = b64(&[0xa5; 80]);
    format!(
        "{{\"commitment\":{commitment},\"day\":\"{DAY}\",\"key_id\":\"local:00\",\"mac\":{mac},\
         \"origin\":\"{ORIGIN}\",\"parts\":{parts},\"root\":{root},\"salt\":{salt},\"seq\":{SEQ},\
         \"stream\":{stream},\"wrapped_key\":\"{wrapped}\"}}"
    )
}

impl Object {
    fn build(&self) -> Vec<u8> {
        let (content_key, random) = (counting(0x80), counting(0x20));
        let zero = [0; 32];
        let mut v = Values { commitment: zero, mac: zero, root: zero, salt: zero };
        let count = self.pieces.len();
        let all: Vec<u8> = self
            .pieces
            .iter()
            .filter(|p| p.kind == 1)
            .flat_map(|p| [p.about.clone().into_bytes(), p.plain()].concat())
            .collect();
        let mixing = hkdf32(&content_key, None, b"dayseal/v1/mix-content-salt");
        let draft = sha256(&[header(&v, count).as_bytes()]);
        v.salt = hmac(&mixing, &[&random, &draft, &sha256(&[&all])]);
        let key = |label: &[u8], n: u32| {
            let (seq, n) = (SEQ.to_be_bytes(), n.to_be_bytes());
            let fields: [&[u8]; 6] =
                [b"dayseal/v1/content", label, ORIGIN.as_bytes(), &STREAM, &seq, &n];
            hkdf32(&content_key, Some(&v.salt), &lp(&fields))
        };
        let mut parts: Vec<_> =
            (0u32..).zip(&self.pieces).map(|(i, p)| p.bytes(|n| key(b"frame", n), i)).collect();
        let leaves: Vec<_> =
            self.pieces.iter().zip(&parts).map(|(p, b)| p.leaf.unwrap_or(leaf(b))).collect();
        let (commitment, header_key) = (key(b"commit", 0), key(b"header", 0));
        v.root = tree(&leaves);
        v.commitment = commitment;
        let mut text = header(&v, count);
        if let Some(edit) = self.before_mac {
            edit(&mut text);
        }
        let mac = hmac(&header_key, &[text.as_bytes()]);
        text = text.replacen(
            &format!("\"mac\":{}", quoted_hex(&zero)),
            &format!("\"mac\":{}", quoted_hex(&mac)),
            1,
        );
        if let Some(edit) = self.after_mac {
            edit(&mut text);
        }
        for place in &self.erased {
            parts[*place] = Piece::stub(&leaves[*place], RECEIPT).bytes(|_| [0; 32], 0);
        }
        if let Some(change) = self.after {
            change(&mut parts);
        }
        let parts = parts.concat();
        [
            self.magic,
            &[self.version],
            &self.header_len.unwrap_or(text.len() as u32).to_be_bytes(),
            &self.parts_len.unwrap_or(parts.len() as u32).to_be_bytes(),
            text.as_bytes(),
            &parts,
            self.trailing,
        ]
        .concat()
    }

    fn digests(&self) -> String {
        let left = self.pieces.iter().enumerate().filter(|(i, _)| !self.erased.contains(i));
        let digests: Vec<_> = left.flat_map(|(_, p)| p.digests.iter().map(hex::encode)).collect();
        digests.join(",")
    }
}

fn three() -> Vec<Piece> {
    let binary = [0xff, 0x00, 0x0a];
    let of_nobody =
        record(4, "change.to_content", &format!("\"base64\":\"{}\"", b64(&binary)), &binary);
    vec![
        frame(
            &[ADA],
            &[text(1, "content.input", "Is Ada ill?"), text(1, "content.output", "Yes, Ada is.")],
        ),
        frame(&[ADA, BOB], &[text(2, "content.input", "Does Bob know Ada? Déjà vu.")]),
        frame(&[], &[of_nobody]),
    ]
}

fn one() -> Piece {
    frame(&[ADA], &[text(1, "content.input", "Is Ada ill?")])
}

fn changed(change: impl FnOnce(&mut Piece)) -> Object {
    let mut piece = one();
    change(&mut piece);
    object(vec![piece])
}

fn about(json: impl Into<String>) -> Object {
    changed(|p| p.about = json.into())
}

fn lines(line: &str) -> Object {
    changed(|p| p.lines = format!("{line}\n").into_bytes())
}

fn put(set: &mut Set, name: &str, object: &Object, expect: &str, more: &[(&str, &str)]) {
    let key = hex::encode(counting(0x80));
    let inputs = [&[("content_key", key.as_str())], more].concat();
    set.case("content", &format!("content_{name}"), object.build(), expect, &inputs);
}

pub(super) fn add(set: &mut Set) {
    good(set);
    framing(set);
    headers(set);
    parts(set);
    keys(set);
    contents(set);
    records(set);
}

fn good(set: &mut Set) {
    let random = hex::encode(counting(0x20));
    let mut whole = |name: &str, object: &Object| {
        let digests = object.digests();
        let inputs = [("digests", digests.as_str()), ("stubs", "0"), ("random", &random)];
        put(set, name, object, "success", &inputs);
    };
    whole("one_frame", &object(vec![one()]));
    whole("three_frames", &object(three()));
    whole("empty_text", &object(vec![frame(&[], &[text(1, "content.args", "")])]));
    let image = record(1, "content.output", "\"base64\":\"iVBORw0KGgo=\"", b"\x89PNG\r\n\x1a\n");
    let line = image.line.replace(",\"nonce\"", ",\"media_type\":\"image/png\",\"nonce\"");
    whole("media_type", &object(vec![frame(&[BOB], &[Record { line, ..image }])]));
    let ids: Vec<_> = (0..16).map(|n| format!("{n:02}{}", "x".repeat(254))).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    whole("sixteen_long_subjects", &object(vec![frame(&ids, &[text(1, "content.system", "all")])]));

    let mut erased = |name: &str, subject: &str, places: Vec<usize>| {
        let object = Object { erased: places.clone(), ..object(three()) };
        let (digests, stubs) = (object.digests(), places.len().to_string());
        let inputs = [
            ("digests", digests.as_str()),
            ("stubs", &stubs),
            ("erased_from", "content_three_frames"),
            ("subject", subject),
            ("receipt", RECEIPT),
        ];
        put(set, name, &object, "success", &inputs);
    };
    erased("erased_ada", ADA, vec![0, 1]);
    erased("erased_bob", BOB, vec![1]);
    let all = Object { erased: vec![0, 1, 2], ..object(three()) };
    put(set, "erased_all", &all, "success", &[("digests", ""), ("stubs", "3")]);
}

fn framing(set: &mut Set) {
    let whole = object(three());
    let mut case = |name: &str, o: &Object, expect| put(set, name, o, expect, &[]);
    case("magic_of_a_batch", &Object { magic: b"DAYSEAL", ..whole.clone() }, "framing");
    case("version_2", &Object { version: 2, ..whole.clone() }, "version");
    case("header_too_long", &Object { header_len: Some(16_385), ..whole.clone() }, "framing");
    case("parts_too_long", &Object { parts_len: Some((64 << 20) + 1), ..whole.clone() }, "framing");
    case("trailing_byte", &Object { trailing: b"\0", ..whole.clone() }, "length");
    let cut = |parts: &mut Vec<Vec<u8>>| drop(parts.pop());
    case("last_part_cut_off", &Object { after: Some(cut), ..whole }, "parts");
    let key = hex::encode(counting(0x80));
    set.case("content", "content_short", b"DAYCONT".to_vec(), "framing", &[("content_key", &key)]);
}

fn headers(set: &mut Set) {
    let edits: [(&str, EditHeader); 12] = [
        ("unknown_field", |t| *t = t.replacen("\"mac\"", "\"maa\":1,\"mac\"", 1)),
        ("missing_field", |t| *t = t.replacen("\"day\":\"2026-11-20\",", "", 1)),
        ("order", |t| {
            *t = t.replacen(
                "\"day\":\"2026-11-20\",\"key_id\":\"local:00\"",
                "\"key_id\":\"local:00\",\"day\":\"2026-11-20\"",
                1,
            );
        }),
        ("white_space", |t| t.insert(1, ' ')),
        ("no_parts", |t| *t = t.replacen("\"parts\":1", "\"parts\":0", 1)),
        ("too_many_parts", |t| *t = t.replacen("\"parts\":1", "\"parts\":65537", 1)),
        ("seq_too_large", |t| *t = t.replacen("\"seq\":3", "\"seq\":100000000", 1)),
        ("day_that_is_none", |t| *t = t.replacen("2026-11-20", "2026-11-31", 1)),
        ("key_id_with_space", |t| *t = t.replacen("local:00", "local 00", 1)),
        ("no_wrapped_key", |t| *t = t.replacen(&b64(&[0xa5; 80]), "", 1)),
        ("null", |t| *t = t.replacen("\"seq\":3", "\"seq\":null", 1)),
        ("duplicate_field", |t| *t = t.replacen("\"seq\":3", "\"seq\":3,\"seq\":3", 1)),
    ];
    for (name, edit) in edits {
        let object = Object { before_mac: Some(edit), ..object(vec![one()]) };
        put(set, &format!("header_{name}"), &object, "header", &[]);
    }
}

fn parts(set: &mut Set) {
    let mut part = |name: &str, o: &Object| put(set, &format!("part_{name}"), o, "part", &[]);
    part("unknown_kind", &changed(|p| p.kind = 3));
    part("no_json", &changed(|p| p.about.clear()));
    part("json_too_long", &changed(|p| p.about.insert_str(1, &" ".repeat(16_384))));
    part("json_with_space", &changed(|p| p.about.insert(1, ' ')));
    part("only_a_tag", &changed(|p| p.ciphertext = Some(vec![0; 16])));
    part("ciphertext_past_the_end", &changed(|p| p.says = Some(41_943_040)));
    part("ciphertext_over_40_mib", &changed(|p| p.says = Some(41_943_041)));
    part("json_past_the_end", &changed(|p| p.says_about = Some(16_384)));
    part(
        "cut_prefix",
        &Object { after: Some(|parts| parts[0].truncate(8)), ..object(vec![one()]) },
    );
    part("no_records", &about(format!("{{\"records\":0,\"subjects\":[\"{ADA}\"]}}")));
    part("too_many_records", &about("{\"records\":262145,\"subjects\":[]}"));
    part(
        "subjects_out_of_order",
        &about(format!("{{\"records\":1,\"subjects\":[\"{BOB}\",\"{ADA}\"]}}")),
    );
    part("subject_twice", &about(format!("{{\"records\":1,\"subjects\":[\"{ADA}\",\"{ADA}\"]}}")));
    part("empty_subject", &about("{\"records\":1,\"subjects\":[\"\"]}"));
    part(
        "long_subject",
        &about(format!("{{\"records\":1,\"subjects\":[\"{}\"]}}", "x".repeat(257))),
    );
    let many: Vec<_> = (0..17).map(|n| format!("\"{n:02}\"")).collect();
    part(
        "seventeen_subjects",
        &about(format!("{{\"records\":1,\"subjects\":[{}]}}", many.join(","))),
    );
    part("unknown_field", &about("{\"records\":1,\"subjects\":[],\"tenant\":\"a\"}"));
    part(
        "stub_with_ciphertext",
        &object(vec![Piece {
            ciphertext: Some(vec![0; 17]),
            ..Piece::stub(&counting(1), RECEIPT)
        }]),
    );
    part(
        "stub_with_receipt_of_version_4",
        &object(vec![Piece::stub(&counting(1), "0199f0e2-9f00-4000-8000-0000000000ff")]),
    );
    part("stub_with_capitals", &object(vec![Piece::stub(&counting(1), &RECEIPT.to_uppercase())]));

    let with = |after| Object { after: Some(after), ..object(three()) };
    put(set, "one_part_more", &with(|parts| parts.push(parts[0].clone())), "parts", &[]);
    put(set, "frames_swapped", &with(|parts| parts.swap(0, 1)), "root", &[]);
    let flip = |parts: &mut Vec<Vec<u8>>| {
        let last = parts[1].len() - 1;
        parts[1][last] ^= 1;
    };
    put(set, "ciphertext_changed", &with(flip), "root", &[]);
    let other_stub = |parts: &mut Vec<Vec<u8>>| {
        parts[0] = Piece::stub(&counting(1), RECEIPT).bytes(|_| [0; 32], 0);
    };
    put(set, "stub_of_another_frame", &with(other_stub), "root", &[]);
}

fn keys(set: &mut Set) {
    let whole = object(three());
    let other: [(&str, &str); 1] = [("content_key", &"00".repeat(32))];
    let object_of_another = whole.build();
    set.case("content", "content_other_key", object_of_another, "commitment", &other);
    let edit = |after_mac: EditHeader| Object { after_mac: Some(after_mac), ..whole.clone() };
    put(set, "day_changed", &edit(|t| *t = t.replacen(DAY, "2026-11-21", 1)), "mac", &[]);
    put(set, "key_id_changed", &edit(|t| *t = t.replacen("local:00", "local:01", 1)), "mac", &[]);
    put(
        set,
        "seq_changed",
        &edit(|t| *t = t.replacen("\"seq\":3", "\"seq\":4", 1)),
        "commitment",
        &[],
    );
    // A frame dropped without a stub, number and root made to fit: only the mac tells.
    let two =
        Object {
            after_mac: Some(|t| {
                let whole = object(three()).build();
                let (right, wrong) = (first_leaves(&whole, 2), first_leaves(&whole, 3));
                *t = t
                    .replacen(&hex::encode(tree(&wrong)), &hex::encode(tree(&right)), 1)
                    .replacen("\"parts\":3", "\"parts\":2", 1);
            }),
            after: Some(|parts| drop(parts.pop())),
            ..whole
        };
    put(set, "frame_dropped", &two, "mac", &[]);
    put(set, "key_of_another_place", &changed(|p| p.key_of = Some(1)), "decrypt", &[]);
    put(set, "not_encrypted", &changed(|p| p.ciphertext = Some(p.plain())), "decrypt", &[]);
}

/// Leaves of the first parts of an object.
fn first_leaves(bytes: &[u8], count: usize) -> Vec<Hash> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("4")) as usize;
    let mut at = 16 + number(8);
    (0..count)
        .map(|_| {
            let len = 9 + number(at + 1) + number(at + 5);
            at += len;
            leaf(&bytes[at - len..at])
        })
        .collect()
}

fn contents(set: &mut Set) {
    let good = one().lines;
    let frame = zstd(&good);
    let mut case = |name: &str, plain: Vec<u8>, expect| {
        put(set, &format!("contents_{name}"), &changed(|p| p.plain = Some(plain)), expect, &[]);
    };
    case("short", vec![0; 7], "contents.short");
    case("no_lines", packed(&[], &frame), "contents.lengths");
    case("not_padded", packed(&good, &frame)[..8 + frame.len()].to_vec(), "contents.padding");
    let mut zeros = packed(&good, &frame);
    *zeros.last_mut().expect("padding") = 1;
    case("padding_not_zero", zeros, "contents.zeros");
    case("two_frames", packed(&good, &[frame.clone(), zstd(b"")].concat()), "contents.frame");
    case("declares_another_length", packed(&good[1..], &frame), "contents.declared");
    let without_end = &good[..good.len() - 1];
    case("no_newline", packed(without_end, &zstd(without_end)), "contents.count");
    let doubled = frame_of_two();
    case("one_record_too_many", packed(&doubled, &zstd(&doubled)), "contents.count");
}

fn frame_of_two() -> Vec<u8> {
    frame(&[], &[text(1, "content.input", "a"), text(2, "content.input", "b")]).lines
}

fn records(set: &mut Set) {
    let line = text(1, "content.input", "a").line;
    let mut case = |name: &str, line: &str| {
        put(set, &format!("record_{name}"), &lines(line), "record", &[]);
    };
    case("empty", "");
    case("not_json", "{");
    case("white_space", &line.replacen('{', "{ ", 1));
    case("unknown_field", &line.replacen(",\"text\"", ",\"tenant\":\"a\",\"text\"", 1));
    case("text_and_base64", &line.replacen('{', "{\"base64\":\"YQ==\",", 1));
    case("neither", &line.replacen(",\"text\":\"a\"", "", 1));
    case(
        "unused_bits",
        &line.replacen('{', "{\"base64\":\"YR==\",", 1).replacen(",\"text\":\"a\"", "", 1),
    );
    case("escaped_letter", &line.replacen("\"text\":\"a\"", "\"text\":\"\\u0061\"", 1));
    case("unknown_item", &line.replacen("content.input", "content.inputs", 1));
    case("entry_of_version_4", &line.replacen("-7000-", "-4000-", 1));
    case("empty_media_type", &line.replacen(",\"nonce\"", ",\"media_type\":\"\",\"nonce\"", 1));
    case("short_nonce", &line.replacen(&hex::encode(counting(1)), "00", 1));
    let again = text(1, "content.input", "another");
    put(set, "twice", &object(vec![one(), frame(&[BOB], &[again])]), "twice", &[]);
}
