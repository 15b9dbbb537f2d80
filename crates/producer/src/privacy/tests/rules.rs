//! Each rule by what it finds and what it leaves.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::super::network::{Network, network};
use super::super::tokens;
use super::super::{Detector, Mask, Redaction, Rule};

/// `text` with everything masked; the text itself if nothing is found.
fn all(text: &str) -> String {
    Redaction::all().redact(text).map_or_else(|| text.to_owned(), |r| r.text)
}

fn partial(text: &str) -> String {
    Redaction::all().mask(Mask::Partial).redact(text).map_or_else(|| text.to_owned(), |r| r.text)
}

/// Each finds exactly the part between the brackets, by this rule; texts without are left alone.
fn check(rule: Rule, texts: &[&str]) {
    for marked in texts {
        let text = marked.replace(['⟦', '⟧'], "");
        let redacted = Redaction::none().with(rule, Mask::Full).redact(&text);
        let expected = match (marked.split_once('⟦'), marked.split_once('⟧')) {
            (Some((before, _)), Some((_, after))) => format!("{before}[redacted:{rule}]{after}"),
            _ => text.clone(),
        };
        let found = redacted.map_or(text, |r| r.text);
        assert_eq!(found, expected, "{rule}: {marked}");
    }
}

#[test]
fn cards() {
    // Published test numbers of the schemes and of processors.
    for number in [
        "4111111111111111",
        "4222222222222",
        "4000056655665556",
        "5555555555554444",
        "2223003122003222",
        "2720992593319364",
        "378282246310005",
        "371449635398431",
        "30569309025904",
        "38520000023237",
        "36227206271667",
        "6011111111111117",
        "6011000990139424",
        "3530111333300000",
        "3566002020360505",
        "6200000000000005",
        "6205500000000000004",
        "6759649826438453",
        "5019717010103742",
        "2200000000000004",
    ] {
        check(Rule::Card, &[&format!("⟦{number}⟧"), &format!("pan={{⟦{number}⟧}}.")]);
        check(Rule::Card, &[&format!("PAN⟦{number}⟧ok")]);
        let parameter = number.parse().unwrap();
        assert_eq!(Redaction::default().integer(parameter), Some(Rule::Card));
    }
    check(
        Rule::Card,
        &[
            "⟦4111 1111 1111 1111⟧",
            "⟦4111-1111-1111-1111⟧",
            "⟦4111.1111.1111.1111⟧",
            "⟦4111\u{a0}1111\u{a0}1111\u{a0}1111⟧",
            "⟦4111–1111–1111–1111⟧",
            "⟦3782 822463 10005⟧",
            "⟦3056 930902 5904⟧",
            "⟦4222 2222 2222 2⟧",
            "⟦6759 6498 2648⟧ 1",
            "order 2024 ⟦4111 1111 1111 1111⟧ 12/27",
            "a4111111111111111b2",  // hexadecimal
            "4111111111111112",     // check digit
            "41111111111111111111", // 20 digits
            "0.4111111111111111",   // a fraction
            "1795176000000000",     // microseconds
            "4111 11 11 1111 1111 11",
            "arn:aws:iam::630411111119:user/ada",
            "account ⟦630411111119⟧",
            "550e8400-e29b-41d4-a716-446655440000",
            "",
        ],
    );
    assert_eq!(partial("card 4111 1111 1111 1111!"), "card 411111******1111!");
    assert_eq!(partial("6759 6498 2643 8453"), "675964******8453");
    assert_eq!(partial("501800000009"), "501800**0009");
}

