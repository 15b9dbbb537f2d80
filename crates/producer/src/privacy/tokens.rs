//! Credentials that are known by how they begin.

use super::Rule;
use super::text::Text;

fn is_url_safe(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
}

/// How known credentials begin: first letters, and the second ones that follow any of them.
const BEGINNINGS: [(&[u8], &[u8]); 8] = [
    (b"e", b"y"),
    (b"bB", b"eE"),
    (b"A", b"BCIKS"),
    (b"sr", b"k"),
    (b"g", b"hil"),
    (b"x", b"o"),
    (b"h", b"f"),
    (b"n", b"p"),
];

/// For each byte, in which of [`BEGINNINGS`] it stands first and in which second, one bit each.
const LETTERS: [(u8, u8); 256] = {
    let mut letters = [(0, 0); 256];
    let mut n = 0;
    while n < BEGINNINGS.len() {
        let (first, second) = BEGINNINGS[n];
        let mut at = 0;
        while at < first.len() {
            letters[first[at] as usize].0 |= 1 << n;
            at += 1;
        }
        at = 0;
        while at < second.len() {
            letters[second[at] as usize].1 |= 1 << n;
            at += 1;
        }
        n += 1;
    }
    letters
};

/// Whether a credential may begin with this letter.
pub(super) fn begins(first: u8) -> bool {
    LETTERS[usize::from(first)].0 != 0
}

/// Whether a credential may begin with these two: rules out nearly all words of prose.
#[inline]
pub(super) fn likely(first: u8, second: u8) -> bool {
    LETTERS[usize::from(first)].0 & LETTERS[usize::from(second)].1 != 0
}

/// A credential that begins with the letter at `at`, the beginning of a word: rule and end.
pub(super) fn find(text: &mut Text<'_>, at: usize) -> Option<(Rule, usize)> {
    match text.bytes[at] {
        b'e' => jwt(text, at).map(|end| (Rule::Jwt, end)),
        b'B' | b'b' => bearer(text, at).map(|end| (Rule::Bearer, end)),
        b'A' => aws_key(text, at)
            .map(|end| (Rule::AwsKey, end))
            .or_else(|| api_key(text, at).map(|end| (Rule::ApiKey, end))),
        _ => api_key(text, at).map(|end| (Rule::ApiKey, end)),
    }
}

/// RFC 7515 and 7516, compact: three or five parts of base64url, the first of them a JSON object.
fn jwt(text: &mut Text<'_>, at: usize) -> Option<usize> {
    if !text.starts_with(at, b"eyJ") || at < text.no_jwt {
        return None;
    }
    let header = text.run(at, usize::MAX, is_url_safe);
    if header - at < 12 || text.at(header) != b'.' {
        // What begins later in the same run fails for the same reason.
        text.no_jwt = header;
        return None;
    }
    let mut end = text.run(header + 1, usize::MAX, is_url_safe);
    if text.at(end) != b'.' {
        text.no_jwt = end;
        return None;
    }
    for _ in 0..3 {
        if text.at(end) != b'.' {
            break;
        }
        let next = text.run(end + 1, usize::MAX, is_url_safe);
        // An unsigned token ends with its dot; a sentence's dot is no part of it.
        if next == end + 1 && text.at(next) != b'.' && end != header {
            break;
        }
        end = next;
    }
    Some(end)
}

/// RFC 6750: the word and its token. A word of prose after it is no token.
fn bearer(text: &Text<'_>, at: usize) -> Option<usize> {
    let word = text.bytes.get(at..at + 6)?;
    if !word.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    let start = text.run(at + 6, 4, |b| matches!(b, b' ' | b'\t' | b':'));
    let end = text.run(start, usize::MAX, |b| is_url_safe(b) || b"._~+/=".contains(&b));
    let token = &text.bytes[start..end];
    let random = token.iter().any(u8::is_ascii_digit) || token.len() >= 32;
    (start > at + 6 && token.len() >= 8 && random).then_some(end)
}

/// Long-term and temporary access key ids: 4 letters and 16 characters.
fn aws_key(text: &Text<'_>, at: usize) -> Option<usize> {
    if ![b"AKIA", b"ASIA", b"ABIA", b"ACCA"].iter().any(|prefix| text.starts_with(at, *prefix)) {
        return None;
    }
    let end = text.run(at, 21, |b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (end == at + 20 && !text.at(end).is_ascii_alphanumeric()).then_some(end)
}

/// Prefixes of providers' keys, and how many characters follow at least.
pub(super) const PREFIXES: [(&[u8], usize); 16] = [
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"ghp_", 30),
    (b"gho_", 30),
    (b"ghs_", 30),
    (b"ghu_", 30),
    (b"github_pat_", 30),
    (b"glpat-", 20),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"xoxa-", 20),
    (b"hf_", 30),
    (b"npm_", 30),
    (b"AIza", 35),
];

fn api_key(text: &Text<'_>, at: usize) -> Option<usize> {
    let (prefix, least) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(at, prefix))?;
    let start = at + prefix.len();
    // Looked at twice at most: a run without digits is prose with dashes, however long it is.
    let near = text.run(start, 64, is_url_safe);
    let random = text.bytes[start..near].iter().any(u8::is_ascii_digit);
    (near - start >= *least && random).then(|| text.run(near, usize::MAX, is_url_safe))
}

/// RFC 7468: a block whose first dash is at `at`, to its end or to that of the text.
pub(super) fn pem(text: &Text<'_>, at: usize) -> Option<usize> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if !text.starts_with(at, BEGIN) {
        return None;
    }
    let label = text.run(at + BEGIN.len(), 64, |b| b.is_ascii_alphanumeric() || b == b' ');
    if !text.starts_with(label, b"-----") {
        return None;
    }
    let rest = &text.bytes[label..];
    let end = rest.windows(9).position(|w| w == b"-----END ").map_or(text.bytes.len(), |end| {
        let dashes = text.run(label + end + 9, 64, |b| b.is_ascii_alphanumeric() || b == b' ');
        text.run(dashes, 5, |b| b == b'-')
    });
    Some(end)
}
