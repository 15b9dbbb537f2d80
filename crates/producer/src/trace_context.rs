//! The trace that a request says it belongs to.

use ::http::HeaderMap;
use dayseal_format::event::Trace;

/// W3C Trace Context, section 3.2: `00-<trace>-<span>-<flags>`, lower-case hex, not all zero. Of
/// a later version, what stands in these places. Of two headers, none.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<Trace> {
    let mut values = headers.get_all("traceparent").into_iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let mut parts = value.to_str().ok()?.split('-');
    let mut hex = |digits: usize| {
        let part = parts.next()?;
        let hex = part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (hex && part.len() == digits).then_some(part)
    };
    let (version, trace, span, _) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let zero = |id: &str| id.bytes().all(|b| b == b'0');
    if version == "ff" || zero(trace) || zero(span) || (version == "00" && parts.next().is_some()) {
        return None;
    }
    Some(Trace::new(trace).span_id(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents() {
        let parse = |values: &[&str]| {
            let name = || ::http::HeaderName::from_static("traceparent");
            let headers = values.iter().map(|value| (name(), value.parse().unwrap()));
            traceparent(&headers.collect())
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{trace}-00f067aa0ba902b7-01");
        let expected = Some(Trace::new(trace).span_id("00f067aa0ba902b7"));
        assert_eq!(parse(&[&good]), expected);
        assert_eq!(parse(&[&format!("01-{trace}-00f067aa0ba902b7-01-more")]), expected);
        for bad in [
            format!("{good}-more"),
            good.to_uppercase(),
            good.replace("00-4", "ff-4"),
            good.replace(trace, &"0".repeat(32)),
            good.replace(trace, &trace[2..]),
            good.replace("00f067aa0ba902b7", &"0".repeat(16)),
            good.replace("00f067aa0ba902b7", "00f067aa0ba902"),
            good.replace("b7-01", "b7"),
            good.replace("b7-01", "-01"),
            format!("00-{trace}"),
            "00".to_owned(),
            String::new(),
        ] {
            assert_eq!(parse(&[&bad]), None, "{bad}");
        }
        assert_eq!(parse(&[&good, &good]), None, "two of them");
    }
}
