//! `merkle/` (JSON) and `table/`: many small cases in one file.

use super::Set;
use super::mini::{Hash, b64, consistency, leaf, node, padded, path, sha256, tree};
use super::notes::RFC6962_INPUTS;

pub(super) fn add(set: &mut Set) {
    merkle(set);
    padding(set);
    names(set);
}

fn list(hashes: &[Hash]) -> String {
    let hashes: Vec<_> = hashes.iter().map(|h| format!("\"{}\"", b64(h))).collect();
    format!("[{}]", hashes.join(", "))
}

fn merkle(set: &mut Set) {
    let leaves: Vec<Hash> =
        RFC6962_INPUTS.iter().map(|h| leaf(&hex::decode(h).expect("hexadecimal"))).collect();
    let mut case = |name: &str, json: String, expect: &str| {
        set.case("merkle", &format!("{name}.json"), json, expect, &[]);
    };
    for size in 0..=8 {
        let inputs: Vec<_> = RFC6962_INPUTS[..size].iter().map(|i| format!("\"{i}\"")).collect();
        let root = hex::encode(tree(&leaves[..size]));
        let json = |root: &str| {
            format!(
                "{{\"kind\": \"root\", \"inputs\": [{}], \"root\": \"{root}\"}}\n",
                inputs.join(", ")
            )
        };
        case(&format!("merkle_root_of_{size}"), json(&root), "success");
        if size == 3 {
            let doubled = tree(&[leaves[0], leaves[1], leaves[2], leaves[2]]);
            case("merkle_root_odd_leaf_doubled", json(&hex::encode(doubled)), "root");
            let bare: Vec<_> = RFC6962_INPUTS[..3]
                .iter()
                .map(|i| sha256(&[&hex::decode(i).expect("hexadecimal")]))
                .collect();
            case("merkle_root_without_leaf_prefix", json(&hex::encode(tree(&bare))), "root");
            let flat = node(&leaves[0], &node(&leaves[1], &leaves[2]));
            case("merkle_root_split_on_the_right", json(&hex::encode(flat)), "root");
        }
    }
    let inclusion = |leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash| {
        format!(
            "{{\"kind\": \"inclusion\", \"leaf\": \"{}\", \"index\": {index}, \"size\": {size}, \"proof\": {}, \"root\": \"{}\"}}\n",
            hex::encode(leaf),
            list(proof),
            hex::encode(root)
        )
    };
    let root = tree(&leaves);
    let three = path(3, &leaves);
    case("merkle_inclusion_3_of_8", inclusion(&leaves[3], 3, 8, &three, &root), "success");
    for size in 1..8 {
        let at = size - 1;
        let tree = tree(&leaves[..size]);
        let path = path(at, &leaves[..size]);
        case(
            &format!("merkle_inclusion_{at}_of_{size}"),
            inclusion(&leaves[at], at as u64, size as u64, &path, &tree),
            "success",
        );
    }
    case("merkle_inclusion_other_index", inclusion(&leaves[3], 2, 8, &three, &root), "proof");
    case("merkle_inclusion_other_leaf", inclusion(&leaves[2], 3, 8, &three, &root), "proof");
    case("merkle_inclusion_too_short", inclusion(&leaves[3], 3, 8, &three[..2], &root), "proof");
    case(
        "merkle_inclusion_too_long",
        inclusion(&leaves[3], 3, 8, &[&three[..], &[root]].concat(), &root),
        "proof",
    );
    case("merkle_inclusion_index_is_size", inclusion(&leaves[3], 8, 8, &three, &root), "proof");
    case("merkle_inclusion_in_empty_tree", inclusion(&leaves[3], 0, 0, &[], &leaves[3]), "proof");
    case("merkle_inclusion_other_size", inclusion(&leaves[3], 3, 9, &three, &root), "proof");
    case(
        "merkle_inclusion_of_inner_node",
        inclusion(&node(&leaves[2], &leaves[3]), 1, 4, &three[1..], &root),
        "success",
    );

    let consistent = |old: u64, old_root: &Hash, size: u64, root: &Hash, proof: &[Hash]| {
        format!(
            "{{\"kind\": \"consistency\", \"old_size\": {old}, \"old_root\": \"{}\", \"size\": {size}, \"root\": \"{}\", \"proof\": {}}}\n",
            hex::encode(old_root),
            hex::encode(root),
            list(proof)
        )
    };
    let proof = consistency(3, &leaves, true);
    let old = tree(&leaves[..3]);
    case("merkle_consistency_3_to_8", consistent(3, &old, 8, &root, &proof), "success");
    for size in [1, 2, 4, 5, 6, 7, 8] {
        let old = tree(&leaves[..size]);
        case(
            &format!("merkle_consistency_{size}_to_8"),
            consistent(size as u64, &old, 8, &root, &consistency(size, &leaves, true)),
            "success",
        );
    }
    case("merkle_consistency_0_to_8", consistent(0, &sha256(&[]), 8, &root, &[]), "success");
    case("merkle_consistency_0_with_root", consistent(0, &old, 8, &root, &[]), "proof");
    case("merkle_consistency_0_with_proof", consistent(0, &sha256(&[]), 8, &root, &proof), "proof");
    case("merkle_consistency_same_size_other_root", consistent(8, &old, 8, &root, &[]), "proof");
    case(
        "merkle_consistency_same_size_with_proof",
        consistent(8, &root, 8, &root, &proof),
        "proof",
    );
    case("merkle_consistency_shrinks", consistent(8, &root, 3, &old, &proof), "proof");
    case("merkle_consistency_other_old_root", consistent(3, &leaves[0], 8, &root, &proof), "proof");
    case("merkle_consistency_other_root", consistent(3, &old, 8, &leaves[0], &proof), "proof");
    case("merkle_consistency_other_old_size", consistent(2, &old, 8, &root, &proof), "proof");
    case("merkle_consistency_empty_proof", consistent(3, &old, 8, &root, &[]), "proof");
    case(
        "merkle_consistency_too_long",
        consistent(3, &old, 8, &root, &[&proof[..], &[root]].concat()),
        "proof",
    );
    case("merkle_consistency_too_short", consistent(3, &old, 8, &root, &proof[..3]), "proof");
}