#[test]
fn credentials() {
    check(
        Rule::Jwt,
        &[
            "⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g⟧",
            "(⟦eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0⟧.)",
            "⟦eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y2lwaGVy.dGFn⟧",
            "eyJ is how they begin. And so on.",
            "eyJhbGciOiJIUzI1NiJ9",
            "xeyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        ],
    );
    check(
        Rule::AwsKey,
        &[
            "id=⟦AKIAIOSFODNN7EXAMPLE⟧,",
            "⟦ASIATFQR7NSCTM3XVF6B⟧",
            "AKIAIOSFODNN7EXAMPLEX",
            "XAKIAIOSFODNN7EXAMPLE",
            "AKIAIOSFODNN7EXAMPL",
            "AIDATFQR7NSC5U6Q3TMDR",
        ],
    );
    check(
        Rule::ApiKey,
        &[
            "⟦sk-proj-abcdefgh12345678ABCDEFGH⟧ used",
            "⟦ghp_16C7e42F292c6912E7710c838347Ae178B4a⟧",
            "⟦AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY⟧",
            "sk-learn-is-a-library-for-machine-learning",
            "ask-me-anything-about-1234567890",
        ],
    );
    check(
        Rule::Pem,
        &[
            "⟦-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----⟧\n",
            "key: ⟦-----BEGIN RSA PRIVATE KEY-----\\nMIIE…⟧",
            "-----BEGINNING-----",
        ],
    );
    check(
        Rule::Bearer,
        &[
            "⟦Bearer abcdef0123456789⟧ sent",
            "⟦bearer  mF_9.B5f-4.1JqM⟧",
            "a bearer certificates dealer",
            "Bearer of news",
            "forbearer abc123456789",
        ],
    );
}

#[test]
fn each_beginning_of_a_credential_is_looked_for() {
    let some = |n: usize| "a1B2c3D4e5".chars().cycle().take(n).collect::<String>();
    for (prefix, least) in tokens::PREFIXES {
        check(Rule::ApiKey, &[&format!("⟦{}{}⟧", str::from_utf8(prefix).unwrap(), some(least))]);
    }
    for prefix in ["AKIA", "ASIA", "ABIA", "ACCA"] {
        check(Rule::AwsKey, &[&format!("⟦{prefix}{}⟧", some(16).to_uppercase())]);
    }
    for word in ["bearer", "Bearer", "bEARER", "BEARER"] {
        check(Rule::Bearer, &[&format!("⟦{word} {}⟧", some(20))]);
    }
}

#[test]
fn values_of_keys_that_name_a_secret() {
    check(
        Rule::Secret,
        &[
            "password=⟦hunter2⟧&user=ada",
            "Password: ⟦correct-horse⟧",
            r#"{"db_password": "⟦it's \"quoted\"⟧", "user": "ada"}"#,
            r#"{\"apiKey\":\"⟦s3cr3t⟧\"}"#,
            "{'client_secret': '⟦x y z⟧'}",
            "X-Api-Key: ⟦0a1b2c⟧\nHost: x",
            "Authorization: ⟦Basic dXNlcjpwYXNz⟧\nHost: x",
            "Cookie: ⟦a=b; c=d1⟧",
            "AWS_SECRET_ACCESS_KEY=⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",
            "postgres://ada:⟦pa:ss⟧@db.example.com/x",
            "password_hash=⟦5f4dcc3b⟧",
            "cvv = ⟦123⟧",
            "token => ⟦abc⟧",
            "Cookies: Bake a batch of classic cookies, like 1.",
            "password: ${{ secrets.X }} password: **** docker -v $PWD:/app",
            "The secret: patience.",
            "The token: a word",
            "max_tokens=100 stop_token=x eos_token: </s>",
            "password=",
            "http://example.com:8080/a@b",
            "key=value, tokens=3, monkey: x",
        ],
    );
    for name in ["password", "userPassword", "X-Auth-Token", "api_key", "API-KEY", "dbPass2", "PIN"]
    {
        assert!(super::super::secret::names_secret(name), "{name}");
    }
    for name in ["passenger", "tokens", "max_token", "key", "keyboard", "pinned", "secretary", ""] {
        assert!(!super::super::secret::names_secret(name), "{name}");
    }
}

#[test]
fn people() {
    check(
        Rule::Email,
        &[
            "to ⟦alice.b+c@mail.example.com⟧, please",
            "<⟦a@b.co⟧>",
            "⟦ägypten@bücher.example⟧",
            "mailto:⟦a@b.co⟧.",
            "alice@localhost",
            "@alice and @bob.x",
            "a@.com a@b..com",
            "git@v1.2.3",
        ],
    );
    check(
        Rule::Iban,
        &[
            "⟦DE89370400440532013000⟧",
            "IBAN ⟦GB29 NWBK 6016 1331 9268 19⟧, thanks",
            "⟦NO9386011117947⟧",
            "DE89370400440532013001",
            "XX89370400440532013000",
            "DE8937040044053201300",
            "ADE89370400440532013000",
        ],
    );
    check(
        Rule::Ssn,
        &[
            "ssn ⟦078-05-1120⟧.",
            "⟦219 09 9999⟧",
            "000-12-3456",
            "666-12-3456",
            "912-12-3456",
            "123-00-4567",
            "123-45-0000",
            "2024-123-45-6789",
            "123-45-6789-1",
            "123-45 6789",
        ],
    );
    check(
        Rule::Phone,
        &[
            "call ⟦+1 415 555 2671⟧ now",
            "⟦+442079460958⟧",
            "⟦+49 (30) 901820⟧",
            "⟦(415) 555-2671⟧",
            "1-⟦415-555-2671⟧",
            "⟦415.555.2671⟧",
            "⟦415 555 2671⟧, ext. 3",
            "+1 2",
            "115-555-2671",
            "415-155-2671",
            "4155552671",
            "a+12345678",
            "10.415.555.2671",
        ],
    );
}

#[test]
fn addresses() {
    check(
        Rule::Ipv4,
        &[
            "from ⟦203.0.113.7⟧.",
            "http://⟦10.0.0.1⟧:80/",
            "⟦255.255.255.255⟧",
            "Chrome/120.0.0.0 Safari/537.36",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "v1.2.3.4",
            "01.2.3.4",
        ],
    );
    check(
        Rule::Ipv6,
        &[
            "from ⟦2001:db8::7⟧.",
            "[⟦::1⟧]:80",
            "⟦fe80::1ff:fe23:4567:890a⟧",
            "⟦::ffff:203.0.113.7⟧",
            "⟦2001:0db8:85a3:0000:0000:8a2e:0370:7334⟧",
            "12:34:56",
            "std::collections",
            "a::b",
            "aa:bb:cc:dd:ee:ff",
            "::",
            "note: this",
        ],
    );
    let masked = |text: &str| Some(Network::Masked(text.to_owned()));
    assert_eq!(network("203.0.113.7"), masked("203.0.113.0/24"));
    assert_eq!(network("203.0.113.7/32"), masked("203.0.113.0/24"));
    assert_eq!(network("::ffff:203.0.113.7"), masked("203.0.113.0/24"));
    assert_eq!(network("2001:db8:1:2::3"), masked("2001:db8:1::/48"));
    assert_eq!(network("203.0.113.0/24"), Some(Network::Already));
    assert_eq!(network("2001:db8:1::/48"), Some(Network::Already));
    assert_eq!(network("proxy, 203.0.113.7"), None);
}

#[test]
fn partial_masks_keep_what_helps_to_recognise() {
    for (text, expected) in [
        ("alice@example.com", "al***@example.com"),
        ("al@example.com", "a***@example.com"),
        ("203.0.113.7", "203.0.xxx.xxx"),
        ("2001:db8::7", "2001:db8:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx"),
        ("AKIAABCDEFGHIJKLWXYZ", "AKIAABCD...WXYZ"),
        ("DE89370400440532013000", "DE89...3000"),
        ("078-05-1120", "***-**-1120"),
        ("+1 415 555 2671", "***71"),
        ("password=hunter2", "password=[redacted:secret]"),
    ] {
        assert_eq!(partial(text), expected);
        assert_eq!(partial(expected), expected);
    }
}

#[test]
fn one_text_with_many() {
    let text = "alice@example.com, 4111 1111 1111 1111 from 203.0.113.7; token=abc1";
    let expected =
        "[redacted:email], [redacted:card] from [redacted:ipv4]; token=[redacted:secret]";
    assert_eq!(all(text), expected);
    // What stood in another's way is found once that is gone.
    assert_eq!(all("123-45-6788-4111 1111 1111 1111"), "[redacted:ssn]-[redacted:card]");
}

#[derive(Debug)]
struct Ticket(&'static str);

impl Detector for Ticket {
    fn name(&self) -> &str {
        self.0
    }

    #[allow(clippy::reversed_empty_ranges, reason = "what a hostile detector may say")]
    fn find(&self, text: &str, found: &mut Vec<Range<usize>>) {
        found.extend(text.match_indices("TICKET-").map(|(at, word)| at..at + word.len() + 3));
        // Nonsense must do no harm.
        found.extend([Range { start: 7, end: 3 }, 1_000..2_000, 5..5]);
    }
}

#[test]
fn a_detector_of_ones_own() {
    let rules = Redaction::default().detector(Arc::new(Ticket("ticket")));
    let redacted = rules.redact("see TICKET-42é and 4111111111111111").unwrap();
    assert_eq!(redacted.text, "see [redacted:ticket] and [redacted:card]");
    assert_eq!(redacted.rules.len(), 2);
    assert_eq!(rules.bad_name(), None);
    for bad in ["", "card", "undeclared", "Ä", "a b"] {
        let bad: &'static str = bad;
        let rules = Redaction::none().detector(Arc::new(Ticket(bad)));
        assert_eq!(rules.bad_name(), Some(bad));
    }
}

/// Ten times the text takes about ten times as long: nothing looks back or ahead without a bound.
#[test]
fn hostile_texts_take_linear_time() {
    let rules = Redaction::all();
    for unit in [
        "4",
        "4 ",
        "4111 ",
        "41-",
        "a1",
        "+1",
        "1.",
        "::",
        "a:",
        "@",
        "a@",
        "a.b@c.",
        "eyJ-",
        "eyJabcdefghij.",
        "-----BEGIN ",
        "-----BEGIN A-----",
        "Bearer ",
        "bearer:",
        "password=",
        "password:\"",
        "\\\"",
        "://a:",
        "sk-",
        "sk-a",
        "AKIA",
        "DE89",
        "DE89 3704 0044 0532 0130 01",
        "123-45-",
        "(415) ",
        "x",
        "é",
    ] {
        let time = |bytes: usize| {
            let text = unit.repeat(bytes / unit.len());
            let begin = Instant::now();
            let redacted = rules.redact(&text);
            let spent = begin.elapsed();
            drop(redacted);
            spent
        };
        // Debug builds on a busy machine: what is quadratic takes minutes.
        let (short, long) = (time(10_000), time(200_000));
        assert!(
            long.as_secs_f64() < 0.5 + 100.0 * short.as_secs_f64(),
            "{unit:?} {short:?} {long:?}"
        );
    }
}
