//! `batch/` and `wrap/`: batches good and hostile, wrapped data keys.

use super::Set;
use super::mini::{
    Draft, Hash, WrapContext, b64, hkdf32, leaf, padded, quoted_hex, sha256, tree, wrap, wrap_info,
    wrapping_key_id, zstd,
};

const ORIGIN: &str = "audit.example.com/acme/prod";
const DAY: &str = "2026-11-20";
const STREAM: [u8; 16] = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";

fn counting(first: u8) -> Hash {
    std::array::from_fn(|i| first + i as u8)
}

fn context() -> WrapContext<'static> {
    WrapContext { label: "dayseal/v1/wrap", origin: ORIGIN, stream: STREAM, day: DAY }
}

/// An honest first batch of three entries.
fn draft() -> Draft {
    let (data_key, wrapping_key) = (counting(0x00), counting(0x40));
    let wrapped = wrap(&wrapping_key, &context(), &counting(0x60), &data_key);
    let mut draft = Draft {
        fields: vec![],
        lines: b"{\"n\":1}\n{\"n\":2,\"text\":\"caf\xc3\xa9\"}\n{\"n\":3}\n".to_vec(),
        origin: ORIGIN.into(),
        stream: STREAM,
        seq: 0,
        data_key,
        random: counting(0x20),
        version: 1,
        edit_header: None,
        edit_header_bytes: None,
        frame: None,
        lines_len: None,
        frame_len: None,
        plain_len: None,
        padding: 0,
        plain: None,
        commitment: None,
        root: None,
        encrypt_under: None,
    };
    draft
        .set("day", format!("\"{DAY}\""))
        .set("first_time", "\"2026-11-20T09:00:00.000Z\"")
        .set("key_id", format!("\"{}\"", wrapping_key_id(&wrapping_key)))
        .set("last_time", "\"2026-11-20T09:00:02.500Z\"")
        .set("origin", format!("\"{ORIGIN}\""))
        .set("seq", "0")
        .set("service", "\"api\"")
        .set("stream", quoted_hex(&STREAM))
        .set("wrapped_key", format!("\"{}\"", b64(&wrapped)));
    draft
}

fn second() -> Draft {
    let mut d = draft();
    d.seq = 1;
    d.set("seq", "1").set("previous", quoted_hex(&sha256(&[&draft().build().bytes])));
    d
}

/// A changed draft.
fn with(change: impl FnOnce(&mut Draft)) -> Draft {
    let mut d = draft();
    change(&mut d);
    d
}

fn lines(lines: &[&[u8]]) -> Vec<u8> {
    [lines.join(&b'\n'), vec![b'\n']].concat()
}

/// Lines of hexadecimal digits, which compress to a half.
fn noise(count: u32) -> Vec<u8> {
    let line = |i: u32| hex::encode(sha256(&[b"noise", &i.to_be_bytes()])) + "\n";
    (0..count).map(line).collect::<String>().into_bytes()
}

pub(super) fn add(set: &mut Set) {
    good(set);
    framing(set);
    headers(set);
    keys(set);
    contents(set);
    intermediate(set);
    wrapped(set);
}

fn put(set: &mut Set, name: &str, bytes: Vec<u8>, expect: &str, more: &[(&str, &str)]) {
    let key = hex::encode(counting(0));
    let inputs = [&[("data_key", key.as_str())], more].concat();
    set.case("batch", name, bytes, expect, &inputs);
}

