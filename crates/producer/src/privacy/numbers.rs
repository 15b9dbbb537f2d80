//! What begins with a run of digits, except cards: IBAN, social security and telephone numbers.

use super::text::Text;

/// The country's letters before `at`, two digits and the rest, with the check of ISO 7064.
/// Returns the beginning and end.
pub(super) fn iban(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let country = [text.back(at, 2), text.back(at, 1)];
    if !country.iter().all(u8::is_ascii_uppercase) || !text.begins(at - 2) {
        return None;
    }
    let length = iban_length(country)?;
    let (start, mut next, mut taken) = (at - 2, at - 2, 0);
    // The first four characters go to the end.
    let (mut head, mut rest) = (0, 0);
    while taken < length {
        // Printed in groups of four.
        if taken > 0 && taken % 4 == 0 && matches!(text.at(next), b' ' | b'-') {
            next += 1;
        }
        let byte = text.at(next);
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            _ => return None,
        };
        let sum = if taken < 4 { &mut head } else { &mut rest };
        *sum = (*sum * if value > 9 { 100 } else { 10 } + value) % 97;
        taken += 1;
        next += 1;
    }
    // Two letters and two digits are six digits.
    let valid = (rest * (1_000_000 % 97) + head) % 97 == 1;
    (valid && !text.at(next).is_ascii_alphanumeric()).then_some((start, next))
}

/// ISO 13616 registry, release 99.
fn iban_length(country: [u8; 2]) -> Option<usize> {
    Some(match &country {
        b"NO" => 15,
        b"BE" | b"BI" => 16,
        b"DK" | b"FI" | b"FK" | b"FO" | b"GL" | b"NL" | b"SD" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"MN" | b"XK" => 20,
        b"CH" | b"CR" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => 22,
        b"AE" | b"GI" | b"IL" | b"IQ" | b"OM" | b"SO" | b"TL" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" => 24,
        b"LY" | b"PT" | b"ST" => 25,
        b"IS" | b"TR" => 26,
        b"BF" | b"FR" | b"GR" | b"IT" | b"MC" | b"MR" | b"SM" | b"DJ" => 27,
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HN" | b"HU" | b"LB" | b"NI" | b"PL"
        | b"SV" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" | b"YE" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        _ => return None,
    })
}

/// `ddd-dd-dddd` or with spaces, as the Social Security Administration issued them until 2011 and since.
pub(super) fn ssn(text: &Text<'_>, at: usize) -> Option<usize> {
    let separator = text.at(at + 3);
    if !matches!(separator, b'-' | b' ') || text.at(at + 6) != separator || !stands_alone(text, at)
    {
        return None;
    }
    let area = number(text, at, 3)?;
    let (group, serial) = (number(text, at + 4, 2)?, number(text, at + 7, 4)?);
    let issued = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    let end = at + 11;
    (issued && !continues(text, end)).then_some(end)
}

/// A telephone number whose first digit is at `at`: its beginning and end.
pub(super) fn phone(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    if text.back(at, 1) == b'+' {
        return Some((at - 1, international(text, at)?));
    }
    // (415) 555-0142, 415-555-0142, 415.555.0142, 415 555 0142
    let (start, exchange) = if text.back(at, 1) == b'(' && text.at(at + 3) == b')' {
        (at - 1, at + 4 + usize::from(matches!(text.at(at + 4), b' ' | b'-')))
    } else if stands_alone(text, at) || is_trunk(text, at) {
        (at, at + 4)
    } else {
        return None;
    };
    let separator = text.at(exchange + 3);
    let same = start < at || text.at(at + 3) == separator;
    if !matches!(separator, b'-' | b'.' | b' ') || !same {
        return None;
    }
    let (area, office) = (number(text, at, 3)?, number(text, exchange, 3)?);
    number(text, exchange + 4, 4)?;
    let end = exchange + 8;
    (area >= 200 && office >= 200 && !continues(text, end)).then_some((start, end))
}

/// `1-` or `1 ` before a North American number.
fn is_trunk(text: &Text<'_>, at: usize) -> bool {
    matches!(text.back(at, 1), b'-' | b'.' | b' ')
        && text.back(at, 2) == b'1'
        && !text.back(at, 3).is_ascii_alphanumeric()
}

/// ITU-T E.164 after its `+`: 8 to 15 digits, in groups as people write them.
fn international(text: &Text<'_>, at: usize) -> Option<usize> {
    if text.at(at) == b'0' || text.back(at, 2).is_ascii_alphanumeric() {
        return None;
    }
    let (mut count, mut next, mut end) = (0, at, at);
    loop {
        let group = text.run(next, 16, |b| b.is_ascii_digit());
        if group == next || count + group - next > 15 {
            break;
        }
        count += group - next;
        (next, end) = (group, group);
        let gap = text.run(next, 2, |b| matches!(b, b' ' | b'-' | b'.' | b'(' | b')' | b'/'));
        next = gap;
    }
    ((8..=15).contains(&count) && !text.at(end).is_ascii_alphanumeric()).then_some(end)
}

/// Exactly `count` digits at `at`, as a number.
fn number(text: &Text<'_>, at: usize, count: usize) -> Option<u32> {
    let digits = text.bytes.get(at..at + count)?;
    digits.iter().try_fold(0, |sum, d| d.is_ascii_digit().then(|| sum * 10 + u32::from(d - b'0')))
}

/// Whether no word, and no digit with a separator, stands before `at`.
fn stands_alone(text: &Text<'_>, at: usize) -> bool {
    let glued = matches!(text.back(at, 1), b'-' | b'.') && text.back(at, 2).is_ascii_alphanumeric();
    text.begins(at) && !glued
}

/// Whether a word, or a separator with a digit, follows.
fn continues(text: &Text<'_>, end: usize) -> bool {
    let next = text.at(end);
    next.is_ascii_alphanumeric() || matches!(next, b'-' | b'.') && text.at(end + 1).is_ascii_digit()
}
