//! `ack/` and `policy/`.

use super::Set;
use super::mini::{Key, quoted_hex};

pub(super) fn add(set: &mut Set) {
    acknowledgements(set);
    policies(set);
}

fn acknowledgements(set: &mut Set) {
    let good = format!(
        "{{\"v\":1,\"origin\":\"audit.example.com/acme/prod\",\"day\":\"2026-11-20\",\"stream\":{},\"seq\":7,\"digest\":{},\"index\":3,\"entry\":\"01932f4e-7c00-7abc-8def-0123456789ab\"}}",
        quoted_hex(&[0xab; 16]),
        quoted_hex(&[0xcd; 32]),
    );
    let mut case = |name: &str, line: String, expect: &str| {
        set.case("ack", &format!("ack_{name}.json"), line, expect, &[]);
    };
    case("good", good.clone(), "success");
    case("good_with_newline", format!("{good}\n"), "success");
    let once = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    case("greatest_seq", once("\"seq\":7", "\"seq\":99999999"), "success");
    case("no_bytes", String::new(), "ack");
    case("empty_object", "{}".into(), "ack");
    case("two_newlines", format!("{good}\n\n"), "ack");
    case("crlf", format!("{good}\r\n"), "ack");
    case("space", once("\"v\":1", "\"v\": 1"), "ack");
    case("duplicate_field", once("\"v\":1", "\"v\":1,\"v\":1"), "ack");
    case("unknown_field", once("\"v\":1", "\"v\":1,\"x\":0"), "ack");
    case(
        "reordered",
        once("\"seq\":7,", "").replace("\"index\":3", "\"index\":3,\"seq\":7"),
        "ack",
    );
    case("entry_upper_case", once("7c00-7abc", "7C00-7ABC"), "ack");
    case(
        "entry_without_hyphens",
        once("01932f4e-7c00-7abc-8def-0123456789ab", "01932f4e7c007abc8def0123456789ab"),
        "ack",
    );
    case(
        "entry_in_braces",
        once(
            "\"01932f4e-7c00-7abc-8def-0123456789ab\"",
            "\"{01932f4e-7c00-7abc-8def-0123456789ab}\"",
        ),
        "ack",
    );
    case("entry_missing", once(",\"entry\":\"01932f4e-7c00-7abc-8def-0123456789ab\"", ""), "ack");
    case("digest_upper_case", once("cdcd", "CDcd"), "ack");
    case("seq_float", once("\"seq\":7", "\"seq\":7.0"), "ack");
    case("seq_negative", once("\"seq\":7", "\"seq\":-7"), "ack");
    case("index_over_u32", once("\"index\":3", "\"index\":4294967296"), "ack");
    case("over_1024_bytes", format!("{good}{}", " ".repeat(1024)), "ack");
    case("byte_order_mark", format!("\u{feff}{good}"), "ack");
    case("version_2", once("\"v\":1", "\"v\":2"), "version");
    // Pending: see `PENDING` in `tests/tests/vectors.rs`.
    case("seq_100000000", once("\"seq\":7", "\"seq\":100000000"), "ack");
    case("index_262144", once("\"index\":3", "\"index\":262144"), "ack");
}