fn good(set: &mut Set) {
    let wrapping_key = hex::encode(counting(0x40));
    let mut case = |name: &str, d: &Draft, same_encoder: bool| {
        let b = d.build();
        let (entries, random) = (b.entries.len().to_string(), hex::encode(d.random));
        let (root, digest) = (hex::encode(b.root), hex::encode(sha256(&[&b.bytes])));
        let mut inputs = vec![
            ("entries", entries.as_str()),
            ("root", &root),
            ("sha256", &digest),
            ("wrapping_key", &wrapping_key),
        ];
        // Given to the reference encoder with these bytes, it must write the same batch.
        if same_encoder {
            inputs.push(("random", &random));
        }
        put(set, name, b.bytes, "success", &inputs);
    };
    case("batch_minimal", &with(|d| d.lines = b"{}\n".to_vec()), true);
    case("batch_three_entries", &draft(), true);
    case("batch_second_of_a_stream", &second(), true);
    case(
        "batch_last_with_after",
        &with(|d| {
            d.set("after", quoted_hex(&[0xfe; 16])).set("last", "true");
        }),
        true,
    );
    case(
        "batch_hints",
        &with(|d| {
            d.set("hints", format!("\"{}\"", b64(&[0xa5; 4096])));
        }),
        true,
    );
    case(
        "batch_key_id_with_escapes",
        &with(|d| {
            d.set("key_id", r#""a\"b\\c/d""#);
        }),
        true,
    );
    case(
        "batch_greatest_seq",
        &{
            let mut d = second();
            d.seq = 99_999_999;
            d.set("seq", "99999999");
            d
        },
        true,
    );
    case("batch_400_entries", &with(|d| d.lines = noise(400)), true);
    case("batch_longest_entry", &with(|d| d.lines = lines(&[&[b'x'; 65_535], b"{}"])), true);
    case("batch_entry_with_carriage_return", &with(|d| d.lines = b"{\"n\":1}\r\n".to_vec()), true);
    case(
        "batch_zstd_frame_with_checksum",
        &with(|d| {
            let mut c = zstd::bulk::Compressor::new(19).expect("zstd");
            c.include_checksum(true).expect("zstd");
            d.frame = Some(c.compress(&d.lines).expect("zstd"));
        }),
        false,
    );
}

fn framing(set: &mut Set) {
    let good = draft().build().bytes;
    let header_len = u32::from_be_bytes(good[8..12].try_into().expect("four")) as usize;
    let patch = |at: usize, bytes: &[u8]| {
        let mut out = good.clone();
        out[at..at + bytes.len()].copy_from_slice(bytes);
        out
    };
    let mut case = |name: &str, bytes: Vec<u8>, expect: &str| put(set, name, bytes, expect, &[]);
    case("batch_no_bytes", vec![], "framing");
    case("batch_shorter_than_prefix", good[..15].to_vec(), "framing");
    case("batch_bad_magic", patch(0, b"DAYSEAM"), "framing");
    case("batch_version_0", patch(7, &[0]), "version");
    case("batch_version_2", patch(7, &[2]), "version");
    case("batch_version_2_prefix_only", patch(7, &[2])[..16].to_vec(), "version");
    case("batch_prefix_only", good[..16].to_vec(), "length");
    case("batch_truncated", good[..good.len() - 1].to_vec(), "length");
    case("batch_without_ciphertext", good[..16 + header_len].to_vec(), "length");
    case("batch_trailing_byte", [&good[..], &[0]].concat(), "length");
    case("batch_trailing_newline", [&good[..], b"\n"].concat(), "length");
    case("batch_twice", [&good[..], &good].concat(), "length");
    case("batch_header_length_16385", patch(8, &16_385u32.to_be_bytes()), "framing");
    case("batch_header_length_greatest", patch(8, &[0xff; 4]), "framing");
    case(
        "batch_header_length_one_more",
        patch(8, &(header_len as u32 + 1).to_be_bytes()),
        "length",
    );
    case("batch_header_length_0", patch(8, &[0; 4]), "length");
    case("batch_ciphertext_length_0", patch(12, &[0; 4]), "framing");
    case("batch_ciphertext_of_tag_only", patch(12, &16u32.to_be_bytes()), "framing");
    case(
        "batch_ciphertext_over_40_mib",
        patch(12, &(40 * 1024 * 1024 + 1u32).to_be_bytes()),
        "framing",
    );
    case("batch_ciphertext_length_greatest", patch(12, &[0xff; 4]), "framing");
    let headless = [&b"DAYSEAL\x01\0\0\0\0\0\0\0\x20"[..], &[0; 32]].concat();
    case("batch_header_empty", headless, "header");
}

/// Headers that authenticate, since whoever holds a data key can write them, and that no reader may
/// accept.
fn headers(set: &mut Set) {
    let mut case = |name: &str, d: Draft| {
        let name = format!("batch_header_{name}");
        put(set, &name, d.build().bytes, "header", &[]);
    };
    let edit = |f: fn(String) -> String| with(|d| d.edit_header = Some(f));
    let field = |name: &str, json: &str| {
        with(|d| {
            d.set(name, json);
        })
    };
    let less = |name: &str| {
        with(|d| {
            d.remove(name);
        })
    };

    case("duplicate_key", edit(|h| h.replace("\"seq\":0", "\"seq\":0,\"seq\":0")));
    case("duplicate_key_other_value", edit(|h| h.replace("\"seq\":0", "\"seq\":1,\"seq\":0")));
    case(
        "reordered",
        edit(|h| h.replace("\"seq\":0,\"service\":\"api\"", "\"service\":\"api\",\"seq\":0")),
    );
    case("space", edit(|h| h.replace("\"seq\":0", "\"seq\": 0")));
    case("trailing_newline", edit(|h| h + "\n"));
    case("leading_space", edit(|h| format!(" {h}")));
    case("byte_order_mark", edit(|h| format!("\u{feff}{h}")));
    case("second_object", edit(|h| h + "{}"));
    case("not_json", edit(|_| "seq=0".into()));
    case(
        "array_of_values",
        edit(|h| {
            // Some decoders take an array for a structure.
            let values: Vec<_> = h[1..h.len() - 1]
                .split(",\"")
                .map(|f| f.split_once(':').map_or("", |x| x.1))
                .collect();
            format!("[{}]", values.join(","))
        }),
    );
    case("null", edit(|_| "null".into()));
    case("cut", edit(|h| h[..h.len() - 1].into()));
    case("unknown_field", field("zone", "\"eu\""));
    case("codec_field", field("codec", "\"none\""));
    case("version_field", field("v", "1"));
    for missing in [
        "day",
        "entries",
        "first_time",
        "key_id",
        "last_time",
        "origin",
        "seq",
        "service",
        "stream",
        "wrapped_key",
    ] {
        let d = if missing == "entries" {
            edit(|h| h.replace("\"entries\":3,", ""))
        } else {
            less(missing)
        };
        case(&format!("without_{missing}"), d);
    }
    case("escaped_letter", edit(|h| h.replace("\"api\"", "\"\\u0061pi\"")));
    case("escaped_slash", edit(|h| h.replace("com/acme", "com\\/acme")));
    case(
        "invalid_utf8",
        with(|d| {
            d.edit_header_bytes = Some(|mut h| {
                let at = h.len() - 2;
                h[at] = 0xff;
                h
            })
        }),
    );
    case(
        "upper_case_hex",
        edit(|h| h.replace("00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF")),
    );
    case("stream_too_short", field("stream", "\"00112233\""));
    case("last_false", field("last", "false"));
    case("last_number", field("last", "1"));
    case("after_null", field("after", "null"));
    case("after_not_first", {
        let mut d = second();
        d.set("after", quoted_hex(&[1; 16]));
        d
    });
    case("previous_in_first", field("previous", &quoted_hex(&[1; 32])));
    case("previous_missing", {
        let mut d = second();
        d.remove("previous");
        d
    });
    case("hints_empty", field("hints", "\"\""));
    case("hints_null", field("hints", "null"));
    case("hints_too_long", field("hints", &format!("\"{}\"", b64(&[0; 4097]))));
    case("wrapped_key_empty", field("wrapped_key", "\"\""));
    case("wrapped_key_too_long", field("wrapped_key", &format!("\"{}\"", b64(&[0; 6145]))));
    case("wrapped_key_unpadded", field("wrapped_key", "\"AAAAAA\""));
    case("wrapped_key_loose_bits", field("wrapped_key", "\"AAAAAB==\""));
    case("wrapped_key_url_alphabet", field("wrapped_key", "\"__-_\""));
    case("wrapped_key_with_newline", field("wrapped_key", "\"AAAA\\nAAAA\""));
    case("key_id_empty", field("key_id", "\"\""));
    case("key_id_with_space", field("key_id", "\"local: 1\""));
    case("key_id_not_ascii", field("key_id", "\"local:\u{e9}\""));
    case("key_id_too_long", field("key_id", &format!("\"{}\"", "k".repeat(257))));
    case("entries_0", field("entries", "0"));
    case("entries_262145", field("entries", "262145"));
    case("entries_over_u32", field("entries", "4294967299"));
    case("entries_float", field("entries", "3.0"));
    case("entries_exponent", field("entries", "3e0"));
    case("entries_text", field("entries", "\"3\""));
    case("entries_leading_zero", field("entries", "03"));
    case("seq_negative", field("seq", "-0"));
    case("seq_100000000", {
        let mut d = second();
        d.seq = 100_000_000;
        d.set("seq", "100000000");
        d
    });
    case("day_not_a_day", field("day", "\"2026-02-30\""));
    case("day_before_1970", field("day", "\"1969-12-31\""));
    case("day_as_time", field("day", "\"2026-11-20T00:00:00.000Z\""));
    case("time_without_milliseconds", field("first_time", "\"2026-11-20T09:00:00Z\""));
    case("time_with_offset", field("first_time", "\"2026-11-20T09:00:00.000+00:00\""));
    case("time_leap_second", field("last_time", "\"2026-11-20T23:59:60.000Z\""));
    case("time_as_number", field("first_time", "1795165200000"));
    case("times_backwards", field("first_time", "\"2026-11-20T09:00:02.501Z\""));
    case("origin_with_space", field("origin", "\"audit example\""));
    case("origin_dot_segment", field("origin", "\"audit.example.com/../prod\""));
    case("origin_too_long", field("origin", &format!("\"{}\"", "o".repeat(129))));
    case("service_with_slash", field("service", "\"a/b\""));
    case("service_too_long", field("service", &format!("\"{}\"", "s".repeat(65))));
    case("service_empty", field("service", "\"\""));
}

fn keys(set: &mut Set) {
    let good = draft().build();
    set.case(
        "batch",
        "batch_wrong_data_key",
        good.bytes.clone(),
        "commitment",
        &[("data_key", &hex::encode([9; 32]))],
    );
    let mut case = |name: &str, bytes: Vec<u8>, expect: &str| put(set, name, bytes, expect, &[]);
    case(
        "batch_wrong_commitment",
        with(|d| d.commitment = Some([7; 32])).build().bytes,
        "commitment",
    );
    let other = counting(0x90);
    let foreign = hkdf32(&other, Some(&good.salt), &good.infos[0]);
    case(
        "batch_encrypted_under_another_key",
        with(|d| d.encrypt_under = Some(foreign)).build().bytes,
        "decrypt",
    );
    case(
        "batch_encrypted_under_data_key",
        with(|d| d.encrypt_under = Some(d.data_key)).build().bytes,
        "decrypt",
    );
    let flip = |at: usize| {
        let mut out = good.bytes.clone();
        out[at] ^= 1;
        out
    };
    let len = good.bytes.len();
    case("batch_bad_tag", flip(len - 1), "decrypt");
    case("batch_flipped_ciphertext", flip(len - 100), "decrypt");
    let swap = |from: &str, to: &str| {
        let text = String::from_utf8(good.header.clone()).expect("text");
        assert!(text.contains(from) && from.len() == to.len());
        [&good.bytes[..16], text.replace(from, to).as_bytes(), &good.ciphertext].concat()
    };
    case("batch_service_altered", swap("\"api\"", "\"apx\""), "decrypt");
    case("batch_time_altered", swap("09:00:00.000Z", "08:00:00.000Z"), "decrypt");
    case("batch_day_altered", swap("\"2026-11-20\"", "\"2026-11-21\""), "decrypt");
    case("batch_entries_altered", swap("\"entries\":3", "\"entries\":2"), "decrypt");
    case("batch_root_altered", swap(&hex::encode(good.root), &hex::encode([1; 32])), "decrypt");
    case("batch_moved_to_other_origin", swap("acme/prod", "acme/test"), "commitment");
    case("batch_moved_to_other_stream", swap("00112233", "00112234"), "commitment");
    case("batch_salt_altered", swap(&hex::encode(good.salt), &hex::encode([1; 32])), "commitment");
    // A ciphertext of one batch under the header of another of the same stream.
    let header = second().build();
    let mixed =
        [&header.bytes[..header.bytes.len() - header.ciphertext.len()], &good.ciphertext].concat();
    case("batch_ciphertext_of_another", mixed, "decrypt");
}

fn contents(set: &mut Set) {
    let mut case = |name: &str, d: Draft, expect: &str| {
        put(set, &format!("batch_{name}"), d.build().bytes, expect, &[]);
    };
    let frame = |f: &dyn Fn(&[u8]) -> Vec<u8>| with(|d| d.frame = Some(f(&d.lines)));
    let skippable = || [&0x184d_2a50u32.to_le_bytes()[..], &4u32.to_le_bytes(), b"skip"].concat();
    case("plaintext_empty_lengths", with(|d| d.plain = Some(vec![0; 512])), "contents.lengths");
    case("plaintext_of_7_bytes", with(|d| d.plain = Some(vec![0; 7])), "contents.short");
    case("entries_length_0", with(|d| d.lines_len = Some(0)), "contents.lengths");
    case(
        "entries_length_over_32_mib",
        with(|d| d.lines_len = Some(32 * 1024 * 1024 + 1)),
        "contents.lengths",
    );
    case("entries_length_greatest", with(|d| d.lines_len = Some(u32::MAX)), "contents.lengths");
    case(
        "entries_length_one_less",
        with(|d| d.lines_len = Some(d.lines.len() as u32 - 1)),
        "contents.declared",
    );
    case(
        "entries_length_one_more",
        with(|d| d.lines_len = Some(d.lines.len() as u32 + 1)),
        "contents.declared",
    );
    case("frame_length_greatest", with(|d| d.frame_len = Some(u32::MAX)), "contents.padding");
    case("frame_length_past_the_end", with(|d| d.frame_len = Some(512 - 7)), "contents.padding");
    case(
        "frame_length_one_less",
        with(|d| d.frame_len = Some(zstd(&d.lines).len() as u32 - 1)),
        "contents.zeros",
    );
    case(
        "frame_length_one_more",
        with(|d| d.frame_len = Some(zstd(&d.lines).len() as u32 + 1)),
        "contents.frame",
    );
    case(
        "frame_length_0",
        with(|d| {
            d.frame = Some(vec![]);
        }),
        "contents.frame",
    );
    case("padding_not_zero", with(|d| d.padding = 1), "contents.zeros");
    case(
        "padding_missing",
        with(|d| d.plain_len = Some(8 + zstd(&d.lines).len())),
        "contents.padding",
    );
    case("padding_one_step_too_long", with(|d| d.plain_len = Some(1024)), "contents.padding");
    case("padding_one_byte_too_long", with(|d| d.plain_len = Some(513)), "contents.padding");
    case(
        "padding_by_padme_alone",
        with(|d| {
            d.lines = noise(50);
            // Padmé of this length, without the floor of 512.
            let len = 8 + zstd(&d.lines).len();
            let e = len.ilog2();
            let padme = len.next_multiple_of(1 << (e - e.ilog2() - 1));
            assert_ne!(padme, padded(len), "a length that shows the difference");
            d.plain_len = Some(padme);
        }),
        "contents.padding",
    );
    case(
        "second_zstd_frame",
        frame(&|l| [zstd(l), zstd(b"{\"n\":4}\n")].concat()),
        "contents.frame",
    );
    case("second_zstd_frame_empty", frame(&|l| [zstd(l), zstd(b"")].concat()), "contents.frame");
    case("skippable_frame_before", frame(&|l| [skippable(), zstd(l)].concat()), "contents.frame");
    case("skippable_frame_after", frame(&|l| [zstd(l), skippable()].concat()), "contents.frame");
    case("skippable_frame_alone", frame(&|_| skippable()), "contents.frame");
    case("frame_not_compressed", frame(&<[u8]>::to_vec), "contents.frame");
    case(
        "frame_truncated",
        frame(&|l| {
            let f = zstd(l);
            f[..f.len() - 1].to_vec()
        }),
        "contents.frame",
    );
    case(
        "frame_without_content_size",
        frame(&|l| zstd::stream::encode_all(l, 1).expect("zstd")),
        "contents.declared",
    );
    case(
        "frame_with_bad_checksum",
        frame(&|l| {
            let mut c = zstd::bulk::Compressor::new(1).expect("zstd");
            c.include_checksum(true).expect("zstd");
            let mut f = c.compress(l).expect("zstd");
            *f.last_mut().expect("not empty") ^= 1;
            f
        }),
        "contents.corrupt",
    );
    case(
        "frame_longer_than_it_declares",
        frame(&|l| {
            // Raw frame: magic, single segment with a one-byte size that lies, one raw last block.
            let block = ((l.len() as u32) << 3 | 1).to_le_bytes();
            [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, l.len() as u8 - 8][..], &block[..3], l].concat()
        })
        .also(|d| d.lines_len = Some(d.lines.len() as u32 - 8)),
        "contents.corrupt",
    );
    case(
        "frame_shorter_than_it_declares",
        frame(&|l| {
            let block = ((l.len() as u32) << 3 | 1).to_le_bytes();
            [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, l.len() as u8 + 8][..], &block[..3], l].concat()
        })
        .also(|d| d.lines_len = Some(d.lines.len() as u32 + 8)),
        "contents.corrupt",
    );
    case(
        "frame_needs_a_dictionary",
        with(|d| {
            let mut c = zstd::bulk::Compressor::with_dictionary(1, &noise(20)).expect("zstd");
            d.lines = noise(20);
            d.frame = Some(c.compress(&d.lines).expect("zstd"));
        }),
        "contents.corrupt",
    );
    case(
        "frame_corrupt_block",
        frame(&|l| {
            // The reserved block type.
            let block = ((l.len() as u32) << 3 | 7).to_le_bytes();
            [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, l.len() as u8][..], &block[..3], l].concat()
        }),
        "contents.frame",
    );
    let text = |l: &[u8]| with(|d| d.lines = l.to_vec());
    case(
        "line_count",
        with(|d| {
            d.set("entries", "4");
        }),
        "contents.count",
    );
    case(
        "line_count_one_less",
        with(|d| {
            d.set("entries", "2");
        }),
        "contents.count",
    );
    case("no_newline_at_the_end", text(b"{\"n\":1}\n{\"n\":2}"), "contents.count");
    case(
        "empty_line",
        with(|d| {
            d.lines = b"{}\n\n{}\n".to_vec();
        }),
        "contents.line",
    );
    case(
        "empty_line_first",
        with(|d| {
            d.lines = b"\n{}\n".to_vec();
        }),
        "contents.line",
    );
    case(
        "only_a_newline",
        with(|d| {
            d.lines = b"\n".to_vec();
            d.set("entries", "1");
        }),
        "contents.line",
    );
    case("entry_of_65536_bytes", with(|d| d.lines = lines(&[&[b'x'; 65_536]])), "contents.line");
    case("wrong_root", with(|d| d.root = Some(|_| [1; 32])), "root");
    case(
        "root_without_salts",
        with(|d| d.root = Some(|b| tree(&b.entries.iter().map(|e| leaf(e)).collect::<Vec<_>>()))),
        "root",
    );
    case(
        "root_with_odd_leaf_doubled",
        with(|d| {
            d.root = Some(|b| {
                let l = &b.leaves;
                tree(&[l[0], l[1], l[2], l[2]])
            })
        }),
        "root",
    );
    case(
        "root_without_prefixes",
        with(|d| {
            d.root = Some(|b| {
                let l: Vec<_> =
                    b.entries.iter().zip(&b.leaf_salts).map(|(e, s)| sha256(&[s, e])).collect();
                let left = sha256(&[&l[0], &l[1]]);
                sha256(&[&left, &l[2]])
            })
        }),
        "root",
    );
    case(
        "root_of_reordered_entries",
        with(|d| d.root = Some(|b| tree(&[b.leaves[1], b.leaves[0], b.leaves[2]]))),
        "root",
    );
}

