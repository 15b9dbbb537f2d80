//! `statement/`: what officers sign.

use super::Set;
use super::mini::Key;

const ORIGIN: &str = "audit.example.com/acme/prod";
const KIND: &str = "dayseal-example";

fn officer() -> Key {
    Key::counting("audit.example.com/acme/prod/officer/dpo", 0x20)
}

fn other_officer() -> Key {
    Key::counting("audit.example.com/acme/prod/officer/ciso", 0x40)
}

pub(super) fn add(set: &mut Set) {
    let (key, other) = (officer(), other_officer());
    let vkey = key.vkey();
    let good = format!(
        "{KIND} v1\norigin {ORIGIN}\ntime 2026-11-20T10:00:00.000Z\nday 2026-11-01\nday 2026-11-02\nreason order 7 of the court, \u{e9}\n"
    );
    let mut case = |name: &str, note: String, expect: &str, lines: &str| {
        let inputs = [("kind", KIND), ("origin", ORIGIN), ("vkey", &vkey), ("lines", lines)];
        set.case("statement", &format!("statement_{name}"), note, expect, &inputs);
    };
    let signed = |text: &str| key.note(text);
    case("good", signed(&good), "success", "3");
    case("two_officers", signed(&good) + &other.line(&good), "success", "3");
    let head = &good[..good.find("day ").expect("a line of it")];
    case("no_lines_of_its_own", signed(head), "success", "0");
    let with = |line: &str| signed(&format!("{head}{line}\n"));
    let longest = "x".repeat(1_024);
    case("longest_word", with(&format!("{} x", "w".repeat(32))), "success", "1");
    case("longest_value", with(&format!("note {longest}")), "success", "1");
    case("value_with_spaces", with("note a  b"), "success", "1");
    case("value_with_no_break_space", with("note \u{a0}"), "success", "1");
    // As many bytes as there may be, and one more.
    let fill = |most: usize| {
        let mut text = head.to_owned();
        let rest = |text: &str| most - key.note(text).len();
        while rest(&text) > 1_000 {
            text += &format!("note {}\n", "y".repeat(500));
        }
        let last = rest(&text) - "note \n".len();
        text += &format!("note {}\n", "z".repeat(last));
        signed(&text)
    };
    case("longest", fill(16_384), "success", "31");
    case("too_long", fill(16_385), "statement", "-");

    let once = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        signed(&good.replacen(from, to, 1))
    };
    case("version_2", once(" v1", " v2"), "version", "-");
    case("version_with_zero", once(" v1", " v01"), "statement", "-");
    case("version_missing", once(" v1", ""), "statement", "-");
    case("other_kind", once(KIND, "dayseal-other"), "kind", "-");
    case("kind_of_another_program", once(KIND, "other-example"), "statement", "-");
    case("kind_in_upper_case", once(KIND, "dayseal-Example"), "statement", "-");
    case("kind_without_name", once(KIND, "dayseal-"), "statement", "-");
    case(
        "other_origin",
        once("origin audit.example.com/acme/prod", "origin audit.example.com/x"),
        "other_origin",
        "-",
    );
    case("origin_that_is_none", once("origin audit", "origin /audit"), "statement", "-");
    case("origin_missing", once(&format!("origin {ORIGIN}\n"), ""), "statement", "-");
    case("time_missing", once("time 2026-11-20T10:00:00.000Z\n", ""), "statement", "-");
    case(
        "time_before_origin",
        once(
            &format!("origin {ORIGIN}\ntime 2026-11-20T10:00:00.000Z"),
            &format!("time 2026-11-20T10:00:00.000Z\norigin {ORIGIN}"),
        ),
        "statement",
        "-",
    );
    case("time_without_milliseconds", once("00.000Z", "00Z"), "statement", "-");
    case("line_without_value", with("note"), "statement", "-");
    case("value_empty", with("note "), "statement", "-");
    case("value_too_long", with(&format!("note {longest}x")), "statement", "-");
    case("value_begins_with_a_space", with("note  x"), "statement", "-");
    case("value_ends_with_a_space", with("note x "), "statement", "-");
    case("value_with_delete", with("note a\u{7f}b"), "statement", "-");
    case("value_with_c1_control", with("note a\u{85}b"), "statement", "-");
    case("value_with_line_separator", with("note a\u{2028}b"), "statement", "-");
    case("value_that_turns_text", with("note a\u{202e}b"), "statement", "-");
    case("value_with_isolate", with("note a\u{2066}b"), "statement", "-");
    case("value_with_mark", with("note a\u{200f}b"), "statement", "-");
    case("word_in_upper_case", with("Note x"), "statement", "-");
    case("word_with_digit", with("note1 x"), "statement", "-");
    case("word_begins_with_hyphen", with("-note x"), "statement", "-");
    case("word_too_long", with(&format!("{} x", "w".repeat(33))), "statement", "-");
    case("empty_line", once("day 2026-11-01\n", "\nday 2026-11-01\n"), "statement", "-");
    case("carriage_return", good.replace('\n', "\r\n") + "\r\n" + &key.line(&good), "note", "-");
    case("text_altered", signed(&good).replacen("order 7", "order 8", 1), "bad_signature", "-");
    case("by_another_officer", other.note(&good), "unsigned", "-");
    case("unsigned", good.clone(), "note", "-");
    let log = Key::counting(ORIGIN, 0x20);
    case("by_the_same_key_as_the_log", log.note(&good), "unsigned", "-");
    // Whoever signs checkpoints signed no statement by it.
    let checkpoint = format!("{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    case("a_checkpoint", signed(&checkpoint), "statement", "-");
}
