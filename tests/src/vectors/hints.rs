//! `hints` and `index`: from entries to the bytes of a header's hints, and hostile ones. Sets are made as text of
//! ones and zeros, another way than the code's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Set;
use super::mini::{Hash, gcm, hkdf32, hmac, lp, sha256};

const ORIGIN: &str = "audit.example.com/acme/prod";
const LABEL: &[u8] = b"dayseal/v1/hints";
const STREAM: [u8; 16] = [0x11; 16];
const SEQ: u32 = 7;
/// The class of each field, in the order of their numbers.
const CLASSES: [u8; 20] = [1, 1, 1, 1, 1, 2, 1, 1, 2, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 3];

fn secret() -> Vec<u8> {
    (0..32).collect()
}

fn key(use_: &[u8]) -> Hash {
    hkdf32(&secret(), None, &lp(&[LABEL, use_, ORIGIN.as_bytes()]))
}

/// The values of one entry by the number of their field.
fn values(entry: &Value) -> Vec<(usize, String)> {
    let at = |path: &str| entry.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let mut out = Vec::new();
    let kind = at("/type").expect("an entry has a type");
    out.extend(kind.match_indices('.').map(|(dot, _)| (0, kind[..=dot].to_owned())));
    out.push((0, kind));
    for (field, path) in [
        (1, "/action"),
        (2, "/actor/id"),
        (3, "/actor/type"),
        (4, "/actor/on_behalf_of"),
        (5, "/actor/session"),
        (6, "/privacy/subject"),
        (7, "/oversight/reviewer"),
        (8, "/resource/id"),
        (8, "/resource/type"),
        (9, "/outcome"),
        (10, "/severity"),
        (11, "/trace/trace_id"),
        (12, "/correlation/conversation"),
        (13, "/correlation/job"),
        (14, "/agent/id"),
        (14, "/agent/name"),
        (14, "/agent/instance"),
        (15, "/ai/provider"),
        (16, "/ai/model_requested"),
        (16, "/ai/model_answered"),
        (16, "/ai/model_version"),
        (18, "/tenant"),
    ] {
        out.extend(at(path).map(|text| (field, text)));
    }
    if let Some(safety) = entry.get("safety") {
        let passed = safety["passed"] == Value::Bool(true);
        out.push((17, if passed { "passed" } else { "failed" }.to_owned()));
        let detectors = safety.get("detectors").and_then(Value::as_array);
        out.extend(
            detectors.into_iter().flatten().filter_map(|d| Some((17, d.as_str()?.to_owned()))),
        );
    }
    for (name, value) in entry.get("labels").and_then(Value::as_object).into_iter().flatten() {
        out.push((19, name.clone()));
        out.push((19, format!("{name}={}", value.as_str().unwrap_or_default())));
    }
    out
}

fn size(n: usize, p: u32) -> usize {
    if n == 0 { 0 } else { 3 + (n * (p as usize + 2)).div_ceil(8) }
}

/// The field with the largest size among some; of equals the greater number.
fn largest(sizes: impl Iterator<Item = (usize, usize)>) -> usize {
    sizes.map(|(field, size)| (size, field)).max().expect("there is one").1
}

