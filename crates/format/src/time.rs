//! Instants and days, as the formats write them.
//!
//! Two newtypes and no clock: callers hand the time in. Every entry holds two or three times, so
//! dates are converted here, in a few nanoseconds, and held against `jiff` by a test of every day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds in one UTC day. Leap seconds are smeared or repeated by the clock, never counted.
pub const DAY_MS: i64 = 86_400_000;

/// An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Written as exactly 24 bytes, `YYYY-MM-DDTHH:MM:SS.mmmZ` (RFC 3339, upper-case `T` and `Z`, three
/// digits of fraction). Bounds: years 1970 to 9999. One instant has one spelling, so that text can
/// be compared and hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(i64);

/// A UTC calendar day, `YYYY-MM-DD`, years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// A time or day that does not have its one spelling, or lies outside 1970 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what}: expected {expected}, found `{found}`")]
pub struct TimeError {
    what: &'static str,
    expected: &'static str,
    found: String,
}

impl TimeError {
    fn new(what: &'static str, expected: &'static str, found: impl Into<String>) -> Self {
        // Bounded, so that a hostile value cannot fill a log line.
        let found: String = found.into().chars().take(40).collect();
        Self { what, expected, found }
    }
}

const TIME_SHAPE: &str = "YYYY-MM-DDTHH:MM:SS.mmmZ between 1970 and 9999";
const DAY_SHAPE: &str = "YYYY-MM-DD between 1970 and 9999";
/// Days from 1970-01-01 to 9999-12-31.
const MAX_DAY: i32 = 2_932_896;

impl UnixMillis {
    /// The largest instant, 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self((MAX_DAY as i64 + 1) * DAY_MS - 1);

    /// From milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`TimeError`] outside 1970 to 9999.
    pub fn new(ms: i64) -> Result<Self, TimeError> {
        if (0..=Self::MAX.0).contains(&ms) {
            Ok(Self(ms))
        } else {
            Err(TimeError::new("time", TIME_SHAPE, format!("{ms} ms")))
        }
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The UTC day this instant falls on.
    pub const fn day(self) -> Day {
        // In range: self.0 <= MAX, so the quotient is at most MAX_DAY.
        Day((self.0 / DAY_MS) as i32)
    }

    /// This instant moved by `ms`, held within 1970 to 9999.
    #[must_use]
    pub fn saturating_add(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms).clamp(0, Self::MAX.0))
    }

    /// The 24 bytes of its one spelling.
    pub fn to_bytes(self) -> [u8; 24] {
        let mut out = *b"0000-00-00T00:00:00.000Z";
        let rest = self.0 % DAY_MS;
        self.day().write(&mut out[..10]);
        put(&mut out[11..13], rest / 3_600_000);
        put(&mut out[14..16], rest / 60_000 % 60);
        put(&mut out[17..19], rest / 1_000 % 60);
        put(&mut out[20..23], rest % 1_000);
        out
    }
}

/// Writes `value` in decimal, right-aligned, over the whole of `out`.
fn put(out: &mut [u8], mut value: i64) {
    for b in out.iter_mut().rev() {
        *b = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Days of the years before this one since 0000-03-01, in years that begin in March: then the leap
/// day comes last, and months have 30.6 days each when rounded.
const fn days_before_year(year: i32) -> i32 {
    year * 365 + year / 4 - year / 100 + year / 400
}

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i32 = 719_468;

/// The day's number, if there is such a day in 1970 to 9999.
fn number(year: i32, month: i32, day: i32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(days_before_year(year) + (153 * month + 2) / 5 + day - 1 - EPOCH)
}

/// Year, month and day of a day's number.
fn civil(number: i32) -> (i32, i32, i32) {
    let days = number + EPOCH;
    // 400 years are 146,097 days. Within them, taking out the leap days before a day (one in 1,461
    // but for the centuries) leaves years of 365.
    let (era, rest) = (days / 146_097, days % 146_097);
    let year = era * 400 + (rest - rest / 1_460 + rest / 36_524 - rest / 146_096) / 365;
    let day = days - days_before_year(year);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

/// Reads decimal digits only.
fn take(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

impl Day {
    /// The day after this one; the last day, 9999-12-31, has none.
    pub fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    /// The day before this one; 1970-01-01 has none.
    pub fn previous(self) -> Option<Self> {
        self.checked_add(-1)
    }

    /// This day moved by `days`, if the result is within 1970 to 9999.
    pub fn checked_add(self, days: i32) -> Option<Self> {
        let day = self.0.checked_add(days)?;
        (0..=MAX_DAY).contains(&day).then_some(Self(day))
    }

    /// Days from `earlier` to this day, negative when `earlier` is later.
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// The first instant of the day.
    pub const fn start(self) -> UnixMillis {
        UnixMillis(self.0 as i64 * DAY_MS)
    }

    /// The last millisecond of the day.
    pub const fn last_instant(self) -> UnixMillis {
        UnixMillis(self.0 as i64 * DAY_MS + DAY_MS - 1)
    }

    /// Days from this one to `last`, both included, in order.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }

    /// The 10 bytes of its one spelling.
    pub fn to_bytes(self) -> [u8; 10] {
        let mut out = *b"0000-00-00";
        self.write(&mut out);
        out
    }

    fn write(self, out: &mut [u8]) {
        let (year, month, day) = civil(self.0);
        put(&mut out[0..4], year.into());
        put(&mut out[5..7], month.into());
        put(&mut out[8..10], day.into());
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_bytes()).expect("ASCII"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_bytes()).expect("ASCII"))
    }
}

impl FromStr for Day {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bad = || TimeError::new("day", DAY_SHAPE, text);
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return Err(bad());
        }
        let (Some(y), Some(m), Some(d)) = (take(&b[..4]), take(&b[5..7]), take(&b[8..10])) else {
            return Err(bad());
        };
        // At most four and two digits: these cannot truncate.
        number(y as i32, m as i32, d as i32).map(Self).ok_or_else(bad)
    }
}

