//! Orders of removal in a manifest.

use super::super::Set;
use super::super::mini::Key;
use super::*;

/// A removal of batch `seq` of stream 1, with its order as it stands.
fn removed(seq: u32, order: &str) -> String {
    let order = order.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{\"kind\":\"removed\",\"key\":\"{}\",\"order\":\"{order}\"}}", batch(1, seq).key())
}

fn order(seq: u32) -> String {
    let text = format!(
        "dayseal-removal v1\norigin {ORIGIN}\ntime 2026-11-20T10:00:00.000Z\nobject {}\nreason \"order 7\", \u{e9}\nbasis court-order\n",
        batch(1, seq).key()
    );
    Key::counting("audit.example.com/acme/prod/officer/dpo", 0x20).note(&text)
}

pub(super) fn add(set: &mut Set) {
    let (head, records) = with_gaps();
    let with = |more: &[String]| [records.clone(), more.to_vec()].concat();
    let one = removed(1, &order(1));
    let next_key = key_record(ORIGIN, 0x40);
    // The bytes of the order are the verifier's to judge: here they are text.
    let good = [one.clone(), removed(4, "a"), removed(4, "b"), next_key.clone()];
    good_case(set, "removed", &head, &with(&good));
    good_case(set, "removed_longest", &head, &with(&[removed(1, &"\"".repeat(16_384))]));
    let thousand: Vec<_> = (0..1_000).map(|n| removed(1, &format!("{n:04}"))).collect();
    good_case(set, "removed_1000", &head, &with(&thousand));

    let mut case = |name: &str, records: Vec<String>, expect: &str| {
        bad(set, name, text(&[vec![head.line()], records].concat()), expect);
    };
    let more = [thousand, vec![removed(4, "")]].concat();
    case("removed_1001", with(&more), "mismatch.removed");
    case("removed_after_key", with(&[next_key, one.clone()]), "mismatch.order");
    case("removed_twice", with(&[one.clone(), one.clone()]), "mismatch.order");
    case("removed_reordered", with(&[removed(4, "b"), removed(4, "a")]), "mismatch.order");
    let mut early = with(std::slice::from_ref(&one));
    let last = early.len() - 1;
    early.swap(last - 1, last);
    case("removed_before_conflict", early, "mismatch.order");
    let tomorrow = one.replacen("entries/2026-11-20", "entries/2026-11-21", 1);
    case("removed_of_tomorrow", with(&[tomorrow]), "mismatch.removed");
    case("removed_too_long", with(&[removed(1, &"x".repeat(16_385))]), "record");
    case("removed_no_batch", with(&[one.replacen(".batch", ".pack", 1)]), "record");
    case("removed_empty", with(&["{\"kind\":\"removed\"}".into()]), "record");
    let fields = one.replacen("\"kind\":\"removed\",", "\"kind\":\"removed\",\"v\":1,", 1);
    case("removed_with_a_field_more", with(&[fields]), "record");
    case("removed_other_spelling", with(&[one.replacen("\u{e9}", "\\u00e9", 1)]), "record");
}
