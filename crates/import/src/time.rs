//! Times as others write them.

use dayseal_format::UnixMillis;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// ISO 8601 with any offset; without one it is UTC, as `datetime.utcnow().isoformat()` writes it.
/// Cut to milliseconds. `None` for anything else, and outside 1970 to 9999.
pub(crate) fn iso(text: &str) -> Option<UnixMillis> {
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    millis(time.as_millisecond())
}

/// Milliseconds since 1970. Zero is a clock that was never set.
pub(crate) fn millis(ms: i64) -> Option<UnixMillis> {
    UnixMillis::new(ms).ok().filter(|time| time.as_millis() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_others_write_them() {
        for (text, expected) in [
            ("2026-01-29T10:30:00", "2026-01-29T10:30:00.000Z"),
            ("2026-11-21T13:18:27.701426", "2026-11-21T13:18:27.701Z"),
            ("2026-11-21T13:18:28.406438Z", "2026-11-21T13:18:28.406Z"),
            ("2026-11-21T13:18:57.043164+00:00", "2026-11-21T13:18:57.043Z"),
            ("2026-11-21 13:18:57+02:00", "2026-11-21T11:18:57.000Z"),
            ("2023-07-10T11:42:36Z", "2023-07-10T11:42:36.000Z"),
        ] {
            assert_eq!(iso(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "17:00",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
        assert_eq!(millis(0), None);
        assert_eq!(millis(i64::MAX), None);
    }
}