fn padding(set: &mut Set) {
    let mut lens: Vec<usize> = (0..=16).map(|i| i * 511).collect();
    lens.extend([1, 7, 8, 511, 512, 513, 1023, 1024, 1025, 8191, 8192, 8193]);
    for e in 13..=25 {
        let n = 1usize << e;
        lens.extend([n - 1, n, n + 1, n + n / 3, n + n / 2 + 1]);
    }
    lens.extend([100_000, 1_000_000, 33_554_432, 33_685_512]);
    lens.sort_unstable();
    lens.dedup();
    let mut out = String::from("# length\tpadded\n");
    for len in lens {
        out += &format!("{len}\t{}\n", padded(len));
    }
    set.case("table", "padding.tsv", out, "success", &[]);
}

/// Grammars: what a name is and is not, one a line.
fn names(set: &mut Set) {
    let key = format!("entries/2026-11-20/{}/00000007-{}.batch", "ab".repeat(16), "cd".repeat(32));
    let long = |c: &str, n: usize| c.repeat(n);
    let mut rows: Vec<(&str, String, bool)> = vec![];
    let mut say = |grammar: &'static str, good: bool, names: &[&str]| {
        rows.extend(names.iter().map(|n| (grammar, (*n).to_owned(), good)));
    };
    let content = format!("content/2026-11-20/{}/00000007.content", "ab".repeat(16));
    say("content_key", true, &[&content, &content.replace("00000007", "99999999")]);
    say(
        "content_key",
        false,
        &[
            "content/",
            &content.replace("00000007", "7"),
            &content.replace("00000007", "+0000007"),
            &content.replace("abab", "ABab"),
            &content.replace(".content", ".batch"),
            &content.replace(".content", ""),
            &content.replace("2026-11-20", "2026-11-31"),
            &content.replace("content/2026", "entries/2026"),
            &format!("{content}/x"),
            &format!("/{content}"),
        ],
    );
    say("batch_key", true, &[&key, &key.replace("00000007", "99999999")]);
    say(
        "batch_key",
        false,
        &[
            "",
            "entries/",
            &key.replace("00000007", "7"),
            &key.replace("00000007", "000000007"),
            &key.replace("00000007", "+0000007"),
            &key.replace("00000007", "0000000\u{661}"),
            &key.replace("cdcd", "CDcd"),
            &key.replace("abab", "ABab"),
            &key.replace("cdcd", "cd"),
            &key.replace(".batch", ".pack"),
            &key.replace(".batch", ""),
            &key.replace(".batch", ".BATCH"),
            &key.replace("2026-11-20", "2026-11-31"),
            &key.replace("2026-11-20", "2026-1-20"),
            &key.replace("entries/", "Entries/"),
            &key.replace("entries/", "entries//"),
            &format!("{key}/x"),
            &format!("/{key}"),
            &format!("{key}.batch"),
            &key.replace("07-", "07_"),
        ],
    );
    say(
        "origin",
        true,
        &[
            "audit.example.com/acme/prod",
            "a",
            "x_1/y-2",
            &long("o", 128),
            "A/b.c/..d".trim_end_matches("/..d"),
        ],
    );
    say(
        "origin",
        false,
        &[
            "",
            "a//b",
            "a b",
            "a+b",
            "/a",
            "a/",
            "../a",
            "a/.b",
            "https://a",
            "\u{e9}",
            "a\u{7f}",
            &long("o", 129),
        ],
    );
    say("service", true, &["api", "api-gateway.v2_eu", "-", "0", &long("s", 64)]);
    say("service", false, &["", "a/b", ".a", "a b", "a:b", "\u{e9}", &long("s", 65)]);
    say(
        "officer",
        true,
        &[
            "a/officer/dpo",
            "audit.example.com/acme/prod/officer/legal-1",
            "a/officer/officer",
            "a/officer/b/officer/c",
            &format!("{}/officer/x", long("o", 118)),
        ],
    );
    say(
        "officer",
        false,
        &[
            "",
            "dpo",
            "officer/dpo",
            "/officer/dpo",
            "a/officer/",
            "a/officer",
            "a/officers/dpo",
            "a/Officer/dpo",
            "a/officer/.x",
            "a/officer/x/y",
            "a//officer/x",
            "a/officer/x y",
            &format!("{}/officer/x", long("o", 119)),
            &format!("a/officer/{}", long("x", 65)),
        ],
    );
    say("day", true, &["1970-01-01", "2024-02-29", "2000-02-29", "9999-12-31"]);
    say(
        "day",
        false,
        &[
            "",
            "1969-12-31",
            "2025-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-11-00",
            "2026-11-31",
            "2026-1-1",
            "2026/11/20",
            "+026-11-20",
            "20261120",
            "2026-11-20Z",
            "10000-01-01",
            "2026-11-2\u{660}",
        ],
    );
    say(
        "time",
        true,
        &["1970-01-01T00:00:00.000Z", "2026-11-20T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    );
    say(
        "time",
        false,
        &[
            "",
            "2026-11-20T09:00:00Z",
            "2026-11-20T09:00:00.1234Z",
            "2026-11-20t09:00:00.123z",
            "2026-11-20 09:00:00.123Z",
            "2026-11-20T09:00:00.123+",
            "2026-11-20T24:00:00.000Z",
            "2026-11-20T09:60:00.000Z",
            "2026-11-20T23:59:60.000Z",
            "2026-02-30T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2026-11-20T09:00:00,123Z",
            "2026-11-20T09:00:00.123Z0",
        ],
    );
    say("stream", true, &[&"ab".repeat(16), &"0".repeat(32)]);
    say(
        "stream",
        false,
        &["", &"AB".repeat(16), &"ab".repeat(15), &"ab".repeat(17), &"g".repeat(32)],
    );
    say("digest", true, &[&"cd".repeat(32)]);
    say("digest", false, &["", &"CD".repeat(32), &"cd".repeat(31), &"cd".repeat(33)]);
    say("manifest_key", true, &["manifests/2026-11-20.ndjson"]);
    say(
        "manifest_key",
        false,
        &[
            "manifests/2026-11-20",
            "manifests/2026-11-31.ndjson",
            "manifests/first.ndjson",
            "manifests/2026-11-20.ndjson.ndjson",
            "/manifests/2026-11-20.ndjson",
            "manifests/2026-11-20.2.ndjson",
        ],
    );
    say("checkpoint_key", true, &["checkpoints/2026-11-20"]);
    say(
        "checkpoint_key",
        false,
        &[
            "checkpoints/first",
            "checkpoints/2026-11-31",
            "checkpoints/2026-11-20.txt",
            "checkpoint/2026-11-20",
        ],
    );
    let mut out = String::from("# grammar\texpect\ttext\n");
    for (grammar, text, good) in rows {
        out += &format!("{grammar}\t{}\t{text}\n", if good { "yes" } else { "no" });
    }
    set.case("table", "names.tsv", out, "success", &[]);
    let origin = "audit.example.com/acme/prod";
    let head = hex::encode(sha256(&[origin.as_bytes()]));
    set.case("table", "head_key.tsv", format!("{origin}\theads/{head}\n"), "success", &[]);
}