fn policies(set: &mut Set) {
    let vkey = Key::counting("audit.example.com/acme/prod", 0).vkey();
    let second = Key::counting("audit.example.com/acme/prod", 0x80).vkey();
    let foreign = Key::counting("audit.example.com/acme/test", 0).vkey();
    let minimal = format!(
        "dayseal-policy v1\norigin audit.example.com/acme/prod\nlog {vkey}\nfirst-day 2026-11-20\n"
    );
    let full = format!(
        "# the auditor's own\n\ndayseal-policy v1\norigin audit.example.com/acme/prod\nlog {vkey}\nlog {second} https://logs.example.com/\nquorum none\n\
         wrapping-key local:00112233445566778899aabbccddeeff\nwrapping-key arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\n\
         first-day 2026-11-20\nretention-floor-days 365\nrequire objects\nmax-seal-hours 48\n  # indented\nservice api max-silent-days 2\nservice web max-silent-days 0\n\
         known-finding gap-01ab disk swap, ticket 7\n"
    );
    let mut case = |name: &str, text: &str, expect: &str, line: &str| {
        set.case("policy", &format!("policy_{name}.txt"), text, expect, &[("line", line)]);
    };
    case("minimal", &minimal, "success", "-");
    case("full", &full, "success", "-");
    case("crlf", &full.replace('\n', "\r\n"), "success", "-");
    case("no_newline_at_the_end", minimal.trim_end(), "success", "-");
    let once = |from: &str, to: &str| {
        assert!(full.contains(from), "{from}");
        full.replacen(from, to, 1)
    };
    case("no_bytes", "", "policy", "0");
    case("only_the_header", "dayseal-policy v1\n", "policy", "1");
    case("header_missing", &minimal["dayseal-policy v1\n".len()..], "policy", "1");
    case(
        "header_not_first",
        &once(
            "dayseal-policy v1\norigin audit.example.com/acme/prod\n",
            "origin audit.example.com/acme/prod\ndayseal-policy v1\n",
        ),
        "policy",
        "3",
    );
    case("unknown_word", &format!("{minimal}retention 5\n"), "policy", "5");
    case("word_in_upper_case", &format!("{minimal}Require objects\n"), "policy", "5");
    case("tab_for_space", &format!("{minimal}require\tobjects\n"), "policy", "5");
    case(
        "witness",
        &format!(
            "{minimal}witness w1 witness.example.net/w1+669be294+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X\n"
        ),
        "policy",
        "5",
    );
    case("group", &format!("{minimal}group g any w1 w2\n"), "policy", "5");
    case("quorum_of_a_group", &format!("{minimal}quorum g\n"), "policy", "5");
    case("no_origin", &minimal.replace("origin audit.example.com/acme/prod\n", ""), "policy", "3");
    case("no_log", &minimal.replace(&format!("log {vkey}\n"), ""), "policy", "3");
    case("no_first_day", &minimal.replace("first-day 2026-11-20\n", ""), "policy", "3");
    case("key_of_another_origin", &minimal.replace(&vkey, &foreign), "policy", "4");
    case("second_key_of_another_origin", &once(&second, &foreign), "policy", "17");
    case("key_altered", &once("+db22d6f9+", "+db22d6f8+"), "policy", "5");
    case("origin_twice", &format!("{minimal}origin audit.example.com/acme/prod\n"), "policy", "5");
    case("first_day_twice", &format!("{minimal}first-day 2026-11-20\n"), "policy", "5");
    case(
        "first_day_not_a_day",
        &once("first-day 2026-11-20", "first-day 2026-11-31"),
        "policy",
        "10",
    );
    case("retention_negative", &once("days 365", "days -1"), "policy", "11");
    case("retention_twice", &format!("{full}retention-floor-days 1\n"), "policy", "18");
    let content = once("require objects", "content-days 30\nrequire objects");
    case("content_days", &content, "success", "-");
    case("content_days_twice", &format!("{content}content-days 31\n"), "policy", "19");
    case(
        "content_days_negative",
        &content.replace("content-days 30", "content-days -30"),
        "policy",
        "12",
    );
    case("require_unknown_level", &once("require objects", "require everything"), "policy", "12");
    case("require_twice", &format!("{full}require chain\n"), "policy", "18");
    case("seal_hours_over_u32", &once("hours 48", "hours 4294967296"), "policy", "13");
    case(
        "wrapping_key_empty",
        &once("wrapping-key local:00112233445566778899aabbccddeeff", "wrapping-key"),
        "policy",
        "8",
    );
    case(
        "service_without_days",
        &once("service api max-silent-days 2", "service api"),
        "policy",
        "15",
    );
    case(
        "service_days_not_a_number",
        &once("max-silent-days 2", "max-silent-days two"),
        "policy",
        "15",
    );
    case("service_not_a_name", &once("service api", "service a/b"), "policy", "15");
    case("service_twice", &once("service web", "service api"), "policy", "16");
    case("known_finding_without_reason", &once(" disk swap, ticket 7", ""), "policy", "17");
    case("version_2", &minimal.replace("dayseal-policy v1", "dayseal-policy v2"), "policy", "1");
    let officer =
        |name: &'static str, first| format!("officer {}\n", Key::counting(name, first).vkey());
    let dpo = officer("audit.example.com/acme/prod/officer/dpo", 0x20);
    let ciso = officer("audit.example.com/acme/prod/officer/ciso", 0x40);
    let with = |line: &str| format!("{minimal}{line}");
    case("officers", &with(&(dpo.clone() + &ciso)), "success", "-");
    let next = officer("audit.example.com/acme/prod/officer/dpo", 0x60);
    case("officer_with_two_keys", &with(&(dpo.clone() + &next)), "success", "-");
    case("officer_without_key", &with("officer dpo\n"), "policy", "5");
    case("officer_key_altered", &with(&dpo.replace("/dpo+", "/dpq+")), "policy", "5");
    case(
        "officer_of_another_origin",
        &with(&officer("audit.example.com/acme/test/officer/dpo", 0x20)),
        "policy",
        "5",
    );
    case("officer_is_the_log", &with(&format!("officer {vkey}\n")), "policy", "5");
    case(
        "officer_with_a_path_for_a_name",
        &with(&officer("audit.example.com/acme/prod/officer/eu/dpo", 0x20)),
        "policy",
        "5",
    );
    // Pending: see `PENDING` in `tests/tests/vectors.rs`.
    case("number_with_plus", &once("days 365", "days +365"), "policy", "11");
    case("number_with_leading_zero", &once("hours 48", "hours 048"), "policy", "13");
    case(
        "known_finding_twice",
        &format!("{full}known-finding gap-01ab another reason\n"),
        "policy",
        "18",
    );
    case(
        "wrapping_key_with_space",
        &once("wrapping-key local:0", "wrapping-key local: 0"),
        "policy",
        "8",
    );
}