trait Also: Sized {
    fn also(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl Also for Draft {
    fn also(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Every value on the way to `batch_three_entries`.
fn intermediate(set: &mut Set) {
    let d = draft();
    let b = d.build();
    let list = |items: Vec<String>| format!("[\n    \"{}\"\n  ]", items.join("\",\n    \""));
    let hexes = |items: &[Hash]| list(items.iter().map(hex::encode).collect());
    let aad_len = b.bytes.len() - b.ciphertext.len();
    let mut out = Vec::new();
    let mut text = |name: &str, value: &str| out.push(format!("  \"{name}\": \"{value}\""));
    text("data_key", &hex::encode(d.data_key));
    text("random", &hex::encode(d.random));
    text("origin", &d.origin);
    text("stream", &hex::encode(d.stream));
    text("lines", &hex::encode(&d.lines));
    text("draft_header", &b.draft_header.replace('"', "\\\""));
    text("draft_header_sha256", &hex::encode(sha256(&[b.draft_header.as_bytes()])));
    text("frame", &hex::encode(&b.frame));
    text("frame_sha256", &hex::encode(sha256(&[&b.frame])));
    text("mixing_key", &hex::encode(b.mixing_key));
    text("salt", &hex::encode(b.salt));
    for (i, name) in ["encrypt", "leaf_salt", "commit"].into_iter().enumerate() {
        text(&format!("{name}_info"), &hex::encode(&b.infos[i]));
        text(&format!("{name}_key"), &hex::encode(b.keys[i]));
    }
    text("root", &hex::encode(b.root));
    text("header", &String::from_utf8(b.header.clone()).expect("text").replace('"', "\\\""));
    text("plaintext", &hex::encode(&b.plain));
    text("associated_data_sha256", &hex::encode(sha256(&[&b.bytes[..aad_len]])));
    text("ciphertext_and_tag", &hex::encode(&b.ciphertext));
    text("batch_sha256", &hex::encode(sha256(&[&b.bytes])));
    let salts = list(b.leaf_salts.iter().map(hex::encode).collect());
    out.push(format!("  \"leaf_salts\": {salts}"));
    out.push(format!("  \"leaves\": {}", hexes(&b.leaves)));
    let json = format!("{{\n{}\n}}\n", out.join(",\n"));
    set.case("intermediate", "batch_three_entries.json", json, "success", &[]);
}

fn wrapped(set: &mut Set) {
    let key = counting(0x40);
    let (salt, data_key) = (counting(0x60), counting(0x00));
    let wrapped = wrap(&key, &context(), &salt, &data_key);
    let info = wrap_info(&key, &context());
    let full = |kind: &str,
                info: &[u8],
                stream: &[u8; 16],
                day: &str,
                origin: &str,
                key_id: &str,
                wrapped: &[u8]| {
        let kek = hkdf32(&key, Some(&salt), info);
        format!(
            "{{\n  \"kind\": \"{kind}\",\n  \"wrapping_key\": \"{}\",\n  \"key_id\": \"{key_id}\",\n  \"origin\": \"{origin}\",\n  \"stream\": \"{}\",\n  \"day\": \"{day}\",\n  \"salt\": \"{}\",\n  \"info\": \"{}\",\n  \"wrap_key\": \"{}\",\n  \"data_key\": \"{}\",\n  \"wrapped\": \"{}\"\n}}\n",
            hex::encode(key),
            hex::encode(stream),
            hex::encode(salt),
            hex::encode(info),
            hex::encode(kek),
            hex::encode(data_key),
            hex::encode(wrapped),
        )
    };
    let json = |stream: &[u8; 16], day: &str, origin: &str, key_id: &str, wrapped: &[u8]| {
        full("entries", &info, stream, day, origin, key_id, wrapped)
    };
    let id = wrapping_key_id(&key);
    let mut case = |name: &str, json: String, expect: &str| {
        set.case("wrap", &format!("{name}.json"), json, expect, &[]);
    };
    case("wrap_local", json(&STREAM, DAY, ORIGIN, &id, &wrapped), "success");
    let mut other = STREAM;
    other[0] ^= 1;
    case("wrap_other_stream", json(&other, DAY, ORIGIN, &id, &wrapped), "unwrap");
    case("wrap_other_day", json(&STREAM, "2026-11-21", ORIGIN, &id, &wrapped), "unwrap");
    case(
        "wrap_other_origin",
        json(&STREAM, DAY, "audit.example.com/acme/test", &id, &wrapped),
        "unwrap",
    );
    let flip = |at: usize| {
        let mut out = wrapped.clone();
        out[at] ^= 1;
        out
    };
    case("wrap_flipped_salt", json(&STREAM, DAY, ORIGIN, &id, &flip(0)), "unwrap");
    case("wrap_flipped_key", json(&STREAM, DAY, ORIGIN, &id, &flip(32)), "unwrap");
    case("wrap_flipped_tag", json(&STREAM, DAY, ORIGIN, &id, &flip(79)), "unwrap");
    case("wrap_too_short", json(&STREAM, DAY, ORIGIN, &id, &wrapped[..79]), "unwrap");
    case(
        "wrap_too_long",
        json(&STREAM, DAY, ORIGIN, &id, &[&wrapped[..], &[0]].concat()),
        "unwrap",
    );
    // A content key, and each kind taken for the other.
    let of_content = WrapContext { label: "dayseal/v1/wrap-content", ..context() };
    let content_info = wrap_info(&key, &of_content);
    let content = wrap(&key, &of_content, &salt, &data_key);
    let as_content =
        |wrapped: &[u8]| full("content", &content_info, &STREAM, DAY, ORIGIN, &id, wrapped);
    case("wrap_content", as_content(&content), "success");
    case("wrap_entries_taken_for_content", as_content(&wrapped), "unwrap");
    case("wrap_content_taken_for_entries", json(&STREAM, DAY, ORIGIN, &id, &content), "unwrap");
    let foreign = wrapping_key_id(&counting(0x41));
    case("wrap_foreign_key_id", json(&STREAM, DAY, ORIGIN, &foreign, &wrapped), "foreign_key");
}
