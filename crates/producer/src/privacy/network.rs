//! Addresses: e-mail, IPv4, IPv6; and the network that an address lies in.

use std::net::{IpAddr, Ipv6Addr};

use super::text::Text;

/// Bytes of the longest local part and domain (RFC 5321, 4.5.3.1).
const LOCAL: usize = 64;
const DOMAIN: usize = 255;

/// An address around the `@` at `at`: its beginning and end.
pub(super) fn email(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let mut start = at;
    while at - start < LOCAL && is_local(text.back(start, 1)) {
        start -= 1;
    }
    // Not inside a character, and not at a dot.
    while start < at && (text.bytes[start] & 0xc0 == 0x80 || text.bytes[start] == b'.') {
        start += 1;
    }
    if start == at || text.back(at, 1) == b'.' {
        return None;
    }
    let part = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'-' | b'.');
    let mut end = text.run(at + 1, DOMAIN, part);
    while end > at && matches!(text.bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    // Cut at the bound, it may end inside a character.
    while end > at && text.at(end) & 0xc0 == 0x80 {
        end -= 1;
    }
    let domain = text.bytes.get(at + 1..end)?;
    let top = domain.rsplit(|b| *b == b'.').next()?;
    let dotted = top.len() + 1 < domain.len() && top.len() >= 2;
    let named = top.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80 || *b == b'-')
        || top.starts_with(b"xn--");
    let empty_label = domain.first() == Some(&b'.') || domain.windows(2).any(|pair| pair == b"..");
    (dotted && named && !empty_label).then_some((start, end))
}

/// Characters of RFC 5322 atoms without `*`, which masks put before the `@`, and the quotes and
/// separators that rather surround an address.
fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || b"._%+-#$~!^".contains(&b)
}

/// The end of an IPv4 address whose first digit is at `at`.
pub(super) fn ipv4(text: &Text<'_>, at: usize) -> Option<usize> {
    let before = text.back(at, 1);
    // `Chrome/120.0.0.0` is a version, `http://10.0.0.1` is not.
    let product = before == b'/' && text.back(at, 2).is_ascii_alphanumeric();
    if before.is_ascii_alphanumeric() || before == b'.' || product {
        return None;
    }
    let mut next = at;
    for octet in 0..4 {
        if octet > 0 {
            if text.at(next) != b'.' {
                return None;
            }
            next += 1;
        }
        let end = text.run(next, 4, |b| b.is_ascii_digit());
        let digits = &text.bytes[next..end];
        let value = digits.iter().fold(0u32, |sum, d| sum * 10 + u32::from(d - b'0'));
        if digits.is_empty() || value > 255 || digits.len() > 1 && digits[0] == b'0' {
            return None;
        }
        next = end;
    }
    let follows = text.at(next) == b'.' && text.at(next + 1).is_ascii_digit();
    (!text.at(next).is_ascii_alphanumeric() && !follows).then_some(next)
}

/// An IPv6 address whose first colon is at `at`: its beginning and end.
pub(super) fn ipv6(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let mut start = at;
    while at - start < 4 && text.back(start, 1).is_ascii_hexdigit() {
        start -= 1;
    }
    if text.back(start, 1).is_ascii_alphanumeric() || matches!(text.back(start, 1), b':' | b'.') {
        return None;
    }
    let mut end = text.run(at, 46, |b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
    // A full stop, or the colon of a sentence.
    while end > at + 2 && text.at(end - 1) == b'.'
        || end > at + 2 && text.at(end - 1) == b':' && text.at(end - 2) != b':'
    {
        end -= 1;
    }
    if text.at(end).is_ascii_alphanumeric() {
        return None;
    }
    let found = std::str::from_utf8(&text.bytes[start..end]).ok()?;
    found.parse::<Ipv6Addr>().ok()?;
    // `a::b` is a path in some languages.
    let groups = found.split(':').filter(|group| !group.is_empty()).count();
    (groups >= 4 || found.bytes().any(|b| b.is_ascii_digit())).then_some((start, end))
}

/// The network of an address: the first 24 bits of IPv4, 48 of IPv6; `None` if `text` is no address.
/// What is a network already stays as it is.
pub(super) fn network(text: &str) -> Option<Network> {
    if let Some((address, bits)) = text.split_once('/')
        && let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse::<u8>())
    {
        let wide = bits <= if address.is_ipv4() { 24 } else { 48 };
        return if wide { Some(Network::Already) } else { network(&address.to_string()) };
    }
    let address = text.parse::<IpAddr>().ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Network::Masked(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            Network::Masked(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
    })
}

/// What [`network`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// Wide enough as it is.
    Already,
    /// The network to write instead.
    Masked(String),
}
