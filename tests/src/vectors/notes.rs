//! `note/`, `vkey/`, `checkpoint/`, `proof/`: what is signed and what leads to it.

use super::Set;
use super::mini::{Hash, Key, b64, leaf, path, sha256, signature_line, tree, vkey};

const ORIGIN: &str = "audit.example.com/acme/prod";
/// The example of c2sp.org/signed-note.
const C2SP_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const C2SP_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
/// A C2SP cosignature (type 0x04) of `witness.example.net/w1` on the checkpoint of eight leaves.
const WITNESS: &str = "\u{2014} witness.example.net/w1 ZpvilAAAAABpVbkA55AoWVHrYwA+rxtxVZm8Hv4ZI6Fb6PwhYtsIiIFi1EVlRNhR9FnNWkxRK3opTmnWYqB/eYqlV1IGfWxkQbokBg==\n";

/// Inputs of the certificate-transparency test vectors.
pub(super) const RFC6962_INPUTS: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

fn key() -> Key {
    Key::counting(ORIGIN, 0)
}

fn other_key() -> Key {
    Key::counting(ORIGIN, 0x80)
}

fn inputs() -> Vec<Vec<u8>> {
    RFC6962_INPUTS.iter().map(|h| hex::decode(h).expect("hexadecimal")).collect()
}

fn text(size: &str, root: &str) -> String {
    format!("{ORIGIN}\n{size}\n{root}\n")
}

fn head(leaves: usize) -> String {
    let leaves: Vec<_> = inputs()[..leaves].iter().map(|i| leaf(i)).collect();
    text(&leaves.len().to_string(), &b64(&tree(&leaves)))
}

pub(super) fn add(set: &mut Set) {
    notes(set);
    vkeys(set);
    checkpoints(set);
    proofs(set);
}