impl FromStr for UnixMillis {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bad = || TimeError::new("time", TIME_SHAPE, text);
        let b = text.as_bytes();
        let shape = b.len() == 24
            && b.is_ascii()
            && (b[10], b[13], b[16], b[19], b[23]) == (b'T', b':', b':', b'.', b'Z');
        if !shape {
            return Err(bad());
        }
        let day: Day = text[..10].parse().map_err(|_| bad())?;
        let (Some(h), Some(m), Some(s), Some(ms)) =
            (take(&b[11..13]), take(&b[14..16]), take(&b[17..19]), take(&b[20..23]))
        else {
            return Err(bad());
        };
        if h > 23 || m > 59 || s > 59 {
            return Err(bad());
        }
        Ok(Self(day.start().0 + ((h * 60 + m) * 60 + s) * 1_000 + ms))
    }
}

macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                // Not `collect_str`: times are in every entry.
                s.serialize_str(std::str::from_utf8(&self.to_bytes()).expect("ASCII"))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a ", stringify!($name), " as text"))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                d.deserialize_str(Text)
            }
        }
    )*};
}
serde_as_text!(UnixMillis, Day);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_instants() {
        let t = UnixMillis::new(1_767_225_600_123).unwrap();
        assert_eq!(t.to_string(), "2026-01-01T00:00:00.123Z");
        assert_eq!(t.day().to_string(), "2026-01-01");
        assert_eq!(UnixMillis::MAX.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!("2024-02-29".parse::<Day>().unwrap().next().unwrap().to_string(), "2024-03-01");
        assert_eq!("9999-12-31".parse::<Day>().unwrap().next(), None);
    }

    #[test]
    fn one_spelling_only() {
        for bad in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.1234Z",
            "2026-01-01t00:00:00.123z",
            "2026-01-01T00:00:00.123+",
            "2026-01-01T24:00:00.000Z",
            "2026-02-30T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2026-01-01T00:00:60.000Z",
            "2026-01-01T00:00:0é.000Z",
            "",
        ] {
            assert!(bad.parse::<UnixMillis>().is_err(), "{bad}");
        }
        for bad in
            ["2026-1-1", "2026-13-01", "2025-02-29", "+026-01-01", "2026/01/01", "1969-12-31"]
        {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_day_is_as_jiff_has_it() {
        let mut date = jiff::civil::date(1970, 1, 1);
        for n in 0..=MAX_DAY {
            let (year, month, day) = civil(n);
            let same = (date.year().into(), date.month().into(), date.day().into());
            assert_eq!((year, month, day), same);
            assert_eq!(number(year, month, day), Some(n));
            date = if n < MAX_DAY { date.tomorrow().unwrap() } else { date };
        }
        assert_eq!(date, jiff::civil::Date::MAX);
        for year in 1968..=2101 {
            for (month, day) in (0..=13).flat_map(|m| (0..=32).map(move |d| (m, d))) {
                let real = jiff::civil::Date::new(year, month, day).is_ok() && year >= 1970;
                assert_eq!(number(year.into(), month.into(), day.into()).is_some(), real);
            }
        }
    }

    proptest! {
        #[test]
        fn round_trip(ms in 0..=UnixMillis::MAX.as_millis()) {
            let t = UnixMillis::new(ms).unwrap();
            prop_assert_eq!(t.to_string().parse::<UnixMillis>().unwrap(), t);
            prop_assert_eq!(t.day().to_string().parse::<Day>().unwrap(), t.day());
            prop_assert!(t.day().start() <= t && t <= t.day().last_instant());
        }
    }
}
