//! Keys that name a secret, and their values inside text.

use super::text::Text;

/// Bytes of the longest key looked at before `=` or `:`.
const KEY: usize = 64;

/// Words that name a secret where they end a key: `db_password`, `X-Auth-Token`, `clientSecret`.
const WORDS: [&str; 31] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "secrets",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "sessiontoken",
    "clientsecret",
    "credential",
    "credentials",
    "creds",
    "authorization",
    "cookie",
    "cookies",
    "jwt",
    "cvv",
    "cvc",
    "csc",
    "pin",
    "otp",
    "totp",
    "seedphrase",
];

/// Pairs of words that do.
const PAIRS: [(&str, &str); 20] = [
    ("api", "key"),
    ("access", "key"),
    ("secret", "key"),
    ("private", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("master", "key"),
    ("account", "key"),
    ("shared", "key"),
    ("service", "key"),
    ("auth", "key"),
    ("db", "pass"),
    ("user", "pass"),
    ("security", "code"),
    ("recovery", "code"),
    ("backup", "code"),
    ("verification", "code"),
    ("auth", "code"),
    ("seed", "phrase"),
    ("connection", "string"),
];

/// Of all that may end a key, by its first letter, how many letters it has, as bits: most keys end here.
const LENGTHS: [u32; 26] = {
    let (mut lengths, mut n) = ([0; 26], 0);
    while n < WORDS.len() + PAIRS.len() {
        let word = if n < WORDS.len() { WORDS[n] } else { PAIRS[n - WORDS.len()].1 };
        lengths[(word.as_bytes()[0] - b'a') as usize] |= 1 << word.len();
        n += 1;
    }
    lengths
};

/// Words that make what follows a token of a model or a limit.
const HARMLESS: [&str; 13] = [
    "stop", "eos", "bos", "pad", "unk", "mask", "sep", "cls", "max", "min", "first", "per",
    "special",
];

/// Words of prose too: after them and `: ` a plain word is no secret.
const PROSE: [&str; 9] = [
    "secret",
    "secrets",
    "token",
    "pin",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "authorization",
];

/// Whether a key such as `user_password`, `x-api-key` or `clientSecret` names a secret.
pub(super) fn names_secret(key: &str) -> bool {
    judge(key.as_bytes()).is_some()
}

struct Named<'a> {
    /// Its last word.
    word: &'a [u8],
    /// Whether it has more words.
    compound: bool,
}

fn judge(key: &[u8]) -> Option<Named<'_>> {
    let mut end = key.len();
    let mut last = word_before(key, &mut end)?;
    // `password_hash`, `tokenValue`: the hash of a guessable value is as good as the value.
    if ["hash", "value", "plain", "plaintext", "text"].iter().any(|w| is(last, w)) {
        last = word_before(key, &mut end)?;
    }
    let lengths = LENGTHS[usize::from(last[0].to_ascii_lowercase() - b'a')];
    if last.len() >= 32 || lengths >> last.len() & 1 == 0 {
        return None;
    }
    let before = word_before(key, &mut end);
    let single = WORDS.iter().any(|word| is(last, word))
        && !(is(last, "token") && before.is_some_and(|b| HARMLESS.iter().any(|h| is(b, h))));
    let pair = before.is_some_and(|b| PAIRS.iter().any(|(one, two)| is(b, one) && is(last, two)));
    (single || pair).then_some(Named { word: last, compound: before.is_some() })
}

fn is(word: &[u8], other: &str) -> bool {
    word.eq_ignore_ascii_case(other.as_bytes())
}

/// The word that ends before `end`, which moves to its beginning. Words end at other characters, at
/// digits, and where a capital follows a small letter.
fn word_before<'a>(key: &'a [u8], end: &mut usize) -> Option<&'a [u8]> {
    while *end > 0 && !key[*end - 1].is_ascii_alphabetic() {
        *end -= 1;
    }
    let last = *end;
    while *end > 0 && key[*end - 1].is_ascii_alphabetic() {
        *end -= 1;
        let hump = key[*end].is_ascii_uppercase() && *end > 0 && key[*end - 1].is_ascii_lowercase();
        if hump {
            break;
        }
    }
    (*end < last).then(|| &key[*end..last])
}