fn notes(set: &mut Set) {
    let mut c2sp = |name: &str, note: &str, expect: &str| {
        set.case("note", &format!("note_{name}"), note, expect, &[("vkey", C2SP_VKEY)]);
    };
    c2sp("c2sp_example", C2SP_NOTE, "success");
    c2sp("text_altered", &C2SP_NOTE.replace("example m", "exemple m"), "bad_signature");
    c2sp("signature_altered", &C2SP_NOTE.replace("Uw2QOkn8", "Uw2QOkn9"), "bad_signature");
    c2sp("key_id_altered", &C2SP_NOTE.replace("Uw2QOkn8", "Vw2QOkn8"), "unsigned");
    c2sp(
        "key_name_altered",
        &C2SP_NOTE.replace("\u{2014} example.com/foo", "\u{2014} example.com/bar"),
        "unsigned",
    );
    c2sp("c2sp_example_crlf", &C2SP_NOTE.replace('\n', "\r\n"), "note");

    let (key, other) = (key(), other_key());
    let vkey_text = key.vkey();
    let mut case = |name: &str, note: Vec<u8>, expect: &str| {
        set.case("note", &format!("note_{name}"), note, expect, &[("vkey", &vkey_text)]);
    };
    let t = "first line\n\nthird line, \u{e9}\n";
    let line = key.line(t);
    let note = |lines: &str| format!("{t}\n{lines}").into_bytes();
    case("text_with_empty_line", note(&line), "success");
    case("unknown_key_ignored", note(&(other.line(t) + &line)), "success");
    case(
        "unknown_type_ignored",
        note(&(signature_line(ORIGIN, &[1, 2, 3, 4], &[9; 2424]) + &line)),
        "success",
    );
    case("signature_twice", note(&line.repeat(2)), "success");
    case("64_signatures", note(&(other.line(t).repeat(63) + &line)), "success");
    case("65_signatures", note(&(other.line(t).repeat(64) + &line)), "note");
    case(
        "good_and_bad_by_one_key",
        note(&(line.clone() + &signature_line(ORIGIN, &key.id(), &[0; 64]))),
        "bad_signature",
    );
    case("only_unknown_keys", note(&other.line(t)), "unsigned");
    case("signature_of_another_text", note(&key.line("another\n")), "bad_signature");
    case("signature_of_text_without_newline", note(&key.line(t.trim_end())), "bad_signature");
    case(
        "signature_of_63_bytes",
        note(&signature_line(ORIGIN, &key.id(), &key.signature(t)[..63])),
        "bad_signature",
    );
    case(
        "signature_of_65_bytes",
        note(&signature_line(ORIGIN, &key.id(), &[&key.signature(t)[..], &[0]].concat())),
        "bad_signature",
    );
    case(
        "signature_s_not_reduced",
        note(&signature_line(ORIGIN, &key.id(), &plus_order(key.signature(t)))),
        "bad_signature",
    );
    case("no_signature", format!("{t}\n").into_bytes(), "note");
    case("no_empty_line", b"text\n".to_vec(), "note");
    case("no_bytes", vec![], "note");
    case("no_newline_at_the_end", note(line.trim_end()), "note");
    case("newline_too_many_at_the_end", note(&(line.clone() + "\n")), "note");
    case("empty_line_between_signatures", note(&format!("{line}\n{line}")), "bad_signature");
    case("hyphen_for_dash", note(&line.replace('\u{2014}', "-")), "note");
    case("two_spaces", note(&line.replace("prod ", "prod  ")), "note");
    case("line_without_value", note(&format!("\u{2014} {ORIGIN}\n")), "note");
    case("value_not_base64", note(&format!("\u{2014} {ORIGIN} ?\n")), "note");
    case("value_unpadded", note(&format!("\u{2014} {ORIGIN} AAAAAAA\n")), "note");
    case("value_with_loose_bits", note(&format!("{line}\u{2014} other AAAAAAB=\n")), "note");
    case("value_of_4_bytes", note(&format!("{line}\u{2014} other AAAAAA==\n")), "note");
    case("name_empty", note(&format!("{line}\u{2014}  AAAAAAA=\n")), "note");
    case("name_with_plus", note(&format!("{line}\u{2014} a+b AAAAAAA=\n")), "note");
    case("control_character", format!("a\u{1}\n\n{}", key.line("a\u{1}\n")).into_bytes(), "note");
    case("tab", format!("a\tb\n\n{}", key.line("a\tb\n")).into_bytes(), "note");
    case("carriage_return", format!("a\r\n\n{}", key.line("a\r\n")).into_bytes(), "note");
    case("not_utf8", [b"a\xff\n\n", key.line("a\n").as_bytes()].concat(), "note");

    // A key of small order: this one signature fits every text.
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = vkey(ORIGIN, &identity);
    let mut signature = [0; 64];
    signature[0] = 1;
    let line = signature_line(ORIGIN, &super::mini::key_id(ORIGIN, &identity), &signature);
    set.case("note", "note_key_of_small_order", note(&line), "bad_signature", &[("vkey", &weak)]);
}

/// The same signature with S + L for S: RFC 8032 section 5.1.7 refuses it.
fn plus_order(mut signature: [u8; 64]) -> [u8; 64] {
    const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let mut carry = 0u16;
    for (s, l) in signature[32..].iter_mut().zip(hex::decode(L).expect("hexadecimal")) {
        let sum = u16::from(*s) + u16::from(l) + carry;
        (*s, carry) = (sum as u8, sum >> 8);
    }
    signature
}

fn vkeys(set: &mut Set) {
    let good = key().vkey();
    let mut case = |name: &str, text: &str, expect: &str| {
        set.case("vkey", &format!("vkey_{name}"), text, expect, &[]);
    };
    case("c2sp_example", C2SP_VKEY, "success");
    case("own", &good, "success");
    case("no_bytes", "", "vkey");
    case("two_parts", "example.com/foo+530d903a", "vkey");
    case("hash_of_other_name", &good.replace("acme/prod", "acme/test"), "vkey");
    case("hash_altered", &good.replace("+db22d6f9+", "+db22d6f8+"), "vkey");
    case("hash_upper_case", &good.replace("+db22d6f9+", "+DB22D6F9+"), "vkey");
    case("hash_too_short", &good.replace("+db22d6f9+", "+db22d6+"), "vkey");
    case("key_too_short", "a+00000000+AQ==", "vkey");
    case(
        "witness_type_4",
        "witness.example.net/w1+669be294+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X",
        "vkey",
    );
    case("name_empty", &good[ORIGIN.len()..], "vkey");
    case("name_with_space", &good.replace("acme/prod", "acme prod"), "vkey");
    case("newline_at_the_end", &format!("{good}\n"), "vkey");
    // y = 2 is on no point of the curve.
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    case("key_not_on_the_curve", &vkey(ORIGIN, &off_curve), "vkey");
}