fn plaintext(lines: &[String]) -> Vec<u8> {
    let entries = lines.len() as u32;
    let mut fields: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for line in lines {
        for (field, value) in values(&serde_json::from_str(line).expect("JSON")) {
            fields.entry(field).or_default().insert(value);
        }
    }
    let n = |field: usize| fields.get(&field).map_or(0, BTreeSet::len);
    let tenants = &fields[&18];
    let mut out = vec![255];
    if tenants.len() <= 16 && tenants.iter().map(|t| t.len() + 2).sum::<usize>() <= 512 {
        out = vec![tenants.len() as u8];
        let mut sorted: Vec<_> = tenants.iter().collect();
        sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        sorted.into_iter().for_each(|t| out.extend(lp(&[t.as_bytes()])));
    }
    let room = 3_840 - out.len() - 8;
    let floor = |f: usize| if CLASSES[f] == 1 { 7 } else { 4 };
    let mut plan: BTreeMap<usize, u32> =
        (0..20).filter(|f| n(*f) <= 5_113).map(|f| (f, floor(f))).collect();
    let total =
        |plan: &BTreeMap<usize, u32>| plan.iter().map(|(f, p)| size(n(*f), *p)).sum::<usize>();
    for class in [3, 2] {
        while total(&plan) > room {
            let sizes = plan.iter().map(|(f, p)| (*f, size(n(*f), *p)));
            let large: Vec<_> = sizes.filter(|(f, s)| CLASSES[*f] == class && *s > 100).collect();
            if large.is_empty() {
                break;
            }
            plan.remove(&largest(large.into_iter()));
        }
    }
    if total(&plan) > room {
        plan.values_mut().for_each(|p| *p = 4);
    }
    while total(&plan) > room {
        let out = largest(plan.iter().map(|(f, p)| (*f, size(n(*f), *p))));
        plan.remove(&out);
    }
    let floors = plan.clone();
    plan.values_mut().for_each(|p| *p = 12);
    while total(&plan) > room {
        let over = plan.iter().filter(|(f, p)| n(**f) > 0 && **p > floors[*f]);
        let field = largest(over.map(|(f, p)| (*f, size(n(*f), *p))));
        *plan.get_mut(&field).expect("in the plan") -= 1;
    }
    let mask = |some: &dyn Fn(usize) -> bool| {
        plan.keys().filter(|f| some(**f)).map(|f| 1u32 << f).sum::<u32>().to_be_bytes()
    };
    out.extend(mask(&|_| true));
    out.extend(mask(&|f| n(f) > 0));
    for (field, p) in plan.iter().filter(|(f, _)| n(**f) > 0) {
        out.extend((n(*field) as u16).to_be_bytes());
        out.push(*p as u8);
        out.extend(set(&fields[field], *field as u8, *p, entries));
    }
    out.resize(out.len().div_ceil(256) * 256, 0);
    out
}

/// The bits of a set.
fn set(values: &BTreeSet<String>, field: u8, p: u32, entries: u32) -> Vec<u8> {
    let token_key = key(b"token");
    let range = (values.len() as u128) << p;
    let mut places: Vec<u128> = values
        .iter()
        .map(|value| {
            let tag = hmac(&token_key, &[&context(entries), &[field], value.as_bytes()]);
            let token = u64::from_be_bytes(tag[..8].try_into().expect("8 bytes"));
            u128::from(token) * range / (1 << 64)
        })
        .collect();
    places.sort_unstable();
    let (mut bits, mut before) = (String::new(), 0);
    for place in places {
        let step = place - before;
        before = place;
        bits += &"1".repeat((step >> p) as usize);
        bits += &format!("0{:0width$b}", step % (1 << p), width = p as usize);
    }
    bits += &"0".repeat((8 - bits.len() % 8) % 8);
    let byte = |b: &[u8]| b.iter().fold(0u8, |n, bit| n << 1 | (bit - b'0'));
    bits.as_bytes().chunks(8).map(byte).collect()
}

fn seal(plain: &[u8], entries: u32) -> Vec<u8> {
    let iv = hmac(&key(b"synthetic-iv"), &[&context(entries), plain]);
    seal_with(plain, entries, &iv[..16])
}

fn context(entries: u32) -> Vec<u8> {
    let named = lp(&[LABEL, ORIGIN.as_bytes()]);
    [&named[..], &STREAM, &SEQ.to_be_bytes(), &entries.to_be_bytes()].concat()
}

fn seal_with(plain: &[u8], entries: u32, iv: &[u8]) -> Vec<u8> {
    // HKDF-Expand to one block: T(1) = HMAC(key, info || 0x01).
    let one = hmac(&key(b"seal"), &[&lp(&[LABEL, b"one"]), iv, &[1]]);
    let aad = [&[1], &context(entries)[..], iv].concat();
    [&[1], iv, &gcm(&one, &aad, plain)].concat()
}

