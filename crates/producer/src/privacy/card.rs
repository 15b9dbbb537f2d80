//! Payment card numbers: ISO/IEC 7812, PCI DSS 3.4 and 3.5.

use super::text::Text;

/// Digits of the longest number.
const MOST: usize = 19;

/// The end of a card number whose first digit is at `at`, the beginning of a run of digits.
///
/// Groups of digits before a number can make another with its first groups: then all of both is found.
pub(super) fn find(text: &Text<'_>, at: usize) -> Option<usize> {
    let (mut end, mut next) = (find_one(text, at)?, at);
    while next < end {
        next = text.run(next, usize::MAX, |b| b.is_ascii_digit());
        next = text.run(next, 3, |b| !b.is_ascii_digit());
        end = end.max(find_one(text, next).unwrap_or(end));
    }
    Some(end)
}

fn find_one(text: &Text<'_>, at: usize) -> Option<usize> {
    if !begins(text, at) {
        return None;
    }
    let (mut digits, mut count) = ([0u8; MOST], 0);
    let mut best = None;
    let (mut next, mut group) = (at, 0);
    loop {
        let end = text.run(next, MOST + 1, |b| b.is_ascii_digit());
        if count + (end - next) > MOST {
            break;
        }
        for (digit, byte) in digits[count..].iter_mut().zip(&text.bytes[next..end]) {
            *digit = byte - b'0';
        }
        count += end - next;
        let whole = group == 0;
        if ends(text, end, whole)
            && !(count == 12 && !whole && goes_on(text, end))
            && is_card(&digits[..count])
            && !(whole && is_something_else(text, at, end))
        {
            best = Some(end);
        }
        // Groups as printed: the first of 4 or 6 digits, those between of 3 or more.
        let len = end - next;
        if !(if whole { matches!(len, 4 | 6) } else { len >= 3 }) {
            break;
        }
        let Some(separator) = separator(text, end) else { break };
        next = end + separator;
        group += 1;
    }
    best
}

/// Whether an integer is a card number.
pub(super) fn is_card_integer(value: i64) -> bool {
    let Ok(mut rest) = u64::try_from(value) else { return false };
    let (mut digits, mut at) = ([0u8; MOST], MOST);
    while rest > 0 {
        at -= 1;
        digits[at] = (rest % 10) as u8;
        rest /= 10;
    }
    is_card(&digits[at..])
}

/// Nothing but letters may touch the digits: among hexadecimal digits there are too many runs of decimal ones.
fn begins(text: &Text<'_>, at: usize) -> bool {
    let mut before = at;
    while text.back(before, 1).is_ascii_alphabetic() {
        before -= 1;
        if at - before > 32 {
            return false;
        }
    }
    !text.back(before, 1).is_ascii_digit() || before == at
}

fn ends(text: &Text<'_>, end: usize, whole: bool) -> bool {
    if text.at(end).is_ascii_digit() {
        return false;
    }
    if !whole || !text.at(end).is_ascii_alphabetic() {
        return true;
    }
    let letters = text.run(end, 32, |b| b.is_ascii_alphabetic());
    !text.at(letters).is_ascii_alphanumeric()
}

/// `0.4111111111111111` is a number, and the 12 digits in `arn:aws:iam::630411111119:role` an account.
fn is_something_else(text: &Text<'_>, at: usize, end: usize) -> bool {
    let fraction = text.back(at, 1) == b'.' && text.back(at, 2).is_ascii_digit();
    let account = end - at == 12 && text.back(at, 1) == b':' && text.at(end) == b':';
    fraction || account
}

/// Three groups of four before a fourth are rather a number of 16 digits whose check fails.
fn goes_on(text: &Text<'_>, end: usize) -> bool {
    separator(text, end)
        .is_some_and(|len| text.run(end + len, 5, |b| b.is_ascii_digit()) == end + len + 4)
}

/// Length of the separator at `at`: space, dash, dot, and how typesetters write them.
fn separator(text: &Text<'_>, at: usize) -> Option<usize> {
    let len = match text.at(at) {
        b' ' | b'-' | b'.' => 1,
        // U+00A0, and U+2010 to U+2013.
        0xc2 if text.at(at + 1) == 0xa0 => 2,
        0xe2 if text.at(at + 1) == 0x80 && matches!(text.at(at + 2), 0x90..=0x93) => 3,
        _ => return None,
    };
    text.at(at + len).is_ascii_digit().then_some(len)
}

fn is_card(digits: &[u8]) -> bool {
    (12..=MOST).contains(&digits.len()) && issued(digits) && luhn(digits)
}

/// Whether a scheme issues numbers of this beginning and length.
fn issued(d: &[u8]) -> bool {
    let n = d.len();
    let head = |count: usize| d[..count].iter().fold(0u32, |sum, d| sum * 10 + u32::from(*d));
    match head(4) {
        // Visa.
        4000..=4999 => matches!(n, 13 | 16 | 19),
        // Mastercard, both series.
        5100..=5599 | 2221..=2720 => n == 16,
        // American Express.
        3400..=3499 | 3700..=3799 => n == 15,
        // Diners Club.
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&n),
        // JCB.
        3528..=3589 => (16..=19).contains(&n),
        // Mir.
        2200..=2204 => n >= 16,
        // Troy; UnionPay beyond 62. Longer numbers that begin so are rather ids.
        9792 | 8100..=8199 => n == 16,
        // UATP.
        1000..=1999 => n == 15,
        // Maestro; Discover and UnionPay among the sixes.
        5000..=5099 | 5600..=5899 | 6000..=6999 => true,
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d) << (i & 1);
            if d > 9 { d - 9 } else { d }
        })
        .sum();
    sum.is_multiple_of(10)
}