fn checkpoints(set: &mut Set) {
    let (key, other) = (key(), other_key());
    let vkey_text = key.vkey();
    let mut case = |name: &str, note: &str, expect: &str, more: &[(&str, &str)]| {
        let inputs = [&[("origin", ORIGIN), ("vkey", vkey_text.as_str())], more].concat();
        set.case("checkpoint", &format!("checkpoint_{name}"), note, expect, &inputs);
    };
    let signed = |t: &str| key.note(t);
    let eight = head(8);
    let root = eight.lines().nth(2).expect("three lines").to_owned();
    let root_hex = hex::encode(tree(&inputs().iter().map(|i| leaf(i)).collect::<Vec<_>>()));
    let empty_hex = hex::encode(sha256(&[]));
    case(
        "first",
        &signed(&text("0", &b64(&sha256(&[])))),
        "success",
        &[("size", "0"), ("root", &empty_hex)],
    );
    case("eight_leaves", &signed(&eight), "success", &[("size", "8"), ("root", &root_hex)]);
    case("cosigned", &(signed(&eight) + WITNESS), "success", &[("size", "8"), ("root", &root_hex)]);
    case(
        "greatest_size",
        &signed(&text("18446744073709551615", &root)),
        "success",
        &[("size", "18446744073709551615"), ("root", &root_hex)],
    );
    let mut bad = |name: &str, note: &str, expect: &str| case(name, note, expect, &[]);
    bad("bad_signature", &signed(&eight).replace("\n8\n", "\n9\n"), "bad_signature");
    bad("root_altered", &signed(&eight).replace("Xcna", "Xcnb"), "bad_signature");
    bad("signed_by_another_key", &other.note(&eight), "unsigned");
    bad("only_cosigned", &format!("{eight}\n{WITNESS}"), "unsigned");
    bad("unsigned", &eight, "note");
    let foreign = eight.replace("acme/prod", "acme/test");
    bad("other_origin", &signed(&foreign), "other_origin");
    bad("leading_zero", &signed(&text("08", &root)), "checkpoint");
    bad("size_with_plus", &signed(&text("+8", &root)), "checkpoint");
    bad("size_negative", &signed(&text("-8", &root)), "checkpoint");
    bad("size_in_hexadecimal", &signed(&text("0x8", &root)), "checkpoint");
    bad("size_empty", &signed(&text("", &root)), "checkpoint");
    bad("size_with_space", &signed(&text("8 ", &root)), "checkpoint");
    bad("size_over_u64", &signed(&text("18446744073709551616", &root)), "checkpoint");
    bad("root_too_short", &signed(&text("8", &b64(&[0; 31]))), "checkpoint");
    bad("root_too_long", &signed(&text("8", &b64(&[0; 33]))), "checkpoint");
    bad("root_in_hexadecimal", &signed(&text("8", &root_hex)), "checkpoint");
    bad("root_unpadded", &signed(&text("8", root.trim_end_matches('='))), "checkpoint");
    bad("root_with_loose_bits", &signed(&text("8", &root.replace("g=", "h="))), "checkpoint");
    bad("extension_line", &signed(&format!("{eight}extension\n")), "checkpoint");
    bad("two_lines", &signed(&format!("{ORIGIN}\n8\n")), "checkpoint");
    bad("origin_not_a_name", &signed(&eight.replace("acme/prod", "acme prod")), "checkpoint");
    bad("crlf", &signed(&eight).replace('\n', "\r\n"), "note");
    bad("no_bytes", "", "note");
}