fn entry(n: usize, more: &str, tenant: &str) -> String {
    let outcome = ["success", "failure"][n % 2];
    format!(
        r#"{{"action":"open","actor":{{"id":"u-{}","type":"user"}},{more}"id":"019aa0f2-0000-7000-8000-{n:012x}","logged_time":"2026-11-20T12:00:00.000Z","outcome":"{outcome}","service":{{"name":"video-api"}},"tenant":"{tenant}","time":"2026-11-20T12:00:00.000Z","type":"data.read","v":1}}"#,
        n % 7,
    )
}

/// An entry with a value in each field.
fn full() -> String {
    concat!(
        r#"{"action":"ch\"at","actor":{"id":"p1:actor:aaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","on_behalf_of":"boss","session":"s-1","type":"agent"},"#,
        r#""agent":{"id":"a-1","instance":"i-1","name":"planner"},"ai":{"model_answered":"m-2","model_requested":"m-1","model_version":"m-3","provider":"kling"},"#,
        r#""correlation":{"conversation":"c-1","job":"j-1"},"id":"019aa0f2-0000-7000-8000-000000000001","labels":{"department":"finance","note":"a=b"},"#,
        r#""logged_time":"2026-11-20T12:00:00.000Z","outcome":"blocked","oversight":{"reviewer":"rev-1"},"privacy":{"subject":"sub-1"},"#,
        r#""resource":{"id":"v:1","type":"video"},"safety":{"detectors":["pii","toxicity"],"passed":false},"service":{"name":"video-api"},"severity":"high","#,
        r#""tenant":"münchen","time":"2026-11-20T12:00:00.000Z","trace":{"trace_id":"t-1"},"type":"ai.generation.blocked","v":1}"#
    )
    .to_owned()
}