/// The value after the `=` or `:` at `at`, if the word before names a secret: its beginning and end.
pub(super) fn value(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let colon = text.bytes[at] == b':';
    if colon && text.starts_with(at, b"://") {
        return url_password(text, at + 3);
    }
    let (key, quoted_key) = key_before(text, at)?;
    let named = judge(key)?;
    // `=`, `:`, and what assigns elsewhere: `:=`, `=>`, `==`.
    let operator = text.run(at + 1, 2, |b| matches!(b, b'=' | b'>'));
    let start = text.run(operator, 8, |b| matches!(b, b' ' | b'\t'));
    let (start, end, quoted_value) = match opening_quote(text, start) {
        Some((quote, inside)) => (inside, closing_quote(text, inside, quote), true),
        None => (start, unquoted(text, start, named.word), false),
    };
    if start == end || text.bytes[start..end] == *b"[redacted:secret]" {
        return None;
    }
    let value = &text.bytes[start..end];
    // `${{ secrets.X }}`, `**`, `*****`: no value.
    if !value.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80) {
        return None;
    }
    // "The secret: patience."
    let prose = colon
        && start > at + 1
        && !quoted_key
        && !quoted_value
        && !named.compound
        && PROSE.iter().any(|word| is(named.word, word));
    let cookie = is(named.word, "cookie") || is(named.word, "cookies");
    let plain = if cookie {
        !value.contains(&b'=')
    } else {
        value.len() < 16 && !value.iter().any(u8::is_ascii_digit)
    };
    (!(prose && plain)).then_some((start, end))
}

/// The key that ends before `at`, and whether it stands in quotes.
fn key_before<'a>(text: &Text<'a>, at: usize) -> Option<(&'a [u8], bool)> {
    let mut end = at;
    while at - end < 3 && text.back(end, 1) == b' ' {
        end -= 1;
    }
    let quoted = matches!(text.back(end, 1), b'"' | b'\'' | b'`');
    if quoted {
        end -= 1;
        end -= usize::from(text.back(end, 1) == b'\\');
    }
    let mut start = end;
    while end - start < KEY
        && (text.back(start, 1).is_ascii_alphanumeric()
            || matches!(text.back(start, 1), b'_' | b'-' | b'.'))
    {
        start -= 1;
    }
    // `$PWD:/app` names no value that follows.
    let variable = text.back(start, 1) == b'$';
    Some((&text.bytes[start..end], quoted)).filter(|(key, _)| !key.is_empty() && !variable)
}

/// A quote at `at`, escaped or not: the quote, and where its inside begins.
fn opening_quote(text: &Text<'_>, at: usize) -> Option<(&'static [u8], usize)> {
    let quotes: [&[u8]; 5] = [b"\\\"", b"\\'", b"\"", b"'", b"`"];
    quotes.into_iter().find(|q| text.starts_with(at, q)).map(|q| (q, at + q.len()))
}

/// Where the inside of a quote ends; without a closing one, the end of the text.
fn closing_quote(text: &Text<'_>, start: usize, quote: &[u8]) -> usize {
    let mut at = start;
    while at < text.bytes.len() {
        if text.starts_with(at, quote) {
            return at;
        }
        at += if text.bytes[at] == b'\\' { 2 } else { 1 };
    }
    text.bytes.len()
}

fn unquoted(text: &Text<'_>, start: usize, word: &[u8]) -> usize {
    let line = ["authorization", "cookie", "cookies"].iter().any(|header| is(word, header));
    let ends = |b: u8| match b {
        b'\r' | b'\n' | b'"' => true,
        b' ' | b'\t' | b',' | b';' | b'&' | b'\'' | b'`' | b')' | b'}' | b'<' | b'>' => !line,
        _ => false,
    };
    text.run(start, usize::MAX, |b| !ends(b))
}

/// The password of `scheme://user:password@host`, where `start` is behind the slashes.
fn url_password(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let part = |b: u8| b > b' ' && !b"/?#@\"'<>".contains(&b);
    let end = text.run(start, 256, part);
    if text.at(end) != b'@' {
        return None;
    }
    let colon = start + text.bytes[start..end].iter().position(|b| *b == b':')? + 1;
    (colon < end && text.bytes[colon..end] != *b"[redacted:secret]").then_some((colon, end))
}