fn proofs(set: &mut Set) {
    let (key, other) = (key(), other_key());
    let vkey_text = key.vkey();
    let inputs = inputs();
    let leaves: Vec<Hash> = inputs.iter().map(|i| leaf(i)).collect();
    let proof = |index: &str, path: &[Hash], checkpoint: &str| {
        let path: String = path.iter().map(|h| b64(h) + "\n").collect();
        format!("c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{checkpoint}")
    };
    let mut case = |name: &str, text: &[u8], record: &str, expect: &str| {
        let inputs = [("origin", ORIGIN), ("vkey", vkey_text.as_str()), ("record", record)];
        set.case("proof", &format!("proof_{name}.tlog-proof"), text, expect, &inputs);
    };
    let eight = key.note(&head(8));
    for i in [0, 3, 7] {
        let text = proof(&i.to_string(), &path(i, &leaves), &eight);
        case(&format!("leaf_{i}_of_8"), text.as_bytes(), RFC6962_INPUTS[i], "success");
    }
    case(
        "leaf_4_of_5",
        proof("4", &path(4, &leaves[..5]), &key.note(&head(5))).as_bytes(),
        "3031",
        "success",
    );
    case("only_leaf", proof("0", &[], &key.note(&head(1))).as_bytes(), "", "success");
    case(
        "cosigned",
        proof("3", &path(3, &leaves), &(eight.clone() + WITNESS)).as_bytes(),
        "2021",
        "success",
    );

    let three = path(3, &leaves);
    let good = proof("3", &three, &eight);
    let mut bad =
        |name: &str, text: &str, expect: &str| case(name, text.as_bytes(), "2021", expect);
    bad("other_index", &proof("2", &three, &eight), "root");
    bad("index_past_the_end", &proof("8", &three, &eight), "root");
    bad("index_greatest", &proof("18446744073709551615", &three, &eight), "root");
    bad("hash_missing", &proof("3", &three[..2], &eight), "root");
    bad("hash_too_many", &proof("3", &[&three[..], &[[0; 32]]].concat(), &eight), "root");
    bad("hash_altered", &proof("3", &[three[0], [0; 32], three[2]], &eight), "root");
    bad("path_reversed", &proof("3", &[three[2], three[1], three[0]], &eight), "root");
    bad("no_hashes", &proof("3", &[], &eight), "root");
    bad("of_an_inner_node", &proof("1", &three[1..], &eight), "root");
    bad("of_another_tree_size", &proof("3", &three, &key.note(&head(7))), "root");
    bad("65_hashes", &proof("3", &vec![[0; 32]; 65], &eight), "proof");
    bad("index_leading_zero", &proof("03", &three, &eight), "proof");
    bad("index_with_plus", &proof("+3", &three, &eight), "proof");
    bad("index_over_u64", &proof("18446744073709551616", &three, &eight), "proof");
    bad("index_empty", &proof("", &three, &eight), "proof");
    bad("hash_of_31_bytes", &good.replacen(&b64(&three[0]), &b64(&three[0][..31]), 1), "proof");
    bad("hash_with_loose_bits", &good.replacen("f+c=", "f+d=", 1), "proof");
    bad("hash_unpadded", &good.replacen("f+c=", "f+c", 1), "proof");
    bad("extra_line", &good.replacen("index", "extra AA==\nindex", 1), "proof");
    bad("version_2", &good.replacen("@v1", "@v2", 1), "proof");
    bad("crlf", &good.replace('\n', "\r\n"), "proof");
    bad("no_index", &good.replacen("index 3\n", "", 1), "proof");
    bad("no_empty_line", &good.replacen("\n\n", "\n", 1), "proof");
    bad("no_checkpoint", good.split_once("\n\n").expect("an empty line").0, "proof");
    bad("no_bytes", "", "proof");
    bad("checkpoint_bad_signature", &good.replace("\n8\n", "\n9\n"), "bad_signature");
    bad("checkpoint_by_another_key", &proof("3", &three, &other.note(&head(8))), "unsigned");
    let foreign = head(8).replace("acme/prod", "acme/test");
    bad("checkpoint_of_another_origin", &proof("3", &three, &key.note(&foreign)), "other_origin");
    bad("checkpoint_unsigned", &proof("3", &three, &head(8)), "note");
    case("other_record", good.as_bytes(), "2022", "root");
    case("not_utf8", &[good.as_bytes(), b"\xff"].concat(), "2021", "proof");
}