/// Entries with this many labels and detectors each.
fn crowded(entries: usize, each: usize) -> Vec<String> {
    let list = |n: usize, form: &dyn Fn(usize) -> String| {
        (0..each).map(|i| form(n * each + i)).collect::<Vec<_>>().join(",")
    };
    (0..entries)
        .map(|n| {
            let labels = list(n, &|i| format!(r#""l{}":"{i}""#, i % each));
            let detectors = list(n, &|i| format!(r#""d{i}""#));
            let more = format!(
                r#""labels":{{{labels}}},"safety":{{"detectors":[{detectors}],"passed":true}},"#
            );
            entry(n, &more, "acme")
        })
        .collect()
}

fn good(set: &mut Set, name: &str, lines: &[String]) -> Vec<u8> {
    let entries = lines.len() as u32;
    let sealed = seal(&plaintext(lines), entries);
    let file = format!("{name}.ndjson");
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    set.case("hints", &file, text, "lines", &[]);
    put(set, name, sealed.clone(), "success", entries, &[("lines", &file)]);
    sealed
}

fn put(
    set: &mut Set,
    name: &str,
    bytes: Vec<u8>,
    expect: &str,
    entries: u32,
    more: &[(&str, &str)],
) {
    let (secret, stream) = (hex::encode(secret()), hex::encode(STREAM));
    let (seq, entries) = (SEQ.to_string(), entries.to_string());
    let mut inputs = vec![
        ("origin", ORIGIN),
        ("secret", secret.as_str()),
        ("stream", &stream),
        ("seq", &seq),
        ("entries", &entries),
    ];
    inputs.extend_from_slice(more);
    set.case("hints", name, bytes, expect, &inputs);
}

pub(super) fn add(set: &mut Set) {
    let one = good(set, "hints_one_entry", &[entry(1, "", "default")]);
    good(set, "hints_every_field", &[full()]);
    let tenants = |n: usize| (0..n).map(|i| entry(i, "", &format!("t{i}"))).collect::<Vec<_>>();
    good(set, "hints_16_tenants", &tenants(16));
    good(set, "hints_17_tenants", &tenants(17));
    let long =
        |n: usize| (0..2).map(|i| entry(i, "", &i.to_string().repeat(n))).collect::<Vec<_>>();
    good(set, "hints_tenants_of_512_bytes", &long(254));
    good(set, "hints_tenants_of_514_bytes", &long(255));
    // Precisions shared out; labels give way; detectors alone go below the floor of their class; they do not fit at all.
    good(set, "hints_shared_out", &crowded(56, 32));
    good(set, "hints_labels_give_way", &crowded(80, 32));
    good(set, "hints_below_the_floor", &crowded(110, 32));
    good(set, "hints_too_many_detectors", &crowded(165, 32));
    // Equal sizes: of two the one with the greater number gives first.
    let pairs: Vec<_> = (0..740)
        .map(|n| {
            let more = format!(
                r#""correlation":{{"conversation":"c{n}","job":"j{n}"}},"trace":{{"trace_id":"t{n}"}},"#
            );
            entry(n, &more, "acme")
        })
        .collect();
    good(set, "hints_equal_sizes", &pairs);
    hostile(set, &one);
    indexes(set, &one);
}

fn hostile(set: &mut Set, one: &[u8]) {
    let change = |at: usize| {
        let mut bytes = one.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    put(set, "hints_no_bytes", Vec::new(), "length", 1, &[]);
    put(set, "hints_version_2", [&[2], &one[1..]].concat(), "version", 1, &[]);
    put(set, "hints_version_byte_alone", vec![1], "length", 1, &[]);
    put(set, "hints_cut_by_one", one[..one.len() - 1].to_vec(), "length", 1, &[]);
    put(set, "hints_one_byte_more", [one, &[0]].concat(), "length", 1, &[]);
    put(set, "hints_iv_altered", change(1), "sealed", 1, &[]);
    put(set, "hints_ciphertext_altered", change(40), "sealed", 1, &[]);
    put(set, "hints_tag_altered", change(one.len() - 1), "sealed", 1, &[]);
    put(set, "hints_of_two_entries", one.to_vec(), "sealed", 2, &[]);
    let plain = plaintext(&[entry(1, "", "default")]);
    put(set, "hints_iv_of_nothing", seal_with(&plain, 1, &[7; 16]), "sealed", 1, &[]);
    put(set, "hints_no_plaintext", seal(&[], 1), "length", 1, &[]);
    put(set, "hints_over_3840_bytes", seal(&[0; 4_096], 1), "length", 1, &[]);
    let empty = |tenants: &[u8], covered: u32, filled: u32, sets: &[u8]| {
        let mut plain = tenants.to_vec();
        plain.extend(covered.to_be_bytes());
        plain.extend(filled.to_be_bytes());
        plain.extend(sets);
        plain.resize(plain.len().div_ceil(256) * 256, 0);
        plain
    };
    put(set, "hints_nothing_covered", seal(&empty(&[0], 0, 0, &[]), 1), "success", 1, &[]);
    let longest = lp(&[&[b'x'; 510]]);
    let fits = [&[1], &longest[..]].concat();
    put(set, "hints_tenant_of_510_bytes", seal(&empty(&fits, 0, 0, &[]), 1), "success", 1, &[]);
    let mut spare = empty(&[0], 0, 0, &[]);
    spare.resize(512, 0);
    let over = [&[1], &lp(&[&[b'x'; 511]])[..]].concat();
    let sixteen: Vec<u8> = (b'a'..=b'q').flat_map(|c| lp(&[&[c]])).collect();
    for (name, plain) in [
        ("hints_256_zeros_more", spare),
        ("hints_last_byte_not_zero", empty(&[0], 0, 0, &[[0; 246].as_slice(), &[1]].concat())),
        ("hints_17_tenants_named", empty(&[&[17], &sixteen[..]].concat(), 0, 0, &[])),
        ("hints_tenant_of_511_bytes", empty(&over, 0, 0, &[])),
        ("hints_tenants_out_of_order", empty(&[2, 0, 1, b'b', 0, 1, b'a'], 0, 0, &[])),
        ("hints_tenant_twice", empty(&[2, 0, 1, b'a', 0, 1, b'a'], 0, 0, &[])),
        ("hints_tenant_not_utf8", empty(&[1, 0, 1, 0xff], 0, 0, &[])),
        ("hints_tenant_past_the_end", empty(&[1, 0xff, 0xff], 0, 0, &[])),
        ("hints_covers_field_20", empty(&[0], 1 << 20, 0, &[])),
        ("hints_filled_not_covered", empty(&[0], 1, 2, &[0, 1, 1, 0])),
        ("hints_set_of_none", empty(&[0], 1, 1, &[0, 0, 1])),
        ("hints_set_of_5114", empty(&[0], 1, 1, &[0x13, 0xfa, 1])),
        ("hints_precision_0", empty(&[0], 1, 1, &[0, 1, 0])),
        ("hints_precision_13", empty(&[0], 1, 1, &[0, 1, 13])),
        ("hints_place_beyond_its_set", empty(&[0], 1, 1, &[0, 1, 1, 0b1000_0000])),
        (
            "hints_ones_without_end",
            empty(&[0], 1, 1, &[[0, 1, 1].as_slice(), &[0xff; 200]].concat()),
        ),
        ("hints_bits_behind_a_set", empty(&[0], 1, 1, &[0, 1, 1, 0b0100_0001])),
        ("hints_set_cut", empty(&[0], 1, 1, &[0x13, 0xf9, 12])),
    ] {
        put(set, name, seal(&plain, 1), "plaintext", 1, &[]);
    }
}

fn indexes(set: &mut Set, one: &[u8]) {
    let manifest = sha256(&[b"a manifest"]);
    let day = "2026-11-20";
    let head = |origin: &str, day: &str, manifest: &[u8]| {
        let named = lp(&[origin.as_bytes(), day.as_bytes(), manifest]);
        [b"dsix\x01", &named[..]].concat()
    };
    let item = |hints: &[u8]| lp(&[hints]);
    let items = [item(one), item(b""), item(one)].concat();
    let index =
        |head: Vec<u8>, count: u32, items: &[u8]| [&head[..], &count.to_be_bytes(), items].concat();
    let right = || head(ORIGIN, day, &manifest);
    let good = index(right(), 3, &items);
    let digest = hex::encode(manifest);
    let mut put = |name: &str, bytes: Vec<u8>, expect: &str, items: &str| {
        let mut inputs = vec![("origin", ORIGIN), ("day", day), ("manifest", digest.as_str())];
        if expect == "success" {
            inputs.push(("items", items));
        }
        set.case("index", name, bytes, expect, &inputs);
    };
    put("index_three_batches", good.clone(), "success", "289,0,289");
    put("index_no_batch", index(right(), 0, b""), "success", "");
    put("index_longest_hints", index(right(), 1, &item(&[9; 4_096])), "success", "4096");
    put("index_hints_over_4096", index(right(), 1, &item(&[9; 4_097])), "framing", "");
    put("index_no_bytes", Vec::new(), "framing", "");
    put("index_other_magic", [b"dsiy", &good[4..]].concat(), "framing", "");
    put("index_version_2", [b"dsix\x02", &good[5..]].concat(), "version", "");
    put(
        "index_other_origin",
        index(head("audit.example.com/x", day, &manifest), 3, &items),
        "other",
        "",
    );
    put("index_other_day", index(head(ORIGIN, "2026-11-21", &manifest), 3, &items), "other", "");
    put("index_other_manifest", index(head(ORIGIN, day, &[7; 32]), 3, &items), "other", "");
    put("index_head_cut", right()[..40].to_vec(), "other", "");
    put("index_without_count", right(), "framing", "");
    put("index_one_item_less", index(right(), 4, &items), "framing", "");
    put("index_one_item_more", index(right(), 2, &items), "framing", "");
    put("index_item_cut", good[..good.len() - 1].to_vec(), "framing", "");
    put("index_one_byte_more", [&good[..], &[0]].concat(), "framing", "");
    put("index_one_empty_item_more", [&good[..], &[0, 0]].concat(), "framing", "");
}
